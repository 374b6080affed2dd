//! Form alone: places, limits, and what is refused.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

fn errors(text: &str) -> String {
    read("f.yaml", text.as_bytes(), Limits::CONFIGURATION)
        .unwrap_err()
        .to_string()
}

#[test]
fn places_tags_and_text_as_written() {
    let text = "a:\n  b: [0441, !Ref 'x']\n  c: !GetAtt A.B\n";
    let (_, root) = read("f.yaml", text.as_bytes(), Limits::TEMPLATE).unwrap();
    let b = root.get("a").unwrap().get("b").unwrap();
    assert_eq!(b.items()[0].text(), Some("0441"));
    assert_eq!(
        b.items()[0].at,
        At {
            line: 2,
            column: 7,
            length: 4
        }
    );
    assert_eq!(b.items()[1].tag.as_deref(), Some("Ref"));
    assert_eq!(
        root.get("a").unwrap().get("c").unwrap().tag.as_deref(),
        Some("GetAtt")
    );
    assert_eq!(
        root.get("a").unwrap().entries()[1].0.at,
        At {
            line: 3,
            column: 3,
            length: 1
        }
    );
}

#[test]
fn tags_that_say_what_a_value_is_anyway_are_none_of_their_own() {
    let text = "a: [!!str 1, !!binary AA==, !!python/object:os.system x, !<tag:a.b,2002:c> y]\n";
    let (_, root) = read("f.yaml", text.as_bytes(), Limits::CONFIGURATION).unwrap();
    let tags: Vec<_> = root
        .get("a")
        .unwrap()
        .items()
        .iter()
        .map(|node| node.tag.as_deref())
        .collect();
    assert_eq!(
        tags,
        [
            None,
            Some("!binary"),
            Some("!python/object:os.system"),
            Some("tag:a.b,2002:c")
        ]
    );
}

#[test]
fn json_with_tabs_is_read() {
    let (_, root) = read(
        "f.json",
        b"{\n\t\"a\": {\"b\": [1, \"x\\ty\"]}\n}",
        Limits::TEMPLATE,
    )
    .unwrap();
    assert_eq!(
        root.get("a").unwrap().get("b").unwrap().items()[1].text(),
        Some("x\ty")
    );
}

#[test]
fn a_pair_of_escapes_is_one_character_and_half_of_it_is_refused_where_it_stands() {
    for (name, text) in [
        ("f.json", r#"{"a": "orders \ud83e\udd16 bot"}"#),
        ("f.yaml", r#"a: "orders \ud83e\udd16 bot""#),
    ] {
        let (_, root) = read(name, text.as_bytes(), Limits::TEMPLATE).unwrap();
        assert_eq!(root.get("a").unwrap().text(), Some("orders \u{1f916} bot"));
    }
    let found = errors("{\n\t\"a\": \"orders \\ud83e bot\"\n}");
    for part in [
        "f.yaml:2:15",
        "one half of a character",
        "^^^^^^\n",
        "the character itself",
    ] {
        assert!(found.contains(part), "no {part:?} in\n{found}");
    }
    assert!(
        errors(r#"{"\udd16": 1}"#).contains("f.yaml:1:3"),
        "{}",
        errors(r#"{"\udd16": 1}"#)
    );
    assert!(
        errors(r#"a: "b\qc""#).contains("f.yaml:1:6"),
        "{}",
        errors(r#"a: "b\qc""#)
    );
}

#[test]
fn what_is_refused() {
    assert!(
        errors("a: 1\na: 2\nb: {c: 1, c: 2}\n").contains("f.yaml:3:11"),
        "{}",
        errors("a: 1\na: 2\nb: {c: 1, c: 2}\n")
    );
    assert!(errors("a: 1\n---\nb: 2\n").contains("error[documents]"));
    assert!(
        errors("a:\n\tb: 1\n").contains("indent with spaces"),
        "{}",
        errors("a:\n\tb: 1\n")
    );
    assert!(errors("").contains("error[empty]"));
    assert!(errors("a: [").contains("error[not-yaml]"));
    assert!(errors("a: *nobody").contains("error[not-yaml]"));
    assert!(errors("a: &x [*x]").contains("error[alias]"));
    assert!(errors("? [a]\n: 1\n").contains("error[key]"));
    let deep = "[".repeat(40) + &"]".repeat(40);
    assert!(errors(&deep).contains("error[too-deep]"));
    let bad = read("f.yaml", b"a: 1\nb: x\xff\n", Limits::CONFIGURATION).unwrap_err();
    assert_eq!(
        (bad.0[0].code, bad.0[0].at.line, bad.0[0].at.column),
        ("not-utf8", 2, 5)
    );
    assert!(
        read("f", &vec![b'a'; 2 << 20], Limits::CONFIGURATION)
            .unwrap_err()
            .to_string()
            .contains("too-big")
    );
    assert!(
        read("f", b"a: &x 1\nb: *x\n", Limits::TEMPLATE)
            .unwrap_err()
            .to_string()
            .contains("write the value out")
    );
}

#[test]
fn a_mapping_takes_the_entries_of_others() {
    let text = "a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc:\n  <<: [*a, *b]\n  x: own\nd: {<<: *a, z: 5}\ne: {\"<<\": 6}\n";
    let (_, root) = read("f.yaml", text.as_bytes(), Limits::CONFIGURATION).unwrap();
    let told = |key: &str| {
        let entries = root.get(key).unwrap().entries().iter();
        let told = entries.map(|(key, node)| format!("{}={}", key.name, node.text().unwrap()));
        told.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(told("c"), "x=own y=2 z=4");
    assert_eq!(told("d"), "z=5 x=1 y=2");
    assert_eq!(told("e"), "<<=6", "a quoted key is a key");
    assert!(errors("a: {<<: 1}").contains("error[merge]"));
    assert!(errors("a: {<<: [{b: 1}, 2]}").contains("f.yaml:1:5"));
    assert!(errors("a: &a {b: 1}\nc: {<<: *a, <<: *a}").contains("error[twice]"));
    assert!(errors("a: &a {<<: *a}").contains("error[alias]"));
    // CloudFormation knows none.
    let (_, root) = read("f", b"a: {<<: {b: 1}}", Limits::TEMPLATE).unwrap();
    assert_eq!(root.get("a").unwrap().entries()[0].0.name, "<<");
}

#[test]
fn an_alias_bomb_is_counted_before_it_is_built() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..12 {
        let row = vec![format!("*a{}", n - 1); 10].join(", ");
        writeln!(text, "a{n}: &a{n} [{row}]").unwrap();
    }
    assert!(errors(&text).contains("error[too-many]"));
}

proptest! {
    /// Any bytes are read or refused, and whatever is said points into the file.
    #[test]
    fn any_bytes(bytes in prop_oneof![
        prop::collection::vec(any::<u8>(), 0..300),
        "[a-c:\\-\\[\\]{},&*!|>'\"#%@`? \t\n~]{0,120}".prop_map(String::into_bytes),
    ]) {
        if let Err(found) = read("f", &bytes, Limits::CONFIGURATION) {
            prop_assert!(!found.is_empty());
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
            let lines: Vec<&str> = text.lines().collect();
            for one in &found.0 {
                prop_assert!(one.at.line >= 1 && one.at.line <= lines.len().max(1));
                let chars = lines.get(one.at.line - 1).map_or(0, |line| line.chars().count());
                prop_assert!(one.at.column >= 1 && one.at.column <= chars + 1);
                let _ = one.to_string();
            }
        }
    }
}
