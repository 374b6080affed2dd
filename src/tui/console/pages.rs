//! Pages to read: who you are, what happened, what a stack is, why something failed. Everything on
//! them comes from the world.

use std::fmt::Write as _;

use crate::domain::deployment::{Cause, Deployment, End};
use crate::domain::folds::Folds;
use crate::domain::hold::Verdict as Decided;
use crate::domain::ids::StackId;
use crate::domain::look::Health;
use crate::domain::request::Made;
use crate::domain::time::{Time, short};
use crate::tui::layers::page::{Page, Text};
use crate::tui::pane::Target;
use crate::tui::states;
use crate::tui::theme::Role;
use crate::world::audit::ending;

use super::{Console, Lock};

impl Console {
    fn page(&mut self, title: impl Into<String>, target: Option<Target>, lines: Vec<Text>) {
        self.layers.push(Page::new(title, target, lines));
    }

    /// The stack under the cursor, or a word on the last line.
    fn page_stack(&mut self, now: Time) -> Option<StackId> {
        let target = self.target(now);
        let stack = target.as_ref().and_then(Target::stack).cloned();
        if stack.is_none() {
            self.say("choose a stack first", Role::Hint);
        }
        stack
    }

    pub(super) fn page_identity(&mut self, now: Time) {
        let mut lines = vec![
            Text::new(
                "you",
                format!(
                    "{} (the owner of the store; proven by its files)",
                    self.shown.world.you
                ),
            ),
            Text::new("engine", self.shown.world.engine.says()),
            Text::new(
                "estate",
                if self.shown.world.catalog.practice {
                    "the practice estate".to_owned()
                } else {
                    self.shown.world.catalog.file.clone()
                },
            ),
            Text::new("", ""),
        ];
        for env in &self.shown.views.environments {
            let lock = match self.lock(&env.name, now) {
                Lock::Read(_) => "READ".to_owned(),
                Lock::Guarded(until) => format!("GUARDED {}", short(until.since(now))),
                Lock::Open => "OPEN".to_owned(),
            };
            let practice = if env.practice { " (practice)" } else { "" };
            lines.push(
                Text::new(
                    format!("{}{practice}", env.name),
                    format!(
                        "{}  {} {}  {lock}",
                        env.class.word(),
                        env.account,
                        env.region
                    ),
                )
                .role(Role::Strong),
            );
            let places = self
                .shown
                .world
                .record(&env.name)
                .map(|record| &record.places);
            for (nth, place) in places.into_iter().flatten().enumerate() {
                if nth > 0 {
                    lines.push(Text::new(format!("  {}", place.name), place.words()));
                }
                let Some(seen) = self.shown.world.proof(&env.name, &place.name) else {
                    lines.push(
                        Text::new("  proven", "not yet: the engine has not looked").role(Role::Dim),
                    );
                    continue;
                };
                lines.push(Text::new(
                    "  proven",
                    format!(
                        "{} ago as {}",
                        short(now.since(seen.taken_at)),
                        seen.proof.who
                    ),
                ));
                if let Some(until) = seen.proof.expires_at {
                    lines.push(Text::new(
                        "  until",
                        format!("{} (in {})", until.text("%H:%MZ"), short(until.since(now))),
                    ));
                }
                if let Some(why) = seen.stale {
                    let says = format!(
                        "{why}. What runs there goes on alone, nothing was cancelled, step timeouts are stopped."
                    );
                    lines.push(Text::new("  NO PROOF", says).role(Role::Alert));
                }
            }
            if let Some(says) = env.slowed_says() {
                lines.push(Text::new("  THROTTLED", says).role(Role::Warn));
            }
            if let Some(why) = env.differs.refuses(&env.name) {
                lines.push(Text::new("  DIFFERS", why).role(Role::Warn));
            }
        }
        self.page("Who is who", None, lines);
    }

