//! What is checked of single applications: their entries by their systems, the real things that they would own, what they watch.
//! No file is opened here.

use std::collections::BTreeMap;

use super::estate::Check;
use super::raw::File;
use crate::domain::environment::EnvironmentRecord;
use crate::domain::ids::EnvName;
use crate::systems::System;
use crate::systems::entry::{Home, Remarks, Written};

/// Checks every application.
pub(super) fn check(check: &mut Check<'_>, file: &File, environments: &BTreeMap<EnvName, EnvironmentRecord>, systems: &[&dyn System]) {
    let mut owners = BTreeMap::new();
    for (app, raw) in &file.applications {
        for system in systems {
            let Some(entry) = raw.entries.get(system.name()) else { continue };
            let mut told = Remarks::default();
            system.check(&Written { app, environments: &raw.environments, entry }, &mut told);
            check.remarks(app, system.name(), &told);
            for env in &raw.environments {
                let Some(record) = env.parse::<EnvName>().ok().and_then(|env| environments.get(&env)) else { continue };
                if system.form().aws && record.aws.is_none() {
                    let says = format!("{app} is a {}, and the environment {env} does not say how to reach AWS", system.name());
                    check.say_key("aws", &["environments"], env, says, "add aws: { region: …, profile: … }");
                    continue;
                }
                for claim in system.claims(app, &Home { name: env, record }, entry) {
                    if let Some(other) = owners.insert((place(record), claim.what.clone()), format!("{env}/{app}")) {
                        let path: Vec<&str> = claim.path.iter().map(String::as_str).collect();
                        let says = format!("{env}/{app} and {other} would be the same {}", claim.what);
                        check.say("same-stack", &[&["applications", app, system.name()], path.as_slice()].concat(), says, claim.hint);
                    }
                }
            }
        }
        for (n, group) in raw.watch.logs.iter().enumerate() {
            let fits = (1..=512).contains(&group.len())
                && group.replace("{env}", "x").chars().all(|c| c.is_ascii_alphanumeric() || "_-/.#".contains(c));
            if !fits {
                let says = format!("{group:?} is not a name of a log group");
                check.say("log-group", &["applications", app, "watch", "logs", &n.to_string()], says, "use a-z A-Z 0-9 _ - / . #");
            }
        }
    }
}

/// Where the real things of an environment are: two environments with the same place share them.
fn place(record: &EnvironmentRecord) -> String {
    let aws = record.aws.as_ref();
    match &record.account {
        Some(account) => serde_json::json!([account, aws.map(|aws| (&aws.region, &aws.endpoint_url))]).to_string(),
        None => serde_json::json!(aws).to_string(),
    }
}
