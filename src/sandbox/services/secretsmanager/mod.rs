//! Secrets Manager: secrets by their names, each with versions to which labels are attached. A value
//! is given to who asks for it by `GetSecretValue`, and to nobody else.

mod asked;
mod behind;
mod secret;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::asked::{Filter, content, invalid, named, need, new_name, page, refused, token};
use self::secret::{Asked, Tag};
pub use self::secret::{Content, Secret, Version};
use crate::domain::time::Time;
use crate::sandbox::call::{Answer, AwsError, Call, Params};
use crate::sandbox::door::{Ready, Thing};
use crate::sandbox::protocol::Protocol;
use crate::sandbox::realm::{Cx, Realm};
use crate::sandbox::service::{Offer, Reply, Service};
use crate::sandbox::values::seconds;

/// Secrets Manager.
pub const OFFER: Offer = Offer {
    subjects: &["SecretId", "Name"],
    tokens: &["ClientRequestToken"],
    types: include_str!("resources.yaml"),
    ..Offer::of::<SecretsManager>(
        "secretsmanager",
        Protocol::Json {
            version: "1.1",
            target: "secretsmanager",
        },
    )
};

/// How many days a deletion can be taken back: usually, at least, at most.
const WINDOW: (i64, i64, i64) = (30, 7, 30);
const DAY: Duration = Duration::from_hours(24);
const MARKED: &str =
    "You can't perform this operation on the secret because it was marked for deletion.";

/// The secrets of a realm.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SecretsManager {
    /// By name.
    pub secrets: BTreeMap<String, Secret>,
}

impl Service for SecretsManager {
    fn call(&mut self, call: &Call, cx: &mut Cx<'_>) -> Result<Reply, AwsError> {
        let params = call.params();
        let answer = match call.action.as_str() {
            "CreateSecret" => self.create(params, cx),
            "DescribeSecret" => self.found(params).map(|(name, one)| one.described(name)),
            "GetSecretValue" => self.value(params),
            "PutSecretValue" => self.put(params, cx),
            "UpdateSecret" => self.update(params, cx),
            "ListSecrets" => self.list(params),
            "DeleteSecret" => self.delete(params, cx),
            "RestoreSecret" => self.restore(params, cx),
            _ => Err(AwsError::unanswered(call)),
        };
        answer.map(Reply::from)
    }

    fn due(&self, _: Realm<'_>) -> Option<Time> {
        self.secrets.values().filter_map(|one| one.goes).min()
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        let stays = |one: &Secret| one.goes.is_none_or(|goes| goes > cx.now);
        self.secrets.retain(|_, one| stays(one));
    }

    fn make(&mut self, thing: &Thing<'_>, is_new: bool, cx: &mut Cx<'_>) -> Result<Ready, String> {
        behind::make(self, thing, is_new, cx)?;
        Ok(Ready::InTime)
    }

    fn stands(&self, thing: &Thing<'_>) -> bool {
        self.secrets.values().any(|one| one.arn == thing.physical)
    }

    fn remove(&mut self, thing: &Thing<'_>, _: &mut Cx<'_>) -> Result<Ready, String> {
        self.secrets.retain(|_, one| one.arn != thing.physical);
        Ok(Ready::InTime)
    }
}

impl SecretsManager {
    /// Why a name cannot be given to a new secret.
    fn taken(&self, name: &str) -> Result<(), AwsError> {
        match self.secrets.get(name) {
            None => Ok(()),
            Some(one) if one.goes.is_some() => Err(refused(
                "You can't create this secret because a secret with this name is already scheduled for deletion.",
            )),
            Some(_) => Err(AwsError::new(
                "ResourceExistsException",
                format!("The operation failed because the secret {name} already exists."),
            )),
        }
    }

    fn create(&mut self, params: Params<'_>, cx: &mut Cx<'_>) -> Answer {
        let name = new_name(params)?;
        let content = content(params)?;
        let tags = params.list("Tags").iter().filter_map(Tag::read).collect();
        let given = content.as_ref().map(|_| token(params)).transpose()?;
        if let (Some(content), Some(token), Some(one)) = (
            &content,
            given,
            self.secrets.get(name).filter(|one| one.goes.is_none()),
        ) && one
            .versions
            .get(token)
            .is_some_and(|kept| kept.content == *content)
        {
            return Ok(one.told(name, Some(token)));
        }
        self.taken(name)?;
        let (region, account) = (&cx.place.region, &cx.place.account);
        let six = cx.dice.letters(6);
        let arn = format!("arn:aws:secretsmanager:{region}:{account}:secret:{name}-{six}");
        let mut secret = Secret::new(arn, cx.now);
        secret.description = params.text("Description").map(str::to_owned);
        secret.key = params.text("KmsKeyId").map(str::to_owned);
        secret.tags = tags;
        if let (Some(content), Some(token)) = (content, given) {
            secret.put(token, content, &[], cx.now)?;
        }
        let told = secret.told(name, given);
        cx.effect = Some(format!("secret {name}"));
        self.secrets.insert(name.to_owned(), secret);
        Ok(told)
    }

    fn value(&self, params: Params<'_>) -> Answer {
        let (name, secret) = self.alive(params)?;
        let (id, version) = secret.version(&Asked {
            id: params.text("VersionId"),
            stage: params.text("VersionStage"),
        })?;
        let (field, content) = version.content.field();
        Ok(json!({
            "ARN": secret.arn, "Name": name, "VersionId": id, field: content,
            "VersionStages": version.stages, "CreatedDate": seconds(version.created),
        }))
    }

