//! What the product asks of a cloud, asked through the SDK over TCP. Runs on the embedded cloud;
//! the same function takes any endpoint and says which of the features that endpoint does not have.

use std::future::Future;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_cloudformation::Client as Cfn;
use aws_sdk_cloudformation::config::Credentials;
use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use aws_sdk_cloudformation::types::{
    Capability, ChangeSetStatus, ChangeSetType, Parameter, StackStatus,
};
use holdpoint::sandbox::{self, Options, Running};
use serde_json::json;

/// What an endpoint can show beside the calls themselves.
#[derive(Clone, Copy)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each says one thing of an endpoint"
)]
pub(crate) struct Features {
    /// Stacks are in progress for a while.
    pub(crate) takes_time: bool,
    /// An update without changes is refused.
    pub(crate) refuses_no_op: bool,
    /// Change sets name what changes, and what may change because it asks that for an attribute.
    pub(crate) true_differences: bool,
    /// Executing a change set deletes the others.
    pub(crate) sets_die: bool,
    /// A change set may use the stack's template.
    pub(crate) keeps_template: bool,
    /// Client tokens are honoured.
    pub(crate) tokens: bool,
    /// Events of resources are there, newest first.
    pub(crate) events: bool,
}

const TEMPLATE: &str = r#"
Parameters:
  Delay: { Type: Number, Default: 5 }
Resources:
  Queue: { Type: "AWS::SQS::Queue", Properties: { DelaySeconds: !Ref Delay } }
  Topic: { Type: "AWS::SNS::Topic", Properties: { DisplayName: !GetAtt Queue.QueueName } }
Outputs:
  Url: { Value: !Ref Queue }
"#;

/// How to let time pass: a stepped clock is moved, a real endpoint is waited for.
pub(crate) trait Patience {
    /// Lets about a second pass.
    fn wait(&self) -> impl Future<Output = ()>;
}

impl Patience for Running {
    async fn wait(&self) {
        self.tick(Duration::from_secs(1));
    }
}

