//! Route 53: the records of a name in a hosted zone, and changes of records. A record that is
//! deleted is named as it came, because nothing else is taken for it.

use std::fmt::Write as _;

use super::bounds::ANSWER;
use super::clients::Cloud;
use super::cloudfront::or_none;
use super::rest::{Answer, Ask, Service};
use super::trouble::Trouble;
use super::xml::{Element, Unread};

/// The version of the interface, which begins every path.
const API: &str = "/2013-04-01";
/// The namespace of all its documents.
const NAMESPACE: &str = "https://route53.amazonaws.com/doc/2013-04-01/";

/// Where it is for a region: one service for each part of AWS, whatever the region is.
pub(super) fn service(region: &str) -> Service {
    let (of, address) = if region.starts_with("cn-") {
        ("cn-northwest-1", "https://route53.amazonaws.com.cn")
    } else if region.starts_with("us-gov-") {
        ("us-gov-west-1", "https://route53.us-gov.amazonaws.com")
    } else {
        ("us-east-1", "https://route53.amazonaws.com")
    };
    Service {
        name: "route53",
        region: of.to_owned(),
        address: address.to_owned(),
        limit: ANSWER,
    }
}

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its name, as [`plain`] gives it.
    pub name: String,
    /// `A`, `AAAA`, `CNAME` …
    pub kind: String,
    /// Where it leads, where it is an alias: the zone of that, and its name, as [`plain`] gives it.
    pub alias: Option<(String, String)>,
    /// What it says, where it is no alias.
    pub values: Vec<String>,
    /// It is one of several of that name and kind, of which some rule takes one.
    pub is_one_of_several: bool,
    /// The record as it came.
    pub xml: String,
}

/// What is done with a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// It is made, or becomes this.
    Upsert(String),
    /// It goes, if it is still this.
    Delete(String),
}

/// A change of records on its way to all servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its id.
    pub id: String,
    /// Every server has it.
    pub in_sync: bool,
}

/// A name as it is compared: small letters, no dot at its end, and no escapes.
#[must_use]
pub fn plain(name: &str) -> String {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        let octal = others
            .get(..3)
            .filter(|_| *first == b'\\')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        bytes.push(octal.unwrap_or(*first));
        rest = if octal.is_some() {
            &others[3..]
        } else {
            others
        };
    }
    let text = String::from_utf8_lossy(&bytes).to_lowercase();
    text.strip_suffix('.').unwrap_or(&text).to_owned()
}

/// The alias of a name to another, as a record is written.
#[must_use]
pub fn alias(name: &str, kind: &str, zone: &str, to: &str) -> String {
    let of = super::xml::escaped;
    let (name, kind, zone, to) = (of(name), of(kind), of(zone), of(to));
    format!(
        "<ResourceRecordSet><Name>{name}</Name><Type>{kind}</Type><AliasTarget><HostedZoneId>{zone}</HostedZoneId><DNSName>{to}</DNSName><EvaluateTargetHealth>false</EvaluateTargetHealth></AliasTarget></ResourceRecordSet>"
    )
}

/// A name that stands for another, as a record is written.
#[must_use]
pub fn cname(name: &str, to: &str) -> String {
    let of = super::xml::escaped;
    let (name, to) = (of(name), of(to));
    format!(
        "<ResourceRecordSet><Name>{name}</Name><Type>CNAME</Type><TTL>300</TTL><ResourceRecords><ResourceRecord><Value>{to}</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>"
    )
}

impl Cloud {
    /// The name of a hosted zone, as [`plain`] gives it; none where there is no such zone.
    pub async fn zone(&self, zone: &str) -> Result<Option<String>, Trouble> {
        let asked = self.call("route53:GetHostedZone", zone, || {
            let ask = Ask::new("GET", &format!("{API}/hostedzone/{}", id(zone)));
            self.route53.call(ask, |answer| {
                let root = answer.root("GetHostedZoneResponse")?;
                Ok(plain(root.need(&["HostedZone", "Name"])?))
            })
        });
        or_none(asked.await, "NoSuchHostedZone")
    }

