//! What a page shows beside how its stack stands.

use super::*;
use crate::domain::look::Look;
use crate::domain::sighting::beside;
use crate::forms::ssm::{PARAMETERS, below};

/// It is looked at twice a minute while a screen is about its stack; where a look fails, what was
/// seen stays and says why it is old.
#[tokio::test]
async fn it_is_looked_at_twice_a_minute_and_says_how_old_it_is() {
    let scene = Scene::of(&[("dev", "eu-west-1")]);
    scene.account.end("dev-0", BEGUN);
    let interest = Interest {
        given: false,
        stack: "dev/dev-0".parse().unwrap(),
        about: vec![Subject::new(STACK, "dev-0")],
        beside: vec![Look::at(below("/sites/dev"))],
        logs: Vec::new(),
        far: false,
    };
    let told = async |interest: &Interest| {
        let all = [interest.to_string()];
        let told = scene.store.put_interest("a", &all, BEGUN + S(3_600)).await;
        told.unwrap();
    };
    let looked = || {
        let calls = scene.account.calls();
        let reads = calls
            .iter()
            .filter(|call| call.action == "DescribeParameters");
        reads.count()
    };
    let seen = async || {
        let (all, _) = scene.store.sightings(0).await.unwrap();
        let key = ("stack/dev/dev-0".to_owned(), beside(PARAMETERS));
        let (_, sighting) = all.into_iter().find(|(of, _)| *of == key)?;
        let Seen::Thing { sight } = sighting.value else {
            panic!("{sighting:?}")
        };
        Some((sight.words.to_string(), sighting.stale.is_some()))
    };
    told(&interest).await;
    scene.watch();
    scene.pass(S(60)).await;
    assert_eq!(seen().await, Some(("1 parameter".to_owned(), false)));
    let first = looked();
    assert!((2..=3).contains(&first), "{first} looks in a minute");
    scene.account.deny("DescribeParameters");
    scene.pass(S(60)).await;
    assert_eq!(seen().await, Some(("1 parameter".to_owned(), true)));
    told(&interest.clone().from_afar()).await;
    scene.pass(S(60)).await;
    let then = looked();
    scene.pass(S(300)).await;
    assert_eq!(looked(), then, "nobody sees it");
}
