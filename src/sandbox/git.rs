//! The git repositories of the practice world: real ones, laid out below its state folder by the
//! tool `git`, and moved on where somebody in the world pushes. Their histories are in
//! `config/sandbox/git/`; `refs/practice/N` is what is pushed N-th.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::levers::{self, Push};
use super::shared::Shared;
use super::{story, who};
use crate::os::files;
use crate::os::git::fed;

/// Where they are, below the state folder.
pub const FOLDER: &str = "git";

/// By name, with their histories.
const HISTORIES: &[(&str, &str)] = &[
    (
        "docs",
        include_str!("../../config/sandbox/git/docs.history"),
    ),
    (
        "shop",
        include_str!("../../config/sandbox/git/shop.history"),
    ),
];
/// How long the tool may take.
const LIMIT: Duration = Duration::from_secs(30);
/// How often somebody may have pushed.
const LOOK: Duration = Duration::from_secs(1);
/// After how many looks it is tried again to lay out what is not there.
const AGAIN: u32 = 60;
/// What a person's own configuration could have it start is not started.
const NO_HOOKS: [&str; 2] = ["-c", "core.hooksPath=/dev/null"];

/// Lays them out where they are not there yet, and carries out what is pushed. Ends with the time
/// of the world.
pub(super) async fn tend(shared: Shared, folder: PathBuf) {
    let (mut rounds, mut told) = (0_u32, BTreeSet::new());
    loop {
        if rounds.is_multiple_of(AGAIN) {
            lay_out_all(&shared, &folder, &mut told).await;
        }
        rounds = rounds.wrapping_add(1);
        let next = || shared.look(|world| world.levers.pushes.first().cloned());
        while let Some(push) = next().filter(|push| at(&folder, &push.repository).exists()) {
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

/// Lays out what is not there; what is in the way is told once.
async fn lay_out_all(shared: &Shared, folder: &Path, told: &mut BTreeSet<&str>) {
    for (name, history) in HISTORIES {
        if let Err(why) = lay_out(folder, name, history).await
            && told.insert(*name)
        {
            let says = format!("{name}.git is not there: {why}; it is tried again each minute");
            tell(shared, "Say", name, &says).await;
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
    let to = at(folder, name);
    if to.exists() {
        return Ok(());
    }
    files::private_folder(folder).map_err(|why| why.to_string())?;
    let new = folder.join(format!("{name}.new"));
    let _ = fs::remove_dir_all(&new);
    files::private_folder(&new).map_err(|why| why.to_string())?;
    run(&["init", "-q", "--bare", "--template=", "."], "", &new).await?;
    run(&["fast-import", "--quiet", "--done"], history, &new).await?;
    run(&["symbolic-ref", "HEAD", "refs/heads/main"], "", &new).await?;
    fs::rename(&new, &to).map_err(|why| format!("{}: {why}", to.display()))
}

/// Moves a branch on to what is pushed, unless somebody else moved it meanwhile; says what became
/// of it.
async fn carry_out(folder: &Path, push: &Push) -> Result<String, String> {
    let at = at(folder, &push.repository);
    let branch = format!("refs/heads/{}", push.branch);
    let (to, from) = (
        format!("refs/practice/{}", push.number),
        format!("refs/practice/{}^", push.number),
    );
    let format = "--format=%(objectname:short) %(authorname)%0a%(contents:subject)";
    let told = run(&["for-each-ref", format, &to], "", &at).await?;
    let (who, what) = told.trim().split_once('\n').unwrap_or((told.trim(), ""));
    let (commit, who) = who.split_once(' ').unwrap_or((who, "somebody"));
    let (new, old) = (id(&at, &to).await?, id(&at, &from).await?);
    if id(&at, &branch).await? != new {
        let moved = ["update-ref", &branch, &new, &old];
        if run(&moved, "", &at).await.is_err() {
            return Ok(format!(
                "rejected: {who} did not see what is in {} by now ({commit}, {what:?})",
                push.branch
            ));
        }
    }
    Ok(format!("{who} pushed {commit} to {}: {what}", push.branch))
}

async fn id(repository: &Path, name: &str) -> Result<String, String> {
    let said = run(&["rev-parse", "--verify", name], "", repository).await?;
    Ok(said.trim().to_owned())
}

fn at(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.git"))
}

async fn run(arguments: &[&str], input: &str, folder: &Path) -> Result<String, String> {
    let arguments = [&NO_HOOKS[..], arguments].concat();
    fed(&arguments, input.as_bytes(), folder, LIMIT).await
}

#[cfg(test)]
mod tests;
