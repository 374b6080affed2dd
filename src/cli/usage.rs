//! Words that cannot be parsed, and help: for a script that wants documents one that says so, for
//! everybody else the text of the parser, with nothing in it that acts on a terminal.

use serde_json::json;

use super::Code;
use crate::text::json;
use crate::text::safe::shown;

/// What is printed instead of a verb's output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// The text.
    pub text: String,
    /// Whether it is the answer itself (help, the version, a document), rather than a word beside
    /// it.
    pub answer: bool,
    /// How the command ends.
    pub code: Code,
}

/// What is said of words that make no command: why, and how they are written.
#[must_use]
pub fn usage(why: &clap::Error, words: &[String]) -> Usage {
    let wrong = why.use_stderr();
    let code = if wrong { Code::Wrong } else { Code::Done };
    let rendered = why.render().to_string();
    let says = rendered.trim_end();
    let plain = Usage {
        text: shown(says).into_owned(),
        answer: !wrong,
        code,
    };
    let wanted = words
        .iter()
        .take_while(|word| *word != "--")
        .any(|word| word == "--json");
    if !wanted || !wrong {
        return plain;
    }
    let document = json!({
        "outcome": "stopped",
        "code": "usage",
        "says": says,
        "exit": code as u8,
    });
    json::pages(&document).map_or(plain, |text| Usage {
        text,
        answer: true,
        code,
    })
}
