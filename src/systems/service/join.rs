//! The two comparisons inside a plan: which branch a change set takes, and whether a second change
//! set is the one that was approved. Functions of their parameters alone.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::chosen::{Taken, UNKNOWN, is_less_safe};
use super::databases::Data;
use super::entry::Downtime;
use super::weight;
use crate::domain::look::Subject;
use crate::domain::plan::{ChangeRow, Changes, Output};
use crate::forms::postgres::migrations::Class;

/// The step that chooses a branch from a change set.
pub(super) const JOIN: &str = "join";
/// The step that compares a second change set with what was approved.
pub(super) const SAME: &str = "same";

/// `unchanged`, `update`, `parallel`, `before` or `downtime`: output `{branch, why}`, and what changes.
///
/// Parameters: `about`, `changes` (the output of the change set), `seen_rows` (what the person had
/// on the card, or null), `policy` and `because` (who says it), `counts` (what runs now and can be scaled down: nothing means
/// no downtime), `steady` (why what runs besides cannot, or null), `data` (what is done to
/// databases where another version comes, and what that means for the code that runs, or null), `chosen` (the
/// way that a person chose, or null), `admitted` (the way of the evaluation that they knew of then, or null),
/// `open` (the ways that there are).
///
/// # Errors
/// A sentence, when the parameters have another form.
pub(super) fn join(params: &Value) -> Result<Output, String> {
    let rows = rows(&params["changes"]["rows"])?;
    let seen: Option<Vec<ChangeRow>> = match &params["seen_rows"] {
        Value::Null => None,
        some => Some(self::rows(some)?),
    };
    let policy: Downtime =
        serde_json::from_value(params["policy"].clone()).map_err(|why| format!("policy: {why}"))?;
    let counts: BTreeMap<String, String> =
        serde_json::from_value(params["counts"].clone()).map_err(|why| format!("counts: {why}"))?;
    let empty = params["changes"]["empty"]
        .as_bool()
        .unwrap_or(rows.is_empty());
    let steady = params["steady"].as_str();
    let because = params["because"]
        .as_str()
        .unwrap_or("downtime in the estate");
    let data: Option<Data> =
        serde_json::from_value(params["data"].clone()).map_err(|why| format!("data: {why}"))?;
    let evaluated = branch(
        &rows,
        empty,
        (policy, because),
        &counts,
        steady,
        data.as_ref(),
    );
    let taken = Taken::of(evaluated, params["chosen"].as_str());
    let admitted = params["admitted"].as_str().filter(|way| *way != UNKNOWN);
    // Who gave a reason did so against what the evaluation said then.
    let overruled = taken.instead_of();
    let is_new = overruled.is_some_and(|way| admitted.is_none_or(|known| is_less_safe(known, way)));
    let more_dangerous = taken.way != NOP && more_dangerous(&rows, seen.as_deref());
    let mut public = json!({ "branch": taken.way, "why": taken.why });
    let open = params["open"].as_array().into_iter().flatten();
    let open: Vec<&str> = open.filter_map(Value::as_str).collect();
    let others = taken.others(&open);
    if !others.is_empty() {
        public["others"] = json!(others);
    }
    if let Some((evaluated, why)) = taken.evaluated {
        public["evaluated"] = json!({ "branch": evaluated, "why": why });
    }
    told(public, params, rows, more_dangerous || is_new)
}

/// Nothing changes.
pub(super) const NOP: &str = "unchanged";
/// The change set is executed.
pub(super) const UPDATE: &str = "update";
/// The change set is executed while databases are migrated.
pub(super) const PARALLEL: &str = "parallel";
/// Databases are migrated before the new version comes.
pub(super) const BEFORE: &str = "before";
/// The service goes to zero while it changes.
pub(super) const DOWNTIME: &str = "downtime";

