//! Wholes: applications whose deployments are those of their parts, in their order. Each part is a
//! stack of its own, with its own plan, its own holds and its own log; a whole says only which parts
//! are deployed, from what, and which come first.

mod filter;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{PlanAsk, System};
use crate::domain::failure::Failure;
use crate::domain::flag::{self, Flag, Flags};
use crate::domain::ids::{Part, StackId};
use crate::domain::level::Danger;
use crate::domain::order::order;
use crate::domain::plan::{Leaves, Output, Plan, Role, Step, StepKind};
use crate::domain::purpose::Purpose;
use crate::domain::request::{Release, SourceBundle, Spec};
use crate::domain::row::Row;
use crate::text::counted::counted;

/// Deploys some of the parts alone.
pub(super) const FILTER: Flag = Flag {
    name: "filter",
    form: flag::Form::Text(""),
    purposes: &[Purpose::Deploy],
    says: "these parts alone, with ',' between them: a site with its components, a component at every site, or one \
           of one site; with ... behind it also all that come after",
};
/// Leaves what serves as a whole as it was: not all of it was deployed.
const KEEP: &str = "group.keep";
/// How many parts a sentence names.
const NAMED: usize = 8;

/// What a whole is made of, in the form in which it is stored: its parts, and how many of them work
/// at once.
pub(crate) fn spec<'a>(
    system: &str,
    parts: impl Iterator<Item = (&'a StackId, &'a Spec)>,
    at_once: usize,
) -> Spec {
    let parts: BTreeMap<Part, Spec> = parts
        .filter_map(|(id, spec)| Some((id.part.clone()?, spec.clone())))
        .collect();
    Spec {
        system: system.to_owned(),
        release: release(&parts),
        body: json!({ "at_once": at_once }),
        bundle: SourceBundle::default().digest(),
        about: Vec::new(),
        watch_logs: Vec::new(),
        parts,
    }
}

/// The same whole, some of whose parts are others than they were.
pub(crate) fn with(spec: &Spec, others: Vec<(Part, Spec)>) -> Spec {
    let mut parts = spec.parts.clone();
    parts.extend(others);
    Spec {
        release: release(&parts),
        parts,
        ..spec.clone()
    }
}

fn release(parts: &BTreeMap<Part, Spec>) -> Release {
    Release::of_parts(parts.iter().map(|(part, spec)| (part, &spec.release)))
}

/// The plan of a whole.
///
/// # Errors
/// What is to be deployed alone is no part of it.
pub(crate) fn plan(system: &dyn System, ask: &PlanAsk, spec: &Spec) -> Result<Plan, Failure> {
    let at_once = spec.body["at_once"].as_u64();
    let group = Group::of(system, ask, spec);
    let plan = match ask.purpose {
        Purpose::Teardown => group.teardown(),
        Purpose::Deploy | Purpose::Recover => group.deploy()?,
    };
    Ok(Plan {
        finish_independent: true,
        at_once: at_once.and_then(|most| usize::try_from(most).ok()),
        ..plan
    })
}

/// The parts of a whole that have these names.
pub(super) fn named(whole: &StackId, names: &BTreeSet<String>) -> Vec<StackId> {
    let parts = names.iter().filter_map(|name| name.parse().ok());
    parts.map(|part| whole.with(part)).collect()
}

/// Whether a part may be torn down.
///
/// # Errors
/// Others that stand need it.
pub(super) fn may_go(ask: &PlanAsk) -> Result<(), Failure> {
    let [first, ..] = &ask.needed_by[..] else {
        return Ok(());
    };
    let all: Vec<String> = ask.needed_by.iter().map(ToString::to_string).collect();
    let says = format!("{} is needed by {}", ask.stack, all.join(", "));
    Err(Failure::new(says).hint(format!("holdpoint teardown {first}")))
}

/// Carries out a step of a whole that looks at data alone.
pub(super) fn eval(kind: &str) -> Option<Output> {
    (kind == KEEP).then(Output::default)
}

/// What the page of a whole says of it.
pub(super) fn rows(spec: &Spec) -> Vec<Row> {
    vec![
        Row::new("parts", &spec.parts.len().to_string()),
        Row::new("at once", &spec.body["at_once"].to_string()),
    ]
}

struct Group<'a> {
    system: &'a dyn System,
    ask: &'a PlanAsk,
    /// The parts, each with what it brings, or what it has in service where it goes.
    parts: BTreeMap<StackId, &'a Spec>,
    /// Those that come before each.
    after: BTreeMap<StackId, BTreeSet<StackId>>,
}

impl<'a> Group<'a> {
    fn of(system: &'a dyn System, ask: &'a PlanAsk, spec: &'a Spec) -> Self {
        let whole = ask.stack.whole();
        let parts: BTreeMap<StackId, &Spec> = if ask.purpose == Purpose::Teardown {
            ask.standing
                .iter()
                .map(|(id, spec)| (id.clone(), spec))
                .collect()
        } else {
            let all = spec.parts.iter();
            all.map(|(part, spec)| (whole.with(part.clone()), spec))
                .collect()
        };
        let before = |(id, spec): (&StackId, &&Spec)| {
            let all = system.after(&whole, spec).into_iter();
            (
                id.clone(),
                all.filter(|one| parts.contains_key(one)).collect(),
            )
        };
        let after = parts.iter().map(before).collect();
        Self {
            system,
            ask,
            parts,
            after,
        }
    }

    /// The parts, each after all that come before it.
    fn sorted(&self) -> Result<Vec<&StackId>, Failure> {
        order(
            self.after
                .iter()
                .map(|(id, after)| (id, after.iter().collect())),
        )
        .map_err(|_| {
            Failure::new(format!(
                "the parts of {} wait for each other",
                self.ask.stack
            ))
        })
    }

