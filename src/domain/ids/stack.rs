//! What is deployed to: an application in an environment, whole or one part of it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{AppName, BadName, EnvName};

/// One part of an application that has parts: a site, a component of a site, a stage. One or two
/// segments: `nl`, `nl/cart`.
///
/// A segment has the letters of names that other tools gave: 1 to 63 of a-z, A-Z, 0-9, `-`, `_` and
/// `.`. It begins with a letter, a digit or `_`, does not end with `.` and has no `..`, so that it
/// is safe in a path, an address, a tag and a stream's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Part(String);

const PART_RULE: &str = "use one or two names with '/' between them, each of 1 to 63 of a-z, A-Z, 0-9, '-', '_' and '.', \
                         starting with a letter, a digit or '_', not ending with '.' and without '..'";

impl Part {
    /// The part as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn segment(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && !text.ends_with('.')
        && !text.contains("..")
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Part {
    type Err = BadName;
    fn from_str(text: &str) -> Result<Self, BadName> {
        let segments: Vec<&str> = text.split('/').collect();
        if segments.len() <= 2 && segments.into_iter().all(segment) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadName {
                what: "part of an application",
                value: text.to_owned(),
                rule: PART_RULE,
            })
        }
    }
}

impl TryFrom<String> for Part {
    type Error = BadName;
    fn try_from(text: String) -> Result<Self, BadName> {
        text.parse()
    }
}

impl From<Part> for String {
    fn from(part: Part) -> String {
        part.0
    }
}

/// A stack: an application in an environment, written `environment/application`, or one part of it,
/// `environment/application/part`. Where an application has parts, the stack without one is the
/// whole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StackId {
    /// Where.
    pub env: EnvName,
    /// What.
    pub app: AppName,
    /// Which part of it.
    pub part: Option<Part>,
}

impl StackId {
    /// An application as a whole.
    #[must_use]
    pub fn new(env: EnvName, app: AppName) -> Self {
        Self {
            env,
            app,
            part: None,
        }
    }

    /// The whole that a part belongs to; a whole itself.
    #[must_use]
    pub fn whole(&self) -> Self {
        Self {
            part: None,
            ..self.clone()
        }
    }

    /// A part of the same application.
    #[must_use]
    pub fn with(&self, part: Part) -> Self {
        Self {
            part: Some(part),
            ..self.clone()
        }
    }

    /// Whether it is a part of that whole.
    #[must_use]
    pub fn is_part_of(&self, whole: &Self) -> bool {
        self.part.is_some()
            && whole.part.is_none()
            && self.env == whole.env
            && self.app == whole.app
    }

    /// What it belongs to, the nearest first: the site of a component, the whole.
    #[must_use]
    pub fn above(&self) -> Vec<Self> {
        let Some(Part(part)) = &self.part else {
            return Vec::new();
        };
        let site = part.split_once('/').map(|(site, _)| Self {
            part: Some(Part(site.to_owned())),
            ..self.clone()
        });
        site.into_iter().chain([self.whole()]).collect()
    }

    /// Its name without that of what it belongs to there.
    #[must_use]
    pub fn below(&self, above: &Self) -> String {
        let name = self.name();
        let own = name.strip_prefix(&above.name());
        own.map_or(name.as_str(), |own| own.trim_start_matches('/'))
            .to_owned()
    }

    /// Where it stands among the parts of its whole: what belongs to a site comes right after that.
    #[must_use]
    pub fn place(&self) -> Vec<&str> {
        let part = self.part.iter();
        part.flat_map(|part| part.0.split('/')).collect()
    }

    /// Its name within its environment: `application`, `application/part`.
    #[must_use]
    pub fn name(&self) -> String {
        self.part.as_ref().map_or_else(
            || self.app.to_string(),
            |part| format!("{}/{part}", self.app),
        )
    }

    /// True for the same thing in any environment.
    #[must_use]
    pub fn is_alike(&self, other: &StackId) -> bool {
        self.app == other.app && self.part == other.part
    }
}

impl fmt::Display for StackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/{}", self.env, self.name()))
    }
}

