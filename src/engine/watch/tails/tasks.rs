//! The streams of the tasks that began with a deployment, followed by one task a stack. What is
//! read as a whole group is not read once more.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{PROOF, REFUSED, Tails, ToEngine, Wanted, prove};
use crate::aws::target;
use crate::domain::ids::StackId;
use crate::domain::place::Place;
use crate::observe::Stream;
use crate::observe::logs::Streams;

/// The streams of a stack that are followed; it ends with this.
pub(super) struct Followed {
    place: Place,
    streams: watch::Sender<Vec<Stream>>,
    task: JoinHandle<()>,
}

impl Followed {
    /// Whether they are of what is watched still.
    pub(super) fn is_for(&self, what: &Wanted) -> bool {
        !what.far && what.places.of_kind(target::KIND) == Some(&self.place)
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Tails {
    /// Takes which streams there are of the tasks of a stack.
    pub(in crate::engine::watch) fn streams(
        &mut self,
        stack: &StackId,
        what: &Wanted,
        streams: &[Stream],
    ) {
        let is_new = |one: &&Stream| !what.logs.contains(&one.group);
        let streams: Vec<Stream> = streams.iter().filter(is_new).cloned().collect();
        let known = self.tasks.get(stack).filter(|known| known.is_for(what));
        match (known, what.places.of_kind(target::KIND)) {
            (Some(known), _) => {
                known.streams.send_if_modified(|before| {
                    let is_new = *before != streams;
                    *before = streams;
                    is_new
                });
            }
            (None, Some(place)) if !streams.is_empty() => {
                let followed = self.begin(stack, place, streams);
                self.tasks.insert(stack.clone(), followed);
            }
            (None, _) => {}
        }
    }

    fn begin(&self, stack: &StackId, place: &Place, streams: Vec<Stream>) -> Followed {
        let (sender, wanted) = watch::channel(streams);
        let (sighted, _) = watch::channel(None);
        let out = Arc::new(ToEngine {
            lines: self.lines.clone(),
            sighted,
        });
        let (stack, at) = (stack.clone(), place.clone());
        let (eyes, clients, clock) = (self.eyes.clone(), self.clients.clone(), self.clock.clone());
        let task = tokio::spawn(async move {
            loop {
                let proven = prove(eyes.as_ref(), &stack.env, Some(&at), PROOF).await;
                let cloud = match proven {
                    Ok(()) => clients.at(&at).await,
                    Err(failure) => Err(failure),
                };
                match cloud {
                    Ok(cloud) => {
                        let cloud = Arc::new(cloud.watching());
                        let streams = Streams::new(cloud, clock, stack, wanted, out);
                        return streams.follow().await;
                    }
                    // The same is told of what the stack itself is looked at with.
                    Err(failure) => {
                        tracing::warn!(
                            "the tasks of {stack} are not followed: {}",
                            failure.summary
                        );
                    }
                }
                clock.sleep(REFUSED).await;
            }
        });
        Followed {
            place: place.clone(),
            streams: sender,
            task,
        }
    }
}
