//! Systems Manager: the Parameter Store, as far as it keeps values by their names. What is secret
//! is kept as it is; it is given as it is only to who asks for it decrypted.

mod asked;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use self::asked::{Below, How, invalid, name, names, need, page};
use crate::domain::time::Time;
use crate::sandbox::call::{Answer, AwsError, Call, Params};
use crate::sandbox::protocol::Protocol;
use crate::sandbox::realm::{Cx, Site};
use crate::sandbox::service::{Offer, Reply, Service};
use crate::sandbox::values::seconds;

/// Systems Manager.
pub const OFFER: Offer = Offer {
    subjects: &["Name", "Path"],
    ..Offer::of::<Ssm>(
        "ssm",
        Protocol::Json {
            version: "1.1",
            target: "AmazonSSM",
        },
    )
};

const SECRET: &str = "SecureString";
const KINDS: [&str; 3] = ["String", "StringList", SECRET];
/// The longest value, in bytes.
const LONGEST: usize = 4_096;

/// The parameters of a realm.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Ssm {
    /// By name.
    pub parameters: BTreeMap<String, Parameter>,
}

/// A parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    pub(super) value: String,
    kind: String,
    version: i64,
    changed: Time,
    by: String,
    description: Option<String>,
}

impl Service for Ssm {
    fn call(&mut self, call: &Call, cx: &mut Cx<'_>) -> Result<Reply, AwsError> {
        let params = call.params();
        let answer = match call.action.as_str() {
            "PutParameter" => self.put(params, cx),
            "GetParameter" => self.get(params, &cx.place),
            "GetParameters" => self.many(params, &cx.place),
            "GetParametersByPath" => self.by_path(params, &cx.place),
            "DescribeParameters" => self.describe(params, &cx.place),
            "DeleteParameter" => self.delete(params, cx),
            "DeleteParameters" => self.delete_many(params, cx),
            _ => Err(AwsError::unanswered(call)),
        };
        answer.map(Reply::from)
    }
}

impl Ssm {
    fn put(&mut self, params: Params<'_>, cx: &mut Cx<'_>) -> Answer {
        let name = name(params)?;
        let value = need(params, "Value")?;
        let known = self.parameters.get(name);
        let kind = params
            .text("Type")
            .or(known.map(|known| known.kind.as_str()));
        let kind = kind
            .ok_or_else(|| invalid("A parameter type is required when you create a parameter."))?;
        if !KINDS.contains(&kind) {
            return Err(AwsError::new(
                "UnsupportedParameterType",
                format!("{kind} is not a type of parameters"),
            ));
        }
        if value.len() > LONGEST {
            return Err(invalid(
                "Standard tier parameters support a maximum parameter value of 4096 characters.",
            ));
        }
        if known.is_some() && !params.flag("Overwrite") {
            return Err(AwsError::new(
                "ParameterAlreadyExists",
                "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
            ));
        }
        let parameter = Parameter {
            value: value.to_owned(),
            kind: kind.to_owned(),
            version: known.map_or(1, |known| known.version + 1),
            changed: cx.now,
            by: cx.caller.who.arn.clone(),
            description: params.text("Description").map(str::to_owned),
        };
        let version = parameter.version;
        cx.effect = Some(format!("parameter {name}"));
        self.parameters.insert(name.to_owned(), parameter);
        Ok(json!({ "Version": version, "Tier": "Standard" }))
    }

    fn get(&self, params: Params<'_>, place: &Site) -> Answer {
        let name = need(params, "Name")?;
        let found = self.parameters.get(name).ok_or_else(not_found)?;
        let shown = found.shown(name, params.flag("WithDecryption"), place);
        Ok(json!({ "Parameter": shown }))
    }

    fn many(&self, params: Params<'_>, place: &Site) -> Answer {
        let open = params.flag("WithDecryption");
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for name in names(params)? {
            match self.parameters.get(name) {
                Some(one) => found.push(one.shown(name, open, place)),
                None => missing.push(name),
            }
        }
        Ok(json!({ "Parameters": found, "InvalidParameters": missing }))
    }

    fn by_path(&self, params: Params<'_>, place: &Site) -> Answer {
        let below = [Below {
            path: need(params, "Path")?,
            how: if params.flag("Recursive") {
                How::All
            } else {
                How::Right
            },
        }];
        let open = params.flag("WithDecryption");
        let rows = self.below(&below);
        let rows = rows.map(|(name, one)| one.shown(name, open, place));
        page(params, rows.collect(), 10)
    }

    fn describe(&self, params: Params<'_>, place: &Site) -> Answer {
        let below = Below::filters(params)?;
        let rows = self
            .below(&below)
            .map(|(name, one)| one.described(name, place));
        page(params, rows.collect(), 50)
    }

    /// Those that lie below one of these; all where none is given.
    fn below(&self, below: &[Below<'_>]) -> impl Iterator<Item = (&String, &Parameter)> {
        let all = self.parameters.iter();
        all.filter(move |(name, _)| below.is_empty() || below.iter().any(|below| below.has(name)))
    }

    fn delete(&mut self, params: Params<'_>, cx: &mut Cx<'_>) -> Answer {
        let name = need(params, "Name")?;
        self.parameters.remove(name).ok_or_else(not_found)?;
        cx.effect = Some(format!("parameter {name} deleted"));
        Ok(json!({}))
    }

    fn delete_many(&mut self, params: Params<'_>, cx: &mut Cx<'_>) -> Answer {
        let (mut gone, mut missing) = (Vec::new(), Vec::new());
        for name in names(params)? {
            match self.parameters.remove(name) {
                Some(_) => gone.push(name),
                None => missing.push(name),
            }
        }
        if !gone.is_empty() {
            cx.effect = Some(format!("parameters {} deleted", gone.join(", ")));
        }
        Ok(json!({ "DeletedParameters": gone, "InvalidParameters": missing }))
    }
}

impl Parameter {
    /// With its value; a secret one as it is kept at AWS, where it is not asked for decrypted.
    fn shown(&self, name: &str, open: bool, place: &Site) -> Value {
        let value = if self.kind == SECRET && !open {
            format!("AQICAHi{}", hex::encode(Sha256::digest(&self.value)))
        } else {
            self.value.clone()
        };
        json!({
            "Name": name, "Type": self.kind, "Value": value, "Version": self.version,
            "LastModifiedDate": seconds(self.changed), "ARN": arn(name, place),
            "DataType": "text",
        })
    }

    fn described(&self, name: &str, place: &Site) -> Value {
        let key = (self.kind == SECRET).then_some("alias/aws/ssm");
        json!({
            "Name": name, "Type": self.kind, "Version": self.version, "KeyId": key,
            "LastModifiedDate": seconds(self.changed), "LastModifiedUser": self.by,
            "Description": self.description, "ARN": arn(name, place), "Tier": "Standard",
            "DataType": "text", "Policies": [],
        })
    }
}

fn arn(name: &str, place: &Site) -> String {
    let (region, account) = (&place.region, &place.account);
    let name = name.trim_start_matches('/');
    format!("arn:aws:ssm:{region}:{account}:parameter/{name}")
}

fn not_found() -> AwsError {
    AwsError::new("ParameterNotFound", "")
}
