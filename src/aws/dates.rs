//! What time it is by the answers of AWS. An endpoint on this machine has the same clock, and says
//! nothing of it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::DateTime;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::date_time::Format;

use crate::os::clock::SharedClock;
use crate::os::mutex::locked;

/// How far our clock and theirs were apart at the newest answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Apart(Arc<Mutex<Option<Duration>>>);

impl Apart {
    /// None before the first answer.
    pub(super) fn newest(&self) -> Option<Duration> {
        *locked(&self.0)
    }
}

/// Reads the date of every answer.
pub(super) struct Dates {
    pub(super) apart: Apart,
    pub(super) clock: SharedClock,
}

impl std::fmt::Debug for Dates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Dates").field(&self.apart).finish()
    }
}

impl Intercept for Dates {
    fn name(&self) -> &'static str {
        "holdpoint-dates"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(theirs) = context.response().headers().get("date").and_then(millis) {
            let ours = self.clock.now().0;
            *locked(&self.apart.0) = Some(Duration::from_millis(ours.abs_diff(theirs)));
        }
        Ok(())
    }
}

fn millis(date: &str) -> Option<i64> {
    let date = DateTime::from_str(date, Format::HttpDate).ok()?;
    date.to_millis().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_read_as_http_writes_it() {
        assert_eq!(millis("Thu, 01 Jan 1970 00:00:07 GMT"), Some(7_000));
        assert_eq!(millis("yesterday"), None);
    }
}
