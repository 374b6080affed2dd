//! Worlds for tests, made as real ones are: by applying events. `scene()` has one stack in every state that matters.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::domain::deployment::{Cause, DeploymentEvent, End, Parent, Request, Stopping};
use crate::domain::digest::Digest;
use crate::domain::environment::{AwsTarget, Class, EnvironmentEvent, EnvironmentRecord, Freeze, Mode, OnFailure, QueuePolicy};
use crate::domain::estate::{Catalog, Entry};
use crate::domain::event::{Event, Stored, StreamId};
use crate::domain::failure::{Failure, Retry};
use crate::domain::hold::{CardLine, Decision, Hold, HoldKind, Verdict};
use crate::domain::ids::{AskId, DeploymentId, DeploymentNo, HoldId, StackId};
use crate::domain::level::{Danger, Level};
use crate::domain::lifecycle::Flag;
use crate::domain::look::{Health, PartSeen, Sight, Sights};
use crate::domain::person::Person;
use crate::domain::plan::{ChangeRow, Choice, Finaliser, HoldRule, HoldWhen, Output, Plan, Step};
use crate::domain::request::{SourceBundle, Spec};
use crate::domain::sighting::{SERVE, Seen, Sighting, THING};
use crate::domain::stack::{Left, Place, Purpose, Queued, StackEvent};
use crate::domain::time::Time;

use crate::forms::cloudformation::StackFacts;

mod parts;

use super::{EngineSeen, World};

/// The time of every scene: 2026-03-12T14:03:22Z.
pub const NOW: Time = Time(1_773_324_202_000);

/// A stack's id.
pub fn id(text: &str) -> StackId {
    text.parse().unwrap()
}

/// This many seconds before [`NOW`].
pub fn ago(secs: u64) -> Time {
    NOW - Duration::from_secs(secs)
}

/// A record of an environment.
pub fn record(class: Class) -> EnvironmentRecord {
    EnvironmentRecord {
        class,
        account: Some("441200007731".to_owned()),
        aws: Some(AwsTarget { region: Some("eu-west-1".to_owned()), ..AwsTarget::default() }),
        on_failure: OnFailure::Break,
        queue: QueuePolicy::Queue,
        mode: Mode::Deploy,
        min_level: None,
        hold_expiry: Duration::from_hours(24),
    }
}

/// A spec of the service system.
pub fn spec(release: &str, parameters: &Value) -> Spec {
    Spec {
        system: "service".to_owned(),
        release: release.to_owned(),
        body: json!({ "input": { "parameters": parameters } }),
        bundle: SourceBundle::default().digest(),
        about: Vec::new(),
        watch_logs: Vec::new(),
    }
}

/// The change rows of an update; `replace` adds a replaced database.
pub fn rows(replace: bool) -> Vec<ChangeRow> {
    let row = |logical: &str, kind: &str, replacement: &str, properties: &[&str]| ChangeRow {
        logical: logical.to_owned(),
        kind: kind.to_owned(),
        action: "Modify".to_owned(),
        replacement: replacement.to_owned(),
        scope: vec!["Properties".to_owned()],
        properties: properties.iter().map(|p| (*p).to_owned()).collect(),
    };
    let mut rows = vec![row("Service", "AWS::ECS::Service", "False", &["TaskDefinition"])];
    if replace {
        rows.push(row("Database", "AWS::RDS::DBInstance", "True", &["StorageType"]));
    }
    rows
}

fn step(id: &str, title: &str, kind: &str, after: &[&str], only: Option<&str>) -> Step {
    let step = Step { changes: !kind.starts_with("eval"), ..Step::new(id, title, kind, json!({})).after(after) };
    match only {
        Some(branch) => step.only("join", branch),
        None => step,
    }
}

