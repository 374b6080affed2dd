"""What a website needs of a cloud, asked through boto3: objects, a distribution, a zone. Called by boto3_contract.py and
boto3_cloud.py."""
import time

from botocore.exceptions import ClientError

CONTROL = {"Name": "boto-to-s3", "SigningProtocol": "sigv4", "SigningBehavior": "always", "OriginAccessControlOriginType": "s3"}

# How long a state is waited for. Emulators of others have it at once, or never.
PATIENCE = 60


def refused(call, status, code, part, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        told = (error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"])
        assert told in [(status, one) for one in (code if isinstance(code, tuple) else (code,))], error
        assert part in error.response["Error"]["Message"], error
    else:
        raise AssertionError(f"not refused: {arguments}")


def until(state, ask):
    """Asks until the answer is the state; gives what was answered, each once."""
    seen, end = [], time.time() + PATIENCE
    while time.time() < end:
        answer = ask()
        if answer not in seen:
            seen.append(answer)
        if answer == state:
            return seen
        time.sleep(0.1)
    raise AssertionError(f"never {state}: {seen}")


def objects(cloud):
    s3, there = cloud.client("s3"), {}
    place = {"LocationConstraint": "eu-west-1"}
    odd = "shop/a b+ü&<'\"%2F.txt"

    def a_bucket_is_made():
        s3.create_bucket(Bucket="boto-live", CreateBucketConfiguration=place)
        assert "boto-live" in [one["Name"] for one in s3.list_buckets()["Buckets"]]

    def a_bucket_is_made_once():
        refused(s3.create_bucket, 409, "BucketAlreadyOwnedByYou", "already own it", Bucket="boto-live", CreateBucketConfiguration=place)

    def a_bucket_says_where_it_is():
        assert s3.head_bucket(Bucket="boto-live")["BucketRegion"] == "eu-west-1"

    def an_object_comes_as_it_was_put():
        there["put"] = put = s3.put_object(
            Bucket="boto-live", Key="shop/index.html", Body=b"hello", ContentType="text/html", CacheControl="no-cache",
            ContentEncoding="identity", Metadata={"release": "7"},
        )
        got = s3.get_object(Bucket="boto-live", Key="shop/index.html")
        head = s3.head_object(Bucket="boto-live", Key="shop/index.html")
        assert got["Body"].read() == b"hello" and put["ETag"] == '"5d41402abc4b2a76b9719d911017c592"'
        for one in (got, head):
            shown = [one[name] for name in ("ETag", "ContentType", "CacheControl", "ContentEncoding", "ContentLength", "Metadata")]
            assert shown == [put["ETag"], "text/html", "no-cache", "identity", 5, {"release": "7"}], shown
            assert abs(time.time() - one["LastModified"].timestamp()) < 60

    def a_part_of_an_object_comes():
        part = s3.get_object(Bucket="boto-live", Key="shop/index.html", Range="bytes=1-2")
        assert (part["Body"].read(), part["ContentRange"]) == (b"el", "bytes 1-2/5")

    def an_object_of_no_type_is_bytes():
        s3.put_object(Bucket="boto-live", Key="plain", Body=b"")
        assert s3.head_object(Bucket="boto-live", Key="plain")["ContentType"] == "binary/octet-stream"

    def objects_that_are_not_there_are_named():
        refused(s3.get_object, 404, "NoSuchKey", "does not exist", Bucket="boto-live", Key="none")
        refused(s3.head_object, 404, "404", "Not Found", Bucket="boto-live", Key="none")
        refused(s3.list_objects_v2, 404, "NoSuchBucket", "does not exist", Bucket="boto-none")

    def objects_are_listed_in_pages():
        for number in range(5):
            s3.put_object(Bucket="boto-live", Key=f"shop/assets/{number}.js", Body=b"x" * number)
        s3.put_object(Bucket="boto-live", Key=odd, Body=b"odd")
        pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket="boto-live", Prefix="shop/", PaginationConfig={"PageSize": 3}))
        rows = [row for page in pages for row in page["Contents"]]
        assert [page["KeyCount"] for page in pages] == [3, 3, 1] and [page["IsTruncated"] for page in pages] == [True, True, False]
        assert [row["Key"] for row in rows] == sorted([odd, "shop/index.html"] + [f"shop/assets/{number}.js" for number in range(5)])
        assert {row["Key"]: (row["Size"], row["ETag"]) for row in rows}["shop/index.html"] == (5, there["put"]["ETag"])

    def objects_are_listed_by_folder():
        folders = s3.list_objects_v2(Bucket="boto-live", Prefix="shop/", Delimiter="/")
        assert [one["Prefix"] for one in folders["CommonPrefixes"]] == ["shop/assets/"] and folders["KeyCount"] == 3
        assert "Contents" not in s3.list_objects_v2(Bucket="boto-live", Prefix="none/")

    def objects_are_deleted_together():
        gone = [{"Key": key} for key in ["shop/assets/0.js", odd, "never/there"]]
        told = s3.delete_objects(Bucket="boto-live", Delete={"Objects": gone})
        assert sorted(one["Key"] for one in told["Deleted"]) == sorted(one["Key"] for one in gone) and "Errors" not in told

    def objects_are_deleted_quietly():
        assert "Deleted" not in s3.delete_objects(Bucket="boto-live", Delete={"Objects": [{"Key": "plain"}], "Quiet": True})

    def an_object_is_deleted():
        s3.delete_object(Bucket="boto-live", Key="shop/assets/1.js")
        left = [row["Key"] for row in s3.list_objects_v2(Bucket="boto-live")["Contents"]]
        assert left == [f"shop/assets/{number}.js" for number in (2, 3, 4)] + ["shop/index.html"], left
        refused(s3.delete_bucket, 409, "BucketNotEmpty", "not empty", Bucket="boto-live")

    cloud.keeps(
        a_bucket_is_made, a_bucket_is_made_once, a_bucket_says_where_it_is, an_object_comes_as_it_was_put, a_part_of_an_object_comes,
        an_object_of_no_type_is_bytes, objects_that_are_not_there_are_named, objects_are_listed_in_pages, objects_are_listed_by_folder,
        objects_are_deleted_together, objects_are_deleted_quietly, an_object_is_deleted,
    )


