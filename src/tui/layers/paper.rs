//! The paper of a card: a heavy frame with the environment's name in it, lines in their fixed
//! order, and at the foot what to type.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::domain::class::EnvClass;
use crate::domain::ids::EnvName;
use crate::domain::label::{CardLine, Label};
use crate::domain::place::Spot;
use crate::domain::plan::{ChangeRow, Does, Fate, grouped};
use crate::tui::paint::{self, fit, pad, wrap};
use crate::tui::scene::Scene;
use crate::tui::theme::{Role, Theme};

/// One row of a card: text in a style.
pub type Row = Vec<(String, Style)>;

/// Where a card is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Where {
    /// The environment.
    pub env: EnvName,
    /// Its class.
    pub class: EnvClass,
    /// Which place it is at home, in full.
    pub spot: Spot,
    /// Whether it is of the practice estate.
    pub practice: bool,
}

impl Where {
    /// Of an environment as the world knows it.
    #[must_use]
    pub fn of(scene: &Scene<'_>, env: &EnvName) -> Self {
        let view = scene
            .views
            .environments
            .iter()
            .find(|view| view.name == *env);
        Self {
            env: env.clone(),
            class: view.map_or(EnvClass::Production, |view| view.class),
            spot: view.map(|view| view.spot.clone()).unwrap_or_default(),
            practice: view.is_some_and(|view| view.practice),
        }
    }

    /// Whether the frame has the colour of danger: never in practice.
    #[must_use]
    pub fn danger(&self) -> bool {
        self.class == EnvClass::Production && !self.practice
    }

    /// Its name for people: `PROD-US`, or `prod-us (practice)`.
    #[must_use]
    pub fn name(&self) -> String {
        if self.practice {
            format!("{} (practice)", self.env)
        } else {
            self.env.as_str().to_uppercase()
        }
    }
}

/// The rows of the lines of a card, in the order in which cards show them; a line without a source
/// is not there.
#[must_use]
pub fn lines(lines: &[CardLine], wide: usize, theme: &Theme) -> Vec<Row> {
    let mut sorted: Vec<&CardLine> = lines.iter().collect();
    sorted.sort_by_key(|line| line.label);
    sorted
        .iter()
        .flat_map(|line| self::line(line.label, &line.text, wide, theme))
        .collect()
}

/// A line over as many rows as it needs.
#[must_use]
pub fn line(label: Label, text: &str, wide: usize, theme: &Theme) -> Vec<Row> {
    let role = match label {
        Label::Changed => Role::Alert,
        Label::Downtime | Label::Replaces | Label::Goes | Label::Undo | Label::IfNobody => {
            Role::Strong
        }
        _ => Role::Text,
    };
    in_style(label.word(), text, wide, theme, theme.style(role))
}

/// What the screen itself says beside the lines of a card.
#[must_use]
pub fn labelled(label: &str, text: &str, wide: usize, theme: &Theme) -> Vec<Row> {
    in_style(label, text, wide, theme, theme.style(Role::Text))
}

fn in_style(label: &str, text: &str, wide: usize, theme: &Theme, style: Style) -> Vec<Row> {
    const LABEL: usize = 10;
    wrap(text, wide.saturating_sub(LABEL).max(8), 0)
        .into_iter()
        .enumerate()
        .map(|(n, text)| {
            let label = if n == 0 {
                pad(label, LABEL)
            } else {
                " ".repeat(LABEL)
            };
            vec![(label, theme.style(Role::Label)), (text, style)]
        })
        .collect()
}

/// What is different between the lines of a card before and after.
#[must_use]
pub fn differences(before: &[CardLine], after: &[CardLine]) -> Vec<String> {
    let text = |lines: &[CardLine], label| {
        lines
            .iter()
            .find(|line| line.label == label)
            .map(|line| line.text.clone())
    };
    let changed = after.iter().filter_map(|line| {
        let was = text(before, line.label);
        let other = was.as_deref() != Some(line.text.as_str());
        other.then(|| {
            format!(
                "{} was {}, is now {}",
                line.label,
                was.unwrap_or_else(|| "not there".to_owned()),
                line.text
            )
        })
    });
    let gone = before
        .iter()
        .filter(|line| text(after, line.label).is_none())
        .map(|line| format!("{} is gone", line.label));
    changed.chain(gone).collect()
}

/// What a change does, as a word with its sign, and its role.
#[must_use]
pub fn does(row: &ChangeRow) -> (&'static str, Role) {
    match row.does {
        Does::Add => ("+ add", Role::Added),
        Does::Import => ("+ import", Role::Added),
        Does::Remove if row.is_left() => ("- leave", Role::Changed),
        Does::Remove => ("- remove", Role::Removed),
        Does::Replace | Does::MayReplace => ("! replace", Role::Removed),
        Does::Change => ("~ change", Role::Changed),
        Does::Unclear => ("? unclear", Role::Changed),
    }
}

