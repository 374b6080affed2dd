//! The merge: whatever comes in whatever order from several sources, each is read in its own order.

use proptest::prelude::*;

use super::*;
use crate::domain::ids::DeploymentNo;
use crate::domain::line::{Id, Severity, SourceKind};
use crate::domain::time::Time;
use crate::text::safe::Safe;

/// A line of one of five sources, two of which count.
fn line(source: usize, nth: usize, at: i64) -> Line {
    let (kind, name, part, no) = [
        (SourceKind::Out, "migrate", "", Some(1)),
        (SourceKind::Out, "migrate", "stderr", Some(2)),
        (SourceKind::Logs, "/ecs/orders", "a", None),
        (SourceKind::Logs, "/ecs/orders", "b", None),
        (SourceKind::Events, "orders", "Database", Some(1)),
    ][source];
    let id = if kind == SourceKind::Out {
        Id::Nth(nth as u64 * 10)
    } else {
        Id::Name(format!("{source}/{nth}"))
    };
    Line {
        turn: Turn::default(),
        phase: None,
        at: Time(at),
        id,
        kind,
        source: name.into(),
        part: part.into(),
        stack: "dev/orders".parse().unwrap(),
        no: no.map(DeploymentNo),
        severity: Severity::Info,
        text: format!("{source} {nth}").as_str().into(),
    }
}

fn texts(lines: &[Line], of: &Giver) -> Vec<String> {
    lines
        .iter()
        .filter(|line| line.giver() == *of)
        .map(|line| line.text.to_string())
        .collect()
}

proptest! {
    /// Sources speak in turns, with equal times and with clocks that go back; now and then whoever
    /// numbers their lines begins anew, and those that count are read again from anywhere. However
    /// the lines are shuffled before they are sorted, every source stands in its own order, whole
    /// and once; where no clock goes back, all stand in the order of time.
    #[test]
    fn no_line_is_lost_doubled_or_out_of_order_within_its_source(
        spoken in prop::collection::vec((0usize..5, 0i64..30, prop::option::weighted(0.05, any::<prop::sample::Index>())), 1..200),
        steady in any::<bool>(),
        shuffle in any::<u64>(),
    ) {
        let mut heads = Heads::default();
        let (mut given, mut kept) = (vec![Vec::<Line>::new(); 5], Vec::<Line>::new());
        let mut number = 0;
        let mut clock = 0;
        for (source, at, restart) in spoken {
            clock += at;
            let new = line(source, given[source].len(), if steady { clock } else { at });
            given[source].push(new.clone());
            let mut coming = vec![new];
            if let Some(again) = restart {
                heads = Heads::default();
                for line in &kept {
                    heads.recall(line);
                }
                for counted in &given[..2] {
                    coming.extend_from_slice(&counted[again.index(counted.len() + 1)..]);
                }
            }
            for mut line in coming {
                number += 1;
                if heads.place(&mut line, number) {
                    kept.push(line);
                }
            }
        }
        let mut shown = kept.clone();
        shown.sort_by_key(|line| line.turn.1.wrapping_mul(shuffle | 1));
        shown.sort_by_key(Line::key);
        prop_assert_eq!(shown.len(), given.iter().map(Vec::len).sum::<usize>());
        for lines in given.iter().filter(|lines| !lines.is_empty()) {
            let giver = lines[0].giver();
            prop_assert_eq!(texts(&shown, &giver), texts(lines, &giver));
        }
        prop_assert!(!steady || shown.is_sorted_by_key(|line| line.at));
        prop_assert!(shown.iter().all(|line| line.key() == line.turn && line.turn.0 >= line.at));
    }
}

#[test]
fn memory_is_bounded_and_forgets_the_silent() {
    let mut heads = Heads::default();
    let speak = |heads: &mut Heads, stream: u64, number| {
        let mut line = Line {
            part: stream.to_string().as_str().into(),
            ..line(2, 0, 0)
        };
        assert!(heads.place(&mut line, number));
        line.giver()
    };
    let busy = speak(&mut heads, 0, 0);
    for stream in 1..5_000 {
        speak(&mut heads, stream, 2 * stream);
        speak(&mut heads, 0, 2 * stream + 1);
        assert!(heads.0.len() <= 2 * MOST);
    }
    assert!(heads.0.contains_key(&busy));
    let text = serde_json::to_string(&heads).unwrap();
    assert_eq!(serde_json::from_str::<Heads>(&text).unwrap(), heads);
}

/// Parts that count for themselves are each read on where it stands, in whatever order they come.
#[test]
fn parts_that_count_for_themselves_keep_their_own_numbers() {
    let line = |part: &str, of_part: u64| Line {
        turn: Turn::default(),
        at: Time(1),
        id: Id::OfPart { of_part },
        kind: SourceKind::Out,
        source: Safe::new("migrate"),
        part: Safe::new(part),
        stack: "dev/a".parse().unwrap(),
        no: Some(DeploymentNo(1)),
        severity: Severity::Info,
        phase: None,
        text: Safe::new("said"),
    };
    let mut heads = Heads::default();
    let placed: Vec<bool> = [("a", 1), ("a", 2), ("b", 1), ("a", 1), ("b", 2), ("b", 2)]
        .into_iter()
        .zip(1..)
        .map(|((part, nth), number)| heads.place(&mut line(part, nth), number))
        .collect();
    assert_eq!(placed, [true, true, true, false, true, false]);
    let stored = serde_json::to_string(&line("a", 7).id).unwrap();
    assert_eq!(stored, r#"{"of_part":7}"#);
    assert_eq!(
        serde_json::from_str::<Id>(&stored).unwrap(),
        Id::OfPart { of_part: 7 }
    );
    assert_eq!(serde_json::from_str::<Id>("7").unwrap(), Id::Nth(7));
}
