//! A domain of one's own that leads to a site: a certificate is asked for that is for it and for the
//! site's own name, and once its owner has proven it by a record of DNS, it is put on the
//! distribution. A distribution shows one certificate, so that one domain takes the place of another.

use std::time::Duration;

use serde_json::json;

use super::entry::Site;
use super::plan::row;
use super::steps::{self, EDGES, from, step};
use crate::domain::class::EnvClass;
use crate::domain::failure::Failure;
use crate::domain::hold::HoldKind;
use crate::domain::level::Danger;
use crate::domain::plan::{ChangeRow, Does, HoldRule, Leaves, Role, Step};
use crate::forms::cloudfront::DistributionFacts;
use crate::systems::PlanAsk;

const CERTIFICATE: &str = "ACM certificate";
const HOST: &str = "CloudFront alias";

/// How long a deployment waits for a record that somebody else makes; the certificate itself waits
/// for 72 hours.
const PROOF: Duration = Duration::from_mins(30);

/// What a plan has to do for domains beside its own.
#[derive(Default)]
pub(super) struct Work {
    pub(super) steps: Vec<Step>,
    pub(super) rows: Vec<ChangeRow>,
    pub(super) says: Vec<String>,
    pub(super) danger: Danger,
}

/// The hosts that lead to a distribution beside the site's own and the one of the file.
fn others(site: &Site, found: &DistributionFacts) -> Vec<String> {
    let is_named = |host: &String| {
        host.eq_ignore_ascii_case(&site.host)
            || site
                .custom
                .as_ref()
                .is_some_and(|one| host.eq_ignore_ascii_case(one))
    };
    let hosts = found.aliases.iter();
    hosts.filter(|host| !is_named(host)).cloned().collect()
}

/// Whether the hosts of a distribution were put there from here: with them came a certificate that
/// is not the one of the file.
fn are_ours(site: &Site, found: &DistributionFacts) -> bool {
    !found.certificate.is_empty() && found.certificate != site.certificate
}

/// What there is to do where the site is provisioned. `found` is its distribution, where it is ours
/// already: a new one gets its domain by the next plan, because its owner may take days.
pub(super) fn work(
    ask: &PlanAsk,
    site: &Site,
    owner: &str,
    found: Option<&DistributionFacts>,
) -> Result<Work, Failure> {
    let Some(found) = found else {
        return Ok(site
            .custom
            .as_ref()
            .map_or_else(Work::default, |custom| asked_for(ask, site, custom, owner)));
    };
    let leads = |custom: &String| {
        found
            .aliases
            .iter()
            .any(|one| one.eq_ignore_ascii_case(custom))
    };
    let takes = others(site, found);
    match &site.custom {
        Some(custom) if leads(custom) => Ok(Work::default()),
        Some(custom) if !takes.is_empty() && !are_ours(site, found) => Err(Failure::new(format!(
            "{custom} cannot be put on the distribution {}: {} leads to it, which was not put there from here",
            found.id,
            takes.join(", ")
        ))
        .detail("a distribution shows one certificate, and the one that is asked for is not for that host")
        .hint("take that host from the distribution, or the custom_domain from the estate file, then deploy again")),
        Some(custom) => Ok(put(ask, site, custom, owner, &takes)),
        None if takes.is_empty() || !are_ours(site, found) => Ok(Work::default()),
        None => Ok(taken_back(ask, site, owner, &takes)),
    }
}

/// The certificate is asked for; what follows of it is another deployment's.
fn asked_for(ask: &PlanAsk, site: &Site, custom: &str, owner: &str) -> Work {
    Work {
        steps: vec![request(site, custom, owner), prove(site)],
        rows: vec![row("certificate", CERTIFICATE, Does::Add)],
        says: vec![format!(
            "A certificate for {custom} is asked for. Its lines tell by which record of DNS {custom} is proven to be yours: once that is made, holdpoint deploy {} --flag provision=true puts it on the site.",
            ask.stack
        )],
        danger: Danger::default(),
    }
}

/// The domain is put on the distribution, once it is proven.
fn put(ask: &PlanAsk, site: &Site, custom: &str, owner: &str, takes: &[String]) -> Work {
    let certificate = from("certificate", "/arn");
    let puts = [custom.to_owned(), site.host.clone()];
    let lead = lead(site, &puts, takes, &certificate, "proven").hold(hold(ask, takes));
    let mut work = Work {
        steps: vec![
            request(site, custom, owner),
            prove(site),
            proven(site, custom),
            lead,
            spread(site),
        ],
        rows: vec![
            row("certificate", CERTIFICATE, Does::Add),
            row(custom, HOST, Does::Add),
        ],
        says: vec![
            format!(
                "A certificate for {custom} is asked for, unless that was done. It is waited for {} minutes until {custom} is proven by the record of DNS that the lines tell; a cancel meanwhile changes nothing.",
                PROOF.as_secs() / 60
            ),
            format!("Then {custom} leads to the site, beside {}.", site.host),
        ],
        danger: danger(takes),
    };
    if is_below(site, custom) {
        work.steps
            .push(steps::named(site, "own-name", custom, &["spread"]));
    } else {
        work.says.push(format!(
            "Where {custom} leads is said by its own DNS: by a CNAME, or an alias, to the domain name of the distribution."
        ));
    }
    takes_away(&mut work, site, owner, takes);
    work
}

