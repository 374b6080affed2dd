//! `StartBuild`: what the project says, with what the call says instead.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Map, Value, json};

use super::build::{Build, Kept, Upload};
use super::buildspec::Buildspec;
use super::ending::Ending;
use super::phase::Status;
use super::place::{Place, is_there};
use super::source::Source;
use super::timeline::{Order, Timeline};
use super::{CodeBuild, archive, invalid, only, project};
use crate::sandbox::call::{Answer, AwsError, Blob, Call, Params};
use crate::sandbox::realm::Cx;
use crate::sandbox::services::s3::S3;
use crate::sandbox::services::ssm::Ssm;
use crate::sandbox::zip::zip;

/// The parameters that are served.
const KNOWN: &[&str] = &[
    "projectName",
    "sourceVersion",
    "sourceTypeOverride",
    "sourceLocationOverride",
    "buildspecOverride",
    "environmentVariablesOverride",
    "environmentTypeOverride",
    "imageOverride",
    "computeTypeOverride",
    "artifactsOverride",
    "logsConfigOverride",
    "serviceRoleOverride",
    "timeoutInMinutesOverride",
    "queuedTimeoutInMinutesOverride",
    "idempotencyToken",
];
/// How long a token stands for the build that it started, in seconds at normal pace.
const TOKEN: f64 = 300.0;
/// What the value of a variable is in the lines, that is kept elsewhere.
const COVERED: &str = "***";

impl CodeBuild {
    /// Starts a build; the same call with the same token is the same build for a while.
    pub(super) fn start(&mut self, call: &Call, cx: &mut Cx<'_>) -> Answer {
        only(call, KNOWN)?;
        let params = call.params();
        let name = self.named(params, "projectName", &cx.place)?;
        let token = params.text("idempotencyToken");
        let same = token.and_then(|token| {
            let mut all = self.builds.iter();
            all.find(|(_, build)| build.is_of(&name, token, cx.now))
        });
        if let Some((id, build)) = same {
            if build.asked != call.params {
                return Err(invalid(
                    "The idempotency token was used for a request with other parameters",
                ));
            }
            return Ok(json!({ "build": build.shown(id, &cx.place, cx.now) }));
        }
        let Some(project) = self.projects.get_mut(&name) else {
            return Err(invalid("there is no such project"));
        };
        let asked = Asked::read(&project.given, params)?;
        project.builds += 1;
        let number = project.builds;
        let uuid = cx.dice.uuid();
        let id = format!("{name}:{uuid}");
        let mut build = asked.bare(call, &name, number, &uuid, cx);
        if cx.levers.errands.on {
            asked.ran(&mut build, &id, cx);
        } else {
            asked.told_of(&mut build, &uuid, cx);
        }
        let shown = build.shown(&id, &cx.place, cx.now);
        cx.effect = Some(format!("build {id}"));
        self.builds.insert(id, build);
        Ok(json!({ "build": shown }))
    }
}

/// What is asked for.
pub(super) struct Asked {
    pub(super) source: Value,
    version: Option<String>,
    artifacts: Value,
    pub(super) environment: Value,
    /// As the commands see them.
    pub(super) variables: BTreeMap<String, String>,
    logs: Value,
    pub(super) minutes: i64,
    queued: i64,
    role: String,
    key: Value,
}

impl Asked {
    fn read(project: &Value, params: Params<'_>) -> Result<Self, AwsError> {
        let own = |field: &str| project.get(field).cloned().unwrap_or(Value::Null);
        let mut source = own("source");
        let overrides = [
            ("sourceTypeOverride", "type"),
            ("sourceLocationOverride", "location"),
            ("buildspecOverride", "buildspec"),
        ];
        put(&mut source, params, &overrides);
        project::source(Some(&source))?;
        let either = |given: &str, field: &str| params.0.get(given).cloned().unwrap_or(own(field));
        let artifacts = either("artifactsOverride", "artifacts");
        project::artifacts(Some(&artifacts))?;
        let mut environment = own("environment");
        let overrides = [
            ("environmentTypeOverride", "type"),
            ("imageOverride", "image"),
            ("computeTypeOverride", "computeType"),
        ];
        put(&mut environment, params, &overrides);
        let rows = rows(&environment, params);
        let variables = rows
            .iter()
            .map(|(name, row)| (name.clone(), seen(row)))
            .collect();
        if let Some(fields) = environment.as_object_mut() {
            let rows: Vec<Value> = rows.into_values().collect();
            fields.insert("environmentVariables".to_owned(), Value::Array(rows));
        }
        let minutes = |given: &str, field: &str| {
            let number = params.number(given).or(Params(project).number(field));
            number.unwrap_or(60)
        };
        let text = |name: &str, field: &str| {
            let text = params.text(name).or(Params(project).text(field));
            text.map(str::to_owned)
        };
        Ok(Self {
            source,
            version: text("sourceVersion", "sourceVersion"),
            artifacts,
            environment,
            variables,
            logs: either("logsConfigOverride", "logsConfig"),
            minutes: minutes("timeoutInMinutesOverride", "timeoutInMinutes"),
            queued: minutes("queuedTimeoutInMinutesOverride", "queuedTimeoutInMinutes"),
            role: text("serviceRoleOverride", "serviceRole").unwrap_or_default(),
            key: own("encryptionKey"),
        })
    }

