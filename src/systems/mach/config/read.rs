//! Reading a configuration: everything that is wrong is told, each at its place.

mod site;

use std::collections::{BTreeMap, BTreeSet};

use self::site::sites;
use super::source::versions;
use super::{Blocks, Component, Config, Provider, Source, Split, state};
use crate::systems::mach::given;
use crate::systems::mach::latest::{self, LATEST};
use crate::systems::mach::plugins;
use crate::systems::mach::tf::is_name;
use crate::systems::mach::tree::Known;
use crate::systems::message::{Message, Reading, Word};
use crate::systems::versions::Versions;
use crate::text::diagnostic::closest;
use crate::text::document::{Content, Node};

/// What a deployment may be split into.
const SPLITS: [(&str, Split); 2] = [("site", Split::Site), ("site-component", Split::Component)];

/// A configuration; what is wrong with it is in the reading.
pub(in crate::systems::mach) fn read(
    path: &str,
    root: &Node,
    known: &Known,
    reading: &mut Reading<'_>,
) -> Option<Config> {
    let mut m = Message::of(root, "the configuration", reading)?;
    let (split, plugins) = own(&mut m, known.original, reading);
    let mut config = Config {
        file: path.to_owned(),
        original: known.original,
        registry: known.registry.clone(),
        environment: String::new(),
        cloud: None,
        plugins,
        providers: BTreeMap::new(),
        configured: Vec::new(),
        state: super::State::Local(None),
        variables: given::Map::new(),
        secrets: given::Map::new(),
        blocks: Blocks::new(),
        encrypted: known
            .variables
            .as_ref()
            .filter(|variables| variables.encrypted)
            .map(|variables| variables.file.clone()),
        sites: Vec::new(),
        components: BTreeMap::new(),
    };
    match m.message("global", reading) {
        Some(own) => global(own, &mut config, reading),
        None => lacks(&m, "global", reading),
    }
    config.components = components(path, &mut m, &config, reading);
    config.sites = sites(split, &mut m, &config, reading);
    m.end(reading);
    Some(config)
}

fn lacks(m: &Message<'_>, key: &str, reading: &mut Reading<'_>) {
    if m.place(key).is_none() {
        reading.say(m.at, format!("{} has no {key}", m.what()), "");
    }
}

/// `mach_composer`: how the configuration is split, and its plug-ins.
fn own(m: &mut Message<'_>, original: bool, reading: &mut Reading<'_>) -> (Split, Vec<String>) {
    let usual = || plugins::USUAL.map(str::to_owned).to_vec();
    let Some(mut own) = m.message("mach_composer", reading) else {
        lacks(m, "mach_composer", reading);
        return (Split::Site, usual());
    };
    if let Some(version) = own.needed("version", reading) {
        let major = version.text.split('.').next().unwrap_or_default();
        if major != "1" {
            let says = format!("version {} of configurations is not known", version.text);
            reading.say(version.at, says, "version 1 is");
        } else if version.text != "1" {
            reading.note(version.at, "version: a whole number is enough, 1");
        }
    }
    own.get("variables_file", reading);
    if let Some(cloud) = own.message("cloud", reading) {
        let mut cloud = cloud;
        cloud.needed("organization", reading);
        cloud.needed("project", reading);
        cloud.end(reading);
    }
    let split = split(&mut own, reading).unwrap_or(Split::Site);
    let plugins = match own.get("plugins", reading) {
        None => usual(),
        Some(node) => named_plugins(node, original, reading),
    };
    own.end(reading);
    (split, plugins)
}

/// `deployment: { type }`.
fn split(m: &mut Message<'_>, reading: &mut Reading<'_>) -> Option<Split> {
    let mut inner = m.message("deployment", reading)?;
    let split = inner.one_of("type", "", &SPLITS, reading);
    inner.end(reading);
    split
}

fn named_plugins(node: &Node, original: bool, reading: &mut Reading<'_>) -> Vec<String> {
    let mut all = Vec::new();
    for (key, inner) in node.entries() {
        if !original && !plugins::KNOWN.contains(&key.name.as_str()) {
            let near = closest(&key.name, plugins::KNOWN);
            let hint = near.map_or_else(
                || {
                    let all = plugins::KNOWN.join(", ");
                    format!("those are {all}; `generator: mach-composer` in the estate has the original program render it")
                },
                |near| format!("did you mean {near:?}?"),
            );
            let says = format!(
                "the plug-in {} is not among those that Holdpoint renders",
                key.name
            );
            reading.coded("plugin", key.at, says, hint);
            continue;
        }
        if let Some(mut m) = Message::of(inner, format!("the plug-in {}", key.name), reading) {
            m.text("source", reading);
            m.text("version", reading);
            let why = "Holdpoint renders this plug-in itself";
            if original {
                m.text("replace", reading);
            } else {
                m.unrendered("replace", why, reading);
            }
            m.end(reading);
        }
        all.push(key.name.clone());
    }
    all
}

