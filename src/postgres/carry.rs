//! Carries out files of migrations in a database, as its role, and keeps a record of each there: in a
//! schema of its own, which nothing of the application clears, and in the database itself, because one
//! transaction holds a file and its record then. A database that is made anew has none.

use tokio_postgres::types::ToSql;

use super::admin::Admin;
use super::session::{Notices, Session};
use super::trouble::Trouble;
use super::user::Login;
use crate::forms::postgres::Applied;
use crate::forms::postgres::migrations::Carried;

/// A session that carries out files, alone: nobody else of us works at the database meanwhile, and
/// what was left behind by one that was cut is over.
pub struct Carrier {
    /// The session.
    pub session: Session,
    /// What the server says while anything is carried out.
    pub notices: Notices,
    /// The process of the server.
    pub pid: i32,
}

impl Admin {
    /// A session that carries out files as the role of the database, opened by one of its users.
    ///
    /// # Errors
    /// It is not let in; or another holds the lock of the database.
    pub async fn carrier(&self, login: &Login) -> Result<Carrier, Trouble> {
        // Who is cut must not go on: the server looks whether somebody is there, where it can.
        const LOOKS: &str = "SELECT set_config(name, '1000', false) FROM pg_settings WHERE name = 'client_connection_check_interval'";
        // The step has a limit of its own, and a role may have one that is meant for its application.
        const LIMITS: &str = "SELECT set_config('statement_timeout', '0', false), set_config('idle_in_transaction_session_timeout', '0', false)";
        const PID: &str = "SELECT pg_backend_pid()";
        let name = self.name().as_str();
        let (session, notices) = self.heard_inside(login).await?;
        // Where the system of the server cannot do that, it says so, and does without.
        let _ = session.rows(LOOKS, &[]).await;
        session.rows(LIMITS, &[]).await?;
        session.carry_out("SET ROLE %I", &[name]).await?;
        session.lock(self.name()).await?;
        let pid = session.row(PID, &[]).await?.map_or(0, |row| row.get(0));
        Ok(Carrier {
            session,
            notices,
            pid,
        })
    }

    /// Who keeps a process of the server waiting.
    ///
    /// # Errors
    /// What the server says.
    pub async fn blocking(&self, home: &Session, pid: i32) -> Result<Vec<String>, Trouble> {
        const WHO: &str = "SELECT a.pid, coalesce(a.usename::text, a.backend_type, ''), coalesce(a.application_name, ''), coalesce(a.state, ''), \
            coalesce(extract(epoch FROM clock_timestamp() - a.xact_start)::bigint, 0) \
            FROM pg_stat_activity a WHERE a.pid = ANY (pg_blocking_pids($1)) ORDER BY 1 LIMIT 5";
        let rows = home.rows(WHO, &[&pid]).await?;
        Ok(rows
            .iter()
            .map(|row| {
                let (pid, seconds): (i32, i64) = (row.get(0), row.get(4));
                let all: Vec<String> = [1, 2, 3].map(|n| row.get(n)).into();
                let told: Vec<&str> = all
                    .iter()
                    .map(String::as_str)
                    .filter(|text| !text.is_empty())
                    .collect();
                format!(
                    "process {pid} ({}; its transaction is {seconds} s old)",
                    told.join(", ")
                )
            })
            .collect())
    }

    /// Asks a process of the server to stop what it carries out.
    ///
    /// # Errors
    /// What the server says.
    pub async fn stop(&self, home: &Session, pid: i32) -> Result<(), Trouble> {
        home.rows("SELECT pg_cancel_backend($1)", &[&pid]).await?;
        Ok(())
    }
}

