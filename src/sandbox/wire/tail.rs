//! `StartLiveTail`: an event stream that stays open. One update a second, at most 500 events in it (then it says that it is
//! sampled), three hours at most. The seconds are those of the beat.

use std::collections::VecDeque;
use std::time::Duration;

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue as HttpValue, Response};
use serde_json::{Value, json};

use crate::domain::time::Time;
use crate::sandbox::call::Call;
use crate::sandbox::logs::LogEvent;
use crate::sandbox::logs::api::{Wanted, arn, group_name};
use crate::sandbox::shared::Shared;
use crate::sandbox::sts;
use crate::sandbox::world::World;

const MOST: usize = 500;
const EVERY: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_hours(3);

/// One live tail.
struct Session {
    shared: Shared,
    groups: Vec<(String, u64)>,
    wanted: Wanted,
    account: String,
    region: String,
    began: Time,
    next: Time,
    tails: u64,
    ready: VecDeque<Vec<u8>>,
    over: bool,
}

/// The answer of the call: headers now, frames as time goes on.
pub fn stream(shared: Shared, call: &Call, request_id: &str) -> Response<Body> {
    let session = Session::begin(shared, call, request_id);
    let frames = futures_util::stream::unfold(session, |mut session| async move {
        let frame = session.frame().await?;
        Some((Ok::<Bytes, std::convert::Infallible>(Bytes::from(frame)), session))
    });
    let mut response = Response::new(Body::from_stream(frames));
    response.headers_mut().insert("content-type", HttpValue::from_static("application/vnd.amazon.eventstream"));
    if let Ok(id) = request_id.parse() {
        response.headers_mut().insert("x-amzn-requestid", id);
    }
    response
}

impl Session {
    fn begin(shared: Shared, call: &Call, request_id: &str) -> Self {
        let params = call.params();
        let names: Vec<String> = params.texts("logGroupIdentifiers").into_iter().map(|name| group_name(name).to_owned()).collect();
        let (account, groups, tails, arns) = shared.look(|world| {
            let account = sts::who(&world.sessions, &call.access_key).account;
            let realm = world.realms.get(&format!("{account}/{}", call.region));
            let number =
                |name: &String| realm.and_then(|realm| realm.logs.groups.get(name)).map_or(0, crate::sandbox::logs::Group::arrived);
            let groups: Vec<(String, u64)> = names.iter().map(|name| (name.clone(), number(name))).collect();
            let arns: Vec<String> = realm.map(|realm| names.iter().map(|name| arn(realm, name)).collect()).unwrap_or_default();
            (account, groups, world.tails, arns)
        });
        let now = shared.now();
        let start = json!({
            "requestId": request_id, "sessionId": request_id, "logGroupIdentifiers": arns,
            "logStreamNames": params.texts("logStreamNames"), "logStreamNamePrefixes": params.texts("logStreamNamePrefixes"),
            "logEventFilterPattern": params.text("logEventFilterPattern").unwrap_or(""),
        });
        let wanted = Wanted::read(params).unwrap_or_else(|_| Wanted::everything());
        Self {
            shared,
            groups,
            wanted,
            account,
            region: call.region.clone(),
            began: now,
            next: now + EVERY,
            tails,
            ready: [frame("event", "initial-response", &json!({})), frame("event", "sessionStart", &start)].into(),
            over: false,
        }
    }

    /// The next frame; `None` ends the stream.
    async fn frame(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return Some(frame);
            }
            if self.over {
                return None;
            }
            while self.shared.now() < self.next {
                if !self.shared.next_beat().await {
                    return None;
                }
            }
            let now = self.shared.now();
            self.shared.touch();
            self.next = self.next.max(now - EVERY) + EVERY;
            if now.since(self.began) >= LONGEST {
                self.over = true;
                self.ready.push_back(frame("exception", "SessionTimeoutException", &json!({ "message": "The session has timed out" })));
                continue;
            }
            let (results, sampled, broken) = self.collect();
            if broken {
                return None;
            }
            let update = json!({ "sessionMetadata": { "sampled": sampled }, "sessionResults": results });
            self.ready.push_back(frame("event", "sessionUpdate", &update));
        }
    }

    /// What arrived since the last update.
    fn collect(&mut self) -> (Vec<Value>, bool, bool) {
        let Self { shared, groups, wanted, account, region, tails, .. } = self;
        shared.look(|world: &World| {
            let realm = world.realms.get(&format!("{account}/{region}"));
            let mut results = Vec::new();
            for (name, number) in groups.iter_mut() {
                let Some((realm, group)) = realm.and_then(|realm| Some((realm, realm.logs.groups.get(name)?))) else { continue };
                let id = arn(realm, name);
                results.extend(group.since(*number).filter(|event| wanted.passes(event)).map(|event| shown(&id, event)));
                *number = group.arrived();
            }
            let sampled = results.len() > MOST;
            results.truncate(MOST);
            (results, sampled, world.tails != *tails)
        })
    }
}

fn shown(group: &str, event: &LogEvent) -> Value {
    json!({
        "logGroupIdentifier": group, "logStreamName": event.stream, "message": event.message,
        "timestamp": event.at.0, "ingestionTime": event.arrived.0,
    })
}

fn frame(kind: &'static str, name: &'static str, payload: &Value) -> Vec<u8> {
    let text = |text: &'static str| HeaderValue::String(text.into());
    let name_header = if kind == "exception" { ":exception-type" } else { ":event-type" };
    let message = Message::new(payload.to_string())
        .add_header(Header::new(":message-type", text(kind)))
        .add_header(Header::new(name_header, text(name)))
        .add_header(Header::new(":content-type", text("application/json")));
    let mut bytes = Vec::new();
    if let Err(error) = write_message_to(&message, &mut bytes) {
        tracing::error!(%error, "a live tail frame cannot be written");
        bytes.clear();
    }
    bytes
}
