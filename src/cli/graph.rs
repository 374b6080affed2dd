//! `graph`: the parts of an application, and what comes after what, without a store or an engine.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::json;

use crate::config;
use crate::domain::estate::Catalog;
use crate::domain::ids::StackId;
use crate::domain::instance::Instances;
use crate::domain::order::order;

use super::args::{Format, GraphArgs};
use super::render::unknown;
use super::{Code, Ground, Out, Stop};

/// `graph`.
pub(super) fn graph(
    ground: &dyn Ground,
    args: &GraphArgs,
    out: &mut Out<'_, '_>,
) -> Result<Code, Stop> {
    let loaded = ground.estate()?;
    let catalog = config::catalog(&loaded, &Instances::new());
    let id: StackId = args
        .stack
        .parse()
        .map_err(|why| Stop::wrong("stack", format!("{:?} is no stack: {why}", args.stack)))?;
    let parts = parts(&catalog, &id)?;
    if out.is_json() {
        let parts = parts.iter().map(|part| {
            let after: Vec<String> = part.after.iter().map(ToString::to_string).collect();
            json!({ "stack": part.id, "after": after })
        });
        let parts: Vec<_> = parts.collect();
        out.document(&json!({ "stack": id, "parts": parts }))?;
    } else {
        let text = match args.format {
            Format::Text => text(&parts),
            Format::Mermaid => mermaid(&parts),
            Format::Dot => dot(&id, &parts),
        };
        out.line(text.trim_end())?;
    }
    Ok(Code::Done)
}

/// A part, with those that come right before it.
struct Part<'a> {
    id: &'a StackId,
    name: String,
    after: Vec<&'a StackId>,
    /// How many stand before it on the longest way.
    depth: usize,
}

/// The parts of an application, each after all that come before it.
fn parts<'a>(catalog: &'a Catalog, id: &StackId) -> Result<Vec<Part<'a>>, Stop> {
    let mut all: BTreeMap<&StackId, Vec<&StackId>> = catalog
        .stacks
        .iter()
        .filter(|(own, _)| own.whole() == id.whole())
        .map(|(own, entry)| (own, entry.after.iter().collect()))
        .collect();
    let first = all.keys().next().ok_or_else(|| unknown(catalog, id))?;
    let wrong = catalog.stacks.get(*first).map(|entry| entry.spec.as_ref());
    if let Some(Err(why)) = wrong {
        return Err(Stop::wrong("files", why.clone()));
    }
    if all.keys().all(|own| own.part.is_none()) {
        let says = format!(
            "{} has no parts: `holdpoint plan {id}` shows its steps",
            id.whole()
        );
        return Err(Stop::wrong("no-parts", says));
    }
    all.retain(|own, _| own.part.is_some());
    let sorted = order(all.iter().map(|(id, after)| (*id, after.clone())))
        .map_err(|_| Stop::wrong("cycle", "its parts wait for each other".to_owned()))?;
    let mut depths: BTreeMap<&StackId, usize> = BTreeMap::new();
    let mut parts = Vec::new();
    for own in sorted {
        let after = all.get(own).cloned().unwrap_or_default();
        let before = after.iter().filter_map(|one| depths.get(one)).max();
        let depth = before.map_or(0, |depth| depth + 1);
        depths.insert(own, depth);
        parts.push(Part {
            id: own,
            name: name(own),
            after,
            depth,
        });
    }
    Ok(parts)
}

fn name(id: &StackId) -> String {
    let part = id.part.as_ref().map(ToString::to_string);
    part.unwrap_or_else(|| id.app.to_string())
}

/// As lines: what comes later stands further in, and says after what.
fn text(parts: &[Part<'_>]) -> String {
    let wide = parts.iter().map(|part| part.depth * 2 + part.name.len());
    let wide = wide.max().unwrap_or_default();
    let mut text = String::new();
    for part in parts {
        let own = format!("{}{}", "  ".repeat(part.depth), part.name);
        let after: Vec<String> = part.after.iter().map(|id| name(id)).collect();
        let after = match after.as_slice() {
            [] => String::new(),
            after => format!("{:1$}  after {2}", "", wide - own.len(), after.join(", ")),
        };
        let _ = writeln!(text, "{own}{after}");
    }
    text
}

/// As a Mermaid flow chart.
fn mermaid(parts: &[Part<'_>]) -> String {
    let number: BTreeMap<&StackId, usize> = parts
        .iter()
        .enumerate()
        .map(|(n, part)| (part.id, n))
        .collect();
    let mut text = "flowchart LR\n".to_owned();
    for (n, part) in parts.iter().enumerate() {
        let _ = writeln!(text, "    n{n}[\"{}\"]", part.name);
    }
    for (n, part) in parts.iter().enumerate() {
        for before in part.after.iter().filter_map(|id| number.get(id)) {
            let _ = writeln!(text, "    n{before} --> n{n}");
        }
    }
    text
}

/// As a Graphviz graph.
fn dot(id: &StackId, parts: &[Part<'_>]) -> String {
    let mut text = format!(
        "digraph \"{}\" {{\n    rankdir=LR;\n    node [shape=box];\n",
        id.whole()
    );
    for part in parts {
        let _ = writeln!(text, "    \"{}\";", part.name);
    }
    for part in parts {
        for before in &part.after {
            let _ = writeln!(text, "    \"{}\" -> \"{}\";", name(before), part.name);
        }
    }
    text.push_str("}\n");
    text
}