    pub(super) fn page_audit(&mut self) {
        let mut lines: Vec<(Time, Text)> = Vec::new();
        let mut add = |at: Time, who: &dyn std::fmt::Display, what: String, role: Role| {
            lines.push((
                at,
                Text::new(format!("{}  {who}", at.text("%m-%d %H:%M:%S")), what).role(role),
            ));
        };
        for d in self.shown.world.folds.deployments.values() {
            let Some(request) = &d.request else { continue };
            let what = |text: &str| format!("{} {}: {text}", d.no(), request.stack);
            let of = request
                .cause
                .of
                .as_ref()
                .map_or_else(String::new, |of| format!(", {of}"));
            let why = if request.cause.reason.is_empty() {
                String::new()
            } else {
                format!(", because {}", request.cause.reason)
            };
            let asked = format!(
                "asked for {} from {}{of}{why}",
                request.spec.release, request.cause.via
            );
            add(d.created_at, &request.cause.by, what(&asked), Role::Text);
            for hold in &d.holds {
                add(
                    hold.opened_at,
                    &"engine",
                    what(&format!(
                        "hold {} opened on {}",
                        hold.kind.word(),
                        hold.id.step
                    )),
                    Role::Dim,
                );
                if let Some(decision) = &hold.decision {
                    let verdict = match &decision.verdict {
                        Decided::Approved {
                            choice: Some(choice),
                            ..
                        } => format!("approved {choice}"),
                        Decided::Approved { choice: None, .. } => "approved".to_owned(),
                        Decided::Rejected => "rejected".to_owned(),
                        Decided::Expired => "let expire".to_owned(),
                        Decided::Void => "voided".to_owned(),
                    };
                    let note = if decision.note.is_empty() {
                        String::new()
                    } else {
                        format!(": {}", decision.note)
                    };
                    add(
                        decision.at,
                        &decision.by,
                        what(&format!(
                            "{verdict} {} on {}{note}",
                            hold.kind.word(),
                            hold.id.step
                        )),
                        Role::Strong,
                    );
                }
            }
            if let (Some(end), Some(at)) = (&d.end, d.ended_at) {
                let role = if matches!(end, End::Partial { .. } | End::Failed { .. }) {
                    Role::Fail
                } else {
                    Role::Dim
                };
                add(at, &"engine", what(&ending(end)), role);
            }
        }
        for stack in self.shown.world.folds.stacks.values() {
            if let Some(freeze) = &stack.freeze {
                add(
                    freeze.at,
                    &freeze.by,
                    format!("{}: froze the queue: {}", stack.id, freeze.reason),
                    Role::Strong,
                );
            }
        }
        for env in self.shown.world.folds.environments.values() {
            if let Some(freeze) = &env.freeze {
                add(
                    freeze.at,
                    &freeze.by,
                    format!("{}: froze all queues: {}", env.name, freeze.reason),
                    Role::Strong,
                );
            }
        }
        lines.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        lines.truncate(500);
        let mut lines: Vec<Text> = lines.into_iter().map(|(_, text)| text).collect();
        lines.push(Text::new("", "older: holdpoint audit").role(Role::Dim));
        self.page("Who did what, newest first", None, lines);
    }

