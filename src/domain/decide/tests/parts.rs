//! Wholes: deployments whose steps are the deployments of parts.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;

use super::outside::{held, plan, step};
use super::sim::{Ends, Sim, attached, env};
use crate::domain::ask::{Attached, Intent, Source, Way};
use crate::domain::decide::cancel::cancel_lines;
use crate::domain::decide::*;
use crate::domain::deployment::{Deployment, StepState};
use crate::domain::end::End;
use crate::domain::environment::{Mode, OnFailure, QueuePolicy};
use crate::domain::failure::Failure;
use crate::domain::flag::Flags;
use crate::domain::hold::HoldKind;
use crate::domain::ids::Part;
use crate::domain::label::Label;
use crate::domain::lifecycle::PhaseClass;
use crate::domain::plan::{Output, Plan, Role, Step};
use crate::domain::purpose::Purpose;
use crate::domain::request::Release;
use crate::domain::stack::Stack;

fn whole() -> StackId {
    "prod/shop".parse().unwrap()
}

fn part(name: &str) -> StackId {
    format!("prod/shop/{name}").parse().unwrap()
}

/// The deployment of a part, after those of others.
fn of(name: &str, after: &[&str]) -> Step {
    let kind = StepKind::Part(part(name));
    Step::new(Role::Child, name, format!("deploy {name}"), kind, json!({})).after(after)
}

/// A whole of parts, each with its own plan and after those that it names.
fn shop(parts: &[(&str, &[&str])], own: &Plan, at_once: Option<usize>) -> Attached {
    let steps = parts.iter().map(|(name, after)| of(name, after));
    let all = Plan {
        finish_independent: true,
        at_once,
        ..plan(steps.collect())
    };
    let mut shop = attached(&whole(), "r1", &all);
    let of = |name: &str| attached(&part(name), &format!("{name}-1"), own).spec;
    let parts = parts
        .iter()
        .map(|(name, _)| (name.parse().unwrap(), of(name)));
    shop.spec.parts = parts.collect::<BTreeMap<Part, _>>();
    shop
}

fn works() -> Plan {
    plan(vec![step("work", &[])])
}

fn waits() -> Plan {
    plan(vec![held(step("work", &[]), HoldKind::ReviewPlan)])
}

impl Sim {
    fn deploys(&mut self, shop: &Attached) {
        let intent = Intent::deploy(whole(), Source::Estate);
        self.ask(&intent, std::slice::from_ref(shop), true, false)
            .unwrap();
        self.grant();
    }

    fn of(&self, stack: &StackId) -> Option<Arc<Deployment>> {
        let own = self.folds.deployments.values();
        let own = own.filter(|d| d.stack() == Some(stack));
        own.max_by_key(|d| d.no()).cloned()
    }

    /// The parts that work now.
    fn at_work(&self) -> Vec<String> {
        let live = self.live().into_iter();
        let mut names: Vec<String> = live
            .filter_map(|(id, _, _)| {
                Some(
                    self.folds.deployments[&id]
                        .stack()?
                        .part
                        .as_ref()?
                        .to_string(),
                )
            })
            .collect();
        names.sort();
        names
    }

    /// The work of these parts ends.
    fn ends(&mut self, ends: &[(&str, Ends)]) {
        for (name, how) in ends {
            let d = self.of(&part(name)).unwrap();
            self.end_steps_of(d.id, *how);
        }
        self.grant();
    }

    fn end_steps_of(&mut self, id: DeploymentId, how: Ends) {
        for (_, step, attempt) in self.live().into_iter().filter(|(d, _, _)| *d == id) {
            let d = self.folds.deployments[&id].clone();
            let result = match how {
                Ends::Well => Ok(Output::default()),
                _ => Err(Failure::new(format!("{step} broke"))),
            };
            let append = outcome(&self.folds, &d, &step, attempt, result, self.now);
            self.take(append);
        }
    }
}

