//! The form in which a stage is stored with its deployments: a stack of the system that carries it
//! out, with what comes before it and what other stages give it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::list::{Kind, Manual, Script, Stage, Template};
use super::pinned::{Images, stored};
use crate::domain::digest::Digest;
use crate::domain::failure::Failure;
use crate::domain::ids::StackId;
use crate::domain::look::{Look, Sights, Standing, Subject};
use crate::domain::request::{Release, SourceBundle, SourceFile, Spec};
use crate::forms::cloudformation::{self, StackFacts, facts};
use crate::forms::image;
use crate::systems::files::{Files, Need, Read};
use crate::systems::{System, named, script, service};
use crate::text::diagnostic::{Diagnostic, Diagnostics};

/// What stands for a system where a person carries a stage out.
pub(super) const BY_HAND: &str = "manual";

/// What stands for a system where images are pinned.
pub(super) const PINNED: &str = "docker";

/// A stage as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Body {
    /// The stages that come before it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) after: BTreeSet<String>,
    /// What other stages give it, by its own parameters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) inputs: BTreeMap<String, Input>,
    /// Of the stage as its files say it, before it was given anything; absent where it is that still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) written: Option<Digest>,
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
    /// What is looked at for it.
    pub(super) about: Subject,
    /// What it gave when this was asked for; absent until it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<String>,
}

impl Input {
    /// What is given, as it was seen.
    fn given(&self, seen: &Sights) -> Option<String> {
        let outputs = seen.of(&self.about)?.facts.get("outputs")?;
        Some(outputs.get(&self.output)?.as_str()?.to_owned())
    }
}

impl Body {
    /// The stored form of a spec.
    pub(super) fn of(spec: &Spec) -> Result<Self, Failure> {
        spec.form("deploy from the estate's files instead")
    }

    /// What a person is to do, where one carries it out.
    pub(super) fn manual(&self) -> Option<Manual> {
        Some(&self.of)
            .filter(|_| self.by == BY_HAND)
            .and_then(|of| Manual::deserialize(of).ok())
    }

    /// The images that it is, where it is of that kind.
    pub(super) fn images(&self) -> Option<Images> {
        Some(&self.of)
            .filter(|_| self.by == PINNED)
            .and_then(|of| Images::deserialize(of).ok())
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
        let abouts: BTreeSet<Subject> = open.map(|input| input.about.clone()).collect();
        let unseen = abouts.into_iter().filter(|about| seen.of(about).is_none());
        unseen.map(Look::at).collect()
    }

    /// What its own stack has where it is given something else now, by its parameters.
    pub(super) fn has(&self, spec: &Spec, seen: &Sights) -> BTreeMap<String, String> {
        let own = spec.about.first().and_then(|about| seen.of(about));
        let own = own.and_then(|sight| facts::<StackFacts>(sight).ok());
        let own = own.map(|facts| facts.parameters).unwrap_or_default();
        let is_other = |(name, value): &(String, String)| {
            let now = self.inputs.get(name).and_then(|input| input.value.as_ref());
            now.is_some_and(|now| now != value)
        };
        own.into_iter().filter(is_other).collect()
    }

    /// What was seen of it alone.
    pub(super) fn own(&self, seen: &Sights) -> Sights {
        let others = self.inputs.values().map(|input| input.about.clone());
        let others: Vec<Subject> = others.collect();
        seen.without(&others)
    }
}

