//! A press: a system that only these tests have, and the recipe for whoever adds one. It prints an
//! edition from a file of sheets; each of its desks has an edition of its own, which is a part.
//! This file is what `systems/<name>/mod.rs` would be; beside it stand its hand (`exec/`), its eye
//! (`observe/`) and the works, which are the world outside. Its table is
//! `domain/lifecycles/made_up.rs`.

mod eye;
mod hand;
mod story;
mod works;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::deployment::Deployment;
use crate::domain::failure::Failure;
use crate::domain::flag::Flags;
use crate::domain::hold::HoldKind;
use crate::domain::ids::{StackId, StepId};
use crate::domain::look::{Look, Quiet, Sights, Standing, Subject};
use crate::domain::plan::{
    ChangeRow, Changes, Does, HoldRule, Leaves, Output, Plan, Role, Step, StepKind, When,
};
use crate::domain::purpose::Purpose;
use crate::domain::relative::plain;
use crate::domain::request::{Release, Spec};
use crate::systems::entry::{Claim, Form, Home, Remarks, Written, read};
use crate::systems::files::{Files, Need, Read};
use crate::systems::{PlanAsk, System, group};
use crate::text::diagnostic::Diagnostic;
use crate::text::document::Node;

/// The kind of an edition, as a real thing.
const EDITION: &str = "press.edition";
/// The kind of its steps.
const ORDER: &str = "press.order";
/// The step that compares the sheets that stand with those that will.
const WEIGH: &str = "sheets";

/// The system.
#[derive(Debug)]
pub(super) struct Press;

const FORM: Form = Form {
    schema: Form::schema_of::<Entry>,
    unbuilt: &[],
    example: "{ sheets: sheets.txt }",
    place: None,
};

/// `press:` of an application.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// The file that names the sheets, one a line.
    sheets: String,
    /// The desks that have an edition of their own.
    #[serde(default)]
    desks: Vec<String>,
    /// There is no edition but theirs.
    #[serde(default)]
    split: bool,
}

/// An edition as it is stored with its deployments.
#[derive(Debug, Serialize, Deserialize)]
struct Body {
    edition: String,
    sheets: Vec<String>,
}

impl Body {
    fn of(spec: &Spec) -> Result<Self, Failure> {
        Self::deserialize(&spec.body)
            .map_err(|why| Failure::new(format!("release {} cannot be read: {why}", spec.release)))
    }

    fn about(&self) -> Subject {
        Subject::new(EDITION, &self.edition)
    }

    /// An order to the works.
    fn order(&self, role: Role, id: &str, after: &[&str]) -> Step {
        let params = json!({ "edition": self.edition, "order": id, "sheets": self.sheets });
        Step::new(role, id, format!("{id} {}", self.edition), ORDER, params)
            .about(self.about())
            .after(after)
    }
}

fn name_of(stack: &StackId) -> String {
    stack.to_string().replace('/', "-")
}

