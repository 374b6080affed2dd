//! `holdpoint serve`: an engine and a door in one process, for good. The door stays open whichever
//! engine works on the store; where another one does, this one goes on once that ends.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use holdpoint::aws::Clients;
use holdpoint::cli::{ServeArgs, Stop};
use holdpoint::desk::{Desk as _, LiveDesk};
use holdpoint::domain::cause::Via;
use holdpoint::domain::instance::Instances;
use holdpoint::domain::repository::Repository;
use holdpoint::domain::secret_ref::SecretRef;
use holdpoint::engine::process::{self, Stay};
use holdpoint::os::clock::Real;
use holdpoint::os::lock::Lock;
use holdpoint::os::paths::Home;
use holdpoint::secrets;
use holdpoint::systems;
use holdpoint::text::safe::Safe;
use holdpoint::trigger::door::{App, Door, Hosts, Parts, Rules};
use holdpoint::trigger::queue::{self, Families, Post, States};
use holdpoint::trigger::{Keep, rules};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::Ground;
use super::heard::Files;
use super::queues::Sqs;
use super::replies::Checks;

/// How often it is looked whether another engine has ended.
const AGAIN: Duration = Duration::from_secs(5);

/// Who is believed, as it was said on the command line.
pub(crate) fn hosts(args: &ServeArgs) -> Result<Hosts, Stop> {
    let reference = |flag: &str, text: &Option<String>| -> Result<Option<SecretRef>, Stop> {
        let Some(text) = text else { return Ok(None) };
        let wrong = |why: String| Stop::wrong("secret", format!("{flag}: {why}"));
        let reference: SecretRef = text.parse().map_err(|why| wrong(format!("{why}")))?;
        secrets::check(&reference).map_err(wrong)?;
        Ok(Some(reference))
    };
    let app = match (&args.bitbucket_app, &args.public_url) {
        (Some(key), Some(base)) => Some(App {
            key: key.clone(),
            base: public(base)?,
            named: args
                .bitbucket_client
                .iter()
                .cloned()
                .collect::<BTreeSet<_>>(),
        }),
        (Some(_) | None, None) | (None, Some(_)) => None,
    };
    Ok(Hosts {
        github: reference("--github-secret", &args.github_secret)?,
        gitlab: reference("--gitlab-secret", &args.gitlab_secret)?,
        bitbucket: reference("--bitbucket-secret", &args.bitbucket_secret)?,
        app,
        reader: reference("--read-token", &args.read_token)?,
    })
}

/// An address below which others reach us.
fn public(text: &str) -> Result<String, Stop> {
    let base = text.trim_end_matches('/');
    // What may stand in the address of a repository may stand in this one.
    match Repository::beside(&format!("{base}/"), "a/b") {
        Ok(_) => Ok(base.to_owned()),
        Err(_) => Err(Stop::wrong(
            "public-url",
            "--public-url: write https://HOST, or https://HOST/PATH",
        )),
    }
}

/// Serves until `end` is over; answers what is left unfinished.
pub(crate) async fn serve(
    ground: &Ground,
    listen: SocketAddr,
    hosts: Hosts,
    end: impl Future<Output = ()>,
) -> Result<Vec<String>> {
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("{listen} cannot be listened on"))?;
    let at = listener.local_addr()?;
    let desk = Arc::new(ground.desk(Via::Hook, false)?);
    let lock = ground.home.engine_lock();
    let keep: Arc<dyn Keep> = Arc::new(Files::open(&ground.home)?);
    let queues: Arc<States> = Arc::default();
    let door = Door::open(Parts {
        desk: desk.clone(),
        clock: Real::shared(),
        rules: read_rules(ground, desk.clone()),
        keep: keep.clone(),
        heartbeat: Arc::new(move || Lock::silent_for(&lock)),
        hosts,
        queues: queues.clone(),
        tells: Arc::new(Checks(hosts_of(&ground.home)?)),
    })
    .map_err(|why| anyhow!(why))?;
    // One for the engine and the queues: who follows a build hears of it.
    let clients = super::clients(&ground.home);
    let post = Post::open(
        queue::Parts {
            desk: desk.clone(),
            clock: Real::shared(),
            keep,
            queues: Arc::new(Sqs::new(clients.clone(), Real::shared())),
            families: read_families(ground),
        },
        queues,
    )
    .map_err(|why| anyhow!(why))?;
    let reading = tokio::spawn(post.run());
    tracing::info!("listening on http://{at}");
    if !at.ip().is_loopback() {
        tracing::warn!(
            "{at} is reached from other machines, in clear: let a proxy that speaks TLS stand before it"
        );
    }
    let (ending, ended) = watch::channel(false);
    let answering = tokio::spawn(door.serve(listener, over(ended.clone())));
    let working = work(&ground.home, &clients, ended);
    tokio::pin!(working, answering, end);
    let left = tokio::select! {
        () = &mut end => {
            tracing::info!("ending");
            ending.send_replace(true);
            working.await
        }
        left = &mut working => left,
        answered = &mut answering => {
            ending.send_replace(true);
            reading.abort();
            working.await?;
            return Err(match answered {
                Ok(Ok(())) => anyhow!("the listener ended"),
                Ok(Err(why)) => why.into(),
                Err(why) => why.into(),
            });
        }
    };
    ending.send_replace(true);
    // What was received and not deleted comes again.
    reading.abort();
    let _ = reading.await;
    // What is being answered is, within its time.
    answering.await??;
    // Its thread is waited for where that blocks nobody.
    tokio::task::spawn_blocking(move || drop(desk)).await?;
    left
}

