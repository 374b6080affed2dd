//! What a message says: as it was sent to the queue, or in the envelope of a topic. Strict: what is
//! no sound JSON, or has a field that means nothing here, is not guessed at.

use std::fmt;

use serde::Deserialize;

use crate::domain::ids::{EnvName, Part, StackId};
use crate::domain::instance::{AppTold, Instance, Slug};
use crate::domain::queue::QueueKind;
use crate::domain::refs::Commit;
use crate::domain::time::Time;
use crate::forms::codebuild::change::{Change, Event};
use crate::text::safe::Safe;
use crate::trigger::json::{self, Unread};

/// What a message tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    /// A build went on.
    Build(Change),
    /// Something is asked for.
    Asked(Asked),
    /// An app came, changed or went: its id, and what is told of it.
    App(Part, AppTold),
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    /// For which stack.
    pub(super) stack: StackId,
    /// What is to be done with it.
    pub(super) wish: Wish,
    /// What the sender calls the ask: the same one again asks for nothing new.
    pub(super) id: Option<String>,
    /// For whom the sender says that it asks; not proven.
    pub(super) by: Option<Safe>,
    /// Why.
    pub(super) reason: Option<Safe>,
}

/// What is to be done with a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wish {
    /// What the estate says now, at this commit where one is named.
    Deploy(Option<Commit>),
    /// A release that was deployed before.
    Release(String),
    /// What was never deployed.
    Setup,
    /// That it goes.
    Teardown,
}

/// The envelope of a topic.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope {
    r#type: Option<String>,
    message: Option<String>,
}

/// A command.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Command {
    stack: String,
    id: Option<String>,
    commit: Option<String>,
    release: Option<String>,
    by: Option<String>,
    reason: Option<String>,
}

/// What is told of an app, in the words of the source document. More than this may stand in it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AppEvent {
    app_id: String,
    r#type: AppChange,
    application_name: Option<String>,
    auth_flow: Option<String>,
    developer_id: Option<String>,
    time_stamp: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum AppChange {
    Created,
    Updated,
    Deleted,
}

/// The most characters of a text that a sender chooses.
const FEW: usize = 200;

/// Reads a message of a queue of this kind and this environment.
pub(super) fn read(kind: QueueKind, env: &EnvName, body: &str) -> Result<Told, Unread> {
    let envelope: Option<Envelope> = json::read(body.as_bytes()).ok();
    let inner = envelope
        .filter(|envelope| envelope.r#type.as_deref() == Some("Notification"))
        .and_then(|envelope| envelope.message);
    let said = inner.as_deref().unwrap_or(body);
    // Fields are known by their names alone: a list of values would be taken for them.
    if !said.trim_start().starts_with('{') {
        return Err(Unread::new(&"it is no JSON object"));
    }
    let said = said.as_bytes();
    match kind {
        QueueKind::Builds => {
            let change = json::read::<Event>(said)?.change();
            change.map(Told::Build).map_err(|why| Unread::new(&why))
        }
        QueueKind::Executor | QueueKind::Deploy | QueueKind::Setup | QueueKind::Teardown => {
            let command: Command = json::read(said)?;
            command.asked(kind, env).map(Told::Asked)
        }
        QueueKind::Apps => json::read::<AppEvent>(said)?.told(),
    }
}

/// The first characters of a text that a sender chooses.
fn few(text: &str) -> Safe {
    let few: String = text.chars().take(FEW).collect();
    Safe::told(&few)
}

impl AppEvent {
    fn told(self) -> Result<Told, Unread> {
        let wrong = |what: &str, why: &dyn fmt::Display| Unread::new(&format!("{what}: {why}"));
        let part = |what: &str, text: &str| -> Result<Part, Unread> {
            let of_one = text.parse::<Part>().ok().filter(|_| !text.contains('/'));
            let rule = "it has to be 1 to 63 letters, digits, '-', '_' and '.'";
            of_one.ok_or_else(|| wrong(what, &rule))
        };
        let id = part("AppId", &self.app_id)?;
        let told_at: jiff::Timestamp = self.time_stamp.parse().map_err(|why| {
            wrong(
                "TimeStamp",
                &format!("{why}; write it as 2026-01-01T00:00:00Z"),
            )
        })?;
        let told_at = Time(told_at.as_millisecond());
        let told = match self.r#type {
            AppChange::Deleted => AppTold::Gone { told_at },
            AppChange::Created | AppChange::Updated => {
                let named = self.application_name.as_deref();
                let named = named.filter(|name| !name.trim().is_empty());
                let title = named.unwrap_or(&self.app_id);
                let owner = self.developer_id.as_deref().filter(|id| !id.is_empty());
                AppTold::There {
                    instance: Instance {
                        name: Slug::of(title)
                            .or_else(|| Slug::of(&self.app_id))
                            .ok_or_else(|| {
                                wrong("ApplicationName", &"it has no letter a-z and no digit")
                            })?,
                        title: few(title),
                        sign_in: self.auth_flow.as_deref().map(few),
                        owner: owner.map(|id| part("DeveloperId", id)).transpose()?,
                        id: id.clone(),
                        told_at,
                        since: told_at,
                    },
                }
            }
        };
        Ok(Told::App(id, told))
    }
}

