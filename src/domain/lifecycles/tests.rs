//! The source document's two state diagrams, edge by edge, against the tables that run.

use std::collections::BTreeSet;

use super::*;
use crate::domain::lifecycle::{Edge, Lifecycle, NEW, Origin, PhaseClass, PhaseDef, PhaseFlag};
use crate::domain::stack::StackEvent;

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
    ("WAITING", "Stack Failure", "FAILED"),
    (
        "WAITING",
        "StackStatus.Complete / Missing / Terminal",
        "AVAILABLE",
    ),
    ("AVAILABLE", "Running", "RUNNING"),
    ("RUNNING", "any error", "FAILED"),
    ("RUNNING", "all OK", "DONE"),
];

/// What the source document draws and nothing records: a status that changes nothing is no event.
const NO_EVENTS: &[(&str, &str)] = &[
    ("WAITING", "StackStatus.Progress"),
    ("RUNNING", "StepStatus: any running"),
];

fn seed_edges(table: &Lifecycle) -> BTreeSet<(&str, &str, &str)> {
    table
        .edges
        .iter()
        .filter(|edge| edge.origin == Origin::Seed)
        .map(|edge| (edge.from, edge.label, edge.to))
        .collect()
}

#[test]
fn the_source_diagrams_are_exactly_the_seed_edges() {
    for (table, diagram) in [(&SERVICE, STACK_DIAGRAM), (&DEPLOYMENT, DEPLOYMENT_DIAGRAM)] {
        assert_eq!(
            seed_edges(table),
            diagram.iter().copied().collect(),
            "{}",
            table.name
        );
    }
    for (at, label) in NO_EVENTS {
        assert!(
            DEPLOYMENT.phase(at).is_some()
                && !DEPLOYMENT.edges.iter().any(|edge| edge.label == *label),
            "{at} {label}"
        );
    }
}

/// The tables of all systems, with the made-up one.
fn of_stacks() -> impl Iterator<Item = &'static Lifecycle> {
    OF_SYSTEMS.iter().chain(MADE_UP).map(|(_, table)| *table)
}

fn all() -> impl Iterator<Item = &'static Lifecycle> {
    of_stacks().chain([&DEPLOYMENT])
}

fn from(table: &Lifecycle, phase: &PhaseDef, on: &str) -> Option<&'static PhaseDef> {
    table
        .edge(phase.name, on)
        .and_then(|edge| table.phase(edge.to))
}

#[test]
fn tables_are_sound() {
    for table in all() {
        let names: BTreeSet<_> = table.phases.iter().map(|p| p.name).collect();
        assert_eq!(
            names.len(),
            table.phases.len(),
            "{}: a phase twice",
            table.name
        );
        assert_eq!(
            table.start().name,
            NEW,
            "{}: what nothing is known of has one name",
            table.name
        );
        let mut seen = BTreeSet::new();
        for Edge {
            from,
            on,
            to,
            label,
            origin,
        } in table.edges
        {
            assert!(
                names.contains(from) && names.contains(to),
                "{}: {from} -> {to}",
                table.name
            );
            assert!(
                seen.insert((from, on)),
                "{}: {from} on {on} twice",
                table.name
            );
            assert!(
                !label.is_empty() && *origin != Origin::Ours(""),
                "{}: {from} on {on} says nothing",
                table.name
            );
        }
    }
}

#[test]
fn every_phase_is_reached_and_none_but_an_end_is_without_a_way_on() {
    for table in all() {
        let mut reached = BTreeSet::from([table.start().name]);
        while let Some(edge) = table
            .edges
            .iter()
            .find(|edge| reached.contains(edge.from) && !reached.contains(edge.to))
        {
            reached.insert(edge.to);
        }
        for phase in table.phases {
            assert!(
                reached.contains(phase.name),
                "{}: nothing leads to {}",
                table.name,
                phase.name
            );
            let goes_on = table
                .edges
                .iter()
                .any(|edge| edge.from == phase.name && edge.to != phase.name);
            let ends = table.name == DEPLOYMENT.name
                && matches!(phase.class, PhaseClass::Gone | PhaseClass::Broken);
            assert_eq!(goes_on, !ends, "{}: {}", table.name, phase.name);
        }
    }
}

#[test]
fn no_two_phases_share_a_source_name() {
    for table in all() {
        let sources: Vec<_> = table.phases.iter().filter_map(|p| p.source).collect();
        let unique: BTreeSet<_> = sources.iter().collect();
        assert_eq!(sources.len(), unique.len(), "{}", table.name);
    }
}

