//! Glyphs: characters whose width every terminal agrees on, and an ASCII set for terminals without
//! Unicode.

use ratatui::symbols::border;

/// The characters to draw with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glyphs {
    /// Whether only ASCII may be drawn.
    pub ascii: bool,
}

impl Glyphs {
    /// Box drawing, block elements and narrow symbols.
    pub const UNICODE: Glyphs = Glyphs { ascii: false };
    /// ASCII alone.
    pub const ASCII: Glyphs = Glyphs { ascii: true };

    /// One of two texts.
    #[must_use]
    pub fn pick<'a>(self, unicode: &'a str, ascii: &'a str) -> &'a str {
        if self.ascii { ascii } else { unicode }
    }

    /// Ended well.
    #[must_use]
    pub fn ok(self) -> &'static str {
        self.pick("✓", "+")
    }

    /// Failed.
    #[must_use]
    pub fn fail(self) -> &'static str {
        self.pick("✗", "x")
    }

    /// Runs.
    #[must_use]
    pub fn run(self) -> &'static str {
        self.pick("⠿", "*")
    }

    /// The cursor of a list.
    #[must_use]
    pub fn pointer(self) -> &'static str {
        self.pick("►", ">")
    }

    /// The border of an ordinary pane.
    #[must_use]
    pub fn border(self) -> border::Set<'static> {
        if self.ascii {
            ASCII_BORDER
        } else {
            border::PLAIN
        }
    }

    /// The border of a card.
    #[must_use]
    pub fn heavy(self) -> border::Set<'static> {
        if self.ascii {
            ASCII_HEAVY
        } else {
            border::THICK
        }
    }
}

const ASCII_BORDER: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

const ASCII_HEAVY: border::Set<'static> = border::Set {
    horizontal_top: "=",
    horizontal_bottom: "=",
    vertical_left: "#",
    vertical_right: "#",
    ..ASCII_BORDER
};
