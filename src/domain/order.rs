//! The order of things that wait for others, and the circles that have none.

use std::collections::{BTreeMap, BTreeSet};

/// The names so that each stands after what it waits for; the given order among equals. What is
/// waited for and stands not among the names does not count.
///
/// # Errors
/// The names that wait for each other, in the given order.
pub fn order<T: Ord + Copy>(
    waits: impl IntoIterator<Item = (T, Vec<T>)>,
) -> Result<Vec<T>, Vec<T>> {
    let (names, needs): (Vec<T>, Vec<Vec<T>>) = waits.into_iter().unzip();
    let places: BTreeMap<T, usize> = names
        .iter()
        .enumerate()
        .map(|(n, name)| (*name, n))
        .collect();
    let mut behind: Vec<Vec<usize>> = vec![Vec::new(); names.len()];
    let mut waiting: Vec<usize> = Vec::with_capacity(names.len());
    for (at, needs) in needs.iter().enumerate() {
        let needs: BTreeSet<usize> = needs
            .iter()
            .filter_map(|need| places.get(need).copied())
            .collect();
        waiting.push(needs.len());
        for need in needs {
            behind[need].push(at);
        }
    }
    let mut ready: BTreeSet<usize> = (0..names.len()).filter(|at| waiting[*at] == 0).collect();
    let mut left: BTreeSet<usize> = (0..names.len()).collect();
    let mut out = Vec::with_capacity(names.len());
    while let Some(at) = ready.pop_first() {
        left.remove(&at);
        out.push(names[at]);
        for next in &behind[at] {
            waiting[*next] -= 1;
            if waiting[*next] == 0 {
                ready.insert(*next);
            }
        }
    }
    // What only waits for the circle is no part of it.
    loop {
        let waited_for = |at: &usize| behind[*at].iter().any(|next| left.contains(next));
        let circle: BTreeSet<usize> = left.iter().copied().filter(waited_for).collect();
        if circle.len() == left.len() {
            break;
        }
        left = circle;
    }
    if left.is_empty() {
        Ok(out)
    } else {
        Err(left.into_iter().map(|at| names[at]).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::order;

    type Graph<'a> = &'a [(&'a str, &'a [&'a str])];

    #[test]
    fn each_stands_after_what_it_waits_for_and_else_where_it_stood() {
        let graph: [(&str, &[&str]); 5] = [
            ("late", &["early", "elsewhere"]),
            ("one", &[]),
            ("two", &["one", "one"]),
            ("early", &[]),
            ("three", &["late"]),
        ];
        let graph = graph.map(|(name, needs)| (name, needs.to_vec()));
        assert_eq!(
            order(graph),
            Ok(vec!["one", "two", "early", "late", "three"])
        );
    }

    #[test]
    fn a_circle_is_named_without_what_waits_for_it_and_what_it_waits_for() {
        let cases: [(Graph<'_>, &[&str]); 3] = [
            (&[("alone", &["alone"])], &["alone"]),
            (
                &[("d", &["c"]), ("c", &["b"]), ("b", &["c", "a"]), ("a", &[])],
                &["c", "b"],
            ),
            (
                &[("a", &["b"]), ("b", &["a"]), ("y", &["z"]), ("z", &["y"])],
                &["a", "b", "y", "z"],
            ),
        ];
        for (graph, circle) in cases {
            let graph = graph.iter().map(|(name, needs)| (*name, needs.to_vec()));
            assert_eq!(order(graph), Err(circle.to_vec()));
        }
    }
}
