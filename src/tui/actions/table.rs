//! The table itself. One entry of these lists is a key, a palette entry, a line of help and a line
//! of the README.

use crate::tui::motion::Motion;
use crate::tui::panes;

use super::{Action, Cx, Denied, Does, Order, Scope, Show, answers};

/// What changes something; each opens a card or can be undone.
pub(super) static CHANGES: &[Action] = &[
    changes(
        "redeploy",
        answers::redeploy,
        "redeploy: the same release by one key at level 1, else a choice of all ways",
    ),
    changes(
        "release",
        answers::release,
        "choose what to deploy: the files or the branch now, a retry, an earlier release",
    ),
    changes(
        "rollback",
        answers::rollback,
        "roll back to the last good release before this one",
    ),
    changes(
        "retry",
        answers::retry,
        "retry the last deployment: do what is left of it",
    ),
    changes("cancel", answers::cancel, "cancel the deployment"),
    changes(
        "unblock",
        answers::unblock,
        "unblock a broken stack: recover, retry, last good release, free, resolve",
    ),
    changes(
        "freeze",
        answers::freeze,
        "freeze the queue of the stack or environment",
    ),
    changes("thaw", answers::thaw, "thaw a frozen queue"),
    changes(
        "parameter",
        answers::parameter,
        "put or delete a parameter of the stack's builds: by where its value is",
    ),
    changes("teardown", answers::teardown, "tear the stack down"),
    changes("undo", answers::undo, "undo what is ARMED"),
    shows(
        "mode",
        Show::Mode,
        "READ or GUARDED for this environment, 15 minutes",
    ),
];

/// What is shown.
pub(super) static SHOWS: &[Action] = &[
    shows(
        "help",
        Show::Help,
        "keys that are valid here, searchable, and why one is off",
    ),
    shows(
        "palette",
        Show::Palette,
        "palette: actions, stacks, environments, deployments",
    ),
    shows(
        "menu",
        Show::Menu,
        "actions for what is under the cursor, and why one is off",
    ),
    shows(
        "holds",
        Show::Pane(panes::HOLDS),
        "holds that wait for a person",
    ),
    shows(
        "needs",
        Show::Needs,
        "go to what needs a person most: the line under the band",
    ),
    shows("audit", Show::Audit, "who did what, and why"),
    shows(
        "aside",
        Show::Aside,
        "messages of queues that were set aside: why, and what to do",
    ),
    Action {
        name: "versions",
        doc: "which versions are newer than those that the files pin, with the commits between",
        scope: Scope::Lists,
        does: Does::Show(Show::Versions),
    },
    shows(
        "identity",
        Show::Identity,
        "who you are, who the engine is, what it proved",
    ),
    shows("details", Show::Details, "details"),
    shows("raw", Show::Raw, "the raw record"),
    shows("deployments", Show::History, "deployments of this stack"),
    shows(
        "explain",
        Show::Explain,
        "explain the failure: what failed first, seen before, what to do",
    ),
    shows(
        "first-error",
        Show::FirstError,
        "the first error, in the log",
    ),
    Action {
        name: "logs",
        doc: "events and logs of this stack",
        scope: Scope::Lists,
        does: Does::Show(Show::Logs),
    },
    shows(
        "logs-all",
        Show::LogsAll,
        "events and logs of everything, on the whole screen; there, what is not followed",
    ),
    shows(
        "copy-line",
        Show::CopyLine,
        "copy the line under the cursor",
    ),
    shows("copy-id", Show::CopyId, "copy the id"),
    shows(
        "copy-command",
        Show::CopyCommand,
        "copy the command that shows it, or does it, in a shell",
    ),
    shows(
        "zoom",
        Show::Zoom,
        "the pane on the whole screen, without borders",
    ),
    shows("next-pane", Show::NextPane, "next pane"),
    shows("previous-pane", Show::PrevPane, "previous pane"),
];

/// What concerns the console itself.
pub(super) static ITSELF: &[Action] = &[
    shows("refresh", Show::Refresh, "look again now"),
    shows("redraw", Show::Redraw, "draw the screen again"),
    shows(
        "mouse",
        Show::Mouse,
        "mouse on or off (Shift-drag selects text while it is on)",
    ),
    shows("back", Show::Back, "back; at the root ask to leave"),
    shows("quit", Show::Quit, "leave the console; deployments go on"),
    shows(
        "interrupt",
        Show::Interrupt,
        "close what is open; twice within 2 s leaves; never cancels a deployment",
    ),
    shows(
        "suspend",
        Show::Suspend,
        "suspend the console; deployments go on",
    ),
];

