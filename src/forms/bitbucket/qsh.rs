//! The canonical request of Atlassian Connect, whose hash (`qsh`) ties a token to one call: method,
//! path below the app's base address, and query without the token itself.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

/// What stands in a canonical query as it is.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The canonical form of a request. `path` is as it was sent, below the base address; `query` is what
/// came behind the question mark.
#[must_use]
pub fn canonical(method: &str, path: &str, query: &str) -> String {
    let path = path.trim_matches('/').replace('&', "%26");
    let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if name != "jwt" {
            let encoded = |text: &str| utf8_percent_encode(text, KEPT).to_string();
            values
                .entry(encoded(&name))
                .or_default()
                .push(encoded(&value));
        }
    }
    let query: Vec<String> = values
        .into_iter()
        .map(|(name, mut values)| {
            values.sort_unstable();
            format!("{name}={}", values.join(","))
        })
        .collect();
    format!(
        "{}&/{path}&{}",
        method.to_ascii_uppercase(),
        query.join("&")
    )
}

/// The hash of it, as it stands in a token.
#[must_use]
pub fn hash(canonical: &str) -> String {
    hex::encode(Sha256::digest(canonical.as_bytes()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A query of Atlassian's own examples, with the hash that they give for it.
    const QUERY: &str = "lic=none&tz=Australia%2FSydney&cp=%2Fjira&user_key=&loc=en-US&user_id=&jwt=a.b.c&xdm_e=http%3A%2F%2Fstorm%3A2990&xdm_c=channel-servlet-hello-world&xdm_p=1";

    #[test]
    fn hashes_are_those_that_atlassian_publishes() {
        for (method, path, query, expected) in [
            (
                "GET",
                "/path",
                "",
                "799be84a7fa35570087163c0cd9af3abff7ac05c2c12ba0bb1d7eebc984b3ac2",
            ),
            (
                "get",
                "path/",
                "",
                "799be84a7fa35570087163c0cd9af3abff7ac05c2c12ba0bb1d7eebc984b3ac2",
            ),
            (
                "GET",
                "",
                "",
                "c88caad15a1c1a900b8ac08aa9686f4e8184539bea1deda36e2f649430df3239",
            ),
            (
                "GET",
                "/",
                "",
                "c88caad15a1c1a900b8ac08aa9686f4e8184539bea1deda36e2f649430df3239",
            ),
            (
                "GET",
                "/hello-world",
                QUERY,
                "8063ff4ca1e41df7bc90c8ab6d0f6207d491cf6dad7c66ea797b4614b71922e9",
            ),
            (
                "POST",
                "/hello-world",
                "",
                "6f95f3738e1b037a3bebbe0ad237d80fdbc1d5ae452e98ce03a9c004c178ebb4",
            ),
        ] {
            assert_eq!(
                hash(&canonical(method, path, query)),
                expected,
                "{method} {path}"
            );
        }
    }

    #[test]
    fn requests_are_written_as_atlassian_documents_it() {
        for (method, path, query, expected) in [
            (
                "GET",
                "/path/to/service",
                "zee_last=param&repeated=parameter 1&first=param&repeated=parameter 2",
                "GET&/path/to/service&first=param&repeated=parameter%201,parameter%202&zee_last=param",
            ),
            (
                "get",
                "/hello-world",
                "a&b=foo&c",
                "GET&/hello-world&a=&b=foo&c=",
            ),
            ("post", "/a&b=c", "x=y", "POST&/a%26b=c&x=y"),
            ("GET", "/p", "a=b+c&d=*~&B=1", "GET&/p&B=1&a=b%20c&d=%2A~"),
            ("GET", "/p", "a=2&a=1", "GET&/p&a=1,2"),
        ] {
            assert_eq!(canonical(method, path, query), expected);
        }
    }

    proptest! {
        /// Nothing of a path can pass for a query, and the order of a query says nothing.
        #[test]
        fn two_requests_are_never_one(path in "[a-z&=%]{1,8}", other in "[a-z&=%]{1,8}", query in "[a-z]=[a-z,]{0,3}(&[a-z]=[a-z]{0,3})?") {
            let at = |path: &str, query: &str| canonical("POST", path, query);
            prop_assert_eq!(at(&path, "").matches('&').count(), 2);
            if path.replace('&', "%26") != other.replace('&', "%26") {
                prop_assert_ne!(at(&path, &query), at(&other, &query));
            }
            let turned: Vec<&str> = query.split('&').rev().collect();
            prop_assert_eq!(at(&path, &query), at(&path, &turned.join("&")));
            prop_assert_ne!(at(&path, &query), at(&path, ""));
        }
    }
}
