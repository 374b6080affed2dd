//! Reading environments.

use std::collections::BTreeMap;

use super::{Environment, plain, plainly};
use crate::systems::message::{Message, Reading};
use crate::text::document::Node;

/// An environment that has a file of its own.
pub(in super::super) fn read_environment(
    root: &Node,
    reading: &mut Reading<'_>,
) -> Option<Environment> {
    let m = Message::of(root, "the environment", reading)?;
    environment(m, reading)
}

/// An environment.
pub(super) fn environment(mut m: Message<'_>, reading: &mut Reading<'_>) -> Option<Environment> {
    let name = m.needed("full_name", reading)?;
    m.called(format!("the environment {}", name.text));
    let fits = name.text.len() >= 2
        && name.text.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !fits {
        let says = format!("{:?} cannot be the name of an environment", name.text);
        let hint = "use a letter, then letters, digits and '-', in lower case";
        reading.say(name.at, says, hint);
    }
    let cluster = m.text("cluster_name", reading);
    let jwks = plainly(m.texts("trust_jwks", reading));
    let origins = plainly(m.texts("cors_origins", reading));
    let mut variables = BTreeMap::new();
    for m in m.messages("vars", reading) {
        let at = m.at;
        let Some((name, value)) = variable(m, reading) else {
            continue;
        };
        if variables.contains_key(&name) {
            let says = format!("there are two variables of the name {name:?}");
            reading.say(at, says, "take one of them out");
        }
        variables.insert(name, value);
    }
    let mut environment = Environment {
        name,
        cluster,
        jwks,
        variables,
        origins,
        ..Environment::default()
    };
    if let Some(mut m) = m.message("aws", reading) {
        environment.host = m.text("host_header", reading).map(|word| word.text);
        let links = m.messages("environment_links", reading);
        let link = |mut m: Message<'_>| {
            let (lookup, full) = (
                m.needed("lookup_name", reading),
                m.needed("full_name", reading),
            );
            m.unrendered("sns_prefix", "messages go over the event bus", reading);
            m.end(reading);
            lookup.zip(full).map(|(a, b)| (a.text, b.text))
        };
        environment.links = links.into_iter().filter_map(link).collect();
        let policies = m.messages("iam_policies", reading);
        let policy = |mut m: Message<'_>| {
            let (name, arn) = (m.needed("name", reading), m.arn("policy_arn", reading));
            m.end(reading);
            name.zip(arn).map(|(a, b)| (a.text, b.text))
        };
        environment.policies = policies.into_iter().filter_map(policy).collect();
        m.unrendered(
            "grant_principals",
            "o5 knows no principals any more",
            reading,
        );
        let ses = "o5 grants that by named policies now";
        m.unrendered("ses_identity", ses, reading);
        m.end(reading);
    }
    m.end(reading);
    Some(environment)
}

fn variable(mut m: Message<'_>, reading: &mut Reading<'_>) -> Option<(String, String)> {
    let name = m.needed("name", reading)?;
    m.called(format!("the variable {}", name.text));
    m.exactly_one(&["value", "join"], true, reading);
    let value = m.text("value", reading);
    let joined = m.message("join", reading).map(|mut m| {
        let delimiter = plain(m.text("delimiter", reading));
        let values = plainly(m.texts("values", reading));
        if values.is_empty() && m.place("values").is_none() {
            let says = format!("{} has no values", m.what());
            reading.say(m.at, says, "join: { delimiter, values: [..] }");
        }
        m.end(reading);
        values.join(&delimiter)
    });
    m.end(reading);
    let value = value.map(|word| word.text).or(joined)?;
    Some((name.text, value))
}
