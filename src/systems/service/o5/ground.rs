//! Where an application runs: the cluster and the environment of the files, whatever the application
//! is.

use serde::{Deserialize, Serialize};

use super::cluster::{self, Cluster, Environment};
use super::{Asked, FORM, read, settled};
use crate::domain::request::SourceBundle;
use crate::systems::message::Reading;
use crate::text::diagnostic::{At, Diagnostic, Diagnostics, closest};

/// Where an application runs, before it is known what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::systems::service) struct Ground {
    /// The environment's full name.
    pub(in crate::systems::service) environment: String,
    /// The cluster's name.
    pub(in crate::systems::service) cluster: String,
    /// The AWS account that it is in.
    pub(in crate::systems::service) account: String,
    /// Its region.
    pub(in crate::systems::service) region: String,
}

/// Reads where an application runs, whatever it is.
///
/// # Errors
/// Everything that is wrong with the files of cluster and environment.
pub(in crate::systems::service) fn ground(
    asked: &Asked,
    bundle: &SourceBundle,
) -> Result<Ground, Diagnostics> {
    let mut wrong = Diagnostics::default();
    let (found, _) = ground_of(asked, bundle, &mut wrong);
    match found.filter(|_| wrong.is_empty()) {
        Some((cluster, environment)) => Ok(Ground {
            environment: environment.name.text,
            cluster: cluster.name.text,
            account: cluster.account.text,
            region: cluster.region.text,
        }),
        None => Err(settled(wrong)),
    }
}

/// The cluster and the environment, and what their files say that has no effect.
pub(super) fn ground_of(
    asked: &Asked,
    bundle: &SourceBundle,
    wrong: &mut Diagnostics,
) -> (Option<(Cluster, Environment)>, Vec<Diagnostic>) {
    let cluster_file = read(&asked.cluster, bundle, wrong);
    let environment_file = asked.environment.as_deref();
    let environment_file = environment_file.map(|path| read(path, bundle, wrong));
    let Some((cluster_source, cluster_root)) = cluster_file else {
        return (None, Vec::new());
    };
    let mut notes = Vec::new();
    let mut cluster_reading = Reading::of(&cluster_source, FORM);
    let cluster = cluster::read_cluster(&cluster_root, &mut cluster_reading);
    let found = cluster.and_then(|(mut cluster, all)| {
        overridden(&mut cluster, asked, &mut cluster_reading);
        networked(&cluster, &mut cluster_reading);
        let environment = match environment_file {
            None => chosen(asked, all, &cluster, &mut cluster_reading),
            Some(None) => None,
            Some(Some((source, root))) => {
                let mut reading = Reading::of(&source, FORM);
                let one = cluster::read_environment(&root, &mut reading);
                let one = one.and_then(|one| chosen(asked, vec![one], &cluster, &mut reading));
                wrong.0.extend(reading.found.0);
                notes.extend(reading.notes);
                one
            }
        };
        Some((cluster, environment?))
    });
    wrong.0.extend(cluster_reading.found.0);
    notes.extend(cluster_reading.notes);
    (found, notes)
}

/// Writes over the cluster's own words.
fn overridden(cluster: &mut Cluster, asked: &Asked, reading: &mut Reading<'_>) {
    for (key, near) in cluster.overridden(&asked.overrides) {
        let says = format!("nothing of a cluster is overridden by {key:?}");
        let hint = near.map_or_else(
            || "sidecarImageVersion is what can be".to_owned(),
            |near| format!("did you mean {near:?}?"),
        );
        reading.say(cluster.name.at, says, hint);
    }
}

/// Says where tasks would have no network.
fn networked(cluster: &Cluster, reading: &mut Reading<'_>) {
    if reading.found.is_empty() && cluster.subnets.is_empty() {
        let says = format!(
            "ecs_cluster of the cluster {} names no subnet_ids",
            cluster.name.text
        );
        let hint = "tasks have a network of their own (awsvpc): name the subnets where it is";
        reading.say(cluster.name.at, says, hint);
    }
}

/// The environment that is meant, of those that stand in a file.
fn chosen(
    asked: &Asked,
    all: Vec<Environment>,
    cluster: &Cluster,
    reading: &mut Reading<'_>,
) -> Option<Environment> {
    let names: Vec<String> = all.iter().map(|one| one.name.text.clone()).collect();
    for (n, one) in all.iter().enumerate() {
        if names[..n].contains(&one.name.text) {
            let says = format!("there are two environments of the name {:?}", one.name.text);
            reading.say(one.name.at, says, "take one of them out");
        }
    }
    let at = all.first().map_or(At::START, |one| one.name.at);
    let Some(found) = all.into_iter().find(|one| one.is(&asked.called)) else {
        // What is wrong in one may be that it is not read at all.
        if reading.found.is_empty() {
            let says = format!(
                "{} has no environment {:?}",
                reading.source.name, asked.called
            );
            let hint = closest(&asked.called, names.iter().map(String::as_str)).map_or_else(
                || {
                    format!(
                        "it has {}; name one by `environment` of the entry",
                        listed(&names)
                    )
                },
                |near| format!("did you mean {near:?}? The entry names it by `environment`"),
            );
            reading.say(at, says, hint);
        }
        return None;
    };
    if !found.is_of(cluster) {
        let said = found.cluster.clone().unwrap_or_default();
        let says = format!(
            "the environment {} is one of the cluster {:?}, and not of {:?}",
            found.name.text, said.text, cluster.name.text
        );
        reading.say(said.at, says, "name the file of its own cluster");
    }
    Some(found)
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
