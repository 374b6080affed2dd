//! `publish`: a site from an archive, which is checked before anything is asked.

use std::fs::File;
use std::io::Seek as _;
use std::path::Path;

use crate::domain::ask::{Intent, Source};
use crate::os::open;
use crate::text::archive::{Archive, INDEX, LONGEST_SITE, Limits, without_index};
use crate::text::safe::Safe;
use crate::world::available::Doing;

use super::act::Done;
use super::args::PublishArgs;
use super::target::{agreed_for, known};
use super::{Ground, Out, Stop, ask, wait};

/// `publish`.
pub(super) fn publish(ground: &dyn Ground, args: &PublishArgs, out: &mut Out<'_, '_>) -> Done {
    let file = checked(&args.archive)?;
    let desk = ground.desk()?;
    let world = wait::ready(&*desk, ground, out)?;
    let id = known(&world, &args.site)?;
    agreed_for(&*desk, ground, &id.env, Doing::Deploy)?;
    desk.watch(std::slice::from_ref(&id));
    let what = format!("{} {}", id.app, args.version);
    let archive = desk
        .keep(Box::new(file), &what)
        .map_err(|why| Stop::lost("store", format!("the archive cannot be kept: {why}")))?;
    let source = Source::Archive {
        version: args.version.clone(),
        archive,
    };
    ask::carry_out(
        &*desk,
        ground,
        &Intent::deploy(id, source),
        &args.guard,
        out,
    )
}

/// The archive, from its beginning.
fn checked(path: &Path) -> Result<File, Stop> {
    let name = Safe::new(&path.display().to_string());
    let wrong = |why: String| Stop::wrong("archive", format!("{name}: {why}"));
    let unread = |why: std::io::Error| wrong(format!("it cannot be read: {why}"));
    let mut file = open::read(path).map_err(unread)?;
    let length = file.metadata().map_err(unread)?.len();
    if length > LONGEST_SITE {
        let says = format!("it has {length} bytes, and {LONGEST_SITE} are taken");
        return Err(wrong(says));
    }
    let archive = Archive::read(&mut file, &Limits::SITE).map_err(|why| wrong(why.to_string()))?;
    let mut damaged = Vec::new();
    for entry in &archive.files {
        if let Err(why) = entry.pour(&mut file, |_| {}) {
            damaged.push(why.to_string());
        }
    }
    if let Some(first) = damaged.first() {
        let more = match damaged.len() - 1 {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        return Err(wrong(format!("{first}{more}; pack it again")));
    }
    if let Some(hint) = without_index(archive.files.iter().map(|file| file.name.as_str())) {
        return Err(wrong(format!("it has no {INDEX} at its top: {hint}")));
    }
    file.rewind().map_err(unread)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::zip::zip;

    /// What a directory says is not enough: every file is read as it will be published.
    #[test]
    fn an_archive_is_read_whole_before_anything_is_asked() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("site.zip");
        let files = ["index.html", "a.css", "b.css"];
        let mut bytes = zip(&files.map(|name| (name.to_owned(), b"content of it".to_vec())));
        let told = |bytes: &[u8]| {
            std::fs::write(&file, bytes).unwrap();
            checked(&file).err().map(|stop| format!("{stop:?}"))
        };
        assert_eq!(told(&bytes), None);
        let at = |nth: usize, bytes: &[u8]| {
            let found = bytes
                .windows(7)
                .enumerate()
                .filter(|(_, at)| at == b"content");
            found.map(|(at, _)| at).nth(nth).unwrap()
        };
        for nth in [1, 2] {
            let at = at(nth - usize::from(nth == 2), &bytes);
            bytes[at] = b'X';
        }
        let told = told(&bytes).unwrap();
        assert!(
            told.contains("a.css is damaged; and 1 more; pack it again"),
            "{told}"
        );
    }
}
