//! Hands for parameters of Systems Manager: one file a step kind. Their values come from where a
//! reference says, when the step runs, and are read back by nobody here.

mod delete;
mod put;

use std::sync::Arc;

use super::Executor;
use super::again::Hand;
use crate::aws::Clients;

/// All executors of Systems Manager.
#[must_use]
pub fn executors(clients: &Arc<Clients>) -> Vec<Arc<dyn Executor>> {
    vec![
        Hand::<put::Put>::executor(clients),
        Hand::<delete::Delete>::executor(clients),
    ]
}

#[cfg(test)]
mod tests;
