//! Estate files with something wrong in them: each mistake alone, and many at once.

use super::*;

/// Each row: what is written wrong, and the code, the line and a part of what is said.
#[test]
fn one_mistake_each() {
    let rows: &[(&str, &str, &str, usize, &str)] = &[
        (
            "class: production",
            "class: prodution",
            "word",
            3,
            "did you mean \"production\"?",
        ),
        ("class: production, ", "", "missing", 3, "lacks \"class\""),
        (
            "\"041200007731\", aws",
            "41200007731, aws",
            "text",
            3,
            "twelve digits",
        ),
        (
            "profile: prod,",
            "profle: prod,",
            "unknown-key",
            3,
            "did you mean \"profile\"?",
        ),
        ("  prod: ", "  kjh1:", "name", 3, "movement keys alone"),
        (
            "  prod: ",
            "  Prod: ",
            "name",
            3,
            "not a valid environment name",
        ),
        ("min_level: 3", "min_level: 7", "kind", 4, "from 0 to 4"),
        (
            "hold_expiry: 2h",
            "hold_expiry: soon",
            "duration",
            5,
            "not a duration",
        ),
        ("https://127", "ftp://127", "endpoint", 4, "not an endpoint"),
        (
            "https://127",
            "https://\\e[31m127",
            "endpoint",
            4,
            "not an endpoint",
        ),
        (
            "staging, region: eu-west-1",
            "staging, region: \"eu\\u202ewest\"",
            "text",
            4,
            "region cannot be",
        ),
        (
            "environments: [dev, staging, prod]",
            "environments: !!python/object:os.system [dev]",
            "tag",
            9,
            "has the tag !!python/object:os.system, which means nothing here",
        ),
        (
            "https://127",
            "https://me:secret@127",
            "endpoint",
            4,
            "may not carry",
        ),
        (
            "aws: { region: eu-west-1, endpoint_url: sandbox }",
            "queue: queue",
            "aws",
            5,
            "how to reach AWS",
        ),
        (
            "aws: { region: eu-west-1, endpoint_url: sandbox }",
            "account: \"041200007731\"",
            "aws",
            5,
            "nobody would look whether",
        ),
        (
            "ca_bundle: ca.pem",
            "ca_bundle: ../ca.pem",
            "path",
            4,
            "lies outside",
        ),
        (
            "LEVEL: debug",
            "API_TOKEN: abc",
            "secret",
            14,
            "secrets: { NAME: env:NAME }",
        ),
        (
            "Size: 0012",
            "Size: [a, b]",
            "kind",
            8,
            "write it as one text: \"a,b\"",
        ),
        (
            "template: orders.yaml",
            "template: ../orders.yaml",
            "path",
            8,
            "lies outside",
        ),
        (
            "template: orders.yaml",
            "config: app.yaml, template: t",
            "both",
            8,
            "it says template and config, and is made of one of them",
        ),
        (
            "CAPABILITY_IAM",
            "CAPABILITY_IMA",
            "capability",
            8,
            "write CAPABILITY_IAM",
        ),
        (
            "{ prod: { Size",
            "{ porod: { Size",
            "unknown-name",
            8,
            "did you mean \"prod\"?",
        ),
        (
            "environments: [dev, staging, prod]",
            "environments: [dev, stagin, prod]",
            "unknown-name",
            9,
            "did you mean \"staging\"?",
        ),
        (
            "environments: [dev, staging, prod]",
            "environments: [dev, dev]",
            "twice",
            9,
            "is listed twice",
        ),
        (
            "environments: [dev, staging, prod]",
            "environments: []",
            "nothing",
            9,
            "empty list",
        ),
        (
            "environments: [dev, staging, prod]",
            "environments: dev",
            "kind",
            9,
            "must be a list",
        ),
        (
            "logs: [",
            "codebuild: [a b], logs: [",
            "build-project",
            10,
            "\"a b\" is not a name of a project of CodeBuild",
        ),
        (
            "depends_on: [orders]",
            "depends_on: [order]",
            "unknown-name",
            16,
            "did you mean \"orders\"?",
        ),
        (
            "depends_on: [orders]",
            "depends_on: [chores]",
            "cycle",
            16,
            "depends on itself",
        ),
        (
            "command: [./warm]",
            "command: []",
            "command",
            13,
            "no command",
        ),
        (
            "command: [./warm]",
            "command: [../warm]",
            "path",
            13,
            "lies outside",
        ),
        (
            "after: [migrate]",
            "after: [warm]",
            "cycle",
            13,
            "wait for each other: warm",
        ),
        (
            "after: [migrate]",
            "after: [migrat]",
            "unknown-name",
            13,
            "does not exist",
        ),
        ("attempts: 3", "makes: [../x]", "path", 13, "lies outside"),
        (
            "attempts: 3",
            "makes: [x, ./x]",
            "twice",
            13,
            "made by warm and by warm",
        ),
        ("attempts: 3", "attempts: 0", "attempts", 13, "1 to 10"),
        (
            "timeout: 10m",
            "timeout: 10",
            "duration",
            13,
            "not a duration",
        ),
        (
            "env: { LEVEL: debug }",
            "secrets: { TOKEN: hunter2secret }",
            "secret",
            14,
            "is it the secret itself",
        ),
        (
            "env: { LEVEL: debug }",
            "secrets: { TOKEN: vault:x }",
            "secret-ref",
            14,
            "no kind of secret \"vault\"",
        ),
        (
            "env: { LEVEL: debug }",
            "secrets: { TOKEN: file:key }",
            "secret-ref",
            14,
            "not a whole path",
        ),
        (
            "env: { LEVEL: debug }",
            "secrets: { 1X: env:X }",
            "variable",
            14,
            "cannot be the name",
        ),
        (
            "env: { LEVEL: debug }",
            "env: { X: y }\n      secret_files: { X: env:X }",
            "twice",
            15,
            "two lists",
        ),
        (
            "LEVEL: debug",
            "HOLDPOINT_X: y",
            "variable",
            14,
            "HOLDPOINT_ is ours",
        ),
        (
            "store: sqlite",
            "store: { postgres_env: DB }",
            "not-built",
            17,
            "Postgres is not built yet",
        ),
        (
            "store: sqlite",
            "people: { ana: {} }",
            "not-built",
            17,
            "people beyond the store's owner are not built yet",
        ),
        (
            "mode: watch",
            "approvers: 2",
            "not-built",
            5,
            "second person's approval is not built yet",
        ),
        (
            "    script:\n",
            "    script:\n      teardown: { steps: {} }\n",
            "nothing",
            13,
            "has no steps",
        ),
    ];
    for (from, to, code, line, part) in rows {
        let text = with(from, to);
        let Err(found) = read_text(&text) else {
            panic!("{to:?} was taken")
        };
        let one = found
            .0
            .iter()
            .find(|one| one.code == *code)
            .unwrap_or_else(|| panic!("{to:?}: no {code} in\n{found}"));
        assert_eq!(one.at.line, *line, "{to:?}:\n{found}");
        assert!(
            found.to_string().contains(part),
            "{to:?}: no {part:?} in\n{found}"
        );
    }
}

