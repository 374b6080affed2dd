//! What the steps of deployments found of a stack, and what of its file runs.

use std::collections::BTreeMap;

use super::World;
use crate::domain::deployment::Deployment;
use crate::domain::end::End;
use crate::domain::ids::{DeploymentNo, StackId};
use crate::domain::purpose::Purpose;
use crate::domain::row::Row;
use crate::domain::stack::Stack;
use crate::domain::time::{Time, short};

/// A fact that a step found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The fact.
    pub row: Row,
    /// When it was found.
    pub at: Time,
    /// By which deployment.
    pub by: DeploymentNo,
}

impl Found {
    /// The fact with its age.
    #[must_use]
    pub fn told(&self, now: Time) -> Row {
        let age = short(now.since(self.at));
        let is = format!("{}  {age} ago by {}", self.row.is, self.by);
        Row::new(self.row.name.as_str(), &is)
    }
}

impl World {
    /// What was found of a stack since it was made: the newest of each name.
    #[must_use]
    pub fn found(&self, stack: &StackId) -> Vec<Found> {
        let mut newest: BTreeMap<String, Found> = BTreeMap::new();
        // The newest come first; what was found before it was taken away is of another one.
        let took_away = |d: &Deployment| {
            let purpose = d.request.as_ref().map(|request| request.purpose);
            purpose == Some(Purpose::Teardown) && d.end == Some(End::Done)
        };
        let all = self.deployments_of(stack).into_iter();
        for d in all.take_while(|d| !took_away(d)) {
            for run in d.steps.values() {
                let (Some(output), Some(at)) = (&run.output, run.ended_at) else {
                    continue;
                };
                for row in output.facts() {
                    let name = row.name.to_string();
                    if newest.get(&name).is_none_or(|known| known.at < at) {
                        newest.insert(
                            name,
                            Found {
                                row,
                                at,
                                by: d.no(),
                            },
                        );
                    }
                }
            }
        }
        newest.into_values().collect()
    }

    /// That its files cannot be read, with the place of the first error; or that the estate's file
    /// names a stack no more which stands.
    pub(super) fn left_out(&self, stack: &Stack) -> Option<String> {
        let (id, catalog) = (&stack.id, &self.catalog);
        if let Some(Err(why)) = catalog.stacks.get(id).map(|entry| &entry.spec) {
            let place = why
                .lines()
                .find_map(|line| line.trim().strip_prefix("--> "));
            let place = place.map(|place| format!(" ({place})")).unwrap_or_default();
            return Some(format!(
                "its files cannot be read{place}: they cannot be deployed"
            ));
        }
        let whole = catalog.stacks.get(&id.whole());
        // Which apps and parts there are is not known where nobody told, or the files are wrong.
        let is_read = match whole {
            Some(whole) => whole.spec.is_ok(),
            None => {
                catalog.environments.contains_key(&id.env)
                    && !catalog.families.contains_key(&id.env)
            }
        };
        let out = is_read && !catalog.stacks.contains_key(id) && stack.release.is_some();
        out.then(|| {
            format!("the estate's file names it no more; `holdpoint teardown {id}` takes it away")
        })
    }

    /// A program that a stack needs and this machine has not; of parts their whole says it.
    pub(super) fn lacks(&self, stack: &Stack) -> Option<String> {
        let is_told = stack.id.part.is_none() && stack.current.is_none();
        let entry = self.catalog.stacks.get(&stack.id).filter(|_| is_told)?;
        Some(entry.lacks.as_ref()?.to_string())
    }

    /// What the last deployment of a stack found to be another than what was brought, with its age.
    pub(super) fn drift(&self, stack: &Stack, now: Time) -> Option<String> {
        let last = self.deployment(stack.last?)?;
        let mut outputs = last.steps.values().filter_map(|run| run.output.as_ref());
        let found = outputs.find(|output| output.outdates())?.facts();
        let age = short(now.since(last.ended_at?));
        let all: Vec<String> = found
            .iter()
            .map(|row| format!("{}: {}", row.name, row.is))
            .collect();
        Some(format!("{} ({age} ago)", all.join("; ")))
    }

    /// What the estate's file says of a stack; of what runs in another version, which that is; and
    /// which program it lacks.
    #[must_use]
    pub fn filed(&self, stack: &StackId) -> Vec<Row> {
        let entry = self.catalog.stacks.get(stack);
        let filed = entry.map(|entry| &entry.rows);
        let serving = self.in_service(stack);
        let runs = serving.and_then(|d| Some(&d.plan.as_ref()?.brings));
        let row = |row: &Row| {
            let own = runs.and_then(|all| all.iter().find(|own| own.name == row.name));
            match own.filter(|own| own.is != row.is) {
                Some(own) => Row::new(row.name.as_str(), &format!("{}, {} runs", row.is, own.is)),
                None => row.clone(),
            }
        };
        let lacks = entry.and_then(|entry| entry.lacks.as_ref());
        let lacks = lacks.map(|why| Row::new("missing", why.as_str()));
        filed.into_iter().flatten().map(row).chain(lacks).collect()
    }
}
