//! Whole screens as text, in the sizes that matter.

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};

use super::*;
use crate::domain::purpose::Purpose;
use crate::tui::glyphs::Glyphs;
use crate::tui::theme::Depth;

fn settled() -> Bench {
    in_mode(Depth::True, Glyphs::UNICODE)
}

fn in_mode(depth: Depth, glyphs: Glyphs) -> Bench {
    let mut bench = Bench::themed(fixture::scene(), depth, glyphs);
    *bench.desk.lines.lock().unwrap() = some_lines(&fixture::id("prod-eu/orders"));
    bench.wait(10_000);
    bench
}

#[test]
fn sizes() {
    for (width, height) in [
        (120, 36),
        (80, 24),
        (60, 15),
        (200, 60),
        (150, 40),
        (50, 10),
    ] {
        insta::assert_snapshot!(
            format!("console_{width}x{height}"),
            settled().screen(width, height)
        );
    }
}

#[test]
fn parts_of_an_application_are_told_apart_at_every_width() {
    let mut bench = Bench::new(fixture::Scene::parted().world);
    bench.wait(10_000);
    for (width, height) in [(120, 36), (80, 24)] {
        insta::assert_snapshot!(
            format!("parts_{width}x{height}"),
            bench.screen(width, height)
        );
    }
}

#[test]
fn the_card_of_a_change() {
    let mut bench = settled();
    *bench.desk.by.changes.lock().unwrap() = fixture::rows(true);
    unlocked(&mut bench, "prod-eu/web").keys("B").wait(100);
    insta::assert_snapshot!("card_120x36", bench.screen(120, 36));
    insta::assert_snapshot!("card_80x24", bench.screen(80, 24));
    bench.keys("<Tab>");
    insta::assert_snapshot!("card_diff", bench.screen(80, 24));
}

#[test]
fn the_cards_of_what_cannot_be_known_and_of_an_end() {
    for (name, stack, key) in [
        ("card_busy", "prod-eu/orders", "B"),
        ("card_teardown", "prod-eu/web", "T"),
        ("card_cancel", "prod-eu/orders", "X"),
    ] {
        let mut bench = settled();
        unlocked(&mut bench, stack).keys(key).wait(100);
        insta::assert_snapshot!(name, bench.screen(120, 36));
    }
}

/// The cursor stands on the stack, and its environment is unlocked.
fn unlocked<'a>(bench: &'a mut Bench, stack: &str) -> &'a mut Bench {
    bench
        .keys(&format!("/{stack}<Enter>j"))
        .wait(600)
        .keys("M")
        .wait(600)
}

#[test]
fn pages_and_lists() {
    for (name, keys) in [
        ("identity", "I"),
        ("audit", "@"),
        ("explain", "x"),
        ("details", "d"),
        ("deployments", "i"),
        ("help", "?"),
        ("menu", "a"),
        ("palette", ":ord"),
    ] {
        let mut bench = settled();
        bench.keys("]f").wait(600).keys(keys);
        insta::assert_snapshot!(name, bench.screen(120, 36));
    }
}

/// The styles of a buffer: for each row the runs of one style, as `column..column fg bg marks`.
fn styles(buf: &Buffer) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for y in 0..buf.area.height {
        let mut from = 0;
        for x in 1..=buf.area.width {
            let (here, first) = (
                buf.cell((x, y)).map(ratatui::buffer::Cell::style),
                buf[(from, y)].style(),
            );
            if x == buf.area.width || here != Some(first) {
                let text: String = (from..x).map(|x| buf[(x, y)].symbol()).collect();
                let marks = if first.add_modifier.is_empty() {
                    String::new()
                } else {
                    format!(" {:?}", first.add_modifier)
                };
                let (fg, bg) = (first.fg.unwrap_or_default(), first.bg.unwrap_or_default());
                if !text.trim().is_empty()
                    && (fg, bg, first.add_modifier)
                        != (Color::Reset, Color::Reset, Modifier::empty())
                {
                    let _ = writeln!(out, "{y}:{from} {:?} {fg} on {bg}{marks}", text.trim());
                }
                from = x;
            }
        }
    }
    out
}

#[test]
fn modes() {
    for (name, depth) in [
        ("truecolour", Depth::True),
        ("sixteen", Depth::Sixteen),
        ("no_color", Depth::Mono),
    ] {
        insta::assert_snapshot!(
            format!("styles_{name}"),
            styles(&in_mode(depth, Glyphs::UNICODE).buffer(80, 24))
        );
    }
    insta::assert_snapshot!("ascii", in_mode(Depth::Mono, Glyphs::ASCII).screen(120, 36));
}

