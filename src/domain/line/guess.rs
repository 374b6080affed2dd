//! How serious a line of somebody's log says it is. A guess from its own words; it changes nothing
//! but colours and jumps.

use super::Severity;

/// How much of a line is looked at.
const HEAD: usize = 200;
/// How many of its first words.
const WORDS: usize = 12;

/// By the level field of JSON and logfmt, or a level word near the beginning.
#[must_use]
pub fn guess(text: &str) -> Severity {
    let bytes = text.as_bytes();
    let head = bytes[..bytes.len().min(HEAD)].to_ascii_lowercase();
    for name in NAMES {
        if let Some(at) = memchr::memmem::find(&head, name) {
            let value = head[at + name.len()..].trim_ascii_start();
            return word(first(value.strip_prefix(b"\"").unwrap_or(value)))
                .unwrap_or(Severity::Info);
        }
    }
    let words = head
        .split(|b| !b.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    words
        .take(WORDS)
        .find_map(|found| word(found).filter(|_| !found[0].is_ascii_digit()))
        .unwrap_or(Severity::Info)
}

const NAMES: [&[u8]; 6] = [
    b"\"level\":",
    b"\"lvl\":",
    b"\"severity\":",
    b"level=",
    b"lvl=",
    b"severity=",
];

fn first(text: &[u8]) -> &[u8] {
    text.split(|b| !b.is_ascii_alphanumeric())
        .next()
        .unwrap_or_default()
}

fn word(word: &[u8]) -> Option<Severity> {
    match word {
        // The numbers are those of the loggers that write numbers into JSON.
        b"error" | b"err" | b"fatal" | b"critical" | b"crit" | b"panic" | b"severe" | b"emerg"
        | b"alert" | b"50" | b"60" => Some(Severity::Error),
        b"warn" | b"warning" | b"40" => Some(Severity::Warn),
        b"info" | b"notice" | b"30" => Some(Severity::Info),
        b"debug" | b"trace" | b"20" | b"10" => Some(Severity::Debug),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_serious_it_is() {
        for (text, expected) in [
            (r#"{"level":"error","msg":"x"}"#, Severity::Error),
            (
                r#"{"msg":"an error in the text","lvl":"warn"}"#,
                Severity::Warn,
            ),
            (r#"{"level":50,"msg":"x"}"#, Severity::Error),
            (r#"{"level": "trace"}"#, Severity::Debug),
            (
                "2026-11-21T10:00:00Z ERROR could not extend file",
                Severity::Error,
            ),
            (
                "2026-11-21T10:40:50Z listening on 60 sockets",
                Severity::Info,
            ),
            ("ts=1 level=debug msg=error", Severity::Debug),
            ("GET /errors/7 200", Severity::Info),
            ("WARN retry 1/5", Severity::Warn),
            ("", Severity::Info),
            ("Ä\u{1F600} CRIT", Severity::Error),
        ] {
            assert_eq!(guess(text), expected, "{text}");
        }
    }
}
