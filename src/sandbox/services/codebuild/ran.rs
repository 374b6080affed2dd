//! A build whose commands are really run, outside: what it begins with, what its commands see and what
//! it leaves. How it goes on is in `steps`.

mod steps;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::build::{Build, Upload};
use super::buildspec::Buildspec;
use super::container::Line;
use super::phase::{Kind, Status};
use super::place::Place;
use super::source::Source;
use super::start::{Asked, no_parameter};
use crate::domain::time::Time;
use crate::sandbox::call::{Blob, Params};
use crate::sandbox::errand::{Next, Whose};
use crate::sandbox::realm::Cx;
use crate::sandbox::services::s3::S3;
use crate::sandbox::services::ssm::Ssm;

/// The name of the service, for what is told to it.
const SERVICE: &str = "codebuild";
/// The buildspec of a source, where none is named.
const USUAL: &str = "buildspec.yml";

/// How far such a build is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Run {
    /// When it has taken too long.
    pub(super) deadline: Time,
    /// Why its source does not come: a code and a message.
    trouble: Option<(String, String)>,
    /// The bucket and the key of its source.
    source: Option<(String, String)>,
    /// What its commands see, but for what is kept elsewhere.
    variables: BTreeMap<String, String>,
    /// Variables, each with the name of the parameter that holds its value.
    parameters: BTreeMap<String, String>,
    /// By phase, the commands, and those that are run at its end in any case.
    commands: BTreeMap<Kind, (Vec<String>, Vec<String>)>,
    /// Which command of its phase is under way.
    nth: usize,
    /// How the first phase ended that did not end well.
    over: Option<(Kind, Status)>,
    /// What it leaves, and where.
    place: Option<Place>,
    base: String,
    files: Vec<String>,
}

impl Asked {
    /// Begins a build that is really run.
    pub(super) fn ran(&self, build: &mut Build, id: &str, cx: &mut Cx<'_>) {
        let trouble = |code: &str, message: &str| Some((code.to_owned(), message.to_owned()));
        let (mut why, mut spec) = (None, Buildspec::default());
        match self.buildspec(cx) {
            Ok(read) => spec = read,
            Err(message) => why = trouble("YAML_FILE_ERROR", &message),
        }
        let parameters = self.parameters(Some(&spec));
        if let Some(message) = self.no_source(cx).or(self.other_source()) {
            why = trouble("CLIENT_ERROR", &message);
        }
        if let Some(message) = no_parameter(&parameters, cx).or(self.other_variable()) {
            why = trouble("Decrypted Variables Error", &message);
        }
        let uuid = id.rsplit(':').next().unwrap_or(id);
        let given = self.variables.iter();
        let given = given.filter(|(name, _)| !parameters.contains_key(*name));
        let mut variables = spec.variables.clone();
        variables.extend(given.map(|(name, value)| (name.clone(), value.clone())));
        variables.extend(self.own(build, id, cx));
        let mut commands: BTreeMap<Kind, (Vec<String>, Vec<String>)> = BTreeMap::new();
        for (kind, all) in spec.commands {
            commands.entry(kind).or_default().0 = all;
        }
        for (kind, all) in spec.finally {
            commands.entry(kind).or_default().1 = all;
        }
        let minutes = u64::try_from(self.minutes).unwrap_or_default();
        let source = self.in_s3().and_then(|place| place.split_once('/'));
        build.run = Some(Run {
            deadline: cx.now + Duration::from_secs(60 * minutes),
            trouble: why,
            source: source.map(|(bucket, key)| (bucket.to_owned(), key.to_owned())),
            variables,
            parameters,
            commands,
            nth: 0,
            over: None,
            place: self.artifact(&build.project, uuid),
            base: spec.base.unwrap_or_else(|| ".".to_owned()),
            files: spec.files,
        });
        for kind in [Kind::Submitted, Kind::Queued] {
            build.open(kind, cx.now);
            build.close(Status::Succeeded, None, cx);
        }
        build.open(Kind::Provisioning, cx.now);
        let whose = Whose {
            service: SERVICE.to_owned(),
            account: cx.place.account.clone(),
            region: cx.place.region.clone(),
        };
        cx.levers.errands.open.insert(id.to_owned(), whose);
    }

    fn buildspec(&self, cx: &Cx<'_>) -> Result<Buildspec, String> {
        let named = Params(&self.source).text("buildspec").unwrap_or(USUAL);
        if named.contains(':') {
            return Buildspec::read(named);
        }
        let source = self.object(cx).and_then(|blob| Source::read(&blob.0));
        let text = source.as_ref().and_then(|source| source.text(named));
        text.map_or_else(
            || Err(format!("YAML file does not exist: {named}")),
            Buildspec::read,
        )
    }

