//! Engines, keepers, consoles and the embedded cloud ended with -9 in the middle of deployments of
//! stacks and scripts, each at another moment. Whoever comes next carries on: every deployment
//! ends, no line is lost or out of order but after a killed keeper, and the ledger of the embedded
//! cloud, which counts every call and what it changed, shows that nothing happened twice.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use holdpoint::domain::deployment::StepState;
use holdpoint::domain::folds::Folds;
use holdpoint::domain::ids::StackId;
use holdpoint::domain::time::Time;
use holdpoint::os::clock::Real;
use holdpoint::os::paths::Home;
use holdpoint::sandbox::dice::Dice;
use holdpoint::store::Store as _;
use holdpoint::store::spool::Begin;
use holdpoint::store::sqlite::Sqlite;

use crate::cloud::Cloud;
use crate::order::kept;
use crate::program::{Process, Program};
use crate::pty::{PATIENCE, Terminal};

/// How many, and from which seed: another seed meets other moments.
const KILLS: &str = "HOLDPOINT_KILLS";
const SEED: &str = "HOLDPOINT_KILL_SEED";
/// In one home with its own cloud: every look reads the whole ledger of that.
const IN_ONE_HOME: usize = 25;
/// How long the console is read before the next look.
const LOOK: Duration = Duration::from_millis(40);
const IN_ONE_ROUND: u64 = 6;

const SERVICES: [&str; 2] = ["web", "api"];
const SCRIPTS: [&str; 2] = ["seed", "warm"];
const SPURTS: usize = 8;
const SPURT: usize = 25;

/// It says that it begins, where nobody but the test looks; then it prints in spurts.
const TELL: &str = r#"#!/bin/sh
echo "$1 $2" >> "$3/begun"
for spurt in 0 1 2 3 4 5 6 7; do
    seq -f "$1 $2 %g" $((spurt * 25 + 1)) $((spurt * 25 + 25))
    printf . >> "$3/spurts"
    sleep 0.3
done
"#;

const TEMPLATE: &str = r#"Parameters:
  Name: { Type: String }
  Delay: { Type: Number }
Resources:
  Queue: { Type: "AWS::SQS::Queue", Properties: { QueueName: !Sub "kill-${Name}", DelaySeconds: !Ref Delay } }
  Topic: { Type: "AWS::SNS::Topic", Properties: { DisplayName: !GetAtt Queue.QueueName } }
"#;

#[test]
#[ignore = "minutes of kills; .ci/run starts it"]
fn kills_change_nothing_twice_and_lose_nothing() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse().unwrap());
    let wanted = number(KILLS).unwrap_or(24);
    let seed = number(SEED).unwrap_or(1) as u64;
    let mut dice = Dice::new(seed);
    let mut killed = Killed::default();
    while killed.all() < wanted {
        let mut home = Scene::new();
        let until = wanted.min(killed.all() + IN_ONE_HOME);
        while killed.all() < until {
            home.round(&mut dice, &mut killed);
        }
        home.check();
        println!("seed {seed}: {killed:?} ended with -9, nothing twice, nothing lost");
    }
}

/// Who was ended while something ran.
#[derive(Debug, Default)]
struct Killed {
    engines: usize,
    keepers: usize,
    consoles: usize,
    clouds: usize,
}

impl Killed {
    fn all(&self) -> usize {
        self.engines + self.keepers + self.consoles + self.clouds
    }
}

struct Scene {
    cloud: Cloud,
    program: Program,
    console: Terminal,
    runtime: tokio::runtime::Runtime,
    round: usize,
    /// The scripts, as `name round`, whose keeper was ended.
    unknown: Vec<String>,
}

impl Scene {
    fn new() -> Self {
        let cloud = Cloud::start();
        let program = Program::with(&[("web.yaml", TEMPLATE), ("bin/tell", TELL)]);
        let counts = counts(&program);
        std::fs::create_dir(&counts).unwrap();
        program.write("holdpoint.yaml", &estate(&cloud.endpoint, &counts, 0));
        let console = console(&program);
        Self {
            cloud,
            program,
            console,
            runtime: tokio::runtime::Runtime::new().unwrap(),
            round: 0,
            unknown: Vec::new(),
        }
    }

