//! One parameter of a site's builds is put or deleted: nothing is built, and what is served stays.

use serde_json::json;

use super::entry::{Build, Site};
use super::looking_as;
use super::plan::{plan, provisioned, row};
use super::steps::{assuming, step};
use super::variables::Variables;
use crate::domain::failure::Failure;
use crate::domain::level::Danger;
use crate::domain::look::{Look, Sight, Sights};
use crate::domain::parameter::Change;
use crate::domain::plan::{Does, Leaves, Plan, Role, Step};
use crate::forms::ssm::below;
use crate::secrets;
use crate::systems::PlanAsk;

const KIND: &str = "SSM parameter";

/// A look at the parameters of a build; none where it has none.
pub(super) fn look(build: &Build) -> Option<Look> {
    let look = Look::at(below(build.parameters.as_ref()?));
    Some(look.with(looking_as(build)))
}

/// The plan of that change.
pub(super) fn change(
    ask: &PlanAsk,
    site: &Site,
    change: &Change,
    (sight, seen): (&Sight, &Sights),
) -> Result<Plan, Failure> {
    let stack = &ask.stack;
    let nowhere = || {
        Failure::new(format!("the builds of {stack} have no parameters"))
            .hint("name the path below which they are kept: parameters: /sites/{env}/NAME")
    };
    let build = site.build.as_ref().ok_or_else(nowhere)?;
    let path = build.parameters.as_ref().ok_or_else(nowhere)?;
    provisioned(ask, site, sight)?;
    if let Change::Put { from, .. } = change {
        secrets::check(from).map_err(Failure::new)?;
    }
    let there = Variables::of(build, seen)?;
    let keys = there.keys();
    let name = change.name();
    let known = keys.contains(&name);
    let all = match keys.join(", ") {
        none if none.is_empty() => "none".to_owned(),
        all => all,
    };
    let (does, danger, one) = match change {
        Change::Delete { .. } if !known => {
            return Err(
                Failure::new(format!("there is no parameter {name} below {path}"))
                    .hint(format!("there are: {all}")),
            );
        }
        Change::Put { .. } if !known => (
            Does::Add,
            Danger::default(),
            format!("{path}/{name} is put, encrypted."),
        ),
        Change::Put { .. } => (
            Does::Change,
            REPLACES,
            format!(
                "{path}/{name} gets another value in the place of the one that it has, as a new version."
            ),
        ),
        Change::Delete { .. } => (
            Does::Remove,
            REPLACES,
            format!(
                "{path}/{name} is deleted with all its versions: its value cannot be brought back from here."
            ),
        ),
    };
    let mut says = vec![one];
    if let Change::Put { from, .. } = change {
        says.push(format!(
            "The engine reads the value from {from} when the step runs; it is neither shown nor kept."
        ));
    }
    says.push(format!("Below {path} there are now: {all}."));
    says.push("The next build has it so; nothing is built or published by this.".to_owned());
    let steps = vec![work(site, build, path, change)];
    let rows = vec![row(name, KIND, does)];
    Ok(Plan {
        stays: true,
        ..plan("parameter", site, steps, rows, danger, says)
    })
}

/// A value goes that nobody has seen.
const REPLACES: Danger = Danger {
    replaces: true,
    revises: false,
    downtime: false,
    destroys: false,
    unknown: false,
    less_safe: false,
    outdated: false,
};

fn work(site: &Site, build: &Build, path: &str, change: &Change) -> Step {
    let whole = format!("{path}/{}", change.name());
    let (title, kind, params, undo) = match change {
        Change::Put { from, .. } => (
            format!("put {whole}"),
            "ssm.put",
            json!({ "name": whole, "from": from }),
            "an earlier version is in the history of the parameter, in AWS",
        ),
        Change::Delete { .. } => (
            format!("delete {whole}"),
            "ssm.delete",
            json!({ "name": whole }),
            "put it again",
        ),
    };
    let params = assuming(params, build);
    step(Role::Change, site, "parameter", title, kind, params, &[])
        .leaving(Leaves::Old)
        .undo(undo)
}
