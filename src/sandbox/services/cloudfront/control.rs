//! Origin access controls: by which right distributions read their origins.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::config::{Config, invalid};
use super::distribution::etag;
use super::{CloudFront, body, conflict, gone, matched};
use crate::sandbox::call::{AwsError, Params};
use crate::sandbox::realm::Cx;
use crate::sandbox::service::Reply;

/// What a configuration must say.
const NEEDED: [&str; 4] = [
    "Name",
    "SigningProtocol",
    "SigningBehavior",
    "OriginAccessControlOriginType",
];

/// An origin access control.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Control {
    config: Value,
    etag: String,
}

impl CloudFront {
    pub(super) fn create_control(
        &mut self,
        params: Params<'_>,
        cx: &mut Cx<'_>,
    ) -> Result<Reply, AwsError> {
        let config = body(params, "OriginAccessControlConfig")?;
        let missing = NEEDED
            .iter()
            .find(|name| Params(config).text(name).is_none());
        if let Some(name) = missing {
            return Err(invalid(format!("The parameter {name} is required.")));
        }
        if self
            .controls
            .values()
            .any(|one| one.config["Name"] == config["Name"])
        {
            return Err(conflict(
                "OriginAccessControlAlreadyExists",
                "An origin access control with the same name already exists.",
            ));
        }
        let id = format!("E{}", cx.dice.letters(13));
        let one = Control {
            config: config.clone(),
            etag: etag(cx),
        };
        let reply = one.shown(&id).status(201).header(
            "location",
            format!("https://cloudfront.amazonaws.com/2020-05-31/origin-access-control/{id}"),
        );
        cx.effect = Some(format!("origin access control {id}"));
        self.controls.insert(id, one);
        Ok(reply)
    }

    pub(super) fn delete_control(
        &mut self,
        id: &str,
        params: Params<'_>,
        cx: &mut Cx<'_>,
    ) -> Result<Reply, AwsError> {
        matched(params, &self.control(id)?.etag)?;
        let mut used = self
            .distributions
            .values()
            .flat_map(|one| Config(&one.config).controls());
        if used.any(|other| other == id) {
            return Err(conflict(
                "OriginAccessControlInUse",
                "Cannot delete the origin access control because it's in use by one or more distributions.",
            ));
        }
        self.controls.remove(id);
        cx.effect = Some(format!("origin access control {id} deleted"));
        Ok(gone())
    }

    pub(super) fn control(&self, id: &str) -> Result<&Control, AwsError> {
        self.controls.get(id).ok_or_else(|| {
            AwsError::missing(
                "NoSuchOriginAccessControl",
                "The specified origin access control does not exist.",
            )
        })
    }
}

impl Control {
    pub(super) fn shown(&self, id: &str) -> Reply {
        let tree = json!({ "Id": id, "OriginAccessControlConfig": self.config });
        Reply::from(json!({ "OriginAccessControl": tree })).header("etag", self.etag.clone())
    }

    pub(super) fn summary(&self, id: &str) -> Value {
        let part = |name: &str| Params(&self.config).text(name).unwrap_or("");
        let mut tree = json!({ "Id": id, "Description": part("Description") });
        for name in NEEDED {
            tree[name] = part(name).into();
        }
        tree
    }
}
