//! What an error of AWS means: one classification for every call, made from plain facts, so that it
//! can be tested as data.

use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::bounds::is_endless;
use crate::domain::failure::{Failure, Retry};
use crate::text::safe::Safe;

/// What kind of trouble a call ran into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TroubleKind {
    /// Too many calls: nothing happened.
    Throttled,
    /// The service failed: nobody knows whether anything happened.
    Server,
    /// No answer in time: nobody knows whether anything happened.
    Timeout,
    /// No connection, or it was cut: nobody knows whether anything happened.
    Unreachable,
    /// Somebody on the way answered, or the answer cannot be read: nobody knows whether anything
    /// happened.
    Garbled,
    /// An answer that does not end: nobody knows whether anything happened.
    Endless,
    /// No credentials, or they have ended: nothing happened.
    Login,
    /// The credentials may not do this: nothing happened.
    Denied,
    /// The service says no, and why: nothing happened.
    Refused,
}

/// A call that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What kind.
    pub kind: TroubleKind,
    /// The service's code; empty when there was no answer.
    pub code: String,
    /// The service's message, or what went wrong on the way.
    pub message: Safe,
    /// The same for people, and what the engine does about it.
    pub failure: Box<Failure>,
}

impl Trouble {
    /// True when the call may have had its effect all the same.
    #[must_use]
    pub fn is_unsure(&self) -> bool {
        match self.kind {
            TroubleKind::Server
            | TroubleKind::Timeout
            | TroubleKind::Unreachable
            | TroubleKind::Garbled
            | TroubleKind::Endless => true,
            TroubleKind::Throttled
            | TroubleKind::Login
            | TroubleKind::Denied
            | TroubleKind::Refused => false,
        }
    }

    /// True when the service answered with this code.
    #[must_use]
    pub fn is(&self, code: &str) -> bool {
        self.code == code
    }

    /// True when the message has these words.
    #[must_use]
    pub fn says(&self, words: &str) -> bool {
        self.message.as_str().contains(words)
    }

    /// The failure of a look at what goes on outside: whatever it says, it is not the end of that.
    /// What may pass is waited for, also rights that were taken away; what AWS refuses to tell is a
    /// person's to find out.
    #[must_use]
    pub fn out_of_sight(self) -> Failure {
        let retry = if self.kind == TroubleKind::Refused {
            Retry::AskAPerson
        } else {
            Retry::Contact
        };
        self.failure.retry(retry)
    }

    /// The failure of a step that must be picked up again under the same attempt: whatever may pass
    /// is waited for, because a new attempt would carry a new token.
    #[must_use]
    pub fn held_open(self) -> Failure {
        match self.failure.retry {
            Retry::After(_) => self.failure.retry(Retry::Contact),
            Retry::Never | Retry::AskAPerson | Retry::Contact | Retry::Replan => *self.failure,
        }
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        *trouble.failure
    }
}

/// Which call, on what, with whose credentials: for the sentences.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    /// `cloudformation:CreateStack`.
    pub(super) action: &'static str,
    /// The thing.
    pub(super) on: &'a str,
    /// What to do once the credentials have ended.
    pub(super) login: &'a str,
    /// The endpoint, where one was given.
    pub(super) endpoint: Option<&'a str>,
}

/// How far a call came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// It was never sent.
    Unsent,
    /// No answer in time.
    Timeout,
    /// The connection failed.
    Connection,
    /// It failed somewhere between finding credentials and reading the answer; only the text tells
    /// where.
    Dispatch,
    /// The answer could not be read.
    Garbled,
    /// There was too much of it.
    Endless,
    /// The service answered.
    Answered,
}

/// An SDK error as plain facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) stage: Stage,
    pub(super) code: String,
    pub(super) message: String,
    pub(super) status: u16,
}

