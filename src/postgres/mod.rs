//! Postgres servers: how they are reached, what their errors mean, and what is done there for the
//! databases of applications. All of it is safe to do again: what is there already is found there.

mod admin;
mod carry;
mod cleanup;
mod destroy;
mod facts;
mod mark;
mod session;
mod trouble;
mod upsert;
mod user;

pub use admin::Admin;
pub use carry::Carrier;
pub use cleanup::Owned;
pub use destroy::Destroyed;
pub use session::{Called, Notices, Session};
pub use trouble::Trouble;
pub use upsert::{Upserted, Wanted};
pub use user::{Key, Login};
