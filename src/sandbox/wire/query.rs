//! The AWS Query protocol, inwards: a form body becomes a tree (`A.member.1.B=x` -> `{A: [{B: x}]}`).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Reads a form body into a tree; every leaf is a text.
#[must_use]
pub fn tree(body: &str) -> Value {
    let mut root = Node::default();
    for pair in body.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode(name);
        let mut node = &mut root;
        for part in name.split('.').take(16) {
            node = node.below.entry(part.to_owned()).or_default();
        }
        node.leaf = Some(decode(value));
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
        let only_member = self.below.len() == 1 && self.below.contains_key("member");
        let mut below = self.below;
        if only_member && let Some(member) = below.remove("member") {
            let mut items: Vec<(u64, Node)> =
                member.below.into_iter().map(|(index, node)| (index.parse().unwrap_or(u64::MAX), node)).collect();
            items.sort_by_key(|(index, _)| *index);
            return Value::Array(items.into_iter().map(|(_, node)| node.into_value()).collect());
        }
        Value::Object(below.into_iter().map(|(name, node)| (name, node.into_value())).collect::<Map<_, _>>())
    }
}

/// Percent-decoding of a form: `+` is a space; what is no UTF-8 becomes the replacement character.
#[must_use]
pub fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let hex = (byte == b'%')
            .then(|| bytes.get(at + 1..at + 3))
            .flatten()
            .and_then(|pair| std::str::from_utf8(pair).ok())
            .and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match (byte, hex) {
            (_, Some(decoded)) => {
                out.push(decoded);
                at += 3;
            }
            (b'+', None) => {
                out.push(b' ');
                at += 1;
            }
            (other, None) => {
                out.push(other);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn forms_become_trees() {
        let body = "Action=CreateStack&StackName=a%2Bb+c&Parameters.member.2.ParameterKey=B&Parameters.member.1.ParameterKey=A\
                    &Parameters.member.10.ParameterKey=J&Capabilities.member.1=CAPABILITY_IAM&Tags=";
        assert_eq!(
            tree(body),
            json!({
                "Action": "CreateStack", "StackName": "a+b c", "Tags": "",
                "Parameters": [{"ParameterKey": "A"}, {"ParameterKey": "B"}, {"ParameterKey": "J"}],
                "Capabilities": ["CAPABILITY_IAM"],
            })
        );
    }

    #[test]
    fn broken_escapes_stay_as_they_are() {
        assert_eq!(decode("100%&%zz%4"), "100%&%zz%4");
        assert_eq!(decode("%ff"), "\u{fffd}");
    }
}
