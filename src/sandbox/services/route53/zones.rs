//! Hosted zones: made with their name servers, listed, and deleted when nothing but these is left.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::name::Name;
use super::records::RecordSet;
use super::{Route53, invalid, rows};
use crate::sandbox::call::{Answer, AwsError, Params};
use crate::sandbox::realm::Cx;
use crate::sandbox::service::Reply;

/// A page has so many zones at the most.
const PAGE: usize = 100;
/// Where name servers are, with the first of their numbers there.
const SERVERS: [(&str, u64); 4] = [("com", 0), ("net", 512), ("org", 1_024), ("co.uk", 1_536)];

/// A hosted zone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Zone {
    /// Its name.
    pub name: Name,
    reference: String,
    comment: Option<String>,
    servers: Vec<String>,
    /// In their order.
    pub(super) records: Vec<RecordSet>,
}

impl Route53 {
    pub(super) fn create(
        &mut self,
        params: Params<'_>,
        cx: &mut Cx<'_>,
    ) -> Result<Reply, AwsError> {
        let asked = params
            .0
            .get("CreateHostedZoneRequest")
            .unwrap_or(&Value::Null);
        let need = |part: &str| {
            let text = Params(asked).text(part);
            text.ok_or_else(|| invalid(format!("Invalid XML ; {part} is missing")))
        };
        let (name, reference) = (Name::read(need("Name")?)?, need("CallerReference")?);
        if asked.get("VPC").is_some() {
            return Err(invalid("the embedded cloud has no private hosted zones"));
        }
        if self.zones.values().any(|zone| zone.reference == reference) {
            return Err(AwsError {
                status: 409,
                ..AwsError::new(
                    "HostedZoneAlreadyExists",
                    "A hosted zone has already been created with the specified caller reference.",
                )
            });
        }
        let servers = SERVERS.map(|(end, first)| {
            let (number, group) = (first + cx.dice.below(512), cx.dice.below(64));
            format!("ns-{number}.awsdns-{group:02}.{end}")
        });
        let comment = asked
            .pointer("/HostedZoneConfig/Comment")
            .and_then(Value::as_str);
        let zone = Zone::new(name, reference, comment, servers.to_vec());
        let id = id(&cx.place.account, reference);
        let shown = (zone.shown(&id), zone.delegation());
        cx.effect = Some(format!("hosted zone {id} of {reference}"));
        self.zones.insert(id.clone(), zone);
        let info = self.begin(None, cx);
        let tree = json!({ "HostedZone": shown.0, "ChangeInfo": info, "DelegationSet": shown.1 });
        Ok(Reply::from(json!({ "CreateHostedZoneResponse": tree }))
            .status(201)
            .header(
                "location",
                format!("https://route53.amazonaws.com/2013-04-01/hostedzone/{id}"),
            ))
    }

    pub(super) fn delete(&mut self, id: &str, cx: &mut Cx<'_>) -> Result<Reply, AwsError> {
        let zone = self.zone(id)?;
        if zone.records.iter().any(|one| !zone.needs(one)) {
            return Err(AwsError::new(
                "HostedZoneNotEmpty",
                "The specified hosted zone contains non-required resource record sets and so cannot be deleted.",
            ));
        }
        self.zones.remove(id);
        cx.effect = Some(format!("hosted zone {id} deleted"));
        let info = self.begin(None, cx);
        Ok(json!({ "DeleteHostedZoneResponse": { "ChangeInfo": info } }).into())
    }

    /// In the order of the ids.
    pub(super) fn list(&self, params: Params<'_>) -> Answer {
        let most = rows(params, PAGE)?;
        let marker = params.text("marker").unwrap_or("");
        let mut rest = self.zones.range(marker.to_owned()..);
        let page = rest.by_ref().take(most).map(|(id, zone)| zone.shown(id));
        let page: Vec<Value> = page.collect();
        let next = rest.next().map(|(id, _)| id);
        Ok(json!({ "ListHostedZonesResponse": {
            "HostedZones": { "HostedZone": page }, "Marker": marker, "MaxItems": most,
            "IsTruncated": next.is_some(), "NextMarker": next,
        } }))
    }

    /// In the order of the names, from a name (and an id) on.
    pub(super) fn list_by_name(&self, params: Params<'_>) -> Answer {
        let most = rows(params, PAGE)?;
        let (name, id) = (params.text("dnsname"), params.text("hostedzoneid"));
        if id.is_some() && name.is_none() {
            return Err(invalid(
                "The input is not valid: a HostedZoneId needs a DNSName",
            ));
        }
        let from = name.map(Name::read).transpose()?;
        let from = from.map(|name| name.order()).unwrap_or_default();
        let mut all: Vec<(String, &String, &Zone)> = self
            .zones
            .iter()
            .map(|(id, zone)| (zone.name.order(), id, zone))
            .filter(|(order, other, _)| {
                (order.as_str(), other.as_str()) >= (from.as_str(), id.unwrap_or(""))
            })
            .collect();
        all.sort_by(|one, other| (&one.0, one.1).cmp(&(&other.0, other.1)));
        let next = all.get(most);
        let page = all.iter().take(most).map(|(_, id, zone)| zone.shown(id));
        Ok(json!({ "ListHostedZonesByNameResponse": {
            "HostedZones": { "HostedZone": page.collect::<Vec<_>>() },
            "DNSName": name, "HostedZoneId": id, "MaxItems": most, "IsTruncated": next.is_some(),
            "NextDNSName": next.map(|(_, _, zone)| zone.name.as_str()),
            "NextHostedZoneId": next.map(|(_, id, _)| id),
        } }))
    }
}

/// The same call makes the same zone: what names it by its id may be written before it is there.
fn id(account: &str, reference: &str) -> String {
    let sum = hex::encode_upper(Sha256::digest(format!("{account}/{reference}")));
    format!("Z{}", &sum[..20])
}

impl Zone {
    fn new(name: Name, reference: &str, comment: Option<&str>, servers: Vec<String>) -> Self {
        let first = servers.first().map_or("", String::as_str);
        let authority = format!("{first}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400");
        let ends: Vec<String> = servers.iter().map(|server| format!("{server}.")).collect();
        let records = vec![
            RecordSet::of(&name, "NS", 172_800, &ends),
            RecordSet::of(&name, "SOA", 900, &[authority]),
        ];
        Self {
            name,
            reference: reference.to_owned(),
            comment: comment.map(str::to_owned),
            servers,
            records,
        }
    }

    /// True for what every zone has of itself.
    /// Whether it has a record of this name and type that says this.
    pub(super) fn says(&self, name: &str, kind: &str, value: &str) -> bool {
        let Ok(name) = Name::read(name) else {
            return false;
        };
        let plain = |text: &str| text.trim_end_matches('.').to_lowercase();
        let mut ours = self.records.iter();
        ours.any(|one| {
            let mut says = one.values().into_iter();
            one.name == name && one.kind == kind && says.any(|says| plain(says) == plain(value))
        })
    }

    pub(super) fn needs(&self, set: &RecordSet) -> bool {
        set.name == self.name && matches!(set.kind.as_str(), "NS" | "SOA")
    }

    pub(super) fn shown(&self, id: &str) -> Value {
        json!({
            "Id": format!("/hostedzone/{id}"), "Name": self.name.as_str(),
            "CallerReference": self.reference,
            "Config": { "Comment": self.comment, "PrivateZone": false },
            "ResourceRecordSetCount": self.records.len(),
        })
    }

    pub(super) fn delegation(&self) -> Value {
        json!({ "NameServers": { "NameServer": self.servers } })
    }
}
