//! Whether the engine is well: for whoever starts it again when it is not.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use super::Door;
use super::answer::response;
use crate::text::json;
use crate::trigger::queue::KeptState;
use crate::world::{EngineState, World};

/// How the engine does.
#[derive(Debug, Serialize)]
struct Health {
    /// `ok` or `failing`.
    status: &'static str,
    /// Why it is not well; told to readers alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    because: Vec<String>,
    /// What is wrong with queues: that is no reason to start anything again; told to readers alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    queues: Vec<String>,
    /// For how long the engine has said nothing of itself; told to readers alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    heartbeat_age_seconds: Option<u64>,
}

impl Door {
    /// 200 where the engine is well, else 503.
    pub(super) fn health(&self, reads: bool) -> Response {
        let because = ailments(&self.parts.desk.world());
        let (status, word) = if because.is_empty() {
            (StatusCode::OK, "ok")
        } else {
            (StatusCode::SERVICE_UNAVAILABLE, "failing")
        };
        let health = Health {
            status: word,
            because: if reads { because } else { Vec::new() },
            queues: if reads { self.queues() } else { Vec::new() },
            heartbeat_age_seconds: reads
                .then(|| (self.parts.heartbeat)())
                .flatten()
                .map(|age| age.as_secs()),
        };
        let text = json::line(&health).unwrap_or_default();
        response(status, "application/json", text + "\n")
    }
}

impl Door {
    /// The queues that are not read, each with what to do.
    fn queues(&self) -> Vec<String> {
        let rows = self.parts.queues.rows();
        let troubled = rows.iter().filter(|row| row.state.is_trouble());
        troubled.map(KeptState::told).collect()
    }
}

/// Why the engine does not work, as sentences; none where it does.
fn ailments(world: &World) -> Vec<String> {
    let engine = match &world.engine {
        EngineState::Live { .. } | EngineState::Draining { .. } => None,
        EngineState::Unknown
        | EngineState::None(_)
        | EngineState::Starting
        | EngineState::Silent { .. } => Some(world.engine.says()),
    };
    let store = (!world.loaded).then(|| "the store was not read yet".to_owned());
    engine
        .into_iter()
        .chain(store)
        .chain(world.trouble.clone())
        .chain(world.doubt.as_ref().map(ToString::to_string))
        .chain(world.disk_full.as_ref().map(crate::world::DiskFull::says))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Time;
    use crate::world::DiskFull;

    #[test]
    fn every_reason_is_told_and_none_is_made_up() {
        let well = World {
            engine: EngineState::Live {
                pid: 1,
                version: "1".to_owned(),
            },
            loaded: true,
            ..World::default()
        };
        assert_eq!(ailments(&well), Vec::<String>::new());
        let disk_full = Some(DiskFull {
            home: "/h".to_owned(),
            since: Time(0),
        });
        for (ill, says) in [
            (
                World {
                    engine: EngineState::Silent {
                        pid: 7,
                        since: Time(0),
                    },
                    ..well.clone()
                },
                "kill -CONT 7",
            ),
            (
                World {
                    engine: EngineState::None("why".to_owned()),
                    ..well.clone()
                },
                "no engine: why",
            ),
            (
                World {
                    loaded: false,
                    ..well.clone()
                },
                "not read yet",
            ),
            (
                World {
                    trouble: Some("cut off".to_owned()),
                    ..well.clone()
                },
                "cut off",
            ),
            (
                World {
                    doubt: Some("a copy".into()),
                    ..well.clone()
                },
                "a copy",
            ),
            (World { disk_full, ..well }, "is full"),
        ] {
            let told = ailments(&ill);
            assert!(told.len() == 1 && told[0].contains(says), "{told:?}");
        }
    }
}
