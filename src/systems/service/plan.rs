//! The plan of a service that updates its stack, with or without downtime; and whose a stack is.

use serde_json::json;

use super::beside::Beside;
use super::body::Body;
use super::chosen::{self, Taken, UNKNOWN, is_less_safe};
use super::databases::{self, Chains, Needs};
use super::downtime::downtime;
use super::entry::Downtime;
use super::foreseen::Foreseen;
use super::running::{Running, running};
use super::steps::{self, Counts};
use super::ways::{Choice, QUICK, Way, again, way};
use super::{join, weight};
use crate::domain::class::EnvClass;
use crate::domain::failure::Failure;
use crate::domain::hold::HoldKind;
use crate::domain::look::Sights;
use crate::domain::plan::{ChangeRow, HoldRule, Plan, Step};
use crate::forms::cloudformation::{CfnInput, StackFacts};
use crate::forms::postgres::migrations::Class;
use crate::systems::PlanAsk;

/// The tag that says which store a stack belongs to.
pub(super) const STORE_TAG: &str = "holdpoint:store";
/// The tag that says which stack of that store it is.
pub(super) const STACK_TAG: &str = "holdpoint:stack";

/// An input with our tags on it, and without those that only the release before it names.
pub(super) fn ours(ask: &PlanAsk, input: &CfnInput, before: Option<&Body>) -> CfnInput {
    let mut input = input.clone();
    if let Some(before) = before.filter(|before| before.input.stack_name == input.stack_name) {
        let named = before.input.tags.keys();
        input.untag = named
            .filter(|tag| !input.tags.contains_key(*tag))
            .cloned()
            .collect();
    }
    input.tags.insert(STORE_TAG.to_owned(), ask.store.clone());
    input
        .tags
        .insert(STACK_TAG.to_owned(), ask.stack.to_string());
    input
}

/// Refuses a stack of somebody else; tells whether this store touches it for the first time.
pub(super) fn touch(ask: &PlanAsk, name: &str, stack: &StackFacts) -> Result<bool, Failure> {
    match (stack.tags.get(STORE_TAG), stack.tags.get(STACK_TAG)) {
        (Some(store), owner) if *store != ask.store => {
            let owner = owner.map_or_else(|| "another stack".to_owned(), Clone::clone);
            Err(Failure::new(format!(
                "the CloudFormation stack {name} belongs to the store {store}, as {owner}"
            ))
            .detail(format!("this store is {}", ask.store))
            .hint(format!(
                "deploy it from that store, or give {} another stack_name",
                ask.stack
            )))
        }
        (Some(_), Some(owner)) if *owner != ask.stack.to_string() => Err(Failure::new(format!(
            "the CloudFormation stack {name} is {owner} of this store"
        ))
        .hint(format!("give {} another stack_name", ask.stack))),
        (Some(_), _) => Ok(false),
        (None, _) => Ok(true),
    }
}

/// The hold for what is touched first in an environment where that matters.
pub(super) fn first_touch(ask: &PlanAsk, first: bool) -> Option<HoldRule> {
    let protected = matches!(ask.env.class, EnvClass::Production | EnvClass::Staging);
    (first && protected).then(|| HoldRule::always(HoldKind::FirstTouch))
}

/// The update that goes on is cancelled; what the stack is then shows what is to be done.
pub(super) fn cancelled(ask: &PlanAsk, name: &str, stack: &StackFacts) -> Result<Plan, Failure> {
    let first = touch(ask, name, stack)?;
    let step = steps::as_seen(steps::cancel(name), json!(stack.as_seen()));
    let began = stack
        .changed_at
        .map_or_else(String::new, |at| format!(" at {}", at.text("%H:%M:%SZ")));
    Ok(Plan {
        name: Choice::CancelUpdates.name().to_owned(),
        steps: vec![step.hold(first_touch(ask, first))],
        danger: weight::danger(None),
        says: vec![
            format!(
                "{name} is {}: somebody else began to update it{began}. That is cancelled, and CloudFormation brings back what was before.",
                stack.status
            ),
            "What is deployed then is worked out for the stack as it is when that has ended; what replaces or deletes something waits at a hold.".to_owned(),
        ],
        ..Plan::default()
    })
}

