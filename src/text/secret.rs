//! What looks like a secret, by the name under which it stands: kept out of estate files, and
//! masked in what commands print. A guess from form: what has no telling name and no telling form
//! is not found.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::{Captures, Regex};

/// What stands for a secret.
pub const MASK: &str = "***";

/// Ends of words that make a name the name of a secret: `PGPASSWORD`, `clientsecret`.
const ENDS: [&str; 4] = ["secret", "token", "password", "passwd"];
/// Words that do; two together are one written apart.
const WORDS: [&str; 8] = [
    "passphrase",
    "apikey",
    "privatekey",
    "api key",
    "private key",
    "access key",
    "dbpass",
    "sshpass",
];
/// Words that do, but not in front of others: `DB_PASS`, not `pass_rate`.
const SHORT: [&str; 2] = ["pass", "pwd"];
/// Last words of names that say where a secret is, or something about it.
const ABOUT: [&str; 56] = [
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
    "rate",
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

/// Whether a value under this name is a secret: `DB_PASSWORD`, `--api-key`, `SessionToken`; not
/// `TOKEN_URL` or `PasswordLength`.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let words = words(name);
    let about = words
        .last()
        .is_none_or(|last| ABOUT.contains(&last.as_str()));
    let pairs = words.windows(2).map(|two| two.join(" "));
    let short = words
        .iter()
        .enumerate()
        .any(|(n, word)| (n > 0 || words.len() == 1) && SHORT.contains(&word.as_str()));
    let tells =
        |word: String| WORDS.contains(&word.as_str()) || ENDS.iter().any(|end| word.ends_with(end));
    !about && (short || words.iter().cloned().chain(pairs).any(tells))
}

/// The words of a name, in lower case and without the number at their end: apart where a sign
/// stands, and where capitals begin.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let chars: Vec<char> = name.chars().collect();
    for (n, c) in chars.iter().enumerate() {
        let before = n.checked_sub(1).map(|n| chars[n]);
        let begins = c.is_uppercase()
            && (before.is_some_and(|b| b.is_lowercase() || b.is_ascii_digit())
                || (before.is_some_and(char::is_uppercase)
                    && chars.get(n + 1).is_some_and(|next| next.is_lowercase())));
        if begins || !c.is_alphanumeric() {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
    }
    for word in &mut words {
        word.truncate(word.trim_end_matches(|c: char| c.is_ascii_digit()).len());
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a value that somebody wrote is a secret itself where one belongs; a reference, a
/// variable and a yes or no are none.
#[must_use]
pub fn is_literal(value: &str) -> bool {
    let reference = ["$", "http://", "https://", "env:", "file:"]
        .iter()
        .any(|start| bare(value).starts_with(start));
    !reference && is_value(value)
}

/// Whether a value that a command printed is a secret where one belongs. No variable is left there:
/// what begins with `$` is a hash.
fn is_value(value: &str) -> bool {
    let value = bare(value);
    let reference = ["{{", "arn:", MASK]
        .iter()
        .any(|start| value.starts_with(start));
    !reference
        && !matches!(
            value.to_ascii_lowercase().as_str(),
            "" | "true" | "false" | "yes" | "no" | "null" | "none" | "0" | "1"
        )
}

fn bare(value: &str) -> &str {
    value.trim_matches(['"', '\''])
}

/// Whether a value that somebody wrote under a name is a secret in clear text, by the name or by
/// its own form.
#[must_use]
pub fn is_kept_in(name: &str, value: &str) -> bool {
    is_name(name) && is_literal(value) || is_in(value)
}

/// Which words of a command hold a secret: the one after `--password`, and any like `--password=…`.
#[must_use]
pub fn in_words(words: &[String]) -> Vec<usize> {
    (0..words.len())
        .filter(|&n| {
            let flag = n
                .checked_sub(1)
                .map(|before| words[before].as_str())
                .filter(|flag| flag.starts_with('-') && !flag.contains('='));
            let given =
                flag.is_some_and(is_name) && !words[n].starts_with('-') && is_literal(&words[n]);
            given || is_in(&words[n])
        })
        .collect()
}

/// Whether a text that somebody wrote holds a secret in a form that tells it.
#[must_use]
pub fn is_in(text: &str) -> bool {
    !found(text.as_bytes(), is_literal).is_empty()
}

/// Without any of these nothing is looked at closer.
static HINTS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i-u)secret|token|pass|pwd|api.?key|private.?key|access.?key|authorization|bearer|://|IQoJ|F[wQ]oG").ok()
});

