//! JSON in a line, over several lines. The text keeps its order and its escapes: nothing is decoded
//! that could do something to a screen.

/// The JSON object or array in a line, over several lines; none when there is none.
#[must_use]
pub fn pretty(text: &str) -> Option<Vec<String>> {
    let body = text
        .char_indices()
        .filter(|(_, c)| matches!(c, '{' | '['))
        .map(|(at, _)| text[at..].trim_end())
        .take(4);
    body.into_iter()
        .find(|body| serde_json::from_str::<serde::de::IgnoredAny>(body).is_ok())
        .map(spread)
}

fn spread(body: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let mut chars = body.chars().peekable();
    let put = |c: char, out: &mut Vec<String>| {
        if let Some(line) = out.last_mut() {
            line.push(c);
        }
    };
    while let Some(c) = chars.next() {
        if quoted {
            put(c, &mut out);
            quoted = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            ' ' | '\t' => {}
            '{' | '[' => {
                put(c, &mut out);
                while chars.next_if(|next| next.is_whitespace()).is_some() {}
                if let Some(close) = chars.next_if(|next| matches!(next, '}' | ']')) {
                    put(close, &mut out);
                } else {
                    depth += 1;
                    out.push("  ".repeat(depth));
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                out.push("  ".repeat(depth));
                put(c, &mut out);
            }
            ',' => {
                put(c, &mut out);
                out.push("  ".repeat(depth));
            }
            ':' => {
                put(c, &mut out);
                put(' ', &mut out);
            }
            _ => {
                quoted = c == '"';
                put(c, &mut out);
            }
        }
    }
    out
}
