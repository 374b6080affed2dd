//! What a service of the embedded cloud is: an offer, which is data (its name, how it is spoken to,
//! where its state lives, which resource types it brings), and a state that answers calls and moves
//! with time. A service is a folder below `services/` and a line in its list; nothing else names
//! it.

use std::any::Any;
use std::borrow::Cow;
use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::call::{AwsError, Blob, Call};
use super::door::{Ready, Thing};
use super::errand::News;
use super::protocol::Protocol;
use super::realm::{Cx, Realm};
use super::who::Session;
use crate::domain::time::Time;

/// The state of a service in one place, and what it does. The same calls at the same times must
/// give the same state: time and chance come from the context alone.
pub trait Service: Kept {
    /// Answers a call.
    fn call(&mut self, call: &Call, cx: &mut Cx<'_>) -> Result<Reply, AwsError>;

    /// When something happens here by itself next.
    fn due(&self, _realm: Realm<'_>) -> Option<Time> {
        None
    }

    /// Lets happen what is due now. What is left must be due later.
    fn tick(&mut self, _cx: &mut Cx<'_>) {}

    /// Time goes on until then at once: what nobody would look at any more may be left out.
    fn leap(&mut self, _to: Time) {}

    /// Hears what became of an errand that it wanted done outside, and says what comes next, as a tree
    /// of `errand::Next`; bytes where it is asked for what the errand begins with.
    fn hear(
        &mut self,
        id: &str,
        _news: &News,
        _content: &Blob,
        _cx: &mut Cx<'_>,
    ) -> Result<Reply, AwsError> {
        Err(AwsError::validation(format!("nobody wanted {id} done")))
    }

    /// Whom an access key stands for, if this service gave it. Asked of services with one state for
    /// the whole world.
    fn who(&self, _access_key: &str) -> Option<Session> {
        None
    }

    /// Places of the id patterns of its resource types, beside those that every type has.
    fn places(&self, _thing: &Thing<'_>) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// Makes (`is_new`) or changes what stands behind a resource. The error is the reason why the
    /// resource fails.
    fn make(
        &mut self,
        _thing: &Thing<'_>,
        _is_new: bool,
        _cx: &mut Cx<'_>,
    ) -> Result<Ready, String> {
        Ok(Ready::InTime)
    }

    /// Removes what stands behind a resource. The error is the reason why it cannot be removed.
    fn remove(&mut self, _thing: &Thing<'_>, _cx: &mut Cx<'_>) -> Result<Ready, String> {
        Ok(Ready::InTime)
    }

    /// Whether what a stack wants to take is there.
    fn stands(&self, _thing: &Thing<'_>) -> bool {
        true
    }

    /// How it went with what `make` or `remove` began, once it is over. Asked after
    /// `Ready::WhenSaid`.
    fn ready(&self, _thing: &Thing<'_>) -> Option<Result<(), String>> {
        Some(Ok(()))
    }
}

/// How a state is copied and stored; every state that can be cloned and serialised has it.
pub trait Kept: Any + Debug + Send {
    /// The same once more.
    fn copy(&self) -> Box<dyn Service>;
    /// As it is stored.
    fn stored(&self) -> serde_json::Result<Value>;
}

impl<T: Service + Clone + Serialize> Kept for T {
    fn copy(&self) -> Box<dyn Service> {
        Box::new(self.clone())
    }

    fn stored(&self) -> serde_json::Result<Value> {
        serde_json::to_value(self)
    }
}

impl Clone for Box<dyn Service> {
    fn clone(&self) -> Self {
        self.as_ref().copy()
    }
}

/// What a service declares.
#[derive(Debug, Clone, Copy)]
pub struct Offer {
    /// Its name in calls and in the ledger.
    pub name: &'static str,
    /// Its name in signatures.
    pub signing: &'static str,
    /// How it is spoken to.
    pub protocol: Protocol,
    /// How far one state of it reaches.
    pub scope: Scope,
    /// The parameters that say what a call is about, tried in order: the ledger and mishaps know it
    /// by them. `/A/B` is `B` of the parameter `A`, here and in `tokens`.
    pub subjects: &'static [&'static str],
    /// The parameters that make a repeated call the same call.
    pub tokens: &'static [&'static str],
    /// The resource types that it brings, in the form of `config/sandbox/resources.yaml`.
    pub types: &'static str,
    /// True for what is no part of a cloud: its calls meet no mishap and begin no story.
    pub is_lever: bool,
    /// A state in which nothing happened yet.
    pub empty: fn() -> Box<dyn Service>,
    /// A state that was stored.
    pub read: fn(Value) -> serde_json::Result<Box<dyn Service>>,
}

/// How far one state of a service reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One in every region of an account.
    Region,
    /// One for an account, as `CloudFront` and Route 53 have.
    Account,
    /// One in the world.
    World,
}