/// The plan of a service that is there, as the planner makes it.
pub fn update_plan(replace: bool) -> Plan {
    let mut steps = vec![
        step("change-set", "make the change set", "cloudformation.change-set", &[], None),
        step("join", "what would change", "eval.join", &["change-set"], None),
        step("execute", "update", "cloudformation.execute", &["join"], Some("update")),
        step("verify", "verify", "cloudformation.verify", &["execute"], None),
        step("scale-down", "scale to zero", "cloudformation.scale", &["join"], Some("downtime")),
        step("change-set-2", "make the change set again", "cloudformation.change-set", &["scale-down"], None),
        step("execute-2", "update", "cloudformation.execute", &["change-set-2"], None),
        step("scale-up", "scale up", "cloudformation.scale", &["execute-2"], None),
        step("verify-2", "verify", "cloudformation.verify", &["scale-up"], None),
        step("restore", "restore service", "hold.decision", &["scale-down"], None),
        step("restore-old", "old release up", "cloudformation.scale", &["restore"], None),
        step("restore-new", "new release up", "cloudformation.scale", &["restore"], None),
    ];
    for step in &mut steps {
        match step.id.as_str() {
            "scale-down" => {
                step.scales = true;
                step.params = json!({ "counts": { "DesiredCount": "0" } });
                step.hold = Some(HoldRule { kind: HoldKind::Downtime, when: HoldWhen::Always, choices: vec![], never_expires: false });
            }
            "scale-up" => {
                step.scales = true;
                step.params = json!({ "counts": { "DesiredCount": "6" } });
            }
            "restore" => {
                step.finaliser = Some(Finaliser::BadEnd);
                step.changes = false;
                step.hold =
                    Some(HoldRule { kind: HoldKind::RestoreService, when: HoldWhen::Always, choices: choices(), never_expires: true });
            }
            "restore-old" | "restore-new" => {
                step.finaliser = Some(Finaliser::BadEnd);
                step.scales = true;
                step.params = json!({ "counts": { "DesiredCount": "6" } });
                step.only_if = Some(("restore".into(), step.id.as_str().trim_start_matches("restore-").to_owned()));
            }
            _ => {}
        }
    }
    Plan {
        name: "update".to_owned(),
        steps,
        rows: Some(rows(replace)),
        danger: Danger { replaces: replace, downtime: replace, ..Danger::default() },
        loses: if replace { vec!["Database".to_owned()] } else { vec![] },
        says: vec!["a replaced database starts empty".to_owned()],
        branch: Some(if replace { "downtime" } else { "update" }.to_owned()),
        finish_independent: false,
    }
}

fn choices() -> Vec<Choice> {
    [("old", "the old release up again"), ("new", "the new release up"), ("down", "stay down")]
        .map(|(name, does)| Choice { name: name.to_owned(), does: does.to_owned() })
        .to_vec()
}

/// A world under construction, with the log that makes it.
pub struct Scene {
    /// The world so far.
    pub world: World,
    /// Every event, in order.
    pub log: Vec<Stored>,
    /// The time of the next events.
    pub at: Time,
}

/// A CloudFormation stack in this status, as its eye tells it.
pub fn seen(status: &str) -> Sight {
    StackFacts { status: status.to_owned(), ..StackFacts::default() }.sight("shop")
}

impl Scene {
    /// Nothing yet: an engine runs, ana looks.
    pub fn new() -> Self {
        let engine = EngineSeen::Live { pid: 4711, version: "0.1.0".to_owned() };
        let catalog = Arc::new(Catalog { file: "holdpoint.yaml".to_owned(), ..Catalog::default() });
        let world = World { engine, you: "ana".to_owned(), at: NOW, catalog, loaded: true, ..World::default() };
        Self { world, log: Vec::new(), at: ago(86_400) }
    }

    /// Sets the time of the next events to this many seconds before [`NOW`].
    pub fn ago(&mut self, secs: u64) -> &mut Self {
        self.at = ago(secs);
        self
    }

