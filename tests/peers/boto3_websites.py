"""What a website needs of a cloud, asked through boto3: objects, a distribution, a zone. Called by boto3_contract.py."""
import time

from botocore.exceptions import ClientError

CONTROL = {"Name": "boto-to-s3", "SigningProtocol": "sigv4", "SigningBehavior": "always", "OriginAccessControlOriginType": "s3"}


def refused(call, status, code, part, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        told = (error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"])
        assert told == (status, code), error
        assert part in error.response["Error"]["Message"], error
    else:
        raise AssertionError(f"not refused: {arguments}")


def until(state, ask):
    """Asks until the answer is the state; gives what was answered, each once."""
    seen = []
    for _ in range(600):
        answer = ask()
        if answer not in seen:
            seen.append(answer)
        if answer == state:
            return seen
        time.sleep(0.1)
    raise AssertionError(f"never {state}: {seen}")


def objects(s3):
    place = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket="boto-live", CreateBucketConfiguration=place)
    refused(s3.create_bucket, 409, "BucketAlreadyOwnedByYou", "already own it", Bucket="boto-live", CreateBucketConfiguration=place)
    assert "boto-live" in [one["Name"] for one in s3.list_buckets()["Buckets"]]
    assert s3.head_bucket(Bucket="boto-live")["BucketRegion"] == "eu-west-1"

    put = s3.put_object(
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
    part = s3.get_object(Bucket="boto-live", Key="shop/index.html", Range="bytes=1-2")
    assert (part["Body"].read(), part["ContentRange"]) == (b"el", "bytes 1-2/5")
    s3.put_object(Bucket="boto-live", Key="plain", Body=b"")
    assert s3.head_object(Bucket="boto-live", Key="plain")["ContentType"] == "binary/octet-stream"
    refused(s3.get_object, 404, "NoSuchKey", "does not exist", Bucket="boto-live", Key="none")
    refused(s3.head_object, 404, "404", "Not Found", Bucket="boto-live", Key="none")
    refused(s3.list_objects_v2, 404, "NoSuchBucket", "does not exist", Bucket="boto-none")

    odd = "shop/a b+ü&<'\"%2F.txt"
    for number in range(5):
        s3.put_object(Bucket="boto-live", Key=f"shop/assets/{number}.js", Body=b"x" * number)
    s3.put_object(Bucket="boto-live", Key=odd, Body=b"odd")
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket="boto-live", Prefix="shop/", PaginationConfig={"PageSize": 3}))
    rows = [row for page in pages for row in page["Contents"]]
    assert [page["KeyCount"] for page in pages] == [3, 3, 1] and [page["IsTruncated"] for page in pages] == [True, True, False]
    assert [row["Key"] for row in rows] == sorted([odd, "shop/index.html"] + [f"shop/assets/{number}.js" for number in range(5)])
    assert {row["Key"]: (row["Size"], row["ETag"]) for row in rows}["shop/index.html"] == (5, put["ETag"])
    folders = s3.list_objects_v2(Bucket="boto-live", Prefix="shop/", Delimiter="/")
    assert [one["Prefix"] for one in folders["CommonPrefixes"]] == ["shop/assets/"] and folders["KeyCount"] == 3
    assert "Contents" not in s3.list_objects_v2(Bucket="boto-live", Prefix="none/")

    gone = [{"Key": key} for key in ["shop/assets/0.js", odd, "never/there"]]
    told = s3.delete_objects(Bucket="boto-live", Delete={"Objects": gone})
    assert sorted(one["Key"] for one in told["Deleted"]) == sorted(one["Key"] for one in gone) and "Errors" not in told
    assert "Deleted" not in s3.delete_objects(Bucket="boto-live", Delete={"Objects": [{"Key": "plain"}], "Quiet": True})
    s3.delete_object(Bucket="boto-live", Key="shop/assets/1.js")
    left = [row["Key"] for row in s3.list_objects_v2(Bucket="boto-live")["Contents"]]
    assert left == [f"shop/assets/{number}.js" for number in (2, 3, 4)] + ["shop/index.html"], left
    refused(s3.delete_bucket, 409, "BucketNotEmpty", "not empty", Bucket="boto-live")


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


