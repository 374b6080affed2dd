//! Invalidations of a distribution's paths: each takes its time.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::config::{counted, invalid};
use super::distribution::Distribution;
use super::{body, conflict};
use crate::domain::time::Time;
use crate::sandbox::call::{AwsError, Params};
use crate::sandbox::realm::Cx;
use crate::sandbox::service::Reply;
use crate::sandbox::values::iso;

/// How long one takes, in seconds at normal pace.
const TAKES: f64 = 6.0;

/// An invalidation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Invalidation {
    id: String,
    /// Its paths and its caller reference, as they came.
    batch: Value,
    created: Time,
    done: Time,
}

impl Distribution {
    /// Makes an invalidation; the same request again is the same invalidation.
    pub(super) fn invalidate(
        &mut self,
        id: &str,
        params: Params<'_>,
        cx: &mut Cx<'_>,
    ) -> Result<Reply, AwsError> {
        let batch = body(params, "InvalidationBatch")?;
        let reference = Params(batch)
            .text("CallerReference")
            .ok_or_else(|| invalid("The parameter CallerReference is required."))?;
        counted(batch)?;
        let paths = batch
            .pointer("/Paths/Items")
            .map(|items| Params(items).texts("Path"));
        let paths = paths.unwrap_or_default();
        if paths.is_empty() || paths.iter().any(|path| !path.starts_with('/')) {
            return Err(invalid(
                "Your request contains one or more invalid invalidation paths.",
            ));
        }
        let mut all = self.invalidations.iter();
        let same = all.find(|one| Params(&one.batch).text("CallerReference") == Some(reference));
        if let Some(same) = same {
            if same.batch != *batch {
                return Err(conflict(
                    "InvalidationBatchAlreadyExists",
                    "The caller reference that you are using to create an invalidation is associated with another invalidation.",
                ));
            }
            return Ok(same.made(id, cx.now));
        }
        let one = Invalidation {
            id: format!("I{}", cx.dice.letters(25)),
            batch: batch.clone(),
            created: cx.now,
            done: cx.after(TAKES),
        };
        let reply = one.made(id, cx.now);
        cx.effect = Some(format!("invalidation {} of {id}", one.id));
        self.invalidations.push(one);
        Ok(reply)
    }

    /// The invalidation of this id.
    pub(super) fn invalidation(&self, id: &str, now: Time) -> Result<Reply, AwsError> {
        let found = self.invalidations.iter().find(|one| one.id == id);
        found.map(|one| one.shown(now)).ok_or_else(|| {
            AwsError::missing(
                "NoSuchInvalidation",
                "The specified invalidation does not exist.",
            )
        })
    }
}

impl Invalidation {
    pub(super) fn is_done(&self, now: Time) -> bool {
        now >= self.done
    }

    fn shown(&self, now: Time) -> Reply {
        let status = if self.is_done(now) {
            "Completed"
        } else {
            "InProgress"
        };
        let (id, created) = (&self.id, iso(self.created));
        json!({ "Invalidation": {
            "Id": id, "Status": status, "CreateTime": created, "InvalidationBatch": self.batch,
        } })
        .into()
    }

    fn made(&self, distribution: &str, now: Time) -> Reply {
        self.shown(now).status(201).header(
            "location",
            format!(
                "https://cloudfront.amazonaws.com/2020-05-31/distribution/{distribution}/invalidation/{}",
                self.id
            ),
        )
    }
}
