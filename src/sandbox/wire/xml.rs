//! XML, both ways: a tree becomes a document, a document becomes a tree. Attributes and namespaces
//! of what is read are left out.

use std::io;

use quick_xml::Writer;
use quick_xml::escape::{escape, unescape};
use quick_xml::events::{BytesText, Event};
use quick_xml::reader::Reader;
use serde_json::{Map, Value, json};

use crate::sandbox::call::AwsError;

/// Deeper than this no document of AWS goes.
const DEEPEST: usize = 64;

/// How a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lists {
    /// In an element of its name, each item in a `<member>`: the query protocol.
    Members,
    /// Each item in an element of its name: REST-XML, where the tree itself says what stands around
    /// a list.
    Flat,
}

/// A document of one element; `null` is left out.
#[must_use]
pub fn document(root: &str, namespace: &str, tree: &Value, lists: Lists) -> String {
    written(root, namespace, |to| content(to, tree, lists))
}

/// An answer of the query protocol. Its result comes first: clients take nothing else there.
#[must_use]
pub fn answer(action: &str, namespace: &str, result: &Value, request_id: &str) -> String {
    written(&format!("{action}Response"), namespace, |to| {
        element(to, &format!("{action}Result"), result, Lists::Members)?;
        element(
            to,
            "ResponseMetadata",
            &json!({ "RequestId": request_id }),
            Lists::Members,
        )
    })
}

fn written(root: &str, namespace: &str, inner: impl FnOnce(&mut To) -> io::Result<()>) -> String {
    let mut writer = Writer::new(Vec::with_capacity(512));
    let element = writer.create_element(root);
    let element = if namespace.is_empty() {
        element
    } else {
        element.with_attribute(("xmlns", namespace))
    };
    let written = element.write_inner_content(inner).map(|_| ());
    let text = String::from_utf8(writer.into_inner()).map_err(io::Error::other);
    written.and(text).unwrap_or_else(|error| {
        tracing::error!(%error, root, "an answer cannot be written as XML");
        String::new()
    })
}

type To = Writer<Vec<u8>>;

fn element(to: &mut To, name: &str, tree: &Value, lists: Lists) -> io::Result<()> {
    match (tree, lists) {
        (Value::Null, _) => Ok(()),
        (Value::Array(items), Lists::Flat) => items
            .iter()
            .try_for_each(|item| element(to, name, item, lists)),
        _ => to
            .create_element(name)
            .write_inner_content(|to| content(to, tree, lists))
            .map(|_| ()),
    }
}

fn content(to: &mut To, tree: &Value, lists: Lists) -> io::Result<()> {
    match tree {
        Value::Null => Ok(()),
        Value::Bool(flag) => text(to, if *flag { "true" } else { "false" }),
        Value::Number(number) => text(to, &number.to_string()),
        Value::String(value) => text(to, value),
        Value::Array(items) => items
            .iter()
            .try_for_each(|item| element(to, "member", item, lists)),
        Value::Object(fields) => fields
            .iter()
            .try_for_each(|(name, value)| element(to, name, value, lists)),
    }
}

/// Characters that XML 1.0 cannot carry at all are replaced, as AWS does; a carriage return is
/// written so that it is read as one.
fn text(to: &mut To, value: &str) -> io::Result<()> {
    let clean: String = value
        .chars()
        .map(|letter| if is_carried(letter) { letter } else { '?' })
        .collect();
    to.write_event(Event::Text(BytesText::from_escaped(
        escape(&clean).replace('\r', "&#13;"),
    )))
}

fn is_carried(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\r')
        || (!letter.is_control() && !matches!(letter, '\u{fffe}' | '\u{ffff}'))
}

