use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clap::{CommandFactory as _, Parser as _};
use serde_json::{Value, json};

use crate::desk::{Batch, Begin, Desk, NotAsked, Reading, TailOf};
use crate::domain::ask::{Answer, Ask, AskState, Intent, Refused};
use crate::domain::card::Card;
use crate::domain::deployment::{Deployment, DeploymentEvent, End};
use crate::domain::diagnostic::Diagnostic;
use crate::domain::digest::Digest;
use crate::domain::environment::Class;
use crate::domain::estate::Estate;
use crate::domain::event::Stored;
use crate::domain::hold::CardLine;
use crate::domain::ids::{AskId, DeploymentNo, StackId};
use crate::domain::level::{Level, Verb as Doing};
use crate::domain::line::Line;
use crate::world::World;
use crate::world::fixture::{self, NOW, Scene};

use super::*;

mod doctor;
mod documents;
mod exits;
mod logs;

/// What `sandbox` takes in the program; nothing here.
#[derive(Debug, clap::Args)]
struct Nothing {}

/// A desk that answers from a script and records what was asked.
#[derive(Default)]
struct Double {
    world: Mutex<Arc<World>>,
    asked: Mutex<Vec<Ask>>,
    answers: Mutex<VecDeque<Answer>>,
    states: Mutex<BTreeMap<AskId, AskState>>,
    log: Vec<Stored>,
    lines: Mutex<Vec<Line>>,
    tailed: Mutex<Vec<(TailOf, Begin)>>,
    reading: Reading,
    estate: Option<(Loaded, Trust)>,
}

impl Desk for Double {
    fn submit(&self, ask: Ask) -> Result<AskId, NotAsked> {
        let mut asked = self.asked.lock().unwrap();
        asked.push(ask);
        let id = AskId(uuid::Uuid::from_u128(asked.len() as u128));
        let answer = self
            .answers
            .lock()
            .unwrap()
            .pop_front()
            .expect("an answer for every ask");
        self.states
            .lock()
            .unwrap()
            .insert(id, AskState::Answered { answer });
        Ok(id)
    }
    fn state(&self, id: AskId) -> AskState {
        self.states
            .lock()
            .unwrap()
            .get(&id)
            .cloned()
            .unwrap_or(AskState::Asked)
    }
    fn world(&self) -> Arc<World> {
        Arc::clone(&self.world.lock().unwrap())
    }
    fn watch(&self, _: &[StackId]) {}
    fn tail(&self, _: &TailOf) {}
    fn drain(&self, _: &TailOf) -> Batch {
        Batch {
            lines: std::mem::take(&mut self.lines.lock().unwrap()),
            dropped: 0,
        }
    }
    fn untail(&self, _: &TailOf) {}
}

impl Patient for Double {
    fn tail_from(&self, of: &TailOf, begin: Begin) {
        self.tailed.lock().unwrap().push((of.clone(), begin));
    }
    fn reading(&self, _: &TailOf) -> Reading {
        self.reading.clone()
    }
    fn changed(&self, _: Duration) -> bool {
        true
    }
    fn newest(&self, seq: u64, limit: usize) -> Result<Vec<Stored>, String> {
        Ok(self
            .log
            .iter()
            .rev()
            .filter(|s| seq == 0 || s.seq <= seq)
            .take(limit)
            .cloned()
            .collect())
    }
    fn history(&self, stack: &StackId, limit: usize) -> Result<Vec<Deployment>, String> {
        Ok(self
            .world()
            .deployments_of(stack)
            .into_iter()
            .take(limit)
            .map(|d| (**d).clone())
            .collect())
    }
    fn numbered(&self, no: DeploymentNo) -> Result<Option<Deployment>, String> {
        Ok(self.world().folds.by_no(no).map(|d| (**d).clone()))
    }
}

struct Shared(Arc<Double>);

macro_rules! forward {
    ($($name:ident($($arg:ident: $type:ty),*) -> $out:ty;)*) => { $(fn $name(&self, $($arg: $type),*) -> $out { self.0.$name($($arg),*) })* };
}

