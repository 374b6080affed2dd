//! What hosts tell: proven, read, held against the rules, and passed on as asks.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::http::request::Parts as Head;

use super::answer::Answer;
use super::{Door, HEADS, headers};
use crate::domain::masks::Secret;
use crate::domain::person::Issuer;
use crate::domain::secret_ref::SecretRef;
use crate::trigger::rules::{Concern, Order, Rule, concern};
use crate::trigger::{Delivery, Push, Told, Unread, ask, bitbucket, github, gitlab, signature};

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
            Told::Again(again) => self.again(&again, delivery).await,
        }
    }

    async fn pushes(self: &Arc<Self>, pushes: &[Push], delivery: &Delivery) -> Answer {
        let rules = match self.rules().await {
            Ok(rules) => rules,
            Err(answer) => return answer,
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
        let asks = stacks.into_iter().filter_map(|rule| {
            let ask = ask(push, &rule.stack, &branch, &commit, delivery)?;
            Some((rule, ask))
        });
        let (answer, is_heard) = self.ask_all(asks, &commit).await;
        if is_heard {
            heads.keep(push);
            if let Err(why) = self.keep(HEADS, &*heads).await {
                // An older push that comes late would be taken for the newest after a restart.
                tracing::warn!("which push is the newest one cannot be kept: {why}");
            }
        }
        answer
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
