"""Secrets of Secrets Manager, asked through boto3. Called by boto3_contract.py and boto3_cloud.py."""
import json
import time

from boto3_websites import refused

NONE = "can't find the specified secret"


def secrets(cloud):
    store, cfn = cloud.client("secretsmanager"), cloud.client("cloudformation")
    value = lambda name, **more: store.get_secret_value(SecretId=name, **more)["SecretString"]
    token = lambda name: name.ljust(32, "-")
    there = {}

    def template(**properties):
        secret = {"Type": "AWS::SecretsManager::Secret", "Properties": {"Name": "/boto/made", **properties}}
        return json.dumps({"Resources": {"Secret": secret}, "Outputs": {"Arn": {"Value": {"Ref": "Secret"}}}})

    def ended(name):
        for _ in range(300):
            stack = cfn.describe_stacks(StackName=name)["Stacks"][0]
            if not stack["StackStatus"].endswith("IN_PROGRESS"):
                return stack
            time.sleep(0.1)
        raise AssertionError(f"{name} does not come to rest")

    def a_secret_is_made():
        there["arn"] = arn = store.create_secret(Name="/boto/one", SecretString="first", Description="of boto3")["ARN"]
        assert ":secret:/boto/one-" in arn and len(arn.rsplit("-", 1)[1]) == 6, arn

    def a_secret_is_found_by_its_name_and_its_arn():
        for name in ("/boto/one", there["arn"], there["arn"][:-7]):
            assert value(name) == "first"

    def a_secret_is_made_once():
        refused(store.create_secret, 400, "ResourceExistsException", "already exists", Name="/boto/one", SecretString="x")

    def a_value_has_the_version_of_its_token():
        for _ in range(2):
            put = store.put_secret_value(SecretId="/boto/one", SecretString="second", ClientRequestToken=token("two"))
            assert (put["VersionId"], put["VersionStages"]) == (token("two"), ["AWSCURRENT"]), put
        assert (value("/boto/one"), value("/boto/one", VersionStage="AWSPREVIOUS")) == ("second", "first")
        assert value("/boto/one", VersionId=token("two")) == "second"

    def another_value_of_the_same_token_is_refused():
        refused(
            store.put_secret_value, 400, "ResourceExistsException", "already in use", SecretId="/boto/one", SecretString="third",
            ClientRequestToken=token("two"),
        )

    def what_describes_a_secret_tells_no_value():
        told = store.describe_secret(SecretId="/boto/one")
        stages = sorted(told["VersionIdsToStages"].values())
        assert (told["Description"], stages) == ("of boto3", [["AWSCURRENT"], ["AWSPREVIOUS"]]), told
        assert "SecretString" not in told

    def a_secret_is_updated():
        store.update_secret(SecretId="/boto/one", Description="changed", SecretString="third")
        assert value("/boto/one") == "third" and store.describe_secret(SecretId="/boto/one")["Description"] == "changed"

    def a_secret_without_a_value_says_so():
        store.create_secret(Name="/boto/two")
        refused(
            store.get_secret_value, 400, "ResourceNotFoundException", "secret value for staging label: AWSCURRENT", SecretId="/boto/two",
        )

    def a_secret_that_is_not_there_is_named():
        refused(store.get_secret_value, 400, "ResourceNotFoundException", NONE, SecretId="/boto/none")
        refused(store.describe_secret, 400, "ResourceNotFoundException", NONE, SecretId="/boto/none")

    def secrets_come_in_pages():
        filters = [{"Key": "name", "Values": ["/boto/"]}]
        pages = store.get_paginator("list_secrets").paginate(Filters=filters, PaginationConfig={"PageSize": 1})
        assert sorted(one["Name"] for page in pages for one in page["SecretList"]) == ["/boto/one", "/boto/two"]

    def a_secret_that_is_deleted_keeps_its_name():
        store.delete_secret(SecretId="/boto/one", RecoveryWindowInDays=7)
        refused(store.get_secret_value, 400, "InvalidRequestException", "marked for deletion", SecretId="/boto/one")
        refused(store.create_secret, 400, "InvalidRequestException", "scheduled for deletion", Name="/boto/one", SecretString="x")

    def a_secret_comes_back():
        store.restore_secret(SecretId="/boto/one")
        assert value("/boto/one") == "third"

    def a_secret_is_deleted_for_good():
        for name in ("/boto/one", "/boto/two"):
            store.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
        refused(store.get_secret_value, 400, "ResourceNotFoundException", NONE, SecretId="/boto/one")

    def a_secret_of_a_stack_has_no_value_where_none_is_given():
        cfn.create_stack(StackName="boto-secret", TemplateBody=template())
        stack = ended("boto-secret")
        assert stack["StackStatus"] == "CREATE_COMPLETE", stack
        arn = stack["Outputs"][0]["OutputValue"]
        assert arn == store.describe_secret(SecretId="/boto/made")["ARN"]
        refused(store.get_secret_value, 400, "ResourceNotFoundException", "staging label: AWSCURRENT", SecretId=arn)

    def a_secret_of_a_stack_is_generated():
        rule = {"SecretStringTemplate": '{"username": "shop"}', "GenerateStringKey": "password", "PasswordLength": 20}
        cfn.create_stack(StackName="boto-secret-2", TemplateBody=template(Name="/boto/generated", GenerateSecretString=rule))
        assert ended("boto-secret-2")["StackStatus"] == "CREATE_COMPLETE"
        made = json.loads(value("/boto/generated"))
        assert (made["username"], len(made["password"])) == ("shop", 20), made

    def a_secret_goes_with_its_stack():
        for name in ("boto-secret", "boto-secret-2"):
            cfn.delete_stack(StackName=name)
        for _ in range(100):
            if not store.list_secrets(Filters=[{"Key": "name", "Values": ["/boto/"]}])["SecretList"]:
                return
            time.sleep(0.1)
        raise AssertionError("still there")

    cloud.keeps(
        a_secret_is_made, a_secret_is_found_by_its_name_and_its_arn, a_secret_is_made_once, a_value_has_the_version_of_its_token,
        another_value_of_the_same_token_is_refused, what_describes_a_secret_tells_no_value, a_secret_is_updated,
        a_secret_without_a_value_says_so, a_secret_that_is_not_there_is_named, secrets_come_in_pages,
        a_secret_that_is_deleted_keeps_its_name, a_secret_comes_back, a_secret_is_deleted_for_good,
        a_secret_of_a_stack_has_no_value_where_none_is_given, a_secret_of_a_stack_is_generated, a_secret_goes_with_its_stack,
    )
    if cloud.is_ours:
        refused(store.rotate_secret, 400, "UnknownOperationException", "does not answer RotateSecret", SecretId="/boto/one")
