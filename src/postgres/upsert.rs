//! Makes a database with the role that owns it, its extensions and its user, and puts right what of
//! it is otherwise. What is there stays.

use super::admin::Admin;
use super::session::Session;
use super::trouble::Trouble;
use super::user::{Key, called, is_ours, made, verifier};
use crate::domain::failure::Failure;
use crate::domain::time::Time;

/// The role of RDS whose members are let in by tokens.
const RDS_IAM: &str = "rds_iam";

/// What a database should have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Its extensions.
    pub extensions: Vec<String>,
    /// Applications are let in by tokens of IAM: the role is a user itself then.
    pub iam: bool,
}

/// What was done, as sentences for the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Upserted {
    /// The database was made.
    pub made: bool,
    /// Each thing that was made or put right.
    pub did: Vec<String>,
}

impl Admin {
    /// Makes the database what it should be.
    ///
    /// # Errors
    /// What the server says; what was done until then stays, and is found there by the next try.
    pub async fn upsert(&self, home: &Session, wanted: &Wanted) -> Result<Upserted, Trouble> {
        let mut done = Upserted::default();
        self.role(home, wanted, &mut done).await?;
        self.database(home, &mut done).await?;
        self.extensions(wanted, &mut done).await?;
        Ok(done)
    }

    async fn role(
        &self,
        home: &Session,
        wanted: &Wanted,
        done: &mut Upserted,
    ) -> Result<(), Trouble> {
        const ROLE: &str = "SELECT rolcanlogin FROM pg_roles WHERE rolname = $1";
        const MEMBER: &str =
            "SELECT 1 FROM pg_roles WHERE rolname = $1 AND pg_has_role(current_user, oid, 'USAGE')";
        let name = self.name().as_str();
        let make = if wanted.iam {
            "CREATE ROLE %I LOGIN"
        } else {
            "CREATE ROLE %I NOLOGIN"
        };
        match home.row(ROLE, &[&name]).await? {
            None => {
                home.carry_out(make, &[name]).await?;
                done.did.push(format!("made the role {name}"));
            }
            Some(row) if wanted.iam && !row.get::<_, bool>(0) => {
                home.carry_out("ALTER ROLE %I LOGIN", &[name]).await?;
                done.did.push(format!("let the role {name} log in"));
            }
            Some(_) => {}
        }
        if wanted.iam {
            const IN: &str = "SELECT 1 FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid \
                JOIN pg_roles u ON u.oid = m.member WHERE r.rolname = $1 AND u.rolname = $2";
            if !home.has(ROLE, &[&RDS_IAM]).await? {
                let why = Failure::new(format!(
                    "{} has no role {RDS_IAM}, though its cluster's file says that it lets in by IAM",
                    self.of.server
                ));
                return Err(Trouble::lasting(why.hint(
                    "enable IAM authentication for the server at RDS, or name a secret in the cluster's file",
                )));
            }
            if !home.has(IN, &[&RDS_IAM, &name]).await? {
                home.carry_out("GRANT %I TO %I", &[RDS_IAM, name]).await?;
                done.did.push(format!("granted {RDS_IAM} to {name}"));
            }
        }
        // Who is no superuser gives away only what it is a member of.
        if !home.has(MEMBER, &[&name]).await? {
            home.carry_out("GRANT %I TO CURRENT_USER", &[name]).await?;
        }
        Ok(())
    }

    async fn database(&self, home: &Session, done: &mut Upserted) -> Result<(), Trouble> {
        const DATABASE: &str = "SELECT r.rolname::text FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE d.datname = $1";
        let name = self.name().as_str();
        match home.row(DATABASE, &[&name]).await? {
            None => {
                home.carry_out("CREATE DATABASE %I OWNER %I", &[name, name])
                    .await?;
                done.made = true;
                done.did.push(format!("made the database {name}"));
            }
            Some(row) => {
                let owner: String = row.get(0);
                if owner != name {
                    home.carry_out("ALTER DATABASE %I OWNER TO %I", &[name, name])
                        .await?;
                    done.did.push(format!(
                        "gave the database {name} to its role, from {owner}"
                    ));
                }
            }
        }
        Ok(())
    }

    async fn extensions(&self, wanted: &Wanted, done: &mut Upserted) -> Result<(), Trouble> {
        const THERE: &str =
            "SELECT installed_version IS NOT NULL FROM pg_available_extensions WHERE name = $1";
        if wanted.extensions.is_empty() {
            return Ok(());
        }
        let inside = self.inside().await?;
        for extension in &wanted.extensions {
            match inside.row(THERE, &[extension]).await? {
                None => {
                    let why = Failure::new(format!(
                        "{} does not offer the extension {extension}",
                        self.of.server
                    ));
                    return Err(Trouble::lasting(why.hint(
                        "see what it offers: SELECT name FROM pg_available_extensions; then put db_extensions right, or install it",
                    )));
                }
                Some(row) if row.get::<_, bool>(0) => {}
                Some(_) => {
                    inside
                        .carry_out("CREATE EXTENSION IF NOT EXISTS %I", &[extension])
                        .await?;
                    done.did.push(format!("made the extension {extension}"));
                }
            }
        }
        Ok(())
    }