def configuration(control, alias="shop.boto.example"):
    return {
        "CallerReference": "boto-shop", "Comment": "", "Enabled": True, "DefaultRootObject": "index.html",
        "Aliases": {"Quantity": 1, "Items": [alias]},
        "Origins": {"Quantity": 1, "Items": [{
            "Id": "live", "DomainName": "boto-live.s3.eu-west-1.amazonaws.com", "OriginPath": "/shop",
            "OriginAccessControlId": control, "S3OriginConfig": {"OriginAccessIdentity": ""},
        }]},
        "DefaultCacheBehavior": {
            "TargetOriginId": "live", "ViewerProtocolPolicy": "redirect-to-https",
            "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
        },
        "CustomErrorResponses": {"Quantity": 2, "Items": [
            {"ErrorCode": code, "ResponsePagePath": "/", "ResponseCode": "200", "ErrorCachingMinTTL": 10} for code in (403, 404)
        ]},
        "ViewerCertificate": {
            "ACMCertificateArn": "arn:aws:acm:us-east-1:000000000000:certificate/1", "SSLSupportMethod": "sni-only",
            "MinimumProtocolVersion": "TLSv1.2_2021",
        },
    }


def distribution(cloud):
    cloudfront, there = cloud.client("cloudfront"), {}
    get = lambda: cloudfront.get_distribution(Id=there["id"])
    status = lambda: get()["Distribution"]["Status"]
    not_disabled = (409, "DistributionNotDisabled", "")

    def other(name):
        """Another one beside it, so that what a peer takes here changes nothing of the next steps."""
        wanted = {**configuration(there["control"], f"{name}.boto.example"), "CallerReference": f"boto-{name}"}
        return wanted, cloudfront.create_distribution(DistributionConfig=wanted)

    def an_access_control_comes_as_it_was_made():
        made = cloudfront.create_origin_access_control(OriginAccessControlConfig=CONTROL)
        there["control"], there["control_etag"] = made["OriginAccessControl"]["Id"], made["ETag"]
        shown = cloudfront.get_origin_access_control(Id=there["control"])
        assert shown["ETag"] == made["ETag"]
        assert {name: shown["OriginAccessControl"]["OriginAccessControlConfig"][name] for name in CONTROL} == CONTROL
        listed = cloudfront.list_origin_access_controls()["OriginAccessControlList"]["Items"]
        assert [(one["Id"], one["Name"]) for one in listed] == [(there["control"], CONTROL["Name"])]

    def an_access_control_has_a_name_of_its_own():
        made = cloudfront.create_origin_access_control(OriginAccessControlConfig=CONTROL)
        there["control"], there["control_etag"] = made["OriginAccessControl"]["Id"], made["ETag"]
        refused(
            cloudfront.create_origin_access_control, 409, "OriginAccessControlAlreadyExists", "already exists",
            OriginAccessControlConfig=CONTROL,
        )

    def a_distribution_is_made():
        there["wanted"] = wanted = configuration(there["control"])
        made = cloudfront.create_distribution(DistributionConfig=wanted)
        there["id"], there["etag"] = made["Distribution"]["Id"], made["ETag"]
        assert made["Distribution"]["DomainName"].endswith(".cloudfront.net")

    def a_distribution_takes_time():
        made = other("slow")[1]["Distribution"]
        assert made["Status"] == "InProgress"
        assert until("Deployed", lambda: cloudfront.get_distribution(Id=made["Id"])["Distribution"]["Status"]) == ["InProgress", "Deployed"]

    def a_distribution_says_where_it_is():
        made = other("place")[1]
        assert made["Distribution"]["Id"] in made["Location"]

    def a_distribution_is_made_once_by_its_reference():
        again = {**there["wanted"], "Comment": "other"}
        refused(cloudfront.create_distribution, 409, "DistributionAlreadyExists", "", DistributionConfig=again)

    def a_host_leads_to_one_distribution():
        again = {**there["wanted"], "CallerReference": "boto-host"}
        refused(cloudfront.create_distribution, 409, "CNAMEAlreadyExists", "already associated", DistributionConfig=again)

    def a_behaviour_needs_its_origin():
        behaviour = {**there["wanted"]["DefaultCacheBehavior"], "TargetOriginId": "x"}
        again = {**there["wanted"], "CallerReference": "boto-origin", "Aliases": {"Quantity": 0}, "DefaultCacheBehavior": behaviour}
        refused(cloudfront.create_distribution, 404, "NoSuchOrigin", "", DistributionConfig=again)

    def a_distribution_is_deployed():
        until("Deployed", status)

    def a_configuration_comes_back_whole():
        kept = cloudfront.get_distribution_config(Id=there["id"])
        assert kept["ETag"] == there["etag"]
        assert fits(there["wanted"], kept["DistributionConfig"]), kept

    def distributions_are_listed():
        rows = {one["Id"]: one for one in cloudfront.list_distributions()["DistributionList"]["Items"]}
        row = rows[there["id"]]
        assert (row["Aliases"]["Items"], row["Enabled"], row["Status"]) == (["shop.boto.example"], True, "Deployed")
        assert row["Origins"]["Items"][0]["OriginPath"] == "/shop" and row["HttpVersion"].lower() == "http2"

    def what_is_cached_is_given_up():
        batch = {"CallerReference": "boto-1", "Paths": {"Quantity": 1, "Items": ["/*"]}}
        made = cloudfront.create_invalidation(DistributionId=there["id"], InvalidationBatch=batch)["Invalidation"]
        assert made["InvalidationBatch"] == batch
        there["invalidation"], there["batch"] = made["Id"], batch
        ask = lambda: cloudfront.get_invalidation(DistributionId=there["id"], Id=made["Id"])["Invalidation"]["Status"].lower()
        assert until("completed", ask)[-1] == "completed"

    def an_invalidation_takes_time():
        batch = {**there["batch"], "CallerReference": "boto-2"}
        made = cloudfront.create_invalidation(DistributionId=there["id"], InvalidationBatch=batch)["Invalidation"]
        assert made["Status"] == "InProgress"
        until("Completed", lambda: cloudfront.get_invalidation(DistributionId=there["id"], Id=made["Id"])["Invalidation"]["Status"])

    def an_invalidation_is_made_once_by_its_reference():
        again = cloudfront.create_invalidation(DistributionId=there["id"], InvalidationBatch=there["batch"])["Invalidation"]
        assert again["Id"] == there["invalidation"]

    def an_invalidation_that_is_not_there_is_named():
        refused(cloudfront.get_invalidation, 404, "NoSuchInvalidation", "", DistributionId=there["id"], Id="I0")

    def what_is_enabled_is_not_deleted():
        made = other("enabled")[1]
        refused(cloudfront.delete_distribution, *not_disabled, Id=made["Distribution"]["Id"], IfMatch=made["ETag"])

    def a_change_is_made_for_the_version_that_it_names():
        wanted, made = other("version")
        changed = {**wanted, "Comment": "changed"}
        refused(
            cloudfront.update_distribution, 412, "PreconditionFailed", "", Id=made["Distribution"]["Id"], IfMatch="E0", DistributionConfig=changed)

    def a_change_names_a_version():
        wanted, made = other("unnamed")
        refused(
            cloudfront.update_distribution, 400, "InvalidIfMatchVersion", "", Id=made["Distribution"]["Id"],
            DistributionConfig={**wanted, "Comment": "changed"})

    def a_distribution_is_disabled():
        disabled = {**there["wanted"], "Enabled": False}
        updated = cloudfront.update_distribution(Id=there["id"], IfMatch=there["etag"], DistributionConfig=disabled)
        there["updated"] = updated["ETag"]
        assert updated["ETag"] != there["etag"] and updated["Distribution"]["DistributionConfig"]["Enabled"] is False

    def what_is_not_yet_disabled_everywhere_is_not_deleted():
        wanted, made = other("busy")
        identifier = made["Distribution"]["Id"]
        changed = cloudfront.update_distribution(Id=identifier, IfMatch=made["ETag"], DistributionConfig={**wanted, "Enabled": False})
        refused(cloudfront.delete_distribution, *not_disabled, Id=identifier, IfMatch=changed["ETag"])

    def an_access_control_that_is_used_is_not_deleted():
        other("last")
        refused(
            cloudfront.delete_origin_access_control, 409, "OriginAccessControlInUse", "",
            Id=there["control"], IfMatch=there["control_etag"])

    def an_old_version_is_not_deleted():
        wanted, made = other("old")
        identifier = made["Distribution"]["Id"]
        cloudfront.update_distribution(Id=identifier, IfMatch=made["ETag"], DistributionConfig={**wanted, "Enabled": False})
        until("Deployed", lambda: cloudfront.get_distribution(Id=identifier)["Distribution"]["Status"])
        refused(cloudfront.delete_distribution, 412, "PreconditionFailed", "", Id=identifier, IfMatch=made["ETag"])

    def a_distribution_is_deleted():
        until("Deployed", status)
        cloudfront.delete_distribution(Id=there["id"], IfMatch=there["updated"])
        refused(cloudfront.get_distribution, 404, "NoSuchDistribution", "", Id=there["id"])

    def all_distributions_are_deleted():
        for one in cloudfront.list_distributions()["DistributionList"].get("Items", []):
            kept = cloudfront.get_distribution_config(Id=one["Id"])
            disabled = {**kept["DistributionConfig"], "Enabled": False}
            etag = cloudfront.update_distribution(Id=one["Id"], IfMatch=kept["ETag"], DistributionConfig=disabled)["ETag"]
            until("Deployed", lambda: cloudfront.get_distribution(Id=one["Id"])["Distribution"]["Status"])
            cloudfront.delete_distribution(Id=one["Id"], IfMatch=etag)

    def an_access_control_is_deleted():
        cloudfront.delete_origin_access_control(Id=there["control"], IfMatch=there["control_etag"])
        refused(cloudfront.get_origin_access_control, 404, "NoSuchOriginAccessControl", "", Id=there["control"])

    cloud.keeps(an_access_control_comes_as_it_was_made, a_distribution_is_made)
    if cloud.is_ours:
        tagged = {"DistributionConfig": there["wanted"], "Tags": {"Items": []}}
        refused(
            cloudfront.create_distribution_with_tags, 400, "UnknownOperationException", "does not answer CreateDistributionWithTags",
            DistributionConfigWithTags=tagged,
        )
        # By documents of CloudFront that are older.
        again = cloudfront.create_distribution(DistributionConfig=there["wanted"])
        assert (again["Distribution"]["Id"], again["ETag"]) == (there["id"], there["etag"])
    cloud.keeps(
        a_distribution_is_made_once_by_its_reference, a_host_leads_to_one_distribution, a_behaviour_needs_its_origin, a_distribution_is_deployed,
        a_distribution_takes_time, a_distribution_says_where_it_is, a_configuration_comes_back_whole, distributions_are_listed,
        what_is_cached_is_given_up, an_invalidation_takes_time, an_invalidation_is_made_once_by_its_reference,
        an_invalidation_that_is_not_there_is_named, what_is_enabled_is_not_deleted, a_change_is_made_for_the_version_that_it_names,
        a_change_names_a_version, a_distribution_is_disabled, what_is_not_yet_disabled_everywhere_is_not_deleted,
        an_old_version_is_not_deleted, a_distribution_is_deleted, all_distributions_are_deleted, an_access_control_is_deleted,
        an_access_control_has_a_name_of_its_own, an_access_control_that_is_used_is_not_deleted,
    )


