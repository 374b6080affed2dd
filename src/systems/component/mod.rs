//! The component system: a repository whose commits are built and tested, and those of one branch
//! published and registered as versions. Plans only.

mod body;
mod entry;
mod plan;

use serde::Deserialize as _;
use serde_json::Value;

use super::apps;
use super::entry::{Claim, Form, Home, Remarks, Written, read};
use super::files::{Files, Read};
use super::image;
use super::variables;
use super::{Branches, COMMIT, Follows, PlanAsk, System, Tool, asked_commit};
use crate::domain::deployment::Deployment;
use crate::domain::estate::Brings;
use crate::domain::failure::Failure;
use crate::domain::flag::{self, Flag, Flags};
use crate::domain::ids::{StackId, StepId};
use crate::domain::look::{Look, Quiet, Sights};
use crate::domain::plan::{Output, Plan};
use crate::domain::purpose::Purpose;
use crate::domain::refs::{Branch, Commit};
use crate::domain::request::Spec;
use crate::domain::row::Row;
use crate::forms::git::{self, BRANCH, BranchFacts};
use crate::forms::registry::{self, IS_THERE, VERSIONS};
use crate::text::diagnostic::Diagnostic;
use crate::text::document::Node;

use body::{Body, Making};
pub use entry::ComponentEntry;
use entry::{FETCH, FORM};

/// Its name.
const NAME: &str = "component";
/// The flag that builds again what is there.
const REBUILD: &str = "rebuild";
/// The flag that names another branch.
const OTHER: &str = "branch";

/// The system.
#[derive(Debug)]
pub struct Component;

/// The branch whose newest commit is built.
fn branch(flags: &Flags, making: &Making) -> Branch {
    let named = flag::text(flags, OTHER).and_then(|name| name.parse().ok());
    named.unwrap_or_else(|| making.branch.clone())
}

/// The commit that is asked for, or to which the branch leads.
fn commit(ask: &PlanAsk, seen: &Sights) -> Option<Commit> {
    asked_commit(&ask.flags).or_else(|| {
        let facts = BranchFacts::deserialize(&seen.of_kind(BRANCH)?.facts);
        Some(facts.ok()?.commit)
    })
}

