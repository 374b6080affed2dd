//! A service that is made of o5 files: its template travels with them, and its version may be said
//! later than its files.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Body, Parts, assembled, released};
use crate::domain::ids::StackId;
use crate::domain::request::{Release, SourceBundle, SourceFile, Spec};
use crate::systems::service::entry::{Databases, ServiceEntry};
use crate::systems::service::o5::{Kept, Made, SOURCE_TAG, VERSION};
use crate::text::diagnostic::Diagnostics;
use crate::text::safe::Safe;

/// Where the template that o5 files make stands among the files of a deployment.
const RENDERED: &str = ".rendered/template.json";

impl Body {
    /// Its template, and the values of its parameters as far as they are known without looking at
    /// AWS, in the form that `aws cloudformation` takes.
    pub(in crate::systems::service) fn rendered(
        &self,
        files: &SourceBundle,
    ) -> Vec<(String, Vec<u8>)> {
        let template = files.files.get(&self.input.template.path);
        let template = template.map(|file| {
            // It travels without the spaces in which it is read.
            let read = serde_json::from_slice::<serde_json::Value>(&file.bytes);
            let pretty = read
                .ok()
                .and_then(|read| serde_json::to_vec_pretty(&read).ok());
            let bytes = pretty.unwrap_or_else(|| file.bytes.clone());
            ("template.json".to_owned(), bytes)
        });
        let given: Vec<_> = self
            .input
            .parameters
            .iter()
            .map(|(name, value)| json!({ "ParameterKey": name, "ParameterValue": value }))
            .collect();
        let given = serde_json::to_vec_pretty(&given).unwrap_or_default();
        template
            .into_iter()
            .chain([("parameters.json".to_owned(), given)])
            .collect()
    }
}

/// Puts a service together from what o5 files make; the files that are made of them come with it.
///
/// # Errors
/// Everything that is wrong with what the estate gives it.
pub(in crate::systems::service) fn spec_of_o5(
    stack: &StackId,
    entry: &ServiceEntry,
    made: Made,
    bundle: &SourceBundle,
) -> Result<(Spec, BTreeMap<String, SourceFile>), Diagnostics> {
    let mut given = made.values.known;
    given.extend(entry.given(stack.env.as_str()));
    let mut late = made.values.versions;
    late.extend(made.values.priorities.keys().cloned());
    late.retain(|name| !given.contains_key(name));
    let file = SourceFile {
        bytes: made.template,
        executable: false,
    };
    let files = BTreeMap::from([(RENDERED.to_owned(), file)]);
    let mut whole = bundle.clone();
    whole.files.extend(files.clone());
    let parts = Parts {
        path: RENDERED,
        given,
        late,
        o5: Some(Kept {
            dry: entry.databases == Databases::DryRun,
            ..made.kept
        }),
        logs: made.logs,
    };
    let spec = assembled(stack, entry, parts, &whole)?;
    let spec = match &entry.version {
        Some(version) => versioned(&spec, &version.0).unwrap_or(spec),
        None => spec,
    };
    Ok((spec, files))
}

/// The same service in another version; `None` where it has none, because it is made of a template.
pub(in crate::systems::service) fn versioned(spec: &Spec, version: &str) -> Option<Spec> {
    let mut body = Body::of(spec).ok()?;
    let kept = body.o5.as_mut()?;
    kept.version = Some(version.to_owned());
    let values = [
        (VERSION, version.to_owned()),
        (SOURCE_TAG, format!("o5/{}/{version}", kept.app)),
    ];
    let input = &mut body.input;
    for (name, value) in values {
        if input.declared.contains_key(name) {
            input.parameters.insert(name.to_owned(), value);
        }
    }
    let digest = released(
        kept.template?,
        &input.parameters,
        &input.tags,
        &kept.carried(),
    );
    // A commit is known by its beginning.
    let is_commit = version.len() == 40 && version.bytes().all(|b| b.is_ascii_hexdigit());
    let known = if is_commit { &version[..12] } else { version };
    let name = format!("{known}+{}", &digest.short()[..6]);
    Some(Spec {
        release: Release {
            name: Safe::new(&name),
            digest,
            ..spec.release.clone()
        },
        body: serde_json::to_value(&body).ok()?,
        ..spec.clone()
    })
}
