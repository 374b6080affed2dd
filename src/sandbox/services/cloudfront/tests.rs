//! Distributions through time, as data: calls at times in, answers out.

use std::time::Duration;

use serde_json::{Value, json};

use crate::domain::time::Time;
use crate::sandbox::call::{AwsError, Call};
use crate::sandbox::service::Reply;
use crate::sandbox::who::ACCOUNT;
use crate::sandbox::world::World;

struct Stage {
    world: World,
}

impl Stage {
    fn new() -> Self {
        Self {
            world: World::new(Time(1_790_000_000_000), 3, 1.0),
        }
    }

    fn on(&mut self, action: &str, params: Value) -> Result<Reply, AwsError> {
        let call = Call::new("cloudfront", action, params).by(ACCOUNT, "us-east-1");
        self.world.call(self.world.now, &call).answer
    }

    /// The status and the code of what is refused.
    fn refused(&mut self, action: &str, params: Value) -> (u16, String) {
        let error = self.on(action, params).unwrap_err();
        (error.status, error.code)
    }

    fn create(&mut self, config: &Value) -> Made {
        let reply = self
            .on(
                "CreateDistribution",
                json!({ "DistributionConfig": config }),
            )
            .unwrap();
        let id = reply.tree()["Distribution"]["Id"].as_str().unwrap();
        Made {
            id: id.to_owned(),
            etag: header(&reply, "etag").to_owned(),
            status: reply.status,
        }
    }

    fn update(&mut self, id: &str, etag: Option<&str>, config: &Value) -> Result<Reply, AwsError> {
        let params = json!({ "Id": id, "IfMatch": etag, "DistributionConfig": config });
        self.on("UpdateDistribution", params)
    }

    fn status(&mut self, id: &str) -> Value {
        let reply = self.on("GetDistribution", json!({ "Id": id })).unwrap();
        reply.tree()["Distribution"]["Status"].clone()
    }

    fn wait(&mut self, seconds: u64) {
        let to = self.world.now + Duration::from_secs(seconds);
        self.world.advance(to);
    }
}

#[derive(Debug, PartialEq)]
struct Made {
    id: String,
    etag: String,
    status: u16,
}

fn header<'a>(reply: &'a Reply, name: &str) -> &'a str {
    let mut found = reply.headers.iter().filter(|(other, _)| other == name);
    found.next().map_or("", |(_, value)| value)
}

fn config(reference: &str, alias: &str, control: &str) -> Value {
    json!({
        "CallerReference": reference,
        "Aliases": { "Quantity": "1", "Items": { "CNAME": alias } },
        "Origins": { "Quantity": "1", "Items": { "Origin": {
            "Id": "live", "DomainName": "live.s3.eu-west-1.amazonaws.com", "OriginPath": "/shop",
            "OriginAccessControlId": control,
        } } },
        "DefaultCacheBehavior": { "TargetOriginId": "live", "ViewerProtocolPolicy": "redirect-to-https" },
        "CustomErrorResponses": { "Quantity": "2", "Items": { "CustomErrorResponse": [
            { "ErrorCode": "403", "ResponseCode": "200" }, { "ErrorCode": "404", "ResponseCode": "200" },
        ] } },
        "Comment": "", "Enabled": "true", "NobodyKnows": { "This": "part" },
    })
}

fn with(config: &Value, pointer: &str, value: Value) -> Value {
    let mut config = config.clone();
    *config.pointer_mut(pointer).unwrap() = value;
    config
}

#[test]
fn a_distribution_lives_through_its_states() {
    let mut stage = Stage::new();
    let shop = config("shop", "shop.example.com", "");
    let made = stage.create(&shop);
    assert_eq!(made.status, 201);
    assert_eq!(stage.status(&made.id), "InProgress");
    stage.wait(19);
    assert_eq!(stage.status(&made.id), "InProgress");
    stage.wait(1);
    assert_eq!(stage.status(&made.id), "Deployed");
    let id = json!({ "Id": made.id });
    let kept = stage.on("GetDistributionConfig", id.clone()).unwrap();
    assert_eq!(
        (&kept.tree()["DistributionConfig"], header(&kept, "etag")),
        (&shop, made.etag.as_str()),
        "kept whole"
    );

    let delete = |etag: &str| json!({ "Id": made.id, "IfMatch": etag });
    let not_disabled = (409, "DistributionNotDisabled".to_owned());
    assert_eq!(
        stage.refused("DeleteDistribution", delete(&made.etag)),
        not_disabled
    );
    let disabled = with(&shop, "/Enabled", json!("false"));
    let updated = stage.update(&made.id, Some(&made.etag), &disabled).unwrap();
    let etag = header(&updated, "etag").to_owned();
    assert_ne!(etag, made.etag);
    assert_eq!(updated.tree()["Distribution"]["Status"], "InProgress");
    assert_eq!(
        stage.refused("DeleteDistribution", delete(&made.etag)).0,
        412
    );
    assert_eq!(
        stage.refused("DeleteDistribution", delete(&etag)),
        not_disabled,
        "not yet everywhere"
    );
    stage.wait(20);
    assert_eq!(
        stage
            .on("DeleteDistribution", delete(&etag))
            .unwrap()
            .status,
        204
    );
    let missing = (404, "NoSuchDistribution".to_owned());
    for action in [
        "GetDistribution",
        "GetDistributionConfig",
        "DeleteDistribution",
        "UpdateDistribution",
    ] {
        let mut params = id.clone();
        params["DistributionConfig"] = shop.clone();
        assert_eq!(stage.refused(action, params), missing, "{action}");
    }
    assert_eq!(
        stage.create(&shop).status,
        201,
        "its reference and its alias are free"
    );
}