/// A part starts as soon as those before it are there; a failure keeps back what needs it, and
/// nothing else; the whole names what arrived.
#[test]
fn parts_start_after_those_before_them_and_a_failure_stops_those_behind_it_alone() {
    let mut sim = Sim::new(OnFailure::Break);
    let all: &[(&str, &[&str])] = &[
        ("nl", &[]),
        ("de", &[]),
        ("nl/cart", &["nl"]),
        ("de/cart", &["de"]),
        ("nl/search", &["nl/cart"]),
    ];
    sim.deploys(&shop(all, &works(), None));
    assert_eq!(sim.at_work(), ["de", "nl"]);
    let child = sim.of(&part("nl")).unwrap();
    let request = child.request.as_ref().unwrap();
    assert_eq!(request.cause.via, Via::Parent);
    assert_eq!(request.spec.release.name.as_str(), "nl-1");
    assert_eq!(
        child.parent().unwrap().deployment,
        sim.of(&whole()).unwrap().id
    );
    sim.ends(&[("nl", Ends::Well)]);
    assert_eq!(
        sim.at_work(),
        ["de", "nl/cart"],
        "nl/cart waits for nl alone"
    );
    sim.ends(&[("de", Ends::Badly)]);
    assert_eq!(sim.at_work(), ["nl/cart"]);
    sim.ends(&[("nl/cart", Ends::Well)]);
    sim.ends(&[("nl/search", Ends::Well)]);
    let d = sim.of(&whole()).unwrap();
    let named = |names: &[&str]| names.iter().map(|name| part(name)).collect::<Vec<_>>();
    let end = End::Partial {
        arrived: named(&["nl", "nl/cart", "nl/search"]),
        missing: named(&["de", "de/cart"]),
    };
    assert_eq!(d.end, Some(end));
    let failed = d.first_failure().unwrap();
    assert!(
        failed.summary.contains("prod/shop/de: work broke"),
        "{failed:?}"
    );
    assert_eq!(sim.of(&part("de/cart")), None, "it was never asked for");
    assert_eq!(sim.folds.stack(&whole()).phase.as_str(), "BROKEN");
    assert_eq!(sim.replayed(), sim.folds);
}

/// The parts that a whole left out are brought one by one: with the last of them the whole has come
/// to rest, with what its parts have.
#[test]
fn a_whole_is_mended_by_the_deployments_of_the_parts_that_it_left_out() {
    for policy in [OnFailure::Break, OnFailure::Continue] {
        let mut sim = Sim::new(policy);
        let all: &[(&str, &[&str])] = &[("nl", &[]), ("de", &[]), ("de/cart", &["de"])];
        let shop = shop(all, &works(), None);
        sim.deploys(&shop);
        sim.ends(&[("nl", Ends::Well), ("de", Ends::Badly)]);
        let broke = sim.folds.stack(&whole());
        assert!(broke.unsettled.is_some());
        // What needs a part that is missing still is brought once more, after it.
        for name in ["nl", "de/cart", "de", "de/cart"] {
            let of = part(name);
            let is_first = sim.of(&of).is_none_or(|d| d.end != Some(End::Done));
            let release = format!("{name}-{}", if is_first { 2 } else { 3 });
            let mut alone = attached(&of, &release, &works());
            alone.spec.system.clone_from(&shop.spec.system);
            let intent = Intent::deploy(of.clone(), Source::Estate);
            assert_eq!(sim.folds.stack(&whole()).mended, None, "{name} is to come");
            if sim.folds.stack(&of).class() == PhaseClass::Broken {
                let way = Way::Free;
                let intent = Intent::Unblock {
                    stack: of.clone(),
                    way,
                    flags: Flags::new(),
                };
                sim.ask(&intent, &[], true, false).unwrap();
            }
            sim.ask(&intent, std::slice::from_ref(&alone), true, false)
                .unwrap();
            sim.grant();
            sim.ends(&[(name, Ends::Well)]);
        }
        let stack = sim.folds.stack(&whole());
        let last = sim.of(&part("de/cart")).unwrap();
        assert_eq!((stack.mended, stack.unsettled), (Some(last.id), None));
        assert_eq!((stack.class(), &stack.broken), (PhaseClass::Rest, &None));
        let parts: Vec<(Part, Arc<Stack>)> = ["nl", "de", "de/cart"]
            .map(|name| (name.parse().unwrap(), sim.folds.stack(&part(name))))
            .into();
        let releases = parts
            .iter()
            .map(|(part, stack)| (part, stack.release.as_ref().unwrap()));
        assert_eq!(stack.release, Some(Release::of_parts(releases)));
        assert_eq!(sim.replayed(), sim.folds);
        sim.deploys(&shop);
        assert_eq!(sim.folds.stack(&whole()).mended, Some(last.id));
        for name in ["nl", "de", "de/cart"] {
            sim.ends(&[(name, Ends::Well)]);
        }
        assert_eq!(sim.folds.stack(&whole()).mended, None);
    }
}

