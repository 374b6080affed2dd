//! A tree against the JSON Schema of a type: finds every key that is unknown and every value of the
//! wrong kind, with its place, and gives the typed value when there is none. The schema that is
//! printed is thereby the schema that is enforced.

mod scalar;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::text::diagnostic::{At, Diagnostics, closest};
use crate::text::document::{Content, Node, Source};
use crate::text::quote;
use scalar::words;

/// A key that later versions will know.
#[derive(Debug, Clone)]
pub(super) struct Unbuilt {
    /// Where: a path, `*` for any name.
    pub(super) at: String,
    /// The key.
    pub(super) key: &'static str,
    /// What it is, as the start of a sentence ("staged deployments are").
    pub(super) what: &'static str,
}

/// The typed value of a tree, or everything that is wrong with its shape.
pub(super) fn read<T: JsonSchema + DeserializeOwned>(
    source: &Source,
    root: &Node,
) -> Result<T, Diagnostics> {
    match read_rest(source, root, &schemars::schema_for!(T).to_value(), &[]) {
        (Some(read), found) if found.is_empty() => Ok(read),
        (_, found) => Err(found),
    }
}

/// What is right of a tree, and everything that is wrong with its shape. What is wrong is left out
/// with the entry of a section in which it stands; nothing is left where a section is missing then.
/// `schema` is the schema of `T`, which may say more than the type.
pub(super) fn read_rest<T: DeserializeOwned>(
    source: &Source,
    root: &Node,
    schema: &Value,
    unbuilt: &[Unbuilt],
) -> (Option<T>, Diagnostics) {
    let mut shape = Shape {
        schema,
        source,
        unbuilt,
        found: Diagnostics::default(),
        open: 0,
    };
    let value = shape.walk(schema, root, &mut Vec::new());
    let read = match serde_json::from_value(value) {
        Ok(read) => Some(read),
        Err(error) => {
            if shape.found.is_empty() {
                shape.say(
                    "shape",
                    root.at,
                    format!("{} cannot be read: {error}", source.name),
                    "",
                );
            }
            None
        }
    };
    shape.found.settle();
    (read, shape.found)
}

struct Shape<'a> {
    schema: &'a Value,
    source: &'a Source,
    unbuilt: &'a [Unbuilt],
    found: Diagnostics,
    /// How much of it nothing was left out for yet.
    open: usize,
}

/// How deep entries stand that are left out when something in them is wrong: sections of a file,
/// and what stands in these by name.
const LEFT_OUT: usize = 2;

