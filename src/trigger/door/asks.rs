//! Asks that hosts led to, passed on one after the other: what of them is new is followed, and what
//! their commit is owed where they come to nothing is kept before anything is answered.

use std::sync::Arc;

use axum::http::StatusCode;

use super::answer::{Answer, Asked};
use super::{Door, Parts};
use crate::desk::{NotRelayed, Relayed};
use crate::domain::ask::{Answer as Decided, InboxAsk};
use crate::domain::ids::{AskId, StackId};
use crate::domain::refs::Commit;
use crate::trigger::debts::{self, Debt};
use crate::trigger::rules::Rule;
use crate::trigger::{Again, Delivery, ask, follow};

impl Door {
    /// Passes asks on, and says whether all of them stand in the inbox now.
    pub(super) async fn ask_all(
        self: &Arc<Self>,
        asks: impl IntoIterator<Item = (Rule, InboxAsk)>,
        commit: &Commit,
    ) -> (Answer, bool) {
        let mut told = Vec::new();
        let mut missed = false;
        for (Rule { stack, tells, .. }, ask) in asks {
            let id = ask.id;
            let relayed = self.parts.desk.relay(ask.clone()).await;
            if let (Ok(_), Some(to)) = (&relayed, tells) {
                let debt = Debt {
                    ask,
                    stack: stack.clone(),
                    to,
                    commit: commit.clone(),
                    at: self.parts.clock.now(),
                };
                self.debts.owe(debt).await;
            }
            let state = match relayed {
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
            told.push(Asked {
                stack,
                ask: id,
                state,
            });
        }
        let new = told.iter().any(|asked| asked.state == "new");
        let answer = if missed {
            // It is not the newest one that was heard as long as it was not heard by all.
            Answer::closed("not everything was asked: send it again")
        } else if new {
            Answer::new(StatusCode::ACCEPTED, "asked", "asked")
        } else {
            Answer::new(StatusCode::OK, "known", "asked before")
        };
        let asks = told;
        (Answer { asks, ..answer }, !missed)
    }

    /// Does again what a commit was pushed for, where its branch stands at it still: what was passed
    /// by is not brought back by a button beside an old commit.
    pub(super) async fn again(self: &Arc<Self>, again: &Again, delivery: &Delivery) -> Answer {
        let rules = match self.rules().await {
            Ok(rules) => rules,
            Err(answer) => return answer,
        };
        let Again {
            host,
            repository,
            branch,
            commit,
            check,
            by,
        } = again;
        tracing::info!(
            "{} tells that {} wants the checks of {} of {repository} again",
            host.word(),
            by.shown(),
            commit.short()
        );
        let is_meant = |rule: &Rule| {
            let told = rule.tells.as_ref().filter(|to| to.host == *host);
            rule.repository == *repository
                && rule.branches.has(branch)
                && told.is_some_and(|to| {
                    let name = debts::name(to, &rule.stack);
                    check.as_ref().is_none_or(|check| check.as_str() == name)
                })
        };
        let meant: Vec<Rule> = rules.into_iter().filter(is_meant).collect();
        if meant.is_empty() || !repository.is_told_by(*host) {
            return Answer::nothing(format!(
                "nothing here tells of checks of the branch {branch} of {repository}"
            ));
        }
        let heads = self.heads.lock().await;
        if let Some(stands) = heads.stands_at(repository, branch)
            && stands != commit
        {
            let says = format!(
                "the branch {branch} of {repository} stands at {} by now",
                stands.short()
            );
            return Answer::new(StatusCode::OK, "superseded", says);
        }
        let reason = format!(
            "again, {} of {branch}, as {} wants it",
            commit.short(),
            by.name
        );
        let asks = meant.into_iter().filter_map(|rule| {
            let id = delivery.ask(&rule.stack);
            let ask = ask::pushed(id, &rule.stack, commit, (*host, repository, by), &reason)?;
            Some((rule, ask))
        });
        self.ask_all(asks, commit).await.0
    }

    /// The rules as the estate has them now.
    pub(super) async fn rules(&self) -> Result<Vec<Rule>, Answer> {
        let read = Arc::clone(&self.parts.rules);
        match tokio::task::spawn_blocking(move || read()).await {
            Ok(Ok(rules)) => Ok(rules),
            Ok(Err(why)) => {
                tracing::warn!("the estate cannot be read, and a push waits for it: {why}");
                Err(Answer::closed(
                    "the estate cannot be read here: the log says why; send it again then",
                ))
            }
            Err(why) => Err(Answer::closed(why.to_string())),
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
