//! The embedded cloud beside CloudFormation: services that converge, logs that flow, a world that
//! survives its process.

use std::time::Duration;

use aws_sdk_cloudformation::types::{Parameter, StackStatus};
use aws_sdk_cloudwatchlogs::types::{InputLogEvent, StartLiveTailResponseStream};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use holdpoint::sandbox::{self, Options, Running};
use serde_json::json;

use crate::cloud_contract::config;

/// The practice estate, on a stepped clock.
async fn practice(state: Option<&std::path::Path>) -> Running {
    let options = Options {
        story: Some("good".to_owned()),
        state: state.map(Into::into),
        ..Options::default()
    };
    sandbox::serve(options).await.unwrap()
}

fn cfn(cloud: &Running) -> aws_sdk_cloudformation::Client {
    aws_sdk_cloudformation::Client::new(&config(&cloud.endpoint()))
}

async fn status(cloud: &Running, name: &str) -> StackStatus {
    let found = cfn(cloud)
        .describe_stacks()
        .stack_name(name)
        .send()
        .await
        .unwrap();
    found.stacks()[0].stack_status().unwrap().clone()
}

/// Asks for another count, as a scale-down does: the same template, all other parameters kept.
async fn scale(cloud: &Running, stack: &str, count: &str) {
    let kept = |name: &str| {
        Parameter::builder()
            .parameter_key(name)
            .use_previous_value(true)
            .build()
    };
    let count = Parameter::builder()
        .parameter_key("DesiredCount")
        .parameter_value(count)
        .build();
    let update = cfn(cloud)
        .update_stack()
        .stack_name(stack)
        .use_previous_template(true);
    update
        .parameters(count)
        .parameters(kept("Environment"))
        .parameters(kept("Version"))
        .send()
        .await
        .unwrap();
}

