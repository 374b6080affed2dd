//! What is remembered of a database on its server, as the comment of its role: whose it is, and by
//! what it was migrated last. It is believed of the database of that number alone: one that was made
//! anew under the same name remembers nothing.

use serde::{Deserialize, Serialize};

use super::admin::Admin;
use super::session::Session;
use super::trouble::Trouble;
use crate::domain::failure::Failure;
use crate::forms::postgres::Mark;

/// What such a comment begins with.
const BEGIN: &str = "holdpoint ";

/// As it is written.
#[derive(Serialize, Deserialize)]
struct Written {
    oid: u32,
    #[serde(flatten)]
    mark: Mark,
}

impl Admin {
    /// The number of the database; none where it is not there.
    async fn number(&self, home: &Session) -> Result<Option<u32>, Trouble> {
        const NUMBER: &str = "SELECT oid FROM pg_database WHERE datname = $1";
        let row = home.row(NUMBER, &[&self.name().as_str()]).await?;
        Ok(row.map(|row| row.get(0)))
    }

    /// What is remembered of the database.
    ///
    /// # Errors
    /// What the server says.
    pub async fn mark(&self, home: &Session) -> Result<Option<Mark>, Trouble> {
        const COMMENT: &str =
            "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = $1";
        let row = home.row(COMMENT, &[&self.name().as_str()]).await?;
        let text: Option<String> = row.and_then(|row| row.get(0));
        let text = text.as_deref().and_then(|text| text.strip_prefix(BEGIN));
        let written: Option<Written> = text.and_then(|text| serde_json::from_str(text).ok());
        let number = self.number(home).await?;
        Ok(written
            .filter(|written| Some(written.oid) == number)
            .map(|written| written.mark))
    }

    /// Remembers it.
    ///
    /// # Errors
    /// What the server says; or there is no database.
    pub async fn remember(&self, home: &Session, mark: Mark) -> Result<(), Trouble> {
        let Some(oid) = self.number(home).await? else {
            let says = format!("the database {} is not there any more", self.name());
            return Err(Trouble::lasting(Failure::new(says)));
        };
        let written = serde_json::to_string(&Written { oid, mark }).unwrap_or_default();
        let text = format!("{BEGIN}{written}");
        home.carry_out("COMMENT ON ROLE %I IS %L", &[self.name().as_str(), &text])
            .await
    }
}
