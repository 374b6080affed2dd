//! An application by its o5 files through its life: made, brought to another version, given another
//! route, torn down; on the embedded cloud and on emulators that nobody here wrote.

use crate::cloud::Cloud;
use crate::peers::endpoint;
use crate::program::{Program, Run};
use crate::wire::{query, tagged};

/// What a cluster stands on: a network, a load balancer, a bus, where tasks run.
const GROUND: &str = include_str!("ground.yaml");
const STACK: &str = "hp-o5-shop";
/// The stack of the story of what an earlier one left: both stories run on one peer at once.
const LEAVES: &str = "hp-o5-leaves";

const APP: &str = r"name: shop
targets: [{ name: orders }]
blobstores: [{ name: images }]
secrets: [{ name: stripe }]
runtimes:
  - name: web
    namedEnvPolicies: [queues]
    routes:
      - { prefix: /shop/v1, protocol: ROUTE_PROTOCOL_HTTP }
      - { prefix: /raw, protocol: HTTP, bypass_ingress: true, port: 9090, routeGroup: FIRST }
    subscriptions: [{ name: /shop.v1.Orders }, { name: o5-infra/alarms }]
    containers:
      - name: main
        image: { name: shop }
        envVars:
          - { name: IMAGES, blobstore: { name: images, s3Direct: true } }
          - { name: STRIPE, secret: { secretName: stripe, jsonKey: key } }
          - { name: UPSTREAM, fromEnv: { name: upstream } }
  - name: worker
    containers: [{ name: main, demand: HEAVY, image: { name: shop }, command: [work] }]
";

const OTHER_ROUTE: &str = "      - { prefix: /shop/v2, protocol: HTTP }\n    subscriptions:";

/// Where an application is deployed.
struct Peer {
    endpoint: String,
    account: &'static str,
    /// What it cannot.
    lacks: &'static [Lack],
}

/// What a cloud cannot.
#[derive(PartialEq)]
enum Lack {
    /// Make what clusters stand on.
    Ground,
    /// Keep what an executed change set brought, whole.
    Changes,
    /// Make load balancers, listeners and rules by stacks, and not only their names.
    Balancers,
    /// Update a stack with the template that it has.
    PreviousTemplate,
}

#[test]
fn an_o5_application_lives_on_the_embedded_cloud() {
    let cloud = Cloud::start();
    life(&Peer {
        endpoint: cloud.endpoint.clone(),
        account: "000000000000",
        lacks: &[Lack::Ground],
    });
}

/// What outlives a stack is taken into the next one, which keeps what it holds.
#[test]
fn what_an_earlier_stack_left_is_taken_into_the_next_one() {
    let cloud = Cloud::start();
    comes_back(
        &Peer {
            endpoint: cloud.endpoint.clone(),
            account: "000000000000",
            lacks: &[Lack::Ground],
        },
        "secrets: [{ name: stripe }]",
    );
}

/// It knows how buckets are imported, and not how secrets are.
#[test]
#[ignore = "needs ministack; .ci/run starts it"]
fn what_an_earlier_stack_left_is_taken_into_the_next_one_on_ministack() {
    let peer = Peer {
        endpoint: endpoint("HOLDPOINT_MINISTACK"),
        account: "123456789012",
        lacks: &[Lack::Ground],
    };
    comes_back(&peer, "");
}

fn comes_back(peer: &Peer, secrets: &str) {
    let app = format!(
        "name: keeps{0}\nblobstores: [{{ name: images }}]\n{secrets}\nruntimes:\n  - name: web\n    containers: [{{ name: main, image: {{ name: keeps }} }}]\n",
        std::process::id()
    );
    let program = Program::with(&[
        ("holdpoint.yaml", &estate(peer, LEAVES)),
        ("ground.yaml", GROUND),
        ("app.yaml", &app),
        ("cluster.yaml", &cluster(peer, None)),
    ]);
    let version = ["--version", "v1"];
    deploy(&program, &version).ends(0);
    confirmed(&program, "teardown", &[]).ends(0);

    // No other stack can be made of it.
    let said = deploy(&program, &version).ends(1);
    let said = format!("{}{}", said.out, said.err);
    for part in [
        "an earlier stack left",
        "the bucket images.keeps",
        "--import-resources",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }

    deploy(&program, &["--import-resources"]).ends(0);
    let status = tagged(&peer.describe(LEAVES), "StackStatus");
    assert_eq!(status, ["IMPORT_COMPLETE"]);
    // It brought nothing into service.
    let listed = program
        .run(&["ls", "dev", "--json", "--here"])
        .ends(0)
        .json();
    let all = listed["environments"][0]["stacks"].as_array().unwrap();
    let row = all.iter().find(|row| row["stack"] == "dev/shop").unwrap();
    assert_eq!(
        (&row["state"], &row["release"]),
        (&"GONE".into(), &"".into()),
        "{row}"
    );

    // Once more it is refused: the stack is there.
    let said = deploy(&program, &["--import-resources"]).ends(1);
    assert!(format!("{}{}", said.out, said.err).contains("is there (IMPORT_COMPLETE)"));

    deploy(&program, &version).ends(0);
    let status = tagged(&peer.describe(LEAVES), "StackStatus");
    assert_eq!(status, ["UPDATE_COMPLETE"]);
    let named = [
        ("StackName", LEAVES),
        ("LogicalResourceId", "S3BucketImages"),
    ];
    let told = query(
        &peer.endpoint,
        "cloudformation",
        "2010-05-15",
        "DescribeStackResource",
        &named,
    );
    let bucket = tagged(&told.body, "PhysicalResourceId");
    assert!(bucket[0].starts_with("images.keeps"), "{}", told.body);
    confirmed(&program, "teardown", &[]).ends(0);
}

