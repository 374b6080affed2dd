//! Files that people write, read into typed settings: the estate, the key map, themes, settings. Every error is found at once and
//! has file, line and column. It reads and checks; it runs nothing, reaches nothing, and knows no system's own formats.

mod shape;

pub mod keymap;
pub mod theme;

pub use keymap::{Keymap, Rule};
pub use theme::{Colour, Style, ThemeFile};
