//! The board: the panes of a table, which of them has the focus, and where they stand. It knows no
//! pane by name.

mod edge;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::domain::ids::StackId;
use crate::domain::time::Time;

use super::actions::Scope;
use super::layout::{self, Arranged, Slot, Tabs};
use super::motion::Motion;
use super::pane::{Flow, Jump, Pane, Target};
use super::panes::PaneDef;
use super::panes::cursor::SETTLE;
use super::scene::Scene;
use super::theme::Theme;

pub use edge::frame;
use edge::{headed, heading};

/// The board.
pub struct Board {
    seats: Vec<Seat>,
    /// Places of the panes, the one that was looked at last first: that one has the focus.
    recent: Vec<usize>,
    zoom: bool,
    tabs: Vec<Tabs>,
    /// When a list was moved without a key.
    shifted_at: Option<Time>,
    /// Whether panes may move now without surprise: a key or the size of the screen moved them.
    resized: bool,
    size: Rect,
}

/// One pane and where it stands.
struct Seat {
    def: &'static PaneDef,
    pane: Box<dyn Pane>,
    /// Where it was drawn last; empty while it is hidden.
    area: Rect,
}

impl Board {
    /// The panes of a table; the first has the focus.
    #[must_use]
    pub fn new(table: &'static [PaneDef]) -> Self {
        let seats: Vec<Seat> = table
            .iter()
            .map(|def| Seat {
                def,
                pane: (def.make)(),
                area: Rect::default(),
            })
            .collect();
        let recent = (0..seats.len()).collect();
        Self {
            seats,
            recent,
            zoom: false,
            tabs: Vec::new(),
            shifted_at: None,
            resized: true,
            size: Rect::default(),
        }
    }

    fn focus(&self) -> usize {
        self.recent.first().copied().unwrap_or(0)
    }

