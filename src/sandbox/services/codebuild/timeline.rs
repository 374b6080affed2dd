//! A build from its beginning to its end, laid out when it is asked for: which phases there are,
//! when each begins and ends and how, and what is written when.

use std::collections::{BTreeMap, VecDeque};

use super::buildspec::Buildspec;
use super::container::{self, Failing, Line};
use super::ending::Ending;
use super::phase::{Kind, Phase, Status};
use super::source::Source;
use crate::domain::time::Time;
use crate::sandbox::realm::Cx;

/// What decides about it.
#[derive(Debug)]
pub(super) struct Order<'a> {
    /// What is to be done, or why that cannot be read.
    pub(super) buildspec: &'a Result<Buildspec, String>,
    /// How it ends.
    pub(super) ending: &'a Ending,
    /// The variables that its commands see.
    pub(super) variables: &'a BTreeMap<String, String>,
    /// What stands in the source, where that is known.
    pub(super) source: Option<&'a Source>,
    /// Why its variables do not come.
    pub(super) no_parameter: Option<String>,
    /// Why the source does not come.
    pub(super) no_source: Option<String>,
    /// How many files go into the artifact, or why it cannot be brought away; none without one.
    pub(super) artifact: Option<Result<usize, String>>,
    /// How long it may take, in minutes.
    pub(super) minutes: f64,
}

/// Such a build.
#[derive(Debug)]
pub(super) struct Timeline {
    /// Its phases in their order.
    pub(super) phases: Vec<Phase>,
    /// What it writes, and when.
    pub(super) lines: VecDeque<(Time, String)>,
    /// How it ends.
    pub(super) status: Status,
    /// When its artifact is brought away.
    pub(super) uploads: Option<Time>,
}

/// One phase, before it has its time.
struct Act {
    seconds: f64,
    status: Status,
    context: Option<(String, String)>,
    lines: Vec<Line>,
}

impl Timeline {
    /// Lays it out from now on.
    pub(super) fn of(order: &Order<'_>, cx: &Cx<'_>) -> Self {
        let (mut phases, mut lines, mut uploads) = (Vec::new(), VecDeque::new(), None);
        let mut over: Option<(Kind, Status)> = None;
        let mut at = 0.0;
        for kind in Kind::ALL {
            if over.is_some_and(|over| !goes_on(over, kind)) {
                continue;
            }
            let mut act = order.act(kind, over);
            let left = (order.minutes * 60.0 - at).max(0.0);
            let is_limited = (Kind::Provisioning..=Kind::UploadArtifacts).contains(&kind);
            if is_limited && act.seconds > left {
                let share = left / act.seconds;
                act.lines.retain(|line| line.at < share);
                for line in &mut act.lines {
                    line.at /= share;
                }
                (act.seconds, act.status) = (left, Status::TimedOut);
                act.context = reason(Status::TimedOut, None);
            } else if kind >= Kind::DownloadSource
                && kind < Kind::Finalizing
                && !matches!(act.status, Status::Fault | Status::TimedOut)
            {
                let ends = container::complete(kind, act.status, act.context.as_ref());
                act.lines.extend(ends);
            }
            let (starts, ends) = (cx.after(at), cx.after(at + act.seconds));
            for line in act.lines {
                let when = cx.after(at + act.seconds * line.at);
                let text = if line.is_own {
                    let stamp = when.text("%Y/%m/%d %H:%M:%S%.6f");
                    format!("[Container] {stamp} {}\n", line.text)
                } else {
                    format!("{}\n", line.text)
                };
                lines.push_back((when, text));
            }
            if kind == Kind::UploadArtifacts && act.status == Status::Succeeded {
                uploads = Some(ends);
            }
            if act.status != Status::Succeeded {
                over = over.or(Some((kind, act.status)));
            }
            phases.push(Phase {
                kind,
                starts,
                ends,
                status: act.status,
                context: act.context,
            });
            at += act.seconds;
        }
        Self {
            phases,
            lines,
            status: over.map_or(Status::Succeeded, |(_, status)| status),
            uploads,
        }
    }
}

/// Whether a phase comes, once an earlier one did not end well. After the commands of BUILD failed
/// those of `POST_BUILD` run, and what there is is brought away.
pub(super) fn goes_on((at, status): (Kind, Status), next: Kind) -> bool {
    let cleans_up = at >= Kind::DownloadSource && next == Kind::Finalizing;
    next == Kind::Completed || (status == Status::Failed && (at >= Kind::Build || cleans_up))
}

/// The code and the message of an end that is not a good one.
pub(super) fn reason(status: Status, words: Option<&str>) -> Option<(String, String)> {
    let (code, usual) = match status {
        Status::Fault => (
            "INTERNAL_SERVICE_ERROR",
            "CodeBuild is experiencing an internal error. Try again later.",
        ),
        Status::TimedOut => ("BUILD_TIMED_OUT", "Build has timed out. "),
        Status::Failed => ("CLIENT_ERROR", "it failed"),
        Status::Succeeded | Status::Stopped => return None,
    };
    Some((code.to_owned(), words.unwrap_or(usual).to_owned()))
}

