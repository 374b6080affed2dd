//! What became of an ask that was passed on: whoever asked has hung up long before it is decided.

use std::time::Duration;

use crate::desk::Relay;
use crate::domain::ask::{Answer, AskState};
use crate::domain::ids::AskId;
use crate::os::clock::SharedClock;

/// How often it is looked.
const LOOKS: u32 = 60;
/// The time between two looks.
const EVERY: Duration = Duration::from_secs(5);

/// Waits for the answer to an ask, for some minutes; forgets it then.
pub(super) async fn answer(desk: &dyn Relay, clock: &SharedClock, id: AskId) -> Option<Answer> {
    let mut answered = None;
    for _ in 0..LOOKS {
        clock.sleep(EVERY).await;
        if let AskState::Answered { answer } = desk.state(id) {
            answered = Some(answer);
            break;
        }
    }
    desk.forget(id);
    answered
}
