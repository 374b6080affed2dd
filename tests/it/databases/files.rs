//! An application whose files of migrations are carried out here, on a real Postgres: what fails, what
//! is killed, who holds a lock, and what a card says of a large table.

use std::process::Stdio;

use super::{Place, app_of_files};

impl Place {
    /// An application without a container that migrates, with these files, at version v1.
    fn of_files(test: &str, files: &[(&str, &str)]) -> Self {
        let place = Self::new(test);
        let estate = std::fs::read_to_string(place.program.estate()).unwrap();
        let with = estate.replace(
            "config: app.yaml,",
            "config: app.yaml, migrations: { main: db },",
        );
        place.program.write("holdpoint.yaml", &with);
        place.program.write("app.yaml", &app_of_files());
        for (name, text) in files {
            place.program.write(&format!("db/{name}"), text);
        }
        place.deploy(&["--version", "v1"]).ends(0);
        place
    }

    /// Fails where a condition does not hold in the database.
    fn holds(&self, condition: &str) {
        let block = format!(
            "DO $$ BEGIN IF NOT coalesce(({condition}), false) THEN RAISE EXCEPTION 'it does not hold'; END IF; END $$"
        );
        let looked = self.as_user(&self.key(), &block);
        assert_eq!(looked, Ok(()), "{condition}");
    }

    fn log(&self) -> String {
        self.run(&["logs", "dev/shop"]).ends(0).out
    }

    /// What the card of a deployment says.
    fn card(&self, version: &str) -> String {
        let planned = self.run(&["plan", "dev/shop", "--version", version]);
        planned.ends(0).out
    }
}

const ORDERS: (&str, &str) = (
    "0001_orders.sql",
    "CREATE TABLE orders (id int, note text);\nINSERT INTO orders VALUES (1, 'one');",
);

#[test]
#[ignore = "needs postgres; .ci/run starts it"]
fn files_are_carried_out_in_order_and_go_on_after_one_that_fails() {
    let place = Place::of_files("files", &[ORDERS]);
    place.holds("SELECT count(*) = 1 FROM orders");
    // It belongs to the role, whoever was let in to make it.
    let owner = format!(
        "SELECT bool_and(tableowner = '{}') FROM pg_tables WHERE schemaname IN ('public', 'holdpoint')",
        place.database()
    );
    place.holds(&owner);
    let log = place.log();
    for says in [
        "db/0001_orders.sql begins: 2 statements, in one transaction",
        "db/0001_orders.sql:2: INSERT INTO orders VALUES",
        "db/0001_orders.sql is carried out, in ",
    ] {
        assert!(log.contains(says), "{says}\n{log}");
    }
    assert!(!log.contains("'one'"), "{log}");
    // The second is good, the third is not: it is told with its place, and nothing of it stays.
    let bad = "-- holdpoint: compatible\nUPDATE orders SET note = 'x';\nDO $$ BEGIN RAISE NOTICE 'here'; END $$;\nALTER TABLE orders ADD paid bool DEFAULT false;\nUPDATE orders\n  SET nobody = 1;\n";
    let good = "-- holdpoint: compatible\nALTER TABLE orders ADD at timestamptz;";
    place.program.write("db/0002_at.sql", good);
    place.program.write("db/0003_paid.sql", bad);
    let failed = place.deploy(&["--version", "v2"]);
    assert_ne!(failed.code, 0, "{}", failed.out);
    let shown = place.run(&["show", "#3"]).out;
    for says in [
        "db/0003_paid.sql:6:7: ERROR 42703: column ",
        "nothing of it stays, and the files before it do",
    ] {
        assert!(shown.contains(says), "{says}\n{shown}");
    }
    assert!(place.log().contains("NOTICE: here"));
    place.holds("SELECT note = 'one' AND at IS NULL FROM orders");
    place.holds("SELECT string_agg(version, ' ' ORDER BY version) = '1 2' FROM holdpoint.migrations WHERE done_at IS NOT NULL");
    // Mended, it goes on with that one.
    place
        .program
        .write("db/0003_paid.sql", &bad.replace("nobody = 1", "at = now()"));
    place.deploy(&["--version", "v3"]).ends(0);
    place.holds("SELECT note = 'x' AND NOT paid AND at IS NOT NULL FROM orders");
    place.holds("SELECT count(*) = 3 AND bool_and(deployment LIKE 'dev/shop %' AND digest ~ '^[0-9a-f]{64}$' AND done_at IS NOT NULL) FROM holdpoint.migrations");
    // Nothing is left: the next version is an update like any other.
    let card = place.card("v4");
    assert!(card.contains("an update without downtime"), "{card}");
    // What was carried out is not changed any more.
    place
        .program
        .write("db/0002_at.sql", &good.replace("timestamptz", "timestamp"));
    let refused = place.run(&["plan", "dev/shop", "--version", "v4"]);
    assert_ne!(refused.code, 0);
    let says = "0002_at.sql was changed after it was carried out in";
    assert!(
        format!("{}{}", refused.out, refused.err).contains(says),
        "{}{}",
        refused.out,
        refused.err
    );
}

