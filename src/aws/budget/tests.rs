//! The pace of reads as data, and who waits for whom.

use std::time::Duration;

use futures_util::FutureExt as _;

use super::pace::{
    AFTER_A_CHANGE, CALM, FIRST, HURRY, LONGEST, PACE, PAGES, QUICK, REST, SLOWEST, TOGETHER,
};
use super::*;
use crate::os::clock::{Clock as _, Stepped};

const S: fn(u64) -> Duration = Duration::from_secs;

/// A budget, and the clock by which it counts.
fn budget() -> (Stepped, Budget) {
    let clock = Stepped::at(Time(1_000_000));
    (clock.clone(), Budget::new(Arc::new(clock), 7))
}

/// How many reads go in each of so many seconds, when there are always more who want to.
async fn seconds(clock: &Stepped, budget: &Budget, what: Use, most: u64) -> Vec<usize> {
    let begun = clock.now();
    let mut counted = vec![0; usize::try_from(most).unwrap()];
    while clock.now() < begun + S(most) {
        let mut turn = Box::pin(budget.turn(what));
        while turn.as_mut().now_or_never().is_none() {
            clock.advance_to_next();
            // The runtime lets a task go on for a while only.
            tokio::task::yield_now().await;
        }
        if let Some(count) =
            counted.get_mut(usize::try_from(clock.now().since(begun).as_secs()).unwrap())
        {
            *count += 1;
        }
    }
    counted
}

#[test]
fn pauses_grow_stay_bounded_and_differ_by_seed() {
    let row = |seed| {
        let mut pace = Pace::new(Time(0), seed);
        (0..12)
            .map(|strikes| {
                pace.strikes = strikes + 1;
                pace.pause()
            })
            .collect::<Vec<_>>()
    };
    let (a, b) = (row(1), row(2));
    assert_ne!(a, b);
    assert!(a[0] >= FIRST / 2 && a[0] <= FIRST);
    assert!(a[4] > a[0] * 4);
    assert!(a.iter().chain(&b).all(|pause| *pause <= LONGEST));
}

#[tokio::test]
async fn after_the_first_looks_four_reads_go_a_second_whoever_wants_them() {
    let (clock, budget) = budget();
    assert_eq!(
        seconds(&clock, &budget, Use::Read, 4).await,
        [QUICK as usize + 4, 4, 4, 4]
    );
    // What is left over is not saved up, and who only watches takes nothing of what is for those
    // who wait.
    clock.advance(S(5));
    assert_eq!(seconds(&clock, &budget, Use::Watch, 2).await, [4, 4]);
    // Each change may be looked at soon.
    clock.advance(PACE);
    budget.went_through(Use::Change);
    assert_eq!(
        seconds(&clock, &budget, Use::Read, 2).await,
        [AFTER_A_CHANGE as usize + 4, 4]
    );
    // What nobody has used is not kept.
    budget.changed();
    clock.advance(HURRY);
    assert_eq!(seconds(&clock, &budget, Use::Read, 2).await, [4, 4]);
    clock.advance(REST);
    assert_eq!(
        seconds(&clock, &budget, Use::Read, 2).await,
        [QUICK as usize + 4, 4]
    );
}

#[tokio::test]
async fn pages_of_lines_have_the_same_pace_beside_the_reads() {
    let (clock, budget) = budget();
    let at_once = PAGES as usize;
    assert_eq!(
        seconds(&clock, &budget, Use::Lines, 3).await,
        [at_once + 3, 4, 4]
    );
    assert_eq!(
        seconds(&clock, &budget, Use::Watch, 2).await,
        [4, 4],
        "a long download takes nothing of what states need"
    );
    // What is not used comes back at the same pace, and never more than that.
    clock.advance(S(60));
    assert_eq!(
        seconds(&clock, &budget, Use::Lines, 2).await,
        [at_once + 3, 4]
    );
    budget.throttled(Use::Lines);
    let counted = seconds(&clock, &budget, Use::Lines, 8).await;
    assert!(
        counted.iter().all(|pages| *pages <= 2),
        "none at once while AWS asks for a pause: {counted:?}"
    );
}

#[tokio::test]
async fn a_throttle_halves_the_pace_and_calm_brings_it_back() {
    let (clock, budget) = budget();
    let begun = clock.now();
    budget.throttled(Use::Read);
    // Calls that were under way together are throttled together.
    budget.throttled(Use::Watch);
    assert_eq!(
        budget.slowed(),
        Some(Slowed {
            since: begun,
            every_ms: 500
        })
    );
    budget.went_through(Use::Change);
    let counted = seconds(&clock, &budget, Use::Read, 9).await;
    assert!(
        counted.iter().all(|reads| (1..=2).contains(reads)),
        "no quick ones, and none while AWS asks for a pause: {counted:?}"
    );
    budget.throttled(Use::Read);
    assert_eq!(
        budget.slowed(),
        Some(Slowed {
            since: begun,
            every_ms: 1_000
        })
    );
    clock.advance(CALM);
    assert_eq!(
        budget.slowed(),
        Some(Slowed {
            since: begun,
            every_ms: 500
        })
    );
    clock.advance(CALM);
    assert_eq!(budget.slowed(), None);
    for _ in 0..20 {
        budget.throttled(Use::Read);
        clock.advance(TOGETHER);
    }
    let slowest = u64::try_from(PACE.as_millis()).unwrap() << SLOWEST;
    assert_eq!(
        budget.slowed().map(|slowed| slowed.every_ms),
        Some(slowest),
        "it never stops altogether"
    );
}