/// Where secrets stand. `name` must be the name of one, where it is given; what is masked is
/// `value`.
static FORMS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    const NAME: &str = r"(?P<name>[\w.-]*(?:secret|token|pass|pwd|api[_-]?key|private[_-]?key|access[_-]?key)[\w.-]*)";
    // In quotes, as a shell prints it too ('it'\''s'); or up to a space, or to a quote that
    // something before it opened.
    const VALUE: &str = r#"(?P<value>"(?:[^"\\]|\\.)*"|'[^']*'(?:\\''[^']*')*|[^\s"'](?:[^\s"']|["']+[^\s"',;:)}\]|&<>])*)"#;
    [
        // NAME=value, --name=value, "name": "value"
        format!(r#"{NAME}(?:\s*=\s*|["']\s*[:=]\s*){VALUE}"#),
        // --name value
        r#"(?P<name>--?[\w.-]*(?:secret|token|pass|pwd|key)[\w.-]*)\s+(?P<value>"(?:[^"\\]|\\.)*"|'[^']*'|[^\s"'-]\S*)"#.to_owned(),
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
    mask(line, found(line, is_value))
}

/// A text with [`MASK`] over these places, in any order; those that overlap are covered once.
#[must_use]
pub(crate) fn mask(text: &[u8], mut places: Vec<Range<usize>>) -> Cow<'_, [u8]> {
    if places.is_empty() {
        return Cow::Borrowed(text);
    }
    places.sort_by_key(|place| place.start);
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    for place in places {
        if place.start >= at {
            out.extend_from_slice(&text[at..place.start]);
            out.extend_from_slice(MASK.as_bytes());
        }
        at = at.max(place.end);
    }
    out.extend_from_slice(&text[at..]);
    Cow::Owned(out)
}

/// The places of all secrets; some may overlap. `holds` says which values are secrets.
fn found(line: &[u8], holds: fn(&str) -> bool) -> Vec<Range<usize>> {
    if HINTS.as_ref().is_none_or(|hints| !hints.is_match(line)) {
        return Vec::new();
    }
    FORMS
        .iter()
        .flat_map(|form| places(form, line, holds))
        .collect()
}

/// The places of the secrets of one form.
fn places(form: &Regex, line: &[u8], holds: fn(&str) -> bool) -> Vec<Range<usize>> {
    let mut places = Vec::new();
    let mut from = 0;
    while let Some(found) = form.captures_at(line, from) {
        let Some(value) = value(&found, line) else {
            break;
        };
        let text = String::from_utf8_lossy(&line[value.clone()]);
        if holds(&text)
            && found
                .name("name")
                .is_none_or(|name| is_named(&line[name.start()..value.start], name.len(), &text))
        {
            from = value.end;
            places.push(value);
        } else {
            // What stands there may hold another name.
            from = value.start.max(from + 1);
        }
    }
    places
}

/// Where the value stands: that of a parameter of a URL ends where the next one begins.
fn value(found: &Captures<'_>, line: &[u8]) -> Option<Range<usize>> {
    let value = found.name("value")?;
    let before = found
        .name("name")
        .and_then(|name| name.start().checked_sub(1))
        .map(|at| line[at]);
    let parameter = matches!(before, Some(b'?' | b'&'));
    let next = value
        .as_bytes()
        .iter()
        .position(|byte| *byte == b'&')
        .filter(|_| parameter);
    Some(value.start()..next.map_or(value.end(), |next| value.start() + next))
}

