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

#[cfg(test)]
mod tests {
    use super::*;

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
