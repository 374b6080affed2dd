//! What a card says of deployments that would start.

use crate::domain::ask::{Intent, Way};
use crate::domain::deployment::Branch;
use crate::domain::environment::QueuePolicy;
use crate::domain::folds::Folds;
use crate::domain::ids::{StackId, StepId};
use crate::domain::label::{CardLine, Label};
use crate::domain::plan::{Leaves, Plan, Step};
use crate::domain::stack::{Queued, Stack};

use super::super::enqueue::goes_first;
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
    let release = |start: &StartOf| {
        let of = start.of.as_ref();
        let of = of.map_or_else(String::new, |of| format!(" ({of})"));
        format!("{}{of}", start.spec.release)
    };
    // Several may bring a release each; one stands for all only where it is the same.
    let one = starts
        .first()
        .map(release)
        .filter(|one| starts.iter().all(|start| release(start) == *one));
    let names: Vec<String> = starts
        .iter()
        .map(|start| match &one {
            Some(_) => start.stack.to_string(),
            None => format!("{} {}", start.stack, release(start)),
        })
        .collect();
    let what = match intent {
        Intent::Teardown { .. } => "teardown".to_owned(),
        Intent::Unblock {
            way: Way::Recover, ..
        } => starts.first().map_or_else(String::new, |start| {
            // What only takes the last change back brings no release.
            let brings = plans.iter().any(|(id, plan)| {
                *id == start.stack
                    && plan
                        .steps
                        .iter()
                        .any(|step| step.leaves == Some(Leaves::New))
            });
            if brings {
                format!("unblock: recover (release {})", start.spec.release)
            } else {
                "unblock: recover".to_owned()
            }
        }),
        Intent::Unblock { way, .. } => format!("unblock: {}", way_word(way)),
        Intent::Deploy { .. }
        | Intent::Rollback { .. }
        | Intent::Retry { .. }
        | Intent::Cancel { .. }
        | Intent::Abandon { .. }
        | Intent::Freeze { .. }
        | Intent::Thaw { .. }
        | Intent::Apply { .. } => match (&one, starts) {
            (Some(one), _) => format!("deploy {one}"),
            (None, []) => String::new(),
            (None, _) => "deploy".to_owned(),
        },
    };
    line(
        lines,
        Label::Step,
        if names.is_empty() {
            what
        } else {
            format!("{what}   STACK {}", names.join(", "))
        },
    );
    for (id, plan) in plans {
        let carried = starts
            .iter()
            .find(|start| start.stack == *id)
            .map_or(&[][..], |start| &start.carried);
        let name = if plans.len() > 1 {
            format!("{id}: ")
        } else {
            String::new()
        };
        line(lines, Label::Does, format!("{name}{}", does(plan, carried)));
        let rows = plan.rows();
        for (label, names) in lost(plan.changes.iter().flat_map(|one| &one.rows)) {
            line(lines, label, names);
        }
        line(
            lines,
            Label::Changes,
            match &rows {
                Some(rows)
                    if rows.is_empty() && expected(plan, plan.branch.as_ref()).is_empty() =>
                {
                    "nothing".to_owned()
                }
                Some(rows) if rows.is_empty() => "no resource".to_owned(),
                Some(rows) => count_rows(rows),
                None => "not known before it runs".to_owned(),
            },
        );
        if plan.danger.downtime && !matches!(intent, Intent::Teardown { .. }) {
            line(
                lines,
                Label::Downtime,
                outage::says(outage::likely(folds, id).as_ref()),
            );
        }
        line(lines, Label::Says, plan.says.join(" "));
        line(lines, Label::Says, done(plan, carried));
    }
    for start in starts {
        let name = if starts.len() > 1 && !start.with.is_empty() {
            format!("{}: ", start.stack)
        } else {
            String::new()
        };
        line(
            lines,
            Label::With,
            format!("{name}{}", start.with.join(", ")),
        );
        let stack = folds.stack(&start.stack);
        if let Some(current) = stack
            .current
            .and_then(|current| folds.deployments.get(&current))
        {
            line(
                lines,
                Label::Running,
                format!("{} runs: this one waits for it", current.no()),
            );
        }
        line(lines, Label::Queued, queued(folds, start, &stack));
        if let Some(why) = &stack.broken {
            line(
                lines,
                Label::Because,
                format!("{} is {}: {why}", start.stack, stack.phase),
            );
        }
    }
    if let (Intent::Teardown { .. }, Some(start)) = (intent, starts.first()) {
        line(
            lines,
            Label::Then,
            format!("{} is gone; what is queued ends \"torn down\"", start.stack),
        );
    }
}

