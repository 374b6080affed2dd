//! Failures whose cause is known by their words: what it is, and what to do about it. The first that
//! fits is said; none is guessed.

/// What is known of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// In small letters: all words of one of these lists stand in it.
    of: &'static [&'static [&'static str]],
    /// What it is.
    pub means: &'static str,
    /// What to do.
    pub then: &'static str,
}

impl Rule {
    /// As one line.
    #[must_use]
    pub fn says(&self) -> String {
        format!("{}: {}", self.means, self.then)
    }
}

/// What is known of a failure with these words.
#[must_use]
pub(super) fn known(failure: &str) -> Option<&'static Rule> {
    let text = failure.to_lowercase();
    let fits = |words: &&[&str]| words.iter().all(|word| text.contains(word));
    RULES.iter().find(|rule| rule.of.iter().any(fits))
}

const fn rule(
    of: &'static [&'static [&'static str]],
    means: &'static str,
    then: &'static str,
) -> Rule {
    Rule { of, means, then }
}

/// The rules: what is said of one thing alone before what may be said of many.
static RULES: &[Rule] = &[
    rule(
        &[
            &["storage-full"],
            &["no space left on device"],
            &["disk", "is full"],
            &["could not extend file"],
        ],
        "a disk is full",
        "make it larger (of a database in RDS its AllocatedStorage), or make room on it, then retry",
    ),
    rule(
        &[
            &["lock timeout"],
            &["55p03"],
            &["could not obtain lock"],
            &["deadlock detected"],
        ],
        "another session of the database holds a lock that is needed",
        "end that session or wait for its end, then retry: what was carried out is not carried out twice",
    ),
    rule(
        &[
            &["too many connections"],
            &["remaining connection slots"],
            &["53300"],
        ],
        "the database server takes no more sessions",
        "end sessions that do nothing, or let fewer tasks connect, then retry",
    ),
    rule(
        &[
            &["cannotpullcontainer", "not found"],
            &["manifest unknown"],
            &["manifest for"],
            &["repository does not exist"],
        ],
        "the image is not in its registry",
        "push the image with this tag, or deploy a version that was pushed",
    ),
    rule(
        &[
            &["cannotpullcontainer"],
            &["pull access denied"],
            &["failed to pull image"],
        ],
        "the image cannot be pulled",
        "see that the execution role may pull it and that the subnets reach the registry (a NAT, or endpoints of ECR and S3), then retry",
    ),
    rule(
        &[
            &["resourceinitializationerror", "secret"],
            &["unable to pull secrets"],
            &["unable to retrieve secret"],
        ],
        "a task cannot read the secrets that it names",
        "see that the secret has a value, that the execution role may read it, and that the subnets reach Secrets Manager, then retry",
    ),
    rule(
        &[
            &["outofmemory"],
            &["out of memory"],
            &["oomkilled"],
            &["exit code 137"],
            &["exited with 137"],
        ],
        "a container needs more memory than it has",
        "give it more (`demand` of an o5 container, memory of its task definition), then deploy",
    ),
    rule(
        &[
            &["resource:memory"],
            &["resource:cpu"],
            &["unable to place a task"],
            &["insufficient", "container instance"],
        ],
        "the cluster has no room for the tasks",
        "add capacity to the cluster, or ask for less CPU and memory, then retry",
    ),
    rule(
        &[
            &["insufficientfreeaddresses"],
            &["not enough free", "address"],
            &["not have enough free ip"],
        ],
        "a subnet has no free addresses left",
        "name more or larger subnets, or end what holds addresses in them, then retry",
    ),
    rule(
        &[
            &["network interface", "limit"],
            &["eni", "limit exceeded"],
            &["networkinterfacelimit"],
        ],
        "the limit of network interfaces is reached",
        "ask for a higher limit in Service Quotas, or end what holds interfaces, then retry",
    ),
    rule(
        &[
            &["failed elb health checks"],
            &["failed container health checks"],
            &["health checks failed"],
            &["target.failedhealthchecks"],
        ],
        "tasks start and do not become healthy",
        "read what they log, and see that they answer on the path and port of the health check, then deploy what does",
    ),
    rule(
        &[
            &["circuit breaker"],
            &["essential container in task exited"],
            &["essentialcontainerexited"],
            &["did not stabilize"],
        ],
        "its new tasks do not stay up",
        "read the last lines that they log: the container says why it ends",
    ),
    rule(
        &[
            &["cnamealreadyexists"],
            &["alternate domain names"],
            &["already associated with a different resource"],
        ],
        "a host name is in use by another distribution",
        "take the name away there, or choose another, then retry",
    ),
    rule(
        &[&["already exists", "stack"], &["already exists in stack"]],
        "another stack has a resource of that name",
        "give one of them another name, then deploy",
    ),
    rule(
        &[
            &["already exists"],
            &["bucketalreadyownedbyyou"],
            &["entityalreadyexists"],
            &["alreadyexistsexception"],
        ],
        "there is something of that name already, which this stack did not make",
        "delete it if nobody needs it, import it, or choose another name, then retry",
    ),
    rule(
        &[
            &["bucketnotempty"],
            &["bucket you tried to delete is not empty"],
        ],
        "a bucket is not empty, and AWS deletes empty ones alone",
        "empty it, or leave it behind (U: recover), then retry",
    ),
    rule(
        &[
            &["is in use"],
            &["has a dependent object"],
            &["dependencyviolation"],
            &["being used by"],
        ],
        "something else uses what is to go",
        "end what uses it, then retry",
    ),
    rule(
        &[&["rate exceeded"], &["throttling"], &["too many requests"]],
        "AWS takes fewer calls than were made",
        "wait a few minutes, then retry",
    ),
    rule(
        &[
            &["limitexceeded"],
            &["limit exceeded"],
            &["quota"],
            &["maximum number"],
            &["limit", "is reached"],
        ],
        "a quota of the account is reached",
        "ask for more in Service Quotas, or remove what is not needed, then retry",
    ),
    rule(
        &[
            &["is not authorized to perform"],
            &["accessdenied"],
            &["access denied"],
            &["not authorized"],
        ],
        "a right is missing",
        "give the role that it names the action that it names, then retry",
    ),
    rule(
        &[
            &["invalid template"],
            &["template format error"],
            &["template error"],
            &["template validation error"],
        ],
        "AWS does not take the template",
        "mend what it names (`holdpoint render STACK` prints it), then deploy",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Words as AWS, Docker and Postgres say them.
    #[test]
    fn causes_are_known_by_their_words() {
        for (says, means) in [
            ("Db: storage-full", Some("a disk is full")),
            (
                "canceling statement due to lock timeout",
                Some("another session of the database holds a lock that is needed"),
            ),
            (
                "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref docker.io/x:v9: docker.io/x:v9: not found",
                Some("the image is not in its registry"),
            ),
            (
                "CannotPullContainerError: context canceled",
                Some("the image cannot be pulled"),
            ),
            (
                "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed",
                Some("a task cannot read the secrets that it names"),
            ),
            (
                "OutOfMemoryError: Container killed due to memory usage",
                Some("a container needs more memory than it has"),
            ),
            (
                "service web was unable to place a task because no container instance met all of its requirements",
                Some("the cluster has no room for the tasks"),
            ),
            (
                "Task failed ELB health checks in (target-group arn)",
                Some("tasks start and do not become healthy"),
            ),
            (
                "ECS Deployment Circuit Breaker was triggered",
                Some("its new tasks do not stay up"),
            ),
            (
                "shop.assets already exists in stack arn:aws:cloudformation:x",
                Some("another stack has a resource of that name"),
            ),
            (
                "orders already exists",
                Some("there is something of that name already, which this stack did not make"),
            ),
            (
                "User: arn:aws:sts::1:assumed-role/x is not authorized to perform: ecs:RunTask",
                Some("a right is missing"),
            ),
            (
                "Rate exceeded (Service: Ecs)",
                Some("AWS takes fewer calls than were made"),
            ),
            (
                "The limit of 5000 alarms in this account is reached (Service: CloudWatch, Status Code: 400)",
                Some("a quota of the account is reached"),
            ),
            ("exit status 3", None),
            ("", None),
        ] {
            assert_eq!(known(says).map(|rule| rule.means), means, "{says}");
        }
    }

    #[test]
    fn every_rule_says_what_to_do_in_words_that_can_be_met() {
        for rule in RULES {
            assert!(!rule.means.is_empty() && !rule.then.is_empty());
            for words in rule.of {
                assert!(!words.is_empty());
                let text = words.join(" ");
                assert_eq!(text, text.to_lowercase(), "what is met is in small letters");
            }
        }
    }
}
