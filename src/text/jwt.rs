//! JSON web tokens over the cryptography that TLS has already: HS256 between us and a tenant, RS256
//! where an app proves itself. No other algorithm is signed or believed.

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::signature::{self, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use ring::rand::SystemRandom;
use ring::{hmac, rsa};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A token of these claims.
///
/// # Errors
/// Another algorithm, or a key that is none of it.
pub fn sign<T: Serialize>(
    algorithm: Algorithm,
    claims: &T,
    key: &EncodingKey,
) -> Result<String, Error> {
    ready();
    jsonwebtoken::encode(&Header::new(algorithm), claims, key)
}

/// The claims of a token, proven by the key; `only` says which algorithm is believed.
///
/// # Errors
/// A form that is none, or a signature that does not fit.
pub fn proven<T: DeserializeOwned + Clone>(
    token: &str,
    key: &DecodingKey,
    only: &Validation,
) -> Result<T, Error> {
    ready();
    jsonwebtoken::decode(token, key, only).map(|read| read.claims)
}

/// The crate asks one provider for all cryptography of the process.
fn ready() {
    static OURS: CryptoProvider = CryptoProvider {
        signer_factory: signer,
        verifier_factory: verifier,
        key_utils: KeyUtils::new_unimplemented(),
    };
    // From the second time on it is there.
    let _ = OURS.install_default();
}

// The crate hands it by reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>, Error> {
    match algorithm {
        Algorithm::HS256 => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
            Ok(Box::new(Shared(key)))
        }
        Algorithm::RS256 => {
            let pair = rsa::KeyPair::from_der(key.as_bytes());
            let pair = pair.map_err(|why| ErrorKind::InvalidRsaKey(why.to_string()))?;
            Ok(Box::new(Private(pair)))
        }
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    match algorithm {
        Algorithm::HS256 => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, key.try_get_as_bytes()?);
            Ok(Box::new(Shared(key)))
        }
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

/// A secret that both sides have.
struct Shared(hmac::Key);

/// A key that one side has.
struct Private(rsa::KeyPair);

impl Signer<Vec<u8>> for Shared {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(hmac::sign(&self.0, message).as_ref().to_vec())
    }
}

impl Verifier<Vec<u8>> for Shared {
    fn verify(&self, message: &[u8], told: &Vec<u8>) -> Result<(), signature::Error> {
        hmac::verify(&self.0, message, told).map_err(|_| signature::Error::new())
    }
}

impl Signer<Vec<u8>> for Private {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        let mut signed = vec![0; self.0.public().modulus_len()];
        let by = &ring::signature::RSA_PKCS1_SHA256;
        self.0
            .sign(by, &SystemRandom::new(), message, &mut signed)
            .map_err(|_| signature::Error::new())?;
        Ok(signed)
    }
}

impl JwtSigner for Shared {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for Shared {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtSigner for Private {
    fn algorithm(&self) -> Algorithm {
        Algorithm::RS256
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// The token of RFC 7515, appendix A.1: its key and its signature.
    #[test]
    fn the_example_of_the_standard_is_believed_and_nothing_near_it() {
        const KEY: &str = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow==";
        const TOKEN: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let bytes = EncodingKey::from_urlsafe_base64_secret(KEY).unwrap();
        let key = DecodingKey::from_secret(bytes.as_bytes());
        let mut only = Validation::new(Algorithm::HS256);
        only.required_spec_claims.clear();
        only.validate_exp = false;
        let claims: Value = proven(TOKEN, &key, &only).unwrap();
        assert_eq!(claims["iss"], "joe");
        let other = TOKEN.replace("EjXk", "EjXl");
        assert!(proven::<Value>(&other, &key, &only).is_err());
        let made = sign(Algorithm::HS256, &json!({ "iss": "joe" }), &bytes).unwrap();
        assert!(proven::<Value>(&made, &key, &only).is_ok());
    }

    #[test]
    fn no_other_algorithm_is_taken() {
        let key = EncodingKey::from_secret(b"k");
        assert!(sign(Algorithm::HS512, &json!({}), &key).is_err());
        assert!(sign(Algorithm::RS256, &json!({}), &key).is_err());
    }
}