/// A plan that updates what is there.
pub(super) fn update(
    ask: &PlanAsk,
    body: &Body,
    serving: Option<&Body>,
    stack: &StackFacts,
    seen: &Sights,
) -> Result<Plan, Failure> {
    let name = body.input.stack_name.as_str();
    let first = touch(ask, name, stack)?;
    let input = ours(ask, &body.input, serving);
    let Running {
        counts: running,
        steady,
    } = running(stack, serving, name);
    let foreseen = Foreseen::of(name, stack, seen)?;
    let way = way(ask, body);
    let needs = databases::needs(ask, (body, serving), seen, way.policy == Downtime::Always)?;
    let runs = running.values().any(|count| count != "0");
    let chosen = chosen::chosen(ask, &needs, runs)?;
    if chosen.is_none() {
        quick(ask, &way, &needs)?;
    }
    let expected = foreseen.rows.as_ref().map(|rows| {
        let evaluated = join::branch(
            rows,
            foreseen.empty,
            (way.policy, way.because),
            &running,
            steady.as_deref(),
            needs.data.as_ref(),
        );
        Taken::of(evaluated, chosen)
    });
    let branch = expected.as_ref().map(|taken| taken.way.to_owned());
    let instead_of = match &expected {
        Some(taken) => taken.instead_of(),
        None => chosen
            .filter(|way| is_less_safe(way, UNKNOWN))
            .and(Some(UNKNOWN)),
    };
    let mut join = joined(ask, body, &way, &running, steady.as_deref(), &needs);
    let open = chosen::open(&needs, runs);
    join.params["open"] = json!(open);
    if let Some(way) = chosen {
        join.params["chosen"] = json!(way);
        join.params["admitted"] = match &ask.seen {
            None => json!(instead_of),
            Some(seen) => json!(seen.plan.as_ref().and_then(|plan| plan.instead_of.as_ref())),
        };
    }
    let mut all = vec![steps::change_set("change-set", &input, None, &[]), join];
    let rotates = Choice::Rotate.is_in(&ask.flags) && !body.databases().is_empty();
    // Users are made anew whichever way is taken; of databases that are made, with them.
    let rotates_first = rotates && needs.data.is_none();
    let hold = reviewed(first_touch(ask, first));
    let beside = Beside {
        ask,
        body,
        input: &input,
        stack,
        serving,
        needs: &needs,
    };
    // What databases need is known: the ways that are not open to them are no part of the plan.
    let class = needs.data.as_ref().map(|data| match chosen {
        Some(join::PARALLEL) => Class::Compatible,
        Some(join::BEFORE) => Class::Before,
        Some(_) | None => data.class,
    });
    match class {
        None => all.extend(straight(ask, body, hold, rotates_first)),
        Some(Class::Before) if runs => all.extend(beside.before(hold)),
        Some(Class::Compatible) if runs => all.extend(beside.parallel(hold)),
        Some(Class::Before | Class::Compatible | Class::Breaking) => {}
    }
    if runs || needs.data.is_some() {
        let touch = first_touch(ask, first);
        let running = (stack, &running);
        let mut down = downtime(ask, body, serving, &input, running, touch, &needs);
        if rotates_first {
            down.iter_mut().for_each(databases::rotated);
        }
        all.extend(down);
    }
    let mut danger = foreseen.danger();
    danger.downtime = branch.as_deref() == Some(join::DOWNTIME) && runs;
    danger.less_safe = instead_of.is_some();
    // Where a person would have it so, what breaks the code that runs comes while that runs.
    let beside = chosen.is_some_and(|way| way != join::DOWNTIME) && runs;
    let breaks = needs
        .data
        .as_ref()
        .is_some_and(|data| data.class == Class::Breaking);
    danger.outdated = needs.outdates || (beside && breaks);
    let mut says = Vec::new();
    if let Some(taken) = &expected {
        let rows = foreseen.rows.as_deref().unwrap_or_default();
        let sentence = match branch.as_deref() {
            Some(join::NOP) if rotates => {
                "the stack stays as it is, because nothing would change".to_owned()
            }
            branch => sentence(branch, &taken.why, rows, runs),
        };
        says.push(format!("Expected: {sentence}."));
        says.extend(taken.overruled());
    }
    says.extend(needs.says);
    says.extend(rotates.then(|| databases::of_rotation(body)));
    says.extend(foreseen.doubt());
    if first {
        says.push(match &ask.serving {
            None => format!("{name} exists and carries no tag of this store: what serves there, if anything does, was not brought from here."),
            Some(spec) => format!(
                "{name} carries no tag of this store, though {} was deployed from here: nothing had to change then, or somebody else took the tag away.",
                spec.release
            ),
        });
    }
    says.extend(tags(&input, stack, first));
    says.extend(foreseen.says());
    let others = expected.map(|taken| taken.others(open));
    let others = others.filter(|others| !others.is_empty());
    says.extend(others.map(|others| format!("Not taken: {others}.")));
    let changes = foreseen
        .changes(name)
        .into_iter()
        .chain(needs.changes)
        .collect();
    Ok(Plan {
        name: "update".to_owned(),
        steps: all,
        changes,
        danger,
        says,
        branch,
        instead_of: instead_of.map(str::to_owned),
        ..Plan::default()
    })
}

