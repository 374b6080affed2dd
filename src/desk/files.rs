//! Reads the estate's files again: for an ask that is about them, and where another program told of
//! apps that come or went.

use std::sync::Arc;

use crate::domain::folds::Folds;
use crate::domain::instance::Instances;

use super::work::Worker;

impl Worker {
    /// Reads them as they are now, and says whether they say something else than before, or why they
    /// may not be used.
    ///
    /// # Errors
    /// A sentence, where they were not read at all.
    pub(super) async fn read_files(&mut self) -> Result<Result<bool, String>, String> {
        let Some(reload) = self.parts.reload.clone() else {
            return Ok(Ok(false));
        };
        let instances = instances(&self.folds);
        let own = instances.clone();
        let read = tokio::task::spawn_blocking(move || reload(&own)).await;
        let read = read.map_err(|_| "the estate's files could not be read".to_owned())?;
        Ok(read.map(|catalog| {
            self.instances = instances;
            let is_new = catalog != *self.catalog;
            if is_new {
                self.catalog = Arc::new(catalog);
            }
            is_new
        }))
    }

    /// Takes up what was told of apps. Where the files may not be used now, what is known of them
    /// stays, and who asks for anything is told why.
    pub(super) async fn see_to_instances(&mut self) {
        if instances(&self.folds) != self.instances {
            let _ = self.read_files().await;
        }
    }
}

/// The apps that are instances, and those that were while something still stands for them.
fn instances(folds: &Folds) -> Instances {
    let all = folds.stacks.iter().filter(|(_, fold)| !fold.has_left());
    all.filter_map(|(stack, fold)| Some((stack.clone(), fold.app.clone()?)))
        .collect()
}