/// Applications that are deployed at once get places of their own at the listener that they share.
#[test]
fn applications_that_share_a_listener_are_deployed_at_once() {
    let cloud = Cloud::start();
    let peer = Peer {
        endpoint: cloud.endpoint.clone(),
        account: "000000000000",
        lacks: &[Lack::Ground],
    };
    let names = ["one", "two", "three"];
    let app = |name: &str| {
        format!(
            "name: {name}\nruntimes:\n  - name: web\n    routes:\n      - {{ prefix: /{name}/a, protocol: HTTP }}\n      - {{ prefix: /{name}/b, protocol: HTTP }}\n    containers: [{{ name: main, image: {{ name: {name} }} }}]\n"
        )
    };
    let entry = |name: &str| {
        format!(
            "  {name}: {{ service: {{ config: {name}.yaml, cluster: cluster.yaml, version: v1 }}, environments: [dev] }}\n"
        )
    };
    let endpoint = &cloud.endpoint;
    let estate = format!(
        "environments:\n  dev: {{ class: development, aws: {{ region: eu-west-1, endpoint_url: \"{endpoint}\" }} }}\napplications:\n{}",
        names.map(entry).concat()
    );
    let files: Vec<(String, String)> = names
        .iter()
        .map(|name| (format!("{name}.yaml"), app(name)))
        .chain([
            ("holdpoint.yaml".to_owned(), estate),
            ("cluster.yaml".to_owned(), cluster(&peer, None)),
        ])
        .collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    let program = Program::with(&files);
    program
        .run(&["deploy", "--all", "dev", "--here", "--wait", "--json"])
        .ends(0);
    let listener = "arn:aws:elasticloadbalancing:eu-west-1:000000000000:listener/app/main/1/2";
    let told = query(
        endpoint,
        "elasticloadbalancing",
        "2015-12-01",
        "DescribeRules",
        &[("ListenerArn", listener)],
    );
    let mut rules = tagged(&told.body, "Priority");
    rules.sort();
    let all = ["1000", "1001", "1002", "1003", "1004", "1005", "default"];
    assert_eq!(rules, all);
}

#[test]
#[ignore = "needs moto; .ci/run starts it"]
fn an_o5_application_lives_on_moto() {
    on_peer(endpoint("HOLDPOINT_MOTO"), "123456789012", &[Lack::Changes]);
}

#[test]
#[ignore = "needs ministack; .ci/run starts it"]
fn an_o5_application_lives_on_ministack() {
    on_peer(endpoint("HOLDPOINT_MINISTACK"), "123456789012", &[]);
}

#[test]
#[ignore = "needs localemu; .ci/nightly starts it"]
fn an_o5_application_lives_on_localemu() {
    on_peer(
        endpoint("HOLDPOINT_LOCALEMU"),
        "000000000000",
        &[Lack::Balancers, Lack::PreviousTemplate],
    );
}

/// The linter of CloudFormation finds nothing in what is rendered of an application with all that an
/// application can have.
#[test]
#[ignore = "needs cfn-lint; .ci/run installs it"]
fn cfn_lint_finds_nothing() {
    let estate = "environments:\n  dev-eu: { class: development, region: eu-west-1 }\napplications:\n  \
                  billing: { service: { config: app.yaml, cluster: cluster.yaml }, environments: [dev-eu] }\n";
    let program = Program::with(&[
        ("holdpoint.yaml", estate),
        (
            "app.yaml",
            include_str!("../../src/systems/service/o5/tests/billing.yaml"),
        ),
        (
            "cluster.yaml",
            include_str!("../../src/systems/service/o5/tests/cluster.yaml"),
        ),
    ]);
    let out = program.home().with_file_name("out");
    let folder = out.to_str().unwrap();
    program
        .run(&["render", "dev-eu/billing", "--out", folder])
        .ends(0);
    let python = std::env::var("HOLDPOINT_PYTHON").expect("HOLDPOINT_PYTHON; run .ci/run peers");
    let lint = std::path::Path::new(&python).with_file_name("cfn-lint");
    let linted = std::process::Command::new(lint)
        .arg(out.join("template.json"))
        .output()
        .unwrap();
    let says = format!(
        "{}{}",
        String::from_utf8_lossy(&linted.stdout),
        String::from_utf8_lossy(&linted.stderr)
    );
    assert!(linted.status.success() && says.is_empty(), "{says}");
}

