//! `StartLiveTail`: an event stream that stays open. One update a second, at most 500 events in it
//! (then it says that it is sampled), three hours at most. The seconds are those of the beat.

use std::time::Duration;

use serde_json::{Value, json};

use super::api::{Wanted, arn, group_name, no_group};
use super::{LogEvent, Logs};
use crate::domain::time::Time;
use crate::sandbox::call::{AwsError, Params};
use crate::sandbox::realm::{Cx, Realm};
use crate::sandbox::service::{Feed, Frame, Turn};

const MOST: usize = 500;
const EVERY: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_hours(3);

/// One live tail.
#[derive(Debug)]
pub struct Tail {
    /// Each group with the number of the event that it tells next.
    groups: Vec<(String, u64)>,
    wanted: Wanted,
    began: Time,
    next: Time,
    /// Told once, when it begins.
    start: Option<Value>,
}

impl Tail {
    /// Begins with what arrives from now on.
    pub fn open(logs: &Logs, cx: &Cx<'_>, params: Params<'_>) -> Result<Self, AwsError> {
        let names: Vec<&str> = params
            .texts("logGroupIdentifiers")
            .into_iter()
            .map(group_name)
            .collect();
        if names.is_empty() || names.len() > 10 {
            return Err(AwsError::new(
                "InvalidParameterException",
                "logGroupIdentifiers must name 1 to 10 log groups",
            ));
        }
        let number = |name: &str| {
            logs.groups
                .get(name)
                .map(|group| (name.to_owned(), group.arrived()))
                .ok_or_else(no_group)
        };
        let groups = names
            .iter()
            .map(|name| number(name))
            .collect::<Result<_, _>>()?;
        let start = json!({
            "requestId": cx.caller.request_id, "sessionId": cx.caller.request_id,
            "logGroupIdentifiers": names.iter().map(|name| arn(&cx.place, name)).collect::<Vec<_>>(),
            "logStreamNames": params.texts("logStreamNames"), "logStreamNamePrefixes": params.texts("logStreamNamePrefixes"),
            "logEventFilterPattern": params.text("logEventFilterPattern").unwrap_or(""),
        });
        Ok(Self {
            groups,
            wanted: Wanted::read(params)?,
            began: cx.now,
            next: cx.now + EVERY,
            start: Some(start),
        })
    }

    /// What arrived since the last update.
    fn collect(&mut self, realm: Realm<'_>) -> Vec<Value> {
        let mut results = Vec::new();
        for (name, number) in &mut self.groups {
            let Some(group) = realm.get::<Logs>().and_then(|logs| logs.groups.get(name)) else {
                continue;
            };
            let id = arn(realm.place, name);
            results.extend(
                group
                    .since(*number)
                    .filter(|event| self.wanted.passes(event))
                    .map(|event| shown(&id, event)),
            );
            *number = group.arrived();
        }
        results
    }
}

impl Feed for Tail {
    fn turn(&mut self, realm: Realm<'_>, now: Time) -> Turn {
        if let Some(start) = self.start.take() {
            return Turn {
                frames: vec![Frame::Event("sessionStart", start)],
                again: Some(self.next),
            };
        }
        if now.since(self.began) >= LONGEST {
            let over = Frame::Exception(
                "SessionTimeoutException",
                json!({ "message": "The session has timed out" }),
            );
            return Turn {
                frames: vec![over],
                again: None,
            };
        }
        let mut results = self.collect(realm);
        let sampled = results.len() > MOST;
        results.truncate(MOST);
        let update =
            json!({ "sessionMetadata": { "sampled": sampled }, "sessionResults": results });
        // After a long silence of the beat one update is told, not one for every second of it.
        self.next = self.next.max(now - EVERY) + EVERY;
        Turn {
            frames: vec![Frame::Event("sessionUpdate", update)],
            again: Some(self.next),
        }
    }
}

fn shown(group: &str, event: &LogEvent) -> Value {
    json!({
        "logGroupIdentifier": group, "logStreamName": event.stream, "message": event.message,
        "timestamp": event.at.0, "ingestionTime": event.arrived.0,
    })
}
