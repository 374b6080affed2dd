"""Queues, topics and the bus of events, asked through boto3. Called by boto3_contract.py and boto3_cloud.py."""
import json
import time

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


def queues(cloud):
    sqs, sns, events = cloud.client("sqs"), cloud.client("sns"), cloud.client("events")
    there = {}

    def a_queue_is_found_by_its_name():
        there["url"] = url = sqs.create_queue(QueueName="boto-work", Attributes={"VisibilityTimeout": "1"})["QueueUrl"]
        assert url.endswith("/boto-work") and sqs.get_queue_url(QueueName="boto-work")["QueueUrl"] == url
        assert url in sqs.list_queues(QueueNamePrefix="boto")["QueueUrls"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        assert arn.startswith("arn:aws:sqs:eu-west-1:") and arn.endswith(":boto-work")
        there["arn"] = arn

    def a_message_comes_with_what_it_was_sent_with():
        kind = {"kind": {"DataType": "String", "StringValue": "x"}}
        sent = sqs.send_message(QueueUrl=there["url"], MessageBody="one", MessageAttributes=kind)
        first = sqs.receive_message(QueueUrl=there["url"], AttributeNames=["All"], MessageAttributeNames=["All"])["Messages"][0]
        assert (first["MessageId"], first["Body"], first["MessageAttributes"]["kind"]["StringValue"]) == (sent["MessageId"], "one", "x")
        assert first["Attributes"]["ApproximateReceiveCount"] == "1"
        assert sent["MD5OfMessageAttributes"] == first["MD5OfMessageAttributes"]
        there["sent"] = sent["MessageId"]

    def a_message_is_out_of_sight_and_comes_again():
        assert "Messages" not in sqs.receive_message(QueueUrl=there["url"]), "it is out of sight"
        begun = time.time()
        again = sqs.receive_message(QueueUrl=there["url"], WaitTimeSeconds=5, AttributeNames=["ApproximateReceiveCount"])["Messages"][0]
        assert (again["MessageId"], again["Attributes"]["ApproximateReceiveCount"]) == (there["sent"], "2")
        assert time.time() - begun < 4, "who waits has it as soon as it is in sight"
        sqs.change_message_visibility(QueueUrl=there["url"], ReceiptHandle=again["ReceiptHandle"], VisibilityTimeout=0)
        third = sqs.receive_message(QueueUrl=there["url"])["Messages"][0]
        sqs.delete_message(QueueUrl=there["url"], ReceiptHandle=third["ReceiptHandle"])

    def messages_are_sent_together():
        sqs.send_message_batch(QueueUrl=there["url"], Entries=[{"Id": str(n), "MessageBody": f"b{n}"} for n in range(3)])
        assert sorted(message["Body"] for message in bodies(sqs, there["url"])) == ["b0", "b1", "b2"]

    def a_message_is_deleted_twice():
        sqs.send_message(QueueUrl=there["url"], MessageBody="gone")
        handle = sqs.receive_message(QueueUrl=there["url"])["Messages"][0]["ReceiptHandle"]
        for _ in range(2):
            sqs.delete_message(QueueUrl=there["url"], ReceiptHandle=handle)

    def a_queue_that_is_not_there_is_named():
        refused(sqs.get_queue_url, 400, ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"), "does not exist", QueueName="none")

    def a_queue_is_made_again_with_the_same_attributes_alone():
        refused(sqs.create_queue, 400, ("QueueNameExists", "QueueAlreadyExists"), "already exists", QueueName="boto-work", Attributes={"VisibilityTimeout": "9"})

    def a_topic_is_made_once():
        there["topic"] = topic = sns.create_topic(Name="boto-builds")["TopicArn"]
        assert sns.create_topic(Name="boto-builds")["TopicArn"] == topic
        assert topic in [one["TopicArn"] for one in sns.list_topics()["Topics"]]

    def a_topic_tells_a_queue_in_an_envelope():
        there["wrapped"] = sns.subscribe(
            TopicArn=there["topic"], Protocol="sqs", Endpoint=there["arn"], ReturnSubscriptionArn=True)["SubscriptionArn"]
        sns.publish(TopicArn=there["topic"], Message="m", Subject="s")
        envelope = json.loads(bodies(sqs, there["url"])[0]["Body"])
        told = [envelope[name] for name in ("Type", "Message", "Subject", "TopicArn")]
        assert told == ["Notification", "m", "s", there["topic"]]

    def a_topic_tells_a_queue_without_one():
        sns.set_subscription_attributes(SubscriptionArn=there["wrapped"], AttributeName="RawMessageDelivery", AttributeValue="true")
        sns.publish(TopicArn=there["topic"], Message="raw")
        assert [message["Body"] for message in bodies(sqs, there["url"])] == ["raw"]
        listed = sns.list_subscriptions_by_topic(TopicArn=there["topic"])["Subscriptions"]
        assert [(one["Endpoint"], one["Protocol"]) for one in listed] == [(there["arn"], "sqs")]

    def a_topic_that_is_not_there_is_named():
        refused(sns.publish, 404, "NotFound", "", TopicArn=there["topic"] + "x", Message="m")

    def a_rule_has_its_targets():
        rule = events.put_rule(Name="boto", EventPattern=json.dumps(PATTERN))["RuleArn"]
        assert rule.endswith(":rule/boto") and "boto" in [one["Name"] for one in events.list_rules()["Rules"]]
        events.put_targets(Rule="boto", Targets=[{"Id": "queue", "Arn": there["arn"]}])
        assert events.list_targets_by_rule(Rule="boto")["Targets"] == [{"Id": "queue", "Arn": there["arn"]}]

    def an_event_that_fits_the_rule_comes():
        entry = lambda project: {
            "Source": "boto.builds", "DetailType": "CodeBuild Build State Change",
            "Detail": json.dumps({"project-name": project, "build-status": "SUCCEEDED"}),
        }
        put = events.put_events(Entries=[entry("other"), entry("boto")])
        assert put["FailedEntryCount"] == 0, put
        came = [json.loads(message["Body"]) for message in bodies(sqs, there["url"], WaitTimeSeconds=1)]
        assert [one["detail"]["project-name"] for one in came] == ["boto"]
        there["event"] = came[0]
        wanted = {"version", "id", "detail-type", "source", "time", "region", "detail"}
        assert wanted <= set(came[0]), wanted - set(came[0])

    def an_event_says_whose_it_is():
        assert {"account", "resources"} <= set(there["event"])

    def an_event_in_the_name_of_aws_is_refused():
        foreign = {"Source": "aws.codebuild", "DetailType": "CodeBuild Build State Change", "Detail": "{}"}
        assert events.put_events(Entries=[foreign])["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"

    def a_rule_of_no_pattern_is_refused():
        refused(events.put_rule, 400, "InvalidEventPatternException", "not valid", Name="w", EventPattern="{}")

    def a_rule_with_targets_is_not_deleted():
        refused(events.delete_rule, 400, ("ValidationException", "ValidationError"), "targets", Name="boto")

    def all_of_it_is_torn_down():
        bodies(sqs, there["url"])
        events.remove_targets(Rule="boto", Ids=["queue"])
        events.delete_rule(Name="boto")
        sns.unsubscribe(SubscriptionArn=there["wrapped"])
        sns.delete_topic(TopicArn=there["topic"])
        assert there["topic"] not in [one["TopicArn"] for one in sns.list_topics()["Topics"]]
        sqs.purge_queue(QueueUrl=there["url"])
        sqs.delete_queue(QueueUrl=there["url"])
        assert there["url"] not in sqs.list_queues().get("QueueUrls", [])

    cloud.keeps(
        a_queue_is_found_by_its_name, a_message_comes_with_what_it_was_sent_with, a_message_is_out_of_sight_and_comes_again,
        messages_are_sent_together, a_message_is_deleted_twice, a_queue_that_is_not_there_is_named,
        a_queue_is_made_again_with_the_same_attributes_alone, a_topic_is_made_once, a_topic_tells_a_queue_in_an_envelope,
        a_topic_tells_a_queue_without_one, a_topic_that_is_not_there_is_named, a_rule_has_its_targets, an_event_that_fits_the_rule_comes,
        an_event_says_whose_it_is, an_event_in_the_name_of_aws_is_refused, a_rule_of_no_pattern_is_refused,
        a_rule_with_targets_is_not_deleted,
    )
    if cloud.is_ours:
        refused(sqs.create_queue, 400, "InvalidAttributeName", "standard queues", QueueName="f", Attributes={"FifoQueue": "true"})
        refused(sns.subscribe, 400, "InvalidParameter", "own account and region", TopicArn=there["topic"], Protocol="email", Endpoint="a@b")
        builds_are_told(cloud, there["url"], there["topic"])
    cloud.keeps(all_of_it_is_torn_down)


def builds_are_told(cloud, url, topic):
    """A build of CodeBuild, by the rule and a topic beside it."""
    sqs, events, codebuild = cloud.client("sqs"), cloud.client("events"), cloud.client("codebuild")
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
