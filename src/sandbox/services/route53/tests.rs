//! Zones and their records, as data: calls at times in, answers out.

use std::time::Duration;

use serde_json::{Value, json};

use crate::domain::time::Time;
use crate::sandbox::call::{AwsError, Call};
use crate::sandbox::service::Reply;
use crate::sandbox::who::ACCOUNT;
use crate::sandbox::world::World;

/// A world with one zone, `example.com.`
struct Stage {
    world: World,
    zone: String,
}

impl Stage {
    fn new() -> Self {
        let world = World::new(Time(1_790_000_000_000), 3, 1.0);
        let mut stage = Self {
            world,
            zone: String::new(),
        };
        stage.zone = stage.create("Example.com", "1");
        stage
    }

    fn on(&mut self, action: &str, params: Value) -> Result<Reply, AwsError> {
        let call = Call::new("route53", action, params).by(ACCOUNT, "us-east-1");
        self.world.call(self.world.now, &call).answer
    }

    /// What is refused: status, code, message.
    fn refused(&mut self, action: &str, params: Value) -> (u16, String, String) {
        let error = self.on(action, params).unwrap_err();
        (error.status, error.code, error.message)
    }

    /// The id of a new zone, as it is given.
    fn create(&mut self, name: &str, reference: &str) -> String {
        let asked = json!({ "Name": name, "CallerReference": reference, "HostedZoneConfig": { "Comment": "c" } });
        let reply = self
            .on(
                "CreateHostedZone",
                json!({ "CreateHostedZoneRequest": asked }),
            )
            .unwrap();
        assert_eq!(reply.status, 201);
        let id = reply.tree()["CreateHostedZoneResponse"]["HostedZone"]["Id"].as_str();
        id.unwrap().to_owned()
    }

    fn change(&mut self, changes: &Value) -> Result<Reply, AwsError> {
        let params = json!({ "Id": self.zone, "ChangeResourceRecordSetsRequest": {
            "ChangeBatch": { "Comment": "why", "Changes": { "Change": changes } },
        } });
        self.on("ChangeResourceRecordSets", params)
    }

    fn list(&mut self, params: &Value) -> Value {
        let mut all = json!({ "Id": self.zone });
        all.as_object_mut()
            .unwrap()
            .extend(params.as_object().unwrap().clone());
        let reply = self.on("ListResourceRecordSets", all).unwrap();
        reply.tree()["ListResourceRecordSetsResponse"].clone()
    }

    /// Names and types of all records, in their order.
    fn records(&mut self) -> Vec<String> {
        names(&self.list(&json!({})))
    }
}

fn names(page: &Value) -> Vec<String> {
    let sets = page["ResourceRecordSets"]["ResourceRecordSet"]
        .as_array()
        .unwrap();
    let text = |set: &Value, part: &str| set[part].as_str().unwrap().to_owned();
    sets.iter()
        .map(|set| text(set, "Name") + " " + &text(set, "Type"))
        .collect()
}

fn change(action: &str, name: &str, kind: &str, values: &[&str]) -> Value {
    let values: Vec<Value> = values
        .iter()
        .map(|value| json!({ "Value": value }))
        .collect();
    json!({ "Action": action, "ResourceRecordSet": {
        "Name": name, "Type": kind, "TTL": "60", "ResourceRecords": { "ResourceRecord": values },
    } })
}

fn alias(action: &str, name: &str, target: &str) -> Value {
    json!({ "Action": action, "ResourceRecordSet": { "Name": name, "Type": "A", "AliasTarget": {
        "HostedZoneId": "Z2FDTNDATAQYW2", "DNSName": target, "EvaluateTargetHealth": "false",
    } } })
}