    /// All records of a name.
    pub async fn records(&self, zone: &str, name: &str) -> Result<Vec<Record>, Trouble> {
        let name = plain(name);
        let mut all: Vec<Record> = Vec::new();
        let mut from = From::name(&name);
        loop {
            let asked = self.call("route53:ListResourceRecordSets", zone, || {
                let ask = Ask::new("GET", &format!("{API}/hostedzone/{}/rrset", id(zone)))
                    .query("name", &from.name)
                    .may_query("type", from.kind.as_deref())
                    .may_query("identifier", from.identifier.as_deref())
                    .query("maxitems", "100");
                self.route53.call(ask, listed)
            });
            let (records, next) = asked.await?;
            all.extend(records.into_iter().filter(|record| record.name == name));
            match next {
                // They come in the order of their names.
                Some(next) if plain(&next.name) == name && next != from => from = next,
                Some(_) | None => return Ok(all),
            }
        }
    }

    /// Changes records of a zone, all or none of them.
    pub async fn change_records(&self, zone: &str, edits: &[Edit]) -> Result<Change, Trouble> {
        let mut changes = String::new();
        for edit in edits {
            let (action, record) = match edit {
                Edit::Upsert(record) => ("UPSERT", record),
                Edit::Delete(record) => ("DELETE", record),
            };
            let _ = write!(
                changes,
                "<Change><Action>{action}</Action>{record}</Change>"
            );
        }
        let body = format!(
            "<ChangeResourceRecordSetsRequest xmlns=\"{NAMESPACE}\"><ChangeBatch><Changes>{changes}</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>"
        );
        self.call("route53:ChangeResourceRecordSets", zone, || {
            let ask = Ask::new("POST", &format!("{API}/hostedzone/{}/rrset/", id(zone))).xml(&body);
            self.route53.call(ask, |answer| {
                change(answer, "ChangeResourceRecordSetsResponse")
            })
        })
        .await
    }

    /// How a change stands; none where it is not known any more.
    pub async fn record_change(&self, change_id: &str) -> Result<Option<Change>, Trouble> {
        let asked = self.call("route53:GetChange", change_id, || {
            let ask = Ask::new("GET", &format!("{API}/change/{}", id(change_id)));
            self.route53
                .call(ask, |answer| change(answer, "GetChangeResponse"))
        });
        or_none(asked.await, "NoSuchChange")
    }
}

/// An id without the path before it (`/hostedzone/Z1`).
fn id(text: &str) -> &str {
    text.rsplit('/').next().unwrap_or(text)
}

/// Where a page of records begins.
#[derive(Debug, Clone, PartialEq, Eq)]
struct From {
    name: String,
    kind: Option<String>,
    identifier: Option<String>,
}

impl From {
    fn name(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: None,
            identifier: None,
        }
    }
}

fn listed(answer: &Answer) -> Result<(Vec<Record>, Option<From>), Unread> {
    let (text, root) = (
        answer.text()?,
        answer.root("ListResourceRecordSetsResponse")?,
    );
    if root.at(&["ResourceRecordSets"]).is_none() {
        return Err(Unread("a listing without records".to_owned()));
    }
    let records = root.all(&["ResourceRecordSets"], "ResourceRecordSet");
    let records: Result<Vec<Record>, Unread> = records.map(|one| record(one, text)).collect();
    let owned = |name: &str| root.told(&[name]).map(str::to_owned);
    let next = if root.flag(&["IsTruncated"])? {
        Some(From {
            name: root.need(&["NextRecordName"])?.to_owned(),
            kind: owned("NextRecordType"),
            identifier: owned("NextRecordIdentifier"),
        })
    } else {
        None
    };
    Ok((records?, next))
}

fn record(one: &Element, text: &str) -> Result<Record, Unread> {
    let alias = match one.at(&["AliasTarget"]) {
        Some(alias) => Some((
            alias.need(&["HostedZoneId"])?.to_owned(),
            plain(alias.need(&["DNSName"])?),
        )),
        None => None,
    };
    Ok(Record {
        name: plain(one.need(&["Name"])?),
        kind: one.need(&["Type"])?.to_owned(),
        alias,
        values: one
            .all(&["ResourceRecords"], "ResourceRecord")
            .filter_map(|each| each.told(&["Value"]))
            .map(str::to_owned)
            .collect(),
        is_one_of_several: one.at(&["SetIdentifier"]).is_some(),
        xml: text[one.whole.clone()].to_owned(),
    })
}

fn change(answer: &Answer, root: &str) -> Result<Change, Unread> {
    let root = answer.root(root)?;
    Ok(Change {
        id: id(root.need(&["ChangeInfo", "Id"])?).to_owned(),
        in_sync: root.need(&["ChangeInfo", "Status"])? == "INSYNC",
    })
}

#[cfg(test)]
mod tests;