impl Desk for Shared {
    forward! {
        submit(ask: Ask) -> Result<AskId, NotAsked>;
        state(id: AskId) -> AskState;
        world() -> Arc<World>;
        watch(stacks: &[StackId]) -> ();
        tail(of: &TailOf) -> ();
        drain(of: &TailOf) -> Batch;
        untail(of: &TailOf) -> ();
    }
}

impl Patient for Shared {
    forward! {
        tail_from(of: &TailOf, begin: Begin) -> ();
        reading(of: &TailOf) -> Reading;
        changed(limit: Duration) -> bool;
        newest(seq: u64, limit: usize) -> Result<Vec<Stored>, String>;
        history(stack: &StackId, limit: usize) -> Result<Vec<Deployment>, String>;
        numbered(no: DeploymentNo) -> Result<Option<Deployment>, String>;
    }
}

/// A program around the verbs whose time passes with every look at it.
struct TestGround {
    desk: Arc<Double>,
    now: Mutex<Time>,
}

impl Ground for TestGround {
    fn estate(&self) -> Result<Loaded, Unread> {
        let none = || {
            Unread::None(Stop::wrong(
                "estate",
                "there is no estate file here; name one with --estate",
            ))
        };
        self.desk
            .estate
            .as_ref()
            .map(|(loaded, _)| loaded.clone())
            .ok_or_else(none)
    }
    fn examine(&self) -> Result<Examined, Stop> {
        let loaded = self.estate()?;
        let what = Diagnostic::of_file(
            "word",
            "holdpoint.yaml",
            "class must be one of production",
            "",
        );
        Ok(Examined {
            file: loaded.file.clone(),
            loaded: Some(loaded),
            found: what.into(),
        })
    }
    fn standing(&self, _: &Loaded) -> Result<Trust, Stop> {
        Ok(self
            .desk
            .estate
            .as_ref()
            .map_or(Trust::New, |(_, trust)| trust.clone()))
    }
    fn trust(&self, _: &Loaded) -> Result<(), Stop> {
        Ok(())
    }
    fn desk(&self) -> Result<Box<dyn Patient + '_>, Stop> {
        Ok(Box::new(Shared(Arc::clone(&self.desk))))
    }
    fn facts(&self) -> Vec<Fact> {
        vec![Fact::right("data folder", "mode 0700")]
    }
    fn map(&self, lifecycle: &Lifecycle) -> String {
        lifecycle.name.to_owned()
    }
    fn now(&self) -> Time {
        let mut now = self.now.lock().unwrap();
        let at = *now;
        *now = at + Duration::from_millis(200);
        at
    }
}

struct Ran {
    code: Code,
    out: String,
    err: String,
    asked: Vec<Ask>,
    tailed: Vec<(TailOf, Begin)>,
}

/// Runs a command over the scene; `typed` is what a person types, where there is one.
fn run_with(
    words: &str,
    answers: Vec<Answer>,
    typed: Option<&[&str]>,
    change: impl FnOnce(&mut Scene, &mut Double),
) -> Ran {
    let mut scene = Scene::whole();
    let mut desk = Double {
        log: scene.log.clone(),
        answers: Mutex::new(answers.into()),
        ..Double::default()
    };
    change(&mut scene, &mut desk);
    desk.world = Mutex::new(Arc::new(scene.world));
    let desk = Arc::new(desk);
    let place = TestGround {
        desk: Arc::clone(&desk),
        now: Mutex::new(NOW),
    };
    let argv: Vec<String> = std::iter::once("holdpoint".to_owned())
        .chain(words.split('|').map(|w| w.trim().to_owned()))
        .collect();
    let program = Program::<Nothing>::try_parse_from(&argv).unwrap_or_else(|why| panic!("{why}"));
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut typed_lines: VecDeque<String> = typed
        .unwrap_or_default()
        .iter()
        .map(|line| (*line).to_owned())
        .collect();
    let code = {
        let mut hands = Hands {
            out: &mut out,
            err: &mut err,
            interactive: typed.is_some(),
            colour: false,
            argv,
            read_line: &mut || Ok(typed_lines.pop_front()),
        };
        run(
            program.verb.expect("a verb"),
            &program.common,
            &place,
            &mut hands,
        )
    };
    let asked = desk.asked.lock().unwrap().clone();
    let tailed = desk.tailed.lock().unwrap().clone();
    Ran {
        code,
        out: String::from_utf8(out).unwrap(),
        err: String::from_utf8(err).unwrap(),
        asked,
        tailed,
    }
}

