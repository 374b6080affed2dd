//! Which names are names of secrets, word by word.

/// Ends of words that make a name the name of a secret: `PGPASSWORD`, `clientsecret`.
const ENDS: [&str; 4] = ["secret", "token", "password", "passwd"];
/// Words that do; two together are one written apart.
const WORDS: [&str; 10] = [
    "passphrase",
    "apikey",
    "privatekey",
    "api key",
    "private key",
    "access key",
    "account key",
    "accountkey",
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