fn on_peer(endpoint: String, account: &'static str, lacks: &'static [Lack]) {
    life(&Peer {
        endpoint,
        account,
        lacks,
    });
}

fn life(peer: &Peer) {
    let program = Program::with(&[
        ("holdpoint.yaml", &estate(peer, STACK)),
        ("ground.yaml", GROUND),
        ("app.yaml", APP),
        ("cluster.yaml", &cluster(peer, None)),
    ]);
    if peer.can(&Lack::Ground) {
        program
            .run(&["deploy", "dev/ground", "--here", "--wait", "--json"])
            .ends(0);
        let outputs = peer.describe("hp-o5-ground");
        program.write("cluster.yaml", &cluster(peer, Some(&outputs)));
    }
    let checked = program.run(&["check"]).ends(0);
    assert!(checked.out.contains("is right"), "{}", checked.out);

    // Without a version there is nothing to deploy.
    let said = deploy(&program, &[]).ends(1);
    let said = format!("{}{}", said.out, said.err);
    assert!(said.contains("has no version"), "{said}");

    // made
    deploy(&program, &["--flag", "version=v1"]).ends(0);
    peer.serves("v1", &["1", "1000"]);

    if peer.can(&Lack::Changes) {
        changed(&program, peer);
    }

    // torn down: what holds data stays, and is named
    let card = program.run(&["plan", "dev/shop", "--for", "teardown", "--here"]);
    let says = card.ends(0).out;
    assert!(says.contains("S3BucketImages"), "{says}");
    if !peer.can(&Lack::PreviousTemplate) {
        return;
    }
    confirmed(&program, "teardown", &[]).ends(0);
    let status = tagged(&peer.describe(STACK), "StackStatus");
    assert!(
        status.iter().all(|status| status == "DELETE_COMPLETE"),
        "{status:?}"
    );
}

fn changed(program: &Program, peer: &Peer) {
    // another version: each rule keeps its place
    deploy(program, &["--flag", "version=v2"]).ends(0);
    peer.serves("v2", &["1", "1000"]);

    // another route, and no version: the one that runs stays
    program.write("app.yaml", &APP.replace("    subscriptions:", OTHER_ROUTE));
    deploy(program, &[]).ends(0);
    peer.serves("v2", &["1", "1000", "1001"]);
}

fn deploy(program: &Program, more: &[&str]) -> Run {
    confirmed(program, "deploy", more)
}

/// Asks; where the card wants to be read, answers with its words.
fn confirmed(program: &Program, verb: &str, more: &[&str]) -> Run {
    let ask = [&[verb, "dev/shop", "--here", "--wait", "--json"], more].concat();
    let asked = program.run(&ask);
    if asked.code != 2 || !asked.out.contains("\"card\"") {
        return asked;
    }
    let card = asked.json()["card"].clone();
    let (words, subject) = (
        card["confirm"].as_str().unwrap(),
        card["subject"].as_str().unwrap(),
    );
    let confirm = ["--confirm", words, "--subject", subject];
    program.run(&[&ask[..], &confirm].concat())
}

impl Peer {
    fn can(&self, what: &Lack) -> bool {
        !self.lacks.contains(what)
    }

    fn describe(&self, stack: &str) -> String {
        let named = [("StackName", stack)];
        query(
            &self.endpoint,
            "cloudformation",
            "2010-05-15",
            "DescribeStacks",
            &named,
        )
        .body
    }

