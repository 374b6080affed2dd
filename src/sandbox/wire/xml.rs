//! The AWS Query protocol, outwards: a tree becomes XML. A list is written as `<member>` elements, `null` is left out.

use std::fmt::Write as _;

use serde_json::Value;

use crate::sandbox::call::AwsError;

/// The answer of a call.
#[must_use]
pub fn answer(action: &str, namespace: &str, result: &Value, request_id: &str) -> String {
    let mut out = String::with_capacity(512);
    let _ = write!(out, "<{action}Response xmlns=\"{namespace}\">");
    element(&mut out, &format!("{action}Result"), result);
    let _ = write!(out, "<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{action}Response>");
    out
}

/// The error form.
#[must_use]
pub fn error(namespace: &str, error: &AwsError, request_id: &str) -> String {
    let mut out = String::with_capacity(256);
    let kind = if error.status >= 500 { "Receiver" } else { "Sender" };
    let _ = write!(out, "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{kind}</Type><Code>");
    escape(&mut out, &error.code);
    out.push_str("</Code><Message>");
    escape(&mut out, &error.message);
    let _ = write!(out, "</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>");
    out
}

/// A document of one element.
#[must_use]
pub fn plain(name: &str, value: &Value) -> String {
    let mut out = String::with_capacity(128);
    element(&mut out, name, value);
    out
}

fn element(out: &mut String, name: &str, value: &Value) {
    if value.is_null() {
        return;
    }
    let _ = write!(out, "<{name}>");
    match value {
        Value::Null => {}
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => {
            let _ = write!(out, "{number}");
        }
        Value::String(text) => escape(out, text),
        Value::Array(items) => {
            for item in items {
                element(out, "member", item);
            }
        }
        Value::Object(fields) => {
            for (field, value) in fields {
                element(out, field, value);
            }
        }
    }
    let _ = write!(out, "</{name}>");
}

/// Characters that XML 1.0 cannot carry at all are replaced, as AWS does.
fn escape(out: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#xD;"),
            '\t' | '\n' => out.push(letter),
            control if control.is_control() => out.push('?'),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_members_and_escapes() {
        let tree = json!({"A": ["x<y", "z\u{1b}[31m"], "B": true, "C": null, "D": {"E": 1}});
        assert_eq!(
            answer("Do", "ns", &tree, "r"),
            "<DoResponse xmlns=\"ns\"><DoResult><A><member>x&lt;y</member><member>z?[31m</member></A><B>true</B><D><E>1</E></D>\
             </DoResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></DoResponse>"
        );
    }
}
