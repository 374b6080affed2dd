//! What was typed wrong is told, with what is near, and asks nothing.

use super::*;

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
        ("logs|dev/orders|--grep|(", "not a regular expression"),
        ("logs|dev/orders|--since|yesterday", "neither a duration"),
        ("logs|dev/orders|--since|99999d", "longer than a year"),
        ("retry|dev/orders", "did not fail"),
        ("unblock|prod-eu/orders", "rolls back"),
        ("unblock|dev/billing", "--way done"),
        ("check", "no estate file"),
    ] {
        let ran = run_words(words, vec![], None);
        assert_eq!(ran.code, Code::Wrong, "{words}: {}", ran.err);
        assert!(ran.err.contains(says), "{words}: {}", ran.err);
        assert!(ran.asked.is_empty(), "{words} asked something");
    }
}

#[test]
fn wrong_use_is_told_by_the_parser() {
    for words in [
        vec!["holdpoint", "deploy"],
        vec!["holdpoint", "deploy", "a/b", "--all", "dev"],
        vec!["holdpoint", "deploy", "a/b", "--confirm", "x"],
        vec!["holdpoint", "deploy", "a/b", "--through-holds"],
        vec!["holdpoint", "freeze", "a/b"],
        vec!["holdpoint", "events", "-n", "0"],
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

#[test]
fn wrong_use_is_a_document_where_one_is_wanted() {
    let told = |words: &[&str]| {
        let why = Program::<Nothing>::try_parse_from(words).unwrap_err();
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        usage(&why, &words)
    };
    let document = told(&["holdpoint", "deploy", "--json"]);
    assert!(document.answer && document.code == Code::Wrong);
    let json: Value = serde_json::from_str(&document.text).unwrap();
    assert_eq!(
        (&json["outcome"], &json["code"], &json["exit"]),
        (&json!("stopped"), &json!("usage"), &json!(2))
    );
    assert!(!json["says"].as_str().unwrap().is_empty());
    let keys: Vec<&String> = json.as_object().unwrap().keys().collect();
    let page = include_str!("../../../docs/json.md");
    let promised = page
        .lines()
        .find(|line| line.contains("\"stopped\""))
        .unwrap();
    assert!(
        keys.iter()
            .all(|key| promised.contains(&format!("\"{key}\""))),
        "{keys:?} {promised}"
    );
    let plain = told(&["holdpoint", "deploy"]);
    assert!(
        !plain.answer && plain.text.starts_with("error: "),
        "{plain:?}"
    );
    let help = told(&["holdpoint", "ls", "--json", "--help"]);
    assert!(help.answer && help.code == Code::Done, "{help:?}");
}

/// Words come from scripts, pastes and names of files: none of them acts on a terminal.
#[test]
fn words_that_are_wrong_are_repeated_without_what_acts() {
    let foreign = "\u{1b}]0;owned\u{7}\u{9b}2J\u{202e}";
    for words in [
        vec![format!("--{foreign}")],
        vec![foreign.to_owned()],
        vec!["diagram".to_owned(), foreign.to_owned()],
        vec![
            "plan".to_owned(),
            "a/b".to_owned(),
            format!("--for={foreign}"),
        ],
        vec!["ls".to_owned(), format!("--{foreign}"), "--json".to_owned()],
    ] {
        let mut argv = vec!["holdpoint".to_owned()];
        argv.extend(words);
        let why = Program::<Nothing>::try_parse_from(&argv).unwrap_err();
        let said = usage(&why, &argv).text;
        assert!(
            said.to_lowercase().contains("202e")
                && !said.contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}']),
            "{said:?}"
        );
    }
}