#[test]
fn the_phases_of_a_deployment_are_those_of_its_table() {
    let named: Vec<_> = crate::domain::deployment::Phase::ALL
        .iter()
        .map(|phase| phase.name())
        .collect();
    assert_eq!(
        named,
        DEPLOYMENT
            .phases
            .iter()
            .map(|phase| phase.name)
            .collect::<Vec<_>>()
    );
}

/// Whatever happens in a phase of this class, there is an edge for it: an accepted ask or an end
/// never breaks a log.
#[test]
fn every_class_has_the_edges_that_the_machine_takes_there() {
    for table in of_stacks() {
        for phase in table.phases {
            let to = |on: &str| from(table, phase, on);
            let what = format!("{}: {}", table.name, phase.name);
            assert!(to("requested").is_some(), "{what} takes no ask");
            match phase.class {
                PhaseClass::Busy => {
                    assert!(
                        to("succeeded").is_some() && to("failed").is_some(),
                        "{what} has no end"
                    );
                    // Where a mark leads to, something was changed before: what ends has failed.
                    let mut ways_in = table.edges.iter().filter(|edge| edge.to == phase.name);
                    let by_mark =
                        ways_in.all(|edge| edge.from == edge.to || edge.on.starts_with("reached:"));
                    assert!(
                        by_mark || to("withdrawn").or(to("withdrawn_never")).is_some(),
                        "{what} cannot be cancelled"
                    );
                    assert!(
                        to("failed").is_some_and(|to| to.class == PhaseClass::Broken),
                        "{what}: who failed is broken"
                    );
                }
                PhaseClass::Broken => {
                    assert!(
                        to("unblocked").is_some_and(|to| to.class == PhaseClass::Rest),
                        "{what} has no way out"
                    );
                    assert!(
                        to("teardown_popped").is_some(),
                        "{what} cannot be taken down"
                    );
                }
                PhaseClass::Rest => {
                    let moves = to("requested").is_some_and(|to| to != phase);
                    assert!(
                        to("popped").is_some() || moves || phase.is(PhaseFlag::LookFirst),
                        "{what}: what waits there never starts"
                    );
                }
                PhaseClass::Gone => assert!(to("popped").is_some(), "{what} never comes back"),
            }
        }
    }
}

/// A stack is busy exactly while a deployment holds it, and removes only what it removes to the
/// end.
#[test]
fn starts_lead_into_work_and_ends_out_of_it() {
    for table in of_stacks() {
        for edge in table.edges {
            let what = format!("{}: {} on {}", table.name, edge.from, edge.on);
            let (from, to) = (
                table.phase(edge.from).unwrap(),
                table.phase(edge.to).unwrap(),
            );
            let (before, after, stays) = (
                from.class == PhaseClass::Busy,
                to.class == PhaseClass::Busy,
                from.is(PhaseFlag::Removes),
            );
            match edge.on {
                "found_missing" | "started" | "popped" => {
                    assert!(!before && after && !to.is(PhaseFlag::Removes), "{what}");
                }
                "teardown_popped" => {
                    assert!(!before && after && to.is(PhaseFlag::Removes), "{what}");
                }
                "succeeded" => assert!(
                    before
                        && to.class
                            == if stays {
                                PhaseClass::Gone
                            } else {
                                PhaseClass::Rest
                            },
                    "{what}"
                ),
                "failed" | "failed_continue" | "withdrawn" | "withdrawn_never"
                | "withdrawn_broken" => assert!(before && !after, "{what}"),
                "requested" => assert!(from.class == to.class, "{what}"),
                "adopted" | "adopted_broken" | "queue_empty" | "idle" | "unblocked"
                | "unblocked_never" => {
                    assert!(!before && !after, "{what}");
                }
                back if back.starts_with(StackEvent::STILL_BROKEN) => {
                    assert_eq!(back.strip_prefix(StackEvent::STILL_BROKEN), Some(edge.to));
                    assert!(before && to.class == PhaseClass::Broken, "{what}");
                }
                mark => {
                    assert!(
                        mark.strip_prefix("reached:")
                            .is_some_and(|mark| !mark.is_empty()),
                        "{what}: no event has that name"
                    );
                    assert!(
                        before && after && from != to && stays == to.is(PhaseFlag::Removes),
                        "{what}"
                    );
                }
            }
        }
    }
}

