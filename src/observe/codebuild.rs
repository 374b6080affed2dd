//! The builds of a project, followed one by one as they come: their phases and their lines.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::logs::{Begin, Out};
use crate::aws::codebuild::Followed;
use crate::aws::{Cloud, Trouble, TroubleKind};
use crate::domain::failure::Failure;
use crate::domain::ids::StackId;
use crate::domain::line::{Id, InPhase, Line, Severity, SourceKind, Turn};
use crate::domain::sighting::{Seen, Sighting};
use crate::domain::tailed::Tailed;
use crate::domain::time::Time;
use crate::forms::codebuild::{Build, Given};
use crate::os::clock::SharedClock;
use crate::text::safe::Safe;

/// How many of the newest builds are followed.
const NEWEST: usize = 10;
/// How often a project is looked at while one of its builds runs,
const RUNS: Duration = Duration::from_secs(5);
/// while none does,
const RESTS: Duration = Duration::from_secs(15);
/// and on this machine.
const HERE: Duration = Duration::from_secs(2);

/// Follows the builds of one project for a stack.
pub struct Builds {
    cloud: Arc<Cloud>,
    clock: SharedClock,
    stack: StackId,
    project: String,
    /// The name of the tail.
    source: String,
    out: Arc<dyn Out>,
    since: Time,
    missing: Option<Time>,
    /// Everything up to here was given.
    through: Time,
    /// The ids of lines that were given before.
    given: BTreeSet<String>,
    open: BTreeMap<String, Followed>,
    /// Builds of which all was told, or is not wanted.
    over: BTreeSet<String>,
}

impl Builds {
    /// The builds of a project, from there on.
    #[must_use]
    pub fn new(
        cloud: Arc<Cloud>,
        clock: SharedClock,
        stack: StackId,
        project: String,
        begin: Begin,
        out: Arc<dyn Out>,
    ) -> Self {
        Self {
            cloud,
            clock,
            stack,
            source: Tailed::builds(&project),
            project,
            out,
            since: begin.since,
            missing: begin.missing,
            through: begin.through,
            given: begin.given.into_iter().map(|(id, _)| id).collect(),
            open: BTreeMap::new(),
            over: BTreeSet::new(),
        }
    }

    /// Follows until it is dropped. No contact and a missing project are waited for; a refusal ends
    /// it.
    ///
    /// # Errors
    /// When AWS says no: why.
    pub async fn follow(mut self) -> Result<(), Failure> {
        if let Some(from) = self.missing {
            let text = format!(
                "nobody followed {} from {from} to {}: what was built then is not here",
                self.source, self.since
            );
            let id = format!("gap/{}/{}", self.source, from.0);
            let line = self.line(id, self.since, Severity::Gap, "", Safe::new(&text));
            self.out.lines(vec![line]);
        }
        loop {
            match self.look().await {
                Ok(()) => self.follows(None),
                Err(trouble) if trouble.is("ResourceNotFoundException") => {
                    let text = format!("there is no project {} in CodeBuild yet", self.project);
                    self.follows(Some(&text));
                }
                Err(trouble)
                    if matches!(trouble.kind, TroubleKind::Refused | TroubleKind::Denied) =>
                {
                    return Err(trouble.into());
                }
                Err(trouble) => self.tell(false, Some(&Failure::from(trouble).summary)),
            }
            let pause = match (self.cloud.is_local(), self.open.is_empty()) {
                (true, _) => HERE,
                (false, false) => RUNS,
                (false, true) => RESTS,
            };
            self.clock.sleep(pause).await;
        }
    }

    async fn look(&mut self) -> Result<(), Trouble> {
        let mut ids = self.cloud.newest_builds(&self.project).await?;
        ids.truncate(NEWEST);
        // One that is not among the newest any more, and still runs, is followed to its end.
        self.over.retain(|id| ids.contains(id));
        let running = self.open.keys().filter(|id| !ids.contains(id));
        let ids: Vec<String> = running.chain(&ids).cloned().collect();
        let wanted: Vec<String> = ids
            .into_iter()
            .filter(|id| !self.over.contains(id))
            .collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let mut builds: Vec<Build> = self.cloud.builds(&wanted).await?.into_values().collect();
        builds.sort_by_key(|build| (build.started, build.number));
        self.open
            .retain(|id, _| builds.iter().any(|build| build.id == *id));
        for build in &builds {
            if !self.open.contains_key(&build.id) && build.is_over() && self.is_past(build) {
                self.over.insert(build.id.clone());
                continue;
            }
            self.go_on(build).await;
        }
        Ok(())
    }

    /// Whether it ended before lines are wanted.
    fn is_past(&self, build: &Build) -> bool {
        let ended = build.phases.iter().filter_map(|phase| phase.ended).max();
        ended.is_some_and(|ended| ended < self.since)
    }

    async fn go_on(&mut self, build: &Build) {
        let mut followed = self
            .open
            .remove(&build.id)
            .unwrap_or_else(|| Followed::after(None));
        let (given, is_all) = followed.seen(&self.cloud, build).await;
        self.give(build, given);
        if is_all {
            self.over.insert(build.id.clone());
        } else {
            self.open.insert(build.id.clone(), followed);
        }
    }

    /// Gives out what is wanted and was not given before.
    fn give(&self, build: &Build, given: Vec<Given>) {
        let now = self.clock.now();
        let mut lines = Vec::new();
        for one in given {
            let id = format!("{}/{}", build.id, one.nth);
            let at = one.at.unwrap_or(now);
            if at < self.since || self.given.contains(&id) {
                continue;
            }
            let part = match build.number {
                Some(number) => format!("#{number} {}", one.part),
                None => one.part.to_owned(),
            };
            let phase = InPhase {
                run: 0,
                mark: one.mark,
            };
            let line = self.line(id, at, one.severity, &part, one.text);
            lines.push(Line {
                phase: Some(phase),
                ..line
            });
        }
        if !lines.is_empty() {
            self.out.lines(lines);
        }
    }

    fn line(&self, id: String, at: Time, severity: Severity, part: &str, text: Safe) -> Line {
        Line {
            turn: Turn::default(),
            phase: None,
            at,
            id: Id::from(id),
            kind: SourceKind::Logs,
            source: Safe::new(&self.source),
            part: Safe::new(part),
            stack: self.stack.clone(),
            no: None,
            severity,
            text,
        }
    }

    fn follows(&mut self, why: Option<&str>) {
        self.through = self.clock.now();
        self.tell(true, why);
    }

    fn tell(&self, live: bool, why: Option<&str>) {
        let now = self.clock.now();
        let lag = now.since(self.through).as_millis();
        let value = Seen::Tail {
            live,
            dropped: 0,
            sampled: false,
            lag_ms: u64::try_from(lag).unwrap_or(u64::MAX),
        };
        self.out.told(Sighting {
            value,
            taken_at: now,
            place: None,
            stale: why.map(Safe::new),
        });
    }
}