/// The contract.
pub(crate) async fn contract(cfn: &Cfn, name: &str, has: Features, patience: &impl Patience) {
    let missing = cfn
        .describe_stacks()
        .stack_name(name)
        .send()
        .await
        .unwrap_err();
    assert_eq!(missing.code(), Some("ValidationError"));
    assert!(
        missing
            .message()
            .unwrap()
            .contains(&format!("Stack with id {name} does not exist"))
    );

    let create = || {
        cfn.create_stack()
            .stack_name(name)
            .template_body(TEMPLATE)
            .client_request_token(format!("{name}-1"))
    };
    let made = create().send().await.unwrap();
    if has.tokens {
        let again = create().send().await.unwrap();
        assert_eq!(
            made.stack_id(),
            again.stack_id(),
            "the same token is the same call"
        );
        let other = cfn
            .create_stack()
            .stack_name(name)
            .template_body(TEMPLATE)
            .send()
            .await
            .unwrap_err();
        assert_eq!(other.code(), Some("AlreadyExistsException"));
    }
    if has.takes_time {
        assert_eq!(status(cfn, name).await, Some(StackStatus::CreateInProgress));
        let busy = cfn
            .update_stack()
            .stack_name(name)
            .use_previous_template(true)
            .parameters(delay("9"))
            .send()
            .await
            .unwrap_err();
        assert!(
            busy.message()
                .unwrap()
                .ends_with("is in CREATE_IN_PROGRESS state and can not be updated."),
            "{busy:?}"
        );
    }
    assert_eq!(
        settled(cfn, name, patience).await,
        Some(StackStatus::CreateComplete)
    );

    if has.refuses_no_op {
        let nothing = cfn
            .update_stack()
            .stack_name(name)
            .use_previous_template(true)
            .parameters(kept("Delay"))
            .send()
            .await
            .unwrap_err();
        assert_eq!(nothing.message(), Some("No updates are to be performed."));
        let set = change_set(cfn, name, "none", kept("Delay"), has, patience).await;
        assert_eq!(set.status(), Some(&ChangeSetStatus::Failed));
        assert!(
            set.status_reason()
                .unwrap()
                .contains("didn't contain changes"),
            "{set:?}"
        );
        cfn.delete_change_set()
            .stack_name(name)
            .change_set_name("none")
            .send()
            .await
            .unwrap();
    }

    change_set(cfn, name, "other", delay("8"), has, patience).await;
    let set = change_set(cfn, name, "wanted", delay("7"), has, patience).await;
    assert_eq!(set.status(), Some(&ChangeSetStatus::CreateComplete));
    let changes: Vec<_> = set
        .changes()
        .iter()
        .filter_map(|change| change.resource_change())
        .collect();
    if has.true_differences {
        let rows: Vec<_> = changes
            .iter()
            .map(|row| {
                (
                    row.logical_resource_id().unwrap(),
                    row.replacement().unwrap().as_str(),
                )
            })
            .collect();
        assert_eq!(
            rows,
            [("Queue", "False"), ("Topic", "False")],
            "what changes, and what asks it for an attribute"
        );
        let perhaps = changes[1]
            .details()
            .iter()
            .all(|detail| detail.evaluation().unwrap().as_str() == "Dynamic");
        assert!(perhaps, "the topic changes only perhaps: {changes:?}");
    }
    cfn.execute_change_set()
        .stack_name(name)
        .change_set_name("wanted")
        .send()
        .await
        .unwrap();
    assert_eq!(
        settled(cfn, name, patience).await,
        Some(StackStatus::UpdateComplete)
    );
    if has.sets_die {
        let gone = cfn
            .describe_change_set()
            .stack_name(name)
            .change_set_name("other")
            .send()
            .await
            .unwrap_err();
        assert!(
            gone.code()
                .is_some_and(|code| code.starts_with("ChangeSetNotFound")),
            "{gone:?}"
        );
    }

    if has.events {
        let events = cfn
            .describe_stack_events()
            .stack_name(name)
            .send()
            .await
            .unwrap();
        let times: Vec<_> = events
            .stack_events()
            .iter()
            .map(|event| *event.timestamp().unwrap())
            .collect();
        assert!(
            times.windows(2).all(|pair| pair[0] >= pair[1]),
            "newest first"
        );
        let seen = |logical: &str, status: &str| {
            events.stack_events().iter().any(|event| {
                event.logical_resource_id() == Some(logical)
                    && event.resource_status().unwrap().as_str() == status
            })
        };
        assert!(
            seen("Queue", "CREATE_COMPLETE")
                && seen("Queue", "UPDATE_COMPLETE")
                && seen(name, "UPDATE_COMPLETE")
        );
    }

    cfn.delete_stack().stack_name(name).send().await.unwrap();
    let end = settled(cfn, name, patience).await;
    assert!(
        end.is_none() || end == Some(StackStatus::DeleteComplete),
        "{end:?}"
    );
}

fn delay(value: &str) -> Parameter {
    Parameter::builder()
        .parameter_key("Delay")
        .parameter_value(value)
        .build()
}

fn kept(name: &str) -> Parameter {
    Parameter::builder()
        .parameter_key(name)
        .use_previous_value(true)
        .build()
}

async fn status(cfn: &Cfn, name: &str) -> Option<StackStatus> {
    let found = cfn.describe_stacks().stack_name(name).send().await.ok()?;
    found.stacks().first()?.stack_status().cloned()
}

/// The status after everything is done; `None` when the stack is gone.
async fn settled(cfn: &Cfn, name: &str, patience: &impl Patience) -> Option<StackStatus> {
    for _ in 0..600 {
        match status(cfn, name).await {
            Some(moving) if moving.as_str().ends_with("_IN_PROGRESS") => patience.wait().await,
            other => return other,
        }
    }
    panic!("{name} does not come to rest")
}

