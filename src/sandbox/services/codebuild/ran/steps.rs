//! What comes of each step outside is told here, and says what comes next. The order of the phases is
//! that of every other build.

use std::collections::BTreeMap;

use super::super::build::Build;
use super::super::container::{self, Line};
use super::super::phase::{Kind, OPEN, Phase, Status};
use super::super::place::is_there;
use super::super::timeline::{goes_on, reason};
use super::{Run, own};
use crate::domain::time::Time;
use crate::sandbox::call::{AwsError, Blob};
use crate::sandbox::errand::{Ended, News, Next};
use crate::sandbox::realm::Cx;
use crate::sandbox::service::{Body, Reply};

/// The code of a command that failed.
const FAILED: &str = "COMMAND_EXECUTION_ERROR";

impl Build {
    /// What happened outside, and what comes next.
    pub(in super::super) fn hear(
        &mut self,
        id: &str,
        news: &News,
        content: &Blob,
        cx: &mut Cx<'_>,
    ) -> Result<Reply, AwsError> {
        let Some(mut run) = self.run.take() else {
            return Err(AwsError::validation(format!("build {id} is over")));
        };
        if *news == News::Fetch {
            let bytes = run.fetched(cx);
            self.run = Some(run);
            return Ok(Reply::of(Body::Bytes(bytes.unwrap_or_default())));
        }
        let next = self.next(&mut run, news, content, cx);
        if next == Next::Over {
            self.end(
                id,
                run.over.map_or(Status::Succeeded, |(_, status)| status),
                cx,
            );
        } else {
            self.run = Some(run);
        }
        let next = serde_json::to_value(next);
        let next = next.map_err(|why| AwsError::validation(why.to_string()))?;
        Ok(next.into())
    }

    /// Has it taken too long, it is over.
    pub(in super::super) fn expire(&mut self, id: &str, cx: &mut Cx<'_>) {
        if self.run.take_if(|run| run.deadline <= cx.now).is_some() {
            self.close(Status::TimedOut, reason(Status::TimedOut, None), cx);
            self.end(id, Status::TimedOut, cx);
        }
    }

    fn next(&mut self, run: &mut Run, news: &News, content: &Blob, cx: &mut Cx<'_>) -> Next {
        let at = self.phases.last().map(|phase| phase.kind);
        match (at, news) {
            (_, News::Lost(why)) => {
                run.over = Some((Kind::Finalizing, Status::Fault));
                self.close(Status::Fault, reason(Status::Fault, Some(why)), cx);
                Next::Over
            }
            (Some(Kind::Provisioning), News::Taken) => {
                self.close(Status::Succeeded, None, cx);
                self.open(Kind::DownloadSource, cx.now);
                if let Some(why) = run.trouble.take() {
                    return self.failed(run, why, cx);
                }
                self.says(run.begins(), cx);
                run.unpack(cx)
            }
            (Some(Kind::DownloadSource), News::Unpacked(None)) => {
                self.close(Status::Succeeded, None, cx);
                self.on(run, cx)
            }
            (Some(Kind::DownloadSource), News::Unpacked(Some(why))) => {
                self.failed(run, ("CLIENT_ERROR".to_owned(), why.clone()), cx)
            }
            (_, News::Lines(lines)) => {
                for line in lines {
                    self.write(cx.now, format!("{line}\n"), cx);
                }
                Next::GoOn
            }
            (Some(kind), News::Ran(ended)) if kind.has_commands() => self.ran(run, kind, ended, cx),
            (Some(Kind::UploadArtifacts), News::Packed(packed)) => {
                match run.left(packed, content, cx.now) {
                    Ok((files, upload)) => {
                        self.says(container::upload(&run.base, files), cx);
                        self.leave(upload, cx);
                        self.close(Status::Succeeded, None, cx);
                        self.on(run, cx)
                    }
                    Err(why) => self.failed(run, ("CLIENT_ERROR".to_owned(), why), cx),
                }
            }
            // Told twice, or by nobody who knows what it is about.
            (_, News::Taken | News::Fetch | News::Unpacked(_) | News::Ran(_) | News::Packed(_)) => {
                Next::GoOn
            }
        }
    }

