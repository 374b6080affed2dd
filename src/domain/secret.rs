//! What looks like a secret, by the name under which it stands: kept out of estate files, and masked in what commands print. A guess
//! from form: what has no telling name and no telling form is not found.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::{Captures, Regex};

/// What stands for a secret.
pub const MASK: &str = "***";

/// Words that make a name the name of a secret; two together are one written apart.
const WORDS: [&str; 10] =
    ["secret", "token", "password", "passwd", "passphrase", "apikey", "privatekey", "api key", "private key", "access key"];
/// Last words of names that say where a secret is, or something about it.
const ABOUT: [&str; 55] = [
    "age",
    "arn",
    "audience",
    "backend",
    "count",
    "days",
    "dir",
    "email",
    "enabled",
    "endpoint",
    "expiry",
    "fd",
    "file",
    "folder",
    "from",
    "host",
    "hours",
    "id",
    "issuer",
    "length",
    "limit",
    "manager",
    "max",
    "maximum",
    "method",
    "min",
    "minimum",
    "minutes",
    "mode",
    "name",
    "namespace",
    "path",
    "policy",
    "prefix",
    "provider",
    "region",
    "required",
    "reset",
    "rotation",
    "scope",
    "seconds",
    "sender",
    "service",
    "size",
    "source",
    "stdin",
    "store",
    "ttl",
    "type",
    "uri",
    "url",
    "user",
    "username",
    "validity",
    "version",
];

/// Whether a value under this name is a secret: `DB_PASSWORD`, `--api-key`, `SessionToken`; not `TOKEN_URL` or `PasswordLength`.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let words = words(name);
    let about = words.last().is_none_or(|last| ABOUT.contains(&last.as_str()));
    let pairs = words.windows(2).map(|two| two.join(" "));
    !about && words.iter().cloned().chain(pairs).any(|word| WORDS.contains(&word.as_str()))
}

/// The words of a name, in lower case: apart where a sign stands, and where capitals begin.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let chars: Vec<char> = name.chars().collect();
    for (n, c) in chars.iter().enumerate() {
        let before = n.checked_sub(1).map(|n| chars[n]);
        let begins = c.is_uppercase()
            && (before.is_some_and(|b| b.is_lowercase() || b.is_ascii_digit())
                || (before.is_some_and(char::is_uppercase) && chars.get(n + 1).is_some_and(|next| next.is_lowercase())));
        if begins || !c.is_alphanumeric() {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a value is a secret itself where one belongs; a reference, a variable and a yes or no are none.
#[must_use]
pub fn is_literal(value: &str) -> bool {
    let value = value.trim_matches(['"', '\'']);
    let reference = ["{{", "$", "arn:", "http://", "https://", MASK].iter().any(|start| value.starts_with(start));
    !reference && !matches!(value.to_ascii_lowercase().as_str(), "" | "true" | "false" | "yes" | "no" | "null" | "none" | "0" | "1")
}

/// Which words of a command hold a secret: the one after `--password`, and any like `--password=…`.
#[must_use]
pub fn in_words(words: &[String]) -> Vec<usize> {
    (0..words.len())
        .filter(|&n| {
            let flag = n.checked_sub(1).map(|before| words[before].as_str()).filter(|flag| flag.starts_with('-') && !flag.contains('='));
            let given = flag.is_some_and(is_name) && !words[n].starts_with('-') && is_literal(&words[n]);
            given || is_in(&words[n])
        })
        .collect()
}

/// Whether a text holds a secret in a form that tells it.
#[must_use]
pub fn is_in(text: &str) -> bool {
    matches!(masked(text.as_bytes()), Cow::Owned(_))
}

/// Without any of these nothing is looked at closer.
static HINTS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i-u)secret|token|pass|api.?key|private.?key|access.?key|authorization|bearer|://|IQoJ|F[wQ]oG").ok());

/// Where secrets stand. `name` must be the name of one, where it is given; what is masked is `value`.
static FORMS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    const NAME: &str = r"(?P<name>[\w.-]*(?:secret|token|pass|api[_-]?key|private[_-]?key|access[_-]?key)[\w.-]*)";
    const VALUE: &str = r#"(?P<value>"(?:[^"\\]|\\.)*"|'[^']*'|[^\s"'&]+)"#;
    [
        // NAME=value, --name=value, "name": "value"
        format!(r#"{NAME}(?:\s*=\s*|["']\s*[:=]\s*){VALUE}"#),
        // --name value
        r#"(?P<name>--?[\w.-]*(?:secret|token|pass|key)[\w.-]*)\s+(?P<value>"(?:[^"\\]|\\.)*"|'[^']*'|[^\s"'-]\S*)"#.to_owned(),
        // A line `name: value` and nothing else.
        format!(r"^\s*(?:-\s+)?{NAME}:\s+(?P<value>\S+)\s*$"),
        r"authorization:\s*(?:\w+\s+)?(?P<value>\S+)".to_owned(),
        r"bearer\s+(?P<value>[\w.~+/-]{16,}=*)".to_owned(),
        r"://[^\s/:@]*:(?P<value>[^\s/@]+)@".to_owned(),
        // A session token of AWS, by how it begins.
        r"(?P<value>(?:IQoJ|FwoG|FQoG)[A-Za-z0-9+/=]{60,})".to_owned(),
    ]
    .iter()
    .filter_map(|form| Regex::new(&format!("(?i-u){form}")).ok())
    .collect()
});

