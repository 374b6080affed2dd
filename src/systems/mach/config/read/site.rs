//! Reading sites and their components.

use super::{blocks, deprecated, endpoints, split, twice};
use crate::domain::ids::Part;
use crate::systems::mach::config::{Config, Site, SiteComponent, Split};
use crate::systems::mach::given;
use crate::systems::mach::tf::is_expression;
use crate::systems::message::{Message, Reading, Word};
use crate::text::diagnostic::closest;

/// The sites.
pub(super) fn sites(
    whole: Split,
    m: &mut Message<'_>,
    config: &Config,
    reading: &mut Reading<'_>,
) -> Vec<Site> {
    super::lacks(m, "sites", reading);
    let all: Vec<Site> = m
        .messages("sites", reading)
        .into_iter()
        .filter_map(|m| site(whole, m, config, reading))
        .collect();
    twice("sites", all.iter().map(|site| &site.name), reading);
    all
}

fn site(
    whole: Split,
    mut m: Message<'_>,
    config: &Config,
    reading: &mut Reading<'_>,
) -> Option<Site> {
    let name = m.needed("identifier", reading)?;
    m.called(format!("the site {}", name.text));
    if name.text.contains('/') || name.text.parse::<Part>().is_err() {
        let says = format!("{:?} cannot be the identifier of a site", name.text);
        let hint = "use letters, digits, '-', '_' and '.', 63 at most: it stands in the key of its state, and in the name of its stack";
        reading.say(name.at, says, hint);
    }
    m.text("name", reading);
    endpoints(&mut m, reading);
    let own = split(&mut m, reading).unwrap_or(whole);
    let variables = given::map("variables", &mut m, reading);
    let secrets = given::map("secrets", &mut m, reading);
    let components: Vec<SiteComponent> = m
        .messages("components", reading)
        .into_iter()
        .filter_map(|m| component(own, &name, m, config, reading))
        .collect();
    let names = components.iter().map(|one| &one.name);
    twice(&format!("components of {}", name.text), names, reading);
    let blocks = blocks(&mut m, &config.plugins, reading);
    m.end(reading);
    Some(Site {
        name,
        variables,
        secrets,
        blocks,
        components,
    })
}

fn component(
    whole: Split,
    site: &Word,
    mut m: Message<'_>,
    config: &Config,
    reading: &mut Reading<'_>,
) -> Option<SiteComponent> {
    let name = m.needed("name", reading)?;
    m.called(format!("the component {} of {}", name.text, site.text));
    if !config.components.contains_key(&name.text) {
        let all = config.components.keys().map(String::as_str);
        let near = closest(&name.text, all);
        let hint = near.map_or_else(
            || "define it under components".to_owned(),
            |near| format!("did you mean {near:?}?"),
        );
        let says = format!("there is no component {:?}", name.text);
        reading.say(name.at, says, hint);
    }
    let own = split(&mut m, reading).unwrap_or(whole);
    let stores = ["store_variables", "store_secrets"].map(|key| {
        let node = m.get(key, reading).cloned();
        if node.is_some() {
            let says = format!("{key} of {} belongs below commercetools now", m.what());
            reading.note(m.place(key).unwrap_or(m.at), says);
        }
        node
    });
    deprecated(
        "health_check_path",
        "MACH composer gave it up",
        &mut m,
        reading,
    );
    let count = m.text("count", reading);
    if let Some(word) = &count
        && !is_expression(&word.text)
    {
        let says = format!("{:?} is no expression of Terraform", word.text);
        reading.say(word.at, says, "a number, or an expression: var.x ? 1 : 0");
    }
    let found = SiteComponent {
        split: own,
        variables: given::map("variables", &mut m, reading),
        secrets: given::map("secrets", &mut m, reading),
        depends_on: m.texts("depends_on", reading),
        count,
        stores,
        blocks: blocks(&mut m, &config.plugins, reading),
        name,
    };
    m.end(reading);
    Some(found)
}