/// The rows of a diff.
#[must_use]
pub fn diff(rows: Option<&[ChangeRow]>, wide: usize, theme: &Theme) -> Vec<Row> {
    let dim = theme.style(Role::Dim);
    let Some(rows) = rows else {
        return vec![vec![(
            "what changes cannot be known before it runs".to_owned(),
            dim,
        )]];
    };
    if rows.is_empty() {
        return vec![vec![("no resource changes".to_owned(), dim)]];
    }
    let kind = rows
        .iter()
        .map(|row| paint::width(&row.kind))
        .max()
        .unwrap_or(0)
        .min(wide / 3);
    let mut out = vec![vec![(
        format!("{} {} {}", pad("ACTION", 9), pad("TYPE", kind), "RESOURCE"),
        theme.style(Role::Heading),
    )]];
    for (heading, rows) in grouped(rows) {
        if !heading.is_empty() {
            out.push(vec![(heading.to_owned(), theme.style(Role::Label))]);
        }
        out.extend(rows.iter().flat_map(|row| change(row, kind, wide, theme)));
    }
    out
}

/// The rows of one change.
fn change(row: &ChangeRow, kind: usize, wide: usize, theme: &Theme) -> Vec<Row> {
    let dim = theme.style(Role::Dim);
    let (word, role) = does(row);
    let maybe = match (row.does, row.fate) {
        (Does::MayReplace, Fate::Goes) => " (perhaps)",
        (Does::MayReplace, Fate::Stays) => " (perhaps; the old one stays)",
        (Does::MayReplace | Does::Replace | Does::Remove, Fate::Saved) => " (a snapshot stays)",
        (Does::Replace, Fate::Stays) => " (the old one stays)",
        (Does::Remove, Fate::Stays) => " (it stays, outside the stack)",
        (Does::Replace | Does::Remove, Fate::Goes)
        | (Does::Add | Does::Import | Does::Change | Does::Unclear, _) => "",
    };
    let mut out = vec![vec![
        (pad(word, 10), theme.style(role)),
        (format!("{} ", pad(&row.kind, kind)), dim),
        (format!("{}{maybe}", row.logical), theme.style(Role::Text)),
    ]];
    let untold = Some(row.untold().join(", ")).filter(|names| !names.is_empty());
    let values = row.shown.iter().map(ToString::to_string);
    for line in untold.into_iter().chain(values) {
        for text in wrap(&line, wide.saturating_sub(12), 2) {
            out.push(vec![(" ".repeat(12), dim), (text, dim)]);
        }
    }
    out
}

/// The rectangle of a card on a screen.
#[must_use]
pub fn area(screen: Rect, rows: usize) -> Rect {
    let width = screen.width.min(84);
    // The band stays visible above every card.
    let most = screen.height.saturating_sub(1);
    let height = paint::short(rows + 2).clamp(6.min(most), most);
    let x = screen.x + (screen.width - width) / 2;
    let y = screen.y + 1 + (most - height) / 3;
    Rect::new(x, y, width, height)
}

#[expect(
    clippy::too_many_arguments,
    reason = "one picture of plain values; a struct would only name them again"
)]
/// Draws a card: title, body from `scroll` on, foot. Answers the most that can be scrolled.
pub fn draw(
    buf: &mut Buffer,
    area: Rect,
    theme: &Theme,
    danger: bool,
    title: &str,
    body: &[Row],
    foot: &[Row],
    scroll: usize,
) -> usize {
    let style = theme.style(if danger { Role::CardDanger } else { Role::Card });
    paint::clear(buf, area, theme.style(Role::Text));
    paint::edge(buf, area, theme.glyphs.heavy(), style);
    let title = format!(
        " {} ",
        fit(title, usize::from(area.width.saturating_sub(6)))
    );
    buf.set_string(area.x + 2, area.y, title, style);
    let inside = Rect::new(
        area.x + 2,
        area.y + 1,
        area.width.saturating_sub(4),
        area.height.saturating_sub(2),
    );
    let foot_rows = foot.len().min(usize::from(inside.height));
    let room = usize::from(inside.height) - foot_rows;
    let most = body.len().saturating_sub(room);
    let scroll = scroll.min(most);
    for (n, row) in body.iter().skip(scroll).take(room).enumerate() {
        paint::spans(
            buf,
            inside.x,
            inside.y + paint::short(n),
            inside.right(),
            row,
        );
    }
    if most > 0 {
        let text = format!(
            " {}-{} of {} PgUp PgDn ",
            scroll + 1,
            (scroll + room).min(body.len()),
            body.len()
        );
        buf.set_string(
            area.right()
                .saturating_sub(paint::short(paint::width(&text)) + 2),
            area.bottom() - 1,
            text,
            theme.style(Role::Dim),
        );
    }
    let from = foot.len() - foot_rows;
    for (n, row) in foot[from..].iter().enumerate() {
        paint::spans(
            buf,
            inside.x,
            inside.y + paint::short(room + n),
            inside.right(),
            row,
        );
    }
    most
}