impl System for Component {
    fn name(&self) -> &'static str {
        NAME
    }

    fn form(&self) -> &'static Form {
        &FORM
    }

    fn check(&self, written: &Written<'_>, told: &mut Remarks) {
        match written.read::<ComponentEntry>() {
            Ok(entry) => entry.check(written.app, told),
            Err(says) => told.say("shape", &[], says, ""),
        }
    }

    fn secrets(&self, app: &str, entry: &Node) -> Remarks {
        let mut told = variables::in_clear(app, entry, &["secrets", "secret_files"], FETCH);
        apps::secrets_in(app, entry, &mut told);
        image::secrets_in(entry, &mut told);
        told
    }

    fn reach(&self, app: &str, environments: &str, entry: &Value) -> Vec<String> {
        read::<ComponentEntry>(entry)
            .map(|entry| entry.reach(app, environments))
            .unwrap_or_default()
    }

    fn claims(&self, app: &str, home: &Home<'_>, entry: &Value) -> Vec<Claim> {
        read::<ComponentEntry>(entry)
            .map(|entry| entry.claims(home, app))
            .unwrap_or_default()
    }

    fn read(&self, whole: &StackId, entry: &Value, files: &Files) -> Read {
        let made = read::<ComponentEntry>(entry)
            .map_err(|why| why.to_string())
            .and_then(|entry| body::spec(whole, &entry, files.bundle()));
        match made {
            Ok(spec) => Read::Stacks(vec![(whole.clone(), spec)]),
            Err(why) => Read::Wrong(Diagnostic::of_file(NAME, &whole.to_string(), &why, "").into()),
        }
    }

    fn flags(&self) -> &'static [Flag] {
        const FLAGS: &[Flag] = &[
            Flag {
                name: COMMIT,
                form: flag::Form::Commit,
                purposes: &[Purpose::Deploy],
                says: "this commit of its repository, not the one to which its branch leads",
            },
            Flag {
                name: OTHER,
                form: flag::Form::Text(""),
                purposes: &[Purpose::Deploy],
                says: "the newest commit of this branch is built and tested; what is not on its own branch is not published",
            },
            Flag {
                name: REBUILD,
                form: flag::Form::Switch(false),
                purposes: &[Purpose::Deploy],
                says: "builds and tests a version that is registered again; what was published of it stays",
            },
        ];
        FLAGS
    }

    fn rows(&self, spec: &Spec) -> Vec<Row> {
        Body::of(spec).map_or_else(|_| Vec::new(), |body| body.making.rows())
    }

    fn tools(&self, _spec: &Spec) -> Vec<Tool> {
        vec![Tool {
            hint: "install it where the engine runs",
            ..Tool::GIT
        }]
    }

    fn brings(&self, spec: &Spec) -> Brings {
        let branch = Body::of(spec).map(|body| body.making.branch);
        let then = branch.map_or_else(
            |_| String::new(),
            |branch| format!("build and test branch {branch} as it is now, and publish it"),
        );
        Brings::always(then)
    }

    /// A push to any branch is built and tested.
    fn follows(&self, spec: &Spec) -> Option<Follows> {
        let making = Body::of(spec).ok()?.making;
        Some(Follows {
            repository: making.repository.parse().ok()?,
            branches: Branches::All,
        })
    }

    fn looks(&self, ask: &PlanAsk, spec: &Spec, seen: &Sights) -> Vec<Look> {
        let Ok(body) = Body::of(spec) else {
            return Vec::new();
        };
        if ask.purpose == Purpose::Teardown {
            return Vec::new();
        }
        let Body { making, commit: of } = body;
        let Some(commit) = of.or_else(|| commit(ask, seen)) else {
            let branch = branch(&ask.flags, &making);
            let is_known = seen.of_kind(BRANCH).is_some();
            let look = Look::at(git::branch(&making.repository, &branch));
            return if is_known { Vec::new() } else { vec![look] };
        };
        if seen.of_kind(VERSIONS).is_some() {
            return Vec::new();
        }
        let version = registry::version(commit.as_str());
        vec![Look::at(making.registry.newest(&making.name)).with(registry::asked(&version))]
    }

    /// A branch stands for the commit that it leads to now.
    fn settled(&self, ask: &PlanAsk, spec: &Spec, seen: &Sights) -> Option<Spec> {
        let body = Body::of(spec).ok()?;
        if body.commit.is_some() || ask.purpose == Purpose::Teardown {
            return None;
        }
        let at = branch(&ask.flags, &body.making);
        let at = asked_commit(&ask.flags).is_none().then_some(&at);
        body.built(spec, at, &commit(ask, seen)?)
    }

    fn plan(&self, ask: &PlanAsk, spec: &Spec, seen: &Sights) -> Result<Plan, Failure> {
        let body = Body::of(spec)?;
        if ask.purpose == Purpose::Teardown {
            return Err(plan::nothing_to_take_down(ask, &body.making));
        }
        let Some(commit) = &body.commit else {
            let at = branch(&ask.flags, &body.making);
            let says = format!("{} has no branch {at}", body.making.repository);
            return Err(Failure::new(says).hint("name one that is there"));
        };
        let is_there = seen
            .of_kind(VERSIONS)
            .is_some_and(|seen| seen.facts[IS_THERE] == true);
        if is_there && !flag::is_set(&ask.flags, REBUILD) {
            return Ok(plan::already_there(&body.making, commit));
        }
        // What is registered stays what it is, whatever is built again.
        let is_sure = !is_there
            && asked_commit(&ask.flags).is_none()
            && branch(&ask.flags, &body.making) == body.making.branch;
        let mut plan = plan::publish(&body.making, commit, is_sure);
        if is_there {
            let says = "It is registered, and what was published of it is there: that stays, and what is built now is put nowhere.";
            plan.says.push(says.to_owned());
        }
        Ok(plan)
    }

    fn eval(&self, kind: &str, _params: &Value) -> Option<Result<Output, String>> {
        (kind == plan::KEEP).then(|| Ok(Output::default()))
    }

    fn quiet(&self, _purpose: Purpose, _flags: &Flags, _seen: &Sights) -> Quiet {
        Quiet::Quiet
    }

    /// Nothing: its folder went with the deployment.
    fn carry(&self, _old: &Deployment, _plan: &Plan) -> Vec<(StepId, Output)> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests;
