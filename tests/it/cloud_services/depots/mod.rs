//! A made-up service that speaks REST-XML, with one state for an account: depots that know the
//! parcels of the caller's region.

use std::collections::BTreeMap;

use holdpoint::sandbox::call::{AwsError, Call, Params};
use holdpoint::sandbox::protocol::{Errors, Protocol, Route};
use holdpoint::sandbox::realm::Cx;
use holdpoint::sandbox::service::{Offer, Reply, Scope, Service};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::parcels::Parcels;

pub(crate) const OFFER: Offer = Offer {
    scope: Scope::Account,
    ..Offer::of::<Depots>(
        "depots",
        Protocol::RestXml {
            routes: ROUTES,
            namespace: "http://depots.example/doc/2026-01-01/",
            errors: Errors::Wrapped,
        },
    )
};

const ROUTES: &[Route] = &[
    Route::new("GET", "/2026-01-01/depot", "ListDepots"),
    Route::new("PUT", "/2026-01-01/depot/{Id}", "PutDepot").headers(&[("if-match", "IfMatch")]),
    Route::new("GET", "/2026-01-01/depot/{Id}", "GetDepot"),
    Route::new("GET", "/2026-01-01/depot/{Id}?parcels", "CountParcels"),
];

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Depots {
    depots: BTreeMap<String, Depot>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Depot {
    version: u32,
    gates: Vec<String>,
}

impl Service for Depots {
    fn call(&mut self, call: &Call, cx: &mut Cx<'_>) -> Result<Reply, AwsError> {
        let params = call.params();
        let id = params.text("Id").unwrap_or("");
        match call.action.as_str() {
            "ListDepots" => {
                let rows: Vec<Value> = self
                    .depots
                    .keys()
                    .map(|id| json!({ "Id": id, "Note": null }))
                    .collect();
                Ok(json!({ "DepotList": { "Quantity": rows.len(), "Items": { "DepotSummary": rows } } }).into())
            }
            "PutDepot" => self.put(id, params, cx),
            "GetDepot" => self.shown(id),
            "CountParcels" => {
                self.shown(id)?;
                let arrived = cx.realm().get::<Parcels>().map_or(0, |parcels| {
                    parcels
                        .parcels
                        .values()
                        .filter(|parcel| parcel.state() == "ARRIVED")
                        .count()
                });
                Ok(json!({ "Parcels": { "Region": cx.place.region, "Arrived": arrived } }).into())
            }
            _ => Err(AwsError::unanswered(call)),
        }
    }
}

impl Depots {
    fn put(&mut self, id: &str, params: Params<'_>, cx: &mut Cx<'_>) -> Result<Reply, AwsError> {
        let version = self.depots.get(id).map_or(0, |depot| depot.version);
        if version > 0 && params.text("IfMatch") != Some(version.to_string().as_str()) {
            let error = AwsError::new(
                "PreconditionFailed",
                "the depot was changed since you looked",
            );
            return Err(AwsError {
                status: 412,
                ..error
            });
        }
        let config = params.0.get("DepotConfig").unwrap_or(&Value::Null);
        let gates = Params(config).0.get("Gates").unwrap_or(&Value::Null);
        let gates = Params(gates)
            .texts("Gate")
            .into_iter()
            .map(str::to_owned)
            .collect();
        self.depots.insert(
            id.to_owned(),
            Depot {
                version: version + 1,
                gates,
            },
        );
        cx.effect = Some(format!("depot {id}"));
        self.shown(id)
    }

    fn shown(&self, id: &str) -> Result<Reply, AwsError> {
        let depot = self
            .depots
            .get(id)
            .ok_or_else(|| AwsError::missing("NoSuchDepot", format!("there is no depot <{id}>")))?;
        let tree = json!({ "Depot": { "Id": id, "Gates": { "Gate": depot.gates } } });
        Ok(Reply::from(tree).header("etag", depot.version.to_string()))
    }
}