/// A throttle that comes while somebody waits for his turn puts that off, too.
#[tokio::test]
async fn who_waits_already_waits_longer_after_a_throttle() {
    let (clock, budget) = budget();
    drop(budget.turn(Use::Watch).await);
    let mut waits = Box::pin(budget.turn(Use::Watch));
    assert!(waits.as_mut().now_or_never().is_none());
    clock.advance(PACE / 2);
    budget.throttled(Use::Read);
    clock.advance(PACE / 2);
    assert!(waits.as_mut().now_or_never().is_none());
    clock.advance(FIRST);
    assert!(waits.as_mut().now_or_never().is_some());
}

#[tokio::test]
async fn what_changes_something_never_waits_for_reads() {
    let (clock, budget) = budget();
    let mut reads = Vec::new();
    while let Some(turn) = budget.turn(Use::Read).now_or_never() {
        reads.push(turn);
    }
    assert_eq!(
        reads.len(),
        AT_ONCE,
        "reads that do not answer hold up other reads"
    );
    budget.throttled(Use::Read);
    assert!(budget.turn(Use::Change).now_or_never().is_some());
    budget.throttled(Use::Change);
    let mut waits = Box::pin(budget.turn(Use::Change));
    assert!(
        waits.as_mut().now_or_never().is_none(),
        "its own throttle is another matter"
    );
    clock.advance(LONGEST);
    assert!(waits.as_mut().now_or_never().is_some());
}

#[tokio::test]
async fn who_stops_waiting_leaves_his_turn_to_the_next_one() {
    let (clock, budget) = budget();
    drop(budget.turn(Use::Watch).await);
    let (mut gone, mut next) = (
        Box::pin(budget.turn(Use::Watch)),
        Box::pin(budget.turn(Use::Watch)),
    );
    assert!(gone.as_mut().now_or_never().is_none() && next.as_mut().now_or_never().is_none());
    drop(gone);
    clock.advance(PACE);
    assert!(next.as_mut().now_or_never().is_some());
}

#[test]
fn a_call_is_known_by_its_action() {
    for (action, what) in [
        ("cloudformation:DescribeStacks", Use::Read),
        ("cloudformation:ListStackResources", Use::Read),
        ("sts:GetCallerIdentity", Use::Read),
        ("codebuild:BatchGetBuilds", Use::Read),
        ("codebuild:StartBuild", Use::Change),
        ("cloudformation:CreateStack", Use::Change),
        ("cloudformation:DeleteChangeSet", Use::Change),
        ("logs:DescribeLogGroups", Use::Read),
        ("logs:FilterLogEvents", Use::Lines),
        ("logs:StartLiveTail", Use::Lines),
    ] {
        assert_eq!(Use::of(action, false), what, "{action}");
    }
    assert_eq!(Use::of("ecs:DescribeServices", true), Use::Watch);
    assert_eq!(Use::of("cloudformation:CreateStack", true), Use::Change);
    assert_eq!(Use::of("logs:FilterLogEvents", true), Use::Lines);
}

#[test]
fn whoever_comes_to_the_same_account_and_region_shares_a_budget() {
    let budgets = Arc::new(Budgets::new(Arc::new(Stepped::at(Time(0)))));
    let share = |way: &str, region: &str| Share::new(&budgets, way, region, None);
    let (a, b, far) = (
        share("profile a", "eu-west-1"),
        share("profile b", "eu-west-1"),
        share("profile a", "us-east-1"),
    );
    assert!(
        !Arc::ptr_eq(&a.budget(), &b.budget()),
        "nobody knows yet that both are the same account"
    );
    for share in [&a, &b, &far] {
        share.is_of("441200007731");
        share.is_of("");
    }
    assert!(Arc::ptr_eq(&a.budget(), &b.budget()));
    assert!(!Arc::ptr_eq(&a.budget(), &far.budget()));
    // Clients that are built anew are in the same budget from the first call on.
    assert!(Arc::ptr_eq(
        &share("profile b", "eu-west-1").budget(),
        &a.budget()
    ));
    let local = Share::new(
        &budgets,
        "profile a",
        "eu-west-1",
        Some("http://127.0.0.1:1"),
    );
    assert!(!Arc::ptr_eq(&local.budget(), &a.budget()));
    // A profile that leads to another account now.
    a.is_of("111111111111");
    assert!(!Arc::ptr_eq(&a.budget(), &b.budget()));
}

/// AWS counts calls about objects by themselves: they have no pace, and their throttles slow nothing
/// else.
#[tokio::test]
async fn many_calls_about_objects_go_at_once_and_pause_alone() {
    assert_eq!(Use::of("s3:GetObject", true), Use::Objects);
    assert_eq!(Use::of("s3:PutObject", false), Use::Objects);
    let (clock, budget) = budget();
    let turns: Vec<Turn> = (0..super::OBJECTS)
        .map(|_| budget.turn(Use::Objects).now_or_never().unwrap())
        .collect();
    assert!(budget.turn(Use::Objects).now_or_never().is_none());
    drop(turns);
    budget.throttled(Use::Objects);
    assert!(budget.turn(Use::Objects).now_or_never().is_none());
    assert!(budget.turn(Use::Read).now_or_never().is_some());
    assert!(budget.turn(Use::Change).now_or_never().is_some());
    assert_eq!(budget.slowed(), None);
    clock.advance(FIRST);
    assert!(budget.turn(Use::Objects).now_or_never().is_some());
}
