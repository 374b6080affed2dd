//! Secrets in clear text: what an estate file says is kept in every store for ever, so that it may hold none. Looked for in the tree
//! as written, so that they are found, and hidden, whatever else is wrong.

use crate::domain::diagnostic::{At, Diagnostic};
use crate::domain::document::{Node, Source};
use crate::domain::secret;

/// What to do instead, in a command.
const FETCH: &str =
    "let the command fetch it itself, or give it a file or the name of an entry of a secret store: a variable or word of another name";
/// What to do instead, in a template's parameter.
const RESOLVE: &str = "write {{resolve:secretsmanager:…}} or {{resolve:ssm-secure:…}}";

/// One secret that stands in the file.
pub(super) struct Found {
    at: At,
    says: String,
    hint: &'static str,
}

impl Found {
    /// As it is told; the source has it hidden.
    pub(super) fn told(&self, source: &Source) -> Diagnostic {
        source.diagnostic("secret", self.at, &self.says, self.hint)
    }
}

/// Every secret of the file.
pub(super) fn find(root: &Node) -> Vec<Found> {
    let mut found = Vec::new();
    for (app, node) in root.get("applications").map_or(&[][..], Node::entries) {
        if let Some(script) = node.get("script") {
            for (name, value) in script.get("env").map_or(&[][..], Node::entries) {
                if let Some(text) = value.text()
                    && (secret::is_name(&name.name) && secret::is_literal(text) || secret::is_in(text))
                {
                    let says = format!("{} of {} is a secret in clear text, and would be kept with every deployment", name.name, app.name);
                    found.push(Found { at: value.at, says, hint: FETCH });
                }
            }
            steps(&mut found, &app.name, script);
            if let Some(teardown) = script.get("teardown") {
                steps(&mut found, &app.name, teardown);
            }
        }
        if let Some(service) = node.get("service") {
            let of_environments = service.get("parameters_by_environment").map_or(&[][..], Node::entries).iter().map(|(_, node)| node);
            for (name, value) in service.get("parameters").into_iter().chain(of_environments).flat_map(Node::entries) {
                if let Some(text) = value.text()
                    && (secret::is_name(&name.name) && secret::is_literal(text) || secret::is_in(text))
                {
                    let says = format!("the parameter {} of {} is a secret in clear text", name.name, app.name);
                    found.push(Found { at: value.at, says, hint: RESOLVE });
                }
            }
        }
    }
    found
}

fn steps(found: &mut Vec<Found>, app: &str, script: &Node) {
    for (step, node) in script.get("steps").map_or(&[][..], Node::entries) {
        let words = node.get("command").map_or(&[][..], Node::items);
        let texts: Vec<String> = words.iter().map(|word| word.text().unwrap_or_default().to_owned()).collect();
        for n in secret::in_words(&texts) {
            let says =
                format!("the command of step {} of {app} has a secret in clear text, and would be kept with every deployment", step.name);
            found.push(Found { at: words[n].at, says, hint: FETCH });
        }
    }
}

/// The source as it may be quoted: each secret hidden in its place, so that no message repeats one.
pub(super) fn hide(source: &mut Source, found: &[Found]) {
    for one in found {
        let hidden = |(n, line): (usize, &str)| {
            if n + 1 != one.at.line {
                return line.to_owned();
            }
            let inside = |column: usize| column + 1 >= one.at.column && column + 1 < one.at.column + one.at.length;
            line.chars().enumerate().map(|(column, c)| if inside(column) { '*' } else { c }).collect()
        };
        source.text = source.text.lines().enumerate().map(hidden).collect::<Vec<_>>().join("\n");
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::estate::examine;

    #[test]
    fn a_secret_is_told_with_its_place_and_never_repeated() {
        let text = "environments: { dev: { class: development, region: r } }
applications:
  one:
    script:
      env: { DB_PASSWORD: hunter2secret, TOKEN_URL: https://x, DSN: 'postgres://a:hunter2secret@db', LEVEL: debug, wrong-name: x }
      steps:
        say: { command: [echo, --password, hunter2secret] }
        two: { command: [./run, --token-file, t] }
      teardown: { steps: { end: { command: [./end, API_KEY=hunter2secret] } } }
    environments: [dev]
  two:
    service:
      template: t.yaml
      parameters: { MasterPassword: hunter2secret, SecretArn: 'arn:x', ApiToken: '{{resolve:ssm-secure:/t}}' }
      parameters_by_environment: { dev: { ClientSecret: hunter2secret } }
    environments: [dev]
";
        let (_, found) = examine("holdpoint.yaml", text.as_bytes(), Path::new("/"));
        let secrets: Vec<_> = found.0.iter().filter(|one| one.code == "secret").map(|one| (one.at.line, one.at.column)).collect();
        assert_eq!(secrets, [(5, 27), (5, 69), (7, 44), (9, 52), (14, 37), (15, 57)], "{found}");
        let told = found.to_string();
        assert!(!told.contains("hunter2secret") && !serde_json::to_string(&found).unwrap().contains("hunter2secret"), "{told}");
        for part in ["DB_PASSWORD of one", "wrong-name", "^^^^^^^^^^^^^", "fetch it itself", "{{resolve:secretsmanager:…}}"] {
            assert!(told.contains(part), "no {part:?} in\n{told}");
        }
    }
}
