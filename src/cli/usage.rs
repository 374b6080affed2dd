//! Wrong use, for a script that wants documents: what cannot be parsed has no verb that could print
//! one.

use serde_json::json;

use super::Code;
use crate::text::json;

/// The document of a command that could not be parsed; none where no document is wanted, or where
/// help or the version was asked for.
#[must_use]
pub fn usage(why: &clap::Error, words: &[String]) -> Option<String> {
    let wanted = words
        .iter()
        .take_while(|word| *word != "--")
        .any(|word| word == "--json");
    if !wanted || !why.use_stderr() {
        return None;
    }
    let document = json!({
        "outcome": "stopped",
        "code": "usage",
        "says": why.render().to_string().trim_end(),
        "exit": Code::Wrong as u8,
    });
    json::pages(&document).ok()
}
