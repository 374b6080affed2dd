//! The programs that deployments start.

/// A program that deployments start on the engine's machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tool {
    /// Its name as a command.
    pub name: &'static str,
    /// What it does for a stack ("reads the repository of").
    pub does: &'static str,
    /// What to do where it is not there.
    pub hint: &'static str,
}

impl Tool {
    /// Reads repositories where no app of their host does.
    pub(super) const GIT: Self = Self {
        name: "git",
        does: "reads the repository of",
        hint: "install it where the engine runs, or name a `github_app` or a `bitbucket_app`",
    };
}
