//! Calls of a git host by a token: one that is refused is minted anew, once, and none goes anywhere
//! but to the host that gave it.

use std::io::Write;

use reqwest::{Method, Url};

use super::Now;
use super::answer::{Asked, Refusals};
use super::http::{Body, Call, Http, Told};
use crate::domain::failure::Failure;
use crate::domain::masks::Secret;

/// How many times an archive may be elsewhere.
const LEADS: usize = 4;

/// What gives the token by which something is asked.
pub(super) trait Bearer: Sync {
    /// What stands in `Authorization`; another one where the one before was refused.
    fn token(&self, anew: bool) -> impl Future<Output = Result<Secret, Failure>> + Send;
}

/// What is asked.
#[derive(Clone)]
pub(super) struct Ask {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) accept: &'static str,
    pub(super) body: Option<Body>,
}

/// What came where a file was asked for.
pub(super) enum Came {
    /// The file, of this length.
    Whole(u64),
    /// Another answer, by the host itself or by whom it led to.
    Told(Told, By),
}

/// Who answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// The host that was asked.
    Host,
    /// Whom it led to.
    Other,
}

/// How one host is called.
pub(super) struct Calls {
    http: Http,
    refusals: Refusals,
}

impl Calls {
    /// By that clock.
    pub(super) fn new(now: Now) -> Self {
        Self {
            http: Http::default(),
            refusals: Refusals::new(now),
        }
    }

    /// Calls once.
    pub(super) async fn send(&self, asked: &Asked<'_>, call: Call) -> Result<Told, Failure> {
        self.refusals.open(asked)?;
        let told = self.http.call(call).await;
        let told = told.map_err(|why| asked.lost(&why))?;
        self.refusals.heard(asked, &told)?;
        Ok(told)
    }

    /// Calls by a token; one that is refused is minted anew, once.
    pub(super) async fn call(
        &self,
        asked: &Asked<'_>,
        by: &impl Bearer,
        ask: Ask,
    ) -> Result<Told, Failure> {
        let mut anew = false;
        loop {
            let call = Call {
                method: ask.method.clone(),
                url: ask.url.clone(),
                by: Some(by.token(anew).await?),
                accept: ask.accept,
                body: ask.body.clone(),
            };
            let told = self.send(asked, call).await?;
            if told.status != 401 || anew {
                return Ok(told);
            }
            anew = true;
        }
    }

    /// Calls for a file by a token, and goes where that leads without it: there the address says all
    /// that is needed.
    pub(super) async fn file(
        &self,
        asked: &Asked<'_>,
        by: &impl Bearer,
        url: &Url,
        to: &mut (dyn Write + Send),
        longest: u64,
    ) -> Result<Came, Failure> {
        let (mut at, mut anew) = (url.clone(), false);
        for _ in 0..LEADS {
            let who = if at.origin() == url.origin() {
                By::Host
            } else {
                By::Other
            };
            let token = match who {
                By::Host => Some(by.token(anew).await?),
                By::Other => None,
            };
            let call = Call {
                method: Method::GET,
                url: at.clone(),
                by: token,
                accept: "*/*",
                body: None,
            };
            self.refusals.open(asked)?;
            let got = self.http.file(call, to, longest).await;
            let told = match got.map_err(|why| asked.lost(&why))? {
                Ok(length) => return Ok(Came::Whole(length)),
                Err(told) => told,
            };
            self.refusals.heard(asked, &told)?;
            match told.status {
                301 | 302 | 307 | 308 => {
                    at = asked.leads(&at, &told)?;
                    if (asked.signs_in)(&at) {
                        if anew {
                            return Err(asked.refused("it leads to where people sign in"));
                        }
                        (at, anew) = (url.clone(), true);
                    }
                }
                401 if who == By::Host && !anew => anew = true,
                _ => return Ok(Came::Told(told, who)),
            }
        }
        Err(asked.unread("where its archive is"))
    }
}
