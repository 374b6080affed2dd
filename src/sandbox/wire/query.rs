//! The AWS Query protocol, inwards: a form becomes a tree (`A.member.1.B=x` -> `{A: [{B: x}]}`).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Deeper than this no name goes.
const DEEPEST: usize = 16;

/// Reads a form into a tree; every leaf is a text. Numbered fields are a list, whether or not it
/// stands in a `member`.
#[must_use]
pub fn tree(form: &[u8]) -> Value {
    let mut root = Node::default();
    for (name, value) in form_urlencoded::parse(form) {
        let mut node = &mut root;
        for part in name.split('.').take(DEEPEST) {
            node = node.below.entry(part.to_owned()).or_default();
        }
        node.leaf = Some(value.into_owned());
    }
    root.into_value()
}

#[derive(Default)]
struct Node {
    leaf: Option<String>,
    below: BTreeMap<String, Node>,
}

impl Node {
    fn into_value(self) -> Value {
        if self.below.is_empty() {
            return self.leaf.map_or(Value::Null, Value::String);
        }
        let numbers: Option<Vec<u64>> = self.below.keys().map(|name| name.parse().ok()).collect();
        if let Some(numbers) = numbers {
            let mut items: Vec<(u64, Node)> =
                numbers.into_iter().zip(self.below.into_values()).collect();
            items.sort_by_key(|(number, _)| *number);
            return Value::Array(
                items
                    .into_iter()
                    .map(|(_, node)| node.into_value())
                    .collect(),
            );
        }
        let mut fields: Map<String, Value> = self
            .below
            .into_iter()
            .map(|(name, node)| (name, node.into_value()))
            .collect();
        let is_list = fields.len() == 1 && fields.get("member").is_some_and(Value::is_array);
        if is_list {
            fields.remove("member").unwrap_or_default()
        } else {
            Value::Object(fields)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn forms_become_trees() {
        let form = "Action=CreateStack&StackName=a%2Bb+c&Parameters.member.2.ParameterKey=B&Parameters.member.1.ParameterKey=A\
                    &Parameters.member.10.ParameterKey=J&Capabilities.member.1=CAPABILITY_IAM&Tags=&Tag.1.Key=x&Attributes.entry.1.key=y";
        assert_eq!(
            tree(form.as_bytes()),
            json!({
                "Action": "CreateStack", "StackName": "a+b c", "Tags": "",
                "Parameters": [{"ParameterKey": "A"}, {"ParameterKey": "B"}, {"ParameterKey": "J"}],
                "Capabilities": ["CAPABILITY_IAM"], "Tag": [{"Key": "x"}], "Attributes": {"entry": [{"key": "y"}]},
            })
        );
    }

    #[test]
    fn broken_escapes_stay_as_they_are() {
        assert_eq!(
            tree(b"A=100%&B=%zz%4&C=%ff"),
            json!({"A": "100%", "B": "%zz%4", "C": "\u{fffd}"})
        );
    }
}
