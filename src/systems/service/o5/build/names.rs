//! Names of what is made of an application. They are those that the o5 deployer gives, so that a stack
//! which it made is updated, and not made a second time beside itself.

use std::collections::BTreeSet;

use sha1_smol::Sha1;

/// The logical id of a resource: the words of its type, and its name.
pub(super) fn resource(kind: &str, name: &str) -> String {
    let kind = kind.strip_prefix("AWS::").unwrap_or(kind);
    format!("{}{}", kind.replace("::", ""), camel(name))
}

/// Letters and digits of a name, each part begun with a capital: `o5_runtime` as `O5Runtime`. Capitals
/// in a row are one word: `HTTP` is `Http`.
pub(super) fn camel(name: &str) -> String {
    let mut text = String::new();
    let (mut begins, mut after_capital) = (true, false);
    for c in name.chars() {
        if c.is_ascii_alphabetic() {
            text.push(if begins {
                c.to_ascii_uppercase()
            } else if after_capital && c.is_ascii_uppercase() {
                c.to_ascii_lowercase()
            } else {
                c
            });
            begins = false;
        } else if c.is_ascii_digit() {
            text.push(c);
            begins = true;
        } else {
            begins = begins || matches!(c, '_' | ' ' | '-' | '.');
        }
        after_capital = c.is_ascii_uppercase();
    }
    text
}

/// Letters and digits of some words, each part in lower case but for its first letter: the name of a
/// parameter.
pub(super) fn title(words: &[&str]) -> String {
    let parts = words
        .iter()
        .flat_map(|word| word.split(|c: char| !c.is_ascii_alphanumeric()));
    parts
        .map(|part| {
            let mut chars = part.chars();
            let first = chars.next().map(|c| c.to_ascii_uppercase());
            first
                .into_iter()
                .chain(chars.map(|c| c.to_ascii_lowercase()))
                .collect::<String>()
        })
        .collect()
}

/// What stands for the prefix of a route in names.
pub(super) fn hashed(text: &str) -> String {
    Sha1::from(text).digest().to_string()
}

/// Names that were given: no two things get one.
#[derive(Debug, Default)]
pub(super) struct Given(BTreeSet<String>);

impl Given {
    /// The first of some names that nothing has; what tells a thing from all others stands last.
    pub(super) fn first_free(&mut self, names: &[String]) -> String {
        let free = names.iter().find(|name| !self.0.contains(*name));
        let mut name = free.or(names.last()).cloned().unwrap_or_default();
        while !self.0.insert(name.clone()) {
            name.push('X');
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_o5_gives() {
        for (kind, name, is) in [
            ("AWS::ECS::TaskDefinition", "main", "ECSTaskDefinitionMain"),
            ("AWS::IAM::Role", "mainAssume", "IAMRoleMainAssume"),
            ("AWS::S3::Bucket", "env-configs", "S3BucketEnvConfigs"),
            (
                "AWS::SecretsManager::Secret",
                "AppSecretGithub",
                "SecretsManagerSecretAppSecretGithub",
            ),
            (
                "AWS::ElasticLoadBalancingV2::TargetGroup",
                "ROUTE_PROTOCOL_HTTPo5_runtime",
                "ElasticLoadBalancingV2TargetGroupRouteProtocolHttpo5Runtime",
            ),
        ] {
            assert_eq!(resource(kind, name), is);
        }
        assert_eq!(title(&["o5-deployer-assume-role"]), "O5DeployerAssumeRole");
        assert_eq!(title(&["publicweb", "FullName"]), "PublicwebFullname");
        assert_eq!(
            title(&["Named IAM Policy", "ges_main", "sqs-direct"]),
            "NamedIamPolicyGesMainSqsDirect"
        );
        assert_eq!(hashed("/test/v1/").len(), 40);
    }

    #[test]
    fn no_two_things_get_one_name() {
        let mut given = Given::default();
        let names = ["a".to_owned(), "b".to_owned()];
        assert_eq!(given.first_free(&names), "a");
        assert_eq!(given.first_free(&names), "b");
        assert_eq!(given.first_free(&names), "bX");
    }
}
