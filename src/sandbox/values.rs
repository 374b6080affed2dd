//! Values as AWS writes them: texts, numbers and times of the trees that calls carry.

use serde_json::Value;

use crate::domain::time::Time;

/// A scalar as the text that AWS compares and joins; anything else as JSON.
#[must_use]
pub fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// A number that came as a number or as text.
#[must_use]
pub fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// The name at the end of an ARN or a path.
#[must_use]
pub fn last_part(text: &str) -> String {
    text.rsplit(['/', ':']).next().unwrap_or(text).to_owned()
}

/// A time as the XML answers write it.
#[must_use]
pub fn iso(time: Time) -> String {
    time.text("%Y-%m-%dT%H:%M:%S%.3fZ")
}

/// A time as the JSON answers write it: seconds with milliseconds.
#[must_use]
pub fn seconds(at: Time) -> Value {
    let text = format!("{}.{:03}", at.0.div_euclid(1000), at.0.rem_euclid(1000));
    text.parse::<f64>().map_or(Value::Null, Value::from)
}