/// How to move.
pub(super) static MOVES: &[Action] = &[
    moves("up", Motion::Up, "up"),
    moves("down", Motion::Down, "down"),
    moves("left", Motion::Left, "left; fold"),
    moves("right", Motion::Right, "right; unfold"),
    moves("half-up", Motion::HalfUp, "half a page up"),
    moves("half-down", Motion::HalfDown, "half a page down"),
    moves("page-up", Motion::PageUp, "a page up"),
    moves("page-down", Motion::PageDown, "a page down"),
    moves("top", Motion::Top, "the first"),
    moves("bottom", Motion::Bottom, "the last; in a log: live again"),
    moves("scroll-left", Motion::ScrollLeft, "scroll left"),
    moves("scroll-right", Motion::ScrollRight, "scroll right"),
    moves(
        "open",
        Motion::Open,
        "open what is under the cursor; never changes anything",
    ),
    moves("find", Motion::Find, "find: filters a list, searches a log"),
    moves(
        "escape",
        Motion::Escape,
        "clear text, marks, filter; close; never leaves",
    ),
    moves("next-failed", Motion::NextFailed, "next that failed"),
    moves(
        "previous-failed",
        Motion::PrevFailed,
        "previous that failed",
    ),
    moves(
        "next-hold",
        Motion::NextHold,
        "next that waits for a person",
    ),
    moves(
        "previous-hold",
        Motion::PrevHold,
        "previous that waits for a person",
    ),
    moves("next-running", Motion::NextRunning, "next that runs"),
    moves(
        "previous-running",
        Motion::PrevRunning,
        "previous that runs",
    ),
    within(
        Scope::Lists,
        "fold",
        Motion::Pause,
        "fold or unfold the environment",
    ),
    within(
        Scope::Lists,
        "times",
        Motion::Times,
        "times as ages or as clocks",
    ),
    moves(
        "view",
        Motion::Cycle,
        "other view: pins plan, map of the stack or of the deployment, then follows again",
    ),
    within(
        Scope::Map,
        "critical",
        Motion::Critical,
        "critical path of the plan, on or off",
    ),
    within(
        Scope::Log,
        "log-pause",
        Motion::Pause,
        "pause; counts what arrives",
    ),
    within(Scope::Log, "log-follow", Motion::Follow, "follow"),
    within(
        Scope::Log,
        "log-filter",
        Motion::Filter,
        "filter: hide other lines",
    ),
    within(
        Scope::Log,
        "log-invert",
        Motion::Invert,
        "turn search or filter into its opposite",
    ),
    within(
        Scope::Log,
        "log-all",
        Motion::ShowAll,
        "show all lines again",
    ),
    within(
        Scope::Log,
        "log-next-match",
        Motion::NextMatch,
        "next match",
    ),
    within(
        Scope::Log,
        "log-previous-match",
        Motion::PrevMatch,
        "previous match",
    ),
    within(
        Scope::Log,
        "log-next-error",
        Motion::NextError,
        "next error",
    ),
    within(
        Scope::Log,
        "log-previous-error",
        Motion::PrevError,
        "previous error",
    ),
    within(
        Scope::Log,
        "log-next-warning",
        Motion::NextWarning,
        "next warning",
    ),
    within(
        Scope::Log,
        "log-previous-warning",
        Motion::PrevWarning,
        "previous warning",
    ),
    within(
        Scope::Log,
        "log-next-section",
        Motion::NextSection,
        "next section: phase or source",
    ),
    within(
        Scope::Log,
        "log-previous-section",
        Motion::PrevSection,
        "previous section: phase or source",
    ),
    within(
        Scope::Log,
        "log-fold",
        Motion::Fold,
        "fold or unfold the phase; one that failed is open by itself",
    ),
    within(
        Scope::Log,
        "log-fold-all",
        Motion::FoldAll,
        "fold or unfold all phases",
    ),
    within(Scope::Log, "log-wrap", Motion::Wrap, "wrap long lines"),
    within(
        Scope::Log,
        "log-times",
        Motion::Times,
        "times: off, clock, age, step",
    ),
    within(
        Scope::Log,
        "log-columns",
        Motion::Columns,
        "keep the source columns in place",
    ),
    within(
        Scope::Log,
        "log-pretty",
        Motion::Pretty,
        "this line as JSON, over several rows",
    ),
    within(Scope::Log, "log-select", Motion::Select, "select lines"),
    within(
        Scope::Log,
        "log-copy",
        Motion::Copy,
        "copy the line or the selection",
    ),
    within(Scope::Log, "log-mark", Motion::SetMark, "mark this line"),
    within(Scope::Log, "log-jump", Motion::JumpMark, "jump to the mark"),
    within(
        Scope::Log,
        "log-save",
        Motion::Save,
        "save what is shown to a file",
    ),
];

pub(super) const fn shows(name: &'static str, show: Show, doc: &'static str) -> Action {
    Action {
        name,
        doc,
        scope: Scope::Everywhere,
        does: Does::Show(show),
    }
}

const fn moves(name: &'static str, motion: Motion, doc: &'static str) -> Action {
    Action {
        name,
        doc,
        scope: Scope::Everywhere,
        does: Does::Move(motion),
    }
}

const fn within(scope: Scope, name: &'static str, motion: Motion, doc: &'static str) -> Action {
    Action {
        name,
        doc,
        scope,
        does: Does::Move(motion),
    }
}

const fn changes(
    name: &'static str,
    run: fn(&Cx<'_>) -> Result<Order, Denied>,
    doc: &'static str,
) -> Action {
    Action {
        name,
        doc,
        scope: Scope::Everywhere,
        does: Does::Change(run),
    }
}
