//! Reading what reaches a runtime: routes and subscriptions.

use super::super::{From, Group, Protocol, Route, Subscription, Topic};
use crate::systems::message::{Message, Reading, Word};
use crate::text::diagnostic::At;

/// The port that is meant where none is written.
const PORT: u32 = 8080;

/// A route.
pub(super) fn route(mut m: Message<'_>, reading: &mut Reading<'_>) -> Route {
    let prefix = m.text("prefix", reading).unwrap_or(Word {
        text: String::new(),
        at: m.at,
    });
    m.called(format!("the route {:?}", prefix.text));
    let protocols = [("HTTP", Protocol::Http), ("GRPC", Protocol::Grpc)];
    let groups = [
        ("FIRST", Group::First),
        ("NORMAL", Group::Normal),
        ("FALLBACK", Group::Fallback),
    ];
    let before = reading.found.0.len();
    let protocol = m.one_of("protocol", "ROUTE_PROTOCOL_", &protocols, reading);
    if protocol.is_none() && reading.found.0.len() == before {
        let says = format!("{} says no protocol", m.what());
        reading.say(m.at, says, "one of HTTP, GRPC");
    }
    let route = Route {
        at: prefix.at,
        subdomains: m.texts("subdomains", reading),
        protocol: protocol.unwrap_or(Protocol::Http),
        container: m.text("target_container", reading),
        bypass: m.switch("bypass_ingress", reading),
        port: m.number("port", 1..=65535, reading).unwrap_or(PORT),
        group: m
            .one_of("route_group", "ROUTE_GROUP_", &groups, reading)
            .unwrap_or_default(),
        prefix: prefix.text,
    };
    if route.prefix.is_empty() && route.group != Group::Fallback {
        let says = "a route without a prefix takes every path, so that it must come last";
        reading.say(route.at, says, "write route_group: FALLBACK, or a prefix");
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.$/~\"'@:+&*?".contains(c);
    if !route.prefix.is_empty()
        && (!route.prefix.starts_with('/') || !route.prefix.chars().all(plain))
    {
        let says = format!("{:?} cannot be the beginning of a path", route.prefix);
        let hint = "begin with '/', and use letters, digits and _-.$/~\"'@:+&*?";
        reading.say(route.at, says, hint);
    }
    if route.prefix.len() > 127 {
        let says = "the prefix of a route has 127 characters at most";
        reading.say(route.at, says, "");
    }
    if let Some(fourth) = route.subdomains.get(3) {
        let says = format!("{} has more than 3 subdomains", m.what());
        reading.say(fourth.at, says, "write another route for the others");
    }
    m.end(reading);
    route
}

/// A subscription.
pub(super) fn subscription(mut m: Message<'_>, reading: &mut Reading<'_>) -> Option<Subscription> {
    let name = m.needed("name", reading)?;
    m.called(format!("the subscription {}", name.text));
    let env = m.text("env_name", reading);
    let raw = "every message comes with the frame of its sender";
    m.unrendered("raw_message", raw, reading);
    let subscription = Subscription {
        topic: topic(&name, reading)?,
        from: match env {
            None => From::Here,
            Some(word) if word.text == "*" => From::Everywhere,
            Some(word) => From::Linked(word.text, word.at),
        },
        container: m.text("target_container", reading),
        port: m.number("port", 1..=65535, reading).unwrap_or(PORT),
    };
    m.end(reading);
    Some(subscription)
}

/// What a subscription is about, by its name.
fn topic(name: &Word, reading: &mut Reading<'_>) -> Option<Topic> {
    let text = name.text.as_str();
    let at: At = name.at;
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let is_plain = |part: &str| !part.is_empty() && part.chars().all(plain);
    if let Some(kind) = text.trim_start_matches('/').strip_prefix("global/") {
        let known = ["event", "upsert"].into_iter().find(|known| *known == kind);
        if known.is_none() {
            let says = format!("there are no messages of the kind {kind:?}");
            reading.say(at, says, "/global/event or /global/upsert");
        }
        return known.map(Topic::Global);
    }
    match text.split('/').collect::<Vec<_>>()[..] {
        [topic] if is_plain(topic) => Some(Topic::Named(topic.to_owned())),
        ["o5-infra", topic] if is_plain(topic) => Some(Topic::Infra(topic.to_owned())),
        ["", service] if is_plain(service) => Some(Topic::Service(service.to_owned())),
        ["", service, method] if is_plain(service) && is_plain(method) => {
            Some(Topic::Method(service.to_owned(), method.to_owned()))
        }
        _ => {
            let says = format!("{text:?} names no topic");
            let hint = "a topic, /package.Service, /package.Service/Method, o5-infra/TOPIC, /global/event or /global/upsert";
            reading.say(at, says, hint);
            None
        }
    }
}
