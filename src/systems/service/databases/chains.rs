//! The steps of databases: what is done to each, in which order.

use std::time::Duration;

use serde_json::{Value, json};

use super::{marked, owner, seen_of};
use crate::domain::failure::Failure;
use crate::domain::look::Sights;
use crate::domain::plan::{Role, Step, Task};
use crate::forms::ecs::{REGISTER, RUN_TASK};
use crate::forms::postgres::MIGRATE;
use crate::systems::PlanAsk;
use crate::systems::service::body::Body;
use crate::systems::service::o5::{Postgres, Tasks};
use crate::systems::service::steps::from;
use crate::systems::service::ways::Choice;

/// The longest time for a migration. Its task is stopped then, wherever it is: that is no better than
/// to wait, so it is long.
const MIGRATES: Duration = Duration::from_hours(6);

/// The steps of all databases that come after another.
#[derive(Debug, Clone, Copy)]
pub(in crate::systems::service) struct Chains<'a> {
    pub(in crate::systems::service) ask: &'a PlanAsk,
    pub(in crate::systems::service) body: &'a Body,
    /// The step after which the stack is what they need. Its outputs name the tasks that migrate.
    pub(in crate::systems::service) after: &'a str,
    /// What the ids of the steps end with.
    pub(in crate::systems::service) end: &'a str,
    /// Whether users are made anew.
    pub(in crate::systems::service) rotates: bool,
    /// Nothing runs meanwhile: users that nobody has any more may go.
    pub(in crate::systems::service) alone: bool,
    /// The application as the tasks that migrate are of; none where that is not known.
    pub(in crate::systems::service) by: Option<&'a Body>,
}

impl<'a> Chains<'a> {
    /// After this step, beside what runs; users are made anew where that is chosen.
    pub(in crate::systems::service) fn after(
        ask: &'a PlanAsk,
        body: &'a Body,
        after: &'a str,
    ) -> Self {
        Self {
            ask,
            body,
            after,
            end: "",
            rotates: Choice::Rotate.is_in(&ask.flags),
            alone: false,
            by: Some(body),
        }
    }

    /// Each database made what it should be, and migrated where its application does that: the
    /// steps, and the last one of each.
    pub(in crate::systems::service) fn migrated(&self) -> (Vec<Step>, Vec<String>) {
        let (mut all, mut ends) = (Vec::new(), Vec::new());
        for one in self.body.databases() {
            let upsert = self.upsert(one);
            if !one.is_migrated() {
                ends.push(upsert.id.to_string());
                all.push(upsert);
                continue;
            }
            let before = self.cleanup(one, "cleanup", &upsert, false);
            let migrate = if let Some(output) = &one.migration {
                let definition = from(self.after, &format!("/outputs/{output}"));
                self.migrate(one, &definition, &[before.id.as_str()])
            } else {
                self.carry_out(one, &[before.id.as_str()])
            };
            let after = self.cleanup(one, "cleanup-after", &migrate, true);
            ends.push(after.id.to_string());
            all.extend([upsert, before, migrate, after]);
        }
        (all, ends)
    }

    /// Each database made what it should be, and no more.
    pub(in crate::systems::service) fn upserted(&self) -> (Vec<Step>, Vec<String>) {
        let all: Vec<Step> = self
            .body
            .databases()
            .iter()
            .map(|one| self.upsert(one))
            .collect();
        let ends = all.iter().map(|step| step.id.to_string()).collect();
        (all, ends)
    }

    /// A database migrated by the task of another version, before the stack has it: by a definition
    /// that is registered from one which is there.
    pub(in crate::systems::service) fn registered(
        &self,
        one: &Postgres,
        definition: &Value,
        (from_version, to_version): (&str, &str),
        after: &[&str],
    ) -> Vec<Step> {
        let params = json!({ "definition": definition, "from": from_version, "to": to_version });
        let title = format!("define the task that migrates {}", one.on.name);
        let id = self.id("define", one);
        let define = Step::new(Role::Build, id.as_str(), title, REGISTER, params)
            .after(after)
            .tasks([task("DB.Migrate", one)]);
        let mut all = vec![define];
        all.extend(self.run(one, &from(&id, "/definition"), &[&id]));
        all
    }

    /// A database migrated by the files that are carried out here.
    pub(in crate::systems::service) fn carried_out(
        &self,
        one: &Postgres,
        after: &[&str],
    ) -> Vec<Step> {
        let migrate = self.carry_out(one, after);
        let cleanup = self.cleanup(one, "cleanup", &migrate, true);
        vec![migrate, cleanup]
    }

    /// A database migrated by a task of this definition.
    pub(in crate::systems::service) fn run(
        &self,
        one: &Postgres,
        definition: &Value,
        after: &[&str],
    ) -> Vec<Step> {
        let migrate = self.migrate(one, definition, after);
        let cleanup = self.cleanup(one, "cleanup", &migrate, true);
        vec![migrate, cleanup]
    }

