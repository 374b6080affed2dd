//! What a database is like now: who owns it, who is connected, what it holds, what was migrated.

use super::admin::Admin;
use super::session::Session;
use super::trouble::Trouble;
use crate::forms::postgres::{Applied, DatabaseFacts, Table};

/// So many tables are told, the largest first.
const TABLES: i64 = 200;

/// Where tools of migrations record what they did: the table, and how its versions are read.
const RECORDS: [(&str, &str); 6] = [
    (
        "holdpoint_migrations",
        "SELECT version FROM holdpoint_migrations WHERE done_at IS NOT NULL ORDER BY version",
    ),
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
            applied: applied(&inside).await?,
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
    const ALL: &str = "SELECT n.nspname || '.' || c.relname, c.reltuples::float8, pg_total_relation_size(c.oid) \
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'm') \
        AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' ORDER BY 3 DESC, 1 LIMIT $1";
    let rows = inside.rows(ALL, &[&TABLES]).await?;
    Ok(rows
        .iter()
        .map(|row| {
            let rows: f64 = row.get(1);
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
            }
        })
        .collect())
}

/// The first record of a tool that there is.
async fn applied(inside: &Session) -> Result<Option<Applied>, Trouble> {
    const THERE: &str = "SELECT 1 WHERE to_regclass($1) IS NOT NULL";
    const LAST: &str = "SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass($1) AND attname = 'dirty' AND NOT attisdropped";
    for (table, versions) in RECORDS {
        if inside.has(THERE, &[&table]).await? {
            let rows = inside.rows(versions, &[]).await?;
            return Ok(Some(Applied {
                by: table.to_owned(),
                versions: rows.iter().map(|row| row.get(0)).collect(),
                through: inside.has(LAST, &[&table]).await?,
            }));
        }
    }
    Ok(None)
}
