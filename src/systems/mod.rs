//! The systems: each reads its own configuration and turns "asked and observed" into a plan. Pure
//! and sync.

pub mod apps;
pub mod component;
pub mod entry;
pub mod files;
mod follows;
pub(crate) mod group;
mod image;
pub mod mach;
mod message;
pub mod reach;
pub mod registry;
pub mod script;
pub mod service;
pub mod stages;
mod tool;
mod variables;
pub mod versions;
pub mod website;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

use crate::domain::artifact::Artifact;
use crate::domain::deployment::{Deployment, Shown};
use crate::domain::environment::EnvironmentRecord;
use crate::domain::estate::{Brings, Takes};
use crate::domain::failure::Failure;
use crate::domain::flag::{Flag, Flags};
use crate::domain::folds::Folds;
use crate::domain::ids::{DeploymentId, DeploymentNo, StackId, StepId};
use crate::domain::instance::Instance;
use crate::domain::look::{Look, Quiet, Sight, Sights};
use crate::domain::plan::{Output, Plan, Reserved};
use crate::domain::purpose::Purpose;
use crate::domain::refs::Commit;
use crate::domain::request::{SourceBundle, SourceFile, Spec};
use crate::domain::row::Row;
use crate::domain::time::Time;
use crate::text::diagnostic::Diagnostics;
use crate::text::document::Node;
use crate::text::safe::Safe;

pub use follows::{Branches, Follows, ReadFrom, ReplyTo};
pub use tool::Tool;

use entry::{Claim, Form, Home, Remarks, Written};
use files::{Files, Need, Read};
use versions::Pinned;

/// The commit that a flag names.
#[must_use]
pub fn asked_commit(flags: &Flags) -> Option<Commit> {
    let (_, value) = flags.iter().find(|(name, _)| name.as_str() == COMMIT)?;
    value.to_string().parse().ok()
}

/// What is to be planned.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanAsk {
    /// The stack.
    pub stack: StackId,
    /// What for.
    pub purpose: Purpose,
    /// The environment's record.
    pub env: EnvironmentRecord,
    /// The id of the store: ours are the stacks that carry it as a tag.
    pub store: String,
    /// What the person had on the card; `None` while the card is being made.
    pub seen: Option<Shown>,
    /// The spec of the release in service, for a restore; `None` when none is known.
    pub serving: Option<Spec>,
    /// When the real thing was last changed from here, by its own clock.
    pub left_at: Option<Time>,
    /// What the deployment recorded that brought what serves; `None` where none did, or it is in
    /// doubt what serves.
    pub recorded: Option<Recorded>,
    /// The parts that come after this one, and that stand.
    pub needed_by: Vec<StackId>,
    /// Of a whole: what its parts have in service, those that stand.
    pub standing: BTreeMap<StackId, Spec>,
    /// What was chosen beside the release: every flag that the system has for this.
    pub flags: Flags,
    /// What the plans of other deployments that go on take of real things.
    pub reserved: BTreeSet<Reserved>,
}

/// What a deployment recorded at its end, for the next one: the output `record` of the step that
/// brings its release into service.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// The deployment.
    pub by: DeploymentNo,
    /// What it recorded.
    pub what: Value,
    /// A part that comes before this one, and that was changed since; this one, where a look found
    /// that it is another since.
    pub outdated_by: Option<StackId>,
}