    /// Deploys everything once, with kills on the way, to its end.
    fn round(&mut self, dice: &mut Dice, killed: &mut Killed) {
        self.round += 1;
        self.program.write(
            "holdpoint.yaml",
            &estate(&self.cloud.endpoint, &counts(&self.program), self.round),
        );
        // At the same time: those asked first would be over before the last one is.
        let asked: Vec<Child> = SERVICES
            .iter()
            .chain(&SCRIPTS)
            .map(|name| {
                let words = ["deploy", &format!("dev/{name}"), "--json"];
                let mut ask = self.program.command(&words);
                ask.stdout(Stdio::piped()).spawn().unwrap()
            })
            .collect();
        let number = |ask: Child| {
            let output = ask.wait_with_output().unwrap();
            let told: Value = serde_json::from_slice(&output.stdout).unwrap();
            told["deployments"][0]["deployment"].as_u64().unwrap()
        };
        let deployments: Vec<u64> = asked.into_iter().map(number).collect();
        for _ in 0..IN_ONE_ROUND {
            if !self.goes_on(dice.below(12), &deployments) {
                break;
            }
            match dice.below(4) {
                0 => killed.keepers += usize::from(self.kill_a_keeper()),
                1 => {
                    self.console.kill();
                    self.console = console(&self.program);
                    killed.consoles += 1;
                }
                2 => {
                    self.cloud.kill();
                    killed.clouds += 1;
                }
                _ => {
                    let engines = self.processes(" engine ");
                    engines.iter().for_each(Process::kill);
                    killed.engines += engines.len();
                }
            }
        }
        let until = Instant::now() + 3 * PATIENCE;
        while !self.over(&deployments) {
            self.console.read_for(LOOK);
            assert!(
                Instant::now() < until,
                "round {}: not over in time\n{}",
                self.round,
                self.program.run(&["ls"]).out
            );
        }
        for no in deployments {
            let shown = self.program.run(&["show", &format!("#{no}"), "--json"]);
            assert_eq!(shown.json()["outcome"], "done", "{}", shown.out);
        }
    }

    /// Waits for so many more calls and spurts; false when everything is over before that.
    fn goes_on(&mut self, more: u64, deployments: &[u64]) -> bool {
        let begin = self.come();
        let mut looked = Instant::now();
        while self.come() < begin + more {
            self.console.read_for(LOOK);
            if looked.elapsed().as_secs() >= 2 {
                if self.over(deployments) {
                    return false;
                }
                looked = Instant::now();
            }
        }
        !self.over(deployments)
    }

    /// How many calls and spurts there were.
    fn come(&self) -> u64 {
        let spurts = std::fs::metadata(counts(&self.program).join("spurts"));
        self.cloud.ledger().len() as u64 + spurts.map_or(0, |file| file.len())
    }

    /// True when all of them have ended. What a killed keeper left is told to have ended well.
    fn over(&self, deployments: &[u64]) -> bool {
        let folds = self.folds();
        let ended = deployments.iter().all(|no| {
            let mut all = folds.deployments.values();
            all.any(|d| d.no().0 == *no && d.is_over())
        });
        for name in SCRIPTS {
            let stack: StackId = format!("dev/{name}").parse().unwrap();
            let current = folds.stacks.get(&stack).and_then(|stack| stack.current);
            let current = current.and_then(|current| folds.deployments.get(&current));
            if current.is_some_and(|d| d.steps.values().any(|run| run.state == StepState::Lost)) {
                self.tell(name);
            }
        }
        ended
    }

    /// What the log says now.
    fn folds(&self) -> Folds {
        let place = Home::open(Some(&self.program.home())).unwrap();
        self.runtime.block_on(async {
            let store = Sqlite::client(&place, Real::shared()).await.unwrap();
            store.folds(50).await.unwrap()
        })
    }

    /// Says that a command which nobody can tell of ended well, where there is one.
    fn tell(&self, script: &str) {
        let stack = format!("dev/{script}");
        let words = ["unblock", &stack, "--way", "done", "--json"];
        let card = self.program.run(&words).json();
        if let Some(subject) = card["card"]["subject"].as_str() {
            let read = ["--confirm", "unblock", "--subject", subject];
            self.program.run(&[&words[..], &read].concat());
        }
    }

    /// The processes of this home with this word in their command.
    fn processes(&self, word: &str) -> Vec<Process> {
        let mut found = self.program.processes();
        found.retain(|process| process.line.contains(word));
        found
    }

    fn kill_a_keeper(&mut self) -> bool {
        let Some(keeper) = self.processes(" keep ").pop() else {
            return false;
        };
        keeper.kill();
        let round = self.round;
        let names = SCRIPTS.map(|name| format!("{name} {round}"));
        // Its command line has the step's name, which is the script's.
        let of = names
            .into_iter()
            .find(|name| keeper.line.contains(&format!("/{}.", first(name))));
        self.unknown
            .push(of.unwrap_or_else(|| panic!("whose keeper is {:?}?", keeper.line)));
        true
    }

