//! Text that others wrote and text for people: the gate that foreign bytes pass, documents with the
//! places of their words, diagnostics with file, line, column and caret, what looks like a secret,
//! JSON that is printed, errors with their causes, archives, durations, quotes and counted words. No
//! word of deployments, and nothing of ours below it.

pub mod archive;
pub mod causes;
pub mod counted;
pub mod diagnostic;
pub mod document;
pub mod duration;
pub mod json;
pub mod jwt;
pub mod quote;
pub mod safe;
pub mod secret;
