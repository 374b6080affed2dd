"""Certificate Manager seen by boto3: asked for, proven by records of Route 53, used and deleted. Called by boto3_contract.py and
boto3_cloud.py."""
import time
import uuid

import boto3_websites
from boto3_websites import refused


def certificates(cloud):
    acm, zones = cloud.client("acm"), cloud.client("route53")
    token = uuid.uuid4().hex
    ask = dict(DomainName="www.boto.example", SubjectAlternativeNames=["www.boto.example", "docs.boto.example"], ValidationMethod="DNS",
               IdempotencyToken=token, Tags=[{"Key": "holdpoint", "Value": "boto"}])
    there = {}

    def told():
        return acm.describe_certificate(CertificateArn=there["arn"])["Certificate"]

    def a_certificate_is_asked_for_once():
        there["arn"] = acm.request_certificate(**ask)["CertificateArn"]
        assert acm.request_certificate(**ask)["CertificateArn"] == there["arn"]

    def a_certificate_has_its_tags():
        assert acm.list_tags_for_certificate(CertificateArn=there["arn"])["Tags"] == ask["Tags"]

    def a_certificate_is_listed_by_its_state():
        listed = acm.get_paginator("list_certificates").paginate(CertificateStatuses=["PENDING_VALIDATION"], PaginationConfig={"PageSize": 1})
        assert there["arn"] in [one["CertificateArn"] for page in listed for one in page["CertificateSummaryList"]]

    def every_name_of_a_certificate_has_a_record_of_its_own():
        proofs = wait(lambda: [one["ResourceRecord"] for one in told()["DomainValidationOptions"] if "ResourceRecord" in one], 2)
        assert told()["Status"] == "PENDING_VALIDATION"
        assert len({one["Name"] for one in proofs}) == 2
        there["proofs"] = proofs

    def a_certificate_is_issued_once_its_names_are_proven():
        zone = zones.create_hosted_zone(Name="boto.example", CallerReference=token)["HostedZone"]["Id"]
        zones.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [
            {"Action": "UPSERT", "ResourceRecordSet": {"Name": one["Name"], "Type": one["Type"], "TTL": 60, "ResourceRecords": [{"Value": one["Value"]}]}}
            for one in there["proofs"]]})
        wait(lambda: [told()["Status"]] if told()["Status"] == "ISSUED" else [], 1)
        assert {one["ValidationStatus"] for one in told()["DomainValidationOptions"]} == {"SUCCESS"}

    def a_certificate_is_deleted():
        acm.delete_certificate(CertificateArn=there["arn"])
        refused(acm.describe_certificate, 400, "ResourceNotFoundException", "", CertificateArn=there["arn"])

    cloud.keeps(
        a_certificate_is_asked_for_once, a_certificate_has_its_tags, a_certificate_is_listed_by_its_state,
        every_name_of_a_certificate_has_a_record_of_its_own, a_certificate_is_issued_once_its_names_are_proven, a_certificate_is_deleted,
    )


def wait(what, many):
    """What there is, once there are so many of it."""
    end = time.time() + boto3_websites.PATIENCE
    while time.time() < end:
        if len(found := what()) >= many:
            return found
        time.sleep(0.1)
    raise AssertionError("it did not come")
