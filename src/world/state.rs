//! The state words: what a stack is in, in one word, one glyph and one role of the theme. The order
//! is the order of need.

/// What a stack is in. The first needs a person most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// The service is at zero.
    Down,
    /// The last deployment failed; the queue goes on.
    Fail,
    /// The stack is broken; its queue stands.
    Brok,
    /// Nobody can tell what became of a step.
    Unkn,
    /// A person decides.
    Hold,
    /// No contact with the outside; a step waits.
    Lost,
    /// What is shown is old: the last look failed.
    Stale,
    /// Nobody has looked at it yet.
    Blank,
    /// The real stack rolls back.
    Roll,
    /// A cancel is under way.
    Canc,
    /// The real stack is being changed by somebody else.
    RunOutside,
    /// A deployment runs.
    Run,
    /// Asked, and still to be undone.
    Armed,
    /// Waiting.
    Que,
    /// The queue is stopped.
    Froz,
    /// The last deployment was cancelled half-way, and nothing brought back what it changed.
    Cut,
    /// What another stack gives it is something else by now.
    Input,
    /// All is well.
    Ok,
    /// It was never deployed.
    New,
    /// It was torn down.
    Gone,
}

impl State {
    /// All of them, in the order of need.
    pub const ALL: [State; 20] = [
        State::Down,
        State::Fail,
        State::Brok,
        State::Unkn,
        State::Hold,
        State::Lost,
        State::Stale,
        State::Blank,
        State::Roll,
        State::Canc,
        State::RunOutside,
        State::Run,
        State::Armed,
        State::Que,
        State::Froz,
        State::Cut,
        State::Input,
        State::Ok,
        State::New,
        State::Gone,
    ];

    /// The word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            State::Down => "DOWN",
            State::Fail => "FAIL",
            State::Brok => "BROK",
            State::Unkn => "UNKN",
            State::Hold => "HOLD",
            State::Lost => "LOST",
            State::Stale => "STALE",
            State::Blank => "BLANK",
            State::Roll => "ROLL",
            State::Canc => "CANC",
            State::RunOutside => "RUN outside",
            State::Run => "RUN",
            State::Armed => "ARMED",
            State::Que => "QUE",
            State::Froz => "FROZ",
            State::Cut => "CUT",
            State::Input => "INPUT",
            State::Ok => "OK",
            State::New => "NEW",
            State::Gone => "GONE",
        }
    }

    /// The glyph: one cell wide in every terminal, and no emoji.
    #[must_use]
    pub fn glyph(self) -> &'static str {
        match self {
            State::Down => "!",
            State::Fail | State::Brok => "\u{2717}",
            State::Unkn | State::Hold => "?",
            State::Lost | State::Stale => "~",
            State::Blank => "\u{00B7}",
            State::Roll => "\u{21BA}",
            State::Canc | State::Cut | State::Gone => "-",
            State::RunOutside | State::Run => "\u{283F}",
            State::Armed | State::Que => "\u{25F7}",
            State::Froz => "\u{2298}",
            State::Input => "\u{2260}",
            State::Ok => "\u{2713}",
            State::New => "\u{25CC}",
        }
    }

    /// The glyph where only ASCII can be shown.
    #[must_use]
    pub fn ascii(self) -> &'static str {
        match self {
            State::Down => "!",
            State::Fail | State::Brok => "x",
            State::Unkn | State::Hold => "?",
            State::Lost | State::Stale => "~",
            State::Blank => ":",
            State::Roll => "<",
            State::Canc | State::Cut | State::Gone => "-",
            State::RunOutside | State::Run => "*",
            State::Armed | State::Que | State::New => ".",
            State::Froz => "=",
            State::Input => "%",
            State::Ok => "+",
        }
    }

    /// The theme's role.
    #[must_use]
    pub fn role(self) -> &'static str {
        match self {
            State::Down => "down",
            State::Fail | State::Brok => "fail",
            State::Unkn | State::Hold => "hold",
            State::Lost | State::Stale | State::Blank | State::Input => "stale",
            State::Roll => "roll",
            State::Canc | State::RunOutside | State::Run => "run",
            State::Armed | State::Que => "queue",
            State::Froz => "frozen",
            State::Ok => "ok",
            State::Cut | State::New | State::Gone => "idle",
        }
    }

    /// True where nothing goes on, nothing waits, and nothing is known to be wrong.
    #[must_use]
    pub fn is_at_rest(self) -> bool {
        match self {
            State::Ok | State::New | State::Gone => true,
            State::Down
            | State::Fail
            | State::Brok
            | State::Unkn
            | State::Hold
            | State::Lost
            | State::Stale
            | State::Blank
            | State::Roll
            | State::Canc
            | State::RunOutside
            | State::Run
            | State::Armed
            | State::Que
            | State::Froz
            | State::Cut
            | State::Input => false,
        }
    }

    /// True while something goes on by itself.
    #[must_use]
    pub fn moves(self) -> bool {
        match self {
            State::Roll | State::Canc | State::RunOutside | State::Run | State::Armed => true,
            State::Down
            | State::Fail
            | State::Brok
            | State::Unkn
            | State::Hold
            | State::Lost
            | State::Stale
            | State::Blank
            | State::Que
            | State::Froz
            | State::Cut
            | State::Input
            | State::Ok
            | State::New
            | State::Gone => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_the_order_of_need_and_every_word_is_its_own() {
        assert!(State::ALL.is_sorted());
        let words: std::collections::BTreeSet<_> =
            State::ALL.iter().map(|state| state.word()).collect();
        assert_eq!(
            words.len(),
            State::ALL.len(),
            "states must be distinguishable by word alone"
        );
        for state in State::ALL {
            assert_eq!(state.ascii().len(), 1, "{state:?}");
            assert_eq!(state.glyph().chars().count(), 1, "{state:?}");
        }
    }
}
