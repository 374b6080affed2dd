//! A named profile of the shared AWS configuration: what it takes its credentials from. That
//! decides what its clients may see of the variables around them, and what a person does once they
//! have ended.

use std::borrow::Cow;

use aws_config::profile::ProfileSet;
use aws_types::os_shim_internal::{Env, Fs};

use super::variables::Variables;
use crate::domain::failure::{Failure, Retry};
use crate::text::diagnostic::closest;
use crate::text::quote;

/// What the SDK takes in the name of a profile beside letters and digits; it passes over a profile
/// with anything else in it.
const NAMES: &str = "_-/.%@:+";

/// A profile that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Profile {
    /// The profile at the end of the chain of `source_profile`: the one that a person logs in with.
    base: String,
    source: Source,
}

/// What a profile takes its credentials from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    /// A login with IAM Identity Center.
    Sso,
    /// A login with `aws login`.
    Login,
    /// A program.
    Process,
    /// Keys that stand in the files; whether they end.
    Keys { end: bool },
    /// A token in a file.
    WebIdentity,
    /// The variables of a shell.
    Environment,
    /// The machine.
    Machine,
    /// The container.
    Container,
    /// Nothing.
    Nothing,
}

impl Profile {
    /// Reads the configuration for a profile.
    ///
    /// # Errors
    /// The configuration cannot be read, or there is no such profile.
    pub(super) async fn read(name: &str, variables: &Variables) -> Result<Profile, Failure> {
        let (files, env, places) = (Fs::real(), variables.files(), <_ as Default>::default());
        let read =
            aws_config::profile::load(&files, &env, &places, Some(Cow::Owned(name.to_owned())));
        let all = read.await.map_err(|why| {
            Failure::new("the AWS configuration cannot be read")
                .detail(super::trouble::chain(&why))
                .hint("put the file right")
                .retry(Retry::Contact)
        })?;
        if all.get_profile(name).is_none() {
            if let Some(strange) = name
                .chars()
                .find(|c| !c.is_ascii_alphanumeric() && !NAMES.contains(*c))
            {
                return Err(Failure::new(format!("a profile named {name:?} cannot be used: {strange:?} stands in its name"))
                    .hint(format!("rename it in the AWS configuration and in the estate file: letters, digits and {NAMES} are understood"))
                    .retry(Retry::Contact));
            }
            let near = closest(name, all.profiles())
                .map_or_else(String::new, |near| format!("did you mean {near:?}? else "));
            return Err(Failure::new(format!(
                "there is no profile {name:?} in the AWS configuration"
            ))
            .hint(format!(
                "{near}make it (aws configure sso --profile {0}, or aws configure --profile {0})",
                quote::shell(name)
            ))
            .retry(Retry::Contact));
        }
        Ok(Self::of(name, &all))
    }

    /// Follows the profiles that a profile is built on, as the SDK does.
    fn of(name: &str, all: &ProfileSet) -> Profile {
        let mut base = name.to_owned();
        let mut passed: Vec<String> = Vec::new();
        loop {
            let Some(profile) = all.get_profile(&base) else {
                return Profile {
                    base,
                    source: Source::Nothing,
                };
            };
            let has = |key: &str| profile.get(key).is_some();
            let keys = has("aws_access_key_id").then(|| Source::Keys {
                end: has("aws_session_token"),
            });
            // Keys of their own go before everything in a profile that another one is built on.
            if let (false, Some(source)) = (passed.is_empty(), &keys) {
                return Profile {
                    base,
                    source: source.clone(),
                };
            }
            let next = profile
                .get("source_profile")
                .filter(|_| has("role_arn") && !has("web_identity_token_file"));
            if let Some(next) =
                next.filter(|next| **next != base && !passed.iter().any(|one| one == *next))
            {
                passed.push(std::mem::replace(&mut base, next.to_owned()));
                continue;
            }
            let source = match profile
                .get("credential_source")
                .map(str::to_ascii_lowercase)
                .as_deref()
            {
                Some("environment") => Source::Environment,
                Some("ec2instancemetadata") => Source::Machine,
                Some("ecscontainer") => Source::Container,
                Some(_) => Source::Nothing,
                None if has("web_identity_token_file") => Source::WebIdentity,
                None if has("sso_session") || has("sso_start_url") => Source::Sso,
                None if has("login_session") => Source::Login,
                None if has("credential_process") => Source::Process,
                None => keys.unwrap_or(Source::Nothing),
            };
            return Profile { base, source };
        }
    }

    /// What its clients see of the variables: never somebody's keys, another profile or another
    /// address.
    pub(super) fn sees(&self, variables: &Variables) -> Env {
        match self.source {
            Source::Machine => variables.with_machine(),
            Source::Container => variables.with_container(),
            Source::Sso
            | Source::Login
            | Source::Process
            | Source::Keys { .. }
            | Source::WebIdentity
            | Source::Environment
            | Source::Nothing => variables.files(),
        }
    }

