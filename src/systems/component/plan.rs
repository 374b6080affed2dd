//! The plan of a component: build, test, and, on the branch that publishes, push and register.

use serde_json::{Value, json};

use super::REBUILD;
use super::body::Making;
use crate::domain::failure::Failure;
use crate::domain::look::Subject;
use crate::domain::plan::{ChangeRow, Changes, Does, Leaves, Plan, Role, Step, StepKind};
use crate::domain::refs::Commit;
use crate::domain::row::Row;
use crate::forms::image;
use crate::forms::registry::version;
use crate::forms::workshop::{CHECKOUT, DISCARD, Origin, PUBLISHES, PUSH, REGISTER, RUN};
use crate::systems::PlanAsk;
use crate::text::quote::shell;

/// Leaves a version as it is registered.
pub(super) const KEEP: &str = "component.keep";

/// An output of an earlier step.
fn from(step: &str, pointer: &str) -> Value {
    json!({ "from": step, "output": pointer })
}

/// A command, as a person types it.
fn typed(command: &[String]) -> String {
    let words: Vec<String> = command.iter().map(|word| shell(word)).collect();
    words.join(" ")
}

/// Builds and tests a commit, and publishes it where it is on the branch that publishes.
/// `is_sure` says that the commit is the newest of that branch.
pub(super) fn publish(making: &Making, commit: &Commit, is_sure: bool) -> Plan {
    let version = version(commit.as_str());
    let about = making.registry.newest(&making.name);
    let mut steps = vec![checkout(making, commit)];
    let commands = [
        ("build", Role::Build, &making.build),
        ("test", Role::Verify, &making.test),
    ];
    let mut before = vec!["checkout"];
    for (id, role, command) in commands {
        if command.is_empty() {
            continue;
        }
        let mut params = run(making, command, commit, &version);
        if id == "build"
            && let Some(artifact) = &making.artifact
        {
            params["makes"] = json!(artifact);
        }
        let title = format!("{id}: {}", typed(command));
        let step = Step::new(role, id, title, RUN, params);
        steps.push(step.after(&before).ended_within(making.limit));
        before.push(id);
    }
    let mut publishes = Vec::new();
    if let Some(artifact) = &making.artifact {
        let mut params = of(making, &version, json!({}));
        params["folder"] = from("checkout", "/folder");
        params["file"] = json!(artifact);
        let key = making.registry.artifact(&making.name, &version, artifact);
        let title = format!("put {artifact} at s3://{}/{key}", making.registry.bucket);
        let step = Step::new(Role::Publish, "push", title, PUSH, params);
        publishes.push(("push", step));
    }
    if let Some(image) = &making.image {
        let tagged = image.tagged(&version);
        let mut params = around(making, commit, &version);
        params["folder"] = from("checkout", "/folder");
        params["image"] = json!(image);
        params["version"] = json!(version);
        let title = format!("build the image {tagged} by {}", image.file);
        let step = Step::new(Role::Build, "image", title, image::BUILD, params);
        steps.push(step.after(&before).ended_within(making.limit));
        before.push("image");

        let mut params = of(making, &version, around(making, commit, &version));
        params["image"] = json!(image);
        params["program"] = from("image", "/program");
        let title = format!("put the image at {tagged}");
        let step = Step::new(Role::Publish, "push-image", title, image::PUSH, params);
        publishes.push(("push-image", step.ended_within(making.limit)));
    }
    // One after the other: where the first is not there nothing else of that version is either.
    let mut made = before;
    for (id, step) in publishes {
        steps.push(publishing(step, &made, &about));
        made.push(id);
    }
    steps.push(register(making, commit, &version, &made, &about));
    let discard = Step::new(
        Role::Look,
        "discard",
        "remove its folder",
        DISCARD,
        json!({}),
    );
    steps.push(discard.after(&["checkout"]).finally());
    let runs = commands
        .iter()
        .filter(|(_, _, command)| !command.is_empty());
    let mut says: Vec<String> = runs
        .map(|(id, _, command)| {
            format!(
                "{id} runs `{}` among the files of {}.",
                typed(command),
                commit.short()
            )
        })
        .collect();
    says.push(format!(
        "Where {} is on {}, it is published as {version}, and registered once that is there; else it is built and tested alone.",
        commit.short(),
        making.branch
    ));
    let rows = making
        .artifact
        .iter()
        .map(|_| "artifact")
        .chain(making.image.iter().map(|_| "image"))
        .chain(["version"])
        .filter(|_| is_sure);
    let rows = rows.map(|what| {
        let name = format!("{}-{version}", making.name);
        ChangeRow::new(&name, what, Does::Add)
    });
    Plan {
        name: "publish".to_owned(),
        changes: vec![Changes {
            about,
            rows: rows.collect(),
            loses: Vec::new(),
            more_dangerous: false,
        }],
        steps,
        says,
        brings: vec![Row::new(&making.name, &version)],
        ..Plan::default()
    }
}

