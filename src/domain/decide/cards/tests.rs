//! Every sentence of a card beside its fields, over the plans that the systems make of many scenes:
//! no label without its fact.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

use crate::domain::ask::{Answer, Ask, Attached, Confirm, Intent, Source, Way};
use crate::domain::card::Card;
use crate::domain::class::EnvClass;
use crate::domain::end::End;
use crate::domain::environment::{EnvironmentRecord, QueuePolicy};
use crate::domain::failure::Failure;
use crate::domain::ids::{AskId, DeploymentId};
use crate::domain::label::Label;
use crate::domain::plan::{ChangeRow, Does, Fate, Role};
use crate::domain::refused::Refused;
use crate::world::World;
use crate::world::fixture::{self, NOW, Scene, append, decided, id};

const CLASSES: [EnvClass; 4] = [
    EnvClass::Production,
    EnvClass::Staging,
    EnvClass::Development,
    EnvClass::Branch,
];

const STATUSES: [&str; 8] = [
    "MISSING",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_FAILED",
    "UPDATE_IN_PROGRESS",
    "ROLLBACK_COMPLETE",
    "UPDATE_ROLLBACK_FAILED",
    "DELETE_FAILED",
];

/// How a stack stands when it is asked for something.
#[derive(Debug, Clone, Copy)]
enum Stood {
    Never,
    Good,
    Queued,
    Broken,
}

fn row(logical: &str, kind: &str, does: Does, fate: Fate) -> ChangeRow {
    ChangeRow {
        fate,
        ..ChangeRow::new(logical, kind, does)
    }
}

fn changes() -> Vec<Vec<ChangeRow>> {
    let database = |does, fate| row("Database", "AWS::RDS::DBInstance", does, fate);
    let task = row(
        "Task",
        "AWS::ECS::TaskDefinition",
        Does::Replace,
        Fate::Goes,
    );
    let mut all = vec![
        vec![],
        vec![row(
            "Service",
            "AWS::ECS::Service",
            Does::Change,
            Fate::Goes,
        )],
        vec![task.clone()],
        vec![task, database(Does::Replace, Fate::Goes)],
        vec![row("Topic", "AWS::SNS::Topic", Does::Unclear, Fate::Goes)],
    ];
    for does in [Does::MayReplace, Does::Replace, Does::Remove, Does::Unclear] {
        all.extend([Fate::Goes, Fate::Saved, Fate::Stays].map(|fate| vec![database(does, fate)]));
    }
    all
}

fn scene(class: EnvClass, status: &str, stood: Stood, policy: QueuePolicy) -> Scene {
    let mut scene = Scene::new();
    scene.env("x", class);
    let record = EnvironmentRecord {
        queue: policy,
        ..fixture::record(class)
    };
    scene.recorded("x", record);
    let spec = |release: &str| fixture::spec("x/a", release);
    scene.listed("x/a", Ok(spec("9")));
    match stood {
        Stood::Never => {}
        Stood::Good => drop(scene.ago(900).good("x/a", spec("1"))),
        Stood::Queued => {
            scene.ago(900).good("x/a", spec("1"));
            let first = scene.ago(90).ask("x/a", spec("2"), None, &[]);
            scene.start("x/a", first).ask("x/a", spec("3"), None, &[]);
        }
        Stood::Broken => {
            scene.ago(900).good("x/a", spec("1"));
            let bad = scene.ago(90).ask("x/a", spec("2"), None, &[]);
            scene.start("x/a", bad).ask("x/a", spec("3"), None, &[]);
            let failure = Failure::new("it broke");
            scene.end("x/a", bad, End::Failed { failure });
        }
    }
    scene.ago(5).cfn("x/a", status, 60, vec![]);
    scene
}