/// Whether the name in front of a value, `name` bytes and the sign after them, is that of a secret.
fn is_named(front: &[u8], name: usize, value: &str) -> bool {
    let (name, sign) = front.split_at(name);
    let name = String::from_utf8_lossy(name);
    let is_count = value.len() < 5 && value.bytes().all(|byte| byte.is_ascii_digit());
    let other = match name.as_ref() {
        // The folder of a shell.
        "PWD" => value.starts_with('/'),
        // The result of a test.
        "PASS" => is_count || sign.starts_with(b":"),
        "pass" => is_count,
        _ => false,
    };
    !other && is_name(&name)
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
            "PGPASSWORD",
            "DBPASSWORD",
            "DB_PASS",
            "DB_PASS_PROD",
            "DBPass",
            "SSHPASS",
            "--pass",
            "MYSQL_PWD",
            "Pwd",
            "DB_PASSWORD2",
            "DB_PASSWORD_2",
            "clientsecret",
            "authtoken",
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
            "SECRET_ARN",
            "TOKEN_URL2",
            "PGPASSFILE",
            "compass",
            "bypass",
            "pass_count",
            "pass-through",
            "test_pass_rate",
            "passed",
            "keyboard",
            "secretsmanager",
            "42",
        ] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn words_of_a_command() {
        let secrets = |words: &[&str]| {
            in_words(
                &words
                    .iter()
                    .map(|word| (*word).to_owned())
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(secrets(&["echo", "--password", "hunter2secret"]), [2]);
        assert_eq!(
            secrets(&["x", "--password=hunter2", "-v", "PASSWORD=x1"]),
            [1, 3]
        );
        assert_eq!(
            secrets(&["sh", "-c", "mysql --password hunter2 < dump"]),
            [2]
        );
        assert_eq!(
            secrets(&["kubectl", "create", "--from-literal=password=hunter2"]),
            [2]
        );
        assert_eq!(secrets(&["sh", "-c", "PGPASSWORD=hunter2 psql"]), [2]);
        assert_eq!(secrets(&["psql", "postgres://ana:hunter2@db/shop"]), [1]);
        for fine in [
            &[
                "aws",
                "secretsmanager",
                "get-secret-value",
                "--secret-id",
                "prod/db",
            ][..],
            &["docker", "login", "--password-stdin", "registry.example"],
            &["x", "--token", "--verbose"],
            &["sh", "-c", "PASSWORD=$(cat /run/secret) ./migrate"],
            &["x", "--password-file", "/run/secrets/db"],
            &["x", "--token=$TOKEN"],
            &["x", "SLACK_SECRET=https://hooks.example/x"],
            &["openssl", "rsa", "-pass", "file:/run/secrets/key"],
        ] {
            assert!(secrets(fine).is_empty(), "{fine:?}");
        }
    }

    #[test]
    fn what_is_printed_is_masked_and_the_rest_is_left() {
        for (line, shown) in [
            ("DB_PASSWORD=hunter2", "DB_PASSWORD=***"),
            (
                "export GITHUB_TOKEN='ab cd' next",
                "export GITHUB_TOKEN=*** next",
            ),
            (
                "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG",
                "aws_secret_access_key = ***",
            ),
            (
                r#"{"SecretAccessKey": "wJal", "SessionToken":"IQoJ", "Expiration": "x"}"#,
                r#"{"SecretAccessKey": ***, "SessionToken":***, "Expiration": "x"}"#,
            ),
            ("  password: hunter2", "  password: ***"),
            (
                "+ curl --api-key abc123 https://x",
                "+ curl --api-key *** https://x",
            ),
            ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
            (
                "connecting to postgres://ana:hunter2@db:5432/shop",
                "connecting to postgres://ana:***@db:5432/shop",
            ),
            ("https://x/?token=abc&page=2", "https://x/?token=***&page=2"),
            (
                "TOKEN_URL=https://x?token=abc",
                "TOKEN_URL=https://x?token=***",
            ),
            (
                "curl 'https://x/?a=1&token=abc' -o y",
                "curl 'https://x/?a=1&token=***' -o y",
            ),
            (
                "https://x/?token=abc&api_key=def&page=2",
                "https://x/?token=***&api_key=***&page=2",
            ),
            ("+ PGPASSWORD=hunter2 psql", "+ PGPASSWORD=*** psql"),
            ("+ MYSQL_PWD=hunter2", "+ MYSQL_PWD=***"),
            ("UID=sa;PWD=hunter2", "UID=sa;PWD=***"),
            ("mysqldump --pwd hunter2 shop", "mysqldump --pwd *** shop"),
            ("PASSWORD=ab&cd", "PASSWORD=***"),
            ("PASSWORD=ab'cd next", "PASSWORD=*** next"),
            (r"PASSWORD='ab'\''cd' next", "PASSWORD=*** next"),
            (
                r#"{"cmd": "x --password=ab&cd", "n": 1}"#,
                r#"{"cmd": "x --password=***", "n": 1}"#,
            ),
            ("sh -c 'PASSWORD=ab ./x'", "sh -c 'PASSWORD=*** ./x'"),
            (
                "DB_PASSWORD=$2b$10$N9qo8uLOickgx2ZMRZoMye",
                "DB_PASSWORD=***",
            ),
            (
                "SLACK_SECRET=https://hooks.example/T0/B0",
                "SLACK_SECRET=***",
            ),
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
            "PWD=/home/ana OLDPWD=/",
            "pass=12 fail=3 bypass=on",
            "PASS: checkout_test",
            "compass=north keyboard=us",
            "TOKEN_ISSUER=https://id.example SECRET_ARN=arn:aws:x PASSWORD_FILE=/run/db",
            "secret: see the manual for it",
        ] {
            assert_eq!(masked(plain.as_bytes()).as_ref(), plain.as_bytes());
        }
        assert_eq!(masked(b"password=\xff\xfe").as_ref(), b"password=***");
    }
}
