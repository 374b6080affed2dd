//! Files of SQL as a Postgres server takes them apart: their statements, each with its place, and the
//! words of each. What a statement means is not known here. Nothing that stands in a file makes this
//! fail: what is not ended goes on to the end of the file, and the server says what is wrong with it.

use squawk_lexer::{LiteralKind, Token, TokenKind, tokenize};

/// What a command of psql begins with, which ends with its line.
const COMMAND: &str = "\\";

/// A statement of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement<'a> {
    /// Where it begins in the file, in bytes.
    pub at: usize,
    /// It, without comments before it and the semicolon behind it.
    pub text: &'a str,
    /// Its words and signs.
    pub words: Vec<Word<'a>>,
}

/// A word or sign of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word<'a> {
    /// It, as it is written.
    pub text: &'a str,
    /// What it is.
    pub kind: Kind,
}

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A keyword, or a name.
    Plain,
    /// A name in quotes.
    Quoted,
    /// A text or number.
    Literal,
    /// Anything else.
    Sign,
}

impl Word<'_> {
    /// Whether it is this keyword.
    #[must_use]
    pub fn is(&self, keyword: &str) -> bool {
        self.kind == Kind::Plain && self.text.eq_ignore_ascii_case(keyword)
    }

    /// Whether it is this sign.
    #[must_use]
    pub fn is_sign(&self, sign: &str) -> bool {
        self.kind == Kind::Sign && self.text == sign
    }

    /// The name that it is to a server; none where it is no name.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        match self.kind {
            Kind::Plain => Some(self.text.to_lowercase()),
            Kind::Quoted => {
                let inner = self.text.strip_prefix('"')?.strip_suffix('"')?;
                Some(inner.replace("\"\"", "\""))
            }
            Kind::Literal | Kind::Sign => None,
        }
    }
}

impl Statement<'_> {
    /// Whether it begins with these keywords.
    #[must_use]
    pub fn begins(&self, keywords: &[&str]) -> bool {
        begins(&self.words, keywords)
    }

    /// What it begins with, for a person: keywords and names, and nothing that stands in quotes.
    #[must_use]
    pub fn told(&self) -> String {
        let plain =
            |word: &&Word| word.kind == Kind::Plain || word.is_sign(".") || word.is_sign(COMMAND);
        let first: Vec<&str> = self
            .words
            .iter()
            .take_while(plain)
            .take(8)
            .map(|word| word.text)
            .collect();
        let told = first.join(" ").replace(" . ", ".").replace("\\ ", "\\");
        told.chars().take(80).collect()
    }

    /// Why it cannot stand in a file that is carried out statement by statement, in a transaction
    /// that another opened; none where it can.
    #[must_use]
    pub fn refused(&self) -> Option<&'static str> {
        let first = self.words.first()?;
        let second = self.words.get(1);
        let is_second = |keyword| second.is_some_and(|word| word.is(keyword));
        let ends = ["begin", "commit", "end", "abort"];
        let copies = |word: &Word| word.is("stdin");
        if ends.iter().any(|word| first.is(word))
            || (first.is("start") && is_second("transaction"))
            || (first.is("prepare") && is_second("transaction"))
            || (first.is("rollback") && !self.words.iter().any(|word| word.is("to")))
        {
            return Some("begins or ends a transaction, and that of the file is opened around it");
        }
        if first.is("copy") && self.words.iter().any(copies) {
            return Some("takes its rows from the input of a terminal, and there is none");
        }
        if self.changes_role() {
            return Some(
                "changes whose session it is, and what follows belongs to the role of the database",
            );
        }
        if first.is_sign(COMMAND) {
            return Some("is a command of psql, and the server knows none of them");
        }
        None
    }

    /// Whether the session is somebody else's after it.
    fn changes_role(&self) -> bool {
        let over = |word: &&Word| word.is("local") || word.is("session");
        let what = self.words.iter().skip(1).find(|word| !over(word));
        let is_whose = what.is_some_and(|word| word.is("role") || word.is("authorization"));
        self.begins(&["discard", "all"])
            || ((self.begins(&["set"]) || self.begins(&["reset"])) && is_whose)
    }

    /// Whether a server takes it in no transaction but its own.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        const FIRST: [&[&str]; 8] = [
            &["vacuum"],
            &["create", "database"],
            &["drop", "database"],
            &["create", "tablespace"],
            &["drop", "tablespace"],
            &["alter", "system"],
            &["reindex", "database"],
            &["reindex", "system"],
        ];
        let concurrently = || self.words.iter().any(|word| word.is("concurrently"));
        let over = ["create", "drop", "reindex", "alter"];
        FIRST.iter().any(|words| self.begins(words))
            || (over.iter().any(|word| self.begins(&[word])) && concurrently())
    }
}

