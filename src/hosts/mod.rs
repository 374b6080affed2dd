//! Git hosts, by the interfaces that they have for programs: who we are there, what a branch leads
//! to, the files of a commit. A token goes to the host that gave it, and to nobody else.

mod answer;
mod calls;
pub mod github;
mod http;
mod tokens;

use std::sync::Arc;

use crate::domain::time::Time;

/// What tells the time.
pub type Now = Arc<dyn Fn() -> Time + Send + Sync>;
