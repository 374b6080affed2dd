//! The Security Token Service: roles that are taken, and who a caller is.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::sandbox::call::{Answer, AwsError, Call, Params};
use crate::sandbox::protocol::Protocol;
use crate::sandbox::realm::Cx;
use crate::sandbox::service::{Offer, Reply, Scope, Service};
use crate::sandbox::values::iso;
use crate::sandbox::who::Session;

/// STS. A key that it gave is known in every account.
pub const OFFER: Offer = Offer {
    scope: Scope::World,
    subjects: &["RoleArn"],
    ..Offer::of::<Sts>(
        "sts",
        Protocol::Query {
            version: "2011-06-15",
            namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
        },
    )
};

/// The keys that `AssumeRole` gave.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Sts {
    sessions: BTreeMap<String, Session>,
}

impl Service for Sts {
    fn call(&mut self, call: &Call, cx: &mut Cx<'_>) -> Result<Reply, AwsError> {
        let who = &cx.caller.who;
        match call.action.as_str() {
            "GetCallerIdentity" => {
                Ok(json!({ "Arn": who.arn, "UserId": who.user_id, "Account": who.account }).into())
            }
            "AssumeRole" => self.assume(call.params(), cx).map(Reply::from),
            action => Err(AwsError::new(
                "InvalidAction",
                format!("Could not find operation {action} for version 2011-06-15"),
            )),
        }
    }

    fn who(&self, access_key: &str) -> Option<Session> {
        self.sessions.get(access_key).cloned()
    }
}

impl Sts {
    fn assume(&mut self, params: Params<'_>, cx: &mut Cx<'_>) -> Answer {
        let role = params.need("RoleArn")?;
        let name = params.need("RoleSessionName")?;
        let parts: Vec<&str> = role.splitn(6, ':').collect();
        let (account, role_name) = match parts.as_slice() {
            ["arn", "aws", "iam", "", account, rest] if rest.starts_with("role/") => {
                (*account, rest.rsplit('/').next().unwrap_or(rest))
            }
            _ => return Err(AwsError::validation(format!("{role} is invalid"))),
        };
        let key = format!("ASIA{}", cx.dice.letters(16));
        let session = Session::of(account, role_name, name);
        let seconds = params
            .number("DurationSeconds")
            .and_then(|seconds| u64::try_from(seconds).ok())
            .unwrap_or(3_600);
        let answer = json!({
            "Credentials": {
                "AccessKeyId": key,
                "SecretAccessKey": "practice-only",
                "SessionToken": format!("practice-{}", cx.dice.letters(24)),
                "Expiration": iso(cx.now + Duration::from_secs(seconds)),
            },
            "AssumedRoleUser": { "AssumedRoleId": session.user_id, "Arn": session.arn },
        });
        cx.effect = Some(session.arn.clone());
        self.sessions.insert(key, session);
        Ok(answer)
    }
}
