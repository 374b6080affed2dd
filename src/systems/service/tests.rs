//! Planners as data: every status, every branch, and that no plan can do what it must not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::body::spec;
use super::entry::{Downtime, Scalar};
use super::join::{join, same};
use super::*;
use crate::domain::deployment::{Deployment, DeploymentEvent, Shown, StepState, Stopping};
use crate::domain::digest::Digest;
use crate::domain::environment::{Class, EnvironmentRecord, Mode, OnFailure, QueuePolicy};
use crate::domain::flag::Flags;
use crate::domain::hold::HoldKind;
use crate::domain::ids::{DeploymentId, StepId};
use crate::domain::level::Level;
use crate::domain::place::Place;
use crate::domain::plan::{ChangeRow, Changes, Does, HoldWhen, Output, Step, resolve};
use crate::domain::request::{Made, SourceBundle, SourceFile};
use crate::domain::time::Time;
use crate::forms::cloudformation::{CfnInput, Resource};

const TEMPLATE: &str = "
Parameters:
  DesiredCount: { Type: Number, Default: 2 }
  Version: { Type: String }
  Password: { Type: String, NoEcho: true, Default: '' }
Resources:
  Db: { Type: AWS::RDS::DBInstance }
  Web: { Type: AWS::ECS::Service }
";

fn bundle(template: &str) -> SourceBundle {
    let file = SourceFile {
        bytes: template.as_bytes().to_vec(),
        executable: false,
    };
    SourceBundle {
        files: BTreeMap::from([("orders.yaml".to_owned(), file)]),
        ..SourceBundle::default()
    }
}

fn entry(parameters: &[(&str, &str)]) -> ServiceEntry {
    ServiceEntry {
        template: "./orders.yaml".to_owned(),
        parameters: parameters
            .iter()
            .map(|(k, v)| ((*k).to_owned(), Scalar((*v).to_owned())))
            .collect(),
        parameters_by_environment: BTreeMap::new(),
        stack_name: None,
        capabilities: vec![],
        tags: BTreeMap::new(),
        cfn_role_arn: None,
        downtime: Downtime::Auto,
    }
}

fn spec_of(entry: &ServiceEntry) -> Spec {
    spec(&"prod/orders".parse().unwrap(), entry, &bundle(TEMPLATE))
        .unwrap_or_else(|found| panic!("{found}"))
}

fn orders() -> Spec {
    spec_of(&entry(&[("Version", "7"), ("DesiredCount", "4")]))
}

fn ask(purpose: Purpose, class: Class) -> PlanAsk {
    PlanAsk {
        stack: "prod/orders".parse().unwrap(),
        purpose,
        env: EnvironmentRecord {
            class,
            places: Place::new("aws", "account", "region").into(),
            on_failure: OnFailure::Break,
            queue: QueuePolicy::Queue,
            mode: Mode::Deploy,
            min_level: None,
            hold_expiry: Duration::from_hours(24),
        },
        store: "s1".to_owned(),
        seen: None,
        serving: None,
        flags: Flags::new(),
    }
}

fn stack(status: &str) -> StackFacts {
    StackFacts {
        status: status.to_owned(),
        parameters: BTreeMap::from([
            ("DesiredCount".to_owned(), "3".to_owned()),
            ("Version".to_owned(), "6".to_owned()),
        ]),
        tags: BTreeMap::from([
            ("holdpoint:store".to_owned(), "s1".to_owned()),
            ("holdpoint:stack".to_owned(), "prod/orders".to_owned()),
        ]),
        resources: vec![
            Resource {
                logical: "Db".to_owned(),
                kind: "AWS::RDS::DBInstance".to_owned(),
                status: "DELETE_FAILED".to_owned(),
            },
            Resource {
                logical: "Web".to_owned(),
                kind: "AWS::ECS::Service".to_owned(),
                status: "UPDATE_FAILED".to_owned(),
            },
        ],
        ..StackFacts::default()
    }
}

