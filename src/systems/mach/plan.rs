//! The plans of a node: what Terraform is asked, in which order, and where a person decides.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::body::Body;
use super::instead;
use crate::domain::digest::Digest;
use crate::domain::failure::Failure;
use crate::domain::flag::{self, Flag, Flags};
use crate::domain::hold::HoldKind;
use crate::domain::level::Danger;
use crate::domain::look::{Look, Sights, Subject};
use crate::domain::plan::{HoldRule, Leaves, Output, Plan, Role, Step, StepKind};
use crate::domain::purpose::Purpose;
use crate::domain::request::Spec;
use crate::forms::keyed::{self, KEYED};
use crate::forms::terraform::{
    APPLY, CHANGES, DISCARD, GENERATE, INIT, PLAN, SAME, STATE, UNLOCK, VALIDATE,
};
use crate::systems::{PlanAsk, Recorded, group};

/// Applies without a person where nothing is deleted or replaced.
pub(super) const AUTO: Flag = Flag {
    name: "auto-approve",
    form: flag::Form::Switch(false),
    purposes: &[Purpose::Deploy],
    says: "what is planned is applied without a person, where nothing is deleted or replaced",
};
/// Plans also where nothing changed since the last deployment.
pub(super) const IGNORE: Flag = Flag {
    name: "ignore-change-detection",
    form: flag::Form::Switch(false),
    purposes: &[Purpose::Deploy],
    says: "it is planned also where nothing changed since its last deployment",
};
/// Fetches providers and modules again.
pub(super) const FORCE: Flag = Flag {
    name: "force-init",
    form: flag::Form::Switch(false),
    purposes: &[Purpose::Deploy],
    says: "providers and modules are fetched again, and the newest that the files allow",
};
/// Looks whether anybody changed what was applied, and changes nothing.
pub(super) const REFRESH: Flag = Flag {
    name: "refresh-only",
    form: flag::Form::Switch(false),
    purposes: &[Purpose::Deploy],
    says: "nothing is deployed: it is seen whether what was applied was changed by others since",
};
/// Frees a lock of the state first.
pub(super) const UNLOCK_FIRST: Flag = Flag {
    name: "force-unlock",
    form: flag::Form::Text(""),
    purposes: &[Purpose::Deploy],
    says: "this lock of the state, which nobody holds any more, is freed first, once a person approves",
};
/// What a plan is called that looks alone.
const LOOKS: &str = "look for drift";
/// Weighs what Terraform planned.
const WEIGH: &str = "mach.weigh";
/// Records what is applied by now.
const STORE: &str = "mach.store";

fn is_on(flags: &Flags, one: Flag) -> bool {
    flag::text(flags, one.name).as_deref() == Some("true")
}

/// What is known of a node beforehand: its files, and its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    release: Digest,
    /// Under the key of the engine.
    secrets: String,
}

/// What is to be seen before a node is planned: whether its secrets are those that they were.
pub(super) fn looks(ask: &PlanAsk, spec: &Spec, seen: &Sights) -> Vec<Look> {
    let secrets = spec.secrets();
    if ask.purpose == Purpose::Teardown || secrets.is_empty() || seen.of_kind(KEYED).is_some() {
        return Vec::new();
    }
    vec![keyed::look(&ask.stack.to_string(), &secrets)]
}