/// Whether words begin with these keywords.
#[must_use]
pub fn begins(words: &[Word<'_>], keywords: &[&str]) -> bool {
    words.len() >= keywords.len() && words.iter().zip(keywords).all(|(word, is)| word.is(is))
}

/// Where a byte of a text stands: line and column, from 1.
#[must_use]
pub fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let begin = before.rfind('\n').map_or(0, |at| at + 1);
    (line, before[begin..].chars().count() + 1)
}

/// The line comments of a text, each with its place in bytes.
pub fn comments(text: &str) -> impl Iterator<Item = (usize, &str)> {
    tokens(text)
        .filter(|(_, token, _)| token.kind == TokenKind::LineComment)
        .map(|(at, _, text)| (at, text))
}

/// What is opened in a text and not closed before its end: where, and what it is.
#[must_use]
pub fn unclosed(text: &str) -> Option<(usize, &'static str)> {
    tokens(text).find_map(|(at, token, _)| {
        let what = match token.kind {
            TokenKind::BlockComment { terminated: false } => "comment",
            TokenKind::QuotedIdent {
                terminated: false, ..
            } => "name in quotes",
            TokenKind::Literal { kind } => match kind {
                LiteralKind::Str { terminated }
                | LiteralKind::NationalStr { terminated }
                | LiteralKind::ByteStr { terminated }
                | LiteralKind::BitStr { terminated }
                | LiteralKind::DollarQuotedString { terminated }
                | LiteralKind::UnicodeEscStr { terminated }
                | LiteralKind::EscStr { terminated }
                    if !terminated =>
                {
                    "text in quotes"
                }
                _ => return None,
            },
            _ => return None,
        };
        Some((at, what))
    })
}

fn tokens(text: &str) -> impl Iterator<Item = (usize, Token, &str)> {
    let mut at = 0;
    tokenize(text).map(move |token| {
        let begin = at;
        at += token.len as usize;
        (begin, token, text.get(begin..at).unwrap_or_default())
    })
}

/// The statements of a text.
#[must_use]
pub fn statements(text: &str) -> Vec<Statement<'_>> {
    let mut all = Vec::new();
    let mut now = Open::default();
    for (at, token, word) in tokens(text) {
        if now.is_command()
            && text
                .get(now.begin..at)
                .is_some_and(|its| its.contains('\n'))
        {
            all.extend(now.ended(text));
            now = Open::default();
        }
        let kind = match token.kind {
            TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment { .. } => {
                continue;
            }
            TokenKind::Semi if now.is_whole() => {
                all.extend(now.ended(text));
                now = Open::default();
                continue;
            }
            TokenKind::Ident => Kind::Plain,
            TokenKind::QuotedIdent { .. } => Kind::Quoted,
            TokenKind::Literal { .. } => Kind::Literal,
            _ => Kind::Sign,
        };
        now.take(at, Word { text: word, kind });
    }
    all.extend(now.ended(text));
    all
}

/// A statement that is not ended yet.
#[derive(Default)]
struct Open<'a> {
    words: Vec<Word<'a>>,
    begin: usize,
    end: usize,
    /// Parentheses that are open.
    parens: usize,
    /// Blocks of the body of a function that are open: a semicolon in one ends no statement.
    blocks: usize,
}

impl<'a> Open<'a> {
    fn take(&mut self, at: usize, word: Word<'a>) {
        if self.words.is_empty() {
            self.begin = at;
        }
        self.end = at + word.text.len();
        match word.text {
            "(" => self.parens += 1,
            ")" => self.parens = self.parens.saturating_sub(1),
            _ if word.kind == Kind::Plain && self.is_routine() => {
                if word.is("begin") || (word.is("case") && self.blocks > 0) {
                    self.blocks += 1;
                } else if word.is("end") {
                    self.blocks = self.blocks.saturating_sub(1);
                }
            }
            _ => {}
        }
        self.words.push(word);
    }

    /// Whether it is a command of psql.
    fn is_command(&self) -> bool {
        self.words.first().is_some_and(|word| word.is_sign(COMMAND))
    }

    /// Whether a semicolon ends it.
    fn is_whole(&self) -> bool {
        self.parens == 0 && self.blocks == 0
    }

    /// Whether it makes a function or procedure, whose body may have statements.
    fn is_routine(&self) -> bool {
        let words = &self.words;
        let after = if begins(words, &["create", "or", "replace"]) {
            3
        } else {
            1
        };
        let routine = words.get(after);
        begins(words, &["create"])
            && routine.is_some_and(|word| word.is("function") || word.is("procedure"))
    }

