//! The Terraform of a node: where its state is, the providers that it requires, what plug-ins make, and
//! a module for each component.

mod modules;

pub(super) use self::modules::Modules;

use std::collections::{BTreeMap, BTreeSet};

use self::modules::folder;
use super::config::{Config, Instance, Site, SiteComponent, Source, Split};
use super::given::{Bit, Given, Map, Output};
use super::graph::{Node, home};
use super::plugins::{All, Part, Required};
use super::tf::{Body, Item, Piece, Value};
use crate::forms::registry::Registry;
use crate::systems::versions::Versions;

/// The provider by which Terraform reads what SOPS encrypted.
const SOPS: (&str, &str) = ("carlpett/sops", "~> 0.5");
/// What refers to it.
const DECRYPTED: &str = "data.sops_external.variables";
/// Where local states stand that are not said to be elsewhere, beside the folders of sites.
pub(super) const STATES: &str = ".states";

/// What is made of a node.
#[derive(Debug, Clone)]
pub(super) struct Generated {
    /// Its `main.tf`.
    pub(super) text: String,
    /// The names of the secrets that it is told as `var.secrets`. They stand in no file.
    pub(super) secrets: BTreeSet<String>,
    /// The files of the modules that travel with it: where each is laid, and the path that it has in
    /// the estate.
    pub(super) modules: BTreeMap<String, String>,
    /// Where its state is, in words.
    pub(super) state: String,
    /// Its components, each with its version.
    pub(super) components: Vec<(String, String)>,
    /// Those of them whose version is the newest of a branch, each with that branch.
    pub(super) latest: BTreeMap<String, String>,
    /// Those whose module is not fetched by their version.
    pub(super) fixed: BTreeSet<String>,
    /// Where versions of them are registered.
    pub(super) registered: BTreeMap<String, Registry>,
    /// The encrypted file that it reads, by the path that it has beside it.
    pub(super) encrypted: Option<String>,
}

/// Makes Terraform of a node.
pub(super) fn generate(
    config: &Config,
    all: &All,
    modules: &Modules,
    node: &Node,
) -> Option<Generated> {
    let mut sites = config.sites.iter();
    let site = sites.find(|site| site.name.text == node.site)?;
    let making = Making {
        config,
        all,
        modules,
        site,
        node,
    };
    Some(making.file())
}

struct Making<'a> {
    config: &'a Config,
    all: &'a All,
    modules: &'a Modules,
    site: &'a Site,
    node: &'a Node,
}

