//! The plan of a stage of images: each name stands for the digest that it leads to in its registry when
//! the deployment is asked for, and stages that take it are given that.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::digest::Digest;
use crate::domain::failure::Failure;
use crate::domain::look::{Sights, Subject};
use crate::domain::plan::{Leaves, Plan, Role, Step, StepKind};
use crate::domain::purpose::Purpose;
use crate::domain::request::Release;
use crate::domain::row::Row;
use crate::forms::image;

/// Records what names lead to.
pub(super) const PIN: &str = "stages.pin";

/// Images, by the names that the list of stages gives them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Images {
    /// As they are written, each with its tag.
    pub(super) images: BTreeMap<String, String>,
    /// What each led to when this was asked for; nothing until that is known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) pinned: BTreeMap<String, String>,
}

impl Images {
    /// As they are written.
    pub(super) fn of(images: &BTreeMap<String, String>) -> Self {
        Self {
            images: images.clone(),
            pinned: BTreeMap::new(),
        }
    }

    /// As one thing that is looked at.
    pub(super) fn about(&self) -> Subject {
        image::images(&self.images)
    }

    /// What is released of them.
    pub(super) fn release(&self) -> Release {
        Release::of_files(Digest::of("holdpoint/release/1", &json!(self)))
    }

    /// The same with what was found; none where that is not all, or was found before.
    pub(super) fn found(&self, seen: &Sights) -> Option<Self> {
        let seen = seen.of(&self.about()).filter(|_| self.pinned.is_empty())?;
        let pinned = self
            .images
            .keys()
            .map(|name| Some((name.clone(), image::given(seen, name)?.to_owned())));
        Some(Self {
            images: self.images.clone(),
            pinned: pinned.collect::<Option<_>>()?,
        })
    }

    /// What the page says of each.
    pub(super) fn rows(&self) -> Vec<Row> {
        let each = self.images.iter();
        each.map(|(name, tag)| match self.pinned.get(name) {
            Some(pinned) => Row::new(name, &format!("{tag}, {}", short(pinned))),
            None => Row::new(name, tag),
        })
        .collect()
    }
}

/// An image by the first digits of its digest.
fn short(pinned: &str) -> &str {
    let digest = pinned.rsplit_once('@').map_or(pinned, |(_, digest)| digest);
    digest.get(..SHORT).unwrap_or(digest)
}

/// How much of a digest tells it from others.
const SHORT: usize = "sha256:".len() + 12;

/// The plan.
///
/// # Errors
/// An image is not in its registry.
pub(super) fn plan(images: &Images, purpose: Purpose, seen: &Sights) -> Result<Plan, Failure> {
    let kind = StepKind::Weigh(PIN.to_owned());
    let step = |id: &str, title: &str, leaves| {
        Step::new(Role::Look, id, title, kind.clone(), json!({})).leaving(leaves)
    };
    if purpose == Purpose::Teardown {
        return Ok(Plan {
            name: "forget".to_owned(),
            steps: vec![step(
                "forget",
                "forget which images they are",
                Leaves::Nothing,
            )],
            says: vec!["Nothing is taken out of a registry: others may use it.".to_owned()],
            ..Plan::default()
        });
    }
    if images.pinned.is_empty() {
        let there = seen.of(&images.about());
        let is_missing =
            |name: &String| there.is_none_or(|there| image::given(there, name).is_none());
        let missing = images.images.iter().filter(|(name, _)| is_missing(name));
        let missing: Vec<&str> = missing.map(|(_, tag)| tag.as_str()).collect();
        let is = if missing.len() == 1 { "is" } else { "are" };
        let says = format!("{} {is} not in a registry", missing.join(", "));
        return Err(Failure::new(says).hint("push it, or name a tag that is there"));
    }
    let each = images.images.iter();
    let says = each.map(|(name, tag)| {
        let pinned = images.pinned.get(name).map_or("", String::as_str);
        format!("{name}: {tag} is {} now.", short(pinned))
    });
    let brings = images.pinned.iter();
    Ok(Plan {
        name: "pin".to_owned(),
        steps: vec![step(
            "pin",
            "keep what the names of the images lead to",
            Leaves::New,
        )],
        says: says.collect(),
        brings: brings.map(|(name, is)| Row::new(name, short(is))).collect(),
        ..Plan::default()
    })
}

/// The value that a stage of images is stored as.
pub(super) fn stored(images: &Images) -> Value {
    json!(images)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images() -> Images {
        let all = [
            ("cli", "ghcr.io/acme/cli:2"),
            ("scan", "ghcr.io/acme/scan:5"),
        ];
        Images::of(
            &all.map(|(name, tag)| (name.to_owned(), tag.to_owned()))
                .into(),
        )
    }

    fn seen(images: &Images, digests: [Option<&str>; 2]) -> Sights {
        let found = images.images.keys().zip(digests);
        let found = found.map(|(name, digest)| (name.clone(), digest.map(str::to_owned)));
        let mut seen = Sights::default();
        seen.put(image::sight(images.about(), &found.collect()));
        seen
    }

    #[test]
    fn a_name_stands_for_what_it_led_to_when_it_was_asked_for() {
        let images = images();
        let (one, two) = ("sha256:1111111111111111", "sha256:2222222222222222");
        let there = seen(&images, [Some(one), Some(two)]);
        let pinned = images.found(&there).unwrap();
        assert_eq!(pinned.pinned["cli"], format!("ghcr.io/acme/cli@{one}"));
        assert_eq!(pinned.found(&seen(&images, [Some(two), Some(one)])), None);
        assert_ne!(pinned.release().digest, images.release().digest);
        let plan = plan(&pinned, Purpose::Deploy, &there).unwrap();
        assert_eq!(plan.check(), Ok(()));
        assert_eq!(
            plan.says[0],
            "cli: ghcr.io/acme/cli:2 is sha256:111111111111 now."
        );
        assert_eq!(plan.brings[1], Row::new("scan", "sha256:222222222222"));
    }

    #[test]
    fn what_is_not_in_its_registry_is_told_and_nothing_is_pinned() {
        let images = images();
        let there = seen(&images, [None, Some("sha256:2222222222222222")]);
        assert_eq!(images.found(&there), None);
        let failure = plan(&images, Purpose::Deploy, &there).unwrap_err();
        assert_eq!(failure.summary, "ghcr.io/acme/cli:2 is not in a registry");
        assert_eq!(
            there.of(&images.about()).unwrap().words.as_str(),
            "not in a registry: ghcr.io/acme/cli:2"
        );
    }
}
