//! The newest commit of a branch, as a version.

use serde_json::json;

use super::plans::{ask, read_as, read_with};
use super::*;
use crate::domain::look::Subject;
use crate::domain::refs::Commit;
use crate::forms::git::{self, BRANCH};
use crate::forms::keyed;
use crate::forms::registry::{self, VERSIONS};

const PARTS: &str = "- { name: a, source: ./modules/a, version: v1 }\n- { name: b, source: \"git::https://git.example.com/b.git//terraform\", version: $LATEST, branch: next }\n";
const HEAD: &str = "https://git.example.com/b.git#refs/heads/next";
const FIRST: &str = "1111111aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const SECOND: &str = "2222222bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// The whole, and the part that takes the newest.
fn shop() -> [(StackId, Spec); 2] {
    let mut all = read_with(PARTS);
    let (part, own, files) = all.pop().unwrap();
    let text = String::from_utf8(files.files["nl/b/main.tf"].bytes.clone()).unwrap();
    assert!(text.contains("b.git//terraform?ref=$LATEST(b)"), "{text}");
    let (whole, spec, _) = all.swap_remove(0);
    [(whole, spec), (part, own)]
}

fn seen(commit: Option<&str>) -> Sights {
    let mut seen = Sights::default();
    let commit = commit.map(|text| text.parse::<Commit>().unwrap());
    seen.put(git::sight(Subject::new(BRANCH, HEAD), commit));
    seen
}

#[test]
fn the_newest_is_looked_up_once_and_is_the_version_from_then_on() {
    let [(whole, all), (part, own)] = shop();
    for (id, spec) in [(&whole, &all), (&part, &own)] {
        let ask = ask(id, Purpose::Deploy);
        let looks = Mach.looks(&ask, spec, &Sights::default());
        assert_eq!(looks[0].about, Subject::new(BRANCH, HEAD));
        let settled = Mach.settled(&ask, spec, &seen(Some(FIRST))).unwrap();
        assert_ne!(settled.release.digest, spec.release.digest);
        // Whatever repeats it asks no branch.
        assert_eq!(Mach.settled(&ask, &settled, &seen(Some(SECOND))), None);
        let again = Mach.looks(&ask, &settled, &Sights::default());
        assert!(again.iter().all(|look| look.about.kind != BRANCH));
        let other = Mach.settled(&ask, spec, &seen(Some(SECOND))).unwrap();
        assert_ne!(settled.release.digest, other.release.digest);
    }
}

#[test]
fn a_plan_says_which_it_is_and_its_files_are_laid_out_with_it() {
    let [(whole, all), (part, own)] = shop();
    let asked = ask(&part, Purpose::Deploy);
    let settled = Mach.settled(&asked, &own, &seen(Some(FIRST))).unwrap();
    let mut sights = seen(Some(FIRST));
    for look in Mach.looks(&asked, &settled, &sights) {
        sights.put(keyed::sight(look.about, "1"));
    }
    let plan = Mach.plan(&asked, &settled, &sights).unwrap();
    let put = &plan.steps[0].params["put"];
    assert_eq!(*put, json!({ "$LATEST(b)": "1111111" }));
    assert_eq!(plan.brings, [Row::new("b", "1111111")]);
    let says = "b: 1111111, the newest commit of next when this release was asked for ($LATEST).";
    assert_eq!(plan.says.last().unwrap(), says);

    let asked = ask(&whole, Purpose::Deploy);
    let settled = Mach.settled(&asked, &all, &seen(Some(FIRST))).unwrap();
    let plan = Mach.plan(&asked, &settled, &Sights::default()).unwrap();
    assert_eq!(plan.says.last().unwrap(), says);
    let part: &Spec = &settled.parts[&part.part.unwrap()];
    let step = plan.step(&"nl/b".into()).unwrap();
    assert_eq!(step.params["release"], json!(part.release.digest));
}

#[test]
fn what_is_not_there_is_said_before_anything_starts() {
    let [_, (part, own)] = shop();
    let asked = ask(&part, Purpose::Deploy);
    let sights = seen(None);
    let settled = Mach.settled(&asked, &own, &sights);
    let spec = settled.as_ref().unwrap_or(&own);
    let failure = Mach.plan(&asked, spec, &sights).unwrap_err();
    assert_eq!(
        failure.summary.as_str(),
        "b takes $LATEST, and https://git.example.com/b.git has no branch next"
    );
    let says = wrong(
        "      - { name: a }\n",
        "- { name: a, source: \"git::https://git.example.com/a.git//x?depth=1&ref=v1\", version: v2 }\n",
    );
    assert!(
        says.contains("names a version of its own") && says.contains("leave ref= out"),
        "{says}"
    );
    // Of a whole the others do not wait for it.
    let [(whole, all), _] = shop();
    let plan = Mach
        .plan(&ask(&whole, Purpose::Deploy), &all, &sights)
        .unwrap();
    assert_eq!(plan.steps.len(), 2);
    let last = plan.says.last().unwrap();
    assert!(last.ends_with("has no branch next."), "{last}");
    let says = wrong(
        "      - { name: a }\n",
        "- { name: a, source: ./a, version: $LATEST }\n",
    );
    assert!(
        says.contains("$LATEST is the newest commit of a branch, and a folder of the estate has no versions of its own"),
        "{says}"
    );
    let says = wrong(
        "      - { name: a }\n",
        "- { name: a, source: \"git::ext::sh -c x\", version: $LATEST }\n",
    );
    assert!(says.contains("is not read: write https://"), "{says}");
}

/// [S] Where versions are registered, the newest is the one that was registered last: no branch is
/// looked at. What lies in a folder of the estate is not registered.
#[test]
fn the_newest_is_the_one_that_is_registered_where_versions_are() {
    let definitions = "- { name: a, source: ./modules/a, version: v1 }\n- { name: b, source: \"git::https://git.example.com/b.git\", version: $LATEST, integrations: [] }\n";
    let registry = json!({ "bucket": "parts-{env}", "prefix": "shop/" });
    let mut parts = read_as(definitions, Some(("registry", registry)));
    let (part, own, _) = parts.pop().unwrap();
    let asked = ask(&part, Purpose::Deploy);
    let looks = Mach.looks(&asked, &own, &Sights::default());
    let newest = looks
        .iter()
        .find(|look| look.about.kind == VERSIONS)
        .unwrap();
    assert_eq!(newest.about.name, "s3://parts-dev/shop/registry/b/");
    assert!(looks.iter().all(|look| look.about.kind != BRANCH));
    let none = Sights::default();
    let failure = Mach.plan(&asked, &own, &none).unwrap_err();
    let says =
        "b takes $LATEST, and no version of it is registered below s3://parts-dev/shop/registry/b/";
    assert_eq!(failure.summary.as_str(), says);
    let mut seen = Sights::default();
    let key = "shop/registry/b/0000000007-abcdef1.json";
    seen.put(registry::sight(newest.about.clone(), [key].into_iter()));
    let settled = Mach.settled(&asked, &own, &seen).unwrap();
    let plan = Mach.plan(&asked, &settled, &seen).unwrap();
    assert_eq!(plan.brings, [Row::new("b", "abcdef1")]);
    let says = "b: abcdef1, the newest that was registered below s3://parts-dev/shop/registry/b/ when this release was asked for ($LATEST).";
    assert_eq!(plan.says.last().unwrap(), says);
}
