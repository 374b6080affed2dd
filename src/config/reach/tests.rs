use super::*;
use crate::config::estate::tests::{GOOD, estate_of};

fn reach(text: &str) -> Reach {
    Reach::of(&estate_of(text), crate::systems::all())
}

#[test]
fn what_is_shown_is_what_is_trusted() {
    let shown: Vec<String> = reach(GOOD).lines().map(|line| line.to_string()).collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn trust_covers_reach_and_nothing_else() {
    let base = reach(GOOD);
    let with = |from: &str, to: &str| {
        assert!(GOOD.contains(from), "{from}");
        reach(&GOOD.replacen(from, to, 1))
    };
    for (from, to) in [
        ("Size: large", "Size: huge"),
        ("[orders]\n", "[]\n"),
        ("/shop/{env}/orders", "/x"),
    ] {
        assert_eq!(with(from, to), base, "{to}");
    }
    for (from, to) in [
        ("041200007731\", aws", "041200007732\", aws"),
        ("profile: prod", "profile: other"),
        ("role/deployer", "role/other"),
        ("https://127.0.0.1:9297", "https://127.0.0.1:9298"),
        ("ca_bundle: ca.pem", "ca_bundle: other.pem"),
        ("class: production", "class: staging"),
        ("queue: latest", "queue: refuse"),
        ("min_level: 3", "min_level: 1"),
        ("hold_expiry: 2h", "hold_expiry: 119m"),
        ("mode: watch", "mode: deploy"),
        ("template: orders.yaml", "template: other.yaml"),
        (
            "template: orders.yaml",
            "template: orders.yaml, stack_name: x",
        ),
        (
            "template: orders.yaml",
            "template: orders.yaml, cfn_role_arn: 'arn:aws:iam::041200007731:role/x'",
        ),
        ("[CAPABILITY_IAM]", "[CAPABILITY_NAMED_IAM]"),
        ("[dev, staging, prod]", "[dev, prod]"),
        ("./migrate, up", "./migrate, down"),
        ("./migrate, up", "'./migrate up'"),
        ("after: [migrate], ", ""),
        ("timeout: 10m", "timeout: 9m"),
        ("attempts: 3", "attempts: 2"),
        ("LEVEL: debug", "LEVEL: x"),
        ("LEVEL: debug", "LD_PRELOAD: ./x.so"),
        (
            "env: { LEVEL",
            "secrets: { TOKEN: env:TOKEN }\n      env: { LEVEL",
        ),
        ("env: { LEVEL", "files: ['**']\n      env: { LEVEL"),
        (
            "env: { LEVEL",
            "teardown: { steps: { end: { command: [./end] } } }\n      env: { LEVEL",
        ),
        ("./migrate, up", "./migrate, \"up\\e[0m\""),
    ] {
        let changed = with(from, to);
        assert_ne!(changed, base, "{to}");
        let (new, gone) = changed.since(&base);
        assert!(
            new.len() + gone.len() <= 3 && !(new.is_empty() && gone.is_empty()),
            "{to}: {new:?} {gone:?}"
        );
    }
}
