//! Brings the files of a commit, with its history, and says whether it is on the branch that
//! publishes.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::of_deployment;
use crate::domain::failure::{Failure, Retry};
use crate::domain::plan::Output;
use crate::exec::Job;
use crate::exec::again::say;
use crate::exec::job::params;
use crate::forms::workshop::{Origin, PUBLISHES, TRIES};
use crate::os::files;
use crate::os::git::git;
use crate::os::random;
use crate::text::safe::Safe;

/// How long the repository may take to come.
const FETCH: Duration = Duration::from_mins(10);
/// How long the tool may take here.
const HERE: Duration = Duration::from_mins(2);
/// After how long it is tried again where a repository does not answer.
const AGAIN: Duration = Duration::from_secs(10);
/// How much of a line of a commit is kept, in letters.
const KEPT: usize = 200;

#[derive(Deserialize)]
struct Params {
    origin: Origin,
    /// The folder of its Terraform module: a component has one.
    #[serde(default)]
    module: Option<String>,
}

/// Its output is `{folder, branch, why, nth, on, by, says}`: the branch of the plan that it takes, and
/// what the commit says of itself.
pub(super) async fn checkout(job: &Job) -> Result<Output, Failure> {
    let Params { origin, module } = params(job)?;
    let Origin {
        repository,
        branch,
        commit,
    } = &origin;
    // A tool that an engine before us started may still write: each attempt has a folder of its own.
    let name = random::id().to_string();
    let folder = of_deployment(job).join(&name);
    files::private_folder(&folder).map_err(|why| Failure::new(why.to_string()))?;
    let short = commit.get(..12).unwrap_or(commit);
    let to = folder.to_string_lossy();
    let clone = ["clone", "-q", "--no-checkout", "--filter=blob:none", "--"];
    let clone = [&clone[..], &[repository, &to]].concat();
    let cloned = git(&clone, Path::new("/"), FETCH).await;
    cloned.map_err(|why| unread(repository, &why))?;
    let whole = format!("{commit}^{{commit}}");
    if git(&["cat-file", "-e", &whole], &folder, HERE)
        .await
        .is_err()
    {
        // It is of no branch that is there by now; some hosts give it by its name all the same.
        let fetched = git(&["fetch", "-q", "origin", commit], &folder, FETCH).await;
        fetched.map_err(|_| {
            Failure::new(format!("{repository} does not give the commit {short}"))
                .hint("no branch leads to it: its name is another one, or it was pushed away; deploy what a branch leads to now")
        })?;
    }
    // Its files may be fetched only now.
    let out = git(&["checkout", "-q", "--detach", commit], &folder, FETCH).await;
    out.map_err(|why| unread(repository, &why))?;
    let published = format!("^refs/remotes/origin/{branch}");
    let has = ["rev-parse", "-q", "--verify", &published[1..]];
    let is_there = git(&has, &folder, HERE).await.is_ok();
    let not_on_it = ["rev-list", "--count", commit, &published];
    let is_on_it = is_there && counted(&not_on_it, &folder).await? == 0;
    let nth = counted(&["rev-list", "--count", commit], &folder).await?;
    let shown = ["show", "-s", "--format=%cs%n%an%n%s", commit];
    let shown = asked(&shown, &folder).await?;
    let mut lines = shown.lines();
    let mut line = || {
        let text = lines.next().unwrap_or_default().chars();
        Safe::told(text.take(KEPT).collect::<String>().trim())
    };
    let (on, by, says) = (line(), line(), line());
    if let Some(module) = &module {
        has_module(&folder, module)?;
    }
    say(job, short, &format!("read from {repository}: {says}"));
    let takes = if is_on_it {
        format!("it is on {branch}: it is published")
    } else {
        format!("it is not on {branch}: it is built and tested, and not published")
    };
    say(job, short, &takes);
    let way = if is_on_it { PUBLISHES } else { TRIES };
    Ok(Output::public(json!({
        "folder": name, "branch": way, "why": takes, "nth": nth, "on": on, "by": by, "says": says,
    })))
}

/// What the tool says of what is here.
async fn asked(arguments: &[&str], folder: &Path) -> Result<String, Failure> {
    let said = git(arguments, folder, HERE).await;
    said.map_err(|why| Failure::new(format!("git {}: {why}", arguments[0])))
}

/// The same, where that is a number.
async fn counted(arguments: &[&str], folder: &Path) -> Result<u64, Failure> {
    let said = asked(arguments, folder).await?;
    let number = said.trim().parse();
    number.map_err(|_| Failure::new(format!("git {} said no number", arguments[0])))
}

fn unread(repository: &str, why: &str) -> Failure {
    Failure::new(format!("{repository} cannot be read: {why}"))
        .hint(format!(
            "try `git ls-remote {repository}` as the person whose engine this is"
        ))
        .retry(Retry::After(AGAIN))
}

/// A component without a Terraform module is none.
fn has_module(folder: &Path, module: &str) -> Result<(), Failure> {
    let files = super::inside(folder, module).and_then(|path| std::fs::read_dir(path).ok());
    let has = files.into_iter().flatten().flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.ends_with(".tf") || name.ends_with(".tf.json")
    });
    if has {
        return Ok(());
    }
    let says = format!("there is no Terraform module in {module} of this commit");
    Err(Failure::new(says).hint("a component has one: add it, or name its folder with `terraform`"))
}