    /// Why a source does not come that is nowhere here.
    fn other_source(&self) -> Option<String> {
        let kind = Params(&self.source).text("type").unwrap_or_default();
        let is_here = matches!(kind, "S3" | "NO_SOURCE");
        (!is_here).then(|| {
            format!("a source of type {kind} is nowhere in the embedded cloud: put its archive into a bucket, and name it with the type S3")
        })
    }

    /// Why variables do not come that are kept where builds here do not read.
    fn other_variable(&self) -> Option<String> {
        let rows = Params(&self.environment).list("environmentVariables");
        let other = rows
            .iter()
            .map(Params)
            .find(|row| row.text("type") == Some("SECRETS_MANAGER"))?;
        let name = other.text("name").unwrap_or_default();
        Some(format!(
            "{name} is kept in Secrets Manager, from which builds of the embedded cloud read nothing"
        ))
    }

    /// The variables that `CodeBuild` itself sets.
    fn own(&self, build: &Build, id: &str, cx: &Cx<'_>) -> BTreeMap<String, String> {
        let (region, account) = (&cx.place.region, &cx.place.account);
        let text = |name: &str| build.about.get(name).and_then(Value::as_str);
        let environment = Params(&self.environment);
        let source = Params(&self.source).text("location").unwrap_or_default();
        let version = text("sourceVersion").unwrap_or_default();
        let log = build.log.as_ref().map_or("", |(_, stream)| stream);
        let minutes = self.minutes.to_string();
        [
            ("CODEBUILD_BUILD_ID", id),
            (
                "CODEBUILD_BUILD_ARN",
                &format!("arn:aws:codebuild:{region}:{account}:build/{id}"),
            ),
            ("CODEBUILD_BUILD_NUMBER", &build.number.to_string()),
            ("CODEBUILD_START_TIME", &build.started.0.to_string()),
            (
                "CODEBUILD_BUILD_IMAGE",
                environment.text("image").unwrap_or_default(),
            ),
            ("CODEBUILD_INITIATOR", text("initiator").unwrap_or_default()),
            ("CODEBUILD_LOG_PATH", log),
            ("CODEBUILD_SOURCE_REPO_URL", source),
            ("CODEBUILD_SOURCE_VERSION", version),
            ("CODEBUILD_RESOLVED_SOURCE_VERSION", version),
            ("CODEBUILD_TIMEOUT_IN_MINUTES", &minutes),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }
}

impl Run {
    /// The command that is under way in a phase, of all that are run there.
    fn command(&self, kind: Kind) -> Option<String> {
        let (main, finally) = self.commands.get(&kind)?;
        main.iter().chain(finally).nth(self.nth).cloned()
    }

    /// What the container says before there is a source.
    fn begins(&self) -> Vec<Line> {
        let phases = self.commands.iter();
        let many = phases.len();
        let phases = phases.map(|(kind, (main, finally))| {
            let many = main.len() + finally.len();
            own(format!(" {}: {many} commands", kind.name()))
        });
        [
            "Running as a process of this machine, with the tools that it has".to_owned(),
            "Waiting for DOWNLOAD_SOURCE".to_owned(),
            "Phase is DOWNLOAD_SOURCE".to_owned(),
            format!("Phases found in YAML: {many}"),
        ]
        .map(own)
        .into_iter()
        .chain(phases)
        .collect()
    }

    fn unpack(&self, cx: &Cx<'_>) -> Next {
        let there = cx.realm().get::<Ssm>();
        let read = self.parameters.iter().filter_map(|(name, parameter)| {
            let parameter = there?.parameters.get(parameter)?;
            Some((name.clone(), parameter.value.clone()))
        });
        let mut variables = self.variables.clone();
        variables.extend(read);
        Next::Unpack {
            fetch: self.source.is_some(),
            variables,
            covered: self.parameters.keys().cloned().collect(),
        }
    }

    fn fetched(&self, cx: &Cx<'_>) -> Option<Vec<u8>> {
        let (bucket, key) = self.source.as_ref()?;
        let bucket = cx.realm().get::<S3>()?.buckets.get(bucket)?;
        let object = bucket.objects.get(key)?;
        Some(object.blob.0.clone())
    }

    /// What it leaves: how many files, and the objects.
    fn left(
        &self,
        packed: &Result<usize, String>,
        content: &Blob,
        now: Time,
    ) -> Result<(usize, Upload), String> {
        let files = packed.clone()?;
        let place = self.place.as_ref().ok_or("nothing is to be kept of it")?;
        let objects = if place.is_zip {
            BTreeMap::from([(place.key.clone(), content.clone())])
        } else {
            let read = Source::read(&content.0);
            place.below(read.ok_or("what was packed cannot be read")?.all())
        };
        let upload = Upload {
            at: now,
            bucket: place.bucket.clone(),
            objects,
        };
        Ok((files, upload))
    }
}

fn own(text: impl Into<String>) -> Line {
    Line {
        at: 0.0,
        is_own: true,
        text: text.into(),
    }
}