def distribution(cloudfront):
    made = cloudfront.create_origin_access_control(OriginAccessControlConfig=CONTROL)
    control, control_etag = made["OriginAccessControl"]["Id"], made["ETag"]
    refused(
        cloudfront.create_origin_access_control, 409, "OriginAccessControlAlreadyExists", "already exists",
        OriginAccessControlConfig=CONTROL,
    )
    shown = cloudfront.get_origin_access_control(Id=control)
    assert (shown["OriginAccessControl"]["OriginAccessControlConfig"], shown["ETag"]) == (CONTROL, control_etag)
    listed = cloudfront.list_origin_access_controls()["OriginAccessControlList"]["Items"]
    assert [(one["Id"], one["Name"]) for one in listed] == [(control, CONTROL["Name"])]

    wanted = configuration(control)
    made = cloudfront.create_distribution(DistributionConfig=wanted)
    shop, etag = made["Distribution"], made["ETag"]
    identifier = shop["Id"]
    assert shop["Status"] == "InProgress" and shop["DomainName"].endswith(".cloudfront.net") and identifier in made["Location"]
    again = cloudfront.create_distribution(DistributionConfig=wanted)
    assert (again["Distribution"]["Id"], again["ETag"]) == (identifier, etag)
    other = {**wanted, "Comment": "other"}
    refused(cloudfront.create_distribution, 409, "DistributionAlreadyExists", identifier, DistributionConfig=other)
    other = {**other, "CallerReference": "boto-other"}
    refused(cloudfront.create_distribution, 409, "CNAMEAlreadyExists", "already associated", DistributionConfig=other)
    other = {**other, "Aliases": {"Quantity": 0}, "DefaultCacheBehavior": {**wanted["DefaultCacheBehavior"], "TargetOriginId": "x"}}
    refused(cloudfront.create_distribution, 404, "NoSuchOrigin", "do not exist", DistributionConfig=other)
    tagged = {"DistributionConfig": wanted, "Tags": {"Items": []}}
    refused(
        cloudfront.create_distribution_with_tags, 400, "UnknownOperationException", "does not answer CreateDistributionWithTags",
        DistributionConfigWithTags=tagged,
    )
    status = lambda: cloudfront.get_distribution(Id=identifier)["Distribution"]["Status"]
    assert until("Deployed", status) == ["InProgress", "Deployed"]
    kept = cloudfront.get_distribution_config(Id=identifier)
    assert (kept["DistributionConfig"], kept["ETag"]) == (wanted, etag), kept
    row = cloudfront.list_distributions()["DistributionList"]["Items"][0]
    assert (row["Id"], row["Aliases"]["Items"], row["Enabled"], row["Status"]) == (identifier, ["shop.boto.example"], True, "Deployed")
    assert row["Origins"]["Items"][0]["OriginPath"] == "/shop" and row["HttpVersion"] == "http2"

    batch = {"CallerReference": "boto-1", "Paths": {"Quantity": 1, "Items": ["/*"]}}
    made = cloudfront.create_invalidation(DistributionId=identifier, InvalidationBatch=batch)["Invalidation"]
    assert made["Status"] == "InProgress" and made["InvalidationBatch"] == batch
    again = cloudfront.create_invalidation(DistributionId=identifier, InvalidationBatch=batch)["Invalidation"]
    assert again["Id"] == made["Id"]
    ask = lambda: cloudfront.get_invalidation(DistributionId=identifier, Id=made["Id"])["Invalidation"]["Status"]
    assert until("Completed", ask)[-1] == "Completed"
    refused(cloudfront.get_invalidation, 404, "NoSuchInvalidation", "does not exist", DistributionId=identifier, Id="I0")

    not_disabled = (409, "DistributionNotDisabled", "has not been disabled")
    refused(cloudfront.delete_distribution, *not_disabled, Id=identifier, IfMatch=etag)
    disabled = {**wanted, "Enabled": False}
    refused(cloudfront.update_distribution, 412, "PreconditionFailed", "preconditions", Id=identifier, IfMatch="E0", DistributionConfig=disabled)
    refused(cloudfront.update_distribution, 400, "InvalidIfMatchVersion", "missing", Id=identifier, DistributionConfig=disabled)
    updated = cloudfront.update_distribution(Id=identifier, IfMatch=etag, DistributionConfig=disabled)
    assert updated["ETag"] != etag and updated["Distribution"]["Status"] == "InProgress"
    refused(cloudfront.delete_distribution, *not_disabled, Id=identifier, IfMatch=updated["ETag"])
    refused(cloudfront.delete_origin_access_control, 409, "OriginAccessControlInUse", "in use", Id=control, IfMatch=control_etag)
    until("Deployed", status)
    refused(cloudfront.delete_distribution, 412, "PreconditionFailed", "preconditions", Id=identifier, IfMatch=etag)
    cloudfront.delete_distribution(Id=identifier, IfMatch=updated["ETag"])
    refused(cloudfront.get_distribution, 404, "NoSuchDistribution", "does not exist", Id=identifier)
    assert "Items" not in cloudfront.list_distributions()["DistributionList"]
    cloudfront.delete_origin_access_control(Id=control, IfMatch=control_etag)
    refused(cloudfront.get_origin_access_control, 404, "NoSuchOriginAccessControl", "does not exist", Id=control)


