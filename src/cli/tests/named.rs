//! What a command may name: stacks in the order of what they need, and flags.

use super::*;

#[test]
fn deploy_all_follows_depends_on() {
    let world = fixture::scene();
    let order = |scene: &mut Scene| {
        scene.listed("dev/mail", Ok(fixture::spec("dev/mail", "1")));
        let catalog = Arc::make_mut(&mut scene.world.catalog);
        let needs = |list: &[&str]| {
            list.iter()
                .map(|app| app.parse().unwrap())
                .collect::<Vec<_>>()
        };
        catalog
            .stacks
            .get_mut(&fixture::id("dev/billing"))
            .unwrap()
            .depends_on = needs(&["web"]);
        catalog
            .stacks
            .get_mut(&fixture::id("dev/web"))
            .unwrap()
            .depends_on = needs(&["search", "orders"]);
    };
    let answers = vec![card(Level::L1, None), accepted(&world, "dev/orders")];
    let ran = run_with("deploy|--all|dev", answers, None, |scene, _| order(scene));
    let Ask::Do {
        intent: Intent::Deploy { stacks, after, .. },
        ..
    } = &ran.asked[1]
    else {
        panic!("it must be asked")
    };
    let place = |stack: &str| {
        stacks
            .iter()
            .position(|id| *id == fixture::id(stack))
            .unwrap()
    };
    assert!(
        place("dev/search") < place("dev/web")
            && place("dev/orders") < place("dev/web")
            && place("dev/web") < place("dev/billing")
    );
    assert_eq!(after[&fixture::id("dev/billing")], [fixture::id("dev/web")]);
    let circle = run_with("deploy|--all|dev", vec![], None, |scene, _| {
        order(scene);
        let catalog = Arc::make_mut(&mut scene.world.catalog);
        catalog
            .stacks
            .get_mut(&fixture::id("dev/search"))
            .unwrap()
            .depends_on = vec!["billing".parse().unwrap()];
    });
    assert!(
        circle.code == Code::Wrong && circle.err.contains("wait for each other"),
        "{}",
        circle.err
    );
}

#[test]
fn flags_reach_the_ask_as_they_are_written_and_the_help_speaks_of_them_only_where_there_are_any() {
    let answers = || {
        vec![
            card(Level::L1, None),
            accepted(&fixture::scene(), "dev/orders"),
        ]
    };
    let ran = run_words(
        "deploy|dev/orders|--flag|slow=true|--flag|note=a=b",
        answers(),
        None,
    );
    let Ask::Do { intent, .. } = &ran.asked[1] else {
        panic!("it must be asked")
    };
    assert_eq!(
        serde_json::to_value(intent.flags()).unwrap(),
        json!({ "note": "a=b", "slow": "true" })
    );
    for (words, says) in [
        ("deploy|dev/orders|--flag|slow", "write NAME=VALUE"),
        (
            "deploy|dev/orders|--flag|Slow=1",
            "is not a valid flag's name",
        ),
        (
            "deploy|dev/orders|--flag|slow=1|--flag|slow=2",
            "given twice",
        ),
        (
            "plan|dev/orders|--for|rollback|--flag|slow=1",
            "rollback takes no --flag",
        ),
    ] {
        let ran = run_words(words, vec![], None);
        assert!(
            ran.code == Code::Wrong && ran.err.contains(says) && ran.asked.is_empty(),
            "{words}: {}",
            ran.err
        );
    }
    let mut program = Program::<Nothing>::command();
    let help = program
        .find_subcommand_mut("deploy")
        .unwrap()
        .render_long_help()
        .to_string();
    assert!(
        help.contains("--flag") && help.contains("--quick"),
        "{help}"
    );
}

/// What stands in the place of a reference may be the value: nothing is asked with it, and it is not
/// repeated.
#[test]
fn a_parameter_is_asked_for_by_where_its_value_is() {
    let accepted = || {
        vec![
            card(Level::L1, None),
            accepted(&fixture::scene(), "dev/orders"),
        ]
    };
    for (words, change) in [
        (
            "parameter|dev/orders|TOKEN|--from|file:/run/token",
            "TOKEN=file:/run/token",
        ),
        ("parameter|dev/orders|TOKEN|--delete", "-TOKEN"),
    ] {
        let ran = run_words(words, accepted(), None);
        let Ask::Do { intent, .. } = &ran.asked[1] else {
            panic!("it must be asked")
        };
        let flags = serde_json::to_value(intent.flags()).unwrap();
        assert_eq!(flags, json!({ "parameter": change }));
    }
    for words in [
        "parameter|dev/orders|TOKEN|--from|hunter2",
        "parameter|dev/orders|TO-KEN|--from|file:/hunter2",
    ] {
        let ran = run_words(words, vec![], None);
        assert!(
            ran.code == Code::Wrong && ran.asked.is_empty() && !ran.err.contains("hunter2"),
            "{words}: {}",
            ran.err
        );
    }
}