#[test]
fn a_zone_is_made_found_and_deleted() {
    let mut stage = Stage::new();
    let zone = stage.zone.clone();
    assert!(zone.starts_with("/hostedzone/Z"));
    for id in [zone.as_str(), zone.trim_start_matches("/hostedzone/")] {
        let reply = stage.on("GetHostedZone", json!({ "Id": id })).unwrap();
        let shown = &reply.tree()["GetHostedZoneResponse"];
        assert_eq!(
            shown["HostedZone"],
            json!({
                "Id": zone, "Name": "example.com.", "CallerReference": "1",
                "Config": { "Comment": "c", "PrivateZone": false }, "ResourceRecordSetCount": 2,
            })
        );
        let servers = shown["DelegationSet"]["NameServers"]["NameServer"]
            .as_array()
            .unwrap();
        assert!(
            servers.len() == 4
                && servers
                    .iter()
                    .all(|one| one.as_str().unwrap().starts_with("ns-")),
            "{servers:?}"
        );
    }
    assert_eq!(stage.records(), ["example.com. NS", "example.com. SOA"]);
    let twice =
        json!({ "CreateHostedZoneRequest": { "Name": "other.com", "CallerReference": "1" } });
    assert_eq!(
        stage.refused("CreateHostedZone", twice),
        (
            409,
            "HostedZoneAlreadyExists".to_owned(),
            "A hosted zone has already been created with the specified caller reference."
                .to_owned()
        )
    );
    let bad = json!({ "CreateHostedZoneRequest": { "Name": "a..b", "CallerReference": "2" } });
    assert_eq!(
        stage.refused("CreateHostedZone", bad).1,
        "InvalidDomainName"
    );

    stage
        .change(&change("CREATE", "www.example.com", "A", &["1.2.3.4"]))
        .unwrap();
    let full = stage.refused("DeleteHostedZone", json!({ "Id": zone }));
    assert_eq!((full.0, full.1.as_str()), (400, "HostedZoneNotEmpty"));
    stage
        .change(&change("DELETE", "www.example.com", "A", &["1.2.3.4"]))
        .unwrap();
    stage.on("DeleteHostedZone", json!({ "Id": zone })).unwrap();
    let gone = stage.refused("GetHostedZone", json!({ "Id": zone }));
    assert_eq!((gone.0, gone.1.as_str()), (404, "NoSuchHostedZone"));
}

#[test]
fn zones_are_listed() {
    let mut stage = Stage::new();
    for name in ["b.org", "a.org", "example.com"] {
        stage.create(name, name);
    }
    let (mut found, mut marker) = (Vec::new(), Value::Null);
    loop {
        let reply = stage
            .on(
                "ListHostedZones",
                json!({ "maxitems": "3", "marker": marker }),
            )
            .unwrap();
        let page = &reply.tree()["ListHostedZonesResponse"];
        found.extend(
            page["HostedZones"]["HostedZone"]
                .as_array()
                .unwrap()
                .clone(),
        );
        marker = page["NextMarker"].clone();
        if page["IsTruncated"] == json!(false) {
            break;
        }
    }
    assert_eq!((found.len(), marker), (4, Value::Null));
    let mut by_name = |params: Value| {
        let reply = stage.on("ListHostedZonesByName", params).unwrap();
        let page = reply.tree()["ListHostedZonesByNameResponse"].clone();
        let zones = page["HostedZones"]["HostedZone"].as_array().unwrap();
        let names: Vec<String> = zones
            .iter()
            .map(|zone| zone["Name"].as_str().unwrap().to_owned())
            .collect();
        (names.join(" "), page)
    };
    assert_eq!(
        by_name(json!({})).0,
        "example.com. example.com. a.org. b.org."
    );
    assert_eq!(by_name(json!({ "dnsname": "a.org" })).0, "a.org. b.org.");
    let (names, page) = by_name(json!({ "dnsname": "example.com.", "maxitems": "1" }));
    assert_eq!(
        (names.as_str(), &page["NextDNSName"]),
        ("example.com.", &json!("example.com."))
    );
    let next = json!({ "dnsname": "example.com.", "hostedzoneid": page["NextHostedZoneId"], "maxitems": "2" });
    assert_eq!(by_name(next).0, "example.com. a.org.");
    let half = stage.refused("ListHostedZonesByName", json!({ "hostedzoneid": "Z1" }));
    assert_eq!(half.1, "InvalidInput");
}

