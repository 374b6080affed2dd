//! A template while it is built: parameters as they are used, resources, outputs.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::app::Group;
use super::names::{self, Given};
use crate::text::diagnostic::At;

/// A parameter of the template, and where its value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Parameter {
    /// Its type.
    pub(in super::super) kind: &'static str,
    /// What it is, for a person.
    pub(in super::super) says: String,
    /// Where its value comes from.
    pub(in super::super) source: Source,
    /// Where the application's file asks for it.
    pub(in super::super) at: At,
}

/// Where the value of a parameter comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Source {
    /// The version that is deployed.
    Version,
    /// The application and its version.
    Tag,
    /// Something that every environment has.
    WellKnown(WellKnown),
    /// A free place among the rules of the listener.
    Priority(Group),
    /// How many tasks run.
    Count,
    /// The full name of an environment that this one links.
    Linked(String),
    /// A variable of the environment.
    Variable(String),
    /// A policy that the environment names.
    Policy(String),
    /// A part of how a database is reached that lets in by IAM: database, part.
    Aurora(String, Part),
    /// The security group of those who reach a group of servers.
    ServerGroup(String),
}

/// A part of how a database is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Part {
    /// All of it, as JSON.
    Json,
    /// The server's id at RDS.
    Identifier,
    /// The database's name.
    Name,
}

/// What every environment has, in the words of the templates of o5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the parameters")]
pub(in super::super) enum WellKnown {
    EcsCluster,
    EcsRepo,
    ExecutionRole,
    Listener,
    ListenerGroup,
    Host,
    Environment,
    Cluster,
    Vpc,
    Jwks,
    Origins,
    Namespace,
    Sidecar,
    Bus,
    Subnets,
}

impl WellKnown {
    /// The parameter's name and type.
    fn named(self) -> (&'static str, &'static str) {
        const TEXT: &str = "String";
        match self {
            WellKnown::EcsCluster => ("ECSCluster", TEXT),
            WellKnown::EcsRepo => ("ECSRepo", TEXT),
            WellKnown::ExecutionRole => ("ECSTaskExecutionRole", TEXT),
            WellKnown::Listener => ("ListenerARN", TEXT),
            WellKnown::ListenerGroup => ("LoadBalancerSecurityGroup", TEXT),
            WellKnown::Host => ("HostHeader", TEXT),
            WellKnown::Environment => ("EnvName", TEXT),
            WellKnown::Cluster => ("ClusterName", TEXT),
            WellKnown::Vpc => ("VPCID", "AWS::EC2::VPC::Id"),
            WellKnown::Jwks => ("JWKS", TEXT),
            WellKnown::Origins => ("CORSOrigin", TEXT),
            WellKnown::Namespace => ("S3BucketNamespace", TEXT),
            WellKnown::Sidecar => ("O5SidecarImage", TEXT),
            WellKnown::Bus => ("EventBusARN", TEXT),
            WellKnown::Subnets => ("SubnetIDs", TEXT),
        }
    }
}

/// A reference to something of the template.
pub(super) fn reference(name: &str) -> Value {
    json!({ "Ref": name })
}

/// An attribute of a resource.
pub(super) fn attribute(resource: &str, name: &str) -> Value {
    json!({ "Fn::GetAtt": [resource, name] })
}

/// Texts in a row.
pub(super) fn join(between: &str, parts: impl IntoIterator<Item = Value>) -> Value {
    let parts: Vec<Value> = parts.into_iter().collect();
    json!({ "Fn::Join": [between, parts] })
}

/// A template that is being built.
#[derive(Debug, Default)]
pub(super) struct Template {
    parameters: BTreeMap<String, Parameter>,
    resources: Map<String, Value>,
    outputs: Map<String, Value>,
    given: Given,
}

impl Template {
    /// A reference to what every environment has.
    pub(super) fn known(&mut self, known: WellKnown) -> Value {
        let (name, kind) = known.named();
        let says = "what the environment and its cluster say".to_owned();
        self.parameter(name, kind, says, Source::WellKnown(known), At::START)
    }

    /// A reference to the version.
    pub(super) fn version(&mut self) -> Value {
        let says = "the version that is deployed".to_owned();
        self.parameter("VersionTag", "String", says, Source::Version, At::START)
    }

    /// The tag that says which application and version made a thing.
    pub(super) fn source_tag(&mut self) -> Value {
        let says = "the application and its version".to_owned();
        let value = self.parameter("SourceTag", "String", says, Source::Tag, At::START);
        json!({ "Key": "o5-source", "Value": value })
    }

    /// A reference to a parameter, which is declared by that.
    pub(super) fn parameter(
        &mut self,
        name: &str,
        kind: &'static str,
        says: String,
        source: Source,
        at: At,
    ) -> Value {
        let parameter = Parameter {
            kind,
            says,
            source,
            at,
        };
        self.parameters.entry(name.to_owned()).or_insert(parameter);
        reference(name)
    }

    /// A name for a resource: the first of these that no other has.
    pub(super) fn name(&mut self, kind: &str, names: &[&str]) -> String {
        let names: Vec<String> = names
            .iter()
            .map(|name| names::resource(kind, name))
            .collect();
        self.given.first_free(&names)
    }

    /// Adds a resource under its name.
    pub(super) fn add(&mut self, name: &str, kind: &str, properties: &Value) {
        let resource = json!({ "Type": kind, "Properties": properties });
        self.resources.insert(name.to_owned(), resource);
    }

    /// Adds a resource that stays where the stack goes.
    pub(super) fn add_kept(&mut self, name: &str, kind: &str, properties: &Value) {
        let resource = json!({
            "Type": kind,
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": properties,
        });
        self.resources.insert(name.to_owned(), resource);
    }

    /// Says that a resource comes after others.
    pub(super) fn after(&mut self, name: &str, others: &[String]) {
        if let Some(resource) = self.resources.get_mut(name).filter(|_| !others.is_empty()) {
            resource["DependsOn"] = json!(others);
        }
    }

    /// Adds an output.
    pub(super) fn output(&mut self, name: &str, value: &Value) {
        self.outputs
            .insert(name.to_owned(), json!({ "Value": value }));
    }

    /// The whole template.
    pub(super) fn document(&self, description: &str) -> Value {
        let parameters: Map<String, Value> = self
            .parameters
            .iter()
            .map(|(name, one)| {
                let says = json!({ "Type": one.kind, "Description": one.says });
                (name.clone(), says)
            })
            .collect();
        let mut document = json!({
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": description,
            "Parameters": parameters,
            "Resources": self.resources,
        });
        if !self.outputs.is_empty() {
            document["Outputs"] = json!(self.outputs);
        }
        document
    }

    /// The parameters.
    pub(super) fn into_parameters(self) -> BTreeMap<String, Parameter> {
        self.parameters
    }
}