impl Command {
    fn asked(self, kind: QueueKind, env: &EnvName) -> Result<Asked, Unread> {
        let wrong = |why: String| Unread::new(&why);
        let stack: StackId = self
            .stack
            .parse()
            .map_err(|why| wrong(format!("stack: {why}")))?;
        if stack.env != *env {
            return Err(wrong(format!(
                "it asks for {stack}, and a queue of {env} asks for stacks of {env} alone"
            )));
        }
        let takes = |field: &str, given: bool, by: QueueKind| {
            if given && by != kind {
                let why = format!("{field} means nothing in the queue of {kind}");
                return Err(wrong(why));
            }
            Ok(())
        };
        takes("commit", self.commit.is_some(), QueueKind::Executor)?;
        takes("release", self.release.is_some(), QueueKind::Deploy)?;
        let wish = match kind {
            QueueKind::Builds | QueueKind::Apps | QueueKind::Executor => {
                let commit = self.commit.map(|commit| commit.parse()).transpose();
                Wish::Deploy(commit.map_err(|why| wrong(format!("commit: {why}")))?)
            }
            QueueKind::Deploy => {
                let named = self.release.filter(|name| !name.is_empty());
                Wish::Release(named.ok_or_else(|| {
                    wrong("it names no release: a deploy is of one that was deployed before".into())
                })?)
            }
            QueueKind::Setup => Wish::Setup,
            QueueKind::Teardown => Wish::Teardown,
        };
        Ok(Asked {
            stack,
            wish,
            id: self.id.filter(|id| !id.is_empty()),
            by: self.by.as_deref().map(few),
            reason: self.reason.as_deref().map(few),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(kind: QueueKind, body: &serde_json::Value) -> Result<Told, String> {
        let env = "dev".parse().unwrap();
        read(kind, &env, &body.to_string()).map_err(|why| why.to_string())
    }

    fn wish(kind: QueueKind, body: &serde_json::Value) -> Wish {
        match told(kind, body) {
            Ok(Told::Asked(asked)) => asked.wish,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_command_asks_for_what_its_queue_is_for() {
        let sha = "6113728f27ae82c7b1a177c8d03f9e96e0adf246";
        let plain = json!({ "stack": "dev/docs" });
        let commit = json!({ "stack": "dev/docs", "commit": sha, "id": "runner-7", "by": "ana" });
        assert_eq!(wish(QueueKind::Executor, &plain), Wish::Deploy(None));
        assert_eq!(
            wish(QueueKind::Executor, &commit),
            Wish::Deploy(Some(sha.parse().unwrap()))
        );
        assert_eq!(wish(QueueKind::Setup, &plain), Wish::Setup);
        assert_eq!(wish(QueueKind::Teardown, &plain), Wish::Teardown);
        let release = json!({ "stack": "dev/docs", "release": "1.4.2" });
        assert_eq!(
            wish(QueueKind::Deploy, &release),
            Wish::Release("1.4.2".to_owned())
        );
        // In the envelope of a topic it is the same.
        let enveloped =
            json!({ "Type": "Notification", "MessageId": "1", "Message": plain.to_string() });
        assert_eq!(wish(QueueKind::Setup, &enveloped), Wish::Setup);
    }

    #[test]
    fn what_is_not_said_clearly_is_not_guessed_at() {
        for (kind, body, why) in [
            (QueueKind::Setup, json!({}), "stack"),
            (
                QueueKind::Setup,
                json!({ "stack": "prod/docs" }),
                "dev alone",
            ),
            (QueueKind::Setup, json!({ "stack": "../docs" }), "stack:"),
            (
                QueueKind::Setup,
                json!({ "stack": "dev/docs", "force": true }),
                "force",
            ),
            (
                QueueKind::Setup,
                json!({ "stack": "dev/docs", "commit": "x" }),
                "means nothing",
            ),
            (
                QueueKind::Executor,
                json!({ "stack": "dev/docs", "commit": "main" }),
                "commit:",
            ),
            (
                QueueKind::Executor,
                json!({ "stack": "dev/docs", "release": "1" }),
                "means nothing",
            ),
            (
                QueueKind::Deploy,
                json!({ "stack": "dev/docs" }),
                "no release",
            ),
            (QueueKind::Teardown, json!(["dev/docs"]), "cannot be read"),
            (
                QueueKind::Builds,
                json!({ "source": "x", "detail-type": "y" }),
                "mend the rule",
            ),
        ] {
            let refused = told(kind, &body).unwrap_err();
            assert!(refused.contains(why), "{body}: {refused}");
        }
        let env = "dev".parse().unwrap();
        for body in [
            "",
            "x",
            "{\"stack\":\"dev/docs\",\"stack\":\"dev/docs\"}",
            "null",
        ] {
            assert!(read(QueueKind::Setup, &env, body).is_err(), "{body}");
        }
    }

    #[test]
    fn an_app_is_told_of_in_the_words_of_the_source_document() {
        let event = |of: &str, name: &str| {
            json!({
                "AppId": "7C1F", "Type": of, "ApplicationName": name, "AuthFlow": "authorisationCode",
                "DeveloperId": "acme", "TimeStamp": "2026-01-01T00:00:00.25Z", "Scopes": ["more"],
            })
        };
        let Ok(Told::App(id, AppTold::There { instance })) =
            told(QueueKind::Apps, &event("created", "Acme Shop"))
        else {
            panic!("an app was told of");
        };
        assert_eq!(id.as_str(), "7C1F");
        assert_eq!(instance.name.as_str(), "acme-shop");
        assert_eq!(instance.told_at, Time(1_767_225_600_250));
        // Of a name nothing may stay that stands in an address.
        let greek = told(QueueKind::Apps, &event("updated", "Ω"));
        assert!(
            matches!(greek, Ok(Told::App(_, AppTold::There { instance })) if instance.name.as_str() == "7c1f")
        );
        let gone = told(QueueKind::Apps, &event("deleted", "Acme Shop"));
        assert!(matches!(gone, Ok(Told::App(_, AppTold::Gone { .. }))));
        for (field, value, why) in [
            ("AppId", json!("a/b"), "AppId"),
            ("AppId", json!("../x"), "AppId"),
            ("DeveloperId", json!("a b"), "DeveloperId"),
            ("Type", json!("paused"), "paused"),
            ("TimeStamp", json!("yesterday"), "TimeStamp"),
            ("TimeStamp", json!(null), "invalid type"),
        ] {
            let mut event = event("created", "Acme");
            event[field] = value;
            let refused = told(QueueKind::Apps, &event).unwrap_err();
            assert!(refused.contains(why), "{event}: {refused}");
        }
        let listed = json!(["a", "created", "A", null, null, "2026-01-01T00:00:00Z"]);
        let refused = told(QueueKind::Apps, &listed).unwrap_err();
        assert!(refused.contains("no JSON object"), "{refused}");
    }
}
