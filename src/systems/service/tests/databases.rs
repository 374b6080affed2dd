//! What plans of o5 applications do with their databases, as data: which steps in which order, what is
//! held, and what is refused.

use super::late::{CLUSTER, files_of, planned_on};
use super::migrations::with_files;
use super::*;
use crate::domain::flag::Value as Flagged;
use crate::forms::postgres::{self, DATABASE, DatabaseFacts, Mark, Table};
use crate::forms::secretsmanager::{self, SecretFacts};

pub(super) const APP: &str = "
name: shop
databases:
  - name: main
    postgres:
      db_name_suffix: main
      db_extensions: [pgcrypto]
      migrate_container: { name: migrate, image: { name: shop }, command: [migrate] }
  - name: audit
    postgres: { db_name_suffix: audit }
runtimes:
  - name: web
    containers:
      - name: main
        image: { name: shop }
        env_vars: [{ name: DB, database: { database_name: main } }, { name: AUDIT, database: { database_name: audit } }]
";

pub(super) fn shop() -> Spec {
    let entry = json!({ "config": "ext/o5/app.yaml", "cluster": "cluster.yaml" });
    let stack: StackId = "dev-eu/shop".parse().unwrap();
    match Service.read(&stack, &entry, &files_of(APP, CLUSTER)) {
        Read::Rendered(mut stacks, _) => stacks.remove(0).1,
        other => panic!("{other:?}"),
    }
}

pub(super) fn deploy(flags: &[&str]) -> PlanAsk {
    let mut ask = ask(Purpose::Deploy, EnvClass::Development);
    ask.stack = "dev-eu/shop".parse().unwrap();
    let given = |flag: &&str| {
        let (name, value) = flag.split_once('=').unwrap_or((flag, "true"));
        let value = match value {
            "true" if name != "quick" => Flagged::Switch(true),
            text => Flagged::Text(text.into()),
        };
        (name.parse().unwrap(), value)
    };
    ask.flags = flags.iter().map(given).collect();
    ask
}

/// A database that is there, or not.
pub(super) fn database(is_there: bool) -> DatabaseFacts {
    DatabaseFacts {
        oid: is_there.then_some(16_400),
        bytes: 1_288_490_189,
        sessions: BTreeMap::from([("shop".to_owned(), 3)]),
        extensions: vec!["pgcrypto".to_owned()],
        tables: vec![Table {
            name: "public.orders".to_owned(),
            rows: Some(10_000_000),
            bytes: 1_000_000_000,
            held: 3,
            indexes: vec!["public.orders_paid".to_owned()],
        }],
        mark: is_there.then(|| mark("dev-eu/shop of the store s1", "v1")),
        ..DatabaseFacts::default()
    }
}

/// What the server remembers: whose the database is, and the version that migrated it.
pub(super) fn mark(of: &str, version: &str) -> Mark {
    let body = Body::of(&shop()).unwrap();
    let defined = body.databases()[0].defined.unwrap().short();
    Mark {
        of: of.to_owned(),
        migrated: format!("{version} {defined}"),
    }
}

/// A stack that is there, with the version that runs and its count.
pub(super) fn there(version: &str, count: &str) -> StackFacts {
    let parameters = [
        ("VersionTag", version),
        ("DesiredCount", count),
        ("DesiredCountWeb", count),
    ];
    StackFacts {
        parameters: parameters
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        ..super::late::there(&[])
    }
}

fn plan(flags: &[&str], stack: &StackFacts, is_there: bool) -> Result<Plan, Failure> {
    planned_of(&shop(), flags, stack, &database(is_there))
}

pub(super) fn planned_of(
    spec: &Spec,
    flags: &[&str],
    stack: &StackFacts,
    database: &DatabaseFacts,
) -> Result<Plan, Failure> {
    planned_by(&deploy(flags), spec, stack, database)
}

