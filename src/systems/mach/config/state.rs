//! Where Terraform keeps the states of a configuration: reading that, and what a node says of it.

mod told;

use crate::domain::relative::{inside, plain};
use crate::systems::mach::generate::STATES;
use crate::systems::mach::tf::{Body, Value};
use crate::systems::message::{Message, Reading};

/// Where states are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::systems::mach) enum State {
    /// A bucket of S3.
    S3 {
        bucket: String,
        prefix: String,
        region: String,
        role: Option<String>,
        table: Option<String>,
        encrypt: bool,
    },
    /// A container of an Azure storage account.
    Azure {
        group: String,
        account: String,
        container: String,
        folder: Option<String>,
    },
    /// A bucket of Google Cloud Storage.
    Gcs {
        bucket: String,
        prefix: Option<String>,
    },
    /// An address: its settings, as Terraform has them.
    Http(Vec<(&'static str, Setting)>),
    /// A folder.
    Local(Option<String>),
    /// Terraform Cloud, or what speaks like it.
    Remote {
        organization: String,
        hostname: Option<String>,
        token: Option<String>,
        name: Option<String>,
        prefix: Option<String>,
    },
}

/// A setting of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::systems::mach) enum Setting {
    /// A text.
    Text(String),
    /// A number.
    Number(u32),
    /// On.
    On,
    /// A secret, by its name.
    Secret(String),
}

/// The places of states, as configurations name them.
const PLUGINS: [(&str, &str); 6] = [
    ("aws", "aws"),
    ("azure", "azure"),
    ("gcp", "gcp"),
    ("http", "http"),
    ("local", "local"),
    ("terraform_cloud", "terraform_cloud"),
];

/// Reads where states are kept.
pub(super) fn read(mut m: Message<'_>, reading: &mut Reading<'_>) -> Option<State> {
    let before = reading.found.0.len();
    let plugin = m.one_of("plugin", "", &PLUGINS, reading);
    if plugin.is_none() && reading.found.0.len() == before {
        let names: Vec<&str> = PLUGINS.iter().map(|(name, _)| *name).collect();
        let says = format!("{} says no plugin: where the states are", m.what());
        reading.say(m.at, says, format!("one of {}", names.join(", ")));
    }
    let state = match plugin? {
        "aws" => Some(State::S3 {
            bucket: needed("bucket", &mut m, reading),
            prefix: text("key_prefix", &mut m, reading).unwrap_or_default(),
            region: needed("region", &mut m, reading),
            role: text("role_arn", &mut m, reading),
            table: text("lock_table", &mut m, reading),
            encrypt: m.get("encrypt", reading).is_none() || m.switch("encrypt", reading),
        }),
        "azure" => Some(State::Azure {
            group: needed("resource_group", &mut m, reading),
            account: needed("storage_account", &mut m, reading),
            container: needed("container_name", &mut m, reading),
            folder: text("state_folder", &mut m, reading),
        }),
        "gcp" => Some(State::Gcs {
            bucket: needed("bucket", &mut m, reading),
            prefix: text("prefix", &mut m, reading),
        }),
        "http" => Some(http(&mut m, reading)),
        "local" => Some(State::Local(local(&mut m, reading))),
        _ => Some(remote(&mut m, reading)),
    };
    m.end(reading);
    state
}

fn text(key: &'static str, m: &mut Message<'_>, reading: &mut Reading<'_>) -> Option<String> {
    let word = m.text(key, reading)?;
    Some(word.text).filter(|text| !text.is_empty())
}

fn needed(key: &'static str, m: &mut Message<'_>, reading: &mut Reading<'_>) -> String {
    m.needed(key, reading)
        .map(|word| word.text)
        .unwrap_or_default()
}

/// The folder of local states.
fn local(m: &mut Message<'_>, reading: &mut Reading<'_>) -> Option<String> {
    let word = m
        .text("path", reading)
        .filter(|word| !word.text.is_empty())?;
    if !word.text.starts_with('/') && inside(&word.text).is_err() {
        let says = format!(
            "the local states in {:?} would lie outside of the folder of the sites",
            word.text
        );
        reading.say(
            word.at,
            says,
            "name a folder below, or a whole path such as /srv/states",
        );
    }
    Some(word.text)
}