/// What a retry does not run again, though the plan names it.
fn done(plan: &Plan, carried: &[StepId]) -> String {
    let done: Vec<&str> = plan
        .steps
        .iter()
        .filter(|step| carried.contains(&step.id))
        .map(|step| step.title.as_str())
        .collect();
    match done.as_slice() {
        [] => String::new(),
        [one] => format!("{one} is done already and is not run again."),
        some => format!(
            "{} are done already and are not run again.",
            some.join(", ")
        ),
    }
}

/// What waits there, and where this one comes to stand among it.
fn queued(folds: &Folds, start: &StartOf, stack: &Stack) -> String {
    let policy = folds
        .environments
        .get(&stack.id.env)
        .and_then(|env| env.record.as_ref())
        .map(|record| record.queue);
    let (ends, waits): (Vec<&Queued>, Vec<&Queued>) = stack
        .queue
        .iter()
        .partition(|entry| policy == Some(QueuePolicy::Latest) && entry.is_superseded());
    let names = |some: &[&Queued]| {
        let names: Vec<String> = some.iter().map(|entry| entry.no.to_string()).collect();
        names.join(", ")
    };
    let mut says = Vec::new();
    if !waits.is_empty() {
        let place = if goes_first(stack, start) {
            "before"
        } else {
            "behind"
        };
        says.push(format!("{place} {}", names(&waits)));
    }
    if !ends.is_empty() {
        says.push(format!(
            "this one takes the place of {}: they end",
            names(&ends)
        ));
    }
    says.join("; ")
}

/// What runs of a plan, and what of it a retry finds done already.
fn does(plan: &Plan, carried: &[StepId]) -> String {
    let (done, runs): (Vec<&Step>, Vec<&Step>) = expected(plan, plan.branch.as_ref())
        .into_iter()
        .partition(|step| carried.contains(&step.id));
    let titles = |steps: &[&Step], between: &str| {
        let titles: Vec<&str> = steps.iter().map(|step| step.title.as_str()).collect();
        titles.join(between)
    };
    let runs = match (titles(&runs, ", then "), branches(plan)) {
        (runs, ways) if ways.is_empty() => runs,
        (first, ways) => {
            let ways: Vec<String> = ways
                .iter()
                .map(|way| {
                    let steps = expected(plan, Some(way));
                    let steps: Vec<&Step> = steps
                        .into_iter()
                        .filter(|step| !runs.iter().any(|known| known.id == step.id))
                        .collect();
                    format!("{way} ({})", titles(&steps, ", then "))
                })
                .collect();
            let first = if first.is_empty() {
                first
            } else {
                format!("{first}, then ")
            };
            format!("{first}what it finds when it runs: {}", ways.join(", or "))
        }
    };
    if done.is_empty() {
        return runs;
    }
    let runs = if runs.is_empty() { "nothing" } else { &runs };
    format!("{runs} (done already: {})", titles(&done, ", "))
}

/// The branches that change something, where it is not known yet which one it will be.
fn branches(plan: &Plan) -> Vec<Branch> {
    let mut ways: Vec<Branch> = Vec::new();
    let branched = plan.steps.iter().filter(|step| step.finaliser.is_none());
    for (_, branch) in branched.filter_map(|step| step.only_if.as_ref()) {
        let changes = || {
            let then = expected(plan, Some(branch));
            then.len() > expected(plan, None).len()
        };
        if plan.branch.is_none() && !ways.contains(branch) && changes() {
            ways.push(branch.clone());
        }
    }
    ways
}