    /// A command of a phase is over: the next one, or the next phase. Where one fails, what is run at
    /// the end of the phase in any case comes next.
    fn ran(&mut self, run: &mut Run, kind: Kind, ended: &Ended, cx: &mut Cx<'_>) -> Next {
        let (main, finally) = run.commands.get(&kind).map_or((0, 0), |(main, finally)| {
            (main.len(), main.len() + finally.len())
        });
        let command = run.command(kind).unwrap_or_default();
        let how = match ended {
            Ended::Exit(0) => None,
            Ended::Exit(code) => Some(format!("exit status {code}")),
            Ended::Signal(signal) => Some(format!("signal {signal}")),
            Ended::Never(why) => Some(why.clone()),
        };
        if let Some(how) = how {
            let says = format!("Command did not exit successfully {command} {how}");
            self.says(vec![own(says)], cx);
            let message = format!("Error while executing command: {command}. Reason: {how}");
            run.trouble = run.trouble.take().or(Some((FAILED.to_owned(), message)));
            run.nth = if run.nth < main { main } else { run.nth + 1 };
        } else {
            run.nth += 1;
        }
        if run.nth < finally {
            return self.command(run, kind, cx);
        }
        if let Some(why) = run.trouble.take() {
            return self.failed(run, why, cx);
        }
        self.close(Status::Succeeded, None, cx);
        self.on(run, cx)
    }

    fn command(&mut self, run: &Run, kind: Kind, cx: &mut Cx<'_>) -> Next {
        let command = run.command(kind).unwrap_or_default();
        self.says(vec![own(format!("Running command {command}"))], cx);
        let succeeds = run.over.is_none() && run.trouble.is_none();
        let succeeds = if succeeds { "1" } else { "0" };
        Next::Run {
            command,
            variables: BTreeMap::from([(
                "CODEBUILD_BUILD_SUCCEEDING".to_owned(),
                succeeds.to_owned(),
            )]),
        }
    }

    /// The phase ends badly.
    fn failed(&mut self, run: &mut Run, why: (String, String), cx: &mut Cx<'_>) -> Next {
        let at = self
            .phases
            .last()
            .map_or(Kind::Submitted, |phase| phase.kind);
        run.over = run.over.or(Some((at, Status::Failed)));
        self.close(Status::Failed, Some(why), cx);
        self.on(run, cx)
    }

    /// Goes on to the next phase in which something is to be done outside.
    fn on(&mut self, run: &mut Run, cx: &mut Cx<'_>) -> Next {
        let after = self.phases.last().map(|phase| phase.kind);
        for kind in Kind::ALL {
            let comes = run.over.is_none_or(|over| goes_on(over, kind));
            if Some(kind) <= after || !comes {
                continue;
            }
            if kind == Kind::Completed {
                return Next::Over;
            }
            self.open(kind, cx.now);
            if kind.has_commands() {
                self.says(vec![own(format!("Entering phase {}", kind.name()))], cx);
                run.nth = 0;
                if run.command(kind).is_some() {
                    return self.command(run, kind, cx);
                }
            }
            if let Some(place) = run.place.as_ref().filter(|_| kind == Kind::UploadArtifacts) {
                return match is_there(place, 0, cx) {
                    Ok(_) => Next::Pack {
                        base: run.base.clone(),
                        files: run.files.clone(),
                    },
                    Err(why) => self.failed(run, ("CLIENT_ERROR".to_owned(), why), cx),
                };
            }
            self.close(Status::Succeeded, None, cx);
        }
        Next::Over
    }

    pub(super) fn open(&mut self, kind: Kind, now: Time) {
        self.phases.push(Phase {
            kind,
            starts: now,
            ends: OPEN,
            status: Status::Succeeded,
            context: None,
        });
    }

    pub(super) fn close(
        &mut self,
        status: Status,
        context: Option<(String, String)>,
        cx: &mut Cx<'_>,
    ) {
        let Some(phase) = self.phases.last_mut().filter(|phase| phase.ends == OPEN) else {
            return;
        };
        let kind = phase.kind;
        let lines = container::complete(kind, status, context.as_ref());
        (phase.ends, phase.status, phase.context) = (cx.now, status, context);
        let is_told = (Kind::DownloadSource..Kind::Finalizing).contains(&kind);
        if is_told && !matches!(status, Status::Fault | Status::TimedOut) {
            self.says(lines.into(), cx);
        }
    }

    fn end(&mut self, id: &str, status: Status, cx: &mut Cx<'_>) {
        self.open(Kind::Completed, cx.now);
        if let Some(phase) = self.phases.last_mut() {
            phase.ends = cx.now;
        }
        self.status = status;
        if let Some(kept) = &mut self.kept {
            kept.at = Some(cx.now);
        }
        cx.levers.errands.open.remove(id);
    }

    /// The container says something itself.
    fn says(&mut self, lines: Vec<Line>, cx: &mut Cx<'_>) {
        let stamp = cx.now.text("%Y/%m/%d %H:%M:%S%.6f");
        for line in lines {
            self.write(cx.now, format!("[Container] {stamp} {}\n", line.text), cx);
        }
    }
}