impl Order<'_> {
    fn act(&self, kind: Kind, over: Option<(Kind, Status)>) -> Act {
        let mut act = match kind {
            Kind::Submitted | Kind::Completed => Act::of(0.0),
            Kind::Queued => Act::of(1.0),
            Kind::Provisioning => Act::of(6.0),
            Kind::Finalizing => Act::of(2.0),
            Kind::DownloadSource => self.download(),
            Kind::Install | Kind::PreBuild | Kind::Build | Kind::PostBuild => self.commands(kind),
            Kind::UploadArtifacts => self.upload(over.is_some_and(|(at, _)| at <= Kind::Build)),
        };
        act.seconds += self.ending.slow.get(&kind).copied().unwrap_or(0.0);
        match self.ending.of(kind) {
            Some((Status::Failed, words)) if kind.has_commands() => {
                if let (Some(words), Some((_, message))) = (words, &mut act.context) {
                    words.clone_into(message);
                }
            }
            Some((status, words)) => {
                act.status = status;
                act.context = reason(status, words);
            }
            None => {}
        }
        act
    }

    fn download(&self) -> Act {
        let usual = Act::of(2.0);
        let failed = |code: &str, message: &str| Act {
            status: Status::Failed,
            context: Some((code.to_owned(), message.to_owned())),
            ..Act::of(2.0)
        };
        if let Some(why) = &self.no_parameter {
            return failed("Decrypted Variables Error", why);
        }
        match (&self.no_source, self.buildspec) {
            (Some(why), _) => failed("CLIENT_ERROR", why),
            (None, Err(why)) => failed("YAML_FILE_ERROR", why),
            (None, Ok(buildspec)) => Act {
                lines: container::download(buildspec),
                ..usual
            },
        }
    }

    fn commands(&self, kind: Kind) -> Act {
        let all = self
            .buildspec
            .as_ref()
            .map_or(&[][..], |buildspec| buildspec.commands(kind));
        let usual = match kind {
            _ if all.is_empty() => 0.0,
            Kind::Build => self.ending.seconds.unwrap_or(14.0),
            Kind::Install => 8.0,
            _ => 3.0,
        };
        let by_itself = all
            .iter()
            .enumerate()
            .find_map(|(nth, command)| self.exit(command).map(|exit| Failing { nth, exit }));
        let last = |exit: i64| Failing {
            nth: all.len().saturating_sub(1),
            exit,
        };
        let exit = self.ending.exit.filter(|exit| *exit != 0);
        let told = match self.ending.of(kind) {
            Some((Status::Failed, _)) => Some(last(exit.unwrap_or(1))),
            Some(_) => None,
            None => exit.filter(|_| kind == Kind::Build).map(last),
        };
        let failing = by_itself.or(told);
        let context = failing.map(|failing| {
            let command = all.get(failing.nth).map_or("", String::as_str);
            let message = format!(
                "Error while executing command: {command}. Reason: exit status {}",
                failing.exit
            );
            ("COMMAND_EXECUTION_ERROR".to_owned(), message)
        });
        Act {
            seconds: usual,
            status: if failing.is_some() {
                Status::Failed
            } else {
                Status::Succeeded
            },
            context,
            lines: container::commands(kind, all, failing, self.variables, self.source),
        }
    }

    /// With what a command exits, where it fails by itself.
    fn exit(&self, command: &str) -> Option<i64> {
        match self.source.and_then(|source| source.run(command)) {
            Some(ran) => Some(ran.exit).filter(|exit| *exit != 0),
            None => container::exit(command),
        }
    }

    /// Where the commands of BUILD failed they made nothing to bring away. What they made is brought
    /// away also of a build that failed after them.
    fn upload(&self, failed: bool) -> Act {
        let base = self.buildspec.as_ref().ok();
        let base = base
            .and_then(|buildspec| buildspec.base.as_deref())
            .unwrap_or(".");
        let refused = |why: String| Act {
            status: Status::Failed,
            context: Some(("CLIENT_ERROR".to_owned(), why)),
            ..Act::of(1.0)
        };
        match &self.artifact {
            None => Act::of(0.0),
            Some(_) if failed => {
                refused(format!("no matching base directory path found for {base}"))
            }
            Some(Err(why)) => refused(why.clone()),
            Some(Ok(files)) => Act {
                lines: container::upload(base, *files),
                ..Act::of(2.0)
            },
        }
    }
}

impl Act {
    /// A phase that ends well after so many seconds.
    fn of(seconds: f64) -> Self {
        Self {
            seconds,
            status: Status::Succeeded,
            context: None,
            lines: Vec::new(),
        }
    }
}
