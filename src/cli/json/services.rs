//! The services of a stack as scripts read them.

use serde::Serialize;

use crate::domain::sighting::ServiceSeen;

/// A service.
#[derive(Debug, Serialize)]
pub(super) struct ServiceDoc {
    name: String,
    running: u32,
    desired: u32,
    pending: u32,
    coming_running: Option<u32>,
    coming_desired: Option<u32>,
    trouble: Option<String>,
}

impl From<&ServiceSeen> for ServiceDoc {
    fn from(one: &ServiceSeen) -> Self {
        Self {
            name: one.name.to_string(),
            running: one.running,
            desired: one.desired,
            pending: one.pending,
            coming_running: one.coming.map(|(running, _)| running),
            coming_desired: one.coming.map(|(_, desired)| desired),
            trouble: one.trouble.as_ref().map(ToString::to_string),
        }
    }
}
