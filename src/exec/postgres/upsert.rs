//! `postgres.upsert {database, of, extensions, secret, rotate, alone}`: makes a database what it should
//! be, with a user whose name and password stand in the secret, where it names one. A user that is
//! let in stays, unless another is wanted. Others that were made here go where nothing else runs
//! (`alone`), because tasks that run have one of them. The database of another than `of` is left
//! alone. Its output is `{made, user}`.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use super::admin;
use crate::aws::{Cloud, Trouble};
use crate::domain::failure::Failure;
use crate::domain::masks::Secret;
use crate::domain::plan::{Cancel, Output};
use crate::exec::Job;
use crate::exec::again::{Again, before, begin, say};
use crate::exec::job::noted;
use crate::forms::postgres::{Database, Mark};
use crate::os::random;
use crate::postgres::{Admin, Key, Session, Wanted};

/// The note of the user that is made.
const USER: &str = "user";

/// Makes databases.
pub(super) struct Upsert;

#[derive(Deserialize)]
pub(super) struct Params {
    database: Database,
    #[serde(default)]
    extensions: Vec<String>,
    secret: Option<String>,
    of: String,
    #[serde(default)]
    rotate: bool,
    #[serde(default)]
    alone: bool,
}

impl Again for Upsert {
    type Params = Params;
    const KIND: &'static str = "postgres.upsert";
    const NEEDS: &'static [&'static str] = &["database", "of"];
    const CANCEL: Cancel = Cancel::None;

    async fn run(job: &Job, cloud: &Arc<Cloud>, params: Params) -> Result<Output, Failure> {
        let admin = admin(job, cloud, &params.database).await?;
        let home = admin.alone().await;
        let home = home.map_err(|trouble| before(job, trouble.failure()))?;
        let name = admin.name().as_str();
        let mark = admin.mark(&home).await;
        let mark = mark.map_err(|trouble| before(job, trouble.failure()))?;
        let mark = mark.unwrap_or_else(|| Mark {
            of: params.of.clone(),
            ..Mark::default()
        });
        if mark.of != params.of {
            return Err(before(job, params.database.of_another(&mark)));
        }
        begin(job, json!({ "database": name })).await?;
        let wanted = Wanted {
            extensions: params.extensions,
            iam: params.database.server.auth.is_iam(),
        };
        let done = admin.upsert(&home, &wanted).await?;
        for did in &done.did {
            say(job, name, did);
        }
        admin.remember(&home, mark).await?;
        let user = match &params.secret {
            None => name.to_owned(),
            Some(secret) => user(job, cloud, &admin, &home, secret, params.rotate).await?,
        };
        if params.alone && params.secret.is_some() {
            for said in admin.without(&home, &user).await? {
                say(job, name, &said);
            }
        }
        if done.did.is_empty() {
            say(
                job,
                name,
                &format!("{name} is as it should be, used by {user}"),
            );
        }
        Ok(Output::public(json!({ "made": done.made, "user": user })))
    }
}

/// The user whose name stands in the secret, made where there is none that may use the database, or
/// where another is wanted.
async fn user(
    job: &Job,
    cloud: &Cloud,
    admin: &Admin,
    home: &Session,
    secret: &str,
    rotate: bool,
) -> Result<String, Failure> {
    let held = cloud.secret(secret).await.map_err(Trouble::held_open)?;
    if let Some(held) = &held {
        job.port.covers(held);
    }
    let known = held.and_then(|held| Key::read(&held, secret).ok());
    let there = match known {
        Some(key) if admin.lets_in(home, &key).await? => Some(key.user),
        Some(_) | None => None,
    };
    let began: Option<String> = noted(job, USER)?;
    let name = match (&there, began) {
        // It stands in the secret, and this attempt put it there.
        (Some(user), Some(began)) if *user == began => return Ok(began),
        (Some(user), None) if !rotate => return Ok(user.clone()),
        (_, Some(began)) => began,
        (_, None) => admin.new_user(cloud.now()),
    };
    job.port.note(USER, json!(name)).await?;
    let key = admin.user(home, &name).await?;
    job.port.covers(&Secret::new(key.password.clone()));
    let value = serde_json::to_string(&key).map(Secret::new);
    let value = value.map_err(|why| Failure::new(why.to_string()))?;
    job.port.covers(&value);
    // The password is another one in every try: the same token would be refused.
    let token = random::id().to_string();
    let put = cloud.put_secret(secret, &value, &token).await;
    put.map_err(Trouble::held_open)?;
    say(
        job,
        admin.name().as_str(),
        &format!("made the user {name}, who stands in {secret} now"),
    );
    Ok(name)
}
