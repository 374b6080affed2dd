//! An o5 application with a database through its life: the stack on the embedded cloud, the database
//! on a real Postgres.

mod files;

use holdpoint::domain::masks::Secret;
use holdpoint::postgres::{Called, Login, Session};
use serde_json::{Value, json};

use crate::cloud::Cloud;
use crate::postgres::server;
use crate::program::{Program, Run};
use crate::wire::http;

/// The ECS cluster.
pub(crate) const GROUND: &str =
    "Resources:\n  Tasks: { Type: AWS::ECS::Cluster, Properties: { ClusterName: hp-o5 } }\n";

/// The variables by which the embedded cloud plays the task of a migration.
pub(crate) const GOOD: &str =
    "[{ name: SAYS, value: 'applying 001_orders|done' }, { name: SECONDS, value: '2' }]";
const BAD: &str = "[{ name: SAYS, value: 'applying 002_paid|ERROR relation orders does not exist' }, { name: SECONDS, value: '2' }, { name: EXIT_CODE, value: '3' }]";

struct Place {
    cloud: Cloud,
    program: Program,
    /// The o5 environment: part of the name of the database, so that each test has its own.
    env: String,
}

impl Place {
    fn new(test: &str) -> Self {
        let cloud = Cloud::start();
        let env = format!("{test}{}", std::process::id());
        let endpoint = &cloud.endpoint;
        let estate = format!(
            "environments:\n  dev: {{ class: development, aws: {{ region: eu-west-1, endpoint_url: \"{endpoint}\" }} }}\n\
             applications:\n\
             \x20 ground: {{ service: {{ template: ground.yaml }}, environments: [dev] }}\n\
             \x20 shop: {{ service: {{ config: app.yaml, cluster: cluster.yaml, environment: {env} }}, environments: [dev] }}\n"
        );
        let place = Self {
            program: Program::with(&[
                ("holdpoint.yaml", &estate),
                ("ground.yaml", GROUND),
                ("app.yaml", &app(GOOD)),
                ("cluster.yaml", &cluster(&env)),
            ]),
            cloud,
            env,
        };
        let master = json!({ "dbuser": "master", "dbpass": "master-of-tests" }).to_string();
        place.secrets(
            "CreateSecret",
            &json!({ "Name": "/rds/main", "SecretString": master, "ClientRequestToken": "00000000-0000-4000-8000-000000000001" }),
        );
        place.run(&["deploy", "dev/ground", "--wait"]).ends(0);
        place
    }

    fn run(&self, words: &[&str]) -> Run {
        self.program.run(&[words, &["--here", "--json"]].concat())
    }

    /// Asks for a deployment, and answers its card.
    fn deploy(&self, more: &[&str]) -> Run {
        let ask = [&["deploy", "dev/shop", "--wait"], more].concat();
        let asked = self.run(&ask);
        if asked.code != 2 || !asked.out.contains("\"card\"") {
            return asked;
        }
        let card = asked.json()["card"].clone();
        self.confirmed(&ask, &card)
    }

    fn confirmed(&self, words: &[&str], shown: &Value) -> Run {
        let text = |key: &str| shown[key].as_str().unwrap_or_default();
        let with = [
            "--reason",
            "r",
            "--confirm",
            text("confirm"),
            "--subject",
            text("subject"),
        ];
        self.run(&[words, &with].concat())
    }

    fn secrets(&self, action: &str, asks: &Value) -> Value {
        let target = format!("secretsmanager.{action}");
        let authorization = "AWS4-HMAC-SHA256 Credential=testing/20260101/eu-west-1/secretsmanager/aws4_request, SignedHeaders=host;x-amz-date, Signature=0";
        let headers = [
            ("Content-Type", "application/x-amz-json-1.1"),
            ("X-Amz-Target", target.as_str()),
            ("Authorization", authorization),
            ("X-Amz-Date", "20260101T000000Z"),
        ];
        let told = http(
            &self.cloud.endpoint,
            "POST",
            "/",
            &headers,
            &asks.to_string(),
        );
        assert_eq!(told.status, 200, "{}", told.body);
        serde_json::from_str(&told.body).unwrap()
    }

    fn database(&self) -> String {
        format!("{}_shop_main", self.env)
    }

    /// What the secret of the database holds.
    fn key(&self) -> Value {
        let name = format!("/{}/shop/postgres/main", self.env);
        let held = self.secrets("GetSecretValue", &json!({ "SecretId": name }));
        serde_json::from_str(held["SecretString"].as_str().unwrap()).unwrap()
    }

    /// A statement as the user in a secret.
    fn as_user(&self, key: &Value, statement: &str) -> Result<(), String> {
        let somebody = self.opened(key, "app")?;
        let done = somebody.runtime.block_on(somebody.session.run(statement));
        done.map_err(|why| why.failure().summary)
    }

    /// A session of the application's user, under this name.
    fn session(&self, called: &str) -> Somebody {
        let opened = self.opened(&self.key(), called);
        opened.unwrap_or_else(|why| panic!("{why}"))
    }

