//! The layers above the panes: cards, forms, lists to choose from, pages to read. None opens by itself.

pub mod card;
pub mod choose;
pub mod field;
pub mod freeze;
pub mod hold;
pub mod page;
pub mod paper;

use super::pane::Pane;

/// One layer.
#[derive(Debug)]
pub enum Layer {
    /// The card of a change.
    Card(Box<card::ChangeCard>),
    /// The card of a hold.
    Hold(Box<hold::HoldCard>),
    /// The form of a freeze.
    Freeze(freeze::FreezeForm),
    /// A list to choose from: palette, menu, help.
    Choose(choose::Choose),
    /// A page to read.
    Page(page::Page),
}

impl Layer {
    /// The layer as a pane.
    pub fn pane(&mut self) -> &mut dyn Pane {
        match self {
            Layer::Card(card) => card.as_mut(),
            Layer::Hold(hold) => hold.as_mut(),
            Layer::Freeze(form) => form,
            Layer::Choose(choose) => choose,
            Layer::Page(page) => page,
        }
    }

    /// The layer as a pane, to look at.
    #[must_use]
    pub fn seen(&self) -> &dyn Pane {
        match self {
            Layer::Card(card) => card.as_ref(),
            Layer::Hold(hold) => hold.as_ref(),
            Layer::Freeze(form) => form,
            Layer::Choose(choose) => choose,
            Layer::Page(page) => page,
        }
    }
}
