//! What a database is like now: who owns it, who is connected, what it holds, what was migrated.

use super::admin::Admin;
use super::session::Session;
use super::trouble::Trouble;
use crate::forms::postgres::{Applied, DatabaseFacts, Table};

/// So many tables are told, the largest first.
const TABLES: i64 = 200;

/// Where tools of migrations record what they did: the table, and how its versions are read.
const RECORDS: [(&str, &str); 5] = [
    (
        "goose_db_version",
        "SELECT version_id::text FROM goose_db_version g WHERE is_applied AND version_id > 0 \
        AND id = (SELECT max(id) FROM goose_db_version o WHERE o.version_id = g.version_id) ORDER BY version_id",
    ),
    (
        "_sqlx_migrations",
        "SELECT version::text FROM _sqlx_migrations WHERE success ORDER BY version",
    ),
    (
        "flyway_schema_history",
        "SELECT version FROM flyway_schema_history WHERE success AND version IS NOT NULL ORDER BY installed_rank",
    ),
    (
        "schema_migrations",
        "SELECT version::text FROM schema_migrations ORDER BY version",
    ),
    (
        "__diesel_schema_migrations",
        "SELECT version FROM __diesel_schema_migrations ORDER BY version",
    ),
];

impl Admin {
    /// What the database is like.
    ///
    /// # Errors
    /// What the server says.
    pub async fn facts(&self) -> Result<DatabaseFacts, Trouble> {
        const THERE: &str = "SELECT d.oid, r.rolname::text, current_setting('server_version') FROM pg_database d \
            JOIN pg_roles r ON r.oid = d.datdba WHERE d.datname = $1";
        const VERSION: &str = "SELECT current_setting('server_version')";
        let name = self.name().as_str();
        let home = self.home().await?;
        let Some(row) = home.row(THERE, &[&name]).await? else {
            let version = home.row(VERSION, &[]).await?;
            return Ok(DatabaseFacts {
                version: version.map(|row| row.get(0)).unwrap_or_default(),
                users: self.users(&home).await?,
                ..DatabaseFacts::default()
            });
        };
        let inside = self.inside().await?;
        Ok(DatabaseFacts {
            oid: Some(row.get(0)),
            owner: row.get(1),
            version: row.get(2),
            bytes: whole(
                inside
                    .row("SELECT pg_database_size(current_database())", &[])
                    .await?
                    .map(|row| row.get(0)),
            ),
            sessions: sessions(&inside).await?,
            extensions: inside
                .rows(
                    "SELECT extname::text FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY 1",
                    &[],
                )
                .await?
                .iter()
                .map(|row| row.get(0))
                .collect(),
            tables: tables(&inside).await?,
            applied: inside.applied().await?,
            carried: inside.carried().await?,
            users: self.users(&home).await?,
            mark: self.mark(&home).await?,
        })
    }
}

fn whole(number: Option<i64>) -> u64 {
    number.and_then(|n| u64::try_from(n).ok()).unwrap_or(0)
}

async fn sessions(inside: &Session) -> Result<std::collections::BTreeMap<String, u32>, Trouble> {
    const ALL: &str = "SELECT usename::text, application_name, count(*) FROM pg_stat_activity \
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend' GROUP BY 1, 2";
    let named = |user: Option<String>, called: String| {
        let user = user.unwrap_or_else(|| "somebody".to_owned());
        if called.is_empty() {
            user
        } else {
            format!("{user} ({called})")
        }
    };
    let rows = inside.rows(ALL, &[]).await?;
    Ok(rows
        .iter()
        .map(|row| {
            let count: i64 = row.get(2);
            (
                named(row.get(0), row.get(1)),
                u32::try_from(count).unwrap_or(u32::MAX),
            )
        })
        .collect())
}

async fn tables(inside: &Session) -> Result<Vec<Table>, Trouble> {
    const ALL: &str = "WITH held AS MATERIALIZED (SELECT relation, count(DISTINCT pid) FROM pg_locks WHERE granted AND pid <> pg_backend_pid() \
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) GROUP BY 1) \
        SELECT n.nspname || '.' || c.relname, s.rows, s.bytes, coalesce(h.count, 0), \
        ARRAY(SELECT n.nspname || '.' || i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = c.oid ORDER BY 1) \
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN held h ON h.relation = c.oid CROSS JOIN LATERAL ( \
            SELECT CASE WHEN bool_and(p.reltuples >= 0) THEN sum(p.reltuples)::float8 ELSE -1 END, sum(CASE WHEN EXISTS (SELECT FROM pg_locks l WHERE l.relation = p.oid AND l.mode = 'AccessExclusiveLock' AND l.granted) \
                THEN p.relpages * current_setting('block_size')::bigint ELSE pg_total_relation_size(p.oid) END)::bigint \
            FROM (SELECT c.oid WHERE c.relkind <> 'p' UNION ALL SELECT relid FROM pg_partition_tree(c.oid) WHERE c.relkind = 'p' AND isleaf) t (oid) \
            JOIN pg_class p ON p.oid = t.oid \
        ) s (rows, bytes) WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname NOT LIKE 'pg\\_%' \
        AND n.nspname NOT IN ('information_schema', 'holdpoint') ORDER BY 3 DESC NULLS LAST, 1 LIMIT $1";
    let rows = inside.rows(ALL, &[&TABLES]).await?;
    Ok(rows
        .iter()
        .map(|row| {
            let rows = row.get::<_, Option<f64>>(1).unwrap_or(-1.0);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "an estimate of rows, and not below zero"
            )]
            let rows = (rows >= 0.0).then_some(rows as u64);
            Table {
                name: row.get(0),
                rows,
                bytes: whole(row.get(2)),
                held: u32::try_from(row.get::<_, i64>(3)).unwrap_or(u32::MAX),
                indexes: row.get(4),
            }
        })
        .collect())
}

impl Session {
    /// The first record of a tool that there is.
    pub(super) async fn applied(&self) -> Result<Option<Applied>, Trouble> {
        const THERE: &str = "SELECT 1 WHERE to_regclass($1) IS NOT NULL";
        const LAST: &str = "SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass($1) AND attname = 'dirty' AND NOT attisdropped";
        for (table, versions) in RECORDS {
            if self.has(THERE, &[&table]).await? {
                let rows = self.rows(versions, &[]).await?;
                return Ok(Some(Applied {
                    by: table.to_owned(),
                    versions: rows.iter().map(|row| row.get(0)).collect(),
                    through: self.has(LAST, &[&table]).await?,
                }));
            }
        }
        Ok(None)
    }
}
