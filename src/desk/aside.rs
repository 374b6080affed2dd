//! Reads what was set aside, beside the store, where it changed.

use std::fs::{self, Metadata};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use crate::domain::aside::{Aside, AsideRead};
use crate::os::open;
use crate::text::safe::Safe;

use super::work::Worker;

/// When the file was written, and how long it was: none where there is none.
pub(super) type Written = Option<(SystemTime, u64)>;

impl Worker {
    /// Looks whether something was set aside.
    pub(super) fn see_to_what_is_aside(&mut self) {
        let Some(home) = &self.parts.home else { return };
        let path = home.set_aside();
        let written = fs::metadata(&path).ok().as_ref().and_then(written);
        if written == self.aside_written && self.aside.trouble.is_none() {
            return;
        }
        let aside = match written {
            None => AsideRead::default(),
            Some(_) => read(&path, &self.aside),
        };
        self.aside_written = written;
        if aside != self.aside {
            self.aside = aside;
            self.publish();
        }
    }
}

fn written(about: &Metadata) -> Written {
    Some((about.modified().ok()?, about.len()))
}

/// What stands there. Where that cannot be read, what was known before stays, and why is said.
fn read(path: &Path, before: &AsideRead) -> AsideRead {
    let read = open::bytes(path)
        .map_err(|why| why.to_string())
        .and_then(|bytes| {
            serde_json::from_slice::<Aside>(&bytes).map_err(|_| {
                "it is damaged: move it away, and what was set aside is forgotten".to_owned()
            })
        });
    match read {
        Ok(aside) => AsideRead {
            kept: Arc::new(aside),
            trouble: None,
        },
        Err(why) => AsideRead {
            kept: Arc::clone(&before.kept),
            trouble: Some(Safe::new(&format!("{}: {why}", path.display()))),
        },
    }
}
