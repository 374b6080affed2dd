//! What a plan file says, read from what the programs show of it: rows without a secret.

mod group;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::domain::digest::Digest;
use crate::domain::look::Subject;
use crate::domain::plan::shown::{
    self, HIDDEN, LATER, marked, without, without_texts, without_unlike,
};
use crate::domain::plan::{ChangeRow, Changes, Does, Fate, Output, Shown};
use crate::domain::row::Row;

/// What people call what others changed.
const DRIFT: &str = "drift";
/// How many resources a sentence names.
const NAMED: usize = 4;

/// What is planned.
#[derive(Debug)]
pub(super) struct What {
    pub(super) changes: Changes,
    /// What others changed since the last apply.
    drift: Vec<ChangeRow>,
    /// Whether anything was applied, as its state says.
    is_applied: bool,
    pub(super) counts: Counts,
    /// Of the program that planned.
    pub(super) version: String,
}

/// How many resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(super) struct Counts {
    add: usize,
    change: usize,
    replace: usize,
    remove: usize,
}

#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    terraform_version: String,
    #[serde(default)]
    resource_changes: Vec<Resource>,
    #[serde(default)]
    resource_drift: Vec<Resource>,
    #[serde(default)]
    prior_state: Prior,
}

/// The state before.
#[derive(Deserialize, Default)]
struct Prior {
    #[serde(default)]
    values: Values,
}

#[derive(Deserialize, Default)]
struct Values {
    #[serde(default)]
    root_module: Module,
}

#[derive(Deserialize, Default)]
struct Module {
    #[serde(default)]
    resources: Vec<Kept>,
    #[serde(default)]
    child_modules: Vec<Module>,
}

#[derive(Deserialize)]
struct Kept {
    #[serde(default)]
    mode: String,
}

impl Module {
    fn holds_any(&self) -> bool {
        self.resources.iter().any(|one| one.mode == "managed")
            || self.child_modules.iter().any(Module::holds_any)
    }
}

#[derive(Deserialize)]
struct Resource {
    address: String,
    #[serde(default)]
    mode: String,
    #[serde(rename = "type", default)]
    kind: String,
    /// The whole name of its provider.
    #[serde(default)]
    provider_name: String,
    change: Change,
}

#[derive(Deserialize)]
struct Change {
    actions: Vec<String>,
    #[serde(default)]
    before: Value,
    #[serde(default)]
    after: Value,
    #[serde(default)]
    after_unknown: Value,
    #[serde(default)]
    before_sensitive: Value,
    #[serde(default)]
    after_sensitive: Value,
    #[serde(default)]
    importing: Option<Value>,
}

/// Reads what `show -json` says of a plan file.
pub(super) fn read(told: &[u8], about: Subject) -> Result<What, String> {
    let shown: Told = serde_json::from_slice(told).map_err(|why| why.to_string())?;
    let managed = |one: &&Resource| one.mode != "data";
    let drift = shown.resource_drift.iter().filter(managed);
    let mut secrets = BTreeSet::new();
    for one in shown.resource_changes.iter().chain(&shown.resource_drift) {
        one.change.secrets(&mut secrets);
    }
    let row = |one: &Resource| row(one, &secrets);
    let drift = drift.filter(|one| one.change.is_real()).filter_map(row);
    let drift: Vec<ChangeRow> = drift.collect();
    let changes = shown.resource_changes.iter().filter(managed);
    let mut rows: Vec<ChangeRow> = changes.filter_map(row).collect();
    rows.sort_by_cached_key(|row| {
        let (does, group) = (rank(row.does), group::rank(&row.group));
        // What is taken away stands before everything else, of whatever group.
        let takes = does < rank(Does::Change);
        (!takes, group, row.group.clone(), does, row.logical.clone())
    });
    shown::of_the_first(&mut rows);
    let count = |all: &[Does]| rows.iter().filter(|row| all.contains(&row.does)).count();
    let counts = Counts {
        add: count(&[Does::Add, Does::Import]),
        change: count(&[Does::Change]),
        replace: count(&[Does::Replace]),
        remove: count(&[Does::Remove]),
    };
    let loses = rows
        .iter()
        .filter(|row| row.destroys() && holds_data(&row.kind))
        .map(|row| row.logical.clone())
        .collect();
    Ok(What {
        changes: Changes {
            about,
            rows,
            loses,
            more_dangerous: false,
        },
        is_applied: shown.prior_state.values.root_module.holds_any() || !drift.is_empty(),
        drift,
        counts,
        version: shown.terraform_version,
    })
}

