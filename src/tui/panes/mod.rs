//! The panes of the console that are lists or maps: stacks, queue, holds, and the live view of one stack.

pub mod holds;
pub mod list;
pub mod live;
pub mod queue;
pub mod stacks;
