//! The hands for tasks of ECS that run once: their definition, and their run, told as it goes on.

mod register;
mod run;

use std::sync::Arc;

use super::Executor;
use super::again::Hand;
use crate::aws::Clients;

/// All executors of ECS.
#[must_use]
pub fn executors(clients: &Arc<Clients>) -> Vec<Arc<dyn Executor>> {
    vec![
        Hand::<run::Run>::executor(clients),
        Hand::<register::Register>::executor(clients),
    ]
}

#[cfg(test)]
mod tests;
