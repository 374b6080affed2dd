//! Waiting for what goes on outside: calm looks until one of them shows the end. A look that fails
//! is not the end of it.

use std::time::Duration;

use futures_util::future::select;

use super::Job;
use crate::aws::{Cloud, Trouble, TroubleKind};
use crate::domain::failure::Failure;

/// How often contact may be lost in a row.
pub(super) const LOST: u32 = 4;
/// The time between two looks at AWS, at first
const SOON: Duration = Duration::from_secs(5);
/// and later,
const LATER: Duration = Duration::from_secs(15);
/// which is after so long.
const LONG: Duration = Duration::from_mins(1);
/// The time between two looks on this machine.
const HERE: Duration = Duration::from_secs(1);

/// Looks until there is something to see. A cancel ends the waiting, and the failure says what it
/// leaves.
pub(super) async fn until<T, F>(
    job: &Job,
    cloud: &Cloud,
    leaves: &str,
    look: impl Fn() -> F,
) -> Result<T, Failure>
where
    F: Future<Output = Result<Option<T>, Trouble>>,
{
    let (mut waited, mut lost) = (Duration::ZERO, 0);
    loop {
        match look().await {
            Ok(Some(seen)) => return Ok(seen),
            Ok(None) => lost = 0,
            Err(trouble) if lost < LOST && passes(&trouble) => lost += 1,
            Err(trouble) => return Err(trouble.out_of_sight()),
        }
        if job.port.is_cancelled() {
            return Err(Failure::new(format!("cancelled; {leaves}")));
        }
        let pause = pause(cloud.is_local(), waited);
        select(job.port.sleep(pause), job.port.cancelled()).await;
        waited += pause;
    }
}

/// Whether a look failed for a reason that passes.
pub(super) fn passes(trouble: &Trouble) -> bool {
    trouble.is_unsure() || trouble.kind == TroubleKind::Throttled
}

/// How long until the next look.
pub(super) fn pause(local: bool, waited: Duration) -> Duration {
    match (local, waited < LONG) {
        (true, _) => HERE,
        (false, true) => SOON,
        (false, false) => LATER,
    }
}