    fn deploy(&self) -> Result<Plan, Failure> {
        let filter = flag::text(&self.ask.flags, FILTER.name).unwrap_or_default();
        let chosen = self.chosen(&filter)?;
        let all = chosen.len() == self.parts.len();
        let flags = self.flags()?;
        let mut steps = Vec::new();
        for id in self.sorted()?.into_iter().filter(|id| chosen.contains(*id)) {
            let before = self.after[id].intersection(&chosen);
            let title = format!("deploy {}", name(id));
            let params = json!({ "release": self.parts[id].release.digest, "flags": flags });
            steps.push(step(id, &title, params, before));
        }
        if !all {
            // The release in service as a whole is that of its last whole deployment.
            let kind = StepKind::Weigh(KEEP.to_owned());
            let keep = Step::new(
                Role::Look,
                "keep",
                "not all of it was deployed",
                kind,
                json!({}),
            );
            let ids: Vec<String> = chosen.iter().map(name).collect();
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            steps.push(keep.after(&ids).leaving(Leaves::Old));
        }
        let is_new = |id: &&StackId| {
            let now = self.ask.standing.get(*id);
            now.is_none_or(|now| !self.system.stands(self.parts[*id], now))
        };
        let news: Vec<&StackId> = chosen.iter().filter(is_new).collect();
        let known = news.is_empty() && chosen.iter().all(|id| self.parts[id].secrets().is_empty());
        let parts = format!("{} of {}", chosen.len(), counted(self.parts.len(), "part"));
        let mut says = vec![match (news.len(), chosen.len() - news.len()) {
            (0, _) => format!(
                "Every part has the files of what is in service: {}.",
                self.system.unchanged()
            ),
            (_, 0) => "Every part is new, or has other files than what is in service.".to_owned(),
            (new, same) => format!(
                "{} new or with other files than what is in service: {}. {} with the same: {}.",
                counted(new, "part"),
                names(&news),
                counted(same, "part"),
                self.system.unchanged(),
            ),
        }];
        says.push(format!("Each part: {}.", self.each()));
        let standing = self.ask.standing.keys();
        let gone: Vec<&StackId> = standing
            .filter(|id| !self.parts.contains_key(*id))
            .collect();
        if !gone.is_empty() {
            says.push(format!(
                "Not in the file any more, and left as they are until they are torn down: {}.",
                names(&gone)
            ));
        }
        let lacking: BTreeSet<&StackId> = chosen
            .iter()
            .flat_map(|id| &self.after[id])
            .filter(|id| !chosen.contains(*id) && !self.ask.standing.contains_key(*id))
            .collect();
        if !lacking.is_empty() {
            let lacking: Vec<&StackId> = lacking.into_iter().collect();
            says.push(format!(
                "{} before these, and never deployed from here: {}.",
                if lacking.len() == 1 {
                    "One part comes"
                } else {
                    "Parts come"
                },
                names(&lacking)
            ));
        }
        Ok(Plan {
            name: if all {
                "deploy".to_owned()
            } else {
                format!("deploy {parts}")
            },
            steps,
            says,
            danger: if known {
                Danger::default()
            } else {
                Danger::UNKNOWN
            },
            ..Plan::default()
        })
    }

    /// What the deployment of each part does.
    fn each(&self) -> String {
        let first = self.parts.values().next();
        first.map_or_else(String::new, |spec| self.system.brings(spec).then)
    }

    /// Those that are gone come after those that need them.
    fn teardown(&self) -> Plan {
        let needed_by = |id: &StackId| {
            let all = self.after.iter();
            all.filter(|(_, after)| after.contains(id))
                .map(|(id, _)| id.clone())
                .collect::<BTreeSet<StackId>>()
        };
        let sorted = self.sorted().unwrap_or_default();
        let steps: Vec<Step> = sorted
            .into_iter()
            .rev()
            .map(|id| {
                let title = format!("tear down {}", name(id));
                step(id, &title, json!({}), needed_by(id).iter())
            })
            .collect();
        let says = if steps.is_empty() {
            "No part of it is in service: nothing goes.".to_owned()
        } else {
            "Each part waits for a person of its own, those first that need others.".to_owned()
        };
        Plan {
            name: "teardown".to_owned(),
            danger: Danger {
                destroys: !steps.is_empty(),
                ..Danger::default()
            },
            steps,
            says: vec![says],
            ..Plan::default()
        }
    }

    /// What each part is asked for with: what is chosen for the whole, where a part has it.
    fn flags(&self) -> Result<Flags, Failure> {
        let own = self.system.flags();
        let given = self.ask.flags.iter();
        let given = given.filter(|(name, _)| own.iter().any(|flag| flag.name == name.as_str()));
        let given: Flags = given
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        flag::set(own, self.system.name(), Purpose::Deploy, &given)
            .map(|(flags, _)| flags)
            .map_err(|refused| Failure::new(refused.says).hint(refused.hint))
    }
}

/// The deployment of a part, as a step.
fn step<'a>(
    id: &StackId,
    title: &str,
    params: Value,
    after: impl Iterator<Item = &'a StackId>,
) -> Step {
    let after: Vec<String> = after.map(name).collect();
    let after: Vec<&str> = after.iter().map(String::as_str).collect();
    Step::new(
        Role::Child,
        name(id).as_str(),
        title,
        StepKind::Part(id.clone()),
        params,
    )
    .after(&after)
}

fn name(id: &StackId) -> String {
    id.part
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default()
}

fn names(all: &[&StackId]) -> String {
    let mut names: Vec<String> = all.iter().take(NAMED).map(|id| name(id)).collect();
    if all.len() > NAMED {
        names.push(format!("and {} more", all.len() - NAMED));
    }
    names.join(", ")
}
