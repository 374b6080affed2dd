//! What a card says of deployments that would start: of many together how many there are, and once
//! what is the same of them.

use std::collections::BTreeMap;

use crate::domain::ask::{Intent, Way};
use crate::domain::deployment::Branch;
use crate::domain::environment::QueuePolicy;
use crate::domain::folds::Folds;
use crate::domain::ids::{StackId, StepId};
use crate::domain::label::{CardLine, Label};
use crate::domain::plan::{Leaves, Plan, Step};
use crate::domain::stack::{Queued, Stack};
use crate::text::counted::counted;

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
    let keeps = |(_, plan): &(StackId, Plan)| plan.stays || plan.leaves() == Some(Leaves::Old);
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
            // A plan that brings no release says what it is.
            (Some(_), _) if plans.len() == starts.len() && plans.iter().all(keeps) => {
                let mut names: Vec<&str> =
                    plans.iter().map(|(_, plan)| plan.name.as_str()).collect();
                names.dedup();
                names.join(", ")
            }
            (Some(one), _) => format!("deploy {one}"),
            (None, []) => String::new(),
            (None, _) => "deploy".to_owned(),
        },
    };
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let step = match names.as_slice() {
        [] => what,
        names if names.len() <= NAMED => format!("{what}   STACK {}", names.join(", ")),
        names => format!(
            "{what}   {} STACKS ({}): {}",
            names.len(),
            phases(folds, starts),
            among(names)
        ),
    };
    line(lines, Label::Step, step);
    if matches!(intent, Intent::Retry { .. }) {
        let says = "It has the files of that deployment, also where those of the estate were changed since: a new deployment takes these.";
        line(lines, Label::Says, says.to_owned());
    }
    let mut told = Told::default();
    for (id, plan) in plans {
        let carried = starts
            .iter()
            .find(|start| start.stack == *id)
            .map_or(&[][..], |start| &start.carried);
        told.of(id, Label::Does, does(plan, carried));
        for (label, names) in lost(plan.changes.iter().flat_map(|one| &one.rows)) {
            told.of(id, label, names);
        }
        let changes = match &plan.rows() {
            Some(rows) if rows.is_empty() && expected(plan, plan.branch.as_ref()).is_empty() => {
                "nothing".to_owned()
            }
            Some(rows) if rows.is_empty() => "no resource".to_owned(),
            Some(rows) => count_rows(rows),
            None => "not known before it runs".to_owned(),
        };
        told.of(id, Label::Changes, changes);
        if plan.danger.downtime && !matches!(intent, Intent::Teardown { .. }) {
            told.of(id, Label::Downtime, outage::of_plan(folds, id, plan));
        }
        told.of(id, Label::Says, plan.says.join(" "));
        told.of(id, Label::Says, done(plan, carried));
    }
    for start in starts {
        let id = &start.stack;
        told.of(id, Label::With, start.with.join(", "));
        let stack = folds.stack(id);
        if let Some(current) = stack
            .current
            .and_then(|current| folds.deployments.get(&current))
        {
            let no = current.no();
            told.of(
                id,
                Label::Running,
                format!("{no} runs: this one waits for it"),
            );
        }
        told.of(id, Label::Queued, queued(folds, start, &stack));
        if let Some(why) = &stack.broken {
            told.of(id, Label::Because, format!("{}: {why}", stack.phase));
        }
    }
    told.write(lines, starts.len().max(plans.len()));
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

/// What is said of stacks: the same of several is said once.
#[derive(Default)]
struct Told<'a> {
    lines: Vec<(Label, String, Vec<&'a StackId>)>,
}

impl<'a> Told<'a> {
    fn of(&mut self, stack: &'a StackId, label: Label, text: String) {
        if text.trim().is_empty() {
            return;
        }
        let mut known = self.lines.iter_mut();
        match known.find(|(of, said, _)| *of == label && *said == text) {
            Some((_, _, stacks)) => stacks.push(stack),
            None => self.lines.push((label, text, vec![stack])),
        }
    }

    /// The lines for a card of so many stacks. What is lost is told of each, whatever their number.
    fn write(self, lines: &mut Vec<CardLine>, all: usize) {
        let mut told: BTreeMap<Label, (usize, usize)> = BTreeMap::new();
        for (label, text, stacks) in self.lines {
            if all == 1 {
                line(lines, label, text);
                continue;
            }
            let (texts, left) = told.entry(label).or_default();
            let loses = matches!(
                label,
                Label::Goes | Label::Stays | Label::Replaces | Label::Downtime
            );
            if !loses && *texts >= TEXTS {
                *left += stacks.len();
                continue;
            }
            *texts += 1;
            let names: Vec<String> = stacks.iter().map(ToString::to_string).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let who = match names.len() {
                many if many == all => format!("each of {many}"),
                many if many > NAMED => format!("{many} stacks, {}", among(&names)),
                _ => names.join(", "),
            };
            line(lines, label, format!("{who}: {text}"));
        }
        for (label, (_, left)) in told {
            if left > 0 {
                let says =
                    format!("{left} more, each otherwise: `holdpoint plan STACK` tells of one");
                line(lines, label, says);
            }
        }
    }
}

