//! The simple filter patterns of CloudWatch Logs: terms that must all be there, `?any`, `-none`,
//! `"a phrase"`.

/// A pattern that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    all: Vec<String>,
    any: Vec<String>,
    none: Vec<String>,
}

impl Filter {
    /// Reads a pattern; `None` for one of the forms that are not understood here (JSON and
    /// space-delimited patterns, `%regex%`).
    #[must_use]
    pub fn read(pattern: &str) -> Option<Self> {
        let pattern = pattern.trim();
        if pattern.starts_with(['{', '[', '%']) {
            return None;
        }
        let mut filter = Self::default();
        let mut rest = pattern;
        while let Some(first) = rest.chars().next() {
            let (list, body) = match first {
                '?' => (&mut filter.any, &rest[1..]),
                '-' => (&mut filter.none, &rest[1..]),
                _ => (&mut filter.all, rest),
            };
            let (term, after) = match body.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"')?,
                None => body.split_once(char::is_whitespace).unwrap_or((body, "")),
            };
            if !term.is_empty() {
                list.push(term.to_owned());
            }
            rest = after.trim_start();
        }
        Some(filter)
    }

    /// Whether a message passes.
    #[must_use]
    pub fn passes(&self, message: &str) -> bool {
        self.all.iter().all(|term| message.contains(term))
            && (self.any.is_empty() || self.any.iter().any(|term| message.contains(term)))
            && !self.none.iter().any(|term| message.contains(term))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let message = "ERROR order 17 payment timed out";
        for (pattern, passes) in [
            ("", true),
            ("ERROR payment", true),
            ("error", false),
            ("\"timed out\"", true),
            ("\"out timed\"", false),
            ("?WARN ?ERROR", true),
            ("ERROR -payment", false),
            ("-\"not there\" order", true),
        ] {
            assert_eq!(
                Filter::read(pattern).unwrap().passes(message),
                passes,
                "{pattern}"
            );
        }
        assert_eq!(Filter::read("{ $.level = \"x\" }"), None);
        assert_eq!(Filter::read("\"open"), None);
    }
}
