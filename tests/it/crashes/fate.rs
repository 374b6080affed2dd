//! When engines die: a seed draws for each of them the points of which the first that it passes is
//! its last.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use holdpoint::domain::deployment::StepState;
use holdpoint::domain::folds::Folds;
use holdpoint::engine::Failpoint;
use holdpoint::sandbox::dice::Dice;
use tokio::sync::Notify;

/// Where an engine can die. The intent of a call is a note; its result is the outcome of the step.
const POINTS: [&str; 13] = [
    "before decide",
    "after decide",
    "before start",
    "before task",
    "before note",
    "after note",
    "before call",
    "after call",
    "before sleep",
    "before outcome",
    "after outcome",
    "before commit",
    "after commit",
];
/// What is passed before the step runs.
const EARLY: usize = 3;

/// The kind of those who are spared.
const SPARED: &str = "spared";

/// How many of a seed's engines may die; the one after them carries everything to its end.
const DEATHS: usize = 6;
/// How many points are drawn for an engine.
const DRAWN: u64 = 3;
/// At which passage of a point, most often the first: some points are passed once or twice in the
/// life of an engine.
const PASSAGES: [u32; 8] = [1, 1, 1, 2, 2, 3, 5, 8];

fn one_of<T: Copy>(dice: &mut Dice, all: &[T]) -> T {
    all[usize::try_from(dice.below(all.len() as u64)).unwrap()]
}

/// The points at which an engine can die while a step of this kind is tried, or before it is.
fn points(kind: &str) -> Vec<&'static str> {
    let never: &[&str] = match kind {
        // They look at what is quiet: nothing is noted, nothing is waited for.
        "cloudformation.verify" | "s3.fetch" | "acm.issued" => {
            &["before note", "after note", "before sleep"]
        }
        "cloudfront.deployed" => &["before note", "after note"],
        // What they do is done when it is answered: there is nothing to wait for.
        "git.source" | "source.fetch" | "s3.put" | "s3.publish" | "s3.clear" | "cloudfront.oac"
        | "cloudfront.create" | "cloudfront.names" | "cloudfront.disable" | "cloudfront.delete"
        | "acm.delete" | "ssm.put" | "ssm.delete" | "ecs.register" | "postgres.upsert"
        | "postgres.cleanup" | "postgres.destroy" | "workshop.push" | "workshop.register" => {
            &["before sleep"]
        }
        // It calls no cloud. Its call is the start of the keeper, which stands between two notes.
        "process.run" | "terraform.init" | "terraform.validate" | "terraform.plan"
        | "terraform.apply" | "terraform.unlock" | "workshop.run" | "image.build"
        | "image.push" => &["before call", "after call"],
        "terraform.generate" | "terraform.discard" | "workshop.checkout" | "workshop.discard" => &[
            "before note",
            "after note",
            "before call",
            "after call",
            "before sleep",
        ],
        _ => &[],
    };
    POINTS
        .into_iter()
        .filter(|point| !never.contains(point))
        .collect()
}

/// The fates of the engines of one seed, one after the other. The first death is where the kind is
/// tried, and at another point for each seed, so that every point of every kind has its turn; the
/// later ones are anywhere.
pub(super) struct Fates {
    pub(super) seed: u64,
    kind: &'static str,
    dice: Dice,
    met: Vec<Arc<Fate>>,
}

impl Fates {
    pub(super) fn of(seed: u64, kind: &'static str) -> Self {
        Self {
            seed,
            kind,
            dice: Dice::new(seed),
            met: Vec::new(),
        }
    }

    /// Engines of whom none dies.
    pub(super) fn spared(seed: u64) -> Self {
        Self::of(seed, SPARED)
    }

