//! The map of a node of a MACH configuration.

use super::map::Map;
use super::plain::plain;

pub(super) static MACH: Map = plain!("READY", "APPLYING", "FAILED", "DESTROYING", "DESTROYED");
