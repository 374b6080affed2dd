//! Rust text as tokens with their lines: comments gone, strings told from code, so that no rule is fooled by text. It parses
//! no grammar; [`super::code`] finds paths and test code in what this gives.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A word: identifier or keyword, raw ones without their mark.
    Word,
    /// The text between the quotes of any string.
    Text,
    /// `::`, or any other single sign.
    Sign,
    /// A number, a character or a lifetime: nothing that a rule asks for.
    Other,
}

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) text: String,
    pub(crate) line: usize,
}

impl Token {
    /// True for this word.
    pub(crate) fn word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text == word
    }

    /// True for this sign.
    pub(crate) fn sign(&self, sign: &str) -> bool {
        self.kind == Kind::Sign && self.text == sign
    }
}

/// The tokens of a source text.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let mut reader = Reader { chars: source.chars().collect(), at: 0, line: 1, out: Vec::new() };
    reader.read();
    reader.out
}

struct Reader {
    chars: Vec<char>,
    at: usize,
    line: usize,
    out: Vec<Token>,
}

impl Reader {
    fn peek(&self, ahead: usize) -> char {
        self.chars.get(self.at + ahead).copied().unwrap_or('\0')
    }

    fn step(&mut self) -> char {
        let c = self.peek(0);
        self.at += 1;
        if c == '\n' {
            self.line += 1;
        }
        c
    }

    fn push(&mut self, kind: Kind, text: String, line: usize) {
        self.out.push(Token { kind, text, line });
    }

    fn read(&mut self) {
        while self.at < self.chars.len() {
            let (c, next, line) = (self.peek(0), self.peek(1), self.line);
            match c {
                _ if c.is_whitespace() => {
                    self.step();
                }
                '/' if next == '/' => {
                    while self.at < self.chars.len() && self.peek(0) != '\n' {
                        self.step();
                    }
                }
                '/' if next == '*' => self.block_comment(),
                '"' => self.string(line),
                '\'' => self.quote(line),
                _ if c == '_' || c.is_alphabetic() => self.word(line),
                _ if c.is_ascii_digit() => {
                    let mut text = String::new();
                    while self.peek(0) == '_' || self.peek(0).is_alphanumeric() {
                        text.push(self.step());
                    }
                    self.push(Kind::Other, text, line);
                }
                ':' if next == ':' => {
                    self.at += 2;
                    self.push(Kind::Sign, "::".into(), line);
                }
                _ => {
                    self.step();
                    self.push(Kind::Sign, c.to_string(), line);
                }
            }
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        while self.at < self.chars.len() {
            match (self.peek(0), self.peek(1)) {
                ('/', '*') => {
                    depth += 1;
                    self.at += 2;
                }
                ('*', '/') => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        return;
                    }
                }
                _ => {
                    self.step();
                }
            }
        }
    }

    fn string(&mut self, line: usize) {
        self.step();
        let mut text = String::new();
        while self.at < self.chars.len() {
            match self.step() {
                '"' => break,
                '\\' => {
                    text.push(' ');
                    self.step();
                }
                c => text.push(c),
            }
        }
        self.push(Kind::Text, text, line);
    }

    fn raw_string(&mut self, line: usize) {
        let mut hashes = 0;
        while self.peek(0) == '#' {
            hashes += 1;
            self.step();
        }
        self.step();
        let end: String = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
        let mut text = String::new();
        while self.at < self.chars.len() {
            if end.chars().enumerate().all(|(i, c)| self.peek(i) == c) {
                self.at += end.len();
                break;
            }
            text.push(self.step());
        }
        self.push(Kind::Text, text, line);
    }

    /// A character, or a lifetime: `'a'` closes, `'a` does not.
    fn quote(&mut self, line: usize) {
        self.step();
        if self.peek(0) == '\\' {
            self.step();
            self.step();
            while self.at < self.chars.len() && self.step() != '\'' {}
        } else if self.peek(1) == '\'' {
            self.step();
            self.step();
        } else {
            while self.peek(0) == '_' || self.peek(0).is_alphanumeric() {
                self.step();
            }
        }
        self.push(Kind::Other, "'".into(), line);
    }

    fn word(&mut self, line: usize) {
        let mut text = String::new();
        while self.peek(0) == '_' || self.peek(0).is_alphanumeric() {
            text.push(self.step());
        }
        let raw = matches!(text.as_str(), "r" | "br" | "cr");
        match self.peek(0) {
            '"' if raw => self.raw_string(line),
            '"' if matches!(text.as_str(), "b" | "c") => self.string(line),
            '\'' if text == "b" => self.quote(line),
            '#' if raw && matches!(self.peek(1), '"' | '#') => self.raw_string(line),
            '#' if text == "r" && (self.peek(1) == '_' || self.peek(1).is_alphabetic()) => {
                self.step();
                self.word(line);
            }
            _ => self.push(Kind::Word, text, line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(source: &str) -> Vec<String> {
        tokens(source).into_iter().filter(|t| t.kind == Kind::Word).map(|t| t.text).collect()
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
        ] {
            assert_eq!(words(source), want, "{source}");
        }
    }

    #[test]
    fn lines_are_counted_through_text_and_comments() {
        let lines: Vec<(String, usize)> =
            tokens("a\n/* \n */ b \"x\ny\" c").into_iter().filter(|t| t.kind == Kind::Word).map(|t| (t.text, t.line)).collect();
        assert_eq!(lines, [("a".into(), 1), ("b".into(), 3), ("c".into(), 4)]);
    }
}
