//! What a tool of others needs to reach a place of AWS as who we are there: a named profile where one
//! leads there by itself, else the keys that we have for it now.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use aws_sdk_sts::config::ProvideCredentials as _;

use super::Clients;
use super::target::AwsTarget;
use crate::domain::failure::{Failure, Retry};
use crate::domain::masks::Secret;
use crate::domain::place::Place;

/// Variables for a tool.
#[derive(Debug, Default)]
pub struct ForTools {
    /// Those that anybody may see.
    pub plain: BTreeMap<String, String>,
    /// Those that nobody may.
    pub secret: BTreeMap<String, Secret>,
}

impl Clients {
    /// The variables by which a tool reaches a place.
    ///
    /// # Errors
    /// The place cannot be used, or there are no keys for it now.
    pub async fn for_tools(&self, place: &Place) -> Result<ForTools, Failure> {
        let target = AwsTarget::of(place)?;
        let cloud = self.at(place).await?;
        let mut all = ForTools::default();
        let mut say = |name: &str, is: &str| {
            all.plain.insert(name.to_owned(), is.to_owned());
        };
        say("AWS_REGION", &cloud.region);
        say("AWS_DEFAULT_REGION", &cloud.region);
        if let Some(bundle) = &target.ca_bundle {
            say("AWS_CA_BUNDLE", bundle);
        }
        if target.is_sandbox() {
            let port = cloud.port.load(Ordering::Acquire);
            say("AWS_ENDPOINT_URL", &format!("http://127.0.0.1:{port}"));
        } else if let Some(address) = &target.endpoint_url {
            say("AWS_ENDPOINT_URL", address);
        }
        if let (Some(profile), None) = (&target.profile, target.roles().next()) {
            say("AWS_PROFILE", profile);
            for (name, file) in self.variables.of_files() {
                say(name, &file);
            }
            return Ok(all);
        }
        let none = |why: &str| {
            Failure::new(format!("there are no keys for {}: {why}", place.words()))
                .hint(cloud.log_in.clone())
                .retry(Retry::Contact)
        };
        let provider = cloud.credentials.as_ref();
        let provider = provider.ok_or_else(|| none("nobody is logged in"))?;
        let keys = provider.provide_credentials().await;
        let keys = keys.map_err(|why| none(&why.to_string()))?;
        let given = [
            ("AWS_ACCESS_KEY_ID", Some(keys.access_key_id())),
            ("AWS_SECRET_ACCESS_KEY", Some(keys.secret_access_key())),
            ("AWS_SESSION_TOKEN", keys.session_token()),
        ];
        for (name, value) in given {
            if let Some(value) = value {
                all.secret
                    .insert(name.to_owned(), Secret::new(value.to_owned()));
            }
        }
        Ok(all)
    }
}
