//! The lifecycle tables, one file each.

mod component;
mod deployment;
mod mach;
mod plain;
mod script;
mod service;
mod stage;
mod website;

pub use component::COMPONENT;
pub use deployment::DEPLOYMENT;
pub use mach::MACH;
pub use script::SCRIPT;
pub use service::SERVICE;
pub use stage::STAGE;
pub use website::WEBSITE;

use super::lifecycle::{Illegal, Lifecycle};

/// The lifecycle of the stacks of each system. A new system is one line here.
pub static OF_SYSTEMS: &[(&str, &Lifecycle)] = &[
    ("service", &SERVICE),
    ("website", &WEBSITE),
    ("script", &SCRIPT),
    ("mach", &MACH),
    ("component", &COMPONENT),
    ("stages", &STAGE),
];

/// The lifecycle of stacks of a system, by the system's name.
///
/// # Errors
/// [`Illegal::NoSystem`] for the system of another program: following another table would fold its
/// events wrongly.
pub fn of_system(system: &str) -> Result<&'static Lifecycle, Illegal> {
    let found = OF_SYSTEMS
        .iter()
        .chain(MADE_UP)
        .find(|(name, _)| *name == system);
    found
        .map(|(_, lifecycle)| *lifecycle)
        .ok_or_else(|| Illegal::NoSystem(system.to_owned()))
}

#[cfg(not(test))]
static MADE_UP: &[(&str, &Lifecycle)] = &[];
/// A system that only tests have: its words are nobody else's, and it moves in the middle of a
/// deployment.
#[cfg(test)]
static MADE_UP: &[(&str, &Lifecycle)] = &[("press", &made_up::PRESS)];

#[cfg(test)]
pub(crate) mod made_up;
#[cfg(test)]
mod tests;
