//! What is said of where states are: to a person, and to Terraform beside its files.

use super::{Setting, State};

impl State {
    /// Why all nodes would have one and the same state; none where each has its own.
    pub(in crate::systems::mach) fn shared(&self) -> Option<&'static str> {
        match self {
            State::Http(_) => Some("an http address is that of one state"),
            State::Remote { name: Some(_), .. } => {
                Some("a workspace that is named holds one state")
            }
            State::S3 { .. }
            | State::Azure { .. }
            | State::Gcs { .. }
            | State::Local(_)
            | State::Remote { name: None, .. } => None,
        }
    }

    /// The variables of its environment by which Terraform is told secrets of the place, each with
    /// the name of the secret.
    pub(in crate::systems::mach) fn variables(&self) -> Vec<(String, String)> {
        match self {
            State::Http(settings) => settings
                .iter()
                .filter_map(|(key, setting)| match setting {
                    Setting::Secret(name) => {
                        Some((format!("TF_HTTP_{}", key.to_uppercase()), name.clone()))
                    }
                    Setting::Text(_) | Setting::Number(_) | Setting::On => None,
                })
                .collect(),
            State::Remote {
                hostname, token, ..
            } => {
                let host = hostname.as_deref().unwrap_or("app.terraform.io");
                let host = host.replace('-', "__").replace('.', "_");
                let token = token.iter();
                token
                    .map(|name| (format!("TF_TOKEN_{host}"), name.clone()))
                    .collect()
            }
            State::S3 { .. } | State::Azure { .. } | State::Gcs { .. } | State::Local(_) => {
                Vec::new()
            }
        }
    }

    /// Where the state of a node is, in words.
    pub(in crate::systems::mach) fn says(&self, node: &str) -> String {
        let below = |folder: &Option<String>| match folder {
            Some(folder) => format!("{folder}/{node}"),
            None => node.to_owned(),
        };
        match self {
            State::S3 { bucket, prefix, .. } => format!("s3://{bucket}/{prefix}/{node}"),
            State::Azure {
                account,
                container,
                folder,
                ..
            } => format!(
                "{} in the container {container} of {account} (Azure)",
                below(folder)
            ),
            State::Gcs { bucket, prefix } => format!("gs://{bucket}/{}", below(prefix)),
            State::Http(settings) => settings
                .iter()
                .find_map(|(key, setting)| match setting {
                    Setting::Text(text) if *key == "address" => Some(text.clone()),
                    Setting::Text(_) | Setting::Number(_) | Setting::On | Setting::Secret(_) => {
                        None
                    }
                })
                .unwrap_or_default(),
            State::Local(Some(path)) if path.starts_with('/') => format!("{path}/{node}.tfstate"),
            State::Local(_) => "in the engine's folder, on its machine alone".to_owned(),
            State::Remote {
                organization,
                hostname,
                ..
            } => format!(
                "{organization} on {}",
                hostname.as_deref().unwrap_or("app.terraform.io")
            ),
        }
    }
}
