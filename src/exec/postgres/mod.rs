//! Hands for databases of applications on Postgres servers: one file a step kind. All of them are
//! picked up by running them again.

mod carried;
mod cleanup;
mod destroy;
mod migrate;
mod upsert;

use std::sync::Arc;

use super::again::{Hand, before, say};
use super::{Executor, Job};
use crate::aws::{Clients, Cloud};
use crate::domain::failure::Failure;
use crate::forms::postgres::Database;
use crate::postgres::{Admin, Called, Trouble};

/// All executors of Postgres.
#[must_use]
pub fn executors(clients: &Arc<Clients>) -> Vec<Arc<dyn Executor>> {
    vec![
        Hand::<upsert::Upsert>::executor(clients),
        Hand::<cleanup::Cleanup>::executor(clients),
        Hand::<destroy::Destroy>::executor(clients),
        Hand::<migrate::Migrate>::executor(clients),
    ]
}

/// Who makes databases on the server of one, for this job.
async fn admin(job: &Job, cloud: &Cloud, database: &Database) -> Result<Admin, Failure> {
    let called = Called::of(&format!("{} {} {}", job.stack, job.no, job.step));
    let admin = Admin::of(cloud, database, called).await;
    let admin = admin.map_err(|why| before(job, why))?;
    job.port.covers(admin.password());
    Ok(admin)
}

/// A session that holds a lock, which an earlier one of the same step may hold a while still: the
/// server ends what was cut.
async fn after_own<T, F>(job: &Job, open: impl Fn() -> F) -> Result<T, Trouble>
where
    F: Future<Output = Result<T, Trouble>>,
{
    loop {
        match open().await {
            Err(trouble) if trouble.is_own() && !job.port.is_cancelled() => {
                let why = trouble.failure().summary;
                say(job, "", &format!("{why}: it was cut, and ends by itself"));
            }
            other => return other,
        }
    }
}
