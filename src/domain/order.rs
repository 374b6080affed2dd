//! Orders of things that wait for others, and the circles that have none.

use std::collections::BTreeMap;

/// The names that wait for each other, in order of their names; `None` when the graph has no
/// circle.
#[must_use]
pub fn circle<'a>(edges: &BTreeMap<&'a str, Vec<&'a str>>) -> Option<Vec<&'a str>> {
    let mut left = edges.clone();
    loop {
        let free: Vec<&str> = left
            .iter()
            .filter(|(_, needs)| !needs.iter().any(|need| left.contains_key(need)))
            .map(|(name, _)| *name)
            .collect();
        if free.is_empty() {
            break;
        }
        for name in free {
            left.remove(name);
        }
    }
    // What only waits for the circle is no part of it.
    loop {
        let idle: Vec<&str> = left
            .keys()
            .filter(|name| !left.values().any(|needs| needs.contains(name)))
            .copied()
            .collect();
        if idle.is_empty() {
            break;
        }
        for name in idle {
            left.remove(name);
        }
    }
    (!left.is_empty()).then(|| left.into_keys().collect())
}