    fn opened(&self, key: &Value, called: &str) -> Result<Somebody, String> {
        let login = Login {
            user: key["dbuser"].as_str().unwrap().to_owned(),
            password: Secret::new(key["dbpass"].as_str().unwrap().to_owned()),
        };
        let (name, called) = (self.database(), Called::of(called));
        // The session is served while the test does something else.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let session = runtime.block_on(Session::open(&server(), &login, &name, &called));
        let session = session.map_err(|why| why.failure().summary)?;
        Ok(Somebody { session, runtime })
    }

    /// How many tasks the service should have.
    fn count(&self) -> String {
        let named = [("StackName", "dev-shop")];
        let told = crate::wire::query(
            &self.cloud.endpoint,
            "cloudformation",
            "2010-05-15",
            "DescribeStacks",
            &named,
        );
        let (_, rest) = told
            .body
            .split_once("<ParameterKey>DesiredCount")
            .unwrap_or_else(|| panic!("{}", told.body));
        crate::wire::tagged(rest, "ParameterValue").swap_remove(0)
    }
}

/// Somebody who has a session on the database, as long as this lives.
struct Somebody {
    session: Session,
    runtime: tokio::runtime::Runtime,
}

impl Somebody {
    fn run(&self, statement: &str) {
        let done = self.runtime.block_on(self.session.run(statement));
        done.unwrap_or_else(|why| panic!("{:?}", why.failure()));
    }
}

#[test]
#[ignore = "needs postgres; .ci/run starts it"]
fn an_application_lives_with_its_database() {
    let place = Place::new("life");
    // The first deployment: no task before the database, and the migration told as it ran.
    let made = place.deploy(&["--version", "v1"]).ends(0);
    assert!(!made.out.contains("master-of-tests"));
    assert_eq!(place.count(), "1");
    let first = place.key();
    assert!(!made.out.contains(first["dbpass"].as_str().unwrap()));
    let log = place.run(&["logs", "dev/shop"]).ends(0).out;
    assert!(log.contains("applying 001_orders"), "{log}");
    assert!(!log.contains(first["dbpass"].as_str().unwrap()), "{log}");
    place
        .as_user(&first, "CREATE TABLE orders (id int)")
        .unwrap();
    // Another version: what the user made belongs to the role.
    place.deploy(&["--version", "v2"]).ends(0);
    let log = place.run(&["logs", "dev/shop"]).ends(0).out;
    let gave = format!("gave to the role {}: table public.orders", place.database());
    assert!(log.contains(&gave), "{log}");
    assert_eq!(place.key(), first, "nobody asked for another user");
    // Another user: both are let in, until the next one.
    place.deploy(&["--rotate-credentials"]).ends(0);
    let second = place.key();
    assert_ne!(second["dbuser"], first["dbuser"]);
    for key in [&first, &second] {
        place
            .as_user(key, "ALTER TABLE orders ADD IF NOT EXISTS paid bool")
            .unwrap();
    }
    // A migration that fails: nothing comes up by itself, and a person is asked.
    place.program.write("app.yaml", &app(BAD));
    let failed = place.deploy(&["--version", "v3"]);
    assert_ne!(failed.code, 0, "{}", failed.out);
    let shown = place.run(&["show", "#5"]).out;
    assert!(shown.contains("exit code 3"), "{shown}");
    let log = place.run(&["logs", "dev/shop"]).ends(0).out;
    assert!(log.contains("relation orders does not exist"), "{log}");
    assert_eq!(place.count(), "0");
    let hold = place.run(&["holds"]).ends(0).json()["holds"][0].clone();
    let mut old = hold.clone();
    old["confirm"] = format!("{} old", hold["confirm"].as_str().unwrap()).into();
    let name = hold["hold"].as_str().unwrap();
    place.confirmed(&["approve", name, "--choice", "old", "--wait"], &old);
    assert_eq!(place.count(), "1");
    // What did not end well is not taken for done: the same version again is migrated.
    place.program.write("app.yaml", &app(GOOD));
    let done = place.deploy(&["--version", "v3"]).ends(0).json();
    let steps = done["deployments"][0]["steps"].as_array().unwrap();
    let migrate = steps.iter().find(|step| step["id"] == "migrate-main-2");
    assert_eq!(migrate.unwrap()["state"], "DONE", "{done}");
    assert_eq!(place.count(), "1");
}

