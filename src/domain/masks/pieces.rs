//! Secrets in base64: whole, and in the pieces into which tools cut it, lines of any width.

use std::ops::Range;

/// The shortest piece that is known by itself.
pub(super) const SHORT: usize = 6;
/// How many places of a piece are looked at: more are those of a secret that repeats itself.
const PLACES: usize = 16;
const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What of secrets is sure in base64, wherever in the text that is written so they stand.
#[derive(Clone, Default)]
pub(super) struct Pieces {
    /// The signs that a secret alone decides, for each way in which it can stand there.
    whole: Vec<Vec<u8>>,
    /// All places in them where a piece begins, in the order of the pieces.
    places: Vec<Spot>,
    /// With which two signs a piece begins.
    begins: Vec<bool>,
}

/// Which of the writings, and where in it.
type Spot = (usize, usize);

/// Where a line ended in the middle of a secret: the next one may go on with it.
#[derive(Debug, Clone, Default)]
pub struct Cut(Vec<Spot>);

impl Pieces {
    pub(super) fn add(&mut self, value: &[u8]) {
        for offset in 0..3 {
            let whole = base64(value, offset);
            if !self.whole.contains(&whole) {
                self.whole.push(whole);
            }
        }
        self.begins = vec![false; 1 << 16];
        self.places.clear();
        for (which, whole) in self.whole.iter().enumerate() {
            for (from, piece) in whole.windows(SHORT).enumerate() {
                self.places.push((which, from));
                self.begins[pair(piece)] = true;
            }
        }
        let whole = &self.whole;
        self.places
            .sort_by_key(|(which, from)| &whole[*which][*from..from + SHORT]);
    }

    /// The length of the longest writing.
    pub(super) fn longest(&self) -> usize {
        self.whole.iter().map(Vec::len).max().unwrap_or_default()
    }

    /// Adds where pieces stand in a text, and says of its last line whether it ends in the middle
    /// of a secret, as `cut` says it of the line before.
    pub(super) fn find(&self, text: &[u8], cut: &mut Cut, found: &mut Vec<Range<usize>>) {
        if self.whole.is_empty() {
            return;
        }
        let mut from = 0;
        for line in text.split(|byte| *byte == b'\n') {
            self.find_in_line(line, from, cut, found);
            from += line.len() + 1;
        }
    }

    fn find_in_line(
        &self,
        line: &[u8],
        offset: usize,
        cut: &mut Cut,
        found: &mut Vec<Range<usize>>,
    ) {
        let end = line.trim_ascii_end().len();
        let before = std::mem::take(cut);
        let start = line.len() - line.trim_ascii_start().len();
        for (which, from) in before.0 {
            let rest = &self.whole[which][from..];
            let n = common(rest, &line[start.min(end)..end]);
            // It goes on to its own end, or to that of the line: else this is another text.
            if n > 0 && (n == rest.len() || start + n == end) {
                found.push(offset + start..offset + start + n);
                if n < rest.len() {
                    cut.0.push((which, from + n));
                }
            }
        }
        let mut at = 0;
        while let Some(piece) = line.get(at..at + SHORT) {
            let mut longest = 0;
            for &(which, from) in self.places_of(piece).iter().take(PLACES) {
                let rest = &self.whole[which][from..];
                let n = common(rest, &line[at..end]);
                longest = longest.max(n);
                if n > 0 && at + n == end && n < rest.len() {
                    cut.0.push((which, from + n));
                }
            }
            if longest >= SHORT {
                found.push(offset + at..offset + at + longest);
                // What begins in here and goes beyond it has a piece there.
                at += longest - SHORT;
            }
            at += 1;
        }
    }

    fn places_of(&self, piece: &[u8]) -> &[Spot] {
        if !self.begins.get(pair(piece)).is_some_and(|begins| *begins) {
            return &[];
        }
        let piece: Vec<u8> = piece.iter().copied().map(plain).collect();
        let stands = |place: &Spot| &self.whole[place.0][place.1..place.1 + SHORT];
        let from = self
            .places
            .partition_point(|place| stands(place) < piece.as_slice());
        let more = self.places[from..].partition_point(|place| stands(place) == piece.as_slice());
        &self.places[from..from + more]
    }
}

fn pair(piece: &[u8]) -> usize {
    usize::from(plain(piece[0])) << 8 | usize::from(plain(piece[1]))
}

/// How far a text is this writing.
fn common(writing: &[u8], text: &[u8]) -> usize {
    writing
        .iter()
        .zip(text)
        .take_while(|(sign, byte)| **sign == plain(**byte))
        .count()
}

/// A sign of the alphabet for URLs as that of the plain one.
fn plain(byte: u8) -> u8 {
    match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    }
}

