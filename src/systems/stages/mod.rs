//! The stages system: a deployment in an order, over what carries out each of its stages. A stage is a
//! stack of the system that does so; what is added here is what comes before it and what other stages
//! give it. Plans only.

mod body;
mod by_hand;
mod config;
mod entry;
mod list;
mod pinned;

use serde_json::Value;

use super::entry::{Claim, Form, Home, Remarks, Written, read};
use super::files::{Files, Need, Read};
use super::{PlanAsk, System, Tool, group, script, service};
use crate::domain::deployment::Deployment;
use crate::domain::estate::{Brings, Takes};
use crate::domain::failure::Failure;
use crate::domain::flag::{Flag, Flags};
use crate::domain::ids::{StackId, StepId};
use crate::domain::look::{Look, Quiet, Sights};
use crate::domain::plan::{Output, Plan};
use crate::domain::purpose::Purpose;
use crate::domain::request::{SourceBundle, Spec};
use crate::domain::row::Row;
use crate::forms::cloudformation::STACK;
use crate::text::diagnostic::{Diagnostic, Diagnostics};
use crate::text::document::Node;
use crate::text::safe::Safe;

use body::{Body, Made};
use config::Config;
use entry::{FORM, StagesEntry};

/// Its name.
const NAME: &str = "stages";
/// What a deployment of a stage does.
const EACH: &str = "deploy it, with what the stages before it give";

/// The system.
#[derive(Debug)]
pub struct Stages;

/// What is asked of a stage, as its own system is asked.
fn asked(ask: &PlanAsk) -> PlanAsk {
    let serving = ask.serving.as_ref();
    let serving = serving.and_then(|spec| Some(Body::of(spec).ok()?.inner(spec)?.1));
    PlanAsk {
        serving,
        ..ask.clone()
    }
}

/// A stage with its own system.
fn inner(spec: &Spec) -> Option<(Body, &'static dyn System, Spec)> {
    let body = Body::of(spec).ok()?;
    let (system, own) = body.inner(spec)?;
    Some((body, system, own))
}

