"""Queues, topics and the bus of events, asked through boto3. Called by boto3_contract.py; on another cloud than ours by

    python3 tests/peers/boto3_queues.py http://127.0.0.1:5001

which asks what AWS promises and leaves out what only the embedded cloud says in its own words.
"""
import json
import sys
import time

import boto3
from botocore.config import Config

from boto3_websites import refused

PATTERN = {"source": ["aws.codebuild", "boto.builds"], "detail-type": ["CodeBuild Build State Change"], "detail": {"project-name": ["boto"]}}


def bodies(sqs, url, **arguments):
    """What is received and deleted until nothing comes."""
    found = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, **arguments).get("Messages"):
        for message in messages:
            found.append(message)
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def shared(client):
    """What AWS promises, on ours and on others: gives the queue and its ARN."""
    sqs, sns, events = client("sqs"), client("sns"), client("events")
    url = sqs.create_queue(QueueName="boto-work", Attributes={"VisibilityTimeout": "1"})["QueueUrl"]
    assert url.endswith("/boto-work") and sqs.get_queue_url(QueueName="boto-work")["QueueUrl"] == url
    assert url in sqs.list_queues(QueueNamePrefix="boto")["QueueUrls"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    assert arn.startswith("arn:aws:sqs:eu-west-1:") and arn.endswith(":boto-work")

    kind = {"kind": {"DataType": "String", "StringValue": "x"}}
    sent = sqs.send_message(QueueUrl=url, MessageBody="one", MessageAttributes=kind)
    first = sqs.receive_message(QueueUrl=url, AttributeNames=["All"], MessageAttributeNames=["All"])["Messages"][0]
    assert (first["MessageId"], first["Body"], first["MessageAttributes"]["kind"]["StringValue"]) == (sent["MessageId"], "one", "x")
    assert first["Attributes"]["ApproximateReceiveCount"] == "1"
    assert sent["MD5OfMessageAttributes"] == first["MD5OfMessageAttributes"]
    assert "Messages" not in sqs.receive_message(QueueUrl=url), "it is out of sight"
    begun = time.time()
    again = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5, AttributeNames=["ApproximateReceiveCount"])["Messages"][0]
    assert (again["MessageId"], again["Attributes"]["ApproximateReceiveCount"]) == (sent["MessageId"], "2")
    assert time.time() - begun < 4, "who waits has it as soon as it is in sight"
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"], VisibilityTimeout=0)
    third = sqs.receive_message(QueueUrl=url)["Messages"][0]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=third["ReceiptHandle"])
    sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": str(n), "MessageBody": f"b{n}"} for n in range(3)])
    assert sorted(message["Body"] for message in bodies(sqs, url)) == ["b0", "b1", "b2"]

    topic = sns.create_topic(Name="boto-builds")["TopicArn"]
    assert sns.create_topic(Name="boto-builds")["TopicArn"] == topic
    assert topic in [one["TopicArn"] for one in sns.list_topics()["Topics"]]
    wrapped = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)["SubscriptionArn"]
    sns.publish(TopicArn=topic, Message="m", Subject="s")
    envelope = json.loads(bodies(sqs, url)[0]["Body"])
    assert (envelope["Type"], envelope["Message"], envelope["Subject"], envelope["TopicArn"]) == ("Notification", "m", "s", topic)
    sns.set_subscription_attributes(SubscriptionArn=wrapped, AttributeName="RawMessageDelivery", AttributeValue="true")
    sns.publish(TopicArn=topic, Message="raw")
    assert [message["Body"] for message in bodies(sqs, url)] == ["raw"]
    listed = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert [(one["Endpoint"], one["Protocol"]) for one in listed] == [(arn, "sqs")]

    rule = events.put_rule(Name="boto", EventPattern=json.dumps(PATTERN))["RuleArn"]
    assert rule.endswith(":rule/boto") and "boto" in [one["Name"] for one in events.list_rules()["Rules"]]
    events.put_targets(Rule="boto", Targets=[{"Id": "queue", "Arn": arn}])
    assert events.list_targets_by_rule(Rule="boto")["Targets"] == [{"Id": "queue", "Arn": arn}]
    entry = lambda project: {
        "Source": "boto.builds", "DetailType": "CodeBuild Build State Change",
        "Detail": json.dumps({"project-name": project, "build-status": "SUCCEEDED"}),
    }
    put = events.put_events(Entries=[entry("other"), entry("boto")])
    assert put["FailedEntryCount"] == 0, put
    came = [json.loads(message["Body"]) for message in bodies(sqs, url, WaitTimeSeconds=1)]
    assert [one["detail"]["project-name"] for one in came] == ["boto"]
    wanted = {"version", "id", "detail-type", "source", "time", "region", "detail"}
    assert wanted <= set(came[0]), wanted - set(came[0])
    return url, arn, topic, wrapped


