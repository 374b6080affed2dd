//! `logs`: which lines of whom, from when on, and what is said beside them.

use super::*;
use crate::domain::line::{Severity, SourceKind, Turn};
use crate::domain::sighting::{Seen, Sighting};
use crate::text::safe::Safe;

const GROUP: &str = "/ecs/orders";

fn line(at: i64, text: &str) -> Line {
    Line {
        turn: Turn::default(),
        phase: None,
        at: Time(NOW.0 + at),
        id: at.to_string().into(),
        kind: SourceKind::Logs,
        source: GROUP.into(),
        part: "task".into(),
        stack: fixture::id("dev/orders"),
        no: None,
        severity: Severity::Info,
        text: text.into(),
    }
}

fn watch(scene: &mut Scene, stack: &str, groups: &[&str]) {
    let mut spec = fixture::spec(stack, "412");
    spec.watch_logs = groups.iter().map(|group| (*group).to_owned()).collect();
    scene.listed(stack, Ok(spec));
}

/// How the tail of the group in dev is doing; told in a while, so that it is fresh whenever it is
/// looked at.
fn told(scene: &mut Scene, live: bool, why: Option<&str>) {
    let value = Seen::Tail {
        live,
        dropped: 0,
        sampled: false,
        lag_ms: 500,
    };
    let sighting = Sighting {
        value,
        taken_at: NOW + Duration::from_secs(5),
        place: None,
        stale: why.map(Safe::new),
    };
    scene.world.sightings.insert(
        ("stack/dev/orders".to_owned(), format!("tail/{GROUP}")),
        sighting,
    );
}

fn logs(words: &str, change: impl FnOnce(&mut Scene, &mut Double)) -> Ran {
    run_with(words, vec![], None, |scene, desk| {
        watch(scene, "dev/orders", &[GROUP, "/ecs/other"]);
        told(scene, true, None);
        let other = Line {
            source: "/ecs/other".into(),
            ..line(2, "of another group")
        };
        desk.lines = Mutex::new(vec![
            line(-600_000, "old error"),
            line(-1_000, "error one"),
            line(0, "fine"),
            other,
        ]);
        desk.by.reading = Reading {
            read: true,
            begins: Some(NOW - Duration::from_hours(1)),
            ..Reading::default()
        };
        change(scene, desk);
    })
}

fn since(ms: i64) -> Begin {
    Begin::Since(Time(NOW.0 - ms))
}

#[test]
fn lines_are_filtered_and_end() {
    let all = logs("logs|dev/orders", |_, _| {});
    assert_eq!(
        (all.code, all.out.lines().count()),
        (Code::Done, 4),
        "{}",
        all.err
    );
    let some = logs("logs|/ecs/orders|--since|1m|--grep|err(or)?", |_, _| {});
    assert_eq!(
        some.out.trim_end(),
        "2026-03-12T14:03:21Z cwl /ecs/orders task  error one"
    );
    let json: Value = serde_json::from_str(
        logs("logs|dev/orders|--json|--grep|fine", |_, _| {})
            .out
            .trim(),
    )
    .unwrap();
    assert_eq!(json["text"], json!("fine"));
}

#[test]
fn a_log_group_is_followed_by_a_stack_that_watches_it_in_each_environment() {
    let ran = logs("logs|/ecs/orders", |scene, _| {
        watch(scene, "dev/another", &["/ecs/another"]);
        watch(scene, "dev/same", &[GROUP]);
        watch(scene, "staging/orders", &[GROUP]);
    });
    let stacks: Vec<_> = ran.tailed.iter().map(|(of, _)| of.clone()).collect();
    assert_eq!(
        stacks,
        ["dev/orders", "staging/orders"].map(|id| TailOf::Stack(fixture::id(id)))
    );
    assert_eq!(
        ran.out.lines().count(),
        3,
        "the other group of the stack is not wanted"
    );
}

#[test]
fn a_log_group_that_nobody_watches_is_refused_with_those_that_are_watched() {
    let near = logs("logs|/ecs/order", |_, _| {});
    assert_eq!(near.code, Code::Wrong);
    assert!(
        near.err.contains("did you mean /ecs/orders?"),
        "{}",
        near.err
    );
    let far = logs("logs|/aws/lambda/something", |_, _| {});
    assert!(
        far.err.contains("watched are /ecs/orders, /ecs/other")
            && far.err.contains("watch: { logs:"),
        "{}",
        far.err
    );
    assert!(
        logs("logs|dev/nothing", |_, _| {})
            .err
            .contains("there is no stack dev/nothing")
    );
}