#[test]
fn a_change_reaches_all_servers_after_some_time() {
    let mut stage = Stage::new();
    let reply = stage
        .change(&alias("UPSERT", "shop.example.com", "D1.cloudfront.net"))
        .unwrap();
    let info = reply.tree()["ChangeResourceRecordSetsResponse"]["ChangeInfo"].clone();
    assert_eq!(
        (&info["Status"], &info["Comment"]),
        (&json!("PENDING"), &json!("why"))
    );
    let status = |stage: &mut Stage| {
        let reply = stage.on("GetChange", json!({ "Id": info["Id"] })).unwrap();
        reply.tree()["GetChangeResponse"]["ChangeInfo"]["Status"].clone()
    };
    assert_eq!(status(&mut stage), "PENDING");
    stage
        .world
        .advance(stage.world.now + Duration::from_secs(4));
    assert_eq!(status(&mut stage), "INSYNC");
    let page = stage.list(&json!({ "name": "shop.example.com", "type": "A" }));
    let set = &page["ResourceRecordSets"]["ResourceRecordSet"][0];
    assert_eq!(
        (&set["Name"], &set["AliasTarget"]["DNSName"]),
        (&json!("shop.example.com."), &json!("d1.cloudfront.net."))
    );
    let none = stage.refused("GetChange", json!({ "Id": "/change/C0" }));
    assert_eq!((none.0, none.1.as_str()), (404, "NoSuchChange"));
}

#[test]
fn records_stand_in_the_order_of_their_labels_and_come_by_pages() {
    let mut stage = Stage::new();
    let made = ["z", "a.b", "*", "b", "_acme.a"]
        .map(|name| change("CREATE", &format!("{name}.example.com"), "TXT", &["\"x\""]));
    stage.change(&json!(made)).unwrap();
    stage
        .change(&change("CREATE", "b.example.com", "A", &["1.2.3.4"]))
        .unwrap();
    let expected = [
        "example.com. NS",
        "example.com. SOA",
        "\\052.example.com. TXT",
        "_acme.a.example.com. TXT",
        "b.example.com. A",
        "b.example.com. TXT",
        "a.b.example.com. TXT",
        "z.example.com. TXT",
    ];
    assert_eq!(stage.records(), expected);
    let (mut all, mut from) = (Vec::new(), json!({}));
    loop {
        from["maxitems"] = json!("3");
        let page = stage.list(&from);
        all.extend(names(&page));
        if page["IsTruncated"] == json!(false) {
            break;
        }
        from = json!({ "name": page["NextRecordName"], "type": page["NextRecordType"] });
    }
    assert_eq!(all, expected);
    assert_eq!(
        names(&stage.list(&json!({ "name": "b.example.com", "type": "B" })))[0],
        "b.example.com. TXT"
    );
    for wrong in [json!({ "type": "A" }), json!({ "maxitems": "0" })] {
        let mut params = wrong.clone();
        params["Id"] = json!(stage.zone);
        assert_eq!(
            stage.refused("ListResourceRecordSets", params).1,
            "InvalidInput",
            "{wrong}"
        );
    }
}