impl Making<'_> {
    /// The components in its state.
    fn components(&self) -> Vec<Instance<'_>> {
        let own = self.site.components.iter();
        let own = own.filter(|one| home(self.site, one) == *self.node);
        own.filter_map(|one| self.config.instance(self.site, one))
            .collect()
    }

    /// The plug-ins that say something of it: all of a site, those of a component.
    fn plugins(&self, components: &[Instance<'_>]) -> Vec<&str> {
        let all = self.config.plugins.iter().map(String::as_str);
        match (&self.node.component, components) {
            (Some(_), [one]) => {
                let named = &one.component.integrations;
                all.filter(|plugin| named.iter().any(|name| name == plugin))
                    .collect()
            }
            _ => all.collect(),
        }
    }

    fn file(&self) -> Generated {
        let components = self.components();
        let plugins = self.plugins(&components);
        let site = &self.site.name.text;
        let mut body = Body::default();
        let mut required: Vec<Required> = Vec::new();
        for plugin in &plugins {
            required.extend(self.all.required(self.config, plugin, site));
            body.extend(self.all.resources(self.config, plugin, site));
        }
        for provider in &self.config.configured {
            let mut own = Body::default();
            for (key, value) in &provider.settings {
                own.set(key, self.value(value));
            }
            body.block("provider", &[&provider.name], own);
        }
        self.other_states(&components, &mut body);
        for one in &components {
            self.component(one, &plugins, &mut body);
        }
        let mut secrets = BTreeSet::new();
        body.secrets(&mut secrets);
        let rest = body.render();
        let encrypted = self
            .config
            .encrypted
            .clone()
            .filter(|_| rest.contains(DECRYPTED));
        let mut head = self.head(&required, encrypted.as_deref());
        if !secrets.is_empty() {
            let mut own = Body::default();
            own.set("type", Value::expression("any"));
            own.set("default", Value::Object(Vec::new()));
            head.block("variable", &["secrets"], own);
        }
        let folders = components
            .iter()
            .filter_map(|one| folder(&one.component.source));
        let modules = folders.flat_map(|folder| self.modules.files(folder));
        let versions = components.iter();
        let versions = versions
            .map(|one| {
                (
                    one.own.name.text.clone(),
                    one.component.version.text.clone(),
                )
            })
            .collect();
        let latest = components.iter().filter_map(|one| {
            let branch = one.component.latest.as_ref()?;
            Some((one.own.name.text.clone(), branch.name.clone()))
        });
        let fixed = components.iter().filter(|one| match &one.component.source {
            Source::Folder(_) => true,
            Source::Address(address) => !address.contains(&one.component.is),
            Source::Registry(_) => false,
        });
        let fixed = fixed.map(|one| one.own.name.text.clone());
        let registered = components
            .iter()
            .filter_map(|one| match &one.component.among {
                Versions::Registry(registry, name) => Some((name.clone(), registry.clone())),
                Versions::Git(_) | Versions::Unlisted(_) => None,
            });
        let rest = if rest.is_empty() {
            rest
        } else {
            format!("\n{rest}")
        };
        Generated {
            text: format!("{}{rest}", head.render()),
            secrets,
            modules: modules.collect(),
            state: self.config.state.says(&self.node.name()),
            components: versions,
            latest: latest.collect(),
            fixed: fixed.collect(),
            registered: registered.collect(),
            encrypted,
        }
    }

    /// What stands at its head: whose file it is, its state, its providers.
    fn head(&self, required: &[Required], encrypted: Option<&str>) -> Body {
        let what = if self.node.component.is_some() {
            "component"
        } else {
            "site"
        };
        let mut head = Body(vec![Item::Comment(format!(
            "The {what} {}, made by Holdpoint of {}: it is written anew by each deployment.",
            self.node.name(),
            self.config.file
        ))]);
        let mut terraform = Body::default();
        self.config.state.block(&self.node.name(), &mut terraform);
        let mut providers = Body::default();
        let configured = self.config.configured.iter().map(|provider| {
            (
                provider.name.as_str(),
                provider.source.clone(),
                provider.version.clone(),
            )
        });
        let own = required.iter().map(|one| {
            (
                one.name.as_str(),
                one.source.clone(),
                Some(one.version.clone()),
            )
        });
        let sops = encrypted.map(|_| ("sops", Some(SOPS.0.to_owned()), Some(SOPS.1.to_owned())));
        for (name, source, version) in own.chain(configured).chain(sops) {
            let all = [("source", source), ("version", version)];
            let all = all
                .into_iter()
                .filter_map(|(key, text)| Some((key.to_owned(), Value::text(text?))));
            providers.set(name, Value::Object(all.collect()));
        }
        terraform.block("required_providers", &[], providers);
        head.block("terraform", &[], terraform);
        if let Some(file) = encrypted {
            let mut own = Body::default();
            own.say("filename", file);
            head.block("data", &["local_file", "variables"], own);
            let mut own = Body::default();
            own.set(
                "source",
                Value::expression("data.local_file.variables.content"),
            );
            own.say("input_type", "yaml");
            head.block("data", &["sops_external", "variables"], own);
        }
        head
    }

    /// The states of other nodes that its components refer to.
    fn other_states(&self, components: &[Instance<'_>], body: &mut Body) {
        let mut others: BTreeMap<String, Node> = BTreeMap::new();
        for output in components.iter().flat_map(Instance::outputs) {
            if let Some(other) = self
                .of(&output.component)
                .filter(|other| other != self.node)
            {
                others.insert(other.key().to_owned(), other);
            }
        }
        for (key, other) in others {
            let from = self.node.name();
            self.config.state.seen(&key, &other.name(), &from, body);
        }
    }

    /// The node of a component of the same site.
    fn of(&self, component: &str) -> Option<Node> {
        let mut all = self.site.components.iter();
        let one: &SiteComponent = all.find(|one| one.name.text == component)?;
        Some(home(self.site, one))
    }

    fn component(&self, one: &Instance<'_>, plugins: &[&str], body: &mut Body) {
        let name = &one.own.name.text;
        let mut part = Part::default();
        let named = plugins.iter().filter(|plugin| {
            one.component
                .integrations
                .iter()
                .any(|name| name == *plugin)
        });
        for plugin in named {
            let own = self.all.part(self.config, plugin, one);
            part.resources.extend(own.resources);
            part.variables.extend(own.variables);
            part.providers.extend(own.providers);
            part.depends_on.extend(own.depends_on);
        }
        body.extend(part.resources);
        let mut module = Body::default();
        match &one.component.source {
            Source::Folder(folder) => {
                let up = "../".repeat(self.node.name().split('/').count());
                module.say("source", &format!("{up}{}", self.modules.laid(folder)));
            }
            Source::Address(address) => module.say("source", address),
            Source::Registry(module_name) => {
                module.say("source", module_name);
                module.say("version", &one.component.is);
            }
        }
        if let Some(count) = &one.own.count {
            module.set("count", Value::expression(count.text.trim()));
        }
        let in_cloud = one.is_in_cloud(self.config);
        for (key, map) in [("variables", &one.variables), ("secrets", &one.secrets)] {
            if in_cloud || !map.is_empty() {
                module.set(key, self.map(map));
            }
        }
        if in_cloud {
            module.say("component_version", &one.component.is);
            module.say("environment", &self.config.environment);
            module.say("site", &self.site.name.text);
            module.set("tags", Value::expression("local.tags"));
        }
        module.extend(part.variables);
        if !part.providers.is_empty() {
            let providers = part.providers.into_iter();
            let providers = providers.map(|(name, is)| (name, Value::Expression(is)));
            module.set("providers", Value::Object(providers.collect()));
        }
        let own = one.own.depends_on.iter();
        let own = own.filter(|_| one.own.split == Split::Site);
        let own = own.map(|word| format!("module.{}", word.text));
        let after: Vec<Value> = part
            .depends_on
            .into_iter()
            .chain(own)
            .map(Value::Expression)
            .collect();
        if !after.is_empty() {
            module.set("depends_on", Value::List(after));
        }
        body.block("module", &[name], module);
        let mut output = Body::default();
        output.say("description", &format!("The module outputs for {name}"));
        output.set("sensitive", Value::Switch(true));
        output.set("value", Value::Expression(format!("module.{name}")));
        body.block("output", &[name], output);
    }

    fn map(&self, map: &Map) -> Value {
        let all = map
            .iter()
            .map(|(key, value)| (key.clone(), self.value(value)));
        Value::Object(all.collect())
    }

    fn value(&self, given: &Given) -> Value {
        match given {
            Given::Null => Value::Null,
            Given::Switch(is) => Value::Switch(*is),
            Given::Number(text) => Value::Number(text.clone()),
            Given::List(items) => Value::List(items.iter().map(|item| self.value(item)).collect()),
            Given::Map(map) => self.map(map),
            Given::Text(bits) => match &bits[..] {
                [Bit::Output(output)] => Value::Expression(self.output(output)),
                [Bit::Expression(text)] => Value::expression(text),
                bits => Value::Text(bits.iter().map(|bit| self.piece(bit)).collect()),
            },
        }
    }

    fn piece(&self, bit: &Bit) -> Piece {
        match bit {
            Bit::Plain(text) => Piece::Plain(text.clone()),
            Bit::Expression(text) => Piece::Expression(text.clone()),
            Bit::Output(output) => Piece::Expression(self.output(output)),
        }
    }

    /// An output, of the same state or of another.
    fn output(&self, output: &Output) -> String {
        let Output {
            component, path, ..
        } = output;
        match self.of(component).filter(|other| other != self.node) {
            None => format!("module.{component}.{path}"),
            Some(other) => {
                let key = other.key();
                format!("data.terraform_remote_state.{key}.outputs.{component}.{path}")
            }
        }
    }
}
