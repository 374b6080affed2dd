//! Headers of calls: one of a name, or none; two are two.

use axum::http::HeaderMap;

/// All values of a name.
pub(super) fn all<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a [u8]> {
    headers
        .get_all(name)
        .iter()
        .map(axum::http::HeaderValue::as_bytes)
        .collect()
}

/// The one value of a name; none where there is none, several, or one that is no plain text.
pub(super) fn one<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// The token of `Authorization: SCHEME TOKEN`.
pub(super) fn token<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    let (given, token) = one(headers, "authorization")?.split_once(' ')?;
    given.eq_ignore_ascii_case(scheme).then_some(token)
}