/// An estate file that is trusted for what it names.
fn estate() -> (Loaded, Trust) {
    let reach = serde_json::from_value(json!(["environment dev (DEV): any account"])).unwrap();
    let loaded = Loaded {
        estate: Estate::default(),
        file: "holdpoint.yaml".into(),
        folder: PathBuf::new(),
        systems: &[],
        reach,
        practice: false,
    };
    (loaded, Trust::Trusted)
}

fn run_words(words: &str, answers: Vec<Answer>, typed: Option<&[&str]>) -> Ran {
    run_with(words, answers, typed, |_, _| {})
}

fn card(level: Level, phrase: Option<&str>) -> Answer {
    Answer::Card {
        card: Box::new(Card {
            verb: Doing::Teardown,
            env: "dev".parse().unwrap(),
            class: Class::Development,
            account: "441200007731".to_owned(),
            region: "eu-west-1".to_owned(),
            stack: Some(fixture::id("dev/orders")),
            level,
            why: "a stack goes".to_owned(),
            phrase: phrase.map(str::to_owned),
            needs_reason: level == Level::L4,
            subject: Digest::of_bytes(b"card"),
            lines: vec![CardLine {
                label: "GOES".to_owned(),
                text: "12 resources".to_owned(),
            }],
            rows: Some(fixture::rows(true)),
            plan: Some(fixture::update_plan("dev/orders", true)),
            made_at: NOW,
            valid_until: NOW + Duration::from_mins(1),
        }),
    }
}

fn accepted(world: &World, stack: &str) -> Answer {
    let d = world.latest(&fixture::id(stack)).unwrap();
    Answer::Accepted {
        deployments: vec![(d.id, d.no())],
        says: format!("{} of {stack} starts", d.no()),
    }
}

#[test]
fn ls_for_people() {
    let ran = run_words("ls", vec![], None);
    assert_eq!(ran.code, Code::Done);
    insta::assert_snapshot!(ran.out);
}

#[test]
fn ls_says_of_an_environment_that_aws_throttles_what_is_read_there() {
    let slow = |words: &str| {
        run_with(words, vec![], None, |scene, _| {
            let slowed = Some(crate::domain::sighting::Slowed {
                since: fixture::ago(20),
                every_ms: 4_000,
            });
            scene.sighting(
                "environment/prod-us",
                "pace",
                crate::domain::sighting::Seen::Pace { slowed },
                3,
            );
        })
    };
    let line = "! AWS throttles reads of 441200007731/eu-west-1 since ";
    let told: Vec<_> = slow("ls")
        .out
        .lines()
        .skip_while(|line| !line.starts_with("prod-us"))
        .take(2)
        .map(str::to_owned)
        .collect();
    assert!(
        told[1].starts_with(line) && told[1].contains("once in 4 s"),
        "{told:?}"
    );
    let doc: serde_json::Value = serde_json::from_str(&slow("ls|prod-us|--json").out).unwrap();
    assert_eq!(doc["environments"][0]["throttled"]["every_ms"], 4_000);
}

#[test]
fn ls_for_scripts() {
    let ran = run_words("ls|prod-us|--json", vec![], None);
    insta::assert_snapshot!(ran.out);
    assert_eq!(run_words("ls|nowhere", vec![], None).code, Code::Wrong);
}

#[test]
fn holds_and_one_of_them() {
    insta::assert_snapshot!(format!(
        "{}\n{}",
        run_words("holds", vec![], None).out,
        run_words("show|#2318.scale-down.1", vec![], None).out
    ));
    insta::assert_snapshot!(run_words("holds|--json", vec![], None).out);
}