impl Facts {
    /// Takes an SDK error apart.
    pub(super) fn of<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let stage = match error {
            _ if is_endless(error) => Stage::Endless,
            SdkError::TimeoutError(_) => Stage::Timeout,
            SdkError::DispatchFailure(failure) if failure.is_timeout() => Stage::Timeout,
            SdkError::DispatchFailure(failure) if failure.is_io() => Stage::Connection,
            SdkError::DispatchFailure(_) => Stage::Dispatch,
            SdkError::ResponseError(_) => Stage::Garbled,
            SdkError::ServiceError(_) => Stage::Answered,
            // Building a request or finding an address; the error type may grow, too.
            _ => Stage::Unsent,
        };
        let answered = error.as_service_error();
        let message = match answered.and_then(ProvideErrorMetadata::message) {
            Some(message) => message.to_owned(),
            None => chain(error),
        };
        Self {
            stage,
            code: answered
                .and_then(ProvideErrorMetadata::code)
                .unwrap_or_default()
                .to_owned(),
            message,
            status: error.raw_response().map_or(0, |raw| raw.status().as_u16()),
        }
    }

    fn kind(&self) -> TroubleKind {
        match self.stage {
            Stage::Timeout => TroubleKind::Timeout,
            Stage::Unsent | Stage::Dispatch if mentions_login(&self.message) => TroubleKind::Login,
            Stage::Connection | Stage::Dispatch => TroubleKind::Unreachable,
            Stage::Unsent => TroubleKind::Refused,
            Stage::Endless => TroubleKind::Endless,
            Stage::Garbled | Stage::Answered => self.answered(),
        }
    }

    fn answered(&self) -> TroubleKind {
        let code = self.code.as_str();
        if THROTTLES.contains(&code) || self.status == 429 {
            TroubleKind::Throttled
        } else if LOGINS.contains(&code)
            || (code == "ValidationError"
                && self
                    .message
                    .contains("security token included in the request is expired"))
        {
            TroubleKind::Login
        } else if DENIALS.contains(&code) {
            TroubleKind::Denied
        } else if code == "RequestTimeout" {
            // S3 waited for an upload that came too slowly.
            TroubleKind::Timeout
        } else if self.status >= 500 {
            TroubleKind::Server
        } else if self.stage == Stage::Garbled || code.is_empty() {
            // AWS never refuses without a code.
            TroubleKind::Garbled
        } else {
            TroubleKind::Refused
        }
    }

    /// The trouble that these facts are.
    pub(super) fn trouble(self, call: Call<'_>) -> Trouble {
        let kind = self.kind();
        let message = Safe::told(&self.message);
        let Call {
            action,
            on,
            login,
            endpoint,
        } = call;
        let on = if on.is_empty() {
            String::new()
        } else {
            format!(" on {on}")
        };
        let place = endpoint.map(|url| format!(" at {url}")).unwrap_or_default();
        let failure = match kind {
            TroubleKind::Throttled => Failure::new(format!("{action}{on}: AWS asks for fewer calls"))
                .hint("wait until AWS takes more calls again")
                .retry(Retry::After(Duration::from_secs(20))),
            TroubleKind::Server => Failure::new(format!("{action}{on}: AWS failed ({})", self.status))
                .hint("wait until AWS answers again")
                .retry(Retry::After(Duration::from_secs(5))),
            TroubleKind::Timeout => Failure::new(format!("{action}{on}: no answer in time{place}"))
                .hint("wait until AWS answers again")
                .retry(Retry::Contact),
            TroubleKind::Unreachable => Failure::new(format!("{action}{on}: no connection{place}"))
                .hint(if self.message.contains("certificate") {
                    "the certificate is not trusted: name its authority in ca_bundle"
                } else {
                    "check the network"
                })
                .retry(Retry::Contact),
            TroubleKind::Garbled => Failure::new(format!("{action}{on}: what answered is not AWS (status {}){place}", self.status))
                .hint("a proxy or the login page of a network is in the way: check that")
                .retry(Retry::Contact),
            TroubleKind::Endless => Failure::new(format!("{action}{on}: the answer does not end{place}"))
                .hint("what answers is broken, or is not AWS: check the endpoint, and whatever stands in between")
                .retry(Retry::Contact),
            TroubleKind::Login => {
                Failure::new(format!("{action}{on}: the credentials have expired, or there are none")).hint(login).retry(Retry::Contact)
            }
            TroubleKind::Denied => Failure::new(format!("{action}{on}: access denied"))
                .hint(format!("allow {action}{on} to the role of this environment, or name another role or profile in the estate file")),
            TroubleKind::Refused => Failure::new(format!("{action}{on}: {message}")).hint(if self.code == "NoSuchBucket" {
                "make the bucket, or name one that is there"
            } else {
                ""
            }),
        };
        let told = if self.code.is_empty() {
            message.to_string()
        } else {
            format!("{}: {message}", Safe::new(&self.code))
        };
        Trouble {
            kind,
            code: self.code,
            message,
            failure: Box::new(failure.detail(told)),
        }
    }
}

