//! The modules of the estate that components are made of: their folders, and where their files are
//! laid.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::request::SourceBundle;
use crate::systems::files::Files;
use crate::systems::mach::config::{Config, Source};
use crate::text::diagnostic::At;

/// Where modules stand that travel with a release, beside the folders of sites.
const MODULES: &str = ".modules";

/// Folders of modules, with their files.
pub(in crate::systems::mach) struct Modules(BTreeMap<String, (String, Vec<String>)>);

impl Modules {
    /// The folders that components of sites name.
    pub(in crate::systems::mach) fn folders(config: &Config) -> BTreeSet<String> {
        let used = config.sites.iter().flat_map(|site| &site.components);
        used.filter_map(|one| folder(&config.components.get(&one.name.text)?.source))
            .cloned()
            .collect()
    }

    /// The folders of components that hold no module, each with where the component stands.
    pub(in crate::systems::mach) fn lacking(config: &Config, files: &Files) -> Vec<(String, At)> {
        let all = &files.bundle().files;
        let is_module = |folder: &String| {
            let below = format!("{folder}/");
            let mut own = all
                .range(below.clone()..)
                .take_while(|(path, _)| path.starts_with(&below));
            own.any(|(path, _)| {
                let name = &path[below.len()..];
                !name.contains('/') && is_code(name)
            })
        };
        let named = Self::folders(config);
        let own = config.components.values();
        let own = own.filter_map(|one| Some((folder(&one.source)?, one.name.at)));
        own.filter(|(folder, _)| named.contains(*folder) && !is_module(folder))
            .map(|(folder, at)| (folder.clone(), at))
            .collect()
    }

    /// Folders, each with the digest of its files, and their paths.
    pub(in crate::systems::mach) fn of(folders: &BTreeSet<String>, files: &Files) -> Self {
        let all = &files.bundle().files;
        let of = |folder: &String| {
            let below = format!("{folder}/");
            let own = all
                .range(below.clone()..)
                .take_while(|(path, _)| path.starts_with(&below));
            let bundle = SourceBundle {
                files: own
                    .map(|(path, file)| (path.clone(), file.clone()))
                    .collect(),
                ..SourceBundle::default()
            };
            let paths = bundle.files.keys().cloned().collect();
            let digest = bundle.digest().to_string()[..16].to_owned();
            (folder.clone(), (digest, paths))
        };
        Self(folders.iter().map(of).collect())
    }

    /// The folder in which a module is laid: another one for each content, so that what one release
    /// runs with is never changed by the next.
    pub(super) fn laid(&self, folder: &str) -> String {
        let digest = self.0.get(folder).map_or("", |(digest, _)| digest);
        format!("{MODULES}/{digest}/{folder}")
    }

    /// The files of a module.
    pub(super) fn files(&self, folder: &str) -> impl Iterator<Item = (String, String)> {
        let (laid, own) = (self.laid(folder), self.0.get(folder));
        let (before, own) = (folder.len(), own.into_iter().flat_map(|(_, paths)| paths));
        own.map(move |path| (format!("{laid}{}", &path[before..]), path.clone()))
    }
}

/// Whether a file is code of Terraform.
fn is_code(name: &str) -> bool {
    let mut parts = name.rsplit('.');
    match (parts.next(), parts.next()) {
        (Some("tf"), Some(_)) => true,
        (last, before) => last == Some("json") && before == Some("tf"),
    }
}

/// The folder of a module that is one of the estate.
pub(super) fn folder(source: &Source) -> Option<&String> {
    match source {
        Source::Folder(folder) => Some(folder),
        Source::Address(_) | Source::Registry(_) => None,
    }
}