/// Git hosts, as the door calls them.
fn hosts_of(home: &Home) -> Result<Arc<holdpoint::hosts::Hosts>> {
    let installations = super::heard::installations(home)?;
    Ok(holdpoint::hosts::Hosts::new(&Real::shared(), installations))
}

async fn over(mut ended: watch::Receiver<bool>) {
    // Its other end is gone: that is the end as well.
    let _ = ended.wait_for(|over| *over).await;
}

/// Works as the engine of the store, whenever no other one does.
async fn work(
    home: &Home,
    clients: &Arc<Clients>,
    ended: watch::Receiver<bool>,
) -> Result<Vec<String>> {
    let clock = Real::shared();
    let mut told = false;
    loop {
        match process::elect(home)? {
            Ok(mut elected) => {
                told = false;
                let parts = tokio::select! {
                    made = super::engine(home, &mut elected, clients) => made?,
                    () = over(ended.clone()) => return Ok(Vec::new()),
                };
                tracing::info!(
                    "engine {} of {}",
                    elected.status().version,
                    home.folder().display()
                );
                let until = over(ended.clone());
                let left = process::serve(
                    parts,
                    clients.clone(),
                    home,
                    &mut elected,
                    Stay::UntilTold,
                    until,
                )
                .await?;
                if *ended.borrow() {
                    return Ok(left);
                }
                // A newer engine asked for it.
                tracing::info!("handed over to another engine");
            }
            Err(said) if !told => {
                told = true;
                let said = Safe::new(&said);
                tracing::info!("another engine works; this one goes on once that ends: {said}");
            }
            Err(_) => {}
        }
        tokio::select! {
            () = clock.sleep(AGAIN) => {}
            () = over(ended.clone()) => return Ok(Vec::new()),
        }
    }
}

/// Reads the rules of the estate as it is now. An app that is gone follows nothing, whatever still
/// stands for it.
fn read_rules(ground: &Ground, desk: Arc<LiveDesk>) -> Rules {
    let reload = ground.reload();
    Arc::new(move || {
        let world = desk.world();
        let stacks = world.folds.stacks.iter();
        let living = stacks.filter_map(|(stack, fold)| {
            let app = fold.living_app()?;
            Some((stack.clone(), app.clone()))
        });
        let catalog = reload(&living.collect())?;
        Ok(rules::of(&catalog, systems::named))
    })
}

/// Reads of the estate as it is now which applications have an instance for each app.
fn read_families(ground: &Ground) -> Families {
    let reload = ground.reload();
    Arc::new(move || Ok(reload(&Instances::new())?.families))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_of_tls() {
        for fine in [
            "https://hooks.acme.example",
            "https://hooks.acme.example:8443/",
            "https://h.acme.example/hold/point",
        ] {
            assert!(public(fine).is_ok(), "{fine}");
        }
        for wrong in [
            "",
            "http://hooks.acme.example",
            "hooks.acme.example",
            "https://",
            "https://a b",
        ] {
            assert!(public(wrong).is_err(), "{wrong}");
        }
    }
}
