//! Bitbucket: pushes, told by a webhook of a repository (signed by a secret of ours) or by an app of
//! ours (Connect: a secret of each installation, and a token for each call).

pub mod descriptor;
mod push;
mod tenants;
mod token;

pub use push::read;
pub use tenants::{Installed, NotInstalled, prove, take};
pub use token::{BadToken, Call, claims_of};