#[test]
fn everything_wrong_at_once_in_the_order_of_the_file() {
    let text = "environments:\n  hjkl: { class: prod, regoin: x }\napplications:\n  a: { environments: [nowhere], depends_on: [b] }\n  b: { review: {}, environments: [hjkl] }\n";
    let found = read_text(text).unwrap_err();
    let codes: Vec<_> = found.0.iter().map(|one| (one.code, one.at.line)).collect();
    assert_eq!(
        codes,
        [
            ("name", 2),
            ("word", 2),
            ("unknown-key", 2),
            ("kind", 4),
            ("unknown-name", 4),
            ("not-built", 5)
        ],
        "{found}"
    );
}

#[test]
fn what_is_right_is_left_for_further_checks() {
    let text = with("attempts: 3", "attempts: 0")
        .replace("mode: watch", "mode: wach")
        .replace("store: sqlite", "stoer: x");
    let (estate, found) = examine(
        "holdpoint.yaml",
        text.as_bytes(),
        Path::new("/shop"),
        crate::systems::all(),
        crate::places::all(),
    );
    let codes: Vec<_> = found.0.iter().map(|one| one.code).collect();
    assert_eq!(codes, ["word", "attempts", "unknown-key"], "{found}");
    let (estate, _) = estate.unwrap();
    assert_eq!(
        estate
            .environments
            .keys()
            .map(EnvName::as_str)
            .collect::<Vec<_>>(),
        ["prod", "staging"]
    );
    assert_eq!(
        estate
            .applications
            .keys()
            .map(AppName::as_str)
            .collect::<Vec<_>>(),
        ["chores", "orders"],
        "what is wrong with an entry is no reason not to look at its files"
    );
    assert!(
        examine(
            "f",
            b"environments: 5\n",
            Path::new("/"),
            crate::systems::all(),
            crate::places::all()
        )
        .0
        .is_none()
    );
}

