//! What is asked for: a name that a parameter may have, what lies below a path, a page.

use serde_json::{Value, json};

use crate::sandbox::call::{Answer, AwsError, Params};

/// How deep names may be.
const DEEPEST: usize = 15;
/// How many names one call takes.
const NAMES: usize = 10;

/// What lies below a path, or has it as its name.
pub(super) struct Below<'a> {
    pub(super) path: &'a str,
    pub(super) how: How,
}

/// What of it is meant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// What is right below it.
    Right,
    /// What is below it at any depth.
    All,
    /// What has it as its name.
    Itself,
}

impl<'a> Below<'a> {
    pub(super) fn has(&self, name: &str) -> bool {
        if self.how == How::Itself {
            return name == self.path;
        }
        let path = self.path.trim_end_matches('/');
        let rest = name
            .strip_prefix(path)
            .and_then(|rest| rest.strip_prefix('/'));
        rest.is_some_and(|rest| self.how == How::All || !rest.contains('/'))
    }

    /// The filters by path and by whole name; no others are served.
    pub(super) fn filters(params: Params<'a>) -> Result<Vec<Self>, AwsError> {
        let mut below = Vec::new();
        for filter in params.list("ParameterFilters") {
            let filter = Params(filter);
            let how = match (filter.text("Key"), filter.text("Option")) {
                (Some("Path"), Some("Recursive")) => How::All,
                (Some("Path"), Some("OneLevel") | None) => How::Right,
                (Some("Name"), Some("Equals") | None) => How::Itself,
                (Some("Path"), Some(_)) => {
                    return Err(AwsError::new(
                        "InvalidFilterOption",
                        "The filter option that was specified is not valid. Valid options for Path are: Recursive, OneLevel.",
                    ));
                }
                (key, _) => {
                    let key = key.unwrap_or_default();
                    return Err(AwsError::new(
                        "InvalidFilterKey",
                        format!(
                            "the embedded cloud filters by Path and by the whole Name, and not by {key}"
                        ),
                    ));
                }
            };
            let paths = filter.texts("Values").into_iter();
            below.extend(paths.map(|path| Self { path, how }));
        }
        Ok(below)
    }
}

/// The name of a parameter that is put.
pub(super) fn name(params: Params<'_>) -> Result<&str, AwsError> {
    let name = need(params, "Name")?;
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"_.-/".contains(&b);
    if !name.bytes().all(is_plain) || name.ends_with('/') || name.contains("//") {
        return Err(invalid(
            "Parameter name must be a fully qualified name: only a combination of letters, numbers and the following 3 symbols .-_ between slashes.",
        ));
    }
    if name.contains('/') && !name.starts_with('/') {
        return Err(invalid("Parameter name must be a fully qualified name."));
    }
    let plain = name.trim_start_matches('/').to_ascii_lowercase();
    if plain.starts_with("aws") || plain.starts_with("ssm") {
        return Err(invalid(
            "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive).",
        ));
    }
    if name.matches('/').count() > DEEPEST {
        return Err(AwsError::new(
            "HierarchyLevelLimitExceededException",
            format!("A parameter name must not have more than {DEEPEST} levels."),
        ));
    }
    Ok(name)
}

/// The names that a call is about: one at least, and not more than one call takes.
pub(super) fn names(params: Params<'_>) -> Result<Vec<&str>, AwsError> {
    let names = params.texts("Names");
    if (1..=NAMES).contains(&names.len()) {
        return Ok(names);
    }
    Err(invalid(format!(
        "1 validation error detected: Value at 'names' failed to satisfy constraint: Member must have length less than or equal to {NAMES}, and at least 1"
    )))
}

/// A page of rows.
pub(super) fn page(params: Params<'_>, rows: Vec<Value>, most: i64) -> Answer {
    let size = params.number("MaxResults").unwrap_or(most);
    if !(1..=most).contains(&size) {
        return Err(invalid(format!(
            "1 validation error detected: Value '{size}' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to {most}"
        )));
    }
    let size = usize::try_from(size).unwrap_or(1);
    let from = match params.text("NextToken") {
        None => 0,
        Some(token) => {
            let from: Option<usize> = token.parse().ok();
            let wrong = || AwsError::new("InvalidNextToken", "The specified token is not valid.");
            from.ok_or_else(wrong)?
        }
    };
    let next = (from + size < rows.len()).then(|| (from + size).to_string());
    let rows: Vec<Value> = rows.into_iter().skip(from).take(size).collect();
    Ok(json!({ "Parameters": rows, "NextToken": next }))
}

/// A text that must be there.
pub(super) fn need<'a>(params: Params<'a>, name: &str) -> Result<&'a str, AwsError> {
    params.need(name).map_err(|error| invalid(error.message))
}

/// What is not taken as it is.
pub(super) fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::new("ValidationException", message)
}