/// Of what was applied a moment ago nobody changed anything since.
pub(super) fn as_applied() -> Row {
    Row::new(DRIFT, "none, as applied")
}

impl What {
    /// What people ask of it later.
    pub(super) fn facts(&self, destroy: bool) -> Vec<Row> {
        if destroy {
            return Vec::new();
        }
        let Counts {
            add,
            change,
            replace,
            remove,
        } = self.counts;
        let counts = format!("+{add} ~{change} -{remove}, {replace} to replace");
        let counts = Row::new("last plan", &counts);
        std::iter::once(counts)
            .chain(self.is_applied.then(|| self.drift()))
            .collect()
    }

    /// A look at what others changed.
    pub(super) fn drifted(&self) -> Output {
        let n = self.drift.len();
        let outdates = n > 0 || !self.is_applied;
        Output::public(json!({ "drift": n, "outdates": outdates })).found(&[self.drift()])
    }

    fn drift(&self) -> Row {
        let names = self.drift.iter().take(NAMED);
        let names = names.map(|row| format!("{} {}", row.word(), row.logical));
        let names = names.collect::<Vec<_>>().join(", ");
        let n = self.drift.len();
        let more = n.saturating_sub(NAMED);
        let is = match (n, more) {
            (0, _) if !self.is_applied => "its state is empty: nothing is applied".to_owned(),
            (0, _) => "none".to_owned(),
            (n, 0) => format!("{n} changed by others: {names}"),
            (n, more) => format!("{n} changed by others: {names}, and {more} more"),
        };
        Row::new(DRIFT, &is)
    }
}

/// What a person must see first stands first.
fn rank(does: Does) -> u8 {
    match does {
        Does::Remove => 0,
        Does::Replace | Does::MayReplace => 1,
        Does::Change | Does::Unclear => 2,
        Does::Import => 3,
        Does::Add => 4,
    }
}

fn row(one: &Resource, secrets: &BTreeSet<String>) -> Option<ChangeRow> {
    let actions: Vec<&str> = one.change.actions.iter().map(String::as_str).collect();
    let (does, fate) = match actions.as_slice() {
        ["create"] => (Does::Add, Fate::Goes),
        ["update"] => (Does::Change, Fate::Goes),
        ["delete"] => (Does::Remove, Fate::Goes),
        ["forget"] => (Does::Remove, Fate::Stays),
        ["delete", "create"] | ["create", "delete"] => (Does::Replace, Fate::Goes),
        ["forget", "create"] | ["create", "forget"] => (Does::Replace, Fate::Stays),
        ["no-op"] if one.change.importing.is_some() => (Does::Import, Fate::Goes),
        ["no-op" | "read"] | [] => return None,
        _ => (Does::Unclear, Fate::Goes),
    };
    let mut row = ChangeRow {
        fate,
        group: group::of(&one.address, &one.provider_name),
        ..ChangeRow::new(&one.address, &one.kind, does)
    };
    if matches!(does, Does::Change | Does::Replace) {
        let values = one.change.values();
        row.properties = values.keys().cloned().collect();
        row.values = values
            .into_iter()
            .filter_map(|(name, digest)| Some((name, digest?)))
            .collect();
        row.shown = one.change.shown(&row.properties, secrets);
    }
    Some(row)
}

/// Whether a value says nothing: providers read one such value where another was written.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

impl Change {
    /// Whether somebody made it: nobody wrote no tags where there were none.
    fn is_real(&self) -> bool {
        let (Some(before), Some(after)) = (self.before.as_object(), self.after.as_object()) else {
            return true;
        };
        let of = |all: &Map<String, Value>, name: &str| {
            let value = all.get(name).filter(|value| !is_empty(value));
            value.cloned()
        };
        let mut names = before.keys().chain(after.keys());
        names.any(|name| of(before, name) != of(after, name))
    }

    /// The texts that are marked as secrets: a resource may have them elsewhere too, without a mark.
    fn secrets(&self, all: &mut BTreeSet<String>) {
        marked(&self.before, &self.before_sensitive, all);
        marked(&self.after, &self.after_sensitive, all);
    }

