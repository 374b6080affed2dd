//! What plans share with the hands that build container images of the files in a workshop.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::look::{Sight, Standing, Subject};
use crate::text::counted::counted;
use crate::text::safe::Safe;

/// The kinds of steps: builds an image.
pub const BUILD: &str = "image.build";
/// Puts it into its registry, under its version.
pub const PUSH: &str = "image.push";

/// The kind of images under names of their own, as one thing that is looked at ([`images`]): the digest
/// that each leads to in its registry.
pub const IMAGES: &str = "image.digests";

/// An image that is built: of what, how, and where it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Its name with its registry, and without a tag: `ghcr.io/acme/cart`.
    pub repository: String,
    /// The file that says how it is built.
    pub file: String,
    /// The folder of what it is built of.
    pub context: String,
    /// The stage of the file that is built; the last one where this is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The system and processor that it is for: `linux/amd64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// What the file is told.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<String, String>,
    /// What builds it; whichever is there where this is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<Builder>,
}

/// A program that builds images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Builder {
    /// Docker's; it needs its daemon.
    Docker,
    /// Podman.
    Podman,
    /// Buildah.
    Buildah,
}

impl Builder {
    /// In which order they are looked for.
    pub const ALL: [Self; 3] = [Self::Docker, Self::Podman, Self::Buildah];

    /// Its name as a command.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
            Self::Buildah => "buildah",
        }
    }
}

impl fmt::Display for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Image {
    /// Its name with a tag.
    #[must_use]
    pub fn tagged(&self, tag: &str) -> String {
        format!("{}:{tag}", self.repository)
    }
}

/// Images as one thing that is looked at, each under a name.
#[must_use]
pub fn images(all: &BTreeMap<String, String>) -> Subject {
    let each: Vec<String> = all
        .iter()
        .map(|(name, is)| format!("{name}={is}"))
        .collect();
    Subject::new(IMAGES, &each.join(" "))
}

/// The images of such a thing.
#[must_use]
pub fn named(about: &Subject) -> BTreeMap<String, String> {
    let each = about.name.split(' ').filter_map(|one| one.split_once('='));
    each.map(|(name, is)| (name.to_owned(), is.to_owned()))
        .collect()
}

/// As they are seen, by the digests that were found.
#[must_use]
pub fn sight(about: Subject, found: &BTreeMap<String, Option<String>>) -> Sight {
    let all = named(&about);
    let (mut given, mut missing) = (serde_json::Map::new(), Vec::new());
    for (name, is) in &all {
        match found.get(name).and_then(Option::as_ref) {
            Some(digest) => {
                let pinned = format!("{}@{digest}", repository(is));
                given.insert(name.clone(), Value::String(pinned));
            }
            None => missing.push(is.as_str()),
        }
    }
    let words = if missing.is_empty() {
        counted(all.len(), "image")
    } else {
        format!("not in a registry: {}", missing.join(", "))
    };
    Sight {
        words: Safe::new(&words),
        facts: json!({ "outputs": given }),
        ..Sight::of(about, "images", Standing::Good)
    }
}

/// What an image of those that were seen led to, by its digest.
#[must_use]
pub fn given<'a>(seen: &'a Sight, name: &str) -> Option<&'a str> {
    seen.facts["outputs"].get(name)?.as_str()
}

/// The name of an image without tag and digest.
#[must_use]
pub fn repository(name: &str) -> &str {
    let name = name.split_once('@').map_or(name, |(name, _)| name);
    match name.rsplit_once(':') {
        Some((before, tag)) if !tag.contains('/') => before,
        _ => name,
    }
}

/// The registry in the name of an image.
#[must_use]
pub fn registry(name: &str) -> &str {
    name.split('/').next().unwrap_or(name)
}

/// Whether a registry is on this machine: it is spoken to without TLS, as the programs do that build.
#[must_use]
pub fn is_here(registry: &str) -> bool {
    let host = registry
        .rsplit_once(':')
        .map_or(registry, |(host, _)| host)
        .trim_matches(['[', ']']);
    host == "localhost" || host == "::1" || host.starts_with("127.")
}

/// Whether a text is the name of an image with its registry, and without a tag.
#[must_use]
pub fn is_repository(text: &str) -> bool {
    let mut parts = text.split('/');
    let host = parts.next().unwrap_or_default();
    let is_host = host == "localhost" || host.contains(['.', ':']);
    let is_host = is_host
        && host
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-.:[]".contains(&b));
    let mut parts = parts.peekable();
    is_host && parts.peek().is_some() && text.len() <= 255 && parts.all(is_part)
}

/// Letters and digits, which one or two signs may separate.
fn is_part(part: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = part.as_bytes();
    bytes.first().copied().is_some_and(is_word)
        && bytes.last().copied().is_some_and(is_word)
        && bytes.iter().all(|b| is_word(*b) || b"-_.".contains(b))
        && !part.contains("..")
}

/// The digest that a program said of what it put into a registry, or stands in the file where it
/// writes it.
#[must_use]
pub fn digest_in(text: &str) -> Option<&str> {
    let at = text.rfind(SHA)?;
    let hex = text.get(at + SHA.len()..at + SHA.len() + 64)?;
    let is_hex = hex.bytes().all(|b| b.is_ascii_hexdigit());
    is_hex.then(|| &text[at..at + SHA.len() + 64])
}

const SHA: &str = "sha256:";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_an_image_names_its_registry() {
        for right in [
            "ghcr.io/acme/cart",
            "localhost/cart",
            "127.0.0.1:5000/shop/cart-2",
            "444455556666.dkr.ecr.eu-west-1.amazonaws.com/cart_one",
        ] {
            assert!(is_repository(right), "{right}");
        }
        for wrong in [
            "",
            "cart",
            "acme/cart",
            "ghcr.io",
            "ghcr.io/",
            "ghcr.io/acme/Cart",
            "ghcr.io/acme/cart:v1",
            "ghcr.io/acme/cart@sha256:0",
            "https://ghcr.io/acme/cart",
            "ghcr.io/-x",
            "ghcr.io/a/../b",
            "-v.x/cart x",
        ] {
            assert!(!is_repository(wrong), "{wrong}");
        }
    }

    #[test]
    fn what_is_on_this_machine_is_known() {
        for (registry, here) in [
            ("localhost:5000", true),
            ("127.0.0.1:5000", true),
            ("[::1]:5000", true),
            ("ghcr.io", false),
            ("localhost.example.com", false),
        ] {
            assert_eq!(is_here(registry), here, "{registry}");
        }
    }

    #[test]
    fn a_digest_is_found_in_what_a_program_says() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        let said = format!("v1: digest: {digest} size: 528");
        assert_eq!(digest_in(&said), Some(digest.as_str()));
        for wrong in ["", "sha256:12", "latest: pushed"] {
            assert_eq!(digest_in(wrong), None, "{wrong}");
        }
    }
}