/// The four ways of an evaluated plan, each chosen by what is pending and what it says.
#[test]
#[ignore = "needs postgres; .ci/run starts it"]
fn what_is_pending_chooses_the_way() {
    let place = Place::new("ways");
    let text = std::fs::read_to_string(place.program.estate()).unwrap();
    let with = text.replace(
        "config: app.yaml,",
        "config: app.yaml, migrations: { main: db },",
    );
    place.program.write("holdpoint.yaml", &with);
    place
        .program
        .write("db/0001_orders.sql", "CREATE TABLE orders (id int);");
    place.deploy(&["--version", "v1"]).ends(0);
    let key = place.key();
    place
        .as_user(&key, "CREATE TABLE goose_db_version (id serial PRIMARY KEY, version_id bigint, is_applied bool)")
        .unwrap();
    let record = |version: u32| {
        let statement = format!(
            "INSERT INTO goose_db_version (version_id, is_applied) VALUES ({version}, true)"
        );
        place.as_user(&key, &statement).unwrap();
    };
    record(1);
    for (n, (file, text, branch, last)) in [
        (
            "0002_note.sql",
            "-- holdpoint: compatible",
            "parallel",
            "verify-beside",
        ),
        (
            "0003_paid.sql",
            "-- holdpoint: before",
            "before",
            "verify-before",
        ),
        ("", "", "update", "verify"),
        (
            "0004_drop.sql",
            "ALTER TABLE orders DROP id;",
            "downtime",
            "verify-2",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let version = format!("v{}", n + 2);
        if !file.is_empty() {
            place.program.write(&format!("db/{file}"), text);
        }
        let planned = place
            .run(&["plan", "dev/shop", "--version", &version])
            .ends(0)
            .json();
        let says = planned.to_string();
        let expected = match branch {
            "parallel" => "beside which its databases are migrated",
            "before" => "and then the new version comes",
            "update" => "an update without downtime",
            _ => "the service stands still",
        };
        assert!(says.contains(expected), "{says}");
        let done = place.deploy(&["--version", &version]).ends(0).json();
        let steps = done["deployments"][0]["steps"].as_array().unwrap();
        let of = |id: &str| {
            let found = steps.iter().find(|step| step["id"] == id);
            found.map_or("none", |step| step["state"].as_str().unwrap())
        };
        assert_eq!(of(last), "DONE", "{branch}: {done}");
        assert_eq!(of("scale-down") == "DONE", branch == "downtime", "{done}");
        assert_eq!(place.count(), "1");
        let log = place.run(&["logs", "dev/shop"]).ends(0).out;
        let image = format!("image=ghcr.io/acme/shop-migrate:{version}");
        assert_eq!(log.contains(&image), branch != "update", "{branch}: {log}");
        if !file.is_empty() {
            record(u32::try_from(n + 2).unwrap() - u32::from(n == 3));
        }
    }
}

#[test]
#[ignore = "needs postgres; .ci/run starts it"]
fn a_database_is_destroyed_once_its_name_was_typed() {
    let place = Place::new("gone");
    place.deploy(&["--version", "v1"]).ends(0);
    let key = place.key();
    place.as_user(&key, "CREATE TABLE orders (id int)").unwrap();
    let asked = place.deploy(&["--destroy-database"]);
    assert_eq!(asked.code, 3, "{}{}", asked.out, asked.err);
    assert_eq!(place.count(), "1", "nothing is done before it was typed");
    place.as_user(&key, "SELECT 1").unwrap();
    let hold = place.run(&["holds"]).ends(0).json()["holds"][0].clone();
    assert_eq!(hold["confirm"], place.database(), "{hold}");
    let name = hold["hold"].as_str().unwrap();
    place.confirmed(&["approve", name, "--wait"], &hold).ends(0);
    let gone = place.as_user(&key, "SELECT 1").unwrap_err();
    assert!(gone.contains("28P01") || gone.contains("3D000"), "{gone}");
    // The next deployment makes it anew, with another user.
    place.deploy(&["--version", "v1"]).ends(0);
    assert_ne!(place.key()["dbuser"], key["dbuser"]);
    assert_eq!(place.count(), "1");
    place
        .as_user(&place.key(), "CREATE TABLE orders (id int)")
        .unwrap();
}

pub(crate) fn app(variables: &str) -> String {
    format!(
        r"name: shop
databases:
  - name: main
    postgres:
      dbNameSuffix: main
      dbExtensions: [pgcrypto]
      migrateContainer: {{ name: migrate, image: {{ name: shop-migrate }}, envVars: {variables} }}
runtimes:
  - name: web
    containers:
      - name: main
        image: {{ name: shop }}
        envVars: [{{ name: DB, database: {{ databaseName: main }} }}]
"
    )
}

/// The application whose files are carried out here: it has no container for them.
pub(crate) fn app_of_files() -> String {
    app(GOOD)
        .lines()
        .filter(|line| !line.contains("migrateContainer"))
        .collect::<Vec<_>>()
        .join("\n")
}

pub(crate) fn cluster(env: &str) -> String {
    let server = server();
    format!(
        r#"name: main
aws:
  vpc_id: vpc-1
  aws_account: "000000000000"
  aws_region: eu-west-1
  global_namespace: hp
  o5_sidecar: {{ image_version: 1.4.0 }}
  event_bridge: {{ event_bus_arn: "arn:aws:events:eu-west-1:000000000000:event-bus/main" }}
  ecs_cluster:
    cluster_name: hp-o5
    task_execution_role: "arn:aws:iam::000000000000:role/tasks"
    default_registry: ghcr.io/acme
    subnet_ids: [subnet-1, subnet-2]
  rds_hosts:
    - server_group_name: default
      client_security_group_id: sg-1
      identifier: main-db
      endpoint: {}
      port: {}
      auth: {{ secretsManager: {{ secretName: /rds/main }} }}
environments:
  - full_name: {env}
"#,
        server.host, server.port
    )
}
