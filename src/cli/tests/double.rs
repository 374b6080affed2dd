//! A desk that answers from a script, and a program around the verbs.

use super::*;
use crate::desk::double::Answers;
use crate::os::git::history::Since;
use crate::systems::versions::Versions;

/// What `sandbox` takes in the program; nothing here.
#[derive(Debug, clap::Args)]
pub(super) struct Nothing {}

/// A desk that answers from a script.
pub(super) type Double = crate::desk::double::Double<Script>;

/// The answers, and what else a verb finds.
#[derive(Default)]
pub(super) struct Script {
    pub(super) answers: Mutex<VecDeque<Answer>>,
    /// What the world is once it has been waited for.
    pub(super) later: Mutex<Option<Arc<World>>>,
    pub(super) log: Vec<Stored>,
    pub(super) tailed: Mutex<Vec<(TailOf, Begin)>>,
    pub(super) reading: Reading,
    /// How often the tails were read on.
    pub(super) ends: AtomicU64,
    /// Lines that are there when the tails were read on a second time.
    pub(super) late: Mutex<Vec<Line>>,
    pub(super) estate: Option<(Loaded, Trust)>,
}

impl Answers for Script {
    fn answer(&self, _: &Ask, _: AskId, _: &mut Arc<World>) -> Option<Answer> {
        let next = self.answers.lock().unwrap().pop_front();
        Some(next.expect("an answer for every ask"))
    }
}

impl Patient for Double {
    fn tail_from(&self, of: &TailOf, begin: Begin) {
        self.by.tailed.lock().unwrap().push((of.clone(), begin));
    }
    fn reading(&self, _: &TailOf) -> Reading {
        Reading {
            ends: self.by.ends.load(Ordering::Relaxed),
            ..self.by.reading.clone()
        }
    }
    fn read_on(&self) {
        if self.by.ends.fetch_add(1, Ordering::Relaxed) == 1 {
            let late = std::mem::take(&mut *self.by.late.lock().unwrap());
            self.lines.lock().unwrap().extend(late);
        }
    }
    fn changed(&self, _: Duration) -> bool {
        if let Some(later) = self.by.later.lock().unwrap().take() {
            *self.world.lock().unwrap() = later;
        }
        true
    }
    fn newest(&self, seq: u64, limit: usize) -> Result<Vec<Stored>, String> {
        Ok(self
            .by
            .log
            .iter()
            .rev()
            .filter(|s| seq == 0 || s.seq <= seq)
            .take(limit)
            .cloned()
            .collect())
    }
    fn history(&self, stack: &StackId, limit: usize) -> Result<Vec<Deployment>, String> {
        Ok(self
            .world()
            .deployments_of(stack)
            .into_iter()
            .take(limit)
            .map(|d| (**d).clone())
            .collect())
    }
    fn keep(&self, mut content: Content, what: &str) -> Result<Artifact, String> {
        let mut bytes = Vec::new();
        content
            .read_to_end(&mut bytes)
            .map_err(|why| why.to_string())?;
        Ok(Artifact {
            digest: Digest::of_bytes(&bytes),
            length: bytes.len() as u64,
            what: what.to_owned(),
        })
    }
    fn numbered(&self, no: DeploymentNo) -> Result<Option<Deployment>, String> {
        Ok(self.world().folds.by_no(no).map(|d| (**d).clone()))
    }
}

struct Shared(Arc<Double>);

macro_rules! forward {
    ($($name:ident($($arg:ident: $type:ty),*) -> $out:ty;)*) => { $(fn $name(&self, $($arg: $type),*) -> $out { self.0.$name($($arg),*) })* };
}

impl Desk for Shared {
    forward! {
        submit(ask: Ask) -> Result<AskId, NotAsked>;
        state(id: AskId) -> AskState;
        world() -> Arc<World>;
        watch(stacks: &[StackId]) -> ();
        tail(of: &TailOf) -> ();
        drain(of: &TailOf) -> Batch;
        untail(of: &TailOf) -> ();
        look_for_newer(stack: &StackId) -> ();
    }
}

impl Patient for Shared {
    forward! {
        tail_from(of: &TailOf, begin: Begin) -> ();
        reading(of: &TailOf) -> Reading;
        read_on() -> ();
        changed(limit: Duration) -> bool;
        newest(seq: u64, limit: usize) -> Result<Vec<Stored>, String>;
        history(stack: &StackId, limit: usize) -> Result<Vec<Deployment>, String>;
        keep(content: Content, what: &str) -> Result<Artifact, String>;
        numbered(no: DeploymentNo) -> Result<Option<Deployment>, String>;
    }
}

/// A program around the verbs whose time passes with every look at it.
pub(super) struct TestGround {
    pub(super) desk: Arc<Double>,
    pub(super) now: Mutex<Time>,
}

impl Ground for TestGround {
    fn versions(&self, _: &StackId, _: &Versions, _: &str, _: bool) -> Result<Since, String> {
        Err("no repository is reached".to_owned())
    }

    fn estate(&self) -> Result<Loaded, Unread> {
        let none = || {
            Unread::None(Stop::wrong(
                "estate",
                "there is no estate file here; name one with --estate",
            ))
        };
        self.desk
            .by
            .estate
            .as_ref()
            .map(|(loaded, _)| loaded.clone())
            .ok_or_else(none)
    }
    fn examine(&self) -> Result<Examined, Stop> {
        let loaded = self.estate()?;
        let what = Diagnostic::of_file(
            "word",
            "holdpoint.yaml",
            "class must be one of production",
            "",
        );
        Ok(Examined {
            file: loaded.file.clone(),
            loaded: Some(loaded),
            found: what.into(),
        })
    }
    fn trust_of(&self, _: &Loaded) -> Result<Trust, Stop> {
        Ok(self
            .desk
            .by
            .estate
            .as_ref()
            .map_or(Trust::New, |(_, trust)| trust.clone()))
    }
    fn trust(&self, _: &Loaded) -> Result<(), Stop> {
        Ok(())
    }
    fn desk(&self) -> Result<Box<dyn Patient + '_>, Stop> {
        Ok(Box::new(Shared(Arc::clone(&self.desk))))
    }
    fn sources(&self, _: &Loaded) -> Vec<Fact> {
        Vec::new()
    }

    fn facts(&self) -> Vec<Fact> {
        vec![Fact::right("data folder", "mode 0700")]
    }
    fn map(&self, lifecycle: &Lifecycle) -> String {
        lifecycle.name.to_owned()
    }
    fn now(&self) -> Time {
        let mut now = self.now.lock().unwrap();
        let at = *now;
        *now = at + Duration::from_millis(200);
        at
    }
}
