//! Who an app is, proven by its key, and the tokens of its installations.

use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::json;

use super::{Right, Who};
use crate::domain::failure::Failure;
use crate::domain::masks::Secret;
use crate::domain::time::Time;
use crate::hosts::http::Told;
use crate::hosts::tokens::Tokens;
use crate::text::jwt;

/// How far a token of the app is dated back: the clocks of both sides differ.
const BACK: Duration = Duration::from_mins(1);
/// How long it holds from now: GitHub takes ten minutes at most.
const HOLDS: Duration = Duration::from_mins(9);

/// The app's id, the address of the interface, the repository, and what it is for.
pub(super) type Of = (u64, String, String, Right);

/// What a token is for.
pub(super) fn of(who: Who<'_>, right: Right) -> Of {
    let api = who.app.api().to_owned();
    (who.app.id, api, who.repository.to_owned(), right)
}

/// Keeps the one that was given.
pub(super) fn keep(
    tokens: &Tokens<Of>,
    who: Who<'_>,
    right: Right,
    told: &Told,
) -> Result<Secret, Failure> {
    let read = told.json().unwrap_or_default();
    let token = read["token"].as_str().filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| who.asked().unread("a token"))?;
    let end = read["expires_at"]
        .as_str()
        .and_then(|at| at.parse::<jiff::Timestamp>().ok())
        .map_or(tokens.now(), |at| Time(at.as_millisecond()));
    Ok(tokens.keep(of(who, right), token, end))
}

/// What proves the app itself.
pub(super) fn of_app(who: Who<'_>, now: Time) -> Result<Secret, Failure> {
    let id = who.app.id;
    let unusable = || {
        Failure::new(format!(
            "the private key of the GitHub app {id} is none: it cannot be used to sign"
        ))
        .hint("put the file there that GitHub gave for it (Settings, Developer settings, the app, Private keys), in PEM form, then try again")
    };
    let key = EncodingKey::from_rsa_pem(who.key.reveal().as_bytes()).map_err(|_| unusable())?;
    let now = now.0 / 1_000;
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
