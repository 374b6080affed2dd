//! What CloudFront answers.

use std::fmt::Write as _;
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
    /// The certificate of ACM that it shows for them; none where it shows `CloudFront`'s own.
    pub certificate: Option<String>,
    /// Its version: a change names that which it was made for.
    pub etag: String,
    /// What stands between the tags of its configuration, as it came.
    configuration: String,
    /// Where it says there whether it is enabled,
    says_enabled: Range<usize>,
    /// and where the element stands in which its maker says something.
    says_comment: Option<Range<usize>>,
    /// and where the elements stand of the hosts that lead to it, and of its certificate.
    says_names: [Option<Range<usize>>; 2],
}

/// How a distribution shall be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// Whether it serves.
    pub enabled: bool,
    /// What its maker says of it; none leaves that as it is.
    pub comment: Option<&'a str>,
    /// The hosts that lead to it; none leaves them as they are.
    pub names: Option<Names<'a>>,
}

/// Which hosts shall lead to a distribution. Those that are named nowhere here stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Names<'a> {
    /// Those that lead to it.
    pub puts: &'a [String],
    /// Those that do not.
    pub takes: &'a [String],
    /// The ARN of the certificate for all of them.
    pub certificate: &'a str,
}

impl Names<'_> {
    /// The hosts that lead to it then, where these do now.
    fn of(self, now: &[String]) -> Vec<String> {
        let is_in =
            |all: &[String], one: &str| all.iter().any(|each| each.eq_ignore_ascii_case(one));
        let stay = now.iter().filter(|one| !is_in(self.takes, one));
        let mut all: Vec<String> = stay.cloned().collect();
        for one in self.puts {
            if !is_in(&all, one) {
                all.push(one.clone());
            }
        }
        all
    }
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
        let says_names = ["Aliases", "ViewerCertificate"]
            .map(|name| configuration.at(&[name]).map(|says| within(&says.whole)));
        let certificate = configuration.told(&["ViewerCertificate", "ACMCertificateArn"]);
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
            certificate: certificate.map(str::to_owned),
            etag: etag.to_owned(),
            says_enabled: says_enabled.unwrap_or_default(),
            says_comment,
            says_names,
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
        let leads = |names: Names<'_>| {
            names.of(&self.aliases) == self.aliases
                && self.certificate.as_deref() == Some(names.certificate)
        };
        self.enabled == wanted.enabled
            && wanted.comment.is_none_or(says)
            && wanted.names.is_none_or(leads)
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
        if let Some(names) = wanted.names {
            let says = [
                as_aliases(&names.of(&self.aliases)),
                as_certificate(names.certificate),
            ];
            let end = self.configuration.len()..self.configuration.len();
            let places = self.says_names.iter();
            let places = places.map(|at| at.clone().unwrap_or_else(|| end.clone()));
            edits.extend(places.zip(says));
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

/// Hosts that lead to a distribution, as its configuration says them.
#[must_use]
pub fn as_aliases(hosts: &[String]) -> String {
    let many = hosts.len();
    if many == 0 {
        return "<Aliases><Quantity>0</Quantity></Aliases>".to_owned();
    }
    let mut items = String::new();
    for host in hosts {
        let _ = write!(items, "<CNAME>{}</CNAME>", escaped(host));
    }
    format!("<Aliases><Quantity>{many}</Quantity><Items>{items}</Items></Aliases>")
}

/// The certificate of ACM that a distribution shows, as its configuration says it.
#[must_use]
pub fn as_certificate(arn: &str) -> String {
    let arn = escaped(arn);
    format!(
        "<ViewerCertificate><ACMCertificateArn>{arn}</ACMCertificateArn><SSLSupportMethod>sni-only</SSLSupportMethod><MinimumProtocolVersion>TLSv1.2_2021</MinimumProtocolVersion></ViewerCertificate>"
    )
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
