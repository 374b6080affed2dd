//! What is found, what is left, and that nothing shows what was covered.

use proptest::prelude::*;

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

/// Every secret here is one of these words; none may be seen.
const SECRETS: [&str; 4] = [
    "hunter2",
    "Sup3rHidden",
    "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY00",
    "abcdefghijklmnopqrstuvwxyz0123456789",
];

/// Lines with a secret, as others print them; what each must become.
const LINES: [(&str, &str); 64] = [
    // Quotes that do not end, and quotes of every kind.
    ("PGPASSWORD='hunter2", "PGPASSWORD=***"),
    ("PGPASSWORD=\"hunter2 and more", "PGPASSWORD=***"),
    ("PASSWORD=$'hunter2 it\\'s' next", "PASSWORD=*** next"),
    ("password => 'hunter2 x'", "password => ***"),
    ("ENV['PASSWORD'] = \"hunter2 x\"", "ENV['PASSWORD'] = ***"),
    ("if token == hunter2x", "if token == ***"),
    ("PASSWORD=***hunter2", "PASSWORD=***"),
    // What colours a line, and what hides in it.
    ("PASSWORD\u{1b}[0m=hunter2", "PASSWORD\u{1b}[0m=***"),
    (
        "\u{1b}[1mPASS\u{1b}[0mWORD=hun\u{1b}[31mter2",
        "\u{1b}[1mPASS\u{1b}[0mWORD=***",
    ),
    ("PASS\u{0}WORD=hunter2 x", "PASS\u{0}WORD=*** x"),
    ("PASSWORD\u{9b}1m=hunter2", "PASSWORD\u{9b}1m=***"),
    (
        "PASSWORD\u{1b}]8;;http://x\u{7}=hunter2",
        "PASSWORD\u{1b}]8;;http://x\u{7}=***",
    ),
    // JSON in JSON, and coded in URLs.
    (
        r#"{"a":"{\"password\":\"hunter2\"}"}"#,
        r#"{"a":"{\"password\":***}"}"#,
    ),
    (
        r#"{"a":"{\"b\":\"{\\\"password\\\":\\\"hunter2\\\"}\"}"}"#,
        r#"{"a":"{\"b\":\"{\\\"password\\\":***}\"}"}"#,
    ),
    (r#"{"pass\u0077ord":"hunter2"}"#, r#"{"pass\u0077ord":***}"#),
    (
        r#"{"a":"x\npassword: hunter2\ny"}"#,
        r#"{"a":"x\npassword: ***"#,
    ),
    ("password%3Dhunter2", "password%3D***"),
    (
        "?x=1&body=password%3Dhunter2%26y%3D1",
        "?x=1&body=password%3D***",
    ),
    ("Bearer%20hunter2x", "Bearer%20***"),
    ("password%253Dhunter2", "password%253D***"),
    // Sentences and lists.
    ("DB password: hunter2", "DB password: ***"),
    ("the password: hunter2.", "the password: ***."),
    ("password: hunter2, user: ana", "password: ***, user: ana"),
    ("Password : hunter2", "Password : ***"),
    ("password:hunter2", "password:***"),
    ("password: \"hunter2 x\" was used", "password: *** was used"),
    ("<password>hunter2</password>", "<password>***</password>"),
    // Headers.
    ("Cookie: sid=hunter2; b=c", "Cookie: ***"),
    ("< Set-Cookie: sid=hunter2; Path=/", "< Set-Cookie: ***"),
    (
        "curl -H 'Cookie: sid=hunter2' https://x",
        "curl -H 'Cookie: ***' https://x",
    ),
    (
        r#"{"Cookie": "sid=hunter2", "n": 1}"#,
        r#"{"Cookie": "***", "n": 1}"#,
    ),
    ("Authorization: Basic hunter2", "Authorization: Basic ***"),
    (
        r#"{"authorization":"Bearer hunter2"}"#,
        r#"{"authorization":"Bearer ***"}"#,
    ),
    (
        "Authorization: AWS4-HMAC-SHA256 Credential=AKIAX/x, Signature=hunter2",
        "Authorization: *** ***",
    ),
    // Addresses.
    ("https://hunter2@host/x", "https://***@host/x"),
    (
        "clone https://x-access-token:hunter2@github.com/a/b",
        "clone https://x-access-token:***@github.com/a/b",
    ),
    (
        "postgres://ana:hunter2@x@db/shop",
        "postgres://ana:***@db/shop",
    ),
    ("GET /x?sig=hunter2&y=1", "GET /x?sig=***&y=1"),
    (
        "https://hooks.slack.com/services/T0/B0/hunter2",
        "https://hooks.slack.com/services/***",
    ),
    // Tools.
    ("curl -u ana:hunter2 https://x", "curl -u ana:*** https://x"),
    (
        "curl -su 'ana:hunter2 x' https://x",
        "curl -su 'ana:***' https://x",
    ),
    (
        "curl -u a:hunter2 -U b:Sup3rHidden x",
        "curl -u a:*** -U b:*** x",
    ),
    ("mysql -u root -phunter2 shop", "mysql -u root -p*** shop"),
    ("mysqldump -phunter2secret shop", "mysqldump -p*** shop"),
    ("sshpass -p hunter2 ssh ana@x", "sshpass -p *** ssh ana@x"),
    (
        "docker login -u a -p hunter2 x",
        "docker login -u a -p *** x",
    ),
    ("redis-cli -a hunter2 ping", "redis-cli -a *** ping"),
    (
        "openssl rsa -passin pass:hunter2 -in x",
        "openssl rsa -passin pass:*** -in x",
    ),
    // What tells by itself what it is.
    (
        "x eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJodW50ZXIyIn0.abcdefghijklmnopqrstuvwxyz0123456789 y",
        "x *** y",
    ),
    ("x eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJodW", "x ***"),
    ("ghp_abcdefghijklmnopqrstuvwxyz0123456789 y", "*** y"),
    (
        "x=github_pat_11ABCDEFG_abcdefghijklmnopqrstuvwxyz0123456789",
        "x=***",
    ),
    ("glpat-abcdefghijklmnopqrstuvwxyz0123456789", "***"),
    (
        "xoxb-1234567890-abcdefghijklmnopqrstuvwxyz0123456789",
        "***",
    ),
    ("sk_live_abcdefghijklmnopqrstuvwxyz0123456789", "***"),
    ("npm_abcdefghijklmnopqrstuvwxyz0123456789", "***"),
    ("pypi-AgEIcHlwabcdefghijklmnopqrstuvwxyz0123456789", "***"),
    ("hvs.abcdefghijklmnopqrstuvwxyz0123456789", "***"),
    ("sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789", "***"),
    ("dckr_pat_abcdefghijklmnopqrstuvwxyz0123456789", "***"),
    (
        "AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY00",
        "AKIAIOSFODNN7EXAMPLE ***",
    ),
    (
        "AKIAIOSFODNN7EXAMPLE,wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY00",
        "AKIAIOSFODNN7EXAMPLE,***",
    ),
    (
        r"-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----",
        r"-----BEGIN RSA PRIVATE KEY-----***-----END RSA PRIVATE KEY-----",
    ),
    (
        "key: -----BEGIN PRIVATE KEY----- hunter2",
        "key: -----BEGIN PRIVATE KEY-----***",
    ),
];

#[test]
fn what_others_print_is_masked_in_every_writing() {
    let wrong: Vec<_> = LINES
        .iter()
        .map(|(line, shown)| (masked(line.as_bytes()), *shown))
        .filter(|(is, shown)| **is != *shown.as_bytes())
        .map(|(is, shown)| (String::from_utf8_lossy(&is).into_owned(), shown))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    // A line passes more than one gate.
    for (line, _) in LINES {
        let once = masked(line.as_bytes()).into_owned();
        assert_eq!(
            String::from_utf8_lossy(&masked(&once)),
            String::from_utf8_lossy(&once)
        );
    }
}

#[test]
fn what_is_no_secret_is_left() {
    for plain in [
        "SyntaxError: Unexpected token: }",
        "mkdir -p /srv/a && docker login -u x",
        "mysql -p shop",
        "docker run -p 80:80 mysql",
        "psql -p 5432 shop",
        "git clone https://git@github.com/a/b",
        "listening on http://localhost:8080",
        "see http://[::1]:8080/x and mail ana@example.com",
        "arn:aws:secretsmanager:eu-west-1:1:secret:prod/db-AbCdEf",
        "image vault-secret:1.2 was pulled",
        "npm_config_user_agent=x npm_package_version=1",
        "commit 8c1f22ab9d3e4f5a6b7c8d9e0f1a2b3c4d5e6f70",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "bearer of good news",
        "AKIAIOSFODNN7EXAMPLE is used",
        "login succeeded for ana, curl 8.5.0",
        "-----BEGIN CERTIFICATE-----",
        "\u{1b}[32mtests\u{1b}[0m passed: 12",
    ] {
        assert_eq!(String::from_utf8_lossy(&masked(plain.as_bytes())), plain);
    }
}

#[test]
fn a_guess_is_masked_and_refuses_nothing() {
    for written in [
        "git clone https://ana@bitbucket.org/a/b",
        "echo password: x",
        "SELECT user.password:x",
    ] {
        assert!(!is_in(written), "{written}");
    }
    for written in [
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "mysql -phunter2 x",
    ] {
        assert!(is_in(written), "{written}");
    }
    assert!(!is_in("mysql -p$PASSWORD x"));
}

const KEY: &str = "-----BEGIN OPENSSH PRIVATE KEY-----\n\
    b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAABlwAAAAdzc2gtcn\n\
    \x20 NhAAAAAwEAAQAAAYEAabcdefghijklmnopqrstuvwxyz0123456789hunter2hunter2aa\n\
    hunter2=\n\
    -----END OPENSSH PRIVATE KEY-----\n\
    done in 12 s";

#[test]
fn a_key_is_masked_line_by_line() {
    let mut within = Within::default();
    let shown: Vec<String> = KEY
        .lines()
        .map(|line| String::from_utf8_lossy(&within.next_masked(line.as_bytes())).into_owned())
        .collect();
    assert_eq!(
        shown,
        [
            "-----BEGIN OPENSSH PRIVATE KEY-----",
            "***",
            "***",
            "***",
            "-----END OPENSSH PRIVATE KEY-----",
            "done in 12 s"
        ]
    );
    // One that does not end hides nothing that is no key, and not for ever.
    let mut within = Within::default();
    let _ = within.next_masked(b"-----BEGIN PRIVATE KEY-----");
    assert_eq!(
        within.next_masked(b"step 2 of 3 begins").as_ref(),
        b"step 2 of 3 begins"
    );
    for _ in 0..400 {
        let _ = within.next_masked(b"");
    }
    assert_eq!(
        within.next_masked(b"abcdefghijklmnopqrst").as_ref(),
        b"abcdefghijklmnopqrst"
    );
}

/// Whether any secret can be seen, also without what colours the line.
fn shows(text: &[u8]) -> bool {
    let seen = String::from_utf8_lossy(text).replace("\u{1b}[31m", "");
    SECRETS.iter().any(|secret| seen.contains(secret))
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(line in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = masked(&line);
        let _ = is_in(&String::from_utf8_lossy(&line));
        let mut within = Within::default();
        let _ = within.next_masked(b"-----BEGIN PRIVATE KEY-----");
        let _ = within.next_masked(&line);
    }

    /// Pieces of what is looked for, put together at random.
    #[test]
    fn no_mixture_makes_it_panic(pieces in proptest::collection::vec("password|token|=|: |\"|'|\\\\|%3D|%5C|\u{1b}\\[|\u{9b}|eyJ|ghp_|-----BEGIN PRIVATE KEY-----|curl -u |://|@|\\PC{0,6}", 0..20)) {
        let _ = masked(pieces.concat().as_bytes());
    }

    /// Whatever stands around it, and wherever it is cut, no secret that was covered is seen.
    #[test]
    fn nothing_around_it_uncovers_a_secret(n in 0..LINES.len(), before in "[ -~]{0,30}", cut in 0_usize..200) {
        let (line, _) = LINES[n];
        let words = before.replace(['"', '\'', '$', '`', '\\', '@', '<', ':', '/', '|', ';', '&', '%', '='], ".");
        let whole = format!("{words} {line}");
        prop_assert!(!shows(&masked(whole.as_bytes())), "{whole}");
        // What is cut off in the middle ends with a secret, or before it.
        let cut = &whole.as_bytes()[..whole.len().min(cut)];
        let needs_its_end = ["@", "</", "-----END"].iter().any(|end| line.contains(end));
        prop_assert!(needs_its_end || !shows(&masked(cut)), "{}", String::from_utf8_lossy(cut));
    }

    #[test]
    fn what_is_masked_stays_masked(n in 0..LINES.len()) {
        let once = masked(LINES[n].0.as_bytes()).into_owned();
        prop_assert!(!shows(&masked(&once)));
    }
}
