//! What a push asks for: a deployment of one stack at one commit, for somebody outside, once.

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::push::{Push, Pusher};
use crate::domain::ask::{Ask, Confirm, InboxAsk, Intent, Source};
use crate::domain::cause::Via;
use crate::domain::flag::{Flags, Value};
use crate::domain::ids::{AskId, FlagName, StackId};
use crate::domain::person::{Issuer, Proof};
use crate::domain::refs::{Branch, Commit};
use crate::domain::repository::Repository;
use crate::systems::COMMIT;
use crate::text::safe::Safe;

/// Below it are the ids of asks that deliveries make.
const SPACE: Uuid = Uuid::from_u128(0x6ad3_b21c_9f0e_5d47_8a15_2c9b_71e4_0d63);
/// The longest id of a delivery that is one.
const LONGEST: usize = 100;

/// Which delivery it was: the same one again asks for nothing new, for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery(String);

impl Delivery {
    /// By the id that its host gives it. Nobody may rely on an id that is not signed alone where the
    /// body is signed: without one, or where it has none of the usual forms, the body counts.
    #[must_use]
    pub fn new(host: Issuer, id: Option<&str>, body: &[u8]) -> Self {
        let is_id = |id: &&str| {
            (8..=LONGEST).contains(&id.len())
                && id
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'{' | b'}'))
        };
        let which = match id.filter(is_id) {
            Some(id) => format!("id {id}"),
            None => format!("body {}", hex::encode(Sha256::digest(body))),
        };
        Self(format!("{} {which}", host.word()))
    }

    /// The id of its ask for a stack.
    #[must_use]
    pub fn ask(&self, stack: &StackId) -> AskId {
        AskId(Uuid::new_v5(
            &SPACE,
            format!("{} {stack}", self.0).as_bytes(),
        ))
    }
}

/// The ask of a push for a stack. `None` never happens while the flag's name is one.
#[must_use]
pub fn ask(
    push: &Push,
    stack: &StackId,
    branch: &Branch,
    commit: &Commit,
    delivery: &Delivery,
) -> Option<InboxAsk> {
    let reason = format!("push to {branch}, {}: {}", commit.short(), push.message);
    let of = (push.host, &push.repository, &push.by);
    pushed(delivery.ask(stack), stack, commit, of, &reason)
}

/// The ask for a commit that was pushed, of that repository at that host and for that person, who
/// proved it there. `None` never happens while the flag's name is one.
pub(super) fn pushed(
    id: AskId,
    stack: &StackId,
    commit: &Commit,
    (host, repository, by): (Issuer, &Repository, &Pusher),
    reason: &str,
) -> Option<InboxAsk> {
    let proof = Proof::Checked {
        source: host,
        id: Safe::new(&repository.to_string()),
        behalf: Some(by.shown()),
    };
    let intent = at_commit(stack, commit)?;
    Some(outside(id, Via::Push, proof, intent, reason.to_owned()))
}

/// A deployment of what the estate says, at that commit. `None` never happens while the flag's name
/// is one.
pub(super) fn at_commit(stack: &StackId, commit: &Commit) -> Option<Intent> {
    let flag: FlagName = COMMIT.parse().ok()?;
    let flags = Flags::from([(flag, Value::Text(Safe::new(commit.as_str())))]);
    Intent::deploy(stack.clone(), Source::Estate).choosing(flags)
}

/// The ask of somebody outside: nobody saw its card, and nobody is owed a reply.
pub(super) fn outside(
    id: AskId,
    via: Via,
    proof: Proof,
    intent: Intent,
    reason: String,
) -> InboxAsk {
    InboxAsk {
        id,
        via,
        proof,
        reply: None,
        ask: Ask::Do {
            intent,
            attached: Vec::new(),
            confirm: Confirm {
                reason,
                ..Confirm::default()
            },
            armed: false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::person::Person;
    use crate::text::secret;

    fn push(by: &str) -> Push {
        Push {
            host: Issuer::Github,
            repository: "https://github.com/acme/docs".parse().unwrap(),
            at: "refs/heads/main".parse().unwrap(),
            before: None,
            after: None,
            forced: false,
            by: Pusher {
                id: "21031067".into(),
                name: by.into(),
            },
            message: "Mend the menu".into(),
            taken_at: None,
            of_suite: false,
        }
    }

    #[test]
    fn who_asks_is_outside_whoever_they_say_they_are() {
        let commit: Commit = "6113728f27ae82c7b1a177c8d03f9e96e0adf246".parse().unwrap();
        assert!(!secret::is_in(commit.as_str()), "a flag takes no secret");
        let branch = "main".parse().unwrap();
        let delivery = Delivery::new(Issuer::Github, None, b"body");
        // The name of an approver, of the owner or of the engine makes nobody one of them.
        for name in ["ana", "owner", "engine"] {
            let ask = ask(
                &push(name),
                &"dev/docs".parse().unwrap(),
                &branch,
                &commit,
                &delivery,
            )
            .unwrap();
            let person = ask.proof.person(&Person::Owner("ana".into()));
            assert!(
                matches!(
                    person,
                    Person::Outside {
                        source: Issuer::Github,
                        ..
                    }
                ) && !person.decides()
            );
            assert_eq!(
                person.to_string(),
                format!("github:github.com/acme/docs for {name} (21031067)")
            );
            let Ask::Do {
                intent, confirm, ..
            } = ask.ask
            else {
                panic!()
            };
            let flags: Vec<_> = intent
                .flags()
                .unwrap()
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            assert_eq!(flags, [format!("commit={commit}")]);
            assert_eq!(confirm.reason, "push to main, 6113728f27: Mend the menu");
            assert_eq!(confirm.subject, None, "nobody saw a card");
        }
    }

    #[test]
    fn a_delivery_is_one_ask_for_each_stack_for_ever() {
        let of = |host, id, body: &[u8], stack: &str| {
            Delivery::new(host, id, body).ask(&stack.parse().unwrap())
        };
        let one = of(Issuer::Gitlab, Some("7f1f5e9c-1"), b"a", "dev/docs");
        assert_eq!(
            one,
            of(Issuer::Gitlab, Some("7f1f5e9c-1"), b"b", "dev/docs")
        );
        assert_eq!(
            one.to_string(),
            "a18aee86-bc9c-58b3-b3c7-38278a6a6c32",
            "it is kept in stores"
        );
        for other in [
            of(Issuer::Gitlab, Some("7f1f5e9c-2"), b"a", "dev/docs"),
            of(Issuer::Github, Some("7f1f5e9c-1"), b"a", "dev/docs"),
            of(Issuer::Gitlab, Some("7f1f5e9c-1"), b"a", "prod/docs"),
            of(Issuer::Gitlab, None, b"a", "dev/docs"),
        ] {
            assert_ne!(one, other);
        }
        let bodies = |id| {
            (
                of(Issuer::Gitlab, id, b"a", "dev/docs"),
                of(Issuer::Gitlab, id, b"b", "dev/docs"),
            )
        };
        for none in [
            None,
            Some(""),
            Some("short"),
            Some("with a space"),
            Some("a/../../b"),
        ] {
            let (a, b) = bodies(none);
            assert_ne!(a, b, "{none:?}");
        }
    }
}
