//! What an entry takes for itself in an environment, and what it reaches.

use super::{Buckets, Own, WebsiteEntry};
use crate::systems::apps::{BitbucketApp, GithubApp};
use crate::systems::entry::{Claim, Home};
use crate::systems::reach::quoted;

impl WebsiteEntry {
    /// The site that it is in an environment.
    pub(in crate::systems::website) fn claims(&self, home: &Home<'_>, app: &str) -> Vec<Claim> {
        let site = self.site(home.name, app);
        let other = site.custom.filter(|custom| *custom != site.host);
        let custom = other.map(|custom| Claim {
            what: format!("website {custom:?}"),
            path: vec!["custom_domain".to_owned()],
            hint: "put {env} into custom_domain, or name one by environment".to_owned(),
        });
        let mut claims = vec![
            Claim {
                what: format!("website {:?}", site.host),
                path: vec!["domain".to_owned()],
                hint: "put {env} into domain, or name one by environment".to_owned(),
            },
            Claim {
                what: format!("files of {}/{}", site.live, site.prefix),
                path: vec!["buckets".to_owned(), "live".to_owned()],
                hint: "put {env} into the bucket, or name one by environment".to_owned(),
            },
        ];
        claims.extend(custom);
        claims
    }

    /// What it reaches, as sentences.
    pub(in crate::systems::website) fn reach(&self, app: &str, environments: &str) -> Vec<String> {
        let of = |own: &Own| {
            let words = [
                ("domain", own.domain.as_ref()),
                ("hosted zone", own.hosted_zone.as_ref()),
                ("certificate", own.certificate.as_ref()),
                ("domain of its own", own.custom_domain.as_ref()),
                (
                    "branch",
                    own.branch.as_ref().filter(|_| self.repository.is_some()),
                ),
                ("CodeBuild project", own.codebuild_project.as_ref()),
                ("build role", own.build_role.as_ref()),
                ("parameters below", own.parameters.as_ref()),
            ];
            let named = words
                .into_iter()
                .filter_map(|(what, word)| Some(format!("{what} {}", quoted(word?))));
            let buckets = own.buckets.iter().flat_map(Buckets::named);
            let buckets = buckets.map(|(name, word)| format!("{name} bucket {}", quoted(word)));
            named.chain(buckets).collect::<Vec<_>>().join(", ")
        };
        let each = self.each.map_or(
            "",
            |_| "a site for each app that the queue of apps tells of, ",
        );
        let name = self
            .subdomain
            .as_deref()
            .map_or_else(String::new, |name| format!("name {}, ", quoted(name)));
        let github = self.github_app.as_ref().map(GithubApp::reach);
        let bitbucket = self.bitbucket_app.as_ref().map(BitbucketApp::reach);
        let by = github.into_iter().chain(bitbucket).collect::<String>();
        let built = self.repository.as_ref().map_or_else(String::new, |from| {
            format!("built from {}{by}, ", quoted(from))
        });
        let all = format!(
            "website {} in {environments}: {each}{name}{built}{}",
            quoted(app),
            of(&self.own())
        );
        let own = self.by_environment.iter();
        std::iter::once(all)
            .chain(own.map(|(env, own)| {
                format!("website {} in {}: {}", quoted(app), quoted(env), of(own))
            }))
            .collect()
    }
}
