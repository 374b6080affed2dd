//! The service system: one CloudFormation template, its parameters, its stack. Plans only; it calls
//! nobody.

mod beside;
mod body;
mod chosen;
mod create;
mod databases;
mod downtime;
mod dry;
mod end;
pub mod entry;
mod foreseen;
mod join;
mod late;
mod looks;
mod o5;
mod only;
mod plan;
mod retained;
mod running;
mod source;
mod status;
mod steps;
mod travel;
mod ways;
mod weight;

use body::Body;
pub(super) use body::with_parameters;
use entry::{FORM, ServiceEntry};
use source::{Source, Unmade};
use ways::{Choice, Only, only};

use std::collections::BTreeSet;

use serde_json::Value;

use super::entry::{Claim, Form, Home, Remarks, Written, read};
use super::files::{Files, Need, Read};
use super::{Follows, PlanAsk, ReadFrom, ReplyTo, System, Tool};
use crate::domain::deployment::Deployment;
use crate::domain::estate::Brings;
use crate::domain::failure::Failure;
use crate::domain::flag::{Flag, Flags};
use crate::domain::ids::{StackId, StepId};
use crate::domain::look::{Look, Quiet, Sight, Sights, Standing};
use crate::domain::plan::{Output, Plan};
use crate::domain::purpose::Purpose;
use crate::domain::request::{SourceBundle, SourceFile, Spec};
use crate::domain::row::Row;
use crate::forms::cloudformation::{STACK, StackFacts, facts};
use crate::text::diagnostic::{Diagnostic, Diagnostics};
use crate::text::document::Node;
use crate::text::safe::Safe;

/// The system.
#[derive(Debug)]
pub struct Service;

