//! Pushes against rules, and against each other.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::domain::deployment::Deployment;
use crate::domain::failure::Failure;
use crate::domain::flag::Flags;
use crate::domain::ids::StepId;
use crate::domain::look::{Look, Quiet, Sights};
use crate::domain::person::Issuer;
use crate::domain::plan::{Output, Plan};
use crate::domain::purpose::Purpose;
use crate::domain::request::{SourceBundle, Spec};
use crate::systems::entry::{Claim, Form, Home, Remarks, Written};
use crate::systems::files::{Files, Read};
use crate::systems::{self, PlanAsk};
use crate::text::document::Node;
use crate::trigger::Pusher;
use crate::world::fixture;

fn commit(n: u32) -> Commit {
    format!("{n:040x}").parse().unwrap()
}

fn push(at: &str, before: u32, after: u32) -> Push {
    let commit = |n| (n > 0).then(|| commit(n));
    Push {
        host: Issuer::Github,
        repository: "https://github.com/acme/docs".parse().unwrap(),
        at: at.parse().unwrap(),
        before: commit(before),
        after: commit(after),
        forced: false,
        by: Pusher {
            id: "7".into(),
            name: "ana".into(),
        },
        message: "words".into(),
        taken_at: None,
        of_suite: false,
    }
}

const MAIN: &str = "refs/heads/main";

fn rule(stack: &str, repository: &str, branch: &str) -> Rule {
    Rule {
        stack: stack.parse().unwrap(),
        repository: format!("https://{repository}").parse().unwrap(),
        branches: Branches::one(branch.parse().unwrap()),
        tells: None,
    }
}

fn rules() -> Vec<Rule> {
    vec![
        rule("dev/docs", "github.com/acme/docs", "main"),
        rule("prod/docs", "github.com/acme/docs", "release"),
        rule("dev/handbook", "github.com/acme/docs", "main"),
        rule("dev/other", "github.com/acme/docs-old", "main"),
        rule("dev/twin", "gitlab.com/acme/docs", "main"),
    ]
}

fn stacks(push: &Push) -> Vec<String> {
    match concern(push, &rules()) {
        Concern::Deploys {
            stacks,
            branch,
            commit,
        } => {
            assert_eq!(Some(&commit), push.after.as_ref());
            assert_eq!(Ref::Branch(branch), push.at);
            stacks.iter().map(|rule| rule.stack.to_string()).collect()
        }
        Concern::Nothing(why) => {
            assert!(!why.is_empty());
            Vec::new()
        }
    }
}

#[test]
fn a_push_concerns_what_follows_exactly_its_branch() {
    assert_eq!(stacks(&push(MAIN, 1, 2)), ["dev/docs", "dev/handbook"]);
    assert_eq!(stacks(&push("refs/heads/release", 1, 2)), ["prod/docs"]);
    for other in [
        "refs/tags/main",
        "refs/heads/main2",
        "refs/heads/mai",
        "refs/heads/Main",
        "refs/heads/x/main",
        "refs/heads/main/x",
        "refs/heads/refs/heads/main",
        "refs/heads/$(x)",
    ] {
        assert_eq!(stacks(&push(other, 1, 2)), [""; 0], "{other}");
    }
    assert_eq!(stacks(&push(MAIN, 1, 0)), [""; 0], "it is gone");
    for (address, host) in [
        ("https://github.com/acme/docs2", Issuer::Github),
        ("https://github.com/Acme/docs", Issuer::Github),
        ("https://github.com/acme/docs", Issuer::Gitlab),
        ("https://gitlab.com/acme/docs", Issuer::Github),
    ] {
        let other = Push {
            repository: address.parse().unwrap(),
            host,
            ..push(MAIN, 1, 2)
        };
        assert_eq!(stacks(&other), [""; 0], "{address} told by {host:?}");
    }
    let twin = Push {
        repository: "https://gitlab.com/acme/docs".parse().unwrap(),
        host: Issuer::Gitlab,
        ..push(MAIN, 1, 2)
    };
    assert_eq!(stacks(&twin), ["dev/twin"]);
}

/// A system whose stacks follow a branch; the rest of it is a script's.
#[derive(Debug)]
struct Sites;

fn rest() -> &'static dyn System {
    systems::named("script").unwrap()
}

impl System for Sites {
    fn name(&self) -> &'static str {
        "sites"
    }

    fn follows(&self, _: &Spec) -> Option<Follows> {
        Some(Follows {
            repository: "https://github.com/acme/docs.git".parse().unwrap(),
            branches: Branches::one("main".parse().unwrap()),
        })
    }

    fn form(&self) -> &'static Form {
        rest().form()
    }

    fn check(&self, written: &Written<'_>, told: &mut Remarks) {
        rest().check(written, told);
    }

    fn secrets(&self, app: &str, entry: &Node) -> Remarks {
        rest().secrets(app, entry)
    }

    fn reach(&self, app: &str, environments: &str, entry: &Value) -> Vec<String> {
        rest().reach(app, environments, entry)
    }

    fn claims(&self, app: &str, home: &Home<'_>, entry: &Value) -> Vec<Claim> {
        rest().claims(app, home, entry)
    }

    fn read(&self, whole: &StackId, entry: &Value, files: &Files) -> Read {
        rest().read(whole, entry, files)
    }

    fn looks(&self, ask: &PlanAsk, spec: &Spec, seen: &Sights) -> Vec<Look> {
        rest().looks(ask, spec, seen)
    }

    fn plan(&self, ask: &PlanAsk, spec: &Spec, seen: &Sights) -> Result<Plan, Failure> {
        rest().plan(ask, spec, seen)
    }

    fn quiet(&self, purpose: Purpose, flags: &Flags, seen: &Sights) -> Quiet {
        rest().quiet(purpose, flags, seen)
    }

    fn carry(&self, old: &Deployment, plan: &Plan) -> Vec<(StepId, Output)> {
        rest().carry(old, plan)
    }
}