/// A domain that the file does not name any more goes.
fn taken_back(ask: &PlanAsk, site: &Site, owner: &str, takes: &[String]) -> Work {
    let puts = [site.host.clone()];
    let certificate = json!(site.certificate);
    let lead = lead(site, &puts, takes, &certificate, "edges").hold(hold(ask, takes));
    let mut work = Work {
        steps: vec![lead, spread(site)],
        danger: danger(takes),
        ..Work::default()
    };
    takes_away(&mut work, site, owner, takes);
    work
}

/// What goes with the hosts that lead to it no more.
fn takes_away(work: &mut Work, site: &Site, owner: &str, takes: &[String]) {
    if takes.is_empty() {
        return;
    }
    work.says.push(format!(
        "{} answers no more; the certificate that was asked for goes.",
        takes.join(", ")
    ));
    work.rows
        .extend(takes.iter().map(|host| row(host, HOST, Does::Remove)));
    work.steps.push(forget(site, takes, owner, "spread"));
}

/// What goes with a site beside what is its own.
pub(super) fn ends(site: &Site, owner: &str, found: &DistributionFacts) -> Work {
    let mut names: Vec<String> = site.custom.clone().into_iter().collect();
    if are_ours(site, found) {
        names.extend(others(site, found));
    }
    if names.is_empty() {
        return Work::default();
    }
    let below = names.iter().filter(|name| is_below(site, name));
    let mut steps: Vec<Step> = below
        .enumerate()
        .map(|(nth, name)| {
            steps::unnamed(site, &format!("own-name-{nth}"), name, &found.domain_name)
        })
        .collect();
    steps.push(forget(site, &names, owner, "delete"));
    Work {
        steps,
        rows: names.iter().map(|name| goes(name)).collect(),
        says: vec![format!(
            "{} answers no more, and its certificate goes. Records of DNS at others that lead here, and those that prove names, stay: take them away there.",
            names.join(", ")
        )],
        danger: Danger::default(),
    }
}

/// The row of a certificate that goes.
pub(super) fn goes(name: &str) -> ChangeRow {
    row(&format!("certificate {name}"), CERTIFICATE, Does::Remove)
}

/// Whether a name is of the domain of the site, whose zone is ours.
fn is_below(site: &Site, name: &str) -> bool {
    let domain = site.host.split_once('.').map_or("", |(_, domain)| domain);
    name == domain || name.ends_with(&format!(".{domain}"))
}

/// Hosts that go answer nobody any more.
fn danger(takes: &[String]) -> Danger {
    Danger {
        downtime: !takes.is_empty(),
        ..Danger::default()
    }
}

fn hold(ask: &PlanAsk, takes: &[String]) -> Option<HoldRule> {
    let protected = matches!(ask.env.class, EnvClass::Production | EnvClass::Staging);
    (protected && !takes.is_empty()).then(|| HoldRule::always(HoldKind::Downtime))
}

fn request(site: &Site, custom: &str, owner: &str) -> Step {
    let params = json!({ "names": [custom, site.host], "owner": owner });
    let title = format!("ask for a certificate for {custom}");
    let after = ["name"];
    step(
        Role::Build,
        site,
        "certificate",
        title,
        "acm.request",
        params,
        &after,
    )
    .undo("a teardown deletes it")
}

fn prove(site: &Site) -> Step {
    let params = json!({ "zone_id": site.zone, "records": from("certificate", "/records") });
    let title = format!("prove {} by a record of its zone", site.host);
    let after = ["certificate"];
    step(
        Role::Build,
        site,
        "proof",
        title,
        "route53.prove",
        params,
        &after,
    )
}

fn proven(site: &Site, custom: &str) -> Step {
    let params = json!({ "arn": from("certificate", "/arn") });
    let title = format!("wait until {custom} is proven by a record of its DNS");
    step(
        Role::Verify,
        site,
        "proven",
        title,
        "acm.issued",
        params,
        &["proof"],
    )
    .within(PROOF)
}

fn lead(
    site: &Site,
    puts: &[String],
    takes: &[String],
    certificate: &serde_json::Value,
    after: &str,
) -> Step {
    let params = json!({
        "id": from("distribution", "/id"),
        "puts": puts,
        "takes": takes,
        "certificate_arn": certificate,
    });
    let title = format!("have {} lead to the distribution", puts.join(" and "));
    step(
        Role::Change,
        site,
        "hosts",
        title,
        "cloudfront.names",
        params,
        &[after],
    )
    .leaving(Leaves::Old)
}

fn spread(site: &Site) -> Step {
    let params = json!({ "id": from("distribution", "/id") });
    let title = "wait until all edges know it".to_owned();
    step(
        Role::Verify,
        site,
        "spread",
        title,
        "cloudfront.deployed",
        params,
        &["hosts"],
    )
    .within(EDGES)
}

/// The certificates that were asked for under these names go.
pub(super) fn forget(site: &Site, names: &[String], owner: &str, after: &str) -> Step {
    let params = json!({ "names": names, "owner": owner });
    let title = format!("delete the certificate of {}", names.join(", "));
    step(
        Role::Remove,
        site,
        "forget",
        title,
        "acm.delete",
        params,
        &[after],
    )
    .within(EDGES)
}

#[cfg(test)]
mod tests;
