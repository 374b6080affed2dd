//! Clients for AWS targets, built once each and kept. Credentials go only where the rules of
//! `address` allow.

mod build;

use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_sdk_sts::config::{SharedCredentialsProvider, SharedHttpClient};
use futures_util::future::BoxFuture;
use tokio::sync::Mutex;

use super::budget::{Budgets, Share, Turn, Use};
use super::cfn::reads::Reads;
use super::codebuild::{Asking, News};
use super::dates::Apart;
use super::ecs::Counting;
use super::rest::Rest;
use super::s3::S3;
use super::target::{self, AwsTarget};
use super::variables::Variables;
use crate::domain::failure::{Failure, Retry};
use crate::domain::place::Place;
use crate::domain::sighting::Slowed;
use crate::domain::time::Time;
use crate::os::clock::SharedClock;

/// Gives the port of the embedded cloud, starting it where needed; or says why there is none.
pub type SandboxPort = Arc<dyn Fn() -> BoxFuture<'static, Result<u16, String>> + Send + Sync>;

/// All clients of this process.
pub struct Clients {
    clock: SharedClock,
    sandbox: SandboxPort,
    /// Who acts, for the session name of assumed roles.
    session: String,
    pub(super) variables: Variables,
    http: OnceLock<SharedHttpClient>,
    known: Mutex<Vec<(AwsTarget, Arc<Cloud>)>>,
    budgets: Arc<Budgets>,
    apart: Apart,
    pub(super) news: News,
}

/// The clients of one target.
#[derive(Clone)]
pub struct Cloud {
    /// What they were built from.
    pub target: AwsTarget,
    /// The region.
    pub region: String,
    /// CloudFormation.
    pub cfn: aws_sdk_cloudformation::Client,
    /// CloudWatch Logs.
    pub logs: aws_sdk_cloudwatchlogs::Client,
    /// CodeBuild.
    pub(super) codebuild: aws_sdk_codebuild::Client,
    /// ECS.
    pub(super) ecs: Rest,
    /// STS.
    pub sts: aws_sdk_sts::Client,
    /// S3.
    pub(super) s3: S3,
    /// CloudFront.
    pub(super) cloudfront: Rest,
    /// Route 53.
    pub(super) route53: Rest,
    /// SQS.
    pub(super) sqs: Rest,
    /// Certificate Manager.
    pub(super) acm: Rest,
    /// Parameters of Systems Manager.
    pub(super) ssm: Rest,
    /// Elastic Load Balancing.
    pub(super) elb: Rest,
    /// Secrets Manager.
    pub(super) secrets: Rest,
    /// The credentials by which is called.
    pub(super) credentials: Option<SharedCredentialsProvider>,
    /// The credentials that a person renews.
    pub(super) login: Option<SharedCredentialsProvider>,
    /// What that person does.
    pub(super) log_in: String,
    /// Its credentials were not taken: what it read of them may have been renewed since.
    pub(super) refused: Arc<AtomicBool>,
    /// Nobody waits for what is read through this.
    pub(super) watching: bool,
    local: bool,
    pub(super) port: Arc<AtomicU16>,
    pub(super) sandbox: Option<SandboxPort>,
    pub(super) clock: SharedClock,
    pub(super) share: Arc<Share>,
    pub(super) reads: Arc<Reads>,
    pub(super) counting: Arc<Counting>,
    pub(super) asking: Arc<Asking>,
    pub(super) news: News,
}

impl Clients {
    /// Clients that see nothing of the variables around them.
    #[must_use]
    pub fn new(clock: SharedClock, who: &str, sandbox: SandboxPort) -> Arc<Self> {
        Self::with(clock, who, sandbox, Variables::only(&[]))
    }

    /// Nothing is built yet. `who` is the person's name; it becomes part of role session names.
    #[must_use]
    pub fn with(
        clock: SharedClock,
        who: &str,
        sandbox: SandboxPort,
        variables: Variables,
    ) -> Arc<Self> {
        Arc::new(Self {
            sandbox,
            session: session_name(who),
            variables,
            http: OnceLock::new(),
            known: Mutex::default(),
            budgets: Arc::new(Budgets::new(Arc::clone(&clock))),
            apart: Apart::default(),
            news: News::default(),
            clock,
        })
    }

