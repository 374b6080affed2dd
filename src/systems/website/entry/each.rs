//! A website that is one site for each app that another program tells of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Kind, Own, WebsiteEntry};
use crate::domain::ids::Part;
use crate::domain::instance::{Instance, Slug};
use crate::domain::time::Time;
use crate::forms::s3::is_label;
use crate::text::safe::Safe;

/// The words for how users sign in that mean one page which makes all others in the browser.
const IN_THE_BROWSER: &str = "authorisationCode";

/// What stands for the id of an app.
pub(super) const ID: &str = "{id}";

/// What a site is one of many for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Each {
    /// An app.
    App,
}

impl WebsiteEntry {
    /// The entry of the site for an app.
    pub(in crate::systems::website) fn instance(&self, app: &Instance) -> Self {
        // What is no part of an address in capitals is the same in small letters.
        let id = app.id.as_str().to_ascii_lowercase();
        let owner = app.owner.as_ref().map_or("", Part::as_str);
        let fill = |text: &String| {
            text.replace(ID, &id)
                .replace("{name}", app.name.as_str())
                .replace("{owner}", owner)
        };
        let by_sign_in = match app.sign_in.as_ref().map(Safe::as_str) {
            Some(IN_THE_BROWSER) | None => Kind::React,
            Some(_) => Kind::Node,
        };
        let own = self.by_environment.iter().map(|(env, own)| {
            let parameters = own.parameters.as_ref().map(fill);
            let own = own.clone();
            (env.clone(), Own { parameters, ..own })
        });
        Self {
            each: None,
            subdomain: Some(self.subdomain.as_ref().map_or(id.clone(), fill)),
            repository: self.repository.as_ref().map(fill),
            parameters: self.parameters.as_ref().map(fill),
            kind: Some(self.kind.unwrap_or(by_sign_in)),
            by_environment: own.collect(),
            ..self.clone()
        }
    }

    /// The site for an app that may be told of: what is wrong with it is wrong with each.
    pub(super) fn example(&self) -> Option<Self> {
        let app = Instance {
            id: "x".parse().ok()?,
            name: Slug::of("x")?,
            title: Safe::new("x"),
            sign_in: None,
            owner: "x".parse().ok(),
            told_at: Time::default(),
            since: Time::default(),
        };
        self.each.map(|_| self.instance(&app))
    }

    /// The same, where the name that came of an app is one.
    ///
    /// # Errors
    /// A sentence that says what to do.
    pub(in crate::systems::website) fn named(self) -> Result<Self, String> {
        match &self.subdomain {
            Some(name) if !is_label(name) => Err(format!(
                "{name:?} cannot be a name below a domain: let subdomain name the app in another way, {{id}} or {{name}}"
            )),
            Some(_) | None => Ok(self),
        }
    }
}
