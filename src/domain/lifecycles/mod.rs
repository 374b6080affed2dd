//! The lifecycle tables, one file each.

mod deployment;
mod script;
mod service;

pub use deployment::DEPLOYMENT;
pub use script::SCRIPT;
pub use service::SERVICE;

use super::lifecycle::Lifecycle;

/// The lifecycle of stacks of a system, by the system's name.
#[must_use]
pub fn of_system(system: &str) -> Option<&'static Lifecycle> {
    match system {
        "service" => Some(&SERVICE),
        "script" => Some(&SCRIPT),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
