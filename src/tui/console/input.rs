//! What comes in: keys, pastes, the mouse. The top layer sees a key first, then the focused pane while it is typed into, then the key map.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::domain::time::Time;
use crate::tui::actions::{Does, Scope, Show};
use crate::tui::keys::Meaning;
use crate::tui::motion::Motion;
use crate::tui::pane::Flow;
use crate::tui::theme::Role;

use super::{Console, TWICE, Wish};

impl Console {
    /// Takes a key.
    pub fn key(&mut self, key: KeyEvent, now: Time) {
        if key.kind == KeyEventKind::Release {
            return;
        }
        let ctrl_c = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
        if self.leaving {
            self.leaving = false;
            match key.code {
                KeyCode::Char('q' | 'Q' | 'y') if key.kind == KeyEventKind::Press => self.wishes.push(Wish::Quit),
                _ => self.said = None,
            }
            return;
        }
        self.forget_said();
        if ctrl_c {
            self.interrupt(now);
        } else if let Some(typing) = self.layers.last().map(|layer| layer.seen().typing()) {
            self.layer_key(key, typing, now);
        } else if self.board.seen().typing() {
            let flow = self.with_pane(now, |pane, scene| pane.key(key, scene));
            self.flow(flow, now);
        } else {
            let meaning = self.keys.press(key, self.board.def().scope);
            if let Meaning::Action(action) = meaning
                && (key.kind == KeyEventKind::Press || matches!(action.does, Does::Move(_)))
            {
                self.act(action, false, now);
            }
        }
        self.settle(now);
    }

    /// A key while a layer is open.
    fn layer_key(&mut self, key: KeyEvent, typing: bool, now: Time) {
        if typing {
            if let Some(flow) = self.with_layer(now, |pane, scene| pane.key(key, scene)) {
                self.flow(flow, now);
            }
            self.previews(now);
            return;
        }
        let Meaning::Action(action) = self.keys.press(key, Scope::Everywhere) else { return };
        match action.does {
            Does::Move(motion) => {
                if let Some(flow) = self.with_layer(now, |pane, scene| pane.motion(motion, scene)) {
                    self.flow(flow, now);
                }
            }
            Does::Show(Show::Back | Show::Quit) => drop(self.layers.pop()),
            Does::Show(Show::CopyLine) => {
                if let Some(flow) = self.with_layer(now, |pane, scene| pane.motion(Motion::Copy, scene)) {
                    self.flow(flow, now);
                }
            }
            Does::Show(show @ (Show::Redraw | Show::Suspend | Show::Mouse | Show::Refresh)) => self.show(show, now),
            Does::Show(_) | Does::Change(_) => self.say("close this first: Esc", Role::Hint),
        }
    }

    /// Takes a paste; it is text for a field that wants one, and nothing anywhere else.
    pub fn paste(&mut self, text: &str, now: Time) {
        let text = crate::domain::safe::Safe::new(text);
        self.said = None;
        let flow = match self.with_layer(now, |pane, scene| pane.paste(text.as_str(), scene)) {
            Some(flow) => flow,
            None => self.with_pane(now, |pane, scene| pane.paste(text.as_str(), scene)),
        };
        if flow == Flow::Pass {
            self.say("a paste is not taken here", Role::Hint);
        } else {
            self.flow(flow, now);
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
            let _ = self.with_layer(now, |pane, scene| pane.motion(motion, scene));
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
        if self.layers.pop().is_some() || self.keys.forget() {
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
        self.say("Ctrl-C again leaves the console; deployments go on", Role::Hint);
    }
}
