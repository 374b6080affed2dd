//! What of a service made of o5 files is known only where it is planned: its version, where nobody
//! says one, and the places of its rules at the load balancer.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use super::body::{Body, versioned};
use super::o5::{Ground, Group, Kept, VERSION};
use super::{source, travel};
use crate::domain::environment::EnvironmentRecord;
use crate::domain::failure::Failure;
use crate::domain::flag::{self, Flag, Flags, Form};
use crate::domain::look::{Look, Sights, Standing};
use crate::domain::place::Place;
use crate::domain::plan::Reserved;
use crate::domain::purpose::Purpose;
use crate::domain::request::Spec;
use crate::forms::cloudformation::{StackFacts, facts};
use crate::forms::elb::{self, LISTENER, ListenerFacts};
use crate::systems::PlanAsk;
use crate::systems::entry::{Home, Remarks};

/// The version that a deployment brings.
pub(super) const VERSION_FLAG: Flag = Flag {
    name: "version",
    form: Form::Text(""),
    purposes: &[Purpose::Deploy],
    says: "this version of an o5 application: the tag of its images",
};

/// What a version is.
pub(super) const TAG: &str =
    "a version is the tag of an image: up to 128 letters, digits, '_', '.' and '-'";

/// Whether a text can be a version.
pub(super) fn is_tag(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && !text.starts_with(['.', '-'])
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

/// The version that a person chose.
fn chosen(flags: &Flags) -> Option<String> {
    flag::text(flags, VERSION_FLAG.name)
}

/// The places that a group of routes may have.
fn places(group: Group) -> RangeInclusive<u32> {
    match group {
        Group::First => 1..=999,
        Group::Normal => 1000..=1999,
        Group::Fallback => 2000..=2999,
    }
}

/// The place that the stack has for a rule, where it is one of its group. A stack that was never made
/// has no rule, whatever its parameters say.
fn kept(stack: &StackFacts, name: &str, group: Group) -> Option<u32> {
    if matches!(stack.standing(), Standing::NeverMade | Standing::Missing) {
        return None;
    }
    let place = stack.parameters.get(name)?.parse().ok()?;
    places(group).contains(&place).then_some(place)
}

/// The spec in the version that is meant: that of the flag, else its own, else the one that runs.
/// `None` where it is that already, or none is known.
pub(super) fn settled(ask: &PlanAsk, spec: &Spec, stack: &StackFacts) -> Option<Spec> {
    let body = Body::of(spec).ok()?;
    body.o5.as_ref()?;
    let own = body.input.parameters.get(VERSION);
    let runs = stack.parameters.get(VERSION).filter(|one| !one.is_empty());
    let version = match (chosen(&ask.flags), own) {
        (Some(chosen), own) if own != Some(&chosen) => chosen,
        (None, None) => runs?.clone(),
        (Some(_) | None, Some(_)) | (Some(_), None) => return None,
    };
    versioned(spec, &version)
}

/// What must be looked at beside the stack: the listener, where a rule needs a place there.
pub(super) fn looks(body: &Body, stack: &StackFacts, seen: &Sights) -> Option<Look> {
    let o5 = body.o5.as_ref()?;
    let all_kept = o5
        .priorities
        .iter()
        .all(|(name, group)| kept(stack, name, *group).is_some());
    let listener = o5.listener.as_ref().filter(|_| !all_kept)?;
    let unseen = seen.of_kind(LISTENER).is_none();
    unseen.then(|| Look::at(elb::listener(listener)))
}

impl Body {
    /// Refuses what cannot be deployed as it is: an application without a version, a version of what
    /// has none.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn deployable(&self, ask: &PlanAsk) -> Result<(), Failure> {
        if ask.purpose != Purpose::Deploy {
            return Ok(());
        }
        if self.o5.is_none() {
            return chosen(&ask.flags).map_or(Ok(()), |version| {
                Err(Failure::new(format!(
                    "{} is made of a template: it has no version {version:?} to be deployed in",
                    ask.stack
                ))
                .hint("leave the flag version out; a parameter of its template says it"))
            });
        }
        match self.input.parameters.get(VERSION) {
            None => return Err(no_version(ask)),
            Some(version) if !is_tag(version) => {
                let says = format!("{version:?} cannot be a version of {}", ask.stack);
                return Err(Failure::new(says).hint(TAG));
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// The same with a place for each of its rules: the one that it has, else the first that is free
    /// in its group. No place is given twice.
    ///
    /// # Errors
    /// No place is free.
    pub(super) fn placed(
        mut self,
        ask: &PlanAsk,
        stack: &StackFacts,
        seen: &Sights,
    ) -> Result<Body, Failure> {
        let Some(o5) = &self.o5 else {
            return Ok(self);
        };
        let listener = elb::listener(o5.listener.as_deref().unwrap_or_default());
        let reserved = ask.reserved.iter().filter(|one| one.of == listener);
        let reserved: BTreeSet<u32> = reserved.filter_map(|one| one.what.parse().ok()).collect();
        let there = seen.of_kind(LISTENER).map(facts::<ListenerFacts>);
        let mut taken = there.transpose()?.unwrap_or_default().taken;
        taken.extend(reserved);
        let own = o5.priorities.iter();
        let own: BTreeSet<u32> = own
            .filter_map(|(name, group)| kept(stack, name, *group))
            .collect();
        taken.extend(&own);
        for (name, group) in &o5.priorities {
            let own = kept(stack, name, *group);
            let place = own.or_else(|| places(*group).find(|place| !taken.contains(place)));
            let Some(place) = place else {
                return Err(no_place(o5, *group));
            };
            taken.insert(place);
            if own.is_none() {
                self.reserves.insert(Reserved {
                    of: listener.clone(),
                    what: place.to_string(),
                });
            }
            // What the estate gives goes before.
            let parameters = &mut self.input.parameters;
            parameters
                .entry(name.clone())
                .or_insert_with(|| place.to_string());
        }
        Ok(self)
    }

    /// Refuses what would be another application under the name of this one: names of o5 are part of
    /// the names of everything that was made.
    ///
    /// # Errors
    /// The release in service has another name.
    pub(super) fn renamed(&self, ask: &PlanAsk, serving: Option<&Body>) -> Result<(), Failure> {
        let serving = serving.filter(|one| one.input.stack_name == self.input.stack_name);
        let both = serving.and_then(|one| Some((one.o5.as_ref()?, self.o5.as_ref()?)));
        let Some((old, new)) = both else {
            return Ok(());
        };
        for (what, old, new) in [
            ("application", &old.app, &new.app),
            ("environment", &old.environment, &new.environment),
        ] {
            if old != new {
                return Err(Failure::new(format!(
                    "{} was deployed as the o5 {what} {old}, and its files call it {new}",
                    ask.stack
                ))
                .detail(format!(
                    "names are part of what was made (queues, roles, secrets, buckets): under {new} all of it would be made anew, and {old} be left without its data"
                ))
                .hint(format!(
                    "give it the name {old} back; or let {new} be another application of the estate"
                )));
            }
        }
        Ok(())
    }
}

fn no_version(ask: &PlanAsk) -> Failure {
    let stack = &ask.stack;
    Failure::new(format!(
        "{stack} has no version: neither the estate nor this deployment says one, and none runs"
    ))
    .hint(format!(
        "holdpoint deploy {stack} --version TAG, or write version: in the estate file"
    ))
}

fn no_place(o5: &Kept, group: Group) -> Failure {
    let (places, listener) = (places(group), o5.listener.as_deref().unwrap_or_default());
    Failure::new(format!(
        "no place from {} to {} is free among the rules of the listener {listener}",
        places.start(),
        places.end()
    ))
    .hint("take rules away that nobody needs, or give the cluster another listener")
}

/// What a service needs of its environment, and what that is not. What cannot be read is told where
/// it is planned.
pub(super) fn lacks(spec: &Spec, home: &Home<'_>) -> Remarks {
    let body = Body::of(spec).ok();
    let mut told = body.map_or_else(Remarks::default, |body| travel::lacks(&body, home));
    let ground = source::ground_of(spec);
    let elsewhere = ground.map(|ground| elsewhere(&ground, home.record, home));
    told.0.extend(elsewhere.unwrap_or_default().0);
    told
}

/// Where the environment is another place than the cluster's file says.
fn elsewhere(o5: &Ground, record: &EnvironmentRecord, home: &Home<'_>) -> Remarks {
    let mut told = Remarks::default();
    let place: Option<&Place> = record.places.home();
    for (key, said, is) in [
        (
            "account",
            &o5.account,
            place.and_then(|one| one.whose.is.as_ref()),
        ),
        (
            "region",
            &o5.region,
            place.and_then(|one| one.within.is.as_ref()),
        ),
    ] {
        if let Some(is) = is.filter(|is| *is != said) {
            let says = format!(
                "the o5 cluster {} is in the {key} {said}, and {} in {is}",
                o5.cluster, home.name
            );
            told.say(
                "elsewhere",
                &[key],
                says,
                "name the cluster file of this environment, or correct one of the two",
            );
        }
    }
    told
}
