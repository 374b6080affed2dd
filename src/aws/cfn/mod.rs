//! CloudFormation's words, and the reads that hands and eyes share: stacks, events, change sets,
//! inputs. It changes no stack; the change sets that it makes and deletes are inert.

mod carried;
pub mod changes;
mod described;
pub mod events;
pub mod input;
pub(super) mod reads;
mod resources;
pub mod stack;
