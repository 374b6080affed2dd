//! The whole embedded cloud as plain data: what exists, what is under way, and the one way to move it: `advance` to a time,
//! `call` at a time. No clock, no socket, no file: the same calls at the same times give the same world.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::call::{Answer, AwsError, Call, Service};
use super::cfn::{self, Act, CfnStack};
use super::chaos::{Chaos, Mishap};
use super::dice::Dice;
use super::ecs::Ecs;
use super::ledger::{Entry, Ledger};
use super::logs::Logs;
use super::sts::{self, Session};
use super::{levers, story};
use crate::domain::time::Time;

/// The account of the practice world, which no real account can have.
pub const ACCOUNT: &str = "000000000000";

/// The embedded cloud.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct World {
    /// Up to when everything has happened.
    pub now: Time,
    /// Chance.
    pub dice: Dice,
    /// How many times faster than usual things are made.
    pub pace: f64,
    /// What exists, by `account/region`.
    pub realms: BTreeMap<String, Realm>,
    /// Keys that `AssumeRole` gave.
    pub sessions: BTreeMap<String, Session>,
    /// Mishaps on the wire.
    pub chaos: Chaos,
    /// Failures of resources, each for its number of times.
    pub scripted: Vec<Scripted>,
    /// Every call.
    pub ledger: Ledger,
    /// What is still to happen by itself.
    pub script: Vec<story::Line>,
    /// Goes up when all live tails are to end.
    pub tails: u64,
}

/// One account in one region.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Realm {
    /// Which.
    pub place: Place,
    /// Stacks by ARN, deleted ones too.
    pub stacks: BTreeMap<String, CfnStack>,
    /// Containers.
    pub ecs: Ecs,
    /// Log groups.
    pub logs: Logs,
    /// Objects by `bucket/key`.
    pub objects: BTreeMap<String, String>,
    /// Client tokens that were used: what for, and what was answered.
    pub tokens: BTreeMap<String, Token>,
}

/// An account and a region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Twelve digits.
    pub account: String,
    /// For example `eu-west-1`.
    pub region: String,
}

/// A client token that was used.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Token {
    /// Action and stack.
    pub of: String,
    /// What was answered.
    pub answer: Value,
}

/// A failure that a resource will meet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scripted {
    /// The stack's name.
    pub stack: String,
    /// The resource's logical id.
    pub logical: String,
    /// In which act; any when not given.
    #[serde(default)]
    pub act: Option<Act>,
    /// Seconds after the act began.
    #[serde(default)]
    pub after: f64,
    /// What AWS would say; without it the resource is slow instead of failing.
    #[serde(default)]
    pub reason: Option<String>,
    /// How often.
    #[serde(default = "once")]
    pub times: u32,
}

fn once() -> u32 {
    1
}

/// What a handler may use beside its realm.
pub struct Cx<'a> {
    /// The time of the call or of the thing that is due.
    pub now: Time,
    /// Chance.
    pub dice: &'a mut Dice,
    /// How many times faster than usual.
    pub pace: f64,
    /// Scripted failures.
    pub scripted: &'a mut Vec<Scripted>,
    /// What the call changed, for the ledger.
    pub effect: Option<String>,
}

impl Cx<'_> {
    /// A time so many seconds (at normal pace) from now.
    #[must_use]
    pub fn after(&self, seconds: f64) -> Time {
        let scaled = (seconds / self.pace.max(0.001)).clamp(0.0, 86_400.0);
        self.now + Duration::from_secs_f64(scaled)
    }

    /// Takes the scripted failure of a resource, if there is one for this act.
    pub fn scripted(&mut self, stack: &str, logical: &str, act: Act) -> Option<Scripted> {
        let index = self
            .scripted
            .iter()
            .position(|one| one.stack == stack && one.logical == logical && one.act.is_none_or(|wanted| wanted == act))?;
        let one = self.scripted.get_mut(index)?;
        one.times = one.times.saturating_sub(1);
        let taken = one.clone();
        self.scripted.retain(|one| one.times > 0);
        Some(taken)
    }
}

/// What a call leads to on the wire.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The answer.
    pub answer: Answer,
    /// How long it is held back.
    pub delay: Duration,
    /// True when the connection is cut instead of answered.
    pub cut: bool,
    /// The id of the request.
    pub request_id: String,
    /// True when the world changed other than by time: such calls are journaled.
    pub changed: bool,
}

impl World {
    /// An empty world.
    #[must_use]
    pub fn new(now: Time, seed: u64, pace: f64) -> Self {
        Self {
            now,
            dice: Dice::new(seed),
            pace,
            realms: BTreeMap::new(),
            sessions: BTreeMap::new(),
            chaos: Chaos::default(),
            scripted: Vec::new(),
            ledger: Ledger::default(),
            script: Vec::new(),
            tails: 0,
        }
    }

    /// The realm of an account and region, made when it is first seen.
    pub fn realm(&mut self, account: &str, region: &str) -> &mut Realm {
        self.realms.entry(format!("{account}/{region}")).or_insert_with(|| Realm {
            place: Place { account: account.to_owned(), region: region.to_owned() },
            stacks: BTreeMap::new(),
            ecs: Ecs::default(),
            logs: Logs::default(),
            objects: BTreeMap::new(),
            tokens: BTreeMap::new(),
        })
    }

    /// Lets everything happen that is due until `to`, each at its own time.
    pub fn advance(&mut self, to: Time) {
        if to <= self.now {
            return;
        }
        for realm in self.realms.values_mut() {
            realm.ecs.skip_old_traffic(to);
        }
        while let Some(due) = self.next_due().filter(|due| *due <= to) {
            self.now = self.now.max(due);
            self.step();
        }
        self.now = to;
    }

