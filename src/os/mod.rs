//! The machine under us: the one clock, paths, files, locks, bells and the owner's name. The only
//! place that touches any of them; it knows nothing of deployments.

pub mod bell;
pub mod child;
pub mod clock;
pub mod crew;
pub mod detach;
pub mod disk;
pub mod family;
pub mod files;
pub mod git;
pub mod lock;
pub mod login;
pub mod mutex;
pub mod open;
pub mod owner;
pub mod paths;
pub mod random;
pub mod scratch;
pub mod signals;
pub mod slot;
pub mod sops;
pub mod tool;
