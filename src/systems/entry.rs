//! The entry of an application in the estate file, as its system sees it: the form it has, and what
//! is said about places in it. No file is opened and no line is counted here; whoever reads the
//! estate file knows where a place stands.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::domain::environment::EnvironmentRecord;

/// The form of a system's entries.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// Its JSON Schema, with everything that it refers to put into the generator.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
    /// Keys that a later version will know, and what they are ("o5 application files are").
    pub unbuilt: &'static [(&'static str, &'static str)],
    /// The smallest entry, as people write it after the system's name.
    pub example: &'static str,
    /// The kind of place where its stacks are: their environments must have one.
    pub place: Option<&'static str>,
}

impl Form {
    /// The schema of a type.
    pub fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
}

/// An entry as it is written, its shape checked by its schema.
#[derive(Debug, Clone, Copy)]
pub struct Written<'a> {
    /// The application's name.
    pub app: &'a str,
    /// The names of the environments where it lives, as written.
    pub environments: &'a [String],
    /// The entry.
    pub entry: &'a Value,
}

impl Written<'_> {
    /// The entry as its type.
    ///
    /// # Errors
    /// A sentence, where the entry has another shape than the type: its schema and its type differ.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, String> {
        read(self.entry).map_err(|why| format!("the entry of {} cannot be read: {why}", self.app))
    }
}

/// An entry as its type.
///
/// # Errors
/// Where it has another shape.
pub fn read<T: DeserializeOwned>(entry: &Value) -> Result<T, serde_json::Error> {
    T::deserialize(entry)
}

/// Something about one place in an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// A stable short code, for scripts.
    pub code: &'static str,
    /// The keys (and places in lists, from 0) that lead to it from the entry.
    pub path: Vec<String>,
    /// True where the last part's key is meant, not its value.
    pub key: bool,
    /// What is wrong, on what, and why.
    pub says: String,
    /// What to do; may be empty.
    pub hint: String,
}

/// The code of a secret in clear text.
pub const SECRET: &str = "secret";
/// The code of what may be one: it is hidden wherever the file is quoted, and judged by whoever
/// reads the files of the entry.
pub const PERHAPS_SECRET: &str = "perhaps-secret";

/// Everything that is said about an entry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Remarks(pub Vec<Remark>);

impl Remarks {
    /// Says something about the value at a path; the last part that exists gives the place.
    pub fn say(
        &mut self,
        code: &'static str,
        path: &[&str],
        says: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.push(code, path, false, says.into(), hint.into());
    }

    /// Says something about the last key of a path.
    pub fn say_key(
        &mut self,
        code: &'static str,
        path: &[&str],
        says: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.push(code, path, true, says.into(), hint.into());
    }

    fn push(&mut self, code: &'static str, path: &[&str], key: bool, says: String, hint: String) {
        let path = path.iter().map(|part| (*part).to_owned()).collect();
        self.0.push(Remark {
            code,
            path,
            key,
            says,
            hint,
        });
    }
}

/// A real thing that a stack would own: no two stacks of an estate may own the same one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// What it is, as people call it (`CloudFormation stack "shop"`): two claims of one place with
    /// the same words are one thing.
    pub what: String,
    /// Where the entry says so.
    pub path: Vec<String>,
    /// What to do where two are the same.
    pub hint: String,
}

/// An environment where an application lives.
#[derive(Debug, Clone, Copy)]
pub struct Home<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its record.
    pub record: &'a EnvironmentRecord,
}