    pub(super) fn page_details(&mut self, now: Time) {
        let Some(stack) = self.page_stack(now) else {
            return;
        };
        let row = self.shown.world.row(&stack, now);
        let fold = self.shown.world.folds.stack(&stack);
        let mut lines = vec![
            Text::new(
                "state",
                format!(
                    "{} {}",
                    states::glyph(row.state, &self.theme),
                    row.state.word()
                ),
            )
            .role(states::role(row.state)),
            Text::new(
                "phase",
                fold.lifecycle().map_or_else(String::new, |table| {
                    format!("{} of the {} lifecycle", fold.phase, table.name)
                }),
            ),
            Text::new("release", row.release.clone()),
        ];
        if let Some((running, desired)) = row.serve {
            lines.push(Text::new("serves", format!("{running} of {desired}")));
        }
        if let Some(at) = row.since {
            lines.push(Text::new(
                "since",
                format!("{at} ({} ago)", short(now.since(at))),
            ));
        }
        if let Some(why) = &row.why {
            lines.push(Text::new("why", why.clone()).role(Role::Fail));
        }
        if let Some(freeze) = fold.frozen(now) {
            lines.push(
                Text::new(
                    "frozen",
                    format!("by {} at {}: {}", freeze.by, freeze.at, freeze.reason),
                )
                .role(Role::Frozen),
            );
        }
        if let Some(thing) = self.shown.world.thing(&stack) {
            let sight = thing.sight;
            let seen = format!(
                "{}  seen {} ago  {}",
                sight.words,
                short(now.since(thing.taken_at)),
                sight.reason
            );
            lines.push(Text::new(sight.called.to_string(), seen));
            for part in &sight.parts {
                let text = format!("{}  {}  {}", part.kind, part.words, part.reason);
                let role = if matches!(part.health, Health::Failed | Health::Stopped) {
                    Role::Fail
                } else {
                    Role::Dim
                };
                lines.push(Text::new(format!("  {}", part.name), text).role(role));
            }
        }
        if let Some(d) = self.shown.world.latest(&stack).map(std::sync::Arc::clone) {
            lines.push(Text::new("", ""));
            lines.extend(deployment(&self.shown.world.folds, &d, now));
        }
        for (n, queued) in fold.queue.iter().enumerate() {
            lines.push(Text::new(
                format!("queue {}", n + 1),
                format!(
                    "{}  {}",
                    queued.no,
                    self.shown.world.waits(&fold, n, queued, now).says(now)
                ),
            ));
        }
        self.page(format!("{stack}"), Some(Target::Stack(stack)), lines);
    }

    pub(super) fn page_raw(&mut self, now: Time) {
        let Some(stack) = self.page_stack(now) else {
            return;
        };
        let fold = self.shown.world.folds.stack(&stack);
        let mut text = serde_json::to_string_pretty(&fold).unwrap_or_default();
        if let Some(d) = self.shown.world.latest(&stack) {
            text.push('\n');
            text.push_str(&serde_json::to_string_pretty(&**d).unwrap_or_default());
        }
        let lines = text
            .lines()
            .map(|line| Text::new("", line.to_owned()))
            .collect();
        self.page(
            format!("{stack}, the raw record"),
            Some(Target::Stack(stack)),
            lines,
        );
    }

    pub(super) fn page_history(&mut self, now: Time) {
        let Some(stack) = self.page_stack(now) else {
            return;
        };
        let mut lines = Vec::new();
        for d in self.shown.world.deployments_of(&stack) {
            let Some(request) = &d.request else { continue };
            let took = d
                .started_at
                .map(|from| short(d.ended_at.unwrap_or(now).since(from)))
                .unwrap_or_default();
            let end = d.end.as_ref().map_or_else(|| d.phase.to_string(), ending);
            let role = match &d.end {
                Some(End::Partial { .. } | End::Failed { .. }) => Role::Fail,
                Some(End::Terminated { .. }) => Role::Dim,
                Some(End::Done) => Role::Text,
                None => Role::Run,
            };
            let text = format!(
                "{}  {}  by {} {}  took {took}  {end}",
                d.created_at.text("%m-%d %H:%M"),
                request.spec.release,
                request.cause.by,
                of(&request.cause)
            );
            lines.push(Text::new(d.no().to_string(), text).role(role));
        }
        if lines.is_empty() {
            lines.push(Text::new("", "none known here").role(Role::Dim));
        }
        self.page(
            format!("Deployments of {stack}"),
            Some(Target::Stack(stack)),
            lines,
        );
    }

