//! Where services live: what each of them keeps, by account and region, and the context in which
//! one of them works. A service finds another by the type of its state; nobody else knows which
//! services there are but for the list.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::call::{AwsError, Blob};
use super::catalog::Catalog;
use super::dice::Dice;
use super::door::{Act, Ready, Thing};
use super::errand::News;
use super::levers::{Levers, Scripted};
use super::service::{Offer, Reply, Scope, Service};
use super::who::Session;
use crate::domain::time::Time;

/// An account and a region.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Site {
    /// Twelve digits; empty for what is one in the world.
    pub account: String,
    /// For example `eu-west-1`; empty for what is one for an account.
    pub region: String,
}

impl Site {
    /// A site.
    #[must_use]
    pub fn new(account: &str, region: &str) -> Self {
        Self {
            account: account.to_owned(),
            region: region.to_owned(),
        }
    }

    /// The site where a service with this scope keeps what belongs here.
    fn reach(&self, scope: Scope) -> Self {
        match scope {
            Scope::Region => self.clone(),
            Scope::Account => Self::new(&self.account, ""),
            Scope::World => Self::default(),
        }
    }
}

/// The services there are, and the resource types that they bring.
#[derive(Debug)]
pub struct Known {
    /// The list.
    pub offers: &'static [&'static Offer],
    /// The types.
    pub catalog: Catalog,
}

/// All that exists.
#[derive(Debug, Clone)]
pub struct Realms {
    known: Arc<Known>,
    kept: BTreeMap<Site, BTreeMap<&'static str, Box<dyn Service>>>,
}

/// What services keep, as it was stored: by place, then by name.
pub type Stored = BTreeMap<String, BTreeMap<String, Value>>;

impl Serialize for Realms {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut stored = Stored::new();
        for (place, services) in &self.kept {
            let below = stored
                .entry(format!("{}/{}", place.account, place.region))
                .or_default();
            for (name, service) in services {
                below.insert(
                    (*name).to_owned(),
                    service.stored().map_err(serde::ser::Error::custom)?,
                );
            }
        }
        stored.serialize(serializer)
    }
}

impl Realms {
    /// Nothing yet.
    #[must_use]
    pub fn new(offers: &'static [&'static Offer]) -> Self {
        let known = Known {
            offers,
            catalog: Catalog::of(offers.iter().map(|offer| offer.brings())),
        };
        let mut realms = Self {
            known: Arc::new(known),
            kept: BTreeMap::new(),
        };
        realms.open(Scope::World, &Site::default());
        realms
    }

    /// What was stored, read by the services that stored it.
    pub fn read(offers: &'static [&'static Offer], stored: Stored) -> serde_json::Result<Self> {
        let mut realms = Self::new(offers);
        for (place, services) in stored {
            let (account, region) = place.split_once('/').unwrap_or((&place, ""));
            let below = realms.kept.entry(Site::new(account, region)).or_default();
            for (name, state) in services {
                let offer = offers.iter().find(|offer| offer.name == name);
                let offer = offer.ok_or_else(|| {
                    serde::de::Error::custom(format!(
                        "there is no service {name:?} to read what it kept"
                    ))
                })?;
                below.insert(offer.name, (offer.read)(state)?);
            }
        }
        Ok(realms)
    }

    /// The services there are.
    #[must_use]
    pub fn known(&self) -> &Arc<Known> {
        &self.known
    }

    /// The offer of a service.
    #[must_use]
    pub fn offer(&self, name: &str) -> Option<&'static Offer> {
        self.known
            .offers
            .iter()
            .copied()
            .find(|offer| offer.name == name)
    }

    /// Everything in a place, to be read.
    #[must_use]
    pub fn at<'a>(&'a self, place: &'a Site) -> Realm<'a> {
        Realm { place, all: self }
    }

    /// The state of this type that belongs to a place: its own, its account's or the world's.
    #[must_use]
    pub fn get<T: Service>(&self, place: &Site) -> Option<&T> {
        let scopes = [Scope::Region, Scope::Account, Scope::World];
        let services = scopes
            .into_iter()
            .filter_map(|scope| self.kept.get(&place.reach(scope)));
        services
            .flat_map(BTreeMap::values)
            .find_map(|service| (service.as_ref() as &dyn Any).downcast_ref())
    }

    /// Whom an access key stands for.
    #[must_use]
    pub fn who(&self, access_key: &str) -> Session {
        let mut worldly = self
            .kept
            .get(&Site::default())
            .into_iter()
            .flat_map(BTreeMap::values);
        worldly
            .find_map(|service| service.who(access_key))
            .unwrap_or_else(|| Session::of_key(access_key))
    }

    /// What a call to a service with this scope may find in a place is there from now on: its own
    /// state, and those of all services with as wide a scope.
    pub(super) fn open(&mut self, scope: Scope, place: &Site) {
        let scopes: &[Scope] = match scope {
            Scope::Region => &[Scope::World, Scope::Account, Scope::Region],
            Scope::Account => &[Scope::World, Scope::Account],
            Scope::World => &[Scope::World],
        };
        for scope in scopes {
            let below = self.kept.entry(place.reach(*scope)).or_default();
            for offer in self
                .known
                .offers
                .iter()
                .filter(|offer| offer.scope == *scope)
            {
                below.entry(offer.name).or_insert_with(offer.empty);
            }
        }
    }

    /// Every service in every place that moves by itself, with the time at which it moves next.
    pub(super) fn dues(&self) -> impl Iterator<Item = (Time, &'static Offer, &Site)> {
        self.kept.iter().flat_map(move |(place, services)| {
            let offers = self.known.offers.iter().copied();
            offers.filter_map(move |offer| {
                Some((services.get(offer.name)?.due(self.at(place))?, offer, place))
            })
        })
    }

    /// Time goes on until then at once.
    pub(super) fn leap(&mut self, to: Time) {
        self.kept
            .values_mut()
            .flat_map(BTreeMap::values_mut)
            .for_each(|service| service.leap(to));
    }
}

