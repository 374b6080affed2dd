//! Does outside what the world wants done there, where the embedded cloud was started to do that: each
//! errand once, in a private folder of its own, by processes of this machine. The world says what comes
//! next and is told what happened; an errand that it has no more is ended, with all that it started.

mod folder;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc::Receiver;
use tokio::task::{AbortHandle, JoinSet};

use self::folder::Folder;
use super::call::{AwsError, Blob, Call};
use super::errand::{ERRAND, Ended, News, Next, Told, Whose};
use super::levers::lever;
use super::service::Body;
use super::shared::Shared;
use super::world::World;
use crate::domain::masks::{Masks, Secret};
use crate::domain::time::Time;
use crate::os::crew::{Crew, Said, clear};
use crate::os::lock::Lock;
use crate::os::{files, random};

/// Where their folders are, below the state folder.
pub const FOLDER: &str = "builds";

/// How they are called where there is none.
const BESIDE: &str = "holdpoint-builds-";
/// Held as long as somebody works there.
const LOCK: &str = "lock";
/// How often it is looked what the world wants.
const LOOK: Duration = Duration::from_millis(100);
/// So many lines at the most are told at once.
const LINES: usize = 512;

/// Errands with which nobody is any more are over: those of a process that is gone.
pub(super) fn give_up(world: &mut World, now: Time) {
    for (id, whose) in world.levers.errands.open.clone() {
        let why = "the embedded cloud ended while its commands ran";
        let call = told(&whose, &id, News::Lost(why.to_owned()), Blob::default());
        if let Err(why) = world.call(now, &call).answer {
            tracing::error!(%why, "errand {id} of the embedded cloud cannot be ended");
        }
    }
}

/// Does what is wanted. Ends with the time of the world.
pub(super) async fn tend(shared: Shared, folder: PathBuf) {
    let (mut all, mut at_work) = (JoinSet::new(), BTreeMap::<String, AbortHandle>::new());
    let mut told_of = BTreeSet::new();
    clear(&folder);
    // Where it cannot be had, no folder of an errand can: each of them says so.
    let _held = files::private_folder(&folder).map(|()| Lock::exclusive(&folder.join(LOCK)));
    loop {
        let wanted = shared.look(|world| world.levers.errands.open.clone());
        at_work.retain(|id, handle| {
            let stays = wanted.contains_key(id);
            if !stays {
                handle.abort();
            }
            stays
        });
        for (id, whose) in wanted {
            match at_work.get(&id) {
                None => {
                    let errand = Errand {
                        shared: shared.clone(),
                        id: id.clone(),
                        whose,
                    };
                    let handle = all.spawn(errand.run(folder.clone()));
                    at_work.insert(id, handle);
                }
                // It went without a word.
                Some(handle) if handle.is_finished() && told_of.insert(id.clone()) => {
                    let why = "what ran its commands is gone".to_owned();
                    let errand = Errand {
                        shared: shared.clone(),
                        id,
                        whose,
                    };
                    let _ = errand.tell(News::Lost(why), Vec::new()).await;
                }
                Some(_) => shared.touch(),
            }
        }
        while all.try_join_next().is_some() {}
        if !shared.pause(LOOK).await {
            return;
        }
    }
}

/// One of them.
struct Errand {
    shared: Shared,
    id: String,
    whose: Whose,
}

impl Errand {
    async fn run(self, folder: PathBuf) {
        let done = match Folder::new(&folder) {
            Ok(folder) => self.carry_out(&folder).await,
            Err(why) => Err(format!("{}: {why}", folder.display())),
        };
        if let Err(why) = done
            && let Err(why) = self.tell(News::Lost(why), Vec::new()).await
        {
            tracing::warn!(%why, "what became of {} cannot be told", self.id);
        }
    }

