//! A configuration of MACH composer, as it is written in version 1: what is where, before it is known
//! what comes of it.

mod read;
mod source;
mod state;

pub(super) use read::read;
pub(super) use source::Source;
pub(super) use state::State;

use std::collections::BTreeMap;

use super::given::{self, Map, Output};
use super::tree::Registered;
use crate::domain::look::Subject;
use crate::systems::message::Word;
use crate::systems::versions::Versions;
use crate::text::document::Node;

/// A configuration.
#[derive(Debug, Clone)]
pub(super) struct Config {
    /// Its file.
    pub(super) file: String,
    /// The original program makes the Terraform of it: what plug-ins are told is its business.
    pub(super) original: bool,
    /// Where versions are registered.
    pub(super) registry: Option<Registered>,
    /// What it calls the environment.
    pub(super) environment: String,
    /// The plug-in of the cloud.
    pub(super) cloud: Option<String>,
    /// The plug-ins, in their order.
    pub(super) plugins: Vec<String>,
    /// The versions of providers, by plug-in.
    pub(super) providers: BTreeMap<String, String>,
    /// Providers that it configures itself.
    pub(super) configured: Vec<Provider>,
    /// Where states are kept.
    pub(super) state: State,
    /// What every component is given.
    pub(super) variables: Map,
    /// What every component is given in secret.
    pub(super) secrets: Map,
    /// What it says to plug-ins, for all sites.
    pub(super) blocks: Blocks,
    /// The variables file, where it is encrypted.
    pub(super) encrypted: Option<String>,
    /// The sites.
    pub(super) sites: Vec<Site>,
    /// The components.
    pub(super) components: BTreeMap<String, Component>,
}

/// What is said to plug-ins, by their names.
pub(super) type Blocks = BTreeMap<String, Node>;

/// A provider that a configuration names itself.
#[derive(Debug, Clone)]
pub(super) struct Provider {
    pub(super) name: String,
    pub(super) source: Option<String>,
    pub(super) version: Option<String>,
    pub(super) settings: Map,
}

/// How much stands in one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Split {
    /// A site, with its components.
    Site,
    /// Each component of a site.
    Component,
}

/// A component, whatever the site.
#[derive(Debug, Clone)]
pub(super) struct Component {
    pub(super) name: Word,
    pub(super) source: Source,
    pub(super) version: Word,
    /// The version as it stands in Terraform.
    pub(super) is: String,
    /// The branch whose newest commit it is, where it is no other.
    pub(super) latest: Option<Subject>,
    /// Where its other versions are.
    pub(super) among: Versions,
    /// The plug-ins that render for it.
    pub(super) integrations: Vec<String>,
    pub(super) blocks: Blocks,
}

/// A site.
#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) name: Word,
    pub(super) variables: Map,
    pub(super) secrets: Map,
    pub(super) blocks: Blocks,
    pub(super) components: Vec<SiteComponent>,
}

/// A component of a site.
#[derive(Debug, Clone)]
pub(super) struct SiteComponent {
    pub(super) name: Word,
    pub(super) split: Split,
    pub(super) variables: Map,
    pub(super) secrets: Map,
    /// What it names itself; that stands in the place of what it refers to.
    pub(super) depends_on: Vec<Word>,
    /// How many there are, as an expression of Terraform.
    pub(super) count: Option<Word>,
    /// What it is given for stores, as it was written before: variables and secrets.
    pub(super) stores: [Option<Node>; 2],
    pub(super) blocks: Blocks,
}

/// A component of a site with everything that it is given.
pub(super) struct Instance<'a> {
    pub(super) site: &'a Site,
    pub(super) own: &'a SiteComponent,
    pub(super) component: &'a Component,
    pub(super) variables: Map,
    pub(super) secrets: Map,
}

impl Config {
    /// A component of a site, with what it is given: its own before the site's before all sites'.
    pub(super) fn instance<'a>(
        &'a self,
        site: &'a Site,
        own: &'a SiteComponent,
    ) -> Option<Instance<'a>> {
        let merged = |all: &Map, site: &Map, own: &Map| -> Map {
            let all = all.iter().chain(site).chain(own);
            all.map(|(key, value)| (key.clone(), value.clone()))
                .collect()
        };
        Some(Instance {
            site,
            own,
            component: self.components.get(&own.name.text)?,
            variables: merged(&self.variables, &site.variables, &own.variables),
            secrets: merged(&self.secrets, &site.secrets, &own.secrets),
        })
    }
}

impl Instance<'_> {
    /// The outputs of other components that it refers to.
    pub(super) fn outputs(&self) -> Vec<&Output> {
        let mut all = given::outputs(&self.variables);
        all.extend(given::outputs(&self.secrets));
        all
    }

    /// Whether the plug-in of the cloud renders for it.
    pub(super) fn is_in_cloud(&self, config: &Config) -> bool {
        let cloud = config.cloud.as_ref();
        cloud.is_some_and(|cloud| self.component.integrations.contains(cloud))
    }
}