/// One account in one region, to be read: the services there, and those that are one for the
/// account or for the world.
#[derive(Debug, Clone, Copy)]
pub struct Realm<'a> {
    /// Which.
    pub place: &'a Site,
    all: &'a Realms,
}

impl<'a> Realm<'a> {
    /// The state of this type; `None` where there is no such service, and for the service that is
    /// at work.
    #[must_use]
    pub fn get<T: Service>(self) -> Option<&'a T> {
        self.all.get(self.place)
    }

    /// The resource types there are.
    #[must_use]
    pub fn catalog(self) -> &'a Catalog {
        &self.all.known.catalog
    }

    /// How it went with what the service behind a resource began, once it is over.
    #[must_use]
    pub fn ready(self, thing: &Thing<'_>) -> Option<Result<(), String>> {
        self.owner(thing)
            .map_or(Some(Ok(())), |service| service.ready(thing))
    }

    /// Whether what stands behind a resource is there.
    #[must_use]
    pub fn stands(self, thing: &Thing<'_>) -> bool {
        self.owner(thing)
            .is_some_and(|service| service.stands(thing))
    }

    /// The places of a resource's id pattern that the service behind it fills.
    #[must_use]
    pub fn places(self, thing: &Thing<'_>) -> Vec<(&'static str, String)> {
        self.owner(thing)
            .map(|service| service.places(thing))
            .unwrap_or_default()
    }

    fn owner(self, thing: &Thing<'_>) -> Option<&'a dyn Service> {
        let offer = self.all.offer(self.catalog().kind(thing.kind)?.owner?)?;
        self.all
            .kept
            .get(&self.place.reach(offer.scope))?
            .get(offer.name)
            .map(AsRef::as_ref)
    }
}

/// What a service may use while it works.
#[derive(Debug)]
pub struct Cx<'a> {
    /// The time of the call or of the thing that is due.
    pub now: Time,
    /// Where.
    pub place: Site,
    /// Who asks; nobody in what happens by itself.
    pub caller: &'a Caller,
    /// Chance.
    pub dice: &'a mut Dice,
    /// How many times faster than usual.
    pub pace: f64,
    /// How the levers stand.
    pub levers: &'a mut Levers,
    /// What the call changed, for the ledger. A call without an effect must leave everything as it
    /// was.
    pub effect: Option<String>,
    /// Everything but the service that is at work.
    pub(super) all: &'a mut Realms,
}

/// Who asks.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// Whom the key stands for.
    pub who: Session,
    /// The id of the request.
    pub request_id: String,
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
        self.levers.failure(stack, logical, act)
    }

    /// Everything here but the service that is at work, to be read.
    #[must_use]
    pub fn realm(&self) -> Realm<'_> {
        self.all.at(&self.place)
    }

    /// The state of this type, to be changed; `None` where there is no such service, and for the
    /// service that is at work.
    pub fn get_mut<T: Service>(&mut self) -> Option<&mut T> {
        let place = [Scope::Region, Scope::Account, Scope::World]
            .map(|scope| self.place.reach(scope))
            .into_iter()
            .find(|place| {
                let services = self
                    .all
                    .kept
                    .get(place)
                    .into_iter()
                    .flat_map(BTreeMap::values);
                services
                    .into_iter()
                    .any(|service| (service.as_ref() as &dyn Any).is::<T>())
            })?;
        self.all
            .kept
            .get_mut(&place)?
            .values_mut()
            .find_map(|service| (service.as_mut() as &mut dyn Any).downcast_mut())
    }

    /// Makes (`is_new`) or changes what stands behind a resource, by the service that brings its
    /// type.
    pub fn make(&mut self, thing: &Thing<'_>, is_new: bool) -> Result<Ready, String> {
        self.owner(thing).map_or(Ok(Ready::InTime), |offer| {
            self.with(offer, |service, cx| service.make(thing, is_new, cx))
                .unwrap_or(Ok(Ready::InTime))
        })
    }

    /// Removes what stands behind a resource, by the service that brings its type.
    pub fn remove(&mut self, thing: &Thing<'_>) -> Result<Ready, String> {
        self.owner(thing).map_or(Ok(Ready::InTime), |offer| {
            self.with(offer, |service, cx| service.remove(thing, cx))
                .unwrap_or(Ok(Ready::InTime))
        })
    }

    /// Tells a service what became of an errand of its own.
    pub fn hear(
        &mut self,
        service: &str,
        id: &str,
        news: &News,
        content: &Blob,
    ) -> Result<Reply, AwsError> {
        let nobody = || AwsError::validation(format!("there is no service {service} here"));
        let offer = self.all.offer(service).ok_or_else(nobody)?;
        self.with(offer, |service, cx| service.hear(id, news, content, cx))
            .unwrap_or_else(|| Err(nobody()))
    }

    /// Takes a service out, lets it work together with all others, and puts it back.
    pub(super) fn with<T>(
        &mut self,
        offer: &'static Offer,
        work: impl FnOnce(&mut dyn Service, &mut Self) -> T,
    ) -> Option<T> {
        let place = self.place.reach(offer.scope);
        let mut service = self.all.kept.get_mut(&place)?.remove(offer.name)?;
        let result = work(service.as_mut(), self);
        self.all
            .kept
            .entry(place)
            .or_default()
            .insert(offer.name, service);
        Some(result)
    }

    fn owner(&self, thing: &Thing<'_>) -> Option<&'static Offer> {
        self.all
            .offer(self.all.known.catalog.kind(thing.kind)?.owner?)
    }
}
