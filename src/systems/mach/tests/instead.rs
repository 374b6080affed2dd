//! A version in place of the one of the files.

use serde_json::json;

use super::plans::{ask, read_as, read_with};
use super::*;
use crate::domain::flag::Value as Set;
use crate::domain::look::Subject;
use crate::forms::git::{self, BRANCH};
use crate::systems::mach::body::Body;
use crate::systems::mach::instead::PIN;

const PARTS_B: &str = "- { name: a, source: ./modules/a, version: v1 }\n- { name: b, source: \"git::https://git.example.com/b.git\", version: v2 }\n";
const LATEST: &str = "- { name: a, source: ./modules/a, version: v1 }\n- { name: b, source: \"git::https://git.example.com/b.git//terraform\", version: $LATEST, branch: next }\n";

fn pinned(stack: &StackId, versions: &str) -> PlanAsk {
    let mut ask = ask(stack, Purpose::Deploy);
    let name = PIN.name.parse().unwrap();
    ask.flags.insert(name, Set::Text(versions.into()));
    ask
}

/// The last part.
fn part(definitions: &str) -> (StackId, Spec) {
    let (part, spec, _) = read_with(definitions).pop().unwrap();
    (part, spec)
}

fn put(spec: &Spec) -> (Value, Value) {
    let params = Body::of(spec).unwrap().params();
    (params["put"].clone(), params["versions"].clone())
}

#[test]
fn a_component_is_brought_in_another_version_until_its_file_is_deployed_again() {
    let (id, own) = part(PARTS_B);
    let back = Mach
        .settled(&pinned(&id, "b=v1.9"), &own, &Sights::default())
        .unwrap();
    assert_ne!(back.release.digest, own.release.digest);
    assert_eq!(put(&back), (json!({}), json!({ "b": ["v2", "v1.9"] })));
    let once_more = Mach.settled(&pinned(&id, "b=v1.9"), &back, &Sights::default());
    assert_eq!(once_more, None, "what repeats it has that version");
    let plan = Mach
        .plan(&pinned(&id, "b=v1.9"), &back, &Sights::default())
        .unwrap();
    assert_eq!(plan.brings, [Row::new("b", "v1.9")]);
    let says = "b: v1.9, as it was asked for; its file says v2, which the next deployment from the files brings.";
    assert_eq!(plan.says.last().unwrap(), says);
    let forth = Mach
        .settled(&pinned(&id, "b=v2"), &back, &Sights::default())
        .unwrap();
    assert_eq!(
        forth.release.digest, own.release.digest,
        "as the file says it"
    );
}

/// What takes the newest is brought in the version that was asked for, and no branch is asked.
#[test]
fn a_version_takes_the_place_of_the_newest() {
    let (id, own) = part(LATEST);
    let asked = pinned(&id, "b=1111111");
    let back = Mach.settled(&asked, &own, &Sights::default()).unwrap();
    assert_eq!(put(&back), (json!({ "$LATEST(b)": "1111111" }), json!({})));
    let mut seen = Sights::default();
    let branch = Subject::new(BRANCH, "https://git.example.com/b.git#refs/heads/next");
    let newest = "2222222bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb".parse().unwrap();
    seen.put(git::sight(branch, Some(newest)));
    let of_newest = Mach
        .settled(&ask(&id, Purpose::Deploy), &own, &seen)
        .unwrap();
    let from_newest = Mach.settled(&asked, &of_newest, &seen).unwrap();
    assert_eq!(put(&from_newest), put(&back));
}

#[test]
fn what_cannot_be_brought_is_refused_with_why() {
    let all = read_with(PARTS_B);
    let original = read_as(PARTS_B, Some(("generator", json!("mach-composer"))));
    for ((id, spec, _), versions, says) in [
        (&all[2], "c=v1", "nl/b has no component c"),
        (
            &all[1],
            "a=v0",
            "a is not fetched by its version: its module lies where its source says",
        ),
        (
            &original[2],
            "b=v1",
            "nl/b is made by the original program, by the versions of its file",
        ),
    ] {
        let asked = pinned(id, versions);
        let settled = Mach.settled(&asked, spec, &Sights::default());
        let spec = settled.as_ref().unwrap_or(spec);
        let failure = Mach.plan(&asked, spec, &Sights::default()).unwrap_err();
        assert_eq!(
            (failure.summary.as_str(), failure.hint.is_empty()),
            (says, false)
        );
    }
}
