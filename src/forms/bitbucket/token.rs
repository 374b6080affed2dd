//! The token of one call between Bitbucket and an app of Connect, whoever of them calls: HS256 with
//! the secret of an installation.

use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey};
use serde::Serialize;

use super::qsh;
use crate::domain::masks::Secret;
use crate::domain::time::Time;
use crate::text::jwt;

/// How long one of ours holds.
const HOLDS: Duration = Duration::from_mins(3);

/// What a token of ours says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Claims {
    /// The app.
    iss: String,
    /// The installation in whose name it calls.
    sub: String,
    /// When it was made, in seconds.
    iat: i64,
    /// When it ends, in seconds.
    exp: i64,
    /// For which call.
    qsh: String,
}

impl Claims {
    /// Of the app `key`, for the installation `client`: for a call of that method, path below the
    /// address of Bitbucket, and query.
    #[must_use]
    pub fn new(
        key: &str,
        client: &str,
        (method, path, query): (&str, &str, &str),
        now: Time,
    ) -> Self {
        let now = now.0.div_euclid(1_000);
        Self {
            iss: key.to_owned(),
            sub: client.to_owned(),
            iat: now,
            exp: now + i64::try_from(HOLDS.as_secs()).unwrap_or_default(),
            qsh: qsh::hash(&qsh::canonical(method, path, query)),
        }
    }
}

/// A token of these claims; none where the secret cannot sign.
#[must_use]
pub fn signed(claims: &impl Serialize, secret: &Secret) -> Option<Secret> {
    let key = EncodingKey::from_secret(secret.reveal().as_bytes());
    jwt::sign(Algorithm::HS256, claims, &key)
        .ok()
        .map(Secret::new)
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{DecodingKey, Validation};
    use serde_json::{Value, json};

    use super::*;

    /// The claims and the signature as anybody else computes them.
    #[test]
    fn a_token_is_of_one_app_for_one_installation_and_one_call() {
        let secret = Secret::new("n7s8x0aLongSharedSecretOfOneTenant".to_owned());
        let call = ("POST", "/site/oauth2/access_token", "");
        let at = Time(1_767_225_600_999);
        let claims = Claims::new("holdpoint-acme", "connection:123", call, at);
        let token = signed(&claims, &secret).unwrap();
        let mut only = Validation::new(Algorithm::HS256);
        only.required_spec_claims.clear();
        (only.validate_exp, only.validate_aud) = (false, false);
        let by = |secret: &str| DecodingKey::from_secret(secret.as_bytes());
        let read = |secret: &str| jwt::proven::<Value>(token.reveal(), &by(secret), &only);
        assert_eq!(
            read(secret.reveal()).unwrap(),
            json!({
                "iss": "holdpoint-acme", "sub": "connection:123",
                "iat": 1_767_225_600, "exp": 1_767_225_780,
                "qsh": qsh::hash("POST&/site/oauth2/access_token&"),
            })
        );
        assert!(read("another secret").is_err());
        assert!(!format!("{token:?}").contains(token.reveal()));
    }

    /// The example of a token in Atlassian's documents of JWT (and of jwt.io): the same bytes are
    /// signed in the same way.
    #[test]
    fn it_is_signed_as_the_published_example_is() {
        let example = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";
        let mut only = Validation::new(Algorithm::HS256);
        only.required_spec_claims.clear();
        (only.validate_exp, only.validate_aud) = (false, false);
        let key = DecodingKey::from_secret(b"your-256-bit-secret");
        let read: Value = jwt::proven(example, &key, &only).unwrap();
        assert_eq!(read["name"], "John Doe");
    }
}
