//! Every address of the door, in one table, each with who may call it. What is not in it is not there.

use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;

use super::answer::{Answer, response};
use super::timed::Peer;
use super::{Door, body, headers};
use crate::domain::person::Issuer;
use crate::trigger::bitbucket::descriptor;
use crate::trigger::signature;

/// Who may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Right {
    /// Anybody: the answer tells nothing of what is deployed.
    Anybody,
    /// Somebody on this machine, not by way of a proxy, or who brings the readers' token.
    Reader,
    /// A host that proves itself by the secret that it shares with us.
    Host,
}

/// What is done there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Does {
    /// Says whether the engine is well.
    Health,
    /// Counts.
    Metrics,
    /// Hears what a host tells.
    Hook(Issuer),
    /// Says what our app at Bitbucket is.
    Descriptor,
    /// Hears that our app was installed at Bitbucket, or removed.
    Tenant,
}

/// One address.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) right: Right,
    pub(super) does: Does,
}

const fn route(method: Method, path: &'static str, right: Right, does: Does) -> Route {
    Route {
        method,
        path,
        right,
        does,
    }
}

/// All of them.
pub(super) const TABLE: &[Route] = &[
    route(Method::GET, "/healthz", Right::Anybody, Does::Health),
    route(Method::GET, "/metrics", Right::Reader, Does::Metrics),
    route(
        Method::POST,
        "/hooks/github",
        Right::Host,
        Does::Hook(Issuer::Github),
    ),
    route(
        Method::POST,
        "/hooks/gitlab",
        Right::Host,
        Does::Hook(Issuer::Gitlab),
    ),
    route(
        Method::POST,
        descriptor::HOOK,
        Right::Host,
        Does::Hook(Issuer::Bitbucket),
    ),
    route(
        Method::GET,
        "/hooks/bitbucket/descriptor",
        Right::Anybody,
        Does::Descriptor,
    ),
    route(
        Method::POST,
        descriptor::INSTALLED,
        Right::Host,
        Does::Tenant,
    ),
    route(
        Method::POST,
        descriptor::UNINSTALLED,
        Right::Host,
        Does::Tenant,
    ),
];

/// Answers any call.
pub(super) async fn answer(
    State(door): State<Arc<Door>>,
    ConnectInfo(Peer(peer)): ConnectInfo<Peer>,
    request: Request,
) -> Response {
    let route = match find(request.method(), request.uri().path()) {
        Ok(route) => route,
        Err(nowhere) => return *nowhere,
    };
    let reads = peer.ip().to_canonical().is_loopback() && !is_passed_on(request.headers());
    let reads = reads || door.has_readers_token(request.headers()).await;
    match (route.right, route.does) {
        (Right::Reader, _) if !reads => {
            let why = "metrics are read on this machine, or with the readers' token: Authorization: Bearer TOKEN";
            Answer::unproven(&why).into()
        }
        (_, Does::Health) => door.health(reads),
        (_, Does::Metrics) => response(
            StatusCode::OK,
            "text/plain; version=0.0.4; charset=utf-8",
            door.metrics(),
        ),
        (_, Does::Descriptor) => door.descriptor(),
        (_, Does::Hook(host)) => hear(door, host.word(), request, Does::Hook(host)).await,
        (_, Does::Tenant) => hear(door, Issuer::Bitbucket.word(), request, Does::Tenant).await,
    }
}

/// The line of the table for a call, or the answer where there is none.
fn find(method: &Method, path: &str) -> Result<&'static Route, Box<Response>> {
    let here: Vec<&Route> = TABLE.iter().filter(|route| route.path == path).collect();
    if let Some(route) = here.iter().find(|route| route.method == *method) {
        return Ok(route);
    }
    if here.is_empty() {
        let says = "there is nothing at this address";
        let nowhere = Answer::new(StatusCode::NOT_FOUND, "nowhere", says);
        return Err(Box::new(nowhere.into()));
    }
    let says = "not by this method";
    let mut no: Response = Answer::new(StatusCode::METHOD_NOT_ALLOWED, "nowhere", says).into();
    let methods: Vec<&str> = here.iter().map(|route| route.method.as_str()).collect();
    if let Ok(methods) = HeaderValue::from_str(&methods.join(", ")) {
        no.headers_mut().insert(header::ALLOW, methods);
    }
    Err(Box::new(no))
}

/// Whether a proxy passes this on for somebody elsewhere.
fn is_passed_on(headers: &HeaderMap) -> bool {
    ["forwarded", "x-forwarded-for", "x-real-ip", "via"]
        .iter()
        .any(|name| headers.contains_key(*name))
}

/// Hears a host. What was begun is ended also where it hangs up.
async fn hear(door: Arc<Door>, host: &'static str, request: Request, does: Does) -> Response {
    let counted = Arc::clone(&door);
    let heard = tokio::spawn(async move {
        let (head, body) = request.into_parts();
        if let Some(closed) = door.closed(does, &head.headers) {
            return closed;
        }
        let body = match body::read(&head.headers, body, &door.held).await {
            Ok(body) => body,
            Err(why) => return why.into(),
        };
        match does {
            Does::Hook(host) => door.hook(host, &head, &body).await,
            Does::Tenant => door.tenant(&head, &body).await,
            Does::Health | Does::Metrics | Does::Descriptor => {
                Answer::nothing("nothing is heard here")
            }
        }
    });
    let answer = heard.await.unwrap_or_else(|_| {
        Answer::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "failed",
            "it could not be heard: send it again",
        )
    });
    counted.counts.heard(host, answer.outcome);
    tracing::info!(
        "{host} is answered {}: {}",
        answer.status.as_u16(),
        answer.says
    );
    answer.into()
}

impl Door {
    /// Why nothing is heard there, whatever comes.
    fn closed(&self, does: Does, headers: &HeaderMap) -> Option<Answer> {
        let hosts = &self.parts.hosts;
        let by_app =
            matches!(does, Does::Tenant) || headers::one(headers, "authorization").is_some();
        let (is_open, flag) = match does {
            Does::Hook(Issuer::Github) => (hosts.github.is_some(), "--github-secret"),
            Does::Hook(Issuer::Gitlab) => (hosts.gitlab.is_some(), "--gitlab-secret"),
            Does::Hook(_) if !by_app => (hosts.bitbucket.is_some(), "--bitbucket-secret"),
            Does::Hook(_) | Does::Tenant | Does::Descriptor => {
                (hosts.app.is_some(), "--bitbucket-app")
            }
            Does::Health | Does::Metrics => (true, ""),
        };
        (!is_open).then(|| Answer::closed(format!("nothing is believed here before {flag} is set")))
    }

    async fn has_readers_token(&self, headers: &HeaderMap) -> bool {
        let (Some(reference), Some(token)) =
            (&self.parts.hosts.reader, headers::token(headers, "Bearer"))
        else {
            return false;
        };
        match crate::secrets::read(reference).await {
            Ok(secret) => signature::check_token(&secret, &[token.as_bytes()]).is_ok(),
            Err(why) => {
                tracing::warn!("{}", why.summary);
                false
            }
        }
    }
}