impl FromStr for StackId {
    type Err = BadName;
    fn from_str(text: &str) -> Result<Self, BadName> {
        let (env, rest) = text.split_once('/').ok_or_else(|| BadName {
            what: "stack",
            value: text.to_owned(),
            rule: "write environment/application, for example prod/orders",
        })?;
        let (app, part) = rest
            .split_once('/')
            .map_or((rest, None), |(app, part)| (app, Some(part)));
        Ok(Self {
            env: env.parse()?,
            app: app.parse()?,
            part: part.map(str::parse).transpose()?,
        })
    }
}

impl TryFrom<String> for StackId {
    type Error = BadName;
    fn try_from(text: String) -> Result<Self, BadName> {
        text.parse()
    }
}

impl From<StackId> for String {
    fn from(id: StackId) -> String {
        id.to_string()
    }
}

#[cfg(test)]
pub(crate) mod given {
    use proptest::prelude::*;

    use super::StackId;

    /// Any stack: whole, or a part of one or two segments.
    pub(crate) fn stacks() -> impl Strategy<Value = StackId> {
        let name = "[a-z]([a-z0-9-]{0,10}[a-z0-9])?";
        let segment = "[a-zA-Z0-9_]([a-zA-Z0-9_-]|\\.[a-zA-Z0-9_-]){0,8}";
        (name, name, prop::collection::vec(segment, 0..3)).prop_map(|(env, app, part)| {
            let parts: Vec<String> = [env, app].into_iter().chain(part).collect();
            parts.join("/").parse().unwrap()
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::given::stacks;
    use super::*;
    use crate::domain::event::StreamId;
    use crate::domain::interest::Interest;

    #[test]
    fn a_stack_is_whole_or_one_part() {
        let whole: StackId = "prod/commerce".parse().unwrap();
        let part: StackId = "prod/commerce/nl/Cart_v1.2".parse().unwrap();
        assert_eq!(
            (whole.name().as_str(), part.name().as_str()),
            ("commerce", "commerce/nl/Cart_v1.2")
        );
        assert_eq!(
            (part.part.as_ref().map(ToString::to_string), part.whole()),
            (Some("nl/Cart_v1.2".to_owned()), whole.clone())
        );
        assert!(
            part.is_alike(&"dev/commerce/nl/Cart_v1.2".parse().unwrap()) && !part.is_alike(&whole)
        );
        assert!(whole < part, "a whole stands before its parts");
    }

    #[test]
    fn a_part_that_would_lead_elsewhere_is_refused() {
        let long = "a".repeat(64);
        let bad = [
            "", "/", "nl/", "/nl", "a/b/c", ".", "..", ".a", "a.", "a..b", "a/..", "-a", "a b",
            "a%2fb", "a\\b", "a:b", "é", "a\nb", &long,
        ];
        for part in bad {
            let text = format!("prod/shop/{part}");
            assert!(text.parse::<StackId>().is_err(), "{text:?} must be refused");
            assert!(part.parse::<Part>().is_err(), "{part:?} must be refused");
        }
        for text in [
            "orders",
            "prod/",
            "/orders",
            "prod/Orders",
            "prod/../orders",
        ] {
            assert!(text.parse::<StackId>().is_err(), "{text:?} must be refused");
        }
        let said = "prod/shop/a..b".parse::<StackId>().unwrap_err().to_string();
        assert!(
            said.contains("a..b") && said.contains("'_' and '.'"),
            "{said}"
        );
    }

    proptest! {
        #[test]
        fn every_text_form_reads_back(id in stacks()) {
            prop_assert_eq!(&id.to_string().parse::<StackId>().unwrap(), &id);
            prop_assert_eq!(&serde_json::from_str::<StackId>(&serde_json::to_string(&id).unwrap()).unwrap(), &id);
            let stream = StreamId::Stack(id.clone());
            prop_assert_eq!(StreamId::try_from(stream.to_string()).unwrap(), stream);
            let interest = Interest::of(&id, None);
            prop_assert_eq!(interest.to_string().parse::<Interest>().unwrap(), interest);
        }

        #[test]
        fn no_text_reads_as_a_part_that_leaves_its_place(text in "[./a-zA-Z_-]{0,12}") {
            if let Ok(part) = text.parse::<Part>() {
                for segment in part.as_str().split('/') {
                    prop_assert!(!segment.is_empty() && !segment.starts_with('.') && !segment.contains(".."));
                }
            }
        }
    }
}
