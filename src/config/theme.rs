//! Theme files: a style for each role, on top of another theme or of nothing. Which roles exist is
//! told by the caller.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::shape;
use crate::text::diagnostic::{Diagnostics, closest};
use crate::text::document::{self, Limits};

/// A theme as its file says, colours resolved.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ThemeFile {
    /// The theme below it.
    pub inherits: Option<String>,
    /// Styles by role; what a style does not say comes from the theme below.
    pub roles: BTreeMap<String, Style>,
}

/// How something looks; what is absent is not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// Colour of the text.
    pub fg: Option<Colour>,
    /// Colour behind it.
    pub bg: Option<Colour>,
    /// Bold.
    pub bold: Option<bool>,
    /// Dim.
    pub dim: Option<bool>,
    /// Italic.
    pub italic: Option<bool>,
    /// Underlined.
    pub underline: Option<bool>,
    /// Text and background exchanged.
    pub reverse: Option<bool>,
}

/// A colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// The terminal's own.
    Terminal,
    /// One of the 256, of which the first 16 are the terminal's named ones.
    Indexed(u8),
    /// Red, green, blue.
    Rgb(u8, u8, u8),
}

/// The terminal's named colours, in their order.
pub const NAMED: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "bright-black",
    "bright-red",
    "bright-green",
    "bright-yellow",
    "bright-blue",
    "bright-magenta",
    "bright-cyan",
    "bright-white",
];

impl ThemeFile {
    /// Reads one file.
    ///
    /// # Errors
    /// Everything that is wrong with it: unknown roles and colours, with their places.
    pub fn read(name: &str, bytes: &[u8], roles: &[&str]) -> Result<ThemeFile, Diagnostics> {
        let (source, root) = document::read(name, bytes, Limits::CONFIGURATION)?;
        let raw: Raw = shape::read(&source, &root)?;
        let mut found = Diagnostics::default();
        let at = |path: &[&str]| {
            path.iter()
                .try_fold(&root, |node, key| node.get(key))
                .map_or(root.at, |node| node.at)
        };
        let mut palette = BTreeMap::new();
        for (name, written) in &raw.palette {
            match colour(written, &BTreeMap::new()) {
                Some(colour) => drop(palette.insert(name.clone(), colour)),
                None => found.0.push(source.diagnostic(
                    "colour",
                    at(&["palette", name]),
                    no_colour(written),
                    COLOURS,
                )),
            }
        }
        let mut theme = ThemeFile {
            inherits: raw.inherits,
            roles: BTreeMap::new(),
        };
        let places = root.get("roles").map_or(&[][..], |node| node.entries());
        for (role, style) in &raw.roles {
            if !roles.contains(&role.as_str()) {
                let place = places
                    .iter()
                    .find(|(key, _)| key.name == *role)
                    .map_or(root.at, |(key, _)| key.at);
                let hint = closest(role, roles.iter().copied()).map_or_else(
                    || format!("roles: {}", roles.join(", ")),
                    |near| format!("did you mean {near:?}?"),
                );
                found.0.push(source.diagnostic(
                    "unknown-role",
                    place,
                    format!("there is no role {role:?}"),
                    hint,
                ));
            }
            let mut take = |which: &str, written: &Option<String>| {
                let written = written.as_ref()?;
                let read = colour(written, &palette);
                if read.is_none() && !raw.palette.contains_key(written) {
                    found.0.push(source.diagnostic(
                        "colour",
                        at(&["roles", role, which]),
                        no_colour(written),
                        COLOURS,
                    ));
                }
                read
            };
            let (fg, bg) = (take("fg", &style.fg), take("bg", &style.bg));
            let RawStyle {
                bold,
                dim,
                italic,
                underline,
                reverse,
                ..
            } = *style;
            theme.roles.insert(
                role.clone(),
                Style {
                    fg,
                    bg,
                    bold,
                    dim,
                    italic,
                    underline,
                    reverse,
                },
            );
        }
        found.settle();
        if found.is_empty() {
            Ok(theme)
        } else {
            Err(found)
        }
    }

    /// This theme with everything it inherits; `named` gives other themes by name.
    ///
    /// # Errors
    /// A sentence, when a theme is not there or inherits itself.
    pub fn resolve<'a>(
        &'a self,
        name: &str,
        named: impl Fn(&str) -> Option<&'a ThemeFile>,
    ) -> Result<BTreeMap<String, Style>, String> {
        let mut chain = vec![(name.to_owned(), self)];
        while let Some(below) = chain.last().and_then(|(_, theme)| theme.inherits.clone()) {
            if chain.iter().any(|(seen, _)| *seen == below) {
                return Err(format!(
                    "theme {name:?} inherits {below:?}, which inherits it again"
                ));
            }
            let theme = named(&below).ok_or_else(|| {
                format!("theme {name:?} inherits {below:?}, which does not exist")
            })?;
            chain.push((below, theme));
        }
        let mut roles: BTreeMap<String, Style> = BTreeMap::new();
        for (_, theme) in chain.iter().rev() {
            for (role, over) in &theme.roles {
                let style = roles.entry(role.clone()).or_default();
                *style = style.under(*over);
            }
        }
        Ok(roles)
    }
}

