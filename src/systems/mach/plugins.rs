//! The plug-ins of MACH composer that are rendered here: what each says of the providers of a node, of
//! its resources, and of a component. What each writes is what the original writes; where it is not,
//! the page of the system says so.

mod amplience;
mod aws;
mod azure;
mod commercetools;
mod contentful;
mod gcp;
mod sentry;

use super::config::{Config, Instance};
use super::given::{Bit, Given};
use super::tf::{Body, Piece, Value};
use crate::systems::message::{Message, Reading};
use crate::text::document::Node;

/// All that are rendered.
pub(super) const KNOWN: [&str; 7] = [
    "amplience",
    "aws",
    "azure",
    "commercetools",
    "contentful",
    "gcp",
    "sentry",
];
/// Those of a configuration that names none.
pub(super) const USUAL: [&str; 6] = [
    "amplience",
    "aws",
    "azure",
    "commercetools",
    "contentful",
    "sentry",
];
/// Those that are a cloud.
pub(super) const CLOUDS: [&str; 3] = ["aws", "azure", "gcp"];

/// What a configuration says to all of them.
#[derive(Debug, Clone, Default)]
pub(super) struct All {
    amplience: amplience::Amplience,
    aws: aws::Aws,
    azure: azure::Azure,
    commercetools: commercetools::Commercetools,
    contentful: contentful::Contentful,
    gcp: gcp::Gcp,
    sentry: sentry::Sentry,
}

/// What a plug-in says of a component.
#[derive(Debug, Clone, Default)]
pub(super) struct Part {
    /// What stands before its module.
    pub(super) resources: Body,
    /// What its module is given besides.
    pub(super) variables: Body,
    /// The providers that its module has, by the names that they have there.
    pub(super) providers: Vec<(String, String)>,
    /// What must be there before.
    pub(super) depends_on: Vec<String>,
}

/// A provider that a node requires.
pub(super) struct Required {
    pub(super) name: String,
    pub(super) source: Option<String>,
    pub(super) version: String,
}

impl Required {
    fn new(name: &str, source: Option<&str>, version: &str) -> Self {
        Self {
            name: name.to_owned(),
            source: source.map(str::to_owned),
            version: constraint(version),
        }
    }
}

/// What a version means to Terraform: a bare one takes its later releases.
fn constraint(version: &str) -> String {
    let operator = version.len() - version.trim_start_matches(['~', '>', '<', '=', '!']).len();
    match version.split_at(operator) {
        ("", version) => format!("~> {version}"),
        // The original writes two spaces where one is written: Terraform refuses that.
        (operator, version) => format!("{operator} {}", version.trim_start()),
    }
}

impl All {
    /// Reads what is said to plug-ins; what is wrong is in the reading.
    pub(super) fn read(config: &Config, reading: &mut Reading<'_>) -> Self {
        Self {
            amplience: amplience::Amplience::read(config, reading),
            aws: aws::Aws::read(config, reading),
            azure: azure::Azure::read(config, reading),
            commercetools: commercetools::Commercetools::read(config, reading),
            contentful: contentful::Contentful::read(config, reading),
            gcp: gcp::Gcp::read(config, reading),
            sentry: sentry::Sentry::read(config, reading),
        }
    }

    /// The providers that a site requires of a plug-in.
    pub(super) fn required(&self, config: &Config, plugin: &str, site: &str) -> Vec<Required> {
        let version = config.providers.get(plugin).map(String::as_str);
        match plugin {
            "amplience" => self.amplience.required(site, version),
            "aws" => self.aws.required(site, version),
            "azure" => self.azure.required(site, version),
            "commercetools" => self.commercetools.required(site, version),
            "contentful" => self.contentful.required(version),
            "gcp" => self.gcp.required(version),
            _ => self.sentry.required(version),
        }
    }

    /// What a plug-in makes for a site.
    pub(super) fn resources(&self, config: &Config, plugin: &str, site: &str) -> Body {
        let environment = &config.environment;
        match plugin {
            "amplience" => self.amplience.resources(site),
            "aws" => self.aws.resources(environment, site),
            "azure" => self.azure.resources(environment, site),
            "commercetools" => {
                let version = config.providers.get(plugin).map(String::as_str);
                self.commercetools.resources(site, version)
            }
            "contentful" => self.contentful.resources(site),
            "gcp" => self.gcp.resources(environment, site),
            _ => self.sentry.resources(),
        }
    }

    /// What a plug-in says of a component.
    pub(super) fn part(&self, config: &Config, plugin: &str, one: &Instance<'_>) -> Part {
        let site = &one.site.name.text;
        match plugin {
            "amplience" => self.amplience.part(site),
            "aws" => self.aws.part(site),
            "azure" => self.azure.part(one),
            "commercetools" => self.commercetools.part(one),
            "contentful" => Part::default(),
            "gcp" => self.gcp.part(site),
            _ => self.sentry.part(&config.environment, one),
        }
    }
}

