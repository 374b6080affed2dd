//! What hosts tell: proven, read, held against the rules, and passed on as asks.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::http::request::Parts as Head;

use super::answer::{Answer, Asked};
use super::{Door, HEADS, Parts, headers};
use crate::desk::{NotRelayed, Relayed};
use crate::domain::ask::Answer as Decided;
use crate::domain::ids::{AskId, StackId};
use crate::domain::masks::Secret;
use crate::domain::person::Issuer;
use crate::domain::secret_ref::SecretRef;
use crate::trigger::rules::{Concern, Order, Rule, concern};
use crate::trigger::{
    Delivery, Push, Told, Unread, ask, bitbucket, follow, github, gitlab, signature,
};

impl Door {
    /// Hears what a host tells.
    pub(super) async fn hook(self: &Arc<Self>, host: Issuer, head: &Head, body: &[u8]) -> Answer {
        let read = match host {
            Issuer::Github => self.github(head, body).await,
            Issuer::Gitlab => self.gitlab(head, body).await,
            _ => self.bitbucket(head, body).await,
        };
        match read {
            Ok((told, delivery)) => self.told(host, told, &delivery).await,
            Err(answer) => answer,
        }
    }

    async fn github(&self, head: &Head, body: &[u8]) -> Result<(Told, Delivery), Answer> {
        let secret = self.secret(self.parts.hosts.github.as_ref()).await?;
        let signatures = headers::all(&head.headers, "x-hub-signature-256");
        signature::check(&secret, &signatures, body).map_err(|why| Answer::unproven(&why))?;
        let event = headers::one(&head.headers, "x-github-event");
        let event =
            event.ok_or_else(|| Answer::unread(&"X-GitHub-Event does not say what it is"))?;
        let told = github::read(event, body).map_err(|why: Unread| Answer::unread(&why))?;
        // The id of the delivery is not signed: whoever has an old body could give it a new id. Each
        // body of GitHub's says when it was, and a redelivery has the same.
        Ok((told, Delivery::new(Issuer::Github, None, body)))
    }

    async fn gitlab(&self, head: &Head, body: &[u8]) -> Result<(Told, Delivery), Answer> {
        let secret = self.secret(self.parts.hosts.gitlab.as_ref()).await?;
        let tokens = headers::all(&head.headers, "x-gitlab-token");
        signature::check_token(&secret, &tokens).map_err(|why| Answer::unproven(&why))?;
        let event = headers::one(&head.headers, "x-gitlab-event");
        let event =
            event.ok_or_else(|| Answer::unread(&"X-Gitlab-Event does not say what it is"))?;
        let told = gitlab::read(event, body).map_err(|why| Answer::unread(&why))?;
        let id = headers::one(&head.headers, "idempotency-key");
        Ok((told, Delivery::new(Issuer::Gitlab, id, body)))
    }

    async fn bitbucket(&self, head: &Head, body: &[u8]) -> Result<(Told, Delivery), Answer> {
        let account = if headers::one(&head.headers, "authorization").is_some() {
            Some(self.installation(head).await?)
        } else {
            let secret = self.secret(self.parts.hosts.bitbucket.as_ref()).await?;
            let signatures = headers::all(&head.headers, "x-hub-signature");
            signature::check(&secret, &signatures, body).map_err(|why| Answer::unproven(&why))?;
            None
        };
        let event = headers::one(&head.headers, "x-event-key");
        let told =
            bitbucket::read(event, account.as_ref(), body).map_err(|why| Answer::unread(&why))?;
        let id = headers::one(&head.headers, "x-request-uuid");
        Ok((told, Delivery::new(Issuer::Bitbucket, id, body)))
    }

    /// A secret as it is now: it may be changed while we run.
    async fn secret(&self, reference: Option<&SecretRef>) -> Result<Secret, Answer> {
        let unread = "the secret of this host cannot be read here: the log says why";
        let reference = reference.ok_or_else(|| Answer::closed(unread))?;
        crate::secrets::read(reference).await.map_err(|why| {
            tracing::warn!("{}; {}", why.summary, why.hint);
            Answer::closed(unread)
        })
    }

    async fn told(self: &Arc<Self>, host: Issuer, told: Told, delivery: &Delivery) -> Answer {
        match told {
            Told::Ping => Answer::nothing("heard"),
            Told::Other(event) => Answer::nothing(format!("{event} means nothing here")),
            Told::Access(access) => {
                let (id, account) = (access.installation, &access.account);
                let (more, less) = (access.added.len(), access.removed.len());
                let over = if access.ended { ", and is over" } else { "" };
                tracing::info!(
                    "{}: installation {id} of {account} may read {more} more and {less} fewer repositories{over}",
                    host.word()
                );
                Answer::nothing("heard")
            }
            Told::Pushes(pushes) => self.pushes(&pushes, delivery).await,
        }
    }

