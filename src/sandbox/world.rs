//! The whole embedded cloud as plain data: what exists, what is under way, and the one way to move
//! it: `advance` to a time, `call` at a time. No clock, no socket, no file: the same calls at the
//! same times give the same world. Which services there are is said by a list alone.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::call::{AwsError, Call};
use super::chaos::{Effect, Instead, Met, Mishap};
use super::dice::Dice;
use super::ledger::{Entry, Ledger};
use super::levers::Levers;
use super::realm::{Caller, Cx, Realms, Site, Stored};
use super::service::{Offer, Reply, Service};
use super::services;
use crate::domain::time::Time;

/// So many steps at one time are taken; more would never end.
const STEPS: u32 = 10_000;

/// The embedded cloud. `R` is what exists: alive, or as it was stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct World<R = Realms> {
    /// Up to when everything has happened.
    pub now: Time,
    /// Chance.
    pub dice: Dice,
    /// How many times faster than usual things are made.
    pub pace: f64,
    /// What exists.
    pub realms: R,
    /// How the levers stand.
    pub levers: Levers,
    /// Every call.
    pub ledger: Ledger,
}

/// What a call leads to on the wire.
#[derive(Debug)]
pub struct Outcome {
    /// The answer.
    pub answer: Result<Reply, AwsError>,
    /// How long it is held back.
    pub delay: Duration,
    /// What comes instead of the answer.
    pub instead: Option<Instead>,
    /// The id of the request.
    pub request_id: String,
    /// Where the call was made.
    pub place: Site,
    /// True when the world changed other than by time: such calls are journaled.
    pub changed: bool,
}

impl World<Stored> {
    /// A stored world comes alive.
    pub fn wake(self, offers: &'static [&'static Offer]) -> serde_json::Result<World> {
        let realms = Realms::read(offers, self.realms)?;
        Ok(World {
            now: self.now,
            dice: self.dice,
            pace: self.pace,
            realms,
            levers: self.levers,
            ledger: self.ledger,
        })
    }
}

impl World {
    /// An empty world with all services.
    #[must_use]
    pub fn new(now: Time, seed: u64, pace: f64) -> Self {
        Self::of(services::ALL, now, seed, pace)
    }

