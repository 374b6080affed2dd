"""Certificate Manager of the embedded cloud seen by boto3: asked for, proven by records of Route 53, used and deleted."""
import time
import uuid

from boto3_websites import refused


def certificates(client):
    acm, zones = client("acm"), client("route53")
    token = uuid.uuid4().hex
    ask = dict(DomainName="www.boto.example", SubjectAlternativeNames=["www.boto.example", "docs.boto.example"], ValidationMethod="DNS",
               IdempotencyToken=token, Tags=[{"Key": "holdpoint", "Value": "boto"}])
    arn = acm.request_certificate(**ask)["CertificateArn"]
    assert acm.request_certificate(**ask)["CertificateArn"] == arn
    assert acm.list_tags_for_certificate(CertificateArn=arn)["Tags"] == [{"Key": "holdpoint", "Value": "boto"}]
    listed = acm.get_paginator("list_certificates").paginate(CertificateStatuses=["PENDING_VALIDATION"], PaginationConfig={"PageSize": 1})
    assert arn in [one["CertificateArn"] for page in listed for one in page["CertificateSummaryList"]]

    zone = zones.create_hosted_zone(Name="boto.example", CallerReference=token)["HostedZone"]["Id"]

    def told():
        return acm.describe_certificate(CertificateArn=arn)["Certificate"]

    proofs = wait(lambda: [one["ResourceRecord"] for one in told()["DomainValidationOptions"] if "ResourceRecord" in one], 2)
    assert told()["Status"] == "PENDING_VALIDATION"
    zones.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [
        {"Action": "UPSERT", "ResourceRecordSet": {"Name": one["Name"], "Type": one["Type"], "TTL": 60, "ResourceRecords": [{"Value": one["Value"]}]}}
        for one in proofs]})
    acm.get_waiter("certificate_validated").wait(CertificateArn=arn, WaiterConfig={"Delay": 1})
    assert {one["ValidationStatus"] for one in told()["DomainValidationOptions"]} == {"SUCCESS"}

    acm.delete_certificate(CertificateArn=arn)
    refused(acm.describe_certificate, 400, "ResourceNotFoundException", "Could not find certificate", CertificateArn=arn)


def wait(what, many):
    """What there is, once there are so many of it."""
    for _ in range(100):
        if len(found := what()) >= many:
            return found
        time.sleep(0.1)
    raise AssertionError("it did not come")
