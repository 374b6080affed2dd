//! What a task may do, as the policies of its role.

use serde_json::{Value, json};

use super::super::app::Access;
use super::stack::{Template, WellKnown, join};

/// What a task may do.
#[derive(Debug, Default)]
pub(super) struct Policy {
    buckets: Vec<(Access, Value)>,
    queue: Option<Value>,
    publishes: bool,
    pulls: bool,
    connects: Vec<Value>,
    named: Vec<Value>,
}

impl Policy {
    /// It reads or writes a bucket, known by its ARN.
    pub(super) fn bucket(&mut self, access: Access, arn: Value) {
        if !self.buckets.contains(&(access, arn.clone())) {
            self.buckets.push((access, arn));
        }
    }

    /// It takes messages of a queue.
    pub(super) fn takes(&mut self, queue: Value) {
        self.queue = Some(queue);
    }

    /// It sends to the event bus.
    pub(super) fn publishes(&mut self) {
        self.publishes = true;
    }

    /// It pulls images itself: it has the socket of docker.
    pub(super) fn pulls(&mut self) {
        self.pulls = true;
    }

    /// It connects to a database as a user, by IAM.
    pub(super) fn connects(&mut self, user: Value) {
        if !self.connects.contains(&user) {
            self.connects.push(user);
        }
    }

    /// It may what a policy of the environment says.
    pub(super) fn named(&mut self, arn: Value) {
        if !self.named.contains(&arn) {
            self.named.push(arn);
        }
    }

    /// The role of a task of this name and family.
    pub(super) fn role(&self, task: &str, family: &str, template: &mut Template) -> String {
        let kind = "AWS::IAM::Role";
        let name = template.name(kind, &[&format!("{task}Assume")]);
        let policies: Vec<Value> = self
            .statements(template)
            .into_iter()
            .map(|(what, statements)| {
                let environment = template.known(WellKnown::Environment);
                let name = join("-", [environment, json!(family), json!(what)]);
                json!({
                    "PolicyName": name,
                    "PolicyDocument": { "Version": "2012-10-17", "Statement": statements },
                })
            })
            .collect();
        let mut role = json!({
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [{
                    "Effect": "Allow",
                    "Principal": { "Service": "ecs-tasks.amazonaws.com" },
                    "Action": ["sts:AssumeRole"],
                }],
            },
            "Description": format!("What tasks of {family} may do"),
            "RoleName": join("-", [json!({ "Ref": "AWS::StackName" }), json!(task)]),
        });
        if !policies.is_empty() {
            role["Policies"] = json!(policies);
        }
        if !self.named.is_empty() {
            role["ManagedPolicyArns"] = json!(self.named);
        }
        template.add(&name, kind, &role);
        name
    }

    fn statements(&self, template: &mut Template) -> Vec<(&'static str, Vec<Value>)> {
        let mut all = Vec::new();
        if self.pulls {
            let actions = [
                "ecr:GetAuthorizationToken",
                "ecr:BatchCheckLayerAvailability",
                "ecr:GetDownloadUrlForLayer",
                "ecr:GetRepositoryPolicy",
                "ecr:DescribeRepositories",
                "ecr:ListImages",
                "ecr:DescribeImages",
                "ecr:BatchGetImage",
            ];
            all.push(("ecr-pull", vec![allow(&actions, &[json!("*")])]));
        }
        if self.publishes {
            let bus = template.known(WellKnown::Bus);
            let statement = allow(&["events:PutEvents"], &[bus]);
            all.push(("eventbridge-publish", vec![statement]));
        }
        if let Some(queue) = &self.queue {
            let actions = [
                "sqs:SendMessage",
                "sqs:ReceiveMessage",
                "sqs:DeleteMessage",
                "sqs:GetQueueAttributes",
                "sqs:ChangeMessageVisibility",
            ];
            let statement = allow(&actions, std::slice::from_ref(queue));
            all.push(("sqs-subscribe", vec![statement]));
        }
        for (access, what, actions) in [
            (
                Access::Both,
                "s3-readwrite",
                &["s3:GetObject", "s3:PutObject"][..],
            ),
            (Access::Read, "s3-read-only", &["s3:GetObject"]),
            (Access::Write, "s3-write-only", &["s3:PutObject"]),
        ] {
            let buckets = self.buckets.iter().filter(|(of, _)| *of == access);
            let buckets: Vec<Value> = buckets.map(|(_, arn)| arn.clone()).collect();
            if buckets.is_empty() {
                continue;
            }
            let objects: Vec<Value> = buckets
                .iter()
                .map(|arn| join("", [arn.clone(), json!("/*")]))
                .collect();
            let lists = allow(&["s3:ListBucket", "s3:GetBucketLocation"], &buckets);
            all.push((what, vec![lists, allow(actions, &objects)]));
        }
        if !self.connects.is_empty() {
            let statement = allow(&["rds-db:connect"], &self.connects);
            all.push(("rds-connect", vec![statement]));
        }
        all
    }
}

fn allow(actions: &[&str], resources: &[Value]) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resources })
}
