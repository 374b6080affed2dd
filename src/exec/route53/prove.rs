//! `route53.prove {zone_id, records}`: makes the records by which names are proven to be ours, as
//! far as they are of this zone, and tells which are to be made elsewhere.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{followed, spread};
use crate::aws::route53::{Edit, cname, plain};
use crate::aws::{Cloud, Trouble};
use crate::domain::failure::Failure;
use crate::domain::plan::{Cancel, Output};
use crate::exec::Job;
use crate::exec::again::{Again, before, begin, say};
use crate::exec::job::noted;
use crate::forms::acm::Proof;

/// Proves names.
pub(super) struct Prove;

#[derive(Deserialize)]
pub(super) struct Params {
    zone_id: String,
    records: Vec<Proof>,
}

impl Again for Prove {
    type Params = Params;
    const KIND: &'static str = "route53.prove";
    const NEEDS: &'static [&'static str] = &["zone_id", "records"];
    const CANCEL: Cancel = Cancel::BestEffort;

    async fn run(job: &Job, cloud: &Arc<Cloud>, params: Params) -> Result<Output, Failure> {
        let zone = params.zone_id.as_str();
        let of = cloud.zone(zone).await;
        let of = of.map_err(|trouble| before(job, Trouble::held_open(trouble)))?;
        let of = of.ok_or_else(|| {
            let none = Failure::new(format!("there is no hosted zone {zone}"))
                .hint("name one of this account in the estate file, then deploy again");
            before(job, none)
        })?;
        let is_ours = |proof: &&Proof| plain(&proof.name).ends_with(&format!(".{of}"));
        let (ours, elsewhere): (Vec<&Proof>, Vec<&Proof>) =
            params.records.iter().partition(is_ours);
        for one in &elsewhere {
            say(job, &one.of, &one.words());
        }
        if let Some(sent) = noted::<Value>(job, "sent")? {
            followed(job, cloud, sent["id"].as_str().unwrap_or_default()).await?;
        }
        let mut edits = Vec::new();
        for one in &ours {
            if !is_there(job, cloud, zone, one).await? {
                edits.push(Edit::Upsert(cname(&one.name, &one.value)));
            }
        }
        if !edits.is_empty() {
            begin(job, json!({ "zone": zone })).await?;
            let change = cloud.change_records(zone, &edits).await;
            spread(job, cloud, &of, change.map_err(Trouble::held_open)?).await?;
        }
        let made: Vec<&str> = ours.iter().map(|one| one.of.as_str()).collect();
        Ok(Output::public(
            json!({ "made": made, "elsewhere": elsewhere }),
        ))
    }
}

/// Whether a record says so already.
async fn is_there(job: &Job, cloud: &Cloud, zone: &str, proof: &Proof) -> Result<bool, Failure> {
    let records = cloud.records(zone, &proof.name).await;
    let records = records.map_err(|trouble| before(job, Trouble::held_open(trouble)))?;
    let says = |value: &String| plain(value) == plain(&proof.value);
    let mut same = records.iter().filter(|one| one.kind == proof.kind);
    Ok(same.any(|one| one.values.iter().any(says)))
}
