//! What actions answer: orders for the console to carry out. Whether something is possible comes
//! from the world's offers, so that keys, menu and night screen say the same.

use crate::domain::ask::{Intent, QueueOf};
use crate::domain::ids::{DeploymentId, DeploymentNo, HoldId, StackId};
use crate::domain::time::Time;
use crate::tui::pane::Target;
use crate::world::World;
use crate::world::available::NotNow;

/// What an action may look at.
#[derive(Debug, Clone, Copy)]
pub struct Cx<'a> {
    /// The newest world.
    pub world: &'a World,
    /// Now.
    pub now: Time,
    /// What is under the cursor.
    pub target: Option<&'a Target>,
    /// What was asked from here and has not ended, in that order.
    pub own: &'a [DeploymentId],
}

/// Why an action is not possible now, and when it will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// Why.
    pub why: String,
    /// When it will be; empty when no time brings it.
    pub when: String,
}

impl Denied {
    /// A reason.
    #[must_use]
    pub fn new(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            when: String::new(),
        }
    }

    /// As one sentence.
    #[must_use]
    pub fn says(&self) -> String {
        if self.when.is_empty() {
            self.why.clone()
        } else {
            format!("{}; possible {}", self.why, self.when)
        }
    }
}

impl From<NotNow> for Denied {
    fn from(not: NotNow) -> Self {
        Self {
            why: not.why,
            when: not.when,
        }
    }
}

/// One row of a card from which a person may choose.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// What it does.
    pub label: String,
    /// What one should know beforehand.
    pub note: String,
    /// What would be asked.
    pub intent: Intent,
}

/// What a card does before anything is pressed in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opens {
    /// It looks at a single offer, and where level 1 is enough that is armed: the key that opened
    /// it was the confirmation.
    Arms,
    /// It looks at a single offer; all else is typed.
    Looks,
    /// It waits for a choice, also where there is one offer.
    Waits,
}

/// What an action wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Order {
    /// Ask the engine for a card, with other offers to choose from.
    Card {
        /// What the card is about.
        target: Target,
        /// The first is asked at once.
        offers: Vec<Offer>,
        /// The row that is asked first.
        first: usize,
        /// What it does by itself.
        opens: Opens,
    },
    /// Ask why, then stop a queue.
    Freeze(QueueOf),
    /// Ask which parameter of its builds, below this path, then open the card of the change.
    Parameter(StackId, String),
    /// Withdraw what is armed.
    Undo(DeploymentId, DeploymentNo),
    /// Choose which of what somebody else armed is withdrawn.
    UndoWhich,
    /// Open the card of a hold.
    Hold(StackId, HoldId),
}

/// What can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is described by its action's line")]
pub enum Show {
    Help,
    Palette,
    Menu,
    Needs,
    Audit,
    Aside,
    Versions,
    Identity,
    Details,
    Raw,
    History,
    Explain,
    FirstError,
    Logs,
    LogsAll,
    CopyLine,
    CopyId,
    CopyCommand,
    Zoom,
    NextPane,
    PrevPane,
    Pane(&'static str),
    Refresh,
    Redraw,
    Mouse,
    Mode,
    Back,
    Quit,
    Interrupt,
    Suspend,
}