/// An engine is killed while a statement runs: the server ends that, nothing of the file stays, and
/// the next engine carries it out once.
#[test]
#[ignore = "needs postgres; .ci/run starts it"]
fn a_migration_that_is_killed_is_carried_out_once() {
    let place = Place::of_files("killed", &[ORDERS]);
    let gate = place.session("tests");
    gate.run("SELECT pg_advisory_lock(77)");
    place.program.write(
        "db/0002_gate.sql",
        "-- holdpoint: compatible\nINSERT INTO orders VALUES (2, 'two');\nSET LOCAL lock_timeout = 0;\nSELECT pg_advisory_xact_lock(77);",
    );
    let ask = ["deploy", "dev/shop", "--version", "v2", "--wait"];
    let mut command = place
        .program
        .command(&[&ask[..], &["--here", "--json"]].concat());
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut engine = command.spawn().unwrap();
    let waits = "DO $$ BEGIN LOOP PERFORM pg_stat_clear_snapshot(); \
        EXIT WHEN EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted); PERFORM pg_sleep(0.05); END LOOP; END $$";
    gate.run(waits);
    engine.kill().unwrap();
    engine.wait().unwrap();
    // The server sees that nobody is there any more, and nothing of the file stays.
    gate.run(&waits.replace("WHEN EXISTS", "WHEN NOT EXISTS"));
    place.holds("SELECT count(*) = 1 FROM orders");
    place.holds("SELECT count(*) = 1 FROM holdpoint.migrations");
    gate.run("SELECT pg_advisory_unlock(77)");
    // The next engine goes on with it, and what is asked for meanwhile comes after it.
    place.deploy(&["--version", "v3"]).ends(0);
    let done = place.run(&["show", "#3"]).ends(0).out;
    assert!(done.contains("DONE"), "{done}");
    place.holds("SELECT count(*) = 2 FROM orders");
    place.holds("SELECT count(*) = 2 FROM holdpoint.migrations WHERE done_at IS NOT NULL");
}

#[test]
#[ignore = "needs postgres; .ci/run starts it"]
fn who_holds_the_lock_of_a_table_is_named() {
    let place = Place::of_files("held", &[ORDERS]);
    let somebody = place.session("nightly report");
    somebody.run("BEGIN; SELECT * FROM orders");
    place.program.write(
        "db/0002_note.sql",
        "-- holdpoint: compatible\nALTER TABLE orders ADD paid bool;",
    );
    let card = place.card("v2");
    let says = "0002_note.sql (compatible): ACCESS EXCLUSIVE on orders, ";
    assert!(card.contains(says), "{card}");
    assert!(card.contains("1 session holds locks on it now"), "{card}");
    let failed = place.deploy(&["--version", "v2"]);
    assert_ne!(failed.code, 0, "{}", failed.out);
    let shown = place.run(&["show", "#3"]).out;
    for says in [
        "db/0002_note.sql:2:1: ERROR 55P03",
        "the lock is held by process ",
        "holdpoint nightly report, idle in transaction",
    ] {
        assert!(shown.contains(says), "{says}\n{shown}");
    }
    assert!(place.log().contains("waits for a lock, held by process "));
    somebody.run("COMMIT");
    place.deploy(&["--version", "v3"]).ends(0);
    place.holds("SELECT count(*) = 1 FROM orders WHERE paid IS NULL");
}