/// A stack as it is seen.
fn sight(stack: &StackFacts) -> Sights {
    [stack.sight("prod-orders")].into_iter().collect()
}

fn observed(status: &str, changes: Option<cloudformation::Changes>) -> Sights {
    let mut seen = sight(&stack(status));
    if let Some(changes) = changes {
        seen.put(changes.sight("prod-orders"));
    }
    seen
}

fn row(logical: &str, kind: &str, does: Does) -> ChangeRow {
    ChangeRow {
        logical: logical.to_owned(),
        kind: kind.to_owned(),
        does,
        scope: vec!["Properties".to_owned()],
        properties: vec![],
    }
}

fn replaces_db() -> Vec<ChangeRow> {
    vec![
        row("Db", "AWS::RDS::DBInstance", Does::Replace),
        row("Web", "AWS::ECS::Service", Does::Change),
    ]
}

fn weighed(rows: Vec<ChangeRow>) -> Changes {
    super::weight::weighed(super::steps::about("prod-orders"), rows)
}

fn plan(ask: &PlanAsk, seen: &Sights) -> Result<Plan, Failure> {
    Service.plan(ask, &orders(), seen)
}

fn ids(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|step| step.id.as_str()).collect()
}

/// A plan on a few lines: id, kind, needs, branch, hold.
fn told(plan: &Plan) -> String {
    let mut text = format!(
        "{} branch={:?} danger={:?}\n",
        plan.name, plan.branch, plan.danger
    );
    for step in &plan.steps {
        let after: Vec<&str> = step.after.iter().map(StepId::as_str).collect();
        write!(
            text,
            "{} [{}] {:?} after {after:?}",
            step.id,
            step.kind.as_str(),
            step.role
        )
        .unwrap();
        if let Some((chooser, branch)) = &step.only_if {
            write!(text, " if {chooser}={branch}").unwrap();
        }
        if let Some(hold) = &step.hold {
            write!(text, " HOLD {}", hold.kind.word()).unwrap();
            if let HoldWhen::Output {
                step,
                pointer,
                equals,
            } = &hold.when
            {
                write!(text, " when {step}{pointer}={equals}").unwrap();
            }
        }
        if step.scales() {
            write!(text, " counts {}", step.params["counts"]).unwrap();
        }
        if step.finaliser.is_some() {
            text += " at a bad end";
        }
        if let Some(leaves) = step.leaves {
            write!(text, " leaves {leaves:?}").unwrap();
        }
        text += "\n";
    }
    for says in &plan.says {
        writeln!(text, "says {says}").unwrap();
    }
    text
}

const STATUSES: [&str; 27] = [
    "MISSING",
    "REVIEW_IN_PROGRESS",
    "CREATE_IN_PROGRESS",
    "CREATE_COMPLETE",
    "CREATE_FAILED",
    "ROLLBACK_IN_PROGRESS",
    "ROLLBACK_COMPLETE",
    "ROLLBACK_FAILED",
    "DELETE_IN_PROGRESS",
    "DELETE_COMPLETE",
    "DELETE_FAILED",
    "UPDATE_IN_PROGRESS",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_COMPLETE",
    "UPDATE_FAILED",
    "UPDATE_ROLLBACK_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_ROLLBACK_FAILED",
    "IMPORT_IN_PROGRESS",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_IN_PROGRESS",
    "IMPORT_ROLLBACK_COMPLETE",
    "IMPORT_ROLLBACK_FAILED",
    "SOMETHING_NEW",
    "SOMETHING_NEW_IN_PROGRESS",
    "",
];