/// What becomes of the tags that the stack has: those that get another value, those that go, and
/// those that stay though the estate does not name them.
fn tags(input: &CfnInput, stack: &StackFacts, first: bool) -> impl Iterator<Item = String> {
    let ours =
        |tag: &String| tag.starts_with("aws:") || [STORE_TAG, STACK_TAG].contains(&tag.as_str());
    let others: Vec<String> = stack
        .tags
        .iter()
        .filter(|(tag, _)| !ours(tag))
        .filter_map(|(tag, was)| {
            let is = input.tags.get(tag).filter(|is| *is != was)?;
            Some(format!("{tag} ({was} to {is})"))
        })
        .collect();
    let changed =
        (!others.is_empty()).then(|| format!("Tags get another value: {}.", others.join(", ")));
    let unnamed = stack
        .tags
        .keys()
        .filter(|tag| !input.tags.contains_key(*tag) && !ours(tag));
    let (gone, kept): (Vec<&str>, Vec<&str>) = unnamed
        .map(String::as_str)
        .partition(|tag| input.untag.contains(*tag));
    let gone = (!gone.is_empty()).then(|| {
        format!(
            "Tags that the estate does not name any more go: {}.",
            gone.join(", ")
        )
    });
    let kept = (first && !kept.is_empty()).then(|| {
        format!(
            "Tags of the stack that the estate does not name stay: {}.",
            kept.join(", ")
        )
    });
    changed.into_iter().chain(gone).chain(kept)
}

/// Refuses to update a service as it runs whose databases must be changed first.
fn quick(ask: &PlanAsk, way: &Way, needs: &Needs) -> Result<(), Failure> {
    let data = needs.data.as_ref();
    let Some(data) = data.filter(|data| data.class > Class::Compatible) else {
        return Ok(());
    };
    if way.policy != Downtime::Never {
        return Ok(());
    }
    let (stack, why) = (&ask.stack, data.why.join(", "));
    Err(Failure::new(format!(
        "{stack} cannot be updated as it runs ({}): the deployment {why}",
        way.because
    ))
    .hint(format!(
        "deploy it without that ({} --quick=false); or say in each of its migrations that both versions of the code work with it (-- holdpoint: compatible)",
        again(ask, &[QUICK.name])
    )))
}

fn sentence(branch: Option<&str>, why: &str, rows: &[ChangeRow], runs: bool) -> String {
    let ends = weight::ending(rows).next().is_some();
    let replaces = weight::stopping(rows).next().is_some();
    let perhaps = weight::perhaps_stopping(rows).next().is_some();
    match branch {
        Some(join::NOP) => "nothing is done, because nothing would change".to_owned(),
        Some(join::PARALLEL) => {
            format!("an update as it runs, beside which its databases are migrated: it {why}")
        }
        Some(join::BEFORE) => {
            format!(
                "its databases are migrated while the code that runs goes on, and then the new version comes: it {why}"
            )
        }
        Some(join::DOWNTIME) if !runs => {
            format!("nothing runs, and it comes up once that is done: it {why}")
        }
        Some(join::DOWNTIME) => format!(
            "the service stands still while it changes, because it {}",
            why.trim_start_matches("it ")
        ),
        Some(_) | None if ends => format!("an update that ends what serves ({why})"),
        Some(_) | None if replaces => format!("an update that replaces what serves ({why})"),
        Some(_) | None if perhaps => format!("an update that may replace what serves ({why})"),
        Some(_) | None => format!("an update without downtime ({why})"),
    }
}

/// Chooses the branch.
pub(super) fn joined(
    ask: &PlanAsk,
    body: &Body,
    way: &Way,
    running: &Counts,
    steady: Option<&str>,
    needs: &Needs,
) -> Step {
    let name = body.input.stack_name.as_str();
    let seen = ask
        .seen
        .as_ref()
        .and_then(|seen| seen.rows(&steps::about(name)));
    let mut params = json!({
        "changes": steps::from("change-set", ""),
        "seen_rows": seen,
        "policy": way.policy,
        "because": way.because,
        "counts": running,
        "steady": steady,
    });
    if needs.data.is_some() {
        params["data"] = json!(needs.data);
    }
    steps::weigh(
        "join",
        "choose the way",
        join::JOIN,
        name,
        params,
        &["change-set"],
    )
}

/// What is touched first is held; else what was not on the card.
pub(super) fn reviewed(first: Option<HoldRule>) -> HoldRule {
    let pointer = "/changes/more_dangerous";
    first.unwrap_or_else(|| HoldRule::when(HoldKind::ReviewPlan, "join", pointer, true))
}

/// Nothing is changed before the hold: what else changes something comes after the first step.
pub(super) fn held_first(all: &mut [Step], hold: HoldRule) {
    let Some((first, others)) = all.split_first_mut() else {
        return;
    };
    first.hold = Some(hold);
    for step in others.iter_mut().filter(|step| step.changes()) {
        if !step.after.contains(&first.id) {
            step.after.push(first.id.clone());
        }
    }
}

/// The change set is executed as it is, once its databases are what they should be. What was not on the
/// card asks again.
fn straight(ask: &PlanAsk, body: &Body, hold: HoldRule, rotates: bool) -> Vec<Step> {
    let name = body.input.stack_name.as_str();
    let chains = Chains::after(ask, body, "join");
    let (mut all, ends) = chains.upserted();
    for step in all.iter_mut().filter(|_| !rotates) {
        step.only_if = Some(("join".into(), join::UPDATE.to_owned()));
    }
    let mut after = vec!["join"];
    after.extend(ends.iter().map(String::as_str));
    all.push(steps::execute("execute", name, "change-set", &after).only("join", join::UPDATE));
    held_first(&mut all, hold);
    all.push(steps::verify("verify", name, &body.counts, &["execute"]));
    all
}
