//! Secrets in clear text: what an estate file says is kept in every store for ever, so that it may
//! hold none. Looked for in the tree as written, so that they are found, and hidden, whatever else
//! is wrong.

use super::check::place;
use crate::systems::System;
use crate::systems::entry::{PERHAPS_SECRET, Remark};
use crate::text::diagnostic::{At, Diagnostic};
use crate::text::document::{Node, Source};

/// One secret that stands in the file.
pub(super) struct Found {
    at: At,
    remark: Remark,
}

impl Found {
    /// As it is told, where it surely is one; the source has it hidden.
    pub(super) fn told(&self, source: &Source) -> Option<Diagnostic> {
        let Remark {
            code, says, hint, ..
        } = &self.remark;
        (*code != PERHAPS_SECRET).then(|| source.diagnostic("secret", self.at, says, hint))
    }
}

/// Every secret of the file, and what may be one.
pub(super) fn find(root: &Node, systems: &[&dyn System]) -> Vec<Found> {
    let mut found = Vec::new();
    for (app, node) in root.get("applications").map_or(&[][..], Node::entries) {
        for system in systems {
            let Some(entry) = node.get(system.name()) else {
                continue;
            };
            let remarks = system.secrets(&app.name, entry).0.into_iter();
            found.extend(remarks.map(|remark| Found {
                at: place(entry, &remark.path, false),
                remark,
            }));
        }
    }
    found
}

/// The source as it may be quoted: each secret hidden in its place, so that no message repeats one.
pub(super) fn hide(source: &mut Source, found: &[Found]) {
    for one in found {
        source.hide(one.at);
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
      parameters: { MasterPassword: hunter2secret, PasswordReusePrevention: 24, ApiToken2: enabled, SecretArn: 'arn:x', ApiToken: '{{resolve:ssm-secure:/t}}' }
      parameters_by_environment: { dev: { ClientSecret: hunter2secret } }
    environments: [dev]
";
        let (_, found) = examine(
            "holdpoint.yaml",
            text.as_bytes(),
            Path::new("/"),
            crate::systems::all(),
            crate::places::all(),
        );
        let secrets: Vec<_> = found
            .0
            .iter()
            .filter(|one| one.code == "secret")
            .map(|one| (one.at.line, one.at.column))
            .collect();
        assert_eq!(
            secrets,
            [(5, 27), (5, 69), (7, 44), (9, 52), (14, 37), (15, 57)],
            "{found}"
        );
        let told = found.to_string();
        assert!(
            !told.contains("hunter2secret")
                && !serde_json::to_string(&found)
                    .unwrap()
                    .contains("hunter2secret"),
            "{told}"
        );
        for part in [
            "DB_PASSWORD of one",
            "wrong-name",
            "^^^^^^^^^^^^^",
            "secrets: { NAME: env:NAME }",
            "{{resolve:secretsmanager:…}}",
        ] {
            assert!(told.contains(part), "no {part:?} in\n{told}");
        }
    }
}