def fits(wanted, told):
    """True where all that is wanted is told; more may be told beside it."""
    if isinstance(wanted, dict):
        return isinstance(told, dict) and all(name in told and fits(value, told[name]) for name, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(told, list) and len(wanted) == len(told) and all(map(fits, wanted, told))
    return wanted == told


def record(action, name, kind, *values):
    rows = [{"Value": value} for value in values]
    return {"Action": action, "ResourceRecordSet": {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": rows}}


def alias(action, name, target):
    target = {"HostedZoneId": "Z2FDTNDATAQYW2", "DNSName": target, "EvaluateTargetHealth": False}
    return {"Action": action, "ResourceRecordSet": {"Name": name, "Type": "A", "AliasTarget": target}}


def zone(cloud):
    route53, there = cloud.client("route53"), {}

    def change(*changes):
        batch = {"Comment": "why", "Changes": list(changes)}
        return route53.change_resource_record_sets(HostedZoneId=there["id"], ChangeBatch=batch)["ChangeInfo"]

    def sets(**arguments):
        return route53.list_resource_record_sets(HostedZoneId=there["id"], **arguments)

    names = lambda page: [(one["Name"], one["Type"]) for one in page["ResourceRecordSets"]]
    expected = [
        ("boto.example.", "NS"), ("boto.example.", "SOA"), ("\\052.boto.example.", "TXT"), ("shop.boto.example.", "A"),
        ("_1.shop.boto.example.", "CNAME"), ("www.boto.example.", "A"),
    ]

    def a_zone_is_made():
        made = route53.create_hosted_zone(Name="boto.example", CallerReference="boto-1", HostedZoneConfig={"Comment": "sites"})
        there["id"], there["servers"] = made["HostedZone"]["Id"], made["DelegationSet"]["NameServers"]
        assert made["HostedZone"]["Name"] == "boto.example." and len(there["servers"]) == 4
        there["made"] = made

    def a_zone_says_where_it_is():
        assert there["id"].rsplit("/")[-1] in there["made"]["Location"]

    def the_id_of_a_zone_begins_with_a_z():
        assert there["id"].startswith("/hostedzone/Z")

    def names_of_zones_have_small_letters():
        made = route53.create_hosted_zone(Name="Boto.another", CallerReference="boto-2")["HostedZone"]
        assert made["Name"] == "boto.another."

    def a_zone_is_made_once_by_its_reference():
        refused(
            route53.create_hosted_zone, 409, "HostedZoneAlreadyExists", "specified caller reference",
            Name="other.example", CallerReference="boto-1",
        )

    def a_zone_is_told_as_it_was_made():
        shown = route53.get_hosted_zone(Id=there["id"])
        assert shown["HostedZone"]["Config"] == {"Comment": "sites", "PrivateZone": False}
        assert shown["DelegationSet"]["NameServers"] == there["servers"]

    def zones_are_listed_in_pages():
        pages = route53.get_paginator("list_hosted_zones").paginate(PaginationConfig={"PageSize": 1})
        assert {"boto.example."} <= {one["Name"] for page in pages for one in page["HostedZones"]}

    def a_zone_is_found_by_its_name():
        found = route53.list_hosted_zones_by_name(DNSName="boto.example", MaxItems="1")
        assert [one["Id"] for one in found["HostedZones"]] == [there["id"]]

    def records_are_made():
        there["info"] = change(
            record("CREATE", "www.boto.example", "A", "10.0.0.1", "10.0.0.2"), alias("UPSERT", "shop.boto.example", "D1.cloudfront.net"),
            record("CREATE", "*.boto.example", "TXT", '"any"'), record("UPSERT", "_1.shop.boto.example", "CNAME", "_2.acm-validations.aws."),
        )

    def a_change_takes_time():
        assert (there["info"]["Status"], there["info"]["Comment"]) == ("PENDING", "why")

    def a_change_is_everywhere_in_the_end():
        until("INSYNC", lambda: route53.get_change(Id=there["info"]["Id"])["ChangeInfo"]["Status"])

    def records_are_listed_in_the_order_of_their_names():
        assert names(sets()) == expected, names(sets())

    def records_are_listed_in_pages():
        pages = route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=there["id"], PaginationConfig={"PageSize": 2})
        assert [name for page in pages for name in names(page)] == names(sets())

    def records_are_listed_from_a_name_on():
        one = sets(StartRecordName="shop.boto.example", StartRecordType="A", MaxItems="1")
        assert one["ResourceRecordSets"][0]["AliasTarget"]["DNSName"].lower().rstrip(".") == "d1.cloudfront.net"
        assert (one["IsTruncated"], one["NextRecordName"], one["NextRecordType"]) == (True, "_1.shop.boto.example.", "CNAME")

    def wrong(part, *changes):
        """The first change of the batch is a good one, each time of another name."""
        there["nth"] = there.get("nth", 0) + 1
        refused(
            route53.change_resource_record_sets, 400, "InvalidChangeBatch", part, HostedZoneId=there["id"],
            ChangeBatch={"Changes": [record("CREATE", f"new{there['nth']}.boto.example", "A", "10.0.0.3"), *changes]},
        )

    def a_record_is_created_once():
        wrong("already exists", record("CREATE", "www.boto.example", "A", "10.0.0.9"))

    def a_record_is_deleted_as_it_is():
        wrong("do not match", record("DELETE", "www.boto.example", "A", "10.0.0.1"))

    def a_record_that_is_not_there_is_not_deleted():
        wrong("not found", record("DELETE", "www.boto.example", "MX", "10 mail.boto.example"))

    def a_record_stands_in_its_zone():
        wrong("not permitted in zone", record("UPSERT", "boto.org", "A", "10.0.0.1"))

    def a_batch_is_made_as_a_whole_or_not_at_all():
        assert not [name for name, _ in names(sets()) if name.startswith("new")]

    def a_zone_with_records_is_not_deleted():
        refused(route53.delete_hosted_zone, 400, "HostedZoneNotEmpty", "", Id=there["id"])

    def a_record_is_deleted_by_its_values_in_any_order():
        change(record("DELETE", "www.boto.example.", "A", "10.0.0.2", "10.0.0.1"))

    def names_are_the_same_in_small_letters():
        change(alias("DELETE", "shop.boto.example.", "d1.cloudfront.net."))

    def records_are_deleted():
        found = [one for one in sets()["ResourceRecordSets"] if one["Type"] not in ("NS", "SOA")]
        change(*[{"Action": "DELETE", "ResourceRecordSet": one} for one in found])
        assert [kind for _, kind in names(sets())] == ["NS", "SOA"]

    def a_zone_is_deleted():
        route53.delete_hosted_zone(Id=there["id"])
        refused(route53.get_hosted_zone, 404, "NoSuchHostedZone", "", Id=there["id"])

    cloud.keeps(
        a_zone_is_made, a_zone_says_where_it_is, the_id_of_a_zone_begins_with_a_z, names_of_zones_have_small_letters, a_zone_is_made_once_by_its_reference,
        a_zone_is_told_as_it_was_made, zones_are_listed_in_pages, a_zone_is_found_by_its_name, records_are_made, a_change_takes_time,
        a_change_is_everywhere_in_the_end, records_are_listed_in_the_order_of_their_names, records_are_listed_in_pages,
        records_are_listed_from_a_name_on, a_record_is_created_once, a_record_is_deleted_as_it_is, a_record_that_is_not_there_is_not_deleted,
        a_record_stands_in_its_zone, a_batch_is_made_as_a_whole_or_not_at_all, a_zone_with_records_is_not_deleted,
        a_record_is_deleted_by_its_values_in_any_order, names_are_the_same_in_small_letters, records_are_deleted,
        a_zone_is_deleted,
    )


def websites(cloud):
    objects(cloud)
    distribution(cloud)
    zone(cloud)