/// The plan of a node.
pub(super) fn plan(ask: &PlanAsk, spec: &Spec, seen: &Sights) -> Result<Plan, Failure> {
    let body = Body::of(spec)?;
    if ask.purpose == Purpose::Teardown {
        group::may_go(ask)?;
    }
    instead::may_be(&ask.flags, &body)?;
    if ask.purpose != Purpose::Teardown && is_on(&ask.flags, REFRESH) {
        return Ok(refresh(ask, &body));
    }
    let secrets = seen.of_kind(KEYED).and_then(keyed::digest);
    let record = Record {
        release: spec.release.digest,
        secrets: secrets.unwrap_or_default().to_owned(),
    };
    let told = ask.recorded.as_ref();
    let same = told.filter(|told| {
        ask.purpose != Purpose::Teardown
            && told.outdated_by.is_none()
            && Record::deserialize(&told.what).is_ok_and(|was| was == record)
    });
    let lock = flag::text(&ask.flags, UNLOCK_FIRST.name);
    if let Some(lock) = lock.as_ref().filter(|lock| !is_lock(lock)) {
        let says = format!("{lock:?} is no id of a lock");
        return Err(Failure::new(says).hint("the failure that names the lock says its ID"));
    }
    let anyway = [IGNORE, FORCE].iter().any(|one| is_on(&ask.flags, *one));
    if let Some(told) = same.filter(|_| lock.is_none() && !anyway) {
        return Ok(Plan {
            brings: body.versions(),
            ..already_there(told, &record)
        });
    }
    let program = body.program.word();
    let removes = ask.purpose == Purpose::Teardown;
    let auto = is_on(&ask.flags, AUTO) && !removes;
    let says = if removes {
        vec![format!(
            "{program} plans the destruction of everything in the state of {}, and a person decides.",
            body.node
        )]
    } else if auto {
        vec![format!(
            "{program} plans, and applies by itself where nothing is deleted or replaced; else a person decides."
        )]
    } else {
        vec![format!(
            "{program} plans, and a person decides on what it planned; where nothing changes, nothing is asked."
        )]
    };
    Ok(Plan {
        name: if removes { "destroy" } else { "apply" }.to_owned(),
        steps: steps(ask, &body, &record, removes, auto),
        brings: if removes { Vec::new() } else { body.versions() },
        says,
        danger: Danger {
            destroys: removes,
            ..Danger::UNKNOWN
        },
        ..Plan::default()
    })
}

/// Nothing changed: nothing is started.
fn already_there(told: &Recorded, record: &Record) -> Plan {
    Plan {
        name: "already there".to_owned(),
        steps: vec![stored("store", record, &[]).leaving(Leaves::New)],
        says: vec![format!(
            "Nothing of its files, its secrets and what comes before it changed since {}: nothing is planned. --{} plans all the same.",
            told.by, IGNORE.name
        )],
        ..Plan::default()
    }
}

/// Records what is applied by now.
fn stored(id: &str, record: &Record, after: &[&str]) -> Step {
    let kind = StepKind::Weigh(STORE.to_owned());
    let params = json!({ "record": record });
    Step::new(Role::Look, id, "record what is applied", kind, params).after(after)
}

fn steps(ask: &PlanAsk, body: &Body, record: &Record, removes: bool, auto: bool) -> Vec<Step> {
    let about = || Subject::new(STATE, &ask.stack.to_string());
    let with = |more: Value| body.params_with(more);
    let planned = json!({ "from": "plan", "output": "/plan" });
    let mut hold = HoldRule::always(if removes {
        HoldKind::Teardown
    } else {
        HoldKind::ReviewPlan
    });
    if auto {
        hold = HoldRule::when(HoldKind::ReviewPlan, "weigh", "/takes", true);
    }
    let (apply, role, store, leaves) = if removes {
        ("destroy", Role::Remove, "forget", Leaves::Nothing)
    } else {
        ("apply", Role::Change, "store", Leaves::New)
    };
    let title = |word: &str| format!("{word} {}", body.node);
    let force = is_on(&ask.flags, FORCE);
    let lock = flag::text(&ask.flags, UNLOCK_FIRST.name).filter(|_| !removes);
    let unlock = lock.map(|lock| {
        let title = format!("free the lock {lock} of the state");
        let params = with(json!({ "lock": lock }));
        Step::new(Role::Change, "unlock", title, UNLOCK, params)
            .after(&["init"])
            .hold(Some(HoldRule::always(HoldKind::RecoverStack)))
            .undo("none: who still writes that state and who does next write it at once")
    });
    let planned_after = if unlock.is_some() {
        &["validate", "unlock"][..]
    } else {
        &["validate"]
    };
    let [generate, init] = laid_out(body, force);
    let mut steps = vec![
        generate,
        init,
        Step::new(
            Role::Look,
            "validate",
            title("validate"),
            VALIDATE,
            with(json!({})),
        )
        .after(&["init"])
        .ended_within(body.limit),
        Step::new(
            Role::Look,
            "plan",
            title("plan"),
            PLAN,
            with(json!({ "destroy": removes, "about": about() })),
        )
        .after(planned_after)
        .about(about())
        .ended_within(body.limit),
        Step::new(
            Role::Look,
            "weigh",
            "weigh what is planned",
            StepKind::Weigh(WEIGH.to_owned()),
            json!({ "counts": { "from": "plan", "output": "/counts" }, "verdict": { "from": "plan", "output": "/verdict" } }),
        )
        .after(&["plan"]),
        Step::new(role, apply, title(apply), APPLY, with(json!({ "plan": planned })))
            .after(&["plan", "weigh"])
            .only("weigh", CHANGES)
            .hold(Some(hold))
            .about(about())
            .ended_within(body.limit)
            .undo(if removes {
                String::new()
            } else if ask.serving.is_none() {
                format!("holdpoint teardown {}: it takes away everything in its state", ask.stack)
            } else {
                "deploy the release before: Terraform plans the way back".to_owned()
            }),
        stored(store, record, &["weigh", apply]).leaving(leaves),
        discarded(body),
    ];
    let before_plan = steps.iter().position(|step| step.id.as_str() == "plan");
    if let (Some(unlock), Some(at)) = (unlock, before_plan) {
        steps.insert(at, unlock);
    }
    steps
}

