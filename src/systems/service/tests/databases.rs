//! What plans of o5 applications do with their databases, as data: which steps in which order, what is
//! held, and what is refused.

use super::late::{CLUSTER, files_of, planned_on};
use super::*;
use crate::domain::digest::Digest;
use crate::domain::flag::Value as Flagged;
use crate::forms::postgres::migrations::Carried;
use crate::forms::postgres::{self, DATABASE, DatabaseFacts, Mark, Table};
use crate::forms::secretsmanager::{self, SecretFacts};

const APP: &str = "
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

fn shop() -> Spec {
    let entry = json!({ "config": "ext/o5/app.yaml", "cluster": "cluster.yaml" });
    let stack: StackId = "dev-eu/shop".parse().unwrap();
    match Service.read(&stack, &entry, &files_of(APP, CLUSTER)) {
        Read::Rendered(mut stacks, _) => stacks.remove(0).1,
        other => panic!("{other:?}"),
    }
}

fn deploy(flags: &[&str]) -> PlanAsk {
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
fn database(is_there: bool) -> DatabaseFacts {
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
fn mark(of: &str, version: &str) -> Mark {
    let body = Body::of(&shop()).unwrap();
    let defined = body.databases()[0].defined.unwrap().short();
    Mark {
        of: of.to_owned(),
        migrated: format!("{version} {defined}"),
    }
}

/// A stack that is there, with the version that runs and its count.
fn there(version: &str, count: &str) -> StackFacts {
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

fn planned_of(
    spec: &Spec,
    flags: &[&str],
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
    let plan = planned_on(&deploy(flags), spec, stack, &see).1?;
    assert_eq!(plan.check(), Ok(()));
    Ok(plan)
}

/// The steps that change something, each with the steps that it comes after.
fn shape(plan: &Plan) -> Vec<String> {
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
    let why = of(&["db-only", "infra-only"], &runs).unwrap_err();
    assert!(
        why.summary.contains("infra-only, db-only are chosen"),
        "{why:?}"
    );
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

/// The application with these files of migrations, of which the first is applied.
fn with_files(files: &[(&str, &str)]) -> Spec {
    migrated_by("main", "db/", files).unwrap()
}

/// The application, one of whose databases is migrated by the files of a folder.
fn migrated_by(database: &str, folder: &str, files: &[(&str, &str)]) -> Result<Spec, String> {
    let entry = json!({ "config": "ext/o5/app.yaml", "cluster": "cluster.yaml", "migrations": { database: folder } });
    let mut given = files_of(APP, CLUSTER);
    let found = files.iter().map(|(name, text)| {
        let file = SourceFile {
            bytes: text.as_bytes().to_vec(),
            executable: false,
        };
        (format!("db/{name}"), file)
    });
    given.answer(Need::Glob("db/*.sql".to_owned()), found);
    match Service.read(&"dev-eu/shop".parse().unwrap(), &entry, &given) {
        Read::Rendered(mut stacks, _) => Ok(stacks.remove(0).1),
        Read::Wrong(found) => Err(found.to_string()),
        other => panic!("{other:?}"),
    }
}

/// [TRAP] What is pending, and what it says of the code that runs, chooses the way; what nobody says
/// counts as breaking, and the worst of several counts.
#[test]
fn the_files_that_are_pending_choose_the_way() {
    let applied = DatabaseFacts {
        applied: Some(postgres::Applied {
            by: "goose_db_version".to_owned(),
            versions: vec!["1".to_owned()],
            through: false,
        }),
        ..database(true)
    };
    let first = ("0001_orders.sql", "CREATE TABLE orders (id int);");
    let (compatible, before, breaking, silent) = (
        ("0002_a.sql", "-- holdpoint: compatible"),
        ("0003_b.sql", "-- holdpoint: before"),
        ("0004_c.sql", "-- holdpoint: breaking"),
        ("0005_d.sql", "DROP TABLE orders;"),
    );
    for (files, branch, says) in [
        (vec![first], "update", "replaces no service"),
        (
            vec![first, compatible],
            "parallel",
            "beside which its databases are migrated: it migrates dev_eu_shop_main by 0002_a.sql",
        ),
        (
            vec![first, before],
            "before",
            "while the code that runs goes on",
        ),
        (
            vec![first, compatible, before],
            "before",
            "0003_b.sql, which the new code needs",
        ),
        (
            vec![first, before, breaking],
            "downtime",
            "0004_c.sql, with which the code that runs does not work",
        ),
        (
            vec![first, compatible, silent],
            "downtime",
            "0005_d.sql, of which nobody says",
        ),
    ] {
        let spec = with_files(&files);
        let of =
            |flags: &[&str], count: &str| planned_of(&spec, flags, &there("v1", count), &applied);
        let plan = of(&["version=v2"], "2").unwrap();
        assert_eq!(plan.branch.as_deref(), Some(branch), "{files:?}");
        assert!(plan.says.join("\n").contains(says), "{:?}", plan.says);
        assert_eq!(plan.danger.downtime, branch == "downtime");
        // Where nothing runs there is no way but the one through zero, and no outage.
        if files.len() > 1 {
            let still = of(&["version=v2"], "0").unwrap();
            assert_eq!(still.branch.as_deref(), Some("downtime"));
            assert!(!still.danger.downtime);
            let current = of(&["version=v2", "plans=current"], "2").unwrap();
            assert_eq!(current.branch.as_deref(), Some("downtime"));
        }
        let quick = of(&["version=v2", "quick=true"], "2");
        let allowed = matches!(branch, "update" | "parallel");
        assert_eq!(quick.is_ok(), allowed, "{files:?}");
    }
}

#[test]
fn a_way_beside_and_a_way_before_touch_nothing_ahead_of_their_hold() {
    let first = ("0001_orders.sql", "");
    let compatible = with_files(&[first, ("0002_a.sql", "-- holdpoint: compatible")]);
    let before = with_files(&[first, ("0002_a.sql", "-- holdpoint: before")]);
    let facts = DatabaseFacts {
        applied: Some(postgres::Applied {
            versions: vec!["1".to_owned()],
            ..postgres::Applied::default()
        }),
        ..database(true)
    };
    let plan = planned_of(&compatible, &["version=v2"], &there("v1", "2"), &facts).unwrap();
    let own = |plan: &Plan, end: &str| -> Vec<String> {
        let own = |step: &String| step.split(' ').next().unwrap().contains(end);
        shape(plan).into_iter().filter(own).collect()
    };
    assert_eq!(
        own(&plan, "-beside"),
        [
            "upsert-main-beside < join [review plan]",
            "upsert-audit-beside < join upsert-main-beside",
            "execute-beside < join upsert-main-beside",
            "migrate-main-beside < upsert-main-beside execute-beside",
            "cleanup-main-beside < migrate-main-beside upsert-main-beside",
        ]
    );
    let plan = planned_of(&before, &["version=v2"], &there("v1", "2"), &facts).unwrap();
    let version = ["version < execute-held cleanup-main-before upsert-main-before".to_owned()];
    let mut all = own(&plan, "-before");
    all.extend(own(&plan, "version"));
    assert_eq!(
        all[..2],
        [
            "upsert-main-before < join [review plan]",
            "upsert-audit-before < join upsert-main-before"
        ]
    );
    assert_eq!(all[all.len() - 1..], version);
    let set = &plan.step(&"change-set-held".into()).unwrap().params;
    assert_eq!(set["input"]["parameters"]["VersionTag"], "v1");
    let define = &plan.step(&"define-main-before".into()).unwrap().params;
    assert_eq!(
        (&define["from"], &define["to"]),
        (&json!("v1"), &json!("v2"))
    );
    // Where the definition of the task stays, it runs side by side with the update.
    let mut ask = deploy(&["version=v2"]);
    ask.serving = Some(compatible.clone());
    let stack = StackFacts {
        outputs: BTreeMap::from([("MigrationTaskDefinitionMain".to_owned(), "arn:1".to_owned())]),
        ..there("v1", "2")
    };
    let see = |look: &crate::domain::look::Look| match look.about.kind.as_str() {
        DATABASE => postgres::sight(look.about.clone(), &facts),
        _ => cloudformation::ChangeFacts::Rows { rows: vec![] }.sight("dev-eu-shop"),
    };
    let plan = planned_on(&ask, &compatible, &stack, &see).1.unwrap();
    let define = plan.step(&"define-main-beside".into()).unwrap();
    assert_eq!(define.params["definition"], "arn:1");
    assert_eq!(define.after, ["upsert-main-beside".into()]);
}

/// What is wrong with files of migrations is told where they are read.
#[test]
fn files_of_migrations_are_checked_with_the_rest() {
    let stack: StackId = "dev-eu/shop".parse().unwrap();
    let entry = |migrations: Value| json!({ "config": "ext/o5/app.yaml", "cluster": "cluster.yaml", "migrations": migrations });
    for (migrations, says) in [
        (json!({ "mian": "db" }), "no such database"),
        (
            json!({ "audit": "db" }),
            "\"soon\" is no class of migrations",
        ),
        (
            json!({ "main": "db" }),
            "\"soon\" is no class of migrations",
        ),
    ] {
        let mut files = files_of(APP, CLUSTER);
        let file = SourceFile {
            bytes: b"-- holdpoint: soon".to_vec(),
            executable: false,
        };
        files.answer(
            Need::Glob("db/*.sql".to_owned()),
            [("db/1_a.sql".to_owned(), file)],
        );
        let Read::Wrong(found) = Service.read(&stack, &entry(migrations), &files) else {
            panic!("{says}");
        };
        assert!(found.to_string().contains(says), "{found}");
    }
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

/// The application whose database `audit` has no container, with these files for it.
fn carried_here(files: &[(&str, &str)]) -> Result<Spec, String> {
    migrated_by("audit", "db", files)
}

/// A file as it is recorded.
fn recorded(version: &str, text: &str, done: bool) -> Carried {
    Carried {
        version: version.to_owned(),
        file: format!("{version}_a.sql"),
        digest: Digest::of_bytes(text.as_bytes()).to_string(),
        by: "dev-eu/shop 4 (s1)".to_owned(),
        began: "2026-11-27 03:00:00 UTC".to_owned(),
        done,
        statements: 1,
        trouble: String::new(),
    }
}

#[test]
fn files_without_a_container_are_carried_out_here_on_every_way() {
    let first = ("1_a.sql", "CREATE TABLE orders (id int);");
    for (said, way, steps) in [
        (
            "-- holdpoint: compatible",
            "beside",
            vec![
                "upsert-audit-beside < join upsert-main-beside",
                "migrate-audit-beside < upsert-audit-beside upsert-main-beside",
                "cleanup-audit-beside < migrate-audit-beside upsert-main-beside",
            ],
        ),
        (
            "-- holdpoint: before",
            "before",
            vec![
                "upsert-audit-before < join upsert-main-before",
                "migrate-audit-before < execute-held upsert-main-before",
                "cleanup-audit-before < migrate-audit-before upsert-main-before",
            ],
        ),
        (
            "",
            "2",
            vec![
                "upsert-audit-2 < execute-2",
                "cleanup-audit-2 < upsert-audit-2",
                "migrate-audit-2 < cleanup-audit-2",
                "cleanup-after-audit-2 < migrate-audit-2",
            ],
        ),
    ] {
        let spec = carried_here(&[first, ("2_b.sql", said)]).unwrap();
        let facts = DatabaseFacts {
            carried: vec![recorded("1", first.1, true)],
            mark: Some(mark("dev-eu/shop of the store s1", "v2")),
            ..database(true)
        };
        let plan = planned_of(&spec, &["version=v2"], &there("v1", "2"), &facts).unwrap();
        let own = |step: &String| {
            let id = step.split(' ').next().unwrap();
            id.contains("-audit") && id.ends_with(way)
        };
        let shown: Vec<String> = shape(&plan).into_iter().filter(own).collect();
        assert_eq!(shown, steps, "{said}");
        let id = format!("migrate-audit-{way}");
        let step = plan.step(&id.as_str().into()).unwrap();
        assert_eq!(step.kind.as_str(), postgres::MIGRATE);
        assert_eq!(step.params["folder"], "db");
        assert_eq!(step.params["secret"], "/dev-eu/shop/postgres/audit");
        assert_eq!(step.params["bundle"], json!(spec.bundle));
        let says = plan.says.join("\n");
        assert!(
            says.contains("is migrated by 2_b.sql, which Holdpoint itself carries out"),
            "{says}"
        );
    }
}

/// [TRAP] Every pending file has its line: class, lock, table, size, rows, who holds it now; and what
/// its comment claims does not hide that it writes a large table anew.
#[test]
fn a_card_says_what_a_file_locks_and_rewrites() {
    let text = "ALTER TABLE orders ALTER id TYPE bigint;";
    let claims = format!("-- holdpoint: compatible\n{text}");
    let spec = carried_here(&[
        ("7_widen.sql", text),
        ("8_claims.sql", &claims),
        ("9_new.sql", "-- holdpoint: compatible\nCREATE TABLE notes (id int);\nCREATE INDEX ON notes (id);"),
        ("10_index.sql", "-- holdpoint: breaking\nDROP INDEX orders_paid; ALTER TABLE lines ADD a int"),
        ("11_do.sql", "\nDO $$ BEGIN END $$"),
        ("12_i.sql", "-- holdpoint: compatible\n-- holdpoint: no-transaction\nCREATE INDEX CONCURRENTLY i ON public.orders (a)"),
    ])
    .unwrap();
    let facts = DatabaseFacts {
        mark: Some(mark("dev-eu/shop of the store s1", "v2")),
        ..database(true)
    };
    let plan = planned_of(&spec, &["version=v2"], &there("v1", "2"), &facts).unwrap();
    let holds = "954 MB, about 10,000,000 rows, 3 sessions hold locks on it now";
    for line in [
        format!("7_widen.sql (breaking, because it says nothing): ACCESS EXCLUSIVE on orders, rewrites {holds}."),
        format!("8_claims.sql (compatible): ACCESS EXCLUSIVE on orders, rewrites {holds}; and yet its comment says compatible: nobody reads or writes orders while that is written anew."),
        "9_new.sql (compatible): locks no table that is there.".to_owned(),
        format!("10_index.sql (breaking): ACCESS EXCLUSIVE on public.orders, for its index orders_paid, {holds}; ACCESS EXCLUSIVE on lines (no such table is there yet)."),
        "11_do.sql (breaking, because it says nothing): not understood: line 2 (DO: what runs there is not read).".to_owned(),
        format!("12_i.sql (compatible, no transaction): SHARE UPDATE EXCLUSIVE on public.orders, {holds}."),
    ] {
        assert!(plan.says.contains(&line), "{line}\n{:#?}", plan.says);
    }
}

/// [TRAP] Nothing goes on where a file was changed after it was carried out, or was left half-way.
#[test]
fn a_file_that_was_changed_or_left_half_way_is_refused_at_the_ask() {
    let (was, is) = ("CREATE TABLE a (id int)", "CREATE TABLE b (id int)");
    let spec = carried_here(&[("1_a.sql", is)]).unwrap();
    let of = |carried: Carried| {
        let facts = DatabaseFacts {
            carried: vec![carried],
            mark: Some(mark("dev-eu/shop of the store s1", "v2")),
            ..database(true)
        };
        planned_of(&spec, &["version=v2"], &there("v1", "2"), &facts)
    };
    assert!(of(recorded("1", is, true)).is_ok());
    // Of a release that knows less files than the database, nothing is refused.
    let older = of(recorded("2", is, true)).unwrap();
    let says = "dev_eu_shop_audit is further than this release: 2_a.sql was carried out there, is not among its files, and stays";
    assert!(older.says.join("\n").contains(says), "{:?}", older.says);
    let changed = of(recorded("1", was, true)).unwrap_err();
    assert_eq!(
        changed.summary,
        "1_a.sql was changed after it was carried out in dev_eu_shop_audit by dev-eu/shop 4 (s1)"
    );
    let half_way = of(recorded("1", is, false)).unwrap_err();
    assert!(
        half_way
            .summary
            .contains("did not come to its end: 1 statement of it is known")
            && half_way.detail.contains("the session was cut")
            && half_way.hint.contains("version = '1'"),
        "{half_way:?}"
    );
}

/// What no transaction of ours can hold is told before anything is done.
#[test]
fn files_that_cannot_be_carried_out_here_are_told_with_their_place() {
    let wrong = carried_here(&[
        ("1_a.sql", "CREATE TABLE a (id int);\n  COMMIT;"),
        ("2_b.sql", "CREATE INDEX CONCURRENTLY i ON a (id)"),
        (
            "3_c.sql",
            "-- +goose Up\nDROP TABLE b;\n-- +goose Down\nDROP TABLE a;",
        ),
        (
            "4_d.sql",
            "-- holdpoint: no-transaction\nCREATE INDEX CONCURRENTLY j ON a (id)",
        ),
    ])
    .unwrap_err();
    for says in [
        "db/1_a.sql:2:3",
        "begins or ends a transaction",
        "db/2_b.sql:1:1",
        "-- holdpoint: no-transaction",
        "db/3_c.sql:3:1",
        "which is carried out whole",
    ] {
        assert!(wrong.contains(says), "{says}\n{wrong}");
    }
    assert!(!wrong.contains("4_d.sql"), "{wrong}");
}
