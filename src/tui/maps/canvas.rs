//! A grid of cells in which lines meet: what crosses a cell is kept as four arms, so that corners,
//! branches and crossings come out right whatever is drawn in which order. Text and arrow heads lie
//! over the lines.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::tui::glyphs::Glyphs;

/// A direction on the grid; the number is the arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dir {
    Up = 0,
    Right = 1,
    Down = 2,
    Left = 3,
}

impl Dir {
    pub(super) fn back(self) -> Dir {
        match self {
            Dir::Up => Dir::Down,
            Dir::Right => Dir::Left,
            Dir::Down => Dir::Up,
            Dir::Left => Dir::Right,
        }
    }

    /// From one cell to another in the same row or column.
    pub(super) fn between(from: (u16, u16), to: (u16, u16)) -> Dir {
        if to.1 < from.1 {
            Dir::Up
        } else if to.1 > from.1 {
            Dir::Down
        } else if to.0 < from.0 {
            Dir::Left
        } else {
            Dir::Right
        }
    }
}

/// How a line looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pen {
    pub(super) heavy: bool,
    /// Straight parts are dashed.
    pub(super) dashed: bool,
    pub(super) style: Style,
}

/// One cell.
#[derive(Debug, Clone, Default)]
struct Cell {
    /// Up, right, down, left: 0 nothing, 1 light, 2 heavy.
    arms: [u8; 4],
    solid: bool,
    over: Option<String>,
    /// The right half of a wide character.
    tail: bool,
    style: Style,
}

/// The grid.
#[derive(Debug, Clone)]
pub(super) struct Canvas {
    width: u16,
    height: u16,
    cells: Vec<Cell>,
}

/// Line characters by arms in base three: up, right, down, left.
const LINES: &str =
    " ╴╸╷┐┑╻┒┓╶─╾┌┬┭┎┰┱╺╼━┍┮┯┏┲┳╵┘┙│┤┥╽┧┪└┴┵├┼┽┟╁╅┕┶┷┝┾┿┢╆╈╹┚┛╿┦┩┃┨┫┖┸┹┞╀╃┠╂╉┗┺┻┡╄╇┣╊╋";

impl Canvas {
    pub(super) fn new(width: u16, height: u16) -> Self {
        Self {
            width,
            height,
            cells: vec![Cell::default(); usize::from(width) * usize::from(height)],
        }
    }

    fn at(&mut self, x: u16, y: u16) -> Option<&mut Cell> {
        (x < self.width && y < self.height)
            .then(|| usize::from(y) * usize::from(self.width) + usize::from(x))
            .map(|at| &mut self.cells[at])
    }

    /// Draws a line through the corners; the first and the last cell belong to boxes and stay free,
    /// and the cell before the last carries the arrow head. Lines drawn later give shared cells
    /// their style.
    pub(super) fn wire(&mut self, corners: &[(u16, u16)], pen: Pen, head: bool, glyphs: Glyphs) {
        let cells = cells_of(corners);
        let weight = if pen.heavy { 2 } else { 1 };
        for (at, pair) in cells.windows(2).enumerate() {
            let dir = Dir::between(pair[0], pair[1]);
            let ends = [
                (pair[0], dir, at == 0),
                (pair[1], dir.back(), at + 2 == cells.len()),
            ];
            for ((x, y), arm, outside) in ends {
                if outside {
                    continue;
                }
                if let Some(cell) = self.at(x, y) {
                    cell.arms[arm as usize] = cell.arms[arm as usize].max(weight);
                    cell.solid |= !pen.dashed;
                    cell.style = pen.style;
                }
            }
        }
        if head && cells.len() > 2 {
            let (before, last) = (cells[cells.len() - 2], cells[cells.len() - 1]);
            let glyph = match Dir::between(before, last) {
                Dir::Up => glyphs.pick("▴", "^"),
                Dir::Right => glyphs.pick("►", ">"),
                Dir::Down => glyphs.pick("▾", "v"),
                Dir::Left => glyphs.pick("◄", "<"),
            };
            self.text(before.0, before.1, glyph, pen.style);
        }
    }

