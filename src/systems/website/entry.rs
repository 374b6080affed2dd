//! `website:` of an application: what it says, what it is in an environment, what it reaches.

mod check;
mod each;
mod reach;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::buildspec::Recipe;
use crate::domain::refs::Branch;
use crate::forms::git::ReadAs;
use crate::systems::apps::{BitbucketApp, GithubApp};
use crate::systems::entry::Form;

pub use each::Each;

/// The form.
pub(super) const FORM: Form = Form {
    schema: Form::schema_of::<WebsiteEntry>,
    unbuilt: &[],
    example: "{ domain: …, hosted_zone: …, buckets: { live: … }, certificate: … }",
    place: Some("aws"),
};

/// `website:` of an application: a site of files in a bucket, behind a distribution, under a name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebsiteEntry {
    /// That it is one site for each app of which the queue `apps` of an environment tells. `{id}`,
    /// `{name}` and `{owner}` stand for the app in `subdomain`, `repository` and `parameters`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub each: Option<Each>,
    /// The domain under which it stands: `example.com`. `{env}` stands for the environment.
    pub domain: String,
    /// Its own name below the domain; the application's name when absent, the app's id with `each`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subdomain: Option<String>,
    /// The id of the hosted zone of the domain in Route 53.
    pub hosted_zone: String,
    /// The buckets of the environment.
    pub buckets: Buckets,
    /// The ARN of a certificate of ACM for the name, in us-east-1, where CloudFront takes them from.
    pub certificate: String,
    /// A domain of its own that leads to it too: `www.example.org`. A certificate is asked for that
    /// is for both names; once the domain is proven to be yours, by a record of its DNS, it is put on
    /// the site. `{env}` stands for the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_domain: Option<String>,
    /// What it is built from, by its address as git has it; a site without one is published from
    /// archives. Git on the machine of the engine knows how to sign in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The app of GitHub by which the repository is read; without one it is read with git.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub github_app: Option<GithubApp>,
    /// The app of Bitbucket (Connect) by which the repository is read: the one whose installations
    /// `holdpoint serve` hears of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bitbucket_app: Option<BitbucketApp>,
    /// The branch that is deployed.
    #[serde(default = "master")]
    pub branch: String,
    /// How its pages are made; react when absent. With `each`, by how the users of an app sign in:
    /// react for authorisationCode, and else node.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// What installs the packages and runs the scripts.
    #[serde(default)]
    pub package_manager: PackageManager,
    /// The version of Node in which it is built.
    #[serde(default)]
    pub runtime: Runtime,
    /// The script of package.json that builds it.
    #[serde(default = "build")]
    pub build_command: String,
    /// The script of package.json that tests it, before it is built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_command: Option<String>,
    /// The folder in which the build leaves the files that are served.
    #[serde(default = "build")]
    pub out_dir: String,
    /// The project of CodeBuild in which it is built. `{env}` stands for the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codebuild_project: Option<String>,
    /// The ARN of a role that is assumed for everything that has to do with the build: the project
    /// and the buckets of sources, versions and logs are in its account. Without one they are in
    /// that of the environment. `{env}` stands for the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_role: Option<String>,
    /// The path below which the parameters of SSM are that the build gets as variables, each under
    /// its name: `/sites/{env}/docs`. They are in the account of the build. `{env}` stands for the
    /// environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<String>,
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
    /// Where sources wait for their build.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Where what was built is kept, by its commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Where the lines of a build are kept, as long as the bucket keeps them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
}

fn master() -> String {
    "master".to_owned()
}

fn build() -> String {
    "build".to_owned()
}

/// How the pages of a site are made: what a visitor gets of a path at which there is no file. It
/// counts when the distribution is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// One page that makes all others in the browser: every path gets index.html.
    #[default]
    React,
    /// A file for each page, made by Node: other paths get 404.html, and the status 404.
    Node,
}

/// What installs packages and runs scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PackageManager {
    /// npm, by its lock file.
    #[default]
    Npm,
    /// Yarn 1.
    Yarn,
    /// Yarn 2 and newer, by Corepack.
    YarnBerry,
}

/// A version of Node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum Runtime {
    /// Node 16.
    #[serde(rename = "NODE_16")]
    Node16,
    /// Node 18.
    #[serde(rename = "NODE_18")]
    Node18,
    /// Node 20.
    #[serde(rename = "NODE_20")]
    Node20,
    /// Node 22.
    #[default]
    #[serde(rename = "NODE_22")]
    Node22,
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
    /// The domain of its own.
    pub custom_domain: Option<String>,
    /// The branch.
    pub branch: Option<String>,
    /// The project of CodeBuild.
    pub codebuild_project: Option<String>,
    /// The role that is assumed for the build.
    pub build_role: Option<String>,
    /// The path of the parameters.
    pub parameters: Option<String>,
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
    /// The domain of its own that leads to it too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) custom: Option<String>,
    /// How its pages are made.
    #[serde(default, rename = "type")]
    pub(super) kind: Kind,
    /// How it is built, where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) build: Option<Build>,
}

