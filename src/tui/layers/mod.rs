//! The layers above the panes: cards, forms, lists to choose from, pages to read. A layer is a pane
//! on a stack; none opens by itself.

pub mod card;
pub mod choose;
pub mod field;
mod foot;
pub mod form;
pub mod freeze;
pub mod hold;
pub mod page;
pub mod paper;
pub mod parameter;

use crate::domain::ask::{Answer, Ask};
use crate::domain::ids::AskId;
use crate::domain::time::Time;

use super::pane::{Flow, Pane};

/// A pane above the others. What it asks of the desk comes back as data, and so does the answer.
pub trait Layer: Pane {
    /// What it wants asked without a key: a card its preview.
    fn due(&mut self, _now: Time) -> Option<Ask> {
        None
    }

    /// What it wanted asked is on its way under this id, or could not be asked.
    fn asked(&mut self, _asked: Result<AskId, &str>, _now: Time) {}

    /// The answer to something that it asked.
    fn answered(&mut self, _id: AskId, _answer: &Answer, _now: Time) -> Flow {
        Flow::Used
    }
}

/// Which layer; no number is given twice, so that an answer finds the layer that asked, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerNo(u64);

/// The stack of layers.
#[derive(Default)]
pub struct Layers {
    stack: Vec<(LayerNo, Box<dyn Layer>)>,
    last: u64,
}

impl Layers {
    /// Opens a layer above all others.
    pub fn push(&mut self, layer: impl Layer + 'static) {
        self.last += 1;
        self.stack.push((LayerNo(self.last), Box::new(layer)));
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stack.is_empty()
    }

    /// The number of the top one.
    #[must_use]
    pub fn top(&self) -> Option<LayerNo> {
        self.stack.last().map(|(no, _)| *no)
    }

    /// The top one, to look at.
    #[must_use]
    pub fn seen(&self) -> Option<&dyn Layer> {
        self.stack.last().map(|(_, layer)| layer.as_ref())
    }

    /// The layer of that number, while it is open.
    pub fn get(&mut self, no: LayerNo) -> Option<&mut (dyn Layer + 'static)> {
        self.stack
            .iter_mut()
            .find(|(other, _)| *other == no)
            .map(|(_, layer)| layer.as_mut())
    }

    /// All layers, the lowest first.
    pub fn iter(&self) -> impl Iterator<Item = &dyn Layer> {
        self.stack
            .iter()
            .map(|(_, layer)| layer.as_ref() as &dyn Layer)
    }

    /// All layers with their numbers, the lowest first.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (LayerNo, &mut (dyn Layer + 'static))> {
        self.stack
            .iter_mut()
            .map(|(no, layer)| (*no, layer.as_mut()))
    }

    /// Closes a layer.
    pub fn close(&mut self, no: LayerNo) {
        self.stack.retain(|(other, _)| *other != no);
    }

    /// Closes the top one; false when there is none.
    pub fn pop(&mut self) -> bool {
        self.stack.pop().is_some()
    }

    /// Closes all.
    pub fn clear(&mut self) {
        self.stack.clear();
    }
}
