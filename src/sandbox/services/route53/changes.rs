//! `ChangeResourceRecordSets`: all changes of a batch in their order, or none of them.

use serde_json::{Value, json};

use super::records::RecordSet;
use super::zones::Zone;
use super::{Route53, invalid};
use crate::sandbox::call::{AwsError, Params};
use crate::sandbox::realm::Cx;
use crate::sandbox::service::Reply;

impl Route53 {
    pub(super) fn change(
        &mut self,
        id: &str,
        params: Params<'_>,
        cx: &mut Cx<'_>,
    ) -> Result<Reply, AwsError> {
        let batch = params
            .0
            .pointer("/ChangeResourceRecordSetsRequest/ChangeBatch");
        let batch = batch.ok_or_else(|| invalid("Invalid XML ; the ChangeBatch is missing"))?;
        let zone = self.zone(id)?;
        let changes = batch.get("Changes").map(Params);
        let changes = changes.map_or(&[][..], |changes| changes.list("Change"));
        if changes.is_empty() {
            return Err(invalid("Invalid XML ; the Changes are missing"));
        }
        let mut next = zone.clone();
        let mut wrong = Vec::new();
        for change in changes {
            let action = Params(change).text("Action").unwrap_or("");
            let set = change.get("ResourceRecordSet").unwrap_or(&Value::Null);
            let set = RecordSet::read(set, action)?;
            wrong.extend(next.apply(action, set)?);
        }
        if !wrong.is_empty() {
            return Err(AwsError::new(
                "InvalidChangeBatch",
                format!("[{}]", wrong.join(", ")),
            ));
        }
        *zone = next;
        cx.effect = Some(format!("{} changes of {id}", changes.len()));
        let info = self.begin(Params(batch).text("Comment"), cx);
        Ok(json!({ "ChangeResourceRecordSetsResponse": { "ChangeInfo": info } }).into())
    }
}

impl Zone {
    /// Makes one change, or says why it cannot be made.
    fn apply(&mut self, action: &str, set: RecordSet) -> Result<Option<String>, AwsError> {
        let place = set.place();
        let found = self.records.binary_search_by_key(&place, RecordSet::place);
        let own = self.name.as_str();
        if !set.name.is_in(&self.name) {
            let name = set.name.as_str();
            return Ok(Some(format!(
                "RRSet with DNS name {name} is not permitted in zone {own}"
            )));
        }
        match (action, found) {
            ("CREATE", Ok(_)) => {
                return Ok(Some(format!(
                    "Tried to create resource record set {} but it already exists",
                    set.named()
                )));
            }
            ("DELETE", Err(_)) => {
                return Ok(Some(format!(
                    "Tried to delete resource record set {} but it was not found",
                    set.named()
                )));
            }
            ("DELETE", Ok(at)) => {
                if !self.records[at].says_as(&set) {
                    return Ok(Some(format!(
                        "Tried to delete resource record set {} but the values provided do not match the current values",
                        set.named()
                    )));
                }
                if self.needs(&set) {
                    return Ok(Some(
                        if set.kind == "SOA" {
                            "A HostedZone must contain exactly one SOA record."
                        } else {
                            "A HostedZone must contain at least one NS record for the zone itself."
                        }
                        .to_owned(),
                    ));
                }
                self.records.remove(at);
            }
            ("CREATE" | "UPSERT", found) => {
                if let Some(why) = self.forbids(&set) {
                    return Ok(Some(why));
                }
                match found {
                    Ok(at) => self.records[at] = set,
                    Err(at) => self.records.insert(at, set),
                }
            }
            (other, _) => {
                return Err(invalid(format!(
                    "Invalid XML ; cvc-enumeration-valid: Value '{other}' is not facet-valid with respect to enumeration '[CREATE, DELETE, UPSERT]'. It must be a value from the enumeration."
                )));
            }
        }
        Ok(None)
    }

    /// A name that is another's has no records of its own, and that of the zone has some.
    fn forbids(&self, set: &RecordSet) -> Option<String> {
        let (name, own) = (set.name.as_str(), self.name.as_str());
        let is_alias = set.kind == "CNAME";
        if is_alias && name == own {
            return Some(format!(
                "RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {own}"
            ));
        }
        let mut others = self.records.iter().filter(|one| one.name == set.name);
        let in_the_way = others.any(|one| (one.kind == "CNAME") != is_alias);
        in_the_way.then(|| {
            let why = if is_alias {
                "as it conflicts with other records with the same DNS name in"
            } else {
                "because a conflicting RRSet of type CNAME with the same DNS name already exists in"
            };
            let kind = &set.kind;
            format!("RRSet of type {kind} with DNS name {name} is not permitted {why} zone {own}")
        })
    }
}
