//! Files that people write, read into typed settings: the estate, the key map, themes, settings.
//! Every error is found at once and has file, line and column. It reads and checks; it runs
//! nothing, reaches nothing, and asks the systems about their own entries and files.

mod bundle;
mod check;
mod entries;
mod estate;
mod named;
mod raw;
mod reach;
mod secrets;
mod shape;
mod stacks;

pub mod keymap;
pub mod settings;
pub mod theme;
pub mod trust;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use bundle::{BundleError, Caps};
pub use estate::HOLD_EXPIRY;
pub use keymap::{Keymap, Rule};
pub use named::Named;
pub use reach::Reach;
pub use settings::{Colours, GlyphSet, Settings};
pub use theme::{Colour, Style, ThemeFile};
pub use trust::Trust;

use crate::domain::estate::{Catalog, Entry, Estate};
use crate::domain::ids::{AppName, StackId};
use crate::domain::instance::{Instance, Instances};
use crate::os::{child, open};
use crate::places;
use crate::systems::{ReadFrom, System, Tool};
use crate::text::diagnostic::{Diagnostic, Diagnostics};
use crate::text::document::Limits;
use crate::text::safe::Safe;
pub use stacks::pinned;
use stacks::{Found, families, stacks};

/// The name of an estate file.
pub const FILE: &str = "holdpoint.yaml";

/// The systems whose entries an estate file may have.
pub type Systems = &'static [&'static dyn System];

/// An estate file, read and checked.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What it says.
    pub estate: Estate,
    /// The file.
    pub file: PathBuf,
    /// The folder whose files it may name.
    pub folder: PathBuf,
    /// The systems by which it was read.
    pub systems: Systems,
    /// Its lines: what is wrong with a file that it names is told there.
    pub named: Arc<Named>,
    /// What it is trusted for.
    pub reach: Reach,
    /// Whether it is the practice estate.
    pub practice: bool,
}

impl Loaded {
    /// The system of a name.
    fn system(&self, name: &str) -> Option<&'static dyn System> {
        let mut systems = self.systems.iter().copied();
        systems.find(|system| system.name() == name)
    }
}

/// The estate file to use: the named one, else the one of the working folder, else the one of the
/// user's configuration folder.
#[must_use]
pub fn discover(named: Option<&Path>, working: &Path, configuration: &Path) -> Option<PathBuf> {
    match named {
        Some(named) => Some(named.to_owned()),
        None => [working.join(FILE), configuration.join(FILE)]
            .into_iter()
            .find(|path| path.exists()),
    }
}

/// Reads an estate file.
///
/// # Errors
/// Everything that is wrong with it.
pub fn load(file: &Path, systems: Systems) -> Result<Loaded, Diagnostics> {
    match examine(file, systems) {
        (Some(loaded), found) if found.is_empty() => Ok(loaded),
        (_, found) => Err(found),
    }
}

/// What is right of an estate file, and everything that is wrong with it: for those who want to
/// know all of it.
#[must_use]
pub fn examine(file: &Path, systems: Systems) -> (Option<Loaded>, Diagnostics) {
    let name = file.to_string_lossy();
    let read = || {
        let opened = open::read(file)?;
        let mut bytes = Vec::new();
        // One byte more than is read: what is too big is said to be too big.
        opened
            .take(Limits::CONFIGURATION.bytes as u64 + 1)
            .read_to_end(&mut bytes)?;
        std::io::Result::Ok((bytes, file.canonicalize()?))
    };
    let (bytes, full) = match read() {
        Ok(read) => read,
        Err(why) => {
            let hint = "name an estate file with --estate, or write holdpoint.yaml here";
            return (
                None,
                Diagnostic::of_file(
                    "unreadable",
                    &name,
                    &format!("{name} cannot be read: {why}"),
                    hint,
                )
                .into(),
            );
        }
    };
    let folder = full.parent().map(Path::to_owned).unwrap_or_default();
    let (estate, found) = estate::examine(&name, &bytes, &folder, systems, places::all());
    let loaded = estate.map(|(estate, named)| Loaded {
        reach: Reach::of(&estate, systems),
        named: Arc::new(named),
        estate,
        file: full,
        folder,
        systems,
        practice: false,
    });
    (loaded, found)
}

/// What each stack would be deployed from now, with those of the apps that another program told of.
#[must_use]
pub fn catalog(loaded: &Loaded, instances: &Instances) -> Catalog {
    let mut catalog = Catalog {
        file: Safe::new(&loaded.file.to_string_lossy()).to_string(),
        practice: loaded.practice,
        environments: loaded.estate.environments.clone(),
        stacks: BTreeMap::new(),
        families: families(loaded),
    };
    let mut lacking = Lacking::default();
    for Found {
        stack,
        app,
        spec,
        bundle,
        notes: _,
    } in stacks(loaded, instances)
    {
        let here = |other: &&AppName| {
            loaded
                .estate
                .applications
                .get(other)
                .is_some_and(|other| other.environments.contains(&stack.env))
        };
        let depends_on = app.depends_on.iter().filter(here).cloned().collect();
        let spec = spec.map_err(|found| found.to_string());
        let told = instances.get(&stack).map(Instance::rows);
        let (after, rows, beside, brings, takes, parameters, lacks) = spec
            .as_ref()
            .ok()
            .and_then(|spec| {
                let system = loaded.system(&spec.system)?;
                Some((
                    system.after(&stack.whole(), spec),
                    system.rows(spec),
                    system.beside(spec),
                    system.brings(spec),
                    system.takes(&stack.whole(), spec),
                    system.parameters(spec),
                    lacking.of(&system.tools(spec)),
                ))
            })
            .unwrap_or_default();
        let rows = told.into_iter().flatten().chain(rows).collect();
        catalog.stacks.insert(
            stack,
            Entry {
                spec,
                bundle,
                depends_on,
                after,
                rows,
                beside,
                brings,
                parameters,
                takes,
                lacks,
            },
        );
    }
    catalog
}

