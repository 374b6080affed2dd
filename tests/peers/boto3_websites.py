"""What a website needs of a cloud, asked through boto3: objects. Called by boto3_contract.py."""
import time

from botocore.exceptions import ClientError



def refused(call, status, code, part, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        told = (error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"])
        assert told == (status, code), error
        assert part in error.response["Error"]["Message"], error
    else:
        raise AssertionError(f"not refused: {arguments}")


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


def websites(client):
    objects(client("s3"))