/// The signs that a value alone decides where it begins `offset` bytes into a group of three.
fn base64(value: &[u8], offset: usize) -> Vec<u8> {
    let bit = |at: usize| {
        let byte = (at / 8)
            .checked_sub(offset)
            .and_then(|byte| value.get(byte))
            .copied()
            .unwrap_or_default();
        usize::from(byte >> (7 - at % 8) & 1)
    };
    let (first, end) = ((8 * offset).div_ceil(6), 8 * (offset + value.len()) / 6);
    (first..end)
        .map(|sign| SIGNS[(6 * sign..6 * sign + 6).fold(0, |all, at| all << 1 | bit(at))])
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Masks, Secret};
    use super::*;
    use crate::text::secret::MASK;

    fn masks(value: &str) -> Masks {
        let mut masks = Masks::default();
        masks.add(&Secret::new(value.to_owned()));
        masks
    }

    /// A text in base64, as a tool writes it: in lines of this width, with its signs for URLs.
    fn written(text: &[u8], width: usize, url: bool) -> Vec<String> {
        // One byte more, so that the last sign is there.
        let mut signs = base64(&[text, &[0]].concat(), 0);
        signs.truncate((8 * text.len()).div_ceil(6));
        while !signs.len().is_multiple_of(4) {
            signs.push(b'=');
        }
        let text = String::from_utf8(signs).unwrap();
        let text = if url {
            text.replace('+', "-").replace('/', "_")
        } else {
            text
        };
        let signs: Vec<char> = text.chars().collect();
        signs
            .chunks(width)
            .map(|line| line.iter().collect())
            .collect()
    }

    fn shown(masks: &Masks, lines: &[String]) -> Vec<String> {
        let mut cut = Cut::default();
        lines
            .iter()
            .map(|line| {
                String::from_utf8(masks.cover_line(line.as_bytes(), &mut cut).into_owned()).unwrap()
            })
            .collect()
    }

    #[test]
    fn every_line_of_a_cut_base64_is_covered() {
        let value = "correct-horse-battery-staple-0123456789-and-some-more-of-it";
        let masks = masks(value);
        for width in [40, 64, 76] {
            let lines = written(value.as_bytes(), width, false);
            assert!(lines.len() > 1);
            let (last, others) = shown(&masks, &lines).split_last().map_or_else(
                || panic!("no lines"),
                |(last, others)| (last.clone(), others.to_vec()),
            );
            assert!(
                others.iter().all(|line| line == MASK),
                "{width}: {others:?}"
            );
            // Two bits of the last byte and nothing else are in its last sign.
            assert!(
                last.len() <= MASK.len() + 3 && last.starts_with(MASK),
                "{width}: {last}"
            );
            assert_eq!(
                masks.cover_text(&lines.join("\n")),
                [others.join("\n"), last].join("\n")
            );
        }
        // By `base64 -w 16`, and by one that indents: the short end is known by what it goes on
        // from.
        let masks = self::masks("hunter2secret!!");
        assert_eq!(
            shown(
                &masks,
                &["aHVudGVyMnNlY3Jl".into(), "  dCEh".into(), "dCEh".into()]
            ),
            [MASK, "  ***", "dCEh"]
        );
    }

    #[test]
    fn ordinary_text_is_left_alone() {
        let masks = masks("hunter2secret");
        for line in [
            "aHVudG",
            "the quick brown fox jumps over the lazy dog",
            "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
            "arn:aws:ecs:eu-central-1:123456789012:task-definition/orders:42",
        ] {
            let kept = line != "aHVudG";
            assert_eq!(masks.cover_text(line) == line, kept, "{line}");
        }
    }

    proptest! {
        #[test]
        fn no_piece_of_any_width_stays(
            value in "[ -~]{0,3}[!-~ä]{6,90}",
            before in "[ -~]{0,40}",
            after in "[ -~]{0,40}",
            width in 6..100_usize,
            url: bool,
        ) {
            let value = value.trim();
            prop_assume!(value.len() >= 6);
            let masks = masks(value);
            prop_assume!(masks.longest() > 0);
            let lines = written(format!("{before}{value}{after}").as_bytes(), width, url);
            let sure = base64(value.as_bytes(), before.len() % 3);
            for line in shown(&masks, &lines) {
                let line: Vec<u8> = line.bytes().map(plain).collect();
                for piece in sure.windows(SHORT) {
                    prop_assert!(memchr::memmem::find(&line, piece).is_none(), "{lines:?}");
                }
            }
        }

        #[test]
        fn words_are_left_alone(value in "[a-zA-Z0-9]{12,40}", text in "([a-z]{1,12} ){0,12}") {
            prop_assume!(!text.contains(&value));
            let masks = masks(&value);
            prop_assert_eq!(masks.cover_text(&text), text);
        }
    }
}
