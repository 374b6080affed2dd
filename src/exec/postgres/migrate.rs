//! `postgres.migrate {database, secret, bundle, folder}`: carries out the files of migrations in a folder
//! that were not carried out yet, in their order, as the role of the database. A file and its record
//! are one transaction; one that says that no transaction can hold it is recorded before it begins,
//! and never carried out a second time by itself. Its output is `{carried}`, how many files.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use super::carried::{Files, Work};
use super::{admin, after_own};
use crate::aws::Cloud;
use crate::domain::digest::Digest;
use crate::domain::failure::{Failure, Retry};
use crate::domain::masks::Secret;
use crate::domain::plan::{Cancel, Output};
use crate::exec::Job;
use crate::exec::again::{Again, before, begin, say};
use crate::forms::postgres::migrations::{self, Carried};
use crate::forms::postgres::{Database, DatabaseFacts, MIGRATE};
use crate::postgres::{Admin, Key, Login};

/// Carries out files.
pub(super) struct Migrate;

#[derive(Deserialize)]
pub(super) struct Params {
    database: Database,
    secret: Option<String>,
    bundle: Digest,
    folder: String,
}

impl Again for Migrate {
    type Params = Params;
    const KIND: &'static str = MIGRATE;
    const NEEDS: &'static [&'static str] = &["database", "bundle", "folder"];
    const CANCEL: Cancel = Cancel::BestEffort;

    async fn run(job: &Job, cloud: &Arc<Cloud>, params: Params) -> Result<Output, Failure> {
        let admin = admin(job, cloud, &params.database).await?;
        let login = login(cloud, &admin, &params).await;
        let login = login.map_err(|why| before(job, why))?;
        job.port.covers(&login.password);
        let bundle = job.port.bundle(params.bundle).await?;
        let files = read(&params, &bundle).map_err(|why| before(job, why))?;
        let home = after_own(job, || admin.alone()).await;
        let home = home.map_err(|trouble| before(job, trouble.failure()))?;
        let carrier = after_own(job, || admin.carrier(&login)).await;
        let carrier = carrier.map_err(|trouble| before(job, trouble.failure()))?;
        begin(job, json!({ "database": admin.name() })).await?;
        let there = DatabaseFacts {
            carried: carrier.records().await?,
            applied: carrier.applied().await?,
            ..DatabaseFacts::default()
        };
        drop(carrier);
        let name = admin.name().as_str();
        check(&admin, &files, &there)?;
        let pending = || files.all.iter().filter(|one| !there.has(one));
        let recorded = files.all.len() - pending().count();
        if recorded > 0 {
            say(
                job,
                name,
                &format!(
                    "{recorded} of its {} files were carried out before",
                    files.all.len()
                ),
            );
        }
        let mut count = 0_usize;
        for one in pending() {
            let carrier = after_own(job, || admin.carrier(&login)).await?;
            let work = Work {
                job,
                cloud,
                admin: &admin,
                home: &home,
                path: migrations::path(&params.folder, &one.file),
                text: files.text(&params.folder, one)?,
                migration: one,
            };
            work.carry_out(carrier).await?;
            count += 1;
        }
        if count == 0 {
            say(job, name, "nothing is left to carry out");
        }
        Ok(Output::public(json!({ "carried": count })))
    }
}

/// Who carries out files: a user of the database, and nobody who could reach another one there.
async fn login(cloud: &Cloud, admin: &Admin, params: &Params) -> Result<Login, Failure> {
    let (name, server) = (admin.name().as_str(), &params.database.server);
    let Some(secret) = &params.secret else {
        let password = cloud
            .database_token(&server.host, server.port, name)
            .await?;
        return Ok(Login {
            user: name.to_owned(),
            password,
        });
    };
    let held: Option<Secret> = cloud.secret(secret).await.map_err(Failure::from)?;
    let held = held.ok_or_else(|| {
        Failure::new(format!("the secret {secret} of {name} holds no value"))
            .hint("deploy again: who uses the database is made anew then")
    })?;
    Ok(Key::read(&held, secret)?.login())
}

fn read(params: &Params, bundle: &crate::domain::request::SourceBundle) -> Result<Files, Failure> {
    let all = migrations::read_here(&params.folder, bundle).map_err(|wrong| {
        Failure::new(format!(
            "the files of {} cannot be carried out",
            params.folder
        ))
        .detail(wrong.to_string())
        .hint("mend them, then deploy again")
    })?;
    Ok(Files {
        all,
        bundle: bundle.clone(),
    })
}

/// What was refused where it was asked for is refused here too: it may have come about meanwhile.
fn check(admin: &Admin, files: &Files, there: &DatabaseFacts) -> Result<(), Failure> {
    let half_way = |done: &&Carried| !done.done;
    if let Some(done) = there.carried.iter().find(half_way) {
        return Err(done.half_way(admin.name()).retry(Retry::Never));
    }
    for done in &there.carried {
        let file = files.all.iter().find(|file| file.version == done.version);
        if let Some((file, digest)) = file.and_then(|file| Some((file, file.digest?)))
            && digest.to_string() != done.digest
        {
            return Err(done.changed(admin.name(), &file.file, &digest));
        }
    }
    Ok(())
}
