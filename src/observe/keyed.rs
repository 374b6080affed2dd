//! The eye on secrets as a whole: a digest under a key that nobody but this engine has.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::{Eye, LookOn};
use crate::domain::failure::Failure;
use crate::domain::look::{Look, Sight};
use crate::domain::masks::Secret;
use crate::domain::request::SourceBundle;
use crate::domain::secret_ref::SecretRef;
use crate::forms::keyed::{KEYED, sight};
use crate::secrets;

/// Makes digests of secrets.
pub(super) struct Keyed(pub(super) Secret);

impl Eye for Keyed {
    fn kind(&self) -> &'static str {
        KEYED
    }

    fn look<'a>(
        &'a self,
        _on: &'a LookOn,
        look: &'a Look,
        _bundle: Option<&'a SourceBundle>,
    ) -> BoxFuture<'a, Result<Sight, Failure>> {
        async move {
            let named: Vec<SecretRef> = serde_json::from_value(look.with.clone())
                .map_err(|why| Failure::new(format!("{} cannot be read: {why}", look.about)))?;
            let mut mac = Hmac::<Sha256>::new_from_slice(self.0.reveal().as_bytes())
                .map_err(|why| Failure::new(why.to_string()))?;
            for (reference, read) in named.iter().zip(secrets::read_all(&named).await) {
                let secret = read?;
                for part in [reference.to_string().as_str(), secret.reveal()] {
                    mac.update(&(part.len() as u64).to_be_bytes());
                    mac.update(part.as_bytes());
                }
            }
            let digest = hex::encode(mac.finalize().into_bytes());
            Ok(sight(look.about.clone(), &digest))
        }
        .boxed()
    }
}