    /// A listener made by hand, where stacks make none.
    fn listener(&self, subnets: [&str; 2]) -> String {
        let call = |action: &str, fields: &[(&str, &str)], tag: &str| {
            let told = query(
                &self.endpoint,
                "elasticloadbalancing",
                "2015-12-01",
                action,
                fields,
            );
            let mut found = tagged(&told.body, tag);
            assert!(!found.is_empty(), "{}", told.body);
            found.swap_remove(0)
        };
        let [one, two] = subnets;
        let made = [
            ("Name", "hp-o5"),
            ("Subnets.member.1", one),
            ("Subnets.member.2", two),
        ];
        let balancer = call("CreateLoadBalancer", &made, "LoadBalancerArn");
        let action = "DefaultActions.member.1";
        let (kind, code) = (
            format!("{action}.Type"),
            format!("{action}.FixedResponseConfig.StatusCode"),
        );
        let made = [
            ("LoadBalancerArn", balancer.as_str()),
            ("Port", "80"),
            ("Protocol", "HTTP"),
            (&kind, "fixed-response"),
            (&code, "404"),
        ];
        call("CreateListener", &made, "ListenerArn")
    }

    /// What is there, as others see it: the version of the stack, and the rules of the listener.
    fn serves(&self, version: &str, places: &[&str]) {
        let stack = self.describe(STACK);
        let of = |name: &str| {
            let key = format!("<ParameterKey>{name}</ParameterKey>");
            let (_, rest) = stack.split_once(&key).unwrap_or_else(|| panic!("{stack}"));
            tagged(rest, "ParameterValue").swap_remove(0)
        };
        assert_eq!(of("VersionTag"), version, "{stack}");
        if !self.can(&Lack::Balancers) {
            return;
        }
        let told = query(
            &self.endpoint,
            "elasticloadbalancing",
            "2015-12-01",
            "DescribeRules",
            &[("ListenerArn", &of("ListenerARN"))],
        );
        let mut rules = tagged(&told.body, "Priority");
        rules.retain(|rule| rule != "default");
        rules.sort_unstable_by_key(|rule| rule.parse::<u32>().unwrap());
        assert_eq!(rules, places, "{}", told.body);
    }
}

fn estate(peer: &Peer, stack: &str) -> String {
    let Peer {
        endpoint, account, ..
    } = peer;
    format!(
        "environments:\n  dev: {{ class: development, account: \"{account}\", aws: {{ region: eu-west-1, endpoint_url: \"{endpoint}\" }} }}\n\
         applications:\n\
         \x20 ground: {{ service: {{ template: ground.yaml, stack_name: hp-o5-ground, capabilities: [CAPABILITY_IAM] }}, environments: [dev] }}\n\
         \x20 shop: {{ service: {{ config: app.yaml, cluster: cluster.yaml, stack_name: {stack} }}, environments: [dev] }}\n"
    )
}

/// The file of a cluster in the embedded cloud, with its environment `dev`.
pub(crate) fn embedded() -> String {
    let peer = Peer {
        endpoint: String::new(),
        account: "000000000000",
        lacks: &[Lack::Ground],
    };
    cluster(&peer, None)
}

/// The file of a cluster that stands on what is there.
fn cluster(peer: &Peer, outputs: Option<&str>) -> String {
    let account = peer.account;
    let of = |name: &str, otherwise: String| {
        let Some(outputs) = outputs else {
            return otherwise;
        };
        let keys = tagged(outputs, "OutputKey");
        let at = keys.iter().position(|key| key == name).unwrap();
        tagged(outputs, "OutputValue")[at].clone()
    };
    let arn = |service: &str, name: &str| format!("arn:aws:{service}:eu-west-1:{account}:{name}");
    let (vpc, one, two, group) = (
        of("Vpc", "vpc-1".to_owned()),
        of("One", "subnet-1".to_owned()),
        of("Two", "subnet-2".to_owned()),
        of("Group", "sg-1".to_owned()),
    );
    let listener = of(
        "Listener",
        arn("elasticloadbalancing", "listener/app/main/1/2"),
    );
    let listener = if outputs.is_some() && !peer.can(&Lack::Balancers) {
        peer.listener([&one, &two])
    } else {
        listener
    };
    let bus = of("Bus", arn("events", "event-bus/main"));
    let role = of("Execution", format!("arn:aws:iam::{account}:role/tasks"));
    format!(
        r#"name: main
aws:
  vpc_id: {vpc}
  aws_account: "{account}"
  aws_region: eu-west-1
  global_namespace: hp
  alb_ingress: {{ listener_arn: "{listener}", security_group_id: {group} }}
  o5_sidecar: {{ image_version: 1.4.0 }}
  event_bridge: {{ event_bus_arn: "{bus}" }}
  ecs_cluster:
    cluster_name: hp-o5
    task_execution_role: "{role}"
    default_registry: ghcr.io/acme
    subnet_ids: ["{one}", "{two}"]
environments:
  - full_name: dev
    vars: [{{ name: upstream, value: "https://auth.example.com" }}]
    aws:
      host_header: dev.example.com
      iam_policies: [{{ name: queues, policy_arn: "arn:aws:iam::aws:policy/AmazonSQSFullAccess" }}]
"#
    )
}
