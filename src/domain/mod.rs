//! The words and the rules: names, machines, plans, holds, levels, asks, events. Pure data and pure
//! functions: no clock, no file, no network, no terminal; everything that varies is an argument.

pub mod artifact;
pub mod ask;
pub mod card;
pub mod cause;
pub mod class;
pub mod decide;
pub mod deployment;
pub mod digest;
pub mod end;
pub mod environment;
pub mod estate;
pub mod event;
pub mod failure;
pub mod flag;
pub mod folds;
pub mod gap;
#[cfg(test)]
pub(crate) mod given;
pub mod grant;
pub mod hold;
pub mod ids;
pub mod interest;
pub mod label;
pub mod level;
pub mod lifecycle;
pub mod lifecycles;
pub mod line;
pub mod look;
pub mod masks;
pub mod order;
pub mod person;
pub mod place;
pub mod plan;
pub mod purpose;
pub mod refused;
pub mod relative;
pub mod request;
pub mod secret_ref;
pub mod sighting;
pub mod stack;
pub mod standing;
pub mod tailed;
pub mod time;
pub mod wants;
