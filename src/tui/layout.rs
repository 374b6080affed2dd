//! The layout: which panes stand where at which width, as data. A pane names its slot; what is left
//! over goes to nobody.

use ratatui::layout::{Constraint, Layout, Rect};

use super::paint;

/// A place of the layout; each pane of the table stands in one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// Lists to choose from: what is under the cursor there is what the console is about.
    Lists,
    /// What happens with that, as a picture.
    Picture,
    /// Its lines.
    Lines,
}

/// How high a cell is.
#[derive(Debug, Clone, Copy)]
enum Tall {
    /// What the others leave.
    Rest,
    /// So many of so many parts of the column, and at least so many rows.
    Part(u16, u16, u16),
    /// What its pane wants, where that leaves so many rows; else a part.
    Wanted(u16, (u16, u16, u16)),
}

/// One cell of a column.
#[derive(Debug)]
struct Cell {
    /// The panes of these slots stand here.
    slots: &'static [Slot],
    /// All of them, one below the other; else the one that was looked at last, and the others
    /// behind its tabs.
    all: bool,
    /// Its height while the focus is in the lists, the picture, the lines.
    tall: [Tall; 3],
}

/// One column.
#[derive(Debug)]
struct Column {
    /// Its width; none: an equal part of what is left.
    wide: Option<u16>,
    cells: &'static [Cell],
}

/// The layout from a width on.
#[derive(Debug)]
struct Form {
    from: u16,
    columns: &'static [Column],
}

const LISTS: Cell = Cell {
    slots: &[Slot::Lists],
    all: true,
    tall: [Tall::Rest; 3],
};
const PICTURE: Cell = Cell {
    slots: &[Slot::Picture],
    all: false,
    tall: [Tall::Rest; 3],
};
const LINES: Cell = Cell {
    slots: &[Slot::Lines],
    all: false,
    tall: [Tall::Rest; 3],
};

/// The picture above the lines: it gets the rows that it needs where enough are left, and the lines
/// get more under the cursor.
const ABOVE: Cell = Cell {
    tall: [
        Tall::Wanted(6, (11, 20, 6)),
        Tall::Wanted(6, (11, 20, 6)),
        Tall::Part(2, 5, 6),
    ],
    ..PICTURE
};

/// The widest form first.
static FORMS: &[Form] = &[
    Form {
        from: 150,
        columns: &[
            Column {
                wide: Some(44),
                cells: &[LISTS],
            },
            Column {
                wide: None,
                cells: &[PICTURE],
            },
            Column {
                wide: None,
                cells: &[LINES],
            },
        ],
    },
    Form {
        from: 120,
        columns: &[
            Column {
                wide: Some(42),
                cells: &[LISTS],
            },
            Column {
                wide: None,
                cells: &[ABOVE, LINES],
            },
        ],
    },
    Form {
        from: 100,
        columns: &[
            Column {
                wide: Some(38),
                cells: &[LISTS],
            },
            Column {
                wide: None,
                cells: &[ABOVE, LINES],
            },
        ],
    },
    Form {
        from: 80,
        columns: &[Column {
            wide: None,
            cells: &[
                Cell {
                    all: false,
                    tall: [
                        Tall::Part(2, 5, 5),
                        Tall::Part(1, 4, 5),
                        Tall::Part(1, 4, 5),
                    ],
                    ..LISTS
                },
                Cell {
                    tall: [
                        Tall::Part(3, 10, 4),
                        Tall::Part(1, 2, 4),
                        Tall::Part(1, 4, 4),
                    ],
                    ..PICTURE
                },
                LINES,
            ],
        }],
    },
    Form {
        from: 0,
        columns: &[Column {
            wide: None,
            cells: &[Cell {
                slots: &[Slot::Lists, Slot::Picture, Slot::Lines],
                all: false,
                tall: [Tall::Rest; 3],
            }],
        }],
    },
];

/// What the layout must know of a pane.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    /// Where it stands.
    pub slot: Slot,
    /// How many rows it would like.
    pub rows: u16,
}

/// Panes that share a cell: one is shown, the names of all stand on its upper edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tabs {
    /// The cell.
    pub area: Rect,
    /// Its panes.
    pub panes: Vec<usize>,
    /// The one that is shown.
    pub shown: usize,
}

/// Where panes stand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Arranged {
    /// The rectangle of each pane; empty for one that is hidden.
    pub areas: Vec<Rect>,
    /// The cells that several panes share.
    pub tabs: Vec<Tabs>,
}

