//! What CodeBuild tells of a build by EventBridge. Delivery is best effort: an event may be lost,
//! come twice or come late, so that it says no more than that the build is worth a look.

use serde::Deserialize;

/// The kinds of events.
const STATE: &str = "CodeBuild Build State Change";
const PHASE: &str = "CodeBuild Build Phase Change";

/// An event about a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The id of the build, `PROJECT:UUID`.
    pub build: String,
    /// The name of its project.
    pub project: String,
    /// What changed, as it is told: its state, or the phase that is over.
    pub what: What,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Its state.
    State {
        /// In CodeBuild's words.
        status: String,
        /// Whether it is over.
        is_over: bool,
    },
    /// A phase is over.
    Phase(String),
}

/// Why an event is none about a build.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoChange {
    /// It is about something else.
    #[error("it is a {0:?}, which tells of no build: mend the rule that sends it")]
    Other(String),
    /// It does not say which build.
    #[error("it names no build")]
    NoBuild,
    /// It tells of a phase and names none.
    #[error("it tells of a phase and has no list of phases")]
    NoPhases,
}

/// An event in the form of EventBridge, as far as it is read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Event {
    source: String,
    detail_type: String,
    #[serde(default)]
    detail: Detail,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Detail {
    build_id: Option<String>,
    build_status: Option<String>,
    completed_phase: Option<String>,
    #[serde(default)]
    additional_information: About,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct About {
    #[serde(default)]
    build_complete: bool,
    phases: Option<Vec<Phase>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Phase {
    phase_type: String,
    phase_status: Option<String>,
}

impl Event {
    /// The change that it tells of.
    ///
    /// # Errors
    /// [`NoChange`] where it tells of none.
    pub fn change(self) -> Result<Change, NoChange> {
        if self.source != "aws.codebuild" || ![STATE, PHASE].contains(&self.detail_type.as_str()) {
            return Err(NoChange::Other(self.detail_type));
        }
        // An ARN, whose last part is the id; of an event that somebody made it may be the id alone.
        let named = self.detail.build_id.unwrap_or_default();
        let build = named.rsplit('/').next().unwrap_or(&named);
        let project = build.split_once(':').filter(|(project, id)| {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            let is_word = |word: &str| !word.is_empty() && word.chars().all(is_plain);
            is_word(project) && is_word(id)
        });
        let Some((project, _)) = project else {
            return Err(NoChange::NoBuild);
        };
        let about = self.detail.additional_information;
        let what = if self.detail_type == STATE {
            What::State {
                status: self.detail.build_status.unwrap_or_default(),
                is_over: about.build_complete,
            }
        } else {
            let phases = about.phases.ok_or(NoChange::NoPhases)?;
            let over = phases.iter().rfind(|phase| phase.phase_status.is_some());
            let last = over.map(|phase| phase.phase_type.clone());
            What::Phase(self.detail.completed_phase.or(last).unwrap_or_default())
        };
        Ok(Change {
            build: build.to_owned(),
            project: project.to_owned(),
            what,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn event(kind: &str, detail: &Value) -> Result<Change, NoChange> {
        let event = json!({ "version": "0", "source": "aws.codebuild", "detail-type": kind, "detail": detail });
        serde_json::from_value::<Event>(event).unwrap().change()
    }

    #[test]
    fn an_event_is_read_or_says_why_it_is_none() {
        let arn = "arn:aws:codebuild:eu-west-1:1:build/shop:8745a7a9";
        let over = json!({ "build-id": arn, "build-status": "FAULT", "additional-information": { "build-complete": true } });
        let phase = json!({ "build-id": arn, "completed-phase": "BUILD", "additional-information": {
            "phases": [{ "phase-type": "BUILD", "phase-status": "SUCCEEDED" }] } });
        let made = |what| {
            Ok(Change {
                build: "shop:8745a7a9".to_owned(),
                project: "shop".to_owned(),
                what,
            })
        };
        for (kind, detail, read) in [
            (
                STATE,
                over,
                made(What::State {
                    status: "FAULT".to_owned(),
                    is_over: true,
                }),
            ),
            (PHASE, phase, made(What::Phase("BUILD".to_owned()))),
            (PHASE, json!({ "build-id": arn }), Err(NoChange::NoPhases)),
            (STATE, json!({}), Err(NoChange::NoBuild)),
            (STATE, json!({ "build-id": "shop" }), Err(NoChange::NoBuild)),
            (
                STATE,
                json!({ "build-id": "../a:b c" }),
                Err(NoChange::NoBuild),
            ),
            (
                "CodeBuild Webhook",
                json!({ "build-id": arn }),
                Err(NoChange::Other("CodeBuild Webhook".to_owned())),
            ),
        ] {
            assert_eq!(event(kind, &detail), read, "{kind}");
        }
    }

    #[test]
    fn what_another_service_tells_is_none() {
        let event = json!({ "source": "aws.ec2", "detail-type": STATE, "detail": {} });
        let read = serde_json::from_value::<Event>(event).unwrap().change();
        assert_eq!(read, Err(NoChange::Other(STATE.to_owned())));
    }
}