impl Shape<'_> {
    fn walk(&mut self, schema: &Value, node: &Node, path: &mut Vec<String>) -> Value {
        if node.is_null() && self.is_taken_away(schema) {
            return Value::Null;
        }
        let schema = self.plain(schema);
        if let Some(tag) = &node.tag {
            self.say(
                "tag",
                node.at,
                format!(
                    "{} has the tag !{tag}, which means nothing here",
                    name(path)
                ),
                "take the tag out",
            );
            return Value::Null;
        }
        if let Some(words) = words(&schema) {
            return self.word(&words, node, path);
        }
        if node.is_null() {
            self.say(
                "nothing",
                node.at,
                format!("{} is empty", name(path)),
                "give a value, or take the line out",
            );
            return Value::Null;
        }
        let kind = match schema.get("type") {
            Some(Value::Array(kinds)) => kinds
                .iter()
                .filter_map(Value::as_str)
                .find(|kind| *kind != "null"),
            Some(kind) => kind.as_str(),
            None => None,
        };
        match (kind, &node.content) {
            (Some("object"), Content::Map(_)) => self.map(&schema, node, path),
            (Some("array"), Content::List(items)) => {
                let empty = Value::Bool(true);
                let of = schema.get("items").unwrap_or(&empty).clone();
                let mut out = Vec::with_capacity(items.len());
                for (n, item) in items.iter().enumerate() {
                    path.push(format!("[{n}]"));
                    out.push(self.walk(&of, item, path));
                    path.pop();
                }
                if items.is_empty() && schema.get("minItems").is_some() {
                    self.say(
                        "nothing",
                        node.at,
                        format!("{} is an empty list", name(path)),
                        "give at least one",
                    );
                }
                Value::Array(out)
            }
            (Some(kind @ ("string" | "integer" | "boolean")), Content::Scalar { text, plain }) => {
                self.scalar(kind, &schema, text, *plain, node.at, path)
            }
            (kind, _) => {
                let wanted = match kind {
                    Some("object") => "a mapping",
                    Some("array") => "a list",
                    Some("integer") => "a number",
                    Some("boolean") => "true or false",
                    _ => "a single value",
                };
                let hint = match (kind, &node.content) {
                    (Some("array"), Content::Scalar { text, .. }) => {
                        let command = schema.get("x-words").is_some();
                        format!("write {}", quote::list(text, command))
                    }
                    // Where a list is one text.
                    (Some("string"), Content::List(items)) if schema.get("x-list").is_some() => {
                        let items: Vec<&str> = items.iter().filter_map(Node::text).collect();
                        format!("write it as one text: {:?}", items.join(","))
                    }
                    _ => String::new(),
                };
                self.say(
                    "kind",
                    node.at,
                    format!("{} must be {wanted}, not {}", name(path), node.word()),
                    hint,
                );
                Value::Null
            }
        }
    }

    /// Whether nothing (null) has a meaning here: it takes away what stands elsewhere.
    fn is_taken_away(&self, schema: &Value) -> bool {
        let target = schema.get("$ref").and_then(Value::as_str);
        let target = target.and_then(|target| self.schema.pointer(target.trim_start_matches('#')));
        target.unwrap_or(schema).get("x-null").is_some()
    }

    /// Follows a reference, and takes what an optional value may be when it is there.
    fn plain(&self, schema: &Value) -> Value {
        let mut schema = schema.clone();
        for _ in 0..8 {
            if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
                schema = self
                    .schema
                    .pointer(target.trim_start_matches('#'))
                    .cloned()
                    .unwrap_or(Value::Bool(true));
            } else if let Some(some) =
                schema
                    .get("anyOf")
                    .and_then(Value::as_array)
                    .and_then(|all| {
                        let mut rest = all
                            .iter()
                            .filter(|one| one.get("type").and_then(Value::as_str) != Some("null"));
                        rest.next().filter(|_| rest.next().is_none())
                    })
            {
                schema = some.clone();
            } else {
                break;
            }
        }
        schema
    }

    fn map(&mut self, schema: &Value, node: &Node, path: &mut Vec<String>) -> Value {
        let nothing = Map::new();
        let properties = schema
            .get("properties")
            .and_then(Value::as_object)
            .unwrap_or(&nothing);
        let others = schema.get("additionalProperties");
        let mut out = Map::new();
        for (key, value) in node.entries() {
            path.push(key.name.clone());
            let of = properties
                .get(&key.name)
                .or(others.filter(|others| others.is_object()));
            match of {
                Some(of) => {
                    let before = self.open;
                    let read = self.walk(of, value, path);
                    if self.open > before && path.len() <= LEFT_OUT {
                        self.open = before;
                    } else {
                        out.insert(key.name.clone(), read);
                    }
                }
                None => self.unknown(key.at, &path[..path.len() - 1], &key.name, properties),
            }
            path.pop();
        }
        for missing in schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            if node.get(missing).is_none() {
                self.say(
                    "missing",
                    node.at,
                    format!("{} lacks {missing:?}", name(path)),
                    describe(properties.get(missing)),
                );
            }
        }
        Value::Object(out)
    }

    fn unknown(&mut self, at: At, path: &[String], key: &str, properties: &Map<String, Value>) {
        if self.not_built(at, path, key) {
            return;
        }
        let hint = match closest(key, properties.keys().map(String::as_str)) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!(
                "it may have: {}",
                properties.keys().cloned().collect::<Vec<_>>().join(", ")
            ),
        };
        self.say(
            "unknown-key",
            at,
            format!("{} has no setting {key:?}", name(path)),
            hint,
        );
    }

    /// Whether a key is one that later versions will know; says so.
    fn not_built(&mut self, at: At, path: &[String], key: &str) -> bool {
        let matches = |pattern: &str| {
            let parts: Vec<&str> = pattern.split('.').filter(|part| !part.is_empty()).collect();
            parts.len() == path.len()
                && parts
                    .iter()
                    .zip(path)
                    .all(|(want, have)| *want == "*" || want == have)
        };
        let Some(Unbuilt { what, .. }) = self
            .unbuilt
            .iter()
            .find(|one| one.key == key && matches(&one.at))
        else {
            return false;
        };
        self.say(
            "not-built",
            at,
            format!("{key:?}: {what} not built yet in this version"),
            "take it out for now",
        );
        true
    }

    fn say(&mut self, code: &'static str, at: At, says: impl AsRef<str>, hint: impl AsRef<str>) {
        self.open += 1;
        self.found
            .0
            .push(self.source.diagnostic(code, at, says, hint));
    }
}

/// The path as people read it.
pub(super) fn name(path: &[String]) -> String {
    if path.is_empty() {
        return "the file".to_owned();
    }
    path.join(".").replace(".[", "[")
}

fn describe(schema: Option<&Value>) -> String {
    schema
        .and_then(|one| one.get("description"))
        .and_then(Value::as_str)
        .unwrap_or_default()
        .replace('\n', " ")
}
