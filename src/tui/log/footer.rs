//! The last row of the log: how many lines of which kind there are, and how the tails are doing
//! that bring them. While something is typed, the prompt stands there.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use unicode_width::UnicodeWidthStr;

use crate::domain::time::short;
use crate::tui::scene::Scene;
use crate::tui::theme::{Role, Theme};
use crate::world::tails::{TailSighting, TailState};

use super::LogPane;
use super::pen::Pen;
use super::prompt::Prompt;

pub(super) fn draw(pane: &LogPane, scene: &Scene<'_>, theme: &Theme, area: Rect, buf: &mut Buffer) {
    if let Some(prompt) = &pane.prompt {
        draw_prompt(pane, prompt, theme, area, buf);
        return;
    }
    let mut x = area.x + 1;
    for Part { text, role, .. } in fitting(
        parts(pane, scene),
        usize::from(area.width).saturating_sub(1),
    ) {
        let room = usize::from(area.right().saturating_sub(x));
        buf.set_stringn(x, area.y, &text, room, theme.style(role));
        x += u16::try_from(text.width()).unwrap_or(0) + 2;
    }
}

/// True while a number of the footer grows by itself.
pub(super) fn counts(scene: &Scene<'_>) -> bool {
    scene
        .world
        .tails(scene.lines_of(), scene.now)
        .iter()
        .any(|tail| matches!(tail.state, TailState::Cut(_)))
}

/// What is missing among the lines of everything: whose they are, and why.
pub(super) fn unfollowed(scene: &Scene<'_>) -> Option<String> {
    let all = &scene.views.unfollowed;
    if scene.lines_of().is_some() || all.is_empty() {
        return None;
    }
    let each: Vec<String> = all
        .iter()
        .map(|one| match &one.group {
            Some(group) => format!("{} {group}: {}", one.stack, one.why),
            None => format!("{}: {}", one.stack, one.why),
        })
        .collect();
    let key = scene.keys.first("logs-all");
    Some(format!(
        "NOT FOLLOWED {} ({key} lists them)  {}",
        all.len(),
        each.join("; ")
    ))
}

/// A piece of the footer.
struct Part {
    text: String,
    role: Role,
    /// What goes first where there is no room: the smallest.
    stays: Stays,
}

/// How long a piece stays where room gets short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stays {
    /// How many lines are older than those that are kept.
    Least,
    /// How many lines there are.
    Less,
    /// What is as usual.
    Usual,
    /// What is wrong, and what somebody looks for.
    Longest,
}

impl Part {
    fn new(text: impl Into<String>, role: Role) -> Self {
        let stays = if role == Role::Dim {
            Stays::Usual
        } else {
            Stays::Longest
        };
        Self {
            text: text.into(),
            role,
            stays,
        }
    }

    fn counted(what: &str, many: u64, stays: Stays) -> Self {
        Self {
            text: format!("{what} {}", grouped(many)),
            role: Role::Dim,
            stays,
        }
    }
}

fn parts(pane: &LogPane, scene: &Scene<'_>) -> Vec<Part> {
    let tails = scene.world.tails(scene.lines_of(), scene.now);
    let counts = pane.ring.counts();
    let dropped = pane.dropped + tails.iter().map(|tail| tail.dropped).sum::<u64>();
    let said = |text: String, role, is: bool| Part::new(text, if is { role } else { Role::Dim });
    let mut parts = vec![
        said(
            format!("ERR {}", grouped(counts.errors as u64)),
            Role::Error,
            counts.errors > 0,
        ),
        said(
            format!("WARN {}", grouped(counts.warnings as u64)),
            Role::Warn,
            counts.warnings > 0,
        ),
        Part::counted("lines", pane.ring.len() as u64, Stays::Less),
        said(
            format!("dropped {}", grouped(dropped)),
            Role::Gap,
            dropped > 0,
        ),
    ];
    if counts.gaps > 0 {
        let gaps = format!("gaps {}", grouped(counts.gaps as u64));
        parts.push(Part::new(gaps, Role::Gap));
    }
    parts.extend(of_tails(&tails));
    if pane.ring.forgotten() > 0 {
        parts.insert(
            3,
            Part::counted("older", pane.ring.forgotten(), Stays::Least),
        );
    }
    if let Some(wrong) = wrong(pane) {
        parts.insert(0, Part::new(wrong, Role::Warn));
    }
    let status = found(pane);
    if !status.is_empty() {
        parts.insert(0, Part::new(status, Role::Match));
    }
    parts
}

