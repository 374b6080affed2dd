//! What of a stack is worth a call, by what its state tells.

use super::*;
use crate::os::clock::Stepped;

const NOW: Time = Time(100_000_000);

fn followed() -> Followed {
    let nobody = Arc::new(|| async { Err("not asked for".to_owned()) }.boxed());
    let clients = Clients::new(Arc::new(Stepped::at(NOW)), "tester", nobody);
    Followed::new(
        clients,
        Subject::new("cloudformation.stack", "dev-api"),
        Follower::new("dev/api".parse().unwrap(), "dev-api", NOW),
        ecs::Services::new("dev/api".parse().unwrap(), NOW),
    )
}

fn stack(status: &str, changed_at: Time) -> State {
    State::of(Some(CfnStack {
        name: "dev-api".into(),
        status: status.into(),
        changed_at: Some(changed_at),
        ..CfnStack::default()
    }))
}

fn shown(now: Time) -> Glance {
    Glance {
        given: false,
        far: false,
        no: None,
        recent: None,
        now,
    }
}

/// As if the newest event about the stack itself had been this one.
fn told(followed: &mut Followed, status: &str, at: Time) {
    followed.last = Some((status.to_owned(), at));
    followed.reads += 1;
}

#[test]
fn news_are_read_until_they_tell_what_the_state_says() {
    let s = Duration::from_secs;
    let mut it = followed();
    assert!(!it.has_news(shown(NOW)), "nothing is known yet");
    it.is(stack("UPDATE_IN_PROGRESS", NOW));
    for _ in 0..10 {
        assert!(it.has_news(shown(NOW)), "as long as it changes");
        told(&mut it, "UPDATE_IN_PROGRESS", NOW);
    }
    assert!(
        !it.has_news(Glance {
            given: false,
            far: true,
            ..shown(NOW)
        }),
        "nobody sees it"
    );
    assert!(
        it.has_news(Glance {
            given: false,
            far: true,
            no: Some(crate::domain::ids::DeploymentNo(1)),
            recent: None,
            now: NOW
        }),
        "ours is told whoever looks"
    );
    it.is(stack("UPDATE_COMPLETE", NOW));
    assert!(it.has_news(shown(NOW)), "its end is not told yet");
    told(&mut it, "UPDATE_COMPLETE", NOW + s(9));
    assert!(!it.has_news(shown(NOW)));
    // The next update ends alike: the event of the one before does not tell it.
    it.is(stack("UPDATE_COMPLETE", NOW + s(60)));
    for _ in 0..READS {
        assert!(it.has_news(shown(NOW + s(60))));
        it.reads += 1;
    }
    assert!(
        !it.has_news(shown(NOW + s(60))),
        "an event that never comes is not asked for for ever"
    );
    // Quiet for days: one read.
    let mut old = followed();
    old.is(stack("UPDATE_COMPLETE", Time(0)));
    assert!(old.has_news(shown(NOW)));
    old.reads = 1;
    assert!(!old.has_news(shown(NOW)));
    // Deleted: its last event is told still.
    old.is(State::of(None));
    assert!(old.has_news(shown(NOW)));
    told(&mut old, "DELETE_COMPLETE", NOW);
    assert!(!old.has_news(shown(NOW)));
}

#[test]
fn services_are_looked_for_once_a_state() {
    let mut it = followed();
    assert!(!it.is_unsurveyed(NOW));
    it.is(stack("UPDATE_COMPLETE", Time(0)));
    assert!(it.is_unsurveyed(NOW));
    it.services = it.state.clone().map(|state| (state, NOW, vec![]));
    assert!(!it.is_unsurveyed(NOW + LISTED * 100));
    it.is(stack("UPDATE_IN_PROGRESS", NOW));
    assert!(it.is_unsurveyed(NOW));
    it.services = it.state.clone().map(|state| (state, NOW, vec![]));
    assert!(
        !it.is_unsurveyed(NOW) && it.is_unsurveyed(NOW + LISTED),
        "what changes may get more of them"
    );
    it.is(State::of(None));
    assert!(!it.is_unsurveyed(NOW));
}

/// A replacement that was rolled back deletes the new one: the last event of the name is that, and
/// the resource lives.
#[test]
fn what_it_is_made_of_is_its_own_list_and_not_its_last_events() {
    let mut it = followed();
    it.is(stack("UPDATE_ROLLBACK_COMPLETE", NOW));
    it.members = vec![Member {
        name: "OrdersDb".into(),
        kind: "AWS::RDS::DBInstance".into(),
        id: "orders-db-1".into(),
        health: Health::Fine,
        words: "UPDATE_COMPLETE".into(),
        reason: Safe::default(),
        removes: false,
    }];
    it.take(&StackEvent {
        logical: "OrdersDb".into(),
        status: "DELETE_COMPLETE".into(),
        at: NOW,
        ..StackEvent::default()
    });
    let sight = it.sight(shown(NOW));
    assert_eq!(sight.members[0].words.as_str(), "UPDATE_COMPLETE");
    assert_eq!(sight.parts[0].words.as_str(), "DELETE_COMPLETE");
    let far = Glance {
        given: false,
        far: true,
        ..shown(NOW)
    };
    assert_eq!(it.sight(far).members, []);
    it.is(State::of(None));
    assert_eq!(it.sight(shown(NOW)).members, []);
}

#[test]
fn what_failed_because_of_another_is_told_apart() {
    for (status, reason, expected) in [
        ("UPDATE_FAILED", "storage-full", Health::Failed),
        (
            "UPDATE_FAILED",
            "Resource update cancelled",
            Health::Stopped,
        ),
        (
            "CREATE_FAILED",
            "Resource creation Canceled",
            Health::Stopped,
        ),
        ("UPDATE_IN_PROGRESS", "", Health::Moves),
        ("UPDATE_COMPLETE", "", Health::Fine),
    ] {
        let event = StackEvent {
            status: status.to_owned(),
            reason: reason.into(),
            ..StackEvent::default()
        };
        assert_eq!(health(&event), expected, "{status} {reason}");
    }
}
