#!/usr/bin/env python3
"""The embedded cloud seen by boto3, the client that most people have: `boto3_contract.py ENDPOINT` on an empty one.

    holdpoint sandbox --listen 127.0.0.1:4570 --story empty --speed 10 &
    python3 tests/peers/boto3_contract.py http://127.0.0.1:4570
"""
import sys
import time

import boto3
from botocore.exceptions import ClientError

from boto3_balancers import balancers
from boto3_builds import builds
from boto3_certificates import certificates
from boto3_cloud import Cloud
from boto3_imports import imports
from boto3_queues import queues
from boto3_parameters import parameters
from boto3_secrets import secrets
from boto3_tasks import tasks
from boto3_websites import websites

CLOUD = Cloud("embedded", sys.argv[1])
client = CLOUD.client
TEMPLATE = """
Parameters:
  Count: { Type: Number, Default: 1 }
  Version: { Type: String, Default: "1" }
Resources:
  Logs: { Type: "AWS::Logs::LogGroup", Properties: { LogGroupName: /boto/web } }
  Cluster: { Type: "AWS::ECS::Cluster", Properties: { ClusterName: boto } }
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: boto
      ContainerDefinitions:
        - Name: web
          Image: !Sub "web:${Version}"
          LogConfiguration:
            LogDriver: awslogs
            Options: { awslogs-group: !Ref Logs, awslogs-stream-prefix: web }
  Service:
    Type: AWS::ECS::Service
    Properties: { ServiceName: boto, Cluster: !Ref Cluster, TaskDefinition: !Ref Task, DesiredCount: !Ref Count }
Outputs:
  Name: { Value: !GetAtt Service.Name, Export: { Name: boto-service } }
"""


def refused(call, code, part, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        assert part in error.response["Error"]["Message"], error
    else:
        raise AssertionError(f"not refused: {arguments}")


def settle(cfn, name):
    seen = []
    for _ in range(600):
        status = cfn.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        if not seen or seen[-1] != status:
            seen.append(status)
        if not status.endswith("IN_PROGRESS"):
            return seen
        time.sleep(0.1)
    raise AssertionError(f"{name} does not come to rest: {seen}")


def parameter(name, value):
    return {"ParameterKey": name, "ParameterValue": value}


def main():
    cfn, ecs, logs, sts = (client(name) for name in ("cloudformation", "ecs", "logs", "sts"))
    assert sts.get_caller_identity()["Account"] == "000000000000"

    # What is not served is refused by its name, whatever protocol boto3 speaks with it.
    for name, call in [("lambda", "list_functions"), ("kms", "list_keys"), ("dynamodb", "list_tables"), ("iam", "list_roles")]:
        refused(getattr(client(name), call), "UnknownService", f"does not serve {name}")

    s3 = client("s3")
    s3.create_bucket(Bucket="boto", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="boto", Key="a/b c", Body=bytes([0, 255]))
    assert s3.get_object(Bucket="boto", Key="a/b c")["Body"].read() == bytes([0, 255])
    refused(s3.get_object, "NoSuchKey", "does not exist", Bucket="boto", Key="none")
    refused(s3.delete_bucket, "BucketNotEmpty", "not empty", Bucket="boto")
    refused(s3.get_bucket_policy, "UnknownOperationException", "does not answer GET /boto of s3", Bucket="boto")
    refused(s3.put_bucket_policy, "UnknownOperationException", "does not answer CreateBucket with policy of s3", Bucket="boto", Policy="{}")
    for part in (websites, builds, queues, parameters, secrets, certificates, balancers, tasks, imports):
        part(CLOUD)

    refused(cfn.describe_stacks, "ValidationError", "Stack with id boto does not exist", StackName="boto")
    stack = cfn.create_stack(StackName="boto", TemplateBody=TEMPLATE, Tags=[{"Key": "owner", "Value": "boto"}])["StackId"]
    assert settle(cfn, "boto") == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]
    refused(cfn.update_stack, "ValidationError", "No updates are to be performed.", StackName="boto", TemplateBody=TEMPLATE)
    shown = cfn.describe_stacks(StackName=stack)["Stacks"][0]
    assert shown["Outputs"][0]["OutputValue"] == "boto" and shown["Tags"][0]["Value"] == "boto"
    assert [one["Name"] for one in cfn.list_exports()["Exports"]] == ["boto-service"]

    service = ecs.describe_services(cluster="boto", services=["boto"])["services"][0]
    assert (service["runningCount"], service["desiredCount"]) == (1, 1)

    cfn.create_change_set(
        StackName="boto", ChangeSetName="two", UsePreviousTemplate=True,
        Parameters=[parameter("Count", "2"), parameter("Version", "2")],
    )
    cfn.get_waiter("change_set_create_complete").wait(StackName="boto", ChangeSetName="two", WaiterConfig={"Delay": 1})
    changes = [one["ResourceChange"] for one in cfn.describe_change_set(StackName="boto", ChangeSetName="two")["Changes"]]
    rows = sorted((one["LogicalResourceId"], one["Action"], one["Replacement"]) for one in changes)
    assert rows == [("Service", "Modify", "False"), ("Task", "Modify", "True")], rows
    cfn.execute_change_set(StackName="boto", ChangeSetName="two")
    assert "UPDATE_COMPLETE" in settle(cfn, "boto")[-1]
    pages = cfn.get_paginator("describe_stack_events").paginate(StackName="boto")
    events = [event for page in pages for event in page["StackEvents"]]
    assert events[0]["ResourceStatus"] == "UPDATE_COMPLETE" and events[-1]["ResourceStatus"] == "CREATE_IN_PROGRESS"

    tail = logs.start_live_tail(logGroupIdentifiers=["arn:aws:logs:eu-west-1:000000000000:log-group:/boto/web"])
    lines = []
    for event in tail["responseStream"]:
        lines += event.get("sessionUpdate", {}).get("sessionResults", [])
        if len(lines) >= 2:
            break
    assert all(line["logGroupIdentifier"].endswith("/boto/web") for line in lines)
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName="/boto/web", PaginationConfig={"PageSize": 3})
    ids = [event["eventId"] for page in pages for event in page["events"]]
    assert len(ids) == len(set(ids)) and len(ids) > 3

    task = ecs.run_task(
        cluster="boto", taskDefinition="boto",
        overrides={"containerOverrides": [{"name": "web", "command": ["migrate", "up"],
                   "environment": [{"name": "EXIT_CODE", "value": "3"}, {"name": "SECONDS", "value": "5"}]}]},
    )["tasks"][0]["taskArn"]
    ecs.get_waiter("tasks_stopped").wait(cluster="boto", tasks=[task], WaiterConfig={"Delay": 1})
    assert ecs.describe_tasks(cluster="boto", tasks=[task])["tasks"][0]["containers"][0]["exitCode"] == 3

    cfn.delete_stack(StackName="boto")
    cfn.get_waiter("stack_delete_complete").wait(StackName="boto", WaiterConfig={"Delay": 1})
    assert cfn.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE"
    print("the embedded cloud keeps the contract with boto3", boto3.__version__)


main()