impl Style {
    /// This style with what another says over it.
    #[must_use]
    pub fn under(self, over: Style) -> Style {
        Style {
            fg: over.fg.or(self.fg),
            bg: over.bg.or(self.bg),
            bold: over.bold.or(self.bold),
            dim: over.dim.or(self.dim),
            italic: over.italic.or(self.italic),
            underline: over.underline.or(self.underline),
            reverse: over.reverse.or(self.reverse),
        }
    }
}

/// A theme file, as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Raw {
    /// The theme below it.
    inherits: Option<String>,
    /// Names for colours.
    palette: BTreeMap<String, String>,
    /// Styles by role.
    roles: BTreeMap<String, RawStyle>,
}

/// A style, as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[allow(clippy::struct_excessive_bools)]
struct RawStyle {
    /// Colour of the text.
    fg: Option<String>,
    /// Colour behind it.
    bg: Option<String>,
    /// Bold.
    bold: Option<bool>,
    /// Dim.
    dim: Option<bool>,
    /// Italic.
    italic: Option<bool>,
    /// Underlined.
    underline: Option<bool>,
    /// Text and background exchanged.
    reverse: Option<bool>,
}

const COLOURS: &str =
    "write a name of the palette, terminal, red, bright-red …, a number from 0 to 255, or #rrggbb";

fn no_colour(written: &str) -> String {
    format!("{written:?} is not a colour")
}

fn colour(written: &str, palette: &BTreeMap<String, Colour>) -> Option<Colour> {
    if let Some(colour) = palette.get(written) {
        return Some(*colour);
    }
    if written == "terminal" {
        return Some(Colour::Terminal);
    }
    if let Some(at) = NAMED.iter().position(|name| *name == written) {
        return u8::try_from(at).ok().map(Colour::Indexed);
    }
    if let Some(hex) = written
        .strip_prefix('#')
        .filter(|hex| hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
    {
        let part = |from: usize| u8::from_str_radix(&hex[from..from + 2], 16).ok();
        return Some(Colour::Rgb(part(0)?, part(2)?, part(4)?));
    }
    written
        .bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| written.parse().ok().map(Colour::Indexed))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLES: &[&str] = &["text", "held", "failed"];

    fn read(text: &str) -> Result<ThemeFile, Diagnostics> {
        ThemeFile::read("t.yaml", text.as_bytes(), ROLES)
    }

    #[test]
    fn a_theme_in_four_lines() {
        let dark =
            read("palette: {amber: \"#ffb000\"}\nroles: {text: {fg: terminal}, held: {fg: amber, bold: true}, failed: {fg: 9}}").unwrap();
        let mine = read("inherits: dark\nroles: {held: {fg: bright-yellow}}").unwrap();
        let roles = mine
            .resolve("mine", |name| (name == "dark").then_some(&dark))
            .unwrap();
        assert_eq!(
            roles["held"],
            Style {
                fg: Some(Colour::Indexed(11)),
                bold: Some(true),
                ..Style::default()
            }
        );
        assert_eq!(dark.roles["held"].fg, Some(Colour::Rgb(255, 176, 0)));
        assert_eq!(roles["failed"].fg, Some(Colour::Indexed(9)));
    }

    #[test]
    fn inheriting_in_a_circle_or_from_nothing() {
        let (a, b) = (read("inherits: b").unwrap(), read("inherits: a").unwrap());
        assert!(
            a.resolve("a", |name| Some(if name == "a" { &a } else { &b }))
                .unwrap_err()
                .contains("again")
        );
        assert!(
            a.resolve("a", |_| None)
                .unwrap_err()
                .contains("does not exist")
        );
    }

    #[test]
    fn everything_wrong_at_once_with_its_place() {
        let found = read(
            "palette: {x: blurple}\nroles:\n  txet: {fg: red}\n  held: {fg: '#12', bg: 300}\n",
        )
        .unwrap_err();
        let places: Vec<_> = found
            .0
            .iter()
            .map(|one| (one.code, one.at.line, one.at.column))
            .collect();
        assert_eq!(
            places,
            [
                ("colour", 1, 14),
                ("unknown-role", 3, 3),
                ("colour", 4, 14),
                ("colour", 4, 25)
            ]
        );
        assert!(
            read("roles: {held: {blink: true}}")
                .unwrap_err()
                .to_string()
                .contains("has no setting \"blink\"")
        );
        assert!(
            read("roles: {held: {bold: yes}}")
                .unwrap_err()
                .to_string()
                .contains("true or false")
        );
    }
}
