//! What is made on Azure for a site, and what its components are given of that.

use super::{Alerts, Plan, Site, USUAL, called, region};
use crate::systems::mach::plugins::{Part, tags};
use crate::systems::mach::tf::{Body, Piece, Value};

/// Parts of the names of sites, and what stands for each where a name must be short.
const SHORT: [(&str, &str); 4] = [("dev", "d"), ("tst", "t"), ("acc", "a"), ("prd", "p")];

fn expression(text: &str) -> Value {
    Value::expression(text)
}

/// A text that begins with what Terraform puts there.
fn after(first: &str, text: String) -> Value {
    Value::Text(vec![
        Piece::Expression(first.to_owned()),
        Piece::Plain(text),
    ])
}

pub(super) fn resources(own: &Site, prefix: &str, environment: &str, site: &str) -> Body {
    let mut body = Body::default();
    let mut provider = Body::default();
    provider.set("subscription_id", own.subscription.clone());
    provider.set("tenant_id", own.tenant.clone());
    provider.set("skip_provider_registration", Value::Switch(true));
    provider.block("features", &[], Body::default());
    body.block("provider", &["azurerm"], provider);
    let (short, long) = region::of(&own.region).unwrap_or(("", ""));
    let short_site = SHORT.iter().fold(site.to_owned(), |name, (word, letter)| {
        name.replace(word, letter)
    });
    let mut locals = Body::default();
    locals.set("tenant_id", own.tenant.clone());
    locals.say("region", &own.region);
    locals.set("subscription_id", own.subscription.clone());
    locals.say("region_short", short);
    let name = format!("format(\"{prefix}{short_site}-%s\", local.region_short)");
    locals.set("name_prefix", Value::Expression(name));
    let none = || Value::Object(Vec::new());
    locals.set(
        "service_object_ids",
        own.objects.clone().unwrap_or_else(none),
    );
    let (name, tags) = tags(environment, site);
    locals.set(&name, tags);
    body.block("locals", &[], locals);
    grouped(own, long, &mut body);
    if let Some(alerts) = &own.alerts {
        alerts.make(site, &mut body);
    }
    let mut front = Body::default();
    front.set(
        "frontdoor_domain",
        expression("format(\"%s-fd.azurefd.net\", local.name_prefix)"),
    );
    let identifier = "replace(local.frontdoor_domain, \".\", \"-\")";
    front.set("frontdoor_domain_identifier", expression(identifier));
    body.block("locals", &[], front);
    body.block("locals", &[], Body::default());
    let mut endpoints = Body::default();
    endpoints.set("value", none());
    body.block("output", &["endpoints"], endpoints);
    for (key, plan) in &own.plans {
        plan.make(key, &mut body);
    }
    body
}

/// The resource group: one that is there, or one that is made.
fn grouped(own: &Site, long: &str, body: &mut Body) {
    let mut group = Body::default();
    let from = if let Some(name) = &own.group {
        group.set("name", name.clone());
        body.block("data", &["azurerm_resource_group", "main"], group);
        "data.azurerm_resource_group.main"
    } else {
        group.set("name", expression("format(\"%s-rg\", local.name_prefix)"));
        group.say("location", long);
        group.set("tags", expression("local.tags"));
        body.block("resource", &["azurerm_resource_group", "main"], group);
        "azurerm_resource_group.main"
    };
    let mut locals = Body::default();
    locals.set(
        "resource_group_name",
        Value::Expression(format!("{from}.name")),
    );
    locals.set(
        "resource_group_location",
        Value::Expression(format!("{from}.location")),
    );
    body.block("locals", &[], locals);
}

