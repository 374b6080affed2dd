//! The stored form of every kind of event. Stored forms live for ever: a change of one shows here,
//! in review, before it is stored.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::domain::cause::{Cause, Of, Parent, Reply, Via};
use crate::domain::class::EnvClass;
use crate::domain::deployment::{Request, Shown, Stopping};
use crate::domain::end::End;
use crate::domain::environment::{EnvironmentRecord, Freeze, Lock, Mode, OnFailure, QueuePolicy};
use crate::domain::failure::{Failure, Retry};
use crate::domain::flag;
use crate::domain::given;
use crate::domain::hold::{Choice, Decision, Hold, HoldKind, Outage, Verdict};
use crate::domain::ids::{DeploymentNo, HoldId};
use crate::domain::instance::{Instance, Slug};
use crate::domain::label::{CardLine, Label};
use crate::domain::level::Level;
use crate::domain::look::{Health, PartSeen, Sight, Standing, Subject};
use crate::domain::person::{Identity, Issuer};
use crate::domain::place;
use crate::domain::plan::given::{plan, step};
use crate::domain::plan::{
    ChangeRow, Changes, Counts, Does, Finaliser, HoldRule, HoldWhen, Leaves, Mark, Output, Plan,
    PlanShown, Role, When,
};
use crate::domain::purpose::Purpose;
use crate::domain::request::{Made, Release};
use crate::domain::stack::{Left, QueueEnd, Queued};
use crate::text::safe::Safe;

fn id(n: u128) -> DeploymentId {
    DeploymentId(Uuid::from_u128(n))
}

fn stack(text: &str) -> StackId {
    text.parse().unwrap()
}

fn digest(text: &str) -> Digest {
    Digest::of_bytes(text.as_bytes())
}

fn member() -> Person {
    Person::Member {
        id: "ana".parse().unwrap(),
        proofs: vec![Identity {
            issuer: Issuer::Aws,
            id: "arn:aws:sts::1:assumed-role/OnCall/ana".into(),
        }],
    }
}

fn outside() -> Person {
    Person::Outside {
        source: Issuer::Github,
        id: "4711".into(),
        behalf: Some("bo".into()),
    }
}

fn freeze() -> Freeze {
    Freeze {
        reason: "INC-881".into(),
        by: given::ana(),
        at: Time(1_000),
        until: Some(Time(2_000)),
    }
}

fn failure() -> Failure {
    Failure::new("it broke")
        .detail("more of it")
        .hint("mend it")
        .retry(Retry::After(Duration::from_secs(2)))
}

fn release(source: Made) -> Release {
    Release {
        name: "v1.2".into(),
        source: Some(source),
        digest: digest("v1.2"),
    }
}

fn commit() -> Made {
    Made::Commit {
        repo: "shop/orders".into(),
        at: "refs/heads/main".into(),
        sha: "8c1f22ab".into(),
    }
}

fn row() -> ChangeRow {
    ChangeRow {
        scope: vec!["Properties".into()],
        properties: vec!["Engine".into()],
        ..ChangeRow::new("Database", "AWS::RDS::DBInstance", Does::Replace)
    }
}

fn changes() -> Changes {
    Changes {
        about: thing(),
        rows: vec![row()],
        loses: vec!["Database".into()],
        more_dangerous: true,
    }
}

fn counts(n: u32) -> Counts {
    Counts(BTreeMap::from([("DesiredCount".to_owned(), n)]))
}

fn rich_plan() -> Plan {
    let choice = Choice {
        name: "old".into(),
        does: "the old release up again".into(),
    };
    let rule = HoldRule {
        kind: HoldKind::RestoreService,
        when: HoldWhen::Always,
        choices: vec![choice],
        never_expires: true,
    };
    let mut restore = step("restore", &["change"]);
    restore.role = Role::Restore;
    restore.about = Some(thing());
    restore.counts = counts(6);
    restore.undo = "scale it down again".into();
    restore.hold = Some(rule);
    restore.finaliser = Some(Finaliser::BadEnd);
    restore.only_if = Some(("look".into(), "downtime".into()));
    restore.leaves = Some(Leaves::Old);
    let mut change = step("change", &["look"]).reaching(When::Done, "rolling");
    let when = HoldWhen::Output {
        step: "look".into(),
        pointer: "/ask".into(),
        equals: json!(true),
    };
    change.hold = Some(HoldRule {
        kind: HoldKind::ReviewPlan,
        when,
        choices: vec![],
        never_expires: false,
    });
    Plan {
        repairs: true,
        changes: vec![changes()],
        says: vec!["it stands still".into()],
        branch: Some("downtime".into()),
        ..plan(vec![step("look", &[]), change, restore])
    }
}