async fn running(cloud: &Running, name: &str) -> i32 {
    let ecs = aws_sdk_ecs::Client::new(&config(&cloud.endpoint()));
    let found = ecs
        .describe_services()
        .cluster(name)
        .services(name)
        .send()
        .await
        .unwrap();
    found.services()[0].running_count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_goes_down_and_up_with_its_stack() {
    let cloud = practice(None).await;
    assert_eq!(running(&cloud, "prod-billing").await, 3);
    scale(&cloud, "prod-billing", "0").await;
    let mut seen = vec![3];
    for _ in 0..40 {
        cloud.tick(Duration::from_millis(500));
        let now = running(&cloud, "prod-billing").await;
        if seen.last() != Some(&now) {
            seen.push(now);
        }
    }
    assert_eq!(seen, [3, 2, 1, 0], "one task at a time");
    assert_eq!(
        status(&cloud, "prod-billing").await,
        StackStatus::UpdateComplete
    );
    scale(&cloud, "prod-billing", "3").await;
    cloud.tick(Duration::from_secs(2));
    assert_eq!(
        status(&cloud, "prod-billing").await,
        StackStatus::UpdateInProgress,
        "until the service is steady"
    );
    cloud.tick(Duration::from_secs(20));
    assert_eq!(
        (
            status(&cloud, "prod-billing").await,
            running(&cloud, "prod-billing").await
        ),
        (StackStatus::UpdateComplete, 3)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_of_its_own_ends_as_it_is_told() {
    let cloud = practice(None).await;
    let ecs = aws_sdk_ecs::Client::new(&config(&cloud.endpoint()));
    let variable = |name: &str, value: &str| {
        aws_sdk_ecs::types::KeyValuePair::builder()
            .name(name)
            .value(value)
            .build()
    };
    let container = aws_sdk_ecs::types::ContainerOverride::builder()
        .name("web")
        .command("migrate")
        .environment(variable("EXIT_CODE", "3"))
        .environment(variable("SECONDS", "4"));
    let over = aws_sdk_ecs::types::TaskOverride::builder()
        .container_overrides(container.build())
        .build();
    let run = ecs
        .run_task()
        .cluster("dev-web")
        .task_definition("dev-web")
        .overrides(over)
        .send()
        .await
        .unwrap();
    let arn = run.tasks()[0].task_arn().unwrap().to_owned();
    let mut seen = Vec::new();
    for _ in 0..8 {
        let task = ecs
            .describe_tasks()
            .cluster("dev-web")
            .tasks(&arn)
            .send()
            .await
            .unwrap();
        let status = task.tasks()[0].last_status().unwrap().to_owned();
        if seen.last() != Some(&status) {
            seen.push(status);
        }
        cloud.tick(Duration::from_secs(1));
    }
    assert_eq!(seen, ["PENDING", "RUNNING", "STOPPED"]);
    let task = ecs
        .describe_tasks()
        .cluster("dev-web")
        .tasks(&arn)
        .send()
        .await
        .unwrap();
    assert_eq!(task.tasks()[0].containers()[0].exit_code(), Some(3));
    let logs = aws_sdk_cloudwatchlogs::Client::new(&config(&cloud.endpoint()));
    let stream = format!("web/web/{}", arn.rsplit('/').next().unwrap());
    let lines = logs
        .get_log_events()
        .log_group_name("/practice/dev/web")
        .log_stream_name(stream)
        .start_from_head(true)
        .send()
        .await
        .unwrap();
    let texts: Vec<_> = lines
        .events()
        .iter()
        .filter_map(|event| event.message())
        .collect();
    assert!(
        texts[0].starts_with("INFO run migrate") && texts[1].contains("exit=3"),
        "{texts:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn log_pages_lose_and_double_nothing() {
    let cloud = sandbox::serve(Options::default()).await.unwrap();
    let logs = aws_sdk_cloudwatchlogs::Client::new(&config(&cloud.endpoint()));
    logs.create_log_group()
        .log_group_name("g")
        .send()
        .await
        .unwrap();
    let now = cloud.now().0;
    for stream in ["a", "b"] {
        logs.create_log_stream()
            .log_group_name("g")
            .log_stream_name(stream)
            .send()
            .await
            .unwrap();
        let event = |n: i64| {
            InputLogEvent::builder()
                .timestamp(now - 100 + n)
                .message(format!("{stream}{n}"))
                .build()
                .unwrap()
        };
        let put = logs
            .put_log_events()
            .log_group_name("g")
            .log_stream_name(stream);
        put.set_log_events(Some((0..10).map(event).collect()))
            .send()
            .await
            .unwrap();
    }
    let mut got = Vec::new();
    let mut token = None;
    loop {
        let page = logs
            .filter_log_events()
            .log_group_name("g")
            .limit(3)
            .set_next_token(token)
            .send()
            .await
            .unwrap();
        got.extend(
            page.events()
                .iter()
                .map(|event| event.message().unwrap().to_owned()),
        );
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    let wanted: Vec<String> = (0..10)
        .flat_map(|n| [format!("a{n}"), format!("b{n}")])
        .collect();
    assert_eq!(got, wanted, "both streams by time");

    let only = logs
        .filter_log_events()
        .log_group_name("g")
        .filter_pattern("b7")
        .start_time(now - 95)
        .send()
        .await
        .unwrap();
    assert_eq!(only.events().len(), 1);
    let missing = logs
        .filter_log_events()
        .log_group_name("nope")
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert!(missing.is_resource_not_found_exception());
}

/// The SDK puts `stream-` before the host of a live tail even when the endpoint is given.
#[derive(Debug)]
struct PlainHost;

#[dyn_dispatch_hint]
impl Intercept for PlainHost {
    fn name(&self) -> &'static str {
        "PlainHost"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let plain = context.request().uri().replace("//stream-", "//");
        context.request_mut().set_uri(plain)?;
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_tail_stays_open_and_says_when_it_samples() {
    let cloud = sandbox::serve(Options::default()).await.unwrap();
    let shared = config(&cloud.endpoint());
    let logs = aws_sdk_cloudwatchlogs::Client::from_conf(
        aws_sdk_cloudwatchlogs::config::Builder::from(&shared)
            .interceptor(PlainHost)
            .build(),
    );
    logs.create_log_group()
        .log_group_name("g")
        .send()
        .await
        .unwrap();
    logs.create_log_stream()
        .log_group_name("g")
        .log_stream_name("s")
        .send()
        .await
        .unwrap();
    let put = async |count: i64| {
        let now = cloud.now().0;
        let event = |n: i64| {
            InputLogEvent::builder()
                .timestamp(now)
                .message(format!("line {n}"))
                .build()
                .unwrap()
        };
        let put = logs
            .put_log_events()
            .log_group_name("g")
            .log_stream_name("s");
        put.set_log_events(Some((0..count).map(event).collect()))
            .send()
            .await
            .unwrap();
    };
    put(5).await;
    let group = "arn:aws:logs:eu-west-1:000000000000:log-group:g";
    let mut tail = logs
        .start_live_tail()
        .log_group_identifiers(group)
        .send()
        .await
        .unwrap()
        .response_stream;
    let first = tail.recv().await.unwrap().unwrap();
    assert!(
        matches!(first, StartLiveTailResponseStream::SessionStart(_)),
        "{first:?}"
    );
    for (count, shown, sampled) in [(3, 3, false), (600, 500, true), (0, 0, false)] {
        if count > 0 {
            put(count).await;
        }
        cloud.tick(Duration::from_secs(1));
        let StartLiveTailResponseStream::SessionUpdate(update) =
            tail.recv().await.unwrap().unwrap()
        else {
            panic!("an update")
        };
        assert_eq!(
            (
                update.session_results().len(),
                update.session_metadata().unwrap().sampled()
            ),
            (shown, sampled),
            "of {count}"
        );
    }
    cloud.tick(Duration::from_hours(3));
    let end = tail.recv().await.unwrap_err();
    assert!(end.into_service_error().is_session_timeout_exception());

    let mut tail = logs
        .start_live_tail()
        .log_group_identifiers(group)
        .send()
        .await
        .unwrap()
        .response_stream;
    tail.recv().await.unwrap();
    cloud.pull("BreakTails", json!({})).unwrap();
    cloud.tick(Duration::from_secs(1));
    assert!(
        matches!(tail.recv().await, Ok(None) | Err(_)),
        "a tail that breaks ends"
    );
}

/// A kill is a copy of the folder at any moment: what was answered is in it, and time goes on where
/// it was.
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_loses_nothing_that_was_answered() {
    let folders = tempfile::tempdir().unwrap();
    let state = folders.path().join("state");
    let cloud = practice(Some(&state)).await;
    scale(&cloud, "dev-web", "0").await;
    cloud.tick(Duration::from_millis(2_500));
    cloud
        .pull(
            "Chaos",
            json!({"action": "DeleteStack", "kind": "throttle"}),
        )
        .unwrap();
    scale(&cloud, "prod-billing", "5").await;

    let copy = folders.path().join("copy");
    holdpoint::os::files::private_folder(&copy).unwrap();
    for entry in std::fs::read_dir(&state).unwrap() {
        let entry = entry.unwrap();
        // Beside the files of the world there are its repositories.
        if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
        }
    }
    // The last line is torn, as when the power goes in the middle of a write.
    let journal = std::fs::read_dir(&copy)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|e| e == "jsonl"));
    let journal = journal.unwrap();
    let mut lines = std::fs::read(&journal).unwrap();
    lines.extend_from_slice(br#"{"at":17900000"#);
    std::fs::write(&journal, lines).unwrap();

    let options = Options {
        state: Some(copy),
        clock: sandbox::Clock::Stepped(cloud.now()),
        ..Options::default()
    };
    let again = sandbox::serve(options).await.unwrap();
    let all = |cloud: &Running| {
        cloud.look(|world| {
            (
                serde_json::to_value(&world.realms).unwrap(),
                world.levers.clone(),
                world.dice.clone(),
            )
        })
    };
    assert!(all(&cloud) == all(&again), "the same world after the kill");
    cloud.tick(Duration::from_mins(1));
    again.tick(Duration::from_mins(1));
    assert!(all(&cloud) == all(&again), "and the same future");
    assert_eq!(status(&again, "dev-web").await, StackStatus::UpdateComplete);

    let taken = sandbox::serve(Options {
        state: Some(state),
        ..Options::default()
    })
    .await;
    assert!(
        matches!(taken, Err(sandbox::SandboxError::Taken { .. })),
        "one at a time"
    );
    let open = sandbox::serve(Options {
        listen: ([0, 0, 0, 0], 0).into(),
        ..Options::default()
    })
    .await;
    assert!(
        matches!(open, Err(sandbox::SandboxError::NotLoopback { .. })),
        "never beyond this machine"
    );
}
