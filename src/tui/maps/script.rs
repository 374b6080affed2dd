//! The map of a script stack.

use super::map::Map;
use super::plain::plain;

pub(super) static SCRIPT: Map = plain!("READY", "RUNNING", "FAILED", "REMOVING", "REMOVED");
