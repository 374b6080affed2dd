//! Words of a command that somebody will type or paste.

/// A word as a shell takes it: as it is where nothing in it means anything to a shell, else in
/// single quotes.
#[must_use]
pub fn shell(word: &str) -> String {
    let plain = |c: char| {
        c.is_ascii_alphanumeric()
            || matches!(c, '-' | '_' | '.' | '/' | ':' | '=' | ',' | '@' | '+')
    };
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// What somebody wrote as one text, as the list of a file: `[./migrate, up]`. A command that a
/// shell would have to read is given to one.
#[must_use]
pub fn list(text: &str, command: bool) -> String {
    let words: Vec<String> = if command {
        words(text).unwrap_or_else(|| vec!["sh".to_owned(), "-c".to_owned(), text.to_owned()])
    } else {
        let parts = text.split(|c: char| c == ',' || (c.is_whitespace() && !text.contains(',')));
        let parts = parts.map(str::trim).filter(|part| !part.is_empty());
        parts.map(str::to_owned).collect()
    };
    let items: Vec<String> = words.iter().map(|word| item(word)).collect();
    format!("[{}]", items.join(", "))
}

/// The words of a command line; none where a shell does more with it than to take its words apart.
fn words(text: &str) -> Option<Vec<String>> {
    let mut words: Vec<String> = Vec::new();
    let (mut quote, mut within) = (None, false);
    for c in text.chars() {
        match (c, quote) {
            (c, Some(end)) if c == end => quote = None,
            ('$' | '`' | '\\', Some('"')) => return None,
            ('\'' | '"', None) => {
                quote = Some(c);
                if !within {
                    words.push(String::new());
                }
                within = true;
            }
            (c, None) if c.is_whitespace() => within = false,
            (
                '|' | '&' | ';' | '<' | '>' | '(' | ')' | '$' | '`' | '\\' | '*' | '?' | '#' | '~',
                None,
            ) => {
                return None;
            }
            (c, _) => {
                if !within {
                    words.push(String::new());
                }
                within = true;
                words.last_mut()?.push(c);
            }
        }
    }
    quote.is_none().then_some(words)
}

/// A word as an item of a list in YAML.
fn item(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./+=@%^".contains(c);
    let begins = |c: char| c.is_ascii_alphanumeric() || "./_".contains(c);
    let option = word.starts_with('-') && word.len() > 1;
    if (word.starts_with(begins) || option) && word.chars().all(plain) && word != "null" {
        word.to_owned()
    } else {
        format!("{word:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_as_one_text_is_shown_as_the_list_that_it_should_be() {
        for (text, command, shown) in [
            ("./migrate up", true, "[./migrate, up]"),
            ("./migrate", true, "[./migrate]"),
            (
                "echo 'it is' \"so it is\"",
                true,
                "[echo, \"it is\", \"so it is\"]",
            ),
            (
                "tar -xzf a.tgz --strip=1",
                true,
                "[tar, -xzf, a.tgz, --strip=1]",
            ),
            ("cat a | sort", true, "[sh, -c, \"cat a | sort\"]"),
            ("echo $HOME", true, "[sh, -c, \"echo $HOME\"]"),
            ("echo 'open", true, "[sh, -c, \"echo 'open\"]"),
            ("dev", false, "[dev]"),
            ("dev, prod", false, "[dev, prod]"),
            ("dev prod", false, "[dev, prod]"),
            ("sql/**", false, "[\"sql/**\"]"),
        ] {
            assert_eq!(list(text, command), shown, "{text}");
        }
    }

    #[test]
    fn what_a_shell_would_take_apart_is_quoted() {
        let list: Vec<String> = ["prod/orders", "#12", "it's", "prod down", "", "$HOME"]
            .into_iter()
            .map(shell)
            .collect();
        assert_eq!(
            list,
            [
                "prod/orders",
                "'#12'",
                r"'it'\''s'",
                "'prod down'",
                "''",
                "'$HOME'"
            ]
        );
    }
}
