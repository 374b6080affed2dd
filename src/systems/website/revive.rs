//! A site whose distribution is disabled: a teardown that was cancelled, or somebody outside, left
//! it so. It answers nobody, and what serves it is seen to before anything else.

use super::entry::Site;
use super::plan::{provision, provisioned};
use crate::domain::failure::Failure;
use crate::domain::look::Sight;
use crate::domain::plan::Plan;
use crate::systems::PlanAsk;

/// The plan of a recovery: the site answers again, with the files that are there.
pub(super) fn recover(ask: &PlanAsk, site: &Site, sight: &Sight) -> Result<Plan, Failure> {
    let stack = &ask.stack;
    if provisioned(ask, site, sight)?.enabled {
        return Err(
            Failure::new(format!("what {stack} runs on needs no repair"))
                .hint("retry what failed: what is made already is taken as it is"),
        );
    }
    let mut plan = provision(ask, site, sight)?;
    plan.says.push(format!(
        "What lies in {}/{} is served again; no release is published by this.",
        site.live, site.prefix
    ));
    Ok(Plan {
        repairs: true,
        ..plan
    })
}

/// A plan that brings files, behind the steps that have the site answer again where it does not.
pub(super) fn awake(
    ask: &PlanAsk,
    site: &Site,
    sight: &Sight,
    mut plan: Plan,
) -> Result<Plan, Failure> {
    if provisioned(ask, site, sight)?.enabled {
        return Ok(plan);
    }
    let mut first = provision(ask, site, sight)?;
    // What is in service is what the files say, whichever of the steps ends last.
    first.steps.iter_mut().for_each(|step| step.leaves = None);
    for step in &mut plan.steps {
        if step.id.as_str() == "files" {
            // The placeholder is put only where no page is.
            step.after.push("placeholder".into());
        }
    }
    first.steps.append(&mut plan.steps);
    first.says.append(&mut plan.says);
    if let (Some(all), Some(more)) = (first.changes.first_mut(), plan.changes.first_mut()) {
        all.rows.append(&mut more.rows);
    }
    Ok(Plan {
        steps: first.steps,
        says: first.says,
        changes: first.changes,
        danger: first.danger,
        ..plan
    })
}

#[cfg(test)]
mod tests {
    use crate::domain::plan::{Leaves, Plan};
    use crate::domain::purpose::Purpose;
    use crate::forms::cloudfront::DistributionFacts;
    use crate::systems::website::body;
    use crate::systems::website::tests::{about, archive, ids, named, plan, seen, with};
    use serde_json::json;

    fn planned(purpose: Purpose, enabled: bool) -> Result<Plan, String> {
        let facts = DistributionFacts {
            id: "E1DOCS".to_owned(),
            domain_name: "d1.cloudfront.net".to_owned(),
            enabled,
            status: "Deployed".to_owned(),
            comment: "holdpoint 0a1b2c3d prod/docs".to_owned(),
            ..DistributionFacts::default()
        };
        let site = with(json!({}));
        let spec = if purpose == Purpose::Deploy {
            body::published(&site, "1.4.2", &archive()).unwrap()
        } else {
            site
        };
        plan("prod", purpose, &spec, &seen(facts.sight(about()))).map_err(|why| why.summary)
    }

    const PROVISIONS: [&str; 5] = ["placeholder", "access", "distribution", "edges", "name"];

    #[test]
    fn a_disabled_distribution_is_enabled_again_by_a_recovery() {
        let plan = planned(Purpose::Recover, false).unwrap();
        assert_eq!(ids(&plan), PROVISIONS);
        assert!(plan.repairs && plan.leaves() == Some(Leaves::Old));
        assert!(plan.says[0].contains("E1DOCS of docs.example.com is disabled, and nobody is"));
        let none = planned(Purpose::Recover, true).unwrap_err();
        assert!(none.contains("needs no repair"), "{none}");
    }

    #[test]
    fn what_is_published_behind_a_disabled_distribution_is_served() {
        let enabled = planned(Purpose::Deploy, true).unwrap();
        assert_eq!(ids(&enabled), ["files", "refresh"]);
        let plan = planned(Purpose::Deploy, false).unwrap();
        assert_eq!(
            ids(&plan),
            [&PROVISIONS[..], &["files", "refresh"]].concat()
        );
        assert_eq!(named(&plan, "files").after, ["placeholder".into()]);
        let said: Vec<_> = plan.steps.iter().filter_map(|step| step.leaves).collect();
        assert_eq!(said, [Leaves::New], "also where another step ends last");
        assert_eq!(plan.check(), Ok(()));
        let rows: Vec<&str> = plan.changes[0]
            .rows
            .iter()
            .map(|row| row.logical.as_str())
            .collect();
        assert_eq!(rows, ["distribution", "name", "files"]);
    }
}