#[test]
fn every_flag_stands_where_it_means_something() {
    for table in of_stacks() {
        for phase in table.phases {
            let what = format!("{}: {}", table.name, phase.name);
            let to = |on: &str| from(table, phase, on);
            let rests = |on: &str| {
                to(on).is_some_and(|to| {
                    to.class == PhaseClass::Rest && from(table, to, "queue_empty").is_none()
                })
            };
            let looks =
                to("found_missing").is_some() && rests("adopted") && to("adopted_broken").is_some();
            assert_eq!(phase.is(PhaseFlag::LookFirst), looks, "{what}");
            assert!(
                !looks || to("popped").is_none(),
                "{what}: it starts without a look"
            );
            for on in ["queue_empty", "idle"] {
                assert!(
                    to(on).is_none() || phase.class == PhaseClass::Rest && rests(on),
                    "{what}: it does not come to rest by {on}"
                );
            }
            assert!(
                !phase.is(PhaseFlag::Removes) || phase.class == PhaseClass::Busy,
                "{what}"
            );
            assert!(
                !phase.is(PhaseFlag::RunAgain) || phase.class == PhaseClass::Broken,
                "{what}"
            );
        }
    }
}

/// The rows of the source document's table that move a website, by the phases that they lead from
/// and to. Two of them (P1, P13) change no phase here: a site begins as what every table begins
/// with, and what is scheduled stays so while its distribution is disabled.
const WEBSITE_TABLE: &[(&str, &[&str], &[&str])] = &[
    ("P2", &[NEW], &["Provision Request"]),
    ("P3", &["Failed to Provision"], &["Provision Request"]),
    ("P4", &["Provision Request"], &["Provisioning"]),
    ("P5", &["Provisioning"], &["Ready for Deployment"]),
    ("P6", &["Provisioning"], &["Failed to Provision"]),
    ("P7", DEPLOYS, &["Queued"]),
    ("P8", &["Queued"], &["Deploying"]),
    ("P9", &["Deploying"], &["Deployed"]),
    ("P10", &["Queued", "Deploying"], &["Failed to Deploy"]),
    ("P11", &["Queued", "Deploying"], DEPLOYS),
    ("P12", DELETES, &["Scheduled for Deletion"]),
    ("P14", &["Scheduled for Deletion"], &["Deleting"]),
    ("P15", &["Deleting"], &["Deleted"]),
    ("P16", &["Deleting"], &["Failed to Delete"]),
    ("P17", &["Failed to Delete"], &["Scheduled for Deletion"]),
    ("P19", &["Scheduled for Deletion"], &["Failed to Delete"]),
];

/// Where a deployment may begin.
const DEPLOYS: &[&str] = &["Ready for Deployment", "Deployed", "Failed to Deploy"];
/// Where a deletion may begin; of a site that was never provisioned nothing is there to delete.
const DELETES: &[&str] = &[
    "Failed to Provision",
    "Ready for Deployment",
    "Deployed",
    "Failed to Deploy",
    "Failed to Delete",
];

#[test]
fn a_website_goes_by_the_table_of_the_source_document() {
    let drawn: BTreeSet<(&str, &str)> = WEBSITE_TABLE
        .iter()
        .flat_map(|(_, from, to)| {
            from.iter()
                .flat_map(|from| to.iter().map(|to| (*from, *to)))
        })
        .collect();
    let seed: BTreeSet<(&str, &str)> = WEBSITE
        .edges
        .iter()
        .filter(|edge| edge.origin == Origin::Seed)
        .map(|edge| (edge.from, edge.to))
        .collect();
    assert_eq!(seed, drawn);
    let begins = |on: &str| -> Vec<&str> {
        let edges = WEBSITE.edges.iter().filter(|edge| edge.on == on);
        edges.map(|edge| edge.from).collect()
    };
    assert_eq!(begins("started"), DEPLOYS);
    assert_eq!(begins("teardown_popped"), DELETES);
    let sources: Vec<_> = WEBSITE
        .phases
        .iter()
        .filter_map(|phase| phase.source)
        .collect();
    assert_eq!(
        sources,
        [
            "Pre Provisioned",
            "Provision Request",
            "Provisioning",
            "Failed to Provision",
            "Ready for Deployment",
            "Queued",
            "Deploying",
            "Deployed",
            "Failed to Deploy",
            "Scheduled for Deletion",
            "Deleting",
            "Failed to Delete",
            "Deleted",
        ]
    );
}

/// A release of a site needs a site; a service and a script bring what they need.
#[test]
fn what_stands_nowhere_is_provisioned_first_where_its_table_says_so() {
    use crate::domain::stack::Stack;
    for (system, phase, first) in [
        ("website", "NEW", true),
        ("website", "Deleted", true),
        ("website", "Ready for Deployment", false),
        ("website", "Failed to Delete", false),
        ("service", "DELETED", false),
        ("script", "NEW", false),
    ] {
        let stack = Stack {
            system: system.to_owned(),
            phase: phase.to_owned(),
            ..Stack::new("dev/docs".parse().unwrap())
        };
        assert_eq!(stack.is_to_be_provisioned(), first, "{system} {phase}");
    }
}