    /// Appends an event.
    pub fn event(&mut self, stream: StreamId, event: Event, by: Person) {
        let stored = Stored {
            seq: self.log.len() as u64 + 1,
            version: self.world.folds.version(&stream) + 1,
            stream,
            at: self.at,
            person: by,
            cause: None,
            event: Ok(event),
        };
        self.world.folds.apply(&stored);
        assert!(self.world.folds.broken.is_empty(), "{:?}", self.world.folds.broken);
        Arc::make_mut(&mut self.world.recent).push_back(Arc::new(stored.clone()));
        self.log.push(stored);
    }

    /// An environment, in the file and in the store.
    pub fn env(&mut self, name: &str, class: Class) -> &mut Self {
        let name: crate::domain::ids::EnvName = name.parse().unwrap();
        let record = record(class);
        Arc::make_mut(&mut self.world.catalog).environments.insert(name.clone(), record.clone());
        self.event(StreamId::Environment(name.clone()), Event::Environment(EnvironmentEvent::Configured { record }), ana());
        let identity = Seen::Identity {
            account: "441200007731".to_owned(),
            arn: "arn:aws:sts::441200007731:assumed-role/deployer/ana".into(),
            region: "eu-west-1".to_owned(),
            expires_at: Some(NOW + Duration::from_mins(52)),
        };
        self.sighting(&format!("environment/{name}"), "identity", identity, 12);
        self
    }

    /// Names a stack in the estate file.
    pub fn listed(&mut self, stack: &str, spec: Result<Spec, String>) -> &mut Self {
        let entry = Entry { spec, bundle: SourceBundle::default(), depends_on: Vec::new() };
        Arc::make_mut(&mut self.world.catalog).stacks.insert(id(stack), entry);
        self
    }

    /// Records what was seen.
    pub fn sighting(&mut self, subject: &str, source: &str, value: Seen, secs_ago: u64) -> &mut Self {
        let sighting = Sighting { value, taken_at: ago(secs_ago), stale: None };
        self.world.sightings.insert((subject.to_owned(), source.to_owned()), sighting);
        self
    }

    /// Running and desired tasks.
    pub fn serve(&mut self, stack: &str, running: u32, desired: u32) -> &mut Self {
        self.sighting(&format!("stack/{stack}"), SERVE, Seen::Serve { running, desired }, 2)
    }

    /// The CloudFormation stack.
    pub fn cfn(&mut self, stack: &str, status: &str, secs_ago: u64, parts: Vec<PartSeen>) -> &mut Self {
        let sight = Sight { changed_at: Some(ago(secs_ago)), parts, ..seen(status) };
        self.sighting(&format!("stack/{stack}"), THING, Seen::Thing { sight }, 2)
    }

    /// The last looks at a stack failed.
    pub fn stale(&mut self, stack: &str, why: &str) -> &mut Self {
        for (key, sighting) in &mut self.world.sightings {
            if key.0 == format!("stack/{stack}") {
                sighting.stale = Some(why.into());
            }
        }
        self
    }

    /// An event of a deployment, by the engine.
    pub fn on(&mut self, d: DeploymentId, event: DeploymentEvent) -> &mut Self {
        self.event(StreamId::Deployment(d), Event::Deployment(Box::new(event)), Person::Engine);
        self
    }

    /// An event of a stack, by the engine.
    pub fn on_stack(&mut self, stack: &str, event: StackEvent) -> &mut Self {
        self.event(StreamId::Stack(id(stack)), Event::Stack(event), Person::Engine);
        self
    }

    /// Asks for a deployment and queues it.
    pub fn ask(&mut self, stack: &str, spec: Spec, armed_for: Option<u64>, after: &[DeploymentId]) -> DeploymentId {
        self.asked(stack, spec, armed_for, after, None)
    }