/// One system: everything that the rest of the program knows of it.
pub trait System: fmt::Debug + Sync {
    /// Its name, as in the estate file and in the list of lifecycles.
    fn name(&self) -> &'static str;
    /// The form of its entries in the estate file.
    fn form(&self) -> &'static Form;
    /// Says everything that is wrong with an entry, whatever its files say.
    fn check(&self, written: &Written<'_>, told: &mut Remarks);
    /// The secrets that stand in clear text in an entry, whatever else is wrong with it: what an
    /// estate file says is kept in every store for ever, so that it may hold none. What may be one
    /// by its name, and may be none by what its files say, is told as [`entry::PERHAPS_SECRET`],
    /// and refused by [`System::read`] where it is one.
    fn secrets(&self, app: &str, entry: &Node) -> Remarks;
    /// What an entry reaches, as sentences: what a person is shown before they trust the file is
    /// what is remembered and compared. `environments` are the names of where it lives, ready to be
    /// shown.
    fn reach(&self, app: &str, environments: &str, entry: &Value) -> Vec<String>;
    /// The real things that the application would own in an environment, as far as its entry says.
    fn claims(&self, app: &str, home: &Home<'_>, entry: &Value) -> Vec<Claim>;
    /// The files that an entry names, each with where it does: what is wrong with one is told
    /// there.
    fn names(&self, entry: &Value) -> Vec<(Need, Vec<String>)> {
        let _ = entry;
        Vec::new()
    }
    /// Whether an entry is that of a family: each app that another program tells of is a stack of
    /// its own.
    fn is_family(&self, entry: &Value) -> bool {
        let _ = entry;
        false
    }
    /// The entry of the instance of a family for this app; `None` where it is no family.
    fn instance(&self, entry: &Value, app: &Instance) -> Option<Value> {
        let _ = (entry, app);
        None
    }
    /// What an entry is in one environment, from its files; `whole` is the stack without a part, or
    /// an instance.
    fn read(&self, whole: &StackId, entry: &Value, files: &Files) -> Read;
    /// What a stack needs of its environment, and the environment does not name: by the keys that
    /// the environment has in the estate file.
    fn lacks(&self, spec: &Spec, home: &Home<'_>) -> Remarks {
        let _ = (spec, home);
        Remarks::default()
    }
    /// The versions that the files of an application pin, each with where it is written. `files` are
    /// those from which it was read.
    fn pinned(&self, whole: &StackId, entry: &Value, files: &Files) -> Vec<Pinned> {
        let _ = (whole, entry, files);
        Vec::new()
    }
    /// The parts of the same application that come before a part.
    fn after(&self, whole: &StackId, spec: &Spec) -> Vec<StackId> {
        let _ = (whole, spec);
        Vec::new()
    }
    /// What becomes of a part of a whole that has the files of what is in service.
    fn unchanged(&self) -> &'static str {
        "nothing starts there where nothing else changed"
    }
    /// Whether what stands is what a spec brings, as far as that is known before it is planned.
    fn stands(&self, spec: &Spec, standing: &Spec) -> bool {
        standing.release.is(&spec.release)
    }
    /// What the files of a stack say that has no effect, each with its place.
    fn notes(&self, spec: &Spec) -> Vec<Safe> {
        let _ = spec;
        Vec::new()
    }
    /// The files that it makes of those of a stack, to be read by a person: name and content. `files`
    /// is the bundle of its deployments.
    fn rendered(&self, spec: &Spec, files: &SourceBundle) -> Vec<(String, Vec<u8>)> {
        let _ = (spec, files);
        Vec::new()
    }
    /// What a person may choose beside the release.
    fn flags(&self) -> &'static [Flag] {
        &[]
    }
    /// The same of a whole.
    fn flags_of_whole(&self) -> &'static [Flag] {
        &[]
    }
    /// What a stack is with the files of an archive, as a release of that name; `None` where it
    /// takes none.
    fn published(
        &self,
        spec: &Spec,
        version: &str,
        archive: &Artifact,
    ) -> Option<Result<Spec, Failure>> {
        let _ = (spec, version, archive);
        None
    }
    /// What the page of a stack says of it beside its state: where it is reached, what it is made of.
    fn rows(&self, spec: &Spec) -> Vec<Row> {
        let _ = spec;
        Vec::new()
    }
    /// What the page of a stack shows beside its state, as it is seen now and then.
    fn beside(&self, spec: &Spec) -> Vec<Look> {
        let _ = spec;
        Vec::new()
    }
    /// The path below which the parameters of its builds are, where they have any: the flag
    /// [`PARAMETER`](crate::domain::parameter::PARAMETER) changes one.
    fn parameters(&self, spec: &Spec) -> Option<String> {
        let _ = spec;
        None
    }
    /// The programs that its deployments start on the engine's machine.
    fn tools(&self, spec: &Spec) -> Vec<Tool> {
        let _ = spec;
        Vec::new()
    }
    /// The repository that is read as an app of its host, and as which.
    fn reads(&self, spec: &Spec) -> Option<ReadFrom> {
        let _ = spec;
        None
    }
    /// What other stacks of its whole give one, each with where it stands in what is seen of both.
    fn takes(&self, whole: &StackId, spec: &Spec) -> Vec<Takes> {
        let _ = (whole, spec);
        Vec::new()
    }
    /// What a deployment from the estate does, as a menu offers it.
    fn brings(&self, spec: &Spec) -> Brings {
        let _ = spec;
        Brings::default()
    }
    /// What a spec comes to be by what was seen, where it says no release of its own: the commit
    /// that a branch leads to. Asked once, after the last look; what comes of it is planned, shown
    /// and kept.
    fn settled(&self, ask: &PlanAsk, spec: &Spec, seen: &Sights) -> Option<Spec> {
        let _ = (ask, spec, seen);
        None
    }
    /// The branches that a stack follows: a push to one asks for a deployment of the pushed commit, which
    /// the flag [`COMMIT`] names. A system that says one here has that flag.
    fn follows(&self, spec: &Spec) -> Option<Follows> {
        let _ = spec;
        None
    }
    /// Where the commit of a push is that a stack follows, and who tells there what becomes of it;
    /// `None` where nobody does.
    fn replies(&self, spec: &Spec) -> Option<ReplyTo> {
        let _ = spec;
        None
    }
    /// What a spec is made of that stands outside the estate's files: the look that brings it, taken
    /// before any other. None for a spec that lacks nothing, as every one that was deployed.
    ///
    /// # Errors
    /// What is chosen cannot be had of this stack.
    fn fetches(&self, ask: &PlanAsk, spec: &Spec) -> Result<Option<Look>, Failure> {
        let _ = (ask, spec);
        Ok(None)
    }
    /// What a spec comes to be with what was brought, and all files of it: that is planned, shown
    /// and kept. `files` are those of the estate.
    ///
    /// # Errors
    /// Nothing can be made of it: where in which file, and why.
    fn fetched(
        &self,
        ask: &PlanAsk,
        spec: &Spec,
        files: &SourceBundle,
        brought: &Sight,
    ) -> Result<(Spec, SourceBundle), Failure> {
        let _ = (ask, brought);
        Ok((spec.clone(), files.clone()))
    }
    /// What a spec comes to be with an application file that is given in place of its own, and all
    /// files of it; `None` where it has no such file. `files` are those of the estate.
    fn given(
        &self,
        ask: &PlanAsk,
        spec: &Spec,
        files: &SourceBundle,
        file: (&str, &SourceFile),
    ) -> Option<Result<(Spec, SourceBundle), Failure>> {
        let _ = (ask, spec, files, file);
        None
    }
    /// Everything that is wrong with an application file, by itself: told before it goes anywhere.
    fn wrong_given(&self, name: &str, file: &SourceFile) -> Diagnostics {
        let _ = (name, file);
        Diagnostics::default()
    }
    /// Whether the environment of a stack is meant by that id, as its system gives ids to
    /// environments.
    fn is_environment(&self, spec: &Spec, id: &str) -> bool {
        let _ = (spec, id);
        false
    }
    /// What to look at before planning; asked again with what was seen until it wants nothing more,
    /// four times at most.
    fn looks(&self, ask: &PlanAsk, spec: &Spec, seen: &Sights) -> Vec<Look>;
    /// The plan.
    ///
    /// # Errors
    /// A failure that says why there is none and what to do.
    fn plan(&self, ask: &PlanAsk, spec: &Spec, seen: &Sights) -> Result<Plan, Failure>;
    /// What the real stack's state means for a deployment that wants to start.
    fn quiet(&self, purpose: Purpose, flags: &Flags, seen: &Sights) -> Quiet;
    /// Carries out a step of its own that looks at data alone; `None` where it has no such step.
    fn eval(&self, kind: &str, params: &Value) -> Option<Result<Output, String>> {
        let _ = (kind, params);
        None
    }
    /// What a retry keeps of the deployment that it repeats: outputs of steps that need not be
    /// carried out again.
    fn carry(&self, old: &Deployment, plan: &Plan) -> Vec<(StepId, Output)>;
}

