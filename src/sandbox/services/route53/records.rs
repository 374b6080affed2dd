//! Record sets as they came, with their names in one form: where each stands among the others, when
//! two are the same, and a page of them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::name::Name;
use super::zones::Zone;
use super::{invalid, rows};
use crate::sandbox::call::{Answer, AwsError, Params};

/// A page has so many record sets at the most.
const PAGE: usize = 300;

/// What makes a record set this one, in the order of a zone: its name from the end, its type, its
/// set identifier.
pub(super) type Place = (String, String, String);

/// A record set.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct RecordSet {
    pub(super) name: Name,
    /// `A`, `CNAME`, ...
    pub(super) kind: String,
    identifier: Option<String>,
    /// The whole of it.
    tree: Value,
}

impl RecordSet {
    /// Reads a record set; `action` is what is to be done with it.
    pub(super) fn read(tree: &Value, action: &str) -> Result<Self, AwsError> {
        let params = Params(tree);
        let need = |part: &str| {
            let text = params.text(part);
            text.ok_or_else(|| invalid(format!("Invalid XML ; {part} of a record set is missing")))
        };
        let (given, kind) = (need("Name")?, need("Type")?);
        let named = |given: &str| {
            Name::read(given).map_err(|error| AwsError {
                code: "InvalidChangeBatch".to_owned(),
                message: format!("[{}]", error.message),
                ..error
            })
        };
        let name = named(given)?;
        let identifier = params.text("SetIdentifier");
        let (alias, ttl) = (tree.get("AliasTarget"), params.number("TTL"));
        let values = values(tree);
        if alias.is_some() == (ttl.is_some() && !values.is_empty()) {
            let found = if alias.is_some() {
                "more than one"
            } else {
                "none"
            };
            return Err(invalid(format!(
                "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found {found} in Change with [Action={action}, Name={}, Type={kind}, SetIdentifier={}]",
                name.as_str(),
                identifier.unwrap_or("null"),
            )));
        }
        let mut whole = tree.clone();
        whole["Name"] = name.as_str().into();
        if let Some(alias) = alias {
            let target = Params(alias);
            let parts = ["HostedZoneId", "DNSName", "EvaluateTargetHealth"];
            if let Some(part) = parts.iter().find(|part| target.text(part).is_none()) {
                return Err(invalid(format!(
                    "Invalid XML ; {part} of an AliasTarget is missing"
                )));
            }
            let target = named(target.text("DNSName").unwrap_or(""))?;
            whole["AliasTarget"]["DNSName"] = target.as_str().into();
        }
        Ok(Self {
            name,
            kind: kind.to_owned(),
            identifier: identifier.map(str::to_owned),
            tree: whole,
        })
    }

    /// A record set of values.
    pub(super) fn of(name: &Name, kind: &str, ttl: u32, values: &[String]) -> Self {
        let values: Vec<Value> = values
            .iter()
            .map(|value| json!({ "Value": value }))
            .collect();
        Self {
            name: name.clone(),
            kind: kind.to_owned(),
            identifier: None,
            tree: json!({
                "Name": name.as_str(), "Type": kind, "TTL": ttl,
                "ResourceRecords": { "ResourceRecord": values },
            }),
        }
    }

    /// What it says; nothing of an alias.
    pub(super) fn values(&self) -> Vec<&str> {
        let records = self.tree.get("ResourceRecords").map(Params);
        let records = records.map_or(&[][..], |records| records.list("ResourceRecord"));
        let value = |record| Params(record).text("Value");
        records.iter().filter_map(value).collect()
    }

    pub(super) fn place(&self) -> Place {
        let identifier = self.identifier.clone().unwrap_or_default();
        (self.name.order(), self.kind.clone(), identifier)
    }

    /// True when both answer the same: what a delete must know of what it deletes.
    pub(super) fn says_as(&self, other: &Self) -> bool {
        let said = |tree: &Value| {
            let mut values = values(tree);
            values.sort_unstable();
            let alias = tree.get("AliasTarget").cloned();
            (Params(tree).number("TTL"), values, alias)
        };
        said(&self.tree) == said(&other.tree)
    }

    /// As messages name it.
    pub(super) fn named(&self) -> String {
        let identifier = self.identifier.as_ref();
        let identifier = identifier.map(|text| format!(", set-identifier='{text}'"));
        format!(
            "[name='{}', type='{}'{}]",
            self.name.as_str(),
            self.kind,
            identifier.unwrap_or_default()
        )
    }
}

fn values(tree: &Value) -> Vec<String> {
    let rows = tree.get("ResourceRecords").map(Params);
    let rows = rows.map_or(&[][..], |rows| rows.list("ResourceRecord"));
    let texts = rows.iter().filter_map(|row| Params(row).text("Value"));
    texts.map(str::to_owned).collect()
}

/// A page of the record sets of a zone, from a name, a type and an identifier on.
pub(super) fn page(zone: &Zone, params: Params<'_>) -> Answer {
    let (name, kind) = (params.text("name"), params.text("type"));
    let identifier = params.text("identifier");
    if kind.is_some() && name.is_none() || identifier.is_some() && kind.is_none() {
        return Err(invalid(
            "The input is not valid: a page begins at a name, at a name and a type, or at these and an identifier",
        ));
    }
    let most = rows(params, PAGE)?;
    let name = name.map(Name::read).transpose()?;
    let from: Place = (
        name.map(|name| name.order()).unwrap_or_default(),
        kind.unwrap_or("").to_owned(),
        identifier.unwrap_or("").to_owned(),
    );
    let mut rest = zone.records.iter().filter(|one| one.place() >= from);
    let sets: Vec<&Value> = rest.by_ref().take(most).map(|one| &one.tree).collect();
    let next = rest.next();
    Ok(json!({ "ListResourceRecordSetsResponse": {
        "ResourceRecordSets": { "ResourceRecordSet": sets },
        "IsTruncated": next.is_some(), "MaxItems": most,
        "NextRecordName": next.map(|one| one.name.as_str()),
        "NextRecordType": next.map(|one| &one.kind),
        "NextRecordIdentifier": next.and_then(|one| one.identifier.as_ref()),
    } }))
}
