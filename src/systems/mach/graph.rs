//! What is deployed by itself, and after what: a configuration, its sites, and the components of a
//! site that have a state of their own. All others belong to the state of their site.

use std::collections::{BTreeMap, BTreeSet};

use super::config::{Config, Instance, Site, SiteComponent, Split};
use crate::systems::message::Reading;
use crate::text::diagnostic::closest;

/// A node: what has a state of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Node {
    /// The site.
    pub(super) site: String,
    /// The component of it; none for the site.
    pub(super) component: Option<String>,
}

impl Node {
    /// As keys of states, parts of stacks and folders have it: `nl`, `nl/cart`.
    pub(super) fn name(&self) -> String {
        match &self.component {
            Some(component) => format!("{}/{component}", self.site),
            None => self.site.clone(),
        }
    }

    /// What the state of it is called where another node reads it.
    pub(super) fn key(&self) -> &str {
        self.component.as_deref().unwrap_or(&self.site)
    }
}

/// The nodes, each with those that come before it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Graph(pub(super) BTreeMap<Node, BTreeSet<Node>>);

/// What a component of a site needs of the same site, in the order of 1.4: what it names, else what
/// it refers to, else nothing.
fn needs(one: &Instance<'_>) -> BTreeSet<String> {
    if !one.own.depends_on.is_empty() {
        let named = one.own.depends_on.iter();
        return named.map(|word| word.text.clone()).collect();
    }
    let outputs = one.outputs().into_iter();
    outputs.map(|output| output.component.clone()).collect()
}

/// The node in whose state a component of a site is.
pub(super) fn home(site: &Site, own: &SiteComponent) -> Node {
    Node {
        site: site.name.text.clone(),
        component: (own.split == Split::Component).then(|| own.name.text.clone()),
    }
}

/// The graph; what makes none is in the reading: what is needed and not there, circles, and a
/// component of a site's state that needs one which comes only after that.
pub(super) fn graph(config: &Config, reading: &mut Reading<'_>) -> Graph {
    let mut graph = Graph::default();
    for site in &config.sites {
        let of_site = Node {
            site: site.name.text.clone(),
            component: None,
        };
        graph.0.entry(of_site.clone()).or_default();
        let own: BTreeMap<&str, &SiteComponent> = site
            .components
            .iter()
            .map(|one| (one.name.text.as_str(), one))
            .collect();
        let mut edges: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for one in &site.components {
            let Some(instance) = config.instance(site, one) else {
                continue;
            };
            there(&instance, &own, reading);
            let needs = needs(&instance);
            let node = home(site, one);
            for needed in needs.iter().filter_map(|name| own.get(name.as_str())) {
                let before = home(site, needed);
                if node == of_site && before != of_site {
                    let says = format!(
                        "{} is part of the state of {}, and needs {}, which has one of its own and comes after that",
                        one.name.text, site.name.text, needed.name.text
                    );
                    let hint = format!(
                        "give it one too: deployment: {{ type: site-component }} at {}",
                        one.name.text
                    );
                    reading.say(one.name.at, says, hint);
                } else if node != before {
                    graph.0.entry(node.clone()).or_default().insert(before);
                }
            }
            if node != of_site {
                // What the site makes is there before what a component of it makes.
                let before = graph.0.entry(node).or_default();
                if before.is_empty() {
                    before.insert(of_site.clone());
                }
            }
            edges.insert(&one.name.text, needs);
        }
        circles(site, &edges, reading);
    }
    graph
}

/// Says what a component needs that its site does not have.
fn there(one: &Instance<'_>, own: &BTreeMap<&str, &SiteComponent>, reading: &mut Reading<'_>) {
    let site = &one.site.name.text;
    let outputs = one.outputs().into_iter();
    let outputs = outputs.map(|output| (output.component.as_str(), output.at));
    let named = one
        .own
        .depends_on
        .iter()
        .map(|word| (word.text.as_str(), word.at));
    for (name, at) in outputs.chain(named) {
        if own.contains_key(name) || name.is_empty() {
            continue;
        }
        let near = closest(name, own.keys().copied());
        let hint = near.map_or_else(
            || "a component refers to components of its own site".to_owned(),
            |near| format!("did you mean {near:?}?"),
        );
        let says = format!(
            "{site} has no component {name:?}, which {} needs",
            one.own.name.text
        );
        reading.say(at, says, hint);
    }
}

/// Says each circle of a site, with the way round.
fn circles(site: &Site, edges: &BTreeMap<&str, BTreeSet<String>>, reading: &mut Reading<'_>) {
    let mut done: BTreeSet<&str> = BTreeSet::new();
    for start in edges.keys() {
        let mut way = Vec::new();
        if let Some(circle) = round(start, edges, &mut way, &mut done) {
            let first = circle.first().copied().unwrap_or_default();
            let of = site.components.iter().find(|one| one.name.text == first);
            let at = of.map_or(site.name.at, |one| one.name.at);
            let round = circle.iter().chain(circle.first()).copied();
            let round: Vec<&str> = round.collect();
            let says = format!(
                "components of {} need each other in a circle: {}",
                site.name.text,
                round.join(" -> ")
            );
            reading.say(
                at,
                says,
                "take one of them out: depends_on, or what refers to an output",
            );
        }
    }
}

/// A circle that is reached from here; what was looked at is not looked at again.
fn round<'a>(
    name: &'a str,
    edges: &'a BTreeMap<&str, BTreeSet<String>>,
    way: &mut Vec<&'a str>,
    done: &mut BTreeSet<&'a str>,
) -> Option<Vec<&'a str>> {
    if let Some(begin) = way.iter().position(|before| *before == name) {
        return Some(way[begin..].to_vec());
    }
    if done.contains(name) {
        return None;
    }
    way.push(name);
    let next = edges.get(name).into_iter().flatten();
    let mut found = None;
    for next in next {
        found = found.or(round(next, edges, way, done));
    }
    way.pop();
    done.insert(name);
    found
}