    fn asked(&mut self, stack: &str, spec: Spec, armed_for: Option<u64>, after: &[DeploymentId], parent: Option<Parent>) -> DeploymentId {
        let nth = self.world.folds.last_no + 1;
        let no = DeploymentNo(nth.max(2_290));
        let deployment = parent.as_ref().map_or_else(|| DeploymentId(Uuid::from_u128(u128::from(no.0))), Parent::child);
        let not_before = armed_for.map(|secs| NOW + Duration::from_secs(secs));
        let cause =
            Cause { ask: AskId(Uuid::from_u128(1)), by: ana(), via: "console".to_owned(), reason: String::new(), of: String::new() };
        let system = spec.system.clone();
        let request = Request {
            no,
            stack: id(stack),
            purpose: Purpose::Deploy,
            spec,
            cause,
            parent,
            env_version: 1,
            account: Some("441200007731".to_owned()),
            aws: None,
            on_failure: OnFailure::Break,
            not_before,
            after: after.to_vec(),
            seen: None,
            retry_of: None,
            recover: None,
        };
        self.event(
            StreamId::Deployment(deployment),
            Event::Deployment(Box::new(DeploymentEvent::Created { request: Box::new(request) })),
            ana(),
        );
        let entry = Queued { deployment, no, purpose: Purpose::Deploy, not_before, after: after.to_vec() };
        self.event(StreamId::Stack(id(stack)), Event::Stack(StackEvent::Requested { system, entry, place: Place::Tail }), ana());
        deployment
    }

    /// Starts a queued deployment with a plan, up to RUNNING.
    pub fn start(&mut self, stack: &str, deployment: DeploymentId, plan: Plan) -> &mut Self {
        let first = self.world.folds.stack(&id(stack)).is(Flag::LookFirst);
        self.on_stack(stack, if first { StackEvent::FoundMissing { deployment } } else { StackEvent::Popped { deployment } });
        let digest = plan.digest();
        self.on(deployment, DeploymentEvent::Triggered)
            .on(deployment, DeploymentEvent::StackWait)
            .on(deployment, DeploymentEvent::StackAvailable { found: [seen("UPDATE_COMPLETE")].into_iter().collect() })
            .on(deployment, DeploymentEvent::Planned { plan: Box::new(plan), digest, carried: Vec::new() })
            .on(deployment, DeploymentEvent::RunSteps)
    }

    /// Starts a step.
    pub fn begin(&mut self, d: DeploymentId, step: &str) -> &mut Self {
        let deadline = self.at + Duration::from_hours(1);
        self.on(d, DeploymentEvent::StepStarted { step: step.into(), attempt: 1, subject: None, params: json!({}), deadline })
    }

    /// Starts a step and ends it well after some seconds.
    pub fn done(&mut self, d: DeploymentId, step: &str, secs: u64, output: Value) -> &mut Self {
        self.begin(d, step);
        self.at = self.at + Duration::from_secs(secs);
        self.on(d, DeploymentEvent::StepDone { step: step.into(), output: Output { public: output, secrets: Vec::new() } })
    }

    /// Fails a step that runs.
    pub fn fail_step(&mut self, d: DeploymentId, step: &str, failure: Failure) -> &mut Self {
        self.on(d, DeploymentEvent::StepFailed { step: step.into(), failure, retry_at: None })
            .on(d, DeploymentEvent::Stopping { stopping: Stopping::Failing })
    }

    /// Opens a hold.
    pub fn hold(&mut self, d: DeploymentId, step: &str, kind: HoldKind, lines: &[(&str, &str)]) -> HoldId {
        let fold = self.world.folds.deployments[&d].clone();
        let hold_id = HoldId { no: fold.no(), step: step.into(), nth: 1 };
        let env = fold.stack().unwrap().env.clone();
        let restore = kind == HoldKind::RestoreService;
        let hold = Hold {
            id: hold_id.clone(),
            kind,
            level: Level::L3,
            phrase: if restore { format!("{env} restore") } else { format!("{env} down") },
            subject: Digest::of("test", &json!({ "no": fold.no().0, "step": step })),
            choices: if restore { choices() } else { Vec::new() },
            lines: lines.iter().map(|(label, text)| CardLine { label: (*label).to_owned(), text: (*text).to_owned() }).collect(),
            opened_at: self.at,
            expires_at: (!restore).then(|| self.at + Duration::from_hours(24)),
            decision: None,
        };
        self.on(d, DeploymentEvent::HoldOpened { hold: Box::new(hold) });
        hold_id
    }

