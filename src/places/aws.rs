//! Places in AWS: an account and a region, reached by a profile, a role, an endpoint; proven by
//! STS.

use std::path::Path;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde_json::Value;

use super::{PlaceKind, Prover, With, Written};
use crate::aws::AwsTarget;
use crate::aws::target::{self, TEMPLATE_BUCKET};
use crate::domain::failure::Failure;
use crate::domain::place::{Place, Proof};
use crate::domain::queue::QueueKind;
use crate::domain::relative::{inside, plain};
use crate::domain::sighting::Slowed;
use crate::os::open;
use crate::systems::entry::Remarks;
use crate::text::safe::acts;

/// The kind.
#[derive(Debug)]
pub(super) struct Aws;

/// What an environment says of AWS.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Keys {
    /// The account id that must be found there: twelve digits, in quotes so that zeros stay.
    #[schemars(regex(pattern = r"^[0-9]{12}$"))]
    account: Option<String>,
    /// The region; the same as `aws: { region }`.
    #[schemars(regex(pattern = r"^[a-z0-9-]+$"))]
    region: Option<String>,
    /// How to reach AWS: names of profiles and roles, never keys.
    aws: Option<Way>,
}

/// How to reach AWS.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename = "Aws")]
struct Way {
    /// Profile of the shared AWS configuration.
    profile: Option<String>,
    /// Region; from the profile when absent.
    #[schemars(regex(pattern = r"^[a-z0-9-]+$"))]
    region: Option<String>,
    /// Role to assume: its ARN.
    #[schemars(regex(pattern = r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$"))]
    role_arn: Option<String>,
    /// Endpoint for every service: a URL, or `sandbox` for the embedded cloud.
    endpoint_url: Option<String>,
    /// File with extra certificate authorities (PEM), below the estate's folder or absolute.
    ca_bundle: Option<String>,
    /// S3 bucket of this account and region through which templates travel that a call cannot carry
    /// (more than 51,200 bytes). They are put there as `holdpoint/templates/SHA256.template`.
    #[schemars(regex(pattern = r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"))]
    template_bucket: Option<String>,
    /// SQS queues of this account and region that `holdpoint serve` reads: their names.
    queues: Option<Queues>,
}

/// Queues, each for what it tells of.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename = "AwsQueues")]
struct Queues {
    /// Changes of builds of CodeBuild, by EventBridge, also through a topic of SNS.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,80}$"))]
    builds: Option<String>,
    /// Messages that ask for a deployment.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,80}$"))]
    executor: Option<String>,
    /// Messages that ask for a release that was deployed before.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,80}$"))]
    deploy: Option<String>,
    /// Messages that ask for what was never deployed.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,80}$"))]
    setup: Option<String>,
    /// Messages that ask for a teardown.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,80}$"))]
    teardown: Option<String>,
    /// Messages that tell of apps, each of which is an instance of the application that says
    /// `each: app`.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,80}$"))]
    apps: Option<String>,
}

impl Queues {
    /// The place with the queues that are named.
    fn used(&self, place: Place) -> Place {
        QueueKind::ALL.into_iter().fold(place, |place, kind| {
            let name = match kind {
                QueueKind::Builds => &self.builds,
                QueueKind::Executor => &self.executor,
                QueueKind::Deploy => &self.deploy,
                QueueKind::Setup => &self.setup,
                QueueKind::Teardown => &self.teardown,
                QueueKind::Apps => &self.apps,
            };
            place.using(kind.used(), name.as_deref())
        })
    }

    /// The key of a queue that another one is as well: two readers would take each other's messages.
    fn twice(&self) -> Option<(QueueKind, QueueKind)> {
        let place = self.used(Place::new(target::KIND, "account", "region"));
        let all = QueueKind::ALL.map(|kind| (kind, kind.at(&place)));
        all.iter().enumerate().find_map(|(n, (later, name))| {
            let (earlier, _) = all[..n]
                .iter()
                .find(|(_, other)| name.is_some() && other == name)?;
            Some((*earlier, *later))
        })
    }
}