impl System for Service {
    fn name(&self) -> &'static str {
        "service"
    }

    fn form(&self) -> &'static Form {
        &FORM
    }

    fn check(&self, written: &Written<'_>, told: &mut Remarks) {
        match written.read::<ServiceEntry>() {
            Ok(entry) => entry.check(written, told),
            Err(says) => told.say("shape", &[], says, ""),
        }
    }

    fn secrets(&self, app: &str, entry: &Node) -> Remarks {
        entry::secrets(app, entry)
    }

    fn reach(&self, app: &str, environments: &str, entry: &Value) -> Vec<String> {
        read::<ServiceEntry>(entry)
            .iter()
            .map(|entry| entry.reach(app, environments))
            .collect()
    }

    fn claims(&self, app: &str, home: &Home<'_>, entry: &Value) -> Vec<Claim> {
        read::<ServiceEntry>(entry)
            .iter()
            .flat_map(|entry| entry.claims(home, app))
            .collect()
    }

    fn names(&self, entry: &Value) -> Vec<(Need, Vec<String>)> {
        read::<ServiceEntry>(entry)
            .iter()
            .flat_map(ServiceEntry::names)
            .collect()
    }

    fn read(&self, whole: &StackId, entry: &Value, files: &Files) -> Read {
        let entry = match read::<ServiceEntry>(entry) {
            Ok(entry) => entry,
            Err(why) => {
                return Read::Wrong(
                    Diagnostic::of_file("service", &whole.to_string(), &why.to_string(), "").into(),
                );
            }
        };
        if entry.is_of_o5() {
            if entry.cluster.is_none() {
                // That is told at the entry.
                return Read::Wrong(Diagnostics::default());
            }
            if entry.repository.is_some() {
                return source::read(whole, entry, files);
            }
            let asked = match entry.asked(
                whole.env.as_str(),
                entry.stack_name(whole.env.as_str(), whole.app.as_str()),
                files,
            ) {
                Ok(asked) => asked,
                Err(needs) => return Read::Needs(needs),
            };
            let made = o5::make(&asked, files.bundle());
            let spec = made.and_then(|made| body::spec_of_o5(whole, &entry, made, files.bundle()));
            return match spec {
                Ok((spec, made)) => {
                    let spec = source::keeping(spec, &entry);
                    Read::Rendered(vec![(whole.clone(), spec)], made)
                }
                Err(found) => Read::Wrong(found),
            };
        }
        template(whole, &entry, BTreeSet::new(), files)
    }

    fn lacks(&self, spec: &Spec, home: &Home<'_>) -> Remarks {
        late::lacks(spec, home)
    }

    fn follows(&self, spec: &Spec) -> Option<Follows> {
        Source::of(spec)?.follows()
    }

    fn replies(&self, spec: &Spec) -> Option<ReplyTo> {
        Source::of(spec)?.replies()
    }

    fn reads(&self, spec: &Spec) -> Option<ReadFrom> {
        Source::of(spec)?.reads()
    }

    fn tools(&self, spec: &Spec) -> Vec<Tool> {
        let needs = Source::of(spec).filter(Source::needs_git);
        needs.map(|_| Tool::GIT).into_iter().collect()
    }

    fn brings(&self, spec: &Spec) -> Brings {
        Source::of(spec).map_or_else(Brings::default, |source| source.brings())
    }

    fn fetches(&self, ask: &PlanAsk, spec: &Spec) -> Result<Option<Look>, Failure> {
        source::fetches(ask, spec)
    }

    fn fetched(
        &self,
        ask: &PlanAsk,
        spec: &Spec,
        files: &SourceBundle,
        brought: &Sight,
    ) -> Result<(Spec, SourceBundle), Failure> {
        source::fetched(ask, spec, files, brought)
    }

    fn flags(&self) -> &'static [Flag] {
        ways::FLAGS
    }

    fn notes(&self, spec: &Spec) -> Vec<Safe> {
        let body = Body::of(spec).ok();
        let kept = body.and_then(|body| body.o5);
        kept.map(|kept| kept.notes).unwrap_or_default()
    }

    fn rendered(&self, spec: &Spec, files: &SourceBundle) -> Vec<(String, Vec<u8>)> {
        let body = Body::of(spec).ok().filter(|body| body.o5.is_some());
        body.map_or_else(Vec::new, |body| body.rendered(files))
    }

    fn given(
        &self,
        ask: &PlanAsk,
        spec: &Spec,
        files: &SourceBundle,
        file: (&str, &SourceFile),
    ) -> Option<Result<(Spec, SourceBundle), Failure>> {
        source::given(ask, spec, files, file)
    }

    fn wrong_given(&self, name: &str, file: &SourceFile) -> Diagnostics {
        o5::wrong_app(name, file)
    }

    fn is_environment(&self, spec: &Spec, id: &str) -> bool {
        source::ground_of(spec).is_some_and(|one| o5::is_environment(id, &one.environment))
    }

    fn rows(&self, spec: &Spec) -> Vec<Row> {
        if let Ok(Some(unmade)) = Unmade::of(spec) {
            return unmade.rows();
        }
        let body = Body::of(spec).ok();
        let kept = body.and_then(|body| body.o5);
        kept.map_or_else(Vec::new, |kept| kept.rows())
    }

    fn looks(&self, ask: &PlanAsk, spec: &Spec, seen: &Sights) -> Vec<Look> {
        looks::looks(ask, spec, seen)
    }

    /// The version of an o5 application that nobody says is the one that runs.
    fn settled(&self, ask: &PlanAsk, spec: &Spec, seen: &Sights) -> Option<Spec> {
        let stack = seen.of_kind(STACK).map(facts::<StackFacts>)?.ok()?;
        (ask.purpose == Purpose::Deploy)
            .then(|| late::settled(ask, spec, &stack))
            .flatten()
    }

    fn plan(&self, ask: &PlanAsk, spec: &Spec, seen: &Sights) -> Result<Plan, Failure> {
        let body = Body::of(spec)?;
        let (serving, unread) = match ask.serving.as_ref().map(Body::of).transpose() {
            Ok(serving) => (serving, None),
            Err(failure) => (None, Some(failure.summary)),
        };
        let sight = seen.of_kind(STACK).ok_or_else(|| {
            Failure::new(format!(
                "{}: the CloudFormation stack {} was not looked at",
                ask.stack, body.input.stack_name
            ))
            .hint("try again")
        })?;
        let stack = &facts::<StackFacts>(sight)?;
        body.renamed(ask, serving.as_ref())?;
        let only = only(&ask.flags);
        // It brings neither a version nor a rule.
        let body = if only == Only::One(Choice::Import) {
            body
        } else {
            body.deployable(ask)?;
            body.placed(ask, stack, seen)?
        };
        let serving = serving.and_then(|one| one.placed(ask, stack, seen).ok());
        let told = body
            .is_dry()
            .then(|| dry::seen(ask, &body, serving.as_ref(), seen));
        let seen = told.as_ref().unwrap_or(seen);
        let mut plan = match (ask.purpose, only) {
            (Purpose::Deploy, _) if ways::cancels(&ask.flags, stack) => {
                plan::cancelled(ask, &body.input.stack_name, stack)
            }
            (Purpose::Deploy, Only::One(choice)) if !stack.standing().is_shut() => {
                only::part(ask, &body, serving.as_ref(), (stack, seen), choice)
            }
            (Purpose::Teardown, _) => end::teardown(ask, &body, serving.as_ref(), stack),
            (Purpose::Recover, _) => end::recover(ask, &body, serving.as_ref(), stack, seen),
            (Purpose::Deploy, _) => match stack.standing() {
                Standing::Missing => create::new_stack(ask, &body, stack, seen),
                Standing::Good | Standing::Halted | Standing::Busy | Standing::Returning => {
                    plan::update(ask, &body, serving.as_ref(), stack, seen)
                }
                Standing::NeverMade
                | Standing::RollbackStuck
                | Standing::DeleteStuck
                | Standing::Unknown => Err(status::stuck(&body.input.stack_name, stack)),
            },
        }?;
        if ask.purpose == Purpose::Deploy {
            plan.says.extend(ways::passed_over(
                &ask.flags,
                stack.standing() != Standing::Missing,
            ));
        }
        if ask.purpose != Purpose::Teardown {
            plan.reserves.clone_from(&body.reserves);
        }
        if body.o5.is_some() {
            steps::named_as_at_o5(&mut plan.steps);
        }
        if body.is_dry() {
            dry::cover(&mut plan);
        }
        let by_hand = ask
            .env
            .places
            .home()
            .map(|home| steps::by_hand(&body.input.stack_name, home))
            .unwrap_or_default();
        plan.steps
            .iter_mut()
            .filter(|step| !step.kind.is_pure())
            .for_each(|step| step.by_hand.clone_from(&by_hand));
        if let Some(at) = sight
            .changed_at
            .filter(|at| ask.left_at.is_some_and(|left| *at > left))
        {
            let (name, at) = (&body.input.stack_name, at.text("%Y-%m-%d %H:%M:%SZ"));
            plan.says.push(format!(
                "{name} was changed elsewhere at {at}, after the last deployment from here: what that changed is not in the record, and no way back brings it."
            ));
        }
        let says = travel::says(ask, &plan, &body, serving.as_ref())?;
        plan.says.extend(says);
        if ask.purpose == Purpose::Deploy {
            plan.says.extend(source::says(spec));
            plan.says.extend(
                serving
                    .as_ref()
                    .and_then(|serving| body.left_behind(serving)),
            );
            let notes = body.o5.iter().flat_map(|kept| &kept.notes);
            plan.says
                .extend(notes.map(|note| format!("Written, and without effect: {note}.")));
        }
        // The way back is shorter then: the card says so.
        let left = serving.as_ref().filter(|serving| !serving.travels(ask));
        let left = left.map(|_| "its template is too large for a call, and the environment names no bucket for such ones".to_owned());
        let whole = unread.or(left).filter(|_| ask.purpose != Purpose::Teardown);
        plan.says.extend(
            whole.map(|why| format!("What serves now cannot be brought back as a whole: {why}.")),
        );
        Ok(plan)
    }

    fn quiet(&self, purpose: Purpose, flags: &Flags, seen: &Sights) -> Quiet {
        match seen.of_kind(STACK).map(facts::<StackFacts>) {
            Some(Ok(stack)) if ways::cancels(flags, &stack) => Quiet::Quiet,
            Some(Ok(stack)) => status::quiet(purpose, "the CloudFormation stack", &stack),
            Some(Err(failure)) => Quiet::Stuck(failure),
            None => Quiet::Busy,
        }
    }

    fn eval(&self, kind: &str, params: &Value) -> Option<Result<Output, String>> {
        match kind {
            join::JOIN => Some(join::join(params)),
            join::SAME => Some(join::same(params)),
            dry::WOULD => Some(Ok(dry::would(params))),
            _ => None,
        }
    }

    /// Nothing: change sets do not outlive an execution, and what is left to do follows from the
    /// stack itself.
    fn carry(&self, _old: &Deployment, _plan: &Plan) -> Vec<(StepId, Output)> {
        Vec::new()
    }
}

/// As [`System::read`] of a template, where some parameters are known only where it is planned:
/// [`with_parameters`] gives them.
pub(super) fn read_with(
    stack: &StackId,
    entry: &Value,
    late: &BTreeSet<String>,
    files: &Files,
) -> Read {
    let entry = match read::<ServiceEntry>(entry) {
        Ok(entry) => entry,
        Err(why) => {
            let found = Diagnostic::of_file("service", &stack.to_string(), &why.to_string(), "");
            return Read::Wrong(found.into());
        }
    };
    template(stack, &entry, late.clone(), files)
}

fn template(stack: &StackId, entry: &ServiceEntry, late: BTreeSet<String>, files: &Files) -> Read {
    let needs = files.missing(entry.names().into_iter().map(|(need, _)| need).collect());
    if !needs.is_empty() {
        return Read::Needs(needs);
    }
    match body::spec(stack, entry, late, files.bundle()) {
        Ok(spec) => Read::Stacks(vec![(stack.clone(), spec)]),
        Err(found) => Read::Wrong(found),
    }
}

#[cfg(test)]
mod tests;
