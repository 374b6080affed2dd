//! What goes into a create, an update or a change set: template, parameters, tags, in the SDK's
//! form.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudformation::types::{Capability, ChangeSetType, Parameter, ResourceToImport, Tag};

use super::carried::Through;
use super::stack::CfnStack;
use crate::domain::digest::Digest;
use crate::domain::failure::Failure;
use crate::domain::place::Place;
use crate::domain::request::FileRef;
use crate::domain::request::SourceBundle;
use crate::forms::cloudformation::template::cut;
use crate::forms::cloudformation::travel::{self, Object};
use crate::forms::cloudformation::{CfnInput, Declared, Import};

/// What CloudFormation shows in place of a hidden value.
const HIDDEN: &str = "****";

/// A template and what goes with it.
#[derive(Debug, Clone)]
pub struct Given {
    /// The stack's name.
    pub stack_name: String,
    /// The template.
    pub(super) template: String,
    /// The object through which it travels, where a call cannot carry it.
    pub(super) through: Option<Through>,
    /// The digest of the template's bytes.
    pub digest: Digest,
    /// The parameter values that are given, counts included; without those that keep their previous
    /// value.
    pub values: BTreeMap<String, String>,
    /// Parameters.
    pub parameters: Vec<Parameter>,
    /// Tags.
    pub tags: Vec<Tag>,
    /// Capabilities.
    pub capabilities: Vec<Capability>,
    /// The role that CloudFormation assumes.
    pub role_arn: Option<String>,
    /// What a new stack takes of what is there.
    imports: Vec<Import>,
}

impl Given {
    /// Puts an input together; `counts` go over its parameters, `now` is the stack that it would
    /// change, `place` and `region` are where it is.
    ///
    /// # Errors
    /// The template is not at hand, is no text, or can travel no way.
    pub fn new(
        input: &CfnInput,
        bundle: &SourceBundle,
        counts: &BTreeMap<String, String>,
        now: Option<&CfnStack>,
        place: Option<&Place>,
        region: &str,
    ) -> Result<Self, Failure> {
        let template = template(bundle, &input.template)?;
        let digest = Digest::of_bytes(template.as_bytes());
        let bucket = travel::bucket(place, &input.template.path, template.len())?;
        let mut values = input.parameters.clone();
        values.extend(counts.clone());
        let previous = now
            .map(|now| previous(&input.declared, &values, &now.parameters))
            .unwrap_or_default();
        let given = values.iter().map(|(key, value)| {
            Parameter::builder()
                .parameter_key(key)
                .parameter_value(value)
                .build()
        });
        let kept = previous.iter().map(|key| {
            Parameter::builder()
                .parameter_key(key)
                .use_previous_value(true)
                .build()
        });
        Ok(Self {
            stack_name: input.stack_name.clone(),
            through: bucket.map(|bucket| Through {
                object: Object::of(bucket, digest),
                region: region.to_owned(),
            }),
            digest,
            parameters: given.chain(kept).collect(),
            tags: tags(input, now)
                .into_iter()
                .map(|(key, value)| Tag::builder().key(key).value(value).build())
                .collect(),
            capabilities: input
                .capabilities
                .iter()
                .map(|name| Capability::from(name.as_str()))
                .collect(),
            role_arn: input.role_arn.clone(),
            imports: Vec::new(),
            template,
            values,
        })
    }

    /// Puts together what a new stack of these resources alone is made of. CloudFormation takes no other
    /// resource then, no output and no tag.
    ///
    /// # Errors
    /// As [`Given::new`], or the template cannot be cut.
    pub fn importing(
        input: &CfnInput,
        bundle: &SourceBundle,
        imports: &[Import],
        place: Option<&Place>,
        region: &str,
    ) -> Result<Self, Failure> {
        let (mut input, mut bundle) = (input.clone(), bundle.clone());
        let path = input.template.path.clone();
        let file = bundle.files.get_mut(&path);
        let only: BTreeSet<&str> = imports.iter().map(|one| one.logical.as_str()).collect();
        let cut = file.and_then(|file| Some((cut::to(&file.bytes, &only)?, file)));
        let Some((cut, file)) = cut else {
            return Err(Failure::new(format!(
                "the template {path} cannot be cut to what is taken"
            ))
            .hint("deploy again from the estate file"));
        };
        file.bytes = cut.template;
        input
            .parameters
            .retain(|name, _| cut.parameters.contains(name));
        let given = Self::new(&input, &bundle, &BTreeMap::new(), None, place, region)?;
        Ok(Self {
            imports: imports.to_vec(),
            tags: Vec::new(),
            ..given
        })
    }

    /// What kind of change set it makes.
    pub(super) fn change_set_type(&self) -> ChangeSetType {
        if self.imports.is_empty() {
            ChangeSetType::Update
        } else {
            ChangeSetType::Import
        }
    }

    /// What a new stack takes, in the SDK's form.
    pub(super) fn imports(&self) -> Option<Vec<ResourceToImport>> {
        let each = |one: &Import| {
            ResourceToImport::builder()
                .resource_type(&one.kind)
                .logical_resource_id(&one.logical)
                .set_resource_identifier(Some(one.identifier.clone().into_iter().collect()))
                .build()
        };
        (!self.imports.is_empty()).then(|| self.imports.iter().map(each).collect())
    }

