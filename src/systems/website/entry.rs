//! `website:` of an application: what it says, what is wrong with it, what it reaches.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::systems::entry::{Claim, Form, Home, Remarks, Written};
use crate::systems::reach::quoted;
use crate::text::diagnostic::closest;

/// The form.
pub(super) const FORM: Form = Form {
    schema: Form::schema_of::<WebsiteEntry>,
    unbuilt: &[
        ("repository", "sites built from a repository are"),
        ("branch", "sites built from a repository are"),
        ("type", "sites built from a repository are"),
        ("package_manager", "sites built from a repository are"),
        ("runtime", "sites built from a repository are"),
        ("build_command", "sites built from a repository are"),
        ("test_command", "sites built from a repository are"),
        ("out_dir", "sites built from a repository are"),
        ("codebuild_project", "sites built from a repository are"),
        ("build_role", "sites built from a repository are"),
        ("custom_domain", "domains of one's own are"),
    ],
    example: "{ domain: …, hosted_zone: …, buckets: { live: … }, certificate: … }",
    place: Some("aws"),
};

/// `website:` of an application: a site of files in a bucket, behind a distribution, under a name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebsiteEntry {
    /// The domain under which it stands: `example.com`. `{env}` stands for the environment.
    pub domain: String,
    /// Its own name below the domain; the application's name when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subdomain: Option<String>,
    /// The id of the hosted zone of the domain in Route 53.
    pub hosted_zone: String,
    /// The buckets of the environment.
    pub buckets: Buckets,
    /// The ARN of a certificate of ACM for the name, in us-east-1, where CloudFront takes them from.
    pub certificate: String,
    /// What is different in single environments, over the keys above.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub by_environment: BTreeMap<String, Own>,
}

/// The buckets of an environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Buckets {
    /// Where the files are that are served. `{env}` stands for the environment.
    pub live: String,
}

/// What is different in one environment.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Own {
    /// The domain.
    pub domain: Option<String>,
    /// The hosted zone.
    pub hosted_zone: Option<String>,
    /// The buckets.
    pub buckets: Option<Buckets>,
    /// The certificate.
    pub certificate: Option<String>,
}

/// What a site is in one environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Site {
    /// Its whole name: `docs.example.com`.
    pub(super) host: String,
    /// The id of the hosted zone.
    pub(super) zone: String,
    /// The bucket of the files that are served.
    pub(super) live: String,
    /// Where they are in it: `pipeline/docs/docs/`.
    pub(super) prefix: String,
    /// The ARN of the certificate.
    pub(super) certificate: String,
}

impl WebsiteEntry {
    /// The site of an application in an environment.
    pub(super) fn site(&self, env: &str, app: &str) -> Site {
        let own = self.by_environment.get(env);
        let pick = |own: Option<&String>, all: &String| own.unwrap_or(all).replace("{env}", env);
        let domain = pick(own.and_then(|own| own.domain.as_ref()), &self.domain);
        let subdomain = self.subdomain.as_deref().unwrap_or(app).to_owned();
        let buckets = own.and_then(|own| own.buckets.as_ref());
        Site {
            host: format!("{subdomain}.{domain}"),
            zone: pick(
                own.and_then(|own| own.hosted_zone.as_ref()),
                &self.hosted_zone,
            ),
            live: pick(buckets.map(|buckets| &buckets.live), &self.buckets.live),
            prefix: format!("pipeline/{app}/{subdomain}/"),
            certificate: pick(
                own.and_then(|own| own.certificate.as_ref()),
                &self.certificate,
            ),
        }
    }

