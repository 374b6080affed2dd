//! What tests put together again and again, in one place: a new field of a stored form is given
//! here once.

use serde_json::Value;
use uuid::Uuid;

use super::cause::{Cause, Via};
use super::deployment::Request;
use super::digest::Digest;
use super::environment::OnFailure;
use super::flag::Flags;
use super::ids::{AskId, DeploymentNo, StackId};
use super::person::Person;
use super::place::Places;
use super::purpose::Purpose;
use super::request::{Release, SourceBundle, Spec};

/// The owner of a store.
pub(crate) fn ana() -> Person {
    Person::Owner("ana".into())
}

/// A release of that name and content.
pub(crate) fn release(name: &str) -> Release {
    Release {
        name: name.into(),
        source: None,
        digest: Digest::of_bytes(name.as_bytes()),
    }
}

/// What an application is.
pub(crate) fn spec(system: &str, name: &str, body: Value) -> Spec {
    Spec {
        system: system.to_owned(),
        release: release(name),
        body,
        bundle: SourceBundle::default().digest(),
        about: Vec::new(),
        watch_logs: Vec::new(),
        parts: std::collections::BTreeMap::new(),
    }
}

/// A deployment that ana asked for on the console.
pub(crate) fn request(no: u64, stack: &StackId, spec: Spec) -> Request {
    Request {
        no: DeploymentNo(no),
        stack: stack.clone(),
        purpose: Purpose::Deploy,
        spec,
        flags: Flags::new(),
        cause: Cause {
            ask: AskId(Uuid::from_u128(1)),
            by: ana(),
            via: Via::Key,
            reason: String::new(),
            of: None,
            reply: None,
        },
        parent: None,
        env_version: 1,
        places: Places::default(),
        on_failure: OnFailure::Break,
        not_before: None,
        after: Vec::new(),
        seen: None,
    }
}
