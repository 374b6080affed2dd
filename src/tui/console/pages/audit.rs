//! Who did what, the newest first: every act of a person that the newest events tell, and of older
//! ones what is kept with their deployments.

use crate::domain::deployment::Deployment;
use crate::domain::end::End;
use crate::domain::person::Person;
use crate::domain::time::Time;
use crate::tui::console::Console;
use crate::tui::layers::page::Text;
use crate::tui::theme::Role;
use crate::world::World;
use crate::world::audit;

/// Lines at most.
const MOST: usize = 500;

impl Console {
    pub(in crate::tui::console) fn page_audit(&mut self) {
        self.page("Who did what, newest first", None, |scene, _| {
            lines(scene.world)
        });
    }
}

fn lines(world: &World) -> Vec<Text> {
    let mut lines = acts(world);
    lines.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    lines.truncate(MOST);
    let mut lines: Vec<Text> = lines.into_iter().map(|(_, text)| text).collect();
    lines.push(Text::new("", "older: holdpoint audit").role(Role::Dim));
    lines
}

fn acts(world: &World) -> Vec<(Time, Text)> {
    let mut lines: Vec<(Time, Text)> = Vec::new();
    let mut add = |at: Time, who: &str, what: String, role: Role| {
        let label = format!("{}  {who}", at.text("%m-%d %H:%M:%S"));
        lines.push((at, Text::new(label, what).role(role)));
    };
    // What people did is told as the log tells it, as far back as it is at hand.
    let mut begin = Time(i64::MAX);
    for stored in world.recent.iter() {
        begin = begin.min(stored.at);
        let told = audit::sentence(stored, &world.folds);
        if told.person {
            add(
                told.at,
                &told.who,
                format!("{}: {}", told.on, told.what),
                Role::Strong,
            );
        }
    }
    let old = |at: Time| at < begin;
    for d in world.folds.deployments.values() {
        of_deployment(d, old, &mut add);
    }
    let stacks = world.folds.stacks.values().filter_map(|stack| {
        let freeze = stack.freeze.as_ref()?;
        Some((stack.id.to_string(), audit::QUEUE, freeze))
    });
    let envs = world.folds.environments.values().filter_map(|env| {
        let freeze = env.freeze.as_ref()?;
        Some((env.name.to_string(), audit::ALL_QUEUES, freeze))
    });
    for (name, what, freeze) in stacks.chain(envs).filter(|(.., freeze)| old(freeze.at)) {
        let froze = format!("{name}: {}", audit::froze(what, freeze));
        add(freeze.at, &freeze.by.to_string(), froze, Role::Strong);
    }
    lines
}

/// What a deployment keeps of its people, and what the engine did with it.
fn of_deployment(
    d: &Deployment,
    old: impl Fn(Time) -> bool,
    add: &mut impl FnMut(Time, &str, String, Role),
) {
    let Some(request) = &d.request else { return };
    let what = |text: &str| format!("{} {}: {text}", d.no(), request.stack);
    let engine = Person::Engine.to_string();
    if old(d.created_at) {
        let by = request.cause.by.to_string();
        add(d.created_at, &by, what(&audit::asked(request)), Role::Text);
    }
    for hold in &d.holds {
        add(
            hold.opened_at,
            &engine,
            what(&audit::opened(hold)),
            Role::Dim,
        );
        if let Some(decision) = hold.decision.as_ref().filter(|decision| old(decision.at)) {
            let decided = what(&audit::decided(&hold.id, decision));
            add(decision.at, &decision.by.to_string(), decided, Role::Strong);
        }
    }
    if let (Some(end), Some(at)) = (&d.end, d.ended_at) {
        let (by, role) = match end {
            End::Partial { .. } | End::Failed { .. } => (engine, Role::Fail),
            End::Done => (engine, Role::Dim),
            End::Terminated { by, .. } if *by != Person::Engine && !old(at) => return,
            End::Terminated { by, .. } => (by.to_string(), Role::Dim),
        };
        add(at, &by, what(&audit::ending(end)), role);
    }
}
