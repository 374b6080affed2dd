//! The gate over all byte strings, and over the tricks that are known.

use proptest::prelude::*;
use unicode_segmentation::UnicodeSegmentation;

use super::*;

fn one_line(raw: &str) -> Vec<String> {
    Safe::lines(raw.as_bytes())
        .into_iter()
        .map(Safe::into_string)
        .collect()
}

#[test]
fn names() {
    let table: &[(&str, &str)] = &[
        ("main", "main"),
        ("main\n", "main"),
        ("main\r\n", "main"),
        ("evil\rmain", "evil^Mmain"),
        ("a\nb", "a^Jb"),
        ("\x07bell\x08\x7f\0", "^Gbell^H^?^@"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07x", "x"),
        ("\x1b]52;c;aGk=\x1b\\x", "x"),
        ("\x1b]8;;https://a.b\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\u{9b}31mred", "red"),
        ("\u{9d}0;title\u{9c}x", "x"),
        ("\x1bP1$r0m\x1b\\x", "x"),
        ("\x1bXsos\x1b\\\x1b^pm\x1b\\\x1b_apc\x1b\\x", "x"),
        ("\x1b(Bx\x1b7\x1bcy", "xy"),
        ("cut \x1b[3", "cut ^["),
        ("cut \x1b]0;title", "cut ^["),
        ("\x1b]0;a\x18b", "b"),
        ("\x1b[3é", "^[é"),
        ("\u{202e}gnp.exe", "<U+202E>gnp.exe"),
        ("a\u{200b}b\u{feff}", "a<U+200B>b<U+FEFF>"),
        ("\u{85}", "<U+0085>"),
        ("\u{2028}", "<U+2028>"),
        ("e\u{301}", "e\u{301}"),
        ("\u{301}e", "<U+0301>e"),
        ("⚠\u{fe0f} ok", "⚠ ok"),
        ("a\tb", "a       b"),
        ("grün 日本", "grün 日本"),
    ];
    for (raw, safe) in table {
        assert_eq!(Safe::new(raw).as_str(), *safe, "{raw:?}");
    }
}

#[test]
fn output_lines() {
    assert_eq!(one_line("a\nb\r\n\nc"), ["a", "b", "", "c"]);
    assert_eq!(one_line("10%\r50%\r100%\ndone\n"), ["100%", "done"]);
    assert_eq!(one_line("stays\r\r\n"), ["stays"]);
    assert_eq!(
        one_line("\x1b]0;never ended\nnext"),
        ["^[", "next"],
        "a line break ends every sequence"
    );
    assert!(one_line("").is_empty());
    assert_eq!(
        Safe::from_bytes(b"caf\xe9 \x9b31mx \xff\xe2\x82").as_str(),
        "caf\u{fffd} x \u{fffd}\u{fffd}"
    );
}

#[test]
fn long_lines_say_what_was_cut() {
    for unit in ["a", "é", "\u{202e}"] {
        let raw = unit.repeat(MAX_CHARS + 100);
        let safe = Safe::new(&raw);
        assert!(safe.as_str().chars().count() <= MAX_CHARS, "{unit:?}");
        assert!(safe.as_str().ends_with("characters cut]"), "{unit:?}");
    }
    assert_eq!(Safe::new(&"a".repeat(MAX_CHARS)).as_str().len(), MAX_CHARS);
    let cut = Safe::new(&"a".repeat(MAX_CHARS + 1));
    let kept =
        cut.as_str().chars().filter(|c| *c == 'a').count() - "characters".matches('a').count();
    assert!(
        cut.as_str()
            .contains(&format!("[{} characters cut]", MAX_CHARS + 1 - kept)),
        "{}",
        &cut.as_str()[MAX_CHARS - 64..]
    );
}

#[test]
fn towers_are_lowered() {
    let tower = format!("e{}x", "\u{301}".repeat(1_000));
    assert_eq!(
        Safe::new(&tower).as_str(),
        format!("e{}x", "\u{301}".repeat(4))
    );
}

#[test]
fn it_reads_back_what_it_wrote() {
    let safe = Safe::new("a\x1b[1mb\u{202e}");
    let stored = serde_json::to_string(&safe).unwrap();
    assert_eq!(serde_json::from_str::<Safe>(&stored).unwrap(), safe);
    assert_eq!(
        serde_json::from_str::<Safe>("\"\\u001b[31mred\"")
            .unwrap()
            .as_str(),
        "red",
        "a stored text passes the gate again"
    );
}

fn nasty() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        any::<u8>().prop_map(|b| vec![b]),
        "[ -~]{0,12}".prop_map(String::into_bytes),
        any::<char>().prop_map(|c| c.to_string().into_bytes()),
        prop::sample::select(vec![
            "\x1b",
            "\x1b[",
            "\x1b]",
            "\x1bP",
            "\x1b\\",
            "\u{9b}",
            "\u{9c}",
            "\u{9d}",
            "\x07",
            "\r",
            "\n",
            "\r\n",
            "\t",
            "\x18",
            "\x08",
            "31m",
            "0;t",
            "\u{202e}",
            "\u{200d}",
            "\u{301}",
            "\u{fe0f}",
            "👩",
            "日",
            "\u{e0041}",
            "\u{1f3fd}",
        ])
        .prop_map(|s| s.as_bytes().to_vec()),
        Just(vec![0x9b]),
        Just(vec![0xe2, 0x82]),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn harmless(text: &str) -> bool {
    let no_bad = text.chars().all(|c| {
        !c.is_control()
            && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{61c}' | '\u{feff}')
    });
    no_bad
        && text.chars().count() <= MAX_CHARS
        && text.graphemes(true).all(|g| {
            g.chars()
                .filter(|c| unicode_width::UnicodeWidthChar::width(*c) == Some(0))
                .count()
                <= 8
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn nothing_dangerous_passes(raw in nasty()) {
        let safe = Safe::from_bytes(&raw);
        prop_assert!(harmless(safe.as_str()), "{:?}", safe);
        for line in Safe::lines(&raw) {
            prop_assert!(harmless(line.as_str()), "{:?}", line);
        }
    }

    #[test]
    fn passing_twice_changes_nothing(raw in nasty()) {
        let once = Safe::from_bytes(&raw);
        prop_assert_eq!(&Safe::new(once.as_str()), &once);
        for line in Safe::lines(&raw) {
            prop_assert_eq!(Safe::new(line.as_str()), line);
        }
    }

    #[test]
    fn pieces_give_what_the_whole_gives(raw in nasty(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(raw.len() + 1)).collect();
        at.sort_unstable();
        at.push(raw.len());
        let (mut lines, mut cleaner, mut from) = (Vec::new(), Cleaner::default(), 0);
        for to in at {
            cleaner.push(&raw[from..to], |line| lines.push(line));
            from = to;
        }
        lines.extend(cleaner.end());
        prop_assert_eq!(lines, Safe::lines(&raw));
    }

    #[test]
    fn plain_text_is_untouched(text in "[ -~]{0,200}") {
        let safe = Safe::new(&text);
        prop_assert_eq!(safe.as_str(), &text);
    }
}

#[test]
fn what_others_tell_is_without_what_tells_that_it_is_a_secret() {
    let told = Safe::told("Access denied (password=hunter2hunter2)\u{1b}[2J");
    assert_eq!(told.as_str(), "Access denied (password=***");
    assert_eq!(Safe::told("plain words").as_str(), "plain words");
    assert_eq!(
        Safe::told_of("DbPassword", "hunter2hunter2").as_str(),
        "***"
    );
    assert_eq!(
        Safe::told_of("Url", "https://x/?token=abcdef123456").as_str(),
        "https://x/?token=***"
    );
    assert_eq!(Safe::told_of("DesiredCount", "4").as_str(), "4");
}
