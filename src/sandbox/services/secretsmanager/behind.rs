//! What stands behind the resource type of secrets: a secret with the value that its template gives,
//! with one that is generated, or with none.

use serde_json::Value;

use super::secret::{Content, Secret, Tag};
use super::{MARKED, SecretsManager, not_found};
use crate::sandbox::call::{AwsError, Params};
use crate::sandbox::dice::Dice;
use crate::sandbox::door::Thing;
use crate::sandbox::realm::Cx;
use crate::sandbox::values::text_of;

/// How long a generated value is, where nothing is said, and at most.
const LENGTH: (i64, i64) = (32, 4_096);

const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &str = "0123456789";
const PUNCTUATION: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/// Makes or changes a secret.
pub(super) fn make(
    all: &mut SecretsManager,
    thing: &Thing<'_>,
    is_new: bool,
    cx: &mut Cx<'_>,
) -> Result<(), String> {
    if is_new {
        all.taken(thing.name).map_err(|error| said(&error))?;
    }
    let gives = Params(thing.properties);
    let rule = thing.properties.get("GenerateSecretString");
    let known = all.secrets.get(thing.name).filter(|_| !is_new);
    let generated = known.and_then(|one| one.generated.clone());
    let content = match (gives.text("SecretString"), rule) {
        (Some(_), Some(_)) => {
            return Err(said(&AwsError::new(
                "InvalidRequestException",
                "You can't specify both SecretString and GenerateSecretString.",
            )));
        }
        (Some(text), None) => Some(Content::Text(text.to_owned())),
        // Another value is generated where it is to be generated in another way, only then.
        (None, Some(rule)) if generated.as_ref() != Some(rule) => Some(generate(rule, cx.dice)?),
        (None, _) => None,
    };
    let version = cx.dice.uuid();
    let secret = if is_new {
        let secret = Secret::new(thing.physical.to_owned(), cx.now);
        all.secrets.entry(thing.name.to_owned()).or_insert(secret)
    } else {
        let secret = all.secrets.get_mut(thing.name);
        secret
            .filter(|one| one.arn == thing.physical)
            .ok_or_else(|| said(&not_found()))?
    };
    if secret.goes.is_some() {
        return Err(said(&AwsError::new("InvalidRequestException", MARKED)));
    }
    secret.description = gives.text("Description").map(str::to_owned);
    secret.key = gives.text("KmsKeyId").map(str::to_owned);
    secret.tags = gives.list("Tags").iter().filter_map(Tag::read).collect();
    secret.generated = rule.cloned();
    secret.changed = cx.now;
    if let Some(content) = content.filter(|content| secret.current() != Some(content)) {
        secret
            .put(&version, content, &[], cx.now)
            .map_err(|error| said(&error))?;
    }
    Ok(())
}

/// Why a resource fails, as CloudFormation tells it.
fn said(error: &AwsError) -> String {
    format!(
        "Resource handler returned message: \"{} (Service: SecretsManager, Status Code: {})\"",
        error.message, error.status
    )
}

/// A value by the rule of a template.
fn generate(rule: &Value, dice: &mut Dice) -> Result<Content, String> {
    let wrong = |message: &str| said(&AwsError::new("InvalidRequestException", message));
    let params = Params(rule);
    let (usual, most) = LENGTH;
    let length = params.number("PasswordLength").unwrap_or(usual);
    let excluded = params.text("ExcludeCharacters").unwrap_or_default();
    let kinds: Vec<Vec<char>> = [
        ("ExcludeLowercase", LOWER),
        ("ExcludeUppercase", UPPER),
        ("ExcludeNumbers", DIGITS),
        ("ExcludePunctuation", PUNCTUATION),
    ]
    .into_iter()
    .filter(|(flag, _)| !params.flag(flag))
    .map(|(_, kind)| kind.chars().filter(|c| !excluded.contains(*c)).collect())
    .filter(|kind: &Vec<char>| !kind.is_empty())
    .collect();
    let length = usize::try_from(length)
        .ok()
        .filter(|length| (kinds.len().max(1)..=usize::try_from(most).unwrap_or(0)).contains(length))
        .ok_or_else(|| {
            wrong("PasswordLength is not valid for the characters that are asked for.")
        })?;
    if kinds.is_empty() {
        return Err(wrong("Every character is excluded."));
    }
    let password = password(&kinds, params.flag("IncludeSpace"), length, dice);
    let key = params.text("GenerateStringKey");
    let template = rule.get("SecretStringTemplate").map(text_of);
    let (Some(key), Some(template)) = (key, &template) else {
        if key.is_some() || template.is_some() {
            return Err(wrong(
                "You must specify both SecretStringTemplate and GenerateStringKey, or neither.",
            ));
        }
        return Ok(Content::Text(password));
    };
    let mut fields: serde_json::Map<String, Value> = serde_json::from_str(template)
        .map_err(|_| wrong("The SecretStringTemplate is not a valid JSON object."))?;
    fields.insert(key.to_owned(), Value::String(password));
    Ok(Content::Text(Value::Object(fields).to_string()))
}

/// One character of each kind at least, in any order.
fn password(kinds: &[Vec<char>], has_space: bool, length: usize, dice: &mut Dice) -> String {
    let all: Vec<char> = kinds
        .iter()
        .flatten()
        .copied()
        .chain(has_space.then_some(' '))
        .collect();
    let mut text: Vec<char> = (0..length)
        .filter_map(|at| pick(kinds.get(at).unwrap_or(&all), dice))
        .collect();
    for at in (1..text.len()).rev() {
        let other = usize::try_from(dice.below(at as u64 + 1)).unwrap_or(0);
        text.swap(at, other);
    }
    text.into_iter().collect()
}

fn pick(of: &[char], dice: &mut Dice) -> Option<char> {
    of.get(usize::try_from(dice.below(of.len() as u64)).ok()?)
        .copied()
}