fn http(m: &mut Message<'_>, reading: &mut Reading<'_>) -> State {
    for key in ["address", "lock_address", "unlock_address"] {
        let Some(word) = m.text(key, reading) else {
            continue;
        };
        let user = word.text.split_once("://").map(|(_, rest)| rest);
        let user = user.and_then(|rest| rest.split('/').next()?.split_once('@'));
        if user.is_some_and(|(user, _)| user.contains(':')) {
            let says = format!(
                "{key} of {} holds a password, which would stand in what is generated",
                m.what()
            );
            reading.say(
                word.at,
                says,
                "write username and password beside the address",
            );
        }
    }
    let mut all = vec![("address", Setting::Text(needed("address", m, reading)))];
    for (key, preset) in [
        ("update_method", "POST"),
        ("lock_address", ""),
        ("lock_method", "LOCK"),
        ("unlock_address", ""),
        ("unlock_method", "UNLOCK"),
        ("username", ""),
    ] {
        let text = text(key, m, reading).unwrap_or_else(|| preset.to_owned());
        if !text.is_empty() {
            all.push((key, Setting::Text(text)));
        }
    }
    if let Some(name) = secret("password", m, reading) {
        all.push(("password", Setting::Secret(name)));
    }
    if m.switch("skip_cert_verification", reading) {
        all.push(("skip_cert_verification", Setting::On));
    }
    for (key, preset) in [
        ("retry_max", 2),
        ("retry_wait_min", 1),
        ("retry_wait_max", 30),
    ] {
        let number = m.number(key, 0..=u32::MAX, reading).unwrap_or(preset);
        all.push((key, Setting::Number(number)));
    }
    for key in ["client_certificate_pem", "client_ca_certificate_pem"] {
        if let Some(text) = text(key, m, reading) {
            all.push((key, Setting::Text(text)));
        }
    }
    if let Some(name) = secret("client_private_key_pem", m, reading) {
        all.push(("client_private_key_pem", Setting::Secret(name)));
    }
    State::Http(all)
}

/// The name of a secret that a backend is told by a variable of Terraform's own environment.
fn secret(key: &'static str, m: &mut Message<'_>, reading: &mut Reading<'_>) -> Option<String> {
    let word = m.text(key, reading).filter(|word| !word.text.is_empty())?;
    let name = word.text.strip_prefix("${var.secrets[\"");
    let name = name.and_then(|rest| rest.strip_suffix("\"]}"));
    if name.is_none_or(|name| name.contains('"')) {
        let says = format!(
            "{key} of {} is told to Terraform whole or not at all",
            m.what()
        );
        let hint = "write the secret itself, ${var.NAME} of a variables file that is not encrypted, or ${env.NAME} with secrets: { NAME: … } in the estate file";
        reading.say(word.at, says, hint);
    }
    name.map(str::to_owned)
}

fn remote(m: &mut Message<'_>, reading: &mut Reading<'_>) -> State {
    let organization = needed("organization", m, reading);
    let hostname = text("hostname", m, reading);
    let token = secret("token", m, reading);
    let (mut name, mut prefix) = (None, None);
    let at = m.at;
    if let Some(mut inner) = m.message("workspaces", reading) {
        inner.exactly_one(&["name", "prefix"], true, reading);
        name = text("name", &mut inner, reading);
        prefix = text("prefix", &mut inner, reading);
        inner.end(reading);
    } else {
        let says = format!("{} says no workspaces", m.what());
        reading.say(at, says, "workspaces: { prefix: NAME- }, or { name: NAME }");
    }
    State::Remote {
        organization,
        hostname,
        token,
        name,
        prefix,
    }
}

