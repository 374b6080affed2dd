//! How the services of a stack are: in a word where something is the matter with them, and in full.

use super::{Row, State};
use crate::domain::ids::StackId;
use crate::domain::sighting::ServiceSeen;
use crate::domain::time::{Time, short};
use crate::world::World;

/// The services of a stack, as they were counted last.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Serves {
    /// Each of them.
    pub services: Vec<ServiceSeen>,
    /// When that was.
    pub counted_at: Option<Time>,
}

impl Serves {
    /// The services none of whose tasks runs, though some should.
    pub fn down(&self) -> impl Iterator<Item = &ServiceSeen> {
        self.services.iter().filter(|one| one.is_down())
    }

    /// Why the tasks of a service fail again and again, with its name; of the first that has any.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        let mut all = self.services.iter();
        all.find_map(|one| Some(format!("{}: {}", one.name, one.trouble.as_ref()?)))
    }

    /// What is the matter, in a word: nobody is served by one of them, or its tasks fail again and
    /// again.
    #[must_use]
    pub fn word(&self) -> Option<&'static str> {
        let is_down = self.down().next().is_some();
        let loops = || self.services.iter().any(|one| one.trouble.is_some());
        is_down
            .then_some("DOWN")
            .or_else(|| loops().then_some("LOOPS"))
    }

    /// How many tasks run of what is being brought, of how many that should.
    #[must_use]
    pub fn coming(&self) -> Option<(u32, u32)> {
        let coming = self.services.iter().filter_map(|one| one.coming);
        coming.reduce(|a, b| (a.0 + b.0, a.1 + b.1))
    }

    /// What stands behind the counts: `, 1/6 new, 2 pending`.
    #[must_use]
    pub fn flow(&self) -> String {
        let coming = self.coming();
        let coming = coming.map_or_else(String::new, |(n, of)| format!(", {n}/{of} new"));
        let pending = match self.services.iter().map(|one| one.pending).sum::<u32>() {
            0 => String::new(),
            pending => format!(", {pending} pending"),
        };
        coming + &pending
    }

    /// How old the counts are.
    #[must_use]
    pub fn age(&self, now: Time) -> Option<String> {
        let at = self.counted_at?;
        Some(format!("counted {} ago", short(now.since(at))))
    }
}

impl Row {
    /// What is the matter with what serves, in a word, where its state does not say that: what
    /// never served before is not down.
    #[must_use]
    pub fn serve_word(&self) -> Option<&'static str> {
        let word = self.serves.word()?;
        let says = self.state == State::Down || self.serving.is_none();
        let loops = self.serves.trouble().is_some();
        match word {
            "DOWN" if says => loops.then_some("LOOPS"),
            word => Some(word),
        }
    }

    /// What serves, in short: `5/6>2 LOOPS`, where two of the new tasks run.
    #[must_use]
    pub fn serve_says(&self) -> Option<String> {
        let (running, desired) = self.serve?;
        let coming = self.serves.coming();
        let coming = coming.map_or_else(String::new, |(new, _)| format!(">{new}"));
        let word = self.serve_word();
        let word = word.map_or_else(String::new, |word| format!(" {word}"));
        Some(format!("{running}/{desired}{coming}{word}"))
    }
}

impl World {
    /// The services of a stack, as they were counted last.
    pub(super) fn serves(&self, stack: &StackId) -> Serves {
        let counted = self.services(stack);
        Serves {
            services: counted.map_or_else(Vec::new, |(all, _)| all.to_vec()),
            counted_at: counted.map(|(_, at)| at),
        }
    }
}
