//! Who an app is, proven by its key, and the tokens of its installations: kept until shortly before
//! they end, in memory alone.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::json;

use super::{Right, Who, answer};
use crate::domain::failure::Failure;
use crate::domain::masks::Secret;
use crate::domain::time::Time;
use crate::hosts::Now;
use crate::hosts::http::Told;
use crate::os::mutex::locked;
use crate::text::jwt;

/// How far a token of the app is dated back: the clocks of both sides differ.
const BACK: Duration = Duration::from_mins(1);
/// How long it holds from now: GitHub takes ten minutes at most.
const HOLDS: Duration = Duration::from_mins(9);
/// So long before its end a token of an installation is not used any more.
const BEFORE: Duration = Duration::from_mins(5);
/// The longest time for which one is kept, whatever it says of its end.
const LONGEST: Duration = Duration::from_mins(55);

/// The app's id, the address of the interface, the repository, and what it is for.
type Of = (u64, String, String, Right);

/// All tokens.
pub(super) struct Tokens {
    now: Now,
    kept: Mutex<BTreeMap<Of, (Secret, Time)>>,
}

impl Tokens {
    pub(super) fn new(now: Now) -> Self {
        Self {
            now,
            kept: Mutex::default(),
        }
    }

    /// One that holds for a while still.
    pub(super) fn kept(&self, who: Who<'_>, right: Right) -> Option<Secret> {
        let kept = locked(&self.kept);
        let (token, until) = kept.get(&of(who, right))?;
        ((self.now)() < *until).then(|| token.clone())
    }

    /// Keeps the one that was given.
    pub(super) fn keep(&self, who: Who<'_>, right: Right, told: &Told) -> Result<Secret, Failure> {
        let read = told.json().unwrap_or_default();
        let token = read["token"].as_str().filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| answer::unread(who, "a token"))?;
        let token = Secret::new(format!("Bearer {token}"));
        let now = (self.now)();
        let end = read["expires_at"]
            .as_str()
            .and_then(|at| at.parse::<jiff::Timestamp>().ok())
            .map_or(now, |at| Time(at.as_millisecond()));
        let before = i64::try_from(BEFORE.as_millis()).unwrap_or_default();
        let until = Time(end.0.saturating_sub(before)).min(now + LONGEST);
        locked(&self.kept).insert(of(who, right), (token.clone(), until));
        Ok(token)
    }

    /// What proves the app itself.
    pub(super) fn of_app(&self, who: Who<'_>) -> Result<Secret, Failure> {
        let id = who.app.id;
        let unusable = || {
            Failure::new(format!(
                "the private key of the GitHub app {id} is none: it cannot be used to sign"
            ))
            .hint("put the file there that GitHub gave for it (Settings, Developer settings, the app, Private keys), in PEM form, then try again")
        };
        let key = EncodingKey::from_rsa_pem(who.key.reveal().as_bytes()).map_err(|_| unusable())?;
        let now = (self.now)().0 / 1_000;
        let seconds = |long: Duration| i64::try_from(long.as_secs()).unwrap_or_default();
        let claims = json!({
            "iat": now - seconds(BACK),
            "exp": now + seconds(HOLDS),
            "iss": id.to_string(),
        });
        jwt::sign(Algorithm::RS256, &claims, &key)
            .map(|token| Secret::new(format!("Bearer {token}")))
            .map_err(|_| unusable())
    }
}

fn of(who: Who<'_>, right: Right) -> Of {
    let api = who.app.api().to_owned();
    (who.app.id, api, who.repository.to_owned(), right)
}
