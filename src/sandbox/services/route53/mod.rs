//! Route 53: public hosted zones, their record sets, and changes that take their time to reach all
//! name servers. No name is resolved here.

mod changes;
mod name;
mod records;
#[cfg(test)]
mod tests;
mod zones;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use self::zones::Zone;
use crate::domain::time::Time;
use crate::sandbox::call::{AwsError, Call, Params};
use crate::sandbox::protocol::{Errors, Protocol, Route};
use crate::sandbox::realm::Cx;
use crate::sandbox::service::{Offer, Reply, Scope, Service};
use crate::sandbox::values::{iso, last_part};

/// Route 53. It has no regions.
pub const OFFER: Offer = Offer {
    scope: Scope::Account,
    subjects: &["Id", "/CreateHostedZoneRequest/Name"],
    tokens: &["/CreateHostedZoneRequest/CallerReference"],
    ..Offer::of::<Route53>(
        "route53",
        Protocol::RestXml {
            routes: ROUTES,
            namespace: "https://route53.amazonaws.com/doc/2013-04-01/",
            errors: Errors::Wrapped,
        },
    )
};

const ROUTES: &[Route] = &[
    Route::new("POST", "/2013-04-01/hostedzone", "CreateHostedZone"),
    Route::new("GET", "/2013-04-01/hostedzone", "ListHostedZones"),
    Route::new(
        "GET",
        "/2013-04-01/hostedzonesbyname",
        "ListHostedZonesByName",
    ),
    Route::new("GET", "/2013-04-01/hostedzone/{Id}", "GetHostedZone"),
    Route::new("DELETE", "/2013-04-01/hostedzone/{Id}", "DeleteHostedZone"),
    Route::new(
        "POST",
        "/2013-04-01/hostedzone/{Id}/rrset",
        "ChangeResourceRecordSets",
    ),
    Route::new(
        "GET",
        "/2013-04-01/hostedzone/{Id}/rrset",
        "ListResourceRecordSets",
    ),
    Route::new("GET", "/2013-04-01/change/{Id}", "GetChange"),
];

/// How long a change takes to reach all name servers, in seconds at normal pace.
const TAKES: f64 = 4.0;

/// What an account has in Route 53.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Route53 {
    /// By id.
    pub zones: BTreeMap<String, Zone>,
    changes: BTreeMap<String, Change>,
}

/// A change under way or done.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Change {
    submitted: Time,
    done: Time,
    comment: Option<String>,
}

impl Service for Route53 {
    fn call(&mut self, call: &Call, cx: &mut Cx<'_>) -> Result<Reply, AwsError> {
        let params = call.params();
        // Ids are given out with their kind before them, and taken with and without it.
        let id = last_part(params.text("Id").unwrap_or(""));
        match call.action.as_str() {
            "CreateHostedZone" => self.create(params, cx),
            "ListHostedZones" => self.list(params).map(Reply::from),
            "ListHostedZonesByName" => self.list_by_name(params).map(Reply::from),
            "GetHostedZone" => {
                let zone = self.zone(&id)?;
                let servers = zone.delegation();
                let shown = json!({ "HostedZone": zone.shown(&id), "DelegationSet": servers });
                Ok(json!({ "GetHostedZoneResponse": shown }).into())
            }
            "DeleteHostedZone" => self.delete(&id, cx),
            "ChangeResourceRecordSets" => self.change(&id, params, cx),
            "ListResourceRecordSets" => records::page(self.zone(&id)?, params).map(Reply::from),
            "GetChange" => {
                let change = self.changes.get(&id).ok_or_else(|| {
                    let message = format!("Could not find resource with ID: {id}");
                    AwsError::missing("NoSuchChange", message)
                })?;
                let info = change.shown(&id, cx.now);
                Ok(json!({ "GetChangeResponse": { "ChangeInfo": info } }).into())
            }
            _ => Err(AwsError::unanswered(call)),
        }
    }
}

impl Route53 {
    /// Whether a zone has a record of this name and type that says this.
    pub(in crate::sandbox::services) fn says(&self, name: &str, kind: &str, value: &str) -> bool {
        self.zones.values().any(|zone| zone.says(name, kind, value))
    }

    fn zone(&mut self, id: &str) -> Result<&mut Zone, AwsError> {
        self.zones.get_mut(id).ok_or_else(|| {
            AwsError::missing(
                "NoSuchHostedZone",
                format!("No hosted zone found with ID: {id}"),
            )
        })
    }

    /// Records that something changes now; gives what is told of it.
    fn begin(&mut self, comment: Option<&str>, cx: &mut Cx<'_>) -> Value {
        let id = format!("C{}", cx.dice.letters(20));
        let change = Change {
            submitted: cx.now,
            done: cx.after(TAKES),
            comment: comment.map(str::to_owned),
        };
        let info = change.shown(&id, cx.now);
        self.changes.insert(id, change);
        info
    }
}

impl Change {
    fn shown(&self, id: &str, now: Time) -> Value {
        let status = if now >= self.done {
            "INSYNC"
        } else {
            "PENDING"
        };
        json!({
            "Id": format!("/change/{id}"), "Status": status,
            "SubmittedAt": iso(self.submitted), "Comment": self.comment,
        })
    }
}

/// How many rows a page is to have; `most` where nothing is said, and at the most.
fn rows(params: Params<'_>, most: usize) -> Result<usize, AwsError> {
    let Some(given) = params.text("maxitems") else {
        return Ok(most);
    };
    let rows = given.parse().ok().filter(|rows| *rows > 0);
    rows.map(|rows: usize| rows.min(most))
        .ok_or_else(|| invalid(format!("{given} is not a valid value for maxitems")))
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidInput", message)
}