    /// The next time at which something happens by itself.
    #[must_use]
    pub fn next_due(&self) -> Option<Time> {
        let realms = self.realms.values().filter_map(Realm::next_due);
        realms.chain(self.script.first().map(|line| line.at)).min()
    }

    /// Answers a call at a time.
    pub fn call(&mut self, now: Time, call: &Call) -> Outcome {
        self.advance(now);
        self.answer(call)
    }

    fn answer(&mut self, call: &Call) -> Outcome {
        let who = sts::who(&self.sessions, &call.access_key);
        let mishap = self.chaos.take(call, &who.account);
        let mut outcome =
            Outcome { answer: Ok(Value::Null), delay: Duration::ZERO, cut: false, request_id: String::new(), changed: mishap.is_some() };
        let mut effect = None;
        let mut note = None;
        let refusal = match &mishap {
            Some(Mishap::Error(error)) => Some(error.clone()),
            Some(Mishap::CutBefore) => Some(AwsError::new("ConnectionCut", "the connection was cut before the call took effect")),
            Some(Mishap::Delay(delay)) => {
                outcome.delay = *delay;
                None
            }
            Some(Mishap::CutAfter) | None => None,
        };
        outcome.cut = matches!(mishap, Some(Mishap::CutBefore | Mishap::CutAfter));
        if let Some(error) = refusal {
            note = Some("chaos".to_owned());
            outcome.answer = Err(error);
        } else {
            let (answer, done) = self.handle(call, &who);
            outcome.answer = answer;
            effect = done;
        }
        outcome.changed |= effect.is_some();
        outcome.request_id = request_id(&mut self.ledger);
        self.ledger.add(Entry {
            at: self.now,
            service: call.service,
            action: call.action.clone(),
            account: who.account,
            who: who.arn,
            stack: ["StackName", "ChangeSetName"].iter().find_map(|name| call.params().text(name)).map(str::to_owned),
            token: ["ClientRequestToken", "ClientToken"].iter().find_map(|name| call.params().text(name)).map(str::to_owned),
            effect,
            error: outcome.answer.as_ref().err().map(ToString::to_string),
            chaos: note.or_else(|| mishap.map(|_| "chaos".to_owned())),
            request_id: outcome.request_id.clone(),
        });
        outcome
    }

    fn handle(&mut self, call: &Call, who: &Session) -> (Answer, Option<String>) {
        match call.service {
            Service::Sts => sts::call(self, call, who),
            Service::Practice => levers::call(self, call),
            service => {
                let (now, pace) = (self.now, self.pace);
                let mut dice = self.dice.clone();
                let mut scripted = std::mem::take(&mut self.scripted);
                let mut cx = Cx { now, dice: &mut dice, pace, scripted: &mut scripted, effect: None };
                let realm = self.realm(&who.account, &call.region);
                let answer = match service {
                    Service::CloudFormation => cfn::api::call(realm, &mut cx, call),
                    Service::Logs => super::logs::api::call(realm, &mut cx, call),
                    Service::Ecs => super::ecs::api::call(realm, &mut cx, call),
                    Service::S3 | Service::Sts | Service::Practice => super::objects::call(realm, &mut cx, call),
                };
                let effect = cx.effect.take();
                if effect.is_some() {
                    self.dice = dice;
                }
                self.scripted = scripted;
                (answer, effect)
            }
        }
    }

    /// Lets happen what is due now.
    fn step(&mut self) {
        let (now, pace) = (self.now, self.pace);
        let mut cx = Cx { now, dice: &mut self.dice, pace, scripted: &mut self.scripted, effect: None };
        for realm in self.realms.values_mut() {
            realm.step(&mut cx);
        }
        while self.script.first().is_some_and(|line| line.at <= now) {
            let line = self.script.remove(0);
            story::play(self, &line);
        }
    }
}

impl Realm {
    /// The stack of this name that is not deleted, or of this ARN.
    #[must_use]
    pub fn stack(&self, name: &str) -> Option<&CfnStack> {
        self.stacks.get(name).or_else(|| self.stacks.values().find(|stack| stack.name == name && stack.deleted.is_none()))
    }

    /// The ARN of a stack by name or ARN.
    #[must_use]
    pub fn stack_id(&self, name: &str) -> Option<String> {
        self.stack(name).map(|stack| stack.id.clone())
    }

    /// Takes a stack out, works on it together with the rest of the realm, and puts it back.
    pub fn with<T>(&mut self, id: &str, work: impl FnOnce(&mut Self, &mut CfnStack) -> T) -> Option<T> {
        let mut stack = self.stacks.remove(id)?;
        let result = work(self, &mut stack);
        self.stacks.insert(stack.id.clone(), stack);
        Some(result)
    }

    fn next_due(&self) -> Option<Time> {
        let stacks = self.stacks.values().filter_map(|stack| cfn::machine::due(self, stack));
        stacks.chain(self.ecs.next_due()).min()
    }

    fn step(&mut self, cx: &mut Cx<'_>) {
        super::ecs::step(self, cx);
        // Each turn moves one stack one step on; the bound only guards against a stack that would never come to rest.
        for _ in 0..10_000 {
            let due = self.stacks.values().find(|stack| cfn::machine::due(self, stack).is_some_and(|due| due <= cx.now));
            let Some(id) = due.map(|stack| stack.id.clone()) else { return };
            self.with(&id, |realm, stack| cfn::machine::step(realm, stack, cx));
        }
    }
}

/// Ids of requests do not come from the dice, so that reads leave the world's future alone.
fn request_id(ledger: &mut Ledger) -> String {
    Dice::new(ledger.next_number().wrapping_mul(0x5851_F42D_4C95_7F2D)).uuid()
}
