//! Opening the store: where, whose, which schema. Only the holder of the engine lock makes or
//! changes the schema.

use std::path::PathBuf;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Connection as _, SqlSafeStr as _};

use super::super::lease::Leases;
use super::super::{StoreError, record};
use super::Sqlite;
use super::doubt::{self, Doubt};
use super::mark::{Mark, Marker};
use super::rows::failed;
use super::write::Writer;
use crate::os::bell::Bell;
use crate::os::clock::{SharedClock, Uptime};
use crate::os::files::{self, FileError};
use crate::os::lock::Lock;
use crate::os::open;
use crate::os::owner;
use crate::os::paths::Home;
use crate::os::random;

/// The changes of the schema, oldest first, by number and name; what stands here never changes. The
/// macro that reads the folder would build the database a second time, for the compiler.
const MIGRATIONS: [(i64, &str, &str); 1] =
    [(1, "first", include_str!("migrations/0001_first.sql"))];

/// Why the store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Locks do not hold there.
    #[error(
        "{path} lies on a network file system ({kind}), where locks do not hold and two engines could run at once: name a local folder with --home DIR"
    )]
    Network {
        /// Which folder.
        path: PathBuf,
        /// Which kind.
        kind: &'static str,
    },
    /// Nobody has made it yet.
    #[error(
        "there is no store in {0} yet: the first engine makes it (`holdpoint engine`, or any verb with --here)"
    )]
    NotYet(PathBuf),
    /// Made by a newer program.
    #[error(
        "the store in {path} has schema {found}; this program ({version}) knows schemas up to {known}: use the newer holdpoint"
    )]
    Newer {
        /// Which folder.
        path: PathBuf,
        /// The schema found.
        found: i64,
        /// The newest schema known.
        known: i64,
        /// The program's version.
        version: &'static str,
    },
    /// Made by an older program, and not to be changed while its engine may run.
    #[error(
        "the store in {path} has schema {found}; this program ({version}) needs {known}: end the older engine, then the next engine of this version brings it up to date"
    )]
    Older {
        /// Which folder.
        path: PathBuf,
        /// The schema found.
        found: i64,
        /// The schema needed.
        known: i64,
        /// The program's version.
        version: &'static str,
    },
    /// The lock of another home, or a shared one.
    #[error("the store in {0} can be opened for writing only by who holds its engine lock alone")]
    NotLocked(PathBuf),
    /// Nothing may be written to it before a person says so.
    #[error(transparent)]
    Doubt(#[from] Doubt),
    /// A file or folder cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Sqlite {
    /// Opens it as the elected engine: makes it or brings its schema up to date, and ends every
    /// lease of an engine before. The lock elects; what may be written is decided by leases alone,
    /// taken by that clock. Nothing is changed where there is a doubt.
    pub async fn engine(home: &Home, lock: &Lock, clock: SharedClock) -> Result<Sqlite, OpenError> {
        Self::elected(home, lock, clock, false)
            .await
            .map(|(store, _)| store)
    }

    /// Accepts it as it is, for good; gives what was doubted. Refused while the store that it was
    /// copied from is still there.
    pub async fn accept(
        home: &Home,
        lock: &Lock,
        clock: SharedClock,
    ) -> Result<Vec<Doubt>, OpenError> {
        let (store, doubts) = Self::elected(home, lock, clock, true).await?;
        store.close().await;
        Ok(doubts)
    }

    async fn elected(
        home: &Home,
        lock: &Lock,
        clock: SharedClock,
        accepts: bool,
    ) -> Result<(Sqlite, Vec<Doubt>), OpenError> {
        if !lock.is_alone_on(&home.engine_lock()) {
            return Err(OpenError::NotLocked(home.folder().to_owned()));
        }
        usable(home)?;
        // Made here, because SQLite would make it readable for others; its side files take over the
        // mode.
        files::private_file(&home.database())?;
        let mut connection = writing(home).await?;
        let found = schema(&mut connection).await?;
        if found > known() {
            return Err(newer(home, found));
        }
        let marked = Mark::read(home)?;
        let doubts = if found == 0 {
            doubt::nothing_left(home, marked.as_ref())
                .into_iter()
                .collect()
        } else {
            doubt::doubts(&mut connection, home, marked.as_ref()).await?
        };
        let refused = |doubt: &&Doubt| !accepts || matches!(doubt, Doubt::Twin { .. });
        if let Some(doubt) = doubts.iter().find(refused) {
            return Err(doubt.clone().into());
        }
        migrator()
            .run(&mut connection)
            .await
            .map_err(|why| not_migrated(found, why))?;
        let id =
            hex::encode(random::bytes::<4>().map_err(FileError::io(&home.database(), "named"))?);
        let made =
            "INSERT INTO meta (key, value) VALUES ('id', ?), ('created', ?), ('leases', ?), ('snapshot_seq', '0'), ('snapshot_form', ''),
                    ('last_no', (SELECT coalesce(max(no), 0) FROM deployments))
                    ON CONFLICT (key) DO NOTHING";
        let leases = record::text(&Leases::default())?;
        let created = clock.now().0.to_string();
        // What was given once is not given again, also where the database has forgotten it.
        let last_no = marked.as_ref().map_or(0, |marked| marked.no).cast_signed();
        let gap = marked.and_then(|marked| marked.gap(clock.now(), Uptime::now().as_ref()));
        sqlx::query(made)
            .bind(id)
            .bind(created)
            .bind(leases)
            .execute(&mut connection)
            .await
            .map_err(failed)?;
        let here = "INSERT INTO meta (key, value) VALUES ('whereabouts', ?1) ON CONFLICT (key) DO UPDATE SET value = ?1 WHERE value <> ?1;
                    UPDATE meta SET value = ?2 WHERE key = 'last_no' AND CAST(value AS INTEGER) < ?2";
        sqlx::query(here)
            .bind(doubt::whereabouts(home)?)
            .bind(last_no)
            .execute(&mut connection)
            .await
            .map_err(failed)?;
        let end =
            "UPDATE meta SET value = json_set(value, '$.terms', json('[]')) WHERE key = 'leases'";
        sqlx::query(end)
            .execute(&mut connection)
            .await
            .map_err(failed)?;
        let (now, _) = doubt::found(&mut connection, None).await?;
        let mark = Mark { gap, ..now.mark };
        let keeps = Marker::begin(home, mark, clock.clone())?;
        let mut store = put_together(home, connection, clock, Some(keeps)).await?;
        store.gap = gap;
        Ok((store, doubts))
    }

    /// Opens it to read, to ask and to say what is on a screen; events are written by who holds a
    /// lease, and a client takes none.
    pub async fn client(home: &Home, clock: SharedClock) -> Result<Sqlite, OpenError> {
        usable(home)?;
        let path = home.database();
        let marked = Mark::read(home)?;
        let not_yet = || match doubt::nothing_left(home, marked.as_ref()) {
            Some(doubt) => OpenError::Doubt(doubt),
            None => OpenError::NotYet(home.folder().to_owned()),
        };
        // An empty file is one that an engine is about to fill.
        if std::fs::metadata(&path).map_or(0, |about| about.len()) == 0 {
            return Err(not_yet());
        }
        files::check(&path, 0o600)?;
        let mut connection = writing(home).await?;
        match schema(&mut connection).await? {
            0 => Err(not_yet()),
            found if found > known() => Err(newer(home, found)),
            found if found < known() => Err(OpenError::Older {
                path: home.folder().to_owned(),
                found,
                known: known(),
                version: env!("CARGO_PKG_VERSION"),
            }),
            _ => put_together(home, connection, clock, None).await,
        }
    }
}

