//! What the errors of a server mean: what to do about them, and whether trying again can help.

use std::error::Error as _;

use tokio_postgres::error::{DbError, ErrorPosition, SqlState};

use crate::domain::failure::{Failure, Retry};
use crate::forms::postgres::Server;
use crate::text::safe::Safe;

/// Why something on a server did not succeed.
#[derive(Debug, Clone)]
pub struct Trouble {
    code: Option<SqlState>,
    /// The character of the statement at which the server met it, from 1.
    position: Option<u32>,
    /// A lock is held by an earlier session that worked for the same.
    is_own: bool,
    failure: Box<Failure>,
}

impl Trouble {
    /// What it means that a session is not opened.
    pub(super) fn of(
        server: &Server,
        user: &str,
        database: &str,
        error: &tokio_postgres::Error,
    ) -> Self {
        let Some(told) = error.as_db_error() else {
            let why = words(error);
            let (says, hint) = if why.contains("certificate") {
                (
                    format!("{server}: its certificate is not trusted ({why})"),
                    "name the certificates that sign it by database_ca; those of RDS are at https://truststore.pki.rds.amazonaws.com/REGION/REGION-bundle.pem".to_owned(),
                )
            } else {
                (
                    format!("{server} does not answer: {why}"),
                    format!(
                        "see from here whether it is reached: nc -vz {} {}",
                        server.host, server.port
                    ),
                )
            };
            return Self::lasting(Failure::new(says).hint(hint).retry(Retry::Contact));
        };
        let says = format!("{server}: {}", plain(told));
        let failure = match told.code() {
            &SqlState::INVALID_PASSWORD | &SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
                Failure::new(says).hint(format!("{user} is not let in to {database}: put the right password into the secret of the server, or grant rds_iam to {user} where tokens are used")).retry(Retry::Contact)
            }
            &SqlState::INVALID_CATALOG_NAME => Failure::new(says)
                .hint(format!("there is no database {database} on {server}")),
            &SqlState::TOO_MANY_CONNECTIONS => Failure::new(says)
                .hint("it has as many sessions as it takes: end some of them")
                .retry(Retry::Contact),
            &SqlState::CANNOT_CONNECT_NOW
            | &SqlState::ADMIN_SHUTDOWN
            | &SqlState::CRASH_SHUTDOWN => Failure::new(says)
                .hint("it starts, ends or recovers: wait until it is back")
                .retry(Retry::Contact),
            _ => Failure::new(says),
        };
        Self {
            code: Some(told.code().clone()),
            position: None,
            is_own: false,
            failure: Box::new(failure),
        }
    }

    /// The certificates that are named are none.
    pub(super) fn no_certificates(server: &Server) -> Self {
        let says = format!("{server}: what database_ca names holds no certificates");
        Self::lasting(Failure::new(says).hint("give it certificates as PEM, then deploy again"))
    }

    /// One that a server did not say.
    pub(super) fn lasting(failure: Failure) -> Self {
        Self {
            code: None,
            position: None,
            is_own: false,
            failure: Box::new(failure),
        }
    }

    /// True where somebody held a lock for longer than is waited.
    #[must_use]
    pub fn is_lock(&self) -> bool {
        self.is(&SqlState::LOCK_NOT_AVAILABLE)
    }

    /// True where a session of ours that worked for the same holds a lock still.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.is_own
    }

    /// Says whose the lock is.
    pub(super) fn of_own(mut self, is_own: bool) -> Self {
        self.is_own = is_own;
        self
    }

    /// True where the server stopped a statement because somebody asked for it.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.is(&SqlState::QUERY_CANCELED)
    }

    /// The character of the statement at which the server met it, from 1; none where it names none.
    #[must_use]
    pub fn position(&self) -> Option<u32> {
        self.position
    }

    /// True where somebody is not let in with what they gave.
    pub(super) fn is_refusal(&self) -> bool {
        self.is(&SqlState::INVALID_PASSWORD)
            || self.is(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
    }

    /// True for this code.
    fn is(&self, code: &SqlState) -> bool {
        self.code.as_ref() == Some(code)
    }

    /// The same in other words; what the server said becomes the detail.
    #[must_use]
    pub fn says(mut self, summary: &str) -> Self {
        let said = std::mem::replace(&mut self.failure.summary, summary.to_owned());
        if self.failure.detail.is_empty() {
            self.failure.detail = said;
        } else {
            self.failure.detail = format!("{said}\n{}", self.failure.detail);
        }
        self
    }

    /// With what to do next.
    #[must_use]
    pub fn hint(mut self, hint: &str) -> Self {
        hint.clone_into(&mut self.failure.hint);
        self
    }

    /// As why a step or a look failed.
    #[must_use]
    pub fn failure(self) -> Failure {
        *self.failure
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Failure {
        trouble.failure()
    }
}

impl From<tokio_postgres::Error> for Trouble {
    /// What it means that a statement did not succeed.
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(told) = error.as_db_error() else {
            let says = format!("the session on the server was cut: {}", words(&error));
            return Self::lasting(Failure::new(says).retry(Retry::Contact));
        };
        let detail: Vec<String> = [
            told.detail().map(str::to_owned),
            told.hint().map(|hint| format!("HINT: {hint}")),
            told.where_().map(|at| format!("CONTEXT: {at}")),
        ]
        .into_iter()
        .flatten()
        .map(|text| Safe::told(&text).into_string())
        .collect();
        let failure = Failure::new(plain(told)).detail(detail.join("\n"));
        let (hint, retry) = meaning(told.code());
        let position = match told.position() {
            Some(ErrorPosition::Original(at)) => Some(*at),
            // That is a place in the body of a function.
            Some(ErrorPosition::Internal { .. }) | None => None,
        };
        Self {
            code: Some(told.code().clone()),
            position,
            is_own: false,
            failure: Box::new(failure.hint(hint).retry(retry)),
        }
    }
}

