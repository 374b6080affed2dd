//! Settings of the person at the console: defaults from the embedded file, and a file of their own
//! over them. What concerns an environment stands in the estate, never here.

use schemars::JsonSchema;
use serde::Deserialize;

use super::shape;
use crate::text::diagnostic::Diagnostics;
use crate::text::document::{self, Limits};

/// Every setting with its default and a sentence.
pub const DEFAULT: &str = include_str!("../../config/default.yaml");

/// The theme that goes by the terminal's background.
pub const AUTO: &str = "auto";

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The name of the theme, or [`AUTO`].
    pub theme: String,
    /// How much colour.
    pub colours: Colours,
    /// Which characters.
    pub glyphs: GlyphSet,
}

/// How much colour a console shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Colours {
    /// What the terminal says it can.
    #[serde(rename = "auto")]
    Auto,
    /// Any colour.
    #[serde(rename = "true")]
    True,
    /// A fixed palette of 256.
    #[serde(rename = "256")]
    Palette,
    /// The 16 named ones.
    #[serde(rename = "16")]
    Sixteen,
    /// None.
    #[serde(rename = "none")]
    None,
}

/// Which characters a console shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GlyphSet {
    /// By the locale.
    Auto,
    /// Lines and marks.
    Unicode,
    /// Nothing beyond ASCII.
    Ascii,
}

/// A settings file: any of the settings.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Raw {
    /// The name of the theme.
    theme: Option<String>,
    /// How much colour.
    colours: Option<Colours>,
    /// Which characters.
    glyphs: Option<GlyphSet>,
}

impl Settings {
    /// The defaults, with a person's own file over them.
    ///
    /// # Errors
    /// Everything that is wrong with the file.
    pub fn read(own: Option<(&str, &[u8])>) -> Result<Settings, Diagnostics> {
        let default = raw("default.yaml", DEFAULT.as_bytes())?;
        let own = own
            .map(|(name, bytes)| raw(name, bytes))
            .transpose()?
            .unwrap_or_default();
        Ok(Settings {
            theme: own
                .theme
                .or(default.theme)
                .unwrap_or_else(|| AUTO.to_owned()),
            colours: own.colours.or(default.colours).unwrap_or(Colours::Auto),
            glyphs: own.glyphs.or(default.glyphs).unwrap_or(GlyphSet::Auto),
        })
    }
}

/// A file; one that holds nothing but comments says nothing.
fn raw(name: &str, bytes: &[u8]) -> Result<Raw, Diagnostics> {
    let nothing = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
    if std::str::from_utf8(bytes).is_ok_and(|text| text.lines().all(nothing)) {
        return Ok(Raw::default());
    }
    let (source, root) = document::read(name, bytes, Limits::CONFIGURATION)?;
    shape::read(&source, &root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_file_names_every_setting() {
        let (_, root) =
            document::read("default.yaml", DEFAULT.as_bytes(), Limits::CONFIGURATION).unwrap();
        let schema = schemars::schema_for!(Raw).to_value();
        for name in schema["properties"].as_object().unwrap().keys() {
            assert!(root.get(name).is_some(), "{name} has no default");
        }
        let plain = Settings::read(None).unwrap();
        assert_eq!(
            plain,
            Settings {
                theme: AUTO.to_owned(),
                colours: Colours::Auto,
                glyphs: GlyphSet::Auto
            }
        );
    }

    #[test]
    fn a_file_of_ones_own_goes_over_it() {
        let read = |text: &str| Settings::read(Some(("settings.yaml", text.as_bytes())));
        assert_eq!(read("colours: 16\n").unwrap().colours, Colours::Sixteen);
        assert_eq!(read("colours: true\n").unwrap().colours, Colours::True);
        assert_eq!(read("# nothing\n").unwrap(), Settings::read(None).unwrap());
        let found = read("thme: dark\nglyphs: asci\n").unwrap_err().to_string();
        assert!(
            found.contains("did you mean \"theme\"?") && found.contains("did you mean \"ascii\"?"),
            "{found}"
        );
    }
}
