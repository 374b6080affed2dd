//! What the status of a CloudFormation stack means for one who wants to change it. Planners, offers and cards read the same table.

/// What can be done with a CloudFormation stack in its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// There is none.
    Missing,
    /// Something is going on.
    Busy,
    /// It can be updated.
    Good,
    /// An update failed and was left as it stood: the next update, or a recovery, makes it whole.
    Halted,
    /// Its creation failed: it can only be deleted.
    NeverMade,
    /// A rollback is stuck: it must be continued.
    RollbackStuck,
    /// A deletion failed.
    DeleteStuck,
    /// A status that this version does not know.
    Unknown,
}

impl Standing {
    /// What a status means. `REVIEW_IN_PROGRESS`, left by a change set that nobody executed, counts as missing.
    #[must_use]
    pub fn of(status: &str) -> Self {
        match status {
            "MISSING" | "REVIEW_IN_PROGRESS" | "DELETE_COMPLETE" => Standing::Missing,
            "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "UPDATE_ROLLBACK_COMPLETE" | "IMPORT_COMPLETE" | "IMPORT_ROLLBACK_COMPLETE" => {
                Standing::Good
            }
            "UPDATE_FAILED" => Standing::Halted,
            "ROLLBACK_COMPLETE" | "CREATE_FAILED" | "ROLLBACK_FAILED" => Standing::NeverMade,
            "UPDATE_ROLLBACK_FAILED" | "IMPORT_ROLLBACK_FAILED" => Standing::RollbackStuck,
            "DELETE_FAILED" => Standing::DeleteStuck,
            other if other.ends_with("_IN_PROGRESS") => Standing::Busy,
            _ => Standing::Unknown,
        }
    }

    /// True where no deployment may start: the stack must be repaired first, or its status is not known.
    #[must_use]
    pub fn is_shut(self) -> bool {
        match self {
            Standing::NeverMade | Standing::RollbackStuck | Standing::DeleteStuck | Standing::Unknown => true,
            Standing::Missing | Standing::Busy | Standing::Good | Standing::Halted => false,
        }
    }

    /// True where a recovery has a plan of its own.
    #[must_use]
    pub fn is_repairable(self) -> bool {
        match self {
            Standing::Halted | Standing::NeverMade | Standing::RollbackStuck | Standing::DeleteStuck => true,
            Standing::Missing | Standing::Busy | Standing::Good | Standing::Unknown => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shuts_a_stack_can_be_repaired_where_it_is_known() {
        for (status, shut, repairable) in [
            ("MISSING", false, false),
            ("UPDATE_ROLLBACK_COMPLETE", false, false),
            ("UPDATE_ROLLBACK_IN_PROGRESS", false, false),
            ("UPDATE_FAILED", false, true),
            ("ROLLBACK_COMPLETE", true, true),
            ("CREATE_FAILED", true, true),
            ("UPDATE_ROLLBACK_FAILED", true, true),
            ("DELETE_FAILED", true, true),
            ("SOMETHING_NEW", true, false),
        ] {
            let standing = Standing::of(status);
            assert_eq!((standing.is_shut(), standing.is_repairable()), (shut, repairable), "{status}");
        }
    }
}