pub(super) fn planned_by(
    ask: &PlanAsk,
    spec: &Spec,
    stack: &StackFacts,
    database: &DatabaseFacts,
) -> Result<Plan, Failure> {
    let rows = vec![row(
        "TaskDefinitionWeb",
        "AWS::ECS::TaskDefinition",
        Does::Replace,
    )];
    let see = |look: &crate::domain::look::Look| match look.about.kind.as_str() {
        secretsmanager::SECRET => {
            secretsmanager::sight(look.about.clone(), &SecretFacts::default())
        }
        DATABASE => {
            assert!(
                look.with["name"]
                    .as_str()
                    .unwrap()
                    .starts_with("dev_eu_shop_")
            );
            postgres::sight(look.about.clone(), database)
        }
        _ => cloudformation::ChangeFacts::Rows { rows: rows.clone() }.sight("dev-eu-shop"),
    };
    let plan = planned_on(ask, spec, stack, &see).1?;
    assert_eq!(plan.check(), Ok(()));
    Ok(plan)
}

/// The steps that change something, each with the steps that it comes after.
pub(super) fn shape(plan: &Plan) -> Vec<String> {
    let steps = plan.steps.iter().filter(|step| step.finaliser.is_none());
    steps
        .filter(|step| step.changes())
        .map(|step| {
            let after: Vec<&str> = step.after.iter().map(StepId::as_str).collect();
            let hold = step
                .hold
                .as_ref()
                .map_or(String::new(), |hold| format!(" [{}]", hold.kind.word()));
            format!("{} < {}{hold}", step.id, after.join(" "))
        })
        .collect()
}

/// The first deployment makes the stack with no task, then its databases; tasks come last.
#[test]
fn no_task_runs_before_its_databases_are_there() {
    for flags in [&["version=v1"][..], &["version=v1", "quick=true"]] {
        let plan = plan(flags, &StackFacts::missing(), false).unwrap();
        assert_eq!(
            shape(&plan),
            [
                "create < ",
                "upsert-main < create",
                "cleanup-main < upsert-main",
                "migrate-main < cleanup-main",
                "cleanup-after-main < migrate-main",
                "upsert-audit < create",
                "scale-up < cleanup-after-main upsert-audit",
            ]
        );
        let create = &plan.step(&"create".into()).unwrap().params;
        assert_eq!(
            create["input"]["parameters"]["DesiredCountweb"], "0",
            "{create}"
        );
        let upsert = &plan.step(&"upsert-main".into()).unwrap().params;
        assert_eq!(upsert["secret"], "/dev-eu/shop/postgres/main");
        assert_eq!(upsert["extensions"], json!(["pgcrypto"]));
        let migrate = &plan.step(&"migrate-main".into()).unwrap().params;
        assert_eq!(
            migrate["definition"]["output"],
            "/outputs/MigrationTaskDefinitionMain"
        );
        assert_eq!(migrate["cluster"], "main");
        let network = json!({ "subnets": ["subnet-11111111", "subnet-22222222"], "groups": ["sg-0b0b0b0b", "sg-0c0c0c0c"] });
        assert_eq!(migrate["network"], network);
        assert!(!plan.danger.downtime, "nothing runs yet");
        assert!(
            plan.says.iter().any(|says| says
                .contains("The database dev_eu_shop_main is made on main.example.com:5432")),
            "{:?}",
            plan.says
        );
    }
}

