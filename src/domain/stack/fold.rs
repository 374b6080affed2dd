//! The fold of a stack's stream: what each event changes.

use super::super::ids::DeploymentId;
use super::super::lifecycle::{Illegal, NEW, PhaseClass, Travelled};
use super::super::lifecycles;
use super::super::request::Release;
use super::super::time::Time;
use super::{Broke, Left, QueueEnd, Stack, StackEvent, Stood, is_one};

/// How many travelled edges a fold keeps.
const TRAVELLED: usize = 24;

impl Stack {
    /// Takes one event that was recorded at `at`.
    ///
    /// # Errors
    /// [`Illegal`] when the table has no such edge, or this program has no such table: nothing more
    /// of the stream can be taken.
    pub fn apply(&mut self, event: &StackEvent, at: Time) -> Result<(), Illegal> {
        if let StackEvent::Requested { system, .. } = event {
            lifecycles::of_system(system)?;
            if self.system != *system && self.follows(system) {
                self.system.clone_from(system);
                NEW.clone_into(&mut self.phase);
                self.travelled.clear();
            }
        }
        match event {
            StackEvent::Requested { entry, place, .. } => {
                self.take_edge(event.tag(), at)?;
                match place {
                    QueueEnd::Tail => self.queue.push(entry.clone()),
                    QueueEnd::Head => self.queue.insert(0, entry.clone()),
                }
            }
            StackEvent::FoundMissing { deployment }
            | StackEvent::Started { deployment }
            | StackEvent::Popped { deployment }
            | StackEvent::TeardownPopped { deployment } => {
                let broke = self.broke();
                self.stood = Some(Stood {
                    phase: self.phase.clone(),
                    since: self.since,
                    until: at,
                });
                self.take_edge(event.tag(), at)?;
                self.was_broken = broke.or(self.was_broken.take());
                self.broken = None;
                self.queue.retain(|entry| entry.deployment != *deployment);
                self.current = Some(*deployment);
            }
            StackEvent::Adopted { .. } => self.take_edge(event.tag(), at)?,
            StackEvent::QueueEmpty | StackEvent::Idle => {
                self.take_edge(event.tag(), at)?;
                self.was_broken = None;
            }
            StackEvent::AdoptedBroken { status } => {
                self.take_edge(event.tag(), at)?;
                self.broken = Some(format!("found {status}"));
            }
            StackEvent::Unblocked { .. } | StackEvent::UnblockedNever { .. } => {
                let broke = self.broke();
                self.take_edge(event.tag(), at)?;
                self.was_broken = broke;
                self.broken = None;
            }
            StackEvent::Reached { deployment, .. } => {
                if self.is_current(*deployment) {
                    self.take_edge(&event.edge(), at)?;
                }
            }
            StackEvent::Succeeded {
                deployment,
                release,
                as_before,
            } => {
                if self.is_current(*deployment) {
                    self.take_edge(event.tag(), at)?;
                    self.finish(*deployment, None);
                    self.release.clone_from(release);
                    if !as_before {
                        self.unsettled = None;
                    }
                    if let Some(release) = release.as_ref().filter(|_| !as_before) {
                        self.had = Some(*deployment);
                        self.good(*deployment, release);
                    }
                }
            }
            StackEvent::Failed {
                deployment,
                reason,
                left,
            }
            | StackEvent::FailedContinue {
                deployment,
                reason,
                left,
            } => {
                if self.is_current(*deployment) {
                    self.take_edge(event.tag(), at)?;
                    self.finish(*deployment, Some(reason.clone()));
                    self.unsettled = Some(*deployment);
                    match left {
                        Left::Before => {}
                        Left::Release(release) => {
                            self.had = Some(*deployment);
                            self.release = Some(release.clone());
                        }
                        Left::Nothing => self.release = None,
                    }
                }
            }
            StackEvent::Withdrawn { deployment } | StackEvent::WithdrawnNever { deployment } => {
                if self.is_current(*deployment) {
                    self.take_edge(event.tag(), at)?;
                    self.finish(*deployment, None);
                }
            }
            StackEvent::WithdrawnBroken { deployment, .. } => {
                if self.is_current(*deployment) {
                    self.take_edge(&event.edge(), at)?;
                    let broken = self.was_broken.take().map(|broke| broke.why);
                    self.finish(*deployment, broken);
                }
            }
            StackEvent::Mended {
                deployment,
                release,
            } => {
                if self.takes(&event.edge()) {
                    self.take_edge(&event.edge(), at)?;
                }
                self.broken = None;
                self.unsettled = None;
                self.mended = Some(*deployment);
                self.release = Some(release.clone());
            }
            StackEvent::Stayed { deployment } => {
                if self.is_current(*deployment) {
                    self.stand_again();
                }
            }
            StackEvent::Dequeued { deployment } => {
                self.queue.retain(|entry| entry.deployment != *deployment);
            }
            StackEvent::StackFrozen { freeze } => self.freeze = Some(freeze.clone()),
            StackEvent::StackThawed => self.freeze = None,
            StackEvent::AppTold { app } => {
                self.app = Some(app.clone());
                self.app_gone = None;
            }
            StackEvent::AppGone { told_at } => self.app_gone = Some(*told_at),
        }
        self.version += 1;
        Ok(())
    }

    fn broke(&self) -> Option<Broke> {
        self.broken.clone().map(|why| Broke {
            phase: self.phase.clone(),
            why,
            since: Some(self.since),
        })
    }

    fn is_current(&self, deployment: DeploymentId) -> bool {
        self.current == Some(deployment)
    }

    /// A deployment brought its release into service. The one before it stays a target for a
    /// rollback only if it had another release.
    fn good(&mut self, deployment: DeploymentId, release: &Release) {
        let before = self.last_good.replace(deployment);
        if !is_one(self.good_release.as_ref(), Some(release)) {
            self.previous_good = before;
            self.good_release = Some(release.clone());
        }
    }

    /// Back to where it stood before the deployment that holds it, as if that had never come.
    fn stand_again(&mut self) {
        self.current = None;
        if let Some(stood) = self.stood.take() {
            self.phase = stood.phase;
            self.since = stood.since;
            self.travelled.retain(|edge| edge.at < stood.until);
        }
        if let Some(broke) = self.was_broken.take() {
            self.phase = broke.phase;
            self.since = broke.since.unwrap_or(self.since);
            self.broken = Some(broke.why);
        }
    }

    fn finish(&mut self, deployment: DeploymentId, broken: Option<String>) {
        self.current = None;
        self.stood = None;
        self.mended = None;
        self.last = Some(deployment);
        self.broken = broken.filter(|_| self.class() == PhaseClass::Broken);
        self.was_broken = None;
    }

    fn take_edge(&mut self, on: &str, at: Time) -> Result<(), Illegal> {
        let to = lifecycles::of_system(&self.system)?.next(&self.phase, on)?;
        if to != self.phase {
            self.travelled.push(Travelled {
                from: self.phase.clone(),
                on: on.to_owned(),
                to: to.to_owned(),
                at,
            });
            let extra = self.travelled.len().saturating_sub(TRAVELLED);
            self.travelled.drain(..extra);
            self.since = at;
            to.clone_into(&mut self.phase);
        }
        Ok(())
    }
}
