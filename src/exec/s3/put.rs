//! `s3.put {bucket, key, text, content_type, cache_control, unless_there}`: puts one small object;
//! where it is to stand only unless there is one, what is there stays.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use super::failed;
use crate::aws::Cloud;
use crate::aws::s3::Object;
use crate::domain::failure::Failure;
use crate::domain::plan::{Cancel, Output};
use crate::exec::Job;
use crate::exec::again::{Again, before, begin, say};

/// Puts an object.
pub(super) struct Put;

#[derive(Deserialize)]
pub(super) struct Params {
    bucket: String,
    key: String,
    text: String,
    #[serde(default = "html")]
    content_type: String,
    #[serde(default = "never_kept")]
    cache_control: String,
    #[serde(default)]
    unless_there: bool,
}

fn html() -> String {
    "text/html; charset=utf-8".to_owned()
}

fn never_kept() -> String {
    "no-cache".to_owned()
}

impl Again for Put {
    type Params = Params;
    const KIND: &'static str = "s3.put";
    const NEEDS: &'static [&'static str] = &["bucket", "key", "text"];
    const CANCEL: Cancel = Cancel::None;

    async fn run(job: &Job, cloud: &Arc<Cloud>, params: Params) -> Result<Output, Failure> {
        let Params { bucket, key, .. } = &params;
        let on = format!("{bucket}/{key}");
        let wrong = |trouble| failed(cloud, bucket, trouble);
        if params.unless_there {
            // Not every cloud puts an object only where there is none.
            let there = cloud.object(bucket, key).await;
            if there
                .map_err(|trouble| before(job, wrong(trouble)))?
                .is_some()
            {
                say(job, &on, "is there already");
                return Ok(Output::public(json!({ "put": false })));
            }
        }
        begin(job, json!({ "bucket": bucket, "key": key })).await?;
        let object = Object {
            bytes: params.text.as_bytes(),
            content_type: &params.content_type,
            cache_control: &params.cache_control,
            unless_there: params.unless_there,
        };
        let put = cloud
            .put_object(bucket, key, &object)
            .await
            .map_err(wrong)?;
        say(job, &on, if put { "put" } else { "is there already" });
        Ok(Output::public(json!({ "put": put })))
    }
}