/// A part goes back to what it was: nothing is left of a deployment that left it and others out.
#[test]
fn a_whole_is_mended_once_its_parts_are_what_they_were() {
    let mut sim = Sim::new(OnFailure::Continue);
    let all: &[(&str, &[&str])] = &[("nl", &[]), ("de", &[]), ("de/cart", &["de"])];
    let mut shop = shop(all, &works(), None);
    let releases = shop.spec.parts.iter();
    shop.spec.release = Release::of_parts(releases.map(|(part, spec)| (part, &spec.release)));
    sim.deploys(&shop);
    for name in ["nl", "de", "de/cart"] {
        sim.ends(&[(name, Ends::Well)]);
    }
    sim.deploys(&shop);
    sim.ends(&[("nl", Ends::Well), ("de", Ends::Badly)]);
    assert!(sim.folds.stack(&whole()).unsettled.is_some());
    let mut back = attached(&part("de"), "de-1", &works());
    back.spec.system.clone_from(&shop.spec.system);
    let intent = Intent::deploy(part("de"), Source::Estate);
    sim.ask(&intent, std::slice::from_ref(&back), true, false)
        .unwrap();
    sim.grant();
    sim.ends(&[("de", Ends::Well)]);
    let stack = sim.folds.stack(&whole());
    assert_eq!(stack.unsettled, None);
    assert_eq!(stack.release, Some(shop.spec.release));
    assert_eq!(sim.replayed(), sim.folds);
}

#[test]
fn a_whole_whose_parts_all_arrive_is_done() {
    let mut sim = Sim::new(OnFailure::Break);
    sim.deploys(&shop(
        &[("nl", &[]), ("nl/cart", &["nl"])],
        &works(),
        Some(1),
    ));
    sim.ends(&[("nl", Ends::Well)]);
    sim.ends(&[("nl/cart", Ends::Well)]);
    let d = sim.of(&whole()).unwrap();
    assert_eq!(d.end, Some(End::Done));
    let stack = sim.folds.stack(&whole());
    assert_eq!(stack.release.as_ref().unwrap().name.as_str(), "r1");
    let given = d.steps[&"nl".into()].output.as_ref().unwrap();
    assert_eq!(given.public["stack"], json!("prod/shop/nl"));
}

/// Never more parts work than may; one that waits for a person leaves its room to the next, and
/// waits for room once it is approved.
#[test]
fn no_more_parts_work_than_may() {
    let all: &[(&str, &[&str])] = &[("a", &[]), ("b", &[]), ("c", &[]), ("d", &[])];
    let mut sim = Sim::new(OnFailure::Break);
    sim.deploys(&shop(all, &works(), Some(2)));
    assert_eq!(sim.at_work(), ["a", "b"]);
    assert_eq!(sim.of(&part("c")), None);
    sim.ends(&[("a", Ends::Badly)]);
    assert_eq!(sim.at_work(), ["b", "c"]);

    let mut sim = Sim::new(OnFailure::Break);
    sim.deploys(&shop(all, &waits(), Some(2)));
    assert_eq!(sim.folds.open_holds().len(), 4, "all wait for a person");
    for _ in 0..4 {
        sim.decide(true);
    }
    sim.grant();
    assert_eq!(sim.at_work().len(), 2, "{:?}", sim.at_work());
    for _ in 0..4 {
        let first = sim.at_work().first().cloned();
        sim.ends(
            &first
                .iter()
                .map(|name| (name.as_str(), Ends::Well))
                .collect::<Vec<_>>(),
        );
        assert!(sim.at_work().len() <= 2);
    }
    assert_eq!(sim.of(&whole()).unwrap().end, Some(End::Done));
}

/// What cancels the whole cancels what runs of it, and what waits of it is never asked for.
#[test]
fn a_cancel_of_a_whole_is_one_of_its_parts() {
    let mut sim = Sim::new(OnFailure::Break);
    sim.deploys(&shop(&[("a", &[]), ("b", &["a"])], &works(), None));
    let cancel = Intent::Cancel {
        deployment: sim.of(&whole()).unwrap().id,
    };
    sim.ask(&cancel, &[], true, false).unwrap();
    sim.grant();
    let a = sim.of(&part("a")).unwrap();
    assert!(a.steps[&"work".into()].cancelling, "{:?}", a.steps);
    assert_eq!(sim.of(&whole()).unwrap().end, None, "it waits for its part");
    sim.ends(&[("a", Ends::Badly)]);
    let ended = |stack: &StackId| sim.of(stack).and_then(|d| d.end.clone());
    assert!(matches!(ended(&part("a")), Some(End::Terminated { .. })));
    assert!(matches!(ended(&whole()), Some(End::Terminated { .. })));
    assert_eq!(ended(&part("b")), None);
    assert_eq!(sim.replayed(), sim.folds);
}

