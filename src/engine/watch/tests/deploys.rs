//! Whole deployments of stacks that depend on one another: how many calls they take, and how long
//! by the clock of the account.

use futures_util::future::join_all;

use super::*;

/// What a deployment of all stacks took.
struct Took {
    calls: usize,
    reads: usize,
    time: Duration,
}

/// One stack: looked at, made, and looked at once it is there; as its plan says.
async fn deployed(clients: Arc<Clients>, clock: Stepped, place: Place, name: String) {
    let cloud = clients.at(&place).await.unwrap();
    assert_eq!(cloud.stack(&name).await.unwrap(), None);
    let template = json!({ "bundle": account::files().digest(), "path": account::FILE });
    let input =
        json!({ "stack_name": name, "template": template, "parameters": {}, "declared": {} });
    let steps = [
        ("cloudformation.create", json!({ "input": input })),
        (
            "cloudformation.verify",
            json!({ "stack_name": name, "expect": "complete" }),
        ),
    ];
    for (kind, params) in steps {
        let executor = executors(&clients)
            .into_iter()
            .find(|one| one.kind().as_str() == kind)
            .unwrap();
        executor
            .run(job(&clock, "dev", &place, params))
            .await
            .unwrap();
    }
}

/// Deploys so many stacks in so many layers, watched all the time; an answer takes 6 ms.
async fn deploy(layers: usize, width: usize, takes: Duration) -> Took {
    let scene = Scene::over(&[("dev", "eu-west-1")], Duration::from_millis(6), takes);
    let place = scene.place("dev");
    let names = move |layer: usize| (0..width).map(move |n| format!("s-{layer}-{n}"));
    let interest = |name: String| Interest {
        given: false,
        stack: format!("dev/{name}").parse().unwrap(),
        about: vec![Subject::new(STACK, &name)],
        beside: Vec::new(),
        logs: Vec::new(),
        far: false,
    };
    let interests: Vec<String> = (0..layers)
        .flat_map(names)
        .map(|name| interest(name).to_string())
        .collect();
    scene
        .store
        .put_interest("dev", &interests, BEGUN + S(3_600))
        .await
        .unwrap();
    let (clients, clock, eyes) = (
        Arc::clone(&scene.clients),
        scene.clock.clone(),
        scene.eyes.clone(),
    );
    let all = tokio::spawn(async move {
        crate::engine::looks::prove(
            eyes.as_ref(),
            &"dev".parse().unwrap(),
            Some(&place),
            crate::engine::looks::PROOF,
        )
        .await
        .unwrap();
        for layer in 0..layers {
            join_all(names(layer).map(|name| {
                tokio::spawn(deployed(
                    clients.clone(),
                    clock.clone(),
                    place.clone(),
                    name,
                ))
            }))
            .await;
        }
        clock.now()
    });
    scene.watch();
    while !all.is_finished() {
        scene.pass(Duration::from_millis(2)).await;
    }
    let time = all.await.unwrap().since(BEGUN);
    let calls = scene.account.calls();
    assert_eq!(
        calls
            .iter()
            .filter(|call| call.action == "CreateStack")
            .count(),
        layers * width
    );
    Took {
        calls: calls.len(),
        reads: calls.len() - layers * width,
        time,
    }
}

/// Stacks that are there at once are never kept waiting by the pace: the changes themselves give
/// the looks that they need.
#[tokio::test]
async fn stacks_that_take_no_time_are_not_slowed_by_the_pace_of_reads() {
    for (layers, width, calls, ms) in [(2, 10, 47, 500), (10, 10, 250, 1_000)] {
        let took = deploy(layers, width, Duration::ZERO).await;
        assert!(
            took.calls <= calls && took.time <= Duration::from_millis(ms),
            "{} calls, {:?}",
            took.calls,
            took.time
        );
    }
}

/// Two layers of three seconds: the reads of all that time are few, and each end is seen soon.
#[tokio::test]
async fn stacks_that_take_a_while_end_when_they_end() {
    let took = deploy(2, 10, S(3)).await;
    assert!(took.time <= Duration::from_millis(7_400), "{:?}", took.time);
    assert!(took.reads <= 80, "{} reads", took.reads);
}
