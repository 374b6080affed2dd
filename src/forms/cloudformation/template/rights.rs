//! What a template does that CloudFormation wants acknowledged: rights that it makes, and macros
//! that make another template of it.

use super::{Template, function};
use crate::text::diagnostic::{At, Diagnostic};
use crate::text::document::Node;

/// What must be acknowledged, and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Rights {
    /// The first resource that makes rights.
    made: Option<At>,
    /// The first that makes some under a name of its own.
    named: Option<At>,
    /// The first macro.
    expands: Option<At>,
}

/// Types that make rights, each with the property that gives it a name of its own.
const IAM: [(&str, Option<&str>); 8] = [
    ("AWS::IAM::AccessKey", None),
    ("AWS::IAM::Group", Some("GroupName")),
    ("AWS::IAM::InstanceProfile", Some("InstanceProfileName")),
    ("AWS::IAM::ManagedPolicy", Some("ManagedPolicyName")),
    ("AWS::IAM::Policy", None),
    ("AWS::IAM::Role", Some("RoleName")),
    ("AWS::IAM::User", Some("UserName")),
    ("AWS::IAM::UserToGroupAddition", None),
];

/// Types of the serverless transform that make a role where they are given none, and where a
/// template gives one to all of them.
const SERVERLESS: [(&str, &str); 2] = [
    ("AWS::Serverless::Function", "Function"),
    ("AWS::Serverless::StateMachine", "StateMachine"),
];

pub(super) fn read(root: &Node) -> Rights {
    let mut rights = Rights::default();
    for (key, node) in root.get("Resources").map_or(&[][..], Node::entries) {
        let kind = node.get("Type").and_then(Node::text).unwrap_or_default();
        let has = |name: &str| {
            node.get("Properties")
                .is_some_and(|properties| properties.get(name).is_some())
        };
        if let Some((_, name)) = IAM.iter().find(|(iam, _)| *iam == kind) {
            rights.made.get_or_insert(key.at);
            if name.is_some_and(has) {
                rights.named.get_or_insert(key.at);
            }
        }
        if let Some((_, all)) = SERVERLESS.iter().find(|(one, _)| *one == kind) {
            let given = has("Role")
                || root
                    .get("Globals")
                    .and_then(|globals| globals.get(all)?.get("Role"))
                    .is_some();
            if !given {
                rights.made.get_or_insert(key.at);
            }
        }
    }
    let transform = root
        .entries()
        .iter()
        .find(|(key, _)| key.name == "Transform");
    rights.expands = transform.map(|(key, _)| key.at).or_else(|| macro_in(root));
    rights
}

/// Where the first `Fn::Transform` stands.
fn macro_in(node: &Node) -> Option<At> {
    if let Some(("Transform", _)) = function::of(node) {
        return Some(node.at);
    }
    let beside = node.entries().iter().find_map(|(key, inner)| {
        if key.name == "Fn::Transform" {
            Some(key.at)
        } else {
            macro_in(inner)
        }
    });
    beside.or_else(|| node.items().iter().find_map(macro_in))
}

impl Template {
    /// What must be acknowledged and is not; `acknowledged` are the capabilities that are given.
    #[must_use]
    pub fn unacknowledged(&self, of: &str, acknowledged: &[String]) -> Option<Diagnostic> {
        let has = |name: &str| acknowledged.iter().any(|one| one == name);
        let Rights {
            made,
            named,
            expands,
        } = self.rights;
        let iam = match (named, made) {
            (Some(at), _) if !has("CAPABILITY_NAMED_IAM") => Some((
                at,
                "makes IAM rights under names of their own",
                "CAPABILITY_NAMED_IAM",
            )),
            (None, Some(at)) if !has("CAPABILITY_IAM") && !has("CAPABILITY_NAMED_IAM") => {
                Some((at, "makes IAM rights", "CAPABILITY_IAM"))
            }
            (Some(_) | None, _) => None,
        };
        // Making a stack and bringing a release back take the template directly, with no change set
        // between them.
        let expand = expands
            .filter(|_| !has("CAPABILITY_AUTO_EXPAND"))
            .map(|at| (at, "has macros (Transform)", "CAPABILITY_AUTO_EXPAND"));
        let lacking: Vec<_> = iam.into_iter().chain(expand).collect();
        let (at, _, _) = lacking.first()?;
        let list = |of: &dyn Fn(&(At, &'static str, &'static str)) -> &'static str, between| {
            lacking.iter().map(of).collect::<Vec<_>>().join(between)
        };
        let says = format!(
            "the template of {of} {}, which must be acknowledged",
            list(&|one| one.1, " and ")
        );
        let kept = acknowledged.iter().map(String::as_str);
        let all: Vec<&str> = kept.chain(lacking.iter().map(|one| one.2)).collect();
        let hint = format!("write capabilities: [{}] in its service", all.join(", "));
        Some(self.source.diagnostic("capabilities", *at, says, hint))
    }
}