/// The version is registered, and what was published of it is there: nothing is built.
pub(super) fn already_there(making: &Making, commit: &Commit) -> Plan {
    let version = version(commit.as_str());
    let kind = StepKind::Weigh(KEEP.to_owned());
    let title = format!("keep {} {version} as it is registered", making.name);
    let step = Step::new(Role::Look, "keep", title, kind, json!({}));
    Plan {
        name: "already there".to_owned(),
        steps: vec![step.leaving(Leaves::New)],
        says: vec![format!(
            "{} {version} is registered, and what was published of it is there: nothing is built. --{REBUILD} builds and tests it again.",
            making.name
        )],
        brings: vec![Row::new(&making.name, &version)],
        ..Plan::default()
    }
}

fn checkout(making: &Making, commit: &Commit) -> Step {
    let origin = Origin {
        repository: making.repository.clone(),
        branch: making.branch.to_string(),
        commit: commit.to_string(),
    };
    let params = json!({ "origin": origin, "module": making.module });
    let title = format!("check {} out", commit.short());
    Step::new(Role::Build, "checkout", title, CHECKOUT, params).leaving(Leaves::Old)
}

/// The parameters of a command among the files of a commit.
fn run(making: &Making, command: &[String], commit: &Commit, version: &str) -> Value {
    let mut params = around(making, commit, version);
    params["argv"] = json!(command);
    params["folder"] = from("checkout", "/folder");
    params
}

/// The variables of a program.
fn around(making: &Making, commit: &Commit, version: &str) -> Value {
    let mut env = making.env.clone();
    env.insert("HOLDPOINT_COMMIT".to_owned(), commit.to_string());
    env.insert("HOLDPOINT_VERSION".to_owned(), version.to_owned());
    let mut params = json!({ "env": env });
    for (key, secrets) in [
        ("secrets", &making.secrets),
        ("secret_files", &making.secret_files),
    ] {
        if !secrets.is_empty() {
            params[key] = json!(secrets);
        }
    }
    params
}

/// Parameters, with those that say which version of what it is.
fn of(making: &Making, version: &str, mut params: Value) -> Value {
    params["registry"] = json!(making.registry);
    params["name"] = json!(making.name);
    params["version"] = json!(version);
    params["nth"] = from("checkout", "/nth");
    params
}

/// A step of those that publish.
fn publishing(step: Step, after: &[&str], about: &Subject) -> Step {
    step.after(after)
        .only("checkout", PUBLISHES)
        .about(about.clone())
}

fn register(
    making: &Making,
    commit: &Commit,
    version: &str,
    before: &[&str],
    about: &Subject,
) -> Step {
    let mut params = of(making, version, json!({}));
    params["commit"] = json!(commit);
    params["repository"] = json!(making.repository);
    for said in ["on", "by", "says"] {
        params[said] = from("checkout", &format!("/{said}"));
    }
    if making.artifact.is_some() {
        params["artifact"] = from("push", "/artifact");
    }
    if making.image.is_some() {
        params["image"] = from("push-image", "/image");
    }
    let title = format!("register {} {version}", making.name);
    let step = Step::new(Role::Publish, "register", title, REGISTER, params).undo(
        "none: who takes the newest version takes it from then on; publish a commit after it",
    );
    publishing(step, before, about).leaving(Leaves::New)
}

/// What it published may be in use by anybody.
pub(super) fn nothing_to_take_down(ask: &PlanAsk, making: &Making) -> Failure {
    let bucket = &making.registry.bucket;
    Failure::new(format!(
        "{} runs nowhere: it is built and published",
        ask.stack
    ))
    .detail(format!(
        "what it published stays in {bucket}: others are deployed with it"
    ))
    .hint("take it out of the estate file where it is not to be published any more")
}
