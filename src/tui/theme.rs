//! The theme: what each role looks like. Roles are meanings, never colours; a state is always told
//! by glyph and word as well.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};

use crate::config::{self, Colour, ThemeFile};
use crate::text::diagnostic::Diagnostics;

use super::glyphs::Glyphs;

/// How much colour the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// No colour: bold, dim, reverse and underline alone.
    Mono,
    /// The sixteen named colours.
    Sixteen,
    /// The fixed palette of 256.
    Palette,
    /// Any colour.
    True,
}

macro_rules! roles {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What something on the screen means.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Role { $($(#[$doc])* $name,)* }

        impl Role {
            /// All roles.
            pub const ALL: &'static [Role] = &[$(Role::$name,)*];

            /// Its name in theme files.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Role::$name => $text,)* }
            }
        }
    };
}

roles! {
    /// Ordinary text.
    Text = "text",
    /// Less important text.
    Dim = "dim",
    /// More important text.
    Strong = "strong",
    /// A border.
    Border = "border",
    /// The border of the pane with the focus.
    BorderFocused = "border-focused",
    /// A pane's title.
    Title = "title",
    /// The title of the pane with the focus.
    TitleFocused = "title-focused",
    /// The heading of columns.
    Heading = "heading",
    /// The row under the cursor, in the pane with the focus.
    Cursor = "cursor",
    /// The row under the cursor, in another pane.
    CursorAway = "cursor-away",
    /// Selected lines.
    Selection = "selection",
    /// A match of a search.
    Match = "match",
    /// The match under the cursor.
    MatchCurrent = "match-current",
    /// All is well.
    Ok = "ok",
    /// Runs.
    Run = "run",
    /// Waits its turn.
    Queued = "queued",
    /// Rolls back.
    Roll = "roll",
    /// Waits for a person.
    Hold = "hold",
    /// A stopped queue.
    Frozen = "frozen",
    /// Failed, broken.
    Fail = "fail",
    /// Old data.
    Stale = "stale",
    /// No contact, or nobody can tell.
    Lost = "lost",
    /// A service at zero.
    Down = "down",
    /// Does not exist, or no more.
    Gone = "gone",
    /// The band of a production environment.
    BandProduction = "band-production",
    /// The band of a staging environment.
    BandStaging = "band-staging",
    /// The band of a development environment.
    BandDevelopment = "band-development",
    /// The band of a branch environment.
    BandBranch = "band-branch",
    /// The band of the practice estate, whatever the class.
    BandPractice = "band-practice",
    /// The line that needs a person, when something is wrong.
    Alert = "alert",
    /// A debug line.
    Debug = "debug",
    /// An ordinary line.
    Info = "info",
    /// A warning.
    Warn = "warn",
    /// An error.
    Error = "error",
    /// A gap in a log.
    Gap = "gap",
    /// The source column of a log.
    Source = "source",
    /// A time column.
    Clock = "clock",
    /// An edge that was not travelled.
    Edge = "edge",
    /// A travelled edge.
    EdgeTravelled = "edge-travelled",
    /// A node of a map.
    Node = "node",
    /// The node where it stands.
    NodeCurrent = "node-current",
    /// The node under the cursor.
    NodeSelected = "node-selected",
    /// The frame of a card.
    Card = "card",
    /// The frame of a card that changes production or destroys.
    CardDanger = "card-danger",
    /// The label of a card line.
    Label = "label",
    /// What is being typed.
    Field = "field",
    /// A key in a hint.
    Key = "key",
    /// The text of a hint.
    Hint = "hint",
    /// What was just said on the last line.
    Said = "said",
    /// An added resource.
    Added = "added",
    /// A removed or replaced resource.
    Removed = "removed",
    /// A changed resource.
    Changed = "changed",
}

impl Role {
    /// The role of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Role> {
        Role::ALL.iter().copied().find(|role| role.name() == name)
    }
}

/// Styles by role, and the characters to draw with.
#[derive(Debug, Clone)]
pub struct Theme {
    /// The characters.
    pub glyphs: Glyphs,
    /// The colour depth that it was made for.
    pub depth: Depth,
    styles: Vec<Style>,
}

