//! Who calls: an identity for every access key. Keys are names here, never secrets: nothing is verified.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::call::{Answer, AwsError, Call};
use super::cfn::describe::iso;
use super::world::{ACCOUNT, World};
use std::time::Duration;

/// Who a key stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The account.
    pub account: String,
    /// The ARN.
    pub arn: String,
    /// The unique id.
    pub user_id: String,
}

/// Who calls with this key: a session that `AssumeRole` gave; the account that the key spells (twelve digits); else the
/// practice account's deployer.
#[must_use]
pub fn who(sessions: &BTreeMap<String, Session>, access_key: &str) -> Session {
    if let Some(session) = sessions.get(access_key) {
        return session.clone();
    }
    let is_account = access_key.len() == 12 && access_key.bytes().all(|byte| byte.is_ascii_digit());
    let account = if is_account { access_key } else { ACCOUNT };
    session(account, "deployer", "you")
}

/// Answers a call.
pub fn call(world: &mut World, call: &Call, who: &Session) -> (Answer, Option<String>) {
    match call.action.as_str() {
        "GetCallerIdentity" => (Ok(json!({ "Arn": who.arn, "UserId": who.user_id, "Account": who.account })), None),
        "AssumeRole" => match assume(world, call) {
            Ok((answer, arn)) => (Ok(answer), Some(arn)),
            Err(error) => (Err(error), None),
        },
        action => (Err(AwsError::new("InvalidAction", format!("Could not find operation {action} for version 2011-06-15"))), None),
    }
}

fn assume(world: &mut World, call: &Call) -> Result<(serde_json::Value, String), AwsError> {
    let params = call.params();
    let role = params.need("RoleArn")?;
    let name = params.need("RoleSessionName")?;
    let parts: Vec<&str> = role.splitn(6, ':').collect();
    let (account, role_name) = match parts.as_slice() {
        ["arn", "aws", "iam", "", account, rest] if rest.starts_with("role/") => (*account, rest.rsplit('/').next().unwrap_or(rest)),
        _ => return Err(AwsError::validation(format!("{role} is invalid"))),
    };
    let key = format!("ASIA{}", world.dice.letters(16));
    let session = session(account, role_name, name);
    let seconds = params.number("DurationSeconds").and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(3_600);
    let answer = json!({
        "Credentials": {
            "AccessKeyId": key,
            "SecretAccessKey": "practice-only",
            "SessionToken": format!("practice-{}", world.dice.letters(24)),
            "Expiration": iso(world.now + Duration::from_secs(seconds)),
        },
        "AssumedRoleUser": { "AssumedRoleId": session.user_id, "Arn": session.arn },
    });
    let arn = session.arn.clone();
    world.sessions.insert(key, session);
    Ok((answer, arn))
}

fn session(account: &str, role: &str, name: &str) -> Session {
    Session {
        account: account.to_owned(),
        arn: format!("arn:aws:sts::{account}:assumed-role/{role}/{name}"),
        user_id: format!("AROAPRACTICE:{name}"),
    }
}
