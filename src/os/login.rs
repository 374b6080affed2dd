//! Who the person whose engine this is is at a registry of images: as docker, podman and buildah keep
//! it, in a file or with a helper of their own.

use std::time::Duration;

use docker_credential::{
    DockerCredential, get_credential, get_credential_from_reader, get_podman_credential,
};

use crate::domain::masks::Secret;

/// A name and what proves it.
pub type Login = (String, Secret);

/// Who we are at a server; none where nobody is signed in there. `told` is a configuration in docker's
/// form that counts in place of the person's own.
///
/// # Errors
/// The helper that keeps it says nothing within the limit.
pub async fn at(
    server: &str,
    told: Option<&Secret>,
    limit: Duration,
) -> Result<Option<Login>, &'static str> {
    let server = server.to_owned();
    let told = told.map(|secret| secret.reveal().to_owned());
    let asked = tokio::task::spawn_blocking(move || match told {
        Some(told) => get_credential_from_reader(told.as_bytes(), &server),
        None => get_podman_credential(&server).or_else(|_| get_credential(&server)),
    });
    let asked = tokio::time::timeout(limit, asked).await;
    let asked = asked.map_err(|_| "what keeps the credentials for it did not answer")?;
    Ok(match asked {
        Ok(Ok(DockerCredential::UsernamePassword(user, password))) => {
            Some((user, Secret::new(password)))
        }
        // A token that stands for a person is no token of the registry: it is asked as by anybody.
        Ok(Ok(DockerCredential::IdentityToken(_)) | Err(_)) | Err(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_kept_for_a_server_is_found_and_nothing_for_another() {
        // parts:hunter2push
        let told =
            Secret::new(r#"{"auths":{"ghcr.io":{"auth":"cGFydHM6aHVudGVyMnB1c2g="}}}"#.to_owned());
        let limit = Duration::from_mins(1);
        let (user, password) = at("ghcr.io", Some(&told), limit).await.unwrap().unwrap();
        assert_eq!((user.as_str(), password.reveal()), ("parts", "hunter2push"));
        let other = at("docker.io", Some(&told), limit).await.unwrap();
        assert!(other.is_none());
    }
}