    /// Everything that is wrong with it.
    pub(super) fn check(&self, written: &Written<'_>, told: &mut Remarks) {
        if let Some(subdomain) = &self.subdomain
            && !is_label(subdomain)
        {
            told.say(
                "subdomain",
                &["subdomain"],
                format!("{subdomain:?} cannot be a name below a domain"),
                "1 to 63 of a-z, 0-9 and '-', without a '-' at either end",
            );
        }
        self.words(written, &[], &self.own(), told);
        for (env, own) in &self.by_environment {
            let path = ["by_environment", env.as_str()];
            if !written.environments.contains(env) {
                let near = closest(env, written.environments.iter().map(String::as_str));
                let hint = near.map_or_else(String::new, |near| format!("did you mean {near:?}?"));
                let says = format!("{} does not live in {env:?}", written.app);
                told.say_key("unknown-name", &path, says, hint);
            }
            self.words(written, &path, own, told);
        }
    }

    fn own(&self) -> Own {
        Own {
            domain: Some(self.domain.clone()),
            hosted_zone: Some(self.hosted_zone.clone()),
            buckets: Some(self.buckets.clone()),
            certificate: Some(self.certificate.clone()),
        }
    }

    fn words(&self, written: &Written<'_>, path: &[&str], own: &Own, told: &mut Remarks) {
        let at = |more: &[&'static str]| [path, more].concat();
        let plain = |text: &str| text.replace("{env}", "x");
        let of_domain = |domain: &String| {
            let host = format!(
                "{}.{}",
                self.subdomain.as_deref().unwrap_or(written.app),
                plain(domain)
            );
            host.len() > 253 || !plain(domain).split('.').all(is_label) || !domain.contains('.')
        };
        if let Some(domain) = own.domain.as_ref().filter(|domain| of_domain(domain)) {
            told.say(
                "domain",
                &at(&["domain"]),
                format!("{domain:?} is not a domain"),
                "write it as example.com, in lower case; {env} stands for the environment",
            );
        }
        if let Some(zone) = own.hosted_zone.as_ref().filter(|zone| !is_zone(zone)) {
            told.say(
                "hosted-zone",
                &at(&["hosted_zone"]),
                format!("{zone:?} is not the id of a hosted zone"),
                "aws route53 list-hosted-zones-by-name shows it: Z and capital letters and digits",
            );
        }
        if let Some(bucket) = own.buckets.as_ref().map(|buckets| &buckets.live)
            && !is_bucket(&plain(bucket))
        {
            told.say(
                "bucket",
                &at(&["buckets", "live"]),
                format!("{bucket:?} cannot be the name of a bucket"),
                "3 to 63 of a-z, 0-9, '-' and '.'; {env} stands for the environment",
            );
        }
        if let Some(certificate) = own.certificate.as_ref()
            && !(certificate.starts_with("arn:aws") && certificate.contains(":acm:us-east-1:"))
        {
            told.say(
                "certificate",
                &at(&["certificate"]),
                format!("{certificate:?} is not a certificate that CloudFront takes"),
                "write the ARN of a certificate of ACM in us-east-1",
            );
        }
    }

    /// The site that it is in an environment.
    pub(super) fn claims(&self, home: &Home<'_>, app: &str) -> Vec<Claim> {
        let site = self.site(home.name, app);
        vec![
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
        ]
    }

    /// What it reaches, as sentences.
    pub(super) fn reach(&self, app: &str, environments: &str) -> Vec<String> {
        let of = |own: &Own| {
            let words = [
                ("domain", own.domain.as_ref()),
                ("hosted zone", own.hosted_zone.as_ref()),
                ("bucket", own.buckets.as_ref().map(|buckets| &buckets.live)),
                ("certificate", own.certificate.as_ref()),
            ];
            let words: Vec<String> = words
                .into_iter()
                .filter_map(|(what, word)| Some(format!("{what} {}", quoted(word?))))
                .collect();
            words.join(", ")
        };
        let name = self
            .subdomain
            .as_deref()
            .map_or_else(String::new, |name| format!("name {}, ", quoted(name)));
        let all = format!(
            "website {} in {environments}: {name}{}",
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

/// One part of a domain's name.
fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn is_zone(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

fn is_bucket(text: &str) -> bool {
    (3..=63).contains(&text.len()) && text.split('.').all(is_label)
}