/// [TRAP] What no transaction holds and did not come to its end is never carried out a second time by
/// itself: a person says what became of it.
#[test]
#[ignore = "needs postgres; .ci/run starts it"]
fn a_file_of_no_transaction_that_fails_waits_for_a_person() {
    let place = Place::of_files("alone", &[ORDERS]);
    let somebody = place.session("somebody");
    somebody.run("BEGIN; INSERT INTO orders VALUES (2, 'two')");
    place.program.write(
        "db/0002_index.sql",
        "-- holdpoint: compatible\n-- holdpoint: no-transaction\nANALYZE orders;\nCREATE INDEX CONCURRENTLY orders_id ON orders (id);",
    );
    let failed = place.deploy(&["--version", "v2"]);
    assert_ne!(failed.code, 0, "{}", failed.out);
    somebody.run("COMMIT");
    let shown = place.run(&["show", "#3"]).out;
    for says in [
        "db/0002_index.sql:4:1: ERROR 55P03",
        "1 statement of it is known to be carried out; see what of it is there",
        "WHERE version = '2'",
    ] {
        assert!(shown.contains(says), "{says}\n{shown}");
    }
    let refused = place.run(&["plan", "dev/shop", "--version", "v3"]);
    let told = format!("{}{}", refused.out, refused.err);
    assert_ne!(refused.code, 0, "{told}");
    assert!(told.contains("0002_index.sql was begun in"), "{told}");
    let known = "did not come to its end: 1 statement of it is known to be carried out";
    assert!(told.contains(known), "{told}");
    // A person takes away what was left, and says so.
    let key = place.key();
    place
        .as_user(
            &key,
            "DROP INDEX IF EXISTS orders_id; DELETE FROM holdpoint.migrations WHERE version = '2'",
        )
        .unwrap();
    place.deploy(&["--version", "v3"]).ends(0);
    place.holds(
        "SELECT bool_and(indisvalid) FROM pg_index WHERE indexrelid = 'orders_id'::regclass",
    );
}

/// Ten million rows that a migration writes anew: its size and its lock are on the card, and the log
/// says how long it took.
#[test]
#[ignore = "needs postgres; .ci/run starts it"]
fn a_card_says_how_large_the_table_is_that_is_written_anew() {
    let place = Place::of_files("large", &[ORDERS]);
    let key = place.key();
    place
        .as_user(
            &key,
            "INSERT INTO orders SELECT n, 'note ' || n FROM generate_series(2, 10000000) n; ANALYZE orders",
        )
        .unwrap();
    place.program.write(
        "db/0002_widen.sql",
        "ALTER TABLE orders ALTER id TYPE bigint;",
    );
    place.program.write(
        "db/0003_claims.sql",
        "-- holdpoint: compatible\nALTER TABLE orders ADD key uuid DEFAULT gen_random_uuid();",
    );
    let card = place.card("v2");
    let begin =
        "0002_widen.sql (breaking, because it says nothing): ACCESS EXCLUSIVE on orders, rewrites ";
    let line = card.split(begin).nth(1).unwrap_or_else(|| panic!("{card}"));
    let (size, rows) = line.split_once(", about ").unwrap();
    let megabytes: u32 = size.trim_end_matches(" MB").parse().unwrap();
    assert!((400..700).contains(&megabytes), "{size}");
    // An estimate, of a sample.
    assert!(rows.starts_with("10,") || rows.starts_with("9,9"), "{rows}");
    let doubt = "and yet its comment says compatible: nobody reads or writes orders while that is written anew";
    assert!(card.contains(doubt), "{card}");
    place.deploy(&["--version", "v2"]).ends(0);
    let log = place.log();
    assert!(log.contains("db/0002_widen.sql:1: done, in "), "{log}");
    place.holds("SELECT count(*) = 10000000 AND count(DISTINCT key) = 10000000 FROM orders");
}
