//! Engines that die at every point of every executor, by twenty seeds: whatever the seed, the
//! deployment ends as it should, the ledger of the embedded cloud shows one effect a step, and a
//! replay of the log leads to the same state.

mod cloud;
mod command;
mod component;
mod databases;
mod ended;
mod fate;
mod life;
mod site;
mod terraform;

use std::collections::BTreeSet;
use std::sync::Arc;

use holdpoint::aws::cfn::changes::preview_prefix;
use holdpoint::domain::ask::{Intent, Source, Way};
use holdpoint::domain::deployment::Deployment;
use holdpoint::domain::end::End;
use holdpoint::domain::flag;
use holdpoint::domain::plan::StepKind;
use holdpoint::domain::request::SourceFile;
use holdpoint::exec::executors;
use holdpoint::hosts::Hosts;
use holdpoint::sandbox::ledger::Entry;
use holdpoint::systems::service::Service;
use serde_json::{Value, json};

use self::cloud::Cloud;
use self::fate::{Fates, died_everywhere};
use self::life::{Life, Release};

/// Every kind has so many seeds, from 0 on.
const SEEDS: u64 = 20;

const STACK: &str = "dev/orders";
const NAME: &str = "dev-orders";
const TEMPLATE: &str = r#"
Parameters:
  DesiredCount: { Type: Number, Default: 2 }
  Delay: { Type: Number, Default: 5 }
Resources:
  Queue: { Type: "AWS::SQS::Queue", Properties: { DelaySeconds: !Ref Delay } }
  Count: { Type: "AWS::SSM::Parameter", Properties: { Type: String, Value: !Ref DesiredCount } }
"#;