    fn ended(&mut self, text: &'a str) -> Option<Statement<'a>> {
        let words = std::mem::take(&mut self.words);
        (!words.is_empty()).then(|| Statement {
            at: self.begin,
            text: text.get(self.begin..self.end).unwrap_or_default(),
            words,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_taken_apart_where_the_server_does_it() {
        for (text, parts) in [
            ("", vec![]),
            (" ;; -- nothing\n /* ; /* ; */ ; */ ;", vec![]),
            ("SELECT 1; SELECT 2", vec!["SELECT 1", "SELECT 2"]),
            (
                "-- one;\nINSERT INTO a VALUES (';', $$;$$, $x$;$$;$x$, E'\\';') ; b",
                vec![
                    "INSERT INTO a VALUES (';', $$;$$, $x$;$$;$x$, E'\\';')",
                    "b",
                ],
            ),
            (
                "UPDATE \"a;b\" SET c = 1;",
                vec!["UPDATE \"a;b\" SET c = 1"],
            ),
            (
                "CREATE RULE r AS ON INSERT TO a DO (SELECT 1; SELECT 2); x",
                vec![
                    "CREATE RULE r AS ON INSERT TO a DO (SELECT 1; SELECT 2)",
                    "x",
                ],
            ),
            (
                "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; x",
                vec![
                    "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END",
                    "x",
                ],
            ),
            ("SELECT 'never ended; x", vec!["SELECT 'never ended; x"]),
            (
                "\\connect other\nCOPY a FROM stdin;\n\\i x.sql",
                vec!["\\connect other", "COPY a FROM stdin", "\\i x.sql"],
            ),
            ("SELECT 1\n -- ä\n; ", vec!["SELECT 1"]),
        ] {
            let found: Vec<&str> = statements(text).iter().map(|one| one.text).collect();
            assert_eq!(found, parts, "{text}");
            for one in statements(text) {
                assert_eq!(&text[one.at..one.at + one.text.len()], one.text);
            }
        }
    }

    #[test]
    fn what_is_not_closed_is_found_where_it_begins() {
        for (text, found) in [
            ("SELECT 'a', \"b\", $$c$$ /* d */", None),
            ("SELECT 'a;\n", Some((7, "text in quotes"))),
            ("SELECT E'a\\';", Some((7, "text in quotes"))),
            ("DO $x$ BEGIN $$", Some((3, "text in quotes"))),
            ("SELECT \"a FROM b", Some((7, "name in quotes"))),
            ("/* a /* b */", Some((0, "comment"))),
        ] {
            assert_eq!(unclosed(text), found, "{text}");
        }
    }

    #[test]
    fn a_place_is_counted_in_characters() {
        let text = "-- ä\n  DROP é x";
        assert_eq!(place(text, text.find('x').unwrap()), (2, 10));
        assert_eq!(place(text, 0), (1, 1));
        assert_eq!(place(text, 999), (2, 11));
    }

    #[test]
    fn what_a_file_may_not_hold_is_known() {
        let of = |text: &str| statements(text)[0].refused().is_some();
        for text in [
            "BEGIN",
            "start transaction read only",
            "Commit and chain",
            "END",
            "rollback",
            "ABORT",
            "PREPARE TRANSACTION 'x'",
            "COPY a FROM STDIN",
            "\\set x 1",
            "SET ROLE a",
            "set local session authorization a",
            "RESET SESSION AUTHORIZATION",
            "DISCARD ALL",
        ] {
            assert!(of(text), "{text}");
        }
        for text in [
            "ROLLBACK TO SAVEPOINT a",
            "SAVEPOINT a",
            "COPY a FROM '/x'",
            "PREPARE p AS SELECT 1",
            "SELECT 'BEGIN'",
            "SET LOCAL search_path = a",
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
            "RESET ALL",
            "DISCARD PLANS",
            "CREATE TABLE begin_end (id int)",
        ] {
            assert!(!of(text), "{text}");
        }
        let alone = |text: &str| statements(text)[0].is_alone();
        assert!(alone("create unique index concurrently i on a (b)"));
        assert!(alone("VACUUM a"));
        assert!(!alone("REFRESH MATERIALIZED VIEW CONCURRENTLY a"));
        assert!(!alone("CREATE INDEX \"concurrently\" ON a (b)"));
    }

    #[test]
    fn what_is_told_of_a_statement_holds_no_value() {
        let told = |text: &str| statements(text)[0].told();
        assert_eq!(
            told("ALTER TABLE public.orders ALTER id TYPE bigint"),
            "ALTER TABLE public.orders ALTER id TYPE"
        );
        assert_eq!(
            told("CREATE ROLE a PASSWORD 'hunter22'"),
            "CREATE ROLE a PASSWORD"
        );
        assert_eq!(told("DO $$ hunter22 $$"), "DO");
    }
}