/// Nobody knows what the container of a migration does: another version stops the service for it.
#[test]
fn another_version_is_migrated_while_nothing_runs() {
    let plan = plan(&["version=v2"], &there("v1", "2"), true).unwrap();
    assert_eq!(plan.branch.as_deref(), Some("downtime"));
    assert!(plan.danger.downtime);
    let shape = shape(&plan);
    assert_eq!(
        shape,
        [
            "scale-down < join [downtime]",
            "execute-2 < same [review plan]",
            "upsert-main-2 < execute-2",
            "cleanup-main-2 < upsert-main-2",
            "migrate-main-2 < cleanup-main-2",
            "cleanup-after-main-2 < migrate-main-2",
            "upsert-audit-2 < execute-2",
            "scale-up < execute-2 cleanup-after-main-2 upsert-audit-2",
        ]
    );
    let says = plan.says.join("\n");
    assert!(
        says.contains("because it migrates dev_eu_shop_main"),
        "{says}"
    );
    assert!(says.contains("is migrated: 1.2 GB, 3 sessions; its largest table is public.orders (954 MB, about 10,000,000 rows)"), "{says}");
    let restore = plan.step(&"restore".into()).unwrap();
    let old = &restore.hold.as_ref().unwrap().choices[0].does;
    assert!(
        old.contains("with dev_eu_shop_main as far migrated"),
        "{old}"
    );
}

/// The version that runs has nothing to migrate: it is updated as it runs.
#[test]
fn the_version_that_runs_is_not_migrated_again() {
    let plan = plan(&["version=v1"], &there("v1", "2"), true).unwrap();
    assert_eq!(plan.branch.as_deref(), Some("update"));
    let current =
        super::databases::plan(&["version=v1", "plans=current"], &there("v1", "2"), true).unwrap();
    assert_eq!(current.branch.as_deref(), Some("downtime"));
    let gone = super::databases::plan(&["version=v1"], &there("v1", "2"), false).unwrap();
    assert_eq!(
        gone.branch.as_deref(),
        Some("downtime"),
        "a database that is gone is made anew"
    );
}

/// After a first deployment that failed nothing runs: nobody is asked about an outage, and nothing
/// is brought back.
#[test]
fn where_nothing_runs_there_is_no_outage() {
    let plan = plan(&["version=v1"], &there("", "0"), false).unwrap();
    assert_eq!(plan.branch.as_deref(), Some("downtime"));
    assert!(!plan.danger.downtime);
    assert!(plan.steps.iter().all(|step| step.finaliser.is_none()));
    assert!(
        !shape(&plan)
            .iter()
            .any(|step| step.starts_with("scale-down"))
    );
    assert!(
        plan.says[0].contains("nothing runs, and it comes up once that is done"),
        "{:?}",
        plan.says
    );
}

/// [TRAP] Quick never runs new code before its migration.
#[test]
fn what_must_be_migrated_is_not_updated_as_it_runs() {
    for (flags, is_there, refused) in [
        (["version=v2", "quick=true"], true, true),
        (["version=v1", "quick=true"], false, true),
        (["version=v1", "quick=true"], true, false),
    ] {
        let plan = plan(&flags, &there("v1", "2"), is_there);
        assert_eq!(plan.is_err(), refused, "{flags:?}");
        if let Err(why) = plan {
            assert!(
                why.summary.contains("cannot be updated as it runs (quick)"),
                "{why:?}"
            );
            assert!(why.hint.contains("--quick=false"), "{why:?}");
        }
    }
}

