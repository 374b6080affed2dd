//! Which lines of the ring are shown: those that no fold hides, or those that a filter finds with
//! what stands around them, folded or not.

use super::find::Hits;
use super::ring::Ring;

/// The first shown line at or after a place.
pub(super) fn at_or_after(ring: &Ring, filter: &mut Option<Hits>, row: usize) -> Option<usize> {
    if filter.is_none() {
        return ring.open_at_or_after(row);
    }
    passes_after(ring, filter, row)
}

/// The first line at or after a place that the filter lets pass, folded or not.
pub(super) fn passes_after(ring: &Ring, filter: &mut Option<Hits>, row: usize) -> Option<usize> {
    if row >= ring.len() {
        return None;
    }
    let Some(hits) = filter else { return Some(row) };
    let around = hits.query.around;
    let hit = hits.at_or_after(ring, row.saturating_sub(around))?;
    Some(hit.saturating_sub(around).max(row))
}

/// The last shown line at or before a place.
pub(super) fn at_or_before(ring: &Ring, filter: &mut Option<Hits>, row: usize) -> Option<usize> {
    if filter.is_none() {
        return ring.open_at_or_before(row.min(ring.len().checked_sub(1)?));
    }
    passes_before(ring, filter, row)
}

/// The last line at or before a place that the filter lets pass, folded or not.
pub(super) fn passes_before(ring: &Ring, filter: &mut Option<Hits>, row: usize) -> Option<usize> {
    let row = row.min(ring.len().checked_sub(1)?);
    let Some(hits) = filter else { return Some(row) };
    let around = hits.query.around;
    let hit = hits.at_or_before(ring, (row + around).min(ring.len() - 1))?;
    Some((hit + around).min(row))
}

/// The shown line after this one.
pub(super) fn after(ring: &Ring, filter: &mut Option<Hits>, row: usize) -> Option<usize> {
    at_or_after(ring, filter, row + 1)
}

/// The shown line before this one.
pub(super) fn before(ring: &Ring, filter: &mut Option<Hits>, row: usize) -> Option<usize> {
    at_or_before(ring, filter, row.checked_sub(1)?)
}

/// All lines between two places, both included, that the filter lets pass: what is folded belongs
/// to what is taken along.
pub(super) fn between(
    ring: &Ring,
    filter: &mut Option<Hits>,
    from: usize,
    to: usize,
) -> Vec<usize> {
    let mut rows = Vec::new();
    let mut at = passes_after(ring, filter, from);
    while let Some(row) = at.filter(|row| *row <= to) {
        rows.push(row);
        at = passes_after(ring, filter, row + 1);
    }
    rows
}