    /// The time by which they call.
    #[must_use]
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// How far our clock and that of AWS were apart at its newest answer; none before the first.
    #[must_use]
    pub fn apart(&self) -> Option<Duration> {
        self.apart.newest()
    }

    /// Clients over an AWS in this process.
    #[cfg(test)]
    pub(crate) fn over(
        clock: SharedClock,
        http: SharedHttpClient,
        variables: &[(&str, &str)],
    ) -> Arc<Self> {
        let nobody: SandboxPort = Arc::new(|| Box::pin(async { Err("not asked for".to_owned()) }));
        let clients = Self::with(clock, "tester", nobody, Variables::only(variables));
        let _ = clients.http.set(http);
        clients
    }

    /// The clients of a place.
    ///
    /// # Errors
    /// As [`Clients::of`]; or the place is of another kind.
    pub async fn at(&self, place: &Place) -> Result<Arc<Cloud>, Failure> {
        self.of(&AwsTarget::of(place)?).await
    }

    /// The clients of the account to which a role leads that is assumed at a place; of the place
    /// itself where none is.
    ///
    /// # Errors
    /// As [`Clients::of`]; or the role is not given to us, or leads to another account than its
    /// name says.
    pub async fn assuming(&self, place: &Place, role: Option<&str>) -> Result<Arc<Cloud>, Failure> {
        let Some(role) = role else {
            return self.at(place).await;
        };
        let there = target::beyond(place, role);
        let cloud = self.at(&there).await?;
        cloud.is_at(&there, role).await?;
        Ok(cloud)
    }

    /// The clients of a target; made anew where the credentials of those that there were are not
    /// taken any more.
    ///
    /// # Errors
    /// The target cannot be used; the failure says what to change.
    pub async fn of(&self, target: &AwsTarget) -> Result<Arc<Cloud>, Failure> {
        let mut known = self.known.lock().await;
        known.retain(|(of, cloud)| of != target || !cloud.refused.load(Ordering::Acquire));
        if let Some((_, cloud)) = known.iter().find(|(of, _)| of == target) {
            return Ok(Arc::clone(cloud));
        }
        let cloud = Arc::new(self.build(target).await?);
        known.push((target.clone(), Arc::clone(&cloud)));
        Ok(cloud)
    }

    /// The clients of a place, where they were built and nobody builds others now.
    pub fn built(&self, place: &Place) -> Option<Arc<Cloud>> {
        let target = AwsTarget::of(place).ok()?;
        let known = self.known.try_lock().ok()?;
        known
            .iter()
            .find(|(of, _)| *of == target)
            .map(|(_, cloud)| Arc::clone(cloud))
    }
}

impl Cloud {
    /// True for an endpoint on this machine, which may be asked often.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.local
    }

    /// The same clients for whoever only keeps fresh what is shown: their reads come after those
    /// that somebody waits for.
    #[must_use]
    pub fn watching(&self) -> Self {
        Self {
            watching: true,
            ..self.clone()
        }
    }

    /// Whether AWS asks for fewer calls now, and what is done about it.
    #[must_use]
    pub fn slowed(&self) -> Option<Slowed> {
        self.share.budget().slowed()
    }

    /// The time by which calls are counted.
    #[must_use]
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// Something has changed there, as was just seen: what comes of it may be looked at at once.
    pub fn changed(&self) {
        self.share.budget().changed();
    }

    /// Waits for the turn of a read that answers many, whoever asked first.
    pub(super) async fn turn(&self) -> Turn {
        self.share
            .budget()
            .turn(if self.watching { Use::Watch } else { Use::Read })
            .await
    }
}

pub(super) fn no_sandbox(why: &str) -> Failure {
    Failure::new("the embedded cloud cannot be reached")
        .detail(why)
        .hint("run: holdpoint sandbox, and look at what it says")
        .retry(Retry::Contact)
}

/// A session name that STS takes: its characters, 64 of them at most.
fn session_name(who: &str) -> String {
    let plain: String = who
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "_=,.@-".contains(*c))
        .take(54)
        .collect();
    format!("holdpoint-{plain}")
}

#[cfg(test)]
mod tests;
