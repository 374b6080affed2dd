//! The ring and what is shown of it, against a plain list.

use proptest::prelude::*;

use super::*;

/// What the ring must be: a list, sorted by time and arrival, without repeats, of which the newest
/// are kept.
#[derive(Default)]
struct Model {
    lines: Vec<(i64, usize, String)>,
    arrived: usize,
}

impl Model {
    fn push(&mut self, batch: &[(i64, u16)], most: usize) {
        let mut known: HashSet<String> = self.lines.iter().map(|(.., id)| id.clone()).collect();
        for (at, id) in batch {
            if known.insert(id.to_string()) {
                self.arrived += 1;
                self.lines.push((*at, self.arrived, id.to_string()));
            }
        }
        self.lines.sort();
        let extra = self.lines.len().saturating_sub(most);
        self.lines.drain(..extra);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_ring_is_a_sorted_list_without_repeats(
        batches in prop::collection::vec(prop::collection::vec((0i64..400, 0u16..6_000), 0..1_200), 1..8),
        most in 1usize..4_000,
    ) {
        let (mut ring, mut model) = (Ring::new(most), Model::default());
        let mut hits = Hits::new(Query::read("7").unwrap());
        for batch in &batches {
            for (at, id) in batch {
                ring.put(&line(*at, &id.to_string(), SourceKind::Logs, Severity::Info, &id.to_string()));
            }
            ring.trim();
            model.push(batch, most);
            prop_assert_eq!(ring.len(), model.lines.len());
            let rows: Vec<_> = (0..ring.len()).map(|at| ring.row(at).map(|row| (row.at.0, row.text.to_owned())).unwrap()).collect();
            let wanted: Vec<_> = model.lines.iter().map(|(at, _, id)| (*at, id.clone())).collect();
            prop_assert_eq!(&rows, &wanted);
            // Hits that were found before and hits that are found now agree with a plain look.
            let plain: Vec<_> = (0..rows.len()).filter(|at| rows[*at].1.contains('7')).collect();
            let (mut found, mut at) = (Vec::new(), 0);
            while let Some(hit) = hits.at_or_after(&ring, at) {
                found.push(hit);
                at = hit + 1;
            }
            prop_assert_eq!(&found, &plain);
            let middle = rows.len() / 2;
            prop_assert_eq!(hits.at_or_before(&ring, middle), plain.iter().copied().rfind(|at| *at <= middle));
            prop_assert!(hits.search(&ring, usize::MAX));
            prop_assert_eq!(hits.count(&ring, middle), (plain.iter().filter(|at| **at <= middle).count(), plain.len()));
        }
    }

    #[test]
    fn what_is_shown_goes_both_ways_alike(count in 0usize..300, around in 0usize..4, digit in 0u8..10) {
        let mut pane = LogPane::default();
        pane.push(&numbered(count));
        let mut filter = Query::read(&format!("{digit} +{around}")).map(Hits::new);
        let forward = view::between(&pane.ring, &mut filter, 0, usize::MAX);
        let mut backward = Vec::new();
        let mut at = view::at_or_before(&pane.ring, &mut filter, usize::MAX);
        while let Some(row) = at {
            backward.insert(0, row);
            at = view::before(&pane.ring, &mut filter, row);
        }
        let hit = |row: usize| format!("line {row}").contains(char::from(b'0' + digit));
        let plain: Vec<_> = (0..count).filter(|row| (row.saturating_sub(around)..=(row + around).min(count - 1)).any(hit)).collect();
        prop_assert_eq!(&forward, &plain);
        prop_assert_eq!(&backward, &plain);
    }
}
