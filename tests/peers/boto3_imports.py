"""A new stack of what is there, asked through boto3. Called by boto3_contract.py and boto3_cloud.py."""
import json
import time

from boto3_websites import refused

NAME = "boto-imports"


def template(policy="Retain", **more):
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Fn::Join": ["-", ["boto", {"Ref": "Env"}, "kept"]]}}}
    if policy:
        bucket["DeletionPolicy"] = policy
    whole = {"Parameters": {"Env": {"Type": "String"}}, "Resources": {"Kept": bucket}}
    for part, value in more.items():
        whole.setdefault(part, {}).update(value)
    return json.dumps(whole)


def imports(cloud):
    cfn, s3 = cloud.client("cloudformation"), cloud.client("s3")
    queue = {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "boto-imports"}}}

    def taken(bucket="boto-dev-kept", logical="Kept", kind="AWS::S3::Bucket"):
        return [{"ResourceType": kind, "LogicalResourceId": logical, "ResourceIdentifier": {"BucketName": bucket}}]

    def asks(name, body=None, resources=None, **more):
        return dict(
            StackName=NAME, ChangeSetName=name, ChangeSetType="IMPORT", TemplateBody=body or template(), ResourcesToImport=resources or taken(),
            Parameters=[{"ParameterKey": "Env", "ParameterValue": "dev"}], **more,
        )

    def told(name):
        for _ in range(200):
            one = cfn.describe_change_set(StackName=NAME, ChangeSetName=name)
            if not one["Status"].endswith(("PENDING", "IN_PROGRESS")):
                return one
            time.sleep(0.05)
        raise AssertionError(one)

    def rests():
        for _ in range(200):
            status = cfn.describe_stacks(StackName=NAME)["Stacks"][0]["StackStatus"]
            if not status.endswith("IN_PROGRESS"):
                return status
            time.sleep(0.05)
        raise AssertionError(status)

    def no(part, *given, **more):
        refused(cfn.create_change_set, 400, "ValidationError", part, **asks("no", *given, **more))

    def an_import_names_every_resource():
        no("Resources [Queue] is missing from ResourceToImport list", template(Resources=queue))
        no("do not exist in the template", None, taken(logical="Other"))

    def an_import_names_the_type_of_the_template():
        no("does not match with resource type", None, taken(kind="AWS::S3::AccessPoint"))

    def what_is_imported_says_what_becomes_of_it():
        no("must have DeletionPolicy attribute", template(policy=None))

    def an_import_brings_no_outputs_and_no_tags():
        no("cannot modify or add [Outputs]", template(Outputs={"Kept": {"Value": {"Ref": "Kept"}}}))
        no("cannot modify or add [Tags]", Tags=[{"Key": "a", "Value": "b"}])

    def what_is_not_there_is_not_imported():
        cfn.create_change_set(**asks("none"))
        one = told("none")
        assert (one["Status"], one["ExecutionStatus"], one["Changes"]) == ("FAILED", "UNAVAILABLE", []), one
        assert one["StatusReason"], one
        assert cfn.describe_stacks(StackName=NAME)["Stacks"][0]["StackStatus"] == "REVIEW_IN_PROGRESS"

    def what_is_there_is_imported_as_it_is():
        s3.create_bucket(Bucket="boto-dev-kept", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        s3.put_object(Bucket="boto-dev-kept", Key="a", Body=b"kept")
        cfn.create_change_set(**asks("take"))
        one = told("take")
        assert (one["Status"], one["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE"), one
        rows = [change["ResourceChange"] for change in one["Changes"]]
        assert [(row["Action"], row["LogicalResourceId"], row["PhysicalResourceId"]) for row in rows] == [("Import", "Kept", "boto-dev-kept")]
        cfn.execute_change_set(StackName=NAME, ChangeSetName="take")
        assert rests() == "IMPORT_COMPLETE"
        resources = cfn.describe_stack_resources(StackName=NAME)["StackResources"]
        assert [(row["LogicalResourceId"], row["PhysicalResourceId"]) for row in resources] == [("Kept", "boto-dev-kept")]
        assert s3.get_object(Bucket="boto-dev-kept", Key="a")["Body"].read() == b"kept"

    def what_was_imported_is_updated_with_the_rest():
        cfn.update_stack(StackName=NAME, TemplateBody=template(Resources=queue), Parameters=[{"ParameterKey": "Env", "ParameterValue": "dev"}])
        assert rests() == "UPDATE_COMPLETE"
        resources = cfn.describe_stack_resources(StackName=NAME)["StackResources"]
        assert sorted(row["LogicalResourceId"] for row in resources) == ["Kept", "Queue"]

    def what_was_imported_stays_where_its_stack_goes():
        cfn.delete_stack(StackName=NAME)
        cfn.get_waiter("stack_delete_complete").wait(StackName=NAME, WaiterConfig={"Delay": 1, "MaxAttempts": 20})
        assert s3.get_object(Bucket="boto-dev-kept", Key="a")["Body"].read() == b"kept"

    cloud.keeps(
        an_import_names_every_resource, an_import_names_the_type_of_the_template, what_is_imported_says_what_becomes_of_it,
        an_import_brings_no_outputs_and_no_tags, what_is_not_there_is_not_imported, what_is_there_is_imported_as_it_is,
        what_was_imported_is_updated_with_the_rest, what_was_imported_stays_where_its_stack_goes,
    )
