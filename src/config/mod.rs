//! Files that people write, read into typed settings: the estate, the key map, themes, settings. Every error is found at once and
//! has file, line and column. It reads and checks; it runs nothing, reaches nothing, and knows no system's own formats.

mod bundle;
mod entries;
mod estate;
mod raw;
mod reach;
mod secrets;
mod shape;

pub mod keymap;
pub mod settings;
pub mod theme;
pub mod trust;

use std::io::Read as _;
use std::path::{Path, PathBuf};

pub use bundle::{BundleError, Caps, gather};
pub use estate::HOLD_EXPIRY;
pub use keymap::{Keymap, Rule};
pub use reach::Reach;
pub use settings::{Colours, GlyphSet, Settings};
pub use theme::{Colour, Style, ThemeFile};
pub use trust::Trust;

use crate::domain::diagnostic::{Diagnostic, Diagnostics};
use crate::domain::document::Limits;
use crate::domain::estate::{Application, Catalog, Entry, Estate};
use crate::domain::ids::StackId;
use crate::domain::request::{SourceBundle, Spec};
use crate::domain::safe::Safe;

/// The name of an estate file.
pub const FILE: &str = "holdpoint.yaml";

/// An estate file, read and checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// What it says.
    pub estate: Estate,
    /// The file.
    pub file: PathBuf,
    /// The folder whose files it may name.
    pub folder: PathBuf,
    /// What it is trusted for.
    pub reach: Reach,
    /// Whether it is the practice estate.
    pub practice: bool,
}

/// The estate file to use: the named one, else the one of the working folder, else the one of the user's configuration folder.
#[must_use]
pub fn discover(named: Option<&Path>, working: &Path, configuration: &Path) -> Option<PathBuf> {
    match named {
        Some(named) => Some(named.to_owned()),
        None => [working.join(FILE), configuration.join(FILE)].into_iter().find(|path| path.exists()),
    }
}

/// Reads an estate file.
///
/// # Errors
/// Everything that is wrong with it.
pub fn load(file: &Path) -> Result<Loaded, Diagnostics> {
    match examine(file) {
        (Some(loaded), found) if found.is_empty() => Ok(loaded),
        (_, found) => Err(found),
    }
}

/// What is right of an estate file, and everything that is wrong with it: for those who want to know all of it.
#[must_use]
pub fn examine(file: &Path) -> (Option<Loaded>, Diagnostics) {
    let name = file.to_string_lossy();
    let read = || {
        let opened = std::fs::File::open(file)?;
        if !opened.metadata()?.is_file() {
            return Err(std::io::Error::other("it is no ordinary file"));
        }
        let mut bytes = Vec::new();
        // One byte more than is read: what is too big is said to be too big.
        opened.take(Limits::CONFIGURATION.bytes as u64 + 1).read_to_end(&mut bytes)?;
        Ok((bytes, file.canonicalize()?))
    };
    let (bytes, full) = match read() {
        Ok(read) => read,
        Err(why) => {
            let hint = "name an estate file with --estate, or write holdpoint.yaml here";
            return (None, Diagnostic::of_file("unreadable", &name, &format!("{name} cannot be read: {why}"), hint).into());
        }
    };
    let folder = full.parent().map(Path::to_owned).unwrap_or_default();
    let (estate, found) = estate::examine(&name, &bytes, &folder);
    let loaded = estate.map(|estate| Loaded { reach: Reach::of(&estate), estate, file: full, folder, practice: false });
    (loaded, found)
}

/// What each stack would be deployed from now. `resolve` reads a system's own files.
pub fn catalog(loaded: &Loaded, resolve: impl Fn(&StackId, &Application, &SourceBundle) -> Result<Spec, Diagnostics>) -> Catalog {
    let mut catalog = Catalog {
        file: Safe::new(&loaded.file.to_string_lossy()).to_string(),
        practice: loaded.practice,
        environments: loaded.estate.environments.clone(),
        stacks: std::collections::BTreeMap::new(),
    };
    for (stack, app, spec, bundle) in specs(loaded, resolve) {
        let here = |other: &&crate::domain::ids::AppName| {
            loaded.estate.applications.get(other).is_some_and(|other| other.environments.contains(&stack.env))
        };
        let depends_on = app.depends_on.iter().filter(here).cloned().collect();
        let spec = spec.map_err(|found| found.to_string());
        catalog.stacks.insert(stack, Entry { spec, bundle, depends_on });
    }
    catalog
}

/// Something wrong with a file that an estate names.
#[derive(Debug, Clone, PartialEq)]
pub struct Wrong {
    /// A stack that it concerns; none for what concerns an environment.
    pub stack: Option<StackId>,
    /// What.
    pub what: Diagnostic,
}

/// Everything that is wrong with the files that an estate names; what concerns several stacks alike is said of the first.
pub fn wrong_files(loaded: &Loaded, resolve: impl Fn(&StackId, &Application, &SourceBundle) -> Result<Spec, Diagnostics>) -> Vec<Wrong> {
    let bundles = loaded.estate.environments.iter().filter_map(|(env, record)| {
        let path = record.aws.as_ref()?.ca_bundle.as_deref()?;
        let why = authorities(Path::new(path)).err()?;
        let says = format!("the certificate authorities of environment {env} cannot be used: {why}");
        let what = Diagnostic::of_file("ca-bundle", path, &says, "ca_bundle names a file with certificates in PEM form");
        Some(Wrong { stack: None, what })
    });
    let mut wrong: Vec<Wrong> = bundles.collect();
    for (stack, _, spec, _) in specs(loaded, resolve) {
        for what in spec.err().into_iter().flat_map(|found| found.0) {
            if wrong.iter().all(|one| one.what != what) {
                wrong.push(Wrong { stack: Some(stack.clone()), what });
            }
        }
    }
    wrong
}

/// The spec of every stack with the files that it was made from.
fn specs(
    loaded: &Loaded,
    resolve: impl Fn(&StackId, &Application, &SourceBundle) -> Result<Spec, Diagnostics>,
) -> Vec<(StackId, &Application, Result<Spec, Diagnostics>, SourceBundle)> {
    let mut specs = Vec::new();
    for (name, app) in &loaded.estate.applications {
        let gathered = gather(&loaded.folder, app, Caps::default());
        for env in &app.environments {
            let stack = StackId::new(env.clone(), name.clone());
            let (spec, bundle) = match &gathered {
                Ok(bundle) => (resolve(&stack, app, bundle), bundle.clone()),
                Err(error) => (Err(error.told(&loaded.file).into()), SourceBundle::default()),
            };
            specs.push((stack, app, spec, bundle));
        }
    }
    specs
}

/// Whether a file holds certificates.
fn authorities(file: &Path) -> Result<(), String> {
    let pem = std::fs::read(file).map_err(|why| why.to_string())?;
    let begins = b"-----BEGIN CERTIFICATE-----";
    if pem.windows(begins.len()).any(|window| window == begins) { Ok(()) } else { Err("there is no PEM certificate in it".to_owned()) }
}

/// The JSON Schema of the estate file.
#[must_use]
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(raw::File).to_value();
    if let Some(fields) = schema.as_object_mut() {
        fields.insert("title".to_owned(), "Holdpoint estate".into());
    }
    schema
}
