//! An AWS account in this process: it answers what is read, on a clock that is stepped, and
//! remembers when it was asked.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::domain::artifact::Artifact;
use crate::domain::digest::Digest;
use crate::domain::failure::Failure;
use crate::domain::ids::{DeploymentId, DeploymentNo, StepId};
use crate::domain::line::Severity;
use crate::domain::masks::Secret;
use crate::domain::place::Place;
use crate::domain::request::{SourceBundle, SourceFile};
use crate::domain::secret_ref::SecretRef;
use crate::domain::time::Time;
use crate::exec::Content;
use crate::exec::{Job, Port};
use crate::os::clock::{Clock, Stepped};
use crate::text::safe::Safe;

/// The account.
pub(super) const ID: &str = "441200007731";

/// The file of every release.
pub(super) const FILE: &str = "one.yaml";

/// A call that came.
#[derive(Debug, Clone)]
pub(super) struct Called {
    pub(super) at: Time,
    pub(super) action: String,
    pub(super) on: String,
    pub(super) region: String,
}

#[derive(Debug)]
pub(super) struct Account {
    clock: Stepped,
    /// How long an answer takes.
    latency: Duration,
    /// How long a stack takes that is made.
    takes: Duration,
    stacks: Mutex<BTreeMap<String, Stack>>,
    calls: Mutex<Vec<Called>>,
    throttles: Mutex<usize>,
    expired: AtomicBool,
    fails: AtomicBool,
    denied: Mutex<Option<&'static str>>,
}

#[derive(Debug)]
struct Stack {
    /// `CREATE` or `UPDATE`.
    verb: &'static str,
    /// When it comes to rest.
    ends: Option<Time>,
}

impl Account {
    pub(super) fn new(clock: Stepped, latency: Duration, takes: Duration) -> Self {
        Self {
            clock,
            latency,
            takes,
            stacks: Mutex::default(),
            calls: Mutex::default(),
            throttles: Mutex::default(),
            expired: AtomicBool::default(),
            fails: AtomicBool::default(),
            denied: Mutex::default(),
        }
    }

    pub(super) fn http(self: &Arc<Self>) -> SharedHttpClient {
        let account = Arc::clone(self);
        http_client_fn(move |_, _| SharedHttpConnector::new(Wire(Arc::clone(&account))))
    }

    /// A stack is being changed from now on.
    pub(super) fn begin(&self, name: &str) {
        self.stacks.lock().unwrap().insert(
            name.to_owned(),
            Stack {
                verb: "UPDATE",
                ends: None,
            },
        );
    }

    /// It comes to rest then.
    pub(super) fn end(&self, name: &str, at: Time) {
        self.stacks.lock().unwrap().insert(
            name.to_owned(),
            Stack {
                verb: "UPDATE",
                ends: Some(at),
            },
        );
    }

    /// The next calls are throttled.
    pub(super) fn throttle(&self, calls: usize) {
        *self.throttles.lock().unwrap() = calls;
    }

    /// Whether whoever calls has credentials that have ended.
    pub(super) fn expire(&self, expired: bool) {
        self.expired.store(expired, Ordering::Relaxed);
    }

    /// Whether it fails wherever stacks are read.
    pub(super) fn fail(&self, fails: bool) {
        self.fails.store(fails, Ordering::Relaxed);
    }

    /// Nobody may do that from now on.
    pub(super) fn deny(&self, action: &'static str) {
        *self.denied.lock().unwrap() = Some(action);
    }

    pub(super) fn calls(&self) -> Vec<Called> {
        self.calls.lock().unwrap().clone()
    }

