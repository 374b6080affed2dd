//! The parameters of a stack: given, kept, defaulted and checked, in AWS's words.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::template::Template;
use crate::sandbox::call::{AwsError, Params};
use crate::sandbox::values::text_of;

/// What `NoEcho` values are shown as.
const HIDDEN: &str = "****";

/// The values a call gives, completed by what the stack has (`UsePreviousValue`) and by defaults.
pub fn settle(
    template: &Template,
    given: &[Value],
    before: Option<&BTreeMap<String, String>>,
) -> Result<BTreeMap<String, String>, AwsError> {
    let declared = template.part("Parameters");
    let mut values = BTreeMap::new();
    let mut unknown = Vec::new();
    for entry in given {
        let entry = Params(entry);
        let name = entry.need("ParameterKey")?;
        if !declared.contains_key(name) {
            unknown.push(name.to_owned());
        } else if entry.flag("UsePreviousValue") {
            let kept = before.and_then(|before| before.get(name)).ok_or_else(|| {
                AwsError::validation(format!("Invalid input for parameter key {name}. Cannot specify usePreviousValue as true for a parameter key not in the previous template"))
            })?;
            values.insert(name.to_owned(), kept.clone());
        } else {
            values.insert(
                name.to_owned(),
                entry
                    .0
                    .get("ParameterValue")
                    .map(text_of)
                    .unwrap_or_default(),
            );
        }
    }
    if !unknown.is_empty() {
        return Err(AwsError::validation(format!(
            "Parameters: [{}] do not exist in the template",
            unknown.join(", ")
        )));
    }
    let mut missing = Vec::new();
    for (name, declaration) in declared {
        if values.contains_key(name) {
            continue;
        }
        match declaration.get("Default") {
            Some(default) => {
                values.insert(name.clone(), text_of(default));
            }
            None => missing.push(name.clone()),
        }
    }
    if !missing.is_empty() {
        return Err(AwsError::validation(format!(
            "Parameters: [{}] must have values",
            missing.join(", ")
        )));
    }
    for (name, value) in &values {
        check(name, value, declared.get(name).unwrap_or(&Value::Null))?;
    }
    Ok(values)
}

/// The values as `DescribeStacks` shows them.
#[must_use]
pub fn shown(template: &Template, values: &BTreeMap<String, String>) -> Value {
    let rows = values.iter().map(|(name, value)| {
        let hidden = template
            .part("Parameters")
            .get(name)
            .is_some_and(|p| Params(p).flag("NoEcho"));
        json!({ "ParameterKey": name, "ParameterValue": if hidden { HIDDEN } else { value } })
    });
    Value::Array(rows.collect())
}

/// A text without the values that these parameters have and that are not shown.
#[must_use]
pub fn without_hidden(
    template: &Template,
    all: [&BTreeMap<String, String>; 2],
    text: String,
) -> String {
    let declared = template.part("Parameters");
    let is_hidden = |name: &str| declared.get(name).is_some_and(|p| Params(p).flag("NoEcho"));
    let values = all.into_iter().flatten();
    values
        .filter(|(name, value)| is_hidden(name) && !value.is_empty())
        .fold(text, |text, (_, value)| text.replace(value, HIDDEN))
}