/// A stage with what other stages give it, where all of that was seen; none where it has that already,
/// or something is not there.
pub(super) fn given(spec: &Spec, seen: &Sights) -> Option<Spec> {
    let mut body = Body::of(spec).ok()?;
    if let Some(images) = body.images() {
        let found = images.found(seen)?;
        body.of = stored(&found);
        body.written = Some(spec.release.digest);
        return Some(Spec {
            body: serde_json::to_value(body).ok()?,
            release: found.release(),
            ..spec.clone()
        });
    }
    if body.inputs.values().all(|input| input.value.is_some()) {
        return None;
    }
    let mut values = BTreeMap::new();
    for (name, input) in &mut body.inputs {
        let value = input.given(seen)?;
        input.value = Some(value.clone());
        values.insert(name.clone(), value);
    }
    let (_, own) = body.inner(spec)?;
    let own = service::with_parameters(&own, values)?;
    body.of = own.body;
    body.written = Some(spec.release.digest);
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
    let sight = seen.of(&input.about);
    let there = sight.filter(|sight| sight.standing != Standing::Missing);
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
    let (spec, inputs, bundle) = match &stage.kind {
        Kind::CloudFormation(template) => {
            let (entry, late) = (template.entry(), template.inputs.keys().cloned().collect());
            let read = |own: &Files| service::read_with(&id, &entry, &late, own);
            let (spec, bundle) = own(&id, &read, files, kept)?;
            (spec, given_by(template, stages), bundle)
        }
        Kind::Script(script) => {
            let entry = script.entry();
            let read = |own: &Files| script::Script.read(&id, &entry, own);
            let (spec, bundle) = own(&id, &read, files, kept)?;
            (spec, BTreeMap::new(), bundle)
        }
        Kind::Manual(manual) => (by_hand(manual), BTreeMap::new(), SourceBundle::default()),
        Kind::Images(images) => (pinned(images), BTreeMap::new(), SourceBundle::default()),
    };
    let body = Body {
        after: stage.after.clone(),
        inputs,
        written: None,
        by: spec.system.clone(),
        of: spec.body.clone(),
    };
    let body = serde_json::to_value(body).map_err(|why| wrong(&why.to_string()))?;
    let spec = Spec {
        system: super::NAME.to_owned(),
        body,
        ..spec
    };
    Ok((id, spec, bundle))
}

/// A stage as the system reads it that carries it out, with the files that are its own.
fn own(
    id: &StackId,
    read: &dyn Fn(&Files) -> Read,
    files: &Files,
    kept: &[&str],
) -> Result<(Spec, SourceBundle), Open> {
    let mut own = Files::below(files.folder());
    loop {
        match read(&own) {
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
            Read::Stacks(mut all) if all.len() == 1 => {
                return Ok((all.remove(0).1, own.into_bundle()));
            }
            Read::Wrong(found) => return Err(Open::Wrong(found)),
            Read::Stacks(_) | Read::Rendered(..) | Read::Parts(..) => {
                let says = "a stage is one stack";
                let found = Diagnostic::of_file("stages", &id.to_string(), says, "");
                return Err(Open::Wrong(found.into()));
            }
        }
    }
}

/// What other stages give a template.
fn given_by(template: &Template, stages: &[Stage]) -> BTreeMap<String, Input> {
    let all = template.inputs.iter().filter_map(|(name, input)| {
        let about = stages.iter().find_map(|other| match &other.kind {
            _ if other.name != input.stage => None,
            Kind::CloudFormation(template) => Some(cloudformation::stack(&template.stack_name)),
            Kind::Images(images) => Some(image::images(images)),
            Kind::Script(_) | Kind::Manual(_) => None,
        })?;
        let input = Input {
            stage: input.stage.clone(),
            output: input.output.clone(),
            about,
            value: None,
        };
        Some((name.clone(), input))
    });
    all.collect()
}

/// Images, as a spec.
fn pinned(images: &BTreeMap<String, String>) -> Spec {
    let images = Images::of(images);
    Spec {
        release: images.release(),
        body: stored(&images),
        about: vec![images.about()],
        system: PINNED.to_owned(),
        bundle: SourceBundle::default().digest(),
        watch_logs: Vec::new(),
        parts: BTreeMap::new(),
    }
}

/// The work of a person, as a spec.
fn by_hand(manual: &Manual) -> Spec {
    let body = json!(manual);
    Spec {
        system: BY_HAND.to_owned(),
        release: Release::of_files(Digest::of("holdpoint/release/1", &body)),
        body,
        bundle: SourceBundle::default().digest(),
        about: Vec::new(),
        watch_logs: Vec::new(),
        parts: BTreeMap::new(),
    }
}

impl Template {
    /// As the system has it in an estate file that carries it out.
    fn entry(&self) -> Value {
        json!({
            "template": self.path,
            "stack_name": self.stack_name,
            "parameters": self.parameters,
            "capabilities": self.capabilities,
            "tags": self.tags,
            "downtime": "never",
        })
    }
}

impl Script {
    /// As the system has it in an estate file that carries it out.
    fn entry(&self) -> Value {
        let mut entry = json!({
            "steps": { "run": { "command": self.command, "timeout": self.timeout } },
            "env": self.env,
        });
        if !self.files.is_empty() {
            entry["files"] = json!(self.files);
        }
        if !self.teardown.is_empty() {
            entry["teardown"] = json!({ "steps": { "undo": { "command": self.teardown } } });
        }
        entry
    }
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
