//! The hand for CodeBuild: a build from the call that starts it to its end, told as it goes on.

mod build;
mod follow;
mod outcome;

use std::sync::Arc;

use super::Executor;
use super::again::Hand;
use crate::aws::Clients;

/// All executors of CodeBuild.
#[must_use]
pub fn executors(clients: &Arc<Clients>) -> Vec<Arc<dyn Executor>> {
    vec![Hand::<build::Run>::executor(clients)]
}
