//! The source document's two state diagrams, edge by edge, against the tables that run.

use std::collections::BTreeSet;

use super::*;
use crate::domain::lifecycle::{Class, Edge, Lifecycle, Origin};

/// `from, label of the source document, to`; `[*]` is NEW.
const STACK_DIAGRAM: &[(&str, &str, &str)] = &[
    ("NEW", "Triggered", "CREATING"),
    ("CREATING", "Triggered (queues)", "CREATING"),
    ("CREATING", "Completed", "STABLE"),
    ("STABLE", "queue empty", "AVAILABLE"),
    ("STABLE", "next in queue", "MIGRATING"),
    ("AVAILABLE", "Triggered", "MIGRATING"),
    ("MIGRATING", "Completed", "STABLE"),
    ("MIGRATING", "Triggered (queues)", "MIGRATING"),
    ("CREATING", "Failed", "BROKEN"),
    ("MIGRATING", "Failed", "BROKEN"),
];

const DEPLOYMENT_DIAGRAM: &[(&str, &str, &str)] = &[
    ("NEW", "Requested", "QUEUED"),
    ("QUEUED", "Triggered", "TRIGGERED"),
    ("TRIGGERED", "StackWait", "WAITING"),
    ("WAITING", "StackStatus.Progress", "WAITING"),
    ("WAITING", "Stack Failure", "FAILED"),
    ("WAITING", "StackStatus.Complete / Missing / Terminal", "AVAILABLE"),
    ("AVAILABLE", "Running", "RUNNING"),
    ("RUNNING", "StepStatus: any running", "RUNNING"),
    ("RUNNING", "any error", "FAILED"),
    ("RUNNING", "all OK", "DONE"),
];

fn seed_edges(table: &Lifecycle) -> BTreeSet<(&str, &str, &str)> {
    table.edges.iter().filter(|edge| edge.origin == Origin::Seed).map(|edge| (edge.from, edge.label, edge.to)).collect()
}

#[test]
fn the_source_diagrams_are_exactly_the_seed_edges() {
    for (table, diagram) in [(&SERVICE, STACK_DIAGRAM), (&DEPLOYMENT, DEPLOYMENT_DIAGRAM)] {
        assert_eq!(seed_edges(table), diagram.iter().copied().collect(), "{}", table.name);
    }
}

#[test]
fn tables_are_sound() {
    for table in [&SERVICE, &SCRIPT, &DEPLOYMENT] {
        let names: BTreeSet<_> = table.phases.iter().map(|p| p.name).collect();
        assert_eq!(names.len(), table.phases.len(), "{}: a phase twice", table.name);
        let mut seen = BTreeSet::new();
        for Edge { from, on, to, label, origin } in table.edges {
            assert!(names.contains(from) && names.contains(to), "{}: {from} -> {to}", table.name);
            assert!(seen.insert((from, on)), "{}: {from} on {on} twice", table.name);
            assert!(!label.is_empty());
            if let Origin::Ours(why) = origin {
                assert!(!why.is_empty(), "{}: {from} on {on} needs a reason", table.name);
            }
        }
        for name in &names {
            let reachable = *name == table.start().name || table.edges.iter().any(|e| e.to == *name && e.from != *name);
            assert!(reachable, "{}: nothing leads to {name}", table.name);
        }
    }
}

#[test]
fn no_two_phases_share_a_source_name() {
    for table in [&SERVICE, &SCRIPT, &DEPLOYMENT] {
        let sources: Vec<_> = table.phases.iter().filter_map(|p| p.source).collect();
        let unique: BTreeSet<_> = sources.iter().collect();
        assert_eq!(sources.len(), unique.len(), "{}", table.name);
    }
}

#[test]
fn every_broken_phase_of_a_stack_has_a_way_out() {
    for table in [&SERVICE, &SCRIPT] {
        for phase in table.phases.iter().filter(|p| p.class == Class::Broken) {
            assert!(
                table.edges.iter().any(|e| e.from == phase.name && e.on == "unblocked"),
                "{}: no way out of {}",
                table.name,
                phase.name
            );
        }
    }
}
