//! `check`, `schema`, `trust`: the estate file, without a store or an engine.

use serde::Serialize;
use serde_json::json;

use crate::config::{self, Loaded, Told, Trust, Wrong};
use crate::systems;
use crate::text::counted::counted;
use crate::text::diagnostic::Diagnostic;
use crate::text::safe::Safe;

use super::{Code, Examined, Ground, Out, Stop};

/// `check`.
pub(super) fn check(ground: &dyn Ground, out: &mut Out<'_, '_>) -> Result<Code, Stop> {
    let Examined {
        file,
        loaded,
        found,
    } = ground.examine()?;
    let Told { wrong, notes } = config::all_told(loaded.as_ref(), found);
    if out.is_json() {
        let errors: Vec<WrongDoc<'_>> = wrong.iter().map(WrongDoc::from).collect();
        out.document(
            &json!({ "file": file.to_string_lossy(), "ok": errors.is_empty(), "errors": errors, "notes": notes }),
        )?;
        return Ok(code(&wrong));
    }
    if let Some(loaded) = loaded.filter(|_| wrong.is_empty()) {
        out.line(&format!(
            "{} is right: {}, {}",
            Safe::from(file.as_path()),
            counted(loaded.estate.environments.len(), "environment"),
            counted(loaded.estate.applications.len(), "application")
        ))?;
    } else {
        for one in &wrong {
            out.line(&one.what.to_string())?;
            out.line("")?;
        }
        out.aside(&format!(
            "holdpoint: {} {}",
            wrong.len(),
            if wrong.len() == 1 { "error" } else { "errors" }
        ))?;
    }
    for note in &notes {
        out.line(&format!("note: {note}"))?;
    }
    Ok(code(&wrong))
}

fn code(wrong: &[Wrong]) -> Code {
    if wrong.is_empty() {
        Code::Done
    } else {
        Code::Wrong
    }
}

/// One error of `check`.
#[derive(Debug, Serialize)]
struct WrongDoc<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    stack: Option<String>,
    #[serde(flatten)]
    what: &'a Diagnostic,
}

impl<'a> From<&'a Wrong> for WrongDoc<'a> {
    fn from(wrong: &'a Wrong) -> Self {
        Self {
            stack: wrong.stack.as_ref().map(ToString::to_string),
            what: &wrong.what,
        }
    }
}

/// `schema`.
pub(super) fn schema(out: &mut Out<'_, '_>) -> Result<Code, Stop> {
    out.document(&config::schema(systems::all()))?;
    Ok(Code::Done)
}

/// `trust`.
pub(super) fn trust(ground: &dyn Ground, out: &mut Out<'_, '_>) -> Result<Code, Stop> {
    let loaded = ground.estate()?;
    let (new, gone) = since(ground, &loaded)?;
    if out.is_json() {
        ground.trust(&loaded)?;
        let reach: Vec<Safe> = loaded.reach.lines().collect();
        let file = loaded.file.to_string_lossy();
        out.document(&json!({ "outcome": "done", "file": file, "reach": reach, "new": new, "gone": gone, "exit": 0 }))?;
        return Ok(Code::Done);
    }
    out.aside(&format!("{} names:", Safe::from(loaded.file.as_path())))?;
    for line in loaded.reach.lines() {
        out.aside(&format!("  {line}"))?;
    }
    for (what, lines) in [
        ("new since it was trusted:", new),
        ("gone since it was trusted:", gone),
    ] {
        if !lines.is_empty() {
            out.aside(what)?;
        }
        for line in lines {
            out.aside(&format!("  {line}"))?;
        }
    }
    if out.can_ask() {
        let typed = out
            .ask("type  trust  to let it reach these: ")?
            .unwrap_or_default();
        if typed.trim() != "trust" {
            return Err(Stop::wrong(
                "not-confirmed",
                "the estate file is not trusted; nothing was changed",
            ));
        }
    }
    ground.trust(&loaded)?;
    out.line(&format!("trusted {}", Safe::from(loaded.file.as_path())))?;
    Ok(Code::Done)
}

/// What a file reaches that it was not trusted for, and what it no longer does.
fn since(ground: &dyn Ground, loaded: &Loaded) -> Result<(Vec<Safe>, Vec<Safe>), Stop> {
    Ok(match ground.trust_of(loaded)? {
        Trust::Changed(before) => loaded.reach.since(&before),
        Trust::Trusted | Trust::New => (Vec::new(), Vec::new()),
    })
}
