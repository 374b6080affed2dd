//! What a card says of deployments that would start.

use crate::domain::ask::{Intent, Way};
use crate::domain::folds::Folds;
use crate::domain::hold::CardLine;
use crate::domain::ids::StackId;
use crate::domain::plan::Plan;

use super::super::lines::{count_rows, line, lost};
use super::super::outage;
use super::super::specs::StartOf;

pub(super) fn start_lines(
    lines: &mut Vec<CardLine>,
    folds: &Folds,
    intent: &Intent,
    starts: &[StartOf],
    plans: &[(StackId, Plan)],
) {
    let names: Vec<String> = starts.iter().map(|start| start.stack.to_string()).collect();
    let what = match intent {
        Intent::Teardown { .. } => "teardown".to_owned(),
        Intent::Unblock {
            way: Way::Recover, ..
        } => starts.first().map_or_else(String::new, |start| {
            format!("unblock: recover (release {})", start.spec.release)
        }),
        Intent::Unblock { way, .. } => format!("unblock: {}", way_word(way)),
        Intent::Deploy { .. }
        | Intent::Rollback { .. }
        | Intent::Retry { .. }
        | Intent::Cancel { .. }
        | Intent::Abandon { .. }
        | Intent::Freeze { .. }
        | Intent::Thaw { .. }
        | Intent::Apply { .. } => starts.first().map_or_else(String::new, |start| {
            let of = start
                .of
                .as_ref()
                .map_or_else(String::new, |of| format!(" ({of})"));
            format!("deploy {}{of}", start.spec.release)
        }),
    };
    line(
        lines,
        "STEP",
        if names.is_empty() {
            what
        } else {
            format!("{what}   STACK {}", names.join(", "))
        },
    );
    for (id, plan) in plans {
        let steps = expected(plan);
        let name = if plans.len() > 1 {
            format!("{id}: ")
        } else {
            String::new()
        };
        line(lines, "DOES", format!("{name}{}", steps.join(", then ")));
        let rows = plan.rows();
        let (goes, replaced) = lost(plan.changes.iter().flat_map(|one| &one.rows));
        line(lines, "GOES", goes);
        line(lines, "REPLACES", replaced);
        line(
            lines,
            "CHANGES",
            match &rows {
                Some(rows) if rows.is_empty() => "nothing".to_owned(),
                Some(rows) => count_rows(rows),
                None => "not known before it runs".to_owned(),
            },
        );
        if plan.danger.downtime && !matches!(intent, Intent::Teardown { .. }) {
            line(
                lines,
                "DOWNTIME",
                outage::says(outage::likely(folds, id).as_ref()),
            );
        }
        line(lines, "SAYS", plan.says.join(" "));
    }
    for start in starts {
        let name = if starts.len() > 1 && !start.with.is_empty() {
            format!("{}: ", start.stack)
        } else {
            String::new()
        };
        line(lines, "WITH", format!("{name}{}", start.with.join(", ")));
        let stack = folds.stack(&start.stack);
        if let Some(current) = stack
            .current
            .and_then(|current| folds.deployments.get(&current))
        {
            line(
                lines,
                "RUNNING",
                format!("{} runs: this one waits for it", current.no()),
            );
        }
        if !stack.queue.is_empty() {
            let waiting: Vec<String> = stack
                .queue
                .iter()
                .map(|entry| entry.no.to_string())
                .collect();
            line(lines, "QUEUED", format!("behind {}", waiting.join(", ")));
        }
        if let Some(why) = &stack.broken {
            line(
                lines,
                "BECAUSE",
                format!("{} is {}: {why}", start.stack, stack.phase),
            );
        }
    }
    if let (Intent::Teardown { .. }, Some(start)) = (intent, starts.first()) {
        line(
            lines,
            "THEN",
            format!("{} is gone; what is queued ends \"torn down\"", start.stack),
        );
    }
}

/// The steps of the expected branch that change something: a step all of whose needs are on another
/// branch is none of them.
fn expected(plan: &Plan) -> Vec<&str> {
    let mut off: Vec<&crate::domain::ids::StepId> = Vec::new();
    let mut titles = Vec::new();
    for step in &plan.steps {
        let other_branch = match (&step.only_if, &plan.branch) {
            (Some((_, branch)), Some(expected)) => branch != expected,
            (Some(_), None) => true,
            (None, _) => false,
        };
        let behind = !step.after.is_empty() && step.after.iter().all(|need| off.contains(&need));
        if other_branch || behind {
            off.push(&step.id);
        } else if step.finaliser.is_none() && step.changes() {
            titles.push(step.title.as_str());
        }
    }
    titles
}

fn way_word(way: &Way) -> &'static str {
    match way {
        Way::Recover => "recover",
        Way::Retry => "retry",
        Way::LastGood => "redeploy the last good release",
        Way::Free => "free the stack as it is",
        Way::ResolveDone { .. } => "say that the step ended well",
        Way::ResolveFailed { .. } => "say that the step failed",
    }
}