/// The flag of a deployment that is of one commit of the repository that its stack follows: its whole
/// name.
pub const COMMIT: &str = "commit";

/// Every system that there is.
#[must_use]
pub fn all() -> &'static [&'static dyn System] {
    &[
        &service::Service,
        &website::Website,
        &script::Script,
        &mach::Mach,
        &component::Component,
        &stages::Stages,
    ]
}

/// What a person may choose beside the release of a spec.
#[must_use]
pub fn flags_of(system: &dyn System, spec: &Spec) -> &'static [Flag] {
    if spec.is_whole() {
        system.flags_of_whole()
    } else {
        system.flags()
    }
}

/// The system of a name.
#[must_use]
pub fn named(name: &str) -> Option<&'static dyn System> {
    all().iter().copied().find(|system| system.name() == name)
}

/// Carries out a step of a system that looks at data alone.
///
/// # Errors
/// A failure, when the parameters have another form than the planner gives them, or the system has
/// no such step.
pub fn pure_step(
    system: Option<&'static dyn System>,
    kind: &str,
    params: &Value,
) -> Result<Output, Failure> {
    let result = group::eval(kind)
        .map(Ok)
        .or_else(|| system?.eval(kind, params))
        .unwrap_or_else(|| Err("there is no such step".to_owned()));
    result.map_err(|why| {
        Failure::new(format!("{kind}: {why}")).hint("deploy again: the plan is made anew")
    })
}

/// What a retry of a deployment carries over, by the rule of its system; nothing of what is no
/// retry.
#[must_use]
pub fn carried(
    system: Option<&'static dyn System>,
    folds: &Folds,
    retries: Option<DeploymentId>,
    plan: &Plan,
) -> Vec<(StepId, Output)> {
    let old = retries.and_then(|id| folds.deployments.get(&id));
    old.zip(system)
        .map(|(old, system)| system.carry(old, plan))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::domain::lifecycles::OF_SYSTEMS;

    #[test]
    fn every_system_has_a_lifecycle() {
        let names: Vec<_> = super::all().iter().map(|system| system.name()).collect();
        assert_eq!(
            names,
            OF_SYSTEMS.iter().map(|(name, _)| *name).collect::<Vec<_>>()
        );
    }
}
