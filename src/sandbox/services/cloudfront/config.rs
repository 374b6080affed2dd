//! The configuration of a distribution, as it came: what is asked of it here, and what is wrong
//! with one. It is kept and given back whole, with parts of which this knows nothing.

use serde_json::{Map, Value, json};

use crate::sandbox::call::{AwsError, Params};

/// A configuration.
#[derive(Debug, Clone, Copy)]
pub(super) struct Config<'a>(pub(super) &'a Value);

impl<'a> Config<'a> {
    /// What makes it the same request again.
    pub(super) fn reference(self) -> Result<&'a str, AwsError> {
        Params(self.0)
            .text("CallerReference")
            .ok_or_else(|| invalid("The parameter CallerReference is required."))
    }

    pub(super) fn is_enabled(self) -> bool {
        Params(self.0).flag("Enabled")
    }

    /// The names of its visitors' side, beside its own.
    pub(super) fn aliases(self) -> Vec<&'a str> {
        self.items("Aliases")
            .map_or_else(Vec::new, |items| items.texts("CNAME"))
    }

    /// The certificate of ACM that it shows.
    pub(super) fn certificate(self) -> Option<&'a str> {
        let arn = self.0.pointer("/ViewerCertificate/ACMCertificateArn");
        arn.and_then(Value::as_str)
    }

    /// The origin access controls that its origins are read by.
    pub(super) fn controls(self) -> impl Iterator<Item = &'a str> {
        let origins = self.origins().iter();
        origins.filter_map(|origin| Params(origin).text("OriginAccessControlId"))
    }

    fn origins(self) -> &'a [Value] {
        self.items("Origins")
            .map_or(&[], |items| items.list("Origin"))
    }

    fn items(self, list: &str) -> Option<Params<'a>> {
        self.0.get(list)?.get("Items").map(Params)
    }

    /// Refuses what is wrong whatever else there is.
    pub(super) fn checked(self) -> Result<(), AwsError> {
        self.reference()?;
        counted(self.0)?;
        let origins = self.origins();
        if origins.is_empty() {
            return Err(invalid("The parameter Origins is required."));
        }
        let target = self.0.pointer("/DefaultCacheBehavior/TargetOriginId");
        if !origins.iter().any(|origin| origin.get("Id") == target) {
            return Err(AwsError::missing(
                "NoSuchOrigin",
                "One or more of your origins or origin groups do not exist.",
            ));
        }
        Ok(())
    }

    /// The parts that every row of a list has, with what holds where nothing is said.
    pub(super) fn summary(self) -> Map<String, Value> {
        let none = json!({ "Quantity": 0 });
        let mut parts = json!({
            "Aliases": none, "Origins": none, "DefaultCacheBehavior": null, "CacheBehaviors": none,
            "CustomErrorResponses": none, "Comment": "", "PriceClass": "PriceClass_All",
            "Enabled": false, "ViewerCertificate": { "CloudFrontDefaultCertificate": true },
            "Restrictions": { "GeoRestriction": { "RestrictionType": "none", "Quantity": 0 } },
            "WebACLId": "", "HttpVersion": "http2", "IsIPV6Enabled": false, "Staging": false,
        });
        let Value::Object(parts) = &mut parts else {
            return Map::new();
        };
        for (name, part) in parts.iter_mut() {
            if let Some(given) = self.0.get(name) {
                part.clone_from(given);
            }
        }
        std::mem::take(parts)
    }
}

pub(super) fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidArgument", message)
}

/// Every list says how many items it has, wherever it stands.
pub(super) fn counted(tree: &Value) -> Result<(), AwsError> {
    let Value::Object(fields) = tree else {
        let mut items = tree.as_array().into_iter().flatten();
        return items.try_for_each(counted);
    };
    if fields.contains_key("Quantity") {
        let items = fields.get("Items").and_then(Value::as_object);
        let items = items.into_iter().flat_map(Map::values);
        let count: usize = items
            .map(|items| items.as_array().map_or(1, Vec::len))
            .sum();
        if Params(tree).number("Quantity").map(usize::try_from) != Some(Ok(count)) {
            return Err(AwsError::new(
                "InconsistentQuantities",
                "The value of Quantity and the size of Items don't match.",
            ));
        }
    }
    fields.values().try_for_each(counted)
}