    fn put(&mut self, params: Params<'_>, cx: &mut Cx<'_>) -> Answer {
        let name = self.alive(params)?.0.to_owned();
        let content = content(params)?
            .ok_or_else(|| refused("You must provide either SecretString or SecretBinary."))?;
        let (token, stages) = (token(params)?, params.texts("VersionStages"));
        let secret = self.secrets.get_mut(&name).ok_or_else(not_found)?;
        if secret.put(token, content, &stages, cx.now)? {
            cx.effect = Some(format!("secret {name} version {token}"));
        }
        let mut told = secret.told(&name, Some(token));
        told["VersionStages"] = json!(secret.versions.get(token).map(|one| &one.stages));
        Ok(told)
    }

    fn update(&mut self, params: Params<'_>, cx: &mut Cx<'_>) -> Answer {
        let name = self.alive(params)?.0.to_owned();
        let content = content(params)?;
        let given = content.as_ref().map(|_| token(params)).transpose()?;
        let secret = self.secrets.get_mut(&name).ok_or_else(not_found)?;
        let mut is_new = false;
        if let (Some(content), Some(token)) = (content, given) {
            is_new = secret.put(token, content, &[], cx.now)?;
        }
        for (field, kept) in [
            ("Description", &mut secret.description),
            ("KmsKeyId", &mut secret.key),
        ] {
            let next = params.text(field).map(str::to_owned);
            if params.has(field) && *kept != next {
                *kept = next;
                is_new = true;
            }
        }
        if is_new {
            secret.changed = cx.now;
            cx.effect = Some(format!("secret {name} changed"));
        }
        Ok(secret.told(&name, given))
    }

    fn list(&self, params: Params<'_>) -> Answer {
        let filters = Filter::read(params)?;
        let planned = params.flag("IncludePlannedDeletion");
        let rows = self
            .secrets
            .iter()
            .filter(|(_, one)| planned || one.goes.is_none())
            .filter(|(name, one)| filters.iter().all(|filter| filter.passes(name, one)))
            .map(|(name, one)| one.listed(name));
        let mut rows: Vec<Value> = rows.collect();
        if params.text("SortOrder") == Some("desc") {
            rows.reverse();
        }
        page(params, rows)
    }

    fn delete(&mut self, params: Params<'_>, cx: &mut Cx<'_>) -> Answer {
        let days = params.number("RecoveryWindowInDays");
        let is_forced = params.flag("ForceDeleteWithoutRecovery");
        if is_forced && days.is_some() {
            return Err(invalid(
                "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
            ));
        }
        let (usual, least, most) = WINDOW;
        let days = days.unwrap_or(usual);
        if !(least..=most).contains(&days) {
            return Err(invalid(format!(
                "The RecoveryWindowInDays value must be between {least} and {most} days (inclusive)."
            )));
        }
        let found = self.found(params).map(|(name, one)| (name.to_owned(), one));
        let (name, arn, is_marked) = match found {
            Ok((name, one)) => (name, one.arn.clone(), one.goes.is_some()),
            // What is gone may be deleted by force again.
            Err(_) if is_forced => {
                let id = need(params, "SecretId")?;
                return Ok(json!({ "ARN": id, "Name": id, "DeletionDate": seconds(cx.now) }));
            }
            Err(error) => return Err(error),
        };
        let goes = if is_forced {
            self.secrets.remove(&name);
            cx.now
        } else if is_marked {
            return Err(refused(
                "You tried to perform the operation on a secret that's currently marked deleted.",
            ));
        } else {
            let goes = cx.now + DAY * u32::try_from(days).unwrap_or(0);
            if let Some(secret) = self.secrets.get_mut(&name) {
                secret.goes = Some(goes);
            }
            goes
        };
        cx.effect = Some(format!("secret {name} deleted"));
        Ok(json!({ "ARN": arn, "Name": name, "DeletionDate": seconds(goes) }))
    }

    fn restore(&mut self, params: Params<'_>, cx: &mut Cx<'_>) -> Answer {
        let name = self.found(params)?.0.to_owned();
        let secret = self.secrets.get_mut(&name).ok_or_else(not_found)?;
        if secret.goes.take().is_some() {
            cx.effect = Some(format!("secret {name} restored"));
        }
        Ok(secret.told(&name, None))
    }

    /// The secret that a call is about.
    fn found(&self, params: Params<'_>) -> Result<(&str, &Secret), AwsError> {
        let id = need(params, "SecretId")?;
        let mut all = self.secrets.iter();
        all.find(|(name, one)| named(id, name, &one.arn))
            .map(|(name, one)| (name.as_str(), one))
            .ok_or_else(not_found)
    }

    /// The same, where it is not marked for deletion.
    fn alive(&self, params: Params<'_>) -> Result<(&str, &Secret), AwsError> {
        let found = self.found(params)?;
        match found.1.goes {
            None => Ok(found),
            Some(_) => Err(refused(MARKED)),
        }
    }
}

fn not_found() -> AwsError {
    missing("Secrets Manager can't find the specified secret.")
}

fn missing(message: impl Into<String>) -> AwsError {
    AwsError::new("ResourceNotFoundException", message)
}
