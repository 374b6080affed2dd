//! The filter of a list: words that must all match, `!` before one turns it round, `field:value`
//! looks at one field.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::pane::Flow;

/// The filter and whether it is being typed.
#[derive(Debug, Clone, Default)]
pub struct Find {
    text: String,
    typing: bool,
}

impl Find {
    /// Starts typing.
    pub fn open(&mut self) {
        self.typing = true;
    }

    /// Forgets it.
    pub fn clear(&mut self) {
        self.text.clear();
        self.typing = false;
    }

    /// Whether nothing is filtered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether keys are text for it.
    #[must_use]
    pub fn typing(&self) -> bool {
        self.typing
    }

    /// As a title: `/orders_`.
    #[must_use]
    pub fn says(&self) -> String {
        format!("/{}{}", self.text, if self.typing { "_" } else { "" })
    }

    /// Takes a key while typing.
    pub fn key(&mut self, key: KeyEvent) -> Flow {
        match key.code {
            KeyCode::Enter | KeyCode::Tab => self.typing = false,
            KeyCode::Esc => self.clear(),
            KeyCode::Backspace => drop(self.text.pop()),
            KeyCode::Char('u') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                self.text.clear();
            }
            KeyCode::Char(c)
                if !key
                    .modifiers
                    .intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) =>
            {
                self.text.push(c);
            }
            _ => return Flow::Pass,
        }
        Flow::Used
    }

    /// Whether something matches; `field` gives the lower-case text of a named field, or everything
    /// for "".
    #[must_use]
    pub fn matches(&self, field: impl Fn(&str) -> String) -> bool {
        self.text.split_whitespace().all(|word| {
            let (inverse, word) = word
                .strip_prefix('!')
                .map_or((false, word), |word| (true, word));
            let (name, value) = word.split_once(':').unwrap_or(("", word));
            value.is_empty()
                || field(name).to_lowercase().contains(&value.to_lowercase()) != inverse
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_inverse_and_fields() {
        let row = |field: &str| match field {
            "state" => "hold".to_owned(),
            _ => "prod-us/orders hold 412".to_owned(),
        };
        for (text, shown) in [
            ("", true),
            ("ord", true),
            ("ord prod", true),
            ("ord dev", false),
            ("!dev", true),
            ("!ord", false),
            ("state:hold", true),
            ("state:ok", false),
            ("STATE:x", false),
        ] {
            let find = Find {
                text: text.to_owned(),
                typing: false,
            };
            assert_eq!(find.matches(row), shown, "{text}");
        }
    }
}
