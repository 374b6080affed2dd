//! `acm.issued {arn}`: waits until the names of a certificate are proven, and tells of each that is
//! not by which record it will be.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use serde::Deserialize;
use serde_json::json;

use super::{ISSUED, PENDING, gone, proof, refused};
use crate::aws::Cloud;
use crate::aws::acm::Certificate;
use crate::domain::failure::Failure;
use crate::domain::plan::{Cancel, Output};
use crate::exec::Job;
use crate::exec::again::{Again, say};
use crate::exec::wait::until;
use crate::os::mutex::locked;

/// Waits for certificates.
pub(super) struct Issued;

#[derive(Deserialize)]
pub(super) struct Params {
    arn: String,
}

impl Again for Issued {
    type Params = Params;
    const KIND: &'static str = "acm.issued";
    const NEEDS: &'static [&'static str] = &["arn"];
    const CANCEL: Cancel = Cancel::Full;

    async fn run(job: &Job, cloud: &Arc<Cloud>, params: Params) -> Result<Output, Failure> {
        let arn = params.arn.as_str();
        let said = Mutex::new(BTreeSet::new());
        let leaves = "the certificate still waits: once its names are proven, deploy again";
        let one = until(job, cloud, leaves, || async {
            let one = cloud.certificate(arn).await?;
            Ok(match one {
                Some(one) if one.status == PENDING => {
                    tell(job, &one, &mut locked(&said));
                    None
                }
                other => Some(other),
            })
        });
        let one = one.await?.ok_or_else(|| gone(job, arn))?;
        if one.status != ISSUED {
            return Err(refused(&one));
        }
        say(job, &one.names.join(", "), "certificate issued");
        Ok(Output::public(json!({ "arn": one.arn })))
    }
}

/// Which names are not proven yet; each is told of once.
fn tell(job: &Job, one: &Certificate, said: &mut BTreeSet<String>) {
    let open = one.proofs.iter().filter(|proof| proof.status == PENDING);
    for proof in open.filter_map(proof) {
        if said.insert(proof.of.clone()) {
            say(job, &proof.of, &proof.words());
        }
    }
}
