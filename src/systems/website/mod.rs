//! The website system: a site of files in a bucket, behind a CloudFront distribution, under a name
//! in Route 53. Plans only; it calls nobody.

mod body;
pub mod entry;
mod plan;
mod steps;

use serde_json::{Value, json};

use super::entry::{Claim, Form, Home, Remarks, Written, read};
use super::files::{Files, Read};
use super::{PlanAsk, System};
use crate::domain::artifact::Artifact;
use crate::domain::deployment::Deployment;
use crate::domain::failure::Failure;
use crate::domain::ids::{StackId, StepId};
use crate::domain::look::{Look, Quiet, Sights, Standing};
use crate::domain::plan::{Output, Plan};
use crate::domain::purpose::Purpose;
use crate::domain::request::Spec;
use crate::forms::cloudfront::{DISTRIBUTION, LookFor};
use crate::text::diagnostic::Diagnostic;
use crate::text::document::Node;

use body::Body;
use entry::{FORM, WebsiteEntry};

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

    fn secrets(&self, _app: &str, _entry: &Node) -> Remarks {
        Remarks::default()
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

    fn read(&self, whole: &StackId, entry: &Value, files: &Files) -> Read {
        match read::<WebsiteEntry>(entry) {
            Ok(entry) => Read::Stacks(vec![(
                whole.clone(),
                body::spec(whole, &entry, files.bundle()),
            )]),
            Err(why) => Read::Wrong(
                Diagnostic::of_file("website", &whole.to_string(), &why.to_string(), "").into(),
            ),
        }
    }

    fn published(
        &self,
        spec: &Spec,
        version: &str,
        archive: &Artifact,
    ) -> Option<Result<Spec, Failure>> {
        Some(body::published(spec, version, archive))
    }

    /// A distribution to which the name does not lead yet is found by what it was made under.
    fn looks(&self, _ask: &PlanAsk, spec: &Spec, seen: &Sights) -> Vec<Look> {
        let unseen = |body: Body| {
            let made_under = LookFor {
                caller_reference: Some(body.site.host.clone()),
            };
            seen.of_kind(DISTRIBUTION)
                .is_none()
                .then(|| Look::at(body.about()).with(json!(made_under)))
        };
        Body::of(spec).ok().and_then(unseen).into_iter().collect()
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
        match (ask.purpose, &body.archive) {
            (Purpose::Teardown, _) => plan::teardown(ask, &body.site, sight),
            (Purpose::Deploy, Some(archive)) => plan::publish(ask, spec, &body, archive, sight),
            (Purpose::Deploy, None) => plan::provision(ask, &body.site, sight),
            (Purpose::Recover, _) => Err(Failure::new(format!(
                "what {} runs on needs no repair",
                ask.stack
            ))
            .hint("retry what failed: what is made already is taken as it is")),
        }
    }

    /// A distribution that is deployed to the edges takes any change meanwhile.
    fn quiet(&self, _purpose: Purpose, seen: &Sights) -> Quiet {
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

#[cfg(test)]
mod tests;