/// What a configuration says to a plug-in for all sites.
fn for_all<'a>(config: &'a Config, plugin: &str, reading: &mut Reading<'_>) -> Option<Message<'a>> {
    let node = config.blocks.get(plugin)?;
    Message::of(node, format!("{plugin} of global"), reading)
}

/// What it says to it of each site, by the site's name.
fn of_sites<'a>(
    config: &'a Config,
    plugin: &str,
    reading: &mut Reading<'_>,
) -> Vec<(String, Message<'a>)> {
    let sites = config.sites.iter().filter_map(|site| {
        let node: &Node = site.blocks.get(plugin)?;
        let name = &site.name.text;
        let m = Message::of(node, format!("{plugin} of the site {name}"), reading)?;
        Some((name.clone(), m))
    });
    sites.collect()
}

/// What it says to it of each component of each site, by their names.
fn of_components<'a>(
    config: &'a Config,
    plugin: &str,
    reading: &mut Reading<'_>,
) -> Vec<((String, String), Message<'a>)> {
    let mut all = Vec::new();
    for site in &config.sites {
        for one in &site.components {
            let Some(node) = one.blocks.get(plugin) else {
                continue;
            };
            let (site, name) = (&site.name.text, &one.name.text);
            let what = format!("{plugin} of the component {name} of {site}");
            let m = Message::of(node, what, reading);
            all.extend(m.map(|m| ((site.clone(), name.clone()), m)));
        }
    }
    all
}

/// A setting of a plug-in: what it stands for in Terraform.
fn setting(key: &'static str, m: &mut Message<'_>, reading: &mut Reading<'_>) -> Option<Value> {
    let node = m.get(key, reading)?;
    Some(whole(node, reading))
}

/// A setting that must be there.
fn needed(key: &'static str, m: &mut Message<'_>, reading: &mut Reading<'_>) -> Value {
    let found = setting(key, m, reading);
    if found.is_none() && m.place(key).is_none() {
        reading.say(m.at, format!("{} has no {key}", m.what()), "");
    }
    found.unwrap_or(Value::Null)
}

/// A value of a plug-in, which knows no outputs of components.
fn whole(node: &Node, reading: &mut Reading<'_>) -> Value {
    let given = super::given::value(node, reading);
    let mut outputs = Vec::new();
    given.outputs(&mut outputs);
    if let Some(output) = outputs.first() {
        let says = format!(
            "a plug-in is given no output of a component ({})",
            output.component
        );
        reading.say(output.at, says, "variables and secrets of components are");
    }
    plain(&given)
}

/// A value without outputs of components.
fn plain(given: &Given) -> Value {
    match given {
        Given::Null => Value::Null,
        Given::Switch(is) => Value::Switch(*is),
        Given::Number(text) => Value::Number(text.clone()),
        Given::Text(bits) => match &bits[..] {
            [Bit::Expression(text)] => Value::expression(text),
            bits => Value::Text(
                bits.iter()
                    .map(|bit| match bit {
                        Bit::Plain(text) => Piece::Plain(text.clone()),
                        Bit::Expression(text) => Piece::Expression(text.clone()),
                        Bit::Output(output) => Piece::Plain(output.component.clone()),
                    })
                    .collect(),
            ),
        },
        Given::List(items) => Value::List(items.iter().map(plain).collect()),
        Given::Map(map) => {
            let entries = map.iter().map(|(key, value)| (key.clone(), plain(value)));
            Value::Object(entries.collect())
        }
    }
}

/// The tags that every resource of a site gets.
fn tags(environment: &str, site: &str) -> (String, Value) {
    let tags = vec![
        ("Site".to_owned(), Value::text(site)),
        ("Environment".to_owned(), Value::text(environment)),
    ];
    ("tags".to_owned(), Value::Object(tags))
}

/// Names the tags of a site where nothing else is named with them.
fn tag(environment: &str, site: &str, body: &mut Body) {
    let mut locals = Body::default();
    let (name, tags) = tags(environment, site);
    locals.set(&name, tags);
    body.block("locals", &[], locals);
}

/// A text as part of the name of a resource: words in lower case, with `-` between them.
fn slug(text: &str) -> String {
    let mut out = String::new();
    for c in text.trim().to_lowercase().chars() {
        if c.is_ascii_alphanumeric() || c == '_' {
            out.push(c);
        } else if !out.ends_with('-') {
            out.push('-');
        }
    }
    out.trim_matches('-').to_owned()
}
