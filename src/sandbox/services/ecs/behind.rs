//! What stands behind the resource types of containers.

use super::service::Breaker;
use super::{Ecs, Service, TaskDefinition};
use crate::sandbox::door::{Ready, Thing};
use crate::sandbox::realm::Cx;
use crate::sandbox::values::{last_part, number, text_of};

/// The places `{revision}` and `{cluster}` of an id.
pub(super) fn places(ecs: &Ecs, thing: &Thing<'_>) -> Vec<(&'static str, String)> {
    vec![
        ("revision", ecs.next_revision(thing.name).to_string()),
        ("cluster", cluster(thing)),
    ]
}

/// Makes or changes a cluster, a task definition or a service.
pub(super) fn make(ecs: &mut Ecs, thing: &Thing<'_>, cx: &mut Cx<'_>) -> Result<Ready, String> {
    match thing.kind {
        "AWS::ECS::Cluster" => {
            ecs.clusters.insert(thing.name.to_owned());
        }
        "AWS::ECS::TaskDefinition" => {
            ecs.definitions.insert(
                thing.physical.to_owned(),
                TaskDefinition::read(thing.name, thing.properties, cx.now),
            );
        }
        "AWS::ECS::Service" => {
            let definition = thing
                .properties
                .get("TaskDefinition")
                .map(text_of)
                .unwrap_or_default();
            if !ecs.definitions.contains_key(&definition) {
                return Err(format!(
                    "Resource handler returned message: \"Invalid request provided: TaskDefinition not found: {definition}\""
                ));
            }
            let desired = thing
                .properties
                .get("DesiredCount")
                .and_then(number)
                .unwrap_or(1);
            let cluster = cluster(thing);
            ecs.clusters.insert(cluster.clone());
            ecs.gone.remove(thing.physical);
            let service = ecs
                .services
                .entry(thing.physical.to_owned())
                .or_insert_with(|| Service::new(thing.name, &cluster, cx.now));
            service.breaker = Breaker::read(thing.properties);
            service.deploy(&definition, desired, false, cx);
            return Ok(Ready::WhenSaid);
        }
        _ => {}
    }
    Ok(Ready::InTime)
}

/// Removes a cluster or a service; a task definition is only retired.
pub(super) fn remove(ecs: &mut Ecs, thing: &Thing<'_>, cx: &Cx<'_>) {
    match thing.kind {
        "AWS::ECS::Cluster" => {
            ecs.clusters.remove(thing.name);
        }
        "AWS::ECS::TaskDefinition" => {
            if let Some(definition) = ecs.definitions.get_mut(thing.physical) {
                definition.retire(cx.now);
            }
        }
        "AWS::ECS::Service" => ecs.delete(thing.physical, cx.now),
        _ => {}
    }
}

fn cluster(thing: &Thing<'_>) -> String {
    last_part(
        &thing
            .properties
            .get("Cluster")
            .map_or_else(|| "default".to_owned(), text_of),
    )
}