impl PlaceKind for Aws {
    fn name(&self) -> &'static str {
        target::KIND
    }

    fn called(&self) -> &'static str {
        "AWS"
    }

    fn example(&self) -> &'static str {
        "aws: { region: …, profile: … }"
    }

    fn schema(&self, generator: &mut SchemaGenerator) -> Schema {
        Keys::json_schema(generator)
    }

    fn read(&self, written: &Written<'_>, told: &mut Remarks) -> Option<Place> {
        let keys: Keys = match serde_json::from_value(Value::Object(written.keys.clone())) {
            Ok(keys) => keys,
            Err(why) => {
                told.say(
                    "shape",
                    &[],
                    format!("what {} says of AWS cannot be read: {why}", written.env),
                    "",
                );
                return None;
            }
        };
        if keys.aws.is_none() && keys.region.is_none() {
            if keys.account.is_some() {
                let says = format!(
                    "{} names an account and does not say how to reach AWS: nobody would look whether it is that one",
                    written.env
                );
                told.say_key(
                    "aws",
                    &["account"],
                    says,
                    format!("add {}, or take the account out", self.example()),
                );
            }
            return None;
        }
        let way = keys.aws.unwrap_or_default();
        if let (Some(outer), Some(inner)) = (&keys.region, &way.region)
            && outer != inner
        {
            told.say(
                "clash",
                &["region"],
                format!("region is {outer:?} here and {inner:?} under aws"),
                "say it once",
            );
        }
        if let Some((says, hint)) = way
            .endpoint_url
            .as_deref()
            .and_then(|url| endpoint(url).err())
        {
            told.say("endpoint", &["aws", "endpoint_url"], says, hint);
        }
        if way
            .profile
            .as_deref()
            .is_some_and(|name| name.chars().any(acts))
        {
            told.say(
                "text",
                &["aws", "profile"],
                "the name of the profile holds a character that cannot be seen",
                "write it as `aws configure list-profiles` prints it",
            );
        }
        let target = AwsTarget {
            profile: way.profile,
            region: way.region.or(keys.region),
            role_arn: way.role_arn,
            further_role: None,
            endpoint_url: way.endpoint_url,
            ca_bundle: way
                .ca_bundle
                .map(|path| ca_bundle(&path, written.folder, told)),
        };
        let place = target.place(keys.account.as_deref());
        let place = place.using(TEMPLATE_BUCKET, way.template_bucket.as_deref());
        let queues = way.queues.unwrap_or_default();
        if let Some((earlier, later)) = queues.twice() {
            told.say(
                "queue",
                &["aws", "queues", later.word()],
                format!("the queue of {later} is the one of {earlier}"),
                "give each a queue of its own: whoever reads a message is the only one who does",
            );
        }
        Some(queues.used(place))
    }

    fn wrong_files(&self, env: &str, place: &Place) -> Remarks {
        let mut told = Remarks::default();
        let path = AwsTarget::of(place)
            .ok()
            .and_then(|target| target.ca_bundle);
        if let Some(path) = path
            && let Err(why) = authorities(Path::new(&path))
        {
            told.say(
                "ca-bundle",
                &["aws", "ca_bundle"],
                format!("the certificate authorities of {env} cannot be used: {path}: {why}"),
                "ca_bundle names a file with certificates in PEM form",
            );
        }
        told
    }

    fn prover(&self, with: &With) -> Arc<dyn Prover> {
        Arc::new(Sts(with.clone()))
    }
}

/// `sandbox`, or a URL that names a host and no secret.
fn endpoint(url: &str) -> Result<(), (String, &'static str)> {
    if url == "sandbox" {
        return Ok(());
    }
    let rest = url
        .strip_prefix("http://")
        .or_else(|| url.strip_prefix("https://"));
    let Some(rest) = rest.filter(|rest| {
        let is_text = |c: char| !c.is_whitespace() && !acts(c);
        !rest.is_empty() && !rest.starts_with('/') && url.chars().all(is_text)
    }) else {
        return Err((
            format!("{url:?} is not an endpoint"),
            "write http://host:port, https://host, or sandbox",
        ));
    };
    if rest
        .split('/')
        .next()
        .is_some_and(|host| host.contains('@'))
    {
        return Err((
            "an endpoint may not carry a name or a password".to_owned(),
            "name a profile instead",
        ));
    }
    Ok(())
}

/// The whole path of a file with certificate authorities.
fn ca_bundle(path: &str, folder: &Path, told: &mut Remarks) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    if let Err(says) = inside(path) {
        told.say(
            "path",
            &["aws", "ca_bundle"],
            says,
            "name a file below the folder of the estate file, or one by its whole path",
        );
    }
    folder.join(plain(path)).to_string_lossy().into_owned()
}

/// Whether a file holds certificates.
fn authorities(file: &Path) -> Result<(), String> {
    let pem = open::bytes(file).map_err(|why| why.to_string())?;
    let begins = b"-----BEGIN CERTIFICATE-----";
    if pem.windows(begins.len()).any(|window| window == begins) {
        Ok(())
    } else {
        Err("there is no PEM certificate in it".to_owned())
    }
}

/// Proves accounts.
struct Sts(With);

impl Prover for Sts {
    fn prove<'a>(&'a self, place: &'a Place) -> BoxFuture<'a, Result<Proof, Failure>> {
        async move {
            Ok(self
                .0
                .clients
                .at(place)
                .await?
                .identity(self.0.clock.now())
                .await?)
        }
        .boxed()
    }

    fn slowed(&self, place: &Place) -> Option<Slowed> {
        self.0.clients.built(place)?.slowed()
    }
}