    pub(super) fn page_explain(&mut self, now: Time) {
        let Some(stack) = self.page_stack(now) else {
            return;
        };
        let verdict = self.shown.world.verdict(&stack, now);
        let mut lines = vec![
            Text::new(
                "",
                format!(
                    "{} {}",
                    states::glyph(verdict.state, &self.theme),
                    verdict.line
                ),
            )
            .role(Role::Strong),
            Text::new("", ""),
        ];
        if let Some(why) = &verdict.why {
            lines.push(Text::new("WHY", why.clone()).role(Role::Fail));
        }
        if let Some(seen) = &verdict.seen {
            lines.push(Text::new("SEEN", seen.says()));
        }
        let failure = self
            .shown
            .world
            .latest(&stack)
            .and_then(|d| d.first_failure().cloned());
        if let Some(failure) = failure {
            if !failure.detail.is_empty() {
                for line in failure.detail.lines() {
                    lines.push(Text::new("DETAIL", line.to_owned()));
                }
            }
            if !failure.hint.is_empty() {
                lines.push(Text::new("HINT", failure.hint));
            }
        }
        for offer in &verdict.next {
            let key = match self.keys.first(offer.doing.name()) {
                key if key.is_empty() => format!(":{}", offer.doing.name()),
                key => key,
            };
            let (text, role) = match &offer.refused {
                None => (
                    if offer.note.is_empty() {
                        offer.doing.name().to_owned()
                    } else {
                        format!("{}: {}", offer.doing.name(), offer.note)
                    },
                    Role::Text,
                ),
                Some(not) => (
                    format!("{} not now: {} {}", offer.doing.name(), not.why, not.when),
                    Role::Dim,
                ),
            };
            lines.push(Text::new(format!("THEN [{key}]"), text).role(role));
        }
        if verdict.why.is_none() && verdict.next.is_empty() {
            lines.push(Text::new("", "nothing has failed here").role(Role::Dim));
        }
        self.page(
            format!("Explain {stack}"),
            Some(Target::Stack(stack)),
            lines,
        );
    }
}

/// What a deployment repeats, or nothing.
fn of(cause: &Cause) -> String {
    cause
        .of
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default()
}

fn deployment(folds: &Folds, d: &Deployment, now: Time) -> Vec<Text> {
    let Some(request) = &d.request else {
        return Vec::new();
    };
    let mut lines = vec![
        Text::new(
            "deployment",
            format!(
                "{} {}  {}",
                d.no(),
                d.phase,
                d.end.as_ref().map_or_else(String::new, ending)
            ),
        )
        .role(Role::Strong),
        Text::new(
            "asked",
            format!(
                "{} by {} from {} {}",
                d.created_at,
                request.cause.by,
                request.cause.via,
                of(&request.cause)
            ),
        ),
        Text::new("release", request.spec.release.to_string()),
    ];
    if let Some(source) = request
        .spec
        .release
        .source
        .as_ref()
        .filter(|made| **made != Made::Files)
    {
        lines.push(Text::new("from", source.to_string()));
    }
    if let Some(reply) = &request.cause.reply {
        lines.push(Text::new("owes", reply.to_string()));
    }
    let flags: Vec<String> = request
        .flags
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    if !flags.is_empty() {
        lines.push(Text::new("with", flags.join(", ")));
    }
    if let Some(parent) = &request.parent {
        let no = folds
            .deployments
            .get(&parent.deployment)
            .map_or_else(|| parent.deployment.to_string(), |of| of.no().to_string());
        lines.push(Text::new("child of", format!("{no}, step {}", parent.step)));
    }
    for child in folds.children(d.id) {
        let stack = child.stack().map(ToString::to_string).unwrap_or_default();
        lines.push(Text::new(
            "child",
            format!(
                "{} {stack} {}  {}",
                child.no(),
                child.phase,
                child.end.as_ref().map_or_else(String::new, ending)
            ),
        ));
    }
    for (step, run) in d.runs() {
        let took = run.started_at.map_or_else(String::new, |at| {
            short(run.ended_at.unwrap_or(now).since(at))
        });
        let mut text = format!("{:<9} {took:>6}  {}", run.state.word(), step.title);
        if let Some(failure) = &run.failure {
            let _ = write!(text, "  {}", failure.summary);
        }
        if let Some(reason) = &run.reason {
            let _ = write!(text, "  ({reason})");
        }
        lines.push(Text::new(format!("  {}", step.id), text).role(states::step_role(run.state)));
    }
    lines
}
