//! The token of a call by Atlassian Connect: HS256 with the secret of the installation, and nothing
//! else whatever its header says; for this call, from this installation, for us, now.

use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

use crate::domain::masks::Secret;
use crate::domain::time::Time;
use crate::forms::bitbucket::qsh;
use crate::text::jwt;

/// How far the clocks of both sides may be apart.
pub(super) const LEEWAY: Duration = Duration::from_mins(1);
/// The longest time for which a token may hold: Bitbucket gives an hour.
pub(super) const LONGEST: Duration = Duration::from_hours(1);

/// Why a token is not believed. What it says of itself is not repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// No token at all, or several.
    #[error("the call has no token: Bitbucket sends one as Authorization: JWT TOKEN")]
    Missing,
    /// No JWT of that form.
    #[error("the token is none: three parts of JSON, signed by HS256")]
    Form,
    /// Another secret, or changed.
    #[error("the token is not signed by the secret of its installation")]
    Signature,
    /// It names an installation that is not known.
    #[error("the token is of an installation that is not known here")]
    Issuer,
    /// It was meant for somebody else.
    #[error("the token was made for another app")]
    Audience,
    /// It was made for another call.
    #[error("the token was made for another call (its qsh)")]
    Call,
    /// It holds for longer than any token needs to.
    #[error("the token holds for more than an hour: none needs to")]
    Long,
    /// It is over.
    #[error(
        "the token ended at {end}, and the clock of this machine says {now}: if that is wrong, set the clock"
    )]
    Over {
        /// When it ended.
        end: String,
        /// The time here.
        now: String,
    },
    /// It does not hold yet.
    #[error(
        "the token was made at {made}, and the clock of this machine says {now}: if that is wrong, set the clock"
    )]
    Early {
        /// When it was made.
        made: String,
        /// The time here.
        now: String,
    },
}

/// A call that came, as far as a token covers it.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// Its method.
    pub method: &'a str,
    /// Its path, below the base address of the app.
    pub path: &'a str,
    /// Its query, without the question mark.
    pub query: &'a str,
    /// When it came.
    pub at: Time,
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Claims {
    /// The installation that made it.
    pub(super) iss: String,
    /// For whom.
    #[serde(default)]
    aud: Option<Audience>,
    /// When it was made, in seconds.
    iat: i64,
    /// When it ends, in seconds.
    exp: i64,
    /// Before when it does not hold, in seconds.
    #[serde(default)]
    nbf: Option<i64>,
    /// For which call.
    qsh: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn names(&self, one: &str) -> bool {
        match self {
            Audience::One(name) => name == one,
            Audience::Several(names) => names.iter().any(|name| name == one),
        }
    }
}

/// What a token says, unproven: by whom it says that it was made says whose secret proves it.
///
/// # Errors
/// [`BadToken::Form`].
pub fn claims_of(token: &str) -> Result<Claims, BadToken> {
    jsonwebtoken::dangerous::insecure_decode(token)
        .map(|read| read.claims)
        .map_err(|_| BadToken::Form)
}

/// Checks the token of a call: made by the installation `client` with its `secret`, for the app `key`.
///
/// # Errors
/// Why it is not believed.
pub(super) fn check(
    token: &str,
    secret: &Secret,
    client: &str,
    key: &str,
    call: &Call<'_>,
) -> Result<(), BadToken> {
    // The library would ask the machine for the time: signature and form are its part alone.
    let mut only = Validation::new(Algorithm::HS256);
    only.required_spec_claims.clear();
    (only.validate_exp, only.validate_nbf, only.validate_aud) = (false, false, false);
    let by = DecodingKey::from_secret(secret.reveal().as_bytes());
    let claims: Claims = jwt::proven(token, &by, &only).map_err(|why| match why.kind() {
        jsonwebtoken::errors::ErrorKind::InvalidSignature => BadToken::Signature,
        _ => BadToken::Form,
    })?;
    claims.hold(client, key, call)
}