/// What is asked for, with what the estate says of it.
fn asked(world: &World, intent: &Intent) -> Vec<Attached> {
    let entry = &world.catalog.stacks[&id("x/a")];
    let spec = entry.spec.clone().unwrap();
    match intent {
        Intent::Deploy { .. } | Intent::Teardown { .. } | Intent::Unblock { .. } => {
            vec![Attached {
                stack: id("x/a"),
                spec,
                bundle: entry.bundle.clone(),
            }]
        }
        _ => vec![],
    }
}

fn previewed(world: &World, intent: &Intent, rows: &[ChangeRow]) -> Result<Card, Refused> {
    let ask = Ask::Preview {
        intent: intent.clone(),
        attached: asked(world, intent),
    };
    match decided(world, &ask, AskId(Uuid::from_u128(1)), rows, NOW)?.1 {
        Answer::Card { card } => Ok(*card),
        other => panic!("{other:?}"),
    }
}

fn text(card: &Card, label: Label) -> Option<&str> {
    let mut all = card.lines.iter().filter(|line| line.label == label);
    all.next().map(|line| line.text.as_str())
}

/// The names that a line lists, without what stands in brackets behind them.
fn names(card: &Card, label: Label) -> BTreeSet<&str> {
    let each = text(card, label)
        .into_iter()
        .flat_map(|text| text.split(", "));
    each.map(|name| name.split(" (").next().unwrap()).collect()
}

/// Which card of which scene, where one says what is not so.
struct Said<'a>(&'a str, Stood, &'a Intent, &'a Card);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(status, stood, intent, card) = self;
        write!(f, "{status} {stood:?} {intent:?}\n{card:#?}")
    }
}

/// Compares a card with its own rows and plan.
fn holds(said: &Said<'_>) {
    let card = said.3;
    let plan = card.plan.as_ref().unwrap();
    let known = card.rows.as_deref();
    let rows: &[ChangeRow] = known.unwrap_or_default();
    let of = |test: &dyn Fn(&ChangeRow) -> bool| -> BTreeSet<&str> {
        let found = plan.changes.iter().flat_map(|one| &one.rows);
        let found = found.filter(|row| test(row));
        found.map(|row| row.logical.as_str()).collect()
    };
    let replaces = |row: &ChangeRow| matches!(row.does, Does::Replace | Does::MayReplace);
    assert_eq!(names(card, Label::Replaces), of(&replaces), "{said}");
    let goes = |row: &ChangeRow| row.does == Does::Remove && !row.is_left();
    assert_eq!(names(card, Label::Goes), of(&goes), "{said}");
    assert_eq!(names(card, Label::Stays), of(&ChangeRow::is_left), "{said}");
    let perhaps = of(&|row| row.does == Does::MayReplace);
    let listed = text(card, Label::Replaces).unwrap_or_default();
    assert_eq!(listed.contains("perhaps"), !perhaps.is_empty(), "{said}");

    let changes = text(card, Label::Changes).unwrap();
    let counted: usize = changes
        .split(' ')
        .filter_map(|n| n.parse::<usize>().ok())
        .sum();
    match known {
        None => assert_eq!(changes, "not known before it runs", "{said}"),
        Some([]) => assert!(["nothing", "no resource"].contains(&changes), "{said}"),
        Some(rows) => assert_eq!(counted, rows.len(), "{said}"),
    }

    let why = card.why.as_str();
    let revises = |row: &ChangeRow| row.kind == "AWS::ECS::TaskDefinition" && replaces(row);
    let unclear = known.is_none() || rows.iter().any(|row| row.does == Does::Unclear);
    let destroys = rows.iter().any(|row| row.destroys() && !revises(row));
    let removes = plan
        .steps
        .iter()
        .any(|step| step.role == Role::Remove && step.finaliser.is_none() && step.changes());
    if why.contains("no replacement") {
        assert!(!unclear && !rows.iter().any(ChangeRow::destroys), "{said}");
    }
    if why.contains("no deletion") {
        assert!(!unclear && !destroys, "{said}");
    }
    if why.contains("replaced or deleted") {
        assert!(unclear || destroys || removes, "{said}");
        assert!(
            why.contains("may be"),
            "one that is not sure is no fact: {said}"
        );
    }
    if why.contains("stack goes") {
        assert!(removes, "nothing is deleted: {said}");
    }
    if why.contains("stands still") {
        assert_eq!(plan.branch.as_deref(), Some("downtime"), "{said}");
    }
    let data = |row: &ChangeRow| {
        row.kind == "AWS::RDS::DBInstance" && row.fate != Fate::Stays && row.destroys()
    };
    if why.contains("holds data") {
        assert!(rows.iter().any(data), "{said}");
    }
    if why.contains("without data") || why.contains("no data") {
        assert!(!unclear && !rows.iter().any(data), "{said}");
    }

    let says = text(card, Label::Says).unwrap_or_default();
    if says.contains("replaces no service, database or volume") {
        let stops = |row: &ChangeRow| {
            row.kind != "AWS::ECS::TaskDefinition"
                && (replaces(row) || row.does == Does::Unclear)
                && row.kind != "AWS::SNS::Topic"
        };
        assert!(!rows.iter().any(stops), "{said}");
    }
    if says.contains("nothing would change") {
        assert!(known == Some(&[]) && changes == "nothing", "{said}");
    }
}

