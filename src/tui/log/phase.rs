//! The header of a phase: its name, how it is doing and since when, how many lines it has, and what
//! it usually takes.

use crate::domain::deployment::{Deployment, StepRun};
use crate::domain::ids::StepId;
use crate::domain::line::SourceKind;
use crate::domain::time::short;
use crate::text::counted::counted;
use crate::tui::scene::Scene;
use crate::tui::theme::Role;
use crate::world::usual::{Basis, Usual, usual_of};

use super::{Ring, Row, Section, Source};

/// The header above a line, where one stands there.
pub(super) fn header(row: &Row<'_>, ring: &Ring, scene: &Scene<'_>) -> Option<(String, Role)> {
    let section = row.section.filter(|_| row.is_head)?;
    let sign = if section.is_folded() { ">" } else { "v" };
    let mut text = format!("{sign} {}", row.source.part);
    let (says, role) = stands(section, row.source, scene);
    let usual = usually(row.source, ring, scene);
    let usual = usual.map_or_else(String::new, |usual| format!("usual {}", usual.says()));
    for part in [says, lines(section), usual] {
        if !part.is_empty() {
            text.push_str("  ");
            text.push_str(&part);
        }
    }
    Some((text, role))
}

/// Whether the time of a header grows.
pub(super) fn grows(row: &Row<'_>, scene: &Scene<'_>) -> bool {
    let runs = |section: &Section| section.ended.is_none() && section.begun.is_some();
    row.is_head && row.section.is_some_and(runs) && runs_of(row.source, scene).is_some()
}

/// How it ended, or how long it runs.
fn stands(section: &Section, source: &Source, scene: &Scene<'_>) -> (String, Role) {
    if let Some(ended) = &section.ended {
        let role = if ended.is_bad { Role::Fail } else { Role::Ok };
        let took = ended.took().map(short).unwrap_or_default();
        return (
            format!("{} {took}", ended.status).trim_end().to_owned(),
            role,
        );
    }
    match (runs_of(source, scene), section.begun) {
        (Some(_), Some(begun)) => {
            let spent = short(scene.now.since(begun));
            (format!("runs {spent}"), Role::Run)
        }
        (Some(_), None) => ("runs".to_owned(), Role::Run),
        (None, _) => (String::new(), Role::Strong),
    }
}

fn lines(section: &Section) -> String {
    match section.lines {
        0 => String::new(),
        many => counted(many as u64, "line"),
    }
}

/// The deployment whose step goes through the phase now.
fn runs_of<'a>(source: &Source, scene: &Scene<'a>) -> Option<&'a Deployment> {
    let no = source.no.filter(|_| source.kind == SourceKind::Out)?;
    let d = scene.world.current(&source.stack)?;
    let run = d.steps.get(&StepId::from(source.name.as_str()));
    (d.no() == no && run.is_some_and(StepRun::is_live)).then_some(&**d)
}

/// What the phase usually takes; nothing where no earlier one tells.
fn usually(source: &Source, ring: &Ring, scene: &Scene<'_>) -> Option<Usual> {
    match source.kind {
        SourceKind::Out => {
            let step: StepId = source.name.as_str().into();
            let part = source.part.as_str();
            scene
                .world
                .usual_phase(&source.stack, &step, part, source.no)
        }
        // Of what is not deployed from here the lines alone tell: of the builds that are kept.
        SourceKind::Logs => usual_of(ring.took_elsewhere(source), Basis::Stack),
        SourceKind::Events | SourceKind::Engine => None,
    }
}