    /// What to do once its credentials have ended, or there are none.
    pub(super) fn login(&self) -> String {
        let name = quote::shell(&self.base);
        match self.source {
            Source::Sso => {
                format!("log in again: aws sso login --profile {name}")
            }
            Source::Login => format!(
                "this version cannot use the login of profile {name} itself: give it a line credential_process = aws configure export-credentials --profile NAME --format process"
            ),
            Source::Process => {
                format!(
                    "the program of profile {name} gives no credentials that AWS takes: aws sts get-caller-identity --profile {name} shows what it says"
                )
            }
            Source::Keys { end: true } => {
                format!(
                    "the keys of profile {name} have expired: put new ones into the AWS configuration"
                )
            }
            Source::Keys { end: false } => {
                format!(
                    "AWS does not take the keys of profile {name}: put valid ones there (aws configure --profile {name})"
                )
            }
            Source::WebIdentity => format!(
                "AWS does not take the token in the file that profile {name} names (web_identity_token_file)"
            ),
            Source::Environment => format!(
                "profile {name} takes its keys from the variables of a shell (credential_source = Environment), and a named profile never does so here: give it keys of its own"
            ),
            Source::Machine => format!(
                "profile {name} takes its keys from the machine (an instance with a role), and this one gives none"
            ),
            Source::Container => {
                format!(
                    "profile {name} takes its keys from a container, and this process runs in none, or was not given the way to them"
                )
            }
            Source::Nothing => {
                format!(
                    "profile {name} holds no credentials: aws configure sso --profile {name}, or aws configure --profile {name}"
                )
            }
        }
    }
}

/// What to do where no profile is named and no credentials are found.
pub(super) const NO_PROFILE: &str = "name a profile in the estate file (aws: {profile: NAME}) and log in with it; or use --here with credentials in this shell";

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "
[profile sso]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = ops
[sso-session corp]
sso_region = eu-west-1
sso_start_url = https://corp.awsapps.com/start
[profile role-of-sso]
role_arn = arn:aws:iam::111122223333:role/x
source_profile = sso
[profile vault]
credential_process = /opt/vault prod
[profile keys]
aws_access_key_id = AKIAPROFILE
aws_secret_access_key = p
[profile temporary]
aws_access_key_id = ASIAPROFILE
aws_secret_access_key = p
aws_session_token = t
[profile role-of-itself]
role_arn = arn:aws:iam::111122223333:role/x
source_profile = role-of-itself
aws_access_key_id = AKIAPROFILE
aws_secret_access_key = p
[profile web]
role_arn = arn:aws:iam::111122223333:role/x
web_identity_token_file = /token
[profile shell]
role_arn = arn:aws:iam::111122223333:role/x
credential_source = Environment
[profile machine]
role_arn = arn:aws:iam::111122223333:role/x
credential_source = Ec2InstanceMetadata
[profile circle]
role_arn = arn:aws:iam::111122223333:role/x
source_profile = circle-2
[profile circle-2]
role_arn = arn:aws:iam::111122223333:role/x
source_profile = circle
[profile on%call]
region = eu-west-1
";

    async fn read(name: &str) -> Result<Profile, Failure> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        std::fs::write(&file, CONFIG).unwrap();
        Profile::read(
            name,
            &Variables::only(&[("AWS_CONFIG_FILE", file.to_str().unwrap())]),
        )
        .await
    }

    #[tokio::test]
    async fn every_kind_of_profile_has_its_own_way_to_credentials() {
        let cases = [
            ("sso", "aws sso login --profile sso"),
            ("role-of-sso", "aws sso login --profile sso"),
            ("vault", "aws sts get-caller-identity --profile vault"),
            ("keys", "aws configure --profile keys"),
            ("temporary", "put new ones"),
            ("role-of-itself", "aws configure --profile role-of-itself"),
            ("web", "web_identity_token_file"),
            ("shell", "credential_source = Environment"),
            ("machine", "from the machine"),
            ("circle", "holds no credentials"),
            ("on%call", "aws configure sso --profile 'on%call'"),
        ];
        for (name, hint) in cases {
            let profile = read(name).await.unwrap();
            assert!(
                profile.login().contains(hint),
                "{name}: {}",
                profile.login()
            );
            assert_eq!(
                profile.login().contains("sso login"),
                profile.source == Source::Sso,
                "{name}"
            );
        }
    }

    #[tokio::test]
    async fn a_profile_that_is_not_there_is_told_before_anything_is_called() {
        let failure = read("kexs").await.unwrap_err();
        assert!(
            failure.summary.contains("no profile \"kexs\"")
                && failure.hint.contains("did you mean \"keys\""),
            "{failure:?}"
        );
        assert_eq!(failure.retry, Retry::Contact);
        let failure = read("on call").await.unwrap_err();
        assert!(
            failure.summary.contains("\"on call\" cannot be used: ' '"),
            "{failure:?}"
        );
    }
}