#[test]
fn a_hold_that_needs_a_reason_says_so_in_its_command() {
    let graver: fn(&mut Scene, &mut Double) = |scene, _| {
        let d = scene.world.folds.by_no(DeploymentNo(2318)).unwrap().id;
        let d = scene.world.folds.deployments.get_mut(&d).unwrap();
        Arc::make_mut(d).holds[0].level = Level::L4;
    };
    for words in ["show|#2318.scale-down.1", "approve|#2318.scale-down.1"] {
        let ran = run_with(words, vec![], None, graver);
        let text = format!("{}{}", ran.out, ran.err);
        assert!(
            text.trim_end().ends_with(" --reason WHY"),
            "{words}: {text}"
        );
        let ran = run_words(words, vec![], None);
        assert!(
            !ran.out.contains("--reason") && !ran.err.contains("--reason"),
            "{words}"
        );
    }
}

#[test]
fn a_stack_a_deployment_and_the_audit() {
    let text = format!(
        "{}\n{}\n{}",
        run_words("show|prod-eu/orders", vec![], None).out,
        run_words("show|2319", vec![], None).out,
        run_words("audit|prod-us/billing", vec![], None).out
    );
    insta::assert_snapshot!(text);
    let json: Value =
        serde_json::from_str(&run_words("show|prod-eu/orders|--json", vec![], None).out).unwrap();
    assert_eq!(
        (&json["state"], &json["needs_person"]),
        (&json!("ROLL"), &json!(false))
    );
    let events: Value =
        serde_json::from_str(&run_words("events|-n|5|--json", vec![], None).out).unwrap();
    assert_eq!(events["events"].as_array().unwrap().len(), 5);
}

#[test]
fn what_does_not_exist_is_said_with_what_is_near() {
    for (words, says) in [
        ("show|dev/ordres", "did you mean dev/orders"),
        ("show|9999", "no deployment #9999"),
        ("show|#2318.nothing.1", "no hold"),
        ("deploy|dev", "environment/application"),
        ("freeze|nowhere|--reason|x", "no environment nowhere"),
        ("approve|#1.x.1", "no open hold"),
        ("reject|#2318.scale-down.1|--reason| ", "needs a reason"),
        ("logs|dev/orders|--grep|(", "no regular expression"),
        ("logs|dev/orders|--since|yesterday", "neither a duration"),
        ("retry|dev/orders", "did not fail"),
        ("unblock|prod-eu/orders", "rolls back"),
        ("check", "no estate file"),
    ] {
        let ran = run_words(words, vec![], None);
        assert_eq!(ran.code, Code::Wrong, "{words}: {}", ran.err);
        assert!(ran.err.contains(says), "{words}: {}", ran.err);
        assert!(ran.asked.is_empty(), "{words} asked something");
    }
}

#[test]
fn level_one_needs_no_words() {
    let world = fixture::scene();
    let ran = run_words(
        "redeploy|dev/orders",
        vec![card(Level::L1, None), accepted(&world, "dev/orders")],
        None,
    );
    assert_eq!((ran.code, ran.asked.len()), (Code::Done, 2));
    let Ask::Do { confirm, armed, .. } = &ran.asked[1] else {
        panic!("it must be asked")
    };
    assert!(!armed && confirm.subject == Some(Digest::of_bytes(b"card")));
    assert!(ran.out.contains("starts"), "{}", ran.out);
}

#[test]
fn a_guarded_verb_without_a_person_shows_the_card_and_the_exact_command() {
    let ran = run_words(
        "teardown|dev/orders",
        vec![card(Level::L3, Some("dev down"))],
        None,
    );
    assert_eq!((ran.code, ran.asked.len()), (Code::Wrong, 1));
    insta::assert_snapshot!(ran.err);
    let json: Value = serde_json::from_str(
        &run_words(
            "teardown|dev/orders|--json",
            vec![card(Level::L4, Some("dev down"))],
            None,
        )
        .out,
    )
    .unwrap();
    assert_eq!(
        (&json["outcome"], &json["exit"], &json["card"]["confirm"]),
        (&json!("confirm"), &json!(2), &json!("dev down"))
    );
    assert!(
        json["command"].as_str().unwrap().ends_with("--reason WHY"),
        "{json}"
    );
}

