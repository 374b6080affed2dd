//! Who sent a body: a signature of its raw bytes (GitHub, Bitbucket), or a token beside it (GitLab).
//! What is compared is compared in constant time, by the libraries.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use crate::domain::masks::Secret;

/// Why a body is not believed. Nothing of what was sent is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// There is none.
    #[error("it has no signature")]
    Missing,
    /// There are several, of which another reader might take another.
    #[error("it has more than one signature")]
    Several,
    /// Not `sha256=` and 64 lower-case digits.
    #[error("its signature has another form than sha256= and 64 lower-case hexadecimal digits")]
    Form,
    /// Of another body, or with another secret.
    #[error("its signature is not the one of this body with the secret that is set here")]
    Wrong,
    /// Another token.
    #[error("its token is not the one that is set here")]
    Token,
}

/// What stands before the digits.
const PREFIX: &[u8] = b"sha256=";

/// Checks HMAC-SHA256 over the raw bytes of a body, as GitHub's `X-Hub-Signature-256` and
/// Bitbucket's `X-Hub-Signature` give it: `sha256=` and 64 lower-case digits. `given` are all headers
/// of that name.
///
/// # Errors
/// Every [`Unproven`] but that of a token.
pub fn check(secret: &Secret, given: &[&[u8]], body: &[u8]) -> Result<(), Unproven> {
    let digits = one(given)?
        .strip_prefix(PREFIX)
        .filter(|digits| {
            digits
                .iter()
                .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        })
        .ok_or(Unproven::Form)?;
    let mut signature = [0; 32];
    hex::decode_to_slice(digits, &mut signature).map_err(|_| Unproven::Form)?;
    // A key of any length is one.
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes()).map_err(|_| Unproven::Wrong)?;
    mac.update(body);
    mac.verify_slice(&signature).map_err(|_| Unproven::Wrong)
}

/// Checks the token that GitLab sends as it is (`X-Gitlab-Token`).
///
/// # Errors
/// [`Unproven::Missing`], [`Unproven::Several`] or [`Unproven::Token`].
pub fn check_token(secret: &Secret, given: &[&[u8]]) -> Result<(), Unproven> {
    let given = one(given)?;
    if secret.reveal().as_bytes().ct_eq(given).into() {
        Ok(())
    } else {
        Err(Unproven::Token)
    }
}

fn one<'a>(given: &[&'a [u8]]) -> Result<&'a [u8], Unproven> {
    match given {
        [] => Err(Unproven::Missing),
        [one] => Ok(one),
        [_, _, ..] => Err(Unproven::Several),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BODY: &[u8] = b"Hello, World!";
    /// GitHub's documentation publishes this one.
    const RIGHT: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    fn secret() -> Secret {
        Secret::new("It's a Secret to Everybody".to_owned())
    }

    fn told(given: &[&str], body: &[u8]) -> Result<(), Unproven> {
        let given: Vec<&[u8]> = given.iter().map(|one| one.as_bytes()).collect();
        check(&secret(), &given, body)
    }

    #[test]
    fn the_published_signature_is_right_and_every_other_is_refused() {
        assert_eq!(told(&[RIGHT], BODY), Ok(()));
        let digits = RIGHT.strip_prefix("sha256=").unwrap();
        let upper = format!("sha256={}", digits.to_uppercase());
        let flipped = RIGHT.replace("043e17", "043e18");
        let sha1 = format!("sha1={}", &digits[..40]);
        for (given, why) in [
            (&[][..], Unproven::Missing),
            (&[RIGHT, RIGHT], Unproven::Several),
            (&[RIGHT, &flipped], Unproven::Several),
            (&[&flipped], Unproven::Wrong),
            (&[&upper], Unproven::Form),
            (&[digits], Unproven::Form),
            (&[&RIGHT[..RIGHT.len() - 1]], Unproven::Form),
            (&[&RIGHT[..RIGHT.len() - 2]], Unproven::Form),
            (&[&format!("{RIGHT}00")], Unproven::Form),
            (&[&format!("{RIGHT} ")], Unproven::Form),
            (&[&sha1], Unproven::Form),
            (&["sha256="], Unproven::Form),
            (&[""], Unproven::Form),
        ] {
            assert_eq!(told(given, BODY), Err(why), "{given:?}");
        }
    }

    /// The raw bytes are signed, not what they mean.
    #[test]
    fn the_same_document_written_anew_is_refused() {
        let (sent, anew) = (br#"{"a": 1, "b": 2}"#, br#"{"a":1,"b":2}"#);
        let mut mac = Hmac::<Sha256>::new_from_slice(secret().reveal().as_bytes()).unwrap();
        mac.update(sent);
        let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
        assert_eq!(told(&[&signature], sent), Ok(()));
        assert_eq!(told(&[&signature], anew), Err(Unproven::Wrong));
    }

    #[test]
    fn a_token_is_the_whole_token() {
        let right = secret();
        let of = |given: &[&[u8]]| check_token(&right, given);
        assert_eq!(of(&[right.reveal().as_bytes()]), Ok(()));
        assert_eq!(of(&[]), Err(Unproven::Missing));
        assert_eq!(of(&[b"x", b"x"]), Err(Unproven::Several));
        let upper = right.reveal().to_uppercase();
        let longer = format!("{} ", right.reveal());
        let shorter = &right.reveal()[1..];
        for wrong in ["", &upper, &longer, shorter] {
            assert_eq!(of(&[wrong.as_bytes()]), Err(Unproven::Token), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn no_other_body_and_no_other_header_passes(body in prop::collection::vec(any::<u8>(), 0..64), header in "(sha256=)?[0-9a-fA-F]{0,70}") {
            prop_assert_eq!(told(&[RIGHT], &body).is_ok(), body == BODY);
            prop_assert_eq!(told(&[&header], BODY).is_ok(), header == RIGHT);
        }
    }
}
