//! What is to be watched: what runs or ran a moment ago, what is on a screen, and what could not be
//! reached.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::domain::folds::Folds;
use crate::domain::ids::{DeploymentNo, EnvName, StackId};
use crate::domain::interest::Interest;
use crate::domain::look::{Look, Subject};
use crate::domain::place::{Place, Places};
use crate::domain::time::Time;

/// How long what was changed is looked at after that, whoever has it on a screen.
const AFTER: Duration = Duration::from_secs(30);

/// What is to be watched of a stack.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    /// The places of its environment.
    pub places: Places,
    pub about: Vec<Subject>,
    /// What is looked at beside that, now and then.
    pub beside: Vec<Look>,
    /// Whether what it was given and what it gives is told with its state.
    pub given: bool,
    pub logs: Vec<String>,
    /// The deployment that runs, and since when.
    pub no: Option<DeploymentNo>,
    pub since: Option<Time>,
    /// That one, or one that ended a moment ago, and when it began.
    pub recent: Option<(DeploymentNo, Time)>,
    /// Nothing runs, and nobody has it on the screen now.
    pub far: bool,
    /// Somebody has it on the screen now.
    pub shown: bool,
}

impl Wanted {
    /// Follows these log groups too.
    fn follow(&mut self, groups: &[String]) {
        for group in groups {
            if !self.logs.contains(group) {
                self.logs.push(group.clone());
            }
        }
    }

    /// Where the thing is that says how the stack stands.
    pub(super) fn place(&self) -> Option<&Place> {
        self.places
            .at(self.about.first().and_then(|about| about.place.as_ref()))
    }
}

/// What runs or ran a moment ago, what is on a screen, and what could not be reached.
pub(super) fn wanted(
    folds: &Folds,
    interests: Vec<Interest>,
    unreached: &BTreeSet<StackId>,
    now: Time,
) -> BTreeMap<StackId, Wanted> {
    let places = |env: &EnvName| {
        let env = folds.environments.get(env);
        env.and_then(|env| env.record.as_ref())
            .map(|record| record.places.clone())
            .unwrap_or_default()
    };
    let mut all: BTreeMap<StackId, Wanted> = BTreeMap::new();
    for one in interests {
        let places = places(&one.stack.env);
        // Several may look at one stack: what any of them wants to follow is followed.
        let entry = all.entry(one.stack).or_insert_with(|| Wanted {
            places,
            far: true,
            ..Wanted::default()
        });
        entry.far &= one.far;
        entry.shown |= !one.far;
        entry.given |= one.given;
        if entry.about.is_empty() {
            entry.about = one.about;
        }
        if entry.beside.is_empty() {
            entry.beside = one.beside;
        }
        entry.follow(&one.logs);
    }
    for stack in folds.stacks.values() {
        let newest = stack.current.or(stack.last);
        let Some(d) = newest.and_then(|newest| folds.deployments.get(&newest)) else {
            continue;
        };
        let moments_ago = d.ended_at.is_some_and(|ended| now.since(ended) < AFTER);
        let runs = stack.current.is_some();
        if !runs && !moments_ago && !unreached.contains(&stack.id) {
            continue;
        }
        let Some(request) = &d.request else { continue };
        let entry = all.entry(stack.id.clone()).or_insert_with(|| Wanted {
            places: places(&stack.id.env),
            ..Wanted::default()
        });
        entry.far = false;
        if runs || moments_ago {
            entry.recent = d.started_at.map(|began| (request.no, began));
        }
        if runs {
            entry.places.clone_from(&request.places);
            entry.about.clone_from(&request.spec.about);
            entry.no = Some(request.no);
            entry.since = d.started_at;
            entry.follow(&request.spec.watch_logs);
        }
    }
    // Where the files cannot be read that say what a stack is, it is what was deployed last.
    for (id, entry) in all.iter_mut().filter(|(_, entry)| entry.about.is_empty()) {
        let last = folds
            .stacks
            .get(id)
            .and_then(|stack| folds.deployments.get(&stack.last?))
            .and_then(|d| d.request.as_ref());
        entry.about = last
            .map(|request| request.spec.about.clone())
            .unwrap_or_default();
    }
    all
}
