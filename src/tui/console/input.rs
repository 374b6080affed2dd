//! What comes in: keys, pastes, the mouse. The top layer sees a key first, then the focused pane
//! while it is typed into, then the key map.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::domain::time::Time;
use crate::tui::actions::{Action, Does, Scope, Show};
use crate::tui::keys::Meaning;
use crate::tui::layers::Layer;
use crate::tui::motion::Motion;
use crate::tui::pane::{Flow, Pane, Target};
use crate::tui::scene::Scene;
use crate::tui::theme::Role;

use super::{Console, TWICE, Wish};

/// The one action that changes something and may be done on a page.
const ROLLBACK: &str = "rollback";

impl Console {
    /// Takes a key.
    pub fn key(&mut self, key: KeyEvent, now: Time) {
        if key.kind == KeyEventKind::Release {
            return;
        }
        let ctrl_c =
            key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
        if self.leaving {
            self.leaving = false;
            match key.code {
                KeyCode::Char('q' | 'Q' | 'y') if key.kind == KeyEventKind::Press => {
                    self.wishes.push(Wish::Quit);
                }
                _ => self.said = None,
            }
            return;
        }
        self.forget_said();
        if ctrl_c {
            self.interrupt(now);
        } else if let Some(typing) = self.layers.seen().map(Pane::typing) {
            self.layer_key(key, typing, now);
        } else if self.board.seen().typing() {
            let flow = self.with_pane(now, |pane, scene| pane.key(key, scene));
            self.flow(flow, None, now);
        } else {
            let pressed = key.kind == KeyEventKind::Press;
            match self.keys.press(key, self.board.def().scope) {
                Meaning::Action(action) if pressed || matches!(action.does, Does::Move(_)) => {
                    self.act(action, false, now);
                }
                Meaning::Elsewhere(action, keys) if pressed => self.elsewhere(action, &keys),
                Meaning::Action(_) | Meaning::Elsewhere(..) | Meaning::Begun | Meaning::None => {}
            }
        }
        self.settle(now);
    }

    /// A key that means nothing here, but in another pane.
    fn elsewhere(&mut self, action: Action, keys: &str) {
        if let Some(pane) = self.board.of_scope(action.scope) {
            let go = self.keys.first(pane.name);
            self.say(
                format!("{keys} works in pane {go}: {}", action.doc),
                Role::Hint,
            );
        }
    }

    /// A key while a layer is open.
    fn layer_key(&mut self, key: KeyEvent, typing: bool, now: Time) {
        if typing {
            self.give_layer(now, |layer, scene| layer.key(key, scene));
            self.due(now);
            return;
        }
        let action = match self.keys.press(key, Scope::Everywhere) {
            Meaning::Action(action) => action,
            Meaning::Elsewhere(..) => return self.say("close this first: Esc", Role::Hint),
            Meaning::Begun | Meaning::None => return,
        };
        match action.does {
            Does::Move(motion) => self.give_layer(now, |layer, scene| layer.motion(motion, scene)),
            Does::Show(Show::Back | Show::Quit) => drop(self.layers.pop()),
            Does::Show(Show::CopyLine) => {
                self.give_layer(now, |layer, scene| layer.motion(Motion::Copy, scene));
            }
            Does::Show(show @ (Show::Redraw | Show::Suspend | Show::Mouse | Show::Refresh)) => {
                self.show(show, now);
            }
            // The page of a deployment is where one sees what one goes back to.
            Does::Change(_) if action.name == ROLLBACK && self.page_deployed().is_some() => {
                let target = self.page_deployed();
                self.change_on(action, true, target, now);
            }
            Does::Show(_) | Does::Change(_) => self.say("close this first: Esc", Role::Hint),
        }
    }

    /// The deployment whose page is open.
    fn page_deployed(&self) -> Option<Target> {
        let scene = self.shown.scene(&self.keys, Time(0));
        let target = self.layers.seen()?.target(&scene)?;
        matches!(target, Target::Deployment(..)).then_some(target)
    }

    /// Gives something to the top layer, and does what it answers.
    fn give_layer(&mut self, now: Time, gives: impl FnOnce(&mut dyn Layer, &Scene<'_>) -> Flow) {
        let scene = self.shown.scene(&self.keys, now).focused(true);
        let Some(no) = self.layers.top() else { return };
        if let Some(flow) = self.layers.get(no).map(|layer| gives(layer, &scene)) {
            self.flow(flow, Some(no), now);
        }
    }

    /// Takes a paste; it is text for a field that wants one, and nothing anywhere else.
    pub fn paste(&mut self, text: &str, now: Time) {
        let text = crate::text::safe::Safe::new(text);
        self.said = None;
        let top = self.layers.top();
        let flow = match top {
            Some(no) => {
                let scene = self.shown.scene(&self.keys, now).focused(true);
                self.layers
                    .get(no)
                    .map_or(Flow::Pass, |layer| layer.paste(text.as_str(), &scene))
            }
            None => self.with_pane(now, |pane, scene| pane.paste(text.as_str(), scene)),
        };
        if flow == Flow::Pass {
            self.say("nothing can be pasted here", Role::Hint);
        } else {
            self.flow(flow, top, now);
        }
        self.settle(now);
    }

    /// The wheel, or a click on a row.
    pub fn mouse(&mut self, event: crossterm::event::MouseEvent, now: Time) {
        use crossterm::event::MouseEventKind::{Down, ScrollDown, ScrollUp};
        if !self.layers.is_empty() {
            let motion = match event.kind {
                ScrollUp => Motion::Up,
                ScrollDown => Motion::Down,
                _ => return,
            };
            self.give_layer(now, |layer, scene| match layer.motion(motion, scene) {
                Flow::Say(text) => Flow::Say(text),
                _ => Flow::Used,
            });
            return;
        }
        let at = ratatui::layout::Position::new(event.column, event.row);
        let scene = self.shown.scene(&self.keys, now).focused(true);
        match event.kind {
            ScrollUp => self.board.wheel(at, Motion::Up, &scene),
            ScrollDown => self.board.wheel(at, Motion::Down, &scene),
            Down(_) => self.board.click(at),
            _ => {}
        }
        self.settle(now);
    }

    pub(super) fn interrupt(&mut self, now: Time) {
        if self.layers.pop() || self.keys.forget() {
            return;
        }
        if self.board.seen().typing() {
            let _ = self.with_pane(now, |pane, scene| pane.motion(Motion::Escape, scene));
            return;
        }
        if self.interrupted_at.is_some_and(|at| now.since(at) <= TWICE) {
            self.wishes.push(Wish::Quit);
        }
        self.interrupted_at = Some(now);
        self.say(
            "Ctrl-C again leaves the console; deployments go on",
            Role::Hint,
        );
    }
}