/// The flags of parts, one at a time; without a stack there is no database of one.
#[test]
fn a_part_of_a_service_has_a_plan_of_its_own() {
    let of = |flags: &[&str], stack: &StackFacts| {
        let mut all = vec!["version=v1"];
        all.extend(flags);
        plan(&all, stack, true)
    };
    let runs = there("v1", "2");
    for (flags, steps) in [
        (vec!["infra-only"], vec!["execute < join [downtime]"]),
        (
            vec!["db-only"],
            vec![
                "upsert-main < discover",
                "cleanup-main < upsert-main",
                "migrate-main < cleanup-main",
                "cleanup-after-main < migrate-main",
                "upsert-audit < discover",
            ],
        ),
        (
            vec!["destroy-database"],
            vec![
                "scale-down <  [destroy data]",
                "destroy-main < scale-down",
                "destroy-audit < scale-down",
            ],
        ),
        (
            vec!["recreate-database"],
            vec![
                "scale-down <  [destroy data]",
                "destroy-main < scale-down",
                "destroy-audit < scale-down",
                "upsert-main < discover",
                "cleanup-main < upsert-main",
                "migrate-main < cleanup-main",
                "cleanup-after-main < migrate-main",
                "upsert-audit < discover",
                "scale-up < cleanup-after-main upsert-audit",
            ],
        ),
    ] {
        let plan = of(&flags, &runs).unwrap();
        assert_eq!(shape(&plan), steps, "{flags:?}");
        let destroys = flags[0].starts_with("destroy") || flags[0].starts_with("recreate");
        assert_eq!(plan.danger.destroys, destroys, "{flags:?}");
        let lost: Vec<&String> = plan.loses().collect();
        assert_eq!(lost.len(), if destroys { 2 } else { 0 }, "{flags:?}");
    }
    let destroy = of(&["destroy-database"], &runs).unwrap();
    assert!(!destroy.comes_back() && of(&["recreate-database"], &runs).unwrap().comes_back());
    assert_eq!(
        destroy.rows().map(|rows| rows.len()),
        Some(2),
        "all that changes is known"
    );
    let spec = with_files(&[("0001_orders.sql", "DROP TABLE orders;")]);
    let breaking = planned_of(&spec, &["version=v1", "db-only"], &runs, &database(true)).unwrap();
    assert!(
        shape(&breaking)[0].ends_with("[review plan]"),
        "{:?}",
        shape(&breaking)
    );
    assert!(
        breaking
            .says
            .join(" ")
            .contains("goes on meanwhile, and may fail"),
        "{:?}",
        breaking.says
    );
    let params = &destroy.step(&"destroy-main".into()).unwrap().params;
    assert_eq!(params["oid"], 16_400, "the one that was seen");
    let says = destroy.says.join("\n");
    assert!(says.contains("The database dev_eu_shop_main on main.example.com:5432 goes for good with all that is in it: 1.2 GB"), "{says}");
    for flags in [["db-only"], ["destroy-database"], ["recreate-database"]] {
        let why = of(&flags, &StackFacts::missing()).unwrap_err();
        assert!(why.summary.contains("is not there"), "{why:?}");
    }
    let why = plan(&["version=v2", "db-only"], &runs, true).unwrap_err();
    assert!(why.summary.contains("brings no version"), "{why:?}");
    for (flags, name, over) in [
        (
            vec!["rotate-credentials", "infra-only", "db-only"],
            "infra-only",
            "db-only, rotate-credentials",
        ),
        (
            vec!["recreate-database", "destroy-database", "how=parallel"],
            "destroy-database",
            "recreate-database, how",
        ),
        (vec!["db-only", "quick=true"], "db-only", "quick"),
    ] {
        let plan = of(&flags, &runs).unwrap();
        let says =
            format!("Chosen besides, and without effect: {over}. {name} is a plan of its own.");
        assert!(plan.name == name && plan.says.contains(&says), "{plan:#?}");
    }
    let bare = of(&["infra-only"], &StackFacts::missing()).unwrap();
    assert_eq!(shape(&bare), ["create < "]);
    let create = &bare.step(&"create".into()).unwrap().params;
    assert_eq!(
        create["input"]["parameters"]["DesiredCountweb"], "0",
        "{create}"
    );
}

#[test]
fn credentials_rotate_where_that_is_chosen() {
    for (flags, rotates) in [
        (vec!["version=v1"], false),
        (vec!["version=v1", "rotate-credentials"], true),
    ] {
        let plan = plan(&flags, &there("v1", "2"), true).unwrap();
        let upsert = plan.step(&"upsert-main".into()).unwrap();
        assert_eq!(upsert.params["rotate"], rotates);
        assert_eq!(upsert.only_if.is_none(), rotates, "whichever way is taken");
    }
}

