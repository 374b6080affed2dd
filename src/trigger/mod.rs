//! Outside events: what git hosts tell becomes facts, once it is proven who tells it, and a push of a
//! branch that a stack follows, or a message of a queue, becomes an ask of somebody outside, who
//! decides nothing. Reading,
//! signatures and rules are pure; time is an argument. Nothing here knows what a deployment does.

mod ask;
pub mod bitbucket;
mod debts;
pub mod door;
mod follow;
pub mod github;
pub mod gitlab;
mod json;
mod keep;
mod push;
pub mod queue;
pub mod rules;
pub mod signature;
mod told;

pub use ask::{Delivery, ask};
pub use debts::Tells;
pub use json::Unread;
pub use keep::Keep;
pub use push::{Push, Pusher};
pub use told::{Access, Again, Told};
