//! What plans of o5 applications do with the files that their databases are migrated by: which way they
//! choose, what a card says of them, and what is refused.

use super::databases::{APP, database, deploy, mark, planned_by, planned_of, shape, there};
use super::late::{CLUSTER, files_of, planned_on};
use super::*;
use crate::domain::digest::Digest;
use crate::domain::level::{Level, Verb, level};
use crate::forms::postgres::migrations::Carried;
use crate::forms::postgres::{self, DATABASE, DatabaseFacts};

/// The application with these files of migrations, of which the first is applied.
pub(super) fn with_files(files: &[(&str, &str)]) -> Spec {
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
        ("05_e.sql", "SELECT 'x;"),
        ("5_f.sql", "\\connect other\nCOPY a FROM stdin;"),
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
        "05_e.sql and 5_f.sql are both version 5",
        "db/05_e.sql:1:8",
        "the text in quotes that begins here has no end",
        "\\connect other: this is a command of psql",
        "db/5_f.sql:2:1",
    ] {
        assert!(wrong.contains(says), "{says}\n{wrong}");
    }
    assert!(!wrong.contains("4_d.sql"), "{wrong}");
}

/// Whoever has the old code meet what it does not work with is told so by the level.
#[test]
fn a_breaking_migration_beside_what_runs_is_as_dangerous_as_an_outage() {
    let spec = with_files(&[("0001_a.sql", "-- holdpoint: breaking\nDROP TABLE a;")]);
    for (how, outdated) in [("parallel", true), ("before", true), ("downtime", false)] {
        let flags = ["version=v2", &format!("how={how}")];
        let plan = planned_of(&spec, &flags, &there("v1", "2"), &database(true)).unwrap();
        assert_eq!(plan.danger.outdated, outdated, "{how}");
        let (is, why) = level(EnvClass::Development, Verb::Deploy, plan.danger);
        assert_eq!(is, Level::L3, "{how}: {why}");
    }
}

/// [TRAP] A rollback takes back no migration: what the older code does with what is there is said, and
/// raises the level where it may fail.
#[test]
fn a_return_to_before_a_migration_says_what_that_means() {
    let first = ("1_a.sql", "CREATE TABLE a (id int)");
    let older = carried_here(&[first]).unwrap();
    let plan = |serving: Option<&str>| {
        let second = serving.map(|text| carried_here(&[first, ("2_a.sql", text)]).unwrap());
        let facts = DatabaseFacts {
            carried: vec![
                recorded("1", first.1, true),
                recorded("2", serving.unwrap_or(""), true),
            ],
            mark: Some(mark("dev-eu/shop of the store s1", "v1")),
            ..database(true)
        };
        let mut ask = deploy(&["version=v1"]);
        ask.serving = second;
        planned_by(&ask, &older, &there("v2", "2"), &facts).unwrap()
    };
    for (serving, wanted, says) in [
        (
            Some("-- holdpoint: breaking\nDROP TABLE b"),
            Level::L3,
            "2_a.sql was carried out there, is not among its files, and stays; the code of this release may fail: 2_a.sql is breaking.",
        ),
        (
            Some("DROP TABLE b"),
            Level::L3,
            "the code of this release may fail: 2_a.sql is breaking, or says nothing.",
        ),
        (
            Some("-- holdpoint: before\nCREATE TABLE b (id int)"),
            Level::L2,
            "by what they say, the code of this release works with that.",
        ),
        (
            None,
            Level::L2,
            "nobody here knows whether the code of this release works with that.",
        ),
    ] {
        let plan = plan(serving);
        assert!(plan.says.join("\n").contains(says), "{:#?}", plan.says);
        let (is, why) = level(EnvClass::Development, Verb::Rollback, plan.danger);
        assert_eq!(is, wanted, "{why}");
    }
}

/// Databases that are made anew are migrated by all files, also by those that what serves does not
/// have: the card names them, and says what they mean for its code.
#[test]
fn what_is_made_anew_by_newer_files_than_those_that_serve_is_told() {
    let first = ("1_a.sql", "CREATE TABLE a (id int)");
    let more = ("2_b.sql", "-- holdpoint: breaking\nALTER TABLE a DROP id");
    let newer = carried_here(&[first, more]).unwrap();
    let facts = DatabaseFacts {
        mark: Some(mark("dev-eu/shop of the store s1", "v1")),
        ..database(true)
    };
    let mut ask = deploy(&["version=v1", "recreate-database"]);
    for (serving, told) in [(&[first][..], true), (&[first, more], false)] {
        ask.serving = Some(carried_here(serving).unwrap());
        let plan = planned_by(&ask, &newer, &there("v1", "2"), &facts).unwrap();
        let says = plan.says.join("\n");
        assert!(says.contains("2_b.sql (breaking): "), "{says}");
        let lacks = "What serves does not have 2_b.sql (breaking) of dev_eu_shop_audit: its code may fail with that.";
        assert_eq!(
            (says.contains(lacks), plan.danger.outdated),
            (told, told),
            "{says}"
        );
    }
}

/// What is migrated stays whatever comes of the rest: the outage and the way back say so.
#[test]
fn an_outage_says_which_migrations_no_way_back_takes_back() {
    let first = ("1_a.sql", "CREATE TABLE a (id int)");
    let more = ("2_b.sql", "-- holdpoint: breaking\nALTER TABLE a DROP id");
    let facts = DatabaseFacts {
        carried: vec![recorded("1", first.1, true)],
        mark: Some(mark("dev-eu/shop of the store s1", "v1")),
        ..database(true)
    };
    let spec = carried_here(&[first, more]).unwrap();
    let plan = planned_of(&spec, &["version=v2"], &there("v1", "2"), &facts).unwrap();
    let down = &plan.step(&"scale-down".into()).unwrap().undo;
    let restore = plan.step(&"restore".into()).unwrap();
    let old = &restore.hold.as_ref().unwrap().choices[0].does;
    for says in [down, old] {
        assert!(
            says.contains("dev_eu_shop_audit: 2_b.sql (breaking)"),
            "{says}"
        );
        assert!(
            says.contains("the release before may fail with it"),
            "{says}"
        );
    }
}

#[test]
fn a_way_that_is_chosen_of_a_stack_that_is_not_there_has_no_effect_and_is_told() {
    let spec = with_files(&[("0001_orders.sql", "CREATE TABLE orders (id int);")]);
    let gone = StackFacts::missing();
    let plan = planned_of(
        &spec,
        &["version=v1", "how=before"],
        &gone,
        &database(false),
    )
    .unwrap();
    let says = plan.says.join("\n");
    assert!(says.contains("Chosen, and without effect: how."), "{says}");
}
