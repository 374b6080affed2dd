//! `route53.remove {zone_id, name, dns_name}`: takes away the aliases of a host that lead to a
//! distribution, exactly as they are there. What leads elsewhere stays, and is named; what is gone
//! already is well removed.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{followed, leads, spread};
use crate::aws::Cloud;
use crate::aws::route53::{Edit, Record, plain};
use crate::domain::failure::Failure;
use crate::domain::plan::{Cancel, Output};
use crate::exec::Job;
use crate::exec::again::{Again, before, begin, say};
use crate::exec::job::noted;

/// How often the records are read again that somebody else changed in between.
const TRIES: u32 = 3;

/// Removes aliases.
pub(super) struct Remove;

#[derive(Deserialize)]
pub(super) struct Params {
    zone_id: String,
    name: String,
    dns_name: String,
}

impl Again for Remove {
    type Params = Params;
    const KIND: &'static str = "route53.remove";
    const NEEDS: &'static [&'static str] = &["zone_id", "name", "dns_name"];
    const CANCEL: Cancel = Cancel::BestEffort;

    async fn run(job: &Job, cloud: &Arc<Cloud>, params: Params) -> Result<Output, Failure> {
        if let Some(sent) = noted::<Value>(job, "sent")? {
            let id = sent["id"].as_str().unwrap_or_default();
            followed(job, cloud, id).await?;
        }
        let (zone, name) = (params.zone_id.as_str(), params.name.as_str());
        let to = plain(&params.dns_name);
        let mut tries = 0;
        loop {
            let records = match cloud.records(zone, name).await {
                Ok(records) => records,
                Err(trouble) if trouble.is("NoSuchHostedZone") => Vec::new(),
                Err(trouble) => return Err(before(job, trouble.held_open())),
            };
            let addresses = records
                .into_iter()
                .filter(|record| ["A", "AAAA"].contains(&record.kind.as_str()));
            let (ours, others): (Vec<Record>, Vec<Record>) = addresses.partition(|record| {
                let leads_to = record.alias.as_ref().map(|(_, to)| to);
                leads_to == Some(&to) && !record.is_one_of_several
            });
            let left: Vec<String> = others.iter().map(leads).collect();
            for one in &left {
                say(
                    job,
                    name,
                    &format!("{one} is left: it does not lead to {to}"),
                );
            }
            let removed: Vec<&str> = ours.iter().map(|record| record.kind.as_str()).collect();
            let output = Output::public(json!({ "removed": removed, "left": left }));
            if ours.is_empty() {
                say(job, name, "no alias is there");
                return Ok(output);
            }
            begin(job, json!({ "name": name, "to": to })).await?;
            let edits: Vec<Edit> = ours
                .iter()
                .map(|one| Edit::Delete(one.xml.clone()))
                .collect();
            match cloud.change_records(zone, &edits).await {
                Ok(change) => {
                    spread(job, cloud, name, change).await?;
                    return Ok(output);
                }
                // It is another by now, or gone: it is looked at again.
                Err(trouble) if trouble.is("InvalidChangeBatch") && tries < TRIES => tries += 1,
                Err(trouble) => return Err(trouble.held_open()),
            }
        }
    }
}
