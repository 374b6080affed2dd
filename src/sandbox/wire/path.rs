//! Templates of paths: which of them a path fits, how well, and what stands in their places.

use percent_encoding::percent_decode_str;

/// How a path fits a template.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fit {
    /// The more exact, the greater: fixed parts, then places of one part, then what the query must
    /// hold.
    pub(super) rank: (usize, usize, usize),
    /// What stands in the places.
    pub(super) labels: Vec<(String, String)>,
}

/// Fits a path and its query (both as they came, not decoded) into a template such as
/// `/{Bucket}/{Key+}?acl`.
pub(super) fn fit(template: &str, path: &str, query: &str) -> Option<Fit> {
    let (pattern, wanted) = template.split_once('?').unwrap_or((template, ""));
    let given: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let mut rank = (0, 0, 0);
    for (name, value) in form_urlencoded::parse(wanted.as_bytes()) {
        given
            .iter()
            .find(|(other, found)| *other == name && (value.is_empty() || *found == value))?;
        rank.2 += 1;
    }
    let mut labels = Vec::new();
    let mut rest = Some(path.strip_prefix('/').unwrap_or(path));
    for part in pattern
        .trim_matches('/')
        .split('/')
        .filter(|part| !part.is_empty())
    {
        let left = rest.filter(|left| !left.is_empty())?;
        let Some(label) = part
            .strip_prefix('{')
            .and_then(|part| part.strip_suffix('}'))
        else {
            let (first, more) = cut(left);
            if decoded(first) != part {
                return None;
            }
            rank.0 += 1;
            rest = more;
            continue;
        };
        let (value, more) = if label.ends_with('+') {
            (left, None)
        } else {
            cut(left)
        };
        if value.is_empty() {
            return None;
        }
        rank.1 += usize::from(!label.ends_with('+'));
        labels.push((label.trim_end_matches('+').to_owned(), decoded(value)));
        rest = more;
    }
    rest.is_none_or(str::is_empty)
        .then_some(Fit { rank, labels })
}

/// The first part of a path, and what follows it.
fn cut(path: &str) -> (&str, Option<&str>) {
    path.split_once('/')
        .map_or((path, None), |(first, more)| (first, Some(more)))
}

/// A part is decoded after the path was cut, so that `%2F` in a name stays in the name.
fn decoded(part: &str) -> String {
    percent_decode_str(part).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_fit_templates() {
        for (template, path, query, labels) in [
            ("/", "/", "", Some("")),
            ("/", "/a", "", None),
            ("/{Bucket}", "/b", "", Some("Bucket=b")),
            ("/{Bucket}", "/b/", "", Some("Bucket=b")),
            ("/{Bucket}", "/b/k", "", None),
            (
                "/{Bucket}/{Key+}",
                "/b/x/y%20z/",
                "",
                Some("Bucket=b Key=x/y z/"),
            ),
            ("/{Bucket}/{Key+}", "/b/", "", None),
            ("/{Bucket}/{Key+}", "//k", "", None),
            (
                "/{Bucket}?list-type=2",
                "/b",
                "prefix=x&list-type=2",
                Some("Bucket=b"),
            ),
            ("/{Bucket}?list-type=2", "/b", "list-type=1", None),
            ("/{Bucket}?acl", "/b", "acl", Some("Bucket=b")),
            ("/{Bucket}?acl", "/b", "", None),
            (
                "/2015-03-31/functions/",
                "/2015-03-31/functions",
                "",
                Some(""),
            ),
            (
                "/tags/{Arn}",
                "/tags/arn%3Aaws%2Fx",
                "",
                Some("Arn=arn:aws/x"),
            ),
            ("/zone/{Id}/records", "/zone/Z1/records/", "", Some("Id=Z1")),
            ("/zone/{Id}/records", "/zone/Z1", "", None),
        ] {
            let found = fit(template, path, query).map(|fit| {
                fit.labels
                    .iter()
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect::<Vec<_>>()
                    .join(" ")
            });
            assert_eq!(found.as_deref(), labels, "{template} {path}?{query}");
        }
    }

    #[test]
    fn the_more_exact_template_ranks_higher() {
        let rank = |template: &str| {
            fit(template, "/2020-05-31/distribution", "list")
                .unwrap()
                .rank
        };
        let order = [
            "/{Bucket}/{Key+}",
            "/{A}/{B}",
            "/{A}/{B}?list",
            "/2020-05-31/{Key+}",
            "/2020-05-31/{Kind}",
            "/2020-05-31/distribution",
        ];
        assert!(
            order.windows(2).all(|pair| rank(pair[0]) < rank(pair[1])),
            "{:?}",
            order.map(rank)
        );
    }
}