/// The programs that deployments start on the engine's machine, each with the stacks that need it.
#[must_use]
pub fn tools(loaded: &Loaded) -> BTreeMap<Tool, Vec<StackId>> {
    let mut all: BTreeMap<Tool, Vec<StackId>> = BTreeMap::new();
    for found in stacks(loaded, &Instances::new()) {
        let Ok(spec) = &found.spec else { continue };
        let system = loaded.system(&spec.system);
        for tool in system.into_iter().flat_map(|system| system.tools(spec)) {
            all.entry(tool).or_default().push(found.stack.clone());
        }
    }
    all
}

/// Programs that were looked for here: why one cannot be started, and what to do.
#[derive(Default)]
struct Lacking(BTreeMap<Tool, Option<Safe>>);

impl Lacking {
    /// The first of these that is not here.
    fn of(&mut self, tools: &[Tool]) -> Option<Safe> {
        tools.iter().find_map(|tool| {
            let known = self.0.entry(*tool).or_insert_with(|| {
                let why = child::here(tool.name).err()?;
                let says = format!("{why}, the PATH of this shell: {}", tool.hint);
                Some(Safe::new(&says))
            });
            known.clone()
        })
    }
}

/// The repositories that stacks read as an app of their host, each once.
#[must_use]
pub fn read_by_apps(loaded: &Loaded) -> Vec<ReadFrom> {
    let mut all: Vec<ReadFrom> = Vec::new();
    for found in stacks(loaded, &Instances::new()) {
        let Ok(spec) = &found.spec else { continue };
        let system = loaded.system(&spec.system);
        let reads = system.and_then(|system| system.reads(spec));
        all.extend(reads.filter(|reads| !all.contains(reads)));
    }
    all
}

/// Something wrong with a file that an estate names.
#[derive(Debug, Clone, PartialEq)]
pub struct Wrong {
    /// A stack that it concerns; none for what concerns an environment.
    pub stack: Option<StackId>,
    /// What.
    pub what: Diagnostic,
}

/// What is said of an estate and of the files that it names.
#[derive(Debug, Default)]
pub struct Told {
    /// What is wrong.
    pub wrong: Vec<Wrong>,
    /// What they say that has no effect, each with its place: no error, and worth to be known.
    pub notes: Vec<Safe>,
}

/// Everything that is to be said of an estate file and of the files that it names, of which `found`
/// was told already: one pass says it all, and each of it once.
#[must_use]
pub fn all_told(loaded: Option<&Loaded>, found: Diagnostics) -> Told {
    let files = loaded.map(told_of_files).unwrap_or_default();
    let new = |one: &Wrong| {
        // What a system says of an entry as a whole was told before, at its place.
        let entry = one.stack.as_ref().map(ToString::to_string);
        let whole = !found.is_empty() && entry.as_deref() == Some(one.what.file.as_str());
        let again = |other: &Diagnostic| (&other.file, other.at) == (&one.what.file, one.what.at);
        !whole && !found.0.iter().any(again)
    };
    let of_files: Vec<Wrong> = files.wrong.into_iter().filter(new).collect();
    let told = found.0.into_iter();
    let wrong = told
        .map(|what| Wrong { stack: None, what })
        .chain(of_files)
        .collect();
    Told {
        wrong,
        notes: files.notes,
    }
}

/// Everything that is wrong with the files that an estate names; what concerns several stacks alike
/// is said of the first.
#[must_use]
pub fn wrong_files(loaded: &Loaded) -> Vec<Wrong> {
    told_of_files(loaded).wrong
}

fn told_of_files(loaded: &Loaded) -> Told {
    let mut notes: Vec<Safe> = Vec::new();
    let mut wrong: Vec<Wrong> = Vec::new();
    for (env, record) in &loaded.estate.environments {
        for place in &record.places {
            let kind = places::all().iter().find(|kind| kind.name() == place.kind);
            let of_place = kind
                .map(|kind| kind.wrong_files(env.as_str(), place))
                .unwrap_or_default();
            wrong.extend(of_place.0.iter().map(|remark| Wrong {
                stack: None,
                what: loaded.named.remark(env.as_str(), remark),
            }));
        }
    }
    for found in stacks(loaded, &Instances::new()) {
        let (stack, spec) = (found.stack, found.spec);
        let said = spec.as_ref().ok().and_then(|spec| {
            let system = loaded.system(&spec.system)?;
            Some(system.notes(spec))
        });
        for note in said.into_iter().flatten().chain(found.notes) {
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        for what in spec.err().into_iter().flat_map(|found| found.0) {
            if wrong.iter().all(|one| one.what != what) {
                wrong.push(Wrong {
                    stack: Some(stack.clone()),
                    what,
                });
            }
        }
    }
    Told { wrong, notes }
}

/// The JSON Schema of the estate file.
#[must_use]
pub fn schema(systems: Systems) -> serde_json::Value {
    let mut schema = raw::schema(systems, places::all());
    if let Some(fields) = schema.as_object_mut() {
        fields.insert("title".to_owned(), "Holdpoint estate".into());
    }
    schema
}
