//! What a call is answered: a status, and one line of JSON that says why. It goes to whoever called, so
//! that it names nothing that they did not send, but the stacks that were asked for, to a host that
//! has proven itself.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;

use super::body::NoBody;
use crate::domain::ids::{AskId, StackId};
use crate::text::json;

/// The answer to a hook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Answer {
    #[serde(skip)]
    pub(super) status: StatusCode,
    /// One word for what became of it: for logs and metrics.
    pub(super) outcome: &'static str,
    /// A sentence.
    pub(super) says: String,
    /// What was asked, stack by stack.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) asks: Vec<Asked>,
}

/// What was asked for one stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Asked {
    pub(super) stack: StackId,
    pub(super) ask: AskId,
    /// `new`, `known`, or why it was not asked.
    pub(super) state: String,
}

impl Answer {
    pub(super) fn new(status: StatusCode, outcome: &'static str, says: impl Into<String>) -> Self {
        Self {
            status,
            outcome,
            says: says.into(),
            asks: Vec::new(),
        }
    }

    /// It was not proven who sent it.
    pub(super) fn unproven(why: &impl ToString) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unproven", why.to_string())
    }

    /// What came cannot be read.
    pub(super) fn unread(why: &impl ToString) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "unread", why.to_string())
    }

    /// Nothing of that kind is set up here.
    pub(super) fn closed(why: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "closed", why)
    }

    /// There is nothing to do.
    pub(super) fn nothing(why: impl Into<String>) -> Self {
        Self::new(StatusCode::OK, "nothing", why)
    }
}

impl From<NoBody> for Answer {
    fn from(why: NoBody) -> Self {
        let (status, says) = match why {
            NoBody::Long => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "the body has more than 1 MiB",
            ),
            NoBody::Packed => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "send the body as it is, not packed",
            ),
            NoBody::Busy => (
                StatusCode::SERVICE_UNAVAILABLE,
                "too much is being read: send it again",
            ),
            NoBody::Cut => (StatusCode::BAD_REQUEST, "the body was cut off"),
        };
        Self::new(status, "unread", says)
    }
}

impl From<Answer> for Response {
    fn from(answer: Answer) -> Self {
        let text = json::line(&answer).unwrap_or_default();
        response(answer.status, "application/json", text + "\n")
    }
}

/// An answer after which the connection ends: none is kept for a next call.
pub(super) fn response(status: StatusCode, kind: &'static str, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CONNECTION, "close"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}
