//! How the console looks: the person's settings, theme and key map, read from the files of their
//! own.

use std::io;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use holdpoint::cli::{Common, Fact};
use holdpoint::config::settings::{AUTO, Colours, GlyphSet, Settings};
use holdpoint::os::{open, paths};
use holdpoint::text::causes::causes;
use holdpoint::text::diagnostic::Diagnostics;
use holdpoint::tui::glyphs::Glyphs;
use holdpoint::tui::keys::Keys;
use holdpoint::tui::panes;
use holdpoint::tui::terminal;
use holdpoint::tui::theme::{Depth, Theme};

/// A file that a person may have: its name and bytes.
type OwnFile = Option<(String, Vec<u8>)>;

/// How the console looks.
pub(crate) struct Appearance {
    /// The theme's name.
    pub theme: String,
    /// The theme of that name of the person's own.
    pub own_theme: OwnFile,
    /// The key map of the person's own.
    pub keymap: OwnFile,
    /// How much colour.
    pub depth: Depth,
    /// Which characters.
    pub glyphs: Glyphs,
}

impl Appearance {
    /// From the files of a configuration folder; `theme` is the one that the command line names.
    pub(crate) fn read(
        config: &Path,
        theme: Option<&str>,
        variable: impl Fn(&str) -> Option<String> + Copy,
    ) -> Result<Self> {
        let settings = settings(config)?;
        let theme = match theme.unwrap_or(&settings.theme) {
            AUTO if terminal::light(variable) => "light",
            AUTO => "dark",
            named => named,
        };
        Ok(Self {
            own_theme: own_file(&config.join("themes").join(format!("{theme}.yaml")))?,
            theme: theme.to_owned(),
            keymap: own_file(&config.join("keymap.yaml"))?,
            depth: depth(settings.colours, variable),
            glyphs: match settings.glyphs {
                GlyphSet::Auto if terminal::unicode(variable) => Glyphs::UNICODE,
                GlyphSet::Unicode => Glyphs::UNICODE,
                GlyphSet::Auto | GlyphSet::Ascii => Glyphs::ASCII,
            },
        })
    }
}

/// What `doctor` says of these files.
pub(crate) fn facts(common: &Common) -> Vec<Fact> {
    let config = match paths::config_folder() {
        Ok(config) => config,
        Err(why) => return vec![Fact::wrong("configuration folder", why.to_string())],
    };
    let variable = |name: &str| std::env::var(name).ok();
    let appearance = match Appearance::read(&config, common.theme.as_deref(), variable) {
        Ok(appearance) => appearance,
        Err(why) => return vec![Fact::wrong("settings", causes(why.as_ref()))],
    };
    let fact = |what: &str, file: &str, own: &OwnFile, read: Result<(), String>| {
        let says = own.as_ref().map_or_else(
            || {
                format!(
                    "built in; a file of your own goes to {}",
                    config.join(file).display()
                )
            },
            |(name, _)| name.clone(),
        );
        match read {
            Ok(()) => Fact::right(what, says),
            Err(why) => Fact::wrong(what, why.trim_end()),
        }
    };
    let own_settings = own_file(&config.join("settings.yaml")).ok().flatten();
    let own_keys = appearance
        .keymap
        .as_ref()
        .map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
    let keymap = Keys::read(own_keys, panes::TABLE);
    let theme = match &appearance.own_theme {
        Some((name, bytes)) => Theme::read(name, bytes, appearance.depth, appearance.glyphs),
        None => Theme::built_in(&appearance.theme, appearance.depth, appearance.glyphs),
    };
    vec![
        fact("settings", "settings.yaml", &own_settings, Ok(())),
        fact(
            "key map",
            "keymap.yaml",
            &appearance.keymap,
            keymap
                .map(drop)
                .map_err(|found: Diagnostics| found.to_string()),
        ),
        fact(
            &format!("theme {}", appearance.theme),
            &format!("themes/{}.yaml", appearance.theme),
            &appearance.own_theme,
            theme.map(drop).map_err(|why| why.to_string()),
        ),
    ]
}

