//! Leases: who may write about what, from one taking to the next. These are the rules, the same in
//! every store; where leases are kept, and by which clock they run out, is the store's own.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::ids::{AskId, StackId};
use crate::domain::time::Time;

/// One life of one engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EngineId(pub Uuid);

/// What a lease is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Everything: every stack, every ask.
    All,
    /// The work of a stack, its deployments with it.
    Stack(StackId),
    /// The decision of an ask: who has it has claimed the ask.
    Ask(AskId),
}

impl Scope {
    /// Whether two engines could meet in these.
    fn meets(&self, other: &Scope) -> bool {
        self == other || *self == Scope::All || *other == Scope::All
    }
}

/// The right to write about a scope. It ends when another engine takes the scope: by its fence,
/// whatever its holder believes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Over what.
    pub scope: Scope,
    /// Of which taking: higher than that of every taking before.
    pub fence: u64,
}

/// The length of a lease that never runs out: only an election ends it.
pub const NO_END: Duration = Duration::MAX;

/// What a taking gave.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Taken {
    /// What was free.
    pub leases: Vec<Lease>,
    /// How long until the first of those runs out that were in the way.
    pub wait: Option<Duration>,
}

/// A lease that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Term {
    engine: EngineId,
    #[serde(flatten)]
    lease: Lease,
    until: Time,
}

/// All leases of a store.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Leases {
    /// The fence of the last taking.
    last: u64,
    terms: Vec<Term>,
}

impl Leases {
    /// Takes what is free: held by nobody else whose time has not come. What its engine lost there
    /// is fenced from now on.
    pub(super) fn take(
        &mut self,
        engine: EngineId,
        scopes: &[Scope],
        now: Time,
        length: Duration,
    ) -> Taken {
        let fence = self.last + 1;
        let mut taken = Taken::default();
        for scope in scopes {
            let in_the_way = self.terms.iter().filter(|term| {
                term.engine != engine && term.until > now && term.lease.scope.meets(scope)
            });
            let wait = in_the_way.map(|term| term.until.since(now)).min();
            if wait.is_some() {
                taken.wait = [taken.wait, wait].into_iter().flatten().min();
                continue;
            }
            // An engine that does not know whether it was given what it asked for takes its own
            // once more.
            self.terms.retain(|term| {
                term.lease.scope != *scope
                    && (term.engine == engine || !term.lease.scope.meets(scope))
            });
            let lease = Lease {
                scope: scope.clone(),
                fence,
            };
            self.terms.push(Term {
                engine,
                lease: lease.clone(),
                until: now + length,
            });
            self.last = fence;
            taken.leases.push(lease);
        }
        taken
    }

    /// Lets those of `leases` that still hold last on, and gives them.
    pub(super) fn extend(&mut self, leases: &[Lease], now: Time, length: Duration) -> Vec<Lease> {
        let mut kept = Vec::with_capacity(leases.len());
        for term in self
            .terms
            .iter_mut()
            .filter(|term| leases.contains(&term.lease))
        {
            term.until = now + length;
            kept.push(term.lease.clone());
        }
        kept
    }

    /// Ends them.
    pub(super) fn give_back(&mut self, leases: &[Lease]) {
        self.terms.retain(|term| !leases.contains(&term.lease));
    }

    /// Ends all: an election has shown that nobody of before is at work.
    pub(super) fn end(&mut self) {
        self.terms.clear();
    }

    /// Whether nobody has taken its scope since. One whose time has run out holds as long: nobody
    /// else has done anything there.
    pub(super) fn holds(&self, lease: &Lease) -> bool {
        self.terms.iter().any(|term| term.lease == *lease)
    }

    /// Whether who writes under these may: there is one, all of them hold, and one is over the ask
    /// that is answered.
    pub(super) fn allow(&self, under: &[Lease], answers: Option<AskId>) -> bool {
        let claimed = |ask| {
            under
                .iter()
                .any(|lease| lease.scope.meets(&Scope::Ask(ask)))
        };
        !under.is_empty()
            && under.iter().all(|lease| self.holds(lease))
            && answers.is_none_or(claimed)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What engines do, and that time passes.
    #[derive(Debug, Clone)]
    enum Does {
        Take {
            engine: u128,
            scopes: Vec<u8>,
            seconds: u64,
        },
        Extend {
            engine: u128,
            seconds: u64,
        },
        GiveBack {
            engine: u128,
        },
        Passes {
            seconds: u64,
        },
    }

    fn does() -> impl Strategy<Value = Does> {
        prop_oneof![
            4 => (0..3u128, prop::collection::vec(0..5u8, 1..4), 1..20u64)
                .prop_map(|(engine, scopes, seconds)| Does::Take { engine, scopes, seconds }),
            2 => (0..3u128, 1..20u64).prop_map(|(engine, seconds)| Does::Extend { engine, seconds }),
            1 => (0..3u128).prop_map(|engine| Does::GiveBack { engine }),
            2 => (1..15u64).prop_map(|seconds| Does::Passes { seconds }),
        ]
    }

    fn scope(n: u8) -> Scope {
        match n {
            0 => Scope::All,
            1 | 2 => Scope::Stack(format!("dev/s{n}").parse().unwrap()),
            _ => Scope::Ask(AskId(Uuid::from_u128(n.into()))),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        /// Whatever engines do: no two may write in one scope, each taking has a higher fence, and
        /// a text holds all of it.
        #[test]
        fn no_two_engines_ever_meet(history in prop::collection::vec(does(), 1..40)) {
            let (mut leases, mut now, mut fence) = (Leases::default(), Time(0), 0);
            // What each engine believes that it has.
            let mut believed: [Vec<Lease>; 3] = Default::default();
            for one in history {
                match one {
                    Does::Take { engine, scopes, seconds } => {
                        let scopes: Vec<_> = scopes.into_iter().map(scope).collect();
                        let taken = leases.take(EngineId(Uuid::from_u128(engine)), &scopes, now, Duration::from_secs(seconds));
                        prop_assert!(taken.leases.iter().all(|lease| lease.fence > fence));
                        prop_assert_eq!(taken.wait.is_some(), taken.leases.len() < scopes.len());
                        fence = taken.leases.first().map_or(fence, |lease| lease.fence);
                        believed[engine as usize].extend(taken.leases);
                    }
                    Does::Extend { engine, seconds } => {
                        let own = &mut believed[engine as usize];
                        *own = leases.extend(own, now, Duration::from_secs(seconds));
                    }
                    Does::GiveBack { engine } => leases.give_back(&std::mem::take(&mut believed[engine as usize])),
                    Does::Passes { seconds } => now = now + Duration::from_secs(seconds),
                }
                let held = |own: &Vec<Lease>| own.iter().filter(|lease| leases.holds(lease)).cloned().collect::<Vec<_>>();
                let [a, b, c] = believed.each_ref().map(held);
                for (one, other) in [(&a, &b), (&a, &c), (&b, &c)] {
                    prop_assert!(one.iter().all(|lease| other.iter().all(|theirs| !lease.scope.meets(&theirs.scope))));
                }
                let text = serde_json::to_string(&leases).unwrap();
                prop_assert_eq!(&serde_json::from_str::<Leases>(&text).unwrap(), &leases);
            }
        }
    }
}
