//! Finds the escape in a double-quoted text that stands for no character. The parser names the text
//! alone, not the place in it.

use super::At;

/// An escape that stands for no character.
#[derive(Debug, PartialEq)]
pub(super) struct Bad {
    /// Where it stands.
    pub(super) at: At,
    /// One half of a character outside the basic plane: in JSON such a character is written as two
    /// escapes, one after the other.
    pub(super) half: bool,
}

/// The first such escape of the text whose opening quote stands at `quote`.
pub(super) fn find(text: &str, quote: At) -> Option<Bad> {
    let mut at = At { length: 1, ..quote };
    let skip = text
        .split_inclusive('\n')
        .take(quote.line - 1)
        .map(|line| line.chars().count())
        .sum::<usize>()
        + quote.column;
    let rest: Vec<char> = text.chars().skip(skip).collect();
    let mut next = 0;
    at.column += 1;
    while let Some(c) = rest.get(next) {
        let taken = match c {
            '"' => return None,
            '\n' => {
                at = At {
                    line: at.line + 1,
                    column: 0,
                    length: 1,
                };
                1
            }
            '\\' => match escape(&rest[next + 1..]) {
                Ok(length) => 1 + length,
                Err((length, half)) => {
                    return Some(Bad {
                        at: At {
                            length: 1 + length,
                            ..at
                        },
                        half,
                    });
                }
            },
            _ => 1,
        };
        next += taken;
        at.column += taken;
    }
    None
}

/// How many characters after the backslash belong to the escape; the error also says whether it is
/// half a character.
fn escape(rest: &[char]) -> Result<usize, (usize, bool)> {
    let digits = match rest.first() {
        Some('x') => 2,
        Some('u') => 4,
        Some('U') => 8,
        Some(
            '0' | 'a' | 'b' | 't' | '\t' | 'n' | 'v' | 'f' | 'r' | 'e' | ' ' | '"' | '/' | '\\'
            | 'N' | '_' | 'L' | 'P',
        ) => return Ok(1),
        // A line goes on; the newline itself counts with the next line.
        Some('\r' | '\n') => return Ok(0),
        _ => return Err((1, false)),
    };
    let Some(value) = number(rest.get(1..=digits)) else {
        return Err((1, false));
    };
    match value {
        0xD800..=0xDBFF if digits == 4 => match (rest.get(5..7), number(rest.get(7..11))) {
            (Some(['\\', 'u']), Some(0xDC00..=0xDFFF)) => Ok(11),
            _ => Err((5, true)),
        },
        _ if char::from_u32(value).is_some() => Ok(1 + digits),
        _ => Err((1 + digits, (0xD800..=0xDFFF).contains(&value))),
    }
}

fn number(digits: Option<&[char]>) -> Option<u32> {
    digits?.iter().try_fold(0u32, |value, digit| {
        Some((value << 4) | digit.to_digit(16)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bad_escape_is_found() {
        let at = |line, column, length| At {
            line,
            column,
            length,
        };
        let cases = [
            (r#"{"a": "x \ud83e y"}"#, Some((at(1, 10, 6), true))),
            (r#"{"a": "\udd16"}"#, Some((at(1, 8, 6), true))),
            (r#"{"a": "\ud83e\ud83e\udd16"}"#, Some((at(1, 8, 6), true))),
            (
                r#"{"a": "\ud83e\udd16 \n \/ \q"}"#,
                Some((at(1, 27, 2), false)),
            ),
            (r#"{"a": "\u12"}"#, Some((at(1, 8, 2), false))),
            (r#"{"a": "\U00110000"}"#, Some((at(1, 8, 10), false))),
            (r#"{"a": "\ud83e\udd16"} \q"#, None),
        ];
        for (text, found) in cases {
            assert_eq!(
                find(text, at(1, 7, 1)).map(|bad| (bad.at, bad.half)),
                found,
                "{text}"
            );
        }
        assert_eq!(
            find("a:\n  \"one\n  two \\ud83e\"", at(2, 3, 1)).map(|bad| bad.at),
            Some(at(3, 7, 6))
        );
        assert_eq!(
            find("\"one \\\ntwo \\q\"", at(1, 1, 1)).map(|bad| bad.at),
            Some(at(2, 5, 2))
        );
    }
}
