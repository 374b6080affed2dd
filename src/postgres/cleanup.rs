//! Gives what the users of a database made to the role that they share, so that whoever comes after
//! one of them may change it.

use super::admin::Admin;
use super::trouble::Trouble;
use super::user::is_ours;
use crate::domain::failure::Failure;

/// What became of what is in a database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owned {
    /// What was given to the role: `table public.orders, from dev_billing_main_1795800000`.
    pub given: Vec<String>,
    /// What belongs to somebody else, and stays so.
    pub others: Vec<String>,
}

/// What one owns: kind, schema, name and owner. What an extension brought, and sequences that go
/// with the column of a table, are left out.
const ALL: &str = "\
    SELECT c.relkind::text, n.nspname::text, c.relname::text, r.rolname::text \
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles r ON r.oid = c.relowner \
    WHERE r.rolname <> $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c') \
    AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' \
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('e', 'a', 'i') \
        AND (d.deptype = 'e' OR c.relkind = 'S')) \
    UNION ALL \
    SELECT 'schema', '', n.nspname::text, r.rolname::text FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner \
    WHERE r.rolname <> $1 AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname NOT IN ('information_schema', 'public') \
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e') \
    UNION ALL \
    SELECT CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END, n.nspname::text, t.typname::text, r.rolname::text \
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace JOIN pg_roles r ON r.oid = t.typowner \
    WHERE r.rolname <> $1 AND t.typtype IN ('d', 'e', 'r') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' \
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e') \
    UNION ALL \
    SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END, n.nspname::text, p.oid::regprocedure::text, r.rolname::text \
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_roles r ON r.oid = p.proowner \
    WHERE r.rolname <> $1 AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' \
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e') \
    ORDER BY 1, 2, 3";

/// How a thing of a kind is called, and how it is given away: `%1$I` is its schema, `%2$I` its name,
/// `%3$I` the role; a function stands with its arguments, as the server writes it.
fn giving(kind: &str) -> Option<(&'static str, &'static str)> {
    Some(match kind {
        "r" | "p" => ("table", "ALTER TABLE %1$I.%2$I OWNER TO %3$I"),
        "f" => (
            "foreign table",
            "ALTER FOREIGN TABLE %1$I.%2$I OWNER TO %3$I",
        ),
        "v" => ("view", "ALTER VIEW %1$I.%2$I OWNER TO %3$I"),
        "m" => (
            "materialized view",
            "ALTER MATERIALIZED VIEW %1$I.%2$I OWNER TO %3$I",
        ),
        "S" => ("sequence", "ALTER SEQUENCE %1$I.%2$I OWNER TO %3$I"),
        "c" | "type" => ("type", "ALTER TYPE %1$I.%2$I OWNER TO %3$I"),
        "domain" => ("domain", "ALTER DOMAIN %1$I.%2$I OWNER TO %3$I"),
        "schema" => ("schema", "ALTER SCHEMA %2$I OWNER TO %3$I"),
        "function" => ("function", "ALTER FUNCTION %2$s OWNER TO %3$I"),
        "procedure" => ("procedure", "ALTER PROCEDURE %2$s OWNER TO %3$I"),
        "aggregate" => ("aggregate", "ALTER AGGREGATE %2$s OWNER TO %3$I"),
        _ => return None,
    })
}

impl Admin {
    /// Who holds a lock of a table that is waited for too long.
    async fn holders(&self, schema: &str, name: &str) -> Result<String, Trouble> {
        const HOLD: &str = "SELECT DISTINCT a.pid, coalesce(a.usename::text, ''), a.application_name, coalesce(a.state, '') \
            FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid JOIN pg_class c ON c.oid = l.relation \
            JOIN pg_namespace n ON n.oid = c.relnamespace WHERE l.granted AND l.pid <> pg_backend_pid() \
            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
            AND n.nspname = $1 AND c.relname = $2 LIMIT 5";
        let rows = self.inside().await?.rows(HOLD, &[&schema, &name]).await?;
        let who = rows.iter().map(|row| {
            let (pid, user, called, state): (i32, String, String, String) =
                (row.get(0), row.get(1), row.get(2), row.get(3));
            format!("process {pid} ({user} {called}, {state})")
        });
        let who: Vec<String> = who.collect();
        Ok(format!(
            ": it is locked for longer than 10 s by {}",
            if who.is_empty() {
                "somebody who has gone meanwhile".to_owned()
            } else {
                who.join(", ")
            }
        ))
    }

    /// Gives what its users made to the role of the database, all or nothing.
    ///
    /// # Errors
    /// What the server says; nothing was given then.
    pub async fn own(&self) -> Result<Owned, Trouble> {
        let role = self.name().as_str();
        let inside = self.inside().await?;
        let members = self.users(&inside).await?;
        let mut owned = Owned::default();
        inside.run("BEGIN").await?;
        let found = inside.rows(ALL, &[&role]).await?;
        let mut all: Vec<[String; 4]> = found
            .iter()
            .map(|row| [0, 1, 2, 3].map(|n| row.get(n)))
            .collect();
        // The role makes nothing its own in a schema where it may make nothing.
        all.sort_by_key(|[kind, ..]| kind != "schema");
        for [kind, schema, name, owner] in all {
            let Some((called, form)) = giving(&kind) else {
                let why = format!("{schema}.{name} is of a kind that nobody here knows: {kind:?}");
                return Err(Trouble::lasting(Failure::new(why)));
            };
            let whole = if schema.is_empty() || name.contains('(') {
                name.clone()
            } else {
                format!("{schema}.{name}")
            };
            if is_ours(&owner, self.name()) || members.contains(&owner) {
                let gave = inside.carry_out(form, &[&schema, &name, role]).await;
                if let Err(trouble) = gave {
                    let holders = if trouble.is_lock() {
                        self.holders(&schema, &name).await?
                    } else {
                        String::new()
                    };
                    let says = format!("{called} {whole} cannot be given to {role}{holders}");
                    return Err(trouble.says(&says));
                }
                owned.given.push(format!("{called} {whole}, from {owner}"));
            } else {
                owned.others.push(format!("{called} {whole} of {owner}"));
            }
        }
        inside.run("COMMIT").await?;
        Ok(owned)
    }
}