    /// The error is why nobody is with it any more.
    async fn carry_out(&self, folder: &Folder) -> Result<(), String> {
        let mut crew: Option<(Crew, Receiver<Said>)> = None;
        let mut masks = Masks::default();
        let mut next = self.tell(News::Taken, Vec::new()).await?;
        loop {
            next = match next {
                Next::Unpack {
                    fetch,
                    variables,
                    covered,
                } => {
                    for value in covered.iter().filter_map(|name| variables.get(name)) {
                        masks.add(&Secret::new(value.clone()));
                    }
                    let came = if fetch {
                        let bytes = self.fetch().await?;
                        folder.unpack(bytes).await
                    } else {
                        Ok(())
                    };
                    let variables = folder.variables(variables);
                    let started = Crew::start(&folder.kept(), &folder.source(), variables);
                    crew = Some(started.map_err(|why| format!("no shell can be started: {why}"))?);
                    self.tell(News::Unpacked(came.err()), Vec::new()).await?
                }
                Next::Run { command, variables } => {
                    let (crew, lines) = crew.as_mut().ok_or("there is no shell")?;
                    let ended = self.command(crew, lines, &command, &variables, &masks);
                    let ended = ended.await?;
                    self.tell(News::Ran(ended), Vec::new()).await?
                }
                Next::Pack { base, files } => match folder.pack(base, files).await {
                    Ok((many, bytes)) => self.tell(News::Packed(Ok(many)), bytes).await?,
                    Err(why) => self.tell(News::Packed(Err(why)), Vec::new()).await?,
                },
                Next::GoOn => return Err("nothing is said of what comes next".to_owned()),
                Next::Over => return Ok(()),
            };
        }
    }

    /// Runs a command to its end; what it writes is told as it comes.
    async fn command(
        &self,
        crew: &Crew,
        lines: &mut Receiver<Said>,
        command: &str,
        variables: &BTreeMap<String, String>,
        masks: &Masks,
    ) -> Result<Ended, String> {
        let mut running = match crew.run(command, variables) {
            Ok(running) => running,
            Err(why) => return Ok(Ended::Never(format!("it cannot be started: {why}"))),
        };
        let (mut ended, mut said) = (None, Vec::new());
        loop {
            tokio::select! {
                exit = running.ended(), if ended.is_none() => {
                    let exit = exit.map_err(|why| format!("how {command} ended is not known: {why}"))?;
                    ended = Some(match (exit.code, exit.signal) {
                        (Some(code), _) => Ended::Exit(code),
                        (None, signal) => Ended::Signal(signal.unwrap_or_default()),
                    });
                    crew.over().map_err(|why| format!("what {command} wrote is lost: {why}"))?;
                }
                many = lines.recv_many(&mut said, LINES) => {
                    let is_over = many == 0 || said.contains(&Said::Over);
                    let told = said.drain(..).filter_map(|one| match one {
                        Said::Line(line) => Some(masks.cover_text(&line)),
                        Said::Over => None,
                    });
                    let told: Vec<String> = told.collect();
                    if !told.is_empty() {
                        self.tell(News::Lines(told), Vec::new()).await?;
                    }
                    if is_over {
                        return ended.ok_or_else(|| format!("nothing is known of {command} any more"));
                    }
                }
            }
        }
    }

    /// What it begins with.
    async fn fetch(&self) -> Result<Vec<u8>, String> {
        let call = told(&self.whose, &self.id, News::Fetch, Blob::default());
        let answer = self.shared.call_soon(call).await.answer;
        match answer.map_err(|why| why.to_string())?.body {
            Body::Bytes(bytes) => Ok(bytes),
            Body::Tree(_) | Body::Feed(_) | Body::Later(_) => Err("no source came".to_owned()),
        }
    }

    /// Tells what happened; gives what comes next.
    async fn tell(&self, news: News, content: Vec<u8>) -> Result<Next, String> {
        let call = told(&self.whose, &self.id, news, Blob(content));
        let answer: Result<_, AwsError> = self.shared.call_soon(call).await.answer;
        let reply = answer.map_err(|why| why.to_string())?;
        serde_json::from_value(reply.tree().clone()).map_err(|why| why.to_string())
    }
}

fn told(whose: &Whose, id: &str, news: News, content: Blob) -> Call {
    let told = Told {
        service: whose.service.clone(),
        id: id.to_owned(),
        news,
    };
    let told = serde_json::to_value(told).unwrap_or(Value::Null);
    Call {
        body: content,
        ..lever(ERRAND, told).by(&whose.account, &whose.region)
    }
}

/// Where folders of errands are made where there is no state folder. What others left there, that are
/// gone by now, goes.
pub(super) fn without_state() -> PathBuf {
    let around = std::env::temp_dir();
    for one in fs::read_dir(&around).into_iter().flatten().flatten() {
        let is_one = one
            .file_name()
            .to_str()
            .is_some_and(|name| name.starts_with(BESIDE));
        if is_one && matches!(Lock::exclusive(&one.path().join(LOCK)), Ok(Some(_))) {
            clear(&one.path());
        }
    }
    around.join(format!("{BESIDE}{}", random::id().simple()))
}

#[cfg(test)]
mod tests;
