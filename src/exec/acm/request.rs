//! `acm.request {names, owner}`: asks for a certificate for these names, or takes up the one that
//! was asked for, and tells the records by which its names are proven.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{ISSUED, PENDING, asked_for, gone, proofs, refused};
use crate::aws::{Cloud, Trouble};
use crate::domain::failure::Failure;
use crate::domain::plan::{Cancel, Output};
use crate::exec::Job;
use crate::exec::again::{Again, before, begin, say};
use crate::exec::job::noted;
use crate::exec::wait::until;

/// Asks for certificates.
pub(super) struct Request;

#[derive(Deserialize)]
pub(super) struct Params {
    /// The names, of which the first is its own.
    names: Vec<String>,
    owner: String,
}

impl Again for Request {
    type Params = Params;
    const KIND: &'static str = "acm.request";
    const NEEDS: &'static [&'static str] = &["names", "owner"];
    const CANCEL: Cancel = Cancel::BestEffort;

    fn check(params: &Value) -> Result<(), String> {
        match params["names"].as_array() {
            Some(names) if names.iter().all(Value::is_string) && !names.is_empty() => Ok(()),
            Some(_) | None => Err("names: there must be one at least".to_owned()),
        }
    }

    async fn run(job: &Job, cloud: &Arc<Cloud>, params: Params) -> Result<Output, Failure> {
        let first = params.names.first().cloned().unwrap_or_default();
        let made: Option<String> = noted(job, "made")?;
        let arn = match made {
            Some(arn) => arn,
            None => ask(job, cloud, &first, &params).await?,
        };
        let leaves = "the certificate is asked for, and waits for its names to be proven";
        let one = until(job, cloud, leaves, || async {
            let one = cloud.certificate(&arn).await?;
            Ok(match one {
                Some(one) if one.status == PENDING && proofs(&one).is_none() => None,
                other => Some(other),
            })
        });
        let one = one.await?.ok_or_else(|| gone(job, &arn))?;
        if one.status != PENDING && one.status != ISSUED {
            return Err(refused(&one));
        }
        let records = proofs(&one).unwrap_or_default();
        Ok(Output::public(
            json!({ "arn": one.arn, "records": records }),
        ))
    }
}

/// The ARN of the certificate, which is asked for where that was not done before.
async fn ask(job: &Job, cloud: &Cloud, first: &str, params: &Params) -> Result<String, Failure> {
    let there = asked_for(cloud, first, &params.owner).await;
    let there = there.map_err(|trouble| before(job, trouble.held_open()))?;
    let is_for_them = |names: &[String]| {
        let has =
            |all: &[String], one: &String| all.iter().any(|each| each.eq_ignore_ascii_case(one));
        names.iter().all(|one| has(&params.names, one))
            && params.names.iter().all(|one| has(names, one))
    };
    let mut there: Vec<_> = there
        .into_iter()
        .filter(|one| is_for_them(&one.names))
        .collect();
    // One that is issued first.
    there.sort_by_key(|one| one.status != ISSUED);
    begin(job, json!({ "names": params.names })).await?;
    let (arn, says) = if let Some(one) = there.into_iter().next() {
        (one.arn, "was asked for before, and is taken up")
    } else {
        let token = job.deployment.0.simple().to_string();
        let asked = cloud
            .request_certificate(&params.names, &params.owner, &token)
            .await;
        (asked.map_err(Trouble::held_open)?, "asked for")
    };
    job.port.note("made", json!(arn)).await?;
    say(job, first, &format!("certificate {arn} {says}"));
    Ok(arn)
}