/// The themes that are built in, by name.
pub const BUILT_IN: [(&str, &str); 5] = [
    ("dark", include_str!("../../themes/dark.yaml")),
    ("light", include_str!("../../themes/light.yaml")),
    (
        "colour-blind",
        include_str!("../../themes/colour-blind.yaml"),
    ),
    ("sixteen", include_str!("../../themes/sixteen.yaml")),
    ("mono", include_str!("../../themes/mono.yaml")),
];

/// Why a theme cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadTheme {
    /// No built-in theme of that name.
    #[error("no theme {0:?}; there are dark, light, colour-blind, sixteen and mono")]
    Unknown(String),
    /// Its file is wrong.
    #[error("{0}")]
    Wrong(#[from] Diagnostics),
    /// It inherits what it cannot.
    #[error("{0}")]
    Inherits(String),
}

impl Theme {
    /// The built-in theme of that name, for a terminal of that depth: without colour it is `mono`,
    /// with sixteen `sixteen`.
    ///
    /// # Errors
    /// [`BadTheme`] when there is none or its file is wrong.
    pub fn built_in(name: &str, depth: Depth, glyphs: Glyphs) -> Result<Theme, BadTheme> {
        let name = match depth {
            Depth::Mono => "mono",
            Depth::Sixteen => "sixteen",
            Depth::Palette | Depth::True => name,
        };
        let text = built_in(name).ok_or_else(|| BadTheme::Unknown(name.to_owned()))?;
        Theme::read(name, text.as_bytes(), depth, glyphs)
    }

    /// A theme from its file; it may inherit a built-in one.
    ///
    /// # Errors
    /// [`BadTheme`] with everything that is wrong.
    pub fn read(name: &str, bytes: &[u8], depth: Depth, glyphs: Glyphs) -> Result<Theme, BadTheme> {
        let known: Vec<&str> = Role::ALL.iter().map(|role| role.name()).collect();
        let file = ThemeFile::read(name, bytes, &known)?;
        let mut below: BTreeMap<String, ThemeFile> = BTreeMap::new();
        let mut wanted = file.inherits.clone();
        while let Some((name, text)) = wanted
            .take()
            .and_then(|name| Some((built_in(&name)?, name)))
            .map(|(text, name)| (name, text))
        {
            let read = ThemeFile::read(&name, text.as_bytes(), &known)?;
            wanted = read
                .inherits
                .clone()
                .filter(|next| !below.contains_key(next));
            below.insert(name, read);
        }
        let roles = file
            .resolve(name, |name| below.get(name))
            .map_err(BadTheme::Inherits)?;
        let mut styles = vec![Style::new(); Role::ALL.len()];
        for (name, look) in &roles {
            if let Some(role) = Role::named(name) {
                styles[role as usize] = style(*look, depth);
            }
        }
        Ok(Theme {
            glyphs,
            depth,
            styles,
        })
    }

    /// What a role looks like.
    #[must_use]
    pub fn style(&self, role: Role) -> Style {
        self.styles[role as usize]
    }

    /// What the role of that name looks like; ordinary text when there is none.
    #[must_use]
    pub fn named(&self, name: &str) -> Style {
        self.style(Role::named(name).unwrap_or(Role::Text))
    }
}

fn built_in(name: &str) -> Option<&'static str> {
    BUILT_IN
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, text)| *text)
}

fn style(look: config::Style, depth: Depth) -> Style {
    let mut style = Style::new();
    style.fg = look.fg.map(|found| colour(found, depth));
    style.bg = look.bg.map(|found| colour(found, depth));
    let marks = [
        (look.bold, Modifier::BOLD),
        (look.dim, Modifier::DIM),
        (look.italic, Modifier::ITALIC),
        (look.underline, Modifier::UNDERLINED),
        (look.reverse, Modifier::REVERSED),
    ];
    for (on, modifier) in marks {
        if on == Some(true) {
            style = style.add_modifier(modifier);
        }
    }
    style
}

fn colour(found: Colour, depth: Depth) -> Color {
    const NAMED: [Color; 16] = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    match (depth, found) {
        (Depth::Mono, _) | (_, Colour::Terminal) => Color::Reset,
        (_, Colour::Indexed(n)) => NAMED
            .get(usize::from(n))
            .copied()
            .unwrap_or(Color::Indexed(n)),
        (Depth::True, Colour::Rgb(r, g, b)) => Color::Rgb(r, g, b),
        (Depth::Palette | Depth::Sixteen, Colour::Rgb(r, g, b)) => Color::Indexed(nearest(r, g, b)),
    }
}

