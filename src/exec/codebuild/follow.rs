//! A build is followed to its end, and stopped where that is wished or it takes longer than its
//! step may.

use std::time::Duration;

use futures_util::future::select;
use serde_json::{Value, json};

use super::outcome::{self, Stopped};
use crate::aws::Cloud;
use crate::aws::codebuild::Followed;
use crate::domain::deployment::PHASES;
use crate::domain::failure::{Failure, Retry};
use crate::domain::line::Severity;
use crate::domain::plan::Output;
use crate::exec::Job;
use crate::exec::wait::{LOST, passes, pause};
use crate::forms::codebuild::{Build, Given};

/// How long until the lines of a build that is over are read once more.
const SOON: Duration = Duration::from_secs(3);

/// Follows a build, and says what came of it.
pub(super) async fn follow(
    job: &Job,
    cloud: &Cloud,
    id: &str,
    artifact: &Value,
) -> Result<Output, Failure> {
    let mut heard = cloud.hear_of_build(id);
    let mut followed = Followed::after(job.port.reached().await);
    // Since when it is followed, where CodeBuild does not say when it was asked for.
    let now = cloud.now();
    let mut stopping = None;
    let mut noted = job.notes.get(PHASES).cloned();
    let (mut waited, mut lost, mut gone) = (Duration::ZERO, 0, 0);
    loop {
        let mut soon = pause(cloud.is_local(), waited);
        match cloud.build(id).await {
            Ok(Some(build)) => {
                (lost, gone) = (0, 0);
                note(job, &build, &mut noted).await?;
                let (given, is_all) = followed.seen(cloud, &build).await;
                give(job, given);
                if is_all {
                    return outcome::of(&build, followed.told(), artifact, stopping);
                }
                if build.is_over() {
                    soon = soon.min(SOON);
                } else if stopping.is_none() {
                    let takes = cloud.now().since(build.started.unwrap_or(now));
                    let late = (takes >= job.limit).then_some(Stopped::Late(job.limit));
                    let cancelled = job.port.is_cancelled().then_some(Stopped::Cancelled);
                    if let Some(why) = cancelled.or(late)
                        && stop(job, cloud, id, &mut followed).await
                    {
                        stopping = Some(why);
                    }
                }
            }
            // A build that was only just started may not be known everywhere yet.
            Ok(None) if gone < LOST => gone += 1,
            Ok(None) => return Err(nowhere(id)),
            Err(trouble) if lost < LOST && passes(&trouble) => lost += 1,
            Err(trouble) => return Err(trouble.out_of_sight()),
        }
        if job.port.is_cancelled() {
            job.port.sleep(soon).await;
        } else {
            // Who is told that it went on looks now: CodeBuild alone says how.
            let news = select(job.port.sleep(soon), Box::pin(heard.went_on()));
            select(news, job.port.cancelled()).await;
        }
        waited += soon;
    }
}

/// Asks CodeBuild to stop it, and whether that was answered. Whatever the answer, its end is waited
/// for.
async fn stop(job: &Job, cloud: &Cloud, id: &str, followed: &mut Followed) -> bool {
    let (severity, text) = match cloud.stop_build(id).await {
        Ok(()) => (Severity::Warn, "stop asked for".to_owned()),
        Err(trouble) if passes(&trouble) => return false,
        Err(trouble) => {
            let why = &trouble.failure.summary;
            (
                Severity::Error,
                format!("cannot be stopped, and goes on: {why}"),
            )
        }
    };
    give(job, followed.remark(severity, &text));
    true
}

/// Notes its phases where they are others than was noted.
async fn note(job: &Job, build: &Build, noted: &mut Option<Value>) -> Result<(), Failure> {
    let phases = json!(build.runs());
    if noted.as_ref() != Some(&phases) {
        job.port.note(PHASES, phases.clone()).await?;
        *noted = Some(phases);
    }
    Ok(())
}

fn give(job: &Job, given: Vec<Given>) {
    for one in given {
        let Given {
            nth,
            severity,
            part,
            mark,
            text,
            ..
        } = one;
        job.port.phase_line(nth, severity, part, mark, text);
    }
}

fn nowhere(id: &str) -> Failure {
    Failure::new(format!("CodeBuild does not know build {id} any more"))
        .hint("somebody deleted it: see what it left, then resolve the step as done or failed")
        .retry(Retry::AskAPerson)
}
