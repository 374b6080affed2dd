//! What the panes show of the world, worked out once for each new world or second, however many
//! keys are pressed.

use crate::domain::time::Time;
use crate::world::World;
use crate::world::contact::OutOfSight;
use crate::world::queue::QueueItem;
use crate::world::rows::EnvView;
use crate::world::tails::Unfollowed;
use crate::world::verdict::Verdict;

/// The views of one world at one time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Views {
    /// Rises with every new world or second.
    pub version: u64,
    /// Environments with their stacks, those in need first.
    pub environments: Vec<EnvView>,
    /// What runs and what waits.
    pub queue: Vec<QueueItem>,
    /// The one thing that needs a person, and how many others there are.
    pub needs: Option<(Verdict, usize)>,
    /// What nobody sees now.
    pub unseen: Vec<OutOfSight>,
    /// Whose lines are missing among those of everything.
    pub unfollowed: Vec<Unfollowed>,
}

/// No views at all.
pub static NOTHING: Views = Views {
    version: 0,
    environments: Vec::new(),
    queue: Vec::new(),
    needs: None,
    unseen: Vec::new(),
    unfollowed: Vec::new(),
};

impl Views {
    /// Works them out.
    #[must_use]
    pub fn of(world: &World, now: Time, version: u64) -> Self {
        let environments = world.environments(now);
        Self {
            version,
            needs: world.needs(now),
            unseen: world.out_of_sight(now),
            unfollowed: world.unfollowed(now),
            queue: world.queue(now),
            environments,
        }
    }

    /// Whether anything goes on by itself, so that seconds matter.
    #[must_use]
    pub fn moving(&self) -> bool {
        self.environments
            .iter()
            .flat_map(|env| env.counts.keys())
            .any(|state| state.moves())
    }
}