fn settings(config: &Path) -> Result<Settings> {
    let own = own_file(&config.join("settings.yaml"))?;
    Settings::read(
        own.as_ref()
            .map(|(name, bytes)| (name.as_str(), bytes.as_slice())),
    )
    .map_err(|wrong| anyhow!("{wrong}"))
}

/// What the settings say of colour; `NO_COLOR` goes before them.
fn depth(colours: Colours, variable: impl Fn(&str) -> Option<String>) -> Depth {
    let refused = variable("NO_COLOR").is_some_and(|value| !value.is_empty());
    match colours {
        _ if refused => Depth::Mono,
        Colours::Auto => terminal::depth(variable),
        Colours::True => Depth::True,
        Colours::Palette => Depth::Palette,
        Colours::Sixteen => Depth::Sixteen,
        Colours::None => Depth::Mono,
    }
}

fn own_file(path: &Path) -> Result<OwnFile> {
    match open::bytes(path) {
        Ok(bytes) => Ok(Some((path.display().to_string(), bytes))),
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(why) => Err(why).with_context(|| format!("{} cannot be read", path.display())),
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what went wrong by failing"
)]
mod tests {
    use super::*;

    fn appearance(settings: &str, flag: Option<&str>, set: &[(&str, &str)]) -> Appearance {
        let config = tempfile::tempdir().unwrap();
        std::fs::write(config.path().join("settings.yaml"), settings).unwrap();
        Appearance::read(config.path(), flag, |name| {
            set.iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        })
        .unwrap()
    }

    #[test]
    fn no_color_always_wins() {
        for colours in ["auto", "true", "256", "16", "none"] {
            let settings = format!("colours: {colours}\n");
            assert_eq!(
                appearance(
                    &settings,
                    None,
                    &[("NO_COLOR", "1"), ("COLORTERM", "truecolor")]
                )
                .depth,
                Depth::Mono,
                "{colours}"
            );
        }
        assert_eq!(
            appearance("colours: true\n", None, &[("NO_COLOR", "")]).depth,
            Depth::True,
            "an empty one says nothing"
        );
    }

    #[test]
    fn the_theme_follows_the_background_unless_one_is_named() {
        let (light, dark) = ([("COLORFGBG", "0;15")], [("COLORFGBG", "15;0")]);
        for settings in ["", "glyphs: ascii\n", "theme: auto\n"] {
            assert_eq!(
                (
                    appearance(settings, None, &light).theme.as_str(),
                    appearance(settings, None, &dark).theme.as_str()
                ),
                ("light", "dark")
            );
        }
        assert_eq!(appearance("theme: mono\n", None, &light).theme, "mono");
        assert_eq!(
            appearance("theme: mono\n", Some("sixteen"), &light).theme,
            "sixteen"
        );
        assert_eq!(
            appearance("theme: mono\n", Some("auto"), &light).theme,
            "light"
        );
    }

    #[test]
    fn every_setting_has_an_effect() {
        let set = [("LANG", "C.UTF-8"), ("TERM", "xterm-256color")];
        let shown = |settings: &str| {
            let appearance = appearance(settings, None, &set);
            (
                appearance.theme,
                appearance.depth,
                appearance.glyphs == Glyphs::UNICODE,
            )
        };
        let plain = shown("");
        for line in holdpoint::config::settings::DEFAULT
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty())
        {
            assert_eq!(shown(&format!("{line}\n")), plain, "{line} is the default");
            let name = line.split(':').next().unwrap();
            let other = [("theme", "light"), ("colours", "16"), ("glyphs", "ascii")]
                .into_iter()
                .find(|(known, _)| *known == name);
            let (_, value) =
                other.unwrap_or_else(|| panic!("{name} is a setting that nobody tries here"));
            assert_ne!(
                shown(&format!("{name}: {value}\n")),
                plain,
                "{name} has no effect"
            );
        }
    }
}
