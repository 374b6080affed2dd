//! Whose credentials go where, and what is told where there are none.

use aws_sdk_sts::config::ProvideCredentials as _;

use super::*;
use crate::aws::TroubleKind;
use crate::aws::profile::Profile;
use crate::domain::time::Time;
use crate::os::clock::Stepped;

fn clients() -> Arc<Clients> {
    on(&Stepped::at(Time(0)))
}

fn on(clock: &Stepped) -> Arc<Clients> {
    let nobody: SandboxPort = Arc::new(|| Box::pin(async { Err("not here".to_owned()) }));
    Clients::new(Arc::new(clock.clone()), "ana maria@shop.com", nobody)
}

fn target(endpoint: &str) -> AwsTarget {
    AwsTarget {
        region: Some("eu-west-1".into()),
        endpoint_url: Some(endpoint.into()),
        ..AwsTarget::default()
    }
}

#[test]
fn session_names_are_what_sts_takes() {
    assert_eq!(
        session_name("ana maria@shop.com"),
        "holdpoint-anamaria@shop.com"
    );
    assert_eq!(session_name(&"x".repeat(100)).len(), 64);
}

#[tokio::test]
async fn real_keys_go_to_no_address_from_a_file() {
    let clients = clients();
    let refused = clients
        .of(&target("https://collect.example"))
        .await
        .err()
        .unwrap();
    assert!(
        refused.summary.contains("not an address of AWS") && refused.hint.contains("profile"),
        "{refused:?}"
    );
    let local = clients
        .of(&target("http://127.0.0.1:1"))
        .await
        .ok()
        .unwrap();
    let keys = local
        .login
        .as_ref()
        .unwrap()
        .provide_credentials()
        .await
        .unwrap();
    assert_eq!(
        (keys.access_key_id(), keys.secret_access_key()),
        ("test", "test")
    );
    assert!(local.is_local());
    assert!(
        Arc::ptr_eq(
            &local,
            &clients
                .of(&target("http://127.0.0.1:1"))
                .await
                .ok()
                .unwrap()
        ),
        "built once"
    );
}

#[tokio::test]
async fn what_cannot_be_used_says_what_to_change() {
    let clients = clients();
    let no_ca = AwsTarget {
        ca_bundle: Some("/nowhere.pem".into()),
        ..target("https://127.0.0.1:1")
    };
    assert!(
        clients
            .of(&no_ca)
            .await
            .err()
            .unwrap()
            .summary
            .contains("/nowhere.pem")
    );
    let no_cloud = clients.of(&target("sandbox")).await.err().unwrap();
    assert_eq!(no_cloud.retry, Retry::Contact);
    assert_eq!(no_cloud.detail, "not here");
}

/// A profile that nobody has, and an address where nobody listens: two ways in which a call is not
/// sent.
#[tokio::test]
async fn a_missing_profile_is_told_and_a_missing_service_asks_for_patience() {
    let clock = Stepped::at(Time(0));
    let clients = on(&clock);
    let nobody = AwsTarget {
        profile: Some("holdpoint-nobody-has-this".into()),
        ..target("http://127.0.0.1:1")
    };
    let failure = clients.of(&nobody).await.err().unwrap();
    assert!(
        failure.hint.contains("--profile holdpoint-nobody-has-this"),
        "{failure:?}"
    );
    let local = clients
        .of(&target("http://127.0.0.1:1"))
        .await
        .ok()
        .unwrap();
    let mut asked = std::pin::pin!(local.identity(Time(0)));
    // It is asked again after a while, and once more.
    let trouble = loop {
        tokio::select! {
            answer = &mut asked => break answer.unwrap_err(),
            () = tokio::task::yield_now() => drop(clock.advance_to_next()),
        }
    };
    assert_eq!(clock.next_wake(), None);
    assert_eq!(
        (trouble.kind, trouble.failure.retry),
        (TroubleKind::Unreachable, Retry::Contact),
        "{trouble:?}"
    );
}

const OF_SOMEBODY: [(&str, &str); 10] = [
    ("AWS_ACCESS_KEY_ID", "AKIASHELL"),
    ("AWS_SECRET_ACCESS_KEY", "s"),
    ("AWS_SESSION_TOKEN", "s"),
    ("AWS_PROFILE", "other"),
    ("AWS_REGION", "us-east-1"),
    ("AWS_ROLE_ARN", "arn:aws:iam::999999999999:role/shell"),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere/token"),
    (
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "http://127.0.0.1:1/keys",
    ),
    ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
    ("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1"),
];

/// Clients in a shell that is full of somebody's variables, over a configuration file.
fn in_a_shell(file: &std::path::Path) -> Arc<Clients> {
    let mut variables = OF_SOMEBODY.to_vec();
    variables.push(("AWS_CONFIG_FILE", file.to_str().unwrap()));
    let nobody: SandboxPort = Arc::new(|| Box::pin(async { Err("not here".to_owned()) }));
    Clients::with(
        Arc::new(Stepped::at(Time(0))),
        "ana",
        nobody,
        Variables::only(&variables),
    )
}

async fn key(cloud: &Cloud) -> String {
    cloud
        .login
        .as_ref()
        .unwrap()
        .provide_credentials()
        .await
        .unwrap()
        .access_key_id()
        .to_owned()
}

#[tokio::test]
async fn a_named_profile_signs_whatever_the_shell_says() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    let keys = |key: &str| format!("aws_access_key_id = {key}\naws_secret_access_key = p\n");
    let other = keys("AKIAOTHER");
    std::fs::write(
        &file,
        format!(
            "[profile keys]\nregion = eu-west-1\n{}[profile other]\n{other}",
            keys("AKIAPROFILE")
        ),
    )
    .unwrap();
    let clients = in_a_shell(&file);
    let of = |profile: Option<&str>| AwsTarget {
        profile: profile.map(str::to_owned),
        ..AwsTarget::default()
    };
    let cloud = clients.of(&of(Some("keys"))).await.unwrap();
    assert_eq!(
        (key(&cloud).await.as_str(), cloud.region.as_str()),
        ("AKIAPROFILE", "eu-west-1")
    );
    let profile = Profile::read("keys", &clients.variables).await.unwrap();
    assert_eq!(
        clients
            .config(&of(Some("keys")), None, Some(&profile))
            .await
            .unwrap()
            .endpoint_url(),
        None
    );

    // Where none is named, the shell's own keys are what --here is for.
    let shell = clients.of(&of(None)).await.unwrap();
    assert_eq!(
        (key(&shell).await.as_str(), shell.region.as_str()),
        ("AKIASHELL", "us-east-1")
    );
}

/// Credentials that were renewed are taken without a new start.
#[tokio::test]
async fn what_was_refused_is_read_anew() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    let write = |key: &str| {
        let text = format!(
            "[profile keys]\nregion = eu-west-1\naws_access_key_id = {key}\naws_secret_access_key = p\n"
        );
        std::fs::write(&file, text).unwrap();
    };
    write("AKIAOLD");
    let clients = in_a_shell(&file);
    let target = AwsTarget {
        profile: Some("keys".into()),
        ..AwsTarget::default()
    };
    let old = clients.of(&target).await.unwrap();
    write("AKIANEW");
    assert_eq!(key(&clients.of(&target).await.unwrap()).await, "AKIAOLD");
    old.refused.store(true, Ordering::Release);
    assert_eq!(key(&clients.of(&target).await.unwrap()).await, "AKIANEW");
}