async fn change_set(
    cfn: &Cfn,
    name: &str,
    set: &str,
    parameter: Parameter,
    has: Features,
    patience: &impl Patience,
) -> aws_sdk_cloudformation::operation::describe_change_set::DescribeChangeSetOutput {
    // the type is said, as the product does: moto takes an unsaid one for a new stack
    let make = cfn
        .create_change_set()
        .stack_name(name)
        .change_set_name(set)
        .change_set_type(ChangeSetType::Update)
        .parameters(parameter);
    let make = if has.keeps_template {
        make.use_previous_template(true)
    } else {
        make.template_body(TEMPLATE)
    };
    make.send().await.unwrap();
    for _ in 0..60 {
        let shown = cfn
            .describe_change_set()
            .stack_name(name)
            .change_set_name(set)
            .send()
            .await
            .unwrap();
        if !matches!(
            shown.status(),
            Some(ChangeSetStatus::CreateInProgress | ChangeSetStatus::CreatePending)
        ) {
            return shown;
        }
        patience.wait().await;
    }
    panic!("change set {set} of {name} does not become ready")
}

/// The configuration of a client of the embedded cloud.
pub(crate) fn config(endpoint: &str) -> aws_config::SdkConfig {
    aws_config::SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .endpoint_url(endpoint)
        .credentials_provider(
            aws_sdk_cloudformation::config::SharedCredentialsProvider::new(Credentials::new(
                "practice", "practice", None, None, "test",
            )),
        )
        .retry_config(aws_config::retry::RetryConfig::disabled())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_cloud_keeps_the_contract() {
    let cloud = sandbox::serve(Options::default()).await.unwrap();
    let all = Features {
        takes_time: true,
        refuses_no_op: true,
        true_differences: true,
        sets_die: true,
        keeps_template: true,
        tokens: true,
        events: true,
    };
    contract(
        &Cfn::new(&config(&cloud.endpoint())),
        "contract",
        all,
        &cloud,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn change_set_of_type_create_makes_a_stack_in_review() {
    let cloud = sandbox::serve(Options::default()).await.unwrap();
    let cfn = Cfn::new(&config(&cloud.endpoint()));
    let make = cfn
        .create_change_set()
        .stack_name("new")
        .change_set_name("first")
        .change_set_type(ChangeSetType::Create);
    make.template_body(TEMPLATE).send().await.unwrap();
    assert_eq!(
        status(&cfn, "new").await,
        Some(StackStatus::ReviewInProgress)
    );
    cloud.tick(Duration::from_secs(5));
    cfn.execute_change_set()
        .stack_name("new")
        .change_set_name("first")
        .send()
        .await
        .unwrap();
    assert_eq!(
        settled(&cfn, "new", &cloud).await,
        Some(StackStatus::CreateComplete)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_have_awss_codes() {
    let cloud = sandbox::serve(Options::default()).await.unwrap();
    let cfn = Cfn::new(&config(&cloud.endpoint()));
    let role =
        "Resources: {R: {Type: 'AWS::IAM::Role', Properties: {AssumeRolePolicyDocument: {}}}}";
    let bare = cfn
        .create_stack()
        .stack_name("roles")
        .template_body(role)
        .send()
        .await
        .unwrap_err();
    assert_eq!(bare.code(), Some("InsufficientCapabilitiesException"));
    cfn.create_stack()
        .stack_name("roles")
        .template_body(role)
        .capabilities(Capability::CapabilityIam)
        .send()
        .await
        .unwrap();
    let unknown = cfn
        .create_stack()
        .stack_name("x")
        .template_body("Resources: {A: {Type: 'AWS::EKS::Cluster'}}")
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        unknown.message(),
        Some("Template format error: Unrecognized resource types: [AWS::EKS::Cluster]")
    );
    let gone = cfn.delete_stack().stack_name("never-there").send().await;
    assert!(gone.is_ok(), "deleting what is not there is no error");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_resource_rolls_the_stack_back() {
    let cloud = sandbox::serve(Options::default()).await.unwrap();
    let cfn = Cfn::new(&config(&cloud.endpoint()));
    cfn.create_stack()
        .stack_name("shop")
        .template_body(TEMPLATE)
        .send()
        .await
        .unwrap();
    assert_eq!(
        settled(&cfn, "shop", &cloud).await,
        Some(StackStatus::CreateComplete)
    );
    cloud.pull("Fail", json!({"stack": "shop", "logical": "Queue", "act": "UPDATE", "after": 2, "reason": "storage-full"})).unwrap();
    cfn.update_stack()
        .stack_name("shop")
        .use_previous_template(true)
        .parameters(delay("30"))
        .send()
        .await
        .unwrap();
    assert_eq!(
        settled(&cfn, "shop", &cloud).await,
        Some(StackStatus::UpdateRollbackComplete)
    );
    let stack = cfn
        .describe_stacks()
        .stack_name("shop")
        .send()
        .await
        .unwrap();
    assert_eq!(
        stack.stacks()[0].parameters()[0].parameter_value(),
        Some("5"),
        "back to what it was"
    );
    let events = cfn
        .describe_stack_events()
        .stack_name("shop")
        .send()
        .await
        .unwrap();
    let first_failure = events
        .stack_events()
        .iter()
        .rev()
        .find(|event| {
            event
                .resource_status()
                .unwrap()
                .as_str()
                .ends_with("FAILED")
        })
        .unwrap();
    assert_eq!(
        (
            first_failure.logical_resource_id(),
            first_failure.resource_status_reason()
        ),
        (Some("Queue"), Some("storage-full"))
    );

    cloud
        .pull(
            "Fail",
            json!({"stack": "born", "logical": "Topic", "reason": "no"}),
        )
        .unwrap();
    cfn.create_stack()
        .stack_name("born")
        .template_body(TEMPLATE)
        .send()
        .await
        .unwrap();
    assert_eq!(
        settled(&cfn, "born", &cloud).await,
        Some(StackStatus::RollbackComplete)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn mishaps_reach_the_client() {
    let cloud = sandbox::serve(Options::default()).await.unwrap();
    let cfn = Cfn::new(&config(&cloud.endpoint()));
    for (kind, code) in [
        ("throttle", "Throttling"),
        ("expired_token", "ExpiredToken"),
        ("server_error", "InternalFailure"),
    ] {
        cloud
            .pull(
                "Chaos",
                json!({"action": "DescribeStacks", "times": 1, "kind": kind}),
            )
            .unwrap();
        let error = cfn.describe_stacks().send().await.unwrap_err();
        assert_eq!(error.code(), Some(code));
        assert!(cfn.describe_stacks().send().await.is_ok());
    }
    cloud
        .pull(
            "Chaos",
            json!({"action": "CreateStack", "times": 1, "kind": "cut_after"}),
        )
        .unwrap();
    let lost = cfn
        .create_stack()
        .stack_name("lost")
        .template_body(TEMPLATE)
        .client_request_token("t")
        .send()
        .await
        .unwrap_err();
    assert_eq!(lost.code(), None, "no answer at all: {lost:?}");
    assert_eq!(
        status(&cfn, "lost").await,
        Some(StackStatus::CreateInProgress),
        "but it took effect"
    );
    cfn.create_stack()
        .stack_name("lost")
        .template_body(TEMPLATE)
        .client_request_token("t")
        .send()
        .await
        .unwrap();
    let effects = cloud
        .ledger()
        .into_iter()
        .filter(|entry| entry.action == "CreateStack" && entry.effect.is_some())
        .count();
    assert_eq!(effects, 1, "the repeat with the same token changed nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn identity_follows_the_key() {
    let cloud = sandbox::serve(Options::default()).await.unwrap();
    let sts = aws_sdk_sts::Client::new(&config(&cloud.endpoint()));
    let me = sts.get_caller_identity().send().await.unwrap();
    assert_eq!(
        (me.account(), me.arn()),
        (
            Some("000000000000"),
            Some("arn:aws:sts::000000000000:assumed-role/deployer/you")
        )
    );
    let role = sts
        .assume_role()
        .role_arn("arn:aws:iam::111122223333:role/ops")
        .role_session_name("ana")
        .send()
        .await
        .unwrap();
    let given = role.credentials().unwrap();
    let keys = Credentials::new(
        given.access_key_id(),
        given.secret_access_key(),
        Some(given.session_token().to_owned()),
        None,
        "test",
    );
    let other = aws_sdk_sts::Client::from_conf(
        aws_sdk_sts::config::Builder::from(&config(&cloud.endpoint()))
            .credentials_provider(keys)
            .build(),
    );
    assert_eq!(
        other.get_caller_identity().send().await.unwrap().arn(),
        Some("arn:aws:sts::111122223333:assumed-role/ops/ana")
    );
}
