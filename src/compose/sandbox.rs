//! The embedded cloud of a home: where it answers, and starting it where it does not.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use futures_util::FutureExt as _;
use holdpoint::aws::clients::SandboxPort;
use holdpoint::os::clock::SharedClock;
use holdpoint::os::lock::Lock;
use holdpoint::os::paths::Home;
use holdpoint::os::{detach, files, open};
use holdpoint::text::causes::causes;

/// How long the embedded cloud is waited for.
const SANDBOX: Duration = Duration::from_secs(10);

/// The port of the embedded cloud of a home; starts it where none answers.
pub(super) fn sandbox_port(home: &Home, clock: SharedClock) -> SandboxPort {
    let folder = home.sandbox();
    let log = home.folder().join("sandbox.log");
    Arc::new(move || {
        let (folder, log, clock) = (folder.clone(), log.clone(), clock.clone());
        async move {
            find_sandbox(&folder, &log, &clock)
                .await
                .map_err(|why| causes(why.as_ref()))
        }
        .boxed()
    })
}

async fn find_sandbox(folder: &Path, log: &Path, clock: &SharedClock) -> Result<u16> {
    files::private_folder(folder)?;
    let until = clock.now() + SANDBOX;
    let mut started = false;
    loop {
        if let Some(port) = port_in(folder)
            && tokio::net::TcpStream::connect(("127.0.0.1", port))
                .await
                .is_ok()
        {
            return Ok(port);
        }
        if !started && Lock::is_free(&folder.join("lock"))? {
            let arguments: [OsString; 5] = [
                "sandbox".into(),
                "--state".into(),
                folder.into(),
                "--until-idle".into(),
                "10".into(),
            ];
            detach::start(&arguments, log)?;
            started = true;
        }
        if clock.now() >= until {
            bail!(
                "the embedded cloud does not start: {}",
                detach::last_words(log)
            );
        }
        clock.sleep(Duration::from_millis(50)).await;
    }
}

fn port_in(folder: &Path) -> Option<u16> {
    open::text(&folder.join("port")).ok()?.trim().parse().ok()
}