/// The card of a cancel names what runs of each part, and says where nothing does.
#[test]
fn a_cancel_of_a_whole_asks_nothing_of_what_is_held() {
    let says = |own: &Plan| {
        let mut sim = Sim::new(OnFailure::Break);
        sim.deploys(&shop(&[("a", &[]), ("b", &["a"])], own, None));
        let (mut lines, d) = (Vec::new(), sim.of(&whole()).unwrap());
        cancel_lines(&mut lines, &sim.folds, &d, &Cancels::new());
        let runs = lines.iter().find(|line| line.label == Label::Running);
        runs.unwrap().text.clone()
    };
    let held = says(&waits());
    assert!(
        held.ends_with("(ends at once: nothing of it runs)"),
        "{held}"
    );
    let runs = says(&works());
    assert!(
        runs.starts_with("a: ") && runs.contains("runs to its end"),
        "{runs}"
    );
}

/// A part has its own queue: what runs there ends first. Who ends the part's deployment ends the step.
#[test]
fn a_part_waits_in_its_own_queue() {
    let mut sim = Sim::new(OnFailure::Continue);
    let alone = attached(&part("a"), "a-0", &works());
    let intent = Intent::deploy(part("a"), Source::Estate);
    sim.ask(&intent, &[alone], true, false).unwrap();
    sim.grant();
    let before = sim.of(&part("a")).unwrap();
    sim.deploys(&shop(&[("a", &[]), ("b", &[])], &works(), Some(1)));
    assert_eq!(
        sim.at_work(),
        ["a", "b"],
        "what waits in a queue takes no room"
    );
    let queued = sim.of(&part("a")).unwrap();
    assert_ne!(queued.id, before.id);
    let cancel = Intent::Cancel {
        deployment: queued.id,
    };
    sim.ask(&cancel, &[], true, false).unwrap();
    sim.grant();
    let d = sim.of(&whole()).unwrap();
    let run = &d.steps[&"a".into()];
    assert_eq!(run.state, StepState::Failed);
    let says = &run.failure.as_ref().unwrap().summary;
    assert!(says.contains("cancelled: why"), "{says}");
    assert!(!run.touched, "nothing of it began");
}

/// A part that cannot be asked for fails its step with the reason.
#[test]
fn a_part_that_is_refused_fails_its_step() {
    let mut sim = Sim::new(OnFailure::Break);
    let alone = attached(&part("a"), "a-0", &works());
    let intent = Intent::deploy(part("a"), Source::Estate);
    sim.ask(&intent, &[alone], true, false).unwrap();
    sim.grant();
    let mut record = sim.record();
    record.queue = QueuePolicy::Refuse;
    sim.configure(record);
    sim.deploys(&shop(&[("a", &[])], &works(), None));
    let d = sim.of(&whole()).unwrap();
    let failure = d.first_failure().unwrap();
    assert!(failure.summary.contains("is busy"), "{failure:?}");
    assert!(
        matches!(d.end, Some(End::Failed { .. })),
        "nothing arrived: {:?}",
        d.end
    );
}

/// A whole brings its parts: one of them beside it would wait for itself.
#[test]
fn a_whole_and_its_part_are_not_asked_for_together() {
    let mut sim = Sim::new(OnFailure::Break);
    let shop = shop(&[("a", &[])], &works(), None);
    let alone = attached(&part("a"), "a-0", &works());
    let both = Intent::Deploy {
        stacks: vec![whole(), part("a")],
        source: Source::Estate,
        after: BTreeMap::new(),
        flags: Flags::new(),
    };
    let asked = sim.ask(&both, &[shop, alone], true, false);
    assert_eq!(asked, Err("whole-and-part".to_owned()));
}

