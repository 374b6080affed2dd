//! Everything that is wrong with an entry, each with its place in it.

use super::{Buckets, Own, WebsiteEntry};
use crate::domain::refs::Branch;
use crate::forms::s3::{is_bucket, is_label};
use crate::forms::ssm::is_path;
use crate::systems::apps;
use crate::systems::entry::{Remarks, Written};
use crate::text::diagnostic::closest;

impl WebsiteEntry {
    /// Everything that is wrong with it.
    pub(in crate::systems::website) fn check(&self, written: &Written<'_>, told: &mut Remarks) {
        if let Some(example) = self.example() {
            return example.check(written, told);
        }
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
        self.built(told);
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
        let is_domain =
            |name: &str| name.len() <= 253 && name.contains('.') && name.split('.').all(is_label);
        if let Some(custom) = own
            .custom_domain
            .as_ref()
            .filter(|custom| !is_domain(&plain(custom)))
        {
            told.say(
                "domain",
                &at(&["custom_domain"]),
                format!("{custom:?} is not a domain"),
                "write it as www.example.org, in lower case; {env} stands for the environment",
            );
        }
        let domain = own.domain.as_ref().unwrap_or(&self.domain);
        let subdomain = self.subdomain.as_deref().unwrap_or(written.app);
        let host = format!("{subdomain}.{domain}");
        if own.custom_domain.as_ref() == Some(&host) {
            told.say(
                "domain",
                &at(&["custom_domain"]),
                format!("{host:?} is the site's own name already"),
                "leave custom_domain out, or name another domain",
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
        let buckets = own.buckets.iter().flat_map(Buckets::named);
        for (name, bucket) in buckets.filter(|(_, bucket)| !is_bucket(&plain(bucket))) {
            told.say(
                "bucket",
                &at(&["buckets", name]),
                format!("{bucket:?} cannot be the name of a bucket"),
                "3 to 63 of a-z, 0-9, '-' and '.'; {env} stands for the environment",
            );
        }
        if let Some(branch) = own.branch.as_deref()
            && let Err(why) = branch.parse::<Branch>()
        {
            let hint = "write it as git does, without refs/heads/";
            told.say(
                "branch",
                &at(&["branch"]),
                format!("{branch:?}: {why}"),
                hint,
            );
        }
        if let Some(project) = own
            .codebuild_project
            .as_ref()
            .filter(|name| !is_project(&plain(name)))
        {
            told.say(
                "project",
                &at(&["codebuild_project"]),
                format!("{project:?} cannot be the name of a project of CodeBuild"),
                "2 to 150 letters, digits, '-' and '_'; {env} stands for the environment",
            );
        }
        if let Some(role) = own
            .build_role
            .as_ref()
            .filter(|role| !is_role(&plain(role)))
        {
            told.say(
                "role",
                &at(&["build_role"]),
                format!("{role:?} is not the ARN of a role"),
                "write it as arn:aws:iam::111122223333:role/NAME; {env} stands for the environment",
            );
        }
        if let Some(path) = own
            .parameters
            .as_ref()
            .filter(|path| !is_path(&plain(path)))
        {
            told.say(
                "parameters",
                &at(&["parameters"]),
                format!("{path:?} is not a path of parameters in SSM"),
                "write it as /sites/{env}/docs: letters, digits, '.', '-' and '_', no slash at its end, and neither aws nor ssm at its beginning",
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

    /// What is wrong with how it is built.
    fn built(&self, told: &mut Remarks) {
        let Some(repository) = &self.repository else {
            return;
        };
        apps::check_repository(repository, told);
        if let Some(app) = &self.github_app {
            app.check(repository, told);
        }
        if let Some(app) = &self.bitbucket_app {
            app.check(repository, told);
            if self.github_app.is_some() {
                let says = "a repository is read as one app".to_owned();
                let hint = "take github_app out, or bitbucket_app";
                told.say_key("two-apps", &["bitbucket_app"], says, hint);
            }
        }
        let everywhere = |named: &dyn Fn(&Own) -> bool| {
            named(&self.own())
                || !self.by_environment.is_empty() && self.by_environment.values().all(named)
        };
        let bucket = |of: fn(&Buckets) -> &Option<String>| {
            move |own: &Own| own.buckets.as_ref().is_some_and(|all| of(all).is_some())
        };
        let needs: [(&str, bool); 3] = [
            (
                "codebuild_project",
                everywhere(&|own| own.codebuild_project.is_some()),
            ),
            ("buckets.source", everywhere(&bucket(|all| &all.source))),
            ("buckets.version", everywhere(&bucket(|all| &all.version))),
        ];
        for (name, _) in needs.into_iter().filter(|(_, there)| !there) {
            told.say_key(
                "missing-key",
                &["repository"],
                format!("a site that is built from a repository needs {name}"),
                "add it, or take repository out and publish archives",
            );
        }
        let scripts = [
            ("build_command", Some(&self.build_command)),
            ("test_command", self.test_command.as_ref()),
        ];
        for (key, script) in scripts
            .into_iter()
            .filter_map(|(key, script)| Some((key, script?)))
        {
            if !is_script(script) {
                told.say(
                    "package-script",
                    &[key],
                    format!("{script:?} cannot be a script of package.json"),
                    "name it as package.json does: letters, digits, '-', '_', '.' and ':'",
                );
            }
        }
        if !is_folder(&self.out_dir) {
            told.say(
                "folder",
                &["out_dir"],
                format!("{:?} is no folder below the repository", self.out_dir),
                "60 letters, digits, '-', '_', '.' and '/' at most",
            );
        }
    }
}

fn is_project(text: &str) -> bool {
    (2..=150).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
}

/// The ARN of a role, in a form of which the account is known.
fn is_role(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [arn, part, service, region, account, name] = parts.as_slice() else {
        return false;
    };
    let is_account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    let is_name = |name: &str| {
        (1..=576).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+=,.@_-/".contains(&b))
    };
    *arn == "arn"
        && part.starts_with("aws")
        && *service == "iam"
        && region.is_empty()
        && is_account
        && name.strip_prefix("role/").is_some_and(is_name)
}

/// The name of a script: it stands in a command of the build.
fn is_script(text: &str) -> bool {
    (1..=100).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b))
}

fn is_folder(text: &str) -> bool {
    (1..=60).contains(&text.len())
        && text.split('/').all(|part| !part.is_empty() && part != "..")
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_./".contains(&b))
}

/// One part of a domain's name.
fn is_zone(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}
