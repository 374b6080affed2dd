//! MACH composer: one file says which components every site has; Terraform of each site and component
//! is made of it, and carried out over a graph. Plans only.

mod body;
mod config;
mod entry;
mod generate;
mod given;
mod graph;
mod instead;
mod latest;
mod make;
mod plan;
mod plugins;
mod tf;
mod tree;

pub use self::entry::{Generator, MachEntry, Program};

use serde_json::Value;

use self::body::{Body, Making};
use self::entry::{FETCH, FORM};
use self::make::{Read as Reading, make};
use super::entry::{Claim, Form, Home, Remarks, Written, read};
use super::files::{Files, Need, Read};
use super::variables;
use super::versions::Pinned;
use super::{PlanAsk, System, Tool, group};
use crate::domain::deployment::Deployment;
use crate::domain::estate::Brings;
use crate::domain::failure::Failure;
use crate::domain::flag::{Flag, Flags};
use crate::domain::ids::{StackId, StepId};
use crate::domain::look::{Look, Quiet, Sights};
use crate::domain::plan::{Output, Plan};
use crate::domain::purpose::Purpose;
use crate::domain::request::{SourceBundle, Spec};
use crate::domain::row::Row;
use crate::text::diagnostic::Diagnostic;
use crate::text::document;
use crate::text::safe::Safe;

/// Its name.
const NAME: &str = "mach";
/// What the deployment of a part does.
const EACH: &str = "plan; apply what a person approves";

/// The system.
#[derive(Debug)]
pub struct Mach;

/// A note, on one line.
fn said(note: &Diagnostic) -> Safe {
    let hint = if note.hint.as_str().is_empty() {
        String::new()
    } else {
        format!(": {}", note.hint)
    };
    let (file, at) = (&note.file, note.at);
    Safe::new(&format!(
        "{file}:{}:{}: {}{hint}",
        at.line, at.column, note.says
    ))
}

