//! The columns of the list of stacks: how wide each is, and what stands in them.

use std::time::Duration;

use ratatui::style::Style;

use crate::domain::time::short;
use crate::text::counted::counted;
use crate::tui::paint::{self, fit, pad};
use crate::tui::panes::named;
use crate::tui::scene::Scene;
use crate::tui::states;
use crate::tui::theme::{Role, Theme};
use crate::world::rows::{EnvView, Row, State};

/// What is older has no time of day.
const DAY: Duration = Duration::from_hours(24);

/// How wide the columns are in a pane of some width. What does not fit is left out, the least
/// needed first.
pub(super) struct Columns {
    stack: usize,
    state: usize,
    serve: usize,
    release: usize,
    deployment: usize,
    step: usize,
    by: usize,
    age: usize,
}

impl Columns {
    /// `clocks`: the last column has times of day instead of ages.
    pub(super) fn of(width: u16, clocks: bool) -> Self {
        let width = usize::from(width);
        let mut it = Self {
            stack: 8,
            state: 8,
            serve: 6,
            release: 8,
            deployment: 0,
            step: 0,
            by: 0,
            age: if clocks { 5 } else { 4 },
        };
        if width < 36 {
            it.release = width
                .saturating_sub(2 + it.stack + it.state + it.serve + it.age)
                .min(8);
        }
        let mut left =
            width.saturating_sub(2 + it.stack + it.state + it.serve + it.release + it.age);
        let mut give = |column: &mut usize, wish: usize, from: usize| {
            if left >= from {
                let more = wish.min(left);
                *column += more;
                left -= more;
            }
        };
        give(&mut it.stack, 2, 1);
        give(&mut it.release, 2, 1);
        give(&mut it.age, 1, 1);
        give(&mut it.stack, 6, 6);
        give(&mut it.release, 8, 8);
        give(&mut it.deployment, 7, 7);
        give(&mut it.step, 22, 10);
        give(&mut it.by, 10, 6);
        give(&mut it.stack, 24, 1);
        it
    }

    pub(super) fn heading(&self, theme: &Theme, clocks: bool) -> Vec<(String, Style)> {
        let text = format!(
            "  {}{}{}{}{}{}{}{:>age$}",
            pad("STACK", self.stack),
            pad("STATE", self.state),
            pad("SERVE", self.serve),
            pad("REL", self.release),
            pad("DEPL", self.deployment),
            pad("STEP", self.step),
            pad("BY", self.by),
            if clocks { "AT" } else { "IN" },
            age = self.age
        );
        vec![(text, theme.style(Role::Heading))]
    }

    pub(super) fn row(
        &self,
        row: &Row,
        name: &str,
        scene: &Scene<'_>,
        theme: &Theme,
        clocks: bool,
    ) -> Vec<(String, Style)> {
        let text = theme.style(Role::Text);
        let dim = theme.style(Role::Dim);
        let (badge, badge_style) = states::badge(row.state, theme);
        let need = if row.needs_me {
            ("!".to_owned(), theme.style(Role::Alert))
        } else {
            (" ".to_owned(), text)
        };
        let (serve, serve_role) = serve(row, self.serve.saturating_sub(1));
        let step = row.step.as_ref().map_or_else(
            || parts_of(row),
            |at| format!("{} ({}/{})", at.id, at.nth, at.of),
        );
        let age = match row.since {
            Some(since) if clocks && scene.now.since(since) < DAY => since.text("%H:%M"),
            Some(since) if clocks => since.text("%m-%d"),
            Some(since) => short(scene.now.since(since)),
            None => String::new(),
        };
        let badge_cells = self.state.saturating_sub(1);
        vec![
            need,
            (" ".to_owned(), text),
            (format!("{} ", called(row, name, self.stack - 1)), text),
            (fit(&badge, badge_cells), badge_style),
            (
                " ".repeat(self.state - paint::width(&fit(&badge, badge_cells))),
                text,
            ),
            (pad(&serve, self.serve), theme.style(serve_role)),
            (pad_release(row, self.release), text),
            (
                pad(
                    &row.deployment
                        .map_or_else(String::new, |(_, no)| no.to_string()),
                    self.deployment,
                ),
                dim,
            ),
            (pad(&step, self.step), dim),
            (pad(row.by.as_deref().unwrap_or_default(), self.by), dim),
            (format!("{:>1$}", fit(&age, self.age), self.age), dim),
        ]
    }