/// The nearest colour of the 6x6x6 cube or the grey ramp.
fn nearest(r: u8, g: u8, b: u8) -> u8 {
    const STEPS: [i32; 6] = [0, 95, 135, 175, 215, 255];
    let near = |value: u8| {
        (0..6usize)
            .min_by_key(|at| (STEPS[*at] - i32::from(value)).abs())
            .unwrap_or(0)
    };
    let away = |x: [i32; 3]| {
        (x[0] - i32::from(r)).pow(2) + (x[1] - i32::from(g)).pow(2) + (x[2] - i32::from(b)).pow(2)
    };
    let (cr, cg, cb) = (near(r), near(g), near(b));
    let cube = away([STEPS[cr], STEPS[cg], STEPS[cb]]);
    let mean = (i32::from(r) + i32::from(g) + i32::from(b)) / 3;
    let grey = ((mean - 8) / 10).clamp(0, 23);
    let ramp = away([8 + grey * 10; 3]);
    let index = if ramp < cube {
        232 + grey
    } else {
        i32::try_from(16 + 36 * cr + 6 * cg + cb).unwrap_or(16)
    };
    u8::try_from(index).unwrap_or(16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_theme_says_every_role() {
        let known: Vec<&str> = Role::ALL.iter().map(|role| role.name()).collect();
        for (name, text) in BUILT_IN {
            let file = ThemeFile::read(name, text.as_bytes(), &known).unwrap();
            for role in Role::ALL {
                assert!(
                    file.inherits.is_some() || file.roles.contains_key(role.name()),
                    "{name} says nothing of {}",
                    role.name()
                );
            }
            Theme::read(name, text.as_bytes(), Depth::True, Glyphs::UNICODE).unwrap();
        }
    }

    #[test]
    fn the_theme_for_sixteen_colours_has_no_others() {
        let theme = Theme::built_in("light", Depth::Sixteen, Glyphs::UNICODE).unwrap();
        for role in Role::ALL {
            let style = theme.style(*role);
            assert!(
                ![style.fg, style.bg]
                    .iter()
                    .flatten()
                    .any(|c| matches!(c, Color::Rgb(..) | Color::Indexed(_))),
                "{role:?}"
            );
        }
    }

    #[test]
    fn without_colour_no_role_has_one() {
        for (name, _) in BUILT_IN {
            let theme = Theme::built_in(name, Depth::Mono, Glyphs::ASCII).unwrap();
            for role in Role::ALL {
                let style = theme.style(*role);
                assert!(
                    matches!(style.fg, None | Some(Color::Reset))
                        && matches!(style.bg, None | Some(Color::Reset)),
                    "{name} {role:?}"
                );
            }
        }
    }

    #[test]
    fn a_persons_theme_inherits_and_a_wrong_one_is_refused_with_the_wrong_word() {
        let read = |text: &str| Theme::read("mine", text.as_bytes(), Depth::True, Glyphs::UNICODE);
        let mine = read("inherits: dark\nroles: { ok: { fg: '#010203' } }").unwrap();
        let dark = Theme::built_in("dark", Depth::True, Glyphs::UNICODE).unwrap();
        assert_eq!(mine.style(Role::Ok).fg, Some(Color::Rgb(1, 2, 3)));
        assert_eq!(mine.style(Role::Fail), dark.style(Role::Fail));
        for (text, word) in [
            ("roles: { fial: { fg: red } }", "fial"),
            ("roles: { fail: { fg: rde } }", "rde"),
            ("inherits: drak", "drak"),
        ] {
            assert!(read(text).unwrap_err().to_string().contains(word), "{text}");
        }
        assert!(Theme::built_in("drak", Depth::True, Glyphs::UNICODE).is_err());
    }

    #[test]
    fn the_nearest_of_256() {
        assert_eq!(
            [
                nearest(0, 0, 0),
                nearest(255, 255, 255),
                nearest(255, 0, 0),
                nearest(128, 128, 128)
            ],
            [16, 231, 196, 244]
        );
    }
}
