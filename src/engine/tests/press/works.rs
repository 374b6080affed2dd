//! The world outside a press: what stands at the works, and every order by its token.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Mutex;

/// An edition at the works.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Edition {
    /// Its state, in the words of the works.
    pub(super) state: &'static str,
    /// The sheets that it was printed from.
    pub(super) sheets: Vec<String>,
}

#[derive(Default)]
struct Floor {
    editions: BTreeMap<String, Edition>,
    tokens: BTreeSet<String>,
    orders: Vec<String>,
    jammed: bool,
    meets: VecDeque<Meets>,
}

/// What a look meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meets {
    /// Somebody else prints there.
    Busy,
    /// Nobody answers.
    NoContact,
}

/// The works.
#[derive(Default)]
pub(super) struct Works(Mutex<Floor>);

impl Works {
    /// Takes an order; the same token is the same order.
    pub(super) fn order(&self, token: String, order: &str, edition: &str) {
        let mut floor = self.0.lock().unwrap();
        if floor.tokens.insert(token) {
            floor.orders.push(format!("{order} {edition}"));
        }
    }

    /// Whether an order came.
    pub(super) fn knows(&self, token: &str) -> bool {
        self.0.lock().unwrap().tokens.contains(token)
    }

    /// An order has had its time: says whether it went well.
    pub(super) fn finish(&self, order: &str, edition: &str, sheets: Vec<String>) -> bool {
        let mut floor = self.0.lock().unwrap();
        let well = order == "set" || !floor.jammed;
        let state = if well { "OUT" } else { "SPOILT" };
        match order {
            "pulp" if well => drop(floor.editions.remove(edition)),
            "roll" => drop(
                floor
                    .editions
                    .insert(edition.to_owned(), Edition { state, sheets }),
            ),
            _ => {}
        }
        well
    }

    pub(super) fn edition(&self, name: &str) -> Option<Edition> {
        self.0.lock().unwrap().editions.get(name).cloned()
    }

    /// Every order that came, in turn.
    pub(super) fn orders(&self) -> Vec<String> {
        self.0.lock().unwrap().orders.clone()
    }

    /// What the next looks meet, one after the other.
    pub(super) fn meet(&self, meets: &[Meets]) {
        self.0.lock().unwrap().meets.extend(meets);
    }

    /// What this look meets.
    pub(super) fn met(&self) -> Option<Meets> {
        self.0.lock().unwrap().meets.pop_front()
    }

    pub(super) fn jam(&self, jammed: bool) {
        self.0.lock().unwrap().jammed = jammed;
    }
}