    pub(super) fn env(&self, env: &EnvView, folded: bool, theme: &Theme) -> Vec<(String, Style)> {
        let strong = theme.style(Role::Strong);
        let serve = env.serve().map_or_else(String::new, |(running, desired)| {
            format!("{running}/{desired}")
        });
        let frozen = env.freeze.is_some();
        let mut counts: Vec<(String, Style)> = Vec::new();
        let mut used = 0;
        for (state, n) in env
            .counts
            .iter()
            .filter(|(state, _)| !matches!(state, State::Ok | State::New | State::Gone))
        {
            let text = format!("{}{n} ", states::glyph(*state, theme));
            if used + paint::width(&text) > self.state {
                break;
            }
            used += paint::width(&text);
            counts.push((text, theme.style(states::role(*state))));
        }
        counts.push((" ".repeat(self.state - used), strong));
        let rest = self.release + self.deployment + self.step + self.by + self.age;
        let class = env.class.word().to_owned();
        let class = if env.practice && class.len() + 9 <= rest {
            format!("{class} practice")
        } else {
            class
        };
        let note = match (frozen, env.differs.disagree()) {
            (_, true) => format!("DIFFERS {class}"),
            (true, false) => format!("FROZEN {class}"),
            (false, false) => class,
        };
        let name = format!("{} {}", if folded { ">" } else { "v" }, env.name);
        let mut cells = vec![(format!("{} ", pad(&name, self.stack + 1)), strong)];
        cells.extend(counts);
        cells.push((pad(&serve, self.serve), theme.style(Role::Dim)));
        cells.push((
            format!("{:>rest$}", fit(&note, rest)),
            theme.style(if frozen { Role::Frozen } else { Role::Dim }),
        ));
        cells
    }
}

/// The name of a row: below what it belongs to, its end may be cut; else its beginning.
fn called(row: &Row, name: &str, cells: usize) -> String {
    if name == row.stack.name() {
        named(&row.stack, name, cells)
    } else {
        pad(name, cells)
    }
}

/// How many parts a whole has, and how many of them are not at rest.
fn parts_of(row: &Row) -> String {
    let all: usize = row.parts.values().sum();
    if all == 0 {
        return String::new();
    }
    let moving = row.parts.iter().filter(|(state, _)| !state.is_at_rest());
    let moving: Vec<String> = moving
        .map(|(state, n)| format!("{n} {}", state.word()))
        .collect();
    let parts = counted(all, "part");
    if moving.is_empty() {
        parts
    } else {
        format!("{parts}: {}", moving.join(", "))
    }
}

/// What serves: the counts, with what is the matter or how many new tasks there are where that has
/// room; a word that needs a person stands before the counts.
fn serve(row: &Row, cells: usize) -> (String, Role) {
    let Some((running, desired)) = row.serve else {
        return (String::new(), Role::Text);
    };
    let counts = format!("{running}/{desired}");
    let short_of = if running < desired {
        Role::Warn
    } else {
        Role::Text
    };
    let (said, role) = match (row.serve_word(), row.serves.coming()) {
        (Some(word), _) => (
            vec![format!("{counts} {word}"), word.to_owned()],
            Role::Fail,
        ),
        (None, Some((new, _))) => (vec![format!("{counts}>{new}"), counts], short_of),
        (None, None) => (vec![counts], short_of),
    };
    let fits = said.iter().find(|text| paint::width(text) <= cells);
    let text = fits.or(said.last()).cloned().unwrap_or_default();
    (text, role)
}

/// A release, or two with `>` between them, each cut so that the arrow stays visible. Digests lose
/// their last digits without a mark.
fn pad_release(row: &Row, cells: usize) -> String {
    let room = cells.saturating_sub(1);
    let head = |text: &str, most: usize| text.chars().take(most).collect::<String>();
    let release = row.release();
    let text = match &row.coming {
        Some(next) if paint::width(&release) > room => {
            let half = room.saturating_sub(1) / 2;
            let now = head(row.serving.as_deref().unwrap_or_default(), half);
            format!(
                "{now}>{}",
                head(next, room.saturating_sub(1 + paint::width(&now)))
            )
        }
        _ => head(&release, room),
    };
    format!("{} ", pad(&text, room))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_has_room_in_every_width() {
        assert!((20..250).all(|width| Columns::of(width, true).age >= 5));
    }
}
