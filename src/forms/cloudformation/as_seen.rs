//! A CloudFormation stack as a plan was made for it: what a step finds to be another is not what
//! was approved.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::COUNT;
use crate::domain::time::Time;

/// What is compared. Whoever changes a stack moves its time; the rest says what became different.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AsSeen {
    /// When it was last made or updated.
    pub changed_at: Option<Time>,
    /// Its parameters (a `NoEcho` value reads `****`).
    pub parameters: BTreeMap<String, String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// What a step of ours left that has come between.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Left>,
}

/// What is read of the output of a step that has changed the stack.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Left {
    /// When the stack was last updated then; `None` where nobody knows it, as of a step of which a
    /// person said how it ended: the rest is compared.
    #[serde(default)]
    pub changed_at: Option<Time>,
}

impl AsSeen {
    /// The same after a step of ours has brought these counts: the time is the one that the step
    /// says in its output, where it says one.
    #[must_use]
    pub fn after(&self, step: &str, counts: &BTreeMap<String, String>) -> Value {
        let mut parameters = self.parameters.clone();
        parameters.extend(counts.clone());
        json!({
            "changed_at": null,
            "parameters": parameters,
            "tags": self.tags,
            "left": { "from": step, "output": "" },
        })
    }

    /// What is another in `now`; nothing where all is as it was seen.
    #[must_use]
    pub fn differs(&self, now: &AsSeen) -> Vec<String> {
        let mut all: Vec<String> = others(&self.parameters, &now.parameters)
            .into_iter()
            .map(
                |name| match (self.parameters.get(name), now.parameters.get(name)) {
                    (Some(was), Some(is)) if name.starts_with(COUNT) => {
                        format!("{name} {was}, now {is}")
                    }
                    _ => name.clone(),
                },
            )
            .collect();
        let tags = others(&self.tags, &now.tags);
        all.extend(tags.into_iter().map(|name| format!("the tag {name}")));
        let left = self.left.as_ref().and_then(|left| left.changed_at);
        // A time that nobody knows is no difference.
        let was = left.or(self.changed_at);
        if was.is_some() && was != now.changed_at {
            all.push(now.changed_at.map_or_else(
                || "it was made anew".to_owned(),
                |at| format!("updated at {}", at.text("%H:%M:%SZ")),
            ));
        }
        all
    }
}

/// The names whose values differ.
fn others<'a>(
    was: &'a BTreeMap<String, String>,
    is: &'a BTreeMap<String, String>,
) -> BTreeSet<&'a String> {
    was.keys()
        .chain(is.keys())
        .filter(|name| was.get(*name) != is.get(*name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(at: i64, count: &str) -> AsSeen {
        let map = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
        AsSeen {
            changed_at: Some(Time(at)),
            parameters: map("DesiredCount", count),
            tags: map("team", "pay"),
            left: None,
        }
    }

    #[test]
    fn what_became_different_is_named() {
        assert!(seen(1, "2").differs(&seen(1, "2")).is_empty());
        assert_eq!(
            seen(1, "2").differs(&seen(61_000, "3")),
            ["DesiredCount 2, now 3", "updated at 00:01:01Z"]
        );
        let mut tagged = seen(1, "2");
        tagged.tags.clear();
        tagged.parameters.insert("Size".into(), "20".into());
        assert_eq!(seen(1, "2").differs(&tagged), ["Size", "the tag team"]);
    }

    #[test]
    fn what_our_own_step_changed_is_no_difference() {
        let zero = BTreeMap::from([("DesiredCount".to_owned(), "0".to_owned())]);
        let mut after = seen(1, "2").after("scale-down", &zero);
        assert_eq!(after["left"], json!({ "from": "scale-down", "output": "" }));
        let of = |after: &Value| serde_json::from_value::<AsSeen>(after.clone()).unwrap();
        after["left"] = json!({ "status": "UPDATE_COMPLETE", "changed_at": Time(5) });
        assert!(of(&after).differs(&seen(5, "0")).is_empty());
        assert!(!of(&after).differs(&seen(6, "0")).is_empty());
        // A person said that the step ended well.
        after["left"] = json!({});
        assert!(of(&after).differs(&seen(6, "0")).is_empty());
        assert!(!of(&after).differs(&seen(6, "1")).is_empty());
    }
}
