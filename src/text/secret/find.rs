//! Finds the forms in one reading of a line.

use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

use regex::bytes::{Captures, Regex, RegexSet};

use super::forms::{Form, Found, forms, hints};
use super::names::is_name;

/// The forms, each with its expression once a line has it, and which of them a line has.
struct Forms {
    each: Vec<(OnceLock<Option<Regex>>, Form)>,
    which: RegexSet,
}

static FORMS: LazyLock<Option<Forms>> = LazyLock::new(|| {
    let all = forms();
    Some(Forms {
        which: RegexSet::new(all.iter().map(expression)).ok()?,
        each: all
            .into_iter()
            .map(|form| (OnceLock::new(), form))
            .collect(),
    })
});

fn expression(form: &Form) -> String {
    format!("(?i-u){}", form.regex)
}

static HINTS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(&format!("(?i-u){}", hints())).ok());

/// The places of all secrets; some may overlap. `holds` says which values are secrets; with `sure`
/// what may be something else is left out.
pub(super) fn found(line: &[u8], holds: fn(&str) -> bool, sure: bool) -> Vec<Range<usize>> {
    if HINTS.as_ref().is_some_and(|hints| !hints.is_match(line)) {
        return Vec::new();
    }
    // They take a while to be made: nobody needs them who meets no hint.
    let Some(forms) = &*FORMS else {
        // Without them nothing can be told from a secret.
        return std::iter::once(0..line.len()).collect();
    };
    forms
        .which
        .matches(line)
        .into_iter()
        .filter_map(|n| forms.each.get(n))
        .filter(|(_, form)| form.sure || !sure)
        .flat_map(
            |(regex, form)| match regex.get_or_init(|| Regex::new(&expression(form)).ok()) {
                Some(regex) => places(regex, form, line, holds),
                None => std::iter::once(0..line.len()).collect(),
            },
        )
        .collect()
}

/// The places of the secrets of one form.
fn places(regex: &Regex, form: &Form, line: &[u8], holds: fn(&str) -> bool) -> Vec<Range<usize>> {
    let mut places = Vec::new();
    let mut from = 0;
    while from <= line.len()
        && let Some(captures) = regex.captures_at(line, from)
    {
        let Some(value) = value(&captures, line) else {
            break;
        };
        let text = String::from_utf8_lossy(&line[value.clone()]);
        let name = captures.name("name");
        let found = Found {
            name: name.map_or(&[], |name| name.as_bytes()),
            value: &text,
            before: &line[..captures.get(0).map_or(0, |all| all.start())],
        };
        if holds(&text)
            && !(form.not)(&found)
            && name.is_none_or(|name| is_named(&line[name.start()..value.start], name.len(), &text))
        {
            from = value.end.max(from + 1);
            places.push(value);
        } else {
            // What stands there may hold another name.
            from = value.start.max(from + 1);
        }
    }
    places
}

/// Where the value stands: that of a parameter of a URL ends where the next one begins.
fn value(found: &Captures<'_>, line: &[u8]) -> Option<Range<usize>> {
    let value = found.name("value")?;
    let before = found
        .name("name")
        .and_then(|name| name.start().checked_sub(1))
        .map(|at| line[at]);
    let parameter = matches!(before, Some(b'?' | b'&'));
    let next = value
        .as_bytes()
        .iter()
        .position(|byte| *byte == b'&')
        .filter(|_| parameter);
    Some(value.start()..next.map_or(value.end(), |next| value.start() + next))
}

/// Whether the name in front of a value, `name` bytes and the sign after them, is that of a secret.
fn is_named(front: &[u8], name: usize, value: &str) -> bool {
    let (name, sign) = front.split_at(name);
    let name = String::from_utf8_lossy(name);
    let is_count = value.len() < 5 && value.bytes().all(|byte| byte.is_ascii_digit());
    let other = match name.as_ref() {
        // The folder of a shell.
        "PWD" => value.starts_with('/'),
        // The result of a test.
        "PASS" => is_count || sign.starts_with(b":"),
        "pass" => is_count,
        _ => false,
    };
    !other && is_name(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_can_be_looked_for() {
        assert!(HINTS.is_some());
        for form in forms() {
            Regex::new(&expression(&form)).unwrap();
        }
        assert_eq!(
            FORMS.as_ref().map(|all| all.each.len()),
            Some(forms().len())
        );
    }
}
