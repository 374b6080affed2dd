//! `CloudFront`: distributions that take their time to be deployed, invalidations, origin access
//! controls. What is served to visitors is not here.

mod config;
mod control;
mod distribution;
mod invalidation;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Bound;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::control::Control;
pub use self::distribution::Distribution;
use crate::sandbox::call::{AwsError, Call, Params};
use crate::sandbox::protocol::{Errors, Protocol, Route};
use crate::sandbox::realm::Cx;
use crate::sandbox::service::{Body, Offer, Reply, Scope, Service};

/// `CloudFront`. It has no regions.
pub const OFFER: Offer = Offer {
    scope: Scope::Account,
    subjects: &["DistributionId", "Id", "/OriginAccessControlConfig/Name"],
    tokens: &[
        "/DistributionConfig/CallerReference",
        "/InvalidationBatch/CallerReference",
    ],
    ..Offer::of::<CloudFront>(
        "cloudfront",
        Protocol::RestXml {
            routes: ROUTES,
            namespace: "http://cloudfront.amazonaws.com/doc/2020-05-31/",
            errors: Errors::Wrapped,
        },
    )
};

const ROUTES: &[Route] = &[
    Route::new("POST", "/2020-05-31/distribution", "CreateDistribution"),
    // Refused by its name: its body is another one.
    Route::new(
        "POST",
        "/2020-05-31/distribution?WithTags",
        "CreateDistributionWithTags",
    ),
    Route::new("GET", "/2020-05-31/distribution", "ListDistributions"),
    Route::new("GET", "/2020-05-31/distribution/{Id}", "GetDistribution"),
    Route::new(
        "DELETE",
        "/2020-05-31/distribution/{Id}",
        "DeleteDistribution",
    )
    .headers(IF_MATCH),
    Route::new(
        "GET",
        "/2020-05-31/distribution/{Id}/config",
        "GetDistributionConfig",
    ),
    Route::new(
        "PUT",
        "/2020-05-31/distribution/{Id}/config",
        "UpdateDistribution",
    )
    .headers(IF_MATCH),
    Route::new(
        "POST",
        "/2020-05-31/distribution/{DistributionId}/invalidation",
        "CreateInvalidation",
    ),
    Route::new(
        "GET",
        "/2020-05-31/distribution/{DistributionId}/invalidation/{Id}",
        "GetInvalidation",
    ),
    Route::new(
        "POST",
        "/2020-05-31/origin-access-control",
        "CreateOriginAccessControl",
    ),
    Route::new(
        "GET",
        "/2020-05-31/origin-access-control",
        "ListOriginAccessControls",
    ),
    Route::new(
        "GET",
        "/2020-05-31/origin-access-control/{Id}",
        "GetOriginAccessControl",
    ),
    Route::new(
        "DELETE",
        "/2020-05-31/origin-access-control/{Id}",
        "DeleteOriginAccessControl",
    )
    .headers(IF_MATCH),
];

const IF_MATCH: &[(&str, &str)] = &[("if-match", "IfMatch")];
/// A page has so many rows where nothing is said.
const PAGE: usize = 100;

/// What an account has in `CloudFront`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct CloudFront {
    /// By id.
    pub distributions: BTreeMap<String, Distribution>,
    controls: BTreeMap<String, Control>,
}

impl Service for CloudFront {
    fn call(&mut self, call: &Call, cx: &mut Cx<'_>) -> Result<Reply, AwsError> {
        let params = call.params();
        let id = params.text("Id").unwrap_or("");
        let distribution = params.text("DistributionId").unwrap_or("");
        match call.action.as_str() {
            "CreateDistribution" => self.create(params, cx),
            "ListDistributions" => {
                let rows = page(
                    &self.distributions,
                    params,
                    "DistributionSummary",
                    |id, one| one.summary(id, cx),
                );
                Ok(json!({ "DistributionList": rows }).into())
            }
            "GetDistribution" => Ok(self.distribution(id)?.shown(id, cx)),
            "GetDistributionConfig" => Ok(self.distribution(id)?.shown_config()),
            "UpdateDistribution" => self.update(id, params, cx),
            "DeleteDistribution" => self.delete(id, params, cx),
            "CreateInvalidation" => {
                let one = self.distribution(distribution)?;
                one.invalidate(distribution, params, cx)
            }
            "GetInvalidation" => self.distribution(distribution)?.invalidation(id, cx.now),
            "CreateOriginAccessControl" => self.create_control(params, cx),
            "ListOriginAccessControls" => {
                let item = "OriginAccessControlSummary";
                let rows = page(&self.controls, params, item, |id, one| one.summary(id));
                Ok(json!({ "OriginAccessControlList": rows }).into())
            }
            "GetOriginAccessControl" => self.control(id).map(|one| one.shown(id)),
            "DeleteOriginAccessControl" => self.delete_control(id, params, cx),
            _ => Err(AwsError::unanswered(call)),
        }
    }
}

/// A part of the body that must be there.
fn body<'a>(params: Params<'a>, root: &str) -> Result<&'a Value, AwsError> {
    let found = params.0.get(root).filter(|value| value.is_object());
    found.ok_or_else(|| {
        AwsError::new(
            "MissingBody",
            format!("The request has no body with a {root}."),
        )
    })
}

/// A change is for the version that its caller saw.
fn matched(params: Params<'_>, etag: &str) -> Result<(), AwsError> {
    match params.text("IfMatch") {
        None => Err(AwsError::new(
            "InvalidIfMatchVersion",
            "The If-Match version is missing or not valid for the resource.",
        )),
        Some(given) if given == etag => Ok(()),
        Some(_) => Err(AwsError {
            status: 412,
            ..AwsError::new(
                "PreconditionFailed",
                "The request failed because it didn't meet the preconditions in one or more request-header fields.",
            )
        }),
    }
}

/// A page in the order of the ids, after the marker.
fn page<T>(
    all: &BTreeMap<String, T>,
    params: Params<'_>,
    item: &str,
    row: impl Fn(&str, &T) -> Value,
) -> Value {
    let marker = params.text("Marker").unwrap_or("");
    let most = params
        .number("MaxItems")
        .and_then(|most| usize::try_from(most).ok());
    let most = most.filter(|most| *most > 0).unwrap_or(PAGE);
    let mut rest = all.range::<str, _>((Bound::Excluded(marker), Bound::Unbounded));
    let found: Vec<(&String, &T)> = rest.by_ref().take(most).collect();
    let last = found.last().map(|(id, _)| *id);
    let next = rest.next().and(last);
    let rows: Vec<Value> = found.iter().map(|(id, one)| row(id, one)).collect();
    json!({
        "Marker": marker, "NextMarker": next, "MaxItems": most, "IsTruncated": next.is_some(),
        "Quantity": rows.len(), "Items": (!rows.is_empty()).then(|| json!({ item: rows })),
    })
}

fn conflict(code: &str, message: impl Into<String>) -> AwsError {
    AwsError {
        status: 409,
        ..AwsError::new(code, message)
    }
}

fn gone() -> Reply {
    Reply::of(Body::Bytes(Vec::new())).status(204)
}