impl System for Press {
    fn name(&self) -> &'static str {
        "press"
    }

    fn form(&self) -> &'static Form {
        &FORM
    }

    fn check(&self, written: &Written<'_>, told: &mut Remarks) {
        if let Err(says) = written.read::<Entry>() {
            told.say("shape", &[], says, "");
        }
    }

    fn secrets(&self, _app: &str, _entry: &Node) -> Remarks {
        Remarks::default()
    }

    fn reach(&self, app: &str, environments: &str, _entry: &Value) -> Vec<String> {
        vec![format!("{app} prints in {environments}")]
    }

    fn claims(&self, app: &str, home: &Home<'_>, _entry: &Value) -> Vec<Claim> {
        vec![Claim {
            what: format!("edition {}-{app}", home.name),
            path: vec![],
            hint: String::new(),
        }]
    }

    fn read(&self, whole: &StackId, entry: &Value, files: &Files) -> Read {
        let wrong = |why: &str| {
            Read::Wrong(Diagnostic::of_file("press", &whole.to_string(), why, "").into())
        };
        let entry = match read::<Entry>(entry) {
            Ok(entry) => entry,
            Err(why) => return wrong(&why.to_string()),
        };
        let path = plain(&entry.sheets);
        let needs = files.missing(vec![Need::File(path.clone())]);
        if !needs.is_empty() {
            return Read::Needs(needs);
        }
        let Some(file) = files.get(&path) else {
            return wrong("its sheets are not there");
        };
        let sheets: Vec<String> = String::from_utf8_lossy(&file.bytes)
            .lines()
            .map(str::to_owned)
            .collect();
        let desks: Result<Vec<StackId>, _> = entry
            .desks
            .iter()
            .map(|desk| format!("{whole}/{desk}").parse())
            .collect();
        let Ok(desks) = desks else {
            return wrong("a desk has a name that no part can have");
        };
        let bundle = files.bundle().digest();
        let spec = |stack: StackId| {
            let body = Body {
                edition: name_of(&stack),
                sheets: sheets.clone(),
            };
            let (about, body) = (vec![body.about()], json!(body));
            (
                stack,
                Spec {
                    system: "press".to_owned(),
                    release: Release::of_files(bundle),
                    body,
                    bundle,
                    about,
                    watch_logs: vec![],
                    parts: std::collections::BTreeMap::new(),
                },
            )
        };
        let parts: Vec<(StackId, Spec)> = desks.into_iter().map(spec).collect();
        let whole = if entry.split {
            let own = parts.iter().map(|(id, spec)| (id, spec));
            (whole.clone(), group::spec("press", own, 2))
        } else {
            spec(whole.clone())
        };
        Read::Stacks(std::iter::once(whole).chain(parts).collect())
    }

    fn looks(&self, _ask: &PlanAsk, spec: &Spec, seen: &Sights) -> Vec<Look> {
        let unseen = |body: &Body| {
            seen.of_kind(EDITION)
                .is_none()
                .then(|| Look::at(body.about()))
        };
        Body::of(spec).iter().filter_map(unseen).collect()
    }

    fn plan(&self, ask: &PlanAsk, spec: &Spec, seen: &Sights) -> Result<Plan, Failure> {
        if spec.is_whole() {
            return group::plan(self, ask, spec);
        }
        let body = Body::of(spec)?;
        let stands = seen
            .of_kind(EDITION)
            .map(|sight| sight.facts["sheets"].clone())
            .unwrap_or_default();
        let steps = match ask.purpose {
            Purpose::Teardown => {
                let pulp = body
                    .order(Role::Remove, "pulp", &[])
                    .leaving(Leaves::Nothing)
                    .reaching(When::Started, "pulping");
                vec![pulp.hold(Some(HoldRule::always(HoldKind::Teardown)))]
            }
            Purpose::Deploy | Purpose::Recover => {
                let params =
                    json!({ "about": body.about(), "stands": stands, "comes": body.sheets });
                let review = HoldRule::when(
                    HoldKind::ReviewPlan,
                    "weigh",
                    "/changes/more_dangerous",
                    true,
                );
                vec![
                    body.order(Role::Build, "set", &[]),
                    Step::new(
                        Role::Look,
                        "weigh",
                        "count the sheets",
                        StepKind::Weigh(WEIGH.to_owned()),
                        params,
                    )
                    .about(body.about())
                    .after(&["set"]),
                    body.order(Role::Change, "roll", &["weigh"])
                        .leaving(Leaves::New)
                        .reaching(When::Started, "rolling")
                        .hold(Some(review))
                        .undo("the edition before is rolled again"),
                ]
            }
        };
        let name = if ask.purpose == Purpose::Teardown {
            "teardown"
        } else {
            "print"
        }
        .to_owned();
        Ok(Plan {
            name,
            repairs: ask.purpose == Purpose::Recover,
            steps,
            ..Plan::default()
        })
    }

    fn quiet(&self, _purpose: Purpose, _flags: &Flags, seen: &Sights) -> Quiet {
        match seen.of_kind(EDITION).map(|sight| sight.standing) {
            Some(Standing::Busy) => Quiet::Busy,
            Some(_) | None => Quiet::Quiet,
        }
    }

    /// A sheet that stands and does not come again is lost: nobody saw that before.
    fn eval(&self, kind: &str, params: &Value) -> Option<Result<Output, String>> {
        (kind == WEIGH).then(|| {
            let sheets = |name: &str| {
                Option::<Vec<String>>::deserialize(&params[name]).map_err(|why| why.to_string())
            };
            let (stands, comes) = (
                sheets("stands")?.unwrap_or_default(),
                sheets("comes")?.unwrap_or_default(),
            );
            let about = Subject::deserialize(&params["about"]).map_err(|why| why.to_string())?;
            let loses: Vec<String> = stands
                .into_iter()
                .filter(|sheet| !comes.contains(sheet))
                .collect();
            let rows = loses
                .iter()
                .map(|sheet| ChangeRow::new(sheet, "sheet", Does::Remove));
            let changes = Changes {
                about,
                rows: rows.collect(),
                more_dangerous: !loses.is_empty(),
                loses,
            };
            Ok(Output {
                changes: Some(changes),
                ..Output::default()
            })
        })
    }

    fn carry(&self, _old: &Deployment, _plan: &Plan) -> Vec<(StepId, Output)> {
        vec![]
    }
}
