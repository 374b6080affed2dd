//! Parameters of Systems Manager: which there are below a path, by their names. What they hold is
//! asked by nobody here.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::domain::look::{Sight, Standing, Subject};
use crate::domain::row::Row;

/// The kind of the parameters right below a path, as a real thing that is looked at. Its name is
/// the path.
pub const PARAMETERS: &str = "ssm.parameters";
/// What they are called where a person reads of them.
const CALLED: &str = "SSM parameters";

/// The facts of a look at the parameters below a path.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ParametersFacts {
    /// Their names below the path, in order.
    pub keys: Vec<String>,
}

/// The parameters right below a path.
#[must_use]
pub fn below(path: &str) -> Subject {
    Subject::new(PARAMETERS, path)
}

/// As they are seen: by their whole names.
#[must_use]
pub fn sight(about: Subject, names: &[String]) -> Sight {
    let below = |name: &String| {
        let key = name.strip_prefix(&about.name)?.strip_prefix('/')?;
        Some(key.to_owned()).filter(|key| !key.is_empty() && !key.contains('/'))
    };
    let mut keys: Vec<String> = names.iter().filter_map(below).collect();
    keys.sort();
    let words = match keys.len() {
        1 => "1 parameter".to_owned(),
        many => format!("{many} parameters"),
    };
    let rows = match keys.join(", ") {
        none if none.is_empty() => Vec::new(),
        all => vec![Row::new("keys", &all)],
    };
    let facts = json!(ParametersFacts { keys });
    Sight {
        words: words.as_str().into(),
        rows,
        facts,
        ..Sight::of(about, CALLED, Standing::Good)
    }
}

/// Whether a text is the path of a hierarchy of parameters: `/sites/prod/docs`.
#[must_use]
pub fn is_path(text: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
    };
    let Some(parts) = text.strip_prefix('/') else {
        return false;
    };
    let reserved = parts.to_ascii_lowercase();
    text.len() <= 900
        && parts.split('/').count() <= 14
        && parts.split('/').all(is_part)
        && !reserved.starts_with("aws")
        && !reserved.starts_with("ssm")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_right_below_a_path_is_known_by_its_own_name() {
        let names = [
            "/sites/docs/TOKEN",
            "/sites/docs/API",
            "/sites/docs/deep/X",
            "/sites/docs-2/Y",
        ];
        let sight = sight(below("/sites/docs"), &names.map(str::to_owned));
        assert_eq!(sight.facts, json!({ "keys": ["API", "TOKEN"] }));
        assert_eq!(sight.words.as_str(), "2 parameters");
        assert_eq!(sight.rows, [Row::new("keys", "API, TOKEN")]);
    }

    #[test]
    fn paths_are_known_by_their_form() {
        for right in ["/sites", "/sites/prod/docs", "/a.b/c-d_e"] {
            assert!(is_path(right), "{right}");
        }
        for wrong in [
            "", "/", "sites", "/sites/", "//a", "/a b", "/aws/x", "/SSM/x",
        ] {
            assert!(!is_path(wrong), "{wrong}");
        }
    }
}