    /// The fate of the next engine.
    pub(super) fn next(&mut self) -> Arc<Fate> {
        let all = points(self.kind);
        let deaths = self.deaths().len();
        let last: BTreeSet<_> = match deaths {
            _ if self.kind == SPARED => BTreeSet::new(),
            0 => [(all[usize::try_from(self.seed).unwrap() % all.len()], 1)].into(),
            1..DEATHS => (0..DRAWN)
                .map(|_| {
                    (
                        one_of(&mut self.dice, &all),
                        one_of(&mut self.dice, &PASSAGES),
                    )
                })
                .collect(),
            _ => BTreeSet::new(),
        };
        let fate = Arc::new(Fate {
            kind: self.kind,
            only_there: deaths == 0,
            last,
            passed: Mutex::default(),
            death: Notify::new(),
        });
        self.met.push(Arc::clone(&fate));
        fate
    }

    /// What a failure says, so that it can be told again.
    pub(super) fn told(&self) -> String {
        format!(
            "{} with seed {}, died {:?}",
            self.kind,
            self.seed,
            self.deaths()
        )
    }

    fn deaths(&self) -> Vec<String> {
        self.met
            .iter()
            .filter_map(|fate| fate.passed.lock().unwrap().died_at.clone())
            .collect()
    }
}

/// The fate of one engine.
pub(super) struct Fate {
    kind: &'static str,
    /// It dies only where the kind is tried, or before.
    only_there: bool,
    last: BTreeSet<(&'static str, u32)>,
    passed: Mutex<Passed>,
    death: Notify,
}

#[derive(Default)]
struct Passed {
    times: BTreeMap<String, u32>,
    /// A step of the kind is tried now.
    is_there: bool,
    died_at: Option<String>,
}

impl Fate {
    /// An engine passes a point: true when it is dead. A dead one passes nothing more.
    fn dies(&self, point: &str) -> bool {
        let mut passed = self.passed.lock().unwrap();
        if passed.died_at.is_some() {
            return true;
        }
        assert!(
            POINTS.contains(&point),
            "{point} is not in the list of points"
        );
        if self.only_there && !passed.is_there && !POINTS[..EARLY].contains(&point) {
            return false;
        }
        let times = passed.times.entry(point.to_owned()).or_default();
        *times += 1;
        if !self.last.contains(&(point, *times)) {
            return false;
        }
        passed.died_at = Some(point.to_owned());
        self.death.notify_one();
        true
    }

    /// Takes what was committed last: whether a step of the kind is tried.
    pub(super) fn sees(&self, folds: &Folds) {
        let mut runs = folds.deployments.values().flat_map(|d| d.runs());
        let is_there = runs
            .any(|(step, run)| step.kind.as_str() == self.kind && run.state == StepState::Active);
        let mut passed = self.passed.lock().unwrap();
        if passed.died_at.is_none() {
            passed.is_there = is_there;
        }
    }

    /// As the engine asks for it.
    pub(super) fn failpoint(self: &Arc<Self>) -> Failpoint {
        let fate = Arc::clone(self);
        Arc::new(move |point| fate.dies(point))
    }

    /// Ends when the engine may go on past this point: never, when it dies there.
    pub(super) async fn passes(&self, point: &str) {
        if self.dies(point) {
            std::future::pending::<()>().await;
        }
    }

    /// Ends when the engine dies.
    pub(super) async fn death(&self) {
        self.death.notified().await;
    }
}

/// Over all seeds of a kind, engines died at each of its points while it was tried, and several for
/// each seed.
pub(super) fn died_everywhere(kind: &str, seeds: &[Fates]) {
    let (mut at, mut deaths) = (BTreeSet::new(), 0);
    for fate in seeds.iter().flat_map(|fates| &fates.met) {
        let passed = fate.passed.lock().unwrap();
        let Some(point) = &passed.died_at else {
            continue;
        };
        deaths += 1;
        if passed.is_there || POINTS[..EARLY].contains(&point.as_str()) {
            at.insert(point.clone());
        }
    }
    assert_eq!(
        at,
        points(kind).into_iter().map(str::to_owned).collect(),
        "{kind}"
    );
    assert!(deaths >= 2 * seeds.len(), "{kind}: only {deaths} deaths");
}
