//! Tokens of installations: one that lists the repositories of an account, and for each repository
//! one that reads it and nothing else.

use std::time::Duration;

use reqwest::Method;

use super::{Bitbucket, Who, answer};
use crate::domain::failure::Failure;
use crate::domain::masks::Secret;
use crate::forms::bitbucket::{Claims, signed};
use crate::hosts::calls::Bearer;
use crate::hosts::http::{Body, Call, below};

/// Where a token is exchanged, below the address of Bitbucket.
const PATH: &str = "site/oauth2/access_token";
/// How long a token holds of which that is not said.
const UNSAID: Duration = Duration::from_mins(30);

/// The app's key, the installation, and the repository where it is for one alone.
pub(super) type Of = (String, String, Option<String>);

/// In whose name something is asked.
pub(super) struct At<'a> {
    pub(super) bitbucket: &'a Bitbucket,
    pub(super) who: Who<'a>,
    pub(super) client: &'a str,
    pub(super) secret: &'a Secret,
    /// The id of the repository.
    pub(super) repository: Option<&'a str>,
}

impl Bearer for At<'_> {
    async fn token(&self, anew: bool) -> Result<Secret, Failure> {
        let (bitbucket, key) = (self.bitbucket, &self.who.app.key);
        let repository = self.repository.map(str::to_owned);
        let of: Of = (key.clone(), self.client.to_owned(), repository);
        if let Some(token) = bitbucket.tokens.kept(&of).filter(|_| !anew) {
            return Ok(token);
        }
        let asked = bitbucket.asked(self.who);
        let url = below(&bitbucket.site, PATH).ok_or_else(|| asked.unread("a token"))?;
        let now = bitbucket.tokens.now();
        // What a hash covers is method, path and query, never what stands in a form.
        let claims = Claims::new(key, self.client, ("POST", url.path(), ""), now);
        let proof = signed(&claims, self.secret)
            .map(|token| Secret::new(format!("JWT {}", token.reveal())))
            .ok_or_else(|| answer::no_account(self.client))?;
        let call = Call {
            method: Method::POST,
            url,
            by: Some(proof),
            accept: "application/json",
            body: Some(Body::Form(form(self.repository))),
        };
        let told = bitbucket.calls.send(&asked, call).await?;
        match told.status {
            200 => {}
            400 | 401 | 403 => return Err(answer::not_believed(self.who, self.client, &told)),
            _ => return Err(answer::told(&asked, self.who, &told)),
        }
        let read = told.json().unwrap_or_default();
        let token = read["access_token"]
            .as_str()
            .filter(|token| !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic()));
        let token = token.ok_or_else(|| asked.unread("a token"))?;
        let holds = read["expires_in"]
            .as_u64()
            .map_or(UNSAID, Duration::from_secs);
        Ok(bitbucket.tokens.keep(of, token, now + holds))
    }
}

/// What is asked for: to read, and one repository alone where that is known.
fn form(repository: Option<&str>) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "urn:bitbucket:oauth2:jwt")
        .append_pair("scope", "repository");
    if let Some(repository) = repository {
        form.append_pair("bitbucket_repository", repository);
    }
    form.finish()
}
