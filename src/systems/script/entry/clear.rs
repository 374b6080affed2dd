//! Secrets in clear text in `script:` of an application.

use crate::domain::secret_ref::SecretRef;
use crate::secrets;
use crate::systems::entry::Remarks;
use crate::text::document::Node;
use crate::text::secret;

/// What to do instead of a secret.
const FETCH: &str = "give the command a variable: `secrets: { NAME: env:NAME }` or `secrets: { NAME: file:/whole/path }` beside `steps`; \
    it is read when a step starts, kept nowhere, and covered in the output";

/// Variables and words of commands that are secrets in clear text. `entry` is what stands in the
/// file, whatever else is wrong with it.
pub(in crate::systems::script) fn secrets(app: &str, entry: &Node) -> Remarks {
    let mut told = Remarks::default();
    for (name, value) in entry.get("env").map_or(&[][..], Node::entries) {
        if value
            .text()
            .is_some_and(|text| secret::is_kept_in(&name.name, text))
        {
            let says = format!(
                "{} of {app} is a secret in clear text, and would be kept with every deployment",
                name.name
            );
            told.say("secret", &["env", &name.name], says, FETCH);
        }
    }
    for list in ["secrets", "secret_files"] {
        for (name, value) in entry.get(list).map_or(&[][..], Node::entries) {
            if value
                .text()
                .is_some_and(|text| text.parse::<SecretRef>().is_err())
            {
                let says = format!(
                    "{} of {app} says no place where the secret is: is it the secret itself?",
                    name.name
                );
                told.say(
                    "secret",
                    &[list, &name.name],
                    says,
                    format!("write {}", secrets::forms()),
                );
            }
        }
    }
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