/// What a card says of the queue, beside where the deployment stands once it is asked for.
fn queues(mut world: World, rows: &[ChangeRow], said: &Said<'_>) {
    let Said(_, _, intent, card) = said;
    let stack = world.folds.stack(&id("x/a"));
    let running = text(card, Label::Running).unwrap_or_default().to_owned();
    let queued = text(card, Label::Queued).unwrap_or_default().to_owned();
    assert_eq!(stack.current.is_some(), !running.is_empty(), "{said}");
    assert_eq!(stack.queue.is_empty(), queued.is_empty(), "{said}");
    let before: Vec<DeploymentId> = stack.queue.iter().map(|one| one.deployment).collect();
    let ask = Ask::Do {
        intent: (*intent).clone(),
        attached: asked(&world, intent),
        confirm: Confirm {
            subject: Some(card.subject),
            text: card.phrase.clone().unwrap_or_default(),
            reason: "because".to_owned(),
        },
        armed: false,
    };
    let Ok((done, Answer::Accepted { deployments, .. })) =
        decided(&world, &ask, AskId(Uuid::from_u128(2)), rows, NOW)
    else {
        panic!("{said}")
    };
    append(&mut world, done, NOW);
    let after = world.folds.stack(&id("x/a"));
    let place = |of: DeploymentId| after.queue.iter().position(|one| one.deployment == of);
    let Some(own) = deployments.first().and_then(|(new, _)| place(*new)) else {
        return;
    };
    for old in before {
        let no = world.deployment(old).unwrap().no().to_string();
        let words = match place(old) {
            None => "end",
            Some(at) if at < own => "behind",
            Some(_) => "before",
        };
        assert!(
            queued.contains(&no) && queued.contains(words),
            "{no} {words}: {said}"
        );
    }
}

#[test]
fn no_card_of_a_service_says_what_its_fields_do_not() {
    let mut seen = BTreeSet::new();
    for class in CLASSES {
        for status in STATUSES {
            for stood in [Stood::Never, Stood::Good, Stood::Queued, Stood::Broken] {
                let policy = match class {
                    EnvClass::Branch => QueuePolicy::Latest,
                    _ => QueuePolicy::Queue,
                };
                let scene = scene(class, status, stood, policy);
                for intent in [
                    Intent::deploy(id("x/a"), Source::Estate),
                    Intent::teardown(id("x/a")),
                    Intent::unblock(id("x/a"), Way::Recover),
                    Intent::unblock(id("x/a"), Way::LastGood),
                ] {
                    // What an update would change is looked at where one is possible.
                    let updates = ["UPDATE_COMPLETE", "UPDATE_FAILED"].contains(&status)
                        && matches!(intent, Intent::Deploy { .. });
                    let all = if updates {
                        changes()
                    } else {
                        changes().split_off(14)
                    };
                    for rows in all {
                        let Ok(card) = previewed(&scene.world, &intent, &rows) else {
                            continue;
                        };
                        let said = Said(status, stood, &intent, &card);
                        holds(&said);
                        queues(scene.world.clone(), &rows, &said);
                        seen.insert(card.why);
                    }
                }
            }
        }
    }
    assert!(seen.len() > 8, "many levels were met: {seen:#?}");
}

