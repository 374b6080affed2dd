//! What is dangerous is done for exactly what was shown, with the words that were asked for; a hold
//! is approved the same way.

use super::*;

#[test]
fn level_one_needs_no_words() {
    let world = fixture::scene();
    let ran = run_words(
        "redeploy|dev/orders",
        vec![card(Level::L1, None), accepted(&world, "dev/orders")],
        None,
    );
    assert_eq!((ran.code, ran.asked.len()), (Code::Done, 2));
    let Ask::Do { confirm, armed, .. } = &ran.asked[1] else {
        panic!("it must be asked")
    };
    assert!(!armed && confirm.subject == Some(Digest::of_bytes(b"card")));
    assert!(ran.out.contains("starts"), "{}", ran.out);
}

/// Others were faster: what was looked at is another card by now, which nobody read.
#[test]
fn who_read_no_card_is_not_told_that_it_is_another() {
    let world = fixture::scene();
    let Answer::Card { card: now } = card(Level::L1, None) else {
        panic!("a card")
    };
    let other = Answer::Refused(Refused::new("subject", "it is another").card(*now));
    let answers = vec![card(Level::L1, None), other, accepted(&world, "dev/orders")];
    let ran = run_words("deploy|dev/orders", answers, None);
    assert_eq!(
        (ran.code, ran.asked.len()),
        (Code::Done, 3),
        "{}{}",
        ran.out,
        ran.err
    );
    let Ask::Do { confirm, .. } = &ran.asked[2] else {
        panic!("it must be asked")
    };
    assert_eq!(confirm.subject, None, "whatever the card is then");
}

/// Between the look and the ask somebody else made it dangerous: then the card is read first.
#[test]
fn what_needs_a_person_only_by_now_is_read_and_typed() {
    let world = fixture::scene();
    let Answer::Card { card: now } = card(Level::L3, Some("dev up")) else {
        panic!("a card")
    };
    let answers = || {
        vec![
            card(Level::L1, None),
            Answer::Refused(Refused::new("guard", "this is level 3").card((*now).clone())),
            accepted(&world, "dev/orders"),
        ]
    };
    let alone = run_words("redeploy|dev/orders", answers(), None);
    assert_eq!((alone.code, alone.asked.len()), (Code::Wrong, 2));
    assert!(
        alone.err.contains("--confirm 'dev up' --subject "),
        "{}",
        alone.err
    );
    let typed = run_words("redeploy|dev/orders", answers(), Some(&["dev up"]));
    assert_eq!((typed.code, typed.asked.len()), (Code::Done, 3));
    let Ask::Do { confirm, .. } = &typed.asked[2] else {
        panic!("it must be asked")
    };
    assert_eq!(
        (confirm.subject, confirm.text.as_str()),
        (Some(now.subject), "dev up")
    );
}

#[test]
fn a_guarded_verb_without_a_person_shows_the_card_and_the_exact_command() {
    let ran = run_words(
        "teardown|dev/orders",
        vec![card(Level::L3, Some("dev down"))],
        None,
    );
    assert_eq!((ran.code, ran.asked.len()), (Code::Wrong, 1));
    insta::assert_snapshot!(ran.err);
    let json: Value = serde_json::from_str(
        &run_words(
            "teardown|dev/orders|--json",
            vec![card(Level::L4, Some("dev down"))],
            None,
        )
        .out,
    )
    .unwrap();
    assert_eq!(
        (&json["outcome"], &json["exit"], &json["card"]["confirm"]),
        (&json!("confirm"), &json!(2), &json!("dev down"))
    );
    assert!(
        json["command"].as_str().unwrap().ends_with("--reason WHY"),
        "{json}"
    );
}

#[test]
fn a_guarded_verb_with_a_person_asks_for_exactly_the_words() {
    let world = fixture::scene();
    let answers = || {
        vec![
            card(Level::L3, Some("dev down")),
            accepted(&world, "dev/orders"),
        ]
    };
    let right = run_words("teardown|dev/orders", answers(), Some(&["dev down"]));
    assert_eq!((right.code, right.asked.len()), (Code::Done, 2));
    let Ask::Do { confirm, .. } = &right.asked[1] else {
        panic!("it must be asked")
    };
    assert_eq!(confirm.text, "dev down");
    for typed in [&["dev"][..], &["Dev Down"], &["y"], &[]] {
        let wrong = run_words("teardown|dev/orders", answers(), Some(typed));
        assert_eq!(
            (wrong.code, wrong.asked.len()),
            (Code::Wrong, 1),
            "{typed:?}"
        );
    }
    let level4 = |typed| {
        run_words(
            "teardown|dev/orders",
            vec![
                card(Level::L4, Some("dev down")),
                accepted(&world, "dev/orders"),
            ],
            Some(typed),
        )
    };
    assert_eq!(
        level4(&["", "dev down"]).code,
        Code::Wrong,
        "level 4 needs a reason"
    );
    assert_eq!(level4(&["it is empty", "dev down"]).code, Code::Done);
}

