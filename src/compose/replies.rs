//! Replies to git hosts, as who we are there.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use holdpoint::domain::check::Check;
use holdpoint::domain::failure::Failure;
use holdpoint::domain::masks::Secret;
use holdpoint::engine::replies::{Given, Replies};
use holdpoint::forms::git::App;
use holdpoint::hosts::Hosts;
use holdpoint::hosts::github::{CheckRun, Who};
use holdpoint::secrets;
use holdpoint::systems::ReplyTo;
use holdpoint::trigger::Tells;

/// Check runs of GitHub.
pub(super) struct Checks(pub(super) Arc<Hosts>);

impl Checks {
    /// The app as which GitHub is called, and its key, which is read for each call anew.
    async fn app(to: &ReplyTo) -> Result<(App, Secret), Failure> {
        let app: App = serde_json::from_value(to.by.clone()).map_err(|why| {
            let at = &to.repository;
            Failure::new(format!("as whom {at} is told cannot be read: {why}")).hint("deploy again")
        })?;
        let key = secrets::read(&app.secrets.private_key).await?;
        Ok((app, key))
    }
}

impl Tells for Checks {
    fn tell<'a>(&'a self, to: &'a ReplyTo, check: &'a Check) -> BoxFuture<'a, Result<(), Failure>> {
        async move {
            match self.find(to, check).await? {
                Some(given) if given.is_over => {}
                Some(given) => drop(Replies::tell(self, to, given.run, check).await?),
                None => drop(self.make(to, check).await?),
            }
            Ok(())
        }
        .boxed()
    }
}

fn who<'a>(to: &'a ReplyTo, (app, key): &'a (App, Secret)) -> Who<'a> {
    Who {
        app,
        key,
        repository: to.repository.path(),
    }
}

fn given(found: CheckRun) -> Given {
    Given {
        run: found.run,
        is_over: found.is_over,
    }
}

impl Replies for Checks {
    fn find<'a>(
        &'a self,
        to: &'a ReplyTo,
        check: &'a Check,
    ) -> BoxFuture<'a, Result<Option<Given>, Failure>> {
        async move {
            let app = Self::app(to).await?;
            let found = self.0.github.check(who(to, &app), check).await?;
            Ok(found.map(given))
        }
        .boxed()
    }

    fn make<'a>(
        &'a self,
        to: &'a ReplyTo,
        check: &'a Check,
    ) -> BoxFuture<'a, Result<Given, Failure>> {
        async move {
            let app = Self::app(to).await?;
            let made = self.0.github.make_check(who(to, &app), check).await?;
            Ok(given(made))
        }
        .boxed()
    }

    fn tell<'a>(
        &'a self,
        to: &'a ReplyTo,
        run: u64,
        check: &'a Check,
    ) -> BoxFuture<'a, Result<Given, Failure>> {
        async move {
            let app = Self::app(to).await?;
            let told = self.0.github.tell_check(who(to, &app), run, check).await?;
            Ok(given(told))
        }
        .boxed()
    }
}
