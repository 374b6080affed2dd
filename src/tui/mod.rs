//! The console: panes, cards and keys over a desk. It shows the world and asks; it decides nothing,
//! waits for nothing, and holds no state but selection, scroll and what is being typed.

pub mod actions;
pub mod board;
pub mod console;
#[cfg(test)]
mod double;
pub mod find;
pub mod glyphs;
pub mod keys;
pub mod layers;
pub mod layout;
pub mod log;
pub mod maps;
pub mod motion;
pub mod paint;
pub mod pane;
pub mod panes;
mod run;
pub mod scene;
pub mod states;
pub mod terminal;
pub mod theme;
pub mod views;

pub use keys::keys_markdown;
pub use run::{Error, Options, Outside, Waker, run};

#[cfg(test)]
mod tests;
