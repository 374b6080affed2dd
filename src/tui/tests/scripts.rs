//! Keys in, asks out.

use super::*;

#[test]
fn redeploy_in_development_is_armed_by_one_key() {
    let mut bench = Bench::new(fixture::scene());
    bench.keys("/dev/web<Enter>").wait(600).keys("j").wait(600);
    bench.keys("r").wait(50);
    assert!(
        matches!(
            bench.desk.changing().as_slice(),
            [Ask::Do {
                armed: true,
                intent: Intent::Deploy { .. },
                ..
            }]
        ),
        "{:?}",
        bench.desk.asked.lock().unwrap()
    );
    bench.desk.answer(Answer::Accepted {
        deployments: vec![],
        says: "it starts in 5s".to_owned(),
    });
    assert!(bench.wait(50).screen(120, 36).contains("it starts in 5s"));
}

#[test]
fn production_is_read_only_until_it_is_unlocked_and_then_asks_for_its_name() {
    let mut bench = Bench::new(fixture::scene());
    bench.keys("/prod-eu/orders<Enter>j").wait(600);
    let said = bench.keys("H").screen(120, 36);
    assert!(
        said.contains("prod-eu is read-only, M unlocks it"),
        "{said}"
    );
    bench.keys("M<Esc>").wait(600);
    bench.keys("H").wait(500).keys("INC-7<Enter>");
    assert!(
        matches!(bench.desk.changing().as_slice(), [Ask::Do { intent: Intent::Freeze { reason, .. }, armed: false, .. }] if reason == "INC-7")
    );
}

#[test]
fn a_hold_is_approved_by_its_phrase_alone() {
    let mut bench = Bench::new(fixture::scene());
    bench.keys("A").wait(600).keys("j<Enter>").wait(500);
    let card = bench.screen(120, 36);
    insta::assert_snapshot!("hold_card", card);
    bench.keys("<Enter>prod<Enter>");
    assert!(
        bench.desk.changing().is_empty(),
        "an inexact text approves nothing"
    );
    bench.keys("<Esc><Esc>");
}

#[test]
fn a_hold_is_rejected_with_a_reason() {
    let mut bench = Bench::new(fixture::scene());
    bench
        .keys("A")
        .wait(600)
        .keys("j<Enter>")
        .wait(500)
        .keys("no<Enter>");
    assert!(
        bench.desk.changing().is_empty(),
        "a rejection needs a reason"
    );
    bench.keys(" too late<Enter>");
    assert!(
        matches!(bench.desk.changing().as_slice(), [Ask::Reject { reason, .. }] if reason == "too late")
    );
}

#[test]
fn a_hold_that_changes_under_the_eyes_is_disarmed() {
    let mut bench = Bench::new(fixture::scene());
    bench
        .keys("A")
        .wait(600)
        .keys("j<Enter>")
        .wait(500)
        .keys("prod-us dow");
    let mut world = fixture::scene();
    let no = world.holds(fixture::NOW)[1].hold.id.no;
    for d in world
        .folds
        .deployments
        .values_mut()
        .filter(|d| d.no() == no)
    {
        let hold = std::sync::Arc::make_mut(d).holds.last_mut().unwrap();
        hold.subject = crate::domain::digest::Digest::of_bytes(b"another");
        hold.lines
            .iter_mut()
            .find(|line| line.label == "DOWNTIME")
            .unwrap()
            .text = "5m likely".to_owned();
    }
    bench.desk.set(world);
    let card = bench.wait(50).screen(120, 36);
    assert!(
        card.contains("CHANGED   DOWNTIME was the service goes to 0"),
        "{card}"
    );
    bench.keys("n<Enter>prod-us down<Enter>");
    assert!(
        bench.desk.changing().is_empty(),
        "what was typed for the old card, and what was typed too soon, approves nothing"
    );
    bench.wait(2_000).keys("prod-us down<Enter>");
    assert!(matches!(
        bench.desk.changing().as_slice(),
        [Ask::Approve { .. }]
    ));
}

#[test]
fn an_approval_covers_what_the_card_showed() {
    let mut bench = Bench::new(fixture::scene());
    let subject = fixture::scene().holds(fixture::NOW)[1].hold.subject;
    bench
        .keys("A")
        .wait(600)
        .keys("j<Enter>")
        .wait(500)
        .keys("prod-us down<Enter>");
    match bench.desk.changing().as_slice() {
        [
            Ask::Approve {
                confirm,
                choice: None,
                ..
            },
        ] => {
            assert_eq!(
                (confirm.subject.as_ref(), confirm.text.as_str()),
                (Some(&subject), "prod-us down")
            );
        }
        other => panic!("{other:?}"),
    }
}
