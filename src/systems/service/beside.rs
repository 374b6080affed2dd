//! The ways of an update on which databases are migrated while the code that runs goes on: beside the
//! update, or before the new version.

use serde_json::{Value, json};

use super::body::Body;
use super::databases::{Chains, Needs};
use super::join;
use super::o5::{Postgres, SOURCE_TAG, VERSION};
use super::plan::held_first;
use super::steps::{self, from};
use crate::domain::hold::HoldKind;
use crate::domain::plan::{HoldRule, Leaves, Role, Step};
use crate::forms::cloudformation::{CfnInput, StackFacts};
use crate::systems::PlanAsk;

/// Such an update.
pub(super) struct Beside<'a> {
    pub(super) ask: &'a PlanAsk,
    pub(super) body: &'a Body,
    /// Everything that the stack gets.
    pub(super) input: &'a CfnInput,
    pub(super) stack: &'a StackFacts,
    pub(super) serving: Option<&'a Body>,
    pub(super) needs: &'a Needs,
}

impl Beside<'_> {
    fn name(&self) -> &str {
        &self.input.stack_name
    }

    /// The version that runs, and the one that comes.
    fn versions(&self) -> (&str, &str) {
        let in_stack = self.stack.parameters.get(VERSION);
        let comes = self.input.parameters.get(VERSION);
        (
            in_stack.map_or("", String::as_str),
            comes.map_or("", String::as_str),
        )
    }

    fn migrated(&self) -> impl Iterator<Item = &Postgres> {
        let all = self.body.databases().iter();
        all.filter(|one| self.needs.migrated.contains(&one.name))
    }

    /// The definition of the task that migrates a database, as it runs now: where the new template
    /// changes nothing of it, another version of its images is all that the new one is.
    fn running(&self, one: &Postgres) -> Option<Value> {
        let output = one.migration.as_ref()?;
        let serving = self.serving?.databases().iter();
        let mut same = serving.filter(|old| old.name == one.name && old.defined == one.defined);
        same.next()?;
        Some(json!(self.stack.outputs.get(output)?))
    }

    /// The change set is executed, and databases are migrated beside it; one whose task is defined
    /// otherwise than now, once the stack has that.
    pub(super) fn parallel(&self, hold: HoldRule) -> Vec<Step> {
        let chains = Chains {
            end: "-beside",
            ..Chains::after(self.ask, self.body, "join")
        };
        let (mut all, upserts) = chains.upserted();
        all.push(steps::execute(
            "execute-beside",
            self.name(),
            "change-set",
            &["join"],
        ));
        let mut ends = vec!["execute-beside".to_owned()];
        ends.extend(upserts);
        for one in self.migrated() {
            let upsert = format!("upsert-{}-beside", one.name);
            let made = if one.folder.is_some() {
                chains.carried_out(one, &[&upsert])
            } else if let Some(definition) = self.running(one) {
                chains.registered(one, &definition, self.versions(), &[&upsert])
            } else {
                let output = one.migration.as_deref().unwrap_or_default();
                let definition = from("execute-beside", &format!("/outputs/{output}"));
                chains.run(one, &definition, &[&upsert, "execute-beside"])
            };
            ends.extend(made.last().map(|last| last.id.to_string()));
            all.extend(made);
        }
        self.ended(all, &ends, "verify-beside", join::PARALLEL, hold)
    }

    /// The stack is changed but for the version, databases are migrated, and then the version
    /// comes.
    pub(super) fn before(&self, hold: HoldRule) -> Vec<Step> {
        let name = self.name();
        let chains = Chains {
            end: "-before",
            ..Chains::after(self.ask, self.body, "join")
        };
        let (mut all, upserts) = chains.upserted();
        let mut after: Vec<&str> = vec!["join"];
        after.extend(upserts.iter().map(String::as_str));
        let mut input = self.input.clone();
        for key in [VERSION, SOURCE_TAG] {
            if let Some(runs) = self.stack.parameters.get(key) {
                input.parameters.insert(key.to_owned(), runs.clone());
            }
        }
        let compared = json!({ "approved": from("join", "/changes/rows"), "changes": from("change-set-held", "") });
        let review = HoldRule::when(HoldKind::ReviewPlan, "same-held", "/same", false);
        let title = "compare with what was approved";
        let mut infra = steps::execute("execute-held", name, "change-set-held", &["same-held"]);
        infra.leaves = None;
        all.extend([
            steps::change_set("change-set-held", &input, None, &after),
            steps::weigh(
                "same-held",
                title,
                join::SAME,
                name,
                compared,
                &["change-set-held"],
            ),
            infra.hold(Some(review)),
        ]);
        let mut ends = vec!["execute-held".to_owned()];
        for one in self.migrated() {
            let made = if let Some(output) = &one.migration {
                let definition = from("execute-held", &format!("/outputs/{output}"));
                chains.registered(one, &definition, self.versions(), &["execute-held"])
            } else {
                chains.carried_out(one, &["execute-held"])
            };
            ends.extend(made.last().map(|last| last.id.to_string()));
            all.extend(made);
        }
        let (_, version) = self.versions();
        let params = json!({ "input": self.input });
        let title = format!("bring version {version} of {name}");
        let after: Vec<&str> = ends.iter().map(String::as_str).collect();
        let version = Step::new(
            Role::Change,
            "version",
            title,
            "cloudformation.update",
            params,
        )
        .about(steps::about(name))
        .after(&after)
        .leaving(Leaves::New)
        .undo("CloudFormation rolls a failed change back; the databases stay migrated");
        all.push(version);
        self.ended(
            all,
            &["version".to_owned()],
            "verify-before",
            join::BEFORE,
            hold,
        )
    }

    /// The steps of one way, held before the first that changes something, with a look at the end.
    fn ended(
        &self,
        mut all: Vec<Step>,
        ends: &[String],
        verify: &str,
        branch: &str,
        hold: HoldRule,
    ) -> Vec<Step> {
        let join = ("join".into(), branch.to_owned());
        for step in all.iter_mut().filter(|step| step.after.contains(&join.0)) {
            step.only_if = Some(join.clone());
        }
        held_first(&mut all, hold);
        let ends: Vec<&str> = ends.iter().map(String::as_str).collect();
        all.push(steps::verify(verify, self.name(), &self.body.counts, &ends));
        all
    }
}
