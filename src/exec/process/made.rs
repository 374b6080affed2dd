//! Files that one command makes and another one gets: kept by their digest in between, and never in
//! memory as a whole.

use std::collections::BTreeMap;

use futures_util::future::select;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::folder::Folder;
use super::{AGAIN_FOR_ROOM, off};
use crate::domain::artifact::Artifact;
use crate::domain::failure::{Failure, Retry};
use crate::exec::{Content, Job};

/// A file that was made.
#[derive(Serialize, Deserialize)]
struct Made {
    #[serde(flatten)]
    artifact: Artifact,
    #[serde(default)]
    executable: bool,
}

/// The files that steps before this one made.
pub(super) async fn fetch(
    job: &Job,
    made: &BTreeMap<String, Value>,
) -> Result<Vec<(String, Content, bool)>, Failure> {
    let mut files = Vec::with_capacity(made.len());
    for (path, value) in made {
        let Made {
            artifact,
            executable,
        } = serde_json::from_value(value.clone()).map_err(|why| {
            Failure::new(format!(
                "step {}: {path} cannot be read as a file that a step made: {why}",
                job.step
            ))
        })?;
        files.push((path.clone(), job.port.get(&artifact).await?, executable));
    }
    Ok(files)
}

/// Keeps the files that the command made. Where there is no room for them they are tried again.
pub(super) async fn keep(job: &Job, folder: &Folder, makes: &[String]) -> Result<Value, Failure> {
    let mut all = Map::new();
    for path in makes {
        let made = loop {
            let (here, name) = (folder.clone(), path.clone());
            let Some((file, executable)) = off(move || here.made(&name)).await? else {
                return Err(Failure::new(format!("step {}: the command ended well and made no file {path}", job.step))
                    .hint("`makes` names files below its working directory: fix the command or that list, and deploy again"));
            };
            match job.port.put(Box::new(file), path).await {
                Ok(artifact) => {
                    break Made {
                        artifact,
                        executable,
                    };
                }
                Err(failure) if failure.retry == Retry::Contact && !job.port.is_cancelled() => {
                    select(job.port.sleep(AGAIN_FOR_ROOM), job.port.cancelled()).await;
                }
                Err(failure) => return Err(failure),
            }
        };
        all.insert(
            path.clone(),
            serde_json::to_value(made).map_err(|why| Failure::new(format!("{path}: {why}")))?,
        );
    }
    Ok(Value::Object(all))
}
