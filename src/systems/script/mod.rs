//! The script system: commands in an order, each run in a folder of its own with the files that
//! travelled. Plans only.

pub mod entry;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::entry::{Claim, Form, Home, Remarks, Written, read};
use super::files::{Files, Need, Read};
use super::variables::references;
use super::{PlanAsk, System};
use crate::domain::deployment::Deployment;
use crate::domain::digest::Digest;
use crate::domain::failure::{Failure, millis};
use crate::domain::flag::Flags;
use crate::domain::hold::HoldKind;
use crate::domain::ids::{StackId, StepId};
use crate::domain::level::Danger;
use crate::domain::look::{Look, Quiet, Sights};
use crate::domain::plan::{HoldRule, Output, Plan, Role, Step, StepKind};
use crate::domain::purpose::Purpose;
use crate::domain::relative::plain;
use crate::domain::request::{Release, SourceBundle, Spec};
use crate::domain::secret_ref::SecretRef;
use crate::text::diagnostic::Diagnostic;
use crate::text::document::Node;
use crate::text::duration;
use crate::text::quote::shell;

use entry::{FORM, ScriptEntry, ScriptStep};

/// The system.
#[derive(Debug)]
pub struct Script;

/// The longest time of a command that says nothing of it.
const LIMIT: Duration = Duration::from_mins(30);

/// The form in which a script is stored with its deployments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Body {
    steps: BTreeMap<String, Command>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    secrets: BTreeMap<String, SecretRef>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    secret_files: BTreeMap<String, SecretRef>,
    #[serde(default)]
    teardown: Option<BTreeMap<String, Command>>,
    bundle: Digest,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Command {
    argv: Vec<String>,
    #[serde(default)]
    after: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    makes: Vec<String>,
    #[serde(with = "millis")]
    timeout: Duration,
    attempts: u32,
}

/// Puts a script together.
///
/// # Errors
/// A sentence, when a duration cannot be read.
fn spec(stack: &StackId, entry: &ScriptEntry, bundle: &SourceBundle) -> Result<Spec, String> {
    let commands =
        |steps: &BTreeMap<String, ScriptStep>| -> Result<BTreeMap<String, Command>, String> {
            let read = |(id, step): (&String, &ScriptStep)| {
                let timeout = step
                    .timeout
                    .as_deref()
                    .map_or(Ok(LIMIT), duration::read)
                    .map_err(|why| format!("{stack}, step {id}: {why}"))?;
                Ok((
                    id.clone(),
                    Command {
                        argv: step.command.clone(),
                        after: step.after.clone(),
                        makes: step.makes.iter().map(|path| plain(path)).collect(),
                        timeout,
                        attempts: step.attempts.unwrap_or(1),
                    },
                ))
            };
            steps.iter().map(read).collect()
        };
    let body = Body {
        steps: commands(&entry.steps)?,
        env: entry.env.clone(),
        secrets: references(stack, &entry.secrets)?,
        secret_files: references(stack, &entry.secret_files)?,
        teardown: entry
            .teardown
            .as_ref()
            .map(|teardown| commands(&teardown.steps))
            .transpose()?,
        bundle: bundle.digest(),
    };
    let body = serde_json::to_value(body).map_err(|why| why.to_string())?;
    let release = Release::of_files(Digest::of("holdpoint/release/1", &body));
    Ok(Spec {
        system: "script".to_owned(),
        release,
        body,
        bundle: bundle.digest(),
        about: Vec::new(),
        watch_logs: Vec::new(),
        parts: BTreeMap::new(),
    })
}

impl System for Script {
    fn name(&self) -> &'static str {
        "script"
    }

    fn form(&self) -> &'static Form {
        &FORM
    }

    fn check(&self, written: &Written<'_>, told: &mut Remarks) {
        match written.read::<ScriptEntry>() {
            Ok(entry) => entry.check(written.app, told),
            Err(says) => told.say("shape", &[], says, ""),
        }
    }

    fn secrets(&self, app: &str, entry: &Node) -> Remarks {
        entry::secrets(app, entry)
    }

    fn reach(&self, app: &str, environments: &str, entry: &Value) -> Vec<String> {
        read::<ScriptEntry>(entry)
            .map(|entry| entry.reach(app, environments))
            .unwrap_or_default()
    }

    /// What its commands change is known to them alone.
    fn claims(&self, _app: &str, _home: &Home<'_>, _entry: &Value) -> Vec<Claim> {
        Vec::new()
    }

    fn names(&self, entry: &Value) -> Vec<(Need, Vec<String>)> {
        read::<ScriptEntry>(entry)
            .map(|entry| entry.names())
            .unwrap_or_default()
    }

    fn read(&self, whole: &StackId, entry: &Value, files: &Files) -> Read {
        let wrong = |why: &str| {
            Read::Wrong(Diagnostic::of_file("script", &whole.to_string(), why, "").into())
        };
        let entry = match read::<ScriptEntry>(entry) {
            Ok(entry) => entry,
            Err(why) => return wrong(&why.to_string()),
        };
        let needs = files.missing(entry.needs());
        if !needs.is_empty() {
            return Read::Needs(needs);
        }
        spec(whole, &entry, files.bundle()).map_or_else(
            |why| wrong(&why),
            |spec| Read::Stacks(vec![(whole.clone(), spec)]),
        )
    }

    fn looks(&self, _ask: &PlanAsk, _spec: &Spec, _seen: &Sights) -> Vec<Look> {
        Vec::new()
    }

    fn plan(&self, ask: &PlanAsk, spec: &Spec, _seen: &Sights) -> Result<Plan, Failure> {
        let body: Body = spec.form("deploy from the estate's files instead")?;
        match ask.purpose {
            // A script that failed has no state of its own to repair: its steps are run again.
            Purpose::Deploy | Purpose::Recover => Ok(Plan {
                name: "script".to_owned(),
                steps: commands(&body.steps, &body, Role::Change),
                says: told(&body.steps, &body, "change"),
                danger: Danger::UNKNOWN,
                ..Plan::default()
            }),
            Purpose::Teardown => teardown(ask, &body),
        }
    }

    fn quiet(&self, _purpose: Purpose, _flags: &Flags, _seen: &Sights) -> Quiet {
        Quiet::Quiet
    }

    /// Commands that ended well, and that are the same still, are not run again.
    fn carry(&self, old: &Deployment, plan: &Plan) -> Vec<(StepId, Output)> {
        let same = old
            .runs()
            .filter(|(step, _)| plan.step(&step.id) == Some(*step));
        same.filter_map(|(step, run)| Some((step.id.clone(), run.output.clone()?)))
            .collect()
    }
}

