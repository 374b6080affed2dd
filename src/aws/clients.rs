//! Clients for AWS targets, built once each and kept. Credentials go only where the rules of
//! `address` allow.

use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_sdk_sts::config::{
    Credentials, SharedCredentialsProvider, SharedHttpClient, StalledStreamProtectionConfig,
};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use futures_util::future::BoxFuture;
use tokio::sync::Mutex;

use super::address::{Rewrite, Whose, whose};
use super::budget::{Budgets, Share, Turn, Use};
use super::cfn::reads::Reads;
use super::ecs::Counting;
use super::genuine::Genuine;
use super::profile::{NO_PROFILE, Profile};
use super::target::AwsTarget;
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
    variables: Variables,
    http: OnceLock<SharedHttpClient>,
    known: Mutex<Vec<(AwsTarget, Arc<Cloud>)>>,
    budgets: Arc<Budgets>,
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
    /// ECS.
    pub ecs: aws_sdk_ecs::Client,
    /// STS.
    pub sts: aws_sdk_sts::Client,
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
            clock,
        })
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

    async fn build(&self, target: &AwsTarget) -> Result<Cloud, Failure> {
        let port = Arc::new(AtomicU16::new(0));
        let sandbox = target.is_sandbox().then(|| Arc::clone(&self.sandbox));
        let endpoint = match (&sandbox, &target.endpoint_url) {
            (Some(resolve), _) => {
                let found = resolve().await.map_err(|why| no_sandbox(&why))?;
                port.store(found, Ordering::Release);
                Some(format!("http://127.0.0.1:{found}"))
            }
            (None, given) => given.clone(),
        };
        let local = endpoint
            .as_deref()
            .is_some_and(|url| whose(url) == Whose::Loopback);
        let profile = match &target.profile {
            Some(name) => Some(Profile::read(name, &self.variables).await?),
            None => None,
        };
        let base = self
            .config(target, endpoint.as_deref(), profile.as_ref())
            .await?;
        let region = base.region().map(ToString::to_string).ok_or_else(|| {
            Failure::new("no region is known for this environment")
                .hint("name one in the estate file (aws: {region: eu-west-1}) or in the profile")
        })?;
        let login = base.credentials_provider();
        let config = match &target.role_arn {
            None => base,
            Some(role) => {
                let provider = AssumeRoleProvider::builder(role)
                    .session_name(&self.session)
                    .configure(&base)
                    .build()
                    .await;
                base.into_builder()
                    .credentials_provider(SharedCredentialsProvider::new(provider))
                    .build()
            }
        };
        let rewrite = || Rewrite {
            port: Arc::clone(&port),
        };
        Ok(Cloud {
            target: target.clone(),
            cfn: aws_sdk_cloudformation::Client::from_conf(
                aws_sdk_cloudformation::config::Builder::from(&config)
                    .retry_config(RetryConfig::disabled())
                    .interceptor(rewrite())
                    .interceptor(Genuine)
                    .build(),
            ),
            logs: aws_sdk_cloudwatchlogs::Client::from_conf(
                aws_sdk_cloudwatchlogs::config::Builder::from(&config)
                    .retry_config(RetryConfig::disabled())
                    .interceptor(rewrite())
                    .interceptor(Genuine)
                    // A tail in which nothing happens is no stalled download.
                    .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
                    .build(),
            ),
            ecs: aws_sdk_ecs::Client::from_conf(
                aws_sdk_ecs::config::Builder::from(&config)
                    .retry_config(RetryConfig::disabled())
                    .interceptor(rewrite())
                    .interceptor(Genuine)
                    .build(),
            ),
            sts: aws_sdk_sts::Client::from_conf(
                aws_sdk_sts::config::Builder::from(&config)
                    .retry_config(RetryConfig::disabled())
                    .interceptor(rewrite())
                    .interceptor(Genuine)
                    .build(),
            ),
            share: Arc::new(self.share(target, &region)),
            reads: Arc::default(),
            counting: Arc::default(),
            watching: false,
            region,
            login,
            log_in: profile
                .as_ref()
                .map_or_else(|| NO_PROFILE.to_owned(), Profile::login),
            refused: Arc::default(),
            local,
            port,
            sandbox,
            clock: Arc::clone(&self.clock),
        })
    }

    async fn config(
        &self,
        target: &AwsTarget,
        endpoint: Option<&str>,
        profile: Option<&Profile>,
    ) -> Result<SdkConfig, Failure> {
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            // A named profile signs with its own credentials whatever the shell says.
            .env(profile.map_or_else(
                || self.variables.all(),
                |profile| profile.sees(&self.variables),
            ))
            .http_client(self.http(target, endpoint)?)
            .retry_config(RetryConfig::standard().with_max_attempts(3))
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(Duration::from_secs(4))
                    .operation_attempt_timeout(Duration::from_secs(30))
                    .build(),
            );
        if let Ok(name) = AppName::new("holdpoint") {
            loader = loader.app_name(name);
        }
        if let Some(profile) = &target.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = target
            .region
            .clone()
            .or_else(|| target.is_sandbox().then(|| "eu-west-1".to_owned()))
        {
            loader = loader.region(Region::new(region));
        }
        if let Some(url) = endpoint {
            loader = loader.endpoint_url(url);
            match (whose(url), &target.profile) {
                (_, Some(_)) | (Whose::Aws, None) => {}
                // Real keys never go to an address from a file: this machine gets test keys that
                // are worth nothing.
                (Whose::Loopback, None) => {
                    loader = loader.credentials_provider(Credentials::new(
                        "test", "test", None, None, "loopback",
                    ));
                }
                (Whose::Other, None) => {
                    return Err(Failure::new(format!("{url} is no address of AWS and no profile is named for it"))
                        .hint("name the profile whose keys may go there: aws: {profile: NAME, endpoint_url: ...}"));
                }
            }
        }
        Ok(loader.load().await)
    }

    /// One connection pool for all; an own one where another authority is trusted, or where nothing
    /// is ever encrypted (reading the machine's authorities takes longer than a whole call to this
    /// machine).
    fn http(
        &self,
        target: &AwsTarget,
        endpoint: Option<&str>,
    ) -> Result<SharedHttpClient, Failure> {
        if target.profile.is_none() && endpoint.is_some_and(|url| url.starts_with("http://")) {
            return Ok(aws_smithy_http_client::Builder::new().build_http());
        }
        let builder = || {
            aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        };
        let Some(path) = &target.ca_bundle else {
            return Ok(self.http.get_or_init(|| builder().build_https()).clone());
        };
        let bad = |why: String| {
            Failure::new(format!(
                "the certificate authorities in {path} cannot be used: {why}"
            ))
            .hint("ca_bundle names a file with certificates in PEM form")
        };
        let pem = std::fs::read(path).map_err(|why| bad(why.to_string()))?;
        if !pem.windows(10).any(|window| window == b"-----BEGIN") {
            return Err(bad("there is no PEM certificate in it".to_owned()));
        }
        let trust = TrustStore::default().with_pem_certificate(pem);
        let context = TlsContext::builder()
            .with_trust_store(trust)
            .build()
            .map_err(|why| bad(why.to_string()))?;
        Ok(builder().tls_context(context).build_https())
    }

    /// The share in one budget for all targets that lead to the same account and region, as far as
    /// the target tells.
    fn share(&self, target: &AwsTarget, region: &str) -> Share {
        let account = target
            .role_arn
            .as_deref()
            .and_then(|arn| arn.split(':').nth(4));
        let way = account.map(str::to_owned).or_else(|| {
            target
                .profile
                .as_ref()
                .map(|profile| format!("profile {profile}"))
        });
        Share::new(
            &self.budgets,
            &way.unwrap_or_default(),
            region,
            target.endpoint_url.as_deref(),
        )
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
