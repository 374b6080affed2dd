//! An AWS in this process, for tests: it answers what is called as a function of the test says, on
//! a clock that goes on when somebody sleeps.

pub(crate) mod front;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use percent_encoding::percent_decode_str;

use super::{AwsTarget, Clients, Cloud};
use crate::domain::time::Time;
use crate::os::clock::{Clock, Stepped};
use crate::os::mutex::locked;

/// A call as it came.
#[derive(Debug, Clone)]
pub(crate) struct Came {
    pub(crate) method: String,
    /// `s3.eu-west-1.amazonaws.com`.
    pub(crate) host: String,
    /// The path in plain text.
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Came {
    fn of(request: &HttpRequest) -> Self {
        let uri = request.uri().split_once("://").unwrap().1;
        let (host, rest) = uri.split_once('/').unwrap();
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let plain = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
        let fields = query.split('&').filter(|field| !field.is_empty());
        Self {
            method: request.method().to_owned(),
            host: host.to_owned(),
            path: plain(&format!("/{path}")),
            query: fields
                .map(|field| field.split_once('=').unwrap_or((field, "")))
                .map(|(name, value)| (plain(name), plain(value)))
                .collect(),
            headers: request
                .headers()
                .iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body: request.body().bytes().unwrap_or_default().to_vec(),
        }
    }

    /// `GET /path`.
    pub(crate) fn what(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

/// An answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answered {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("x-amzn-requestid", "1".to_owned())],
            body: body.into(),
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// A refusal as CloudFront and Route 53 have it.
    pub(crate) fn refused(status: u16, code: &str, message: &str) -> Self {
        Self::new(
            status,
            format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
            ),
        )
    }
}

/// A clock that goes on by as long as somebody sleeps.
#[derive(Clone)]
pub(crate) struct Hasty(pub(crate) Stepped);

impl Clock for Hasty {
    fn now(&self) -> Time {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let clock = self.0.clone();
        async move {
            clock.advance(duration);
            tokio::task::yield_now().await;
        }
        .boxed()
    }

    fn sleep_until(&self, time: Time) -> BoxFuture<'static, ()> {
        self.sleep(time.since(self.now()))
    }
}

/// What answers.
pub(crate) type Answers = dyn Fn(&Came) -> Answered + Send + Sync;

/// An account, with all calls that came.
#[derive(Clone)]
pub(crate) struct Account {
    answers: Arc<Answers>,
    calls: Arc<Mutex<Vec<Came>>>,
    pub(crate) clock: Hasty,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Account")
    }
}

impl Account {
    pub(crate) fn new(answers: impl Fn(&Came) -> Answered + Send + Sync + 'static) -> Self {
        Self {
            answers: Arc::new(answers),
            calls: Arc::default(),
            clock: Hasty(Stepped::at(Time(1_000_000))),
        }
    }

    /// How it is reached: at the addresses of AWS.
    pub(crate) fn target(region: &str) -> AwsTarget {
        AwsTarget {
            region: Some(region.to_owned()),
            ..AwsTarget::default()
        }
    }

    pub(crate) fn clients(&self) -> Arc<Clients> {
        let account = self.clone();
        Clients::over(
            Arc::new(self.clock.clone()),
            http_client_fn(move |_, _| SharedHttpConnector::new(account.clone())),
            &[
                ("AWS_ACCESS_KEY_ID", "AKIATEST"),
                ("AWS_SECRET_ACCESS_KEY", "s"),
            ],
        )
    }

    pub(crate) async fn cloud(&self, region: &str) -> Arc<Cloud> {
        self.clients().of(&Self::target(region)).await.unwrap()
    }

    /// All calls so far.
    pub(crate) fn calls(&self) -> Vec<Came> {
        locked(&self.calls).clone()
    }

    /// How many calls came of a method.
    pub(crate) fn count(&self, method: &str) -> usize {
        self.calls()
            .iter()
            .filter(|call| call.method == method)
            .count()
    }
}

impl HttpConnector for Account {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let came = Came::of(&request);
        let answered = (self.answers)(&came);
        locked(&self.calls).push(came);
        HttpConnectorFuture::new(async move {
            tokio::task::yield_now().await;
            let status = answered.status.try_into().unwrap();
            let mut response = HttpResponse::new(status, SdkBody::from(answered.body));
            for (name, value) in answered.headers {
                response.headers_mut().insert(name, value);
            }
            Ok(response)
        })
    }
}
