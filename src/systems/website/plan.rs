//! The plans of a site: provision, publish, take down.

use serde::Deserialize;
use serde_json::json;

use super::body::Body;
use super::entry::{Build, Site};
use super::variables::Variables;
use super::{REBUILD, domain, steps};
use crate::domain::artifact::Artifact;
use crate::domain::class::EnvClass;
use crate::domain::failure::Failure;
use crate::domain::flag::is_set;
use crate::domain::hold::HoldKind;
use crate::domain::ids::StackId;
use crate::domain::level::Danger;
use crate::domain::look::{Sight, Sights, Standing};
use crate::domain::plan::{ChangeRow, Changes, Does, HoldRule, Plan, Step};
use crate::domain::refs::Commit;
use crate::domain::request::Spec;
use crate::forms::cloudfront::DistributionFacts;
use crate::forms::s3::OBJECT;
use crate::systems::PlanAsk;

const DISTRIBUTION: &str = "CloudFront distribution";
const NAME: &str = "Route 53 alias";
const FILES: &str = "S3 objects";

/// What was seen of the site's distribution; none where there is none.
fn found(sight: &Sight) -> Result<Option<DistributionFacts>, Failure> {
    if sight.standing == Standing::Missing {
        return Ok(None);
    }
    let facts = DistributionFacts::deserialize(&sight.facts);
    facts.map(Some).map_err(|why| {
        Failure::new(format!(
            "what was seen of {} cannot be read: {why}",
            sight.about
        ))
        .hint("try again")
    })
}

/// Who has a distribution, as its comment says.
fn owner(ask: &PlanAsk) -> String {
    format!("holdpoint {} {}", ask.store, ask.stack)
}

/// Whether the site is provisioned: by a distribution that says that it is ours. One that says
/// nothing of us is taken first, which is a deployment of its own.
pub(super) fn is_provisioned(ask: &PlanAsk, sight: &Sight) -> bool {
    found(sight).is_ok_and(|found| found.is_some_and(|found| found.comment == owner(ask)))
}

/// The distribution of a site that is provisioned.
pub(super) fn provisioned(
    ask: &PlanAsk,
    site: &Site,
    sight: &Sight,
) -> Result<DistributionFacts, Failure> {
    let Some(found) = found(sight)? else {
        return Err(unprovisioned(&ask.stack, site));
    };
    if touch(ask, site, &found)? {
        return Err(Failure::new(format!(
            "the distribution {} of {} was not made from here",
            found.id, site.host
        ))
        .detail("nothing is published behind a distribution that says nothing of us")
        .hint(format!(
            "holdpoint deploy {} takes it, and publishes nothing yet",
            ask.stack
        )));
    }
    Ok(found)
}

/// Refuses a distribution of another store or stack; tells whether it was made by somebody else.
fn touch(ask: &PlanAsk, site: &Site, found: &DistributionFacts) -> Result<bool, Failure> {
    let ours = owner(ask);
    match found.comment.strip_prefix("holdpoint ") {
        Some(_) if found.comment == ours => Ok(false),
        Some(other) => Err(Failure::new(format!(
            "the distribution {} of {} is of {other}",
            found.id, site.host
        ))
        .detail(format!("this is {} of the store {}", ask.stack, ask.store))
        .hint(format!(
            "work on it from there, or give {} another subdomain",
            ask.stack
        ))),
        None => Ok(true),
    }
}