/// On whichever way: each of them makes new users once.
#[test]
fn credentials_rotate_on_every_way_once() {
    let facts = DatabaseFacts {
        applied: Some(postgres::Applied::default()),
        ..database(true)
    };
    for (text, end) in [
        ("-- holdpoint: compatible", "-beside"),
        ("-- holdpoint: before", "-before"),
        ("", "-2"),
    ] {
        let spec = with_files(&[("0001_orders.sql", text)]);
        let flags = ["version=v2", "rotate-credentials"];
        let plan = planned_of(&spec, &flags, &there("v1", "2"), &facts).unwrap();
        let upsert = plan
            .step(&format!("upsert-main{end}").as_str().into())
            .unwrap();
        assert_eq!(upsert.params["rotate"], true, "{end}");
        assert!(plan.step(&"upsert-main".into()).is_none(), "{end}");
    }
}

/// A teardown takes the stack away, and says that databases stay.
#[test]
fn a_teardown_leaves_databases_on_their_server() {
    let mut ask = deploy(&[]);
    ask.purpose = Purpose::Teardown;
    let see = |look: &crate::domain::look::Look| panic!("{look:?}");
    let plan = planned_on(&ask, &shop(), &there("v1", "2"), &see)
        .1
        .unwrap();
    let says = plan.says.join("\n");
    assert!(
        says.contains("Databases stay on their servers: dev_eu_shop_main on main.example.com:5432"),
        "{says}"
    );
}

/// [TRAP] What was migrated is what the server remembers, and not what the stack says: a migration
/// that failed, or never ran, is not left out by the next deployment of the same version.
#[test]
fn a_migration_that_did_not_end_well_is_pending() {
    let of = |mark: Option<Mark>| {
        let facts = DatabaseFacts {
            mark,
            ..database(true)
        };
        planned_of(&shop(), &["version=v2"], &there("v2", "2"), &facts)
    };
    let own = "dev-eu/shop of the store s1";
    for (mark, branch) in [
        (Some(mark(own, "v2")), "update"),
        (Some(mark(own, "v1")), "downtime"),
        (
            Some(Mark {
                of: own.to_owned(),
                ..Mark::default()
            }),
            "downtime",
        ),
        (None, "downtime"),
    ] {
        let plan = of(mark.clone()).unwrap();
        assert_eq!(plan.branch.as_deref(), Some(branch), "{mark:?}");
    }
    let why = of(Some(mark("dev-eu/other of the store s1", "v2"))).unwrap_err();
    assert!(why.summary.contains("is that of dev-eu/other"), "{why:?}");
}

/// What remembers it is the step after the migration.
#[test]
fn what_migrated_a_database_is_remembered_once_it_ended_well() {
    let plan = plan(&["version=v2"], &there("v1", "2"), true).unwrap();
    let of = |id: &str| plan.step(&id.into()).unwrap().params["migrated"].clone();
    assert_eq!(of("cleanup-main-2"), Value::Null);
    assert_eq!(of("cleanup-after-main-2"), json!(mark("", "v2").migrated));
}

/// Whoever knows o5 finds its names for the work, in the order of the plan.
#[test]
fn steps_have_the_names_of_o5() {
    let names = |plan: &Plan| -> Vec<String> {
        let tasks = plan.steps.iter().flat_map(|step| &step.tasks);
        tasks.map(|task| task.name.clone()).collect()
    };
    let first = plan(&["version=v1"], &StackFacts::missing(), false).unwrap();
    assert_eq!(
        names(&first),
        [
            "CFCreate",
            "DB.Upsert.main",
            "DB.Cleanup.main",
            "DB.Migrate.main",
            "DB.Cleanup.main",
            "DB.Upsert.audit",
            "ScaleUp",
        ]
    );
    let next = plan(&["version=v2"], &there("v1", "2"), true).unwrap();
    assert_eq!(
        names(&next)[..4],
        ["CFPlan", "EvalJoin", "ScaleDown", "InfraMigrate"]
    );
    let alone = plan(&["version=v1", "db-only"], &there("v1", "2"), true).unwrap();
    assert_eq!(names(&alone)[0], "NOPDiscovery");
}