fn not_migrated(found: i64, why: MigrateError) -> StoreError {
    let says = format!(
        "its schema cannot be brought from {found} to {}: {why}; nothing was changed",
        known()
    );
    match why {
        MigrateError::Execute(why) | MigrateError::ExecuteMigration(why, _) => {
            Some(failed(why)).filter(StoreError::passes)
        }
        _ => None,
    }
    .unwrap_or(StoreError::Corrupt(says))
}

async fn put_together(
    home: &Home,
    mut writing: SqliteConnection,
    clock: SharedClock,
    marker: Option<Marker>,
) -> Result<Sqlite, OpenError> {
    let id = sqlx::query_scalar("SELECT value FROM meta WHERE key = 'id'")
        .fetch_optional(&mut writing)
        .await
        .map_err(failed)?;
    let Some(id) = id else {
        return Err(OpenError::NotYet(home.folder().to_owned()));
    };
    let reading = SqliteConnectOptions::new()
        .filename(home.database())
        .read_only(true)
        .busy_timeout(PATIENCE)
        .disable_statement_logging();
    // No upkeep of the pool: it would wake a program at rest.
    let readers = SqlitePoolOptions::new()
        .max_connections(3)
        // A file was not deleted like a server does: asking whether it is still there would double
        // every read.
        .test_before_acquire(false)
        .acquire_timeout(PATIENCE)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(reading);
    Ok(Sqlite {
        id,
        client: marker.is_none(),
        gap: None,
        home: home.clone(),
        clock,
        // Whose the file is was checked when it was opened.
        owner: owner::owner(),
        readers,
        writer: Writer::start(writing, marker),
        inbox: Bell::at(&home.inbox_bell())?,
        log: Bell::at(&home.log_bell())?,
    })
}