#[test]
fn a_batch_is_made_as_a_whole_or_not_at_all() {
    let mut stage = Stage::new();
    stage
        .change(&json!([
            change("CREATE", "a.example.com", "A", &["1.1.1.1", "2.2.2.2"]),
            change("CREATE", "c.example.com", "CNAME", &["a.example.com"]),
            alias("CREATE", "s.example.com", "d1.cloudfront.net"),
        ]))
        .unwrap();
    let before = stage.records();
    for (wrong, message) in [
        (
            change("CREATE", "A.example.com.", "A", &["3.3.3.3"]),
            "Tried to create resource record set [name='a.example.com.', type='A'] but it already exists",
        ),
        (
            change("DELETE", "a.example.com", "A", &["1.1.1.1"]),
            "Tried to delete resource record set [name='a.example.com.', type='A'] but the values provided do not match the current values",
        ),
        (
            alias("DELETE", "s.example.com", "d2.cloudfront.net"),
            "Tried to delete resource record set [name='s.example.com.', type='A'] but the values provided do not match the current values",
        ),
        (
            change("DELETE", "n.example.com", "A", &["1.1.1.1"]),
            "Tried to delete resource record set [name='n.example.com.', type='A'] but it was not found",
        ),
        (
            change("UPSERT", "example.org", "A", &["1.1.1.1"]),
            "RRSet with DNS name example.org. is not permitted in zone example.com.",
        ),
        (
            change("UPSERT", "example.com", "CNAME", &["a.b"]),
            "RRSet of type CNAME with DNS name example.com. is not permitted at apex in zone example.com.",
        ),
        (
            change("CREATE", "a.example.com", "CNAME", &["a.b"]),
            "RRSet of type CNAME with DNS name a.example.com. is not permitted as it conflicts with other records with the same DNS name in zone example.com.",
        ),
        (
            change("CREATE", "c.example.com", "TXT", &["\"x\""]),
            "RRSet of type TXT with DNS name c.example.com. is not permitted because a conflicting RRSet of type CNAME with the same DNS name already exists in zone example.com.",
        ),
    ] {
        let error = stage
            .change(&json!([
                change("CREATE", "new.example.com", "A", &["1.1.1.1"]),
                wrong
            ]))
            .unwrap_err();
        let said = (error.status, error.code.as_str(), error.message);
        assert_eq!(said, (400, "InvalidChangeBatch", format!("[{message}]")));
        assert_eq!(stage.records(), before, "nothing of it is made");
    }
    let both = stage
        .change(&json!([
            change("DELETE", "n.example.com", "A", &["1.1.1.1"]),
            change("UPSERT", "x.org", "A", &["1.1.1.1"]),
        ]))
        .unwrap_err();
    assert_eq!(
        both.message,
        "[Tried to delete resource record set [name='n.example.com.', type='A'] but it was not found, RRSet with DNS name x.org. is not permitted in zone example.com.]"
    );
    stage
        .change(&json!([
            change("DELETE", "a.example.com", "A", &["2.2.2.2", "1.1.1.1"]),
            change("CREATE", "a.example.com", "CNAME", &["b.example.com"]),
            alias("DELETE", "s.example.com", "D1.cloudfront.net."),
        ]))
        .unwrap();
    assert_eq!(
        stage.records(),
        [
            "example.com. NS",
            "example.com. SOA",
            "a.example.com. CNAME",
            "c.example.com. CNAME"
        ],
        "values in any order, and a name that is free again"
    );
}

#[test]
fn what_is_no_change_is_refused() {
    let mut stage = Stage::new();
    let set = |part: &str, value: Value| {
        let mut change = change("CREATE", "a.example.com", "A", &["1.1.1.1"]);
        change["ResourceRecordSet"][part] = value;
        change
    };
    let target = json!({ "HostedZoneId": "Z1", "DNSName": "a.b", "EvaluateTargetHealth": "false" });
    for (wrong, code) in [
        (
            change("REPLACE", "a.example.com", "A", &["1.1.1.1"]),
            "InvalidInput",
        ),
        (change("CREATE", "a.example.com", "A", &[]), "InvalidInput"),
        (
            change("CREATE", "a..example.com", "A", &["1.1.1.1"]),
            "InvalidChangeBatch",
        ),
        (set("TTL", Value::Null), "InvalidInput"),
        (set("Name", Value::Null), "InvalidInput"),
        (set("AliasTarget", target), "InvalidInput"),
        (json!([]), "InvalidInput"),
    ] {
        let error = stage.change(&wrong).unwrap_err();
        assert_eq!(error.code, code, "{wrong}");
    }
    let own = stage.list(&json!({}))["ResourceRecordSets"]["ResourceRecordSet"].clone();
    for (at, message) in [(0, "at least one NS record"), (1, "exactly one SOA record")] {
        let delete = json!({ "Action": "DELETE", "ResourceRecordSet": own[at] });
        let error = stage.change(&delete).unwrap_err();
        assert!(
            error.code == "InvalidChangeBatch" && error.message.contains(message),
            "{error}"
        );
    }
    let mut first = change("CREATE", "w.example.com", "A", &["1.1.1.1"]);
    first["ResourceRecordSet"]["SetIdentifier"] = json!("one");
    let mut second = first.clone();
    second["ResourceRecordSet"]["SetIdentifier"] = json!("two");
    stage.change(&json!([first, second])).unwrap();
    let error = stage.change(&first).unwrap_err();
    assert!(
        error.message.contains(
            "[name='w.example.com.', type='A', set-identifier='one'] but it already exists"
        ),
        "{error}"
    );
}