/// Every status with every purpose: whether it is waited for, and which plan it has.
#[test]
fn every_status() {
    let mut text = String::new();
    for status in STATUSES {
        for purpose in [Purpose::Deploy, Purpose::Teardown, Purpose::Recover] {
            let seen = observed(status, None);
            let quiet = match Service.quiet(purpose, &seen) {
                Quiet::Busy => "busy",
                Quiet::Quiet => "quiet",
                Quiet::Stuck(failure) => {
                    assert!(!failure.hint.is_empty() && failure.summary.contains(status));
                    "stuck"
                }
            };
            let planned = match plan(&ask(purpose, Class::Production), &seen) {
                Ok(plan) => {
                    assert_eq!(plan.check(), Ok(()), "{status} {purpose:?}");
                    ids(&plan).join(" ")
                }
                Err(failure) => {
                    assert!(!failure.hint.is_empty());
                    "none".to_owned()
                }
            };
            writeln!(
                text,
                "{status:<44} {:<9} {quiet:<6} {planned}",
                format!("{purpose:?}")
            )
            .unwrap();
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn plans_as_data() {
    let mut text = String::new();
    let rows = cloudformation::Changes::Rows {
        rows: replaces_db(),
    };
    let untouched = sight(&StackFacts {
        tags: BTreeMap::new(),
        ..stack("UPDATE_COMPLETE")
    });
    let mut serving = ask(Purpose::Deploy, Class::Development);
    serving.serving = Some(spec_of(&entry(&[("Version", "6")])));
    for (what, ask, seen) in [
        (
            "new, production",
            ask(Purpose::Deploy, Class::Production),
            observed("MISSING", None),
        ),
        (
            "new, development",
            ask(Purpose::Deploy, Class::Development),
            observed("MISSING", None),
        ),
        (
            "downtime expected",
            ask(Purpose::Deploy, Class::Production),
            observed("UPDATE_COMPLETE", Some(rows)),
        ),
        (
            "first touch",
            ask(Purpose::Deploy, Class::Staging),
            untouched,
        ),
        (
            "serving known",
            serving,
            observed("UPDATE_COMPLETE", Some(cloudformation::Changes::Nothing)),
        ),
        (
            "teardown",
            ask(Purpose::Teardown, Class::Production),
            observed("UPDATE_COMPLETE", None),
        ),
        (
            "teardown of a broken one",
            ask(Purpose::Teardown, Class::Production),
            observed("ROLLBACK_COMPLETE", None),
        ),
        (
            "recover, never made",
            ask(Purpose::Recover, Class::Production),
            observed("ROLLBACK_COMPLETE", None),
        ),
        (
            "recover, rollback stuck",
            ask(Purpose::Recover, Class::Production),
            observed("UPDATE_ROLLBACK_FAILED", None),
        ),
        (
            "recover, deletion stuck",
            ask(Purpose::Recover, Class::Production),
            observed("DELETE_FAILED", None),
        ),
    ] {
        let plan = plan(&ask, &seen).unwrap_or_else(|failure| panic!("{what}: {failure:?}"));
        assert_eq!(plan.check(), Ok(()), "{what}");
        writeln!(text, "# {what}\n{}", told(&plan)).unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_release_before_that_cannot_be_read_is_told_on_the_card() {
    let mut ask = ask(Purpose::Deploy, Class::Production);
    ask.serving = Some(Spec {
        body: json!({ "input": 5 }),
        ..spec_of(&entry(&[("Version", "6")]))
    });
    let plan = plan(&ask, &observed("UPDATE_COMPLETE", None)).unwrap();
    assert!(
        plan.says
            .iter()
            .any(|says| says.contains("cannot be brought back as a whole")),
        "{:?}",
        plan.says
    );
}

#[test]
fn what_a_template_declares_goes_with_what_is_deployed() {
    let body = Body::of(&orders()).unwrap();
    let told: Vec<_> = body
        .input
        .declared
        .iter()
        .map(|(name, one)| (name.as_str(), one.secret, one.default))
        .collect();
    assert_eq!(
        told,
        [
            ("DesiredCount", false, true),
            ("Password", true, true),
            ("Version", false, false)
        ]
    );
}

#[test]
fn looks_are_asked_once_each() {
    let spec = orders();
    let deploy = ask(Purpose::Deploy, Class::Production);
    assert!(
        Service.looks(&deploy, &spec, &Sights::default())
            == [Look::at(cloudformation::stack("prod-orders"))]
    );
    let found = Service.looks(&deploy, &spec, &observed("UPDATE_COMPLETE", None));
    let [Look { about, with, .. }] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!(about.kind, CHANGES);
    let input: CfnInput = serde_json::from_value(with.clone()).unwrap();
    assert_eq!(
        (
            input.tags["holdpoint:store"].as_str(),
            input.tags["holdpoint:stack"].as_str()
        ),
        ("s1", "prod/orders")
    );
    assert!(
        Service
            .looks(
                &deploy,
                &spec,
                &observed("UPDATE_COMPLETE", Some(cloudformation::Changes::Nothing))
            )
            .is_empty()
    );
    for status in ["MISSING", "UPDATE_IN_PROGRESS", "ROLLBACK_COMPLETE"] {
        assert!(
            Service
                .looks(&deploy, &spec, &observed(status, None))
                .is_empty(),
            "{status}"
        );
    }
    assert!(
        Service
            .looks(
                &ask(Purpose::Teardown, Class::Production),
                &spec,
                &observed("UPDATE_COMPLETE", None)
            )
            .is_empty()
    );
}

#[test]
fn stacks_of_others_are_refused_with_their_owner() {
    for (store, owner, part) in [
        (
            "s2",
            "live/orders",
            "belongs to the store s2, as live/orders",
        ),
        ("s1", "dev/web", "is dev/web of this store"),
    ] {
        let mut other = stack("UPDATE_COMPLETE");
        other.tags = BTreeMap::from([
            ("holdpoint:store".to_owned(), store.to_owned()),
            ("holdpoint:stack".to_owned(), owner.to_owned()),
        ]);
        let seen = sight(&other);
        for purpose in [Purpose::Deploy, Purpose::Teardown, Purpose::Recover] {
            let failure = plan(&ask(purpose, Class::Development), &seen).unwrap_err();
            assert!(failure.summary.contains(part), "{failure:?}");
        }
        assert!(
            Service
                .looks(&ask(Purpose::Deploy, Class::Development), &orders(), &seen)
                .is_empty()
        );
    }
}

#[test]
fn protected_stacks_are_not_torn_down() {
    let seen = sight(&StackFacts {
        protected: true,
        ..stack("UPDATE_COMPLETE")
    });
    assert!(
        plan(&ask(Purpose::Teardown, Class::Production), &seen)
            .unwrap_err()
            .summary
            .contains("termination protection")
    );
}

#[test]
fn the_spec_says_what_is_wrong_and_where() {
    let id: StackId = "prod/orders".parse().unwrap();
    let wrong = |entry: &ServiceEntry, template: &str| {
        spec(&id, entry, &bundle(template)).unwrap_err().to_string()
    };
    let found = wrong(&entry(&[("Verson", "7")]), TEMPLATE);
    assert!(
        found.contains("did you mean \"Version\"?")
            && found.contains("orders.yaml:4:3")
            && found.contains("no default"),
        "{found}"
    );
    let found = wrong(
        &entry(&[("Version", "7"), ("Password", "hunter2")]),
        TEMPLATE,
    );
    assert!(
        found.contains("in clear text")
            && found.contains("orders.yaml:5:3")
            && !found.contains("hunter2"),
        "{found}"
    );
    assert!(
        wrong(
            &entry(&[("Version", "7"), ("DesiredCount", "four")]),
            TEMPLATE
        )
        .contains("is a number")
    );
    let iam = TEMPLATE.replace("AWS::RDS::DBInstance", "AWS::IAM::Role");
    assert!(wrong(&entry(&[("Version", "7")]), &iam).contains("capabilities: [CAPABILITY_IAM]"));
    // All of it at once, whatever else is wrong.
    let all = wrong(
        &entry(&[("Nope", "1"), ("DesiredCount", "four")]),
        &iam.replace("AWS::ECS::Service", "5"),
    );
    for part in [
        "\"Nope\"",
        "is a number",
        "Version has no default",
        "CAPABILITY_IAM",
        "has the type \"5\"",
    ] {
        assert!(all.contains(part), "no {part:?} in\n{all}");
    }
    let named = entry(&[("Version", "7"), ("Password", "{{resolve:ssm-secure:/x}}")]);
    assert!(spec(&id, &named, &bundle(TEMPLATE)).is_ok());
}

#[test]
fn a_release_is_named_by_its_content() {
    let base = orders();
    assert_eq!(
        (base.release.name.as_str().len(), &base.release.source),
        (8, &Some(Made::Files))
    );
    assert!(base.release.is(&orders().release));
    assert!(
        !base
            .release
            .is(&spec_of(&entry(&[("Version", "8"), ("DesiredCount", "4")])).release)
    );
    let other = spec(
        &"prod/orders".parse().unwrap(),
        &entry(&[("Version", "7"), ("DesiredCount", "4")]),
        &bundle(&format!("{TEMPLATE}\n#")),
    );
    assert!(!base.release.is(&other.unwrap().release));
}

#[test]
fn a_new_stack_needs_its_secrets() {
    let template = TEMPLATE.replace(", Default: ''", "");
    let spec = spec(
        &"prod/orders".parse().unwrap(),
        &entry(&[("Version", "7")]),
        &bundle(&template),
    )
    .unwrap();
    let deploy = ask(Purpose::Deploy, Class::Development);
    let failure = Service
        .plan(&deploy, &spec, &observed("MISSING", None))
        .unwrap_err();
    assert!(
        failure.summary.contains("Password") && failure.hint.contains("{{resolve:"),
        "{failure:?}"
    );
    assert!(
        Service
            .plan(&deploy, &spec, &observed("UPDATE_COMPLETE", None))
            .is_ok()
    );
}

#[test]
fn the_join_as_a_table() {
    let changes = |rows: Vec<ChangeRow>| json!({ "rows": rows, "empty": rows.is_empty() });
    let counts = json!({ "DesiredCount": "3" });
    let harmless = vec![row("Web", "AWS::ECS::Service", Does::Change)];
    let perhaps = vec![row("Db", "AWS::RDS::DBInstance", Does::MayReplace)];
    let removed = vec![row("Db", "AWS::RDS::DBInstance", Does::Remove)];
    for (rows, seen, policy, counts, branch, more) in [
        (vec![], Value::Null, "auto", counts.clone(), "nop", false),
        (vec![], json!([]), "always", counts.clone(), "nop", false),
        (
            harmless.clone(),
            Value::Null,
            "auto",
            counts.clone(),
            "update",
            false,
        ),
        (
            harmless.clone(),
            json!([]),
            "auto",
            counts.clone(),
            "update",
            true,
        ),
        (
            harmless.clone(),
            json!(harmless),
            "auto",
            counts.clone(),
            "update",
            false,
        ),
        (
            harmless.clone(),
            json!(harmless),
            "always",
            counts.clone(),
            "downtime",
            false,
        ),
        (
            harmless,
            Value::Null,
            "always",
            json!({ "DesiredCount": "0" }),
            "update",
            false,
        ),
        (perhaps, Value::Null, "auto", counts.clone(), "update", true),
        (removed, Value::Null, "auto", counts.clone(), "update", true),
        (
            replaces_db(),
            json!(replaces_db()),
            "auto",
            counts.clone(),
            "downtime",
            false,
        ),
        (
            replaces_db(),
            json!(replaces_db()),
            "never",
            counts.clone(),
            "update",
            false,
        ),
        (
            replaces_db(),
            Value::Null,
            "auto",
            json!({}),
            "update",
            true,
        ),
    ] {
        let params = json!({ "about": super::steps::about("orders"), "changes": changes(rows), "seen_rows": seen, "policy": policy, "counts": counts });
        let out = join(&params).unwrap();
        let told = out.changes.as_ref().unwrap();
        assert_eq!(
            (out.public["branch"].as_str(), told.more_dangerous),
            (Some(branch), more),
            "{params}"
        );
        assert_eq!(
            (told.about.name.as_str(), told.loses.is_empty()),
            ("orders", !told.rows.iter().any(|row| row.logical == "Db")),
            "{params}"
        );
        assert!(!out.public["why"].as_str().unwrap().is_empty());
    }
    assert!(join(&json!({})).is_err());
}

#[test]
fn the_second_change_set_may_hold_less_but_nothing_new() {
    let both = replaces_db();
    let run = |approved: &[ChangeRow], now: &[ChangeRow]| {
        same(&json!({ "about": super::steps::about("orders"), "approved": approved, "changes": { "rows": now } })).unwrap().value()
    };
    assert_eq!(run(&both, &both)["same"], true);
    let less = run(&both, &both[..1]);
    assert_eq!(
        (&less["same"], &less["gone"]),
        (&json!(true), &json!(["Web"]))
    );
    let more = run(&both[..1], &both);
    assert_eq!(
        (&more["same"], &more["new"]),
        (&json!(false), &json!(["Web"]))
    );
    let mut other = both.clone();
    other[1].does = Does::Replace;
    assert_eq!(run(&both, &other)["same"], false);
    let mut shown = both.clone();
    shown[1].properties = vec!["DesiredCount".to_owned()];
    assert_eq!(
        run(&both, &shown)["same"],
        true,
        "names of properties are shown, not compared"
    );
}

/// Runs a plan through the deployment machine with made-up results; says which changing steps were
/// started, in order.
fn run(
    plan: &Plan,
    rows: &[ChangeRow],
    fails: Option<&str>,
    restore: &str,
) -> (Vec<String>, Deployment) {
    let mut d = Deployment::new(DeploymentId(uuid::Uuid::nil()));
    d.phase = crate::domain::deployment::Phase::Available;
    let at = Time(0);
    let apply = |d: &mut Deployment, event: DeploymentEvent| {
        d.apply(&event, at)
            .unwrap_or_else(|illegal| panic!("{illegal}"));
    };
    apply(
        &mut d,
        DeploymentEvent::Planned {
            plan: Box::new(plan.clone()),
            digest: plan.digest(),
            carried: vec![],
        },
    );
    apply(&mut d, DeploymentEvent::RunSteps);
    let mut started = Vec::new();
    for _ in 0..100 {
        let ready: Vec<StepId> = d
            .steps
            .iter()
            .filter(|(_, run)| run.state == StepState::Ready)
            .map(|(id, _)| id.clone())
            .collect();
        let scaling = ready
            .iter()
            .filter(|id| plan.step(id).is_some_and(Step::scales))
            .count();
        assert!(scaling <= 1, "two steps would scale at once: {ready:?}");
        let Some(id) = ready.first() else {
            let failed = d.steps.values().any(|run| run.state == StepState::Failed);
            if failed && d.stopping.is_none() {
                apply(
                    &mut d,
                    DeploymentEvent::Stopping {
                        stopping: Stopping::Failing,
                    },
                );
                continue;
            }
            break;
        };
        let step = plan.step(id).unwrap();
        let params =
            resolve(&step.params, &d.outputs()).unwrap_or_else(|why| panic!("{id}: {why}"));
        let started_event = DeploymentEvent::StepStarted {
            step: id.clone(),
            attempt: 1,
            subject: None,
            params: params.clone(),
            deadline: at,
        };
        apply(&mut d, started_event);
        if step.changes() {
            started.push(id.to_string());
        }
        let output = match step.kind.as_str() {
            kind @ ("eval.join" | "eval.same") => crate::systems::pure_step(kind, &params).unwrap(),
            "hold.decision" => Output::public(json!({ "branch": restore })),
            "cloudformation.change-set" => {
                let arn = if rows.is_empty() { "" } else { "arn" };
                let empty = rows.is_empty();
                Output::public(
                    json!({ "arn": arn, "name": "n", "empty": empty, "rows": rows, "template_digest": "d", "parameters": {} }),
                )
            }
            _ => Output::public(json!({ "status": "UPDATE_COMPLETE", "outputs": {} })),
        };
        let event = if fails == Some(id.as_str()) {
            DeploymentEvent::StepFailed {
                step: id.clone(),
                failure: Failure::new("made up"),
                retry_at: None,
            }
        } else {
            DeploymentEvent::StepDone {
                step: id.clone(),
                output,
            }
        };
        apply(&mut d, event);
    }
    let end = if d.stopping.is_some() {
        DeploymentEvent::Error {
            failure: Failure::new("made up"),
        }
    } else {
        DeploymentEvent::Done
    };
    let left: Vec<_> = d
        .runs()
        .filter(|(step, run)| step.finaliser.is_none() && !run.state.is_over())
        .map(|(step, _)| &step.id)
        .collect();
    assert!(left.is_empty(), "left over: {left:?}");
    apply(&mut d, end);
    (started, d)
}

#[test]
fn branches_run_as_they_should() {
    let plan = plan(
        &ask(Purpose::Deploy, Class::Production),
        &observed("UPDATE_COMPLETE", None),
    )
    .unwrap();
    let harmless = [row("Web", "AWS::ECS::Service", Does::Change)];
    assert_eq!(run(&plan, &[], None, "").0, Vec::<String>::new());
    assert_eq!(run(&plan, &harmless, None, "").0, ["execute"]);
    assert_eq!(
        run(&plan, &replaces_db(), None, "").0,
        ["scale-down", "execute-2", "scale-up"]
    );
    assert_eq!(
        run(&plan, &harmless, Some("execute"), "old").0,
        ["execute"],
        "nothing was scaled, nothing is restored"
    );
    assert_eq!(
        run(&plan, &replaces_db(), Some("execute-2"), "old").0,
        ["scale-down", "execute-2", "restore-old"]
    );
    assert_eq!(
        run(&plan, &replaces_db(), Some("change-set-2"), "new").0,
        ["scale-down", "restore-new"]
    );
    assert_eq!(
        run(&plan, &replaces_db(), Some("scale-up"), "down").0,
        ["scale-down", "execute-2", "scale-up"]
    );
    let down = super::Service
        .plan(
            &ask(Purpose::Teardown, Class::Production),
            &orders(),
            &observed("UPDATE_COMPLETE", None),
        )
        .unwrap();
    assert_eq!(run(&down, &[], None, "").0, ["scale-down", "delete"]);
    assert_eq!(
        run(&down, &[], Some("delete"), "old").0,
        ["scale-down", "delete", "restore-old"]
    );
}

fn any_rows() -> impl Strategy<Value = Vec<ChangeRow>> {
    let kinds = prop::sample::select(vec![
        "AWS::RDS::DBInstance",
        "AWS::ECS::Service",
        "AWS::SQS::Queue",
        "AWS::S3::Bucket",
    ]);
    let does = prop::sample::select(vec![
        Does::Add,
        Does::Change,
        Does::MayReplace,
        Does::Replace,
        Does::Remove,
    ]);
    prop::collection::vec(
        ("[A-D]", kinds, does).prop_map(|(logical, kind, does)| row(&logical, kind, does)),
        0..5,
    )
}

proptest! {
    /// For any changes, policy, counts and failure: nothing is touched when nothing would change;
    /// the service ends at the template's counts or a person is asked; a scale-down is always
    /// approved and always followed by a way back; one scaling step at a time.
    #[test]
    fn no_plan_does_what_it_must_not(
        rows in any_rows(),
        seen_rows in prop::option::of(any_rows()),
        policy in prop::sample::select(vec![Downtime::Auto, Downtime::Always, Downtime::Never]),
        count in prop::option::of(0u8..5),
        class in prop::sample::select(vec![Class::Production, Class::Staging, Class::Development, Class::Branch]),
        tagged in any::<bool>(),
        fails in prop::option::of(prop::sample::select(vec!["change-set", "execute", "verify", "scale-down", "change-set-2", "execute-2", "scale-up", "verify-2"])),
        restore in prop::sample::select(vec!["old", "new", "down"]),
    ) {
        let mut entry = entry(&[("Version", "7"), ("DesiredCount", "4")]);
        entry.downtime = policy;
        let spec = spec_of(&entry);
        let mut stack = stack("UPDATE_COMPLETE");
        stack.parameters = count.map(|count| ("DesiredCount".to_owned(), count.to_string())).into_iter().collect();
        if !tagged {
            stack.tags.clear();
        }
        let mut ask = ask(Purpose::Deploy, class);
        let changes = seen_rows.clone().map(weighed).into_iter().collect();
        ask.seen = Some(Shown { card: Digest::of_bytes(b""), level: Level::L1, branch: None, changes, covers: vec![], plan: None });
        let plan = Service.plan(&ask, &spec, &sight(&stack)).unwrap();
        prop_assert_eq!(plan.check(), Ok(()));
        let finalisers: BTreeSet<&str> = plan.steps.iter().filter(|step| step.finaliser.is_some()).map(|step| step.id.as_str()).collect();
        let wanted: &[&str] = if count.is_some() { &["restore", "restore-old", "restore-new"] } else { &[] };
        prop_assert_eq!(finalisers, wanted.iter().copied().collect::<BTreeSet<_>>());
        for step in &plan.steps {
            prop_assert!(!step.scales() || step.changes() && step.about.is_some() && !step.counts.is_empty());
        }
        let (started, d) = run(&plan, &rows, fails, restore);
        let branch = d.steps[&StepId::from("join")].branch.clone();
        let went = |id: &str| started.iter().any(|step| step == id);
        if fails != Some("change-set") {
            prop_assert_eq!(branch.as_deref() == Some("nop"), rows.is_empty());
        }
        if rows.is_empty() || fails == Some("change-set") {
            prop_assert!(started.is_empty());
        }
        prop_assert!(!(went("execute") && went("scale-down")), "one branch");
        if branch.as_deref() == Some("downtime") {
            prop_assert!(count.is_some_and(|count| count > 0) && policy != Downtime::Never);
            let hold = plan.step(&"scale-down".into()).and_then(|step| step.hold.clone());
            prop_assert!(hold.is_some_and(|hold| hold.kind == HoldKind::Downtime && hold.when == HoldWhen::Always));
            let back = went("scale-up") || d.steps[&StepId::from("restore")].ever_started();
            prop_assert!(back, "it went down and nobody is asked: {:?}", started);
        }
        let more = d.steps[&StepId::from("join")].output.as_ref().is_some_and(|output| output.changes.as_ref().is_some_and(|changes| changes.more_dangerous));
        if let Some(seen) = &seen_rows {
            let known: BTreeSet<ChangeRow> = seen.iter().map(ChangeRow::key).collect();
            let all_known = rows.iter().all(|row| known.contains(&row.key()));
            if fails != Some("change-set") {
                prop_assert_eq!(more, !all_known, "a row that nobody saw asks again");
            }
        }
        let hold = plan.step(&"execute".into()).and_then(|step| step.hold.clone()).unwrap();
        let protected = matches!(class, Class::Production | Class::Staging);
        prop_assert_eq!(hold.kind == HoldKind::FirstTouch, protected && !tagged);
    }

    /// The same ask gives the same plan, so that what a card covered is what is done.
    #[test]
    fn held_steps_do_not_depend_on_what_was_seen(rows in any_rows()) {
        let card = plan(&ask(Purpose::Deploy, Class::Production), &observed("UPDATE_COMPLETE", Some(cloudformation::Changes::Rows { rows: rows.clone() }))).unwrap();
        let mut later = ask(Purpose::Deploy, Class::Production);
        later.seen = Some(Shown { card: Digest::of_bytes(b""), level: Level::L3, branch: card.branch.clone(), changes: vec![weighed(rows)], covers: vec![], plan: None });
        let turn = plan(&later, &observed("UPDATE_COMPLETE", None)).unwrap();
        for step in card.steps.iter().filter(|step| step.hold.is_some()) {
            prop_assert_eq!(Some(step), turn.step(&step.id));
        }
    }
}
