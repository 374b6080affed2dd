//! The wire: HTTP requests become calls, answers become XML, JSON, bytes or an event stream. Knows
//! no service but by what its offer says.

pub mod feed;
pub mod path;
pub mod query;
pub mod render;
pub mod request;
pub mod xml;

use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use serde_json::Value;

use super::call::Call;
use super::chaos::Instead;
use super::service;
use super::shared::Shared;
use super::world::{Outcome, World};
use crate::domain::time::Time;

/// The largest body of a request: an archive of a site.
const LARGEST: usize = 64 * 1024 * 1024;
/// What a proxy answers in the place of AWS.
const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Sign in to this network</body></html>\n";

/// The routes: the ledger by its path, everything else by what the services offer.
pub fn router(shared: Shared) -> Router {
    Router::new()
        .route(
            "/_holdpoint/health",
            axum::routing::get(|| async { "ok\n" }),
        )
        .route("/_holdpoint/ledger", axum::routing::get(ledger))
        .fallback(any)
        .layer(axum::extract::DefaultBodyLimit::max(LARGEST))
        .with_state(shared)
}

async fn ledger(State(shared): State<Shared>) -> Response<Body> {
    render::reply(
        StatusCode::OK,
        "application/x-ndjson",
        shared.look(|world| world.ledger.lines()).into(),
    )
}

async fn any(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let known = shared.look(|world| world.realms.known().clone());
    let asked = request::Asked {
        method: method.as_str(),
        path: uri.path(),
        query: uri.query().unwrap_or(""),
        headers: &headers,
        body: &body,
    };
    let (call, protocol) = match asked.read(known.offers) {
        Ok(read) => read,
        Err((error, protocol)) => return render::error(&protocol, &error, "none"),
    };
    let action = call.action.clone();
    let Outcome {
        answer,
        delay,
        instead,
        request_id,
        place,
        ..
    } = patiently(&shared, call).await;
    if delay > Duration::ZERO {
        shared.pause(delay).await;
    }
    match (instead, answer) {
        (Some(instead), _) => lost(instead),
        (
            None,
            Ok(service::Reply {
                body: service::Body::Feed(feed),
                ..
            }),
        ) => feed::stream(shared, place, feed, &request_id),
        (None, Ok(reply)) => render::answer(&protocol, &action, reply, &request_id),
        (None, Err(error)) => render::error(&protocol, &error, &request_id),
    }
}

/// Makes a call. One that waits is made again once there is something for it, until its time has
/// passed; another caller may be there first.
async fn patiently(shared: &Shared, call: Call) -> Outcome {
    let mut until: Option<Time> = None;
    let mut beat = shared.clone();
    loop {
        let mut outcome = shared.call_soon(call.clone()).await;
        let waits = match &mut outcome.answer {
            Ok(reply) if outcome.instead.is_none() => {
                match std::mem::replace(&mut reply.body, service::Body::Tree(Value::Null)) {
                    service::Body::Later(patience) => patience,
                    other => {
                        reply.body = other;
                        return outcome;
                    }
                }
            }
            _ => return outcome,
        };
        let until = *until.get_or_insert(waits.until);
        loop {
            let now = shared.now();
            if now >= until || !beat.next_beat().await {
                if let Ok(reply) = &mut outcome.answer {
                    reply.body = service::Body::Tree(waits.instead);
                }
                return outcome;
            }
            shared.touch();
            let now = shared.now();
            let is_ready = |world: &World| (waits.is_ready)(world.realms.at(&outcome.place), now);
            if shared.look(is_ready) {
                break;
            }
        }
    }
}

/// What a caller gets whose answer is lost. A page and an empty answer are a proxy's: they name no
/// request.
fn lost(instead: Instead) -> Response<Body> {
    match instead {
        Instead::Cut => render::cut(),
        Instead::Page => render::reply(StatusCode::OK, "text/html", PAGE.into()),
        Instead::Nothing => Response::new(Body::empty()),
    }
}