/// Which branch, and why.
pub(super) fn branch(
    rows: &[ChangeRow],
    empty: bool,
    (policy, because): (Downtime, &str),
    counts: &BTreeMap<String, String>,
    steady: Option<&str>,
    data: Option<&Data>,
) -> (&'static str, String) {
    let stops: Vec<&str> = weight::stopping(rows)
        .map(|row| row.logical.as_str())
        .collect();
    let ends: Vec<&str> = weight::ending(rows)
        .map(|row| row.logical.as_str())
        .collect();
    let perhaps: Vec<&str> = weight::perhaps_stopping(rows)
        .map(|row| row.logical.as_str())
        .collect();
    let runs = counts.values().any(|count| count != "0");
    if let Some(data) = data {
        let why = data.why.join(", ");
        let replaces = policy == Downtime::Auto && !stops.is_empty();
        return match data.class {
            Class::Breaking => (DOWNTIME, why),
            Class::Before | Class::Compatible if replaces => (
                DOWNTIME,
                format!("replaces {}, and {why}", stops.join(", ")),
            ),
            Class::Before | Class::Compatible if !runs || policy == Downtime::Always => {
                (DOWNTIME, why)
            }
            Class::Before => (BEFORE, why),
            Class::Compatible => (PARALLEL, why),
        };
    }
    if empty {
        return (NOP, "nothing would change".to_owned());
    }
    if rows.is_empty() && !(policy == Downtime::Always && runs) {
        return (
            UPDATE,
            "no resource changes, only outputs or tags".to_owned(),
        );
    }
    match policy {
        Downtime::Never => (UPDATE, because.to_owned()),
        Downtime::Always if runs => (DOWNTIME, because.to_owned()),
        Downtime::Auto if !stops.is_empty() && runs => {
            (DOWNTIME, format!("replaces {}", stops.join(", ")))
        }
        Downtime::Auto if stops.is_empty() && !ends.is_empty() => {
            let why = format!("it deletes {} for good", ends.join(", "));
            (UPDATE, why)
        }
        Downtime::Auto if stops.is_empty() && !perhaps.is_empty() => {
            let why = format!(
                "whether {} is replaced shows only when it is done",
                perhaps.join(", ")
            );
            (UPDATE, why)
        }
        Downtime::Auto if stops.is_empty() => {
            (UPDATE, "replaces no service, database or volume".to_owned())
        }
        Downtime::Always | Downtime::Auto => {
            let why = match steady {
                Some(steady) => format!("it is not scaled down: {steady}"),
                None => "nothing runs that could be scaled down".to_owned(),
            };
            (UPDATE, why)
        }
    }
}

/// A row that was not seen, or that changes what was not seen of it, is a new fact. Where nothing
/// could be seen, only what replaces or deletes is one.
pub(super) fn more_dangerous(rows: &[ChangeRow], seen: Option<&[ChangeRow]>) -> bool {
    match seen {
        None => rows.iter().any(ChangeRow::destroys),
        Some(seen) => rows.iter().any(|row| !is_covered(row, seen)),
    }
}

fn is_covered(row: &ChangeRow, seen: &[ChangeRow]) -> bool {
    seen.iter().any(|seen| seen.covers(row))
}

/// Whether a second change set holds nothing but what was approved: output `{same, new, gone}`, and
/// what changes now. Fewer rows are no new fact: what only the count changed is not in the second
/// one. What only a count of tasks changes in the second one is none either: it begins at the zero
/// that this deployment itself has brought about, and goes to no count that was not approved.
///
/// Parameters: `about`, `approved` (rows), `changes` (the output of the second change set).
///
/// # Errors
/// A sentence, when the parameters have another form.
pub(super) fn same(params: &Value) -> Result<Output, String> {
    let (approved, now) = (
        rows(&params["approved"])?,
        rows(&params["changes"]["rows"])?,
    );
    let new: Vec<&str> = now
        .iter()
        .filter(|row| {
            row.uncounted()
                .is_some_and(|row| !is_covered(&row, &approved))
        })
        .map(|row| row.logical.as_str())
        .collect();
    let gone: Vec<&str> = approved
        .iter()
        .filter(|row| !now.iter().any(|now| now.logical == row.logical))
        .map(|row| row.logical.as_str())
        .collect();
    let (same, says) = (
        new.is_empty(),
        json!({ "same": new.is_empty(), "new": new, "gone": gone }),
    );
    told(says, params, now, !same)
}

fn told(
    public: Value,
    params: &Value,
    rows: Vec<ChangeRow>,
    more_dangerous: bool,
) -> Result<Output, String> {
    let about = Subject::deserialize(&params["about"]).map_err(|why| format!("about: {why}"))?;
    let changes = Changes {
        more_dangerous,
        ..weight::weighed(about, rows)
    };
    Ok(Output {
        changes: Some(changes),
        ..Output::public(public)
    })
}

fn rows(value: &Value) -> Result<Vec<ChangeRow>, String> {
    serde_json::from_value(value.clone()).map_err(|why| format!("rows: {why}"))
}
