//! Databases whose servers nobody reaches, because the estate says so: plans have every step, and each
//! step of a database says what it would do. What is pending is told by the files of what serves.

use serde_json::{Value, json};

use super::body::Body;
use super::databases;
use crate::domain::look::Sights;
use crate::domain::plan::{Output, Plan, Role, Step, StepKind};
use crate::forms::postgres::migrations::Carried;
use crate::forms::postgres::{self, DatabaseFacts, Mark};
use crate::systems::PlanAsk;

/// A step that says what it would do.
pub(super) const WOULD: &str = "service.would";
/// Why nothing is done.
pub(super) const WHY: &str = "databases: dry_run in the estate";

impl Body {
    /// Whether no server of a database is reached.
    pub(super) fn is_dry(&self) -> bool {
        self.o5.as_ref().is_some_and(|o5| o5.dry)
    }
}

/// What was seen, with databases as what serves would have left them.
pub(super) fn seen(ask: &PlanAsk, body: &Body, serving: Option<&Body>, seen: &Sights) -> Sights {
    let mut all = seen.clone();
    for one in body.databases() {
        let mut known = serving.iter().flat_map(|serving| serving.databases());
        let before = known.find(|before| before.on == one.on);
        let facts = serving.zip(before).map(|(serving, before)| {
            let files = before.migrations.iter().flatten();
            DatabaseFacts {
                oid: Some(0),
                carried: files
                    .map(|file| Carried {
                        version: file.version.clone(),
                        file: file.file.clone(),
                        digest: file
                            .digest
                            .map(|digest| digest.to_string())
                            .unwrap_or_default(),
                        by: String::new(),
                        began: String::new(),
                        done: true,
                        statements: 0,
                        trouble: String::new(),
                    })
                    .collect(),
                mark: Some(Mark {
                    of: databases::owner(ask),
                    migrated: databases::marked(serving, before),
                }),
                ..DatabaseFacts::default()
            }
        });
        all.put(postgres::sight(
            one.on.subject(),
            &facts.unwrap_or_default(),
        ));
    }
    all
}

/// Puts what would be done in the place of each step that reaches a server.
pub(super) fn cover(plan: &mut Plan) {
    for step in &mut plan.steps {
        if step.tasks.iter().any(|task| task.name.starts_with("DB.")) {
            let says = format!("would {}; nothing is done, because it is {WHY}", step.title);
            let about = step.about.clone();
            *step = Step {
                kind: StepKind::Weigh(WOULD.to_owned()),
                role: Role::Look,
                title: format!("would {}", step.title),
                params: json!({ "about": about, "says": says }),
                after: step.after.clone(),
                only_if: step.only_if.clone(),
                hold: step.hold.clone(),
                tasks: step.tasks.clone(),
                finaliser: step.finaliser,
                ..Step::new(Role::Look, step.id.clone(), "", WOULD, Value::Null)
            };
        }
    }
}

/// What such a step comes to.
pub(super) fn would(params: &Value) -> Output {
    Output::public(json!({ "skipped": params["says"] }))
}
