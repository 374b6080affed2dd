//! Motions: the closed set of things that only move, show or hide. Every pane understands them or
//! passes; none of them asks anything.

/// What a key can mean without changing anything outside the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Motion {
    /// One up.
    Up,
    /// One down.
    Down,
    /// One to the left; folds in a tree.
    Left,
    /// One to the right; unfolds in a tree.
    Right,
    /// Half a page up.
    HalfUp,
    /// Half a page down.
    HalfDown,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// The first.
    Top,
    /// The last; in a log: live again.
    Bottom,
    /// Scroll sideways.
    ScrollLeft,
    /// Scroll sideways.
    ScrollRight,
    /// Open what is under the cursor.
    Open,
    /// Space: fold in a tree, pause in a log.
    Pause,
    /// The next form of the same thing (`v`).
    Cycle,
    /// Ask for a text to find: filters a list, searches a log.
    Find,
    /// Ask for a text to filter by: hides the other lines.
    Filter,
    /// Turn the filter or the search into its opposite.
    Invert,
    /// Show all again.
    ShowAll,
    /// The next match.
    NextMatch,
    /// The match before.
    PrevMatch,
    /// The first error since what is shown was started.
    FirstError,
    /// The next error.
    NextError,
    /// The error before.
    PrevError,
    /// The next warning.
    NextWarning,
    /// The warning before.
    PrevWarning,
    /// The next one that failed.
    NextFailed,
    /// The one before that failed.
    PrevFailed,
    /// The next hold.
    NextHold,
    /// The hold before.
    PrevHold,
    /// The next one that runs.
    NextRunning,
    /// The one before that runs.
    PrevRunning,
    /// Fold what is read as one, or unfold it.
    Fold,
    /// Fold all of it, or unfold all.
    FoldAll,
    /// The next section (source, phase).
    NextSection,
    /// The section before.
    PrevSection,
    /// Follow new lines, or stop following.
    Follow,
    /// Wrap long lines, or cut them.
    Wrap,
    /// The next form of times.
    Times,
    /// Keep the source columns in place.
    Columns,
    /// This line as a tree, where it is JSON.
    Pretty,
    /// Start or end selecting lines.
    Select,
    /// Mark this line.
    SetMark,
    /// Go to the mark.
    JumpMark,
    /// Save what is shown to a file.
    Save,
    /// Copy what is selected, else what is under the cursor.
    Copy,
    /// Critical path on or off.
    Critical,
    /// Step back: clear text, marks, filter, in this order; passes when there is nothing to clear.
    Escape,
}
