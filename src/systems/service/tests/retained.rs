//! What stays where the stack of an o5 application went: it stands in the way of a new one, and is taken
//! into one.

use super::late::{CLUSTER, files_of, planned_on};
use super::*;
use crate::domain::flag::Value as Flagged;
use crate::domain::look::{Look, Sight};
use crate::domain::plan::Leaves;
use crate::forms::s3::{self, BucketFacts};
use crate::forms::secretsmanager::{self, SecretFacts};

const APP: &str = "
name: shop
blobstores: [{ name: images }, { name: papers }]
secrets: [{ name: stripe }]
runtimes:
  - name: web
    containers: [{ name: main, image: { name: shop } }]
";
const ARN: &str = "arn:aws:secretsmanager:eu-west-1:1:secret:/dev-eu/shop/stripe-a1b2c3";

fn shop() -> Spec {
    let entry = json!({ "config": "ext/o5/app.yaml", "cluster": "cluster.yaml" });
    let stack: StackId = "dev-eu/shop".parse().unwrap();
    match Service.read(&stack, &entry, &files_of(APP, CLUSTER)) {
        Read::Rendered(mut stacks, _) => stacks.remove(0).1,
        other => panic!("{other:?}"),
    }
}

/// How buckets and the secret stand there.
struct There {
    images: BucketFacts,
    papers: BucketFacts,
    secret: SecretFacts,
}

const NOTHING: There = There {
    images: BucketFacts::Missing,
    papers: BucketFacts::Missing,
    secret: SecretFacts {
        is_there: false,
        is_going: false,
        arn: None,
    },
};

fn secret(is_going: bool) -> SecretFacts {
    SecretFacts {
        is_there: true,
        is_going,
        arn: Some(ARN.into()),
    }
}

fn planned(flags: &[&str], stack: &StackFacts, there: &There) -> Result<Plan, Failure> {
    planned_for(Purpose::Deploy, flags, stack, there)
}

fn planned_for(
    purpose: Purpose,
    flags: &[&str],
    stack: &StackFacts,
    there: &There,
) -> Result<Plan, Failure> {
    let mut ask = ask(purpose, EnvClass::Development);
    ask.stack = "dev-eu/shop".parse().unwrap();
    ask.flags = flags
        .iter()
        .map(|flag| match flag.split_once('=') {
            Some((name, value)) => (name.parse().unwrap(), Flagged::Text(value.into())),
            None => (flag.parse().unwrap(), Flagged::Switch(true)),
        })
        .collect();
    let see = |look: &Look| -> Sight {
        let about = look.about.clone();
        match about.kind.as_str() {
            s3::BUCKET if about.name.starts_with("images.shop.dev-eu.") => {
                s3::bucket_sight(about, there.images)
            }
            s3::BUCKET => s3::bucket_sight(about, there.papers),
            secretsmanager::SECRET => secretsmanager::sight(about, &there.secret),
            other => panic!("{other}"),
        }
    };
    let plan = planned_on(&ask, &shop(), stack, &see).1?;
    assert_eq!(plan.check(), Ok(()));
    Ok(plan)
}

/// No other stack can have their names: one is not begun that could not be made.
#[test]
fn a_stack_is_not_made_of_whose_resources_some_are_there() {
    let missing = StackFacts::missing();
    let deploy = |there: &There| planned(&["version=v1"], &missing, there);
    assert_eq!(deploy(&NOTHING).unwrap().name, "create");
    let left = There {
        images: BucketFacts::Ours,
        secret: secret(false),
        ..NOTHING
    };
    let why = deploy(&left).unwrap_err();
    let says =
        "an earlier stack left the bucket, the secret /dev-eu/shop/stripe, images.shop.dev-eu.";
    for part in says.split(", ") {
        assert!(why.summary.contains(part), "{why:?}");
    }
    for part in [
        "holdpoint deploy dev-eu/shop --version=v1 --import-resources takes them",
        "aws s3 rb --force s3://images.shop",
        "--secret-id /dev-eu/shop/stripe",
    ] {
        assert!(why.hint.contains(part), "{why:?}");
    }
    for (there, says) in [
        (
            There {
                images: BucketFacts::Shut,
                ..NOTHING
            },
            "of another account",
        ),
        (
            There {
                secret: secret(true),
                ..NOTHING
            },
            "to be deleted",
        ),
    ] {
        let why = deploy(&there).unwrap_err();
        assert!(why.summary.contains(says), "{why:?}");
    }
}

/// What a creation that failed left is in the way of its recovery: the stack goes first then.
#[test]
fn a_recovery_says_what_comes_before_an_import() {
    let failed = StackFacts {
        status: "ROLLBACK_COMPLETE".to_owned(),
        ..StackFacts::default()
    };
    let recover = |there: &There| planned_for(Purpose::Recover, &[], &failed, there);
    assert_eq!(recover(&NOTHING).unwrap().name, "recover");
    let left = There {
        images: BucketFacts::Ours,
        ..NOTHING
    };
    let why = recover(&left).unwrap_err();
    let first = "take dev-eu-shop, which failed, away (aws cloudformation delete-stack --stack-name dev-eu-shop) and unblock it (holdpoint unblock dev-eu/shop --way free); then holdpoint deploy dev-eu/shop --import-resources";
    assert!(why.hint.starts_with(first), "{why:?}");
}

#[test]
fn what_is_there_is_taken_into_a_new_stack_and_nothing_else_is_made() {
    let there = There {
        images: BucketFacts::Ours,
        papers: BucketFacts::Shut,
        secret: secret(false),
    };
    // It brings no version, and none is asked for.
    let plan = planned(&["import-resources"], &StackFacts::missing(), &there).unwrap();
    let steps: Vec<&str> = plan.steps.iter().map(|step| step.id.as_str()).collect();
    assert_eq!(steps, ["import-plan", "import", "verify"]);
    let imports = &plan.steps[0].params["imports"];
    let taken: Vec<(&str, &Value)> = imports
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["kind"].as_str().unwrap(), &one["identifier"]))
        .collect();
    assert_eq!(taken.len(), 2, "{taken:?}");
    let bucket = taken.iter().find(|(kind, _)| *kind == "AWS::S3::Bucket");
    let name = bucket.unwrap().1["BucketName"].as_str().unwrap();
    assert!(name.starts_with("images.shop.dev-eu.eu-west-1."), "{name}");
    assert!(taken.contains(&("AWS::SecretsManager::Secret", &json!({ "Id": ARN }))));
    assert!(plan.leaves() == Some(Leaves::Old), "it brings no release");
    let rows = &plan.changes[0].rows;
    assert!(rows.iter().all(|row| row.does == Does::Import), "{rows:?}");
    assert!(
        plan.says
            .iter()
            .any(|says| says.contains("papers.shop") && says.contains("is not taken")),
        "{:?}",
        plan.says
    );
    assert_eq!(plan.steps[0].tasks[0].name, "CF.ImportPlan");
}

#[test]
fn nothing_is_imported_where_a_stack_or_nothing_is_there() {
    let left = There {
        images: BucketFacts::Ours,
        ..NOTHING
    };
    let missing = StackFacts::missing();
    for (stack, there, flags, says) in [
        (
            super::late::there(&[]),
            &left,
            &["import-resources"][..],
            "is there (UPDATE_COMPLETE)",
        ),
        (
            missing,
            &NOTHING,
            &["import-resources"],
            "has nothing to import: the",
        ),
    ] {
        let why = planned(flags, &stack, there).unwrap_err();
        assert!(why.summary.contains(says), "{why:?}");
    }
}