#[test]
fn a_guarded_verb_with_a_person_asks_for_exactly_the_words() {
    let world = fixture::scene();
    let answers = || {
        vec![
            card(Level::L3, Some("dev down")),
            accepted(&world, "dev/orders"),
        ]
    };
    let right = run_words("teardown|dev/orders", answers(), Some(&["dev down"]));
    assert_eq!((right.code, right.asked.len()), (Code::Done, 2));
    let Ask::Do { confirm, .. } = &right.asked[1] else {
        panic!("it must be asked")
    };
    assert_eq!(confirm.text, "dev down");
    for typed in [&["dev"][..], &["Dev Down"], &["y"], &[]] {
        let wrong = run_words("teardown|dev/orders", answers(), Some(typed));
        assert_eq!(
            (wrong.code, wrong.asked.len()),
            (Code::Wrong, 1),
            "{typed:?}"
        );
    }
    let level4 = |typed| {
        run_words(
            "teardown|dev/orders",
            vec![
                card(Level::L4, Some("dev down")),
                accepted(&world, "dev/orders"),
            ],
            Some(typed),
        )
    };
    assert_eq!(
        level4(&["", "dev down"]).code,
        Code::Wrong,
        "level 4 needs a reason"
    );
    assert_eq!(level4(&["it is empty", "dev down"]).code, Code::Done);
}

#[test]
fn a_refusal_is_told_with_the_card_as_it_is_now() {
    let Answer::Card { card: now } = card(Level::L3, Some("dev down")) else {
        panic!("a card")
    };
    let refused = Answer::Refused(
        Refused::new("subject", "what you confirmed is not what would happen now").card(*now),
    );
    let subject = "0".repeat(64);
    let ran = run_words(
        &format!("teardown|dev/orders|--confirm|dev down|--subject|{subject}"),
        vec![refused],
        None,
    );
    assert_eq!((ran.code, ran.asked.len()), (Code::Wrong, 1));
    assert!(
        ran.err.contains("refused: what you confirmed")
            && ran.err.contains(&Digest::of_bytes(b"card").to_string()),
        "{}",
        ran.err
    );
    let bad = run_words("teardown|dev/orders|--subject|abc", vec![], None);
    assert!(
        bad.code == Code::Wrong && bad.err.contains("64 hex digits"),
        "{}",
        bad.err
    );
}

#[test]
fn waiting_ends_with_the_code_of_the_end() {
    let world = fixture::scene();
    let wait = |stack: &str, more: &str| {
        run_words(
            &format!("redeploy|{stack}|--wait|--json{more}"),
            vec![card(Level::L1, None), accepted(&world, stack)],
            None,
        )
    };
    for (stack, code, outcome) in [
        ("dev/orders", Code::Done, "done"),
        ("staging/web", Code::Failed, "failed"),
        ("prod-us/orders", Code::Held, "held"),
    ] {
        let ran = wait(stack, "");
        let json: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(
            (ran.code, json["outcome"].as_str().unwrap(), &json["exit"]),
            (code, outcome, &json!(code as u8)),
            "{stack}"
        );
    }
    let silent = run_with(
        "redeploy|staging/orders|--wait",
        vec![card(Level::L1, None), accepted(&world, "staging/orders")],
        None,
        |scene, _| {
            scene.world.engine = crate::world::EngineState::None("it ended".to_owned());
        },
    );
    assert_eq!(silent.code, Code::Lost, "{}", silent.err);
}

