//! Stores, what components are given for them, and the clients of their frontends.

use std::collections::BTreeMap;

use super::{Store, expressions};
use crate::systems::mach::tf::{Body, Piece, Value};

/// Scopes that a client may have for one store.
const OF_STORES: [&str; 6] = [
    "manage_orders",
    "manage_my_orders",
    "view_orders",
    "manage_customers",
    "view_customers",
    "manage_my_profile",
];

impl Store {
    pub(super) fn resource(&self) -> Body {
        let mut body = Body::default();
        body.say("key", &self.key);
        body.set(
            "name",
            self.name
                .clone()
                .unwrap_or_else(|| Value::Object(Vec::new())),
        );
        body.set("languages", self.languages.clone());
        for (name, channels) in [
            ("distribution_channels", &self.distribution),
            ("supply_channels", &self.supply),
        ] {
            if !channels.is_empty() {
                let keys = channels.iter();
                let keys = keys.map(|key| format!("commercetools_channel.{key}.key"));
                body.set(name, expressions(keys));
            }
        }
        body
    }

    /// What a component is given for it.
    pub(super) fn given(&self, given: Option<&[BTreeMap<String, Value>; 2]>) -> Value {
        let of = |n: usize| {
            let own = given.and_then(|given| given[n].get(&self.key));
            own.cloned().unwrap_or_else(|| Value::Object(Vec::new()))
        };
        Value::Object(vec![
            ("key".to_owned(), Value::text(&self.key)),
            ("variables".to_owned(), of(0)),
            ("secrets".to_owned(), of(1)),
        ])
    }
}

/// A scope in a project, and in a store of it.
fn scoped(scope: &str, project: &Value, store: Option<&str>) -> Value {
    let mut pieces = vec![Piece::Plain(format!("{scope}:"))];
    match project {
        Value::Text(own) => pieces.extend(own.iter().cloned()),
        Value::Expression(text) => pieces.push(Piece::Expression(text.clone())),
        _ => {}
    }
    pieces.extend(store.map(|store| Piece::Plain(format!(":{store}"))));
    Value::Text(joined(pieces))
}

/// Neighbours that are letters as one.
fn joined(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut all: Vec<Piece> = Vec::new();
    for piece in pieces {
        match (all.last_mut(), piece) {
            (Some(Piece::Plain(before)), Piece::Plain(text)) => before.push_str(&text),
            (_, piece) => all.push(piece),
        }
    }
    all
}

/// The clients of frontends: one for each store, or one where there is none.
pub(super) fn frontend(stores: &[Store], project: &Value, scopes: &[String], body: &mut Body) {
    let all = |store: Option<&str>| {
        let mut all = Vec::new();
        for scope in scopes {
            all.push(scoped(scope, project, None));
            if store.is_some() && OF_STORES.contains(&scope.as_str()) {
                all.push(scoped(scope, project, store));
            }
        }
        Value::List(all)
    };
    let mut client = |suffix: &str, scopes: Value, after: Option<String>| {
        let name = format!("frontend_credentials{suffix}");
        let mut inner = Body::default();
        inner.say("name", &format!("frontend_credentials_terraform{suffix}"));
        inner.set("scope", scopes);
        if let Some(after) = after {
            inner.set("depends_on", expressions([after]));
        }
        body.block("resource", &["commercetools_api_client", &name], inner);
        for (output, of) in [("scope", "scope"), ("id", "id"), ("secret", "secret")] {
            let mut inner = Body::default();
            let value = format!("commercetools_api_client.{name}.{of}");
            inner.set("value", Value::Expression(value));
            if output == "secret" {
                // Terraform refuses an output that holds a secret and does not say so.
                inner.set("sensitive", Value::Switch(true));
            }
            body.block(
                "output",
                &[&format!("frontend_client_{output}{suffix}")],
                inner,
            );
        }
    };
    if stores.is_empty() {
        client("", all(None), None);
    }
    for store in stores {
        let after = store
            .managed
            .then(|| format!("commercetools_store.{}", store.key));
        client(&format!("_{}", store.key), all(Some(&store.key)), after);
    }
}
