//! What a resource does to the rest of the embedded cloud: names and ids, log groups, ECS objects, nested stacks.

use super::resolve::text_of;
use super::{CfnStack, Resource, Until, nested};
use crate::sandbox::call::number;
use crate::sandbox::catalog::{self, Kind};
use crate::sandbox::ecs::{Service, TaskDefinition};
use crate::sandbox::logs::Group;
use crate::sandbox::world::{Cx, Realm};

/// Gives a new resource its name and its physical id.
pub fn name(realm: &mut Realm, stack: &CfnStack, logical: &str, kind: &Kind, given: Option<String>, row: &mut Resource, cx: &mut Cx<'_>) {
    let lower = |text: String| if kind.lower { text.to_lowercase() } else { text };
    let random = lower(cx.dice.letters(12));
    let generated = || catalog::fill(&kind.generated, &[("stack", &stack.name), ("logical", logical), ("random", &random)]);
    row.name = given.unwrap_or_else(|| lower(generated()));
    let revision = realm.ecs.next_revision(&row.name).to_string();
    let cluster = last_part(&row.properties.get("Cluster").map_or_else(|| "default".to_owned(), text_of));
    let place = &realm.place;
    row.physical = catalog::fill(
        &kind.id,
        &[
            ("name", &row.name),
            ("account", &place.account),
            ("region", &place.region),
            ("random", &random),
            ("stack", &stack.name),
            ("logical", logical),
            ("revision", &revision),
            ("cluster", &cluster),
        ],
    );
}

/// Makes or changes the real thing behind a resource. `None`: it is ready after its usual time.
pub fn make(realm: &mut Realm, stack: &CfnStack, row: &Resource, is_new: bool, cx: &mut Cx<'_>) -> Result<Option<Until>, String> {
    match row.kind.as_str() {
        "AWS::Logs::LogGroup" => {
            if is_new && realm.logs.groups.contains_key(&row.name) {
                return Err(format!(
                    "Resource handler returned message: \"Resource of type 'AWS::Logs::LogGroup' with identifier '{}' already exists.\"",
                    row.name
                ));
            }
            let group = realm.logs.groups.entry(row.name.clone()).or_insert_with(|| Group::new(cx.now));
            group.retention = row.properties.get("RetentionInDays").and_then(number);
            Ok(None)
        }
        "AWS::ECS::Cluster" => {
            realm.ecs.clusters.insert(row.name.clone());
            Ok(None)
        }
        "AWS::ECS::TaskDefinition" => {
            realm.ecs.definitions.insert(row.physical.clone(), TaskDefinition::read(&row.name, &row.properties));
            Ok(None)
        }
        "AWS::ECS::Service" => {
            let definition = row.properties.get("TaskDefinition").map(text_of).unwrap_or_default();
            if !realm.ecs.definitions.contains_key(&definition) {
                return Err(format!(
                    "Resource handler returned message: \"Invalid request provided: TaskDefinition not found: {definition}\""
                ));
            }
            let desired = row.properties.get("DesiredCount").and_then(number).unwrap_or(1);
            let cluster = last_part(&row.properties.get("Cluster").map_or_else(|| "default".to_owned(), text_of));
            realm.ecs.clusters.insert(cluster.clone());
            let service = realm.ecs.services.entry(row.physical.clone()).or_insert_with(|| Service::new(&row.name, &cluster, cx.now));
            service.deploy(&definition, desired, false, cx);
            Ok(Some(Until::Service(row.physical.clone())))
        }
        "AWS::S3::Bucket" => {
            realm.objects.entry(format!("{}/", row.name)).or_default();
            Ok(None)
        }
        nested::KIND => nested::make(realm, stack, row, is_new, cx).map(Some),
        _ => Ok(None),
    }
}

/// Removes the real thing behind a resource. `None`: it is gone after its usual time.
pub fn remove(realm: &mut Realm, row: &Resource, cx: &mut Cx<'_>) -> Option<Until> {
    match row.kind.as_str() {
        "AWS::Logs::LogGroup" => {
            realm.logs.groups.remove(&row.name);
        }
        "AWS::ECS::Cluster" => {
            realm.ecs.clusters.remove(&row.name);
        }
        "AWS::ECS::TaskDefinition" => {
            if let Some(definition) = realm.ecs.definitions.get_mut(&row.physical) {
                definition.active = false;
            }
        }
        "AWS::ECS::Service" => {
            realm.ecs.services.remove(&row.physical);
        }
        "AWS::S3::Bucket" => realm.objects.retain(|path, _| !path.starts_with(&format!("{}/", row.name))),
        nested::KIND => return nested::remove(realm, row, cx),
        _ => {}
    }
    None
}

/// The name at the end of an ARN or a path.
#[must_use]
pub fn last_part(text: &str) -> String {
    text.rsplit(['/', ':']).next().unwrap_or(text).to_owned()
}
