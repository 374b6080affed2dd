//! `route53.upsert {zone_id, name, dns_name, kinds}`: has a host lead to a distribution, and waits
//! until every server says so.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{followed, leads, spread};
use crate::aws::route53::{Edit, Record, alias, plain};
use crate::aws::{Cloud, Trouble, TroubleKind};
use crate::domain::failure::Failure;
use crate::domain::plan::{Cancel, Output};
use crate::exec::Job;
use crate::exec::again::{Again, before, begin, say};
use crate::exec::job::noted;
use crate::forms::cloudfront::{alias_zone, is_distribution};
use crate::text::safe::Safe;

/// Makes aliases.
pub(super) struct Upsert;

#[derive(Deserialize)]
pub(super) struct Params {
    zone_id: String,
    name: String,
    dns_name: String,
    #[serde(default = "a")]
    kinds: Vec<String>,
}

fn a() -> Vec<String> {
    vec!["A".to_owned()]
}

impl Again for Upsert {
    type Params = Params;
    const KIND: &'static str = "route53.upsert";
    const NEEDS: &'static [&'static str] = &["zone_id", "name", "dns_name"];
    const CANCEL: Cancel = Cancel::BestEffort;

    fn check(params: &Value) -> Result<(), String> {
        let kinds = params["kinds"].as_array().into_iter().flatten();
        match kinds
            .into_iter()
            .find(|kind| !["A", "AAAA"].contains(&kind.as_str().unwrap_or("")))
        {
            Some(other) => Err(format!(
                "kinds: {other} leads to no distribution: A and AAAA do"
            )),
            None => Ok(()),
        }
    }

    async fn run(job: &Job, cloud: &Arc<Cloud>, params: Params) -> Result<Output, Failure> {
        if let Some(sent) = noted::<Value>(job, "sent")? {
            let id = sent["id"].as_str().unwrap_or_default();
            followed(job, cloud, id).await?;
            return Ok(output(&params, true));
        }
        let edits = edits(job, cloud, &params)
            .await
            .map_err(|failure| before(job, failure))?;
        if edits.is_empty() {
            say(job, &params.name, "leads there already");
            return Ok(output(&params, false));
        }
        begin(job, json!({ "name": params.name, "to": params.dns_name })).await?;
        let change = cloud.change_records(&params.zone_id, &edits).await;
        let change = change.map_err(|trouble| refused(trouble, &params))?;
        spread(job, cloud, &params.name, change).await?;
        Ok(output(&params, true))
    }
}

fn output(params: &Params, changed: bool) -> Output {
    Output::public(json!({ "name": params.name, "kinds": params.kinds, "changed": changed }))
}

/// What is to be changed of the records that are there.
async fn edits(job: &Job, cloud: &Cloud, params: &Params) -> Result<Vec<Edit>, Failure> {
    let (zone, name) = (params.zone_id.as_str(), plain(&params.name));
    match cloud.zone(zone).await {
        Ok(Some(of)) if name == of || name.ends_with(&format!(".{of}")) => {}
        Ok(Some(of)) => {
            return Err(Failure::new(format!(
                "{name} does not belong to the hosted zone {of} ({zone})"
            ))
            .hint("name the hosted zone of that domain in the estate file, then deploy again"));
        }
        Ok(None) => {
            return Err(Failure::new(format!("there is no hosted zone {zone}"))
                .hint("name one of this account in the estate file, then deploy again"));
        }
        // A role may be allowed to change records and nothing else.
        Err(trouble) if trouble.kind == TroubleKind::Denied => {}
        Err(trouble) => return Err(trouble.held_open()),
    }
    let records = cloud
        .records(zone, &name)
        .await
        .map_err(Trouble::held_open)?;
    if let Some(cname) = records.iter().find(|record| record.kind == "CNAME") {
        return Err(taken(&name, cname));
    }
    let to = plain(&params.dns_name);
    let mut edits = Vec::new();
    for kind in &params.kinds {
        let there = records.iter().find(|record| record.kind == *kind);
        match there.map(|record| (record, record.alias.as_ref())) {
            Some((record, Some((_, leads_to)))) if !record.is_one_of_several && *leads_to == to => {
                continue;
            }
            Some((record, Some((_, other))))
                if !record.is_one_of_several && is_distribution(other) =>
            {
                let other = Safe::new(other);
                say(
                    job,
                    &name,
                    &format!("{kind} leads to {other}, and will lead to {to}"),
                );
            }
            Some((record, _)) => return Err(taken(&name, record)),
            None => {}
        }
        edits.push(Edit::Upsert(alias(
            &name,
            kind,
            alias_zone(&cloud.region),
            &to,
        )));
    }
    Ok(edits)
}

/// The host is somebody else's.
fn taken(name: &str, record: &Record) -> Failure {
    Failure::new(format!(
        "{name} is taken: there is {}, which leads to no distribution",
        Safe::new(&leads(record))
    ))
    .hint("delete that record if nobody needs it, or name another domain in the estate file, then deploy again")
}

fn refused(trouble: Trouble, params: &Params) -> Failure {
    let refused = trouble.kind == TroubleKind::Refused;
    let said = trouble.message.clone();
    let failure = trouble.held_open();
    if refused {
        Failure {
            summary: format!("{}: {said}", params.name),
            ..failure
        }
        .as_before()
    } else {
        failure
    }
}
