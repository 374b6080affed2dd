//! Applications of parts, and deployments that arrive in part.

use super::*;

#[test]
fn a_part_is_a_stack_of_its_own_and_its_whole_brings_it() {
    let parted = |scene: &mut Scene, desk: &mut Double| {
        *scene = Scene::parted();
        desk.by.log.clone_from(&scene.log);
    };
    let run = |words: &str, answers: Vec<Answer>| run_with(words, answers, None, parted);
    insta::assert_snapshot!(format!(
        "{}\n{}",
        run("ls", vec![]).out,
        run("show|prod/commerce/nl/cart-service", vec![]).out
    ));
    let near = run("show|prod/commerce/nl/cart-servcie", vec![]);
    assert!(
        near.code == Code::Wrong
            && near
                .err
                .contains("did you mean prod/commerce/nl/cart-service"),
        "{}",
        near.err
    );
    let wrong = run("show|prod/commerce/nl/../x", vec![]);
    assert!(
        wrong.code == Code::Wrong && wrong.err.contains("is not a valid part of an application"),
        "{}",
        wrong.err
    );

    let about = |what: &str| {
        let said: Value =
            serde_json::from_str(&run(&format!("events|{what}|-n|1000|--json"), vec![]).out)
                .unwrap();
        let on: BTreeSet<String> = said["events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["on"].as_str().unwrap().to_owned())
            .collect();
        on.into_iter()
            .filter(|on| on.contains("orders") || on.contains("/de") || on.contains("cart"))
            .count()
    };
    assert!(about("prod/commerce/nl/cart-service") > 0);
    assert!(
        about("prod/commerce") > about("prod/commerce/nl"),
        "a whole's events include those of its parts"
    );
    assert!(
        about("prod") > about("prod/commerce"),
        "and no other application's"
    );

    let all = run(
        "deploy|--all|prod",
        vec![
            card(Level::L1, None),
            accepted(&fixture::scene(), "dev/orders"),
        ],
    );
    let Ask::Preview {
        intent: Intent::Deploy { stacks, .. },
        ..
    } = &all.asked[0]
    else {
        panic!("it must be asked")
    };
    let names: Vec<String> = stacks.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["prod/commerce", "prod/orders"]);
    let apart = run_with(
        "deploy|--all|prod",
        vec![
            card(Level::L1, None),
            accepted(&fixture::scene(), "dev/orders"),
        ],
        None,
        |scene, desk| {
            parted(scene, desk);
            let catalog = Arc::make_mut(&mut scene.world.catalog);
            catalog.stacks.remove(&fixture::id("prod/commerce"));
            catalog
                .stacks
                .get_mut(&fixture::id("prod/orders"))
                .unwrap()
                .depends_on = vec!["commerce".parse().unwrap()];
        },
    );
    let Ask::Preview {
        intent: Intent::Deploy { stacks, after, .. },
        ..
    } = &apart.asked[0]
    else {
        panic!("it must be asked")
    };
    assert_eq!(
        (stacks.len(), after[&fixture::id("prod/orders")].len()),
        (4, 3),
        "without a whole all parts are named, none is lost"
    );
}

#[test]
fn a_partial_end_names_what_arrived_and_children_are_listed_under_their_parent() {
    let run = |words: &str| {
        run_with(words, vec![], None, |scene, desk| {
            *scene = Scene::in_part().0;
            desk.by.log.clone_from(&scene.log);
        })
    };
    let (whole, child) = (run("show|2290"), run("show|2292"));
    insta::assert_snapshot!(format!(
        "{}\n{}\n{}",
        whole.out,
        child.out,
        run("show|prod/commerce").out
    ));
    let whole: Value = serde_json::from_str(&run("show|2290|--json").out).unwrap();
    assert_eq!(
        (&whole["outcome"], &whole["arrived"]),
        (&json!("partial"), &json!(["prod/commerce/de"]))
    );
    assert_eq!(
        (&whole["phase"], &whole["missing"]),
        (&json!("PARTIAL"), &json!(["prod/commerce/nl"]))
    );
    let children: Vec<&Value> = whole["children"]
        .as_array()
        .unwrap()
        .iter()
        .map(|child| &child["deployment"])
        .collect();
    assert_eq!(children, [&json!(2291), &json!(2292)]);
    let child: Value = serde_json::from_str(&run("show|2292|--json").out).unwrap();
    assert_eq!(
        child["parent"],
        json!({ "deployment": whole["id"], "step": "nl", "attempt": 1 })
    );

    let waited = run_with(
        "retry|2290|--wait",
        vec![
            card(Level::L1, None),
            accepted(&Scene::in_part().0.world, "prod/commerce"),
        ],
        None,
        |scene, _| {
            *scene = Scene::in_part().0;
        },
    );
    assert_eq!(
        waited.code,
        Code::Failed,
        "what was asked for is not all there: {}",
        waited.err
    );
}