def torn_down(client, url, topic, wrapped):
    sqs, sns, events = client("sqs"), client("sns"), client("events")
    events.remove_targets(Rule="boto", Ids=["queue"])
    events.delete_rule(Name="boto")
    sns.unsubscribe(SubscriptionArn=wrapped)
    sns.delete_topic(TopicArn=topic)
    assert topic not in [one["TopicArn"] for one in sns.list_topics()["Topics"]]
    sqs.purge_queue(QueueUrl=url)
    sqs.delete_queue(QueueUrl=url)
    assert url not in sqs.list_queues().get("QueueUrls", [])


def queues(client):
    url, arn, topic, wrapped = shared(client)
    sqs, sns, events = client("sqs"), client("sns"), client("events")
    sqs.send_message(QueueUrl=url, MessageBody="gone")
    handle = sqs.receive_message(QueueUrl=url)["Messages"][0]["ReceiptHandle"]
    for _ in range(2):
        sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)
    refused(sqs.get_queue_url, 400, "QueueDoesNotExist", "does not exist", QueueName="none")
    refused(sqs.create_queue, 400, "QueueNameExists", "already exists", QueueName="boto-work", Attributes={"VisibilityTimeout": "9"})
    refused(sqs.create_queue, 400, "InvalidAttributeName", "standard queues", QueueName="f", Attributes={"FifoQueue": "true"})
    refused(sns.subscribe, 400, "InvalidParameter", "own account and region", TopicArn=topic, Protocol="email", Endpoint="a@b")
    refused(sns.publish, 404, "NotFound", "Topic does not exist", TopicArn=topic + "x", Message="m")
    refused(events.put_rule, 400, "InvalidEventPatternException", "not valid", Name="w", EventPattern="{}")
    foreign = {"Source": "aws.codebuild", "DetailType": "CodeBuild Build State Change", "Detail": "{}"}
    assert events.put_events(Entries=[foreign])["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"
    refused(events.delete_rule, 400, "ValidationError", "targets", Name="boto")

    # A build of CodeBuild, by the rule and a topic beside it.
    codebuild = client("codebuild")
    codebuild.create_project(
        name="boto", source={"type": "NO_SOURCE", "buildspec": "version: 0.2\nphases: { build: { commands: [make] } }\n"},
        artifacts={"type": "NO_ARTIFACTS"}, serviceRole="arn:aws:iam::000000000000:role/build",
        environment={"type": "LINUX_CONTAINER", "image": "i", "computeType": "BUILD_GENERAL1_SMALL"},
    )
    events.put_targets(Rule="boto", Targets=[{"Id": "topic", "Arn": topic}])
    build = codebuild.start_build(projectName="boto")["build"]
    seen = []
    for _ in range(100):
        seen += [json.loads(message["Body"])["detail"] for message in bodies(sqs, url, WaitTimeSeconds=1)]
        if sum(one["additional-information"]["build-complete"] for one in seen) == 2:
            break
    assert [one["build-status"] for one in seen].count("SUCCEEDED") == 2, "by the queue and by the topic"
    assert {one["build-id"] for one in seen} == {build["arn"]}
    events.remove_targets(Rule="boto", Ids=["topic"])
    codebuild.delete_project(name="boto")
    torn_down(client, url, topic, wrapped)


if __name__ == "__main__":
    config = Config(retries={"total_max_attempts": 1})
    named = lambda name: boto3.client(
        name, endpoint_url=sys.argv[1], region_name="eu-west-1", aws_access_key_id="practice",
        aws_secret_access_key="practice", config=config,
    )
    place = shared(named)
    torn_down(named, place[0], *place[2:])
    print("queues, topics and events keep the shared part of the contract at", sys.argv[1])