/// What is torn down is what each part has in service, whatever the whole had of it.
#[test]
fn a_teardown_takes_what_each_part_has_in_service() {
    let mut sim = Sim::new(OnFailure::Continue);
    sim.deploys(&shop(&[("a", &[]), ("b", &["a"])], &works(), None));
    sim.ends(&[("a", Ends::Well)]);
    sim.ends(&[("b", Ends::Well)]);
    let later = attached(&part("a"), "a-2", &works());
    let intent = Intent::deploy(part("a"), Source::Estate);
    sim.ask(&intent, &[later], true, false).unwrap();
    sim.grant();
    sim.ends(&[("a", Ends::Well)]);
    let d = sim.of(&whole()).unwrap();
    let mut request = (**d.request.as_ref().unwrap()).clone();
    request.purpose = Purpose::Teardown;
    let (purpose, spec) = super::super::parts::brings(&sim.folds, &request, &part("a")).unwrap();
    assert_eq!(
        (purpose, spec.release.name.as_str()),
        (Purpose::Teardown, "a-2")
    );
}

/// Nothing of a whole starts in an environment that is only watched by now.
#[test]
fn nothing_more_starts_where_one_only_looks_by_now() {
    let mut sim = Sim::new(OnFailure::Break);
    sim.deploys(&shop(&[("a", &[]), ("b", &["a"])], &works(), None));
    let mut record = sim.record();
    record.mode = Mode::Watch;
    sim.configure(record);
    assert_eq!(env(), sim.of(&whole()).unwrap().stack().unwrap().env);
    sim.ends(&[("a", Ends::Well)]);
    let d = sim.of(&whole()).unwrap();
    assert!(
        matches!(&d.end, Some(End::Partial { missing, .. }) if missing == &[part("b")]),
        "{:?}",
        d.end
    );
    assert!(d.first_failure().unwrap().summary.contains("only watched"));
}

/// Sixty parts over six levels, each after one or two of the level before, take as long as the
/// longest way through them, and no longer: nothing waits for what it does not need. In batches by
/// depth they would take half as long again.
#[test]
fn sixty_parts_take_no_longer_than_their_longest_way() {
    // A part by level and place, with the minutes that it works: of each row one part works long, and
    // each level has one that does.
    let minutes = |level: usize, nth: usize| match (level + nth) % 6 {
        0 => 9,
        _ => 1 + (level * nth) % 3,
    };
    let name = |level: usize, nth: usize| format!("l{level}/n{nth}");
    let mut parts: Vec<(String, Vec<String>)> = Vec::new();
    let mut longest: BTreeMap<String, usize> = BTreeMap::new();
    for level in 0..6 {
        for nth in 0..10 {
            let after: Vec<String> = match level {
                0 => vec![],
                _ if nth % 5 == 0 => vec![name(level - 1, nth), name(level - 1, nth + 1)],
                _ => vec![name(level - 1, nth)],
            };
            let before = after.iter().map(|one| longest[one]).max().unwrap_or(0);
            longest.insert(name(level, nth), before + minutes(level, nth));
            parts.push((name(level, nth), after));
        }
    }
    let batches: usize = (0..6)
        .map(|level| (0..10).map(|nth| minutes(level, nth)).max().unwrap())
        .sum();
    let critical = *longest.values().max().unwrap();
    let after: Vec<Vec<&str>> = parts
        .iter()
        .map(|(_, after)| after.iter().map(String::as_str).collect())
        .collect();
    let all: Vec<(&str, &[&str])> = parts
        .iter()
        .zip(&after)
        .map(|((name, _), after)| (name.as_str(), &after[..]))
        .collect();
    let mut sim = Sim::new(OnFailure::Break);
    sim.deploys(&shop(&all, &works(), None));
    let mut ends: BTreeMap<String, usize> = BTreeMap::new();
    let mut now = 0;
    loop {
        for part in sim.at_work() {
            let (level, nth) = part[1..].split_once("/n").unwrap();
            let takes = minutes(level.parse().unwrap(), nth.parse().unwrap());
            ends.entry(part).or_insert(now + takes);
        }
        let working = sim.at_work();
        let Some(next) = working.iter().min_by_key(|part| ends[*part]) else {
            break;
        };
        now = ends[next];
        sim.ends(&[(next.as_str(), Ends::Well)]);
    }
    assert_eq!(sim.of(&whole()).unwrap().end, Some(End::Done));
    assert_eq!(now, critical, "the longest way, to the minute");
    assert!(
        batches * 2 >= critical * 3,
        "{batches} in batches, {critical} here"
    );
}
