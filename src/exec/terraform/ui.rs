//! What the lines say that the programs write for machines.

use std::borrow::Cow;

use serde::Deserialize;

use crate::domain::failure::Failure;
use crate::domain::ids::StackId;
use crate::domain::line::Severity;
use crate::exec::process::Said;

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(rename = "@message", borrow)]
    message: Cow<'a, str>,
    #[serde(rename = "type", default, borrow)]
    kind: Cow<'a, str>,
    #[serde(default, borrow)]
    diagnostic: Option<Diagnostic<'a>>,
}

#[derive(Deserialize)]
struct Diagnostic<'a> {
    #[serde(default, borrow)]
    severity: Cow<'a, str>,
    #[serde(default, borrow)]
    summary: Cow<'a, str>,
    #[serde(default, borrow)]
    detail: Cow<'a, str>,
    #[serde(default, borrow)]
    address: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    range: Option<Range<'a>>,
    /// What stands there.
    #[serde(default, borrow)]
    snippet: Option<Snippet<'a>>,
}

#[derive(Deserialize)]
struct Snippet<'a> {
    #[serde(borrow)]
    code: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Range<'a> {
    #[serde(borrow)]
    filename: Cow<'a, str>,
    start: Start,
}

#[derive(Deserialize)]
struct Start {
    line: u64,
}

/// What a line says; none for one that says nothing, or values alone.
pub(super) fn says(line: &str) -> Option<Said<'_>> {
    let said = |severity, text| Said {
        severity,
        part: Cow::Borrowed(""),
        text,
    };
    let Ok(read) = serde_json::from_str::<Line<'_>>(line) else {
        let line = Some(line).filter(|line| !line.trim().is_empty())?;
        let part = fetched(line).map_or(Cow::Borrowed(""), Cow::Owned);
        let said = said(Severity::Info, Cow::Borrowed(line));
        return Some(Said { part, ..said });
    };
    match read.diagnostic {
        Some(found) => {
            let severity = if found.severity == "error" {
                Severity::Error
            } else {
                Severity::Warn
            };
            Some(said(severity, Cow::Owned(found.says())))
        }
        None if read.kind == "outputs" => None,
        // It names the resource first.
        None => Some(said(Severity::Info, read.message)),
    }
}

/// What a line is about that tells of a module that is fetched.
fn fetched(line: &str) -> Option<String> {
    let name = match line.strip_prefix("Downloading ") {
        Some(rest) => rest.rsplit_once(" for ")?.1.trim_end_matches("..."),
        None => line.trim_start().strip_prefix("- ")?.split_once(" in ")?.0,
    };
    (!name.is_empty() && !name.contains(' ')).then(|| format!("FetchModule({name})"))
}

/// A failure told by its cause, where the program wrote it for people: over several lines, of which
/// the first says what is wrong.
pub(super) fn cause(failure: Failure, what: &str) -> Failure {
    let mut lines = failure.detail.lines();
    let Some(first) = lines.find_map(|line| line.strip_prefix("Error: ")) else {
        return failure;
    };
    let place = lines
        .take(3)
        .find_map(|line| line.trim().strip_prefix("on "));
    let place = place.map_or_else(String::new, |place| {
        format!(" ({})", place.split(':').next().unwrap_or(place))
    });
    let summary = format!("{what}: {first}{place}");
    Failure { summary, ..failure }
}

/// A failure that says what to deploy first, where what comes before a part has not the outputs that
/// this needs.
pub(super) fn before(failure: Failure, stack: &StackId) -> Failure {
    let says = |part: &str| failure.detail.contains(part);
    let lacks = says("Unsupported attribute") && says("terraform_remote_state");
    if !lacks && !says("Unable to find remote state") {
        return failure;
    }
    let whole = stack.whole();
    failure.hint(format!(
        "what comes before it is not there as it needs that: `holdpoint deploy {whole}` deploys all parts in their order"
    ))
}

/// What stands in what is told of a state that is locked.
const LOCK: &str = "Lock Info";

