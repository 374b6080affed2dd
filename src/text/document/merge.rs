//! The merge key of YAML: a mapping takes the entries of others, where it says nothing itself.

use super::{Content, Key, Node};

/// The key whose value is a mapping to take from, or a list of them; quoted it is a key like others.
pub(super) const KEY: &str = "<<";

/// A mapping with the entries of others: its own first, then those of the first of them.
pub(super) fn merge(mut node: Node, others: Vec<Node>) -> Node {
    if let Content::Map(entries) = &mut node.content {
        for (key, value) in others.into_iter().flat_map(own) {
            if entries.iter().all(|(known, _)| known.name != key.name) {
                entries.push((key, value));
            }
        }
    }
    node
}

/// A mapping, or each of a list of mappings; none for anything else.
pub(super) fn mappings(node: Node) -> Option<Vec<Node>> {
    let parts = match node.content {
        Content::List(items) => items,
        Content::Map(_) => vec![node],
        Content::Scalar { .. } => return None,
    };
    let is_map = |one: &Node| matches!(one.content, Content::Map(_));
    parts.iter().all(is_map).then_some(parts)
}

fn own(node: Node) -> Vec<(Key, Node)> {
    match node.content {
        Content::Map(entries) => entries,
        Content::Scalar { .. } | Content::List(_) => Vec::new(),
    }
}