    /// The line of the table of the pane with the focus.
    #[must_use]
    pub fn def(&self) -> &'static PaneDef {
        self.seats[self.focus()].def
    }

    /// The line of the table of the first pane in a slot.
    #[must_use]
    pub fn first(&self, slot: Slot) -> Option<&'static PaneDef> {
        self.seats
            .iter()
            .map(|seat| seat.def)
            .find(|def| def.slot == slot)
    }

    /// The line of the table of the first pane in which the keys of a scope hold.
    #[must_use]
    pub fn of_scope(&self, scope: Scope) -> Option<&'static PaneDef> {
        self.seats
            .iter()
            .map(|seat| seat.def)
            .find(|def| def.scope == scope)
    }

    /// Whether the focus is where the console began.
    #[must_use]
    pub fn at_root(&self) -> bool {
        self.focus() == 0
    }

    /// The pane with the focus.
    pub fn pane(&mut self) -> &mut dyn Pane {
        let focus = self.focus();
        self.seats[focus].pane.as_mut()
    }

    /// The pane with the focus, to look at.
    #[must_use]
    pub fn seen(&self) -> &dyn Pane {
        self.seats[self.focus()].pane.as_ref()
    }

    fn focus_at(&mut self, at: usize) {
        self.recent.retain(|other| *other != at);
        self.recent.insert(0, at);
        self.resized = true;
    }

    /// Focuses the pane of that name, if there is one.
    pub fn focus_on(&mut self, name: &str) {
        if let Some(at) = self.seats.iter().position(|seat| seat.def.name == name) {
            self.focus_at(at);
        }
    }

    /// Focuses the pane of a slot that was looked at last.
    pub fn focus_slot(&mut self, slot: Slot) {
        if let Some(at) = self
            .recent
            .iter()
            .copied()
            .find(|at| self.seats[*at].def.slot == slot)
        {
            self.focus_at(at);
        }
    }

    /// Focuses the first pane of all.
    pub fn focus_root(&mut self) {
        self.focus_at(0);
    }

    /// Focuses the next pane, or the one before.
    pub fn focus_next(&mut self, forward: bool) {
        let count = self.seats.len();
        self.focus_at((self.focus() + if forward { 1 } else { count - 1 }) % count);
    }

    /// Whether the pane with the focus is the whole screen.
    #[must_use]
    pub fn zoomed(&self) -> bool {
        self.zoom
    }

    /// Shows the pane with the focus on the whole screen, or all panes.
    pub fn zoom(&mut self, on: bool) {
        self.zoom = on;
        self.resized = true;
    }

    /// The screen has another size; rows that move for that are no surprise.
    pub fn resized(&mut self) {
        self.resized = true;
    }

    /// All panes, in the order of the table.
    pub fn panes(&mut self) -> impl Iterator<Item = &mut (dyn Pane + 'static)> {
        self.seats.iter_mut().map(|seat| seat.pane.as_mut())
    }

    /// The panes that are on the screen.
    pub fn shown(&self) -> impl Iterator<Item = &(dyn Pane + 'static)> {
        self.seats
            .iter()
            .filter(|seat| seat.area.area() > 0)
            .map(|seat| seat.pane.as_ref())
    }

    /// What the console is about, where the focus is in a list; map and lines follow.
    #[must_use]
    pub fn leads(&self, scene: &Scene<'_>) -> Option<Target> {
        if self.def().slot == Slot::Lists {
            self.seen().target(scene)
        } else {
            None
        }
    }

    /// Whether what is under the cursor moved by itself a moment ago, its row or the whole list.
    #[must_use]
    pub fn unsettled(&self, now: Time) -> bool {
        let shifted = self.def().slot == Slot::Lists
            && self.shifted_at.is_some_and(|at| now.since(at) < SETTLE);
        shifted || self.seen().unsettled(now)
    }

    /// Offers a motion that the focused pane does not know to the others. The first that takes it
    /// gets the focus where that is wanted (`go`), and where it is hidden.
    pub fn offer(&mut self, motion: Motion, go: bool, scene: &Scene<'_>) -> Flow {
        for at in (0..self.seats.len())
            .filter(|at| *at != self.focus())
            .collect::<Vec<_>>()
        {
            let flow = self.seats[at].pane.motion(motion, scene);
            if flow != Flow::Pass {
                if go || self.seats[at].area.area() == 0 {
                    self.focus_at(at);
                }
                return flow;
            }
        }
        Flow::Pass
    }

    /// Goes to a stack in the first pane that lists it; nothing moves where none does.
    pub fn go_to(&mut self, stack: &StackId, scene: &Scene<'_>) -> Jump {
        let found = self.seats.iter_mut().enumerate().find_map(|(at, seat)| {
            match seat.pane.select(stack, scene) {
                Jump::Unlisted => None,
                jump => Some((at, jump)),
            }
        });
        let Some((at, jump)) = found else {
            return Jump::Unlisted;
        };
        self.focus_at(at);
        jump
    }

    /// Gives the wheel to the pane under it.
    pub fn wheel(&mut self, at: Position, motion: Motion, scene: &Scene<'_>) {
        if let Some(seat) = self.seats.iter_mut().find(|seat| seat.area.contains(at)) {
            let _ = seat.pane.motion(motion, scene);
        }
    }

    /// A click: the pane under it gets the focus, and its cursor goes to that row.
    pub fn click(&mut self, at: Position) {
        if let Some(which) = self.seats.iter().position(|seat| seat.area.contains(at)) {
            let edge = u16::from(!self.zoom || headed(self.seats[which].area));
            let row = usize::from(at.y.saturating_sub(self.seats[which].area.y + edge));
            self.focus_at(which);
            self.seats[which].pane.click(row);
        }
    }

    /// Draws the panes into what band, alert and hints leave of a screen.
    pub fn draw(
        &mut self,
        scene: &Scene<'_>,
        theme: &Theme,
        screen: Rect,
        body: Rect,
        buf: &mut Buffer,
    ) {
        if screen != self.size {
            self.size = screen;
            self.resized = true;
        }
        self.arrange(body, scene.now);
        let focus = self.focus();
        for at in (0..self.seats.len())
            .filter(|at| self.seats[*at].area.area() > 0)
            .collect::<Vec<_>>()
        {
            let scene = scene.focused(at == focus);
            let tabs = self.tabs.iter().find(|tabs| tabs.shown == at);
            let seat = &self.seats[at];
            let inside = match tabs {
                None if self.zoom => heading(
                    seat.pane.as_ref(),
                    seat.def.name,
                    &scene,
                    theme,
                    seat.area,
                    buf,
                ),
                None => frame(
                    seat.pane.as_ref(),
                    seat.def.name,
                    &scene,
                    theme,
                    seat.area,
                    buf,
                ),
                Some(tabs) => self.frame_of(tabs, &scene, theme, buf),
            };
            self.seats[at].pane.draw(&scene, theme, inside, buf);
        }
        self.resized = false;
    }

    fn arrange(&mut self, body: Rect, now: Time) {
        let arranged = if self.zoom {
            let focus = self.focus();
            let areas = (0..self.seats.len())
                .map(|at| if at == focus { body } else { Rect::default() })
                .collect();
            Arranged {
                areas,
                tabs: Vec::new(),
            }
        } else {
            let wishes: Vec<layout::Wish> = self
                .seats
                .iter()
                .map(|seat| layout::Wish {
                    slot: seat.def.slot,
                    rows: seat.pane.rows(),
                })
                .collect();
            layout::arrange(body, &wishes, &self.recent)
        };
        let lists = |seat: &&mut Seat| seat.def.slot == Slot::Lists;
        // A list that moves on the screen without a key is as dangerous as a row that does.
        let moved = self
            .seats
            .iter_mut()
            .zip(&arranged.areas)
            .filter(|(seat, _)| lists(seat))
            .any(|(seat, area)| seat.area != *area);
        if moved && !self.resized {
            self.shifted_at = Some(now);
        }
        for (seat, area) in self.seats.iter_mut().zip(arranged.areas) {
            seat.area = area;
        }
        self.tabs = arranged.tabs;
    }
}
