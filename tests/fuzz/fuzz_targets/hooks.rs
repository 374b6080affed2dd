//! Bodies of webhooks (the first byte says whose): they are refused, or what is read of them is sound. Nothing that git would
//! not take becomes a branch, and nothing that acts on a terminal stands in what is shown.
#![no_main]

use holdpoint::domain::refs::Ref;
use holdpoint::forms::bitbucket::qsh::canonical;
use holdpoint::text::safe::{Safe, acts};
use holdpoint::trigger::bitbucket::claims_of;
use holdpoint::trigger::rules::{Concern, concern};
use holdpoint::trigger::{Told, bitbucket, github, gitlab};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((whose, body)) = input.split_first() else {
        return;
    };
    let told = match whose % 10 {
        0 => github::read("push", body),
        1 => github::read("installation", body),
        2 => github::read("installation_repositories", body),
        3 => gitlab::read("Push Hook", body),
        4 => gitlab::read("Tag Push Hook", body),
        5 => bitbucket::read(Some("repo:push"), None, body),
        6 => bitbucket::read(None, Some(&Safe::new("{account}")), body),
        8 => github::read("check_suite", body),
        9 => github::read("check_run", body),
        _ => {
            if let Ok(text) = str::from_utf8(body) {
                let _ = claims_of(text);
                let (path, query) = text.split_once('?').unwrap_or((text, ""));
                let canonical = canonical("POST", path, query);
                assert!(canonical.starts_with("POST&/"), "{canonical}");
                let parts: Vec<&str> = canonical.splitn(3, '&').collect();
                assert_eq!(parts.len(), 3, "{canonical}");
            }
            return;
        }
    };
    let Ok(Told::Pushes(pushes)) = told else {
        return;
    };
    for push in pushes {
        let (Ref::Branch(name) | Ref::Tag(name)) = &push.at;
        assert!(!name.as_str().contains("..") && !name.as_str().contains(acts), "{name:?}");
        let shown = format!("{} {} {}", push.by.shown(), push.message, push.repository);
        assert!(!shown.contains(acts), "{shown:?}");
        assert!(matches!(concern(&push, &[]), Concern::Nothing(_)));
    }
});
