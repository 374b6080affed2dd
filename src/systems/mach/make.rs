//! What is made of a configuration: its graph, and the Terraform of each node.

use std::collections::BTreeMap;

use super::config;
use super::generate::{self, Generated, Modules};
use super::graph::{self, Graph, Node};
use super::plugins;
use super::tree::{self, Kept, Known, Variables};
use crate::domain::relative::joined;
use crate::systems::files::{Files, Need};
use crate::systems::message::{Form, Reading};
use crate::systems::versions::{Pinned, Versions};
use crate::text::diagnostic::{At, Diagnostic, Diagnostics};
use crate::text::document;

/// How its files are written.
const FORM: Form = Form {
    code: "mach",
    camel: false,
};

/// What is made of a configuration.
#[derive(Debug)]
pub(super) struct Made {
    /// What is deployed after what.
    pub(super) graph: Graph,
    /// The Terraform of each node.
    pub(super) nodes: BTreeMap<Node, Generated>,
    /// The secrets that stand in its files, by the names that the nodes have for them.
    pub(super) secrets: BTreeMap<String, Kept>,
    /// The variables by which Terraform is told secrets of where states are, each with the name of
    /// the secret.
    pub(super) of_states: Vec<(String, String)>,
    /// The versions that it pins.
    pub(super) pinned: Vec<Pinned>,
    /// What it calls the environment.
    pub(super) environment: String,
    /// What it says that has no effect, or is given up.
    pub(super) notes: Vec<Diagnostic>,
}

/// What comes of reading a configuration.
#[derive(Debug)]
pub(super) enum Read {
    /// It needs these files first.
    Needs(Vec<Need>),
    /// Everything that is made of it.
    Made(Box<Made>),
    /// Everything that is wrong with it, each with its place.
    Wrong(Diagnostics),
}

/// Reads a configuration, and makes everything of it. `known` has what the estate's entry says.
pub(super) fn make(path: &str, mut known: Known, files: &Files) -> Read {
    let mut tree = match tree::read(path, files) {
        tree::Read::Needs(needs) => return Read::Needs(needs),
        tree::Read::Wrong(mut wrong) => {
            wrong.0.iter_mut().for_each(covered);
            return Read::Wrong(wrong);
        }
        tree::Read::Tree(tree) => tree,
    };
    match variables(path, &tree, files) {
        Ok(Some(variables)) => known.variables = Some(variables),
        Ok(None) => {}
        Err(other) => return other,
    }
    let (secrets, mut wrong) = tree::put(&mut tree, &known);
    let mut reading = Reading::of(&tree.source, FORM);
    let config = config::read(path, &tree.root, &known, &mut reading);
    let folders = config.as_ref().map(Modules::folders).unwrap_or_default();
    let needs = folders
        .iter()
        .map(|folder| Need::Glob(format!("{folder}/**")));
    let missing = files.missing(needs.collect());
    if !missing.is_empty() {
        return Read::Needs(missing);
    }
    let lacking = config
        .iter()
        .flat_map(|config| Modules::lacking(config, files));
    for (folder, at) in lacking {
        let says = format!("{folder} holds no Terraform module: no file of it ends with .tf");
        let hint = "name the folder in which the module stands, often NAME/terraform";
        reading.say(at, says, hint);
    }
    for name in config.iter().flat_map(unknown) {
        let says = format!(
            "the estate's file says that {name} is registered, and there is no such component here"
        );
        let hint = "take it out of `registry.components` in the estate's file, or name it as it is called here";
        reading.say(At::default(), says, hint);
    }
    let made = config.map(|config| {
        let all = if config.original {
            plugins::All::default()
        } else {
            plugins::All::read(&config, &mut reading)
        };
        let graph = graph::graph(&config, &mut reading);
        if let Some(why) = config.state.shared().filter(|_| graph.0.len() > 1) {
            let second = graph.0.keys().nth(1).map(Node::name).unwrap_or_default();
            let at = config.sites.last().map_or_else(At::default, |site| site.name.at);
            let says = format!("{why}, and {} parts would write it: {second} would plan to delete what the others made", graph.0.len());
            let hint = "keep states where each part has one of its own: aws, azure, gcp, local, or terraform_cloud with a prefix";
            reading.say(at, says, hint);
        }
        (config, all, graph)
    });
    wrong.0.extend(reading.found.0);
    let notes = reading.notes.into_iter().map(|note| tree.placed(note));
    let notes = tree.notes.0.iter().cloned().chain(notes).collect();
    let Some((config, all, graph)) = made.filter(|_| wrong.is_empty()) else {
        let all = wrong.0.into_iter().map(|found| tree.placed(found));
        let mut wrong = Diagnostics(all.collect());
        wrong.0.iter_mut().for_each(covered);
        wrong.settle();
        return Read::Wrong(wrong);
    };
    let modules = Modules::of(&folders, files);
    let texts = graph.0.keys().filter_map(|node| {
        let text = generate::generate(&config, &all, &modules, node)?;
        Some((node.clone(), text))
    });
    let pinned = config.components.values().map(|component| {
        let (file, at) = tree.place(component.version.at);
        Pinned {
            name: component.name.text.clone(),
            version: component.version.text.clone(),
            among: match &component.latest {
                Some(_) => Versions::Unlisted("each deployment takes the newest one"),
                None => component.among.clone(),
            },
            file,
            at,
        }
    });
    let pinned = pinned.collect();
    Read::Made(Box::new(Made {
        pinned,
        nodes: texts.collect(),
        graph,
        secrets,
        of_states: config.state.variables(),
        environment: config.environment.clone(),
        notes,
    }))
}

/// Components that are said to be registered, and are none.
fn unknown(config: &config::Config) -> impl Iterator<Item = &str> {
    let registry = config.registry.as_ref();
    let named = registry.and_then(|registry| registry.only.as_deref());
    let named = named.unwrap_or_default().iter().map(String::as_str);
    named.filter(|name| !config.components.contains_key(*name))
}

/// Leaves out a line in which a secret may stand.
fn covered(found: &mut Diagnostic) {
    if tree::may_tell(&found.text) {
        found.text.clear();
    }
}

/// The variables file that a configuration names.
fn variables(path: &str, tree: &tree::Tree, files: &Files) -> Result<Option<Variables>, Read> {
    let own = tree.root.get("mach_composer");
    let named = own.and_then(|own| own.get("variables_file"));
    let Some((text, at)) = named.and_then(|node| Some((node.text()?, node.at))) else {
        return Ok(None);
    };
    let say = |says: &str| {
        let hint = "name a file below the folder of the estate file";
        let found = tree.source.diagnostic("variables", at, says, hint);
        Read::Wrong(tree.placed(found).into())
    };
    let file = joined(path, text).map_err(|why| say(&why))?;
    let missing = files.missing(vec![Need::File(file.clone())]);
    if !missing.is_empty() {
        return Err(Read::Needs(missing));
    }
    let Some(found) = files.get(&file) else {
        return Err(say(&format!("there is no file {file}")));
    };
    match document::read(&file, &found.bytes, tree::LIMITS) {
        Ok((_, root)) => Ok(Some(Variables::of(&file, &root))),
        Err(wrong) => Err(Read::Wrong(wrong)),
    }
}
