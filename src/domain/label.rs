//! Lines of cards, and the labels that they may have.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One line of a card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardLine {
    /// What it is about.
    pub label: Label,
    /// The text; already safe for a screen.
    pub text: String,
}

macro_rules! labels {
    ($($name:ident = $word:literal: $doc:literal,)*) => {
        /// What a line of a card is about, in the order in which cards show them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Label {
            $(#[doc = $doc] #[serde(rename = $word)] $name,)*
        }

        impl Label {
            /// What people read.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

labels! {
    Step = "STEP": "The step, the deployment and the stack.",
    Does = "DOES": "What is done.",
    With = "WITH": "By which files, parameters or flags.",
    Goes = "GOES": "What is gone afterwards.",
    Stays = "STAYS": "What is left as it is.",
    Blocks = "BLOCKS": "Who has to wait.",
    Downtime = "DOWNTIME": "How long nothing serves.",
    Replaces = "REPLACES": "What is made anew.",
    Changes = "CHANGES": "How much changes.",
    Plan = "PLAN": "Which plan.",
    Undo = "UNDO": "How it is undone.",
    Running = "RUNNING": "What runs there.",
    Queued = "QUEUED": "What waits there.",
    Then = "THEN": "What comes after.",
    RunsOn = "RUNS ON": "The place.",
    When = "WHEN": "From when, until when.",
    AskedBy = "ASKED BY": "Who asked, and when.",
    Choices = "CHOICES": "What may be chosen.",
    Because = "BECAUSE": "Why.",
    Ways = "WAYS": "The ways that were not taken.",
    Says = "SAYS": "What the planner says of it.",
    Changed = "CHANGED": "What is other than it was when it was shown last.",
    IfYes = "IF YES": "What an approval does.",
    IfNo = "IF NO": "What a rejection does.",
    IfNobody = "IF NOBODY": "What comes of it when nobody decides.",
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
