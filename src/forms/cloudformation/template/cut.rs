//! A template cut to some of its resources, with the parameters that they use: what CloudFormation takes
//! where a new stack is made of what is there.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// What was cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// The template.
    pub template: Vec<u8>,
    /// The parameters that it has.
    pub parameters: BTreeSet<String>,
}

/// A template of JSON cut to these resources; `None` where it is none, lacks one of them, or one of them
/// needs another.
#[must_use]
pub fn to(template: &[u8], only: &BTreeSet<&str>) -> Option<Cut> {
    let mut root: Map<String, Value> = serde_json::from_slice(template).ok()?;
    let resources = root.get_mut("Resources")?.as_object_mut()?;
    resources.retain(|logical, _| only.contains(logical.as_str()));
    if resources.len() != only.len() {
        return None;
    }
    let mut used = BTreeSet::new();
    for resource in resources.values() {
        names(resource, &mut used)?;
    }
    let declared = root.get_mut("Parameters").and_then(Value::as_object_mut);
    let parameters: BTreeSet<String> = declared.map_or_else(BTreeSet::new, |declared| {
        declared.retain(|name, _| used.contains(name));
        declared.keys().cloned().collect()
    });
    let own = |name: &String| parameters.contains(name) || name.starts_with("AWS::");
    if !used.iter().all(own) {
        return None;
    }
    root.remove("Outputs");
    root.remove("Conditions");
    let template = serde_json::to_vec(&root).ok()?;
    Some(Cut {
        template,
        parameters,
    })
}

/// The names that a value refers to; `None` where it refers to something in a way that is not read here.
fn names(value: &Value, used: &mut BTreeSet<String>) -> Option<()> {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match (key.as_str(), value.as_str()) {
                    ("Ref", Some(name)) => drop(used.insert(name.to_owned())),
                    ("Fn::GetAtt" | "Fn::Sub" | "Fn::If" | "Condition" | "DependsOn", _) => {
                        return None;
                    }
                    _ => names(value, used)?,
                }
            }
        }
        Value::Array(all) => {
            for one in all {
                names(one, used)?;
            }
        }
        _ => {}
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn template() -> Value {
        json!({
            "AWSTemplateFormatVersion": "2010-09-09",
            "Parameters": { "Env": { "Type": "String" }, "Tag": { "Type": "String" } },
            "Resources": {
                "Bucket": { "Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain", "Properties": {
                    "BucketName": { "Fn::Join": [".", ["files", { "Ref": "Env" }, { "Ref": "AWS::Region" }]] },
                } },
                "Task": { "Type": "AWS::ECS::TaskDefinition", "Properties": { "Image": { "Ref": "Tag" } } },
                "Bound": { "Type": "AWS::S3::Bucket", "Properties": { "Tags": { "Ref": "Task" } } },
            },
            "Outputs": { "Task": { "Value": { "Ref": "Task" } } },
        })
    }

    fn cut_to(only: &[&str]) -> Option<Cut> {
        to(
            template().to_string().as_bytes(),
            &only.iter().copied().collect(),
        )
    }

    #[test]
    fn a_template_is_cut_to_resources_and_what_they_use() {
        let cut = cut_to(&["Bucket"]).unwrap();
        assert_eq!(cut.parameters, ["Env".to_owned()].into());
        let now: Value = serde_json::from_slice(&cut.template).unwrap();
        let mut expected = template();
        expected.as_object_mut().unwrap().remove("Outputs");
        expected["Parameters"]
            .as_object_mut()
            .unwrap()
            .remove("Tag");
        for other in ["Task", "Bound"] {
            expected["Resources"].as_object_mut().unwrap().remove(other);
        }
        assert_eq!(now, expected);
    }

    #[test]
    fn what_needs_another_resource_or_is_not_there_is_not_cut_out() {
        assert_eq!(cut_to(&["Bound"]), None);
        assert_eq!(cut_to(&["Bucket", "Other"]), None);
        assert_eq!(to(b"Resources: {}", &BTreeSet::new()), None);
    }
}
