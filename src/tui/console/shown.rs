//! What there is to see, and which stack of it the console is about.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::ids::StackId;
use crate::domain::time::Time;
use crate::tui::keys::Keys;
use crate::tui::scene::Scene;
use crate::tui::views::Views;
use crate::world::World;

/// How long a moved cursor rests before another stack's log is fetched.
const REST: Duration = Duration::from_millis(150);

/// What there is to see.
pub(super) struct Shown {
    pub(super) world: Arc<World>,
    pub(super) views: Views,
    /// The second for which the views were worked out.
    viewed_at: Time,
    pub(super) about: Option<StackId>,
    about_since: Time,
    /// Whether the lines are those of everything.
    pub(super) everything: bool,
    known_holds: usize,
}

/// What a fresh look brought.
pub(super) struct News {
    /// Whether the world is another.
    pub(super) new: bool,
    /// Whether there are more holds than before.
    pub(super) holds: bool,
}

impl Shown {
    pub(super) fn new(world: Arc<World>, now: Time) -> Self {
        let (views, known_holds) = (Views::of(&world, now, 1), world.holds(now).len());
        Self {
            world,
            views,
            viewed_at: now,
            about: None,
            about_since: now,
            everything: false,
            known_holds,
        }
    }

    /// Takes the newest world; the views are worked out again when it or the second is another.
    pub(super) fn take(&mut self, fresh: Arc<World>, now: Time) -> News {
        let new = !Arc::ptr_eq(&fresh, &self.world);
        self.world = fresh;
        let second = now.0.div_euclid(1_000) != self.viewed_at.0.div_euclid(1_000);
        if !new && !second {
            return News { new, holds: false };
        }
        self.views = Views::of(&self.world, now, self.views.version + 1);
        self.viewed_at = now;
        let before = std::mem::replace(&mut self.known_holds, self.world.holds(now).len());
        News {
            new,
            holds: self.known_holds > before,
        }
    }

    /// The scene that panes and layers see.
    pub(super) fn scene<'a>(&'a self, keys: &'a Keys, now: Time) -> Scene<'a> {
        Scene {
            views: &self.views,
            everything: self.everything,
            keys,
            ..Scene::new(&self.world, now)
        }
        .about(self.about.as_ref())
    }

    /// The console is about this stack now.
    pub(super) fn turn_to(&mut self, stack: StackId, now: Time) {
        if self.about.as_ref() != Some(&stack) {
            self.about = Some(stack);
            self.about_since = now;
        }
    }

    /// The lines are those of everything, or of the stack, and wanted at once.
    pub(super) fn lines_of(&mut self, everything: bool) {
        self.everything = everything;
        self.about_since = Time(i64::MIN / 2);
    }

    /// Whether the cursor rests on the stack: on its way through a list it asks for nothing.
    pub(super) fn rested(&self, now: Time) -> bool {
        now.since(self.about_since) >= REST
    }

    /// When it will have rested, if it has not.
    pub(super) fn rests_at(&self, now: Time) -> Option<Time> {
        Some(self.about_since + REST).filter(|at| *at > now)
    }
}
