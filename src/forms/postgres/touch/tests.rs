use super::*;

/// `LOCK on table`, with how it is written anew; then what is not known.
fn told(text: &str) -> Vec<String> {
    let found = touches(text);
    let mut all: Vec<String> = found
        .tables
        .iter()
        .map(|touch| {
            let how = match touch.rewrite {
                Rewrite::No => "",
                Rewrite::Perhaps => ", may rewrite",
                Rewrite::Yes => ", rewrites",
            };
            let index = if touch.index { "index " } else { "" };
            format!("{} on {index}{}{how}", touch.lock, touch.table)
        })
        .collect();
    let unknown = found.unknown.iter();
    all.extend(unknown.map(|(line, why)| format!("{line}: {why}")));
    all
}

/// By the pages of Postgres 15 on explicit locking and ALTER TABLE.
#[test]
fn what_a_statement_locks_is_what_the_documentation_says() {
    for (text, expected) in [
        (
            "ALTER TABLE orders ADD paid bool",
            "ACCESS EXCLUSIVE on orders",
        ),
        (
            "ALTER TABLE orders ADD COLUMN paid bool DEFAULT false NOT NULL",
            "ACCESS EXCLUSIVE on orders",
        ),
        (
            "ALTER TABLE orders ADD at timestamptz DEFAULT now()",
            "ACCESS EXCLUSIVE on orders",
        ),
        (
            "ALTER TABLE orders ADD tags varchar(20) DEFAULT ''::varchar(20)",
            "ACCESS EXCLUSIVE on orders",
        ),
        (
            "ALTER TABLE orders ADD key uuid DEFAULT gen_random_uuid()",
            "ACCESS EXCLUSIVE on orders, rewrites",
        ),
        (
            "ALTER TABLE orders ADD n bigserial",
            "ACCESS EXCLUSIVE on orders, rewrites",
        ),
        (
            "ALTER TABLE orders ADD n int GENERATED ALWAYS AS (a * 2) STORED",
            "ACCESS EXCLUSIVE on orders, rewrites",
        ),
        (
            "ALTER TABLE orders ADD n int DEFAULT shop.number(1)",
            "ACCESS EXCLUSIVE on orders, may rewrite",
        ),
        (
            "alter table if exists only \"Orders\" alter column id type bigint",
            "ACCESS EXCLUSIVE on Orders, rewrites",
        ),
        (
            "ALTER TABLE shop.Orders ALTER id SET DATA TYPE bigint USING id::bigint",
            "ACCESS EXCLUSIVE on shop.orders, rewrites",
        ),
        (
            "ALTER TABLE orders ALTER note TYPE text",
            "ACCESS EXCLUSIVE on orders, may rewrite",
        ),
        (
            "ALTER TABLE orders SET UNLOGGED",
            "ACCESS EXCLUSIVE on orders, rewrites",
        ),
        (
            "ALTER TABLE orders SET (fillfactor = 70)",
            "SHARE UPDATE EXCLUSIVE on orders",
        ),
        (
            "ALTER TABLE orders ALTER a SET STATISTICS 100",
            "SHARE UPDATE EXCLUSIVE on orders",
        ),
        (
            "ALTER TABLE orders ALTER a SET NOT NULL",
            "ACCESS EXCLUSIVE on orders",
        ),
        (
            "ALTER TABLE orders VALIDATE CONSTRAINT c",
            "SHARE UPDATE EXCLUSIVE on orders",
        ),
        (
            "ALTER TABLE orders DISABLE TRIGGER ALL",
            "SHARE ROW EXCLUSIVE on orders",
        ),
        (
            "ALTER TABLE orders VALIDATE CONSTRAINT c, DROP COLUMN a",
            "ACCESS EXCLUSIVE on orders",
        ),
        (
            "ALTER TABLE orders ADD CONSTRAINT c CHECK (a > 0) NOT VALID",
            "ACCESS EXCLUSIVE on orders",
        ),
        (
            "ALTER TABLE orders ADD CONSTRAINT c FOREIGN KEY (p) REFERENCES people (id) NOT VALID",
            "SHARE ROW EXCLUSIVE on orders|SHARE ROW EXCLUSIVE on people",
        ),
        (
            "ALTER TABLE orders ATTACH PARTITION orders_1 FOR VALUES FROM (1) TO (2)",
            "SHARE UPDATE EXCLUSIVE on orders|ACCESS EXCLUSIVE on orders_1",
        ),
        (
            "ALTER TABLE orders DO SOMETHING NEW",
            "ACCESS EXCLUSIVE on orders|1: not understood",
        ),
        (
            "CREATE INDEX orders_paid ON orders (paid)",
            "SHARE on orders",
        ),
        (
            "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON ONLY shop.orders USING btree (a)",
            "SHARE UPDATE EXCLUSIVE on shop.orders",
        ),
        (
            "DROP INDEX orders_paid, b",
            "ACCESS EXCLUSIVE on index orders_paid|ACCESS EXCLUSIVE on index b",
        ),
        (
            "DROP INDEX CONCURRENTLY IF EXISTS orders_paid",
            "SHARE UPDATE EXCLUSIVE on index orders_paid",
        ),
        (
            "ALTER INDEX orders_paid RENAME TO b",
            "SHARE UPDATE EXCLUSIVE on index orders_paid",
        ),
        (
            "REINDEX TABLE CONCURRENTLY orders",
            "SHARE UPDATE EXCLUSIVE on orders",
        ),
        (
            "DROP TABLE IF EXISTS a, shop.b",
            "ACCESS EXCLUSIVE on a|ACCESS EXCLUSIVE on shop.b",
        ),
        (
            "DROP TABLE a CASCADE",
            "ACCESS EXCLUSIVE on a|1: CASCADE takes with it what nobody names",
        ),
        (
            "TRUNCATE TABLE a, b RESTART IDENTITY",
            "ACCESS EXCLUSIVE on a|ACCESS EXCLUSIVE on b",
        ),
        (
            "CREATE TRIGGER t BEFORE UPDATE OF a ON orders FOR EACH ROW EXECUTE FUNCTION f()",
            "SHARE ROW EXCLUSIVE on orders",
        ),
        (
            "CREATE TABLE items (id int REFERENCES orders (id))",
            "SHARE ROW EXCLUSIVE on orders",
        ),
        (
            "CREATE TABLE orders_2 PARTITION OF orders FOR VALUES IN (1)",
            "ACCESS EXCLUSIVE on orders",
        ),
        (
            "INSERT INTO orders SELECT 1 ON CONFLICT DO UPDATE SET a = 1",
            "ROW EXCLUSIVE on orders",
        ),
        (
            "WITH gone AS (DELETE FROM a RETURNING *) INSERT INTO b SELECT * FROM gone",
            "ROW EXCLUSIVE on a|ROW EXCLUSIVE on b",
        ),
        (
            "UPDATE ONLY orders SET paid = true",
            "ROW EXCLUSIVE on orders",
        ),
        ("SELECT 1 FROM orders FOR UPDATE", ""),
        ("SELECT setval('a_seq', 10)", ""),
        (
            "SELECT shop.move_all()",
            "1: move_all(): what a function does is not read",
        ),
        ("LOCK TABLE orders IN SHARE MODE", "SHARE on orders"),
        ("LOCK orders", "ACCESS EXCLUSIVE on orders"),
        (
            "VACUUM (FULL, ANALYZE) orders",
            "ACCESS EXCLUSIVE on orders, rewrites",
        ),
        (
            "CLUSTER orders USING i",
            "ACCESS EXCLUSIVE on orders, rewrites",
        ),
        (
            "REFRESH MATERIALIZED VIEW CONCURRENTLY totals",
            "EXCLUSIVE on totals",
        ),
        (
            "COMMENT ON COLUMN shop.orders.a IS 'x'",
            "SHARE UPDATE EXCLUSIVE on shop.orders",
        ),
        (
            "CREATE TYPE state AS ENUM ('new'); GRANT SELECT ON orders TO a; SET LOCAL x = 1",
            "",
        ),
        (
            "DO $$ BEGIN DROP TABLE orders; END $$",
            "1: DO: what runs there is not read",
        ),
        ("\n\nFROBNICATE orders", "3: not understood"),
        (
            "CREATE TABLE a (id int); CREATE INDEX ON a (id); ALTER TABLE a ADD b int",
            "",
        ),
        (
            "ALTER TABLE a VALIDATE CONSTRAINT c; CREATE INDEX ON a (id)",
            "SHARE on a",
        ),
    ] {
        let expected: Vec<&str> = expected.split('|').filter(|one| !one.is_empty()).collect();
        assert_eq!(told(text), expected, "{text}");
    }
}

proptest::proptest! {
    /// Whatever stands in a file, it is read.
    #[test]
    fn nothing_in_a_file_makes_it_fail(words in proptest::collection::vec("ALTER|TABLE|DROP|CREATE|INDEX|ON|ADD|SET|TYPE|[(),;.*'\"$]|CONSTRAINT|PARTITION|VACUUM|COPY|LOCK|IN|[a-z]{1,3}", 0..12)) {
        let text = words.join(" ");
        let _ = touches(&text);
    }
}
