//! Lists to choose from: the keys that are valid here, what can be done, and the palette. All three
//! are written from the one table.

use crate::domain::time::Time;
use crate::tui::actions::{Action, Does, Scope};
use crate::tui::layers::choose::{Choose, Entry, Leads};
use crate::tui::pane::Target;

use super::Console;

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
        let scope = self.board.def().scope;
        let mut entries = Vec::new();
        for wanted in [scope, Scope::Everywhere] {
            for action in self
                .keys
                .actions()
                .iter()
                .copied()
                .filter(|action| action.scope == wanted)
            {
                let keys = self.keys.of(action.name).join(" ");
                let off = self
                    .denied(action, now)
                    .map_or_else(String::new, |denied| denied.says());
                entries.push(Entry {
                    key: keys,
                    name: action.name.to_owned(),
                    doc: action.doc.to_owned(),
                    off,
                    leads: Leads::Nowhere,
                });
            }
        }
        self.layers
            .push(Choose::new("Keys that are valid here", entries));
    }

    pub(super) fn menu(&mut self, now: Time) {
        let mut entries = Vec::new();
        for action in self.keys.actions().iter().copied().filter(Action::changes) {
            let off = self
                .denied(action, now)
                .map_or_else(String::new, |denied| denied.says());
            let keys = self.keys.first(action.name);
            entries.push(Entry {
                key: keys,
                name: action.name.to_owned(),
                doc: action.doc.to_owned(),
                off,
                leads: Leads::Action(action.name),
            });
        }
        entries.sort_by_key(|entry| !entry.off.is_empty());
        self.layers.push(Choose::new("What can be done", entries));
    }

    pub(super) fn palette(&mut self) {
        let mut entries: Vec<Entry> = Vec::new();
        for action in self.keys.actions() {
            if matches!(action.does, Does::Move(_)) {
                continue;
            }
            let doc = action.doc.to_owned();
            entries.push(Entry {
                key: self.keys.first(action.name),
                name: action.name.to_owned(),
                doc,
                off: String::new(),
                leads: Leads::Action(action.name),
            });
        }
        for (name, action) in ALIASES {
            let doc = format!("the same as {action}");
            entries.push(Entry {
                key: String::new(),
                name: (*name).to_owned(),
                doc,
                off: String::new(),
                leads: Leads::Action(action),
            });
        }
        for env in &self.shown.views.environments {
            let doc = format!("environment, {} {}", env.class.word(), env.spot);
            entries.push(Entry {
                key: "env".to_owned(),
                name: env.name.to_string(),
                doc,
                off: String::new(),
                leads: Leads::To(Target::Environment(env.name.clone())),
            });
            for row in &env.rows {
                let doc = format!("stack, {}", row.state.word());
                let to = Target::Stack(row.stack.clone());
                entries.push(Entry {
                    key: "stack".to_owned(),
                    name: row.stack.to_string(),
                    doc,
                    off: String::new(),
                    leads: Leads::To(to),
                });
            }
        }
        for item in &self.shown.views.queue {
            let doc = format!("deployment of {}, {}", item.stack, item.state.word());
            let to = Target::Deployment(item.stack.clone(), item.deployment, item.no);
            entries.push(Entry {
                key: "depl".to_owned(),
                name: item.no.to_string(),
                doc,
                off: String::new(),
                leads: Leads::To(to),
            });
        }
        self.layers.push(Choose::new("Palette", entries));
    }
}