#[test]
fn a_cancel_waits_for_the_end_that_it_asked_for() {
    let answers = || {
        vec![
            card(Level::L1, None),
            Answer::Accepted {
                deployments: vec![],
                says: "is being cancelled".to_owned(),
            },
        ]
    };
    let cancel = |end: End| {
        run_with("cancel|2321|--wait", answers(), None, |scene, _| {
            let d = scene
                .world
                .current(&fixture::id("staging/orders"))
                .unwrap()
                .id;
            scene.ago(0);
            match end {
                End::Done => scene.on(d, DeploymentEvent::Done),
                End::Partial { arrived, missing } => {
                    scene.on(d, DeploymentEvent::Partial { arrived, missing })
                }
                End::Failed { failure } => scene.on(d, DeploymentEvent::Error { failure }),
                End::Terminated { reason, by } => {
                    scene.on(d, DeploymentEvent::Terminated { reason, by })
                }
            };
        })
    };
    let by = crate::domain::person::Person::Engine;
    assert_eq!(
        cancel(End::Terminated {
            reason: "cancelled".to_owned(),
            by
        })
        .code,
        Code::Done
    );
    assert_eq!(
        cancel(End::Done).code,
        Code::Failed,
        "it ended well before the cancel reached it"
    );
}

#[test]
fn a_hold_is_approved_for_exactly_what_it_shows() {
    let answer = || {
        vec![Answer::Accepted {
            deployments: vec![],
            says: "approved".to_owned(),
        }]
    };
    let bare = run_words("approve|#2318.scale-down.1", vec![], None);
    assert_eq!((bare.code, bare.asked.len()), (Code::Wrong, 0));
    assert!(
        bare.err.contains("--confirm 'prod-us down' --subject "),
        "{}",
        bare.err
    );
    let typed = run_words(
        "approve|#2318.scale-down.1",
        answer(),
        Some(&["prod-us down"]),
    );
    let Ask::Approve { confirm, .. } = &typed.asked[0] else {
        panic!("it must be asked")
    };
    let hold = fixture::scene()
        .folds
        .hold(&"2318.scale-down.1".parse().unwrap())
        .unwrap()
        .1
        .clone();
    assert_eq!(
        (typed.code, confirm.subject, confirm.text.as_str()),
        (Code::Done, Some(hold.subject), "prod-us down")
    );
    let restore = run_words("approve|#2319.restore.1", vec![], None);
    assert!(restore.err.contains("--choice old"), "{}", restore.err);
    let chosen = run_words(
        "approve|#2319.restore.1|--choice|old",
        answer(),
        Some(&["prod-us restore old"]),
    );
    assert!(
        matches!(&chosen.asked[0], Ask::Approve { choice: Some(choice), .. } if choice == "old")
    );
    let rejected = run_words(
        "reject|#2318.scale-down.1|--reason|not at noon",
        answer(),
        None,
    );
    assert!(matches!(&rejected.asked[0], Ask::Reject { reason, .. } if reason == "not at noon"));
}

#[test]
fn deploy_all_follows_depends_on() {
    let world = fixture::scene();
    let order = |scene: &mut Scene| {
        let catalog = Arc::make_mut(&mut scene.world.catalog);
        let needs = |list: &[&str]| {
            list.iter()
                .map(|app| app.parse().unwrap())
                .collect::<Vec<_>>()
        };
        catalog
            .stacks
            .get_mut(&fixture::id("dev/billing"))
            .unwrap()
            .depends_on = needs(&["web"]);
        catalog
            .stacks
            .get_mut(&fixture::id("dev/web"))
            .unwrap()
            .depends_on = needs(&["search", "orders"]);
    };
    let answers = vec![card(Level::L1, None), accepted(&world, "dev/orders")];
    let ran = run_with("deploy|--all|dev", answers, None, |scene, _| order(scene));
    let Ask::Do {
        intent: Intent::Deploy { stacks, after, .. },
        ..
    } = &ran.asked[1]
    else {
        panic!("it must be asked")
    };
    let place = |stack: &str| {
        stacks
            .iter()
            .position(|id| *id == fixture::id(stack))
            .unwrap()
    };
    assert!(
        place("dev/search") < place("dev/web")
            && place("dev/orders") < place("dev/web")
            && place("dev/web") < place("dev/billing")
    );
    assert_eq!(after[&fixture::id("dev/billing")], [fixture::id("dev/web")]);
    let circle = run_with("deploy|--all|dev", vec![], None, |scene, _| {
        order(scene);
        let catalog = Arc::make_mut(&mut scene.world.catalog);
        catalog
            .stacks
            .get_mut(&fixture::id("dev/search"))
            .unwrap()
            .depends_on = vec!["billing".parse().unwrap()];
    });
    assert!(
        circle.code == Code::Wrong && circle.err.contains("wait for each other"),
        "{}",
        circle.err
    );
}

