//! One build: how it is told at any time, what it writes and leaves as time passes, and how it is
//! stopped.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::archive;
use super::phase::{Kind, Phase, Status};
use super::ran::Run;
use crate::domain::time::Time;
use crate::sandbox::call::Blob;
use crate::sandbox::realm::{Cx, Site};
use crate::sandbox::services::logs::{Group, Logs};
use crate::sandbox::services::s3::S3;
use crate::sandbox::values::seconds;

/// A build.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Build {
    /// The name of its project.
    pub project: String,
    /// Which of its project, from 1.
    pub number: u64,
    /// When it was asked for.
    pub started: Time,
    /// The token of the call, and until when it stands for this build.
    pub(super) token: Option<(String, Time)>,
    /// The parameters of the call.
    pub(super) asked: Value,
    /// What is told of it whatever the time.
    pub(super) about: Value,
    /// Its phases, as they have been and will be.
    pub phases: Vec<Phase>,
    /// How it ends.
    pub status: Status,
    /// The group and the stream that it writes to.
    pub(super) log: Option<(String, String)>,
    /// What it is still to write.
    pub(super) lines: VecDeque<(Time, String)>,
    /// What it is still to bring away.
    pub(super) upload: Option<Upload>,
    /// How many of its events were told.
    #[serde(default)]
    pub(super) told: usize,
    /// Where its lines go when it is over.
    #[serde(default)]
    pub(super) kept: Option<Kept>,
    /// Where its commands are really run, how far that is; none once it is over.
    #[serde(default)]
    pub(super) run: Option<Run>,
}

/// Lines that are kept in S3.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) bucket: String,
    pub(super) key: String,
    /// When they are; none once they were.
    pub(super) at: Option<Time>,
    /// As they were written so far.
    pub(super) text: String,
}

impl Kept {
    /// What is told of it.
    fn shown(&self) -> (Value, Value) {
        let Self { bucket, key, .. } = self;
        let place = key.rsplit_once('/').map_or("", |(prefix, _)| prefix);
        let location = format!("{bucket}/{place}");
        (
            json!({ "status": "ENABLED", "location": location.trim_end_matches('/'), "encryptionDisabled": false }),
            json!(format!("arn:aws:s3:::{bucket}/{key}")),
        )
    }
}

/// What a build leaves.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Upload {
    pub(super) at: Time,
    pub(super) bucket: String,
    /// By key.
    pub(super) objects: BTreeMap<String, Blob>,
}

impl Build {
    /// True for the build that a call with this token started lately.
    pub(super) fn is_of(&self, project: &str, token: &str, now: Time) -> bool {
        let same = |(own, until): &(String, Time)| own == token && now < *until;
        self.project == project && self.token.as_ref().is_some_and(same)
    }

    /// When it writes or leaves something next.
    pub(super) fn due(&self) -> Option<Time> {
        let line = self.lines.front().map(|(at, _)| *at);
        line.into_iter()
            .chain(self.upload.as_ref().map(|upload| upload.at))
            .chain(self.news())
            .chain(self.kept.as_ref().and_then(|kept| kept.at))
            .chain(self.run.as_ref().map(|run| run.deadline))
            .min()
    }

    /// Writes and leaves what is due.
    pub(super) fn tick(&mut self, id: &str, cx: &mut Cx<'_>) {
        while let Some((at, text)) = self.lines.pop_front_if(|(at, _)| *at <= cx.now) {
            self.write(at, text, cx);
        }
        if let Some(upload) = self.upload.take_if(|upload| upload.at <= cx.now) {
            self.leave(upload, cx);
        }
        self.expire(id, cx);
        self.keep(cx);
        self.tell(id, cx);
    }

    /// Keeps its lines, once it is over.
    fn keep(&mut self, cx: &mut Cx<'_>) {
        let now = cx.now;
        let Some(kept) = &mut self.kept else { return };
        if kept.at.take_if(|at| *at <= now).is_none() {
            return;
        }
        let text = archive::packed(&std::mem::take(&mut kept.text));
        if let Some(s3) = cx.get_mut::<S3>() {
            s3.put(&kept.bucket, &kept.key, &Blob(text), now);
        }
    }

    pub(super) fn write(&mut self, at: Time, text: String, cx: &mut Cx<'_>) {
        let now = cx.now;
        if let Some(kept) = &mut self.kept {
            kept.text.push_str(text.trim_end_matches('\n'));
            kept.text.push('\n');
        }
        if let (Some((group, stream)), Some(logs)) = (&self.log, cx.get_mut::<Logs>()) {
            logs.groups
                .entry(group.clone())
                .or_insert_with(|| Group::new(now))
                .put(stream, at, now, text);
        }
    }