impl Diagnostic<'_> {
    fn says(&self) -> String {
        let about = self.address.as_ref();
        let about = about.map_or_else(String::new, |address| format!("{address}: "));
        let place = self.range.as_ref().map_or_else(String::new, |range| {
            format!(" ({} line {})", range.filename, range.start.line)
        });
        let between = if self.detail.contains(LOCK) {
            "; "
        } else {
            " "
        };
        let detail: Vec<&str> = self.detail.lines().map(str::trim).collect();
        let detail: Vec<&str> = detail.into_iter().filter(|line| !line.is_empty()).collect();
        let detail = match detail.join(between) {
            none if none.is_empty() => none,
            detail => format!(": {detail}"),
        };
        // Of a block the place says enough.
        let code = self.snippet.as_ref().map(|snippet| snippet.code.trim());
        let code = code.filter(|code| !code.ends_with('{'));
        let code = code.map_or_else(String::new, |code| format!(": {code}"));
        format!("{about}{}{detail}{place}{code}", self.summary)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_that_is_fetched_is_named() {
        for (line, part) in [
            (
                "Downloading git::https://git.example.com/a.git?ref=v1 for a...",
                "FetchModule(a)",
            ),
            ("- a in .terraform/modules/a/terraform", "FetchModule(a)"),
            ("- a.vpc in .terraform/modules/a.vpc", "FetchModule(a.vpc)"),
            ("- Installed hashicorp/aws v5.100.0 (unauthenticated)", ""),
            (
                "- Finding hashicorp/aws versions matching \"5.100.0\" in the mirror...",
                "",
            ),
            ("Initializing modules...", ""),
        ] {
            assert_eq!(says(line).unwrap().part, part, "{line}");
        }
    }

    #[test]
    fn a_cause_is_told_and_not_its_last_words() {
        let detail = "Initializing\n\nError: Unclosed configuration block\n\n  on modules/bad/main.tf line 2, in resource \"a\" \"b\":\n   2: {\n\nThis may be caused by\nincorrect nesting elsewhere.";
        let failure = cause(
            Failure::new("init: it ended").detail(detail),
            "init: terraform init",
        );
        assert_eq!(
            failure.summary,
            "init: terraform init: Unclosed configuration block (modules/bad/main.tf line 2, in resource \"a\" \"b\")"
        );
    }

    #[test]
    fn a_line_says_what_of_which_resource() {
        let line = r#"{"@level":"info","@message":"module.a.terraform_data.x: Plan to create","@module":"terraform.ui","change":{"resource":{"addr":"module.a.terraform_data.x"},"action":"create"},"type":"planned_change"}"#;
        assert_eq!(
            &*says(line).unwrap().text,
            "module.a.terraform_data.x: Plan to create"
        );
        let line = r#"{"@level":"error","@message":"Error: bad","diagnostic":{"severity":"error","summary":"bad","detail":"one\n\ntwo","address":"a.b","range":{"filename":"main.tf","start":{"line":3,"column":1,"byte":1},"end":{"line":3,"column":1,"byte":1}}},"type":"diagnostic"}"#;
        let said = says(line).unwrap();
        assert_eq!(
            (said.severity, &*said.text),
            (Severity::Error, "a.b: bad: one two (main.tf line 3)")
        );
        let line = r#"{"@level":"error","@message":"Error: x","diagnostic":{"severity":"error","summary":"Unsupported attribute","detail":"no a","range":{"filename":"main.tf","start":{"line":3}},"snippet":{"code":"    x = data.terraform_remote_state.nl.outputs.a"}},"type":"diagnostic"}"#;
        let text = says(line).unwrap().text.into_owned();
        assert_eq!(
            text,
            "Unsupported attribute: no a (main.tf line 3): x = data.terraform_remote_state.nl.outputs.a"
        );
        let stack: StackId = "dev/shop/nl/cart".parse().unwrap();
        let failure = before(Failure::new("plan: it failed").detail(text), &stack);
        assert!(failure.hint.contains("`holdpoint deploy dev/shop`"));
        assert_eq!(before(Failure::new("x"), &stack), Failure::new("x"));
        assert!(says(r#"{"@message":"Outputs: 1","type":"outputs"}"#).is_none());
        assert!(says("").is_none());
        assert_eq!(&*says("Initializing").unwrap().text, "Initializing");
    }
}
