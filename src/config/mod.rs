//! Files that people write, read into typed settings: the estate, the key map, themes, settings. Every error is found at once and
//! has file, line and column. It reads and checks; it runs nothing, reaches nothing, and knows no system's own formats.

mod bundle;
mod entries;
mod estate;
mod raw;
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
pub use settings::{Colours, GlyphSet, Settings};
pub use theme::{Colour, Style, ThemeFile};
pub use trust::Trust;

use crate::domain::diagnostic::{At, Diagnostic, Diagnostics};
use crate::domain::digest::Digest;
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
    /// The digest of what it is trusted for.
    pub reach: Digest,
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
    let name = file.to_string_lossy();
    let unreadable = |why: &dyn std::fmt::Display| Diagnostic {
        code: "unreadable",
        file: Safe::new(&name),
        at: At::START,
        says: Safe::new(&format!("{name} cannot be read: {why}")),
        hint: Safe::new("name an estate file with --estate, or write holdpoint.yaml here"),
        text: String::new(),
    };
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
    let (bytes, full) = read().map_err(|why| Diagnostics::from(unreadable(&why)))?;
    let estate::Read { estate, reach } = estate::read(&name, &bytes)?;
    let folder = full.parent().map(Path::to_owned).unwrap_or_default();
    Ok(Loaded { estate, file: full, folder, reach, practice: false })
}

/// What each stack would be deployed from now. `resolve` reads a system's own files.
pub fn catalog(loaded: &Loaded, resolve: impl Fn(&StackId, &Application, &SourceBundle) -> Result<Spec, String>) -> Catalog {
    let mut catalog = Catalog {
        file: Safe::new(&loaded.file.to_string_lossy()).to_string(),
        practice: loaded.practice,
        environments: loaded.estate.environments.clone(),
        stacks: std::collections::BTreeMap::new(),
    };
    for (name, app) in &loaded.estate.applications {
        let gathered = gather(&loaded.folder, app, Caps::default());
        for env in &app.environments {
            let stack = StackId::new(env.clone(), name.clone());
            let (spec, bundle) = match &gathered {
                Ok(bundle) => (resolve(&stack, app, bundle), bundle.clone()),
                Err(error) => (Err(Safe::new(&error.to_string()).to_string()), SourceBundle::default()),
            };
            let here = |other: &&crate::domain::ids::AppName| {
                loaded.estate.applications.get(other).is_some_and(|other| other.environments.contains(env))
            };
            let depends_on = app.depends_on.iter().filter(here).cloned().collect();
            catalog.stacks.insert(stack, Entry { spec, bundle, depends_on });
        }
    }
    catalog
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
