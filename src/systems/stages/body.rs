//! The form in which a stage is stored with its deployments: a stack of the system that carries it
//! out, with what comes before it and what other stages give it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::list::{Kind, Stage};
use crate::domain::failure::Failure;
use crate::domain::ids::StackId;
use crate::domain::look::{Look, Sights, Standing, Subject};
use crate::domain::request::{SourceBundle, SourceFile, Spec};
use crate::forms::cloudformation::{self, StackFacts, facts};
use crate::systems::files::{Files, Need, Read};
use crate::systems::{System, named, script, service};
use crate::text::diagnostic::{Diagnostic, Diagnostics};

/// A stage as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Body {
    /// The stages that come before it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) after: BTreeSet<String>,
    /// What other stages give it, by its own parameters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) inputs: BTreeMap<String, Input>,
    /// The system that carries it out.
    pub(super) by: String,
    /// Its form there.
    pub(super) of: Value,
}

/// What another stage gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Input {
    /// The stage.
    pub(super) stage: String,
    /// Its output.
    pub(super) output: String,
    /// Its stack.
    pub(super) stack: String,
    /// What it gave when this was asked for; absent until it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<String>,
}

impl Input {
    /// What it is read from.
    pub(super) fn about(&self) -> Subject {
        cloudformation::stack(&self.stack)
    }
}

impl Body {
    /// The stored form of a spec.
    pub(super) fn of(spec: &Spec) -> Result<Self, Failure> {
        spec.form("deploy from the estate's files instead")
    }

    /// The same stage as its own system has it.
    pub(super) fn inner(&self, spec: &Spec) -> Option<(&'static dyn System, Spec)> {
        let system = named(&self.by)?;
        let own = Spec {
            system: self.by.clone(),
            body: self.of.clone(),
            ..spec.clone()
        };
        Some((system, own))
    }

    /// What other stages are looked at for, that was not seen yet.
    pub(super) fn looks(&self, seen: &Sights) -> Vec<Look> {
        let open = self.inputs.values().filter(|input| input.value.is_none());
        let abouts: BTreeSet<Subject> = open.map(Input::about).collect();
        let unseen = abouts.into_iter().filter(|about| seen.of(about).is_none());
        unseen.map(Look::at).collect()
    }

    /// What was seen of it alone.
    pub(super) fn own(&self, seen: &Sights) -> Sights {
        let others: Vec<Subject> = self.inputs.values().map(Input::about).collect();
        seen.without(&others)
    }
}

/// A stage with what other stages give it, where all of that was seen; none where it has that already,
/// or something is not there.
pub(super) fn given(spec: &Spec, seen: &Sights) -> Option<Spec> {
    let mut body = Body::of(spec).ok()?;
    if body.inputs.values().all(|input| input.value.is_some()) {
        return None;
    }
    let mut values = BTreeMap::new();
    for (name, input) in &mut body.inputs {
        let stack: StackFacts = facts(seen.of(&input.about())?).ok()?;
        let value = stack.outputs.get(&input.output)?;
        input.value = Some(value.clone());
        values.insert(name.clone(), value.clone());
    }
    let (_, own) = body.inner(spec)?;
    let own = service::with_parameters(&own, values)?;
    body.of = own.body;
    Some(Spec {
        body: serde_json::to_value(body).ok()?,
        release: own.release,
        ..spec.clone()
    })
}

/// What other stages do not give.
///
/// # Errors
/// The first of it, with what to do.
pub(super) fn is_given(stack: &StackId, body: &Body, seen: &Sights) -> Result<(), Failure> {
    let Some((name, input)) = body.inputs.iter().find(|(_, input)| input.value.is_none()) else {
        return Ok(());
    };
    let whole = stack.whole();
    let sight = seen.of(&input.about());
    let there = sight.and_then(|sight| facts::<StackFacts>(sight).ok());
    let there = there.filter(|facts| facts.standing() != Standing::Missing);
    let (stage, output) = (&input.stage, &input.output);
    Err(if there.is_some() {
        Failure::new(format!(
            "{stage} gives no {output}, which {name} of {stack} is"
        ))
        .hint(format!(
            "add it to the outputs of its template, and deploy {whole}/{stage}"
        ))
    } else {
        Failure::new(format!(
            "{stage} is not there, and {name} of {stack} is what it gives"
        ))
        .hint(format!(
            "holdpoint deploy {whole} deploys all stages in their order"
        ))
    })
}

/// The stacks of all stages, each with its files.
pub(super) enum Made {
    /// These are needed first.
    Needs(Vec<Need>),
    /// All of them.
    Stacks(Vec<(StackId, Spec, SourceBundle)>),
    /// What is wrong with them.
    Wrong(Diagnostics),
}

