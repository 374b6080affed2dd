//! The one who makes databases on a server: let in by its secret, or by a token of IAM.

use super::session::{Called, Notices, Session};
use super::trouble::Trouble;
use super::user::{Key, Login};
use crate::aws::Cloud;
use crate::domain::failure::Failure;
use crate::domain::masks::Secret;
use crate::forms::postgres::{Auth, Database, Name};

/// Where it works when it works at no database of an application.
const ANY: &str = "postgres";

/// Who makes databases on the server of one.
#[derive(Debug, Clone)]
pub struct Admin {
    /// The database of an application.
    pub(super) of: Database,
    login: Login,
    /// The database of its own.
    home: String,
    called: Called,
}

impl Admin {
    /// Finds out who that is.
    ///
    /// # Errors
    /// AWS does not tell the secret, or it is in another form.
    pub async fn of(cloud: &Cloud, database: &Database, called: Called) -> Result<Self, Failure> {
        let server = &database.server;
        let (login, home) = match &server.auth {
            Auth::Secret(name) => {
                let held = cloud.secret(name).await.map_err(|trouble| {
                    if !trouble.is("ResourceNotFoundException") {
                        return Failure::from(trouble);
                    }
                    Failure::new(format!(
                        "there is no secret {name}, by which {server} lets in"
                    ))
                    .hint(
                        "make it, or name another one by auth of the server in the cluster's file",
                    )
                })?;
                let held = held.ok_or_else(|| {
                    Failure::new(format!(
                        "the secret {name} of the server {server} holds no value"
                    ))
                    .hint("put into it who makes databases there: dbuser, dbpass")
                })?;
                let key = Key::read(&held, name)?;
                (key.login(), key.database)
            }
            Auth::Iam { user, database } => {
                let token = cloud
                    .database_token(&server.host, server.port, user)
                    .await?;
                let login = Login {
                    user: user.clone(),
                    password: token,
                };
                (login, database.clone().unwrap_or_default())
            }
        };
        Ok(Self::known(database, login, home, called))
    }

    /// One that is known; where no database of its own is named, that of every server.
    #[must_use]
    pub fn known(database: &Database, login: Login, home: String, called: Called) -> Self {
        Self {
            of: database.clone(),
            login,
            home: if home.is_empty() {
                ANY.to_owned()
            } else {
                home
            },
            called,
        }
    }

    /// What lets it in: to be covered where it turns up.
    #[must_use]
    pub fn password(&self) -> &Secret {
        &self.login.password
    }

    /// The name of the application's database on the server.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.of.name
    }

    /// A session on the database of its own.
    ///
    /// # Errors
    /// The server cannot be reached, or does not let in.
    pub async fn home(&self) -> Result<Session, Trouble> {
        Session::open(&self.of.server, &self.login, &self.home, &self.called).await
    }

    /// A session on the application's database.
    ///
    /// # Errors
    /// As of [`Admin::home`]; or there is no such database.
    pub async fn inside(&self) -> Result<Session, Trouble> {
        let name = self.of.name.as_str();
        Session::open(&self.of.server, &self.login, name, &self.called).await
    }

    /// A session of somebody else on the application's database.
    pub(super) async fn inside_as(&self, login: &Login) -> Result<Session, Trouble> {
        let name = self.of.name.as_str();
        Session::open(&self.of.server, login, name, &self.called).await
    }

    /// The same, whose server is heard.
    pub(super) async fn heard_inside(&self, login: &Login) -> Result<(Session, Notices), Trouble> {
        let name = self.of.name.as_str();
        Session::heard(&self.of.server, login, name, &self.called).await
    }

    /// A session on the database of its own that holds the lock of the application's: as long as it
    /// lives, nobody else of us changes anything there.
    ///
    /// # Errors
    /// As of [`Admin::home`]; or somebody holds it.
    pub async fn alone(&self) -> Result<Session, Trouble> {
        let session = self.home().await?;
        session.lock(&self.of.name).await?;
        Ok(session)
    }
}