fn request() -> Request {
    let plain = given::request(
        12,
        &stack("prod/commerce/nl/Cart_v1"),
        given::spec("mach", "r1", json!({ "site": "nl" })),
    );
    let seen = Shown {
        card: digest("card"),
        level: Level::L3,
        branch: Some("update".into()),
        changes: vec![changes()],
        covers: vec![("change".into(), digest("subject"))],
        plan: Some(PlanShown::of(&rich_plan())),
    };
    let mut spec = plain.spec.clone();
    spec.release = release(commit());
    spec.about = vec![thing()];
    spec.watch_logs = vec!["/ecs/orders".into()];
    Request {
        spec,
        flags: BTreeMap::from([
            ("note".parse().unwrap(), flag::Value::Text("night".into())),
            ("slow".parse().unwrap(), flag::Value::Switch(true)),
            ("workers".parse().unwrap(), flag::Value::Number(4)),
        ]),
        cause: Cause {
            by: outside(),
            via: Via::Push,
            reason: "INC-881".into(),
            of: Some(Of::Retry {
                no: DeploymentNo(9),
                deployment: id(9),
            }),
            reply: Some(Reply::CheckRun {
                host: Issuer::Github,
                repo: "shop/orders".into(),
                run: 4711,
            }),
            ..plain.cause.clone()
        },
        parent: Some(Parent {
            deployment: id(7),
            step: "nl/cart".into(),
            attempt: 1,
        }),
        places: place().into(),
        on_failure: OnFailure::Continue,
        not_before: Some(Time(5_000)),
        after: vec![id(3)],
        seen: Some(seen),
        ..plain
    }
}

fn hold() -> Hold {
    Hold {
        id: HoldId {
            no: DeploymentNo(12),
            step: "restore".into(),
            nth: 1,
        },
        kind: HoldKind::RestoreService,
        level: Level::L3,
        phrase: "prod restore".into(),
        subject: digest("subject"),
        choices: vec![Choice {
            name: "old".into(),
            does: "the old release up again".into(),
        }],
        lines: vec![CardLine {
            label: Label::Does,
            text: "bring the service up again".into(),
        }],
        outage: Some(Outage {
            likely: Duration::from_mins(2),
            bad: Duration::from_mins(3),
            runs: 14,
        }),
        loses: vec!["Database".into()],
        opened_at: Time(1_000),
        expires_at: Some(Time(9_000)),
        decision: None,
    }
}

fn thing() -> Subject {
    Subject::new("cloudformation.stack", "prod-orders")
}

fn sight() -> Sight {
    let part = PartSeen {
        name: "Database".into(),
        kind: "AWS::RDS::DBInstance".into(),
        health: Health::Failed,
        words: "UPDATE_FAILED".into(),
        reason: "no room".into(),
        at: Time(3),
        removes: false,
    };
    Sight {
        words: "UPDATE_FAILED".into(),
        reason: "no room".into(),
        changed_at: Some(Time(4)),
        parts: vec![part],
        facts: json!({ "status": "UPDATE_FAILED" }),
        ..Sight::of(thing(), "CloudFormation stack", Standing::Halted)
    }
}

fn place() -> place::Place {
    let place = place::Place::new("aws", "account", "region")
        .of(Some("441200007731"))
        .within(Some("eu-west-1"));
    place
        .by("profile", Some("prod"))
        .by("role", Some("deployer"))
}

fn of_environments() -> Vec<EnvironmentEvent> {
    let record = EnvironmentRecord {
        class: EnvClass::Production,
        places: place().into(),
        on_failure: OnFailure::Break,
        queue: QueuePolicy::Latest,
        mode: Mode::Watch,
        min_level: Some(Level::L3),
        hold_expiry: Duration::from_hours(24),
    };
    vec![
        EnvironmentEvent::Configured { record },
        EnvironmentEvent::Frozen { freeze: freeze() },
        EnvironmentEvent::Thawed,
        EnvironmentEvent::Locked {
            lock: Lock::Guarded { until: Time(3) },
        },
    ]
}

