//! The console on a real terminal, over the desk for tests: for eyes, not for proof.

use std::sync::Arc;

use super::*;
use crate::tui::double::Double;
use crate::tui::terminal;
use crate::tui::theme::Depth;
use crate::tui::{Options, run};

#[test]
#[ignore = "shows the console on the terminal that it is started in"]
fn look() {
    let mut world = fixture::scene();
    if std::env::var("PRACTICE").is_ok() {
        Arc::make_mut(&mut world.catalog).practice = true;
    }
    let desk = Double::new(world);
    *desk.lines.lock().unwrap() = some_lines(&fixture::id("prod-eu/orders"));
    let started = std::time::Instant::now();
    let now = Arc::new(move || fixture::NOW + started.elapsed());
    let variable = |name: &str| std::env::var(name).ok();
    let options = Options {
        now,
        on_start: Box::new(|_| {}),
        suspend: Box::new(|| {}),
        theme: variable("THEME").unwrap_or_else(|| "dark".to_owned()),
        own_theme: None,
        depth: if variable("TRUE").is_some() { Depth::True } else { terminal::depth(variable) },
        glyphs: crate::tui::glyphs::Glyphs { ascii: !terminal::unicode(variable) },
        term: variable("TERM").unwrap_or_default(),
        keymap: None,
        save: Arc::new(|name, _| Err(format!("nothing saves {name} here"))),
        greeting: String::new(),
    };
    run(desk, options).unwrap();
}
