//! What CodeBuild answers about a build.

use std::time::Duration;

use aws_sdk_codebuild::types as told;

use crate::domain::time::Time;
use crate::forms::codebuild::{Build, IN_PROGRESS, Log, Object, Phase, place};

/// Reads what was told of a build; none of what has no id.
pub(super) fn build(told: &told::Build) -> Option<Build> {
    let mut phases: Vec<Phase> = Vec::new();
    for phase in told.phases().iter().filter_map(phase) {
        // Not every cloud tells each once.
        if phases.iter().all(|known| known.place != phase.place) {
            phases.push(phase);
        }
    }
    phases.sort_by_key(|phase| phase.place);
    let logs = told.logs();
    let log = logs.and_then(|logs| {
        Some(Log {
            group: logs.group_name()?.to_owned(),
            stream: logs.stream_name()?.to_owned(),
        })
    });
    let variables = told
        .environment()
        .map_or(&[][..], told::ProjectEnvironment::environment_variables)
        .iter()
        .filter(|variable| {
            matches!(
                variable.r#type(),
                None | Some(told::EnvironmentVariableType::Plaintext)
            )
        })
        .map(|variable| (variable.name().to_owned(), variable.value().to_owned()));
    Some(Build {
        id: told.id()?.to_owned(),
        number: told
            .build_number()
            .and_then(|number| number.try_into().ok()),
        started: time(told.start_time()),
        status: told
            .build_status()
            .map_or(IN_PROGRESS, told::StatusType::as_str)
            .to_owned(),
        phases,
        log,
        kept: logs.and_then(kept),
        link: logs
            .and_then(told::LogsLocation::deep_link)
            .map(str::to_owned),
        variables: variables.collect(),
    })
}

/// Where the lines of a build are kept; nowhere while it says that they are not.
fn kept(logs: &told::LogsLocation) -> Option<Object> {
    let status = logs.s3_logs().map(told::S3LogsConfig::status);
    let is_kept = status == Some(&told::LogsConfigStatusType::Enabled);
    let arn = logs.s3_logs_arn().filter(|_| is_kept)?;
    let (bucket, key) = arn.rsplit_once(":::")?.1.split_once('/')?;
    Some(Object {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
    })
}

fn phase(told: &told::BuildPhase) -> Option<Phase> {
    let name = told.phase_type()?.as_str();
    let (begun, ended) = (time(told.start_time()), time(told.end_time()));
    // What says itself how long it took is asked first.
    let seconds = told.duration_in_seconds();
    let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok());
    let between = begun.zip(ended).map(|(from, to)| to.since(from));
    let status = told.phase_status().map(told::StatusType::as_str);
    let text = |text: Option<&str>| text.unwrap_or_default().trim().to_owned();
    let why = told.contexts().iter();
    let why = why.map(|one| (text(one.status_code()), text(one.message())));
    Some(Phase {
        place: place(name)?,
        name: name.to_owned(),
        status: status
            .filter(|status| *status != IN_PROGRESS)
            .map(str::to_owned),
        begun,
        ended,
        took: seconds.map(Duration::from_secs).or(between),
        why: why
            .filter(|(code, message)| !code.is_empty() || !message.is_empty())
            .collect(),
    })
}

fn time(told: Option<&aws_smithy_types::DateTime>) -> Option<Time> {
    told.and_then(|time| time.to_millis().ok()).map(Time)
}
