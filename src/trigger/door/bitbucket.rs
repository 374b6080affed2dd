//! Our app at Bitbucket: what it says of itself, its installations, and which of them calls.

use axum::http::StatusCode;
use axum::http::request::Parts as Head;
use axum::response::Response;

use super::answer::{Answer, response};
use super::{App, Door, headers};
use crate::forms::bitbucket::HEARD;
use crate::text::json;
use crate::text::safe::Safe;
use crate::trigger::bitbucket::{BadToken, Call, Installed, NotInstalled, descriptor, prove, take};

impl Door {
    /// What the app says of itself.
    pub(super) fn descriptor(&self) -> Response {
        let Some(app) = &self.parts.hosts.app else {
            return Answer::closed("nothing is believed here before --bitbucket-app is set").into();
        };
        let text = json::pages(&descriptor::descriptor(&app.key, &app.base)).unwrap_or_default();
        response(StatusCode::OK, "application/json", text + "\n")
    }

    /// Whose installation calls.
    pub(super) async fn installation(&self, head: &Head) -> Result<Safe, Answer> {
        let app = self.app()?;
        let token = headers::token(&head.headers, "JWT").ok_or(BadToken::Missing);
        let token = token.map_err(|why| Answer::unproven(&why))?;
        let tenants = self.tenants.lock().await;
        prove(&tenants, &app.key, &app.named, token, &self.call(head))
            .map(|tenant| tenant.account().clone())
            .map_err(|why| Answer::unproven(&why))
    }

    /// Hears of an installation, and keeps it before it is answered.
    pub(super) async fn tenant(&self, head: &Head, body: &[u8]) -> Answer {
        let app = match self.app() {
            Ok(app) => app,
            Err(closed) => return closed,
        };
        let mut tenants = self.tenants.lock().await;
        let mut next = tenants.clone();
        let token = headers::token(&head.headers, "JWT");
        let call = self.call(head);
        let done = take(&mut next, &app.key, &app.named, token, &call, body);
        let (client, done) = match done {
            Ok(which) => which,
            Err(NotInstalled::Token(why)) => return Answer::unproven(&why),
            Err(why @ (NotInstalled::Unread(_) | NotInstalled::Wrong(_))) => {
                return Answer::unread(&why);
            }
        };
        if let Err(why) = self.keep(HEARD, &next).await {
            tracing::warn!("the installation {client} cannot be kept: {why}");
            return Answer::closed("the installation cannot be kept here: the log says why");
        }
        *tenants = next;
        match done {
            Installed::New if !app.named.contains(&client) => tracing::warn!(
                "Bitbucket, or somebody in its name, installed the app as {client}: it is believed once you start with --bitbucket-client {client}"
            ),
            Installed::New | Installed::Again => tracing::info!("Bitbucket: {client} is installed"),
            Installed::Over => tracing::info!("Bitbucket: {client} is removed"),
        }
        Answer::nothing("heard")
    }

    fn app(&self) -> Result<&App, Answer> {
        let app = self.parts.hosts.app.as_ref();
        app.ok_or_else(|| Answer::closed("nothing is believed here before --bitbucket-app is set"))
    }

    fn call<'a>(&self, head: &'a Head) -> Call<'a> {
        Call {
            method: head.method.as_str(),
            path: head.uri.path(),
            query: head.uri.query().unwrap_or_default(),
            at: self.parts.clock.now(),
        }
    }
}