#[test]
fn the_audit_tells_a_teardown_from_a_deployment() {
    let mut world = fixture::scene();
    let asked = world.folds.deployments.values_mut();
    let newest = asked.max_by_key(|d| d.created_at).unwrap();
    let request =
        std::sync::Arc::make_mut(std::sync::Arc::make_mut(newest).request.as_mut().unwrap());
    request.purpose = Purpose::Teardown;
    // It is told from what its deployment keeps: the events are no longer at hand.
    std::sync::Arc::make_mut(&mut world.recent).clear();
    let screen = Bench::new(world).keys("@").screen(120, 36);
    assert!(
        screen.contains("asked to tear it down (console)"),
        "{screen}"
    );
}

#[test]
fn ascii_screens_hold_nothing_else() {
    for keys in ["", "a", "?", "x", "d", "@", "I", "4v", "4vv", "A<Enter>"] {
        let screen = in_mode(Depth::Mono, Glyphs::ASCII)
            .keys(keys)
            .screen(120, 36);
        let other: String = screen.chars().filter(|c| !c.is_ascii()).collect();
        assert!(other.is_empty(), "after {keys:?}: {other}");
    }
}

#[test]
fn without_colour_the_terminal_gets_attributes_and_never_an_empty_reset() {
    use ratatui::backend::Backend;
    crossterm::style::force_color_output(true);
    let buf = in_mode(Depth::Mono, Glyphs::UNICODE).buffer(120, 36);
    let mut bytes = Vec::new();
    let empty = Buffer::empty(buf.area);
    ratatui::backend::CrosstermBackend::new(&mut bytes)
        .draw(empty.diff(&buf).into_iter())
        .unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert!(
        !text.contains("\u{1b}[m"),
        "an empty reset would wipe bold and reverse"
    );
    let colours =
        regex::Regex::new("\u{1b}\\[(38|48);|\u{1b}\\[(3[0-7]|4[0-7]|9[0-7]|10[0-7])m").unwrap();
    assert!(!colours.is_match(&text), "{:?}", colours.find(&text));
    assert!(text.contains("\u{1b}[1m") && text.contains("\u{1b}[7m"));
}

#[test]
fn states_are_told_apart_without_colour() {
    let screen = in_mode(Depth::Mono, Glyphs::ASCII).screen(200, 60);
    for word in [
        "! DOWN", "? HOLD", "= FROZ", "x FAIL", "? UNKN", "~ STALE", "+ OK", ". QUE", "< ROLL",
        "x BROK", "* RUN",
    ] {
        assert!(
            screen.contains(word),
            "{word} is not on the screen:\n{screen}"
        );
    }
}

#[test]
fn practice_wears_its_own_word_on_every_frame_and_never_the_colour_of_production() {
    let mut world = fixture::scene();
    std::sync::Arc::make_mut(&mut world.catalog).practice = true;
    let mut bench = Bench::new(world);
    for keys in [
        "", "z", "z", "a", "<Esc>", "M", "B", "<Esc>", "A", "<Enter>",
    ] {
        bench.wait(600).keys(keys);
        let buf = bench.buffer(80, 24);
        let band: String = (0..80).map(|x| buf[(x, 0)].symbol()).collect();
        assert!(
            band.contains("PRACTICE") && band.contains("(practice)"),
            "after {keys:?}: {band}"
        );
        let production = Color::Rgb(0xb3, 0x26, 0x1e);
        assert!(
            buf.content().iter().all(|cell| cell.bg != production),
            "after {keys:?}"
        );
    }
    insta::assert_snapshot!(
        "practice",
        Bench::themed(
            {
                let mut world = fixture::scene();
                std::sync::Arc::make_mut(&mut world.catalog).practice = true;
                world
            },
            Depth::True,
            Glyphs::UNICODE
        )
        .screen(80, 24)
    );
}

#[test]
fn that_aws_throttles_is_named_in_the_band_of_its_environment_and_told_by_who_is_who() {
    use crate::domain::sighting::{PACE, Sighting, Slowed};
    let mut world = fixture::scene();
    let sighting = Sighting {
        value: fixture::pace(Some(Slowed {
            since: fixture::ago(90),
            every_ms: 2_000,
        })),
        taken_at: fixture::ago(3),
        place: Some(fixture::account("441200007731")),
        stale: None,
    };
    world.sightings.insert(
        ("environment/prod-us".to_owned(), PACE.to_owned()),
        sighting,
    );
    let mut bench = Bench::new(world);
    for (width, height) in [(120, 36), (80, 24)] {
        let screen = bench.wait(600).screen(width, height);
        assert!(
            screen
                .lines()
                .next()
                .unwrap()
                .contains("AWS THROTTLES READS since 14:01Z"),
            "{screen}"
        );
    }
    let page = bench
        .keys("I")
        .screen(160, 60)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(
        page.contains("THROTTLED AWS throttles reads of 441200007731/eu-west-1")
            && page.contains("once in 2 s"),
        "{page}"
    );
}