#[test]
fn a_part_is_a_stack_of_its_own_and_its_whole_brings_it() {
    let parted = |scene: &mut Scene, desk: &mut Double| {
        *scene = Scene::parted();
        desk.log.clone_from(&scene.log);
    };
    let run = |words: &str, answers: Vec<Answer>| run_with(words, answers, None, parted);
    insta::assert_snapshot!(format!(
        "{}\n{}",
        run("ls", vec![]).out,
        run("show|prod/commerce/nl/cart-service", vec![]).out
    ));
    let near = run("show|prod/commerce/nl/cart-servcie", vec![]);
    assert!(
        near.code == Code::Wrong
            && near
                .err
                .contains("did you mean prod/commerce/nl/cart-service"),
        "{}",
        near.err
    );
    let wrong = run("show|prod/commerce/nl/../x", vec![]);
    assert!(
        wrong.code == Code::Wrong && wrong.err.contains("is no part of an application"),
        "{}",
        wrong.err
    );

    let about = |what: &str| {
        let said: Value =
            serde_json::from_str(&run(&format!("events|{what}|-n|1000|--json"), vec![]).out)
                .unwrap();
        let on: BTreeSet<String> = said["events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["on"].as_str().unwrap().to_owned())
            .collect();
        on.into_iter()
            .filter(|on| on.contains("orders") || on.contains("/de") || on.contains("cart"))
            .count()
    };
    assert!(about("prod/commerce/nl/cart-service") > 0);
    assert!(
        about("prod/commerce") > about("prod/commerce/nl"),
        "a whole's events include those of its parts"
    );
    assert!(
        about("prod") > about("prod/commerce"),
        "and no other application's"
    );

    let all = run(
        "deploy|--all|prod",
        vec![
            card(Level::L1, None),
            accepted(&fixture::scene(), "dev/orders"),
        ],
    );
    let Ask::Preview {
        intent: Intent::Deploy { stacks, .. },
        ..
    } = &all.asked[0]
    else {
        panic!("it must be asked")
    };
    let names: Vec<String> = stacks.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["prod/commerce", "prod/orders"]);
    let apart = run_with(
        "deploy|--all|prod",
        vec![
            card(Level::L1, None),
            accepted(&fixture::scene(), "dev/orders"),
        ],
        None,
        |scene, desk| {
            parted(scene, desk);
            let catalog = Arc::make_mut(&mut scene.world.catalog);
            catalog.stacks.remove(&fixture::id("prod/commerce"));
            catalog
                .stacks
                .get_mut(&fixture::id("prod/orders"))
                .unwrap()
                .depends_on = vec!["commerce".parse().unwrap()];
        },
    );
    let Ask::Preview {
        intent: Intent::Deploy { stacks, after, .. },
        ..
    } = &apart.asked[0]
    else {
        panic!("it must be asked")
    };
    assert_eq!(
        (stacks.len(), after[&fixture::id("prod/orders")].len()),
        (4, 3),
        "without a whole all parts are named, none is lost"
    );
}

