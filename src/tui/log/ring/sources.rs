//! Where the lines of a ring come from: each source is kept once.

use std::collections::HashMap;

use crate::domain::ids::{DeploymentNo, StackId};
use crate::domain::line::{Line, SourceKind};
use crate::text::safe::Safe;

use super::Ring;

/// Where lines come from: what they share is stored once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Source {
    /// What kind.
    pub kind: SourceKind,
    /// Its name.
    pub name: Safe,
    /// The part within it.
    pub part: Safe,
    /// The stack.
    pub stack: StackId,
    /// The deployment, where known.
    pub no: Option<DeploymentNo>,
    /// Which time it goes through its phases, where its part is one.
    pub run: Option<u32>,
}

impl Ring {
    pub(super) fn intern(&mut self, line: &Line) -> u32 {
        let source = Source {
            kind: line.kind,
            name: line.source.clone(),
            part: line.part.clone(),
            stack: line.stack.clone(),
            no: line.no,
            run: line.phase.as_ref().map(|phase| phase.run),
        };
        if let Some(known) = self.by_source.get(&source) {
            return *known;
        }
        let id = self.sources.len() as u32;
        self.sources.push(source.clone());
        self.by_source.insert(source, id);
        id
    }

    pub(super) fn forget_sources(&mut self) {
        let old = std::mem::take(&mut self.sources);
        let mut phases = std::mem::take(&mut self.sections);
        self.by_source.clear();
        let mut moved: HashMap<u32, u32> = HashMap::new();
        for chunk in &mut self.chunks {
            for record in &mut chunk.records[chunk.from..] {
                record.source = *moved.entry(record.source).or_insert_with(|| {
                    let source = old[record.source as usize].clone();
                    let id = self.sources.len() as u32;
                    self.sources.push(source.clone());
                    self.by_source.insert(source, id);
                    let phase = phases.get_mut(record.source as usize);
                    self.sections.push(phase.and_then(Option::take));
                    id
                });
            }
            let from = chunk.from;
            chunk.records[..from]
                .iter_mut()
                .for_each(|record| record.source = 0);
        }
    }
}
