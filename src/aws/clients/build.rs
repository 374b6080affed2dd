//! Building the clients of a target: endpoint, profile, role, trusted authorities, and which
//! credentials may go where.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_sdk_sts::config::{
    Credentials, SharedCredentialsProvider, SharedHttpClient, StalledStreamProtectionConfig,
};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime::client::orchestrator::operation::OperationBuilder;

use super::{Clients, Cloud, no_sandbox};
use crate::aws::acm;
use crate::aws::address::{Rewrite, Whose, whose};
use crate::aws::bounds::{ANSWER, bounded, times};
use crate::aws::budget::Share;
use crate::aws::cloudfront;
use crate::aws::dates::{Apart, Dates};
use crate::aws::ecs;
use crate::aws::elb;
use crate::aws::genuine::Genuine;
use crate::aws::profile::{NO_PROFILE, Profile};
use crate::aws::rest::Rest;
use crate::aws::route53;
use crate::aws::s3::S3;
use crate::aws::secretsmanager;
use crate::aws::sqs;
use crate::aws::ssm;
use crate::aws::target::AwsTarget;
use crate::domain::failure::Failure;
use crate::forms::role;
use crate::os::open;

impl Clients {
    pub(super) async fn build(&self, target: &AwsTarget) -> Result<Cloud, Failure> {
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
        let mut config = base;
        for role in target.roles() {
            let provider = AssumeRoleProvider::builder(role)
                .session_name(&self.session)
                .configure(&config)
                .build()
                .await;
            config = config
                .into_builder()
                .credentials_provider(SharedCredentialsProvider::new(provider))
                .build();
        }
        let rewrite = || Rewrite {
            port: Arc::clone(&port),
        };
        // On this machine the clock is our own.
        let theirs = if local {
            Apart::default()
        } else {
            self.apart.clone()
        };
        let dates = || Dates {
            apart: theirs.clone(),
            clock: Arc::clone(&self.clock),
        };
        let with = |client: OperationBuilder| {
            client
                .interceptor(rewrite())
                .interceptor(Genuine)
                .interceptor(dates())
        };
        Ok(Cloud {
            target: target.clone(),
            cfn: aws_sdk_cloudformation::Client::from_conf(
                aws_sdk_cloudformation::config::Builder::from(&config)
                    .retry_config(RetryConfig::disabled())
                    .interceptor(rewrite())
                    .interceptor(Genuine)
                    .interceptor(dates())
                    .build(),
            ),
            logs: aws_sdk_cloudwatchlogs::Client::from_conf(
                aws_sdk_cloudwatchlogs::config::Builder::from(&config)
                    .retry_config(RetryConfig::disabled())
                    .interceptor(rewrite())
                    .interceptor(Genuine)
                    .interceptor(dates())
                    // A tail in which nothing happens is no stalled download.
                    .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
                    .build(),
            ),
            codebuild: aws_sdk_codebuild::Client::from_conf(
                aws_sdk_codebuild::config::Builder::from(&config)
                    .retry_config(RetryConfig::disabled())
                    .interceptor(rewrite())
                    .interceptor(Genuine)
                    .interceptor(dates())
                    .build(),
            ),
            ecs: Rest::new(&config, &ecs::service(&region), with),
            sts: aws_sdk_sts::Client::from_conf(
                aws_sdk_sts::config::Builder::from(&config)
                    .retry_config(RetryConfig::disabled())
                    .interceptor(rewrite())
                    .interceptor(Genuine)
                    .interceptor(dates())
                    .build(),
            ),
            s3: S3::new(&config, &region, with),
            cloudfront: Rest::new(&config, &cloudfront::service(&region), with),
            route53: Rest::new(&config, &route53::service(&region), with),
            acm: Rest::new(&config, &acm::service(), with),
            sqs: Rest::new(&config, &sqs::service(&region), with),
            ssm: Rest::new(&config, &ssm::service(&region), with),
            elb: Rest::new(&config, &elb::service(&region), with),
            secrets: Rest::new(&config, &secretsmanager::service(&region), with),
            credentials: config.credentials_provider(),
            share: Arc::new(self.share(target, &region)),
            reads: Arc::default(),
            counting: Arc::default(),
            asking: Arc::default(),
            news: self.news.clone(),
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

    pub(super) async fn config(
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
            .http_client(bounded(self.http(target, endpoint)?))
            .retry_config(RetryConfig::standard().with_max_attempts(3))
            .timeout_config(times(ANSWER));
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
                    return Err(Failure::new(format!("{url} is not an address of AWS and no profile is named for it"))
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
            aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring))
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
        let pem = open::bytes(Path::new(path)).map_err(|why| bad(why.to_string()))?;
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
        let account = target.roles().last().and_then(|arn| role::account(arn));
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