    /// A build of which nothing is known yet but what was asked for.
    fn bare(&self, call: &Call, name: &str, number: u64, uuid: &str, cx: &Cx<'_>) -> Build {
        let place = self.artifact(name, uuid);
        let token = call.params().text("idempotencyToken");
        let initiator = cx.caller.who.arn.rsplit(':').next().unwrap_or_default();
        Build {
            project: name.to_owned(),
            number,
            started: cx.now,
            token: token.map(|token| (token.to_owned(), cx.after(TOKEN))),
            asked: call.params.clone(),
            about: json!({
                "source": self.source, "sourceVersion": self.version,
                "environment": self.environment, "serviceRole": self.role,
                "artifacts": { "location": place.map_or_else(String::new, |place| {
                    format!("arn:aws:s3:::{}/{}", place.bucket, place.key)
                }) },
                "timeoutInMinutes": self.minutes, "queuedTimeoutInMinutes": self.queued,
                "initiator": initiator, "encryptionKey": self.key,
                "cache": { "type": "NO_CACHE" },
            }),
            phases: Vec::new(),
            status: Status::Succeeded,
            log: self.log(name, uuid),
            lines: VecDeque::new(),
            kept: self.kept(uuid),
            upload: None,
            told: 0,
            run: None,
        }
    }

    /// The build as it will be told, from its beginning to its end.
    fn told_of(&self, build: &mut Build, uuid: &str, cx: &mut Cx<'_>) {
        let (name, number) = (build.project.as_str(), build.number);
        let ending = Ending::read(name, &self.variables, cx);
        let buildspec = match Params(&self.source).text("buildspec") {
            Some(text) if text.contains(':') => Buildspec::read(text),
            _ => Ok(Buildspec::usual()),
        };
        let place = self.artifact(name, uuid);
        let from = format!("build {number} of {}", self.told());
        let source = self.object(cx).and_then(|blob| Source::read(&blob.0));
        let base = buildspec.as_ref().ok().and_then(Buildspec::made_in);
        let files = source
            .as_ref()
            .zip(base)
            .map(|(source, base)| source.below(base))
            .filter(|files| !files.is_empty())
            .unwrap_or_else(|| archive::site(name, &from));
        let kept = self.parameters(buildspec.as_ref().ok());
        let covered = kept.keys().map(|name| (name.clone(), COVERED.to_owned()));
        let mut variables = self.variables.clone();
        variables.extend(covered);
        let order = Order {
            buildspec: &buildspec,
            ending: &ending,
            variables: &variables,
            source: source.as_ref(),
            no_parameter: no_parameter(&kept, cx),
            no_source: self.no_source(cx),
            artifact: place.as_ref().map(|place| is_there(place, files.len(), cx)),
            minutes: f64::from(i32::try_from(self.minutes).unwrap_or(i32::MAX)),
        };
        let timeline = Timeline::of(&order, cx);
        build.upload = timeline.uploads.zip(place.as_ref()).map(|(at, place)| {
            let objects = if place.is_zip {
                BTreeMap::from([(place.key.clone(), Blob(zip(&files)))])
            } else {
                place.below(files)
            };
            Upload {
                at,
                bucket: place.bucket.clone(),
                objects,
            }
        });
        if let Some(kept) = &mut build.kept {
            kept.at = timeline.phases.last().map(|phase| phase.ends);
        }
        build.phases = timeline.phases;
        build.status = timeline.status;
        build.lines = timeline.lines;
    }

    /// What the source is called in what is made of it.
    fn told(&self) -> String {
        let place = Params(&self.source).text("location").unwrap_or("no source");
        match &self.version {
            Some(version) => format!("{place} at {version}"),
            None => place.to_owned(),
        }
    }

    /// The variables whose values are parameters, each with the name of its parameter.
    pub(super) fn parameters(&self, buildspec: Option<&Buildspec>) -> BTreeMap<String, String> {
        let rows = Params(&self.environment).list("environmentVariables");
        let named = rows.iter().map(Params).filter_map(|row| {
            let is_kept = row.text("type") == Some("PARAMETER_STORE");
            let (name, parameter) = row.text("name").zip(row.text("value"))?;
            is_kept.then(|| (name.to_owned(), parameter.to_owned()))
        });
        let told = buildspec.map(|buildspec| buildspec.parameters.clone());
        named.chain(told.into_iter().flatten()).collect()
    }