const THROTTLES: [&str; 13] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "ProvisionedThroughputExceededException",
    "SlowDown",
    "PriorRequestNotComplete",
    "TransactionInProgressException",
    "EC2ThrottledException",
];

const LOGINS: [&str; 14] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidAccessKeyId",
    "InvalidToken",
    "TokenRefreshRequired",
    "AuthFailure",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "IncompleteSignature",
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
];

const DENIALS: [&str; 7] = [
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "UnauthorizedException",
    "AuthorizationError",
    "NotAuthorized",
    "OptInRequired",
];

/// True when a call was not sent because no credentials were found. The SDK has no type for this
/// that reaches us.
fn mentions_login(chain: &str) -> bool {
    let chain = chain.to_ascii_lowercase();
    [
        "credential",
        "identity resol",
        "sso session",
        "sso token",
        "profile `",
        "assume role",
    ]
    .iter()
    .any(|word| chain.contains(word))
}

/// All messages of an error, from the outside in.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let more = cause.to_string();
        // Which part of ours or of the SDK looked is nobody's matter.
        if !text.contains(&more) && !more.ends_with("interceptor encountered an error") {
            text.push_str(": ");
            text.push_str(&more);
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(stage: Stage, code: &str, message: &str, status: u16) -> Facts {
        Facts {
            stage,
            code: code.to_owned(),
            message: message.to_owned(),
            status,
        }
    }

    #[test]
    fn the_causes_name_no_part_of_the_client() {
        #[derive(Debug, thiserror::Error)]
        #[error("{0}")]
        struct Layer(&'static str, #[source] Option<Box<Layer>>);
        let foreign = Layer("not an answer of the service: text/html, 9 bytes", None);
        let part = "Genuine read_after_deserialization interceptor encountered an error";
        let error = Layer(
            "unhandled error",
            Some(Box::new(Layer(part, Some(Box::new(foreign))))),
        );
        assert_eq!(
            chain(&error),
            "unhandled error: not an answer of the service: text/html, 9 bytes"
        );
    }

    #[test]
    fn every_answer_has_its_class() {
        let s = Duration::from_secs;
        let cases = [
            (
                facts(Stage::Answered, "Throttling", "Rate exceeded", 400),
                TroubleKind::Throttled,
                Retry::After(s(20)),
            ),
            (
                facts(Stage::Answered, "", "", 429),
                TroubleKind::Throttled,
                Retry::After(s(20)),
            ),
            (
                facts(Stage::Answered, "InternalFailure", "", 500),
                TroubleKind::Server,
                Retry::After(s(5)),
            ),
            (
                facts(Stage::Answered, "", "bad gateway", 502),
                TroubleKind::Server,
                Retry::After(s(5)),
            ),
            (
                facts(Stage::Garbled, "", "<html>", 200),
                TroubleKind::Garbled,
                Retry::Contact,
            ),
            // What the SDK makes of a page where it looks for XML.
            (
                facts(Stage::Answered, "", "unhandled error", 200),
                TroubleKind::Garbled,
                Retry::Contact,
            ),
            (
                facts(
                    Stage::Answered,
                    "",
                    "<html>Proxy Authentication Required",
                    407,
                ),
                TroubleKind::Garbled,
                Retry::Contact,
            ),
            (
                facts(Stage::Endless, "", "", 200),
                TroubleKind::Endless,
                Retry::Contact,
            ),
            (
                facts(Stage::Answered, "RequestTimeout", "slow", 400),
                TroubleKind::Timeout,
                Retry::Contact,
            ),
            (
                facts(Stage::Timeout, "", "", 0),
                TroubleKind::Timeout,
                Retry::Contact,
            ),
            (
                facts(Stage::Connection, "", "connection refused", 0),
                TroubleKind::Unreachable,
                Retry::Contact,
            ),
            (
                facts(Stage::Answered, "ExpiredToken", "expired", 403),
                TroubleKind::Login,
                Retry::Contact,
            ),
            (
                facts(
                    Stage::Dispatch,
                    "",
                    "no providers in chain provided credentials",
                    0,
                ),
                TroubleKind::Login,
                Retry::Contact,
            ),
            (
                facts(
                    Stage::Dispatch,
                    "",
                    "client error (SendRequest): connection closed",
                    0,
                ),
                TroubleKind::Unreachable,
                Retry::Contact,
            ),
            (
                facts(Stage::Answered, "AccessDenied", "User x may not", 403),
                TroubleKind::Denied,
                Retry::Never,
            ),
            (
                facts(
                    Stage::Answered,
                    "ValidationError",
                    "No updates are to be performed.",
                    400,
                ),
                TroubleKind::Refused,
                Retry::Never,
            ),
            (
                facts(Stage::Unsent, "", "missing required field", 0),
                TroubleKind::Refused,
                Retry::Never,
            ),
        ];
        for (facts, kind, retry) in cases {
            let told = format!("{facts:?}");
            let trouble = facts.trouble(Call {
                action: "cloudformation:CreateStack",
                on: "orders",
                login: "log in",
                endpoint: None,
            });
            assert_eq!(
                (trouble.kind, trouble.failure.retry),
                (kind, retry),
                "{told}"
            );
            assert!(
                trouble
                    .failure
                    .summary
                    .starts_with("cloudformation:CreateStack on orders: "),
                "{}",
                trouble.failure.summary
            );
        }
    }

    /// A look that fails is never the end of what it looks at.
    #[test]
    fn what_is_out_of_sight_goes_on() {
        let call = Call {
            action: "cloudformation:DescribeStacks",
            on: "orders",
            login: "",
            endpoint: None,
        };
        for (code, status, retry) in [
            ("ExpiredToken", 403, Retry::Contact),
            ("AccessDenied", 403, Retry::Contact),
            ("Throttling", 400, Retry::Contact),
            ("InternalFailure", 500, Retry::Contact),
            ("", 200, Retry::Contact),
            ("ValidationError", 400, Retry::AskAPerson),
        ] {
            assert_eq!(
                facts(Stage::Answered, code, "x", status)
                    .trouble(call)
                    .out_of_sight()
                    .retry,
                retry,
                "{code}"
            );
        }
    }

    #[test]
    fn hints_name_the_next_command() {
        let call = Call {
            action: "sts:GetCallerIdentity",
            on: "",
            login: "aws sso login --profile prod",
            endpoint: None,
        };
        let trouble = facts(Stage::Answered, "ExpiredToken", "x", 400).trouble(call);
        assert!(
            trouble
                .failure
                .hint
                .contains("aws sso login --profile prod")
        );
        let denied = facts(Stage::Answered, "AccessDenied", "x", 403).trouble(Call {
            action: "cloudformation:CreateStack",
            ..call
        });
        assert!(denied.failure.hint.contains("cloudformation:CreateStack"));
        let held = facts(Stage::Answered, "Throttling", "x", 400)
            .trouble(call)
            .held_open();
        assert_eq!(held.retry, Retry::Contact);
    }

    #[test]
    fn foreign_text_passes_the_gate() {
        let call = Call {
            action: "a:B",
            on: "x",
            login: "",
            endpoint: None,
        };
        let trouble = facts(
            Stage::Answered,
            "Bad\u{1b}[2J",
            "no\u{1b}]52;c;x\u{7} way\n",
            400,
        )
        .trouble(call);
        assert!(
            !format!("{}{}", trouble.failure.summary, trouble.failure.detail).contains('\u{1b}')
        );
    }
}
