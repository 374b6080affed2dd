//! What is asked for: a name that a secret may have, the secret that is meant, a value, a page.

use serde_json::{Value, json};

use super::secret::{Content, Secret, Tag};
use crate::sandbox::call::{Answer, AwsError, Params};

/// The longest name.
const LONGEST_NAME: usize = 512;
/// The longest value, in bytes.
const LONGEST: usize = 65_536;
/// What stands between the name in an ARN and its end: a dash and six letters.
const SUFFIX: usize = 7;
/// A page has so many rows at most.
const PAGE: i64 = 100;

/// The name of a secret that is made.
pub(super) fn new_name(params: Params<'_>) -> Result<&str, AwsError> {
    let name = need(params, "Name")?;
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-/_+=.@!".contains(&b);
    if name.len() > LONGEST_NAME || !name.bytes().all(is_plain) {
        return Err(AwsError::new(
            "ValidationException",
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
        ));
    }
    Ok(name)
}

/// Whether an id means this secret: its name, its ARN, or its ARN without the letters at its end.
pub(super) fn named(id: &str, name: &str, arn: &str) -> bool {
    let short = arn.len().checked_sub(SUFFIX).and_then(|end| arn.get(..end));
    id == name || id == arn || Some(id) == short
}

/// The value that a call brings, if it brings one.
pub(super) fn content(params: Params<'_>) -> Result<Option<Content>, AwsError> {
    let content = match (params.text("SecretString"), params.text("SecretBinary")) {
        (None, None) => return Ok(None),
        (Some(text), None) => Content::Text(text.to_owned()),
        (None, Some(text)) => Content::Bytes(text.to_owned()),
        (Some(_), Some(_)) => {
            return Err(invalid(
                "You can't specify both a binary secret value and a string secret value in the same secret.",
            ));
        }
    };
    let (field, text) = content.field();
    if text.len() > LONGEST {
        return Err(AwsError::new(
            "ValidationException",
            format!(
                "1 validation error detected: Value at '{}' failed to satisfy constraint: Member must have length less than or equal to {LONGEST}",
                if field == "SecretString" {
                    "secretString"
                } else {
                    "secretBinary"
                }
            ),
        ));
    }
    Ok(Some(content))
}

/// The token by which a call that makes a version is the same call; it is the version's id. Every
/// SDK gives one.
pub(super) fn token(params: Params<'_>) -> Result<&str, AwsError> {
    let token = params.text("ClientRequestToken").ok_or_else(|| {
        refused("You must provide a ClientRequestToken value. We recommend a UUID-type value.")
    })?;
    if (32..=64).contains(&token.len()) {
        return Ok(token);
    }
    Err(invalid("ClientRequestToken must be 32-64 characters long."))
}

/// One filter of a list.
pub(super) struct Filter<'a> {
    key: Key,
    values: Vec<&'a str>,
}

/// Where a filter looks.
enum Key {
    Name,
    Description,
    /// The keys of tags.
    Tag,
    /// Their values.
    Value,
}

impl<'a> Filter<'a> {
    /// The filters by name, description and tags; no others are served.
    pub(super) fn read(params: Params<'a>) -> Result<Vec<Self>, AwsError> {
        let read = |filter: &'a Value| {
            let filter = Params(filter);
            let key = match filter.text("Key").unwrap_or_default() {
                "name" => Key::Name,
                "description" => Key::Description,
                "tag-key" => Key::Tag,
                "tag-value" => Key::Value,
                other => {
                    return Err(invalid(format!(
                        "the embedded cloud filters by name, description, tag-key and tag-value, and not by {other}"
                    )));
                }
            };
            let values = filter.texts("Values");
            Ok(Self { key, values })
        };
        params.list("Filters").iter().map(read).collect()
    }

    /// Whether one of its values is what the secret begins with there; `!` turns a value around.
    pub(super) fn passes(&self, name: &str, secret: &Secret) -> bool {
        let begins = |value: &str| match self.key {
            Key::Name => name.starts_with(value),
            Key::Description => {
                let words = secret.description.as_deref().unwrap_or_default();
                words.to_lowercase().starts_with(&value.to_lowercase())
            }
            Key::Tag => has(secret, |tag| tag.key.starts_with(value)),
            Key::Value => has(secret, |tag| tag.value.starts_with(value)),
        };
        let mut values = self.values.iter();
        values.any(|value| match value.strip_prefix('!') {
            Some(value) => !begins(value),
            None => begins(value),
        })
    }
}

fn has(secret: &Secret, is: impl Fn(&Tag) -> bool) -> bool {
    secret.tags.iter().any(is)
}

/// A page of rows.
pub(super) fn page(params: Params<'_>, rows: Vec<Value>) -> Answer {
    let size = params.number("MaxResults").unwrap_or(PAGE);
    if !(1..=PAGE).contains(&size) {
        return Err(AwsError::new(
            "ValidationException",
            format!(
                "1 validation error detected: Value '{size}' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to {PAGE}"
            ),
        ));
    }
    let size = usize::try_from(size).unwrap_or(1);
    let from: usize = match params.text("NextToken") {
        None => 0,
        Some(token) => token.parse().map_err(|_| {
            AwsError::new(
                "InvalidNextTokenException",
                "The NextToken value is invalid.",
            )
        })?,
    };
    let next = (from + size < rows.len()).then(|| (from + size).to_string());
    let rows: Vec<Value> = rows.into_iter().skip(from).take(size).collect();
    Ok(json!({ "SecretList": rows, "NextToken": next }))
}

/// A text that must be there.
pub(super) fn need<'a>(params: Params<'a>, name: &str) -> Result<&'a str, AwsError> {
    params
        .need(name)
        .map_err(|error| AwsError::new("ValidationException", error.message))
}

/// A parameter that is not taken as it is.
pub(super) fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidParameterException", message)
}

/// What the secret is not in a state for.
pub(super) fn refused(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidRequestException", message)
}