/// The steps of a branch that change something: a step all of whose needs are on another branch is
/// none of them.
fn expected<'a>(plan: &'a Plan, branch: Option<&Branch>) -> Vec<&'a Step> {
    let mut off: Vec<&StepId> = Vec::new();
    let mut steps = Vec::new();
    for step in &plan.steps {
        let other_branch = match (&step.only_if, branch) {
            (Some((_, branch)), Some(expected)) => branch != expected,
            (Some(_), None) => true,
            (None, _) => false,
        };
        let behind = !step.after.is_empty() && step.after.iter().all(|need| off.contains(&need));
        if other_branch || behind {
            off.push(&step.id);
        } else if step.finaliser.is_none() && step.changes() {
            steps.push(step);
        }
    }
    steps
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::domain::ask::Source;
    use crate::domain::flag::Flags;
    use crate::domain::given;
    use crate::domain::plan::StepKind;
    use crate::domain::plan::given::{plan, step};
    use crate::domain::purpose::Purpose;

    /// Outputs and tags change without any resource: that is done, and said.
    #[test]
    fn what_changes_no_resource_is_no_nothing() {
        use crate::domain::look::Subject;
        use crate::domain::plan::given::step;
        use crate::domain::plan::{Changes, Role};
        let about = Subject::new("test.thing", "a");
        let changes = |role| {
            let mut step = step("a", &[]);
            step.role = role;
            step.about = Some(about.clone());
            let plan = Plan {
                steps: vec![step],
                changes: vec![Changes {
                    about: about.clone(),
                    rows: vec![],
                    loses: vec![],
                    more_dangerous: false,
                }],
                ..Plan::default()
            };
            let intent = Intent::deploy("dev/a".parse().unwrap(), Source::Estate);
            let mut lines = vec![];
            let plans = [("dev/a".parse().unwrap(), plan)];
            start_lines(&mut lines, &Folds::default(), &intent, &[], &plans);
            let line = lines.iter().find(|line| line.label == Label::Changes);
            line.unwrap().text.clone()
        };
        assert_eq!(changes(Role::Change), "no resource");
        assert_eq!(changes(Role::Verify), "nothing");
    }

    #[test]
    fn one_release_stands_for_all_only_where_it_is_the_same() {
        let step = |releases: [&str; 2]| {
            let start = |stack: &str, release: &str| StartOf {
                stack: stack.parse().unwrap(),
                purpose: Purpose::Deploy,
                spec: given::spec("script", release, json!({})),
                flags: Flags::new(),
                with: vec![],
                of: None,
                carried: vec![],
            };
            let starts = [start("dev/a", releases[0]), start("dev/b", releases[1])];
            let intent = Intent::Deploy {
                stacks: starts.iter().map(|start| start.stack.clone()).collect(),
                source: Source::Estate,
                after: BTreeMap::new(),
                flags: Flags::new(),
            };
            let mut lines = vec![];
            start_lines(&mut lines, &Folds::default(), &intent, &starts, &[]);
            lines[0].text.clone()
        };
        assert_eq!(step(["412", "412"]), "deploy 412   STACK dev/a, dev/b");
        assert_eq!(step(["412", "7"]), "deploy   STACK dev/a 412, dev/b 7");
    }

    /// While the real stack is busy nobody knows which branch it will be: the card names them all.
    #[test]
    fn a_card_whose_branch_is_not_known_names_every_way() {
        let only = |id: &str, branch: &str| step(id, &["join"]).only("join", branch);
        let mut plan = plan(vec![
            step("join", &[]),
            only("execute", "update"),
            only("scale", "downtime"),
        ]);
        let join = plan.steps[0].id.clone();
        plan.steps
            .iter_mut()
            .find(|one| one.id == join)
            .unwrap()
            .kind = StepKind::Decision;
        let says = does(&plan, &[]);
        assert!(
            says.contains("what it finds when it runs: update (")
                && says.contains(", or downtime ("),
            "{says}"
        );
        plan.branch = Some("update".into());
        assert!(!does(&plan, &[]).contains("what it finds"), "{says}");
    }
}