#[test]
fn a_cycle_names_its_members_only() {
    let text = "environments: { dev: { class: development, region: r } }\napplications:\n  a: { service: { template: t }, environments: [dev], depends_on: [b] }\n  b: { service: { template: t }, environments: [dev], depends_on: [c] }\n  c: { service: { template: t }, environments: [dev], depends_on: [b] }\n";
    assert!(
        read_text(text)
            .unwrap_err()
            .to_string()
            .contains("wait for each other: b, c")
    );
}

#[test]
fn two_stacks_may_not_be_one_in_cloudformation() {
    let text = "environments:\n  a1: { class: development, account: \"123456789012\", region: r }\n  b1: { class: staging, account: \"123456789012\", aws: { region: r, profile: other } }\napplications:\n  x: { service: { template: t, stack_name: shop }, environments: [a1, b1] }\n";
    assert!(
        read_text(text)
            .unwrap_err()
            .to_string()
            .contains("would be the same CloudFormation stack \"shop\"")
    );
    assert!(read_text(&text.replace("stack_name: shop", "stack_name: \"shop-{env}\"")).is_ok());
    assert!(read_text(&text.replacen("123456789012", "123456789013", 1)).is_ok());
}

/// What stands in the place of a file must not be waited for.
#[test]
fn a_pipe_in_place_of_an_estate_file_is_refused_at_once() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join(crate::config::FILE);
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let (told, heard) = std::sync::mpsc::channel();
    std::thread::spawn(move || told.send(crate::config::examine(&pipe, crate::systems::all()).1));
    let waited = std::time::Duration::from_secs(20);
    let found = heard.recv_timeout(waited).expect("nobody waits for a pipe");
    let says = found.to_string();
    assert!(says.contains("not an ordinary file but a pipe"), "{says}");
}

/// A template that a call cannot carry: where the bucket is to be named is told with its place.
#[test]
fn a_bucket_that_is_missing_is_told_where_it_is_to_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(crate::config::FILE);
    let wrong = |environment: &str, bytes: usize| {
        let body = "Resources: { Queue: { Type: AWS::SQS::Queue } }\n#";
        let template = format!("{body}{}", "-".repeat(bytes - body.len()));
        std::fs::write(folder.path().join("big.yaml"), template).unwrap();
        let estate = format!(
            "environments:\n  dev: {{ class: development, {environment} }}\napplications:\n  a: {{ service: {{ template: big.yaml }}, environments: [dev] }}\n  b: {{ service: {{ template: big.yaml }}, environments: [dev] }}\n"
        );
        std::fs::write(&file, estate).unwrap();
        let (loaded, found) = crate::config::examine(&file, crate::systems::all());
        assert!(found.is_empty(), "{found}");
        let loaded = loaded.unwrap();
        let wrong = crate::config::wrong_files(&loaded);
        let specs = crate::config::catalog(&loaded, &std::collections::BTreeMap::new()).stacks;
        assert!(
            specs
                .values()
                .all(|one| one.spec.is_err() != wrong.is_empty())
        );
        let told: Vec<_> = wrong.into_iter().map(|one| one.what.to_string()).collect();
        told
    };
    let plain = "aws: { region: eu-west-1 }";
    let named = "aws: { region: eu-west-1, template_bucket: acme-deploys }";
    for (environment, bytes) in [(plain, 51_200), (named, 51_201), (named, 1_000_000)] {
        let none: [String; 0] = [];
        assert_eq!(wrong(environment, bytes), none, "{environment} {bytes}");
    }
    for (environment, at) in [
        (plain, "holdpoint.yaml:2:30"),
        ("region: eu-west-1", "holdpoint.yaml:2:8"),
    ] {
        let told = wrong(environment, 51_201);
        assert_eq!(told.len(), 1, "one for both applications: {told:?}");
        for part in [
            "template-bucket",
            "big.yaml has 51201 bytes",
            "carries 51200 at most",
            "add `template_bucket: NAME` under `aws:` here, with an S3 bucket in the account and region of dev",
            at,
        ] {
            assert!(told[0].contains(part), "{part}: {}", told[0]);
        }
    }
    let told = wrong(named, 1_000_001).join("");
    assert!(
        told.contains("takes templates of 1000000 at most"),
        "{told}"
    );
}

