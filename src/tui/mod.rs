//! The console: panes, cards and keys over a desk. It shows the world and asks; it decides nothing, waits for nothing, and holds
//! no state but selection, scroll and what is being typed.

pub mod glyphs;
pub mod maps;
pub mod motion;
pub mod pane;
pub mod scene;
pub mod theme;