fn global(mut m: Message<'_>, config: &mut Config, reading: &mut Reading<'_>) {
    let environment = m.needed("environment", reading);
    config.environment = environment.map(|word| word.text).unwrap_or_default();
    if let Some(cloud) = m.text("cloud", reading) {
        let is_named = config.original && config.plugins.contains(&cloud.text);
        if !is_named && !plugins::CLOUDS.contains(&cloud.text.as_str()) {
            let says = format!("{:?} is no cloud", cloud.text);
            reading.say(
                cloud.at,
                says,
                format!("one of {}", plugins::CLOUDS.join(", ")),
            );
        } else if !config.plugins.contains(&cloud.text) {
            // What is usual lacks gcp: naming the cloud is enough.
            config.plugins.push(cloud.text.clone());
        }
        config.cloud = Some(cloud.text);
    }
    config.variables = given::map("variables", &mut m, reading);
    config.secrets = given::map("secrets", &mut m, reading);
    match m.message("terraform_config", reading) {
        Some(own) => terraform(own, config, reading),
        None => lacks(&m, "terraform_config", reading),
    }
    config.blocks = blocks(&mut m, &config.plugins, reading);
    m.end(reading);
}

fn terraform(mut m: Message<'_>, config: &mut Config, reading: &mut Reading<'_>) {
    for (key, node) in m.get("providers", reading).map_or(&[][..], Node::entries) {
        if !config.plugins.contains(&key.name) {
            let says = format!("{} is no plug-in of this configuration", key.name);
            let near = closest(&key.name, config.plugins.iter().map(String::as_str));
            let hint = near.map(|near| format!("did you mean {near:?}?"));
            reading.say(key.at, says, hint.unwrap_or_default());
        } else if let Some(version) = node.text() {
            config
                .providers
                .insert(key.name.clone(), version.to_owned());
        }
    }
    let providers = m.messages("provider_configs", reading);
    config.configured = providers
        .into_iter()
        .filter_map(|mut m| {
            let provider = Provider {
                name: m.needed("name", reading)?.text,
                source: m.text("source", reading).map(|word| word.text),
                version: m.text("version", reading).map(|word| word.text),
                settings: given::map("configuration", &mut m, reading),
            };
            m.end(reading);
            Some(provider)
        })
        .collect();
    match m.message("remote_state", reading) {
        Some(own) => {
            if let Some(found) = state::read(own, reading) {
                config.state = found;
            }
        }
        None if m.place("remote_state").is_none() => {
            let says = format!("{} says no remote_state: where the states are", m.what());
            reading.say(
                m.at,
                says,
                "remote_state: { plugin: local, path: ./states } is the simplest",
            );
        }
        None => {}
    }
    m.end(reading);
}

/// What is said to plug-ins.
fn blocks(m: &mut Message<'_>, all: &[String], reading: &mut Reading<'_>) -> Blocks {
    let mut all: Vec<&String> = all.iter().collect();
    all.sort_unstable();
    all.into_iter()
        .filter_map(|name| Some((name.clone(), m.get(name.clone(), reading)?.clone())))
        .collect()
}

fn components(
    path: &str,
    m: &mut Message<'_>,
    config: &Config,
    reading: &mut Reading<'_>,
) -> BTreeMap<String, Component> {
    lacks(m, "components", reading);
    let mut all: BTreeMap<String, Component> = BTreeMap::new();
    for m in m.messages("components", reading) {
        let Some(component) = component(path, m, config, reading) else {
            continue;
        };
        let name = component.name.text.clone();
        if all.contains_key(&name) {
            let says = format!("there are two components of the name {name:?}");
            reading.say(component.name.at, says, "give one of them another name");
        }
        all.insert(name, component);
    }
    all
}