    /// Why the source does not come. Only what is in S3 is looked for.
    pub(super) fn no_source(&self, cx: &Cx<'_>) -> Option<String> {
        let place = self.in_s3()?;
        self.object(cx).is_none().then(|| {
            format!("NoSuchKey: The specified key does not exist. status code: 404 for primary source {place}")
        })
    }

    /// Where the source is in S3.
    pub(super) fn in_s3(&self) -> Option<&str> {
        let source = Params(&self.source);
        let place = source
            .text("location")
            .filter(|_| source.text("type") == Some("S3"))?;
        Some(place.strip_prefix("arn:aws:s3:::").unwrap_or(place))
    }

    /// The source, where it is an object that is there.
    pub(super) fn object<'a>(&self, cx: &'a Cx<'_>) -> Option<&'a Blob> {
        let place = self.in_s3()?;
        let (bucket, key) = place.split_once('/').unwrap_or((place, ""));
        let bucket = cx.realm().get::<S3>()?.buckets.get(bucket)?;
        bucket.objects.get(key).map(|object| &object.blob)
    }

    /// Where the artifact goes.
    pub(super) fn artifact(&self, name: &str, uuid: &str) -> Option<Place> {
        let artifacts = Params(&self.artifacts);
        let bucket = artifacts.text("location")?;
        let namespace = (artifacts.text("namespaceType") == Some("BUILD_ID")).then_some(uuid);
        let parts = [
            artifacts.text("path"),
            namespace,
            Some(artifacts.text("name").unwrap_or(name)),
        ];
        let parts: Vec<&str> = parts
            .into_iter()
            .flatten()
            .map(|part| part.trim_matches('/'))
            .filter(|part| !part.is_empty())
            .collect();
        Some(Place {
            bucket: bucket.to_owned(),
            key: parts.join("/"),
            is_zip: artifacts.text("packaging") == Some("ZIP"),
        })
    }

    /// Where its lines are kept in S3 once it is over.
    fn kept(&self, uuid: &str) -> Option<Kept> {
        let given = Params(self.logs.get("s3Logs")?);
        let place = given.text("location")?;
        if given.text("status") != Some("ENABLED") {
            return None;
        }
        let place = place.strip_prefix("arn:aws:s3:::").unwrap_or(place);
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        let key = format!("{}/{uuid}.gz", prefix.trim_matches('/'));
        Some(Kept {
            bucket: bucket.to_owned(),
            key: key.trim_start_matches('/').to_owned(),
            at: None,
            text: String::new(),
        })
    }

    /// The group and the stream of its lines; none where it writes none.
    fn log(&self, name: &str, uuid: &str) -> Option<(String, String)> {
        let given = self.logs.get("cloudWatchLogs").unwrap_or(&Value::Null);
        let given = Params(given);
        if given.text("status") == Some("DISABLED") {
            return None;
        }
        let group = given.text("groupName").map(str::to_owned);
        let stream = given.text("streamName");
        Some((
            group.unwrap_or_else(|| format!("/aws/codebuild/{name}")),
            stream.map_or_else(|| uuid.to_owned(), |stream| format!("{stream}/{uuid}")),
        ))
    }
}

/// Why the variables cannot be decrypted: a parameter that is not there.
pub(super) fn no_parameter(kept: &BTreeMap<String, String>, cx: &Cx<'_>) -> Option<String> {
    let there = cx.realm().get::<Ssm>();
    let missing = kept.values().find(|name| {
        let found = there.and_then(|ssm| ssm.parameters.get(*name));
        found.is_none()
    })?;
    Some(format!("parameter does not exist: {missing}"))
}

/// Puts what the call says instead into what the project says.
fn put(into: &mut Value, params: Params<'_>, overrides: &[(&str, &str)]) {
    let fields = into.as_object_mut();
    let given = overrides
        .iter()
        .filter_map(|(given, field)| Some(((*field).to_owned(), params.0.get(given)?.clone())));
    if let Some(fields) = fields {
        fields.extend(given.collect::<Map<_, _>>());
    }
}

/// The variables of the project, with those of the call instead, by name.
fn rows(environment: &Value, params: Params<'_>) -> BTreeMap<String, Value> {
    let own = Params(environment).list("environmentVariables").iter();
    let given = params.list("environmentVariablesOverride").iter();
    own.chain(given)
        .filter_map(|row| Some((Params(row).text("name")?.to_owned(), row.clone())))
        .collect()
}

/// The value that the commands see, as far as it may stand in lines.
fn seen(row: &Value) -> String {
    match Params(row).text("type") {
        None | Some("PLAINTEXT") => Params(row).text("value").unwrap_or("").to_owned(),
        Some(_) => COVERED.to_owned(),
    }
}