    /// An empty world with these services.
    #[must_use]
    pub fn of(offers: &'static [&'static Offer], now: Time, seed: u64, pace: f64) -> Self {
        let realms = Realms::new(offers);
        Self {
            now,
            dice: Dice::new(seed),
            pace,
            realms,
            levers: Levers::default(),
            ledger: Ledger::default(),
        }
    }

    /// The state of this type in an account and region, if anybody called there.
    #[must_use]
    pub fn get<T: Service>(&self, account: &str, region: &str) -> Option<&T> {
        self.realms.get(&Site::new(account, region))
    }

    /// Lets everything happen that is due until `to`, each at its own time.
    pub fn advance(&mut self, to: Time) {
        if to <= self.now {
            return;
        }
        self.realms.leap(to);
        let mut steps = 0;
        while let Some(due) = self.next_due().filter(|due| *due <= to) {
            steps = if due > self.now { 0 } else { steps + 1 };
            if steps > STEPS {
                tracing::error!(now = %self.now, "something in the embedded cloud is due again and again; time goes on without it");
                break;
            }
            self.now = self.now.max(due);
            self.step();
        }
        self.now = to;
    }

    /// The next time at which something happens by itself.
    #[must_use]
    pub fn next_due(&self) -> Option<Time> {
        let dues = self.realms.dues().map(|(at, _, _)| at);
        dues.chain(self.levers.script.first().map(|line| line.at))
            .min()
    }

    /// Answers a call at a time.
    pub fn call(&mut self, now: Time, call: &Call) -> Outcome {
        self.advance(now);
        self.answer(call)
    }

    /// True for a call that is no part of a cloud.
    #[must_use]
    pub fn is_lever(&self, call: &Call) -> bool {
        self.realms
            .offer(&call.service)
            .is_some_and(|offer| offer.is_lever)
    }

    fn answer(&mut self, call: &Call) -> Outcome {
        let offer = self.realms.offer(&call.service);
        let caller = Caller {
            who: self.realms.who(&call.access_key),
            request_id: request_id(&mut self.ledger),
        };
        let subject = offer.and_then(|offer| call.params().first(offer.subjects));
        let met = offer.filter(|offer| !offer.is_lever).map(|offer| Met {
            account: &caller.who.account,
            subject: subject.unwrap_or(""),
            is_json: offer.protocol.is_json(),
        });
        let mishap = met.and_then(|met| self.levers.chaos.take(call, &met));
        let delay = if let Some(Mishap::Delay(delay)) = &mishap {
            *delay
        } else {
            Duration::ZERO
        };
        let (answer, effect) = match (&mishap, offer) {
            (Some(Mishap::Error(error)), _) => (Err(error.clone()), None),
            (Some(Mishap::Instead(_, Effect::None)), _) => (
                Err(AwsError::new(
                    "Lost",
                    "the call was lost on its way and took no effect",
                )),
                None,
            ),
            (Some(Mishap::Instead(_, Effect::Done) | Mishap::Delay(_)) | None, Some(offer)) => {
                self.handle(offer, call, &caller)
            }
            (Some(Mishap::Instead(_, Effect::Done) | Mishap::Delay(_)) | None, None) => {
                (Err(self.unknown(call)), None)
            }
        };
        if let (Ok(_), Some(effect)) = (&answer, &effect) {
            self.levers.met(&call.action, effect, self.now, self.pace);
        }
        let changed = mishap.is_some() || effect.is_some();
        self.ledger.add(Entry {
            at: self.now,
            service: call.service.clone(),
            action: call.action.clone(),
            account: caller.who.account.clone(),
            who: caller.who.arn.clone(),
            subject: subject.map(str::to_owned),
            token: offer
                .and_then(|offer| call.params().first(offer.tokens))
                .map(str::to_owned),
            effect,
            error: answer.as_ref().err().map(ToString::to_string),
            chaos: mishap.as_ref().map(|_| "chaos".to_owned()),
            request_id: caller.request_id.clone(),
        });
        Outcome {
            answer,
            delay,
            instead: if let Some(Mishap::Instead(instead, _)) = mishap {
                Some(instead)
            } else {
                None
            },
            request_id: caller.request_id,
            place: Site {
                account: caller.who.account,
                region: call.region.clone(),
            },
            changed,
        }
    }

    /// A call without an effect leaves the dice alone, so that reads do not change the world's
    /// future.
    fn handle(
        &mut self,
        offer: &'static Offer,
        call: &Call,
        caller: &Caller,
    ) -> (Result<Reply, AwsError>, Option<String>) {
        let place = Site::new(&caller.who.account, &call.region);
        self.realms.open(offer.scope, &place);
        let mut dice = self.dice.clone();
        let mut cx = Cx {
            now: self.now,
            place,
            caller,
            dice: &mut dice,
            pace: self.pace,
            levers: &mut self.levers,
            effect: None,
            all: &mut self.realms,
        };
        let answer = cx.with(offer, |service, cx| service.call(call, cx));
        let effect = cx.effect.take();
        if effect.is_some() {
            self.dice = dice;
        }
        (answer.unwrap_or_else(|| Err(self.unknown(call))), effect)
    }

    /// Lets happen what is due now.
    fn step(&mut self) {
        let (now, pace) = (self.now, self.pace);
        let nobody = Caller::default();
        let due: Vec<(&'static Offer, Site)> = self
            .realms
            .dues()
            .filter(|(at, _, _)| *at <= now)
            .map(|(_, offer, place)| (offer, place.clone()))
            .collect();
        for (offer, place) in due {
            let (dice, levers, all) = (&mut self.dice, &mut self.levers, &mut self.realms);
            let mut cx = Cx {
                now,
                place,
                caller: &nobody,
                dice,
                pace,
                levers,
                effect: None,
                all,
            };
            cx.with(offer, Service::tick);
        }
        while self
            .levers
            .script
            .first()
            .is_some_and(|line| line.at <= now)
        {
            // A call that AWS would refuse now is in the ledger as refused, like any other.
            let line = self.levers.script.remove(0);
            self.call(now, &line.call);
        }
    }

    fn unknown(&self, call: &Call) -> AwsError {
        let names: Vec<&str> = self
            .realms
            .known()
            .offers
            .iter()
            .filter(|offer| !offer.is_lever)
            .map(|offer| offer.name)
            .collect();
        let service = if call.service.is_empty() {
            "a service that it does not name"
        } else {
            &call.service
        };
        let message = format!(
            "the embedded cloud does not serve {service} (asked for {}); it serves {}",
            call.action,
            names.join(", ")
        );
        AwsError::new("UnknownService", message)
    }
}

/// Ids of requests do not come from the dice, so that reads leave the world's future alone.
fn request_id(ledger: &mut Ledger) -> String {
    Dice::new(ledger.next_number().wrapping_mul(0x5851_F42D_4C95_7F2D)).uuid()
}