    /// Draws the frame of a box and clears its inside.
    pub(super) fn frame(&mut self, area: Rect, pen: Pen) {
        let weight = if pen.heavy { 2 } else { 1 };
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                let (left, right) = (x == area.left(), x + 1 == area.right());
                let (top, bottom) = (y == area.top(), y + 1 == area.bottom());
                let line = |here: bool| if here { weight } else { 0 };
                let arms = [
                    line((left || right) && !top),
                    line((top || bottom) && !right),
                    line((left || right) && !bottom),
                    line((top || bottom) && !left),
                ];
                if let Some(cell) = self.at(x, y) {
                    *cell = Cell {
                        arms,
                        solid: true,
                        over: None,
                        tail: false,
                        style: pen.style,
                    };
                }
            }
        }
    }

    /// Writes text over what is there; what does not fit is not written.
    pub(super) fn text(&mut self, x: u16, y: u16, text: &str, style: Style) {
        let mut at = x;
        for grapheme in text.graphemes(true) {
            let width = u16::try_from(grapheme.width()).unwrap_or(u16::MAX);
            if at.saturating_add(width) > self.width {
                return;
            }
            for part in 0..width {
                if let Some(cell) = self.at(at + part, y) {
                    *cell = Cell {
                        over: (part == 0).then(|| grapheme.to_owned()),
                        tail: part > 0,
                        style,
                        ..Cell::default()
                    };
                }
            }
            at += width;
        }
    }

    fn symbol(cell: &Cell, glyphs: Glyphs) -> String {
        if let Some(over) = &cell.over {
            return over.clone();
        }
        let [up, right, down, left] = cell.arms.map(usize::from);
        let (upright, flat) = (up > 0 || down > 0, right > 0 || left > 0);
        if glyphs.ascii {
            let heavy = cell.arms.contains(&2);
            return match (upright, flat, heavy) {
                (false, false, _) => " ",
                (true, true, _) => "+",
                (true, false, false) => "|",
                (true, false, true) => "#",
                (false, true, false) => "-",
                (false, true, true) => "=",
            }
            .to_owned();
        }
        match (cell.solid, cell.arms) {
            (false, [1, 0, 1, 0]) => "╎".to_owned(),
            (false, [0, 1, 0, 1]) => "╌".to_owned(),
            _ => LINES
                .chars()
                .nth(up * 27 + right * 9 + down * 3 + left)
                .unwrap_or(' ')
                .to_string(),
        }
    }

    /// Puts the grid into a buffer, from the top left of `area`.
    pub(super) fn draw(&self, glyphs: Glyphs, area: Rect, buf: &mut Buffer) {
        for (at, cell) in self.cells.iter().enumerate() {
            let (x, y) = (
                (at % usize::from(self.width)) as u16,
                (at / usize::from(self.width)) as u16,
            );
            if x >= area.width || y >= area.height || cell.tail {
                continue;
            }
            if let Some(target) = buf.cell_mut((area.x + x, area.y + y)) {
                target.set_symbol(&Self::symbol(cell, glyphs));
                target.set_style(cell.style);
            }
        }
    }

    /// The grid as lines of text without spaces at the ends.
    pub(super) fn lines(&self, glyphs: Glyphs) -> Vec<String> {
        self.cells
            .chunks(usize::from(self.width))
            .map(|row| {
                let line: String = row
                    .iter()
                    .filter(|cell| !cell.tail)
                    .map(|cell| Self::symbol(cell, glyphs))
                    .collect();
                line.trim_end().to_owned()
            })
            .collect()
    }
}

/// All cells of a line through corners that lie in rows and columns.
pub(super) fn cells_of(corners: &[(u16, u16)]) -> Vec<(u16, u16)> {
    let mut cells: Vec<(u16, u16)> = corners.first().copied().into_iter().collect();
    for pair in corners.windows(2) {
        let (mut x, mut y) = pair[0];
        while (x, y) != pair[1] {
            match Dir::between((x, y), pair[1]) {
                Dir::Up => y -= 1,
                Dir::Right => x += 1,
                Dir::Down => y += 1,
                Dir::Left => x -= 1,
            }
            cells.push((x, y));
        }
    }
    cells
}
