//! Outside events: what git hosts tell becomes facts, once it is proven who tells it, and a push of a
//! branch that a stack follows becomes an ask of somebody outside, who decides nothing. Reading,
//! signatures and rules are pure; time is an argument. Nothing here knows what a deployment does.

pub mod bitbucket;
pub mod github;
pub mod gitlab;
mod json;
mod push;
mod refs;
mod repository;
pub mod rules;
pub mod signature;
mod told;

pub use json::Unread;
pub use push::{Push, Pusher};
pub use refs::{BadRef, Branch, Commit, Ref};
pub use repository::{BadRepository, Repository};
pub use told::{Access, Told};