#[test]
fn a_name_that_no_bucket_can_have_is_refused() {
    for bad in ["s3://acme", "Acme", "arn:aws:s3:::acme", "a", "acme/x"] {
        let text = format!(
            "environments:\n  dev: {{ class: development, aws: {{ region: r, template_bucket: \"{bad}\" }} }}\n"
        );
        let told = read_text(&text).unwrap_err().to_string();
        assert!(told.contains("template_bucket"), "{told}");
    }
}

/// Of each application that is one for each app: something tells of them, and of no other one.
#[test]
fn a_family_needs_a_queue_of_apps_and_is_the_only_one_of_its_environment() {
    let site = "website: { each: app, domain: acme.example, hosted_zone: Z1, buckets: { live: live }, certificate: \"arn:aws:acm:us-east-1:000000000000:certificate/1\"";
    let estate = |queues: &str, subdomain: &str, other: &str| {
        let place = format!("aws: {{ region: eu-west-1{queues} }}");
        format!(
            "environments:\n  dev: {{ class: development, {place} }}\napplications:\n  shops: {{ {site}{subdomain} }}, environments: [dev] }}\n{other}"
        )
    };
    let queue = ", queues: { apps: hp-apps }";
    let told =
        |text: &str| read_text(text).map_or_else(|found| found.to_string(), |_| String::new());
    assert_eq!(told(&estate(queue, "", "")), "");
    assert_eq!(told(&estate(queue, ", subdomain: \"{name}\"", "")), "");
    let second =
        format!("  more: {{ {site}, subdomain: \"more-{{id}}\" }}, environments: [dev] }}\n");
    for (text, parts) in [
        (
            estate("", "", ""),
            [
                "no-queue",
                "nothing tells of apps in dev",
                "queues: { apps: NAME }",
            ],
        ),
        (
            estate(queue, ", subdomain: \"{nam}\"", ""),
            ["subdomain", "{nam}", "cannot be a name"],
        ),
        (
            estate(queue, "", &second),
            [
                "two-families",
                "of more and of shops",
                "environments of its own",
            ],
        ),
    ] {
        let told = told(&text);
        for part in parts {
            assert!(told.contains(part), "{part}: {told}");
        }
    }
}

/// Two apps may come to one address: the one that was told of first has it, and a site of the file
/// before all of them.
#[test]
fn an_app_whose_address_is_taken_is_told_so_and_takes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(crate::config::FILE);
    let site = "domain: acme.example, hosted_zone: Z1, buckets: { live: live }, certificate: \"arn:aws:acm:us-east-1:000000000000:certificate/1\"";
    let estate = format!(
        "environments:\n  dev: {{ class: development, aws: {{ region: eu-west-1, queues: {{ apps: hp-apps }} }} }}\napplications:\n  shops: {{ website: {{ each: app, subdomain: \"{{name}}\", {site} }}, environments: [dev] }}\n  docs: {{ website: {{ {site} }}, environments: [dev] }}\n"
    );
    std::fs::write(&file, estate).unwrap();
    let loaded =
        crate::config::load(&file, crate::systems::all()).unwrap_or_else(|found| panic!("{found}"));
    let app = |id: &str, name: &str, since: i64| {
        let app = crate::domain::instance::Instance {
            id: id.parse().unwrap(),
            name: crate::domain::instance::Slug::of(name).unwrap(),
            title: crate::text::safe::Safe::new(name),
            sign_in: None,
            owner: None,
            told_at: crate::domain::time::Time(since),
            since: crate::domain::time::Time(since),
        };
        (format!("dev/shops/{id}").parse().unwrap(), app)
    };
    let instances = [
        app("a", "acme", 9),
        app("b", "acme", 1),
        app("c", "docs", 0),
    ];
    let stacks = crate::config::catalog(&loaded, &instances.into()).stacks;
    let told = |id: &str| {
        let stack: crate::domain::ids::StackId = id.parse().unwrap();
        stacks[&stack]
            .spec
            .as_ref()
            .err()
            .cloned()
            .unwrap_or_default()
    };
    assert_eq!(
        (told("dev/docs"), told("dev/shops/b")),
        (String::new(), String::new())
    );
    for (id, other) in [("dev/shops/a", "dev/shops/b"), ("dev/shops/c", "dev/docs")] {
        let told = told(id);
        assert!(
            told.contains(&format!("{id} and {other} would be the same")),
            "{told}"
        );
    }
}
