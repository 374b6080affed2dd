//! Calls over HTTP: bounded in time and length, with named reasons where no whole answer comes. No
//! redirect is followed by itself, and no address stands in a reason: some hold a token.

use std::io::Write;
use std::sync::OnceLock;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue, USER_AGENT};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response, Url};
use serde_json::Value;

use crate::domain::masks::Secret;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a host may say nothing in the middle of an answer.
const SILENT: Duration = Duration::from_secs(30);
/// How long an answer that is no file may take.
const ANSWER: Duration = Duration::from_mins(1);
/// How long a file may take.
const FILE: Duration = Duration::from_mins(10);
/// The longest answer that is no file, in bytes.
const LONGEST: u64 = 4 << 20;

/// What stands in a path as it is.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// The address of a path below another one; none where that is no address.
pub(super) fn below(address: &str, path: &str) -> Option<Url> {
    let path = utf8_percent_encode(path, KEPT);
    format!("{}/{path}", address.trim_end_matches('/'))
        .parse()
        .ok()
}

/// Why no whole answer came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Away {
    /// The way there.
    #[error("{0}")]
    Way(&'static str),
    /// It is longer than is taken.
    #[error("it gives more than {0} bytes")]
    Long(u64),
    /// It cannot be kept here.
    #[error("it cannot be kept here: {0}")]
    Kept(String),
}

/// One call.
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) url: Url,
    /// What stands in `Authorization`.
    pub(super) by: Option<Secret>,
    pub(super) accept: &'static str,
    pub(super) body: Option<Body>,
}

/// What a call brings.
#[derive(Clone)]
pub(super) enum Body {
    /// JSON.
    Json(Value),
    /// A form, encoded.
    Form(String),
}

/// An answer that was read whole.
pub(super) struct Told {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Told {
    /// A header as text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A header as a number.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.header(name)?.trim().parse().ok()
    }

    /// What it says, where it is JSON.
    pub(super) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// The client; made with its first call, because it reads the certificates of the machine.
#[derive(Default)]
pub(super) struct Http(OnceLock<Result<Client, Away>>);

impl Http {
    fn client(&self) -> Result<&Client, Away> {
        let made = self.0.get_or_init(|| {
            ours();
            Client::builder()
                .redirect(Policy::none())
                .connect_timeout(CONNECT)
                .read_timeout(SILENT)
                .build()
                .map_err(|why| Away::Way(reason(&why)))
        });
        made.as_ref().map_err(Away::clone)
    }

    async fn send(&self, call: Call, within: Duration) -> Result<Response, Away> {
        let mut asks = self
            .client()?
            .request(call.method, call.url)
            .timeout(within)
            .header(USER_AGENT, concat!("holdpoint/", env!("CARGO_PKG_VERSION")))
            .header(ACCEPT, call.accept);
        if let Some(by) = &call.by {
            let mut value = HeaderValue::from_str(by.reveal())
                .map_err(|_| Away::Way("the token cannot stand in a header"))?;
            value.set_sensitive(true);
            asks = asks.header(AUTHORIZATION, value);
        }
        asks = match call.body {
            Some(Body::Json(value)) => asks
                .header("content-type", "application/json")
                .body(value.to_string()),
            Some(Body::Form(text)) => asks
                .header("content-type", "application/x-www-form-urlencoded")
                .body(text),
            None => asks,
        };
        asks.send().await.map_err(|why| way(&why))
    }

    /// Calls, and reads the answer whole.
    pub(super) async fn call(&self, call: Call) -> Result<Told, Away> {
        let mut answer = self.send(call, ANSWER).await?;
        whole(&mut answer).await
    }

    /// Calls for a file: a good answer goes where files go, and gives its length; any other one is
    /// read whole.
    pub(super) async fn file(
        &self,
        call: Call,
        to: &mut (dyn Write + Send),
        longest: u64,
    ) -> Result<Result<u64, Told>, Away> {
        let mut answer = self.send(call, FILE).await?;
        if answer.status().as_u16() == 200 {
            return pour(&mut answer, to, longest).await.map(Ok);
        }
        whole(&mut answer).await.map(Err)
    }
}

async fn whole(answer: &mut Response) -> Result<Told, Away> {
    let mut body = Vec::new();
    pour(answer, &mut body, LONGEST).await?;
    Ok(Told {
        status: answer.status().as_u16(),
        headers: answer.headers().clone(),
        body,
    })
}

async fn pour(
    answer: &mut Response,
    to: &mut (dyn Write + Send),
    longest: u64,
) -> Result<u64, Away> {
    if answer.content_length().is_some_and(|long| long > longest) {
        return Err(Away::Long(longest));
    }
    let mut length = 0;
    while let Some(piece) = answer.chunk().await.map_err(|why| way(&why))? {
        length += piece.len() as u64;
        if length > longest {
            return Err(Away::Long(longest));
        }
        to.write_all(&piece)
            .map_err(|why| Away::Kept(why.to_string()))?;
    }
    Ok(length)
}

fn way(why: &reqwest::Error) -> Away {
    Away::Way(reason(why))
}

/// Takes the one cryptography of the program; from the second time on it is there.
pub(super) fn ours() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Why a call came to nothing.
pub(super) fn reason(why: &reqwest::Error) -> &'static str {
    if why.is_timeout() {
        "it took too long to answer"
    } else if why.is_connect() {
        "it cannot be reached: its name, its address, its certificate or what stands between is wrong"
    } else if why.is_builder() {
        "the certificates of this machine cannot be read"
    } else {
        "its answer was cut off"
    }
}
