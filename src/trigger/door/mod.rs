//! The door: where hosts call, and where it is asked how the engine does. It believes a call once that
//! is proven, keeps which was heard, and passes asks on; it decides nothing.

mod answer;
mod asks;
mod bitbucket;
mod body;
mod headers;
mod health;
mod hooks;
mod metrics;
mod routes;
#[cfg(test)]
pub(in crate::trigger) mod tests;
mod timed;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Mutex;

use super::debts::{Debts, Tells};
use super::keep::{self, Keep};
use super::queue::States;
use super::rules::{Heads, Rule};
use crate::desk::Relay;
use crate::domain::secret_ref::SecretRef;
use crate::forms::bitbucket::{HEARD, Tenants};
use crate::os::clock::SharedClock;

use metrics::Counts;
use timed::{Peer, Timed};

/// Reads the rules as the estate has them now. Blocks.
pub type Rules = Arc<dyn Fn() -> Result<Vec<Rule>, String> + Send + Sync>;

/// What a door is made of; the program puts it together.
pub struct Parts {
    /// Passes asks on, and shows the world.
    pub desk: Arc<dyn Relay>,
    /// The clock.
    pub clock: SharedClock,
    /// Which stack follows which branch.
    pub rules: Rules,
    /// What is kept across restarts.
    pub keep: Arc<dyn Keep>,
    /// How long the engine has said nothing of itself; none where that is not known.
    pub heartbeat: Arc<dyn Fn() -> Option<Duration> + Send + Sync>,
    /// Who is believed.
    pub hosts: Hosts,
    /// How reading of queues goes.
    pub queues: Arc<States>,
    /// Who tells hosts what became of pushes that led to nothing.
    pub tells: Arc<dyn Tells>,
}

/// Where the secrets are by which callers prove themselves. Without one its door is closed.
#[derive(Debug, Clone, Default)]
pub struct Hosts {
    /// By which GitHub signs.
    pub github: Option<SecretRef>,
    /// The token that GitLab sends.
    pub gitlab: Option<SecretRef>,
    /// By which Bitbucket signs the webhooks of repositories.
    pub bitbucket: Option<SecretRef>,
    /// Our app at Bitbucket.
    pub app: Option<App>,
    /// The token of who reads metrics from elsewhere.
    pub reader: Option<SecretRef>,
}

/// An app of Atlassian Connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// Its key.
    pub key: String,
    /// The address below which it is reached.
    pub base: String,
    /// The installations that a person has named, by their client keys.
    pub named: BTreeSet<String>,
}

/// The door.
pub struct Door {
    parts: Parts,
    heads: Mutex<Heads>,
    tenants: Mutex<Tenants>,
    debts: Arc<Debts>,
    counts: Counts,
    /// How many bytes of bodies are being read.
    held: Arc<AtomicUsize>,
}

/// Under which name the newest pushes are kept.
const HEADS: &str = "pushes";

impl Door {
    /// Reads what was kept.
    ///
    /// # Errors
    /// What is kept cannot be read: it is not begun anew, because what was believed before would be
    /// forgotten.
    pub fn open(parts: Parts) -> Result<Arc<Self>, String> {
        let heads = keep::read(parts.keep.as_ref(), HEADS)?;
        let mut tenants: Tenants = keep::read(parts.keep.as_ref(), HEARD)?;
        // Who reads repositories there believes those alone that were named here.
        let named = parts.hosts.app.as_ref().map(|app| &app.named);
        if named.is_some_and(|named| tenants.name(named)) {
            let bytes = serde_json::to_vec(&tenants).map_err(|why| why.to_string())?;
            parts.keep.write(HEARD, &bytes)?;
        }
        let debts = Debts::open(
            Arc::clone(&parts.desk),
            parts.clock.clone(),
            Arc::clone(&parts.keep),
            Arc::clone(&parts.tells),
        )?;
        Ok(Arc::new(Self {
            heads: Mutex::new(heads),
            tenants: Mutex::new(tenants),
            debts,
            counts: Counts::default(),
            held: Arc::default(),
            parts,
        }))
    }

    /// Answers calls until `end` is over; those that are being answered then are, within their time.
    ///
    /// # Errors
    /// The listener is gone.
    pub async fn serve(
        self: Arc<Self>,
        listener: TcpListener,
        end: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let timed = Timed::new(listener, self.parts.clock.clone());
        self.debts.resume().await;
        let router = axum::Router::new()
            .fallback(routes::answer)
            .with_state(self)
            .into_make_service_with_connect_info::<Peer>();
        axum::serve(timed, router).with_graceful_shutdown(end).await
    }

    async fn keep(&self, name: &'static str, what: &impl serde::Serialize) -> Result<(), String> {
        keep::write(&self.parts.keep, name, what).await
    }
}
