//! Numbers for Prometheus, in its text form: of the world as it is, and of what was heard since the
//! process began. Names of stacks do not stand in them, and nothing that anybody outside wrote.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::time::Duration;

use super::Door;
use crate::domain::deployment::Phase;
use crate::domain::time::Time;
use crate::os::mutex::locked;
use crate::trigger::queue::States;
use crate::world::{EngineState, World};

/// How often what was heard, by host and outcome.
#[derive(Debug, Default)]
pub(super) struct Counts(Mutex<BTreeMap<(&'static str, &'static str), u64>>);

impl Counts {
    /// Counts one.
    pub(super) fn heard(&self, host: &'static str, outcome: &'static str) {
        *locked(&self.0).entry((host, outcome)).or_default() += 1;
    }
}

impl Door {
    /// All numbers.
    pub(super) fn metrics(&self) -> String {
        let (world, now) = (self.parts.desk.world(), self.parts.clock.now());
        let heard = locked(&self.counts.0).clone();
        let mut out = text(&world, now, (self.parts.heartbeat)(), &heard);
        queues(&mut out, &self.parts.queues);
        out
    }
}

/// One kind of number.
struct Family<'a> {
    name: &'a str,
    kind: &'a str,
    help: &'a str,
}

impl Family<'_> {
    fn write(
        &self,
        out: &mut String,
        rows: impl IntoIterator<Item = (Vec<(&'static str, String)>, f64)>,
    ) {
        let Self { name, kind, help } = self;
        // Writing to a text does not fail.
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in rows {
            let labels: Vec<String> = labels
                .into_iter()
                .map(|(key, value)| format!("{key}=\"{}\"", escaped(&value)))
                .collect();
            let labels = if labels.is_empty() {
                String::new()
            } else {
                format!("{{{}}}", labels.join(","))
            };
            let _ = writeln!(out, "{name}{labels} {value}");
        }
    }
}

fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

fn text(
    world: &World,
    now: Time,
    heartbeat: Option<Duration>,
    heard: &BTreeMap<(&'static str, &'static str), u64>,
) -> String {
    let mut out = String::new();
    let mut gauge = |name: &str, help: &str, rows: Vec<(Vec<(&'static str, String)>, f64)>| {
        Family {
            name,
            kind: "gauge",
            help,
        }
        .write(&mut out, rows);
    };
    #[allow(clippy::cast_precision_loss, reason = "counts of what is in memory")]
    let number = |count: usize| count as f64;
    let one = |value: f64| vec![(Vec::new(), value)];
    let is = |yes: bool| one(f64::from(u8::from(yes)));
    let live = matches!(
        world.engine,
        EngineState::Live { .. } | EngineState::Draining { .. }
    );
    gauge(
        "holdpoint_engine_live",
        "Whether an engine works on the store.",
        is(live),
    );
    if let Some(age) = heartbeat {
        gauge(
            "holdpoint_engine_heartbeat_age_seconds",
            "Since when the engine has said nothing of itself.",
            one(age.as_secs_f64()),
        );
    }
    let readable = world.loaded && world.trouble.is_none() && world.doubt.is_none();
    gauge(
        "holdpoint_store_readable",
        "Whether the store can be read, and is not in doubt.",
        is(readable),
    );
    gauge(
        "holdpoint_disk_full",
        "Whether the disk of the store is full.",
        is(world.disk_full.is_some()),
    );
    let mut stacks = Vec::new();
    for env in world.environments(now) {
        for (state, count) in &env.counts {
            let labels = vec![
                ("environment", env.name.to_string()),
                ("state", state.word().to_owned()),
            ];
            stacks.push((labels, number(*count)));
        }
    }
    gauge(
        "holdpoint_stacks",
        "Stacks by environment and state.",
        stacks,
    );
    let mut phases: BTreeMap<&str, usize> =
        Phase::ALL.iter().map(|phase| (phase.name(), 0)).collect();
    for deployment in world.folds.deployments.values().filter(|d| !d.is_over()) {
        *phases.entry(deployment.phase.name()).or_default() += 1;
    }
    let over = [
        Phase::New,
        Phase::Done,
        Phase::Partial,
        Phase::Failed,
        Phase::Terminated,
    ]
    .map(Phase::name);
    let phases = phases.into_iter().filter(|(name, _)| !over.contains(name));
    let phases = phases
        .map(|(name, count)| (vec![("phase", name.to_owned())], number(count)))
        .collect();
    gauge(
        "holdpoint_deployments",
        "Deployments that are not over, by phase.",
        phases,
    );
    let last = world
        .folds
        .deployments
        .values()
        .map(|d| d.no().0)
        .max()
        .unwrap_or(0);
    gauge(
        "holdpoint_deployment_last_number",
        "The number of the newest deployment.",
        one(number(usize::try_from(last).unwrap_or(usize::MAX))),
    );
    gauge(
        "holdpoint_queue_length",
        "Deployments that wait or run.",
        one(number(world.queue(now).len())),
    );
    gauge(
        "holdpoint_holds_open",
        "Holds that wait for a person.",
        one(number(world.holds(now).len())),
    );
    #[allow(clippy::cast_precision_loss, reason = "counts of one process")]
    let heard = heard.iter().map(|((host, outcome), count)| {
        (
            vec![
                ("host", (*host).to_owned()),
                ("outcome", (*outcome).to_owned()),
            ],
            *count as f64,
        )
    });
    Family {
        name: "holdpoint_hooks_total",
        kind: "counter",
        help: "What hosts told since the process began, by outcome; of asks, those that the engine refused.",
    }
    .write(&mut out, heard);
    out
}

/// What is read of queues.
fn queues(out: &mut String, states: &States) {
    let rows = states.rows().into_iter().map(|row| {
        let labels = vec![
            ("environment", row.env),
            ("queue", row.kind),
            ("state", row.state.word().to_owned()),
        ];
        (labels, 1.0)
    });
    Family {
        name: "holdpoint_queue_state",
        kind: "gauge",
        help: "How reading of each queue goes: 1 for the state that it is in.",
    }
    .write(out, rows);
    #[allow(clippy::cast_precision_loss, reason = "counts of one process")]
    let messages = states
        .counts()
        .into_iter()
        .map(|((env, kind, outcome), count)| {
            let labels = vec![
                ("environment", env),
                ("queue", kind.to_owned()),
                ("outcome", outcome.to_owned()),
            ];
            (labels, count as f64)
        });
    Family {
        name: "holdpoint_queue_messages_total",
        kind: "counter",
        help: "Messages of queues since the process began, by what became of them.",
    }
    .write(out, messages);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::fixture::{NOW, Scene};

    #[test]
    fn numbers_are_those_of_the_world() {
        let scene = Scene::whole();
        let heard = BTreeMap::from([(("github", "asked"), 3)]);
        let text = text(
            &scene.world,
            NOW,
            Some(Duration::from_millis(1_500)),
            &heard,
        );
        let value = |name: &str| -> f64 {
            let line = text
                .lines()
                .find(|line| line.split(' ').next() == Some(name));
            line.unwrap_or_else(|| panic!("{name} in\n{text}"))
                .rsplit(' ')
                .next()
                .unwrap()
                .parse()
                .unwrap()
        };
        let same = |name: &str, count: usize| {
            assert_eq!(value(name).to_string(), count.to_string(), "{name}");
        };
        same("holdpoint_holds_open", scene.world.holds(NOW).len());
        same("holdpoint_queue_length", scene.world.queue(NOW).len());
        same(
            "holdpoint_hooks_total{host=\"github\",outcome=\"asked\"}",
            3,
        );
        assert_eq!(
            value("holdpoint_engine_heartbeat_age_seconds").to_string(),
            "1.5"
        );
        let stacks: f64 = text
            .lines()
            .filter(|line| line.starts_with("holdpoint_stacks{"))
            .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
            .sum();
        let all: usize = scene
            .world
            .environments(NOW)
            .iter()
            .map(|env| env.rows.len())
            .sum();
        assert_eq!(stacks.to_string(), all.to_string());
        // Each family once, with its help and its kind, and every line in the form of the format.
        let form =
            regex::Regex::new(r#"^[a-z_]+(\{[a-z]+="[^"\n]*"(,[a-z]+="[^"\n]*")*\})? [0-9.]+$"#)
                .unwrap();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            assert!(form.is_match(line), "{line}");
        }
        assert_eq!(text.matches("# TYPE holdpoint_stacks ").count(), 1);
        assert_eq!(escaped("a\"b\\c\nd"), "a\\\"b\\\\c\\nd");
    }
}