#[test]
fn the_same_reference_is_the_same_distribution() {
    let mut stage = Stage::new();
    let shop = config("shop", "shop.example.com", "");
    let made = stage.create(&shop);
    stage.wait(30);
    assert_eq!(stage.create(&shop), made);
    let other = json!({ "DistributionConfig": with(&shop, "/Comment", json!("other")) });
    let error = stage.on("CreateDistribution", other).unwrap_err();
    assert_eq!(
        (error.status, error.code.as_str()),
        (409, "DistributionAlreadyExists")
    );
    assert!(error.message.ends_with(&made.id), "{error}");
    stage
        .update(
            &made.id,
            Some(&made.etag),
            &with(&shop, "/Comment", json!("new")),
        )
        .unwrap();
    assert_eq!(
        stage.create(&shop).id,
        made.id,
        "by what was first asked for"
    );
    let effects: Vec<_> = stage.world.ledger.effects().collect();
    assert_eq!(effects.len(), 2, "a repeated call has no effect");
    assert_eq!(effects[0].token.as_deref(), Some("shop"));
}

#[test]
fn what_is_wrong_is_refused() {
    let mut stage = Stage::new();
    let shop = config("shop", "shop.example.com", "");
    let made = stage.create(&shop);
    let blog = config("blog", "blog.example.com", "");
    for (wrong, status, code) in [
        (
            config("x", "SHOP.example.com", ""),
            409,
            "CNAMEAlreadyExists",
        ),
        (
            config("x", "x.example.com", "E0"),
            400,
            "InvalidOriginAccessControl",
        ),
        (
            with(&blog, "/Aliases/Quantity", json!("2")),
            400,
            "InconsistentQuantities",
        ),
        (
            with(&blog, "/CustomErrorResponses/Quantity", json!("1")),
            400,
            "InconsistentQuantities",
        ),
        (
            with(&blog, "/DefaultCacheBehavior/TargetOriginId", json!("x")),
            404,
            "NoSuchOrigin",
        ),
        (
            with(&blog, "/Origins", json!({ "Quantity": "0" })),
            400,
            "InvalidArgument",
        ),
        (
            with(&blog, "/CallerReference", json!("")),
            400,
            "InvalidArgument",
        ),
        (json!(null), 400, "MissingBody"),
    ] {
        let refused = stage.refused("CreateDistribution", json!({ "DistributionConfig": wrong }));
        assert_eq!(refused, (status, code.to_owned()), "{wrong}");
    }
    let other = stage.create(&blog);
    for (etag, config, status, code) in [
        (None, &shop, 400, "InvalidIfMatchVersion"),
        (Some("E0"), &shop, 412, "PreconditionFailed"),
        (Some(made.etag.as_str()), &blog, 400, "IllegalUpdate"),
        (
            Some(made.etag.as_str()),
            &with(&shop, "/Aliases/Items/CNAME", json!("blog.example.com")),
            409,
            "CNAMEAlreadyExists",
        ),
    ] {
        let error = stage.update(&made.id, etag, config).unwrap_err();
        assert_eq!((error.status, error.code.as_str()), (status, code));
    }
    assert_ne!(other.id, made.id);
    let again = stage.update(&made.id, Some(&made.etag), &shop);
    assert!(
        again.is_ok(),
        "its own alias is not in its way, and nothing was changed before"
    );
}

#[test]
fn distributions_are_listed_by_pages() {
    let mut stage = Stage::new();
    let mut made: Vec<String> = ["a", "b", "c"]
        .map(|name| {
            stage
                .create(&config(name, &format!("{name}.example.com"), ""))
                .id
        })
        .to_vec();
    made.sort_unstable();
    let (mut listed, mut marker) = (Vec::new(), Value::Null);
    for (page, quantity) in [2, 1].into_iter().enumerate() {
        let reply = stage
            .on(
                "ListDistributions",
                json!({ "MaxItems": "2", "Marker": marker }),
            )
            .unwrap();
        let list = &reply.tree()["DistributionList"];
        assert_eq!(
            (&list["Quantity"], &list["IsTruncated"]),
            (&json!(quantity), &json!(page == 0))
        );
        let rows = list["Items"]["DistributionSummary"].as_array().unwrap();
        listed.extend(
            rows.iter()
                .map(|row| row["Id"].as_str().unwrap().to_owned()),
        );
        let row = &rows[0];
        assert_eq!(row["Origins"]["Items"]["Origin"]["OriginPath"], "/shop");
        assert_eq!(
            (&row["Enabled"], &row["Status"]),
            (&json!("true"), &json!("InProgress"))
        );
        assert_eq!(
            row["PriceClass"], "PriceClass_All",
            "what was not said has its usual value"
        );
        marker = list["NextMarker"].clone();
    }
    assert_eq!((listed, marker), (made, Value::Null));
    let none = Stage::new().on("ListDistributions", json!({})).unwrap();
    assert_eq!(none.tree()["DistributionList"]["Items"], Value::Null);
}

