//! The git repositories of the practice world: real ones, laid out below its state folder by the
//! tool `git`, and moved on where somebody in the world pushes. Their histories are in
//! `config/sandbox/git/`; `refs/practice/N` is what is pushed N-th.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::levers::{self, Push};
use super::shared::Shared;
use super::{story, who};
use crate::os::files;
use crate::os::git::{fed, git};

/// Where they are, below the state folder.
pub const FOLDER: &str = "git";

/// By name, with their histories.
const HISTORIES: &[(&str, &str)] = &[(
    "docs",
    include_str!("../../config/sandbox/git/docs.history"),
)];
/// How long the tool may take.
const LIMIT: Duration = Duration::from_secs(30);
/// How often somebody may have pushed.
const LOOK: Duration = Duration::from_secs(1);
/// What a person's own configuration could have it start is not started.
const NO_HOOKS: [&str; 2] = ["-c", "core.hooksPath=/dev/null"];

/// Lays them out where they are not there yet, and carries out what is pushed. Ends with the time
/// of the world.
pub(super) async fn tend(shared: Shared, folder: PathBuf) {
    for (name, history) in HISTORIES {
        if let Err(why) = lay_out(&folder, name, history).await {
            tell(&shared, "Say", name, &format!("{name}.git cannot be laid out: {why}; once that is put right, open the console again")).await;
        }
    }
    loop {
        while let Some(push) = shared.look(|world| world.levers.pushes.first().cloned()) {
            let says = carry_out(&folder, &push)
                .await
                .unwrap_or_else(|why| format!("a push to {} cannot be made: {why}", push.branch));
            tell(&shared, "Pushed", &push.repository, &says).await;
        }
        if !shared.pause(LOOK).await {
            return;
        }
    }
}

/// What happened in a repository becomes known in the world.
async fn tell(shared: &Shared, lever: &str, repository: &str, says: &str) {
    let params = serde_json::json!({ "Repository": repository, "Text": says });
    let region = story::region().unwrap_or_default();
    let call = levers::lever(lever, params).by(who::ACCOUNT, &region);
    if let Err(why) = shared.call_soon(call).await.answer {
        tracing::error!(%why, "what happened in {repository}.git cannot be told: {says}");
    }
}

/// A repository is there whole or not at all.
async fn lay_out(folder: &Path, name: &str, history: &str) -> Result<(), String> {
    let to = folder.join(format!("{name}.git"));
    if to.exists() {
        return Ok(());
    }
    files::private_folder(folder).map_err(|why| why.to_string())?;
    let new = folder.join(format!("{name}.new"));
    let _ = fs::remove_dir_all(&new);
    files::private_folder(&new).map_err(|why| why.to_string())?;
    git(&["init", "-q", "--bare", "--template=", "."], &new, LIMIT).await?;
    let import = [&NO_HOOKS[..], &["fast-import", "--quiet", "--done"]].concat();
    fed(&import, history.as_bytes(), &new, LIMIT).await?;
    git(&["symbolic-ref", "HEAD", "refs/heads/main"], &new, LIMIT).await?;
    fs::rename(&new, &to).map_err(|why| format!("{}: {why}", to.display()))
}

/// Moves a branch on to what is pushed, unless somebody else moved it meanwhile; says what became
/// of it.
async fn carry_out(folder: &Path, push: &Push) -> Result<String, String> {
    let at = folder.join(format!("{}.git", push.repository));
    let branch = format!("refs/heads/{}", push.branch);
    let (to, from) = (
        format!("refs/practice/{}", push.number),
        format!("refs/practice/{}^", push.number),
    );
    let told = git(&["log", "-1", "--format=%h %an%n%s", &to], &at, LIMIT).await?;
    let (who, what) = told.trim().split_once('\n').unwrap_or((told.trim(), ""));
    let (commit, who) = who.split_once(' ').unwrap_or((who, "somebody"));
    let (new, old) = (id(&at, &to).await?, id(&at, &from).await?);
    if id(&at, &branch).await? != new {
        let moved = [&NO_HOOKS[..], &["update-ref", &branch, &new, &old]].concat();
        if git(&moved, &at, LIMIT).await.is_err() {
            return Ok(format!(
                "rejected: {who} did not see what is in {} by now ({commit}, {what:?})",
                push.branch
            ));
        }
    }
    Ok(format!("{who} pushed {commit} to {}: {what}", push.branch))
}

async fn id(repository: &Path, name: &str) -> Result<String, String> {
    let said = git(&["rev-parse", "--verify", name], repository, LIMIT).await?;
    Ok(said.trim().to_owned())
}

#[cfg(test)]
mod tests;
