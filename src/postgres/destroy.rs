//! Takes a database away: its sessions are ended, it is dropped with its users and its role. What is
//! gone already counts as taken away.

use super::admin::Admin;
use super::session::Session;
use super::trouble::Trouble;
use super::user::is_ours;
use crate::domain::failure::{Failure, Retry};
use crate::text::counted::counted;

/// What was taken away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Destroyed {
    /// Each thing, as a sentence for the log.
    pub did: Vec<String>,
}

impl Admin {
    /// Takes the database away: the one that has this number, which is the one that was seen; any
    /// where none was.
    ///
    /// # Errors
    /// Another database has its name now; or what the server says.
    pub async fn destroy(&self, home: &Session, seen: Option<u32>) -> Result<Destroyed, Trouble> {
        const THERE: &str = "SELECT oid, (SELECT count(*) FROM pg_stat_activity a WHERE a.datid = d.oid) FROM pg_database d WHERE datname = $1";
        const ROLE: &str = "SELECT 1 FROM pg_roles WHERE rolname = $1";
        let name = self.name().as_str();
        let mut done = Destroyed::default();
        if let Some(row) = home.row(THERE, &[&name]).await? {
            let (oid, sessions): (u32, i64) = (row.get(0), row.get(1));
            if seen.is_some_and(|seen| seen != oid) {
                let why =
                    format!("the database {name} is another one than was shown: it was made anew");
                return Err(Trouble::lasting(Failure::new(why).retry(Retry::Replan)));
            }
            home.carry_out("DROP DATABASE IF EXISTS %I WITH (FORCE)", &[name])
                .await?;
            if sessions > 0 {
                done.did
                    .push(format!("ended {}", counted(sessions, "session")));
            }
            done.did.push(format!("dropped the database {name}"));
        }
        for user in self.users(home).await? {
            if is_ours(&user, self.name()) {
                home.carry_out("DROP ROLE IF EXISTS %I", &[&user]).await?;
                done.did.push(format!("dropped the user {user}"));
            }
        }
        if home.has(ROLE, &[&name]).await? {
            home.carry_out("DROP ROLE IF EXISTS %I", &[name]).await?;
            done.did.push(format!("dropped the role {name}"));
        }
        Ok(done)
    }
}