/// Makes stacks of stages. Files that are not theirs alone (`kept`) travel with none.
pub(super) fn stacks(whole: &StackId, stages: &[Stage], files: &Files, kept: &[&str]) -> Made {
    let (mut needs, mut all, mut wrong) = (Vec::new(), Vec::new(), Diagnostics::default());
    for stage in stages {
        match stack(whole, stage, stages, files, kept) {
            Ok(made) => all.push(made),
            Err(Open::Needs(more)) => needs.extend(more),
            Err(Open::Wrong(found)) => wrong.0.extend(found.0),
        }
    }
    if !needs.is_empty() {
        Made::Needs(needs)
    } else if wrong.is_empty() {
        Made::Stacks(all)
    } else {
        wrong.settle();
        Made::Wrong(wrong)
    }
}

enum Open {
    Needs(Vec<Need>),
    Wrong(Diagnostics),
}

fn stack(
    whole: &StackId,
    stage: &Stage,
    stages: &[Stage],
    files: &Files,
    kept: &[&str],
) -> Result<(StackId, Spec, SourceBundle), Open> {
    let wrong = |why: &str| {
        let found = Diagnostic::of_file("stages", &whole.to_string(), why, "");
        Open::Wrong(found.into())
    };
    let part = stage
        .name
        .parse()
        .map_err(|why| wrong(&format!("{:?}: {why}", stage.name)))?;
    let id = whole.with(part);
    let entry = match &stage.kind {
        Kind::CloudFormation(template) => json!({
                "template": template.path,
                "stack_name": template.stack_name,
                "parameters": template.parameters,
                "capabilities": template.capabilities,
                "tags": template.tags,
                "downtime": "never",
        }),
        Kind::Script(script) => {
            let mut entry = json!({
                "steps": { "run": { "command": script.command, "timeout": script.timeout } },
                "env": script.env,
            });
            if !script.files.is_empty() {
                entry["files"] = json!(script.files);
            }
            if !script.teardown.is_empty() {
                entry["teardown"] = json!({ "steps": { "undo": { "command": script.teardown } } });
            }
            entry
        }
    };
    let mut own = Files::below(files.folder());
    let spec = loop {
        let late = match &stage.kind {
            Kind::CloudFormation(template) => template.inputs.keys().cloned().collect(),
            Kind::Script(_) => BTreeSet::new(),
        };
        let read = match &stage.kind {
            Kind::CloudFormation(_) => service::read_with(&id, &entry, late, &own),
            Kind::Script(_) => script::Script.read(&id, &entry, &own),
        };
        match read {
            Read::Needs(needs) => {
                let open = files.missing(needs.clone());
                if !open.is_empty() {
                    return Err(Open::Needs(open));
                }
                for need in needs {
                    let found = found(files, &need, kept);
                    own.answer(need, found);
                }
            }
            Read::Stacks(mut all) if all.len() == 1 => break all.remove(0).1,
            Read::Wrong(found) => return Err(Open::Wrong(found)),
            Read::Stacks(_) | Read::Rendered(..) | Read::Parts(..) => {
                return Err(wrong("a stage is one stack"));
            }
        }
    };
    let inputs = match &stage.kind {
        Kind::CloudFormation(template) => template.inputs.clone(),
        Kind::Script(_) => BTreeMap::new(),
    };
    let inputs = inputs.into_iter().filter_map(|(name, input)| {
        let stack = stages.iter().find_map(|other| match &other.kind {
            Kind::CloudFormation(template) if other.name == input.stage => {
                Some(template.stack_name.clone())
            }
            Kind::CloudFormation(_) | Kind::Script(_) => None,
        })?;
        let input = Input {
            stage: input.stage,
            output: input.output,
            stack,
            value: None,
        };
        Some((name, input))
    });
    let body = Body {
        after: stage.after.clone(),
        inputs: inputs.collect(),
        by: spec.system.clone(),
        of: spec.body.clone(),
    };
    let body = serde_json::to_value(body).map_err(|why| wrong(&why.to_string()))?;
    let spec = Spec {
        system: super::NAME.to_owned(),
        body,
        ..spec
    };
    Ok((id, spec, own.into_bundle()))
}

/// What was found for a need of a stage.
fn found(files: &Files, need: &Need, kept: &[&str]) -> Vec<(String, SourceFile)> {
    let all = files.bundle().files.iter();
    let fits = |path: &&String| match need {
        Need::File(own) | Need::Maybe(own) => *path == own,
        Need::Glob(_) => {
            path.starts_with(&format!("{}/", need.path())) && !kept.contains(&path.as_str())
        }
        Need::Opened(_) => false,
    };
    let own = all.filter(|(path, _)| fits(path));
    own.map(|(path, file)| (path.clone(), file.clone()))
        .collect()
}