    /// Whether a user may use the database as its role.
    ///
    /// # Errors
    /// What the server says.
    pub async fn is_user(&self, home: &Session, user: &str) -> Result<bool, Trouble> {
        const MEMBER: &str = "SELECT 1 FROM pg_roles u JOIN pg_roles r ON r.rolname = $2 WHERE u.rolname = $1 AND u.rolcanlogin AND pg_has_role(u.oid, r.oid, 'USAGE')";
        home.has(MEMBER, &[&user, &self.name().as_str()]).await
    }

    /// Whether what a secret holds lets in somebody who may use the database.
    ///
    /// # Errors
    /// The server cannot be asked.
    pub async fn lets_in(&self, home: &Session, key: &Key) -> Result<bool, Trouble> {
        if !self.is_user(home, &key.user).await? {
            return Ok(false);
        }
        match self.inside_as(&key.login()).await {
            Ok(_) => Ok(true),
            Err(trouble) if trouble.is_refusal() => Ok(false),
            Err(trouble) => Err(trouble),
        }
    }

    /// The name that a user has who is made now.
    #[must_use]
    pub fn new_user(&self, now: Time) -> String {
        called(self.name(), now)
    }

    /// Makes a user of the database, or gives the one of that name another password; says what lets
    /// it in. It was tried.
    ///
    /// # Errors
    /// What the server says.
    pub async fn user(&self, home: &Session, user: &str) -> Result<Key, Failure> {
        const THERE: &str = "SELECT 1 FROM pg_roles WHERE rolname = $1";
        let name = self.name().as_str();
        let key = made(&self.of, user)?;
        let verifier = verifier(&key.password);
        let form = if home.has(THERE, &[&user]).await? {
            "ALTER ROLE %I LOGIN PASSWORD %L"
        } else {
            "CREATE ROLE %I LOGIN PASSWORD %L"
        };
        home.carry_out(form, &[user, &verifier]).await?;
        home.carry_out("GRANT %I TO %I", &[name, user]).await?;
        // What it makes can be given to the role only by one of its own.
        home.carry_out("GRANT %I TO CURRENT_USER", &[user]).await?;
        self.inside_as(&key.login()).await?;
        Ok(key)
    }

    /// Takes away users that were made here, but for one, and but for those who are connected: what
    /// they own goes to the role. One that cannot go is not let in any more. Says what became of
    /// each.
    ///
    /// # Errors
    /// What the server says of the list of users.
    pub async fn without(&self, home: &Session, but: &str) -> Result<Vec<String>, Trouble> {
        const CONNECTED: &str = "SELECT 1 FROM pg_stat_activity WHERE usename = $1";
        let mut said = Vec::new();
        let inside = self.inside().await?;
        for user in self.users(home).await? {
            if !is_ours(&user, self.name()) || user == but {
                continue;
            }
            if home.has(CONNECTED, &[&user]).await? {
                said.push(format!(
                    "the user {user} stays: somebody is connected as it"
                ));
                continue;
            }
            said.push(match self.drop_user(home, &inside, &user).await {
                Ok(()) => format!("took away the user {user}"),
                Err(trouble) => {
                    home.carry_out("ALTER ROLE %I NOLOGIN", &[&user]).await?;
                    let why = trouble.failure().summary;
                    format!("the user {user} is not let in any more, and stays: {why}")
                }
            });
        }
        Ok(said)
    }

    async fn drop_user(&self, home: &Session, inside: &Session, user: &str) -> Result<(), Trouble> {
        let role = self.name().as_str();
        inside
            .carry_out("REASSIGN OWNED BY %I TO %I", &[user, role])
            .await?;
        inside.carry_out("DROP OWNED BY %I", &[user]).await?;
        home.carry_out("DROP ROLE %I", &[user]).await
    }

    /// The members of the database's role, but for who makes databases.
    ///
    /// # Errors
    /// What the server says.
    pub async fn users(&self, home: &Session) -> Result<Vec<String>, Trouble> {
        const MEMBERS: &str = "SELECT u.rolname::text FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid \
            JOIN pg_roles u ON u.oid = m.member WHERE r.rolname = $1 AND u.rolname <> current_user ORDER BY 1";
        let rows = home.rows(MEMBERS, &[&self.name().as_str()]).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }
}