impl System for Mach {
    fn name(&self) -> &'static str {
        NAME
    }

    fn form(&self) -> &'static Form {
        &FORM
    }

    fn check(&self, written: &Written<'_>, told: &mut Remarks) {
        match written.read::<MachEntry>() {
            Ok(entry) => entry.check(written.app, told),
            Err(says) => told.say("shape", &[], says, ""),
        }
    }

    fn secrets(&self, app: &str, entry: &document::Node) -> Remarks {
        variables::in_clear(app, entry, &["secrets"], FETCH)
    }

    fn reach(&self, app: &str, environments: &str, entry: &Value) -> Vec<String> {
        read::<MachEntry>(entry)
            .map(|entry| entry.reach(app, environments))
            .unwrap_or_default()
    }

    /// Whose a state is its configuration alone says.
    fn claims(&self, _app: &str, _home: &Home<'_>, _entry: &Value) -> Vec<Claim> {
        Vec::new()
    }

    fn names(&self, entry: &Value) -> Vec<(Need, Vec<String>)> {
        read::<MachEntry>(entry)
            .map(|entry| entry.names())
            .unwrap_or_default()
    }

    fn read(&self, whole: &StackId, entry: &Value, files: &Files) -> Read {
        let wrong =
            |why: &str| Read::Wrong(Diagnostic::of_file(NAME, &whole.to_string(), why, "").into());
        let entry = match read::<MachEntry>(entry) {
            Ok(entry) => entry,
            Err(why) => return wrong(&why.to_string()),
        };
        let file = entry.file(whole.env.as_str());
        let made = match make(&file, entry.known(whole.env.as_str()), files) {
            Reading::Needs(needs) => return Read::Needs(needs),
            Reading::Wrong(found) => return Read::Wrong(found),
            Reading::Made(made) => made,
        };
        let making = Making {
            whole,
            entry: &entry,
            made: &made,
            files,
        };
        let notes = made.notes.iter();
        let notes = notes.map(said).collect();
        making.specs().map_or_else(
            |why| wrong(&why),
            |mut parts| {
                let own = parts.iter().map(|(id, spec, _)| (id, spec));
                let spec = group::spec(NAME, own, entry.workers());
                parts.insert(0, (whole.clone(), spec, SourceBundle::default()));
                Read::Parts(parts, notes)
            },
        )
    }

    fn pinned(&self, whole: &StackId, entry: &Value, files: &Files) -> Vec<Pinned> {
        let entry = read::<MachEntry>(entry).ok();
        let made = entry.map(|entry| {
            let file = entry.file(whole.env.as_str());
            make(&file, entry.known(whole.env.as_str()), files)
        });
        match made {
            Some(Reading::Made(made)) => made.pinned,
            Some(Reading::Needs(_) | Reading::Wrong(_)) | None => Vec::new(),
        }
    }

    fn after(&self, whole: &StackId, spec: &Spec) -> Vec<StackId> {
        let after = Body::of(spec).map(|body| body.after).unwrap_or_default();
        group::named(whole, &after)
    }

    fn rendered(&self, _spec: &Spec, files: &SourceBundle) -> Vec<(String, Vec<u8>)> {
        let all = files.files.iter();
        all.map(|(path, file)| (path.clone(), file.bytes.clone()))
            .collect()
    }

    fn tools(&self, spec: &Spec) -> Vec<Tool> {
        let node = spec.parts.values().next().unwrap_or(spec);
        let Ok(body) = Body::of(node) else {
            return Vec::new();
        };
        let generator = body.original.map(|_| Generator::MachComposer.tool());
        let all = [Some(body.program.tool()), generator];
        all.into_iter().flatten().collect()
    }

    fn flags(&self) -> &'static [Flag] {
        &[
            plan::AUTO,
            plan::IGNORE,
            plan::REFRESH,
            plan::UNLOCK_FIRST,
            plan::FORCE,
            instead::PIN,
        ]
    }

    fn flags_of_whole(&self) -> &'static [Flag] {
        &[
            group::FILTER,
            plan::AUTO,
            plan::IGNORE,
            plan::REFRESH,
            plan::FORCE,
        ]
    }

    fn rows(&self, spec: &Spec) -> Vec<Row> {
        if spec.is_whole() {
            return group::rows(spec);
        }
        let Ok(body) = Body::of(spec) else {
            return Vec::new();
        };
        let mut rows = vec![
            Row::new("environment", &body.environment),
            Row::new("state", &body.state),
        ];
        if !body.after.is_empty() {
            let after: Vec<&str> = body.after.iter().map(String::as_str).collect();
            rows.push(Row::new("after", &after.join(", ")));
        }
        rows.extend(body.versions());
        rows
    }

    fn brings(&self, spec: &Spec) -> Brings {
        if spec.is_whole() {
            return Brings::always("deploy all parts, each after those before it");
        }
        Brings {
            pin: Some(instead::PIN.name),
            ..Brings::always(EACH)
        }
    }

    fn looks(&self, ask: &PlanAsk, spec: &Spec, seen: &Sights) -> Vec<Look> {
        let mut looks = latest::looks(spec, seen);
        looks.extend(plan::looks(ask, spec, seen));
        looks
    }

    fn settled(&self, ask: &PlanAsk, spec: &Spec, seen: &Sights) -> Option<Spec> {
        let found = latest::settled(spec, seen);
        let other = instead::settled(&ask.flags, found.as_ref().unwrap_or(spec));
        other.or(found)
    }

    fn plan(&self, ask: &PlanAsk, spec: &Spec, seen: &Sights) -> Result<Plan, Failure> {
        let lacking = latest::found(spec);
        let mut plan = if spec.is_whole() {
            group::plan(self, ask, spec).map(|plan| plan::of_whole(ask, plan))
        } else {
            lacking.clone()?;
            plan::plan(ask, spec, seen).map(|plan| instead::told(plan, spec, ask.serving.as_ref()))
        }?;
        plan.says.extend(latest::says(spec));
        // Of a whole the parts that need it fail, and the others do not wait for it.
        plan.says
            .extend(lacking.err().map(|failure| format!("{}.", failure.summary)));
        Ok(plan)
    }

    fn quiet(&self, _purpose: Purpose, _flags: &Flags, _seen: &Sights) -> Quiet {
        Quiet::Quiet
    }

    fn eval(&self, kind: &str, params: &Value) -> Option<Result<Output, String>> {
        plan::eval(kind, params)
    }

    /// Nothing: what was planned is planned anew, because nobody knows what changed since.
    fn carry(&self, _old: &Deployment, _plan: &Plan) -> Vec<(StepId, Output)> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests;
