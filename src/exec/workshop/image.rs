//! Builds a container image of the files of a commit with whichever program is there, and puts it into
//! its registry: what was put there is known by its digest, and was seen there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::publish::{Versioned, registered};
use super::{Hand, checked_out, inside};
use crate::domain::failure::{Failure, Retry};
use crate::domain::masks::Secret;
use crate::domain::plan::Output;
use crate::exec::Job;
use crate::exec::again::{before, say};
use crate::exec::job::{noted, params};
use crate::exec::process::Around;
use crate::forms::image::{Builder, Image, digest_in, is_here, registry};
use crate::hosts::images;
use crate::os::{child, open, tool};
use crate::text::safe::Safe;

/// What the program sees of the variables around this program: where it is, where it keeps what it
/// builds, and what it is signed in by.
const SEEN: [&str; 12] = [
    "PATH",
    "HOME",
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "DOCKER_HOST",
    "DOCKER_CONFIG",
    "REGISTRY_AUTH_FILE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
];
/// How long a program may take to say that it works.
const ANSWER: Duration = Duration::from_secs(30);
/// How much of what a program said last stands in one line.
const SAID: usize = 200;
/// The note of which program builds.
const BUILDER: &str = "builder";
/// The variable that names credentials, for two of the programs.
const CREDENTIALS: &str = "REGISTRY_AUTH_FILE";
/// The variable that names the folder of credentials, for the third.
const DOCKERS: &str = "DOCKER_CONFIG";

#[derive(Deserialize)]
struct Build {
    folder: String,
    image: Image,
    version: String,
    #[serde(flatten)]
    around: Around,
}

#[derive(Deserialize)]
struct Push {
    image: Image,
    program: Builder,
    #[serde(flatten)]
    of: Versioned,
    #[serde(flatten)]
    around: Around,
}

/// Its output is `{program, id}`.
pub(super) async fn build(hand: &Hand, job: &Job) -> Result<Output, Failure> {
    let Build {
        folder,
        image,
        version,
        around,
    } = params(job)?;
    let folder = checked_out(job, &folder)?;
    for (path, is) in [(&image.file, "file"), (&image.context, "folder")] {
        if path != "." && inside(&folder, path).is_none() {
            let says = format!("there is no {is} {path} in this commit");
            return Err(Failure::new(says)
                .hint("`dockerfile` and `context` of `image` name what is below the repository"));
        }
    }
    let variables = around.as_person(job, &job.folder.join("work"), &SEEN);
    let program = if let Some(program) = noted(job, BUILDER)? {
        program
    } else {
        let program = which(image.program, &variables).await?;
        job.port.note(BUILDER, json!(program)).await?;
        program
    };
    let id = job.folder.join("image");
    let argv = building(program, &image, &version, &id);
    let what = format!("{}: {program} build of {}", job.step, image.file);
    let told = |failure| said_last(failure, &what);
    hand.ran(job, &around, variables, argv, Some(&folder), &told)
        .await?;
    let id = open::bytes(&id).unwrap_or_default();
    let id = Safe::told(String::from_utf8_lossy(&id).trim());
    say(job, &version, &format!("{} built {id}", program.name()));
    Ok(Output::public(json!({ "program": program, "id": id })))
}

/// Its output is `{image}`: where it is, by its digest.
pub(super) async fn push(hand: &Hand, job: &Job) -> Result<Output, Failure> {
    let push: Push = params(job)?;
    let version = push.of.version.as_str();
    let there = registered(job, &hand.clients, &push.of).await?;
    if let Some(image) = there.and_then(|there| there.image) {
        let credentials = credentials(job, &push.around).await?;
        if images::digest(image.as_str(), credentials.as_ref())
            .await?
            .is_none()
        {
            let says = format!("{version} is registered with {image}, which is not there any more");
            let failure = Failure::new(says).hint(
                "built again it would be another image: publish another commit, and take that version in place of this one",
            );
            return Err(before(job, failure));
        }
        let says = "is registered, and its image is there: that stays, and what was built now is not put there";
        say(job, version, says);
        return Ok(Output::public(json!({ "image": image })));
    }
    let tagged = push.image.tagged(version);
    let file = job.folder.join("digest");
    let argv = pushing(push.program, &tagged, &file);
    let variables = push.around.as_person(job, &job.folder.join("work"), &SEEN);
    let what = format!("{}: {} push {tagged}", job.step, push.program);
    let told = |failure| cause(failure, &what, registry(&push.image.repository));
    let ran = hand.ran(job, &push.around, variables, argv, None, &told);
    let last = ran.await?;
    let written = open::bytes(&file).unwrap_or_default();
    let written = String::from_utf8_lossy(&written).into_owned();
    let said = last.iter().rev().map(|(_, line)| line.as_str());
    let digest = std::iter::once(written.as_str())
        .chain(said)
        .find_map(digest_in);
    let digest = digest.ok_or_else(|| {
        Failure::new(format!(
            "{} put {tagged} there, and said no digest of it",
            push.program
        ))
        .hint("its output says what it did; a newer one of it says a digest")
    })?;
    let at = format!("{}@{digest}", push.image.repository);
    let credentials = credentials(job, &push.around).await?;
    let there = images::digest(&at, credentials.as_ref()).await?;
    if there.as_deref() != Some(digest) {
        let host = registry(&push.image.repository);
        return Err(Failure::new(format!(
            "{at} is not there, though {} ended well",
            push.program
        ))
        .hint(format!(
            "look into what {host} keeps; deploy again: it is put there anew"
        )));
    }
    say(job, version, &format!("{tagged} is {digest}"));
    Ok(Output::public(json!({ "image": Safe::new(&at) })))
}

