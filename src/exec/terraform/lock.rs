//! A state that somebody else has locked: who, since when, and what to do.

use crate::domain::failure::Failure;
use crate::domain::ids::StackId;

/// What both programs say.
const LOCKED: &str = "Error acquiring the state lock";

/// Whether that is why something failed: nothing was begun then.
pub(super) fn is_one(failure: &Failure) -> bool {
    failure.detail.contains(LOCKED)
}

/// A failure that names who has locked the state, where that is why.
pub(super) fn named(failure: Failure, stack: &StackId) -> Failure {
    if !is_one(&failure) {
        return failure;
    }
    let told = |name: &str| {
        let mut lines = failure.detail.split(['\n', ';']);
        lines.find_map(|line| {
            let (key, is) = line.trim_matches(['│', ' ']).split_once(':')?;
            (key.trim() == name).then(|| is.trim().to_owned())
        })
    };
    if let Some(id) = elsewhere(&failure.detail) {
        let summary = "the state is locked by somebody whom its server does not name".to_owned();
        let hint = hint(stack, id);
        return Failure { summary, ..failure }.hint(hint);
    }
    let who = told("Who").unwrap_or_else(|| "somebody".to_owned());
    let since = told("Created").map(|at| format!(" since {at}"));
    let what = told("Operation").map(|what| format!(" ({what})"));
    let id = told("ID").unwrap_or_default();
    let summary = format!(
        "the state is locked by {who}{}{}",
        since.unwrap_or_default(),
        what.unwrap_or_default()
    );
    let hint = hint(stack, &id);
    Failure { summary, ..failure }.hint(hint)
}

fn hint(stack: &StackId, id: &str) -> String {
    format!(
        "wait until that is over, and deploy again; where nothing runs any more: holdpoint deploy {stack} --force-unlock {id}"
    )
}

/// The id of a lock at a server of states. Of such a one the programs tell no more than that: what
/// they write below it is about themselves.
fn elsewhere(detail: &str) -> Option<&str> {
    let (_, rest) = detail.split_once("HTTP remote state already locked: ID=")?;
    let id = rest.split(|c: char| c.is_whitespace() || c == ';').next()?;
    Some(id).filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_locked_a_state_is_named_with_what_frees_it() {
        let stack: StackId = "dev/shop/nl".parse().unwrap();
        let detail = "Terraform 1.11.4\nError acquiring the state lock: Error message: x; Lock Info:; ID:        4f-1; Path:      a.tfstate; Operation: OperationTypeApply; Who:       ana@desk; Version:   1.11.4; Created:   2026-11-28 15:00:00 +0000 UTC; Info:";
        let failure = named(Failure::new("plan: it failed").detail(detail), &stack);
        assert_eq!(
            failure.summary,
            "the state is locked by ana@desk since 2026-11-28 15:00:00 +0000 UTC (OperationTypeApply)"
        );
        assert!(
            failure
                .hint
                .ends_with("holdpoint deploy dev/shop/nl --force-unlock 4f-1"),
            "{}",
            failure.hint
        );
        let detail = "Error acquiring the state lock: Error message: HTTP remote state already locked: ID=1-2; Lock Info:; ID:        9-9; Who:       root@here; Info:";
        let failure = named(Failure::new("plan: it failed").detail(detail), &stack);
        assert!(!failure.summary.contains("root@here"), "{failure:?}");
        assert!(failure.hint.ends_with("--force-unlock 1-2"), "{failure:?}");
        let other = named(Failure::new("plan: it failed").detail("bad"), &stack);
        assert_eq!(other.summary, "plan: it failed");
    }
}