/// How many stacks a line names; of more it says how many there are.
const NAMED: usize = 8;
/// How many texts of one label stand on a card of many stacks.
const TEXTS: usize = 6;

/// The first of many names, and how many others there are.
fn among(names: &[&str]) -> String {
    let shown = names.len().min(NAMED);
    match names.len() - shown {
        0 => names.join(", "),
        more => format!("{} and {more} more", names[..shown].join(", ")),
    }
}

/// How many of the stacks are in which phase.
fn phases(folds: &Folds, starts: &[StartOf]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for start in starts {
        let phase = folds.stack(&start.stack).phase.clone();
        *counts.entry(phase).or_default() += 1;
    }
    let counts: Vec<String> = counts
        .into_iter()
        .map(|(phase, many)| format!("{many} {phase}"))
        .collect();
    counts.join(", ")
}

/// The parts of a whole, those together that may begin together.
fn parts(plan: &Plan) -> Option<String> {
    let mut depths: BTreeMap<&StepId, usize> = BTreeMap::new();
    let mut levels: Vec<Vec<&str>> = Vec::new();
    for step in plan.steps.iter().filter(|step| step.kind.part().is_some()) {
        let before = step.after.iter().filter_map(|need| depths.get(need));
        let depth = before.max().map_or(0, |depth| depth + 1);
        depths.insert(&step.id, depth);
        if levels.len() <= depth {
            levels.push(Vec::new());
        }
        levels[depth].push(step.id.as_str());
    }
    let all = counted(depths.len(), "part");
    let at_once = plan.at_once.filter(|most| *most < depths.len());
    let at_once = at_once.map_or_else(String::new, |most| format!(", {most} at once at most"));
    let levels: Vec<String> = levels.iter().map(|names| among(names)).collect();
    (!levels.is_empty()).then(|| format!("{all}{at_once}: {}", levels.join("; then ")))
}

/// What runs of a plan, and what of it a retry finds done already.
fn does(plan: &Plan, carried: &[StepId]) -> String {
    if let Some(parts) = parts(plan) {
        return parts;
    }
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

    /// Hundreds of stacks are one line of each kind, with their number; what is lost is told of
    /// each.
    #[test]
    fn the_card_of_many_stacks_counts_them_and_says_the_same_once() {
        use crate::domain::look::Subject;
        use crate::domain::plan::{Changes, Does};
        let start = |n: usize| StartOf {
            stack: format!("dev/s{n:03}").parse().unwrap(),
            purpose: Purpose::Deploy,
            spec: given::spec("script", "412", json!({})),
            flags: Flags::new(),
            with: vec![],
            of: None,
            carried: vec![],
        };
        let starts: Vec<StartOf> = (0..300).map(start).collect();
        let replaced =
            |n: usize| crate::domain::plan::ChangeRow::new(&format!("Db{n}"), "", Does::Replace);
        let plan = |n: usize| Plan {
            changes: vec![Changes {
                about: Subject::new("test.thing", "a"),
                rows: (n < 10).then(|| replaced(n)).into_iter().collect(),
                loses: vec![],
                more_dangerous: false,
            }],
            says: vec![if n < 20 {
                format!("the {n}th")
            } else {
                "well".to_owned()
            }],
            ..plan(vec![step("a", &[])])
        };
        let plans: Vec<(StackId, Plan)> = starts
            .iter()
            .enumerate()
            .map(|(n, start)| (start.stack.clone(), plan(n)))
            .collect();
        let intent = Intent::Deploy {
            stacks: starts.iter().map(|start| start.stack.clone()).collect(),
            source: Source::Estate,
            after: BTreeMap::new(),
            flags: Flags::new(),
        };
        let mut lines = vec![];
        start_lines(&mut lines, &Folds::default(), &intent, &starts, &plans);
        let told = |label| {
            let of = lines.iter().filter(move |line| line.label == label);
            of.map(|line| line.text.as_str()).collect::<Vec<_>>()
        };
        let step = told(Label::Step)[0];
        assert!(
            step.starts_with("deploy 412   300 STACKS (300 NEW): dev/s000, dev/s001, ")
                && step.ends_with("dev/s007 and 292 more"),
            "{step}"
        );
        assert_eq!(told(Label::Does).len(), 1);
        assert!(told(Label::Does)[0].starts_with("each of 300: "));
        assert_eq!(told(Label::Replaces).len(), 10);
        assert_eq!(told(Label::Replaces)[3], "dev/s003: Db3");
        let says = told(Label::Says);
        assert_eq!((says.len(), says[0]), (7, "dev/s000: the 0th"));
        assert_eq!(
            says[6],
            "294 more, each otherwise: `holdpoint plan STACK` tells of one"
        );
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