fn of_stacks() -> Vec<StackEvent> {
    let deployment = id(12);
    let entry = Queued {
        deployment,
        no: DeploymentNo(12),
        purpose: Purpose::Recover,
        not_before: Some(Time(5)),
        after: vec![id(3)],
    };
    let images = BTreeMap::from([("web".to_owned(), "sha256:8c1f".into())]);
    let left = Left::Release(release(Made::Images { images }));
    vec![
        StackEvent::Requested {
            system: "mach".into(),
            entry,
            place: QueueEnd::Head,
        },
        StackEvent::FoundMissing { deployment },
        StackEvent::Adopted {
            status: "UPDATE_COMPLETE".into(),
        },
        StackEvent::AdoptedBroken {
            status: "ROLLBACK_COMPLETE".into(),
        },
        StackEvent::Started { deployment },
        StackEvent::Popped { deployment },
        StackEvent::TeardownPopped { deployment },
        StackEvent::Reached {
            deployment,
            mark: Mark("rolling".to_owned()),
        },
        StackEvent::Succeeded {
            deployment,
            release: Some(release(Made::Archive {
                digest: digest("zip"),
            })),
            as_before: true,
        },
        StackEvent::Failed {
            deployment,
            reason: "it broke".into(),
            left,
        },
        StackEvent::FailedContinue {
            deployment,
            reason: "it broke".into(),
            left: Left::Nothing,
        },
        StackEvent::Withdrawn { deployment },
        StackEvent::WithdrawnNever { deployment },
        StackEvent::WithdrawnBroken {
            deployment,
            to: None,
        },
        StackEvent::WithdrawnBroken {
            deployment,
            to: Some("DELETE_FAILED".into()),
        },
        StackEvent::Stayed { deployment },
        StackEvent::Mended {
            deployment,
            release: release(commit()),
        },
        StackEvent::QueueEmpty,
        StackEvent::Idle,
        StackEvent::Unblocked { way: "free".into() },
        StackEvent::UnblockedNever { way: "free".into() },
        StackEvent::Dequeued { deployment },
        StackEvent::StackFrozen { freeze: freeze() },
        StackEvent::StackThawed,
        StackEvent::AppTold {
            app: Instance {
                id: "7c1f".parse().unwrap(),
                name: Slug::of("Acme Shop").unwrap(),
                title: Safe::new("Acme Shop"),
                sign_in: Some(Safe::new("authorisationCode")),
                owner: Some("acme".parse().unwrap()),
                told_at: Time(5),
                since: Time(4),
            },
        },
        StackEvent::AppGone { told_at: Time(6) },
    ]
}

fn of_deployments() -> Vec<DeploymentEvent> {
    let step = || "change".into();
    let verdict = Verdict::Approved {
        subject: digest("subject"),
        choice: Some("old".into()),
    };
    let output = Output {
        public: json!({ "branch": "update" }),
        changes: Some(changes()),
        counts: Some(counts(0)),
        changed_at: Some(Time(4)),
    };
    vec![
        DeploymentEvent::Created {
            request: Box::new(request()),
        },
        DeploymentEvent::Triggered,
        DeploymentEvent::StackWait,
        DeploymentEvent::StackAvailable {
            found: [sight()].into_iter().collect(),
        },
        DeploymentEvent::StackWaitFailure { failure: failure() },
        DeploymentEvent::Planned {
            plan: Box::new(rich_plan()),
            digest: digest("plan"),
            carried: vec![("look".into(), output.clone())],
        },
        DeploymentEvent::PlanVoid {
            step: step(),
            failure: failure().retry(Retry::Replan),
        },
        DeploymentEvent::RunSteps,
        DeploymentEvent::StepStarted {
            step: step(),
            attempt: 2,
            subject: Some(digest("subject")),
            params: json!({ "n": 1 }),
            deadline: Time(9),
        },
        DeploymentEvent::StepNoted {
            step: step(),
            key: "token".into(),
            value: json!("t-1"),
        },
        DeploymentEvent::StepLost {
            step: step(),
            failure: failure().retry(Retry::AskAPerson),
        },
        DeploymentEvent::StepFound {
            step: step(),
            deadline: Time(9),
        },
        DeploymentEvent::StepDone {
            step: step(),
            output,
        },
        DeploymentEvent::StepFailed {
            step: step(),
            failure: failure().retry(Retry::Contact),
            retry_at: Some(Time(9)),
        },
        DeploymentEvent::StepCancelled {
            step: step(),
            reason: "asked to".into(),
            as_before: false,
            changed_at: None,
        },
        DeploymentEvent::StepCancelled {
            step: step(),
            reason: "rolled back".into(),
            as_before: true,
            changed_at: Some(Time(1_700_000_000_000)),
        },
        DeploymentEvent::DecisionAgain { step: step() },
        DeploymentEvent::HoldOpened {
            hold: Box::new(hold()),
        },
        DeploymentEvent::HoldPassed {
            step: step(),
            subject: digest("subject"),
            reason: "covered".into(),
        },
        DeploymentEvent::HoldDecided {
            hold: hold().id,
            decision: Decision {
                verdict,
                by: member(),
                at: Time(7),
                note: "seen".into(),
            },
        },
        DeploymentEvent::Stopping {
            stopping: Stopping::Cancelling {
                reason: "wrong one".into(),
                by: given::ana(),
                at: Time(7),
            },
        },
        DeploymentEvent::Done,
        DeploymentEvent::Partial {
            arrived: vec![stack("prod/commerce/de")],
            missing: vec![stack("prod/commerce/nl/cart")],
        },
        DeploymentEvent::Error {
            failure: failure().retry(Retry::Never),
        },
        DeploymentEvent::Terminated {
            reason: "undone".into(),
            by: Person::Engine,
        },
        DeploymentEvent::Abandoned {
            still: vec![step()],
            by: given::ana(),
        },
    ]
}

