//! The hand for git: brings the files of one commit to where a build reads them.

mod source;

use std::sync::Arc;

use super::Executor;
use super::again::Hand;
use crate::aws::Clients;

/// All executors of git.
#[must_use]
pub fn executors(clients: &Arc<Clients>) -> Vec<Arc<dyn Executor>> {
    vec![Hand::<source::Source>::executor(clients)]
}
