//! The practice estate, read as a person's own estate would be, against the world it is practised
//! in.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use aws_sdk_cloudformation::types::{Capability, ChangeSetStatus, Parameter};
use holdpoint::config::{self, Loaded};
use holdpoint::domain::estate::Application;
use holdpoint::sandbox::services::codebuild::CodeBuild;
use holdpoint::sandbox::services::logs::Logs;
use holdpoint::sandbox::services::route53::Route53;
use holdpoint::sandbox::services::s3::S3;
use holdpoint::sandbox::who::ACCOUNT;
use holdpoint::sandbox::{self, Options, practice};
use holdpoint::systems;
use holdpoint::systems::service::entry::ServiceEntry;

use crate::cloud_contract::config as client;

fn loaded(folder: &std::path::Path) -> Loaded {
    for (path, text) in practice::FILES {
        let file = folder.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
        let mode = if path.starts_with("bin/") {
            0o700
        } else {
            0o600
        };
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    config::load(&folder.join("holdpoint.yaml"), systems::all())
        .unwrap_or_else(|found| panic!("{found:?}"))
}

/// The entry of an application that is a service.
fn service(application: &Application) -> Option<ServiceEntry> {
    (application.system == "service").then(|| systems::entry::read(&application.entry).unwrap())
}

fn parameters(entry: &ServiceEntry, env: &str) -> Vec<Parameter> {
    let own = entry
        .parameters_by_environment
        .get(env)
        .into_iter()
        .flatten();
    let all = entry.parameters.iter().chain(own);
    all.map(|(name, value)| {
        Parameter::builder()
            .parameter_key(name)
            .parameter_value(&value.0)
            .build()
    })
    .collect()
}

/// What each service of the estate would change, as rows `environment application action resource
/// replacement`.
#[tokio::test(flavor = "multi_thread")]
async fn every_stack_has_something_to_deploy_and_orders_asks_for_downtime() {
    let folder = tempfile::tempdir().unwrap();
    let loaded = loaded(folder.path());
    let cloud = sandbox::serve(Options {
        story: Some("good".to_owned()),
        ..Options::default()
    })
    .await
    .unwrap();
    let cfn = aws_sdk_cloudformation::Client::new(&client(&cloud.endpoint()));
    let mut rows = Vec::new();
    for (name, application) in &loaded.estate.applications {
        let Some(entry) = service(application) else {
            continue;
        };
        for env in &application.environments {
            let stack = format!("{env}-{name}");
            // These are not there yet.
            if ["prod-web", "dev-shop"].contains(&stack.as_str()) {
                continue;
            }
            let body =
                std::fs::read_to_string(folder.path().join(entry.template.as_ref().unwrap()))
                    .unwrap();
            let make = cfn
                .create_change_set()
                .stack_name(&stack)
                .change_set_name("look")
                .template_body(body);
            let make = make
                .set_parameters(Some(parameters(&entry, env.as_str())))
                .capabilities(Capability::CapabilityIam);
            make.send().await.unwrap();
            cloud.tick(Duration::from_secs(3));
            let set = cfn
                .describe_change_set()
                .stack_name(&stack)
                .change_set_name("look")
                .send()
                .await
                .unwrap();
            assert_eq!(
                set.status(),
                Some(&ChangeSetStatus::CreateComplete),
                "{stack}"
            );
            for row in set
                .changes()
                .iter()
                .filter_map(|change| change.resource_change())
            {
                let replacement = row
                    .replacement()
                    .map_or("-", |replacement| replacement.as_str());
                rows.push(format!(
                    "{env} {name} {} {} {replacement}",
                    row.action().unwrap().as_str(),
                    row.logical_resource_id().unwrap()
                ));
            }
        }
    }
    let of = |app: &str| -> Vec<String> {
        let mine = rows.iter().filter_map(|row| {
            row.strip_prefix(&format!("prod {app} "))
                .or(row.strip_prefix(&format!("staging {app} ")))
        });
        let mut mine: Vec<String> = mine.map(str::to_owned).collect();
        mine.sort();
        mine.dedup();
        mine
    };
    assert_eq!(
        of("orders"),
        [
            "Modify Incoming False",
            "Modify OrdersDb True",
            "Modify Service False",
            "Modify Task True"
        ]
    );
    assert_eq!(
        of("billing"),
        [
            "Add LateAlarm -",
            "Modify Invoices False",
            "Modify Service False",
            "Modify Task True"
        ]
    );
    assert_eq!(
        of("web"),
        [
            "Modify Logs False",
            "Modify Service False",
            "Modify Target False",
            "Modify Task True"
        ]
    );

    // What does not exist yet can be made; what is watched exists, or will with its stack.
    let web = service(
        loaded
            .estate
            .applications
            .iter()
            .find(|(name, _)| name.as_str() == "web")
            .unwrap()
            .1,
    )
    .unwrap();
    let body = std::fs::read_to_string(folder.path().join(web.template.as_ref().unwrap())).unwrap();
    let make = cfn
        .create_stack()
        .stack_name("prod-web")
        .template_body(body)
        .set_parameters(Some(parameters(&web, "prod")));
    make.send().await.unwrap();
    cloud.tick(Duration::from_mins(1));
    cloud.look(|world| {
        let logs: &Logs = world.get(ACCOUNT, "eu-west-1").unwrap();
        // In the groups of repositories stands what is pushed, once somebody pushes.
        let all = loaded.estate.applications.iter();
        for (name, application) in
            all.filter(|(name, _)| !["docs", "shop"].contains(&name.as_str()))
        {
            for (env, group) in application
                .environments
                .iter()
                .flat_map(|env| application.watch_logs.iter().map(move |group| (env, group)))
            {
                let group = group.replace("{env}", env.as_str());
                assert!(
                    logs.groups
                        .get(&group)
                        .is_some_and(|group| group.arrived() > 0),
                    "{env}/{name}: {group} has lines"
                );
            }
        }
    });
}

/// The cloud of a folder, as soon as the one that had it has ended.
async fn opened(options: &Options) -> sandbox::Running {
    let opening = async {
        loop {
            match sandbox::serve(options.clone()).await {
                Ok(cloud) => return cloud,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    };
    let limit = Duration::from_secs(20);
    tokio::time::timeout(limit, opening).await.unwrap()
}

/// What the estate file names of its site is there when the practice world begins, and when it is
/// opened again.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_site_needs_is_there_from_the_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let loaded = loaded(folder.path());
    let state = folder.path().join("state");
    let options = Options {
        story: Some("practice".to_owned()),
        state: Some(state),
        ..Options::default()
    };
    for _ in 0..2 {
        let cloud = opened(&options).await;
        let mut all = loaded.estate.applications.iter();
        let (_, docs) = all.find(|(name, _)| name.as_str() == "docs").unwrap();
        let site = &docs.entry;
        let text = |path: &str| site.pointer(path).and_then(|text| text.as_str()).unwrap();
        let (s3, builds, zones, waiting) = cloud.look(|world| {
            let s3: &S3 = world.get(ACCOUNT, "eu-west-1").unwrap();
            let builds: &CodeBuild = world.get(ACCOUNT, "eu-west-1").unwrap();
            let zones: &Route53 = world.get(ACCOUNT, "eu-west-1").unwrap();
            let waiting = world.levers.waiting.len();
            (s3.clone(), builds.clone(), zones.clone(), waiting)
        });
        for env in &docs.environments {
            let live = text("/buckets/live").replace("{env}", env.as_str());
            assert!(s3.buckets.contains_key(&live), "{live}");
        }
        assert!(s3.buckets.contains_key(text("/buckets/source")));
        assert!(s3.buckets.contains_key(text("/buckets/version")));
        assert!(builds.projects.contains_key(text("/codebuild_project")));
        let zone = &zones.zones[text("/hosted_zone")];
        assert!(format!("{:?}", zone.name).contains("practice.example."));
        assert_eq!(waiting, 6, "those who push wait, each once");
    }
}