def record(action, name, kind, *values):
    rows = [{"Value": value} for value in values]
    return {"Action": action, "ResourceRecordSet": {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": rows}}


def alias(action, name, target):
    target = {"HostedZoneId": "Z2FDTNDATAQYW2", "DNSName": target, "EvaluateTargetHealth": False}
    return {"Action": action, "ResourceRecordSet": {"Name": name, "Type": "A", "AliasTarget": target}}


def zone(route53):
    made = route53.create_hosted_zone(Name="Boto.example", CallerReference="boto-1", HostedZoneConfig={"Comment": "sites"})
    identifier = made["HostedZone"]["Id"]
    assert identifier.startswith("/hostedzone/Z") and made["HostedZone"]["Name"] == "boto.example."
    assert len(made["DelegationSet"]["NameServers"]) == 4 and identifier.rsplit("/")[-1] in made["Location"]
    refused(
        route53.create_hosted_zone, 409, "HostedZoneAlreadyExists", "specified caller reference",
        Name="other.example", CallerReference="boto-1",
    )
    route53.create_hosted_zone(Name="boto.another", CallerReference="boto-2")
    shown = route53.get_hosted_zone(Id=identifier)
    assert shown["HostedZone"]["Config"] == {"Comment": "sites", "PrivateZone": False}
    assert shown["DelegationSet"]["NameServers"] == made["DelegationSet"]["NameServers"]
    pages = route53.get_paginator("list_hosted_zones").paginate(PaginationConfig={"PageSize": 1})
    assert sorted(one["Name"] for page in pages for one in page["HostedZones"]) == ["boto.another.", "boto.example."]
    found = route53.list_hosted_zones_by_name(DNSName="boto.example", MaxItems="1")
    assert ([one["Id"] for one in found["HostedZones"]], found["IsTruncated"]) == ([identifier], False)

    change = lambda *changes: route53.change_resource_record_sets(HostedZoneId=identifier, ChangeBatch={"Comment": "why", "Changes": list(changes)})
    info = change(
        record("CREATE", "www.boto.example", "A", "10.0.0.1", "10.0.0.2"), alias("UPSERT", "shop.boto.example", "D1.cloudfront.net"),
        record("CREATE", "*.boto.example", "TXT", '"any"'), record("UPSERT", "_1.shop.boto.example", "CNAME", "_2.acm-validations.aws."),
    )["ChangeInfo"]
    assert (info["Status"], info["Comment"]) == ("PENDING", "why")
    assert until("INSYNC", lambda: route53.get_change(Id=info["Id"])["ChangeInfo"]["Status"]) == ["PENDING", "INSYNC"]

    def sets(**arguments):
        return route53.list_resource_record_sets(HostedZoneId=identifier, **arguments)

    names = lambda page: [(one["Name"], one["Type"]) for one in page["ResourceRecordSets"]]
    expected = [
        ("boto.example.", "NS"), ("boto.example.", "SOA"), ("\\052.boto.example.", "TXT"), ("shop.boto.example.", "A"),
        ("_1.shop.boto.example.", "CNAME"), ("www.boto.example.", "A"),
    ]
    assert names(sets()) == expected, names(sets())
    pages = route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=identifier, PaginationConfig={"PageSize": 2})
    assert [name for page in pages for name in names(page)] == expected
    one = sets(StartRecordName="shop.boto.example", StartRecordType="A", MaxItems="1")
    assert one["ResourceRecordSets"][0]["AliasTarget"]["DNSName"] == "d1.cloudfront.net."
    assert (one["IsTruncated"], one["NextRecordName"], one["NextRecordType"]) == (True, "_1.shop.boto.example.", "CNAME")

    wrong = lambda part, *changes: refused(
        route53.change_resource_record_sets, 400, "InvalidChangeBatch", part, HostedZoneId=identifier,
        ChangeBatch={"Changes": [record("CREATE", "new.boto.example", "A", "10.0.0.3"), *changes]},
    )
    www = "resource record set [name='www.boto.example.', type='A'] but "
    wrong(f"Tried to create {www}it already exists", record("CREATE", "www.boto.example", "A", "10.0.0.9"))
    wrong(f"Tried to delete {www}the values provided do not match", record("DELETE", "www.boto.example", "A", "10.0.0.1"))
    wrong("type='MX'] but it was not found", record("DELETE", "www.boto.example", "MX", "10 mail.boto.example"))
    wrong("RRSet with DNS name boto.org. is not permitted in zone boto.example.", record("UPSERT", "boto.org", "A", "10.0.0.1"))
    assert names(sets()) == expected, "a batch is made as a whole or not at all"

    refused(route53.delete_hosted_zone, 400, "HostedZoneNotEmpty", "non-required resource record sets", Id=identifier)
    change(
        record("DELETE", "www.boto.example.", "A", "10.0.0.2", "10.0.0.1"), alias("DELETE", "shop.boto.example.", "d1.cloudfront.net."),
        record("DELETE", "\\052.boto.example.", "TXT", '"any"'),
        record("DELETE", "_1.shop.boto.example.", "CNAME", "_2.acm-validations.aws."),
    )
    assert route53.delete_hosted_zone(Id=identifier)["ChangeInfo"]["Status"] == "PENDING"
    refused(route53.get_hosted_zone, 404, "NoSuchHostedZone", "No hosted zone found", Id=identifier)


def websites(client):
    objects(client("s3"))
    distribution(client("cloudfront"))
    zone(client("route53"))
