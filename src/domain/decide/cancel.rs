//! Cancelling on cards: what a wish can still stop, and what runs to its end all the same.

use crate::domain::deployment::Deployment;
use crate::domain::folds::Folds;
use crate::domain::label::{CardLine, Label};
use crate::domain::plan::{Cancel, Leaves, Step};

use super::Cancels;
use super::lines::line;

/// What the card of a cancel says: of each step that runs, what can be done about it.
pub(super) fn cancel_lines(
    lines: &mut Vec<CardLine>,
    folds: &Folds,
    d: &Deployment,
    cancels: &Cancels,
) {
    line(lines, Label::Step, format!("{} {}", d.no(), d.phase));
    line(lines, Label::Running, told(folds, d, cancels).join(", "));
    let goes = goes_all_the_same(d, cancels);
    let left = if goes {
        "nothing, once the removal has gone through: only a new deployment brings back what served"
    } else if d.goes_down() {
        "the service is scaled down: it stays at 0 until you decide in the hold that opens next"
    } else if d.leaves() == Some(Leaves::Nothing) {
        "nobody is served any more; what is not removed yet stays, and no further step starts"
    } else if d.changed_anything() {
        "what has changed stays as it is, unless what is asked to stop rolls it back; no further step starts"
    } else {
        "nothing has changed yet: the stack stays as it is"
    };
    line(lines, Label::Stays, left.to_owned());
    let then = match d.stack().filter(|_| goes) {
        Some(stack) => format!(
            "{stack} is gone all the same; {} ends TERMINATED only if the removal fails",
            d.no()
        ),
        None => format!("{} ends TERMINATED once all that runs has ended", d.no()),
    };
    line(lines, Label::Then, then);
}

/// What can be done about each step that runs; of a part, about what runs of its own deployment.
fn told(folds: &Folds, d: &Deployment, cancels: &Cancels) -> Vec<String> {
    let runs = d.runs().filter(|(_, run)| run.is_live());
    let all = runs.flat_map(|(step, run)| {
        let says = |title: &str, step: &Step| {
            let what = cancel_of(step, cancels).says();
            format!("{title} ({what})")
        };
        let child = d.asking(&step.id, run.attempt).child();
        let child = step.kind.part().and(folds.deployments.get(&child));
        let Some(child) = child else {
            return vec![says(&step.title, step)];
        };
        let own: Vec<String> = live(child)
            .map(|own| says(&format!("{}: {}", step.id, own.title), own))
            .collect();
        if own.is_empty() {
            return vec![format!("{} (ends at once: nothing of it runs)", step.title)];
        }
        own
    });
    all.collect()
}

/// What the card says where a cancel is given up on.
pub(super) fn abandon_lines(lines: &mut Vec<CardLine>, d: &Deployment) {
    line(lines, Label::Step, format!("{} {}", d.no(), d.phase));
    line(
        lines,
        Label::Running,
        live(d)
            .map(|step| step.title.as_str())
            .collect::<Vec<_>>()
            .join(", "),
    );
    let down = if d.goes_down() {
        "; the service is scaled down, and a hold asks what becomes of it"
    } else {
        ""
    };
    line(
        lines,
        Label::Stays,
        format!("what runs may go on outside, and nobody here waits for its end any more{down}"),
    );
    line(lines, Label::Then, format!("{} ends TERMINATED", d.no()));
}

/// What a cancel can do about a step; nobody here can stop what nobody here can carry out.
fn cancel_of(step: &Step, cancels: &Cancels) -> Cancel {
    // The deployment of a part is cancelled with that of the whole.
    let part = step.kind.part().map(|_| Cancel::BestEffort);
    part.or_else(|| cancels.get(&step.kind).copied())
        .unwrap_or(Cancel::None)
}

/// True where all that is to be removed is gone, or is being removed by steps that no cancel can
/// keep.
pub(super) fn goes_all_the_same(d: &Deployment, cancels: &Cancels) -> bool {
    let keeps_on = |step: &Step| cancel_of(step, cancels) == Cancel::None;
    d.plan.as_ref().is_some_and(|plan| plan.removes())
        && d.changing()
            .all(|(step, run)| run.state.is_finished() || (run.is_live() && keeps_on(step)))
}

/// The steps that run.
fn live(d: &Deployment) -> impl Iterator<Item = &Step> {
    d.runs()
        .filter(|(_, run)| run.is_live())
        .map(|(step, _)| step)
}