fn component(
    path: &str,
    mut m: Message<'_>,
    config: &Config,
    reading: &mut Reading<'_>,
) -> Option<Component> {
    let name = m.needed("name", reading)?;
    m.called(format!("the component {}", name.text));
    if !is_name(&name.text) {
        let says = format!("{:?} cannot be the name of a component", name.text);
        let hint = "Terraform has a letter or '_', then letters, digits, '_' and '-'";
        reading.say(name.at, says, hint);
    }
    let source = m.needed("source", reading);
    let version = m.needed("version", reading);
    let integrations = match m.get("integrations", reading) {
        None => config.cloud.iter().cloned().collect(),
        Some(node) => integrations(node, config, reading),
    };
    // What an update looks at.
    let branch = m.text("branch", reading);
    let paths = m.texts("paths", reading);
    endpoints(&mut m, reading);
    deprecated(
        "health_check_path",
        "MACH composer gave it up",
        &mut m,
        reading,
    );
    let blocks = blocks(&mut m, &config.plugins, reading);
    m.end(reading);
    // One without a source is a component all the same: nobody is told that there is none.
    let version = version.unwrap_or_default();
    // The original program asks its registry.
    let is_latest = version.text == LATEST && !config.original;
    let mut among = source
        .as_ref()
        .map_or(Versions::Unlisted("it has no source"), |source| {
            let paths = paths.into_iter().map(|path| path.text);
            versions(
                &source.text,
                branch.map(|branch| branch.text),
                paths.collect(),
            )
        });
    let registry = config.registry.as_ref();
    let registry = registry.and_then(|registered| registered.of(&name.text));
    if let Some(registry) =
        registry.filter(|_| !matches!(&source, Some(s) if s.text.starts_with('.')))
    {
        among = Versions::Registry(registry.clone(), name.text.clone());
    }
    let newest = latest::newest(&among);
    if let (true, Err(why)) = (is_latest, &newest) {
        let says = format!("{LATEST} is the newest commit of a branch, and {why}");
        let hint = "name a version, or the repository (git::…)";
        reading.say(version.at, says, hint);
    }
    let is = if is_latest {
        latest::placeholder(&name.text)
    } else {
        version.text.clone()
    };
    let source = source.map_or_else(Source::default, |source| {
        Source::of(&source.text, &is, path).unwrap_or_else(|(says, hint)| {
            reading.coded("source", source.at, says, hint);
            Source::default()
        })
    });
    Some(Component {
        name,
        source,
        version,
        is,
        latest: newest.ok().filter(|_| is_latest),
        among,
        integrations,
        blocks,
    })
}

fn integrations(node: &Node, config: &Config, reading: &mut Reading<'_>) -> Vec<String> {
    let mut all = Vec::new();
    if !matches!(node.content, Content::List(_)) {
        let says = format!("integrations is {}, and must be a list", node.word());
        reading.say(node.at, says, "");
    }
    for item in node.items() {
        let name = item.text().unwrap_or_default();
        if config.plugins.iter().any(|one| one == name) {
            all.push(name.to_owned());
        } else {
            let near = closest(name, config.plugins.iter().map(String::as_str));
            let hint = near.map_or_else(
                || format!("its plug-ins are {}", config.plugins.join(", ")),
                |near| format!("did you mean {near:?}?"),
            );
            let says = format!("{name:?} is no plug-in of this configuration");
            reading.say(item.at, says, hint);
        }
    }
    all
}

/// Endpoints, for which plug-ins make what stands before components.
fn endpoints(m: &mut Message<'_>, reading: &mut Reading<'_>) {
    let is_there = m
        .get("endpoints", reading)
        .is_some_and(|node| !node.entries().is_empty());
    if is_there {
        let says = format!("endpoints of {} is not rendered by Holdpoint", m.what());
        let hint = "MACH composer gave endpoints up: let the module of a component make its own, and move its state there before";
        reading.coded(
            "endpoints",
            m.place("endpoints").unwrap_or(m.at),
            says,
            hint,
        );
    }
}

/// What is read, and given up by MACH composer.
fn deprecated(key: &'static str, why: &str, m: &mut Message<'_>, reading: &mut Reading<'_>) {
    if m.get(key, reading).is_some() {
        let says = format!("{key} of {} has no effect: {why}", m.what());
        reading.note(m.place(key).unwrap_or(m.at), says);
    }
}

/// Names that come twice, each told at the second.
fn twice<'a>(kind: &str, names: impl IntoIterator<Item = &'a Word>, reading: &mut Reading<'_>) {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for name in names {
        if !seen.insert(&name.text) {
            let says = format!("there are two {kind} of the name {:?}", name.text);
            reading.say(name.at, says, "give one of them another name");
        }
    }
}