fn all() -> Vec<(StreamId, Event)> {
    let environment = StreamId::Environment("prod".parse().unwrap());
    let deployment = StreamId::Deployment(request().parent.unwrap().child());
    let stacks = StreamId::Stack(stack("prod/commerce/nl/Cart_v1"));
    let mut all: Vec<(StreamId, Event)> = of_environments()
        .into_iter()
        .map(|event| (environment.clone(), Event::Environment(event)))
        .collect();
    all.extend(
        of_stacks()
            .into_iter()
            .map(|event| (stacks.clone(), Event::Stack(event))),
    );
    all.extend(
        of_deployments()
            .into_iter()
            .map(|event| (deployment.clone(), Event::Deployment(Box::new(event)))),
    );
    all
}

#[test]
fn the_stored_form_of_every_event() {
    let mut text = String::new();
    for (stream, event) in all() {
        let stored = serde_json::to_value(&event).unwrap();
        writeln!(
            text,
            "{stream} {}\n{}\n",
            event.tag(),
            serde_json::to_string_pretty(&stored).unwrap()
        )
        .unwrap();
        assert_eq!(
            Event::read(&stream, FORM, &stored),
            Ok(event.clone()),
            "{}",
            event.tag()
        );
        assert_eq!(
            stored["event"],
            event.tag(),
            "the tag beside it is the tag in it"
        );
    }
    insta::assert_snapshot!(text);
}

/// The page on architecture lists every tag, and each has its form above.
#[test]
fn no_event_is_without_its_form() {
    let page = include_str!("../../../ARCHITECTURE.md");
    let table = page
        .split("| stream | events (the stored tag) |")
        .nth(1)
        .unwrap()
        .split("\n\n")
        .next()
        .unwrap();
    let listed: BTreeSet<&str> = table
        .lines()
        .skip(2)
        .filter_map(|row| row.split('|').nth(2))
        .flat_map(|tags| tags.split('`').skip(1).step_by(2))
        .collect();
    let shown: BTreeSet<&str> = all().iter().map(|(_, event)| event.tag()).collect();
    assert_eq!(shown, listed);
    // A new kind of event does not compile here before it has its form above.
    for (_, event) in all() {
        match event {
            Event::Environment(
                EnvironmentEvent::Configured { .. }
                | EnvironmentEvent::Frozen { .. }
                | EnvironmentEvent::Thawed
                | EnvironmentEvent::Locked { .. },
            ) => {}
            Event::Stack(event) => assert!(!event.tag().is_empty()),
            Event::Deployment(event) => assert!(!event.tag().is_empty()),
        }
    }
    let ends = [
        End::Done,
        End::Partial {
            arrived: vec![],
            missing: vec![],
        },
        End::Failed { failure: failure() },
        End::Terminated {
            reason: String::new(),
            by: Person::Engine,
        },
    ];
    assert_eq!(ends.iter().filter(|end| end.is_well()).count(), 1);
}

/// Keys whose objects hold whatever their writer likes: nothing in them is unknown.
const OPEN: [&str; 9] = [
    "counts", "way", "body", "params", "facts", "public", "value", "flags", "images",
];

/// Every object in a value to which a field can be added that nobody knows.
fn places(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            found.push(path.to_owned());
            for (key, field) in fields
                .iter()
                .filter(|(key, _)| !OPEN.contains(&key.as_str()))
            {
                places(field, &format!("{path}/{key}"), found);
            }
        }
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(nth, item)| places(item, &format!("{path}/{nth}"), found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn what_a_newer_program_added_is_told_and_never_dropped() {
    let mut tried = 0;
    for (stream, event) in all() {
        let stored = serde_json::to_value(&event).unwrap();
        let mut found = Vec::new();
        places(&stored, "", &mut found);
        for path in found {
            let mut newer = stored.clone();
            let place = newer
                .pointer_mut(&path)
                .and_then(Value::as_object_mut)
                .unwrap();
            place.insert("surprise".to_owned(), json!(1));
            let read = Event::read(&stream, FORM, &newer);
            assert!(
                read.as_ref()
                    .is_err_and(|why| why.contains("surprise") || why.contains("cannot be read")),
                "{} {path}: {read:?}",
                event.tag()
            );
            tried += 1;
        }
        let mut newer = stored.clone();
        newer["event"] = json!("sung");
        assert!(Event::read(&stream, FORM, &newer).is_err());
        assert!(Event::read(&stream, FORM + 1, &stored).is_err());
    }
    assert!(tried > 90, "only {tried} places");
}
