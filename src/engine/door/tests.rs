use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::json;

use super::*;
use crate::domain::given;
use crate::domain::ids::StackId;
use crate::domain::look::{Health, Look, Standing, Subject};
use crate::domain::place::{Place, Places, Proof};
use crate::domain::plan::{Role, Step, StepKind};
use crate::domain::request::SourceBundle;
use crate::domain::sighting::{ServiceSeen, Slowed};
use crate::domain::time::Time;
use crate::observe::{Follow, Glance, LookOn, Served};

const SECRET: &str = "correct-horse-battery";

/// Whoever looks is told the secret, in every field that others fill.
struct Blabs;

fn told() -> Sight {
    let says = Safe::new(&format!("denied for {SECRET}"));
    let part = PartSeen {
        name: "Db".into(),
        kind: "AWS::RDS::DBInstance".into(),
        health: Health::Failed,
        words: "UPDATE_FAILED".into(),
        reason: says.clone(),
        at: Time(0),
        removes: false,
    };
    let member = Member {
        name: "Db".into(),
        kind: "AWS::RDS::DBInstance".into(),
        id: says.clone(),
        health: Health::Failed,
        words: "UPDATE_FAILED".into(),
        reason: says.clone(),
        removes: false,
    };
    Sight {
        reason: says,
        parts: vec![part],
        members: vec![member],
        facts: json!({ "outputs": { "Url": format!("https://x/?k={SECRET}") } }),
        ..Sight::of(Subject::new("made.up", "orders"), "thing", Standing::Good)
    }
}

fn failed() -> Failure {
    Failure::new(format!("no {SECRET}"))
        .detail(format!("really no {SECRET}"))
        .hint(format!("not {SECRET}"))
}

impl Eyes for Blabs {
    fn reads_files(&self, _: &Look) -> bool {
        false
    }

    fn look<'a>(
        &'a self,
        _: &'a LookOn,
        look: &'a Look,
        _: Option<&'a SourceBundle>,
    ) -> BoxFuture<'a, Result<Sight, Failure>> {
        let seen = if look.whole {
            Ok(told())
        } else {
            Err(failed())
        };
        async { seen }.boxed()
    }

    fn follow(&self, _: &StackId, _: &Subject, _: Time) -> Option<Box<dyn Follow>> {
        Some(Box::new(Blabs))
    }

    fn prove<'a>(
        &'a self,
        _: &'a crate::domain::ids::EnvName,
        _: &'a Place,
        _: Duration,
    ) -> BoxFuture<'a, Result<Proof, Failure>> {
        async { Err(failed()) }.boxed()
    }

    fn slowed(&self, _: &Place) -> Option<(&'static str, Slowed)> {
        None
    }
}

impl Follow for Blabs {
    fn look<'a>(
        &'a mut self,
        _: &'a Place,
        _: Glance,
    ) -> BoxFuture<'a, Result<(Sight, Time), Failure>> {
        async { Ok((told(), Time(0))) }.boxed()
    }

    fn has_news(&self, _: Glance) -> bool {
        true
    }

    fn news<'a>(
        &'a mut self,
        _: &'a Place,
        _: Glance,
    ) -> BoxFuture<'a, Result<(Sight, Vec<crate::domain::line::Line>), Failure>> {
        async { Ok((told(), vec![])) }.boxed()
    }

    fn is_unsurveyed(&self, _: Time) -> bool {
        true
    }

    fn survey<'a>(&'a mut self, _: &'a Place, _: Time) -> BoxFuture<'a, Result<(), Failure>> {
        async { Err(failed()) }.boxed()
    }

    fn serve<'a>(
        &'a mut self,
        place: &'a Place,
        _: Glance,
    ) -> BoxFuture<'a, Result<Option<Served>, Failure>> {
        let says = Safe::new(&format!("it says {SECRET}"));
        let service = ServiceSeen {
            name: says.clone(),
            running: 0,
            desired: 1,
            pending: 0,
            coming: None,
            trouble: Some(says),
        };
        let served = Served {
            services: vec![service],
            ..Served::default()
        };
        let is_there = place.kind == "there";
        async move {
            if is_there {
                Ok(Some(served))
            } else {
                Err(failed())
            }
        }
        .boxed()
    }
}

