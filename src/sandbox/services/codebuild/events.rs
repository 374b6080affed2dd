//! What a build tells to the bus of events while it goes on: its state when it begins and when it
//! is over, and each phase that ended between.

use serde_json::{Value, json};

use super::build::Build;
use super::phase::{Kind, OPEN, Phase};
use crate::domain::time::Time;
use crate::sandbox::realm::{Cx, Site};
use crate::sandbox::services::events::{Happened, happened};

const SOURCE: &str = "aws.codebuild";
const STATE: &str = "CodeBuild Build State Change";
const PHASE: &str = "CodeBuild Build Phase Change";
/// How times stand in events.
const PATTERN: &str = "%b %-d, %Y %-I:%M:%S %p";

impl Build {
    /// When there is something new to tell; nothing once its end was told.
    pub(super) fn news(&self) -> Option<Time> {
        let Some(nth) = self.told.checked_sub(1) else {
            return Some(self.started);
        };
        let ended = self.phases.get(nth).map(|phase| phase.ends);
        ended.filter(|at| *at != OPEN)
    }

    /// Tells what is due.
    pub(super) fn tell(&mut self, id: &str, cx: &mut Cx<'_>) {
        while self.news().is_some_and(|at| at <= cx.now) {
            let ended = self
                .told
                .checked_sub(1)
                .and_then(|nth| self.phases.get(nth));
            let (kind, detail) = match ended {
                None => (STATE, self.detail(id, "IN_PROGRESS", &cx.place, cx.now)),
                Some(phase) if phase.kind == Kind::Completed => {
                    let status = self.status.name();
                    (STATE, self.detail(id, status, &cx.place, cx.now))
                }
                Some(phase) => {
                    let mut detail = self.detail(id, "IN_PROGRESS", &cx.place, cx.now);
                    if let Some(fields) = detail.as_object_mut() {
                        fields.extend(completed(phase));
                    }
                    (PHASE, detail)
                }
            };
            self.told += 1;
            let resources = vec![arn(id, &cx.place)];
            let news = Happened {
                source: SOURCE,
                kind,
                resources,
                detail,
            };
            happened(&news, cx);
        }
    }

    fn detail(&self, id: &str, status: &str, place: &Site, now: Time) -> Value {
        let is_over = status != "IN_PROGRESS";
        let begun = self.phases.iter().filter(|phase| phase.starts <= now);
        let current = begun.clone().next_back().map(|phase| phase.kind);
        let (group, stream) = self.log.clone().unwrap_or_default();
        json!({
            "build-id": arn(id, place),
            "build-status": status,
            "project-name": self.project,
            "current-phase": current,
            "current-phase-context": "[]",
            "version": "1",
            "additional-information": {
                "build-complete": is_over,
                "build-number": self.number,
                "build-start-time": self.started.text(PATTERN),
                "initiator": self.about.get("initiator"),
                "timeout-in-minutes": self.about.get("timeoutInMinutes"),
                "logs": {
                    "group-name": group,
                    "stream-name": stream,
                    "deep-link": format!("https://console.aws.amazon.com/cloudwatch/home?region={}", place.region),
                },
                "phases": begun.map(|phase| row(phase, now)).collect::<Vec<Value>>(),
            },
        })
    }
}

/// A phase in a list; one that still runs has no end.
fn row(phase: &Phase, now: Time) -> Value {
    let mut row = json!({ "phase-type": phase.kind, "start-time": phase.starts.text(PATTERN) });
    if let Some(fields) = row.as_object_mut()
        && phase.kind != Kind::Completed
        && phase.ends <= now
    {
        let ended = json!({
            "phase-status": phase.status,
            "end-time": phase.ends.text(PATTERN),
            "duration-in-seconds": phase.ends.since(phase.starts).as_secs(),
            "phase-context": [context(phase)],
        });
        fields.extend(ended.as_object().cloned().unwrap_or_default());
    }
    row
}

fn completed(phase: &Phase) -> serde_json::Map<String, Value> {
    let fields = json!({
        "completed-phase": phase.kind,
        "completed-phase-status": phase.status,
        "completed-phase-duration-seconds": phase.ends.since(phase.starts).as_secs(),
        "completed-phase-start": phase.starts.text(PATTERN),
        "completed-phase-end": phase.ends.text(PATTERN),
        "completed-phase-context": format!("[{}]", context(phase)),
    });
    fields.as_object().cloned().unwrap_or_default()
}

fn context(phase: &Phase) -> String {
    let (code, message) = phase.context.clone().unwrap_or_default();
    format!("{code}: {message}")
}

fn arn(id: &str, place: &Site) -> String {
    format!(
        "arn:aws:codebuild:{}:{}:build/{id}",
        place.region, place.account
    )
}
