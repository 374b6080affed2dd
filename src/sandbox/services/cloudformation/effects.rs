//! What a resource does to the rest of the embedded cloud: its name and its id, and what stands
//! behind it. Nested stacks are made here; everything else is made by the service that brings the
//! type.

use super::{CfnStack, CloudFormation, Resource, Until, nested};
use crate::sandbox::catalog::{self, ResourceType};
use crate::sandbox::door::Ready;
use crate::sandbox::realm::Cx;

/// Gives a new resource its name and its physical id.
pub fn name(
    stack: &CfnStack,
    logical: &str,
    kind: &ResourceType,
    given: Option<String>,
    row: &mut Resource,
    cx: &mut Cx<'_>,
) {
    let lower = |text: String| {
        if kind.lower {
            text.to_lowercase()
        } else {
            text
        }
    };
    let random = lower(cx.dice.letters(12));
    let generated = || {
        catalog::fill(
            &kind.generated,
            &[
                ("stack", &stack.name),
                ("logical", logical),
                ("random", &random),
            ],
        )
    };
    row.name = given.unwrap_or_else(|| lower(generated()));
    let own = cx.realm().places(&row.thing());
    let everywhere = [
        ("name", row.name.as_str()),
        ("account", &cx.place.account),
        ("region", &cx.place.region),
        ("random", &random),
        ("six", random.get(..6).unwrap_or(&random)),
        ("stack", &stack.name),
        ("logical", logical),
    ];
    let places: Vec<(&str, &str)> = everywhere
        .into_iter()
        .chain(own.iter().map(|(place, value)| (*place, value.as_str())))
        .collect();
    row.physical = catalog::fill(&kind.id, &places);
}

/// Makes or changes the real thing behind a resource. `None`: it is ready after its usual time.
pub fn make(
    own: &mut CloudFormation,
    stack: &CfnStack,
    row: &Resource,
    is_new: bool,
    cx: &mut Cx<'_>,
) -> Result<Option<Until>, String> {
    if row.kind == nested::KIND {
        return nested::make(own, stack, row, is_new, cx).map(Some);
    }
    cx.make(&row.thing(), is_new).map(until)
}

/// Removes the real thing behind a resource. `None`: it is gone after its usual time.
pub fn remove(
    own: &mut CloudFormation,
    row: &Resource,
    cx: &mut Cx<'_>,
) -> Result<Option<Until>, String> {
    if row.kind == nested::KIND {
        return Ok(nested::remove(own, row, cx));
    }
    cx.remove(&row.thing()).map(until)
}

fn until(ready: Ready) -> Option<Until> {
    match ready {
        Ready::InTime => None,
        Ready::WhenSaid => Some(Until::Ready),
    }
}