/// Arranges panes in an area. `recent` are places in `panes`, the one that was looked at last
/// first: that one has the focus.
#[must_use]
pub fn arrange(body: Rect, panes: &[Wish], recent: &[usize]) -> Arranged {
    let mut out = Arranged {
        areas: vec![Rect::default(); panes.len()],
        tabs: Vec::new(),
    };
    let Some(form) = FORMS.iter().find(|form| body.width >= form.from) else {
        return out;
    };
    let focus = recent
        .first()
        .and_then(|at| panes.get(*at))
        .map_or(Slot::Lists, |pane| pane.slot);
    let shown = |cell: &Cell| {
        recent.iter().copied().find(|at| {
            panes
                .get(*at)
                .is_some_and(|pane| cell.slots.contains(&pane.slot))
        })
    };
    let wide = form
        .columns
        .iter()
        .map(|column| column.wide.map_or(Constraint::Fill(1), Constraint::Length));
    for (column, area) in form
        .columns
        .iter()
        .zip(Layout::horizontal(wide).split(body).iter())
    {
        let tall = column.cells.iter().map(|cell| {
            let wants = shown(cell).map_or(0, |at| panes[at].rows).saturating_add(2);
            height(cell.tall[focus as usize], wants, area.height)
        });
        for (cell, area) in column
            .cells
            .iter()
            .zip(Layout::vertical(tall).split(*area).iter())
        {
            let here: Vec<usize> = (0..panes.len())
                .filter(|at| cell.slots.contains(&panes[*at].slot))
                .collect();
            if cell.all {
                for (at, area) in here.iter().zip(below(&here, panes, *area)) {
                    out.areas[*at] = area;
                }
            } else if let Some(shown) = shown(cell) {
                out.areas[shown] = *area;
                if here.len() > 1 {
                    out.tabs.push(Tabs {
                        area: *area,
                        panes: here,
                        shown,
                    });
                }
            }
        }
    }
    out
}

fn height(tall: Tall, wants: u16, column: u16) -> Constraint {
    let part = |(n, of, least): (u16, u16, u16)| {
        Constraint::Length((column.saturating_mul(n) / of).max(least))
    };
    match tall {
        Tall::Rest => Constraint::Fill(1),
        Tall::Part(n, of, least) => part((n, of, least)),
        Tall::Wanted(leaves, _) if wants.saturating_add(leaves) <= column => {
            Constraint::Length(wants)
        }
        Tall::Wanted(_, or) => part(or),
    }
}

/// Panes one below the other: the first gets what is left, each of the others what it wants, up to
/// an equal part.
fn below(here: &[usize], panes: &[Wish], area: Rect) -> Vec<Rect> {
    let part = (area.height / paint::short(here.len().max(1))).max(3);
    let tall = here.iter().enumerate().map(|(n, at)| match n {
        0 => Constraint::Fill(1),
        _ => Constraint::Length(panes[*at].rows.saturating_add(2).clamp(3, part)),
    });
    Layout::vertical(tall).split(area).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn five() -> Vec<Wish> {
        [
            Slot::Lists,
            Slot::Lists,
            Slot::Lists,
            Slot::Picture,
            Slot::Lines,
        ]
        .map(|slot| Wish { slot, rows: 4 })
        .to_vec()
    }

    proptest::proptest! {
        /// Whatever panes there are, wherever the focus is: none lies outside, none upon another,
        /// and the one with the focus is seen.
        #[test]
        fn panes_lie_beside_each_other_and_the_focus_is_seen(
            width in 1u16..260, height in 4u16..80, focus in 0usize..8, slots in proptest::collection::vec((0usize..3, 0u16..60), 1..8),
        ) {
            let panes: Vec<Wish> = slots.iter().map(|(at, rows)| Wish { slot: [Slot::Lists, Slot::Picture, Slot::Lines][*at], rows: *rows }).collect();
            let focus = focus % panes.len();
            let recent: Vec<usize> = std::iter::once(focus).chain((0..panes.len()).filter(|at| *at != focus)).collect();
            let body = Rect::new(0, 2, width, height);
            let arranged = arrange(body, &panes, &recent);
            let seen = |at: usize| arranged.areas[at].area() > 0;
            for at in (0..panes.len()).filter(|at| seen(*at)) {
                let area = arranged.areas[at];
                proptest::prop_assert_eq!(area.intersection(body), area);
                for other in (0..at).filter(|other| seen(*other)) {
                    proptest::prop_assert!(area.intersection(arranged.areas[other]).is_empty());
                }
            }
            proptest::prop_assert!(height < 20 || seen(focus), "{:?}", arranged);
            for tabs in &arranged.tabs {
                let shown = tabs.panes.iter().filter(|at| seen(**at)).copied().collect::<Vec<_>>();
                proptest::prop_assert!(shown == [tabs.shown] || height < 20, "{:?}", arranged);
            }
        }
    }

    #[test]
    fn each_form_shows_what_it_is_for() {
        let seen = |width, focus: usize| {
            let recent: Vec<usize> = std::iter::once(focus)
                .chain((0..5).filter(|at| *at != focus))
                .collect();
            let arranged = arrange(Rect::new(0, 0, width, 30), &five(), &recent);
            let panes: Vec<usize> = (0..5).filter(|at| arranged.areas[*at].area() > 0).collect();
            (
                panes,
                arranged.tabs.first().map_or(0, |tabs| tabs.panes.len()),
            )
        };
        for width in [100, 120, 150, 300] {
            assert_eq!(seen(width, 1), (vec![0, 1, 2, 3, 4], 0), "{width}");
        }
        assert_eq!(seen(80, 2), (vec![2, 3, 4], 3));
        assert_eq!(seen(80, 4), (vec![0, 3, 4], 3));
        assert_eq!(seen(79, 3), (vec![3], 5));
    }
}