/// How a site is built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Build {
    /// The repository.
    pub(super) repository: String,
    /// The app by which it is read; with git, where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) app: Option<ReadAs>,
    /// Whether that app tells the commits of pushes what becomes of them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) checks: bool,
    /// The branch.
    pub(super) branch: Branch,
    /// The project of CodeBuild.
    pub(super) project: String,
    /// The bucket in which its source waits.
    pub(super) source: String,
    /// The bucket in which what was built is kept.
    pub(super) version: String,
    /// The bucket in which the lines of a build are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) logs: Option<String>,
    /// The role that is assumed for all of this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<String>,
    /// The path of the parameters that it gets as variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) parameters: Option<String>,
    /// What the build does.
    pub(super) recipe: Recipe,
}

impl WebsiteEntry {
    /// The site of an application in an environment.
    pub(super) fn site(&self, env: &str, app: &str) -> Site {
        let own = self.by_environment.get(env);
        let pick = |own: Option<&String>, all: &String| own.unwrap_or(all).replace("{env}", env);
        let domain = pick(own.and_then(|own| own.domain.as_ref()), &self.domain);
        let of_app = self.each.map_or(app, |_| each::ID);
        let subdomain = self.subdomain.as_deref().unwrap_or(of_app).to_owned();
        let buckets = own
            .and_then(|own| own.buckets.as_ref())
            .unwrap_or(&self.buckets);
        let build = self.build(env, own, buckets);
        let custom = own
            .and_then(|own| own.custom_domain.as_ref())
            .or(self.custom_domain.as_ref());
        Site {
            host: format!("{subdomain}.{domain}"),
            zone: pick(
                own.and_then(|own| own.hosted_zone.as_ref()),
                &self.hosted_zone,
            ),
            live: buckets.live.replace("{env}", env),
            prefix: format!("pipeline/{app}/{subdomain}/"),
            certificate: pick(
                own.and_then(|own| own.certificate.as_ref()),
                &self.certificate,
            ),
            custom: custom.map(|custom| custom.replace("{env}", env)),
            kind: self.kind.unwrap_or_default(),
            build,
        }
    }

    /// How it is built there; none where something of that is not named, which the check tells.
    fn build(&self, env: &str, own: Option<&Own>, buckets: &Buckets) -> Option<Build> {
        let at = |text: &String| text.replace("{env}", env);
        let project = own
            .and_then(|own| own.codebuild_project.as_ref())
            .or(self.codebuild_project.as_ref());
        let branch = own.and_then(|own| own.branch.as_ref());
        let role = own.and_then(|own| own.build_role.as_ref());
        let parameters = own.and_then(|own| own.parameters.as_ref());
        Some(Build {
            repository: self.repository.clone()?,
            app: self.read_as(),
            checks: self.github_app.as_ref().is_some_and(|app| app.checks),
            branch: branch.unwrap_or(&self.branch).parse().ok()?,
            project: at(project?),
            source: at(buckets.source.as_ref()?),
            version: at(buckets.version.as_ref()?),
            logs: buckets.log.as_ref().map(at),
            role: role.or(self.build_role.as_ref()).map(at),
            parameters: parameters.or(self.parameters.as_ref()).map(at),
            recipe: Recipe {
                manager: self.package_manager,
                node: self.runtime,
                build: self.build_command.clone(),
                test: self.test_command.clone(),
                out: self.out_dir.clone(),
            },
        })
    }

    /// The app by which its repository is read.
    fn read_as(&self) -> Option<ReadAs> {
        let bitbucket = self.bitbucket_app.as_ref().map(BitbucketApp::app);
        let github = self.github_app.as_ref().and_then(GithubApp::app);
        github
            .map(ReadAs::Github)
            .or(bitbucket.map(ReadAs::Bitbucket))
    }

    fn own(&self) -> Own {
        Own {
            domain: Some(self.domain.clone()),
            hosted_zone: Some(self.hosted_zone.clone()),
            buckets: Some(self.buckets.clone()),
            certificate: Some(self.certificate.clone()),
            custom_domain: self.custom_domain.clone(),
            branch: Some(self.branch.clone()),
            codebuild_project: self.codebuild_project.clone(),
            build_role: self.build_role.clone(),
            parameters: self.parameters.clone(),
        }
    }
}

impl Buckets {
    /// Those that are named, by their keys.
    fn named(&self) -> impl Iterator<Item = (&'static str, &String)> {
        let others = [
            ("source", &self.source),
            ("version", &self.version),
            ("log", &self.log),
        ];
        std::iter::once(("live", &self.live)).chain(
            others
                .into_iter()
                .filter_map(|(name, bucket)| Some((name, bucket.as_ref()?))),
        )
    }
}