    /// Approves a hold.
    pub fn approve(&mut self, d: DeploymentId, hold: &HoldId) -> &mut Self {
        let subject = self.world.folds.hold(hold).unwrap().1.subject;
        let decision = Decision { verdict: Verdict::Approved { subject, choice: None }, by: ana(), at: self.at, note: String::new() };
        let event = DeploymentEvent::HoldDecided { hold: hold.clone(), decision };
        self.event(StreamId::Deployment(d), Event::Deployment(Box::new(event)), ana());
        self
    }

    /// Ends a deployment, and its stack with it.
    pub fn end(&mut self, stack: &str, deployment: DeploymentId, end: End) -> &mut Self {
        let release = self.world.folds.deployments[&deployment].request.as_ref().unwrap().spec.release.clone();
        match end {
            End::Done => {
                self.on(deployment, DeploymentEvent::Done)
                    .on_stack(stack, StackEvent::Succeeded { deployment, release: Some(release), as_before: false });
                if self.world.folds.stack(&id(stack)).is(Flag::Settles) {
                    self.on_stack(stack, StackEvent::QueueEmpty);
                }
            }
            End::Partial { arrived, missing } => {
                let reason = End::shortfall(&arrived, &missing);
                self.on(deployment, DeploymentEvent::Partial { arrived, missing })
                    .on_stack(stack, StackEvent::Failed { deployment, reason, left: Left::Before });
            }
            End::Failed { failure } => {
                let reason = failure.summary.clone();
                self.on(deployment, DeploymentEvent::Error { failure })
                    .on_stack(stack, StackEvent::Failed { deployment, reason, left: Left::Before });
            }
            End::Terminated { reason, by } => {
                self.on(deployment, DeploymentEvent::Terminated { reason, by }).on_stack(stack, StackEvent::Withdrawn { deployment });
            }
        }
        self
    }

    /// A good update that took its usual time.
    pub fn good(&mut self, stack: &str, spec: Spec) -> DeploymentId {
        let d = self.ask(stack, spec, None, &[]);
        self.start(stack, d, update_plan(false))
            .done(d, "change-set", 12, json!({ "empty": false }))
            .done(d, "join", 0, json!({ "branch": "update" }))
            .done(d, "execute", 70, json!({}))
            .done(d, "verify", 20, json!({}))
            .end(stack, d, End::Done);
        d
    }

    /// The scene with one stack in every state that matters.
    pub fn whole() -> Scene {
        let mut s = Scene::new();
        for (env, class) in
            [("prod-eu", Class::Production), ("prod-us", Class::Production), ("staging", Class::Staging), ("dev", Class::Development)]
        {
            s.env(env, class);
        }
        let now = spec("412", &json!({ "AllocatedStorage": "100" }));
        let next = spec("413", &json!({ "AllocatedStorage": "100" }));
        for stack in [
            "prod-eu/orders",
            "prod-eu/web",
            "prod-us/orders",
            "prod-us/billing",
            "prod-us/web",
            "staging/orders",
            "staging/web",
            "staging/billing",
            "dev/orders",
            "dev/web",
            "dev/billing",
            "dev/search",
        ] {
            s.listed(stack, Ok(next.clone()));
            s.ago(80_000).good(stack, spec("411", &json!({ "AllocatedStorage": "100" })));
            s.ago(70_000).good(stack, now.clone());
            s.serve(stack, 6, 6).cfn(stack, "UPDATE_COMPLETE", 69_000, vec![]);
        }
        s.listed("dev/reports", Ok(spec("1", &json!({})))).listed("dev/mail", Err("mail.yaml: line 3: no such parameter".to_owned()));
        s.seen_before();
        s.rolling("prod-eu/orders", next.clone());
        s.waiting_for_a_predecessor("prod-eu/web", next.clone());
        s.held("prod-us/orders", next.clone());
        s.down("prod-us/billing", next.clone());
        s.frozen("prod-us/web", next.clone());
        s.running("staging/orders", next.clone());
        s.broken("staging/web", next.clone());
        s.outside("staging/billing");
        s.ago(1).ask("dev/web", next.clone(), Some(4), &[]);
        s.unknown("dev/billing", next);
        s.stale("dev/search", "credentials expired; run `aws sso login --profile dev`");
        s.failed_script("dev/chores");
        s
    }

