//! What verbs print and ask, against a scripted desk.

use std::collections::{BTreeSet, VecDeque};
use std::io::Read as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clap::{CommandFactory as _, Parser as _};
use serde_json::{Value, json};

use crate::desk::{Batch, Begin, Desk, NotAsked, Reading, TailOf};
use crate::domain::artifact::Artifact;
use crate::domain::ask::{Answer, Ask, AskState, Intent};
use crate::domain::card::Card;
use crate::domain::class::EnvClass;
use crate::domain::deployment::{Deployment, DeploymentEvent};
use crate::domain::digest::Digest;
use crate::domain::end::End;
use crate::domain::estate::Estate;
use crate::domain::event::Stored;
use crate::domain::ids::{AskId, DeploymentNo, StackId};
use crate::domain::label::{CardLine, Label};
use crate::domain::level::{Level, Verb as Doing};
use crate::domain::line::Line;
use crate::domain::refused::Refused;
use crate::store::Content;
use crate::text::diagnostic::Diagnostic;
use crate::world::World;
use crate::world::fixture::{self, NOW, Scene};

use super::*;

mod doctor;
mod documents;
mod double;
mod exits;
mod guarded;
mod logs;
mod named;
mod parts;
mod reading;
mod undo;
mod waiting;
mod wrong;

use double::{Double, Nothing, TestGround};

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
    let mut desk = Double::default();
    desk.by.log.clone_from(&scene.log);
    desk.by.answers = Mutex::new(answers.into());
    change(&mut scene, &mut desk);
    desk.set(scene.world);
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
    let tailed = desk.by.tailed.lock().unwrap().clone();
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
        named: Arc::default(),
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
            class: EnvClass::Development,
            spot: fixture::account("441200007731").spot(),
            stack: Some(fixture::id("dev/orders")),
            level,
            why: "a stack goes".to_owned(),
            phrase: phrase.map(str::to_owned),
            needs_reason: level == Level::L4,
            subject: Digest::of_bytes(b"card"),
            lines: vec![CardLine {
                label: Label::Goes,
                text: "12 resources".to_owned(),
            }],
            flags: Vec::new(),
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