/// What to do about an error, and whether trying again can help.
fn meaning(code: &SqlState) -> (&'static str, Retry) {
    match code {
        &SqlState::LOCK_NOT_AVAILABLE => (
            "see who holds it: SELECT pid, application_name, xact_start, query FROM pg_stat_activity WHERE xact_start IS NOT NULL ORDER BY xact_start; then try again",
            Retry::Never,
        ),
        &SqlState::T_R_DEADLOCK_DETECTED | &SqlState::T_R_SERIALIZATION_FAILURE => {
            ("others worked at the same rows: try again", Retry::Never)
        }
        &SqlState::INSUFFICIENT_PRIVILEGE => (
            "the user of the server's secret may not do that: grant it to that user (on RDS: the master user)",
            Retry::Never,
        ),
        &SqlState::READ_ONLY_SQL_TRANSACTION => (
            "the endpoint is that of a replica, which takes no changes: name the writer's in the cluster's file",
            Retry::Never,
        ),
        &SqlState::DISK_FULL => ("the server has no room left: give it more", Retry::Never),
        &SqlState::ADMIN_SHUTDOWN | &SqlState::CRASH_SHUTDOWN => (
            "the server ended this session: it goes on once the server is back",
            Retry::Contact,
        ),
        _ => ("", Retry::Never),
    }
}

/// An error in one line: `ERROR 42P01: relation "x" does not exist`.
fn plain(told: &DbError) -> String {
    let message = Safe::told(told.message()).into_string();
    format!("{} {}: {message}", told.severity(), told.code().code())
}

/// What a server says beside its answers, in one line.
pub(super) fn notice(told: &DbError) -> String {
    let message = Safe::told(told.message()).into_string();
    format!("{}: {message}", told.severity())
}

/// An error that is not the server's, with what is below it.
fn words(error: &tokio_postgres::Error) -> String {
    let mut all = vec![error.to_string()];
    let mut below = error.source();
    while let Some(one) = below {
        let text = one.to_string();
        if !all.iter().any(|said| said.contains(&text)) {
            all.push(text);
        }
        below = one.source();
    }
    Safe::told(&all.join(": ")).into_string()
}