/// The files of a node, and what they name.
fn laid_out(body: &Body, force: bool) -> [Step; 2] {
    let title = format!("generate {}", body.node);
    let init = Step::new(
        Role::Build,
        "init",
        "fetch providers and modules",
        INIT,
        body.params_with(json!({ "force": force })),
    );
    [
        Step::new(Role::Build, "generate", title, GENERATE, body.params()),
        init.after(&["generate"]).ended_within(body.limit),
    ]
}

/// The plan file goes with its deployment.
fn discarded(body: &Body) -> Step {
    let title = "discard the plan file";
    let params = json!({ "node": body.node });
    Step::new(Role::Look, "discard", title, DISCARD, params)
        .after(&["plan"])
        .finally()
}

/// The plan of a whole: that of a look deploys nothing.
pub(super) fn of_whole(ask: &PlanAsk, plan: Plan) -> Plan {
    if ask.purpose == Purpose::Teardown || !is_on(&ask.flags, REFRESH) {
        return plan;
    }
    let steps = plan.steps.into_iter().map(|step| Step {
        title: match step.kind.part() {
            Some(_) => format!("look at {}", step.id),
            None => step.title,
        },
        ..step
    });
    Plan {
        name: LOOKS.to_owned(),
        stays: true,
        steps: steps.collect(),
        says: vec![
            "Each part: what was applied is compared with what is there. Nothing is changed."
                .to_owned(),
        ],
        danger: Danger::default(),
        ..plan
    }
}

/// Sees what others changed of what was applied.
fn refresh(ask: &PlanAsk, body: &Body) -> Plan {
    let program = body.program.word();
    let about = Subject::new(STATE, &ask.stack.to_string());
    let [generate, init] = laid_out(body, is_on(&ask.flags, FORCE));
    let look = Step::new(
        Role::Look,
        "plan",
        format!("see what others changed of {}", body.node),
        PLAN,
        body.params_with(json!({ "refresh_only": true, "about": about })),
    );
    let look = look
        .after(&["init"])
        .about(about)
        .ended_within(body.limit)
        .leaving(Leaves::Old);
    Plan {
        name: LOOKS.to_owned(),
        stays: true,
        steps: vec![generate, init, look, discarded(body)],
        says: vec![format!(
            "{program} compares what was applied with what is there, and changes nothing."
        )],
        ..Plan::default()
    }
}

/// Whether a text may be the id of a lock: it is given to the program as a word.
fn is_lock(text: &str) -> bool {
    text.len() <= 200
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b))
}

/// Weighs what Terraform planned, or records.
pub(super) fn eval(kind: &str, params: &Value) -> Option<Result<Output, String>> {
    match kind {
        WEIGH => Some(weigh(params)),
        STORE => Some(Ok(Output::public(params.clone()))),
        _ => None,
    }
}

fn weigh(params: &Value) -> Result<Output, String> {
    let count = |name: &str| params["counts"][name].as_u64().unwrap_or_default();
    let branch = params["verdict"]
        .as_str()
        .filter(|word| [CHANGES, SAME].contains(word))
        .ok_or("the plan does not say whether anything changes")?;
    let why = if branch == SAME {
        "nothing changes".to_owned()
    } else {
        format!(
            "+{} to make, ~{} to change, -{} to delete, {} to replace",
            count("add"),
            count("change"),
            count("remove"),
            count("replace"),
        )
    };
    let takes = count("remove") + count("replace") > 0;
    Ok(Output::public(
        json!({ "branch": branch, "why": why, "takes": takes }),
    ))
}