fn on() -> LookOn {
    LookOn {
        env: "dev".parse().unwrap(),
        places: Places::default(),
        stack: "dev/orders".parse().unwrap(),
        token: String::new(),
    }
}

/// A release that names a secret in a file: whatever anybody tells of it later is covered.
#[tokio::test]
async fn what_others_tell_of_a_known_secret_is_covered_at_the_door() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("db");
    std::fs::write(&file, SECRET).unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let body = json!({ "secrets": { "DB": format!("file:{}", file.display()) } });
    let door = Door::default();
    door.learn(&given::spec("script", "1", body)).await;
    let eyes = door.eyes(Arc::new(Blabs));
    let (on, about) = (on(), Subject::new("made.up", "orders"));
    let place = Place::new("hill", "summit", "side");
    let there = Place::new("there", "summit", "side");
    let glance = Glance {
        given: false,
        far: false,
        no: None,
        recent: None,
        now: Time(0),
    };
    let mut follow = eyes.follow(&on.stack, &about, Time(0)).unwrap();
    let seen = [
        format!(
            "{:?}",
            eyes.look(&on, &Look::at(about.clone()).whole(), None).await
        ),
        format!("{:?}", eyes.look(&on, &Look::at(about), None).await),
        format!("{:?}", eyes.prove(&on.env, &place, Duration::ZERO).await),
        format!("{:?}", follow.look(&place, glance).await),
        format!("{:?}", follow.news(&place, glance).await),
        format!("{:?}", follow.survey(&place, Time(0)).await),
        format!("{:?}", follow.serve(&place, glance).await),
        format!("{:?}", follow.serve(&there, glance).await),
        format!("{:?}", door.outcome(Err(failed()))),
        format!("{:?}", door.note(json!({ SECRET: SECRET }))),
        format!(
            "{:?}",
            door.plan(Plan {
                says: vec![format!("What changes cannot be known: {SECRET}.")],
                ..Plan::default()
            })
        ),
    ];
    for told in seen {
        assert!(!told.contains(SECRET) && told.contains("***"), "{told}");
    }
}

/// A field of any length costs no more than its limit, and says that something is missing.
#[test]
fn what_is_longer_than_is_kept_is_cut_or_refused() {
    let door = Door::default();
    let long = |bytes: usize| "x".repeat(bytes);
    let failure = Failure::new(long(LINE + 5)).detail(long(DETAIL + 9));
    let Err(failure) = door.outcome(Err(failure)) else {
        panic!()
    };
    assert!(
        failure
            .summary
            .ends_with("(and 5 bytes more, which are not kept)")
    );
    assert!(
        failure
            .detail
            .ends_with("(and 9 bytes more, which are not kept)")
    );
    let short = Failure::new(long(LINE));
    assert_eq!(door.failure(&short), short);

    let refused = |failure: Failure, what: &str| {
        assert!(
            failure.summary.starts_with(what) && failure.summary.contains("bytes that are kept"),
            "{failure:?}"
        );
        assert!(!failure.hint.is_empty());
    };
    refused(
        door.outcome(Ok(Output::public(json!(long(WHOLE)))))
            .unwrap_err(),
        "what the step gave",
    );
    refused(
        door.note(json!(long(NOTE))).unwrap_err(),
        "a note of the step",
    );
    let sight = Sight {
        facts: json!(long(WHOLE)),
        ..told()
    };
    refused(door.sight(sight).unwrap_err(), "what was seen of orders");
    let kind = StepKind::Decision;
    let plan = Plan {
        steps: vec![Step::new(Role::Decide, "a", long(WHOLE), kind, json!({}))],
        ..Plan::default()
    };
    refused(door.plan(plan).unwrap_err(), "the plan");
    assert_eq!(door.note(json!("short")), Ok(json!("short")));
}