/// Why an image did not come to its registry, where the program said one of the usual causes: its own
/// words stay below it.
fn cause(failure: Failure, what: &str, registry: &str) -> Failure {
    const REFUSED: [&str; 4] = [
        "unauthorized",
        "authentication required",
        "denied: ",
        "no basic auth",
    ];
    const AWAY: [&str; 5] = [
        "connection refused",
        "no such host",
        "i/o timeout",
        "connection reset",
        "unexpected EOF",
    ];
    let says = |words: &[&str]| words.iter().any(|word| failure.detail.contains(word));
    let (summary, hint) = if says(&REFUSED) {
        (
            format!("{what}: the registry {registry} refuses the sign-in"),
            format!(
                "`docker login {registry}` (or podman, buildah) as the person whose engine this is, or name where the credentials are by REGISTRY_AUTH_FILE or DOCKER_CONFIG"
            ),
        )
    } else if says(&AWAY) {
        (
            format!("{what}: the registry {registry} does not answer"),
            "deploy again once it does: nothing was registered".to_owned(),
        )
    } else {
        return said_last(failure, what);
    };
    Failure {
        summary,
        hint,
        ..failure
    }
}

/// A failure told by what the program said last: the words by which it was called are of no use to
/// anybody.
fn said_last(failure: Failure, what: &str) -> Failure {
    let mut lines = failure.detail.lines().rev();
    let Some(last) = lines.find(|line| !line.trim().is_empty()) else {
        return failure;
    };
    let last = last
        .rsplit_once("level=error msg=")
        .map_or(last, |(_, says)| says);
    let last: String = last.chars().take(SAID).collect();
    Failure {
        summary: format!("{what}: {last}"),
        ..failure
    }
}

/// The words that build an image.
fn building(program: Builder, image: &Image, version: &str, id: &Path) -> Vec<String> {
    let mut argv = words(&[program.name(), "build", "--iidfile"]);
    argv.push(id.display().to_string());
    argv.extend(words(&[
        "--file",
        &image.file,
        "--tag",
        &image.tagged(version),
    ]));
    for (option, value) in [("--target", &image.target), ("--platform", &image.platform)] {
        if let Some(value) = value {
            argv.extend(words(&[option, value]));
        }
    }
    for (name, value) in &image.args {
        argv.extend(words(&["--build-arg", &format!("{name}={value}")]));
    }
    argv.push(image.context.clone());
    argv
}