#[test]
fn rules_are_what_systems_say_of_stacks() {
    let mut catalog = Catalog::default();
    let site = Spec {
        system: Sites.name().to_owned(),
        ..fixture::spec("dev/docs", "1")
    };
    for (stack, spec) in [
        ("dev/docs", Ok(site)),
        ("dev/orders", Ok(fixture::spec("dev/orders", "412"))),
        ("dev/mail", Err("it cannot be read".to_owned())),
    ] {
        let entry = Entry {
            spec,
            bundle: SourceBundle::default(),
            depends_on: Vec::new(),
            after: Vec::new(),
            rows: Vec::new(),
            brings: crate::domain::estate::Brings::default(),
            beside: Vec::new(),
            parameters: None,
            takes: Vec::new(),
            lacks: None,
        };
        catalog.stacks.insert(stack.parse().unwrap(), entry);
    }
    let named = |name: &str| -> Option<&'static dyn System> {
        if name == Sites.name() {
            Some(&Sites)
        } else {
            systems::named(name)
        }
    };
    assert_eq!(
        of(&catalog, named),
        [rule("dev/docs", "github.com/acme/docs", "main")]
    );
}

fn heads(told: &[&Push]) -> Heads {
    let mut heads = Heads::default();
    for push in told {
        assert_eq!(heads.order(push), Order::Newer);
        heads.keep(push);
    }
    heads
}

#[test]
fn the_newest_by_the_host_wins() {
    let (one, two, three) = (push(MAIN, 1, 2), push(MAIN, 2, 3), push(MAIN, 3, 4));
    let all = heads(&[&one, &two, &three]);
    assert_eq!(all.order(&three), Order::Same);
    for older in [&one, &two] {
        assert_eq!(all.order(older), Order::Superseded(commit(4)));
    }
    // Another branch has its own order, and so has a tag of the same name.
    for other in ["refs/heads/release", "refs/tags/main"] {
        assert_eq!(all.order(&push(other, 1, 2)), Order::Newer);
    }
    // Set back by force, and forth again.
    let back = Push {
        forced: true,
        ..push(MAIN, 4, 2)
    };
    let mut all = all;
    assert_eq!(all.order(&back), Order::Newer);
    all.keep(&back);
    assert_eq!(all.order(&push(MAIN, 2, 4)), Order::Newer);
    assert_eq!(all.order(&three), Order::Superseded(commit(2)));
    // Kept across a restart.
    let kept: Heads = serde_json::from_slice(&serde_json::to_vec(&all).unwrap()).unwrap();
    assert_eq!(kept, all);
}

#[test]
fn times_of_the_host_come_first() {
    let at = |push: Push, taken_at| Push {
        taken_at: Some(taken_at),
        ..push
    };
    let all = heads(&[&at(push(MAIN, 2, 3), 100)]);
    assert_eq!(
        all.order(&at(push(MAIN, 1, 2), 99)),
        Order::Superseded(commit(3))
    );
    assert_eq!(all.order(&at(push(MAIN, 3, 2), 101)), Order::Newer);
    // Within one second the chain tells.
    assert_eq!(
        all.order(&at(push(MAIN, 1, 2), 100)),
        Order::Superseded(commit(3))
    );
    assert_eq!(all.order(&at(push(MAIN, 3, 4), 100)), Order::Newer);
    assert_eq!(all.order(&at(push(MAIN, 2, 3), 100)), Order::Same);
}

proptest! {
    /// However the deliveries of one branch arrive, each once or more, what is taken last is the
    /// newest one, once that was told.
    #[test]
    fn any_order_of_arrival_ends_at_the_newest(pushes in 1u32..8, arrivals in prop::collection::vec(0u32..8, 1..40), timed in any::<bool>()) {
        let nth = |n: u32| Push { taken_at: timed.then(|| i64::from(n)), ..push(MAIN, n + 1, n + 2) };
        let (mut heads, mut deployed, mut told) = (Heads::default(), Vec::new(), 0);
        for arrival in arrivals.iter().map(|n| n % pushes).chain([pushes - 1]) {
            let push = nth(arrival);
            if heads.order(&push) == Order::Newer {
                heads.keep(&push);
                deployed.push(arrival);
            }
            told = told.max(arrival);
            if timed {
                prop_assert_eq!(*deployed.last().unwrap(), told);
            }
        }
        if timed {
            prop_assert!(deployed.is_sorted(), "{:?}", deployed);
        }
        // Without times a gap in the chain can hide one; the newest, told last, is always taken.
        prop_assert_eq!(*deployed.last().unwrap(), pushes - 1);
    }
}
