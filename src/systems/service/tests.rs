//! Planners as data: every status, every branch, and that no plan can do what it must not.

mod adopted;
mod chosen;
mod consent;
mod databases;
mod fixed;
mod joins;
mod keeps;
mod late;
mod migrations;
mod plans;
mod releases;
mod retained;
mod running;
mod secrets;
mod source;
mod travel;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::entry::{Downtime, Scalar};
use super::join::{join, same};
use super::*;
use crate::domain::class::EnvClass;
use crate::domain::deployment::{Deployment, DeploymentEvent, Shown, StepState, Stopping};
use crate::domain::digest::Digest;
use crate::domain::environment::{EnvironmentRecord, Mode, OnFailure, QueuePolicy};
use crate::domain::flag::Flags;
use crate::domain::hold::HoldKind;
use crate::domain::ids::{DeploymentId, StepId};
use crate::domain::level::Level;
use crate::domain::place::Place;
use crate::domain::plan::{ChangeRow, Changes, Does, Fate, HoldWhen, Output, Step, resolve};
use crate::domain::request::{Made, SourceBundle, SourceFile};
use crate::domain::time::Time;
use crate::forms::cloudformation::{self, CHANGES};
use crate::forms::cloudformation::{CfnInput, Resource};

const TEMPLATE: &str = "
Parameters:
  DesiredCount: { Type: Number, Default: 2 }
  Version: { Type: String }
  Password: { Type: String, NoEcho: true, Default: '' }
Resources:
  Db: { Type: AWS::RDS::DBInstance }
  Web: { Type: AWS::ECS::Service, Properties: { DesiredCount: !Ref DesiredCount } }
";

/// A template with everything that it needs.
fn spec(stack: &StackId, entry: &ServiceEntry, bundle: &SourceBundle) -> Result<Spec, Diagnostics> {
    super::body::spec(stack, entry, BTreeSet::new(), bundle)
}

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
        template: Some("./orders.yaml".to_owned()),
        parameters: parameters
            .iter()
            .map(|(k, v)| ((*k).to_owned(), Scalar((*v).to_owned())))
            .collect(),
        ..ServiceEntry::default()
    }
}

fn spec_of(entry: &ServiceEntry) -> Spec {
    spec(&"prod/orders".parse().unwrap(), entry, &bundle(TEMPLATE))
        .unwrap_or_else(|found| panic!("{found}"))
}

fn orders() -> Spec {
    spec_of(&entry(&[("Version", "7"), ("DesiredCount", "4")]))
}

fn ask(purpose: Purpose, class: EnvClass) -> PlanAsk {
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
        left_at: None,
        recorded: None,
        needed_by: Vec::new(),
        standing: BTreeMap::new(),
        reserved: std::collections::BTreeSet::new(),
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
        fixed: Some(BTreeMap::new()),
        tags: BTreeMap::from([
            ("holdpoint:store".to_owned(), "s1".to_owned()),
            ("holdpoint:stack".to_owned(), "prod/orders".to_owned()),
        ]),
        resources: vec![
            Resource {
                logical: "Db".to_owned(),
                kind: "AWS::RDS::DBInstance".to_owned(),
                status: "DELETE_FAILED".to_owned(),
                fate: Some(Fate::Goes),
            },
            Resource {
                logical: "Web".to_owned(),
                kind: "AWS::ECS::Service".to_owned(),
                status: "UPDATE_FAILED".to_owned(),
                fate: Some(Fate::Goes),
            },
        ],
        ..StackFacts::default()
    }
}

/// A stack as it is seen.
fn sight(stack: &StackFacts) -> Sights {
    [stack.sight("prod-orders")].into_iter().collect()
}

fn observed(status: &str, changes: Option<cloudformation::ChangeFacts>) -> Sights {
    let mut seen = sight(&stack(status));
    if let Some(changes) = changes {
        seen.put(changes.sight("prod-orders"));
    }
    seen
}

fn row(logical: &str, kind: &str, does: Does) -> ChangeRow {
    ChangeRow {
        scope: vec!["Properties".to_owned()],
        ..ChangeRow::new(logical, kind, does)
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
