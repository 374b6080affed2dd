//! `image:` of an application: a container image that is built of the files of a commit.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::entry::{Remarks, SECRET};
use super::reach::quoted;
use crate::domain::relative::{inside, plain};
use crate::forms::image::{Builder, Image, is_repository};
use crate::text::document::Node;
use crate::text::secret;

/// The file that says how it is built, where nothing is said of it.
const FILE: &str = "Dockerfile";

/// A container image: of what it is built, and where it goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageEntry {
    /// Its name with its registry, and without a tag, as in `ghcr.io/acme/cart`. The tag is the
    /// version.
    pub repository: String,
    /// The file that says how it is built, below the repository; `Dockerfile` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dockerfile: Option<String>,
    /// The folder of what it is built of, below the repository; all of it when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// The stage that is built; the last one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// What it is for, as in `linux/arm64`; what the machine of the engine is when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// What the file is told, never secrets: they stay in the image.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<String, String>,
    /// What builds it; docker, podman or buildah, whichever is there, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<Builder>,
}

impl ImageEntry {
    /// The image that it names.
    pub(super) fn of(&self) -> Image {
        Image {
            repository: self.repository.clone(),
            file: self.dockerfile.as_deref().unwrap_or(FILE).to_owned(),
            context: self.context.as_deref().unwrap_or(".").to_owned(),
            target: self.target.clone(),
            platform: self.platform.clone(),
            args: self.args.clone(),
            program: self.program,
        }
    }

    /// As a person is shown where it goes.
    pub(super) fn quoted(&self) -> String {
        quoted(&self.repository)
    }

    /// Says what is wrong with it.
    pub(super) fn check(&self, told: &mut Remarks) {
        if !is_repository(&self.repository) {
            told.say(
                "image",
                &["image", "repository"],
                format!("{:?} is no image in a registry", self.repository),
                "name the registry and no tag, in small letters: ghcr.io/acme/cart",
            );
        }
        let named = [
            ("dockerfile", self.dockerfile.as_deref()),
            (
                "context",
                self.context.as_deref().filter(|path| *path != "."),
            ),
        ];
        for (key, path) in named {
            if let Some(path) = path.filter(|path| inside(path).is_err() || plain(path) != **path) {
                let says = format!("{path:?} is not a path below the repository");
                told.say("path", &["image", key], says, "write it as docker/cart");
            }
        }
        let words = [("target", &self.target), ("platform", &self.platform)];
        for (key, word) in words {
            if word.as_deref().is_some_and(|word| !is_word(word)) {
                let says = format!("{:?} is no {key}", word.as_deref().unwrap_or_default());
                told.say("image", &["image", key], says, "one word, without spaces");
            }
        }
        if let Some(platform) = self.platform.as_deref().filter(|one| !one.contains('/')) {
            let says = format!("{platform:?} is no platform");
            told.say(
                "image",
                &["image", "platform"],
                says,
                "a system and a processor: linux/arm64",
            );
        }
        for name in self.args.keys().filter(|name| !is_word(name)) {
            let says = format!("{name:?} cannot be the name of an argument");
            told.say_key(
                "image",
                &["image", "args", name],
                says,
                "one word, as after ARG",
            );
        }
    }
}

/// The secrets that stand in clear text among its arguments, which would stay in the image.
pub(super) fn secrets_in(entry: &Node, told: &mut Remarks) {
    let args = entry.get("image").and_then(|image| image.get("args"));
    for (key, value) in args.into_iter().flat_map(Node::entries) {
        let value = value.text().unwrap_or_default();
        if secret::is_kept_in(&key.name, value) {
            let says = format!("{} is a secret, and would stay in the image", key.name);
            let hint = "make what needs it in `build`, which has `secrets`";
            told.say(SECRET, &["image", "args", &key.name], says, hint);
        }
    }
}

/// A word that no program takes for an option of its own.
fn is_word(text: &str) -> bool {
    let is_inner = |b: u8| b.is_ascii_alphanumeric() || b"-_./".contains(&b);
    text.bytes().all(is_inner)
        && text
            .bytes()
            .next()
            .is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_')
}
