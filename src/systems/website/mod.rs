//! The website system: a site of files in a bucket, behind a CloudFront distribution, under a name
//! in Route 53. Plans only; it calls nobody.

mod body;
mod buildspec;
mod domain;
pub mod entry;
mod parameter;
mod plan;
mod revive;
mod rows;
mod steps;
mod variables;

use serde::Deserialize as _;
use serde_json::{Value, json};

use super::apps;
use super::entry::{Claim, Form, Home, Remarks, Written, read};
use super::files::{Files, Read};
use super::{Branches, COMMIT, Follows, PlanAsk, ReadFrom, ReplyTo, System, Tool, asked_commit};
use crate::domain::artifact::Artifact;
use crate::domain::deployment::Deployment;
use crate::domain::estate::Brings;
use crate::domain::failure::Failure;
use crate::domain::flag::{self, Flag, Flags};
use crate::domain::ids::{StackId, StepId};
use crate::domain::instance::Instance;
use crate::domain::look::{Look, Quiet, Sights, Standing};
use crate::domain::parameter::{Change, PARAMETER};
use crate::domain::person::Issuer;
use crate::domain::plan::{Output, Plan};
use crate::domain::purpose::Purpose;
use crate::domain::refs::Commit;
use crate::domain::request::Spec;
use crate::domain::row::Row;
use crate::forms::cloudfront::{DISTRIBUTION, LookFor};
use crate::forms::git::{BRANCH, BranchFacts, ReadAs};
use crate::forms::role::LookAs;
use crate::forms::s3::{OBJECT, object};
use crate::forms::ssm::PARAMETERS;
use crate::text::diagnostic::Diagnostic;
use crate::text::document::Node;

use body::Body;
use entry::{Build, FORM, WebsiteEntry};

/// The flag by which what was built before is built again.
const REBUILD: &str = "rebuild";

/// The flag by which nothing is built or published, and what serves the site is brought to what the
/// file says.
const PROVISION: &str = "provision";

/// Whether a deployment sees to the site and brings no release.
fn brings_nothing(flags: &Flags) -> bool {
    flag::is_set(flags, PROVISION) || changed(flags).is_some()
}

/// The change of a parameter that is asked for.
fn changed(flags: &Flags) -> Option<Change> {
    let (_, value) = flags.iter().find(|(name, _)| name.as_str() == PARAMETER)?;
    value.to_string().parse().ok()
}

/// The system.
#[derive(Debug)]
pub struct Website;