    async fn pushes(self: &Arc<Self>, pushes: &[Push], delivery: &Delivery) -> Answer {
        let read = Arc::clone(&self.parts.rules);
        let rules = match tokio::task::spawn_blocking(move || read()).await {
            Ok(Ok(rules)) => rules,
            Ok(Err(why)) => {
                tracing::warn!("the estate cannot be read, and a push waits for it: {why}");
                return Answer::closed(
                    "the estate cannot be read here: the log says why; send it again then",
                );
            }
            Err(why) => return Answer::closed(why.to_string()),
        };
        let mut answers = Vec::new();
        for push in pushes {
            tracing::info!(
                "{} tells that {} moved the {} of {} to {}: {}",
                push.host.word(),
                push.by.shown(),
                push.at,
                push.repository,
                push.after.as_ref().map_or("nothing", |after| after.short()),
                push.message
            );
            answers.push(self.push(push, &rules, delivery).await);
        }
        together(answers)
    }

    /// One push at a time, so that the newest one is asked for last.
    async fn push(self: &Arc<Self>, push: &Push, rules: &[Rule], delivery: &Delivery) -> Answer {
        let (stacks, branch, commit) = match concern(push, rules) {
            Concern::Nothing(why) => return Answer::nothing(why),
            Concern::Deploys {
                stacks,
                branch,
                commit,
            } => (stacks, branch, commit),
        };
        let mut heads = self.heads.lock().await;
        match heads.order(push) {
            Order::Newer => {}
            Order::Same => {
                return Answer::new(StatusCode::OK, "known", "this push was heard before");
            }
            Order::Superseded(by) => {
                return Answer::new(
                    StatusCode::OK,
                    "superseded",
                    format!(
                        "the {} of {} stands at {} by now",
                        push.at,
                        push.repository,
                        by.short()
                    ),
                );
            }
        }
        let mut asks = Vec::new();
        let mut missed = false;
        for stack in stacks {
            let Some(ask) = ask(push, &stack, &branch, &commit, delivery) else {
                continue;
            };
            let id = ask.id;
            let state = match self.parts.desk.relay(ask).await {
                Ok(Relayed::New) => {
                    self.follow(id, stack.clone());
                    "new".to_owned()
                }
                Ok(Relayed::Known(_)) => "known".to_owned(),
                Err(why) => {
                    missed = true;
                    tracing::warn!("{stack} was not asked for: {why}");
                    match why {
                        NotRelayed::Refused(_) => {
                            "refused before it was asked: the log says why".to_owned()
                        }
                        NotRelayed::Later(_) => "not asked: the store cannot be reached".to_owned(),
                    }
                }
            };
            asks.push(Asked {
                stack,
                ask: id,
                state,
            });
        }
        if missed {
            // It is not the newest one that was heard as long as it was not heard by all.
            let says = "not everything was asked: send it again";
            return Answer {
                asks,
                ..Answer::closed(says)
            };
        }
        heads.keep(push);
        if let Err(why) = self.keep(HEADS, &*heads).await {
            // An older push that comes late would be taken for the newest after a restart.
            tracing::warn!("which push is the newest one cannot be kept: {why}");
        }
        let new = asks.iter().any(|asked| asked.state == "new");
        let (status, outcome, says) = if new {
            (StatusCode::ACCEPTED, "asked", "asked")
        } else {
            (StatusCode::OK, "known", "asked before")
        };
        Answer {
            asks,
            ..Answer::new(status, outcome, says)
        }
    }

    /// Logs what became of an ask: the host has hung up long before it is decided.
    fn follow(self: &Arc<Self>, id: AskId, stack: StackId) {
        let door = Arc::clone(self);
        tokio::spawn(async move {
            let Parts { desk, clock, .. } = &door.parts;
            match follow::answer(desk.as_ref(), clock, id).await {
                Some(Decided::Refused(why)) => {
                    door.counts.heard("engine", "refused");
                    tracing::warn!("the push is not deployed to {stack}: {why}");
                }
                Some(Decided::Accepted { says, .. }) => tracing::info!("{stack}: {says}"),
                Some(Decided::Card { .. }) | None => {}
            }
        });
    }
}

/// The answers to the changes of one push, as one: the status that asks for most attention.
fn together(mut answers: Vec<Answer>) -> Answer {
    if answers.len() == 1
        && let Some(one) = answers.pop()
    {
        return one;
    }
    let weight = |answer: &Answer| match (answer.status, answer.outcome) {
        (StatusCode::OK, "nothing") => 0,
        (StatusCode::OK, _) => 1,
        (StatusCode::ACCEPTED, _) => 2,
        _ => 3,
    };
    answers.sort_by_key(weight);
    let asks = answers
        .iter()
        .flat_map(|answer| answer.asks.clone())
        .collect();
    let says: Vec<&str> = answers.iter().map(|answer| answer.says.as_str()).collect();
    let says = says.join("; ");
    match answers.last() {
        None => Answer::nothing("nothing moved"),
        Some(worst) => Answer {
            asks,
            ..Answer::new(worst.status, worst.outcome, says)
        },
    }
}