    fn answer(&self, request: &HttpRequest) -> (u16, String) {
        let text = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
        let field = |name: &str| {
            text.split('&')
                .find_map(|pair| pair.strip_prefix(&format!("{name}=")).map(str::to_owned))
        };
        let target = request
            .headers()
            .get("x-amz-target")
            .and_then(|target| target.rsplit('.').next())
            .map(str::to_owned);
        let action = target.or_else(|| field("Action")).unwrap();
        let on = field("StackName").unwrap_or_default();
        let region = if request.uri().contains("us-east-1") {
            "us-east-1"
        } else {
            "eu-west-1"
        };
        let at = self.clock.now();
        self.calls.lock().unwrap().push(Called {
            at,
            action: action.clone(),
            on: on.clone(),
            region: region.to_owned(),
        });
        let mut throttles = self.throttles.lock().unwrap();
        if *throttles > 0 {
            *throttles -= 1;
            let says = "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>";
            return (400, says.to_owned());
        }
        drop(throttles);
        if self.expired.load(Ordering::Relaxed) {
            let says = "<ErrorResponse><Error><Code>ExpiredToken</Code><Message>The security token has expired</Message></Error></ErrorResponse>";
            return (403, says.to_owned());
        }
        if self.fails.load(Ordering::Relaxed) && action != "GetCallerIdentity" {
            return (500, String::new());
        }
        if self
            .denied
            .lock()
            .unwrap()
            .is_some_and(|denied| denied == action)
        {
            let says = r#"{"__type":"AccessDeniedException","message":"not authorized"}"#;
            return (400, says.to_owned());
        }
        let mut stacks = self.stacks.lock().unwrap();
        if action == "CreateStack" {
            stacks.insert(
                on.clone(),
                Stack {
                    verb: "CREATE",
                    ends: Some(at + self.takes),
                },
            );
        }
        if action == "DescribeStacks"
            && !on.is_empty()
            && !stacks
                .keys()
                .any(|name| on == *name || on == urlencoded(&arn(name)))
        {
            let says = format!(
                "<Code>ValidationError</Code><Message>Stack with id {on} does not exist</Message>"
            );
            return (
                400,
                format!("<ErrorResponse><Error>{says}</Error></ErrorResponse>"),
            );
        }
        (200, self.told(&action, &on, &text, &stacks))
    }

    fn told(&self, action: &str, on: &str, text: &str, stacks: &BTreeMap<String, Stack>) -> String {
        let result = match action {
            "GetCallerIdentity" => format!(
                "<Account>{ID}</Account><Arn>arn:aws:iam::{ID}:role/x</Arn><UserId>x</UserId>"
            ),
            "DescribeStacks" => {
                let mut told = String::new();
                let named =
                    |name: &str| on.is_empty() || name == on || urlencoded(&arn(name)) == on;
                for (name, stack) in stacks.iter().filter(|(name, _)| named(name)) {
                    let rests = stack.ends.is_some_and(|ends| self.clock.now() >= ends);
                    let status = format!(
                        "{}_{}",
                        stack.verb,
                        if rests { "COMPLETE" } else { "IN_PROGRESS" }
                    );
                    let id = arn(name);
                    let made = "<CreationTime>2020-01-01T00:00:00Z</CreationTime>";
                    let _ = write!(
                        told,
                        "<member><StackId>{id}</StackId><StackName>{name}</StackName>{made}<StackStatus>{status}</StackStatus></member>"
                    );
                }
                format!("<Stacks>{told}</Stacks>")
            }
            "CreateStack" => format!("<StackId>{}</StackId>", arn(on)),
            "DescribeStackEvents" => "<StackEvents/>".to_owned(),
            "DescribeStackResources" => {
                // Stacks of this environment have a cluster each.
                let cluster = if on.starts_with("own-") { on } else { "main" };
                let arn = format!("arn:aws:ecs:eu-west-1:{ID}:service/{cluster}/{on}");
                let kind = "<ResourceType>AWS::ECS::Service</ResourceType><ResourceStatus>CREATE_COMPLETE</ResourceStatus>";
                let when = "<Timestamp>2020-01-01T00:00:00Z</Timestamp>";
                let one = format!(
                    "<LogicalResourceId>S</LogicalResourceId><PhysicalResourceId>{arn}</PhysicalResourceId>{kind}{when}"
                );
                format!("<StackResources><member>{one}</member></StackResources>")
            }
            "DescribeParameters" => {
                return serde_json::json!({ "Parameters": [{ "Name": "/sites/dev/TOKEN" }] })
                    .to_string();
            }
            "DescribeServices" => {
                let asked: Value = serde_json::from_str(text).unwrap();
                let one = |arn: &Value| serde_json::json!({ "serviceArn": arn, "runningCount": 1, "desiredCount": 1 });
                let services: Vec<Value> = asked["services"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(one)
                    .collect();
                assert!(services.len() <= 10, "more than ECS takes");
                return serde_json::json!({ "services": services, "failures": [] }).to_string();
            }
            other => panic!("{other} was not expected"),
        };
        format!("<{action}Response><{action}Result>{result}</{action}Result></{action}Response>")
    }
}

fn arn(name: &str) -> String {
    format!("arn:aws:cloudformation:eu-west-1:{ID}:stack/{name}/1")
}

fn urlencoded(text: &str) -> String {
    text.replace(':', "%3A").replace('/', "%2F")
}

#[derive(Debug)]
struct Wire(Arc<Account>);

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let account = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move {
            account.clock.sleep(account.latency / 2).await;
            let (status, text) = account.answer(&request);
            account.clock.sleep(account.latency / 2).await;
            Ok(HttpResponse::new(
                status.try_into().unwrap(),
                SdkBody::from(text),
            ))
        })
    }
}

