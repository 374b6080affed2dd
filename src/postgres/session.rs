//! A session on a server: who we are there, and what is carried out on it.

use std::future::poll_fn;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio_postgres::config::SslMode;
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Client, Config, Connection, NoTls, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::trouble::{Trouble, notice};
use super::user::Login;
use crate::forms::postgres::{Name, Server};

/// How long is waited for a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// How long is waited for a lock that somebody else holds: whoever comes behind us waits as long.
const LOCK: &str = "10s";
/// After so long without a word from the other side it is asked whether it is there.
const IDLE: Duration = Duration::from_secs(30);

/// What a session is called, for those who look at the server: who it works for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Called(String);

impl Called {
    /// A session of Holdpoint for this; a server keeps 63 bytes of it.
    #[must_use]
    pub fn of(what: &str) -> Self {
        let plain = |c: char| {
            if c.is_ascii_graphic() || c == ' ' {
                c
            } else {
                '?'
            }
        };
        let mut text: String = format!("holdpoint {what}").chars().map(plain).collect();
        text.truncate(63);
        Self(text)
    }
}

/// A session.
pub struct Session {
    client: Client,
    called: Called,
}

/// What a server says beside its answers, as lines.
pub type Notices = mpsc::Receiver<String>;

/// So many of them wait for who reads them; the server waits then.
const NOTICES: usize = 64;

impl Session {
    /// Opens one.
    ///
    /// # Errors
    /// The server cannot be reached, or does not let in.
    pub async fn open(
        server: &Server,
        login: &Login,
        database: &str,
        called: &Called,
    ) -> Result<Self, Trouble> {
        Self::connected(server, login, database, called, None).await
    }

    /// Opens one whose server is heard. Who has it reads what it says while anything is carried out.
    ///
    /// # Errors
    /// As of [`Session::open`].
    pub(super) async fn heard(
        server: &Server,
        login: &Login,
        database: &str,
        called: &Called,
    ) -> Result<(Self, Notices), Trouble> {
        let (says, notices) = mpsc::channel(NOTICES);
        let session = Self::connected(server, login, database, called, Some(says)).await?;
        Ok((session, notices))
    }

    async fn connected(
        server: &Server,
        login: &Login,
        database: &str,
        called: &Called,
        says: Option<mpsc::Sender<String>>,
    ) -> Result<Self, Trouble> {
        let mut config = Config::new();
        config
            .host(&server.host)
            .port(server.port)
            .dbname(database)
            .user(&login.user)
            .password(login.password.reveal())
            .application_name(&called.0)
            .options(format!("-c lock_timeout={LOCK}"))
            .connect_timeout(CONNECT)
            .keepalives_idle(IDLE);
        let met = |error| Trouble::of(server, &login.user, database, &error);
        let client = if is_loopback(&server.host) {
            config.ssl_mode(SslMode::Disable);
            let (client, connection) = config.connect(NoTls).await.map_err(met)?;
            tokio::spawn(served(connection, says));
            client
        } else {
            config.ssl_mode(SslMode::Require);
            let (client, connection) = config.connect(tls(server)?).await.map_err(met)?;
            tokio::spawn(served(connection, says));
            client
        };
        Ok(Self {
            client,
            called: called.clone(),
        })
    }

    /// Rows of a statement with values.
    ///
    /// # Errors
    /// What the server says.
    pub(super) async fn rows(
        &self,
        statement: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Trouble> {
        Ok(self.client.query(statement, values).await?)
    }

    /// The row that there may be.
    ///
    /// # Errors
    /// What the server says.
    pub(super) async fn row(
        &self,
        statement: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Row>, Trouble> {
        Ok(self.client.query_opt(statement, values).await?)
    }

    /// Whether a statement gives a row.
    ///
    /// # Errors
    /// What the server says.
    pub(super) async fn has(
        &self,
        statement: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<bool, Trouble> {
        Ok(self.row(statement, values).await?.is_some())
    }

    /// Carries out a statement that takes names, which no parameter can stand for: the server
    /// itself puts it together, with `%I` for a name and `%L` for a text, and so quotes them.
    ///
    /// # Errors
    /// What the server says.
    pub(super) async fn carry_out(&self, form: &str, names: &[&str]) -> Result<(), Trouble> {
        let made = self
            .client
            .query_one("SELECT format($1, VARIADIC $2::text[])", &[&form, &names])
            .await?;
        let statement: String = made.try_get(0)?;
        Ok(self.client.batch_execute(&statement).await?)
    }

    /// Carries out a text of statements as it is: a file of somebody's.
    ///
    /// # Errors
    /// What the server says.
    pub async fn run(&self, text: &str) -> Result<(), Trouble> {
        Ok(self.client.batch_execute(text).await?)
    }

    /// Takes the lock of a database, so that nobody else of us works at it; it is held as long as
    /// this session. Sessions of one lock are on one database of the server.
    ///
    /// # Errors
    /// Somebody holds it: who.
    pub(super) async fn lock(&self, database: &Name) -> Result<(), Trouble> {
        const TAKE: &str = "SELECT pg_advisory_lock(hashtextextended($1, 0))";
        const HOLDS: &str = "SELECT a.pid, a.application_name, a.usename::text FROM pg_locks l \
            JOIN pg_stat_activity a ON a.pid = l.pid JOIN pg_database d ON d.oid = l.database \
            WHERE l.locktype = 'advisory' AND l.granted AND d.datname = current_database() \
            AND ((l.classid::bigint << 32) | l.objid::bigint) = hashtextextended($1, 0)";
        let key = format!("holdpoint/{database}");
        let Err(trouble) = self.rows(TAKE, &[&key]).await else {
            return Ok(());
        };
        if !trouble.is_lock() {
            return Err(trouble);
        }
        let holder = self.row(HOLDS, &[&key]).await?;
        let own = |row: &Row| row.get::<_, String>(1) == self.called.0;
        let is_own = holder.as_ref().is_some_and(own);
        let who = holder.map(|row| {
            let (pid, called, user): (i32, String, String) = (row.get(0), row.get(1), row.get(2));
            format!("{called} (process {pid}, as {user})")
        });
        let who = who.unwrap_or_else(|| "somebody who has gone meanwhile".to_owned());
        let says = format!("{database} is worked at by {who}, and not free after {LOCK}");
        Err(trouble.says(&says).of_own(is_own))
    }
}

/// Serves a session to its end, and hands on what its server says.
async fn served<S, T>(mut connection: Connection<S, T>, says: Option<mpsc::Sender<String>>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
        if let (AsyncMessage::Notice(told), Some(says)) = (message, &says) {
            // Nobody reads it any more where this fails.
            let _ = says.send(notice(&told)).await;
        }
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// TLS, by the certificates that are trusted with this server.
fn tls(server: &Server) -> Result<MakeRustlsConnect, Trouble> {
    let mut roots = RootCertStore::empty();
    if let Some(pem) = &server.ca {
        for one in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let added = one.ok().map(|one| roots.add(one).is_ok());
            if added != Some(true) {
                return Err(Trouble::no_certificates(server));
            }
        }
    } else {
        let known = rustls_native_certs::load_native_certs().certs;
        roots.add_parsable_certificates(known);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| Trouble::no_certificates(server))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