    /// The failure that `prod-eu/orders` has now, on staging long ago, and what fixed it.
    fn seen_before(&mut self) {
        let stack = "staging/orders";
        let d = self.ago(60_000).ask(stack, spec("405", &json!({ "AllocatedStorage": "100" })), None, &[]);
        self.start(stack, d, update_plan(false))
            .done(d, "change-set", 12, json!({}))
            .done(d, "join", 0, json!({ "branch": "update" }))
            .begin(d, "execute");
        let failure = Failure::new("DBInstance: storage-full on volume vol-0a1b2c").hint("give the database more storage");
        self.fail_step(d, "execute", failure.clone()).end(stack, d, End::Failed { failure });
        self.on_stack(stack, StackEvent::Unblocked { way: "free".to_owned() }).on_stack(stack, StackEvent::QueueEmpty);
        self.ago(50_000).good(stack, spec("412", &json!({ "AllocatedStorage": "200" })));
    }

    fn rolling(&mut self, stack: &str, spec: Spec) {
        let d = self.ago(680).ask(stack, spec, None, &[]);
        self.start(stack, d, update_plan(false)).done(d, "change-set", 12, json!({})).done(d, "join", 0, json!({ "branch": "update" }));
        self.ago(660).begin(d, "execute");
        let failed = |name: &str, health, reason: &str, secs| PartSeen {
            name: name.into(),
            kind: "AWS::RDS::DBInstance".into(),
            health,
            words: "UPDATE_FAILED".into(),
            reason: reason.into(),
            at: ago(secs),
        };
        let parts = vec![
            failed("DBInstance", Health::Failed, "storage-full", 31),
            failed("Service", Health::Stopped, "Resource update cancelled", 30),
            failed("Cache", Health::Stopped, "Resource update cancelled", 30),
        ];
        self.serve(stack, 5, 6).cfn(stack, "UPDATE_ROLLBACK_IN_PROGRESS", 30, parts);
    }

    fn waiting_for_a_predecessor(&mut self, stack: &str, spec: Spec) {
        let first = self.world.folds.stack(&id("prod-eu/orders")).current.unwrap();
        self.ago(240).ask(stack, spec, None, &[first]);
    }

    fn held(&mut self, stack: &str, spec: Spec) {
        let d = self.ago(560).ask(stack, spec, None, &[]);
        self.start(stack, d, update_plan(true)).done(d, "change-set", 12, json!({})).done(d, "join", 0, json!({ "branch": "downtime" }));
        let lines = [
            ("STEP", "scale to zero"),
            ("DOES", "scale 6>0, replace Database, scale 0>6"),
            ("DOWNTIME", "3m10s likely"),
            ("REPLACES", "Database (AWS::RDS::DBInstance)"),
            ("IF NOBODY", "rejects at expiry; the service stays at 6"),
        ];
        self.ago(540).hold(d, "scale-down", HoldKind::Downtime, &lines);
    }