fn teardown(ask: &PlanAsk, body: &Body) -> Result<Plan, Failure> {
    let Some(steps) = &body.teardown else {
        return Err(
            Failure::new(format!("{} does not say how it is taken down", ask.stack)).hint(
                "add teardown: { steps: … } to its script in the estate file and deploy it once",
            ),
        );
    };
    let mut all = commands(steps, body, Role::Remove);
    let hold = HoldRule::always(HoldKind::Teardown);
    let roots: BTreeSet<StepId> = all
        .iter()
        .filter(|step| step.after.is_empty())
        .map(|step| step.id.clone())
        .collect();
    if let (1, Some(first)) = (roots.len(), all.first_mut()) {
        first.hold = Some(hold);
    } else {
        // Several begin at once: one decision stands before them all.
        let gate = free("approve", steps);
        all.iter_mut()
            .filter(|step| roots.contains(&step.id))
            .for_each(|step| step.after = vec![gate.clone()]);
        all.insert(
            0,
            Step::new(
                Role::Decide,
                gate,
                "take it down",
                StepKind::Decision,
                json!({}),
            )
            .hold(Some(hold)),
        );
    }
    Ok(Plan {
        name: "teardown".to_owned(),
        steps: all,
        says: told(steps, body, "remove"),
        danger: Danger::UNKNOWN,
        ..Plan::default()
    })
}

/// Every command as it is run, where, and with which variables: their names, never what they hold.
fn told(all: &BTreeMap<String, Command>, body: &Body, does: &str) -> Vec<String> {
    let mut says: Vec<String> = all
        .iter()
        .map(|(id, command)| {
            let words: Vec<String> = command.argv.iter().map(|word| shell(word)).collect();
            format!("{id} runs `{}`.", words.join(" "))
        })
        .collect();
    says.push("Each runs in a folder of its own with the files of the release.".to_owned());
    for (what, names) in [
        ("variables", body.env.keys().collect::<Vec<_>>()),
        ("secrets in", body.secrets.keys().collect()),
        ("files with secrets in", body.secret_files.keys().collect()),
    ] {
        let names: Vec<&str> = names.into_iter().map(String::as_str).collect();
        if !names.is_empty() {
            says.push(format!("It has {what} {}.", names.join(", ")));
        }
    }
    says.push(format!(
        "What these commands {does} is known to them alone."
    ));
    says
}

/// The files that the steps before a command make, each as the output of its step.
fn made(all: &BTreeMap<String, Command>, command: &Command) -> BTreeMap<String, Value> {
    let mut before: Vec<&String> = command.after.iter().collect();
    let mut seen: BTreeSet<&String> = BTreeSet::new();
    let mut made = BTreeMap::new();
    while let Some(id) = before.pop() {
        let Some(step) = all.get(id).filter(|_| seen.insert(id)) else {
            continue;
        };
        before.extend(&step.after);
        for path in &step.makes {
            let pointer = format!("/made/{}", path.replace('~', "~0").replace('/', "~1"));
            made.insert(path.clone(), json!({ "from": id, "output": pointer }));
        }
    }
    made
}

/// A step id that no command has.
fn free(name: &str, taken: &BTreeMap<String, Command>) -> StepId {
    let mut id = name.to_owned();
    while taken.contains_key(&id) {
        id.push('-');
    }
    StepId(id)
}

/// The commands as steps, each behind its needs.
fn commands(all: &BTreeMap<String, Command>, body: &Body, role: Role) -> Vec<Step> {
    let mut steps: Vec<Step> = all
        .iter()
        .map(|(id, command)| {
            let mut params =
                json!({ "argv": command.argv, "bundle": body.bundle, "env": body.env, "step": id });
            for (key, secrets) in [
                ("secrets", &body.secrets),
                ("secret_files", &body.secret_files),
            ] {
                if !secrets.is_empty() {
                    params[key] = json!(secrets);
                }
            }
            let made = made(all, command);
            if !made.is_empty() {
                params["made"] = json!(made);
            }
            if !command.makes.is_empty() {
                params["makes"] = json!(command.makes);
            }
            let after: Vec<&str> = command.after.iter().map(String::as_str).collect();
            let run =
                Step::new(role, id.as_str(), id.as_str(), "process.run", params).after(&after);
            run.ended_within(command.timeout).tries(command.attempts)
        })
        .collect();
    let order: Vec<StepId> = {
        let plan = Plan {
            steps: steps.clone(),
            ..Plan::default()
        };
        plan.order()
            .map(|order| order.into_iter().cloned().collect())
            .unwrap_or_default()
    };
    steps.sort_by_key(|step| order.iter().position(|id| *id == step.id));
    steps
}

#[cfg(test)]
mod tests;