    fn id(&self, what: &str, one: &Postgres) -> String {
        format!("{what}-{}{}", one.name, self.end)
    }

    fn upsert(&self, one: &Postgres) -> Step {
        let params = json!({
            "database": one.on,
            "of": owner(self.ask),
            "extensions": one.extensions,
            "secret": one.secret,
            "rotate": self.rotates,
            "alone": self.alone,
        });
        let title = if self.rotates {
            format!("make {} what it should be, with a new user", one.on.name)
        } else {
            format!("make {} what it should be", one.on.name)
        };
        Step::new(
            Role::Change,
            self.id("upsert", one).as_str(),
            title,
            "postgres.upsert",
            params,
        )
        .about(one.on.subject())
        .after(&[self.after])
        .undo("what is there already stays as it is; nothing is taken away")
        .tasks([task("DB.Upsert", one)])
    }

    fn cleanup(&self, one: &Postgres, what: &str, after: &Step, is_last: bool) -> Step {
        let title = format!("give what users of {} made to its role", one.on.name);
        let mut params = json!({ "database": one.on });
        if is_last {
            let by = self
                .by
                .and_then(|by| by.databases().iter().find(|known| known.name == one.name));
            let migrated = self.by.zip(by).map(|(by, known)| marked(by, known));
            params["migrated"] = json!(migrated.unwrap_or_default());
        }
        Step::new(
            Role::Change,
            self.id(what, one).as_str(),
            title,
            "postgres.cleanup",
            params,
        )
        .about(one.on.subject())
        .after(&[after.id.as_str()])
        .tasks([task("DB.Cleanup", one)])
    }

    fn migrate(&self, one: &Postgres, definition: &Value, after: &[&str]) -> Step {
        let tasks = self.body.o5.as_ref().map(|o5| &o5.tasks);
        let params = json!({
            "cluster": tasks.map(|tasks| tasks.cluster.as_str()),
            "definition": definition,
            "network": network(tasks, one),
        });
        self.migration(one, RUN_TASK, params)
            .after(after)
            .undo("never by itself: the database stays as its migration left it")
    }

    fn carry_out(&self, one: &Postgres, after: &[&str]) -> Step {
        let params = json!({
            "database": one.on,
            "secret": one.secret,
            "bundle": self.body.input.template.bundle,
            "folder": one.folder,
        });
        self.migration(one, MIGRATE, params)
            .after(after)
            .undo("a file that fails is taken back whole; those before it stay carried out")
    }

    fn migration(&self, one: &Postgres, kind: &str, params: Value) -> Step {
        let title = format!("migrate {}", one.on.name);
        let id = self.id("migrate", one);
        Step::new(Role::Migrate, id.as_str(), title, kind, params)
            .about(one.on.subject())
            .ended_within(MIGRATES)
            .tasks([task("DB.Migrate", one)])
    }

    /// Each database taken away: only the one that was seen. A person typed its name before.
    pub(in crate::systems::service) fn destroyed(
        &self,
        seen: &Sights,
    ) -> Result<(Vec<Step>, Vec<String>), Failure> {
        let mut all = Vec::new();
        for one in self.body.databases() {
            let there = seen_of(&one.on, seen)?;
            let params = json!({ "database": one.on, "oid": there.oid });
            let title = format!("destroy the database {}", one.on.name);
            let id = self.id("destroy", one);
            let step = Step::new(Role::Remove, id.as_str(), title, "postgres.destroy", params)
                .about(one.on.subject())
                .after(&[self.after])
                .undo("never: what is in it is gone; a snapshot of its server at RDS is all that can bring it back")
                .tasks([task("DB.Destroy", one)]);
            all.push(step);
        }
        let ends = all.iter().map(|step| step.id.to_string()).collect();
        Ok((all, ends))
    }
}

/// The step, where users were made anew before.
pub(in crate::systems::service) fn rotated(step: &mut Step) {
    if let Some(rotate) = step.params.get_mut("rotate") {
        *rotate = Value::Bool(false);
    }
}

/// A step as the o5 deployer calls it.
fn task(kind: &str, one: &Postgres) -> Task {
    Task::step(&format!("{kind}.{}", one.name))
}

/// Where the task of a migration runs: as all tasks of the application, with the group of those who
/// reach its server.
fn network(tasks: Option<&Tasks>, one: &Postgres) -> Value {
    let mut groups: Vec<&String> = tasks.into_iter().flat_map(|tasks| &tasks.groups).collect();
    groups.extend(&one.client_group);
    json!({
        "subnets": tasks.map(|tasks| tasks.subnets.clone()).unwrap_or_default(),
        "groups": groups,
    })
}
