//! What a site's distribution is made from, as CloudFront takes it.

use quick_xml::escape::escape;
use serde::Deserialize;

use crate::aws::cloudfront::{as_aliases, as_certificate};
use crate::domain::failure::Failure;

/// What a distribution shows that has no host of a site.
const CLOUDFRONTS_OWN: &str = "<ViewerCertificate><CloudFrontDefaultCertificate>true</CloudFrontDefaultCertificate></ViewerCertificate>";

/// Everything that a distribution of a site is made from.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Params {
    /// The maker's own name for it: what is made twice under one name is made once.
    pub(super) caller_reference: String,
    #[serde(default)]
    comment: String,
    /// The host that leads to it, where it has a certificate for that.
    #[serde(default)]
    alias: Option<String>,
    /// The bucket, in the region of the environment;
    #[serde(default)]
    origin_bucket: Option<String>,
    /// or the host of one that is elsewhere.
    #[serde(default)]
    origin_domain: Option<String>,
    /// The prefix of the site there, with a slash before it and none behind it.
    #[serde(default)]
    origin_path: String,
    /// The id of the origin access control.
    oac: String,
    #[serde(default)]
    certificate_arn: Option<String>,
    #[serde(default)]
    price_class: Option<String>,
    #[serde(default)]
    elsewhere: Elsewhere,
}

/// What is served of a path at which there is no file.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Elsewhere {
    /// The first page, which knows all paths.
    #[default]
    Index,
    /// The page that says so, and that it is not found.
    NotFound,
}

impl Elsewhere {
    /// The page, and the status with which it goes out.
    fn served(self) -> (&'static str, u16) {
        match self {
            Self::Index => ("/index.html", 200),
            Self::NotFound => ("/404.html", 404),
        }
    }
}

impl Params {
    /// The host that leads to it; none without a certificate, because CloudFront takes none then.
    pub(super) fn alias(&self) -> Option<&str> {
        self.certificate_arn.as_ref().and(self.alias.as_deref())
    }

    /// What it says of itself, so much as CloudFront takes.
    pub(super) fn comment(&self) -> String {
        self.comment.chars().take(128).collect()
    }

    /// The host of the bucket.
    pub(super) fn origin_domain(&self, region: &str) -> Result<String, Failure> {
        let end = if region.starts_with("cn-") { ".cn" } else { "" };
        match (&self.origin_domain, &self.origin_bucket) {
            (Some(domain), _) => Ok(domain.clone()),
            (None, Some(bucket)) => Ok(format!("{bucket}.s3.{region}.amazonaws.com{end}")),
            (None, None) => Err(Failure::new("missing: origin_bucket").as_before()),
        }
    }

    /// The prefix of the site as CloudFront writes it.
    pub(super) fn origin_path(&self) -> String {
        let plain = self.origin_path.trim_matches('/');
        if plain.is_empty() {
            String::new()
        } else {
            format!("/{plain}")
        }
    }

    /// The whole configuration of one that reads from this host.
    pub(super) fn xml(&self, domain: &str) -> String {
        let reference = escape(&self.caller_reference);
        let comment = self.comment();
        let (comment, domain) = (escape(comment.as_str()), escape(domain));
        let path = self.origin_path();
        let (path, oac) = (escape(path.as_str()), escape(&self.oac));
        let price = escape(self.price_class.as_deref().unwrap_or("PriceClass_All"));
        let aliases: Vec<String> = self.alias().map(str::to_owned).into_iter().collect();
        let aliases = as_aliases(&aliases);
        let certificate = self
            .certificate_arn
            .as_deref()
            .map_or_else(|| CLOUDFRONTS_OWN.to_owned(), as_certificate);
        let (page, status) = self.elsewhere.served();
        // A bucket that nobody may list says 403 of what is not there.
        let error = |code: u16| {
            format!(
                "<CustomErrorResponse><ErrorCode>{code}</ErrorCode><ResponsePagePath>{page}</ResponsePagePath><ResponseCode>{status}</ResponseCode><ErrorCachingMinTTL>10</ErrorCachingMinTTL></CustomErrorResponse>"
            )
        };
        let errors = [error(403), error(404)].concat();
        let methods =
            "<Quantity>2</Quantity><Items><Method>GET</Method><Method>HEAD</Method></Items>";
        [
            "<DistributionConfig xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\">",
            &format!("<CallerReference>{reference}</CallerReference>"),
            &aliases,
            "<DefaultRootObject>index.html</DefaultRootObject>",
            "<Origins><Quantity>1</Quantity><Items><Origin><Id>site</Id>",
            &format!("<DomainName>{domain}</DomainName><OriginPath>{path}</OriginPath>"),
            "<CustomHeaders><Quantity>0</Quantity></CustomHeaders>",
            "<S3OriginConfig><OriginAccessIdentity></OriginAccessIdentity></S3OriginConfig>",
            &format!("<OriginAccessControlId>{oac}</OriginAccessControlId></Origin></Items></Origins>"),
            "<DefaultCacheBehavior><TargetOriginId>site</TargetOriginId>",
            "<ViewerProtocolPolicy>redirect-to-https</ViewerProtocolPolicy>",
            &format!("<AllowedMethods>{methods}<CachedMethods>{methods}</CachedMethods></AllowedMethods>"),
            "<Compress>true</Compress>",
            "<ForwardedValues><QueryString>false</QueryString><Cookies><Forward>none</Forward></Cookies></ForwardedValues>",
            "<MinTTL>3600</MinTTL><DefaultTTL>86400</DefaultTTL><MaxTTL>31536000</MaxTTL></DefaultCacheBehavior>",
            "<CacheBehaviors><Quantity>0</Quantity></CacheBehaviors>",
            &format!("<CustomErrorResponses><Quantity>2</Quantity><Items>{errors}</Items></CustomErrorResponses>"),
            &format!("<Comment>{comment}</Comment>"),
            &format!("<PriceClass>{price}</PriceClass><Enabled>true</Enabled>"),
            &certificate,
            "<Restrictions><GeoRestriction><RestrictionType>none</RestrictionType><Quantity>0</Quantity></GeoRestriction></Restrictions>",
            "<HttpVersion>http2and3</HttpVersion><IsIPV6Enabled>true</IsIPV6Enabled>",
            "</DistributionConfig>",
        ]
        .concat()
    }
}
