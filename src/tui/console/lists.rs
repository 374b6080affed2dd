//! Lists to choose from: the keys that are valid here, what can be done, and the palette, all three
//! written from the one table; and what is armed elsewhere.

use crate::domain::ids::{DeploymentId, StackId};
use crate::domain::stack::Queued;
use crate::domain::time::{Time, short};
use crate::tui::actions::{Action, Cx, Does, Scope};
use crate::tui::layers::choose::{Choose, Entry, Leads};
use crate::tui::pane::Target;
use crate::tui::scene::Scene;

use super::Console;
use super::guard::Guard;

/// Words that people know from elsewhere.
const ALIASES: &[(&str, &str)] = &[
    ("q", "quit"),
    ("quit!", "quit"),
    ("ctx", "identity"),
    ("login", "identity"),
    ("events", "logs-all"),
    ("apply", "redeploy"),
    ("deploy", "release"),
    ("destroy", "teardown"),
    ("approve", "holds"),
];

impl Console {
    pub(super) fn help(&mut self, now: Time) {
        let (scope, open) = (self.board.def().scope, self.open_to(now));
        let of = move |scene: &Scene<'_>| {
            let scoped = [scope, Scope::Everywhere].into_iter().flat_map(|wanted| {
                let actions = scene.keys.actions().iter().copied();
                actions.filter(move |action| action.scope == wanted)
            });
            let entry = |action: Action| Entry {
                key: scene.keys.of(action.name).join(" "),
                leads: Leads::Nowhere,
                ..open.entry(action, scene)
            };
            scoped.map(entry).collect()
        };
        self.layers
            .push(Choose::new("Keys that are valid here", of));
    }

    pub(super) fn menu(&mut self, now: Time) {
        let open = self.open_to(now);
        let of = move |scene: &Scene<'_>| {
            let actions = scene.keys.actions().iter().copied();
            let changes = actions.filter(Action::changes);
            let mut entries: Vec<Entry> = changes.map(|one| open.entry(one, scene)).collect();
            entries.sort_by_key(|entry| !entry.off.is_empty());
            entries
        };
        self.layers.push(Choose::new("What can be done", of));
    }

    pub(super) fn palette(&mut self) {
        self.layers.push(Choose::new("Palette", palette));
    }

    /// Everything that is armed, none of it from here: which of it is withdrawn.
    pub(super) fn undo_which(&mut self) {
        let of = |scene: &Scene<'_>| {
            let armed = scene.world.armed(scene.now).into_iter();
            let entry = |(stack, entry): (&StackId, &Queued)| {
                let d = scene.world.deployment(entry.deployment);
                let request = d.and_then(|d| d.request.as_ref());
                let asked = request.map_or_else(String::new, |request| {
                    let cause = &request.cause;
                    format!("asked by {} from {}", cause.by, cause.via)
                });
                let left = entry.not_before.map(|at| short(at.since(scene.now)));
                let left = left.unwrap_or_default();
                Entry {
                    key: entry.no.to_string(),
                    name: stack.to_string(),
                    doc: format!("{asked}, not in this console; starts in {left}"),
                    off: String::new(),
                    leads: Leads::Undo(stack.clone(), entry.deployment, entry.no),
                }
            };
            armed.map(entry).collect()
        };
        self.layers
            .push(Choose::new("Armed elsewhere: Enter takes one back", of));
    }

    /// What says which actions are open for what is under the cursor now, and stays with it.
    fn open_to(&self, now: Time) -> OpenTo {
        OpenTo {
            target: self.target(now),
            guard: self.guard.clone(),
            own: self.asks.followed().to_vec(),
        }
    }
}

/// What a list of actions was opened for.
struct OpenTo {
    target: Option<Target>,
    guard: Guard,
    own: Vec<DeploymentId>,
}

impl OpenTo {
    fn entry(&self, action: Action, scene: &Scene<'_>) -> Entry {
        let cx = Cx {
            world: scene.world,
            now: scene.now,
            target: self.target.as_ref(),
            own: &self.own,
        };
        let denied = self.guard.denies(action, &cx, scene.keys);
        Entry {
            key: scene.keys.first(action.name),
            name: action.name.to_owned(),
            doc: action.doc.to_owned(),
            off: denied.map_or_else(String::new, |denied| denied.says()),
            leads: Leads::Action(action.name),
        }
    }
}

/// Actions, environments, stacks and deployments, by their names.
fn palette(scene: &Scene<'_>) -> Vec<Entry> {
    let entry = |key: String, name: String, doc: String, leads| Entry {
        key,
        name,
        doc,
        off: String::new(),
        leads,
    };
    let mut entries: Vec<Entry> = Vec::new();
    for action in scene.keys.actions() {
        if !matches!(action.does, Does::Move(_)) {
            entries.push(entry(
                scene.keys.first(action.name),
                action.name.to_owned(),
                action.doc.to_owned(),
                Leads::Action(action.name),
            ));
        }
    }
    for (name, action) in ALIASES {
        let doc = format!("the same as {action}");
        let leads = Leads::Action(action);
        entries.push(entry(String::new(), (*name).to_owned(), doc, leads));
    }
    for env in &scene.views.environments {
        let doc = format!("environment, {} {}", env.class.word(), env.spot);
        let to = Leads::To(Target::Environment(env.name.clone()));
        entries.push(entry("env".to_owned(), env.name.to_string(), doc, to));
        for row in &env.rows {
            let doc = format!("stack, {}", row.state.word());
            let to = Leads::To(Target::Stack(row.stack.clone()));
            entries.push(entry("stack".to_owned(), row.stack.to_string(), doc, to));
        }
    }
    for item in &scene.views.queue {
        let doc = format!("deployment of {}, {}", item.stack, item.state.word());
        let to = Target::Deployment(item.stack.clone(), item.deployment, item.no);
        let name = item.no.to_string();
        entries.push(entry("depl".to_owned(), name, doc, Leads::To(to)));
    }
    entries
}
