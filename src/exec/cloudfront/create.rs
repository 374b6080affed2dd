//! `cloudfront.create {caller_reference, comment, alias, origin_bucket | origin_domain,
//! origin_path, oac, certificate_arn, price_class, elsewhere: index | not-found}`: makes the distribution of a site, or takes up
//! the one that was made under the same reference or serves the same site under its host.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::configuration::Params;
use super::{change, gone};
use crate::aws::cloudfront::{Distribution, Summary, Wanted};
use crate::aws::{Cloud, Trouble};
use crate::domain::failure::Failure;
use crate::domain::plan::{Cancel, Output};
use crate::exec::Job;
use crate::exec::again::{Again, before, begin, is_fresh, say};
use crate::exec::job::noted;

/// Makes distributions.
pub(super) struct Create;

/// The note as soon as it is known which one it is: whatever fails then, it is not lost.
#[derive(Serialize, Deserialize)]
struct Made {
    id: String,
    arn: String,
    domain_name: String,
}

impl Again for Create {
    type Params = Params;
    const KIND: &'static str = "cloudfront.create";
    const NEEDS: &'static [&'static str] = &["caller_reference", "oac"];
    const CANCEL: Cancel = Cancel::None;

    fn check(params: &Value) -> Result<(), String> {
        let is_there = |name: &str| params[name].is_string() || params[name].is_object();
        if is_there("origin_bucket") || is_there("origin_domain") {
            Ok(())
        } else {
            Err("missing: origin_bucket".to_owned())
        }
    }

    async fn run(job: &Job, cloud: &Arc<Cloud>, params: Params) -> Result<Output, Failure> {
        let made: Option<Made> = noted(job, "made")?;
        let made = match made {
            Some(made) => made,
            None => make(job, cloud, &params).await?,
        };
        // One that is taken up may have been disabled, to be deleted; and from now on it says whose
        // it is.
        let comment = params.comment();
        let ours = Wanted {
            enabled: true,
            comment: Some(&comment)
                .filter(|says| !says.is_empty())
                .map(String::as_str),
            names: None,
        };
        if change(cloud, &made.id, ours).await?.is_none() {
            return Err(gone(job, &made.id));
        }
        Ok(Output::public(json!(made)))
    }
}

async fn make(job: &Job, cloud: &Cloud, params: &Params) -> Result<Made, Failure> {
    let domain = params.origin_domain(&cloud.region)?;
    let there = there(job, cloud, params, &domain)
        .await
        .map_err(|failure| before(job, failure))?;
    let reference = params.caller_reference.as_str();
    begin(job, json!({ "caller_reference": reference })).await?;
    let (one, says) = match there {
        Some(one) => (one, "is there already, and is taken up"),
        None => match cloud
            .create_distribution(reference, &params.xml(&domain))
            .await
        {
            Ok(one) => (one, "made"),
            Err(trouble) if trouble.is("DistributionAlreadyExists") => {
                let one = by_reference(cloud, &cloud_all(cloud).await?, reference).await?;
                let one = one.ok_or_else(|| trouble.held_open())?;
                (one, "was made before, and is taken up")
            }
            Err(trouble) => return Err(refused(trouble, params)),
        },
    };
    let made = Made {
        id: one.id,
        arn: one.arn,
        domain_name: one.domain_name,
    };
    job.port.note("made", json!(made)).await?;
    let id = &made.id;
    say(
        job,
        reference,
        &format!("distribution {id} {says}: {}", made.domain_name),
    );
    Ok(made)
}

/// The distribution that is there for this site: by its host, and where an attempt was cut off, by
/// its reference.
async fn there(
    job: &Job,
    cloud: &Cloud,
    params: &Params,
    domain: &str,
) -> Result<Option<Distribution>, Failure> {
    if params.alias().is_none() && is_fresh(job) {
        // One that was made under this reference answers when it is made again.
        return Ok(None);
    }
    let all = cloud_all(cloud).await?;
    let Some(alias) = params.alias() else {
        return by_reference(cloud, &all, &params.caller_reference).await;
    };
    let same = |host: &String| host.eq_ignore_ascii_case(alias);
    let Some(summary) = all.iter().find(|one| one.aliases.iter().any(same)) else {
        return if is_fresh(job) {
            Ok(None)
        } else {
            by_reference(cloud, &all, &params.caller_reference).await
        };
    };
    let found = cloud.distribution(&summary.id).await;
    let Some(found) = found.map_err(Trouble::held_open)? else {
        return Ok(None);
    };
    let path = params.origin_path();
    let serves_it = found
        .origins
        .iter()
        .any(|origin| origin.domain == domain && origin.path == path);
    if serves_it || found.caller_reference == params.caller_reference {
        return Ok(Some(found));
    }
    let (id, other) = (&found.id, found.origins.first());
    let other = other.map_or_else(String::new, |one| format!("{}{}", one.domain, one.path));
    Err(Failure::new(format!(
        "{alias} leads to the distribution {id} already, which serves {other} and not {domain}{path}"
    ))
    .hint("take that host from it, or name another domain in the estate file, then deploy again"))
}

async fn cloud_all(cloud: &Cloud) -> Result<Vec<Summary>, Failure> {
    cloud.distributions().await.map_err(Trouble::held_open)
}

/// The one that was made under a reference, which no listing tells.
async fn by_reference(
    cloud: &Cloud,
    all: &[Summary],
    reference: &str,
) -> Result<Option<Distribution>, Failure> {
    for summary in all {
        let one = cloud.distribution(&summary.id).await;
        let one = one.map_err(Trouble::held_open)?;
        if let Some(one) = one.filter(|one| one.caller_reference == reference) {
            return Ok(Some(one));
        }
    }
    Ok(None)
}

/// What CloudFront does not take, with what to do about it.
fn refused(trouble: Trouble, params: &Params) -> Failure {
    let host = params.alias().unwrap_or_default();
    let (code, began) = (trouble.code.clone(), trouble.is_unsure());
    let failure = trouble.held_open();
    let hint = match code.as_str() {
        "CNAMEAlreadyExists" => format!(
            "{host} leads to a distribution of another account: take it from that one, or name another domain in the estate file, then deploy again"
        ),
        "InvalidViewerCertificate" => format!(
            "the certificate must be issued, cover {host}, and be in us-east-1, wherever the site is"
        ),
        "InvalidOriginAccessControl" | "NoSuchOriginAccessControl" => {
            "the origin access control is gone: deploy again, and it is made".to_owned()
        }
        _ => failure.hint.clone(),
    };
    let failure = failure.hint(hint);
    if began { failure } else { failure.as_before() }
}