/// Everything that serves the site is made, or taken as it is.
pub(super) fn provision(ask: &PlanAsk, site: &Site, sight: &Sight) -> Result<Plan, Failure> {
    let found = found(sight)?;
    let foreign = match &found {
        Some(found) => touch(ask, site, found)?,
        None => false,
    };
    let protected = matches!(ask.env.class, EnvClass::Production | EnvClass::Staging);
    let hold = (foreign && protected).then(|| HoldRule::always(HoldKind::FirstTouch));
    let ours = found.as_ref().filter(|_| !foreign);
    let domain = domain::work(ask, site, &owner(ask), ours)?;
    let mut steps = vec![
        steps::placeholder(site),
        steps::access(site),
        steps::distribution(site, &owner(ask), found.as_ref()).hold(hold),
        steps::at_the_edges(site),
        steps::name(site),
    ];
    let (made, mut says) = match &found {
        None => (
            Does::Add,
            vec![format!(
                "{} is provisioned; nothing is published yet. That takes some minutes: a distribution goes to all edges.",
                site.host
            )],
        ),
        Some(found) => (
            Does::Change,
            vec![if found.enabled {
                format!(
                    "The distribution {} of {} is there already and is taken as it is.",
                    found.id, site.host
                )
            } else {
                format!(
                    "The distribution {} of {} is disabled, and nobody is served: it is enabled, which takes some minutes.",
                    found.id, site.host
                )
            }],
        ),
    };
    if foreign {
        says.push(
            "It was not made from here; its comment says from then on that it is taken.".to_owned(),
        );
    }
    let mut rows = vec![
        row("distribution", DISTRIBUTION, made),
        row("name", NAME, made),
    ];
    steps.extend(domain.steps);
    rows.extend(domain.rows);
    says.extend(domain.says);
    Ok(plan("provision", site, steps, rows, domain.danger, says))
}

/// The files of an archive are served.
pub(super) fn publish(
    ask: &PlanAsk,
    spec: &Spec,
    body: &Body,
    archive: &Artifact,
    sight: &Sight,
) -> Result<Plan, Failure> {
    let site = &body.site;
    let found = provisioned(ask, site, sight)?;
    let files = steps::files(site, &json!(archive), &[]);
    let steps = vec![steps::begins(files), steps::refresh(site, &found.id)];
    let says = vec![format!(
        "The files of {} take the place of those at {}; pages are served anew once the distribution is refreshed.",
        spec.release, site.host
    )];
    let rows = vec![row("files", FILES, Does::Change)];
    Ok(plan("publish", site, steps, rows, Danger::default(), says))
}

/// A commit is built, where that was not done before, and served.
pub(super) fn deploy(
    ask: &PlanAsk,
    body: &Body,
    commit: &Commit,
    sight: &Sight,
    seen: &Sights,
) -> Result<Plan, Failure> {
    let site = &body.site;
    let found = provisioned(ask, site, sight)?;
    let (build, key) = body.kept(commit).ok_or_else(|| {
        Failure::new(format!(
            "{} is not built from a repository any more",
            ask.stack
        ))
        .hint(format!(
            "publish an archive: `holdpoint publish {} FILE.zip --version V`",
            ask.stack
        ))
    })?;
    let short = commit.short();
    let kept = seen.of_kind(OBJECT);
    let was_built = kept.is_some_and(|kept| kept.standing == Standing::Good);
    let is_kept = was_built && !is_set(&ask.flags, REBUILD);
    let variables = if is_kept {
        Variables::default()
    } else {
        Variables::of(build, seen)?
    };
    let (mut steps, mut says) = if is_kept {
        let says = format!(
            "{short} was built before: what was built then is served, and nothing is built."
        );
        let first = steps::built(site, build, &key, &[]);
        (vec![steps::begins(first)], vec![says])
    } else {
        let says = format!(
            "{short} of {} is built in {}; where that fails, what is served stays as it is.",
            build.branch.as_str(),
            build.project
        );
        let steps = vec![
            steps::source(site, build, commit, &key),
            steps::build(site, build, &key, &variables.taken),
            steps::built(site, build, &key, &["build"]),
        ];
        (steps, vec![says])
    };
    if was_built && !is_kept {
        says.push("What was built of it before is replaced.".to_owned());
    }
    let role = build.role.as_ref().filter(|_| !is_kept);
    says.extend(role.map(|role| format!("It is built with the role {role}.")));
    says.extend(variables.words());
    steps.push(steps::files(site, &steps::archive(), &["archive"]));
    steps.push(steps::refresh(site, &found.id));
    let rows = vec![row("files", FILES, Does::Change)];
    let name = if is_kept { "publish" } else { "build" };
    Ok(plan(name, site, steps, rows, Danger::default(), says))
}

