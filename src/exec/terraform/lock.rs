//! A state that somebody else has locked: who, since when, and what to do.

use crate::domain::failure::Failure;

/// What both programs say.
const LOCKED: &str = "Error acquiring the state lock";

/// A failure that names who has locked the state, where that is why.
pub(super) fn named(failure: Failure, program: &str) -> Failure {
    if !failure.detail.contains(LOCKED) {
        return failure;
    }
    let told = |name: &str| {
        let mut lines = failure.detail.split(['\n', ';']);
        lines.find_map(|line| {
            let (key, is) = line.trim_matches(['│', ' ']).split_once(':')?;
            (key.trim() == name).then(|| is.trim().to_owned())
        })
    };
    let who = told("Who").unwrap_or_else(|| "somebody".to_owned());
    let since = told("Created").map(|at| format!(" since {at}"));
    let what = told("Operation").map(|what| format!(" ({what})"));
    let id = told("ID").unwrap_or_default();
    let summary = format!(
        "the state is locked by {who}{}{}",
        since.unwrap_or_default(),
        what.unwrap_or_default()
    );
    let hint = format!(
        "wait until that is over, and deploy again; where nothing runs any more: {program} force-unlock {id}"
    );
    Failure { summary, ..failure }.hint(hint)
}