impl State {
    /// What Terraform calls the place.
    fn backend(&self) -> &'static str {
        match self {
            State::S3 { .. } => "s3",
            State::Azure { .. } => "azurerm",
            State::Gcs { .. } => "gcs",
            State::Http(_) => "http",
            State::Local(_) => "local",
            State::Remote { .. } => "remote",
        }
    }

    /// The settings for the state of a node, as they are written in the folder of another.
    fn settings(&self, node: &str, from: &str) -> Body {
        let mut body = Body::default();
        let below = |folder: &Option<String>| match folder {
            Some(folder) => format!("{folder}/{node}"),
            None => node.to_owned(),
        };
        match self {
            State::S3 {
                bucket,
                prefix,
                region,
                role,
                table,
                encrypt,
            } => {
                body.say("bucket", bucket);
                body.say("key", &format!("{prefix}/{node}"));
                body.say("region", region);
                if let Some(role) = role.as_deref().filter(|role| !role.is_empty()) {
                    // What stood for it alone is not taken any more since Terraform 1.10.
                    let assume = vec![("role_arn".to_owned(), Value::text(role))];
                    body.set("assume_role", Value::Object(assume));
                }
                body.say_any("dynamodb_table", table.as_deref());
                body.set("encrypt", Value::Switch(*encrypt));
            }
            State::Azure {
                group,
                account,
                container,
                folder,
            } => {
                body.say("resource_group_name", group);
                body.say("storage_account_name", account);
                body.say("container_name", container);
                body.say("key", &below(folder));
            }
            State::Gcs { bucket, prefix } => {
                body.say("bucket", bucket);
                body.say("prefix", &below(prefix));
            }
            State::Http(settings) => {
                for (key, setting) in settings {
                    match setting {
                        Setting::Text(text) => body.say(key, text),
                        // Terraform takes it from a variable of its environment.
                        Setting::Secret(_) => {}
                        Setting::Number(number) => {
                            body.set(key, Value::Number(number.to_string()));
                        }
                        Setting::On => body.set(key, Value::Switch(true)),
                    }
                }
            }
            State::Local(path) => {
                let path = path.as_deref().unwrap_or(".");
                if path.starts_with('/') {
                    body.say("path", &format!("{path}/{node}.tfstate"));
                } else {
                    // Beside the folders of all sites, so that nodes find the states of each other.
                    let up = "../".repeat(from.split('/').count());
                    let below = plain(path);
                    let below = if below.is_empty() {
                        below
                    } else {
                        format!("{below}/")
                    };
                    body.say("path", &format!("{up}{STATES}/{below}{node}.tfstate"));
                }
            }
            State::Remote {
                organization,
                hostname,
                ..
            } => {
                body.say("organization", organization);
                body.say_any("hostname", hostname.as_deref());
            }
        }
        body
    }

    /// The block of a node that says where its state is.
    pub(in crate::systems::mach) fn block(&self, node: &str, into: &mut Body) {
        let mut body = self.settings(node, node);
        if let State::Remote { name, prefix, .. } = self {
            let mut inner = Body::default();
            inner.say_any("name", name.as_deref());
            inner.say_any("prefix", prefix.as_deref());
            body.block("workspaces", &[], inner);
        }
        into.block("backend", &[self.backend()], body);
    }

    /// The block by which a node reads the state of another.
    pub(in crate::systems::mach) fn seen(
        &self,
        key: &str,
        node: &str,
        from: &str,
        into: &mut Body,
    ) {
        let mut settings = self.settings(node, from).attributes();
        match self {
            // What reads a state writes and locks nothing.
            State::Http(_) => {
                settings.retain(|(key, _)| !key.contains("lock") && key != "update_method");
            }
            State::Remote { name, prefix, .. } => {
                let inner = [("name", name), ("prefix", prefix)];
                let inner = inner
                    .into_iter()
                    .filter_map(|(key, text)| Some((key.to_owned(), Value::text(text.as_ref()?))));
                settings.push(("workspaces".to_owned(), Value::Object(inner.collect())));
            }
            _ => {}
        }
        let mut body = Body::default();
        body.say("backend", self.backend());
        body.set("config", Value::Object(settings));
        into.block("data", &["terraform_remote_state", key], body);
    }
}
