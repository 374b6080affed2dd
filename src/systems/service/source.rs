//! An application of o5 whose file stands in a repository: which commits of it are deployed where,
//! what must be read of one, and what comes of that.

mod made;

pub(super) use made::{Unmade, fetched, given, ground_of, keeping, read};

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::entry::ServiceEntry;
use super::o5::CONFIGS;
use crate::domain::estate::Brings;
use crate::domain::failure::Failure;
use crate::domain::flag::{self, Flag, Flags, Form};
use crate::domain::look::Look;
use crate::domain::person::Issuer;
use crate::domain::purpose::Purpose;
use crate::domain::refs::{Branch, Commit};
use crate::domain::relative::plain;
use crate::domain::request::{Made, Spec};
use crate::domain::row::Row;
use crate::forms::git::{App, ReadAs};
use crate::forms::sources::{self, At, FilesOf};
use crate::systems::{Branches, COMMIT, Follows, PlanAsk, ReadFrom, ReplyTo};

/// A commit that is deployed, and not the one to which the branch leads.
pub(super) const COMMIT_FLAG: Flag = Flag {
    name: COMMIT,
    form: Form::Commit,
    purposes: &[Purpose::Deploy],
    says: "this commit of its repository, not the one to which its branch leads",
};

/// Another branch.
pub(super) const BRANCH_FLAG: Flag = Flag {
    name: "branch",
    form: Form::Text(""),
    purposes: &[Purpose::Deploy],
    says: "the commit to which this branch of its repository leads now",
};

/// A tag.
pub(super) const TAG_FLAG: Flag = Flag {
    name: "tag",
    form: Form::Text(""),
    purposes: &[Purpose::Deploy],
    says: "the commit to which this tag of its repository leads",
};

/// What o5 calls the check run of a deployment, before the environment.
const CHECK: &str = "o5-deploy-";

/// The repository of an application, as one environment deploys it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Source {
    /// Its address, as git has it.
    pub(super) repository: String,
    /// The app of GitHub by which it is read; with git, where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    app: Option<App>,
    /// The check run by which that app tells commits of pushes what becomes of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    check: Option<String>,
    /// The branches whose pushes are deployed here.
    #[serde(default)]
    branches: Vec<Branch>,
    /// Whether those of all branches are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    every: bool,
    /// The branch that is deployed where nobody says which commit is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    usual: Option<Branch>,
    /// The commit that it was made of, and what led to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    of: Option<Of>,
}

/// The commit that a service was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Of {
    commit: Commit,
    at: At,
}

impl Source {
    /// The repository of an entry in an environment; none where it has none, or where something of
    /// it is not written right, which the check tells.
    pub(super) fn named(entry: &ServiceEntry, env: &str, application: &str) -> Option<Self> {
        let repository = entry.repository.clone()?;
        let own = entry.branches_of(env);
        let every = own.contains(&EVERY);
        let branches: Vec<Branch> = own
            .iter()
            .filter(|name| **name != EVERY)
            .map(|name| name.parse().ok())
            .collect::<Option<_>>()?;
        let usual = match branches.as_slice() {
            [one] => Some(one.clone()),
            _ => None,
        };
        let app = match &entry.github_app {
            Some(app) => Some(app.app()?),
            None => None,
        };
        let checks = entry.github_app.as_ref().is_some_and(|app| app.checks);
        // Two applications of one repository are two check runs.
        let own = if entry
            .config
            .as_deref()
            .is_none_or(|path| plain(path).is_empty())
        {
            String::new()
        } else {
            format!("-{application}")
        };
        let check = checks.then(|| format!("{CHECK}{}{own}", entry.named_at_o5(env)));
        Some(Self {
            repository,
            app,
            check,
            branches,
            every,
            usual,
            of: None,
        })
    }

    /// The repository of a stack, whether or not it was made of a commit yet.
    pub(super) fn of(spec: &Spec) -> Option<Self> {
        serde_json::from_value(spec.body.get("source")?.clone()).ok()
    }

    pub(super) fn follows(&self) -> Option<Follows> {
        let branches = if self.every {
            Branches::All
        } else {
            Branches::Named(self.branches.iter().cloned().collect::<BTreeSet<_>>())
        };
        Some(Follows {
            repository: self.repository.parse().ok()?,
            branches,
        })
    }

    pub(super) fn replies(&self) -> Option<ReplyTo> {
        Some(ReplyTo {
            host: Issuer::Github,
            repository: self.repository.parse().ok()?,
            by: json!(self.app.as_ref()?),
            called: Some(self.check.clone()?),
        })
    }

    pub(super) fn reads(&self) -> Option<ReadFrom> {
        Some(ReadFrom {
            repository: self.repository.parse().ok()?,
            by: json!(ReadAs::Github(self.app.clone()?)),
        })
    }

    pub(super) fn needs_git(&self) -> bool {
        self.app.is_none()
    }

    pub(super) fn brings(&self) -> Brings {
        let says = match &self.usual {
            Some(branch) => format!("deploy branch {branch} as it is now"),
            None => {
                "deploy a commit: `holdpoint deploy STACK --branch, --tag or --commit` says which"
                    .to_owned()
            }
        };
        Brings::always(says)
    }

