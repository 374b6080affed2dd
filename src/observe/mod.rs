//! Eyes: what AWS says of stacks, services and logs. Reads only; a change set that is made to be described is deleted again.

pub mod events;
mod known;
pub mod logs;
pub mod look;
pub mod serve;
pub mod severity;