    /// From what to what these properties change, without what is marked as a secret anywhere.
    fn shown(&self, properties: &[String], secrets: &BTreeSet<String>) -> Vec<Shown> {
        let before = without(&self.before, &self.before_sensitive, HIDDEN);
        let after = without(&self.after, &self.after_unknown, LATER);
        let after = without_unlike(&after, &self.after_sensitive, &self.before);
        let of = |all: &Value, name: &str| {
            let value = all.get(name).unwrap_or(&Value::Null);
            without_texts(value, secrets)
        };
        let each = properties
            .iter()
            .map(|name| Shown::between(name, &of(&before, name), &of(&after, name)));
        each.flatten().collect()
    }

    /// The properties that change, each with a digest of from what to what; none where that is a
    /// secret, or known only once it is done.
    fn values(&self) -> BTreeMap<String, Option<Digest>> {
        let none = Map::new();
        let of = |value: &'_ Value| value.as_object().cloned().unwrap_or_default();
        let (before, after) = (of(&self.before), of(&self.after));
        let unknown = self.after_unknown.as_object().unwrap_or(&none);
        let mut changed = BTreeMap::new();
        for name in before.keys().chain(after.keys()).chain(unknown.keys()) {
            let is_unknown = unknown.get(name).is_some_and(holds_true);
            let (from, to) = (before.get(name), after.get(name));
            if !is_unknown && from.unwrap_or(&Value::Null) == to.unwrap_or(&Value::Null) {
                continue;
            }
            let hidden = |marks: &Value| {
                marks
                    .get(name)
                    .map_or(marks == &Value::Bool(true), holds_true)
            };
            let secret = hidden(&self.before_sensitive) || hidden(&self.after_sensitive);
            let digest = (!secret && !is_unknown).then(|| {
                Digest::of(
                    "holdpoint/terraform-value/1",
                    &serde_json::json!([from, to]),
                )
            });
            changed.insert(name.clone(), digest);
        }
        changed
    }
}

/// Whether a mark stands anywhere in it.
fn holds_true(value: &Value) -> bool {
    match value {
        Value::Bool(is) => *is,
        Value::Array(items) => items.iter().any(holds_true),
        Value::Object(fields) => fields.values().any(holds_true),
        Value::Null | Value::Number(_) | Value::String(_) => false,
    }
}

/// What types of resources hold data that goes with them: by how their names end, or whole.
const DATA: [&str; 30] = [
    "aws_backup_vault",
    "aws_cognito_user_pool",
    "aws_db_instance",
    "aws_docdb_cluster",
    "aws_dynamodb_table",
    "aws_ebs_volume",
    "aws_ecr_repository",
    "aws_efs_file_system",
    "aws_elasticache_cluster",
    "aws_elasticache_replication_group",
    "aws_kms_key",
    "aws_neptune_cluster",
    "aws_opensearch_domain",
    "aws_rds_cluster",
    "aws_rds_cluster_instance",
    "aws_redshift_cluster",
    "aws_s3_bucket",
    "aws_secretsmanager_secret",
    "aws_sqs_queue",
    "azurerm_cosmosdb_account",
    "azurerm_key_vault",
    "azurerm_mssql_database",
    "azurerm_mysql_flexible_server",
    "azurerm_postgresql_flexible_server",
    "azurerm_storage_account",
    "commercetools_custom_object",
    "google_bigquery_dataset",
    "google_firestore_database",
    "google_sql_database_instance",
    "google_storage_bucket",
];

