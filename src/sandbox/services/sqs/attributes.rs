//! Attributes of queues: which there are, what each is where nothing was said, and their bounds.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde_json::Value;

use crate::sandbox::call::{AwsError, Params};
use crate::sandbox::values::{number, text_of};

/// Those that are numbers: name, preset, bounds.
const NUMBERS: &[(&str, &str, RangeInclusive<u64>)] = &[
    ("DelaySeconds", "0", 0..=900),
    ("MaximumMessageSize", "1048576", 1_024..=1_048_576),
    ("MessageRetentionPeriod", "345600", 60..=1_209_600),
    ("ReceiveMessageWaitTimeSeconds", "0", 0..=20),
    ("VisibilityTimeout", "30", 0..=43_200),
];
/// Who may send; kept as it came.
const POLICY: &str = "Policy";

/// What a call says of a queue.
pub(super) fn read(params: Params<'_>) -> Result<BTreeMap<String, String>, AwsError> {
    let given = params.0.get("Attributes").and_then(Value::as_object);
    given
        .into_iter()
        .flatten()
        .map(|(name, value)| {
            if name == POLICY {
                return Ok((name.clone(), text_of(value)));
            }
            let (_, _, bounds) = NUMBERS.iter().find(|(own, ..)| own == name).ok_or_else(|| {
                AwsError::new(
                    "InvalidAttributeName",
                    format!("Unknown Attribute {name}: the embedded cloud has standard queues, without redrive and encryption"),
                )
            })?;
            let is_fine = number(value)
                .and_then(|number| u64::try_from(number).ok())
                .is_some_and(|number| bounds.contains(&number));
            if is_fine {
                return Ok((name.clone(), text_of(value)));
            }
            Err(AwsError::new(
                "InvalidAttributeValue",
                format!("Invalid value for the parameter {name}."),
            ))
        })
        .collect()
}

/// What an attribute is where nothing was said.
pub(super) fn preset(name: &str) -> &'static str {
    NUMBERS
        .iter()
        .find(|(own, ..)| *own == name)
        .map_or("", |(_, preset, _)| preset)
}

/// The names of those that every queue has.
pub(super) fn presets() -> impl Iterator<Item = &'static str> {
    NUMBERS.iter().map(|(name, ..)| *name)
}

/// A number of a call, within its bounds.
pub(super) fn within(
    params: Params<'_>,
    name: &str,
    bounds: RangeInclusive<u64>,
) -> Result<Option<u64>, AwsError> {
    let Some(given) = params.number(name) else {
        return Ok(None);
    };
    let fine = u64::try_from(given).ok().filter(|n| bounds.contains(n));
    fine.map(Some).ok_or_else(|| {
        AwsError::new(
            "InvalidParameterValue",
            format!(
                "Value {given} for parameter {name} is invalid. Reason: Must be between {} and {}, if provided.",
                bounds.start(),
                bounds.end()
            ),
        )
    })
}