#[test]
fn a_partial_end_names_what_arrived_and_children_are_listed_under_their_parent() {
    let run = |words: &str| {
        run_with(words, vec![], None, |scene, desk| {
            *scene = Scene::in_part().0;
            desk.log.clone_from(&scene.log);
        })
    };
    let (whole, child) = (run("show|2290"), run("show|2292"));
    insta::assert_snapshot!(format!(
        "{}\n{}\n{}",
        whole.out,
        child.out,
        run("show|prod/commerce").out
    ));
    let whole: Value = serde_json::from_str(&run("show|2290|--json").out).unwrap();
    assert_eq!(
        (&whole["outcome"], &whole["arrived"]),
        (&json!("partial"), &json!(["prod/commerce/de"]))
    );
    assert_eq!(
        (&whole["phase"], &whole["missing"]),
        (&json!("PARTIAL"), &json!(["prod/commerce/nl"]))
    );
    let children: Vec<&Value> = whole["children"]
        .as_array()
        .unwrap()
        .iter()
        .map(|child| &child["deployment"])
        .collect();
    assert_eq!(children, [&json!(2291), &json!(2292)]);
    let child: Value = serde_json::from_str(&run("show|2292|--json").out).unwrap();
    assert_eq!(
        child["parent"],
        json!({ "deployment": whole["id"], "step": "nl", "attempt": 1 })
    );

    let waited = run_with(
        "retry|2290|--wait",
        vec![
            card(Level::L1, None),
            accepted(&Scene::in_part().0.world, "prod/commerce"),
        ],
        None,
        |scene, _| {
            *scene = Scene::in_part().0;
        },
    );
    assert_eq!(
        waited.code,
        Code::Failed,
        "what was asked for is not all there: {}",
        waited.err
    );
}

#[test]
fn nothing_is_changed_where_the_file_differs() {
    let ran = run_with("deploy|dev/orders", vec![], None, |scene, _| {
        let file = fixture::record(Class::Production);
        Arc::make_mut(&mut scene.world.catalog)
            .environments
            .insert("dev".parse().unwrap(), file);
    });
    assert!(
        ran.code == Code::Wrong && ran.err.contains("DIFFERS") && ran.asked.is_empty(),
        "{}",
        ran.err
    );
}

#[test]
fn flags_reach_the_ask_as_they_are_written_and_the_help_speaks_of_them_only_where_there_are_any() {
    let answers = || {
        vec![
            card(Level::L1, None),
            accepted(&fixture::scene(), "dev/orders"),
        ]
    };
    let ran = run_words(
        "deploy|dev/orders|--flag|slow=true|--flag|note=a=b",
        answers(),
        None,
    );
    let Ask::Do { intent, .. } = &ran.asked[1] else {
        panic!("it must be asked")
    };
    assert_eq!(
        serde_json::to_value(intent.flags()).unwrap(),
        json!({ "note": "a=b", "slow": "true" })
    );
    for (words, says) in [
        ("deploy|dev/orders|--flag|slow", "write NAME=VALUE"),
        ("deploy|dev/orders|--flag|Slow=1", "is no flag's name"),
        (
            "deploy|dev/orders|--flag|slow=1|--flag|slow=2",
            "given twice",
        ),
        (
            "plan|dev/orders|--for|rollback|--flag|slow=1",
            "rollback takes no --flag",
        ),
    ] {
        let ran = run_words(words, vec![], None);
        assert!(
            ran.code == Code::Wrong && ran.err.contains(says) && ran.asked.is_empty(),
            "{words}: {}",
            ran.err
        );
    }
    let mut program = Program::<Nothing>::command();
    let help = program
        .find_subcommand_mut("deploy")
        .unwrap()
        .render_long_help()
        .to_string();
    assert_eq!(help.contains("--flag"), chosen::flags_exist(), "{help}");
}

#[test]
fn wrong_use_is_told_by_the_parser() {
    for words in [
        vec!["holdpoint", "deploy"],
        vec!["holdpoint", "deploy", "a/b", "--all", "dev"],
        vec!["holdpoint", "deploy", "a/b", "--confirm", "x"],
        vec!["holdpoint", "deploy", "a/b", "--through-holds"],
        vec!["holdpoint", "freeze", "a/b"],
        vec!["holdpoint", "nothing"],
        vec!["holdpoint", "ls", "--practice", "--estate", "f"],
    ] {
        let why = Program::<Nothing>::try_parse_from(&words).unwrap_err();
        assert_eq!(why.exit_code(), 2, "{words:?}");
    }
    assert!(
        Program::<Nothing>::try_parse_from(["holdpoint"])
            .unwrap()
            .verb
            .is_none()
    );
    Program::<Nothing>::command().debug_assert();
}