impl System for Website {
    fn name(&self) -> &'static str {
        "website"
    }

    fn form(&self) -> &'static Form {
        &FORM
    }

    fn check(&self, written: &Written<'_>, told: &mut Remarks) {
        match written.read::<WebsiteEntry>() {
            Ok(entry) => entry.check(written, told),
            Err(says) => told.say("shape", &[], says, ""),
        }
    }

    fn secrets(&self, app: &str, entry: &Node) -> Remarks {
        let mut told = Remarks::default();
        apps::secrets_in(app, entry, &mut told);
        told
    }

    fn reach(&self, app: &str, environments: &str, entry: &Value) -> Vec<String> {
        read::<WebsiteEntry>(entry)
            .map(|entry| entry.reach(app, environments))
            .unwrap_or_default()
    }

    fn claims(&self, app: &str, home: &Home<'_>, entry: &Value) -> Vec<Claim> {
        read::<WebsiteEntry>(entry)
            .map(|entry| entry.claims(home, app))
            .unwrap_or_default()
    }

    fn is_family(&self, entry: &Value) -> bool {
        read::<WebsiteEntry>(entry).is_ok_and(|entry| entry.each.is_some())
    }

    fn instance(&self, entry: &Value, app: &Instance) -> Option<Value> {
        let entry = read::<WebsiteEntry>(entry).ok()?;
        entry.each?;
        Some(json!(entry.instance(app)))
    }

    fn read(&self, whole: &StackId, entry: &Value, files: &Files) -> Read {
        let entry = read::<WebsiteEntry>(entry).map_err(|why| why.to_string());
        match entry.and_then(WebsiteEntry::named) {
            Ok(entry) => Read::Stacks(vec![(
                whole.clone(),
                body::spec(whole, &entry, files.bundle()),
            )]),
            Err(why) => {
                Read::Wrong(Diagnostic::of_file("website", &whole.to_string(), &why, "").into())
            }
        }
    }

    fn flags(&self) -> &'static [Flag] {
        const FLAGS: &[Flag] = &[
            Flag {
                name: COMMIT,
                form: flag::Form::Commit,
                purposes: &[Purpose::Deploy],
                says: "this commit of its repository, not the one to which its branch leads",
            },
            Flag {
                name: REBUILD,
                form: flag::Form::Switch(false),
                purposes: &[Purpose::Deploy],
                says: "it is built again where it was built before",
            },
            Flag {
                name: PROVISION,
                form: flag::Form::Switch(false),
                purposes: &[Purpose::Deploy],
                says: "what serves the site is brought to what the file says; nothing is built or published",
            },
            Flag {
                name: PARAMETER,
                form: flag::Form::Change,
                purposes: &[Purpose::Deploy],
                says: "this parameter of the builds is put or deleted; nothing is built or published",
            },
        ];
        FLAGS
    }

    fn rows(&self, spec: &Spec) -> Vec<Row> {
        Body::of(spec).map_or_else(|_| Vec::new(), |body| body.site.rows())
    }

    fn beside(&self, spec: &Spec) -> Vec<Look> {
        let build = Body::of(spec).ok().and_then(|body| body.site.build);
        build
            .as_ref()
            .and_then(parameter::look)
            .into_iter()
            .collect()
    }

    fn parameters(&self, spec: &Spec) -> Option<String> {
        Body::of(spec).ok()?.site.build?.parameters
    }

    /// A host gives an app its commits without it.
    fn tools(&self, spec: &Spec) -> Vec<Tool> {
        let build = Body::of(spec).ok().and_then(|body| body.site.build);
        let needs = build.filter(|build| build.app.is_none());
        needs.map(|_| Tool::GIT).into_iter().collect()
    }

    fn reads(&self, spec: &Spec) -> Option<ReadFrom> {
        let build = Body::of(spec).ok()?.site.build?;
        Some(ReadFrom {
            repository: build.repository.parse().ok()?,
            by: json!(build.app?),
        })
    }

    fn brings(&self, spec: &Spec) -> Brings {
        let build = Body::of(spec).ok().and_then(|body| body.site.build);
        match build {
            Some(build) => Brings::of(
                "provision the site; nothing is built yet",
                format!("deploy branch {} as it is now", build.branch.as_str()),
            ),
            None => Brings::of(
                "provision the site; `holdpoint publish` brings files",
                "provision the site again; `holdpoint publish` brings files",
            ),
        }
    }

    fn follows(&self, spec: &Spec) -> Option<Follows> {
        let build = Body::of(spec).ok()?.site.build?;
        Some(Follows {
            repository: build.repository.parse().ok()?,
            branches: Branches::one(build.branch),
        })
    }

    fn replies(&self, spec: &Spec) -> Option<ReplyTo> {
        let build = Body::of(spec).ok()?.site.build?;
        let app = build.app.filter(|_| build.checks)?;
        let ReadAs::Github(app) = app else {
            return None;
        };
        Some(ReplyTo {
            host: Issuer::Github,
            repository: build.repository.parse().ok()?,
            by: json!(app),
            called: None,
        })
    }

    fn published(
        &self,
        spec: &Spec,
        version: &str,
        archive: &Artifact,
    ) -> Option<Result<Spec, Failure>> {
        Some(body::published(spec, version, archive))
    }

    /// A distribution to which the name does not lead yet is found by what it was made under. What
    /// was built of a commit is looked for once it is known which one that is.
    fn looks(&self, ask: &PlanAsk, spec: &Spec, seen: &Sights) -> Vec<Look> {
        let Ok(body) = Body::of(spec) else {
            return Vec::new();
        };
        let mut looks = Vec::new();
        if seen.of_kind(DISTRIBUTION).is_none() {
            let made_under = LookFor {
                caller_reference: Some(body.site.host.clone()),
            };
            looks.push(Look::at(body.about()).with(json!(made_under)));
        }
        let is_provisioned = |seen: &Sights| {
            seen.of_kind(DISTRIBUTION)
                .is_some_and(|sight| plan::is_provisioned(ask, sight))
        };
        let build = body.site.build.as_ref();
        let parameters = build
            .filter(|_| seen.of_kind(PARAMETERS).is_none())
            .and_then(parameter::look);
        if changed(&ask.flags).is_some() {
            looks.extend(parameters);
            return looks;
        }
        // A site is provisioned whatever can be read of its repository.
        if ask.purpose == Purpose::Deploy && is_provisioned(seen) {
            let unseen = seen.of_kind(BRANCH).is_none()
                && asked_commit(&ask.flags).is_none()
                && !brings_nothing(&ask.flags);
            looks.extend(body.branch().filter(|_| unseen));
            let kept = commit(ask, &body, seen)
                .filter(|_| seen.of_kind(OBJECT).is_none())
                .and_then(|commit| {
                    let (build, key) = body.kept(&commit)?;
                    let look = Look::at(object(&build.version, &key));
                    Some(look.with(looking_as(build)))
                });
            looks.extend(kept);
            let builds = seen.of_kind(OBJECT).is_some_and(|kept| {
                kept.standing != Standing::Good || flag::is_set(&ask.flags, REBUILD)
            });
            looks.extend(parameters.filter(|_| builds));
        }
        looks
    }

    /// A branch stands for the commit that it leads to now; a site that is to be provisioned first
    /// is no release of anything.
    fn settled(&self, ask: &PlanAsk, spec: &Spec, seen: &Sights) -> Option<Spec> {
        let body = Body::of(spec).ok()?;
        let provisioned = plan::is_provisioned(ask, seen.of_kind(DISTRIBUTION)?);
        let unsettled =
            body.commit.is_none() && ask.purpose == Purpose::Deploy && !brings_nothing(&ask.flags);
        let commit = commit(ask, &body, seen).filter(|_| provisioned && unsettled)?;
        body::built(spec, &commit)
    }

    fn plan(&self, ask: &PlanAsk, spec: &Spec, seen: &Sights) -> Result<Plan, Failure> {
        let body = Body::of(spec)?;
        let sight = seen.of_kind(DISTRIBUTION).ok_or_else(|| {
            Failure::new(format!(
                "{}: the distribution of {} was not looked at",
                ask.stack, body.site.host
            ))
            .hint("try again")
        })?;
        let provisioned = plan::is_provisioned(ask, sight);
        let change =
            changed(&ask.flags).filter(|_| body.archive.is_none() && body.commit.is_none());
        if let (Purpose::Deploy, Some(change)) = (ask.purpose, change) {
            return parameter::change(ask, &body.site, &change, (sight, seen));
        }
        match (ask.purpose, &body.archive, &body.commit) {
            (Purpose::Teardown, _, _) => plan::teardown(ask, &body.site, sight),
            (Purpose::Deploy, Some(_), _) | (Purpose::Deploy, _, Some(_))
                if brings_nothing(&ask.flags) =>
            {
                Err(plan::either(&ask.stack, spec))
            }
            (Purpose::Deploy, Some(archive), _) => {
                let plan = plan::publish(ask, spec, &body, archive, sight)?;
                revive::awake(ask, &body.site, sight, plan)
            }
            (Purpose::Deploy, None, Some(commit)) => {
                let plan = plan::deploy(ask, &body, commit, sight, seen)?;
                revive::awake(ask, &body.site, sight, plan)
            }
            (Purpose::Deploy, None, None) => match &body.site.build {
                Some(build) if provisioned && !flag::is_set(&ask.flags, PROVISION) => {
                    Err(plan::no_branch(&ask.stack, build))
                }
                Some(_) | None => plan::provision(ask, &body.site, sight),
            },
            (Purpose::Recover, _, _) => revive::recover(ask, &body.site, sight),
        }
    }

    /// A distribution that is deployed to the edges takes any change meanwhile.
    fn quiet(&self, _purpose: Purpose, _flags: &Flags, seen: &Sights) -> Quiet {
        match seen.of_kind(DISTRIBUTION).map(|sight| sight.standing) {
            Some(Standing::Unknown) | None => Quiet::Busy,
            Some(_) => Quiet::Quiet,
        }
    }

    /// Nothing: each step finds what is there already, and what was there may have been changed
    /// since.
    fn carry(&self, _old: &Deployment, _plan: &Plan) -> Vec<(StepId, Output)> {
        Vec::new()
    }
}

/// The commit that is to be served: the one that was asked for, or the one to which the branch
/// leads.
fn commit(ask: &PlanAsk, body: &Body, seen: &Sights) -> Option<Commit> {
    if body.archive.is_some() || body.commit.is_some() {
        return body.commit.clone();
    }
    asked_commit(&ask.flags).or_else(|| {
        let sight = seen.of_kind(BRANCH)?;
        let facts = BranchFacts::deserialize(&sight.facts).ok()?;
        Some(facts.commit)
    })
}

/// What an eye needs to look at what a build leaves.
fn looking_as(build: &Build) -> Value {
    match &build.role {
        Some(role) => json!(LookAs {
            assumes: Some(role.clone()),
        }),
        None => Value::Null,
    }
}

#[cfg(test)]
mod tests;
