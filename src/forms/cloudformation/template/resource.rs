//! The resources of a template: their types, the conditions they depend on, and what becomes of
//! them when their stack has them no more.

use std::collections::BTreeMap;

use crate::domain::plan::Fate;
use crate::text::diagnostic::At;
use crate::text::document::{Content, Node, Source};

/// One resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Its type.
    pub kind: String,
    /// The condition that it depends on.
    pub condition: Option<String>,
    /// What becomes of it when it is deleted; `None` where the template does not say it in plain
    /// words.
    pub deleted: Option<Fate>,
}

/// Types of which CloudFormation can take a snapshot.
const SAVED: [&str; 8] = [
    "AWS::DocDB::DBCluster",
    "AWS::EC2::Volume",
    "AWS::ElastiCache::CacheCluster",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::Neptune::DBCluster",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::Redshift::Cluster",
];

pub(super) fn read(
    root: &Node,
    source: &Source,
    say: &mut impl FnMut(At, String, &str),
) -> BTreeMap<String, Resource> {
    let mut resources = BTreeMap::new();
    let Some(node) = root
        .get("Resources")
        .filter(|node| !node.entries().is_empty())
    else {
        let at = root.get("Resources").map_or(At::START, |node| node.at);
        say(
            at,
            format!(
                "{} has no Resources, so it is no CloudFormation template",
                source.name
            ),
            "",
        );
        return resources;
    };
    // `Fn::ForEach` and transforms stand among the resources and are none.
    for (key, node) in node
        .entries()
        .iter()
        .filter(|(key, _)| !key.name.starts_with("Fn::"))
    {
        let Some(kind) = node.get("Type").and_then(Node::text) else {
            say(key.at, format!("the resource {} has no Type", key.name), "");
            continue;
        };
        if !kind.contains("::") {
            let at = node.get("Type").map_or(key.at, |node| node.at);
            say(
                at,
                format!(
                    "the resource {} has the type {kind:?}, and CloudFormation has none of that form",
                    key.name
                ),
                "write AWS::SERVICE::KIND",
            );
        }
        if let Some((property, node)) = local(kind, node) {
            say(
                node.at,
                format!(
                    "{property} of {} is {:?}, a path on this machine, which CloudFormation cannot read",
                    key.name,
                    node.text().unwrap_or_default()
                ),
                "put it into a bucket and write its address: aws cloudformation package does both",
            );
        }
        resources.insert(
            key.name.clone(),
            Resource {
                kind: kind.to_owned(),
                condition: node
                    .get("Condition")
                    .and_then(Node::text)
                    .map(str::to_owned),
                deleted: deleted(kind, node),
            },
        );
    }
    resources
}

/// Properties that name something which AWS fetches from where it can reach it.
const FETCHED: [(&str, &str); 8] = [
    ("AWS::CloudFormation::Stack", "TemplateURL"),
    ("AWS::Lambda::Function", "Code"),
    ("AWS::Lambda::LayerVersion", "Content"),
    ("AWS::Serverless::Api", "DefinitionUri"),
    ("AWS::Serverless::Application", "Location"),
    ("AWS::Serverless::Function", "CodeUri"),
    ("AWS::Serverless::LayerVersion", "ContentUri"),
    ("AWS::Serverless::StateMachine", "DefinitionUri"),
];

/// A property in which a path stands where AWS wants an address.
fn local<'a>(kind: &str, node: &'a Node) -> Option<(&'static str, &'a Node)> {
    let properties = node.get("Properties")?;
    let mut fetched = FETCHED.iter().filter(|(of, _)| *of == kind);
    fetched.find_map(|(_, property)| {
        let node = properties.get(property).filter(|node| node.tag.is_none())?;
        let text = node.text()?;
        let address = ["https://", "http://", "s3://", "{{resolve:"]
            .iter()
            .any(|start| text.starts_with(start));
        (!address).then_some((*property, node))
    })
}

/// What becomes of a resource when it is deleted. A snapshot is promised only where there is one of
/// such a thing; a database of its own has one where nothing else is said.
fn deleted(kind: &str, node: &Node) -> Option<Fate> {
    let snapshot = if SAVED.contains(&kind) {
        Fate::Saved
    } else {
        Fate::Goes
    };
    let Some(policy) = node.get("DeletionPolicy") else {
        let in_cluster = || {
            node.get("Properties")
                .is_some_and(|properties| properties.get("DBClusterIdentifier").is_some())
        };
        let saved = match kind {
            "AWS::RDS::DBCluster" => true,
            "AWS::RDS::DBInstance" => !in_cluster(),
            _ => false,
        };
        return Some(if saved { Fate::Saved } else { Fate::Goes });
    };
    match &policy.content {
        Content::Scalar { text, .. } if policy.tag.is_none() => match text.as_str() {
            "Retain" | "RetainExceptOnCreate" => Some(Fate::Stays),
            "Snapshot" => Some(snapshot),
            "Delete" => Some(Fate::Goes),
            _ => None,
        },
        Content::Scalar { .. } | Content::List(_) | Content::Map(_) => None,
    }
}