/// The files of every release.
pub(super) fn files() -> SourceBundle {
    let mut bundle = SourceBundle::default();
    let template = "Resources: { Topic: { Type: 'AWS::SNS::Topic' } }";
    bundle.files.insert(
        FILE.to_owned(),
        SourceFile {
            bytes: template.into(),
            executable: false,
        },
    );
    bundle
}

/// The engine's side of a step.
struct Waits(Stepped);

impl Port for Waits {
    fn note<'a>(&'a self, _: &'a str, _: Value) -> BoxFuture<'a, Result<(), Failure>> {
        async { Ok(()) }.boxed()
    }
    fn out(&self, _: Severity, _: &str, _: Safe) {}
    fn line(&self, _: u64, _: Severity, _: &str, _: Safe) {}
    fn reached(&self) -> BoxFuture<'_, Option<u64>> {
        async { None }.boxed()
    }
    fn bundle(&self, _: Digest) -> BoxFuture<'_, Result<SourceBundle, Failure>> {
        async { Ok(files()) }.boxed()
    }
    fn put<'a>(&'a self, _: Content, _: &'a str) -> BoxFuture<'a, Result<Artifact, Failure>> {
        async { Err(Failure::new("not asked for")) }.boxed()
    }
    fn get<'a>(&'a self, _: &'a Artifact) -> BoxFuture<'a, Result<Content, Failure>> {
        async { Err(Failure::new("not asked for")) }.boxed()
    }
    fn secret<'a>(&'a self, _: &'a SecretRef) -> BoxFuture<'a, Result<Secret, Failure>> {
        async { Err(Failure::new("not asked for")) }.boxed()
    }
    fn covers(&self, _: &Secret) {}

    fn cancelled(&self) -> BoxFuture<'_, ()> {
        std::future::pending().boxed()
    }
    fn is_cancelled(&self) -> bool {
        false
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        self.0.sleep(duration)
    }
}

/// A step of an environment.
pub(super) fn job(clock: &Stepped, env: &str, place: &Place, params: Value) -> Job {
    Job {
        store: "0a1b2c3d".into(),
        deployment: DeploymentId(uuid::Uuid::from_u128(7)),
        no: DeploymentNo(1),
        stack: format!("{env}/x").parse().unwrap(),
        step: StepId("verify".to_owned()),
        attempt: 1,
        limit: Duration::from_hours(1),
        params,
        notes: BTreeMap::new(),
        env: env.parse().unwrap(),
        place: Some(place.clone()),
        folder: std::path::PathBuf::from("/nowhere"),
        lasting: std::path::PathBuf::from("/nowhere"),
        port: Arc::new(Waits(clock.clone())),
    }
}