impl Claims {
    fn hold(&self, client: &str, key: &str, call: &Call<'_>) -> Result<(), BadToken> {
        if self.iss != client {
            return Err(BadToken::Issuer);
        }
        if self
            .aud
            .as_ref()
            .is_some_and(|aud| !aud.names(key) && !aud.names(client))
        {
            return Err(BadToken::Audience);
        }
        if self.qsh != qsh::hash(&qsh::canonical(call.method, call.path, call.query)) {
            return Err(BadToken::Call);
        }
        let at = |seconds: i64| Time(seconds.saturating_mul(1_000));
        let text = |time: Time| time.text("%Y-%m-%dT%H:%M:%SZ");
        let (made, end, now) = (at(self.iat), at(self.exp), call.at);
        if end.0.saturating_sub(made.0) > i64::try_from(LONGEST.as_millis()).unwrap_or(i64::MAX) {
            return Err(BadToken::Long);
        }
        if now > end + LEEWAY {
            return Err(BadToken::Over {
                end: text(end),
                now: text(now),
            });
        }
        let from = self.nbf.map_or(made, |nbf| at(nbf).max(made));
        if from > now + LEEWAY {
            return Err(BadToken::Early {
                made: text(from),
                now: text(now),
            });
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::*;

    pub(crate) const CLIENT: &str = "connection:123";
    pub(crate) const KEY: &str = "holdpoint-acme";
    /// 2026-01-01T00:00:00Z.
    pub(crate) const NOW: i64 = 1_767_225_600;

    pub(crate) fn secret() -> Secret {
        Secret::new("n7s8x0aLongSharedSecretOfOneTenant".to_owned())
    }

    pub(crate) fn call() -> Call<'static> {
        Call {
            method: "POST",
            path: "/hooks/bitbucket",
            query: "",
            at: Time(NOW * 1_000),
        }
    }

    /// The claims of a token that is right for [`call`].
    pub(crate) fn claims() -> Value {
        let call = call();
        json!({
            "iss": CLIENT, "aud": [KEY], "iat": NOW - 5, "exp": NOW + 175,
            "qsh": qsh::hash(&qsh::canonical(call.method, call.path, call.query)),
        })
    }

    pub(crate) fn signed(claims: &Value, secret: &Secret) -> String {
        let token = crate::forms::bitbucket::signed(claims, secret).unwrap();
        token.reveal().to_owned()
    }

    fn told(claims: &Value) -> Result<(), BadToken> {
        check(&signed(claims, &secret()), &secret(), CLIENT, KEY, &call())
    }

    fn with(key: &str, value: Value) -> Value {
        let mut claims = claims();
        claims[key] = value;
        claims
    }

    #[test]
    fn a_token_is_for_one_call_from_one_installation_to_us_now() {
        assert_eq!(told(&claims()), Ok(()));
        for aud in [json!(KEY), json!(CLIENT), json!(["x", KEY]), Value::Null] {
            assert_eq!(told(&with("aud", aud)), Ok(()));
        }
        for (key, value, why) in [
            ("iss", json!("connection:124"), BadToken::Issuer),
            ("iss", json!(KEY), BadToken::Issuer),
            ("aud", json!("another-app"), BadToken::Audience),
            ("aud", json!([]), BadToken::Audience),
            ("qsh", json!("context-qsh"), BadToken::Call),
            (
                "qsh",
                json!(qsh::hash("POST&/hooks/github&")),
                BadToken::Call,
            ),
            (
                "qsh",
                json!(qsh::hash("POST&/hooks/bitbucket&a=b")),
                BadToken::Call,
            ),
            (
                "qsh",
                json!(qsh::hash("GET&/hooks/bitbucket&")),
                BadToken::Call,
            ),
            ("qsh", json!(""), BadToken::Call),
            ("exp", json!(NOW + 100 * 31_557_600), BadToken::Long),
            ("iat", json!(NOW - 86_400), BadToken::Long),
        ] {
            assert_eq!(told(&with(key, value.clone())), Err(why), "{key} = {value}");
        }
        for missing in ["iss", "iat", "exp", "qsh"] {
            let mut claims = claims();
            claims.as_object_mut().unwrap().remove(missing);
            assert_eq!(told(&claims), Err(BadToken::Form), "{missing}");
        }
        assert_eq!(told(&with("exp", json!("soon"))), Err(BadToken::Form));
    }

    /// Up to the leeway the clocks may differ; beyond it the message names the clock.
    #[test]
    fn a_clock_that_is_wrong_is_named() {
        let at = |shift: i64| {
            let call = Call {
                at: Time((NOW + shift) * 1_000),
                ..call()
            };
            check(&signed(&claims(), &secret()), &secret(), CLIENT, KEY, &call)
        };
        for fine in [0, 175 + 60, -5 - 60] {
            assert_eq!(at(fine), Ok(()), "{fine}");
        }
        for off in [175 + 61, 3_600, -5 - 61, -3_600] {
            let why = at(off).unwrap_err().to_string();
            assert!(
                why.contains("set the clock") && why.contains("202"),
                "{why}"
            );
        }
        let later = with("nbf", json!(NOW + 120));
        assert!(matches!(told(&later), Err(BadToken::Early { .. })));
        assert!(matches!(
            told(&with("exp", json!(i64::MAX))),
            Err(BadToken::Long)
        ));
        assert!(told(&with("iat", json!(i64::MIN))).is_err());
    }

    #[test]
    fn the_algorithm_is_ours_to_choose() {
        let right = signed(&claims(), &secret());
        let of = |token: &str| check(token, &secret(), CLIENT, KEY, &call());
        let body = right.split('.').nth(1).unwrap();
        // {"alg":"none"}, {"alg":"HS256","kid":"../../dev/null"} with nothing signed
        for header in [
            "eyJhbGciOiJub25lIn0",
            "eyJhbGciOiJIUzI1NiIsImtpZCI6Ii4uLy4uL2Rldi9udWxsIn0",
        ] {
            for signature in ["", "AAAA"] {
                assert!(of(&format!("{header}.{body}.{signature}")).is_err());
            }
        }
        // {"alg":"HS384"}, {"alg":"HS512"}: refused before the signature is looked at
        for header in ["eyJhbGciOiJIUzM4NCJ9", "eyJhbGciOiJIUzUxMiJ9"] {
            let token = format!("{header}.{body}.AAAA");
            assert_eq!(of(&token), Err(BadToken::Form), "{header}");
        }
        let another = Secret::new("another secret of another tenant".to_owned());
        assert_eq!(of(&signed(&claims(), &another)), Err(BadToken::Signature));
        for wrong in [
            "",
            "a.b",
            "a.b.c.d",
            &right[..right.len() - 1],
            &format!("{right}A"),
            &right.replace('.', ".."),
        ] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
        assert_eq!(claims_of(&right).unwrap().iss, CLIENT);
        assert_eq!(claims_of("x").unwrap_err(), BadToken::Form);
    }
}
