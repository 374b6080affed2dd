//! A list of one kind of rows: cursor, filter, clicks and what an action would act on, written once
//! for every kind.

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::domain::time::Time;
use crate::tui::find::Find;
use crate::tui::motion::Motion;
use crate::tui::paint;
use crate::tui::pane::{Flow, Pane, Target, Title};
use crate::tui::scene::Scene;
use crate::tui::theme::{Role, Theme};

use super::cursor::Cursor;

/// A kind of rows.
pub trait Listed: 'static {
    /// What a row shows.
    type Item<'a>;
    /// What the cursor holds on to.
    type Key: Clone + PartialEq;
    /// How wide the columns are.
    type Columns;
    /// What the frame calls the list.
    const TITLE: &'static str;
    /// What stands in a list without rows.
    const EMPTY: &'static str;

    /// Everything that there is.
    fn all<'a>(scene: &Scene<'a>) -> Vec<Self::Item<'a>>;
    /// The key of a row.
    fn key(item: &Self::Item<'_>) -> Self::Key;
    /// What a filter sees of a row: a named field, or everything.
    fn field(item: &Self::Item<'_>, name: &str) -> String;
    /// The columns for these rows in so many cells.
    fn columns(items: &[Self::Item<'_>], wide: usize) -> Self::Columns;
    /// The cells of a row.
    fn row(
        item: &Self::Item<'_>,
        columns: &Self::Columns,
        scene: &Scene<'_>,
        theme: &Theme,
    ) -> Vec<(String, Style)>;
    /// What an action would act on.
    fn target(key: &Self::Key) -> Target;
    /// What is copied of a row.
    fn copied(key: &Self::Key) -> String;

    /// What stands on the right of the title.
    fn right(count: usize, _scene: &Scene<'_>) -> String {
        count.to_string()
    }

    /// What a motion means here.
    fn means(motion: Motion) -> Motion {
        motion
    }
}

/// The list.
pub struct List<L: Listed> {
    cursor: Cursor<L::Key>,
    find: Find,
    /// What the rows were made from.
    made: Option<(u64, u64)>,
    changes: u64,
}

impl<L: Listed> Default for List<L> {
    fn default() -> Self {
        Self {
            cursor: Cursor::default(),
            find: Find::default(),
            made: None,
            changes: 0,
        }
    }
}

impl<L: Listed> List<L> {
    fn matching<'a>(&self, scene: &Scene<'a>) -> Vec<L::Item<'a>> {
        let mut all = L::all(scene);
        all.retain(|item| self.find.matches(|field| L::field(item, field)));
        all
    }
}

impl<L: Listed> Pane for List<L> {
    fn draw(&mut self, scene: &Scene<'_>, theme: &Theme, area: Rect, buf: &mut Buffer) {
        self.sync(scene);
        let items = self.matching(scene);
        let wide = usize::from(area.width);
        let columns = L::columns(&items, wide);
        rows(&mut self.cursor, scene, theme, area, buf, |at| {
            Some(L::row(items.get(at)?, &columns, scene, theme))
        });
        if items.is_empty() && area.height > 0 {
            let says = if self.find.is_empty() {
                L::EMPTY
            } else {
                "nothing matches; Esc shows all"
            };
            buf.set_stringn(
                area.x + 1,
                area.y,
                says,
                wide.saturating_sub(1),
                theme.style(Role::Dim),
            );
        }
    }

    fn motion(&mut self, motion: Motion, scene: &Scene<'_>) -> Flow {
        self.sync(scene);
        let motion = L::means(motion);
        if self.cursor.motion(motion) {
            return Flow::Used;
        }
        match motion {
            Motion::Open => self.target(scene).map_or(Flow::Used, Flow::Open),
            Motion::Find | Motion::Filter => {
                self.find.open();
                Flow::Used
            }
            Motion::ShowAll | Motion::Escape if !self.find.is_empty() => {
                self.find.clear();
                self.changes += 1;
                Flow::Used
            }
            Motion::Copy => self
                .cursor
                .key()
                .map_or(Flow::Pass, |key| Flow::Copy(L::copied(key))),
            _ => Flow::Pass,
        }
    }

    fn target(&self, _scene: &Scene<'_>) -> Option<Target> {
        self.cursor.key().map(L::target)
    }

    fn key(&mut self, key: KeyEvent, scene: &Scene<'_>) -> Flow {
        self.changes += 1;
        match self.find.key(key) {
            Flow::Pass => self.cursor.key_moves(key, scene),
            flow => flow,
        }
    }

    fn typing(&self) -> bool {
        self.find.typing()
    }

    fn hints(&self) -> &'static [(&'static str, &'static str)] {
        HINTS
    }

    fn title(&self, scene: &Scene<'_>) -> Title {
        Title::new(
            L::TITLE,
            if self.find.is_empty() {
                L::right(L::all(scene).len(), scene)
            } else {
                self.find.says()
            },
        )
    }

    fn sync(&mut self, scene: &Scene<'_>) {
        let made = Some((scene.views.version, self.changes));
        if self.made != made {
            self.made = made;
            let keys = self.matching(scene).iter().map(L::key).collect();
            self.cursor.sync(keys, scene.now);
        }
    }

    fn rows(&self) -> u16 {
        paint::short(self.cursor.len().max(1))
    }

    fn count(&self, scene: &Scene<'_>) -> Option<usize> {
        Some(L::all(scene).len())
    }

    fn unsettled(&self, now: Time) -> bool {
        self.cursor.unsettled(now)
    }

    fn click(&mut self, row: usize) {
        self.cursor.select_shown(row);
    }
}

/// What is worth naming under a list.
pub(super) const HINTS: &[(&str, &str)] = &[
    ("logs", "logs"),
    ("explain", "explain"),
    ("details", "details"),
];

/// Draws the rows around the cursor that there is room for, and the cursor over its own.
pub(super) fn rows<K: Clone + PartialEq>(
    cursor: &mut Cursor<K>,
    scene: &Scene<'_>,
    theme: &Theme,
    area: Rect,
    buf: &mut Buffer,
    cells: impl Fn(usize) -> Option<Vec<(String, Style)>>,
) {
    for (line, at) in cursor.window(usize::from(area.height)).enumerate() {
        let Some(cells) = cells(at) else { continue };
        let y = area.y + paint::short(line);
        paint::spans(buf, area.x, y, area.right(), &cells);
        if at == cursor.at() {
            let role = if scene.focused {
                Role::Cursor
            } else {
                Role::CursorAway
            };
            paint::lay(buf, Rect::new(area.x, y, area.width, 1), theme.style(role));
        }
    }
}