#[test]
fn a_full_disk_is_named_in_the_band_and_above_all_that_needs_a_person() {
    let mut world = fixture::scene();
    world.disk_full = Some(crate::world::DiskFull {
        home: "/home/ana/.local/share/holdpoint".to_owned(),
        since: fixture::ago(90),
    });
    let mut bench = Bench::new(world);
    for (width, height) in [(120, 36), (80, 24), (60, 15), (50, 10)] {
        let screen = bench.wait(600).screen(width, height);
        assert!(
            screen.lines().next().unwrap().contains("DISK FULL since"),
            "{screen}"
        );
        let text = screen.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            text.contains("free some space, work goes on by itself"),
            "{screen}"
        );
    }
    insta::assert_snapshot!("disk_full_120x36", bench.screen(120, 36));
    insta::assert_snapshot!("disk_full_80x24", bench.screen(80, 24));
}

#[test]
fn what_was_set_aside_is_counted_in_the_band_until_it_is_read() {
    let mut world = fixture::scene();
    world.aside = fixture::set_aside();
    let mut bench = Bench::new(world);
    bench.wait(10_000);
    let screen = bench.screen(120, 36);
    assert!(screen.contains(" 1 SET ASIDE [O] "), "{screen}");
    bench.keys("O");
    insta::assert_snapshot!("aside_120x36", bench.screen(120, 36));
    insta::assert_snapshot!("aside_80x24", bench.screen(80, 24));
    bench.keys("<Esc>");
    let screen = bench.screen(120, 36);
    assert!(!screen.contains("SET ASIDE"), "it was read: {screen}");
    // Another one is news again, and so is what cannot be read.
    let mut world = fixture::scene();
    world.aside = fixture::set_aside();
    let kept = std::sync::Arc::make_mut(&mut world.aside.kept);
    let mut later = kept.messages[1].clone();
    later.id = "later".to_owned();
    later.at = fixture::ago(60);
    kept.put(later);
    bench.desk.set(world.clone());
    bench.wait(1_000);
    assert!(bench.screen(120, 36).contains(" 1 SET ASIDE [O] "));
    world.aside.trouble = Some(crate::text::safe::Safe::new("it is damaged"));
    bench.desk.set(world);
    bench.wait(1_000);
    assert!(bench.screen(120, 36).contains("SET ASIDE: NOT READ [O]"));
    assert!(bench.keys("O").screen(120, 36).contains("it is damaged"));
}

#[test]
fn versions_are_shown_as_far_as_they_are_known_with_their_age() {
    use std::sync::Arc;

    use crate::domain::ids::StackId;
    use crate::text::safe::Safe;
    use crate::world::newer::Newer;

    let stack: StackId = "prod-us/orders".parse().unwrap();
    let shown = |newer: Option<Newer>| {
        let mut world = fixture::scene();
        world.newer = Arc::new(newer.map(|one| (stack.clone(), one)).into_iter().collect());
        let mut bench = Bench::new(world);
        bench.keys("/prod-us/orders<Enter>V");
        bench.screen(120, 36)
    };
    assert!(shown(None).contains("nobody looks for versions here"));
    let looking = Newer {
        looking: Some(fixture::ago(5)),
        ..Newer::default()
    };
    assert!(shown(Some(looking)).contains("looking into the repositories, for"));
    let failed = Newer {
        found: Some(Err(Safe::new("main.yml:3:1: no such component"))),
        at: fixture::ago(90),
        looking: None,
    };
    let screen = shown(Some(failed));
    assert!(screen.contains("NOT KNOWN") && screen.contains("main.yml:3:1: no such component"));
    let lines = [
        "cart  v1.0.0 -> v1.2.0, 2 commits",
        "  1a2b3c4  2026-11-01  Ana  round prices down (v1.2.0)",
        "  0f1e2d3  2026-10-30  Ben  count what is in it",
        "search  v2.1.0 is the newest",
    ];
    let found = Newer {
        found: Some(Ok(lines.iter().map(|line| Safe::new(line)).collect())),
        at: fixture::ago(90),
        looking: None,
    };
    insta::assert_snapshot!("versions_120x36", shown(Some(found)));
}
