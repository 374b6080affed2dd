//! Where secrets stand: behind their names, in headers and addresses, behind the flags of known
//! tools, and by themselves where they tell what they are.

use super::known;

/// A form in which a secret stands. Where it has a `name`, that must be the name of a secret; what
/// is masked is its `value`.
pub(super) struct Form {
    pub(super) regex: String,
    /// What of it is none.
    pub(super) not: fn(&Found<'_>) -> bool,
    /// Whether it is sure enough to refuse what somebody wrote.
    pub(super) sure: bool,
}

/// What a form found.
pub(super) struct Found<'a> {
    pub(super) name: &'a [u8],
    pub(super) value: &'a str,
    /// All before the form.
    pub(super) before: &'a [u8],
}

fn form(regex: impl Into<String>) -> Form {
    Form {
        regex: regex.into(),
        not: |_| false,
        sure: true,
    }
}

impl Form {
    /// But not what this says yes to.
    fn but(self, not: fn(&Found<'_>) -> bool) -> Self {
        Self { not, ..self }
    }

    /// It may be something else: masked where it is printed, and no reason to refuse what somebody
    /// wrote.
    fn guessed(self) -> Self {
        Self {
            sure: false,
            ..self
        }
    }
}

const NAME: &str = r"(?P<name>[\w.-]*(?:secret|token|pass|pwd|api[_-]?key|private[_-]?key|access[_-]?key|account[_-]?key)[\w.-]*)";
/// In quotes, as a shell prints it too ('it'\''s'), also where they do not end.
const QUOTED: &str = r#"\$?"(?:[^"\\]|\\.)*"|\$'(?:[^'\\]|\\.)*'|'[^']*'(?:\\''[^']*')*|\$?"(?:[^"\\]|\\.)*\\?$|\$?'[^']*$"#;
/// Up to a space, or to a quote that something before it opened.
const BARE: &str = r#"[^\s"'](?:[^\s"']|["']+[^\s"',;:)}\]|&<>])*"#;
/// The end of what stands in quotes that something before it opened.
const CLOSES: &str = r#"(?:["'](?:[\s,;)}\]|&]|$)|$)"#;

/// All forms.
pub(super) fn forms() -> Vec<Form> {
    let mut all = behind_names();
    all.extend(in_headers_and_addresses());
    all.extend(by_themselves());
    all.extend(behind_flags());
    all
}

fn behind_names() -> Vec<Form> {
    vec![
        // NAME=value, --name=value, "name": "value", ENV['NAME'] = value, name => value
        form(format!(
            r#"{NAME}(?:["'\]]{{0,3}}\s*(?:=>|:=|={{1,3}})\s*|["']\]?\s*:\s*)(?P<value>{QUOTED}|{BARE})"#
        )),
        // --name value
        form(format!(
            r#"(?P<name>--?[\w.-]*(?:secret|token|pass|pwd|key)[\w.-]*)\s+(?P<value>{QUOTED}|[^\s"'-]\S*)"#
        ))
        .but(|found| is_attached(found.name)),
        // name: "value"; and the last words of a line, or of a part of it: name: value
        form(format!(r"{NAME}\s?:\s+(?P<value>{QUOTED})"))
            .but(is_of_a_parser)
            .guessed(),
        form(format!(
            r"(?m:{NAME}\s?:\s+(?P<value>\S+?)(?:[.,;]?\s*$|[,;]\s))"
        ))
        .but(is_of_a_parser)
        .guessed(),
        form(
            r#"(?P<name>[\w.-]*(?:password|passwd|passphrase|pwd)):(?P<value>[^\s"'/][^\s"']*)"#,
        )
        .guessed(),
        // <name>value</name>
        form(format!(r"<{NAME}(?:\s[^<>]*)?>(?P<value>[^<]+)<")),
    ]
}

fn in_headers_and_addresses() -> Vec<Form> {
    vec![
        form(r#"authorization["']?\s*[:=]\s*["']?(?:\w+\s+)?(?P<value>[^\s"']+)"#),
        form(format!(
            r#"authorization["']?\s*[:=]\s*["']?(?:aws4-hmac-sha256|digest|signature|oauth|hawk)\s+(?P<value>.+?){CLOSES}"#
        )),
        form(format!(
            r#"cookie["']?\s*:\s*["']?(?P<value>[^\s"'].*?){CLOSES}"#
        )),
        form(r"bearer\s+(?P<value>[\w.~+/-]{6,}=*)").but(|found| !is_token(found.value)),
        // name:secret@; without a name before it, it is the token itself.
        form(r#"://[^\s/:@]*:(?P<value>[^\s/"]+)@"#),
        form(r#"https?://(?P<value>[^\s/:@"'<>]+)@"#)
            .but(|found| found.value == "git")
            .guessed(),
        form(r#"(?:[?&]|\bx-amz-)(?:sig|signature|credential)=(?P<value>[^\s&"']+)"#).guessed(),
        form(r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<value>[\w/+-]+)"),
        form(r"discord(?:app)?\.com/api/webhooks/(?P<value>[\w/-]+)"),
    ]
}

fn by_themselves() -> Vec<Form> {
    vec![
        // A key of AWS beside its id.
        form(r#"(?-i:\b(?:AKIA|ASIA)[A-Z0-9]{16}[\s:,;|"'=/]+(?P<value>[A-Za-z0-9/+]{40}))"#),
        // A token that says in its first part how it is signed, however much of it there is.
        form(
            r"(?-i:\b(?P<value>eyJ(?:[\w-]{8,}\.(?:eyJ)?[\w-]{4,}|(?:hbGci|0eXAi|raWQi|jdHki|lbmMi|4NXQi)[\w-]*)(?:\.[\w-]*)*))",
        ),
        form(format!("(?-i:{})", known::form())),
        form(
            r"(?s:-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?P<value>.*?\S.*?)(?:-----END |$))",
        ),
    ]
}

fn behind_flags() -> Vec<Form> {
    let mut all = vec![form(r#"\s["']?pass:(?P<value>[^\s"']+)"#)];
    // curl -u name:value
    for flag in [
        "(?-i:-[a-zA-Z#]*u)|--user",
        "(?-i:-[a-zA-Z#]*U)|--proxy-user",
    ] {
        for (quote, rest) in [("\"", "[^\"]+"), ("'", "[^']+"), ("", "[^\\s\"']+")] {
            all.push(form(format!(
                r#"\bcurl\b[^|;\n]*?\s(?:{flag})[\s=]*{quote}[^\s:"']*:(?P<value>{rest})"#
            )));
        }
    }
    // A flag of one letter means a secret in some tools alone; in some it stands apart.
    for (tool, flag) in [
        (r"\b(?:mysql|mariadb)[\w-]*", "p"),
        (r"\b7z\w*", "p"),
        (r"\bsshpass", r"p\s*"),
        (
            r"\b(?:docker|podman|nerdctl|oc|helm|az|skopeo|buildah|crane)\b[^|;&\n]*?\blogin",
            r"p[\s=]*",
        ),
        (r"\bmongo\w*", r"p\s*"),
        (r"\bredis-cli", r"a\s*"),
        (r"\bldap(?:search|add|modify|delete|passwd|whoami)", r"w\s*"),
        (r"\b(?:sqlcmd|bcp|zip|unzip)", r"P\s*"),
    ] {
        all.push(form(format!(
            r#"{tool}\b[^|;&\n]*?\s(?-i:-{flag})(?P<value>{QUOTED}|[^\s"'=-]\S*)"#
        )));
    }
    all
}

/// Without any of these in a line nothing of it is looked at closer.
pub(super) fn hints() -> String {
    const NAMES: &str = r"secret|token|pass|pwd|(?:api|private|access|account)[_-]?key|-key\s|authorization|cookie|bearer|[?&](?:sig|x-amz)";
    const PLACES: &str = r"://[^\s/]*@|hooks\.slack|webhooks/|-----BEGIN ";
    const TOOLS: &str = "curl|mysql|mariadb|login|redis-cli|mongo|ldap|sqlcmd|bcp|zip|7z";
    format!(
        "{NAMES}|{PLACES}|{TOOLS}|(?-i:AKIA|ASIA|eyJ|{})",
        known::begins()
    )
}

/// Whether a flag of one dash holds its value itself: `-psecret` is no name.
fn is_attached(name: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with(b"-p")
        && !["-pass", "-pwd", "-private"]
            .iter()
            .any(|begin| name.starts_with(begin.as_bytes()))
}

/// A parser calls what it did not expect a token.
fn is_of_a_parser(found: &Found<'_>) -> bool {
    let before = found.before.trim_ascii_end().to_ascii_lowercase();
    found.name.eq_ignore_ascii_case(b"token")
        && ["expected", "illegal", "near"]
            .iter()
            .any(|word| before.ends_with(word.as_bytes()))
}

/// Whether what a bearer brings is a token, and no word of a sentence.
fn is_token(value: &str) -> bool {
    value.len() >= 16 || value.bytes().any(|byte| byte.is_ascii_digit())
}
