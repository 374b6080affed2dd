//! A deployment of an application with a database that a person cancels, in every state that it goes
//! through: it comes to an end, gives its stack free, leaves nothing at zero, and what is deployed
//! after it goes through.

use std::sync::Arc;

use holdpoint::domain::ask::{Intent, Source, Way};
use holdpoint::domain::end::End;
use holdpoint::domain::flag::Value as Flagged;
use holdpoint::exec::executors;
use holdpoint::hosts::Hosts;
use serde_json::json;

use super::cloud::Cloud;
use super::databases::{STACK, ground, release};
use super::fate::Fates;
use super::life::Life;

/// More states than any of these deployments has.
const MOST: usize = 80;

#[test]
#[ignore = "needs postgres; .ci/run starts it"]
fn an_outage_is_cancelled_in_every_state() {
    cancelled("breaking");
}

#[test]
#[ignore = "needs postgres; .ci/run starts it"]
fn a_migration_before_the_version_is_cancelled_in_every_state() {
    cancelled("before");
}

#[test]
#[ignore = "needs postgres; .ci/run starts it"]
fn a_migration_beside_the_update_is_cancelled_in_every_state() {
    cancelled("compatible");
}

#[tokio::main(flavor = "current_thread")]
async fn cancelled(class: &str) {
    let mut came = 0;
    while came < MOST && lived(class, came).await {
        came += 1;
    }
    assert!(
        (8..MOST).contains(&came),
        "{class}: it has more states than {came}, and an end"
    );
}

/// Made, cancelled after so many states of its next deployment, and deployed once more; whether it
/// came so far.
async fn lived(class: &str, after: usize) -> bool {
    let env = format!("end{}{class}{after}", std::process::id());
    let cloud = Arc::new(Cloud::open(1).await);
    let (clients, hosts) = (cloud.clients(), Hosts::of(&cloud.clock()));
    ground(&cloud);
    let mut life = Life::new(
        Fates::spared(1),
        STACK,
        cloud.clock(),
        (&clients, &hosts),
        executors(&clients, &hosts),
        "/nowhere".into(),
    )
    .over(&cloud);
    life.environment(Some(Cloud::target()));
    let stack = || STACK.parse().unwrap();
    let deploy = || Intent::deploy(stack(), Source::Estate);
    let of = |version: &str| {
        let migration = format!("-- holdpoint: {class}\n");
        vec![release(&env, version, &migration).read(&stack())]
    };
    let made = life.carried_out(deploy(), of("v1")).await;
    assert_eq!(made.end, Some(End::Done), "{:#?}", made.steps);

    let (d, came) = life.until(deploy(), of("v2"), Some(after)).await;
    let told = format!("{class}, cancelled after {after} states: {:?}", d.end);
    assert!(
        matches!(d.end, Some(End::Done | End::Terminated { .. })),
        "{told}, {:#?}",
        d.steps
    );
    let fold = life.folds().stack(&stack()).clone();
    assert!(fold.current.is_none() && fold.queue.is_empty(), "{told}");
    assert_eq!(count(&cloud), "1", "{told}: somebody must serve");

    // Whatever it left, the same goes through now, and its migration ran.
    let again = if fold.broken.is_some() {
        let way = Intent::unblock(stack(), Way::Retry);
        life.carried_out(way, vec![]).await
    } else {
        life.carried_out(deploy(), of("v2")).await
    };
    assert_eq!(again.end, Some(End::Done), "{told}: {:#?}", again.steps);
    assert_eq!(count(&cloud), "1", "{told}");
    assert_eq!(version(&cloud), "v2", "{told}");

    let flags = [("destroy-database".parse().unwrap(), Flagged::Switch(true))];
    let destroy = deploy().choosing(flags.into()).unwrap();
    let gone = life.carried_out(destroy, of("v2")).await;
    assert_eq!(gone.end, Some(End::Done), "{told}: {:#?}", gone.steps);
    came
}

fn parameter(cloud: &Cloud, name: &str) -> String {
    let told = cloud.call(
        "cloudformation",
        "DescribeStacks",
        json!({ "StackName": "dev-shop" }),
    );
    let all = told["Stacks"][0]["Parameters"].as_array().unwrap();
    let one = all.iter().find(|one| one["ParameterKey"] == name);
    one.unwrap()["ParameterValue"].as_str().unwrap().to_owned()
}

fn count(cloud: &Cloud) -> String {
    parameter(cloud, "DesiredCountweb")
}

fn version(cloud: &Cloud) -> String {
    parameter(cloud, "VersionTag")
}
