//! Secrets in clear text in `script:` of an application.

use crate::systems::entry::Remarks;
use crate::systems::variables;
use crate::text::document::Node;
use crate::text::secret;

/// What to do instead of a secret.
const FETCH: &str = "give the command a variable: `secrets: { NAME: env:NAME }` or `secrets: { NAME: file:/whole/path }` beside `steps`; \
    it is read when a step starts, kept nowhere, and covered in the output";

/// Variables and words of commands that are secrets in clear text. `entry` is what stands in the
/// file, whatever else is wrong with it.
pub(in crate::systems::script) fn secrets(app: &str, entry: &Node) -> Remarks {
    let mut told = variables::in_clear(app, entry, &["secrets", "secret_files"], FETCH);
    for path in [&["steps"][..], &["teardown", "steps"]] {
        let steps = path.iter().try_fold(entry, |node, part| node.get(part));
        for (step, node) in steps.map_or(&[][..], Node::entries) {
            let command = node.get("command").map_or(&[][..], Node::items);
            let texts: Vec<String> = command
                .iter()
                .map(|word| word.text().unwrap_or_default().to_owned())
                .collect();
            for n in secret::in_words(&texts) {
                let says = format!(
                    "the command of step {} of {app} has a secret in clear text, and would be kept with every deployment",
                    step.name
                );
                told.say(
                    "secret",
                    &[path, &[&step.name, "command", &n.to_string()]].concat(),
                    says,
                    FETCH,
                );
            }
        }
    }
    told
}
