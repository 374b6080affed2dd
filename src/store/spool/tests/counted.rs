//! Sources that count their lines, over any number of restarts.

use super::*;

/// A line of a source that counts.
fn counted(step: &str, nth: u64, at: i64) -> Line {
    Line {
        id: Id::Nth(nth),
        source: step.into(),
        at: Time(at),
        text: format!("{step} {nth}").as_str().into(),
        ..line("dev/api", at)
    }
}

/// Every writer is a new life over what the one before left: cut anywhere in its last write, and
/// its sources given anew from the beginning, in small pieces that cross segments.
#[test]
fn sources_that_count_are_told_once_and_in_order_over_any_number_of_restarts() {
    let spot = spot();
    // Far more lines than are remembered by their names; times that stand still, and go back.
    let (steps, total) = (["one", "two", "three", "four"], 7_000);
    let at = |nth: u64| i64::try_from(nth / 50 % 7).unwrap();
    let path = spot.home.spool().join("dev/api");
    for life in 1..=7 {
        let spool = Spool::open(
            &spot.home,
            Limits {
                segment: 60_000,
                ..Limits::default()
            },
        )
        .unwrap();
        for nth in 0..life * 1_000 {
            spool
                .append(&mut steps.map(|step| counted(step, nth, at(nth))))
                .unwrap();
        }
        assert_eq!(
            spool
                .reached(&"dev/api".parse().unwrap(), &counted("two", 0, 0).giver())
                .unwrap(),
            Some(life * 1_000 - 1)
        );
        let last = spool
            .segments(&"dev/api".parse().unwrap())
            .list()
            .unwrap()
            .last()
            .copied()
            .unwrap();
        let file = std::fs::File::options()
            .write(true)
            .open(path.join(format!("{:06}.jsonl", last.number)))
            .unwrap();
        file.set_len(last.bytes - (last.bytes.min(life * 37)))
            .unwrap();
    }
    let spool = Spool::open(&spot.home, Limits::default()).unwrap();
    for nth in 0..total {
        spool
            .append(&mut steps.map(|step| counted(step, nth, at(nth))))
            .unwrap();
    }
    let (mut all, _) = spool
        .tail(&api(), &Position::default(), usize::MAX)
        .unwrap();
    all.reverse();
    all.sort_by_key(Line::key);
    for step in steps {
        let its: Vec<&str> = all
            .iter()
            .filter(|line| line.source.as_str() == step)
            .map(|line| line.text.as_str())
            .collect();
        let expect: Vec<String> = (0..total).map(|nth| format!("{step} {nth}")).collect();
        assert_eq!(its, expect);
    }
}