/// How long one waits for another process.
const PATIENCE: Duration = Duration::from_secs(5);

async fn writing(home: &Home) -> Result<SqliteConnection, OpenError> {
    let options = SqliteConnectOptions::new()
        .filename(home.database())
        .create_if_missing(false)
        .busy_timeout(PATIENCE)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        // Where the system offers it, a commit reaches the platters and not only the disk's memory.
        .pragma("fullfsync", "1")
        .disable_statement_logging();
    Ok(SqliteConnection::connect_with(&options)
        .await
        .map_err(failed)?)
}

/// Whether the files of the database are where, and what, they must be.
fn usable(home: &Home) -> Result<(), OpenError> {
    if let Some(kind) = files::network_kind(home.folder()) {
        return Err(OpenError::Network {
            path: home.folder().to_owned(),
            kind,
        });
    }
    for beside in ["", "-wal", "-shm"] {
        let mut path = home.database().into_os_string();
        path.push(beside);
        let path = PathBuf::from(path);
        open::check(&path).map_err(FileError::io(&path, "opened"))?;
    }
    Ok(())
}

/// The schema of the file; 0 when there is none.
async fn schema(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    let any: Option<i64> =
        sqlx::query_scalar("SELECT 1 FROM sqlite_schema WHERE name = '_sqlx_migrations'")
            .fetch_optional(&mut *connection)
            .await
            .map_err(failed)?;
    if any.is_none() {
        return Ok(0);
    }
    let found: Option<i64> =
        sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations WHERE success")
            .fetch_one(connection)
            .await
            .map_err(failed)?;
    Ok(found.unwrap_or(0))
}

fn migrator() -> Migrator {
    let all = MIGRATIONS.into_iter();
    Migrator::with_migrations(
        all.map(|(version, name, sql)| {
            let sql = sql.into_sql_str();
            Migration::new(version, name.into(), MigrationType::Simple, sql, false)
        })
        .collect(),
    )
}

fn known() -> i64 {
    let all = MIGRATIONS.iter();
    all.map(|(version, ..)| *version).max().unwrap_or(0)
}

fn newer(home: &Home, found: i64) -> OpenError {
    OpenError::Newer {
        path: home.folder().to_owned(),
        found,
        known: known(),
        version: env!("CARGO_PKG_VERSION"),
    }
}
