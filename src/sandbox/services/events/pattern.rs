//! Event patterns: objects of lists. An event fits where each field that the pattern names has one
//! of the values in its list; `{ "prefix": … }`, `{ "exists": … }` and `{ "anything-but": … }` are
//! the comparisons that are known.

use serde_json::Value;

/// Reads a pattern; the error is what a caller is told.
pub(super) fn read(text: &str) -> Result<Value, String> {
    let pattern: Value = serde_json::from_str(text)
        .map_err(|error| format!("Event pattern is not valid. Reason: {error}"))?;
    check(&pattern, "the pattern")?;
    Ok(pattern)
}

fn check(pattern: &Value, name: &str) -> Result<(), String> {
    match pattern {
        Value::Object(fields) if !fields.is_empty() => fields
            .iter()
            .try_for_each(|(name, below)| check(below, name)),
        Value::Array(values) if !values.is_empty() => {
            match values.iter().find(|one| !is_known(one)) {
                None => Ok(()),
                Some(other) => Err(format!(
                    "Event pattern is not valid. Reason: Unrecognized match type {other} in {name}"
                )),
            }
        }
        _ => Err(format!(
            "Event pattern is not valid. Reason: \"{name}\" must be an object or an array"
        )),
    }
}

/// Whether a value of a list is one to compare with, or a comparison that is known.
fn is_known(value: &Value) -> bool {
    let Some(fields) = value.as_object() else {
        return !value.is_array();
    };
    fields.len() == 1
        && fields.iter().all(|(word, with)| {
            matches!(
                (word.as_str(), with),
                ("prefix", Value::String(_))
                    | ("exists", Value::Bool(_))
                    | ("anything-but", Value::String(_) | Value::Array(_))
            )
        })
}

/// True where the event is as the pattern says.
pub(super) fn fits(pattern: &Value, event: &Value) -> bool {
    let Some(fields) = pattern.as_object() else {
        return false;
    };
    fields.iter().all(|(name, wanted)| {
        let there = event.get(name);
        match wanted {
            Value::Object(_) => there.is_some_and(|there| fits(wanted, there)),
            Value::Array(values) => values.iter().any(|value| is(value, there)),
            _ => false,
        }
    })
}

/// Whether one value of a list is what is there; of what is a list itself, one of its values.
fn is(wanted: &Value, there: Option<&Value>) -> bool {
    let found = match there {
        Some(Value::Array(values)) => values.iter().collect(),
        other => Vec::from_iter(other),
    };
    let Some((word, with)) = wanted.as_object().and_then(|fields| fields.iter().next()) else {
        return found.contains(&wanted);
    };
    match word.as_str() {
        "exists" => with.as_bool() == Some(there.is_some()),
        "prefix" => found.iter().any(|value| {
            let (value, begin) = (value.as_str(), with.as_str());
            value
                .zip(begin)
                .is_some_and(|(value, begin)| value.starts_with(begin))
        }),
        "anything-but" => found.iter().any(|value| match with {
            Value::Array(not) => !not.contains(value),
            not => *value != not,
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_fits_where_each_field_has_one_of_its_values() {
        let event = json!({
            "source": "aws.codebuild", "resources": ["a", "b"],
            "detail": { "project-name": "site", "build-status": "FAILED" },
        });
        for (pattern, fit) in [
            (json!({ "source": ["aws.codebuild"] }), true),
            (json!({ "source": ["aws.s3", "aws.codebuild"] }), true),
            (json!({ "source": ["aws.s3"] }), false),
            (json!({ "resources": ["b"] }), true),
            (
                json!({ "detail": { "project-name": [{ "prefix": "si" }] } }),
                true,
            ),
            (
                json!({ "detail": { "project-name": [{ "prefix": "x" }] } }),
                false,
            ),
            (
                json!({ "detail": { "build-status": [{ "anything-but": ["FAILED"] }] } }),
                false,
            ),
            (
                json!({ "detail": { "build-status": [{ "anything-but": "STOPPED" }] } }),
                true,
            ),
            (
                json!({ "detail": { "other": [{ "exists": false }] } }),
                true,
            ),
            (json!({ "detail": { "other": ["x"] } }), false),
            (
                json!({ "source": ["aws.codebuild"], "detail": { "project-name": ["other"] } }),
                false,
            ),
        ] {
            let read = read(&pattern.to_string()).unwrap();
            assert_eq!(fits(&read, &event), fit, "{pattern}");
        }
    }

    #[test]
    fn a_pattern_that_is_not_known_is_refused() {
        for wrong in [
            "",
            "[]",
            "{}",
            r#"{"a": "b"}"#,
            r#"{"a": []}"#,
            r#"{"a": [{"cidr": "x"}]}"#,
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
