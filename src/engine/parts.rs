//! What an engine is made of, and where it gives lines; the program puts it together.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::replies::Replies;
use super::{Eyes, Share};
use crate::domain::ids::{DeploymentId, StackId, StepId};
use crate::domain::line::{Giver, Line};
use crate::domain::time::Time;
use crate::exec::Executor;
use crate::os::clock::SharedClock;
use crate::store::Store;
use crate::systems::System;

/// Where the files of an attempt are: deployment, step, attempt.
pub type JobFolder = Arc<dyn Fn(DeploymentId, &StepId, u32) -> PathBuf + Send + Sync>;
/// Where what lasts of an application in an environment is.
pub type LastingFolder = Arc<dyn Fn(&StackId) -> PathBuf + Send + Sync>;
/// A point at which a test makes the engine die.
pub type Failpoint = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// What an engine is made of.
#[derive(Clone)]
pub struct Parts {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// What it takes of the work there.
    pub share: Share,
    /// The clock.
    pub clock: SharedClock,
    /// The hands, by kind.
    pub executors: Arc<BTreeMap<String, Arc<dyn Executor>>>,
    /// The systems, by name.
    pub systems: fn(&str) -> Option<&'static dyn System>,
    /// The eyes.
    pub eyes: Arc<dyn Eyes>,
    /// Where executors may keep files: `jobs/DEPLOYMENT/STEP/ATTEMPT`.
    pub job: JobFolder,
    /// Where executors may keep what lasts from one deployment to the next: a folder for all parts
    /// of a whole.
    pub lasting: LastingFolder,
    /// Where lines go: the spool, and whoever looks.
    pub lines: Arc<dyn Lines>,
    /// Who gives the replies that deployments owe; where there is nobody, none is given.
    pub replies: Option<Arc<dyn Replies>>,
    /// Points at which a test makes the engine die: true kills it.
    pub failpoint: Option<Failpoint>,
    /// Makes new ids.
    pub fresh: Arc<dyn Fn() -> uuid::Uuid + Send + Sync>,
}

/// Where an engine gives lines.
pub trait Lines: Send + Sync {
    /// Takes lines, in the order in which they came.
    fn take(&self, lines: Vec<Line>);
    /// Ends when all lines that were taken before are where they are kept; where there is no room
    /// for them, not before there is.
    fn flushed(&self) -> BoxFuture<'static, ()> {
        std::future::ready(()).boxed()
    }
    /// The newest line of a log group that is kept and those of a while before it, by id and time,
    /// the oldest first; none where lines are not kept. Blocks while files are read.
    fn kept(&self, stack: &StackId, group: &str, back: Duration) -> Vec<(String, Time)> {
        let _ = (stack, group, back);
        Vec::new()
    }
    /// How far the lines of a source that counts are kept; none where that is not known. Blocks
    /// while files are read.
    fn reached(&self, stack: &StackId, giver: &Giver) -> Option<u64> {
        let _ = (stack, giver);
        None
    }
}