#[test]
fn a_refusal_is_told_with_the_card_as_it_is_now() {
    let Answer::Card { card: now } = card(Level::L3, Some("dev down")) else {
        panic!("a card")
    };
    let refused = Answer::Refused(
        Refused::new("subject", "what you confirmed is not what would happen now").card(*now),
    );
    let subject = "0".repeat(64);
    let ran = run_words(
        &format!("teardown|dev/orders|--confirm|dev down|--subject|{subject}"),
        vec![refused],
        None,
    );
    assert_eq!((ran.code, ran.asked.len()), (Code::Wrong, 1));
    assert!(
        ran.err.contains("refused: what you confirmed")
            && ran.err.contains(&Digest::of_bytes(b"card").to_string()),
        "{}",
        ran.err
    );
    let bad = run_words("teardown|dev/orders|--subject|abc", vec![], None);
    assert!(
        bad.code == Code::Wrong && bad.err.contains("64 hex digits"),
        "{}",
        bad.err
    );
}

#[test]
fn a_hold_that_needs_a_reason_says_so_in_its_command() {
    let graver: fn(&mut Scene, &mut Double) = |scene, _| {
        let d = scene.world.folds.by_no(DeploymentNo(2318)).unwrap().id;
        let d = scene.world.folds.deployments.get_mut(&d).unwrap();
        Arc::make_mut(d).holds[0].level = Level::L4;
    };
    for words in ["show|#2318.scale-down.1", "approve|#2318.scale-down.1"] {
        let ran = run_with(words, vec![], None, graver);
        let text = format!("{}{}", ran.out, ran.err);
        assert!(
            text.trim_end().ends_with(" --reason WHY"),
            "{words}: {text}"
        );
        let ran = run_words(words, vec![], None);
        assert!(
            !ran.out.contains("--reason") && !ran.err.contains("--reason"),
            "{words}"
        );
    }
}

#[test]
fn a_hold_is_approved_for_exactly_what_it_shows() {
    let answer = || {
        vec![Answer::Accepted {
            deployments: vec![],
            says: "approved".to_owned(),
        }]
    };
    let bare = run_words("approve|#2318.scale-down.1", vec![], None);
    assert_eq!((bare.code, bare.asked.len()), (Code::Wrong, 0));
    assert!(
        bare.err.contains("--confirm 'prod-us down' --subject "),
        "{}",
        bare.err
    );
    let typed = run_words(
        "approve|#2318.scale-down.1",
        answer(),
        Some(&["prod-us down"]),
    );
    let Ask::Approve { confirm, .. } = &typed.asked[0] else {
        panic!("it must be asked")
    };
    let hold = fixture::scene()
        .folds
        .hold(&"2318.scale-down.1".parse().unwrap())
        .unwrap()
        .1
        .clone();
    assert_eq!(
        (typed.code, confirm.subject, confirm.text.as_str()),
        (Code::Done, Some(hold.subject), "prod-us down")
    );
    let restore = run_words("approve|#2319.restore.1", vec![], None);
    assert!(restore.err.contains("--choice old"), "{}", restore.err);
    let chosen = run_words(
        "approve|#2319.restore.1|--choice|old",
        answer(),
        Some(&["prod-us restore old"]),
    );
    assert!(
        matches!(&chosen.asked[0], Ask::Approve { choice: Some(choice), .. } if choice == "old")
    );
    let rejected = run_words(
        "reject|#2318.scale-down.1|--reason|not at noon",
        answer(),
        None,
    );
    assert!(matches!(&rejected.asked[0], Ask::Reject { reason, .. } if reason == "not at noon"));
}

#[test]
fn nothing_is_changed_where_the_file_differs() {
    let ran = run_with("deploy|dev/orders", vec![], None, |scene, _| {
        let file = fixture::record(EnvClass::Production);
        Arc::make_mut(&mut scene.world.catalog)
            .environments
            .insert("dev".parse().unwrap(), file);
    });
    assert!(
        ran.code == Code::Wrong && ran.err.contains("DIFFERS") && ran.asked.is_empty(),
        "{}",
        ran.err
    );
}

/// What stops something takes nothing from the file.
#[test]
fn what_stops_is_asked_also_where_the_file_differs() {
    for words in ["freeze|dev/orders|--reason|it burns", "cancel|2321"] {
        let answers = vec![
            card(Level::L1, None),
            accepted(&fixture::scene(), "dev/orders"),
        ];
        let ran = run_with(words, answers, None, |scene, _| {
            for env in ["dev", "staging"] {
                let file = fixture::record(EnvClass::Production);
                Arc::make_mut(&mut scene.world.catalog)
                    .environments
                    .insert(env.parse().unwrap(), file);
            }
        });
        assert!(
            !ran.err.contains("DIFFERS") && !ran.asked.is_empty(),
            "{words}: {}",
            ran.err
        );
    }
}