/// Reads a document into a tree of its root: every leaf is a text, an element that comes again
/// makes a list.
pub fn read(body: &[u8]) -> Result<Value, AwsError> {
    let bad = |why: &dyn std::fmt::Display| {
        AwsError::new(
            "MalformedXML",
            format!("the body is no XML that can be read: {why}"),
        )
    };
    let text = std::str::from_utf8(body).map_err(|error| bad(&error))?;
    let mut reader = Reader::from_str(text);
    let mut open = vec![Open::default()];
    loop {
        let event = reader.read_event().map_err(|error| bad(&error))?;
        let Some(current) = open.last_mut() else {
            return Err(bad(&"an element ends that did not begin"));
        };
        match event {
            Event::Start(start) => {
                let name = start.local_name().as_ref().to_owned();
                open.push(Open {
                    name,
                    ..Open::default()
                });
                if open.len() > DEEPEST {
                    return Err(bad(&format!(
                        "its elements are nested more than {DEEPEST} deep"
                    )));
                }
            }
            Event::Empty(start) => {
                current.add(start.local_name().as_ref(), Value::String(String::new()));
            }
            Event::End(_) => {
                let done = open.pop().unwrap_or_default();
                let Some(parent) = open.last_mut() else {
                    return Err(bad(&"an element ends that did not begin"));
                };
                let name = done.name.clone();
                parent.add(&name, done.into_value());
            }
            Event::Text(text) => current.text.push_str(&text.xml10_content()),
            Event::CData(text) => current.text.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) => {
                match reference.resolve_char_ref().map_err(|error| bad(&error))? {
                    Some(letter) => current.text.push(letter),
                    None => current.text.push_str(
                        &unescape(&format!("&{};", &*reference)).map_err(|error| bad(&error))?,
                    ),
                }
            }
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) | Event::DocType(_) => {}
            Event::Eof if open.len() == 1 => {
                return Ok(open
                    .pop()
                    .map_or(Value::Null, |root| Value::Object(root.fields)));
            }
            Event::Eof => return Err(bad(&"an element has no end")),
        }
    }
}

/// An element whose end has not come.
#[derive(Debug, Default)]
struct Open {
    name: String,
    text: String,
    fields: Map<String, Value>,
}

impl Open {
    fn add(&mut self, name: &str, value: Value) {
        match self.fields.get_mut(name) {
            Some(Value::Array(items)) => items.push(value),
            Some(one) => *one = Value::Array(vec![one.take(), value]),
            None => {
                self.fields.insert(name.to_owned(), value);
            }
        }
    }

    fn into_value(self) -> Value {
        if self.fields.is_empty() {
            Value::String(self.text)
        } else {
            Value::Object(self.fields)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lists_stand_as_their_protocol_wants_them() {
        let tree = json!({"A": ["x<y", "z\u{1b}[31m"], "B": true, "C": null, "D": {"E": 1}});
        assert_eq!(
            document("R", "http://ns/", &tree, Lists::Members),
            "<R xmlns=\"http://ns/\"><A><member>x&lt;y</member><member>z?[31m</member></A><B>true</B><D><E>1</E></D></R>"
        );
        assert_eq!(
            document("R", "", &tree, Lists::Flat),
            "<R><A>x&lt;y</A><A>z?[31m</A><B>true</B><D><E>1</E></D></R>"
        );
    }

    #[test]
    fn the_result_of_a_query_comes_first() {
        assert_eq!(
            answer("Update", "ns", &json!({"Id": 1}), "r"),
            "<UpdateResponse xmlns=\"ns\"><UpdateResult><Id>1</Id></UpdateResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></UpdateResponse>"
        );
    }

    #[test]
    fn documents_become_trees() {
        let body = b"<?xml version=\"1.0\"?><n:R xmlns:n=\"u\"><Items><Id>1</Id><Id>2</Id></Items><!-- x --><E/><T>a &amp; b&#13;<![CDATA[<c>]]></T></n:R>";
        assert_eq!(
            read(body).unwrap(),
            json!({"R": {"Items": {"Id": ["1", "2"]}, "E": "", "T": "a & b\r<c>"}})
        );
        assert_eq!(read(b"").unwrap(), json!({}));
    }

    #[test]
    fn what_is_no_document_is_refused() {
        let deep = "<a>".repeat(DEEPEST + 1);
        for body in ["<a>", "<a></b>", "</a>", "<a>&nobody;</a>", "<a", &deep] {
            let error = read(body.as_bytes()).unwrap_err();
            assert!(
                error.code == "MalformedXML"
                    && error
                        .message
                        .starts_with("the body is no XML that can be read: "),
                "{body}: {error}"
            );
        }
    }

    proptest! {
        /// What is written is read as it was, but for characters that XML cannot carry.
        #[test]
        fn texts_come_back(text in any::<String>()) {
            let back = read(document("R", "", &json!({ "T": text }), Lists::Flat).as_bytes()).unwrap();
            let carried: String = text.chars().map(|letter| if is_carried(letter) { letter } else { '?' }).collect();
            prop_assert_eq!(back, json!({ "R": { "T": carried } }));
        }
    }
}