impl Offer {
    /// Its name, and the resource types that it brings.
    #[must_use]
    pub fn brings(&self) -> (&'static str, &'static str) {
        (self.name, self.types)
    }

    /// A service whose state is a `T`, one in every region, with nothing special about it.
    #[must_use]
    pub const fn of<T: Service + Default + DeserializeOwned>(
        name: &'static str,
        protocol: Protocol,
    ) -> Self {
        Self {
            name,
            signing: name,
            protocol,
            scope: Scope::Region,
            subjects: &[],
            tokens: &[],
            types: "",
            is_lever: false,
            empty: empty::<T>,
            read: read::<T>,
        }
    }
}

fn empty<T: Service + Default>() -> Box<dyn Service> {
    Box::<T>::default()
}

fn read<T: Service + DeserializeOwned>(stored: Value) -> serde_json::Result<Box<dyn Service>> {
    serde_json::from_value::<T>(stored).map(|state| Box::new(state) as Box<dyn Service>)
}

/// What a service answers.
#[derive(Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Headers beside those of the protocol.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// The body.
    pub body: Body,
}

/// The body of an answer.
#[derive(Debug)]
pub enum Body {
    /// A tree, which the protocol writes. `null` is left out. In REST-XML its one field is the root
    /// element.
    Tree(Value),
    /// Bytes, as they are.
    Bytes(Vec<u8>),
    /// An event stream that stays open.
    Feed(Box<dyn Feed>),
    /// Nothing yet: the wire waits, and makes the call again once there is something.
    Later(Patience),
}

/// How long a call waits, and for what.
pub struct Patience {
    /// Until then.
    pub until: Time,
    /// What is answered when nothing came.
    pub instead: Value,
    /// Whether the call would be answered with something now.
    pub is_ready: IsReady,
}

/// Reads the world at a time.
pub type IsReady = Box<dyn Fn(Realm<'_>, Time) -> bool + Send>;

impl Debug for Patience {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "until {}: {}", self.until, self.instead)
    }
}

impl From<Value> for Reply {
    fn from(tree: Value) -> Self {
        Self::of(Body::Tree(tree))
    }
}

impl Reply {
    /// HTTP 200 with this body.
    #[must_use]
    pub fn of(body: Body) -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            body,
        }
    }

    /// The same with another status.
    #[must_use]
    pub fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The tree of the answer, of one that waits what it is where nothing comes; nothing for bytes
    /// and streams.
    #[must_use]
    pub fn tree(&self) -> &Value {
        match &self.body {
            Body::Tree(tree) => tree,
            Body::Later(patience) => &patience.instead,
            Body::Bytes(_) | Body::Feed(_) => &Value::Null,
        }
    }
}

/// An event stream as its service feeds it. It reads the world and changes nothing.
pub trait Feed: Debug + Send {
    /// What is to be told now.
    fn turn(&mut self, realm: Realm<'_>, now: Time) -> Turn;
}

/// What a feed tells at one time.
#[derive(Debug)]
pub struct Turn {
    /// Its frames.
    pub frames: Vec<Frame>,
    /// When it is to be asked again; `None` when it is over.
    pub again: Option<Time>,
}

/// One message of an event stream.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// An event of this type.
    Event(&'static str, Value),
    /// An exception of this type.
    Exception(&'static str, Value),
}
