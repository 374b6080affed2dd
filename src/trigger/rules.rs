//! Which push concerns which stack, and which of two pushes is the newer one. A rule names
//! branches of one repository, or all of them; names are compared as a whole.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::push::Push;
use crate::domain::estate::{Catalog, Entry};
use crate::domain::ids::StackId;
use crate::domain::refs::{Branch, Commit, Ref};
use crate::domain::repository::Repository;
use crate::systems::{Branches, Follows, ReplyTo, System};

/// A stack that follows branches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Which stack is deployed.
    pub stack: StackId,
    /// By a push to this repository.
    pub repository: Repository,
    /// To these branches of it.
    pub branches: Branches,
    /// Who is told what becomes of the commit.
    pub tells: Option<ReplyTo>,
}

/// The rules of an estate, by what its systems say of its stacks. A stack whose files cannot be read
/// follows nothing: whatever is pushed, nothing could be deployed there.
#[must_use]
pub fn of(catalog: &Catalog, systems: impl Fn(&str) -> Option<&'static dyn System>) -> Vec<Rule> {
    let rule = |(stack, entry): (&StackId, &Entry)| {
        let spec = entry.spec.as_ref().ok()?;
        let system = systems(&spec.system)?;
        let Follows {
            repository,
            branches,
        } = system.follows(spec)?;
        Some(Rule {
            stack: stack.clone(),
            repository,
            branches,
            tells: system.replies(spec),
        })
    };
    catalog.stacks.iter().filter_map(rule).collect()
}

/// What a push asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Concern {
    /// These stacks are to be deployed, each at this commit and no other.
    Deploys {
        /// The stacks, each by its rule.
        stacks: Vec<Rule>,
        /// The branch that they follow.
        branch: Branch,
        /// The commit.
        commit: Commit,
    },
    /// Nothing: why.
    Nothing(String),
}

/// What a push asks for by these rules.
#[must_use]
pub fn concern(push: &Push, rules: &[Rule]) -> Concern {
    let nothing = |why: String| Concern::Nothing(why);
    if !push.repository.is_told_by(push.host) {
        return nothing(format!(
            "{} does not tell of {}",
            push.host.word(),
            push.repository
        ));
    }
    let branch = match &push.at {
        Ref::Branch(branch) => branch,
        Ref::Tag(_) => {
            return nothing(format!(
                "nothing follows the {} of {}",
                push.at, push.repository
            ));
        }
    };
    let Some(commit) = &push.after else {
        return nothing(format!("the {} of {} is gone", push.at, push.repository));
    };
    let stacks: Vec<Rule> = rules
        .iter()
        .filter(|rule| rule.repository == push.repository && rule.branches.has(branch))
        .cloned()
        .collect();
    if stacks.is_empty() {
        return nothing(format!(
            "nothing follows the {} of {}",
            push.at, push.repository
        ));
    }
    Concern::Deploys {
        stacks,
        branch: branch.clone(),
        commit: commit.clone(),
    }
}

/// How a push stands to the newest one of its branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// It is newer, or there is none.
    Newer,
    /// It is the newest one, told again.
    Same,
    /// A newer one was told before: that one counts.
    Superseded(Commit),
}

/// The newest push of a branch that was told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    before: Option<Commit>,
    after: Commit,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    taken_at: Option<i64>,
    /// Whether that was told by a suite of checks, which need not know where the branch stood before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    of_suite: bool,
    /// Where the branch stood before, the newest last.
    passed: VecDeque<Commit>,
}

/// How many commits of a branch are kept: of an order that is turned around further, a time tells.
const PASSED: usize = 64;
/// How many branches are kept; of what nothing follows nothing is.
const BRANCHES: usize = 4_096;

/// The newest pushes of all branches that something follows; kept across restarts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Heads(BTreeMap<String, Head>);

impl Heads {
    /// How a push stands to what was told before, by the order of its host: by its times where it
    /// tells them, and else by which push led to which.
    #[must_use]
    pub fn order(&self, push: &Push) -> Order {
        let (Some(last), Some(after)) = (self.0.get(&key(push)), &push.after) else {
            return Order::Newer;
        };
        let superseded = || Order::Superseded(last.after.clone());
        if last.after == *after && push.of_suite {
            return Order::Same;
        }
        if let (Some(of_last), Some(of_this)) = (last.taken_at, push.taken_at)
            && of_last != of_this
        {
            return if of_this > of_last {
                Order::Newer
            } else {
                superseded()
            };
        }
        let is_same = last.before == push.before || last.of_suite;
        if last.after == *after && is_same {
            Order::Same
        } else if push.before.as_ref() == Some(&last.after) {
            Order::Newer
        } else if last.passed.contains(after) {
            superseded()
        } else {
            Order::Newer
        }
    }

    /// The commit at which a branch stands by what was told; none where nothing was.
    #[must_use]
    pub fn stands_at(&self, repository: &Repository, branch: &Branch) -> Option<&Commit> {
        let at = Ref::Branch(branch.clone());
        self.0
            .get(&branch_of(repository, &at))
            .map(|head| &head.after)
    }

    /// Keeps a push that is newer.
    pub fn keep(&mut self, push: &Push) {
        let (key, Some(after)) = (key(push), &push.after) else {
            return;
        };
        let mut passed = self
            .0
            .remove(&key)
            .map(|last| last.passed)
            .unwrap_or_default();
        passed.extend(push.before.clone());
        // It is passed no longer where the branch was set back to it.
        passed.retain(|commit| commit != after);
        while passed.len() > PASSED {
            passed.pop_front();
        }
        if self.0.len() < BRANCHES {
            let head = Head {
                before: push.before.clone(),
                after: after.clone(),
                taken_at: push.taken_at,
                of_suite: push.of_suite,
                passed,
            };
            self.0.insert(key, head);
        }
    }
}

fn key(push: &Push) -> String {
    branch_of(&push.repository, &push.at)
}

fn branch_of(repository: &Repository, at: &Ref) -> String {
    format!("{repository} {at}")
}

#[cfg(test)]
mod tests;
