//! XML of AWS. An answer is read into elements that know where they stand in it, so that a part of
//! it can be sent back as it came, with one word changed and nothing lost that we do not know.

use std::ops::Range;

use quick_xml::escape::{escape, unescape};
use quick_xml::events::Event;
use quick_xml::reader::Reader;

/// Deeper than this no document of AWS goes.
const DEEPEST: usize = 64;

/// An answer that is not what the service answers there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an answer of the service: {0}")]
pub(super) struct Unread(pub(super) String);

/// An element with all that is in it. Its name is as it is written: AWS writes no prefixes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    text: String,
    children: Vec<Element>,
    /// Where it stands, from its first tag to its last.
    pub(super) whole: Range<usize>,
    /// Where that stands which is between its tags.
    pub(super) inner: Range<usize>,
}

impl Element {
    /// The root of a document.
    pub(super) fn read(text: &str) -> Result<Self, Unread> {
        let bad = |why: &dyn std::fmt::Display| Unread(why.to_string());
        let mut reader = Reader::from_str(text);
        let mut open = vec![Self::default()];
        loop {
            let before = place(&reader);
            let event = reader.read_event().map_err(|why| bad(&why))?;
            let after = place(&reader);
            let Some(current) = open.last_mut() else {
                return Err(bad(&"an element ends that did not begin"));
            };
            match event {
                Event::Start(start) => {
                    open.push(Self {
                        name: start.name().as_ref().to_owned(),
                        whole: before..after,
                        inner: after..after,
                        ..Self::default()
                    });
                    if open.len() > DEEPEST {
                        return Err(bad(&"its elements are nested too deep"));
                    }
                }
                Event::Empty(start) => current.children.push(Self {
                    name: start.name().as_ref().to_owned(),
                    whole: before..after,
                    inner: after..after,
                    ..Self::default()
                }),
                Event::End(_) => {
                    let mut done = open.pop().unwrap_or_default();
                    done.inner.end = before;
                    done.whole.end = after;
                    match open.last_mut() {
                        Some(parent) => parent.children.push(done),
                        None => return Err(bad(&"an element ends that did not begin")),
                    }
                }
                Event::Text(text) => current.text.push_str(&text.xml10_content()),
                Event::CData(text) => current.text.push_str(&text.xml10_content()),
                Event::GeneralRef(reference) => {
                    match reference.resolve_char_ref().map_err(|why| bad(&why))? {
                        Some(letter) => current.text.push(letter),
                        None => current.text.push_str(
                            &unescape(&format!("&{};", &*reference)).map_err(|why| bad(&why))?,
                        ),
                    }
                }
                Event::DocType(_) => return Err(bad(&"it declares a type of its own")),
                Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
                Event::Eof => {
                    let mut roots = match open.pop() {
                        Some(document) if open.is_empty() => document.children,
                        Some(_) | None => return Err(bad(&"an element has no end")),
                    };
                    return match (roots.pop(), roots.is_empty()) {
                        (Some(root), true) => Ok(root),
                        (_, _) => Err(bad(&"it is no XML document")),
                    };
                }
            }
        }
    }

    /// The element at the end of a path of names.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |element, name| {
            element.children.iter().find(|child| child.name == *name)
        })
    }

    /// The text at the end of a path; none where there is no such element.
    pub(super) fn told(&self, path: &[&str]) -> Option<&str> {
        self.at(path).map(|element| element.text.as_str())
    }

    /// The text at the end of a path, which must be there and hold something.
    pub(super) fn need(&self, path: &[&str]) -> Result<&str, Unread> {
        self.told(path)
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .ok_or_else(|| Unread(format!("{} has no {}", self.name, path.join("/"))))
    }

    /// Whether it says `true` at the end of a path, where it must say something.
    pub(super) fn flag(&self, path: &[&str]) -> Result<bool, Unread> {
        Ok(self.need(path)? == "true")
    }

    /// All children of a name of the element at the end of a path.
    pub(super) fn all<'a>(
        &'a self,
        path: &[&str],
        name: &'a str,
    ) -> impl Iterator<Item = &'a Self> + 'a {
        let list = self.at(path).map(|list| list.children.iter());
        list.into_iter()
            .flatten()
            .filter(move |child| child.name == name)
    }
}

fn place(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}

/// Whether XML can carry a text as it is.
pub(super) fn is_carried(text: &str) -> bool {
    let bad = |letter: char| {
        (letter.is_control() && !matches!(letter, '\t' | '\n' | '\r'))
            || matches!(letter, '\u{fffe}' | '\u{ffff}')
    };
    !text.contains(bad)
}

/// A text as it stands in XML; a carriage return so that it is read as one.
pub(super) fn escaped(text: &str) -> String {
    escape(text).replace('\r', "&#13;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_knows_where_it_stands() {
        let text = "<?xml version=\"1.0\"?>\n<R xmlns=\"u\"><A>x &amp; y&#13;</A>\n<L><I>1</I><I/></L><F>true</F></R>";
        let root = Element::read(text).unwrap();
        assert_eq!(root.told(&["A"]), Some("x & y\r"));
        assert_eq!(root.all(&["L"], "I").count(), 2);
        assert_eq!(root.flag(&["F"]), Ok(true));
        assert_eq!(
            &text[root.at(&["L"]).unwrap().whole.clone()],
            "<L><I>1</I><I/></L>"
        );
        assert_eq!(
            &text[root.at(&["A"]).unwrap().inner.clone()],
            "x &amp; y&#13;"
        );
        assert_eq!(root.told(&["L", "X"]), None);
        assert!(root.need(&["L"]).unwrap_err().0.contains("R has no L"));
    }

    #[test]
    fn what_is_no_document_is_not_read() {
        let deep = "<a>".repeat(100);
        for text in [
            "",
            "x",
            "<a>",
            "<a></b>",
            "<a/><b/>",
            "</a>",
            "<a>&no;</a>",
            deep.as_str(),
            "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
        ] {
            assert!(Element::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_text_that_is_sent_is_read_as_it_was() {
        let text = "a<b>&\"'\r\n é\u{1f600}";
        let sent = format!("<T>{}</T>", escaped(text));
        assert_eq!(Element::read(&sent).unwrap().text, text);
        assert!(is_carried(text) && !is_carried("a\u{1}") && !is_carried("\u{ffff}"));
    }
}