impl Alerts {
    fn make(&self, site: &str, body: &mut Body) {
        const APP: &str = "data.azurerm_logic_app_workflow.alert_logic_app";
        if let Some((group, name)) = &self.app {
            let mut app = Body::default();
            app.say("name", name);
            app.say("resource_group_name", group);
            body.block(
                "data",
                &["azurerm_logic_app_workflow", "alert_logic_app"],
                app,
            );
        }
        let mut group = Body::default();
        group.say("name", &format!("{site}-{}", self.name));
        // A group that is there is no resource of this configuration.
        group.set(
            "resource_group_name",
            expression("local.resource_group_name"),
        );
        group.say(
            "short_name",
            &self.name.replace([',', '-'], "").to_lowercase(),
        );
        for email in &self.emails {
            let mut inner = Body::default();
            inner.say("name", email);
            inner.say("email_address", email);
            group.block("email_receiver", &[], inner);
        }
        if self.app.is_some() {
            let mut inner = Body::default();
            inner.say("name", "Logic app receiver");
            inner.set("resource_id", Value::Expression(format!("{APP}.id")));
            inner.set(
                "callback_url",
                Value::Expression(format!("{APP}.access_endpoint")),
            );
            inner.set("use_common_alert_schema", Value::Switch(true));
            group.block("logic_app_receiver", &[], inner);
        }
        if let Some(webhook) = &self.webhook {
            let mut inner = Body::default();
            inner.say("name", "alert_webhook");
            inner.set("service_uri", webhook.clone());
            inner.set("use_common_alert_schema", Value::Switch(true));
            group.block("webhook_receiver", &[], inner);
        }
        body.block(
            "resource",
            &["azurerm_monitor_action_group", "alert_action_group"],
            group,
        );
    }
}

impl Plan {
    fn make(&self, key: &str, body: &mut Body) {
        if self.own_group {
            let mut group = Body::default();
            group.set(
                "name",
                after("local.resource_group_name", format!("-{key}")),
            );
            group.set("location", expression("local.resource_group_location"));
            group.set("tags", expression("local.tags"));
            body.block("resource", &["azurerm_resource_group", key], group);
        }
        let mut plan = Body::default();
        let name = if key == USUAL {
            "-plan".to_owned()
        } else {
            format!("-{key}-plan")
        };
        plan.set("name", after("local.name_prefix", name));
        let group = if self.own_group {
            format!("azurerm_resource_group.{key}.name")
        } else {
            "local.resource_group_name".to_owned()
        };
        plan.set("resource_group_name", Value::Expression(group));
        plan.set("location", expression("local.resource_group_location"));
        plan.say("kind", &self.kind);
        let is_windows = self.kind.eq_ignore_ascii_case("windows");
        plan.set("reserved", Value::Switch(!is_windows));
        plan.set("per_site_scaling", Value::Switch(self.scales_alone));
        let mut sku = Body::default();
        sku.set("tier", self.tier.clone());
        sku.set("size", self.size.clone());
        if let Some(capacity) = &self.capacity {
            sku.set("capacity", capacity.clone());
        }
        plan.block("sku", &[], sku);
        let mut tagged = Body::default();
        tagged.set("tags", expression("local.tags"));
        plan.extend(tagged);
        body.block(
            "resource",
            &["azurerm_app_service_plan", &called(key)],
            plan,
        );
    }
}

pub(super) fn part(own: &Site, short: &str, named: Option<&str>) -> Part {
    let mut part = Part {
        providers: vec![("azurerm".to_owned(), "azurerm".to_owned())],
        ..Part::default()
    };
    let given = &mut part.variables;
    given.say("azure_short_name", short);
    for (name, local) in [
        ("azure_name_prefix", "local.name_prefix"),
        ("azure_subscription_id", "local.subscription_id"),
        ("azure_tenant_id", "local.tenant_id"),
        ("azure_region", "local.region"),
        ("azure_service_object_ids", "local.service_object_ids"),
    ] {
        given.set(name, expression(local));
    }
    let of = |from: &str, keys: &[(&str, &str)]| {
        let entries = keys
            .iter()
            .map(|(key, is)| ((*key).to_owned(), Value::Expression(format!("{from}{is}"))));
        Value::Object(entries.collect())
    };
    let group = [("name", "name"), ("location", "location")];
    given.set("azure_resource_group", of("local.resource_group_", &group));
    let plan = called(named.unwrap_or(USUAL));
    let keys = [
        ("id", "id"),
        ("name", "name"),
        ("resource_group_name", "resource_group_name"),
    ];
    given.set(
        "azure_app_service_plan",
        of(&format!("azurerm_app_service_plan.{plan}."), &keys),
    );
    if own.alerts.is_some() {
        let id = "azurerm_monitor_action_group.alert_action_group.id";
        given.set("azure_monitor_action_group_id", expression(id));
    }
    if named.is_some() {
        part.depends_on
            .push(format!("azurerm_app_service_plan.{plan}"));
    }
    part
}