/// There is nothing to build.
pub(super) fn no_branch(stack: &StackId, build: &Build) -> Failure {
    Failure::new(format!(
        "{} has no branch {}",
        build.repository, build.branch
    ))
    .hint(format!(
        "name the branch of {stack} in the estate file, then deploy again"
    ))
}

/// A release is published, or what serves it is seen to.
pub(super) fn either(stack: &StackId, spec: &Spec) -> Failure {
    Failure::new(format!(
        "{} is a release of {stack}, and by the flags provision and parameter nothing is published",
        spec.release
    ))
    .hint(format!(
        "holdpoint deploy {stack} --flag provision=true, or publish the release without such a flag"
    ))
}

fn unprovisioned(stack: &StackId, site: &Site) -> Failure {
    Failure::new(format!(
        "{stack} is not provisioned: there is no distribution of {}",
        site.host
    ))
    .hint(format!("holdpoint deploy {stack}"))
}

/// The site goes: it answers no more, and then everything that served it.
pub(super) fn teardown(ask: &PlanAsk, site: &Site, sight: &Sight) -> Result<Plan, Failure> {
    let hold = Some(HoldRule::always(HoldKind::Teardown));
    let Some(found) = found(sight)? else {
        let says = vec![format!(
            "The distribution of {} is gone already, or never was: what is left are files.",
            site.host
        )];
        let mut steps = vec![steps::clear(site, &[]).hold(hold)];
        let mut rows = vec![row("files", FILES, Does::Remove)];
        if let Some(custom) = &site.custom {
            steps.push(domain::forget(
                site,
                std::slice::from_ref(custom),
                &owner(ask),
                "files",
            ));
            rows.push(domain::goes(custom));
        }
        return Ok(plan("teardown", site, steps, rows, GOES, says));
    };
    touch(ask, site, &found)?;
    let id = &found.id;
    let mut steps = vec![
        steps::disable(site, id).hold(hold),
        steps::disabled(site, id),
        steps::unname(site, &found.domain_name),
        steps::clear(site, &["disabled"]),
        steps::delete(site, id),
    ];
    let mut says = vec![
        format!(
            "{} answers no more within minutes of the first step: that is where it can still be taken back.",
            site.host
        ),
        format!(
            "Then its name, its files below {}/{} and the distribution {id} go. The bucket, the hosted zone and the certificate of the file stay.",
            site.live, site.prefix
        ),
    ];
    let mut rows = vec![
        row("distribution", DISTRIBUTION, Does::Remove),
        row("files", FILES, Does::Remove),
        row("name", NAME, Does::Remove),
    ];
    let domain = domain::ends(site, &owner(ask), &found);
    steps.extend(domain.steps);
    rows.extend(domain.rows);
    says.extend(domain.says);
    Ok(plan("teardown", site, steps, rows, GOES, says))
}

/// The whole site goes.
const GOES: Danger = Danger {
    replaces: true,
    revises: false,
    downtime: true,
    destroys: true,
    unknown: false,
    less_safe: false,
    outdated: false,
};

pub(super) fn row(logical: &str, kind: &str, does: Does) -> ChangeRow {
    ChangeRow::new(logical, kind, does)
}

pub(super) fn plan(
    name: &str,
    site: &Site,
    steps: Vec<Step>,
    rows: Vec<ChangeRow>,
    danger: Danger,
    says: Vec<String>,
) -> Plan {
    let changes = vec![Changes {
        about: steps::about(site),
        rows,
        loses: Vec::new(),
        more_dangerous: false,
    }];
    Plan {
        name: name.to_owned(),
        steps,
        changes,
        danger,
        says,
        ..Plan::default()
    }
}