/// How the tails are doing: the worst of them.
fn of_tails(tails: &[TailSighting<'_>]) -> Vec<Part> {
    if tails.is_empty() {
        return vec![Part::new("no tail", Role::Dim)];
    }
    let sampled = tails.iter().any(|tail| tail.sampled);
    let behind = |is: fn(&TailState<'_>) -> bool| {
        tails
            .iter()
            .filter(|tail| is(&tail.state))
            .map(|tail| tail.behind)
            .max()
    };
    let state = if let Some(since) = behind(|state| matches!(state, TailState::Cut(_))) {
        Part::new(format!("tail cut {}", short(since)), Role::Gap)
    } else if behind(|state| matches!(state, TailState::Unknown)).is_some() {
        Part::new("not followed", Role::Gap)
    } else if let Some(lag) = behind(|state| matches!(state, TailState::Follows)) {
        Part::new(format!("lag {}", tenths(lag)), Role::Dim)
    } else {
        Part::new("no log group yet", Role::Dim)
    };
    vec![
        Part::new(
            format!("sampled {}", if sampled { "yes" } else { "no" }),
            if sampled { Role::Gap } else { Role::Dim },
        ),
        state,
    ]
}

/// As many as there is room for.
fn fitting(mut parts: Vec<Part>, room: usize) -> Vec<Part> {
    let width = |parts: &[Part]| {
        parts
            .iter()
            .map(|part| part.text.width() + 2)
            .sum::<usize>()
            .saturating_sub(2)
    };
    while width(&parts) > room {
        let spare = (0..parts.len()).min_by_key(|nth| parts[*nth].stays);
        parts.remove(spare.unwrap_or(0));
    }
    parts
}

fn draw_prompt(pane: &LogPane, prompt: &Prompt, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let style = theme.style(Role::Field);
    buf.set_stringn(area.x, area.y, prompt.sign(), 1, style);
    let room = usize::from(area.width).saturating_sub(2);
    let from = prompt.input.visual_scroll(room);
    let mut pen = Pen {
        x: area.x + 1,
        right: area.right() - 1,
        skip: from,
    };
    pen.put(prompt.input.value(), |_| style, area.y, buf);
    let at = u16::try_from(prompt.input.visual_cursor().saturating_sub(from)).unwrap_or(0);
    if let Some(cell) = buf.cell_mut((area.x + 1 + at.min(area.width.saturating_sub(2)), area.y)) {
        cell.set_style(style.add_modifier(Modifier::REVERSED));
    }
    let status = found(pane);
    let (hint, role) = match wrong(pane) {
        _ if prompt.input.value().is_empty() => (prompt.hint().to_owned(), Role::Hint),
        Some(wrong) => (wrong, Role::Warn),
        None => (status, Role::Hint),
    };
    let begin = pen.x.saturating_add(2);
    buf.set_stringn(
        begin,
        area.y,
        hint,
        usize::from(area.right().saturating_sub(begin)),
        theme.style(role),
    );
}

/// What is wrong with what is searched for, or filtered by, and what is done instead.
pub(super) fn wrong(pane: &LogPane) -> Option<String> {
    let mut hits = [&pane.find, &pane.filter].into_iter().flatten();
    let why = hits.find_map(|hits| hits.query.wrong.as_ref())?;
    Some(format!("no pattern: {why}; looked for as it is written"))
}

/// What is searched for, and which hit of how many the cursor is on; `+` while not all was read.
fn found(pane: &LogPane) -> String {
    let Some(hits) = &pane.find else {
        return String::new();
    };
    let (before, all) = hits.count(&pane.ring, pane.cursor);
    format!(
        "/{} {before}/{all}{}",
        hits.query.text,
        if pane.searched { "" } else { "+" }
    )
}

fn tenths(duration: Duration) -> String {
    let ms = duration.as_millis();
    if ms < 10_000 {
        format!("{}.{}s", ms / 1_000, ms % 1_000 / 100)
    } else {
        short(duration)
    }
}

/// A number with a comma every three digits.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