    pub(super) fn leave(&mut self, upload: Upload, cx: &mut Cx<'_>) {
        let now = cx.now;
        if let ([blob], Some(artifacts)) = (
            &upload.objects.values().collect::<Vec<_>>()[..],
            self.about
                .get_mut("artifacts")
                .and_then(Value::as_object_mut),
        ) {
            let sum = hex::encode(Sha256::digest(&blob.0));
            artifacts.insert("sha256sum".to_owned(), json!(sum));
        }
        if let Some(s3) = cx.get_mut::<S3>() {
            for (key, blob) in upload.objects {
                s3.put(&upload.bucket, &key, &blob, now);
            }
        }
    }

    /// Stops it, where it still runs.
    pub(super) fn stop(&mut self, now: Time) -> bool {
        let is_over = self
            .ended()
            .map_or(self.run.is_none(), |ended| now >= ended);
        if is_over {
            return false;
        }
        self.run = None;
        self.phases.retain(|phase| phase.starts <= now);
        if let Some(phase) = self.phases.last_mut() {
            phase.ends = now;
            phase.status = Status::Stopped;
            phase.context = None;
        }
        self.phases.push(Phase {
            kind: Kind::Completed,
            starts: now,
            ends: now,
            status: Status::Succeeded,
            context: None,
        });
        self.status = Status::Stopped;
        self.lines.clear();
        self.upload = None;
        if let Some(kept) = &mut self.kept {
            kept.at = Some(now);
        }
        true
    }

    pub(super) fn ended(&self) -> Option<Time> {
        let last = self.phases.last();
        last.filter(|phase| phase.kind == Kind::Completed)
            .map(|phase| phase.starts)
    }

    /// As it is told at a time.
    pub(super) fn shown(&self, id: &str, place: &Site, now: Time) -> Value {
        let begun = || self.phases.iter().filter(|phase| phase.starts <= now);
        let ended = self.ended().filter(|ended| now >= *ended);
        let phases: Vec<Value> = begun().map(|phase| phase.shown(now)).collect();
        let mut shown = json!({
            "id": id,
            "arn": format!("arn:aws:codebuild:{}:{}:build/{id}", place.region, place.account),
            "buildNumber": self.number,
            "projectName": self.project,
            "startTime": seconds(self.started),
            "endTime": ended.map(seconds),
            "currentPhase": begun().next_back().map(|phase| phase.kind),
            "buildStatus": if ended.is_some() { json!(self.status) } else { json!("IN_PROGRESS") },
            "buildComplete": ended.is_some(),
            "phases": phases,
            "logs": self.logs(place, now),
        });
        if let (Some(shown), Some(about)) = (shown.as_object_mut(), self.about.as_object()) {
            shown.extend(about.clone());
        }
        shown
    }

    /// Where its lines are; before the first of them, and where none are kept, nowhere.
    fn logs(&self, place: &Site, now: Time) -> Value {
        let mut phases = self.phases.iter();
        let writes = phases.any(|phase| phase.kind == Kind::DownloadSource && phase.starts <= now);
        let (region, account) = (&place.region, &place.account);
        let status = if self.log.is_some() {
            "ENABLED"
        } else {
            "DISABLED"
        };
        let named = self.log.as_ref().filter(|_| writes);
        let none = || json!({ "status": "DISABLED", "encryptionDisabled": false });
        let kept = self.kept.as_ref();
        let (kept, kept_arn) = kept.map_or_else(|| (none(), Value::Null), Kept::shown);
        let (group, stream) = named.map_or(("null", "null"), |(group, stream)| (group, stream));
        json!({
            "groupName": named.map(|(group, _)| group),
            "streamName": named.map(|(_, stream)| stream),
            "deepLink": format!("https://console.aws.amazon.com/cloudwatch/home?region={region}#logsV2:log-groups/log-group/{}/log-events/{}", group.replace('/', "$252F"), stream.replace('/', "$252F")),
            "cloudWatchLogsArn": format!("arn:aws:logs:{region}:{account}:log-group:{group}:log-stream:{stream}"),
            "cloudWatchLogs": { "status": status },
            "s3Logs": kept,
            "s3LogsArn": kept_arn,
        })
    }
}