    fn check(mut self) {
        self.console.kill();
        self.effects();
        self.begun();
        self.lines();
        self.program.run(&["doctor"]).ends(0);
    }

    /// Every token had one effect, and every stack was made once and changed once a round.
    fn effects(&self) {
        let ledger = self.cloud.ledger();
        let mut by_token: BTreeMap<(String, String), usize> = BTreeMap::new();
        let mut by_action: BTreeMap<(String, String), usize> = BTreeMap::new();
        for entry in ledger.iter().filter(|entry| !entry["effect"].is_null()) {
            let text = |field: &str| entry[field].as_str().unwrap_or_default().to_owned();
            if !entry["token"].is_null() {
                *by_token.entry((text("action"), text("token"))).or_default() += 1;
            }
            *by_action
                .entry((text("action"), stack_of(&text("subject"))))
                .or_default() += 1;
        }
        by_token.retain(|_, times| *times > 1);
        assert!(by_token.is_empty(), "more than one effect: {by_token:?}");
        for name in SERVICES {
            let of = |action: &str| {
                let key = (action.to_owned(), format!("kill-{name}"));
                by_action.get(&key).copied().unwrap_or_default()
            };
            assert_eq!(of("CreateStack"), 1, "{by_action:?}");
            assert_eq!(
                of("ExecuteChangeSet") + of("UpdateStack"),
                self.round - 1,
                "{by_action:?}"
            );
            assert_eq!(of("DeleteStack"), 0, "{by_action:?}");
        }
    }

    /// Every command began once; one whose keeper was killed first may not have begun at all.
    fn begun(&self) {
        let begun = std::fs::read_to_string(counts(&self.program).join("begun")).unwrap();
        for name in SCRIPTS {
            for round in 1..=self.round {
                let told = format!("{name} {round}");
                let times = begun.lines().filter(|line| *line == told).count();
                assert!(
                    times == 1 || (times == 0 && self.unknown.contains(&told)),
                    "{told} began {times} times"
                );
            }
        }
    }

    /// What each command printed is kept from its first line on, in its order, and to its last one
    /// unless its keeper was killed.
    fn lines(&self) {
        let mut by_command: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for line in kept(&self.program, Begin::Since(Time(0))) {
            if let Some((command, nth)) = line.rsplit_once(' ')
                && SCRIPTS.contains(&first(command))
            {
                by_command
                    .entry(command.to_owned())
                    .or_default()
                    .push(nth.parse().unwrap());
            }
        }
        for (command, numbers) in &by_command {
            assert_eq!(
                *numbers,
                (1..=numbers.len()).collect::<Vec<_>>(),
                "{command}"
            );
        }
        for name in SCRIPTS {
            for round in 1..=self.round {
                let told = format!("{name} {round}");
                let kept = by_command.get(&told).map_or(0, Vec::len);
                assert!(
                    kept == SPURTS * SPURT || self.unknown.contains(&told),
                    "{kept} lines of {told} are kept"
                );
            }
        }
    }
}

fn console(program: &Program) -> Terminal {
    let mut terminal = Terminal::start(program.in_terminal(&[]), 100, 30);
    terminal.wait_for("web");
    terminal
}

/// Where the commands count.
fn counts(program: &Program) -> PathBuf {
    program.home().with_file_name("counts")
}

fn first(words: &str) -> &str {
    words.split(' ').next().unwrap_or_default()
}

/// The stack's own name out of what the ledger has: a name, or an ARN.
fn stack_of(text: &str) -> String {
    text.split('/').nth(1).unwrap_or(text).to_owned()
}

fn estate(endpoint: &str, counts: &Path, round: usize) -> String {
    let services = SERVICES.map(|name| {
        format!(
            "  {name}: {{ service: {{ template: web.yaml, stack_name: kill-{name}, parameters: {{ Name: {name}, Delay: \"{round}\" }} }}, environments: [dev] }}\n"
        )
    });
    let scripts = SCRIPTS.map(|name| {
        format!(
            "  {name}: {{ script: {{ steps: {{ {name}: {{ command: [bin/tell, {name}, \"{round}\", {:?}] }} }} }}, environments: [dev] }}\n",
            counts.display()
        )
    });
    format!(
        "environments:\n  dev: {{ class: development, account: \"000000000000\", aws: {{ region: eu-west-1, endpoint_url: \"{endpoint}\" }} }}\n\
         applications:\n{}{}",
        services.concat(),
        scripts.concat()
    )
}
