//! One call as every service of the embedded cloud sees it: an action with a JSON tree of parameters, and an answer that is a
//! JSON tree or one of AWS's own errors. The wire forms (XML, JSON, event stream) stay in `wire`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Which service a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// CloudFormation (AWS Query, XML).
    CloudFormation,
    /// Security Token Service (AWS Query, XML).
    Sts,
    /// CloudWatch Logs (AWS JSON 1.1).
    Logs,
    /// Elastic Container Service (AWS JSON 1.1).
    Ecs,
    /// Objects in buckets, path style, only what templates need.
    S3,
    /// The embedded cloud's own levers: chaos, scripted failures, stories.
    Practice,
}

impl Service {
    /// The name in credential scopes and in the ledger.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CloudFormation => "cloudformation",
            Self::Sts => "sts",
            Self::Logs => "logs",
            Self::Ecs => "ecs",
            Self::S3 => "s3",
            Self::Practice => "practice",
        }
    }
}

/// One call, as it is journaled and replayed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// For whom.
    pub service: Service,
    /// The action's name, for example `CreateStack`.
    pub action: String,
    /// Its parameters as a tree.
    pub params: Value,
    /// The access key that the request was signed with; empty when it was not signed.
    pub access_key: String,
    /// The region in the signature's scope.
    pub region: String,
}

impl Call {
    /// The parameters with typed access.
    #[must_use]
    pub fn params(&self) -> Params<'_> {
        Params(&self.params)
    }
}

/// An error in AWS's own words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct AwsError {
    /// The error code, for example `ValidationError`.
    pub code: String,
    /// The message.
    pub message: String,
    /// The HTTP status.
    pub status: u16,
}

impl AwsError {
    /// An error of the caller (HTTP 400).
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), status: 400 }
    }

    /// CloudFormation's and STS's general refusal.
    pub fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationError", message)
    }
}

/// What a handler gives back.
pub type Answer = Result<Value, AwsError>;

/// Typed access to a tree of parameters. Query strings carry every value as text, JSON carries types: both are read.
#[derive(Debug, Clone, Copy)]
pub struct Params<'a>(pub &'a Value);

impl<'a> Params<'a> {
    /// A text that may be missing; an empty one counts as missing.
    #[must_use]
    pub fn text(self, name: &str) -> Option<&'a str> {
        self.0.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// A text that must be there.
    pub fn need(self, name: &str) -> Result<&'a str, AwsError> {
        self.text(name).ok_or_else(|| {
            AwsError::validation(format!(
                "1 validation error detected: Value null at '{}' failed to satisfy constraint: Member must not be null",
                lower_first(name)
            ))
        })
    }

    /// True when the flag is given and true.
    #[must_use]
    pub fn flag(self, name: &str) -> bool {
        match self.0.get(name) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => text == "true",
            _ => false,
        }
    }

    /// A whole number.
    #[must_use]
    pub fn number(self, name: &str) -> Option<i64> {
        self.0.get(name).and_then(number)
    }

    /// A list; empty when missing.
    #[must_use]
    pub fn list(self, name: &str) -> &'a [Value] {
        self.0.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// A list of texts.
    #[must_use]
    pub fn texts(self, name: &str) -> Vec<&'a str> {
        self.list(name).iter().filter_map(Value::as_str).collect()
    }

    /// True when the parameter was given at all.
    #[must_use]
    pub fn has(self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| !value.is_null())
    }
}

/// A number that came as a number or as text.
#[must_use]
pub fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