impl Session {
    /// What was carried out here of files, in the order in which it was.
    pub(super) async fn carried(&self) -> Result<Vec<Carried>, Trouble> {
        const THERE: &str = "SELECT 1 WHERE to_regclass('holdpoint.migrations') IS NOT NULL";
        const ALL: &str = "SELECT version, file, digest, deployment, to_char(began_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS \"UTC\"'), \
            done_at IS NOT NULL, statements, trouble FROM holdpoint.migrations ORDER BY began_at, version";
        if !self.has(THERE, &[]).await? {
            return Ok(Vec::new());
        }
        let rows = self.rows(ALL, &[]).await?;
        Ok(rows
            .iter()
            .map(|row| Carried {
                version: row.get(0),
                file: row.get(1),
                digest: row.get(2),
                by: row.get(3),
                began: row.get(4),
                done: row.get(5),
                statements: u32::try_from(row.get::<_, i32>(6)).unwrap_or(0),
                trouble: row.get(7),
            })
            .collect())
    }
}

impl Carrier {
    /// The records, in a table that is made where it is not there.
    ///
    /// # Errors
    /// What the server says.
    pub async fn records(&self) -> Result<Vec<Carried>, Trouble> {
        const THERE: &str = "SELECT 1 WHERE to_regclass('holdpoint.migrations') IS NOT NULL";
        const MADE: &str = "BEGIN; CREATE SCHEMA IF NOT EXISTS holdpoint; \
            CREATE TABLE holdpoint.migrations (version text PRIMARY KEY, file text NOT NULL, digest text NOT NULL, \
            deployment text NOT NULL, began_at timestamptz NOT NULL, done_at timestamptz, statements int NOT NULL, \
            trouble text NOT NULL DEFAULT ''); COMMIT";
        if !self.session.has(THERE, &[]).await? {
            self.session.run(MADE).await?;
        }
        self.session.carried().await
    }

    /// Carries out a statement, or begins or ends a transaction.
    ///
    /// # Errors
    /// What the server says.
    pub async fn run(&self, statement: &str) -> Result<(), Trouble> {
        self.session.run(statement).await
    }

    /// What tools of migrations recorded before files were carried out here.
    ///
    /// # Errors
    /// What the server says.
    pub async fn applied(&self) -> Result<Option<Applied>, Trouble> {
        self.session.applied().await
    }

    /// Writes the record of a file that has none: it began with the transaction that holds it.
    ///
    /// # Errors
    /// There is one; or what else the server says.
    pub async fn begin(&self, of: &Carried) -> Result<(), Trouble> {
        const WRITE: &str = "INSERT INTO holdpoint.migrations (version, file, digest, deployment, began_at, done_at, statements) \
            VALUES ($1, $2, $3, $4, now(), CASE WHEN $5 THEN clock_timestamp() END, $6)";
        let statements = i32::try_from(of.statements).unwrap_or(i32::MAX);
        let values: [&(dyn ToSql + Sync); 6] = [
            &of.version,
            &of.file,
            &of.digest,
            &of.by,
            &of.done,
            &statements,
        ];
        self.session.rows(WRITE, &values).await?;
        Ok(())
    }

    /// Writes how far a file has come that began and is not done.
    ///
    /// # Errors
    /// What the server says.
    pub async fn reach(&self, of: &Carried) -> Result<(), Trouble> {
        const WRITE: &str = "UPDATE holdpoint.migrations SET done_at = CASE WHEN $2 THEN clock_timestamp() END, \
            statements = $3, trouble = $4 WHERE version = $1 AND done_at IS NULL";
        let statements = i32::try_from(of.statements).unwrap_or(i32::MAX);
        let values: [&(dyn ToSql + Sync); 4] = [&of.version, &of.done, &statements, &of.trouble];
        self.session.rows(WRITE, &values).await?;
        Ok(())
    }

    /// The number of the transaction that is open; of the next one it is another.
    ///
    /// # Errors
    /// What the server says.
    pub async fn transaction(&self) -> Result<i64, Trouble> {
        let row = self.session.row("SELECT txid_current()", &[]).await?;
        Ok(row.map_or(0, |row| row.get(0)))
    }
}
