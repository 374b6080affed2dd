//! What CloudFront answers.

use std::ops::Range;

use crate::aws::xml::{Element, Unread, escaped};
use crate::domain::time::Time;

/// The namespace of all its documents.
pub(super) const NAMESPACE: &str = "http://cloudfront.amazonaws.com/doc/2020-05-31/";

/// Where a distribution reads what it serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The host (`bucket.s3.eu-west-1.amazonaws.com`).
    pub domain: String,
    /// What stands before every path there; may be empty.
    pub path: String,
}

/// A distribution as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Its id.
    pub id: String,
    /// The hosts that lead to it.
    pub aliases: Vec<String>,
}

impl Summary {
    pub(super) fn read(one: &Element) -> Result<Self, Unread> {
        Ok(Self {
            id: one.need(&["Id"])?.to_owned(),
            aliases: aliases(one),
        })
    }
}

/// A distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribution {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// `InProgress` or `Deployed`.
    pub status: String,
    /// Its own host.
    pub domain_name: String,
    /// When it was last changed, where that is told.
    pub changed_at: Option<Time>,
    /// Whether it serves.
    pub enabled: bool,
    /// Who made it, by a name of the maker's own.
    pub caller_reference: String,
    /// What its maker says of it.
    pub comment: String,
    /// The hosts that lead to it.
    pub aliases: Vec<String>,
    /// Where it reads.
    pub origins: Vec<Origin>,
    /// Its version: a change names that which it was made for.
    pub etag: String,
    /// What stands between the tags of its configuration, as it came.
    configuration: String,
    /// Where it says there whether it is enabled,
    says_enabled: Range<usize>,
    /// and where the element stands in which its maker says something.
    says_comment: Option<Range<usize>>,
}

/// How a distribution shall be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// Whether it serves.
    pub enabled: bool,
    /// What its maker says of it; none leaves that as it is.
    pub comment: Option<&'a str>,
}

impl Distribution {
    pub(super) fn read(text: &str, etag: &str) -> Result<Self, Unread> {
        let root = Element::read(text)?;
        if root.name != "Distribution" {
            return Err(Unread(format!(
                "{} where Distribution should be",
                root.name
            )));
        }
        let configuration = root
            .at(&["DistributionConfig"])
            .ok_or_else(|| Unread("a distribution without a configuration".to_owned()))?;
        let enabled = configuration.flag(&["Enabled"])?;
        let inner = configuration.inner.clone();
        let within = |range: &Range<usize>| range.start - inner.start..range.end - inner.start;
        let says_enabled = configuration.at(&["Enabled"]);
        let says_enabled = says_enabled.map(|says| within(&says.inner));
        let says_comment = configuration.at(&["Comment"]);
        let says_comment = says_comment.map(|says| within(&says.whole));
        let origins = configuration.all(&["Origins", "Items"], "Origin");
        Ok(Self {
            id: root.need(&["Id"])?.to_owned(),
            arn: root.need(&["ARN"])?.to_owned(),
            status: root.need(&["Status"])?.to_owned(),
            domain_name: root.need(&["DomainName"])?.to_owned(),
            changed_at: root.told(&["LastModifiedTime"]).and_then(time),
            enabled,
            caller_reference: configuration
                .told(&["CallerReference"])
                .unwrap_or_default()
                .to_owned(),
            comment: configuration
                .told(&["Comment"])
                .unwrap_or_default()
                .to_owned(),
            aliases: aliases(configuration),
            origins: origins.map(origin).collect(),
            etag: etag.to_owned(),
            says_enabled: says_enabled.unwrap_or_default(),
            says_comment,
            configuration: text[inner].to_owned(),
        })
    }

    /// True once all of CloudFront knows how it is.
    #[must_use]
    pub fn is_deployed(&self) -> bool {
        self.status == "Deployed"
    }

    /// Whether it is so already.
    #[must_use]
    pub fn is(&self, wanted: Wanted<'_>) -> bool {
        let says = |comment| self.comment == comment || self.says_comment.is_none();
        self.enabled == wanted.enabled && wanted.comment.is_none_or(says)
    }

    /// Its whole configuration, with this alone changed.
    pub(super) fn as_wanted(&self, wanted: Wanted<'_>) -> String {
        let enabled = if wanted.enabled { "true" } else { "false" };
        let mut edits = vec![(self.says_enabled.clone(), enabled.to_owned())];
        if let (Some(at), Some(comment)) = (&self.says_comment, wanted.comment) {
            edits.push((
                at.clone(),
                format!("<Comment>{}</Comment>", escaped(comment)),
            ));
        }
        // From the last to the first, so that each stands still where it stood.
        edits.sort_by_key(|(at, _)| std::cmp::Reverse(at.start));
        let mut inner = self.configuration.clone();
        for (at, says) in edits {
            inner.replace_range(at, &says);
        }
        format!("<DistributionConfig xmlns=\"{NAMESPACE}\">{inner}</DistributionConfig>")
    }
}

fn aliases(of: &Element) -> Vec<String> {
    of.all(&["Aliases", "Items"], "CNAME")
        .filter_map(|alias| alias.told(&[]))
        .map(str::to_owned)
        .collect()
}

fn origin(one: &Element) -> Origin {
    let told = |name: &str| one.told(&[name]).unwrap_or_default().to_owned();
    Origin {
        domain: told("DomainName"),
        path: told("OriginPath"),
    }
}

fn time(text: &str) -> Option<Time> {
    let time: jiff::Timestamp = text.trim().parse().ok()?;
    Some(Time(time.as_millisecond()))
}

/// An invalidation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalidation {
    /// Its id.
    pub id: String,
    /// `InProgress` or `Completed`.
    pub status: String,
}

/// An origin access control: how what is read from an origin is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginAccess {
    /// Its id.
    pub id: String,
    /// Its name, of which an account has one.
    pub name: String,
    /// For which kind of origin.
    pub of: String,
    /// When it signs.
    pub signs: String,
}

/// A page of origin access controls, and where the next one begins.
pub(super) fn accesses(
    root: &Element,
    from: Option<&str>,
) -> Result<(Vec<OriginAccess>, Option<String>), Unread> {
    page(root, "OriginAccessControlSummary", from, |one| {
        let told = |name: &str| one.need(&[name]).map(str::to_owned);
        Ok(OriginAccess {
            id: told("Id")?,
            name: told("Name")?,
            of: told("OriginAccessControlOriginType")?,
            signs: told("SigningBehavior")?,
        })
    })
}

/// A page of a list, and where the next one begins.
pub(super) fn page<T>(
    root: &Element,
    name: &str,
    from: Option<&str>,
    read: impl Fn(&Element) -> Result<T, Unread>,
) -> Result<(Vec<T>, Option<String>), Unread> {
    let all: Result<Vec<T>, Unread> = root.all(&["Items"], name).map(read).collect();
    let all = all?;
    let many: usize = root.need(&["Quantity"])?.parse().unwrap_or(usize::MAX);
    if many != all.len() {
        return Err(Unread(format!("{} of {many} {name}", all.len())));
    }
    if !root.flag(&["IsTruncated"])? {
        return Ok((all, None));
    }
    let next = root.need(&["NextMarker"])?;
    if Some(next) == from {
        return Err(Unread("a page that is followed by itself".to_owned()));
    }
    Ok((all, Some(next.to_owned())))
}
