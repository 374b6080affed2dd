//! An event stream that stays open: frames in AWS's form as its service feeds them, while the beat
//! goes on.

use std::collections::VecDeque;

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue as HttpValue, Response};
use serde_json::{Value, json};

use super::render;
use crate::domain::time::Time;
use crate::sandbox::realm::Site;
use crate::sandbox::service::{Feed, Frame, Turn};
use crate::sandbox::shared::Shared;

/// One open stream.
struct Session {
    shared: Shared,
    place: Site,
    feed: Box<dyn Feed>,
    ready: VecDeque<Vec<u8>>,
    /// When the feed is asked again; `None` when it is over.
    again: Option<Time>,
    /// The number of the tails when it began: another one breaks it.
    tails: u64,
}

/// The answer of the call: headers now, frames as time goes on.
pub(super) fn stream(
    shared: Shared,
    place: Site,
    feed: Box<dyn Feed>,
    request_id: &str,
) -> Response<Body> {
    let tails = shared.look(|world| world.levers.tails);
    let ready = [frame(
        "event",
        ":event-type",
        "initial-response",
        &json!({}),
    )]
    .into();
    let again = Some(shared.now());
    let session = Session {
        shared,
        place,
        feed,
        ready,
        again,
        tails,
    };
    let frames = futures_util::stream::unfold(session, |mut session| async move {
        let frame = session.frame().await?;
        Some((
            Ok::<Bytes, std::convert::Infallible>(Bytes::from(frame)),
            session,
        ))
    });
    let mut response = Response::new(Body::from_stream(frames));
    response.headers_mut().insert(
        "content-type",
        HttpValue::from_static("application/vnd.amazon.eventstream"),
    );
    render::identified(response, request_id)
}

impl Session {
    /// The next frame; `None` ends the stream.
    async fn frame(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return Some(frame);
            }
            let again = self.again?;
            while self.shared.now() < again {
                if !self.shared.next_beat().await {
                    return None;
                }
            }
            self.shared.touch();
            let Self {
                shared,
                place,
                feed,
                tails,
                ..
            } = self;
            let now = shared.now();
            let turn = shared.look(|world| {
                (world.levers.tails == *tails).then(|| feed.turn(world.realms.at(place), now))
            });
            let Turn { frames, again } = turn?;
            self.ready.extend(frames.iter().map(written));
            self.again = again;
        }
    }
}

fn written(told: &Frame) -> Vec<u8> {
    match told {
        Frame::Event(name, payload) => frame("event", ":event-type", name, payload),
        Frame::Exception(name, payload) => frame("exception", ":exception-type", name, payload),
    }
}

fn frame(
    kind: &'static str,
    name_header: &'static str,
    name: &'static str,
    payload: &Value,
) -> Vec<u8> {
    let text = |text: &'static str| HeaderValue::String(text.into());
    let message = Message::new(payload.to_string())
        .add_header(Header::new(":message-type", text(kind)))
        .add_header(Header::new(name_header, text(name)))
        .add_header(Header::new(":content-type", text("application/json")));
    let mut bytes = Vec::new();
    if let Err(error) = write_message_to(&message, &mut bytes) {
        tracing::error!(%error, "a frame of an event stream cannot be written");
        bytes.clear();
    }
    bytes
}