    fn down(&mut self, stack: &str, spec: Spec) {
        let d = self.ago(420).ask(stack, spec, None, &[]);
        self.start(stack, d, update_plan(true)).done(d, "change-set", 12, json!({})).done(d, "join", 0, json!({ "branch": "downtime" }));
        let hold = self.hold(d, "scale-down", HoldKind::Downtime, &[("DOWNTIME", "3m10")]);
        self.ago(300).approve(d, &hold).done(d, "scale-down", 48, json!({})).done(d, "change-set-2", 12, json!({})).begin(d, "execute-2");
        self.ago(120).fail_step(d, "execute-2", Failure::new("Database: snapshot not found").hint("choose a release and bring it up"));
        self.hold(d, "restore", HoldKind::RestoreService, &[("STEP", "restore service"), ("DOES", "bring the service up again")]);
        self.serve(stack, 0, 0);
    }

    fn frozen(&mut self, stack: &str, spec: Spec) {
        let until = Some(NOW + Duration::from_hours(2));
        let freeze = Freeze { reason: "INC-881".to_owned(), by: ana(), at: ago(3_600), until };
        self.ago(3_600).event(StreamId::Stack(id(stack)), Event::Stack(StackEvent::StackFrozen { freeze }), ana());
        self.ago(240).ask(stack, spec, None, &[]);
    }

    fn running(&mut self, stack: &str, spec: Spec) {
        let d = self.ago(52).ask(stack, spec, None, &[]);
        self.start(stack, d, update_plan(false)).done(d, "change-set", 12, json!({})).done(d, "join", 0, json!({ "branch": "update" }));
        self.begin(d, "execute").cfn(stack, "UPDATE_IN_PROGRESS", 40, vec![]);
    }

    fn broken(&mut self, stack: &str, spec: Spec) {
        let d = self.ago(900).ask(stack, spec, None, &[]);
        self.start(stack, d, update_plan(false))
            .done(d, "change-set", 12, json!({}))
            .done(d, "join", 0, json!({ "branch": "update" }))
            .begin(d, "execute");
        let failure = Failure::new("web/Listener: certificate not found").hint("name a certificate of this region");
        self.ago(660).fail_step(d, "execute", failure.clone()).end(stack, d, End::Failed { failure });
        self.cfn(stack, "UPDATE_ROLLBACK_COMPLETE", 660, vec![]);
    }

    fn outside(&mut self, stack: &str) {
        self.cfn(stack, "UPDATE_IN_PROGRESS", 75, vec![]);
    }

    fn unknown(&mut self, stack: &str, spec: Spec) {
        let d = self.ago(400).ask(stack, spec, None, &[]);
        self.start(stack, d, update_plan(false)).begin(d, "change-set");
        let failure = Failure::new("the answer was lost after CreateChangeSet").retry(Retry::AskAPerson).hint("look in the console");
        self.ago(350).on(d, DeploymentEvent::StepLost { step: "change-set".into(), failure });
    }

    fn failed_script(&mut self, stack: &str) {
        let spec = Spec { system: "script".to_owned(), ..spec("9c", &json!({})) };
        self.listed(stack, Ok(spec.clone()));
        let d = self.ago(300).ask(stack, spec, None, &[]);
        let plan =
            Plan { steps: vec![step("migrate", "./migrate up", "process.run", &[], None)], rows: None, branch: None, ..update_plan(false) };
        self.on_stack(stack, StackEvent::Started { deployment: d });
        let digest = plan.digest();
        self.on(d, DeploymentEvent::Triggered)
            .on(d, DeploymentEvent::StackWait)
            .on(d, DeploymentEvent::StackAvailable { found: Sights::default() })
            .on(d, DeploymentEvent::Planned { plan: Box::new(plan), digest, carried: Vec::new() })
            .on(d, DeploymentEvent::RunSteps)
            .begin(d, "migrate");
        let failure = Failure::new("migrate: exit code 3: table orders is locked");
        self.ago(280).fail_step(d, "migrate", failure.clone()).end(stack, d, End::Failed { failure });
    }
}

impl Default for Scene {
    fn default() -> Self {
        Self::new()
    }
}

/// The whole scene's world.
pub fn scene() -> World {
    Scene::whole().world
}

fn ana() -> Person {
    Person::Owner("ana".to_owned())
}
