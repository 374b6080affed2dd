//! How a build ended, as an output or a failure. There is one good end.

use std::time::Duration;

use serde_json::{Value, json};

use crate::domain::failure::{Failure, Retry};
use crate::domain::plan::Output;
use crate::domain::time::short;
use crate::forms::codebuild::{Build, Phase, SUCCEEDED, Told};

/// When it is tried again where CodeBuild itself failed.
const FAULT: Duration = Duration::from_secs(30);

/// Why a build was asked to stop here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stopped {
    /// Its step was cancelled.
    Cancelled,
    /// It had no end after so long.
    Late(Duration),
}

/// What came of a build that is over.
pub(super) fn of(
    build: &Build,
    told: &Told,
    artifact: &Value,
    stopped: Option<Stopped>,
) -> Result<Output, Failure> {
    if build.status != SUCCEEDED {
        return Err(failed(build, told, stopped));
    }
    let phases = build.phases.iter().map(|phase| {
        json!({
            "name": phase.name,
            "status": phase.status,
            "seconds": phase.took.map(|took| took.as_secs()),
        })
    });
    let log = build.log.as_ref();
    Ok(Output::public(json!({
        "build_id": build.id,
        "phases": phases.collect::<Vec<_>>(),
        "logs": log.map(|log| json!({ "group": log.group, "stream": log.stream })),
        "log": build.kept,
        "artifact": artifact,
    })))
}

fn failed(build: &Build, told: &Told, stopped: Option<Stopped>) -> Failure {
    let Build { id, status, .. } = build;
    let bad = build.bad();
    let at = bad.map_or_else(String::new, |phase| format!(" in {}", phase.name));
    let why = bad
        .and_then(Phase::reason)
        .map_or_else(String::new, |why| format!(": {why}"));
    let lines = bad.map(|phase| told.last(phase.place)).unwrap_or_default();
    let link = build
        .link
        .as_deref()
        .map(|link| format!("all lines: {link}"));
    let kept = build.kept.as_ref();
    let kept = kept.map(|log| format!("kept in s3://{}/{}", log.bucket, log.key));
    let more = kept.as_deref().into_iter().chain(link.as_deref());
    let detail: Vec<&str> = lines.into_iter().chain(more).collect();
    let failure = match (status.as_str(), stopped) {
        ("STOPPED", Some(Stopped::Cancelled)) => Failure::new(format!(
            "cancelled; build {id} was stopped{at}: what its commands had done by then stays"
        )),
        ("STOPPED", Some(Stopped::Late(limit))) => Failure::new(format!(
            "build {id} had no end after {}, and was stopped{at}",
            short(limit)
        ))
        .hint("see what it waited for, or give it more time, then deploy again"),
        ("STOPPED", None) => Failure::new(format!("build {id} was stopped{at} by somebody else"))
            .hint("ask who stopped it, then deploy again"),
        ("TIMED_OUT", _) => Failure::new(format!("build {id} timed out{at}{}", after(bad)))
            .hint("see what it waited for, or give it more time, then deploy again"),
        ("FAULT", _) => Failure::new(format!("CodeBuild failed in build {id}{at}{why}"))
            .hint("it is no fault of what was built: deploy again")
            .retry(Retry::After(FAULT)),
        ("FAILED", _) => Failure::new(format!("build {id} failed{at}{why}"))
            .hint("put right what the lines say, then deploy again"),
        (other, _) => Failure::new(format!("build {id} ended {other}{at}{why}"))
            .hint("look at it in CodeBuild, then deploy again"),
    };
    failure.detail(detail.join("\n"))
}

fn after(bad: Option<&Phase>) -> String {
    let took = bad.and_then(|phase| phase.took);
    took.map_or_else(String::new, |took| format!(" after {}", short(took)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(status: &str) -> Build {
        Build {
            id: "shop:1".to_owned(),
            status: status.to_owned(),
            phases: vec![
                Phase {
                    name: "QUEUED".to_owned(),
                    place: 1,
                    status: Some("SUCCEEDED".to_owned()),
                    took: Some(Duration::from_secs(1)),
                    ..Phase::default()
                },
                Phase {
                    name: "BUILD".to_owned(),
                    place: 6,
                    status: Some(status.to_owned()),
                    took: Some(Duration::from_secs(90)),
                    why: vec![("CODE".to_owned(), "exit status 1".to_owned())],
                    ..Phase::default()
                },
            ],
            link: Some("https://x".to_owned()),
            ..Build::default()
        }
    }

    /// Traps 3 and 4: whatever is not SUCCEEDED is a failure, also what nobody has heard of.
    #[test]
    fn one_end_alone_is_good() {
        let told = Told::after(None);
        let of = |status: &str, stopped| of(&build(status), &told, &Value::Null, stopped);
        let cancelled = Some(Stopped::Cancelled);
        let late = Some(Stopped::Late(Duration::from_mins(90)));
        let output = of("SUCCEEDED", cancelled).unwrap();
        assert_eq!(
            output.public["phases"][1],
            json!({ "name": "BUILD", "status": "SUCCEEDED", "seconds": 90 })
        );
        for (status, stopped, says, again) in [
            (
                "FAILED",
                None,
                "build shop:1 failed in BUILD: exit status 1",
                false,
            ),
            (
                "FAULT",
                None,
                "CodeBuild failed in build shop:1 in BUILD",
                true,
            ),
            (
                "TIMED_OUT",
                None,
                "build shop:1 timed out in BUILD after 1:30",
                false,
            ),
            (
                "STOPPED",
                None,
                "was stopped in BUILD by somebody else",
                false,
            ),
            (
                "STOPPED",
                cancelled,
                "cancelled; build shop:1 was stopped in BUILD",
                false,
            ),
            (
                "VANISHED",
                None,
                "build shop:1 ended VANISHED in BUILD",
                false,
            ),
            ("", None, "build shop:1 ended ", false),
            (
                "STOPPED",
                late,
                "build shop:1 had no end after 90m, and was stopped in BUILD",
                false,
            ),
        ] {
            let failure = of(status, stopped).unwrap_err();
            assert!(failure.summary.contains(says), "{failure:?}");
            assert_eq!(failure.retry != Retry::Never, again, "{status}");
            assert!(failure.detail.ends_with("all lines: https://x"));
        }
    }
}
