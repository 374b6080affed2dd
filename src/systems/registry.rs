//! `registry:` of an application: where the versions of components are registered.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::entry::Remarks;
use super::reach::quoted;
use crate::forms::registry::Registry;
use crate::forms::s3::is_bucket;

/// A registry of versions: a bucket of the environment's account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegistryEntry {
    /// The bucket. `{env}` stands for the environment.
    pub bucket: String,
    /// The beginning of all its keys, with a slash at its end; none when absent. `{env}` stands for
    /// the environment.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
}

impl RegistryEntry {
    /// The registry of an environment.
    pub(super) fn of(&self, env: &str) -> Registry {
        Registry {
            bucket: self.bucket.replace("{env}", env),
            prefix: self.prefix.replace("{env}", env),
        }
    }

    /// As a person is shown it.
    pub(super) fn quoted(&self) -> String {
        quoted(&format!("s3://{}/{}", self.bucket, self.prefix))
    }

    /// Says what is wrong with it.
    pub(super) fn check(&self, told: &mut Remarks) {
        let Registry { bucket, prefix } = self.of("x");
        if !is_bucket(&bucket) {
            told.say(
                "bucket",
                &["registry", "bucket"],
                format!("{:?} cannot be the name of a bucket", self.bucket),
                "3 to 63 of a-z, 0-9, '-' and '.'; {env} stands for the environment",
            );
        }
        let is_prefix = prefix.is_empty()
            || prefix.ends_with('/')
                && !prefix.starts_with('/')
                && prefix
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-_./".contains(&b));
        if !is_prefix {
            told.say(
                "prefix",
                &["registry", "prefix"],
                format!("{:?} cannot be the beginning of keys", self.prefix),
                "letters, digits, '-', '_', '.' and '/', with a '/' at its end",
            );
        }
    }
}
