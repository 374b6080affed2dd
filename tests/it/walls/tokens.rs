//! Rust text as tokens with their lines: comments gone, strings told from code, so that no rule is
//! fooled by text. It parses no grammar; [`super::code`] finds paths and test code in what this
//! gives.

use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A word: identifier or keyword, raw ones without their mark.
    Word,
    /// The text between the quotes of any string.
    Text,
    /// `::`, or any other single sign.
    Sign,
    /// A number or a character: nothing that a rule asks for.
    Other,
}

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) text: String,
    pub(crate) line: usize,
}

impl Token {
    /// True for this word.
    pub(crate) fn word(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text == word
    }

    /// True for this sign.
    pub(crate) fn sign(&self, sign: &str) -> bool {
        self.kind == TokenKind::Sign && self.text == sign
    }
}

/// The tokens of a source text.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let stream: TokenStream = source
        .parse()
        .unwrap_or_else(|why| panic!("this is no Rust: {why}\n{source}"));
    let mut out = Vec::new();
    flatten(stream, &mut out);
    out
}

/// Groups become their two signs, `:` and `:` become `::`, a lifetime and a comment of
/// documentation nothing.
fn flatten(stream: TokenStream, out: &mut Vec<Token>) {
    let mut trees = stream.into_iter().peekable();
    while let Some(tree) = trees.next() {
        let line = tree.span().start().line;
        let mut push = |kind, text: String, line| out.push(Token { kind, text, line });
        match tree {
            TokenTree::Ident(word) => push(
                TokenKind::Word,
                word.to_string().trim_start_matches("r#").to_owned(),
                line,
            ),
            TokenTree::Literal(literal) => match text(&literal.to_string()) {
                Some(text) => push(TokenKind::Text, text, line),
                None => push(TokenKind::Other, literal.to_string(), line),
            },
            TokenTree::Punct(sign) if sign.as_char() == '\'' => drop(trees.next()),
            TokenTree::Punct(sign) => {
                let next = |tree: &TokenTree| matches!(tree, TokenTree::Punct(next) if next.as_char() == ':');
                let is_double = sign.as_char() == ':'
                    && sign.spacing() == Spacing::Joint
                    && trees.next_if(next).is_some();
                push(
                    TokenKind::Sign,
                    if is_double {
                        "::".to_owned()
                    } else {
                        sign.as_char().to_string()
                    },
                    line,
                );
            }
            TokenTree::Group(group) if is_documentation(&group) => {
                while out
                    .last()
                    .is_some_and(|before| before.sign("#") || before.sign("!"))
                {
                    out.pop();
                }
            }
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                push(TokenKind::Sign, open.to_owned(), line);
                flatten(group.stream(), out);
                out.push(Token {
                    kind: TokenKind::Sign,
                    text: close.to_owned(),
                    line: group.span_close().start().line,
                });
            }
        }
    }
}

fn is_documentation(group: &Group) -> bool {
    let mut trees = group.stream().into_iter();
    matches!(trees.next(), Some(TokenTree::Ident(word)) if word == "doc")
        && matches!(trees.next(), Some(TokenTree::Punct(sign)) if sign.as_char() == '=')
}

/// What stands between the quotes of a string, with a blank for each escape.
fn text(literal: &str) -> Option<String> {
    let quoted = literal.trim_start_matches(['b', 'c']);
    match quoted.strip_prefix('r') {
        Some(raw) => Some(raw.trim_matches('#').trim_matches('"').to_owned()),
        None => quoted
            .strip_prefix('"')
            .map(|rest| rest.trim_end_matches('"').replace("\\n", " ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(source: &str) -> Vec<String> {
        tokens(source)
            .into_iter()
            .filter(|t| t.kind == TokenKind::Word)
            .map(|t| t.text)
            .collect()
    }

    #[test]
    fn text_and_comments_are_not_code() {
        for (source, want) in [
            ("a // b\nc", vec!["a", "c"]),
            ("a /* b /* c */ d */ e", vec!["a", "e"]),
            (r#"a "b \" c" d"#, vec!["a", "d"]),
            (r##"a r#"b " c"# d"##, vec!["a", "d"]),
            (r##"a br"b" cr#"c"# d"##, vec!["a", "d"]),
            (r"a 'b' '\'' '\u{41}' b'c' d", vec!["a", "d"]),
            ("fn x<'a>(y: &'a str) {}", vec!["fn", "x", "y", "str"]),
            ("r#type 1_000u64 0xff_usize", vec!["type"]),
            ("\"//\" a", vec!["a"]),
            ("//! a\n\n/// b\nfn c() {}", vec!["fn", "c"]),
        ] {
            assert_eq!(words(source), want, "{source}");
        }
    }

    #[test]
    fn lines_are_counted_through_text_and_comments() {
        let lines: Vec<(String, usize)> = tokens("a\n/* \n */ b \"x\ny\" c")
            .into_iter()
            .filter(|t| t.kind == TokenKind::Word)
            .map(|t| (t.text, t.line))
            .collect();
        assert_eq!(lines, [("a".into(), 1), ("b".into(), 3), ("c".into(), 4)]);
    }
}