    /// True when the template has stacks in it.
    #[must_use]
    pub fn nests(&self) -> bool {
        self.template.contains("AWS::CloudFormation::Stack")
    }
}

/// The template's text out of a bundle.
fn template(bundle: &SourceBundle, file: &FileRef) -> Result<String, Failure> {
    let path = &file.path;
    let found = bundle.files.get(path).ok_or_else(|| {
        Failure::new(format!(
            "the template {path} is not among the files of this deployment"
        ))
        .hint("deploy again from the estate file")
    })?;
    String::from_utf8(found.bytes.clone()).map_err(|_| {
        Failure::new(format!("the template {path} is not UTF-8 text")).hint("save it as UTF-8")
    })
}

/// All tags that the stack is to have: CloudFormation takes away every one that a call does not
/// name, and what somebody else put there is not ours to take.
fn tags<'a>(input: &'a CfnInput, now: Option<&'a CfnStack>) -> BTreeMap<&'a str, &'a str> {
    let kept = now
        .into_iter()
        .flat_map(|now| &now.tags)
        .filter(|(key, _)| {
            // These are put there by AWS, and kept by it.
            !key.starts_with("aws:") && !input.untag.contains(*key)
        });
    kept.chain(&input.tags)
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect()
}

/// The parameters that keep the value which the stack has: those that the template declares and
/// nobody gave, where the value is hidden (`NoEcho`, there or here) or there is no default.
/// CloudFormation would else take the default, or refuse.
fn previous(
    declared: &BTreeMap<String, Declared>,
    given: &BTreeMap<String, String>,
    now: &BTreeMap<String, String>,
) -> Vec<String> {
    now.iter()
        .filter(|(key, value)| {
            let here = declared.get(*key).filter(|_| !given.contains_key(*key));
            here.is_some_and(|declared| {
                declared.secret || !declared.default || value.as_str() == HIDDEN
            })
        })
        .map(|(key, _)| key.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::request::SourceFile;

    const TEMPLATE: &str = "Resources: {Queue: {Type: AWS::SQS::Queue}}";

    fn map(of: &[(&str, &str)]) -> BTreeMap<String, String> {
        of.iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    }

    #[test]
    fn what_is_hidden_or_has_no_default_keeps_its_value() {
        let declared = [
            ("Size", false, true),
            ("Password", true, true),
            ("Key", false, false),
            ("Shown", false, true),
            ("New", true, false),
        ];
        let declared = declared
            .map(|(name, secret, default)| (name.to_owned(), Declared { secret, default }))
            .into();
        let now = map(&[
            ("Size", "large"),
            ("Password", "****"),
            ("Key", "k"),
            ("Gone", "g"),
            ("Shown", "****"),
        ]);
        assert_eq!(
            previous(&declared, &map(&[]), &now),
            ["Key", "Password", "Shown"]
        );
        assert_eq!(
            previous(&declared, &map(&[("Key", "new")]), &now),
            ["Password", "Shown"]
        );
    }

    #[test]
    fn tags_of_others_are_kept_and_those_of_the_release_before_go() {
        let input = CfnInput {
            stack_name: "orders".into(),
            template: FileRef {
                bundle: Digest::of_bytes(b""),
                path: "t.yaml".into(),
            },
            parameters: BTreeMap::new(),
            declared: BTreeMap::new(),
            capabilities: vec![],
            tags: map(&[("team", "shop"), ("holdpoint:store", "s1")]),
            untag: ["old".to_owned()].into(),
            role_arn: None,
        };
        let now = CfnStack {
            tags: map(&[
                ("owner", "ana"),
                ("team", "before"),
                ("old", "x"),
                ("aws:cloudformation:stack-name", "orders"),
            ]),
            ..CfnStack::default()
        };
        let told: Vec<_> = tags(&input, Some(&now)).into_iter().collect();
        assert_eq!(
            told,
            [
                ("holdpoint:store", "s1"),
                ("owner", "ana"),
                ("team", "shop")
            ]
        );
        assert_eq!(tags(&input, None).len(), 2);
    }

    #[test]
    fn counts_go_over_parameters() {
        let bundle = SourceBundle {
            files: [(
                "t.yaml".to_owned(),
                SourceFile {
                    bytes: TEMPLATE.into(),
                    executable: false,
                },
            )]
            .into(),
            ..SourceBundle::default()
        };
        let input = CfnInput {
            stack_name: "orders".into(),
            template: FileRef {
                bundle: bundle.digest(),
                path: "t.yaml".into(),
            },
            parameters: map(&[("DesiredCount", "3"), ("Key", "k")]),
            declared: BTreeMap::new(),
            capabilities: vec!["CAPABILITY_IAM".into()],
            tags: map(&[("a", "b")]),
            untag: std::collections::BTreeSet::new(),
            role_arn: None,
        };
        let given = Given::new(
            &input,
            &bundle,
            &map(&[("DesiredCount", "0")]),
            None,
            None,
            "eu-west-1",
        )
        .unwrap();
        assert_eq!(given.values, map(&[("DesiredCount", "0"), ("Key", "k")]));
        assert!(!given.nests());
        let missing = CfnInput {
            template: FileRef {
                bundle: bundle.digest(),
                path: "other.yaml".into(),
            },
            ..input
        };
        assert!(
            Given::new(&missing, &bundle, &map(&[]), None, None, "eu-west-1")
                .unwrap_err()
                .summary
                .contains("other.yaml")
        );
    }
}