#[test]
fn an_invalidation_takes_its_time() {
    let mut stage = Stage::new();
    let id = stage.create(&config("shop", "shop.example.com", "")).id;
    let asked = |reference: &str, path: &str| {
        json!({ "DistributionId": id, "InvalidationBatch": {
            "CallerReference": reference, "Paths": { "Quantity": "1", "Items": { "Path": path } },
        } })
    };
    let reply = stage.on("CreateInvalidation", asked("1", "/*")).unwrap();
    let first = reply.tree()["Invalidation"].clone();
    assert_eq!(
        (reply.status, &first["Status"]),
        (201, &json!("InProgress"))
    );
    let open = stage.on("GetDistribution", json!({ "Id": id })).unwrap();
    assert_eq!(
        open.tree()["Distribution"]["InProgressInvalidationBatches"],
        1
    );
    stage.wait(6);
    let get = json!({ "DistributionId": id, "Id": first["Id"] });
    let done = stage.on("GetInvalidation", get).unwrap();
    assert_eq!(done.tree()["Invalidation"]["Status"], "Completed");
    let again = stage.on("CreateInvalidation", asked("1", "/*")).unwrap();
    assert_eq!(
        again.tree(),
        done.tree(),
        "the same request is the same invalidation"
    );
    for (wrong, status, code) in [
        (asked("1", "/other"), 409, "InvalidationBatchAlreadyExists"),
        (asked("2", "no-slash"), 400, "InvalidArgument"),
        (
            with(
                &asked("2", "/*"),
                "/InvalidationBatch/Paths/Quantity",
                json!("0"),
            ),
            400,
            "InconsistentQuantities",
        ),
        (
            with(&asked("2", "/*"), "/DistributionId", json!("E0")),
            404,
            "NoSuchDistribution",
        ),
    ] {
        assert_eq!(
            stage.refused("CreateInvalidation", wrong),
            (status, code.to_owned())
        );
    }
    let none = json!({ "DistributionId": id, "Id": "I0" });
    assert_eq!(
        stage.refused("GetInvalidation", none),
        (404, "NoSuchInvalidation".to_owned())
    );
}

#[test]
fn an_origin_access_control_is_kept_while_it_is_used() {
    let mut stage = Stage::new();
    let asked = json!({ "OriginAccessControlConfig": {
        "Name": "to-s3", "SigningProtocol": "sigv4", "SigningBehavior": "always", "OriginAccessControlOriginType": "s3",
    } });
    let made = stage
        .on("CreateOriginAccessControl", asked.clone())
        .unwrap();
    let (id, etag) = (
        made.tree()["OriginAccessControl"]["Id"]
            .as_str()
            .unwrap()
            .to_owned(),
        header(&made, "etag").to_owned(),
    );
    let twice = stage.refused("CreateOriginAccessControl", asked.clone());
    assert_eq!(twice, (409, "OriginAccessControlAlreadyExists".to_owned()));
    let part = with(
        &asked,
        "/OriginAccessControlConfig/SigningProtocol",
        json!(null),
    );
    assert_eq!(
        stage.refused("CreateOriginAccessControl", part).1,
        "InvalidArgument"
    );
    let list = stage.on("ListOriginAccessControls", json!({})).unwrap();
    assert_eq!(
        list.tree()["OriginAccessControlList"]["Items"]["OriginAccessControlSummary"],
        json!([{
            "Id": id, "Description": "", "Name": "to-s3", "SigningProtocol": "sigv4",
            "SigningBehavior": "always", "OriginAccessControlOriginType": "s3",
        }])
    );
    let got = stage
        .on("GetOriginAccessControl", json!({ "Id": id }))
        .unwrap();
    assert_eq!(
        (got.tree(), header(&got, "etag")),
        (made.tree(), etag.as_str())
    );

    let shop = config("shop", "shop.example.com", &id);
    let used = stage.create(&shop);
    let delete = json!({ "Id": id, "IfMatch": etag });
    let refused = stage.refused("DeleteOriginAccessControl", delete.clone());
    assert_eq!(refused, (409, "OriginAccessControlInUse".to_owned()));
    let free = with(
        &shop,
        "/Origins/Items/Origin/OriginAccessControlId",
        json!(""),
    );
    stage.update(&used.id, Some(&used.etag), &free).unwrap();
    assert_eq!(
        stage
            .refused("DeleteOriginAccessControl", json!({ "Id": id }))
            .0,
        400
    );
    assert_eq!(
        stage
            .on("DeleteOriginAccessControl", delete)
            .unwrap()
            .status,
        204
    );
    let gone = stage.refused("GetOriginAccessControl", json!({ "Id": id }));
    assert_eq!(gone, (404, "NoSuchOriginAccessControl".to_owned()));
}
