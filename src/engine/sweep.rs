//! Sweeping, at rest and rarely: job folders of deployments that ended long ago, and content that
//! nothing names any more. It reads what is kept and removes files, never an event. What is on its
//! way is younger than what goes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use crate::domain::artifact;
use crate::domain::digest::Digest;
use crate::domain::folds::Folds;
use crate::domain::ids::DeploymentId;
use crate::domain::time::Time;
use crate::exec::process;
use crate::os::clock::SharedClock;
use crate::os::files;
use crate::os::open;
use crate::os::paths::Home;
use crate::store::{Store, Swept};

/// How long the folders of a deployment's steps are kept after its end: as long as its lines.
const JOBS: Duration = Duration::from_hours(7 * 24);
/// How old content is that goes: whoever put it names it sooner, or never.
const GRACE: Duration = Duration::from_hours(24);
/// How often is swept, whatever engines come and go.
const EVERY: Duration = Duration::from_hours(24);
/// How often it is looked whether it is time.
const LOOK: Duration = Duration::from_mins(5);

/// Removes what killed keepers left of secrets; then sweeps when it is time and nothing runs, for
/// ever.
pub(super) async fn run(
    store: Arc<dyn Store>,
    clock: SharedClock,
    home: Home,
    folds: watch::Receiver<Folds>,
    busy: Arc<AtomicBool>,
) {
    let jobs = home.jobs();
    let forgotten = tokio::task::spawn_blocking(move || process::forget(&jobs)).await;
    if let Err(why) = forgotten
        .map_err(|why| why.to_string())
        .and_then(|done| done.map_err(|why| why.to_string()))
    {
        tracing::warn!("secrets that a killed keeper left are not removed: {why}");
    }
    loop {
        clock.sleep(LOOK).await;
        let now = clock.now();
        if busy.load(Ordering::Relaxed) || !is_due(&home, now) {
            continue;
        }
        let newest = folds.borrow().clone();
        match sweep(store.as_ref(), &home, newest, now).await {
            Ok((jobs, Swept { removed, freed })) => {
                if jobs > 0 || removed > 0 {
                    tracing::info!(
                        "swept the job folders of {jobs} deployments and {removed} large files of {freed} bytes"
                    );
                }
            }
            Err(why) => tracing::warn!("old files are not removed: {why}"),
        }
    }
}

/// Whether the last sweep, of any engine, is long enough ago.
fn is_due(home: &Home, now: Time) -> bool {
    let last = open::text(&home.swept())
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .map(Time);
    // A clock that was wrong must not keep it for long.
    last.is_none_or(|last| last > now || now.since(last) >= EVERY)
}

/// Sweeps once; says how many deployments lost their folders, and what became of content.
pub(super) async fn sweep(
    store: &dyn Store,
    home: &Home,
    folds: Folds,
    now: Time,
) -> Result<(usize, Swept), String> {
    let named = named(&folds);
    let here = home.clone();
    let jobs = tokio::task::spawn_blocking(move || {
        let jobs = process::sweep(&here.jobs(), |id| needed(&folds, id, now), now - JOBS)?;
        files::write_whole(&here.swept(), now.0.to_string().as_bytes())?;
        Ok::<_, files::FileError>(jobs)
    });
    let jobs = jobs
        .await
        .map_err(|why| why.to_string())?
        .map_err(|why| why.to_string())?;
    let swept = store
        .sweep(&named, now - GRACE)
        .await
        .map_err(|why| why.to_string())?;
    Ok((jobs, swept))
}

/// Whether the folders of a deployment are needed; nothing of one that is not known.
fn needed(folds: &Folds, id: DeploymentId, now: Time) -> Option<bool> {
    let d = folds.deployments.get(&id)?;
    Some(!d.is_over() || d.ended_at.is_none_or(|at| now.since(at) < JOBS))
}

/// The artifacts of all deployments that an engine knows: unfinished ones, those that stacks name,
/// which a retry may take up, and the newest others.
fn named(folds: &Folds) -> BTreeSet<Digest> {
    let mut found = BTreeSet::new();
    for d in folds.deployments.values() {
        if let Ok(value) = serde_json::to_value(d.as_ref()) {
            artifact::named(&value, &mut found);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::deployment::DeploymentEvent;
    use crate::domain::end::End;
    use crate::domain::plan::Output;
    use crate::domain::plan::given::{plan, step};
    use crate::os::clock::Stepped;
    use crate::os::lock::Lock;
    use crate::store::sqlite::Sqlite;
    use crate::world::fixture::{self, NOW, Scene};

    #[tokio::test]
    async fn what_ended_long_ago_goes_and_what_a_retry_needs_stays() {
        let place = tempfile::tempdir().unwrap();
        let home = Home::open(Some(&place.path().join("home"))).unwrap();
        let lock = Lock::exclusive(&home.engine_lock()).unwrap().unwrap();
        let store = Sqlite::engine(&home, &lock, Arc::new(Stepped::at(NOW)))
            .await
            .unwrap();
        let put = async |text: &'static str| {
            store
                .put(Box::new(text.as_bytes()), "plan", NOW)
                .await
                .unwrap()
        };
        let (kept, left) = (put("the plan of a step").await, put("of nobody").await);

        let mut scene = Scene::new();
        scene.env("dev", crate::domain::class::EnvClass::Development);
        let d = scene
            .ago(600)
            .ask("dev/a", fixture::spec("dev/a", "1"), None, &[]);
        scene.start_with("dev/a", d, plan(vec![step("make", &[])]));
        scene.begin(d, "make");
        scene.on(
            d,
            DeploymentEvent::StepDone {
                step: "make".into(),
                output: Output::public(json!({ "plan": kept })),
            },
        );
        let folds = scene.world.folds.clone();
        let mut over = folds.clone();
        let ended = Arc::make_mut(over.deployments.get_mut(&d).unwrap());
        (ended.end, ended.ended_at) = (Some(End::Done), Some(NOW));
        let job = home.job(d, &"make".into(), 1);
        files::private_folder(&job).unwrap();

        let later = NOW + JOBS + Duration::from_hours(1);
        assert!(is_due(&home, NOW));
        assert_eq!(
            sweep(&store, &home, folds.clone(), NOW).await.unwrap(),
            (0, Swept::default()),
            "all of it is young"
        );
        assert!(
            !is_due(&home, NOW + Duration::from_hours(23))
                && is_due(&home, NOW + EVERY)
                && is_due(&home, NOW - EVERY)
        );
        let swept = Swept {
            removed: 1,
            freed: 9,
        };
        assert_eq!(
            sweep(&store, &home, folds, later).await.unwrap(),
            (0, swept),
            "it runs"
        );
        assert!(job.exists() && store.get(left.digest).await.unwrap().is_none());
        assert_eq!(
            sweep(
                &store,
                &home,
                over.clone(),
                NOW + JOBS - Duration::from_hours(1)
            )
            .await
            .unwrap()
            .0,
            0
        );
        assert_eq!(
            sweep(&store, &home, over, later).await.unwrap(),
            (1, Swept::default())
        );
        assert!(
            !job.exists() && store.get(kept.digest).await.unwrap().is_some(),
            "a retry takes up its output"
        );
    }
}