fn holds_data(kind: &str) -> bool {
    DATA.contains(&kind)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::plan::grouped;

    /// A state with a resource of a module.
    fn state() -> Value {
        let module = json!({ "resources": [{ "mode": "managed", "address": "a.b" }] });
        json!({ "values": { "root_module": { "child_modules": [module] } } })
    }

    #[test]
    fn where_nothing_is_applied_nothing_can_drift() {
        let told = json!({ "prior_state": { "values": { "root_module": { "resources": [{ "mode": "data" }] } } } });
        let what = read(told.to_string().as_bytes(), Subject::new("t", "n")).unwrap();
        assert_eq!(
            what.facts(false),
            [Row::new("last plan", "+0 ~0 -0, 0 to replace")]
        );
        let looked = what.drifted();
        assert!(looked.outdates(), "the next deployment plans");
        assert_eq!(
            looked.facts(),
            [Row::new("drift", "its state is empty: nothing is applied")]
        );
    }

    #[test]
    fn rows_say_what_is_taken_first_and_no_secret() {
        let change = |actions: &[&str], more: Value| {
            let mut all = json!({ "actions": actions });
            all.as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            all
        };
        let one = |address: &str, kind: &str, change: Value| json!({ "address": address, "mode": "managed", "type": kind, "change": change });
        let told = json!({ "terraform_version": "1.11.4", "resource_changes": [
            one("a", "aws_lambda_function", change(&["create"], json!({ "after": { "x": 1 } }))),
            one("b", "aws_lambda_function", change(&["update"], json!({
                "before": { "same": 1, "size": 1, "password": "hunter2", "arn": "x" },
                "after": { "same": 1, "size": 2, "password": "hunter3" },
                "after_unknown": { "arn": true },
                "after_sensitive": { "password": true },
            }))),
            one("c", "aws_s3_bucket", change(&["delete"], json!({}))),
            one("d", "aws_db_instance", change(&["delete", "create"], json!({}))),
            one("e", "x", change(&["no-op"], json!({}))),
            one("f", "x", change(&["forget"], json!({}))),
        ], "prior_state": state() });
        let what = read(told.to_string().as_bytes(), Subject::new("t", "n")).unwrap();
        let rows: Vec<_> = what
            .changes
            .rows
            .iter()
            .map(|row| (row.logical.as_str(), row.word()))
            .collect();
        assert_eq!(
            rows,
            [
                ("c", "remove"),
                ("f", "leave"),
                ("d", "replace"),
                ("b", "change"),
                ("a", "add")
            ]
        );
        assert_eq!(what.changes.loses, ["c", "d"]);
        let changed = &what.changes.rows[3];
        assert_eq!(changed.properties, ["arn", "password", "size"]);
        assert_eq!(changed.values.keys().collect::<Vec<_>>(), ["size"]);
        let shown: Vec<String> = changed.shown.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "arn: x -> (known once it is done)",
                "password: *** -> ***",
                "size: 1 -> 2"
            ]
        );
        let counts = serde_json::to_value(what.counts).unwrap();
        assert_eq!(
            counts,
            json!({ "add": 1, "change": 1, "replace": 1, "remove": 2 })
        );
        assert!(!format!("{:?}", what.changes).contains("hunter"));
        assert_eq!(
            what.facts(false),
            [
                Row::new("last plan", "+1 ~1 -2, 1 to replace"),
                Row::new("drift", "none")
            ]
        );
    }

    #[test]
    fn rows_stand_in_groups_below_those_that_take_something_away() {
        let one = |address: &str, provider: &str, action: &str| json!({ "address": address, "type": "x", "provider_name": provider, "change": { "actions": [action] } });
        let told = json!({ "resource_changes": [
            one("module.pay.x.a", "", "create"),
            one("x.b", "labd/commercetools", "create"),
            one("module.pay.x.c", "", "delete"),
            one("x.d", "hashicorp/aws", "create"),
            one("x.e", "labd/commercetools", "delete"),
        ] });
        let what = read(told.to_string().as_bytes(), Subject::new("t", "n")).unwrap();
        let groups: Vec<_> = grouped(&what.changes.rows)
            .map(|(heading, rows)| (heading, rows.len()))
            .collect();
        let gone = [("SaaS", 1), ("component pay", 1)];
        let new = [("SaaS", 1), ("cloud", 1), ("component pay", 1)];
        assert_eq!(groups, [&gone[..], &new[..]].concat());
    }

    #[test]
    fn drift_names_what_others_changed() {
        let one = |n: u8| {
            // The last of them is nobody's: no tags were written, and none are read.
            let after = if n == 9 {
                json!({})
            } else {
                json!({ "env": "prod" })
            };
            let change = json!({ "actions": ["update"], "before": { "tags": null }, "after": { "tags": after } });
            json!({ "address": format!("module.a.x{n}"), "mode": "managed", "type": "x", "change": change })
        };
        let drifted = |n: u8| {
            let all: Vec<Value> = (0..n).chain([9]).map(one).collect();
            let told = json!({ "resource_drift": all, "prior_state": state() });
            let what = read(told.to_string().as_bytes(), Subject::new("t", "n"));
            let output = what.unwrap().drifted();
            (output.outdates(), output.facts()[0].is.to_string())
        };
        assert_eq!(drifted(0), (false, "none".to_owned()));
        let names = "change module.a.x0, change module.a.x1";
        assert_eq!(drifted(2), (true, format!("2 changed by others: {names}")));
        assert!(drifted(6).1.ends_with("change module.a.x3, and 2 more"));
    }
}
