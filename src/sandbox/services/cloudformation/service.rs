//! CloudFormation as a service: its stacks in one account and region, and when they move.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{CfnStack, api, machine};
use crate::domain::time::Time;
use crate::sandbox::call::{AwsError, Call};
use crate::sandbox::protocol::Protocol;
use crate::sandbox::realm::{Cx, Realm};
use crate::sandbox::service::{Offer, Reply, Service};

/// CloudFormation.
pub const OFFER: Offer = Offer {
    subjects: &["StackName", "ChangeSetName"],
    tokens: &["ClientRequestToken", "ClientToken"],
    types: include_str!("resources.yaml"),
    ..Offer::of::<CloudFormation>(
        "cloudformation",
        Protocol::Query {
            version: "2010-05-15",
            namespace: "http://cloudformation.amazonaws.com/doc/2010-05-15/",
        },
    )
};

/// Turns of one tick; each moves one stack one step on. The bound only guards against a stack that
/// would never come to rest.
const TURNS: u32 = 10_000;

/// The stacks of one account in one region.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct CloudFormation {
    /// Stacks by ARN, deleted ones too.
    pub stacks: BTreeMap<String, CfnStack>,
    /// Client tokens that were used: what for, and what was answered.
    pub tokens: BTreeMap<String, Token>,
}

/// A client token that was used.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Token {
    /// Action and stack.
    pub of: String,
    /// What was answered.
    pub answer: Value,
}

impl Service for CloudFormation {
    fn call(&mut self, call: &Call, cx: &mut Cx<'_>) -> Result<Reply, AwsError> {
        api::call(self, cx, call).map(Reply::from)
    }

    fn due(&self, realm: Realm<'_>) -> Option<Time> {
        let all = All { own: self, realm };
        self.stacks
            .values()
            .filter_map(|stack| machine::due(all, stack))
            .min()
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        for _ in 0..TURNS {
            let all = self.all(cx);
            let due = self
                .stacks
                .values()
                .find(|stack| machine::due(all, stack).is_some_and(|due| due <= cx.now));
            let Some(id) = due.map(|stack| stack.id.clone()) else {
                return;
            };
            self.with(&id, |own, stack| machine::step(own, stack, cx));
        }
    }
}

impl CloudFormation {
    /// The stack of this name that is not deleted, or of this ARN.
    #[must_use]
    pub fn stack(&self, name: &str) -> Option<&CfnStack> {
        self.stacks.get(name).or_else(|| {
            self.stacks
                .values()
                .find(|stack| stack.name == name && stack.deleted.is_none())
        })
    }

    /// The ARN of a stack by name or ARN.
    #[must_use]
    pub fn stack_id(&self, name: &str) -> Option<String> {
        self.stack(name).map(|stack| stack.id.clone())
    }

    /// Takes a stack out, works on it together with all others, and puts it back.
    pub fn with<T>(
        &mut self,
        id: &str,
        work: impl FnOnce(&mut Self, &mut CfnStack) -> T,
    ) -> Option<T> {
        let mut stack = self.stacks.remove(id)?;
        let result = work(self, &mut stack);
        self.stacks.insert(stack.id.clone(), stack);
        Some(result)
    }

    /// The stacks and what is around them, to be read.
    #[must_use]
    pub fn all<'a>(&'a self, cx: &'a Cx<'_>) -> All<'a> {
        All {
            own: self,
            realm: cx.realm(),
        }
    }
}

/// The stacks of a realm and what is around them, to be read.
#[derive(Debug, Clone, Copy)]
pub struct All<'a> {
    /// The stacks.
    pub own: &'a CloudFormation,
    /// What is around them.
    pub realm: Realm<'a>,
}