#[test]
fn what_is_looked_for_is_looked_for_in_everything_that_is_kept() {
    let begin = |words: &str| logs(words, |_, _| {}).tailed.pop().unwrap().1;
    assert_eq!(begin("logs|dev/orders"), Begin::Newest);
    assert_eq!(begin("logs|dev/orders|--grep|x"), Begin::Since(Time(0)));
    assert_eq!(
        begin("logs|dev/orders|--since|7d"),
        since(7 * 24 * 3_600_000)
    );
    assert_eq!(begin("logs|dev/orders|--since|1m|--grep|x"), since(60_000));
}

#[test]
fn where_what_is_kept_begins_is_said_when_more_was_asked_for() {
    let begins = "what is kept begins at 2026-03-12T13:03:22Z";
    assert!(
        logs("logs|dev/orders|--since|2h", |_, _| {})
            .err
            .contains(begins)
    );
    assert!(
        !logs("logs|dev/orders|--since|1m", |_, _| {})
            .err
            .contains("begins")
    );
    assert!(!logs("logs|dev/orders", |_, _| {}).err.contains("begins"));
    let cut = logs("logs|dev/orders", |_, desk| desk.by.reading.older = true);
    assert!(
        cut.err.contains(begins) && cut.err.contains("--since"),
        "{}",
        cut.err
    );
    let trouble = logs("logs|dev/orders", |_, desk| {
        desk.by.reading.trouble = Some("the disk is gone".to_owned());
    });
    assert!(
        trouble.err.contains("cannot be read: the disk is gone") && trouble.code == Code::Failed,
        "{}",
        trouble.err
    );
}

#[test]
fn a_tail_that_is_cut_or_waits_is_said_with_the_reason() {
    let cut = logs("logs|dev/orders", |scene, _| {
        told(scene, false, Some("logs:FilterLogEvents is denied"));
    });
    assert!(
        cut.err
            .contains("the tail of /ecs/orders has been cut for "),
        "{}",
        cut.err
    );
    assert!(
        cut.err
            .contains(": logs:FilterLogEvents is denied; what is written meanwhile is read"),
        "{}",
        cut.err
    );
    let waits = logs("logs|/ecs/orders", |scene, _| {
        told(scene, true, Some("there is no log group /ecs/orders yet"));
    });
    assert!(
        waits.err.contains("there is no log group /ecs/orders yet"),
        "{}",
        waits.err
    );
    let silent = logs("logs|/ecs/other", |_, _| {});
    assert!(
        silent.err.contains("nobody follows /ecs/other now"),
        "{}",
        silent.err
    );
    assert_eq!(logs("logs|/ecs/orders", |_, _| {}).err, "");
}

#[test]
fn only_the_lines_of_a_deployment_are_its_own() {
    let ran = |change: fn(&Deployment, &mut Line)| {
        logs("logs|2290", |scene, desk| {
            let d = scene.world.folds.by_no(DeploymentNo(2_290)).unwrap();
            let (started, ended) = (d.started_at.unwrap(), d.ended_at.unwrap());
            let mut line = Line {
                at: started + (ended.since(started) / 2),
                ..line(0, "its line")
            };
            change(d, &mut line);
            desk.lines = Mutex::new(vec![line]);
        })
    };
    let within = ran(|_, _| {});
    assert_eq!(within.out.lines().count(), 1, "{}", within.err);
    assert!(
        matches!(
            within.tailed.as_slice(),
            [(TailOf::Stack(_), Begin::Since(_))]
        ),
        "{:?}",
        within.tailed
    );
    assert_eq!(
        ran(|d, line| line.at = d.ended_at.unwrap() + Duration::from_secs(1)).out,
        ""
    );
    assert_eq!(ran(|_, line| line.no = Some(DeploymentNo(1))).out, "");
    assert_eq!(
        ran(|d, line| (line.at, line.no) =
            (d.ended_at.unwrap() + Duration::from_secs(1), Some(d.no())))
        .out
        .lines()
        .count(),
        1
    );
}
