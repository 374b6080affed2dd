//! What the steps of awaited deployments say, printed as it comes: in a pipeline that is the log.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::Duration;

use crate::cli::{Ground, Out};
use crate::desk::{Begin, Patient, TailOf};
use crate::domain::deployment::Deployment;
use crate::domain::ids::{DeploymentId, DeploymentNo};
use crate::domain::line::{Line, SourceKind};
use crate::world::World;

/// Of more deployments than these, what they say is not printed: nobody can read that in one
/// stream.
const MOST: usize = 8;
/// How often it is looked whether the end of what was said has come.
const LOOK: Duration = Duration::from_millis(50);
/// Nothing came for this long, and the end neither.
const STUCK: Duration = Duration::from_secs(10);

/// The output of some deployments.
pub(super) struct Output<'a> {
    desk: &'a dyn Patient,
    ids: &'a [DeploymentId],
    tails: BTreeMap<DeploymentId, TailOf>,
}

impl<'a> Output<'a> {
    /// Nothing was printed yet.
    pub(super) fn new(desk: &'a dyn Patient, ids: &'a [DeploymentId]) -> Self {
        Self {
            desk,
            ids: if ids.len() > MOST { &[] } else { ids },
            tails: BTreeMap::new(),
        }
    }

    /// Prints what came; true when something did.
    pub(super) fn print(&mut self, world: &World, out: &mut Out<'_, '_>) -> io::Result<bool> {
        let deployments: Vec<&Deployment> = self
            .ids
            .iter()
            .filter_map(|id| world.deployment(*id))
            .map(|d| &**d)
            .collect();
        for d in &deployments {
            if let Some(stack) = d.stack()
                && !self.tails.contains_key(&d.id)
            {
                let of = TailOf::Stack(stack.clone());
                if !self.tails.values().any(|known| *known == of) {
                    self.desk.tail_from(&of, Begin::Since(d.created_at));
                }
                self.tails.insert(d.id, of);
            }
        }
        let batches: Vec<_> = self.tails.values().map(|of| self.desk.drain(of)).collect();
        let dropped: u64 = batches.iter().map(|batch| batch.dropped).sum();
        if dropped > 0 {
            out.aside(&format!("holdpoint: {dropped} lines came too fast and are not printed here; `holdpoint logs` has them"))?;
        }
        let mut lines: Vec<Line> = batches.into_iter().flat_map(|batch| batch.lines).collect();
        let any = !lines.is_empty();
        lines.sort_by_key(Line::key);
        // The lines of a whole are those of its parts.
        let parts = deployments.iter().flat_map(|d| world.folds.children(d.id));
        let numbers: BTreeSet<DeploymentNo> = deployments
            .iter()
            .map(|d| d.no())
            .chain(parts.map(|part| part.no()))
            .collect();
        for line in lines.iter().filter(|line| {
            line.kind == SourceKind::Out && line.no.is_some_and(|no| numbers.contains(&no))
        }) {
            let text = text(line, numbers.len() > 1);
            if out.is_json() {
                out.aside(&text)?;
            } else {
                out.line(&text)?;
            }
        }
        out.flush()?;
        Ok(any)
    }

    /// Prints what is still on its way when something has ended: an engine keeps what a step said
    /// before it says how the step ended, so all of it can be read now.
    pub(super) fn rest(
        &mut self,
        world: &World,
        ground: &dyn Ground,
        out: &mut Out<'_, '_>,
    ) -> io::Result<()> {
        // The reading that is under way may have begun before the end; the one after it has not.
        let goals: Vec<(TailOf, u64)> = self
            .tails
            .values()
            .map(|of| (of.clone(), self.desk.reading(of).ends + 2))
            .collect();
        let mut heard = ground.now();
        loop {
            let readings: Vec<_> = goals
                .iter()
                .map(|(of, goal)| (self.desk.reading(of), goal))
                .collect();
            let all = readings
                .iter()
                .all(|(reading, goal)| reading.ends >= **goal);
            if self.print(world, out)? {
                heard = ground.now();
            }
            if all {
                return Ok(());
            }
            let trouble = readings
                .iter()
                .find_map(|(reading, _)| reading.trouble.clone());
            let stuck = ground.now().since(heard) >= STUCK;
            if let Some(why) = trouble.or_else(|| stuck.then(|| "it takes too long".to_owned())) {
                return out.aside(&format!(
                    "holdpoint: the rest of the output cannot be read here: {why}; `holdpoint logs` has it"
                ));
            }
            self.desk.read_on();
            self.desk.changed(LOOK);
        }
    }
}

fn text(line: &Line, several: bool) -> String {
    let stack = if several {
        format!("{} ", line.stack)
    } else {
        String::new()
    };
    let part = if line.part.is_empty() {
        String::new()
    } else {
        format!(" {}", line.part)
    };
    format!(
        "{} {stack}{}{part}  {}",
        line.at.clock(),
        line.source,
        line.text
    )
}
