//! What was heard from git hosts, in small private files of the home: the door of `serve` writes them,
//! and the engine reads whose installations it may use, whichever process it runs in.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use holdpoint::forms::bitbucket::{HEARD, Tenants};
use holdpoint::hosts::bitbucket::Installations;
use holdpoint::os::paths::Home;
use holdpoint::os::{files, open};
use holdpoint::text::causes::causes;
use holdpoint::trigger::Keep;

/// The installations of our app at Bitbucket, as they are kept whenever it is asked.
pub(super) fn installations(home: &Home) -> Result<Installations> {
    let files = Files::open(home)?;
    Ok(Arc::new(move || match files.read(HEARD)? {
        None => Ok(Tenants::default()),
        Some(bytes) => serde_json::from_slice(&bytes)
            .map_err(|_| format!("{} is damaged", files.file(HEARD).display())),
    }))
}

/// Small private files in a folder of the home.
pub(super) struct Files(PathBuf);

impl Files {
    pub(super) fn open(home: &Home) -> Result<Self> {
        let folder = home.heard();
        files::private_folder(&folder)?;
        Ok(Self(folder))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.json"))
    }
}

impl Keep for Files {
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, String> {
        let file = self.file(name);
        if !file.exists() {
            return Ok(None);
        }
        files::check(&file, 0o600).map_err(|why| causes(&why))?;
        let bytes = open::bytes(&file).map_err(|why| format!("{}: {why}", file.display()))?;
        Ok(Some(bytes))
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), String> {
        files::write_whole(&self.file(name), bytes).map_err(|why| causes(&why))
    }
}

#[cfg(test)]
mod tests {
    use holdpoint::trigger::queue;

    use super::*;

    #[test]
    fn what_is_kept_is_private_and_what_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(Some(&folder.path().join("home"))).unwrap();
        let files = Files::open(&home).unwrap();
        assert_eq!(files.read("bitbucket"), Ok(None));
        files.write("bitbucket", b"one").unwrap();
        assert_eq!(
            Files::open(&home).unwrap().read("bitbucket"),
            Ok(Some(b"one".to_vec()))
        );
        assert_eq!(files.file(queue::ASIDE), home.set_aside());
        let file = files.file("bitbucket");
        let mode = |file: &PathBuf| std::fs::metadata(file).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&file), 0o600);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(files.read("bitbucket").unwrap_err().contains("chmod 600"));
    }
}