fn check(name: &str, value: &str, declaration: &Value) -> Result<(), AwsError> {
    let rule = Params(declaration);
    let refuse = |why: String| {
        let own = rule
            .text("ConstraintDescription")
            .map(|text| format!("Parameter {name} failed to satisfy constraint: {text}"));
        Err(AwsError::validation(own.unwrap_or(why)))
    };
    let kind = rule.text("Type").unwrap_or_default();
    let is_list = kind == "CommaDelimitedList" || kind.starts_with("List<");
    // Of a list each item is checked.
    let items: Vec<&str> = if is_list {
        value.split(',').map(str::trim).collect()
    } else {
        vec![value]
    };
    let allowed: Vec<String> = rule.list("AllowedValues").iter().map(text_of).collect();
    let is_allowed = |item: &&str| allowed.iter().any(|one| one == item);
    if !allowed.is_empty() && !items.iter().all(is_allowed) {
        return refuse(format!(
            "Parameter {name} must be one of AllowedValues [{}]",
            allowed.join(", ")
        ));
    }
    if let Some(pattern) = rule.text("AllowedPattern")
        && let Ok(whole) = regex::Regex::new(&format!("^(?:{pattern})$"))
        && !items.iter().all(|item| whole.is_match(item))
    {
        return refuse(format!(
            "Parameter {name} failed to satisfy constraint: must match pattern {pattern}"
        ));
    }
    if matches!(kind, "Number" | "List<Number>") {
        let numbers = items.iter().map(|item| item.parse::<f64>().ok());
        let numbers: Option<Vec<f64>> = numbers.map(|one| one.filter(|n| n.is_finite())).collect();
        let Some(numbers) = numbers else {
            return refuse(format!("Parameter {name} must be a number"));
        };
        let bound = |limit: &str| {
            declaration
                .get(limit)
                .map(text_of)
                .and_then(|text| text.parse::<f64>().ok())
        };
        let least = bound("MinValue").unwrap_or(f64::NEG_INFINITY);
        let most = bound("MaxValue").unwrap_or(f64::INFINITY);
        if numbers
            .iter()
            .any(|number| *number < least || *number > most)
        {
            return refuse(format!(
                "Parameter {name} must be a number within MinValue and MaxValue"
            ));
        }
        return Ok(());
    }
    if is_list {
        return Ok(());
    }
    let length = i64::try_from(value.chars().count()).unwrap_or(i64::MAX);
    if rule.number("MinLength").is_some_and(|least| length < least) {
        return refuse(format!(
            "Parameter {name} must contain at least {} characters",
            rule.number("MinLength").unwrap_or(0)
        ));
    }
    if rule.number("MaxLength").is_some_and(|most| length > most) {
        return refuse(format!(
            "Parameter {name} must contain at most {} characters",
            rule.number("MaxLength").unwrap_or(0)
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template() -> Template {
        Template::read(
            "Parameters:\n  Size: {Type: String, Default: small, AllowedValues: [small, large]}\n  Count: {Type: Number, MinValue: 0, MaxValue: 9}\n  Secret: {Type: String, NoEcho: true, Default: x, MinLength: 1}\nResources: {Q: {Type: 'AWS::SQS::Queue'}}",
        )
        .unwrap()
    }

    #[test]
    fn given_kept_and_defaulted() {
        let before = BTreeMap::from([("Count".to_owned(), "4".to_owned())]);
        let given = [
            json!({"ParameterKey": "Count", "UsePreviousValue": "true"}),
            json!({"ParameterKey": "Size", "ParameterValue": "large"}),
        ];
        let values = settle(&template(), &given, Some(&before)).unwrap();
        assert_eq!(
            (
                values["Count"].as_str(),
                values["Size"].as_str(),
                values["Secret"].as_str()
            ),
            ("4", "large", "x")
        );
        let shown = shown(&template(), &values);
        assert!(
            shown
                .as_array()
                .unwrap()
                .contains(&json!({"ParameterKey": "Secret", "ParameterValue": "****"}))
        );
    }

    #[test]
    fn of_a_list_each_item_is_checked() {
        let template = Template::read(
            "Parameters: {L: {Type: CommaDelimitedList, AllowedValues: [a, b]}, N: {Type: List<Number>, Default: '1', MaxValue: 5}}\nResources: {Q: {Type: 'AWS::SQS::Queue'}}",
        )
        .unwrap();
        let given = |l: &str, n: &str| {
            let one =
                |name: &str, value: &str| json!({"ParameterKey": name, "ParameterValue": value});
            settle(&template, &[one("L", l), one("N", n)], None)
        };
        assert!(given("a, b", "1, 2").is_ok());
        for (l, n) in [("a,c", "1"), ("a", "1,x"), ("a", "1,6"), ("a", "inf")] {
            assert!(given(l, n).is_err(), "{l} {n}");
        }
    }

    #[test]
    fn refusals() {
        let one =
            |name: &str, value: &str| vec![json!({"ParameterKey": name, "ParameterValue": value})];
        for (given, part) in [
            (vec![], "Parameters: [Count] must have values"),
            (
                one("Nope", "1"),
                "Parameters: [Nope] do not exist in the template",
            ),
            (one("Count", "many"), "Parameter Count must be a number"),
            (one("Count", "10"), "within MinValue and MaxValue"),
            (
                [one("Count", "1"), one("Size", "huge")].concat(),
                "must be one of AllowedValues [small, large]",
            ),
            (
                vec![json!({"ParameterKey": "Count", "UsePreviousValue": true})],
                "Cannot specify usePreviousValue",
            ),
        ] {
            let message = settle(&template(), &given, None).unwrap_err().message;
            assert!(message.contains(part), "{message}");
        }
    }
}
