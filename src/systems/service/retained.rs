//! What stays where the stack of an o5 application goes, its buckets and secrets: whether it stands in
//! the way of a new stack, and the plan that takes it into one.

use serde::{Deserialize, Serialize};

use super::body::Body;
use super::plan::first_touch;
use super::ways::{Choice, HOW, PLANS, QUICK, again};
use super::{create, steps, weight};
use crate::domain::failure::Failure;
use crate::domain::look::{Look, Sights, Standing, Subject};
use crate::domain::plan::{ChangeRow, Does, Leaves, Plan};
use crate::forms::cloudformation::{Import, StackFacts, facts};
use crate::forms::s3::{self, BucketFacts};
use crate::forms::secretsmanager::{self, SecretFacts};
use crate::systems::PlanAsk;
use crate::text::counted::counted;

const BUCKET: &str = "AWS::S3::Bucket";
const SECRET: &str = "AWS::SecretsManager::Secret";

/// A resource that stays where its stack goes, and that no other stack can make while it is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Retained {
    /// Its logical id.
    pub(super) logical: String,
    /// Its type.
    kind: String,
    /// Its name.
    name: String,
}

/// How it stands there.
enum There {
    No,
    /// With the property by which CloudFormation finds it.
    Yes(&'static str, String),
    /// It is there, and no stack can have it, because of this; and what to do.
    Barred(&'static str, String),
}

impl Retained {
    /// The resources of a template that stay; `name` reads a name.
    pub(super) fn all(
        template: &serde_json::Value,
        name: impl Fn(&serde_json::Value) -> String,
    ) -> Vec<Self> {
        let resources = template["Resources"].as_object().into_iter().flatten();
        let kept = resources.filter(|(_, one)| one["DeletionPolicy"] == "Retain");
        kept.filter_map(|(logical, one)| {
            let kind = one["Type"].as_str()?;
            let property = match kind {
                BUCKET => "BucketName",
                SECRET => "Name",
                _ => return None,
            };
            Some(Self {
                logical: logical.clone(),
                kind: kind.to_owned(),
                name: name(&one["Properties"][property]),
            })
        })
        .collect()
    }

    fn subject(&self) -> Subject {
        if self.kind == BUCKET {
            s3::bucket(&self.name)
        } else {
            secretsmanager::secret(&self.name)
        }
    }

    /// Its name, with what it is.
    fn called(&self) -> String {
        let what = if self.kind == BUCKET {
            "the bucket"
        } else {
            "the secret"
        };
        format!("{what} {}", self.name)
    }

    /// How it can be taken away.
    fn deleted(&self) -> String {
        let name = &self.name;
        if self.kind == BUCKET {
            format!("aws s3 rb --force s3://{name}")
        } else {
            format!(
                "aws secretsmanager delete-secret --force-delete-without-recovery --secret-id {name}"
            )
        }
    }

    fn seen(&self, seen: &Sights) -> Result<There, Failure> {
        let Some(sight) = seen.of(&self.subject()) else {
            return Err(
                Failure::new(format!("{} was not looked at", self.called())).hint("try again")
            );
        };
        let name = &self.name;
        if self.kind == BUCKET {
            return Ok(match facts::<BucketFacts>(sight)? {
                BucketFacts::Missing => There::No,
                BucketFacts::Ours => There::Yes("BucketName", name.clone()),
                BucketFacts::Shut => There::Barred(
                    "it is that of another account, or keeps out who deploys",
                    "give its blobstore another name; or let its policy admit who deploys"
                        .to_owned(),
                ),
            });
        }
        let there = facts::<SecretFacts>(sight)?;
        Ok(match there.arn {
            _ if there.is_going => There::Barred(
                "it is to be deleted",
                format!("aws secretsmanager restore-secret --secret-id {name}"),
            ),
            Some(arn) => There::Yes("Id", arn.to_string()),
            None if there.is_there => There::Yes("Id", name.clone()),
            None => There::No,
        })
    }
}

fn of(body: &Body) -> &[Retained] {
    body.o5.as_ref().map_or(&[], |o5| &o5.retained)
}

/// The looks at what a stack which is made would make, and that were not taken yet.
pub(super) fn looks(body: &Body, seen: &Sights) -> Vec<Look> {
    let all = of(body).iter().map(Retained::subject);
    all.filter(|about| seen.of(about).is_none())
        .map(Look::at)
        .collect()
}

/// Refuses to make a stack of whose resources some are there already: they outlived an earlier one, and
/// no other can have their names.
pub(super) fn free(
    ask: &PlanAsk,
    body: &Body,
    stack: &StackFacts,
    seen: &Sights,
) -> Result<(), Failure> {
    let (mut taken, mut barred) = (Vec::new(), Vec::new());
    for one in of(body) {
        match one.seen(seen)? {
            There::No => {}
            There::Yes(..) => taken.push(one),
            There::Barred(why, what) => barred.push((one.called(), why, what)),
        }
    }
    if let Some((called, why, what)) = barred.first() {
        return Err(Failure::new(format!(
            "{} cannot be made: {called} is there already, and {why}",
            body.input.stack_name
        ))
        .hint(what.clone()));
    }
    if taken.is_empty() {
        return Ok(());
    }
    let all: Vec<String> = taken.iter().map(|one| one.called()).collect();
    let deletes: Vec<String> = taken.iter().map(|one| one.deleted()).collect();
    Err(Failure::new(format!(
        "{} cannot be made: an earlier stack left {}, and no other can make what has that name",
        body.input.stack_name,
        all.join(", ")
    ))
    .detail("buckets and secrets of o5 applications stay where their stack goes; the database of a secret gets a new user with the stack")
    .hint(format!(
        "{}{} --import-resources takes them into a new stack, as they are; or delete them, with what they hold: {}",
        first(ask, body, stack),
        again(ask, &[Choice::Rotate.name(), QUICK.name, PLANS.name, HOW.name]),
        deletes.join("; ")
    )))
}

/// What comes before an import where a stack is left that was never made.
fn first(ask: &PlanAsk, body: &Body, stack: &StackFacts) -> String {
    if stack.standing() == Standing::Missing {
        return String::new();
    }
    format!(
        "take {0}, which failed, away (aws cloudformation delete-stack --stack-name {0}) and unblock it (holdpoint unblock {1} --way free); then ",
        body.input.stack_name, ask.stack
    )
}

/// The plan that takes what is there into a new stack, and makes nothing.
///
/// # Errors
/// There is a stack, or nothing that one could have.
pub(super) fn imported(
    ask: &PlanAsk,
    body: &Body,
    stack: &StackFacts,
    seen: &Sights,
) -> Result<Plan, Failure> {
    let name = &body.input.stack_name;
    let left = create::shell(ask, name, stack)?;
    let (mut imports, mut without) = (Vec::new(), Vec::new());
    let mut rows = Vec::new();
    for one in of(body) {
        match one.seen(seen)? {
            There::Yes(key, value) => {
                rows.push(ChangeRow::new(&one.logical, &one.kind, Does::Import));
                imports.push(Import {
                    logical: one.logical.clone(),
                    kind: one.kind.clone(),
                    identifier: [(key.to_owned(), value)].into(),
                });
            }
            There::No => without.push(format!("{} is not there", one.called())),
            There::Barred(why, what) => {
                without.push(format!(
                    "{} is not taken, because {why} ({what})",
                    one.called()
                ));
            }
        }
    }
    let deploys = again(ask, &[Choice::Import.name()]);
    if imports.is_empty() {
        let says = format!("{name} has nothing to import: {}", none(&without));
        return Err(Failure::new(says).hint(format!("{deploys} makes the stack, with all of them")));
    }
    let count = imports.len();
    let import = steps::imports("import-plan", &body.input, &imports);
    let execute = steps::execute_import("import", name, "import-plan")
        .hold(first_touch(ask, true))
        .leaving(Leaves::Old);
    let verify = steps::verify("verify", name, &steps::Counts::new(), &["import"]);
    let mut says = vec![
        format!(
            "Makes the CloudFormation stack {name} of what is there: {} of an earlier stack, as they are. Nothing else is made, and no task runs.",
            counted(count, "resource")
        ),
        format!("{deploys} brings the rest then; until that is done nothing of it serves."),
    ];
    if !without.is_empty() {
        says.push(format!("Left out: {}.", without.join("; ")));
    }
    says.extend(left);
    Ok(Plan {
        name: Choice::Import.name().to_owned(),
        steps: vec![import, execute, verify],
        changes: vec![weight::weighed(steps::about(name), rows)],
        says,
        ..Plan::default()
    })
}

fn none(without: &[String]) -> String {
    if without.is_empty() {
        "its application keeps no bucket and no secret".to_owned()
    } else {
        without.join("; ")
    }
}