/// A line with every secret in it replaced by [`MASK`]; the line itself where there is none.
#[must_use]
pub fn masked(line: &[u8]) -> Cow<'_, [u8]> {
    if HINTS.as_ref().is_none_or(|hints| !hints.is_match(line)) {
        return Cow::Borrowed(line);
    }
    let mut found: Vec<Range<usize>> = FORMS.iter().flat_map(|form| places(form, line)).collect();
    if found.is_empty() {
        return Cow::Borrowed(line);
    }
    found.sort_by_key(|place| (place.start, std::cmp::Reverse(place.end)));
    let mut out = Vec::with_capacity(line.len());
    let mut at = 0;
    for place in found {
        if place.start >= at {
            out.extend_from_slice(&line[at..place.start]);
            out.extend_from_slice(MASK.as_bytes());
        }
        at = at.max(place.end);
    }
    out.extend_from_slice(&line[at..]);
    Cow::Owned(out)
}

/// The places of the secrets of one form.
fn places(form: &Regex, line: &[u8]) -> Vec<Range<usize>> {
    let mut places = Vec::new();
    let mut from = 0;
    while let Some(found) = form.captures_at(line, from) {
        let Some(value) = found.name("value") else { break };
        if is_secret(&found) {
            places.push(value.range());
            from = value.end();
        } else {
            // What stands there may hold another name.
            from = value.start().max(from + 1);
        }
    }
    places
}

fn is_secret(found: &Captures<'_>) -> bool {
    let text = |name| found.name(name).map(|found| String::from_utf8_lossy(found.as_bytes()));
    text("name").is_none_or(|name| is_name(&name)) && text("value").is_some_and(|value| is_literal(&value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_word_by_word() {
        for name in [
            "PASSWORD",
            "DB_PASSWORD",
            "db-passwd",
            "--api-key",
            "apiKey",
            "API_KEY_PROD",
            "DBPassword",
            "SessionToken",
            "GITHUB_TOKEN",
            "AWS_SECRET_ACCESS_KEY",
            "private_key",
            "secret",
            "--client-secret",
            "DBPasswordProd",
        ] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "",
            "TOKEN_URL",
            "PASSWORD_FILE",
            "--secret-id",
            "SecretArn",
            "PasswordLength",
            "--password-stdin",
            "TOKENIZER",
            "KEY",
            "PRIVATE",
            "secretary",
            "TOKEN_ISSUER",
            "PASSWORD_RESET",
            "TOKEN_TTL",
            "Tokens",
            "monkey",
            "--from-literal",
        ] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn words_of_a_command() {
        let secrets = |words: &[&str]| in_words(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(secrets(&["echo", "--password", "hunter2secret"]), [2]);
        assert_eq!(secrets(&["x", "--password=hunter2", "-v", "PASSWORD=x1"]), [1, 3]);
        assert_eq!(secrets(&["sh", "-c", "mysql --password hunter2 < dump"]), [2]);
        assert_eq!(secrets(&["kubectl", "create", "--from-literal=password=hunter2"]), [2]);
        assert_eq!(secrets(&["psql", "postgres://ana:hunter2@db/shop"]), [1]);
        for fine in [
            &["aws", "secretsmanager", "get-secret-value", "--secret-id", "prod/db"][..],
            &["docker", "login", "--password-stdin", "registry.example"],
            &["x", "--token", "--verbose"],
            &["sh", "-c", "PASSWORD=$(cat /run/secret) ./migrate"],
            &["x", "--password-file", "/run/secrets/db"],
            &["x", "--token=$TOKEN"],
        ] {
            assert!(secrets(fine).is_empty(), "{fine:?}");
        }
    }

    #[test]
    fn what_is_printed_is_masked_and_the_rest_is_left() {
        for (line, shown) in [
            ("DB_PASSWORD=hunter2", "DB_PASSWORD=***"),
            ("export GITHUB_TOKEN='ab cd' next", "export GITHUB_TOKEN=*** next"),
            ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG", "aws_secret_access_key = ***"),
            (
                r#"{"SecretAccessKey": "wJal", "SessionToken":"IQoJ", "Expiration": "x"}"#,
                r#"{"SecretAccessKey": ***, "SessionToken":***, "Expiration": "x"}"#,
            ),
            ("  password: hunter2", "  password: ***"),
            ("+ curl --api-key abc123 https://x", "+ curl --api-key *** https://x"),
            ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
            ("connecting to postgres://ana:hunter2@db:5432/shop", "connecting to postgres://ana:***@db:5432/shop"),
            ("https://x/?token=abc&page=2", "https://x/?token=***&page=2"),
            ("TOKEN_URL=https://x?token=abc", "TOKEN_URL=https://x?token=***"),
        ] {
            assert_eq!(String::from_utf8_lossy(&masked(line.as_bytes())), shown);
        }
        let long = format!("got {}", "IQoJb3JpZ2lu".repeat(9));
        assert_eq!(masked(long.as_bytes()).as_ref(), b"got ***");
        for plain in [
            "parse error: unexpected token: expected ';'",
            "invalid password for user ana",
            "token_ttl=30 tokens=1532",
            "see https://example.com/a:b@c? no",
            "password=true",
            "secret: see the manual for it",
        ] {
            assert_eq!(masked(plain.as_bytes()).as_ref(), plain.as_bytes());
        }
        assert_eq!(masked(b"password=\xff\xfe").as_ref(), b"password=***");
    }
}
