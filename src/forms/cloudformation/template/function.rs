//! Functions as templates write them, short (`!Ref A`) or long (`Ref: A`), and what they refer to.

use crate::text::document::{Content, Node};

/// The function that a value is: its name without `Fn::`, and the value with what it is given.
pub(super) fn of(node: &Node) -> Option<(&str, &Node)> {
    if let Some(tag) = &node.tag {
        return Some((tag.as_str(), node));
    }
    match &node.content {
        Content::Map(entries) => match entries.as_slice() {
            [(key, given)] => {
                let short = key.name.strip_prefix("Fn::");
                let plain = matches!(key.name.as_str(), "Ref" | "Condition");
                let name = short.or(plain.then_some(key.name.as_str()))?;
                Some((name, given))
            }
            _ => None,
        },
        Content::Scalar { .. } | Content::List(_) => None,
    }
}

/// Names every parameter or resource that a value refers to with `Ref` or within `Sub`.
pub(super) fn references(node: &Node, found: &mut impl FnMut(&str)) {
    match of(node) {
        Some(("Ref", given)) => given.text().into_iter().for_each(&mut *found),
        Some(("Sub", given)) => {
            let text = given.text().or_else(|| given.items().first()?.text());
            for part in text.into_iter().flat_map(parts) {
                if let Part::Name(name) = part {
                    found(name);
                }
            }
        }
        Some(_) | None => {}
    }
    for (_, inner) in node.entries() {
        references(inner, found);
    }
    for inner in node.items() {
        references(inner, found);
    }
}

/// A piece of the text of a `Sub`.
pub(super) enum Part<'a> {
    /// Text as it stands.
    Text(&'a str),
    /// What stands in `${}`.
    Name(&'a str),
}

/// The pieces of the text of a `Sub`; `${!name}` is text.
pub(super) fn parts(text: &str) -> Vec<Part<'_>> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some(start) = rest.find("${") {
        let Some(end) = rest[start..].find('}').map(|end| start + end) else {
            break;
        };
        parts.push(Part::Text(&rest[..start]));
        let name = rest[start + 2..end].trim();
        parts.push(match name.strip_prefix('!') {
            Some(_) => Part::Text(&rest[start..=end]),
            None => Part::Name(name),
        });
        rest = &rest[end + 1..];
    }
    parts.push(Part::Text(rest));
    parts
}
