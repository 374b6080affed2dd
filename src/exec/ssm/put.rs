//! `ssm.put {name, from}`: gives a parameter the value that stands where the reference says. One that
//! is new is kept encrypted; one that is there stays of its type, which cannot be changed.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use crate::aws::{Cloud, Trouble};
use crate::domain::failure::{Failure, Retry};
use crate::domain::plan::{Cancel, Output};
use crate::domain::secret_ref::SecretRef;
use crate::exec::Job;
use crate::exec::again::{Again, before, begin, say};

/// The longest value of a parameter, in bytes.
const LONGEST: usize = 4_096;
/// The type of a parameter whose value is encrypted.
const ENCRYPTED: &str = "SecureString";

/// Puts a parameter.
pub(super) struct Put;

#[derive(Deserialize)]
pub(super) struct Params {
    name: String,
    from: SecretRef,
}

impl Again for Put {
    type Params = Params;
    const KIND: &'static str = "ssm.put";
    const NEEDS: &'static [&'static str] = &["name", "from"];
    const CANCEL: Cancel = Cancel::BestEffort;

    async fn run(job: &Job, cloud: &Arc<Cloud>, params: Params) -> Result<Output, Failure> {
        let Params { name, from } = params;
        // Nobody waits for it: a site would stand still for a path that was mistyped.
        let secret = job.port.secret(&from).await.map_err(|why| {
            let hint = "put the value there, then ask again; nothing was changed";
            let failure = Failure {
                retry: Retry::Never,
                ..why
            };
            before(job, failure.hint(hint))
        })?;
        let length = secret.reveal().len();
        if !(1..=LONGEST).contains(&length) {
            let says = format!(
                "{name} is not put: {from} has {length} bytes, and a parameter 1 to {LONGEST}"
            );
            let failure = Failure::new(says).hint("put another value there, then ask again");
            return Err(before(job, failure));
        }
        let kind = cloud.parameter_kind(&name).await;
        let kind = kind.map_err(|trouble| before(job, Trouble::held_open(trouble)))?;
        begin(job, json!({ "name": name })).await?;
        let kind = kind.as_deref().unwrap_or(ENCRYPTED);
        let put = cloud.put_parameter(&name, kind, secret.reveal()).await;
        let version = put.map_err(Trouble::held_open)?;
        say(
            job,
            &name,
            &format!("{name} has version {version} now ({kind})"),
        );
        Ok(Output::public(json!({ "version": version })))
    }
}
