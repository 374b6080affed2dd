//! Registries of container images: what a name of one leads to there. Who we are is what the programs
//! that build images are signed in as.

use std::time::Duration;

use oci_client::Reference;
use oci_client::client::{Client, ClientConfig, ClientProtocol};
use oci_client::errors::{OciDistributionError, OciErrorCode};
use oci_client::secrets::RegistryAuth;

use super::http;
use crate::domain::failure::{Failure, Retry};
use crate::domain::masks::Secret;
use crate::forms::image::is_here;
use crate::os::login;
use crate::text::safe::Safe;

/// How long a registry may take to be connected to.
const CONNECT: Duration = Duration::from_secs(10);
/// How long it may say nothing.
const ANSWER: Duration = Duration::from_mins(1);
/// When one that did not answer is asked again.
const AGAIN: Duration = Duration::from_secs(10);

/// The digest that a name of an image leads to in its registry, which says so now; none where there is
/// no such image. `signed_in` is a configuration with credentials, in docker's form, that is used in
/// place of that of the person whose engine this is.
///
/// # Errors
/// A failure that names what to do.
pub async fn digest(name: &str, signed_in: Option<&Secret>) -> Result<Option<String>, Failure> {
    let reference: Reference = name
        .parse()
        .map_err(|why| Failure::new(format!("{name} is no image: {why}")))?;
    let registry = reference.resolve_registry().to_owned();
    let auth = credentials(&registry, signed_in).await?;
    let client = client(&registry)?;
    match client.fetch_manifest_digest(&reference, &auth).await {
        Ok(digest) => Ok(Some(digest)),
        Err(why) if is_missing(&why) => Ok(None),
        Err(why) => Err(failure(&registry, &why)),
    }
}

fn client(registry: &str) -> Result<Client, Failure> {
    http::ours();
    let except = is_here(registry).then(|| registry.to_owned());
    let config = ClientConfig {
        protocol: ClientProtocol::HttpsExcept(except.into_iter().collect()),
        connect_timeout: Some(CONNECT),
        read_timeout: Some(ANSWER),
        user_agent: concat!("holdpoint/", env!("CARGO_PKG_VERSION")),
        ..ClientConfig::default()
    };
    Client::try_from(config)
        .map_err(|_| away(registry, "the certificates of this machine cannot be read"))
}

/// Who we are at a registry.
async fn credentials(registry: &str, signed_in: Option<&Secret>) -> Result<RegistryAuth, Failure> {
    let server = match registry {
        "index.docker.io" => "https://index.docker.io/v1/",
        registry => registry,
    };
    let login = login::at(server, signed_in, ANSWER).await;
    let login = login.map_err(|why| away(registry, why))?;
    Ok(login.map_or(RegistryAuth::Anonymous, |(user, password)| {
        RegistryAuth::Basic(user, password.reveal().to_owned())
    }))
}

fn is_missing(why: &OciDistributionError) -> bool {
    match why {
        OciDistributionError::ImageManifestNotFoundError(_)
        | OciDistributionError::ServerError { code: 404, .. } => true,
        OciDistributionError::RegistryError { envelope, .. } => {
            envelope.errors.iter().any(|error| {
                matches!(
                    error.code,
                    OciErrorCode::ManifestUnknown
                        | OciErrorCode::NameUnknown
                        | OciErrorCode::NotFound
                )
            })
        }
        _ => false,
    }
}

fn failure(registry: &str, why: &OciDistributionError) -> Failure {
    match why {
        OciDistributionError::UnauthorizedError { .. }
        | OciDistributionError::AuthenticationFailure(_)
        | OciDistributionError::ServerError { code: 403, .. } => refused(registry),
        OciDistributionError::ServerError { code, .. } => {
            away(registry, &format!("it answered {code}"))
        }
        OciDistributionError::RequestError(why) => away(registry, http::reason(why)),
        OciDistributionError::RegistryError { envelope, .. } => {
            let says = envelope.errors.first().map(|error| error.message.as_str());
            let denied = envelope.errors.iter().any(|error| {
                matches!(
                    error.code,
                    OciErrorCode::Denied | OciErrorCode::Unauthorized
                )
            });
            if denied {
                refused(registry)
            } else {
                away(
                    registry,
                    &format!("it says {}", Safe::told(says.unwrap_or("no"))),
                )
            }
        }
        // What else it says may hold an address with a token.
        _ => away(registry, "its answer is not one of a registry"),
    }
}

fn refused(registry: &str) -> Failure {
    Failure::new(format!("the registry {registry} refuses us"))
        .hint(format!(
            "sign in as the person whose engine this is: `docker login {registry}`, or the same with podman or buildah"
        ))
        .retry(Retry::Never)
}

fn away(registry: &str, why: &str) -> Failure {
    Failure::new(format!("the registry {registry} cannot be asked: {why}"))
        .retry(Retry::After(AGAIN))
}