/// What is asked for, one after the other.
#[derive(Clone, Copy)]
enum Asked {
    /// The release with this delay.
    Deploy(&'static str),
    Recover,
    Teardown,
}

/// Deployments and what is to come of them.
struct Story {
    /// Whether the stack is there before.
    is_there: bool,
    /// Whether a change stops the service first.
    downtime: &'static str,
    /// How often the queue fails to be updated.
    fails: u32,
    /// Each with whether it ends well.
    asked: &'static [(Asked, bool)],
    /// The steps that have an effect, and the call that is it.
    effects: &'static [(&'static str, &'static str)],
}

const CREATED: Story = Story {
    is_there: false,
    downtime: "never",
    fails: 0,
    asked: &[(Asked::Deploy("5"), true)],
    effects: &[("create", "CreateStack")],
};

const CHANGED: Story = Story {
    is_there: true,
    downtime: "never",
    fails: 0,
    asked: &[(Asked::Deploy("7"), true)],
    effects: &[
        ("change-set", "CreateChangeSet"),
        ("execute", "ExecuteChangeSet"),
    ],
};

/// The first release is what is there already; the change to the second fails while the service is
/// down, and the person brings the first one back.
const STOPPED: Story = Story {
    is_there: true,
    downtime: "always",
    fails: 1,
    asked: &[(Asked::Deploy("5"), true), (Asked::Deploy("7"), false)],
    effects: &[
        ("change-set", "CreateChangeSet"),
        ("change-set", "CreateChangeSet"),
        ("scale-down", "UpdateStack"),
        ("change-set-2", "CreateChangeSet"),
        ("execute-2", "ExecuteChangeSet"),
        ("restore-old", "UpdateStack"),
    ],
};

/// The change fails, and so does its way back.
const STUCK: Story = Story {
    is_there: true,
    downtime: "never",
    fails: 2,
    asked: &[(Asked::Deploy("7"), false), (Asked::Recover, true)],
    effects: &[
        ("change-set", "CreateChangeSet"),
        ("execute", "ExecuteChangeSet"),
        ("continue", "ContinueUpdateRollback"),
    ],
};

/// What is deployed first changes nothing.
const REMOVED: Story = Story {
    is_there: true,
    downtime: "never",
    fails: 0,
    asked: &[(Asked::Deploy("5"), true), (Asked::Teardown, true)],
    effects: &[
        ("change-set", "CreateChangeSet"),
        ("scale-down", "UpdateStack"),
        ("delete", "DeleteStack"),
    ],
};

/// The story in which the engines of a kind die.
const TOLD: [(&str, &Story); 8] = [
    ("cloudformation.create", &CREATED),
    ("cloudformation.update", &STOPPED),
    ("cloudformation.scale", &STOPPED),
    ("cloudformation.change-set", &REMOVED),
    ("cloudformation.execute", &CHANGED),
    ("cloudformation.delete", &REMOVED),
    ("cloudformation.continue", &STUCK),
    ("cloudformation.verify", &CREATED),
];

#[test]
fn a_stack_is_created_once() {
    told("cloudformation.create");
}

#[test]
fn a_stack_is_updated_once() {
    told("cloudformation.update");
}

#[test]
fn a_service_is_scaled_once() {
    told("cloudformation.scale");
}

#[test]
fn a_change_set_is_made_once() {
    told("cloudformation.change-set");
}

#[test]
fn a_change_set_is_executed_once() {
    told("cloudformation.execute");
}

#[test]
fn a_stack_is_deleted_once() {
    told("cloudformation.delete");
}

#[test]
fn a_rollback_is_continued_once() {
    told("cloudformation.continue");
}

#[test]
fn a_look_at_the_end_changes_nothing() {
    told("cloudformation.verify");
}

const CANCEL: &str = "cloudformation.cancel";

/// What is deployed then is planned anew: of the step that cancelled the update the ledger alone
/// tells.
#[tokio::test]
async fn an_update_of_somebody_else_is_cancelled_once() {
    let mut met = Vec::new();
    for seed in 0..SEEDS {
        let fates = Fates::of(seed, CANCEL);
        let cloud = Arc::new(Cloud::open(seed).await);
        let (clients, hosts) = (cloud.clients(), Hosts::of(&cloud.clock()));
        let hands = executors(&clients, &hosts);
        let mut life = Life::new(
            fates,
            STACK,
            cloud.clock(),
            (&clients, &hosts),
            hands,
            "/nowhere".into(),
        )
        .over(&cloud);
        let tags = [("holdpoint:store", Life::STORE), ("holdpoint:stack", STACK)];
        cloud.make(NAME, TEMPLATE, &tags);
        life.environment(Some(Cloud::target()));
        let theirs = json!({ "ParameterKey": "Delay", "ParameterValue": "90" });
        let update = json!({ "StackName": NAME, "TemplateBody": TEMPLATE, "Parameters": [theirs] });
        cloud.call("cloudformation", "UpdateStack", update);
        let before = cloud.effects().len();
        let flags = [("cancel-updates".parse().unwrap(), flag::Value::Switch(true))];
        let intent = Intent::deploy(STACK.parse().unwrap(), Source::Estate);
        let intent = intent.choosing(flags.into()).unwrap();
        let release = release(&CHANGED, "7").read(&STACK.parse().unwrap());
        let d = life.carried_out(intent, vec![release]).await;
        let told = life.fates.told();
        assert_eq!(d.end, Some(End::Done), "{told}");
        let effects: Vec<String> = cloud.effects()[before..]
            .iter()
            .filter(|entry| !is_of_preview(entry))
            .map(|entry| entry.action.clone())
            .collect();
        assert_eq!(
            effects,
            ["CancelUpdateStack", "CreateChangeSet", "ExecuteChangeSet"],
            "{told}"
        );
        met.push(life.fates);
    }
    died_everywhere(CANCEL, &met);
}

#[tokio::test]
async fn every_executor_has_its_story() {
    let told: BTreeSet<&str> = TOLD
        .iter()
        .map(|(kind, _)| *kind)
        .chain([command::KIND, CANCEL])
        .chain(site::kinds())
        .chain(databases::kinds())
        .chain(terraform::kinds())
        .chain(component::kinds())
        .collect();
    let cloud = Cloud::open(0).await;
    let all = executors(&cloud.clients(), &Hosts::of(&cloud.clock()));
    let kinds: BTreeSet<_> = all.iter().map(|executor| executor.kind()).collect();
    assert_eq!(told, kinds.iter().map(StepKind::as_str).collect());
}

/// Tells the story of a kind with every seed.
#[tokio::main(flavor = "current_thread")]
async fn told(kind: &str) {
    let (kind, story) = TOLD.into_iter().find(|(of, _)| *of == kind).unwrap();
    let mut met = Vec::new();
    for seed in 0..SEEDS {
        met.push(lived(story, Fates::of(seed, kind)).await);
    }
    died_everywhere(kind, &met);
}

/// Lives through a story, and gives the fates that were met.
async fn lived(story: &Story, fates: Fates) -> Fates {
    let cloud = Arc::new(Cloud::open(fates.seed).await);
    let (clients, hosts) = (cloud.clients(), Hosts::of(&cloud.clock()));
    let mut life = Life::new(
        fates,
        STACK,
        cloud.clock(),
        (&clients, &hosts),
        executors(&clients, &hosts),
        "/nowhere".into(),
    )
    .over(&cloud);
    if story.is_there {
        cloud.make(
            NAME,
            TEMPLATE,
            &[("holdpoint:store", Life::STORE), ("holdpoint:stack", STACK)],
        );
    }
    if story.fails > 0 {
        cloud.fails(NAME, "Queue", story.fails);
    }
    let before = cloud.effects().len();
    life.environment(Some(Cloud::target()));
    let mut ended = Vec::new();
    for (asked, _) in story.asked {
        let stack = STACK.parse().unwrap();
        ended.push(match asked {
            Asked::Deploy(delay) => life.deploy(release(story, delay)).await,
            Asked::Recover => {
                life.carried_out(Intent::unblock(stack, Way::Recover), vec![])
                    .await
            }
            Asked::Teardown => life.carried_out(Intent::teardown(stack), vec![]).await,
        });
    }
    let told = life.fates.told();
    assert_eq!(
        life.folds().deployments.len(),
        ended.len(),
        "each was asked for once: {told}"
    );
    for (d, (_, well)) in ended.iter().zip(story.asked) {
        assert!(
            matches!(
                (&d.end, well),
                (Some(End::Done), true) | (Some(End::Failed { .. }), false)
            ),
            "{:#?}: {told}",
            d.end
        );
        assert!(
            d.steps.values().all(|run| run.attempt <= 1),
            "that an engine dies is no failure of a step: {told}, {:#?}",
            d.steps
        );
    }
    one_effect_each(story, &ended, &cloud.effects()[before..], &told);
    life.fates
}

/// The steps that noted an intent are those of the story, and the cloud shows one effect for each
/// and nothing else.
fn one_effect_each(story: &Story, ended: &[Arc<Deployment>], effects: &[Entry], told: &str) {
    let noted: Vec<(String, String, String)> = ended.iter().flat_map(|d| intents(d)).collect();
    let mut steps: Vec<(&str, &str)> = noted
        .iter()
        .map(|(step, action, _)| (step.as_str(), action.as_str()))
        .collect();
    let mut expected = story.effects.to_vec();
    steps.sort_unstable();
    expected.sort_unstable();
    assert_eq!(steps, expected, "{told}");
    let mut promised: Vec<_> = noted
        .iter()
        .map(|(_, action, token)| (action.as_str(), Some(token.as_str())))
        .collect();
    let steps_alone = effects.iter().filter(|entry| !is_of_preview(entry));
    let mut made: Vec<_> = steps_alone
        .map(|entry| (entry.action.as_str(), entry.token.as_deref()))
        .collect();
    promised.sort_unstable();
    made.sort_unstable();
    assert_eq!(
        made, promised,
        "the ledger has one effect for each intent: {told}"
    );
}

/// Step, action and token of everything that was noted before it was called.
fn intents(d: &Deployment) -> Vec<(String, String, String)> {
    let text = |intent: &Value, field: &str| intent[field].as_str().unwrap().to_owned();
    let noted = d
        .steps
        .iter()
        .filter_map(|(step, run)| Some((step, run.notes.get("intent")?)));
    noted
        .map(|(step, intent)| {
            (
                step.to_string(),
                text(intent, "action"),
                text(intent, "token"),
            )
        })
        .collect()
}

/// Previews make change sets and delete them, and a look that was interrupted is taken again. A
/// step deletes one that is empty.
fn is_of_preview(entry: &Entry) -> bool {
    entry.action == "DeleteChangeSet"
        || entry
            .token
            .as_ref()
            .is_some_and(|token| token.starts_with(&preview_prefix(Life::STORE)))
}

fn release(story: &Story, delay: &str) -> Release {
    let entry = json!({ "template": "orders.yaml", "parameters": { "Delay": delay }, "downtime": story.downtime });
    let file = SourceFile {
        bytes: TEMPLATE.into(),
        executable: false,
    };
    Release {
        system: &Service,
        entry,
        files: vec![("orders.yaml", file)],
    }
}