/// The words that put one into its registry. Docker speaks to one on this machine without TLS by itself,
/// and says the digest as its last line.
fn pushing(program: Builder, tagged: &str, digest: &Path) -> Vec<String> {
    let mut argv = words(&[program.name(), "push"]);
    if program != Builder::Docker {
        argv.extend(words(&["--digestfile", &digest.display().to_string()]));
        if is_here(registry(tagged)) {
            argv.extend(words(&["--tls-verify=false"]));
        }
    }
    argv.push(tagged.to_owned());
    argv
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// The program that builds: the one that is named, or the first that works.
async fn which(
    named: Option<Builder>,
    variables: &BTreeMap<String, String>,
) -> Result<Builder, Failure> {
    let all = named
        .as_ref()
        .map_or(&Builder::ALL[..], std::slice::from_ref);
    let mut why = Vec::new();
    for builder in all {
        match works(*builder, variables).await {
            Ok(()) => return Ok(*builder),
            Err(says) => why.push(format!("{builder}: {says}")),
        }
    }
    let (summary, hint) = match named {
        Some(builder) => (
            format!("no image can be built with {builder} here"),
            "make it work where the engine runs, or leave `program` out of `image`: another one is taken then",
        ),
        None => (
            "no program here can build an image".to_owned(),
            "install podman or buildah where the engine runs, or start docker's daemon; then deploy again",
        ),
    };
    Err(Failure::new(summary)
        .detail(why.join("\n"))
        .hint(hint)
        .retry(Retry::Never)
        .as_before())
}

/// Whether a program works: docker's is of no use without its daemon.
async fn works(builder: Builder, variables: &BTreeMap<String, String>) -> Result<(), String> {
    let path = variables.get("PATH").map(String::as_str);
    let program = child::found(builder.name(), path)?;
    let asked: &[&str] = match builder {
        Builder::Docker => &["version", "--format", "{{.Server.Version}}"],
        Builder::Podman | Builder::Buildah => &["--version"],
    };
    let ran = tool::run(&program, asked, b"", variables, Path::new("/"), ANSWER).await;
    let ran = ran.map_err(|why| why.to_string())?;
    if ran.code == Some(0) {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&ran.err);
    let line = said.lines().rev().find(|line| !line.trim().is_empty());
    Err(Safe::told(line.unwrap_or("it ended badly")).into_string())
}

/// The credentials that the entry names, as the programs read them; none where the person's own count.
async fn credentials(job: &Job, around: &Around) -> Result<Option<Secret>, Failure> {
    if let Some(told) = around.told(job).await?.files.remove(CREDENTIALS) {
        return Ok(Some(Secret::new(told)));
    }
    let named = around.named(CREDENTIALS).map(PathBuf::from);
    let named = named.or_else(|| Some(Path::new(around.named(DOCKERS)?).join("config.json")));
    let Some(path) = named else {
        return Ok(None);
    };
    let read = open::bytes(&path).map_err(|why| {
        Failure::new(format!("{} cannot be read: {why}", path.display()))
            .hint("it is where `env` says that the credentials of the registry are")
    })?;
    Ok(Some(Secret::new(
        String::from_utf8_lossy(&read).into_owned(),
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> Image {
        Image {
            repository: "localhost:5000/cart".to_owned(),
            file: "docker/Dockerfile".to_owned(),
            context: ".".to_owned(),
            target: Some("release".to_owned()),
            platform: None,
            args: [("NODE".to_owned(), "20 slim".to_owned())].into(),
            program: None,
        }
    }

    #[test]
    fn each_program_is_asked_in_its_words() {
        let built = building(Builder::Buildah, &image(), "v1", Path::new("/job/image"));
        assert_eq!(
            built.join("|"),
            "buildah|build|--iidfile|/job/image|--file|docker/Dockerfile|--tag|localhost:5000/cart:v1|--target|release|--build-arg|NODE=20 slim|."
        );
        let digest = Path::new("/job/digest");
        for (program, repository, words) in [
            (
                Builder::Docker,
                "localhost:5000/cart",
                "docker|push|localhost:5000/cart:v1",
            ),
            (
                Builder::Podman,
                "localhost:5000/cart",
                "podman|push|--digestfile|/job/digest|--tls-verify=false|localhost:5000/cart:v1",
            ),
            (
                Builder::Buildah,
                "ghcr.io/cart",
                "buildah|push|--digestfile|/job/digest|ghcr.io/cart:v1",
            ),
        ] {
            let tagged = format!("{repository}:v1");
            assert_eq!(pushing(program, &tagged, digest).join("|"), words);
        }
    }

    /// What a person needs stands first: who refuses, who is away, else what was said last.
    #[test]
    fn a_failure_is_told_by_its_cause() {
        for (said, summary) in [
            (
                "Getting image source\ntime=\"x\" level=error msg=\"authenticating creds: unauthorized: authentication required\"",
                "push: the registry ghcr.io refuses the sign-in",
            ),
            (
                "dial tcp 127.0.0.1:5056: connect: connection refused",
                "push: the registry ghcr.io does not answer",
            ),
            (
                "STEP 2/2: COPY x /\nError: building at STEP \"COPY x /\": no such file",
                "push: Error: building at STEP \"COPY x /\": no such file",
            ),
        ] {
            let failure = Failure::new("buildah push --digestfile /job …").detail(said);
            assert_eq!(cause(failure, "push", "ghcr.io").summary, summary);
        }
    }

    /// Docker's command is of no use without its daemon: the next one is taken.
    #[tokio::test]
    async fn the_first_program_that_works_builds() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display().to_string();
        let variables = BTreeMap::from([("PATH".to_owned(), path)]);
        let put = |name: &str, text: &str| {
            let file = folder.path().join(name);
            std::fs::write(&file, format!("#!/bin/sh\n{text}\n")).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o700)).unwrap();
        };
        let failure = which(None, &variables).await.unwrap_err();
        assert!(failure.detail.contains("buildah: "), "{failure:?}");
        put(
            "docker",
            "echo Cannot connect to the Docker daemon >&2; exit 1",
        );
        put("buildah", "exit 0");
        assert_eq!(which(None, &variables).await.unwrap(), Builder::Buildah);
        let named = which(Some(Builder::Docker), &variables).await.unwrap_err();
        assert_eq!(named.detail, "docker: Cannot connect to the Docker daemon");
    }
}