    pub(super) fn rows(&self) -> Vec<Row> {
        let read_as = match &self.app {
            Some(app) => format!("the GitHub app {}", app.id),
            None => "whoever runs the engine, with git".to_owned(),
        };
        let mut followed: Vec<&str> = self.branches.iter().map(Branch::as_str).collect();
        if self.every {
            followed = vec!["every branch"];
        }
        let followed = if followed.is_empty() {
            "none".to_owned()
        } else {
            followed.join(", ")
        };
        vec![
            Row::new("repository", &self.repository),
            Row::new("deploys pushes to", &followed),
            Row::new("read as", &read_as),
        ]
    }

    /// What a deployment is to be made of; none where nobody says, and nothing is usual.
    fn at(&self, flags: &Flags) -> Result<Option<At>, Failure> {
        Ok(asked_at(flags)?.or_else(|| self.usual.clone().map(At::Branch)))
    }

    /// The look that brings what stands in the repository.
    fn look(&self, ask: &PlanAsk, entry: &ServiceEntry) -> Result<Look, Failure> {
        let stack = &ask.stack;
        let at = self.at(&ask.flags)?.ok_or_else(|| {
            Failure::new(format!(
                "{stack} follows several branches of {}, or all of them: which commit is meant?",
                self.repository
            ))
            .hint(format!(
                "holdpoint deploy {stack} --branch NAME, --tag NAME or --commit SHA"
            ))
        })?;
        Ok(sources::look(&FilesOf {
            repository: self.repository.clone(),
            app: self.app.clone(),
            at,
            files: entry.places_of_config(),
            folders: entry.migrations.values().map(|path| plain(path)).collect(),
        }))
    }
}

/// What stands for all branches.
pub(super) const EVERY: &str = "*";

impl ServiceEntry {
    /// The branches whose pushes are deployed in an environment, as they are written.
    fn branches_of(&self, env: &str) -> Vec<&str> {
        if self.branches.is_empty() {
            return vec![self.branch.as_deref().unwrap_or("master")];
        }
        let here = |environments: &Vec<String>| environments.iter().any(|one| one == env);
        let own = self.branches.iter();
        own.filter(|(_, environments)| here(environments))
            .map(|(branch, _)| branch.as_str())
            .collect()
    }

    /// Where its application file may stand in its repository.
    pub(super) fn places_of_config(&self) -> Vec<String> {
        let config = self.config.as_deref().unwrap_or("/");
        match config.strip_suffix('/') {
            None => vec![plain(config)],
            Some(folder) => CONFIGS
                .iter()
                .map(|name| plain(&format!("{folder}/{name}")))
                .collect(),
        }
    }
}

/// What a person chose to be deployed.
///
/// # Errors
/// Several things, or one that cannot be the name of anything.
fn asked_at(flags: &Flags) -> Result<Option<At>, Failure> {
    let given = |flag: Flag| Some((flag, flag::text(flags, flag.name)?));
    let given: Vec<_> = [COMMIT_FLAG, BRANCH_FLAG, TAG_FLAG]
        .into_iter()
        .filter_map(given)
        .collect();
    match given.as_slice() {
        [] => Ok(None),
        [(flag, text)] => {
            let at = match flag.name {
                COMMIT => text.parse().map(At::Commit),
                "branch" => text.parse().map(At::Branch),
                _ => text.parse().map(At::Tag),
            };
            at.map(Some).map_err(|why| {
                Failure::new(format!("{}={text}: {why}", flag.name))
                    .hint("write the name as git has it, without refs/ before it")
            })
        }
        [..] => {
            let names: Vec<&str> = given.iter().map(|(flag, _)| flag.name).collect();
            let says = format!(
                "{} are given, and each says what is deployed",
                names.join(", ")
            );
            Err(Failure::new(says).hint("give one of them"))
        }
    }
}

/// What a card says of where a service comes from; nothing of what the estate's files make.
pub(super) fn says(spec: &Spec) -> Option<String> {
    let from = spec.release.source.as_ref();
    let from = from.filter(|from| !matches!(from, Made::Files))?;
    Some(format!("It is made of {from}."))
}

/// The look that brings what a spec lacks; none for one that lacks nothing.
///
/// # Errors
/// What is chosen cannot be had of this stack.
pub(super) fn fetches(ask: &PlanAsk, spec: &Spec) -> Result<Option<Look>, Failure> {
    if let Some(unmade) = Unmade::of(spec)? {
        return unmade.source.look(ask, &unmade.entry).map(Some);
    }
    let (stack, asked) = (&ask.stack, asked_at(&ask.flags)?);
    let Some(asked) = asked else {
        return Ok(None);
    };
    match Source::of(spec).and_then(|source| source.of) {
        // What is repeated was asked for with it.
        Some(of) if of.at == asked || asked == At::Commit(of.commit.clone()) => Ok(None),
        Some(of) => Err(Failure::new(format!(
            "{} is made of {}, and {asked} is asked for",
            spec.release,
            of.commit.short()
        ))
        .hint(format!("holdpoint deploy {stack} takes another commit"))),
        None => Err(Failure::new(format!(
            "{stack} is made of the estate's files: there is no {asked} to be deployed"
        ))
        .hint("leave it out; or name its repository in the estate file (docs/services.md)")),
    }
}
