//! `diagram`: the lifecycles, from the tables that run.

use std::fmt::Write as _;

use crate::domain::lifecycle::{Edge, Lifecycle, Origin};
use crate::domain::lifecycles;

use super::args::{DiagramArgs, DiagramOf, Format};
use super::{Code, Ground, Out, Stop};

/// `diagram stack|deployment`.
pub(super) fn diagram(
    ground: &dyn Ground,
    args: &DiagramArgs,
    out: &mut Out<'_, '_>,
) -> Result<Code, Stop> {
    let lifecycle = match args.of {
        DiagramOf::Deployment => &lifecycles::DEPLOYMENT,
        DiagramOf::Stack => lifecycles::of_system(&args.system)
            .map_err(|why| Stop::wrong("unknown-system", why.to_string()))?,
    };
    let text = match args.format {
        Format::Text => ground.map(lifecycle),
        Format::Mermaid => mermaid(lifecycle),
        Format::Dot => dot(lifecycle),
    };
    if out.is_json() {
        out.document(&serde_json::json!({ "lifecycle": lifecycle.name, "diagram": text }))?;
    } else {
        out.line(&text)?;
    }
    Ok(Code::Done)
}

/// As a Mermaid state diagram.
pub(super) fn mermaid(lifecycle: &Lifecycle) -> String {
    let id = |name: &str| name.replace(' ', "_");
    let mut text = "stateDiagram-v2\n".to_owned();
    for phase in lifecycle.phases {
        // An id has no spaces; what is shown may.
        if phase.name.contains(' ') {
            let _ = writeln!(text, "    state \"{}\" as {}", phase.name, id(phase.name));
        }
    }
    let _ = writeln!(text, "    [*] --> {}", id(lifecycle.start().name));
    for Edge {
        from, to, label, ..
    } in lifecycle.edges
    {
        let _ = writeln!(
            text,
            "    {} --> {}: {}",
            id(from),
            id(to),
            label.replace(':', " ")
        );
    }
    text
}

/// As a Graphviz graph; edges that the source document does not draw are dashed.
pub(super) fn dot(lifecycle: &Lifecycle) -> String {
    let mut text = format!(
        "digraph \"{}\" {{\n    rankdir=LR;\n    node [shape=box];\n",
        lifecycle.name
    );
    for phase in lifecycle.phases {
        let _ = writeln!(text, "    \"{}\";", phase.name);
    }
    for Edge {
        from,
        to,
        label,
        origin,
        ..
    } in lifecycle.edges
    {
        let style = match origin {
            Origin::Seed => "",
            Origin::Ours(_) => ", style=dashed",
        };
        let _ = writeln!(
            text,
            "    \"{from}\" -> \"{to}\" [label=\"{label}\"{style}];"
        );
    }
    text.push_str("}\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edge_of_the_tables_is_drawn_once() {
        for lifecycle in lifecycles::OF_SYSTEMS
            .iter()
            .map(|(_, table)| *table)
            .chain([&lifecycles::DEPLOYMENT])
        {
            let (mermaid, dot) = (mermaid(lifecycle), dot(lifecycle));
            assert_eq!(
                mermaid.matches(" --> ").count(),
                lifecycle.edges.len() + 1,
                "{}",
                lifecycle.name
            );
            assert_eq!(
                dot.matches(" -> ").count(),
                lifecycle.edges.len(),
                "{}",
                lifecycle.name
            );
            let ours = lifecycle
                .edges
                .iter()
                .filter(|edge| edge.origin != Origin::Seed)
                .count();
            assert_eq!(dot.matches("dashed").count(), ours, "{}", lifecycle.name);
        }
    }
}
