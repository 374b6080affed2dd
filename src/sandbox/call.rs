//! One call as every service of the embedded cloud sees it: an action with a JSON tree of
//! parameters, whatever the wire form that it came in. The wire forms (XML, JSON, event stream)
//! stay in `wire`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::values::number;

/// One call, as it is journaled and replayed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The name of the service that it is for.
    pub service: String,
    /// The action's name, for example `CreateStack`; where no route of the service fits, the method
    /// and the path.
    pub action: String,
    /// Its parameters as a tree.
    pub params: Value,
    /// What it carries beside its parameters: the bytes of an object.
    #[serde(default, skip_serializing_if = "Blob::is_empty")]
    pub body: Blob,
    /// The access key that the request was signed with; empty when it was not signed.
    pub access_key: String,
    /// The region in the signature's scope.
    pub region: String,
}

impl Call {
    /// A call that nobody signed.
    #[must_use]
    pub fn new(service: &str, action: &str, params: Value) -> Self {
        Self {
            service: service.to_owned(),
            action: action.to_owned(),
            params,
            body: Blob::default(),
            access_key: String::new(),
            region: String::new(),
        }
    }

    /// The same call, signed with this key for this region.
    #[must_use]
    pub fn by(self, access_key: &str, region: &str) -> Self {
        Self {
            access_key: access_key.to_owned(),
            region: region.to_owned(),
            ..self
        }
    }

    /// The parameters with typed access.
    #[must_use]
    pub fn params(&self) -> Params<'_> {
        Params(&self.params)
    }
}

/// Bytes as they came. They are stored as text where they are text, else as hexadecimal digits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredBlob", into = "StoredBlob")]
pub struct Blob(pub Vec<u8>);

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum StoredBlob {
    Text(String),
    Bytes {
        #[serde(with = "hex")]
        hex: Vec<u8>,
    },
}

impl From<StoredBlob> for Blob {
    fn from(stored: StoredBlob) -> Self {
        match stored {
            StoredBlob::Text(text) => Self(text.into_bytes()),
            StoredBlob::Bytes { hex } => Self(hex),
        }
    }
}

impl From<Blob> for StoredBlob {
    fn from(blob: Blob) -> Self {
        String::from_utf8(blob.0).map_or_else(
            |error| Self::Bytes {
                hex: error.into_bytes(),
            },
            Self::Text,
        )
    }
}

impl Blob {
    /// True when there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text, where it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
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
        Self {
            code: code.to_owned(),
            message: message.into(),
            status: 400,
        }
    }

    /// CloudFormation's and STS's general refusal.
    pub fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationError", message)
    }

    /// What is asked for is not there (HTTP 404).
    pub fn missing(code: &str, message: impl Into<String>) -> Self {
        Self {
            status: 404,
            ..Self::new(code, message)
        }
    }

    /// The service is there, this call of it is not.
    #[must_use]
    pub fn unanswered(call: &Call) -> Self {
        Self::new(
            "UnknownOperationException",
            format!(
                "the embedded cloud does not answer {} of {}",
                call.action, call.service
            ),
        )
    }
}

/// What a handler gives back: a tree, or an error.
pub type Answer = Result<Value, AwsError>;

/// Typed access to a tree of parameters. Query strings and XML carry every value as text, JSON
/// carries types: both are read.
#[derive(Debug, Clone, Copy)]
pub struct Params<'a>(pub &'a Value);

impl<'a> Params<'a> {
    /// A text that may be missing; an empty one counts as missing.
    #[must_use]
    pub fn text(self, name: &str) -> Option<&'a str> {
        self.0
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    }

    /// The first of these texts that is given; `/A/B` is `B` of the field `A`.
    #[must_use]
    pub fn first(self, names: &[&str]) -> Option<&'a str> {
        names.iter().find_map(|name| {
            let (above, name) = name.rsplit_once('/').unwrap_or(("", name));
            Params(self.0.pointer(above)?).text(name)
        })
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

    /// A list; empty when missing. In XML a list of one element looks like that element alone.
    #[must_use]
    pub fn list(self, name: &str) -> &'a [Value] {
        match self.0.get(name) {
            Some(Value::Array(items)) => items,
            Some(one @ Value::Object(_)) => std::slice::from_ref(one),
            Some(one @ Value::String(text)) if !text.is_empty() => std::slice::from_ref(one),
            _ => &[],
        }
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

fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bytes_come_back_as_they_were() {
        for (bytes, stored) in [
            (&b"a: 1\n"[..], json!("a: 1\n")),
            (&[0xff, 0x00], json!({ "hex": "ff00" })),
            (&[], json!("")),
        ] {
            let blob = Blob(bytes.to_vec());
            let value = serde_json::to_value(&blob).unwrap();
            assert_eq!(
                (
                    &value,
                    serde_json::from_value::<Blob>(value.clone()).unwrap()
                ),
                (&stored, blob)
            );
        }
    }

    #[test]
    fn the_first_text_that_is_given_is_taken() {
        let tree = json!({ "Id": "", "Name": "n", "Config": { "Token": "t" } });
        for (names, found) in [
            (&["Id", "Name"][..], Some("n")),
            (&["/Config/Token", "Name"], Some("t")),
            (&["/Config/Name", "/None/Name", "/Name"], Some("n")),
            (&["Token"], None),
        ] {
            assert_eq!(Params(&tree).first(names), found, "{names:?}");
        }
    }

    #[test]
    fn a_list_of_one_element_is_a_list() {
        let tree = json!({ "Many": ["a", "b"], "One": "a", "Row": { "Id": "1" }, "None": "" });
        let params = Params(&tree);
        assert_eq!(
            (
                params.texts("Many"),
                params.texts("One"),
                params.list("Row").len()
            ),
            (vec!["a", "b"], vec!["a"], 1)
        );
        assert!(params.list("None").is_empty() && params.list("Missing").is_empty());
    }
}