impl System for Stages {
    fn name(&self) -> &'static str {
        NAME
    }

    fn form(&self) -> &'static Form {
        &FORM
    }

    fn check(&self, written: &Written<'_>, told: &mut Remarks) {
        match written.read::<StagesEntry>() {
            Ok(entry) => entry.check(told),
            Err(says) => told.say("shape", &[], says, ""),
        }
    }

    /// What its files say is read where it is put into a stage.
    fn secrets(&self, _app: &str, _entry: &Node) -> Remarks {
        Remarks::default()
    }

    fn reach(&self, app: &str, environments: &str, entry: &Value) -> Vec<String> {
        read::<StagesEntry>(entry)
            .map(|entry| entry.reach(app, environments))
            .unwrap_or_default()
    }

    /// Whose a stack is its list alone says.
    fn claims(&self, _app: &str, _home: &Home<'_>, _entry: &Value) -> Vec<Claim> {
        Vec::new()
    }

    fn names(&self, entry: &Value) -> Vec<(Need, Vec<String>)> {
        read::<StagesEntry>(entry)
            .map(|entry| entry.names())
            .unwrap_or_default()
    }

    fn read(&self, whole: &StackId, entry: &Value, files: &Files) -> Read {
        let entry = match read::<StagesEntry>(entry) {
            Ok(entry) => entry,
            Err(why) => {
                let found = Diagnostic::of_file(NAME, &whole.to_string(), &why.to_string(), "");
                return Read::Wrong(found.into());
            }
        };
        let (list, config) = entry.files(whole.env.as_str());
        let named = [Some(&list), config.as_ref()];
        let named = named.into_iter().flatten().cloned().map(Need::File);
        let needs = files.missing(named.collect());
        if !needs.is_empty() {
            return Read::Needs(needs);
        }
        let stages = match listed(&list, config.as_deref(), files) {
            Ok(stages) => stages,
            Err(found) => return Read::Wrong(found),
        };
        let kept: Vec<&str> = std::iter::once(list.as_str())
            .chain(config.as_deref())
            .collect();
        match body::stacks(whole, &stages, files, &kept) {
            Made::Needs(needs) => Read::Needs(needs),
            Made::Wrong(found) => Read::Wrong(found),
            Made::Stacks(mut parts) => {
                let own = parts.iter().map(|(id, spec, _)| (id, spec));
                let spec = group::spec(NAME, own, entry.workers());
                parts.insert(0, (whole.clone(), spec, SourceBundle::default()));
                Read::Parts(parts, Vec::new())
            }
        }
    }

    fn lacks(&self, spec: &Spec, home: &Home<'_>) -> Remarks {
        inner(spec).map_or_else(Remarks::default, |(_, system, own)| {
            system.lacks(&own, home)
        })
    }

    fn after(&self, whole: &StackId, spec: &Spec) -> Vec<StackId> {
        let after = Body::of(spec).map(|body| body.after).unwrap_or_default();
        group::named(whole, &after)
    }

    fn unchanged(&self) -> &'static str {
        "a stack in which nothing changes stays as it is, and commands run again"
    }

    /// What it is given is seen where it is planned.
    fn stands(&self, spec: &Spec, standing: &Spec) -> bool {
        let written = Body::of(standing).ok().and_then(|body| body.written);
        written.unwrap_or(standing.release.digest) == spec.release.digest
    }

    fn notes(&self, spec: &Spec) -> Vec<Safe> {
        inner(spec).map_or_else(Vec::new, |(_, system, own)| system.notes(&own))
    }

    fn tools(&self, spec: &Spec) -> Vec<Tool> {
        inner(spec).map_or_else(Vec::new, |(_, system, own)| system.tools(&own))
    }

    fn flags_of_whole(&self) -> &'static [Flag] {
        &[group::FILTER]
    }

    fn rows(&self, spec: &Spec) -> Vec<Row> {
        if spec.is_whole() {
            return group::rows(spec);
        }
        let Ok(body) = Body::of(spec) else {
            return Vec::new();
        };
        let mut rows = Vec::new();
        if !body.after.is_empty() {
            let after: Vec<&str> = body.after.iter().map(String::as_str).collect();
            rows.push(Row::new("after", &after.join(", ")));
        }
        rows.extend(body.inputs.iter().map(|(name, input)| {
            let of = format!("{} of {}", input.output, input.stage);
            let is = input.value.as_ref();
            Row::new(
                name,
                &is.map_or_else(|| of.clone(), |is| format!("{is} ({of})")),
            )
        }));
        rows.extend(body.images().iter().flat_map(pinned::Images::rows));
        rows.extend(
            body.manual()
                .map(|manual| Row::new("by hand", &manual.title)),
        );
        let own = body.inner(spec).into_iter();
        rows.extend(own.flat_map(|(system, own)| system.rows(&own)));
        rows
    }

    fn beside(&self, spec: &Spec) -> Vec<Look> {
        inner(spec).map_or_else(Vec::new, |(_, system, own)| system.beside(&own))
    }

    fn takes(&self, whole: &StackId, spec: &Spec) -> Vec<Takes> {
        let inputs = Body::of(spec).map(|body| body.inputs).unwrap_or_default();
        let all = inputs.iter().filter_map(|(name, input)| {
            let at = |key: &str| key.replace('~', "~0").replace('/', "~1");
            Some(Takes {
                name: Safe::new(name),
                from: whole.with(input.stage.parse().ok()?),
                gives: Safe::new(&input.output),
                here: format!("/parameters/{}", at(name)),
                there: format!("/outputs/{}", at(&input.output)),
            })
        });
        all.collect()
    }

    fn brings(&self, spec: &Spec) -> Brings {
        Brings::always(if spec.is_whole() {
            "deploy all stages, each after those that it needs"
        } else {
            EACH
        })
    }

    fn looks(&self, ask: &PlanAsk, spec: &Spec, seen: &Sights) -> Vec<Look> {
        let Ok(body) = Body::of(spec) else {
            return Vec::new();
        };
        if let Some(images) = body.images() {
            let is_open = images.pinned.is_empty() && ask.purpose != Purpose::Teardown;
            let unseen = Some(images.about()).filter(|about| is_open && seen.of(about).is_none());
            return unseen.map(Look::at).into_iter().collect();
        }
        let others = match ask.purpose {
            Purpose::Teardown => Vec::new(),
            Purpose::Deploy | Purpose::Recover => body.looks(seen),
        };
        // Its own stack stands first: by that it is seen whether anything works there. What others give
        // is needed before more is asked of it.
        let is_first = spec.about.first().is_some_and(|own| seen.of(own).is_none());
        if !others.is_empty() && !is_first {
            return others;
        }
        let settled = self.settled(ask, spec, seen);
        let spec = settled.as_ref().unwrap_or(spec);
        let own = inner(spec).map_or_else(Vec::new, |(body, system, own)| {
            system.looks(&asked(ask), &own, &body.own(seen))
        });
        own.into_iter().chain(others).collect()
    }

    /// What other stages give now is what the stage has from then on.
    fn settled(&self, ask: &PlanAsk, spec: &Spec, seen: &Sights) -> Option<Spec> {
        (ask.purpose != Purpose::Teardown && !spec.is_whole())
            .then(|| body::given(spec, seen))
            .flatten()
    }

    fn plan(&self, ask: &PlanAsk, spec: &Spec, seen: &Sights) -> Result<Plan, Failure> {
        if spec.is_whole() {
            return group::plan(self, ask, spec);
        }
        let body = Body::of(spec)?;
        if ask.purpose == Purpose::Teardown {
            group::may_go(ask)?;
        } else {
            body::is_given(&ask.stack, &body, seen)?;
        }
        if let Some(images) = body.images() {
            return pinned::plan(&images, ask.purpose, seen);
        }
        if let Some(manual) = body.manual() {
            return Ok(by_hand::plan(&manual, ask.purpose));
        }
        let (system, own) = body.inner(spec).ok_or_else(|| {
            Failure::new(format!(
                "{} is carried out by {}, which is not there",
                ask.stack, body.by
            ))
            .hint("run the version of the program that deployed it")
        })?;
        let mut plan = system.plan(&asked(ask), &own, &body.own(seen))?;
        if ask.purpose != Purpose::Teardown {
            let has = body.has(spec, seen);
            let says = body.inputs.iter().filter_map(|(name, input)| {
                let value = input.value.as_deref()?;
                let was = has.get(name);
                let was = was.map_or_else(String::new, |was| {
                    format!(", in place of {was}, which its stack has")
                });
                Some(format!(
                    "{name} is {value}: {} of {}, as it is now{was}.",
                    input.output, input.stage
                ))
            });
            plan.says.extend(says);
        }
        Ok(plan)
    }

    fn quiet(&self, purpose: Purpose, flags: &Flags, seen: &Sights) -> Quiet {
        // Commands look at nothing.
        match seen.of_kind(STACK) {
            Some(_) => service::Service.quiet(purpose, flags, seen),
            None => Quiet::Quiet,
        }
    }

    fn eval(&self, kind: &str, params: &Value) -> Option<Result<Output, String>> {
        if kind == pinned::PIN {
            return Some(Ok(Output::default()));
        }
        let all: [&dyn System; 2] = [&service::Service, &script::Script];
        all.into_iter().find_map(|system| system.eval(kind, params))
    }

    /// Nothing: what is left to do follows from the real things.
    fn carry(&self, _old: &Deployment, _plan: &Plan) -> Vec<(StepId, Output)> {
        Vec::new()
    }
}

/// The stages of a list, with what they read put in.
fn listed(
    list: &str,
    config: Option<&str>,
    files: &Files,
) -> Result<Vec<list::Stage>, Diagnostics> {
    let bytes = |path: &str| files.get(path).map_or(&[][..], |file| &file.bytes);
    let config = config.map_or_else(
        || Ok(Config::default()),
        |path| Config::read(path, bytes(path)),
    )?;
    list::read(list, bytes(list), &config)
}

#[cfg(test)]
mod tests;