#[test]
fn no_card_of_a_script_says_what_nobody_knows() {
    for class in CLASSES {
        let mut scene = Scene::new();
        scene
            .env("x", class)
            .listed("x/a", Ok(fixture::script("x/a", "1")));
        let intent = Intent::deploy(id("x/a"), Source::Estate);
        let card = previewed(&scene.world, &intent, &[]).unwrap();
        holds(&Said("a script", Stood::Never, &intent, &card));
    }
}

/// Somebody may have made a stack, or a change of one, elsewhere: a card knows whether anything
/// that serves was brought from here.
#[test]
fn a_card_says_who_brought_what_serves() {
    let untagged = |scene: &mut Scene| {
        let sighting = scene.world.sightings.values_mut().last().unwrap();
        let crate::domain::sighting::Seen::Thing { sight } = &mut sighting.value else {
            panic!()
        };
        sight.facts["tags"] = serde_json::json!({});
    };
    let says = |stood| {
        let mut scene = scene(
            EnvClass::Development,
            "UPDATE_COMPLETE",
            stood,
            QueuePolicy::Queue,
        );
        untagged(&mut scene);
        let intent = Intent::deploy(id("x/a"), Source::Estate);
        let card = previewed(&scene.world, &intent, &changes()[1]).unwrap();
        text(&card, Label::Says).unwrap().to_owned()
    };
    assert!(says(Stood::Never).contains("was not brought from here"));
    let brought = says(Stood::Good);
    assert!(
        brought.contains("though 1 was deployed from here") && !brought.contains("not brought"),
        "{brought}"
    );
}

/// A retry lists what it runs; what is done already is said to be that, wherever it stands.
#[test]
fn a_card_of_a_retry_runs_nothing_that_is_done() {
    let mut scene = Scene::new();
    scene.env("x", EnvClass::Development);
    let entry = serde_json::json!({ "steps": {
        "first": { "command": ["/opt/first"] },
        "second": { "command": ["/opt/second"], "after": ["first"] },
    } });
    let read = crate::systems::named("script").unwrap().read(
        &id("x/a"),
        &entry,
        &crate::systems::files::Files::default(),
    );
    let crate::systems::files::Read::Stacks(stacks) = read else {
        panic!("{read:?}")
    };
    let spec = stacks.into_iter().next().unwrap().1;
    scene.listed("x/a", Ok(spec.clone()));
    let bad = scene.ago(90).ask("x/a", spec, None, &[]);
    scene
        .start("x/a", bad)
        .done(bad, "first", 3, serde_json::json!({}))
        .begin(bad, "second")
        .fail_step(bad, "second", Failure::new("it broke"))
        .end(
            "x/a",
            bad,
            End::Failed {
                failure: Failure::new("it broke"),
            },
        );
    Arc::make_mut(&mut scene.world.catalog);
    let card = previewed(&scene.world, &Intent::Retry { deployment: bad }, &[]).unwrap();
    let does = text(&card, Label::Does).unwrap();
    assert!(does.starts_with("second (done already: first"), "{does}");
    let says: Vec<&str> = card
        .lines
        .iter()
        .filter(|line| line.label == Label::Says)
        .map(|line| line.text.as_str())
        .collect();
    let says = says.join(" ");
    assert!(
        says.contains("first is done already and is not run again"),
        "{says}"
    );
}
