"""Tasks that are run by themselves, asked through boto3. Called by boto3_contract.py and boto3_cloud.py."""
from boto3_websites import refused, until

WORK = {
    "name": "work", "image": "work:1", "essential": True, "cpu": 0, "memory": 128, "environment": [{"name": "A", "value": "1"}],
    "logConfiguration": {"logDriver": "awslogs", "options": {
        "awslogs-group": "/boto/tasks", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "run",
    }},
}


def tasks(cloud):
    ecs, logs = cloud.client("ecs"), cloud.client("logs")
    tags = [{"key": "deployment", "value": "7"}]
    there = {"call": {"count": 2, "clientToken": "once", "startedBy": "boto/1", "tags": tags}}

    # moto fails within (500) where a task has a network.
    has_network = cloud.name != "moto"
    mode = {"networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"]} if has_network else {}
    network = {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}} if has_network else {}

    def run(**more):
        usual = {"cluster": "boto-tasks", "taskDefinition": "boto-work", "launchType": "FARGATE", **network}
        return ecs.run_task(**{**usual, **more})["tasks"]

    def steered(**variables):
        pairs = [{"name": name, "value": value} for name, value in variables.items()]
        return run(overrides={"containerOverrides": [{"name": "work", "environment": pairs}]})[0]["taskArn"]

    def task(arn, **more):
        [told] = ecs.describe_tasks(cluster="boto-tasks", tasks=[arn], **more)["tasks"]
        return told

    def listed(**more):
        pages = ecs.get_paginator("list_tasks").paginate(cluster="boto-tasks", **more)
        return sorted(arn for page in pages for arn in page["taskArns"])

    def stopped(arn):
        until("STOPPED", lambda: task(arn)["lastStatus"])
        return task(arn)

    def a_definition_is_told_as_it_was_registered():
        given = {
            "family": "boto-work", "cpu": "256", "memory": "512", "taskRoleArn": "arn:aws:iam::1:role/task",
            "executionRoleArn": "arn:aws:iam::1:role/run", **mode,
        }
        ecs.register_task_definition(containerDefinitions=[WORK], tags=tags, **given)
        told = ecs.describe_task_definition(taskDefinition="boto-work", include=["TAGS"])
        assert told["tags"] == tags, told
        told = told["taskDefinition"]
        assert {name: told.get(name) for name in given} == given and told["revision"] == 1, told
        [work] = told["containerDefinitions"]
        assert {name: work.get(name) for name in WORK} == WORK, work

    def a_task_needs_its_cluster():
        refused(run, 400, "ClusterNotFoundException", "Cluster not found")

    def tasks_are_run():
        if not cloud.is_ours:
            ecs.create_cluster(clusterName="boto-tasks")
        else:
            cloud.client("cloudformation").create_stack(StackName="boto-tasks", TemplateBody="""
                Resources: { Cluster: { Type: "AWS::ECS::Cluster", Properties: { ClusterName: boto-tasks } } }""")
            until(True, lambda: "boto-tasks" in str(ecs.list_clusters()["clusterArns"]))
            logs.create_log_group(logGroupName="/boto/tasks")
        there["tasks"] = sorted(one["taskArn"] for one in run(**there["call"]))
        assert len(there["tasks"]) == 2

    def tasks_are_run_once_by_their_token():
        assert sorted(one["taskArn"] for one in run(**there["call"])) == there["tasks"]

    def a_token_is_for_one_call():
        refused(run, 400, "ConflictException", "already in use", clientToken="once", count=1)

    def tasks_are_listed_by_who_started_them():
        [other] = run(startedBy="boto/2")
        found = listed(startedBy="boto/1")
        assert set(there["tasks"]) <= set(found) and other["taskArn"] not in found, found

    def tasks_are_listed_in_pages():
        every = listed(family="boto-work")
        assert len(ecs.list_tasks(cluster="boto-tasks", maxResults=2)["taskArns"]) == 2
        assert len(every) >= 3 and listed(family="boto-work", PaginationConfig={"PageSize": 2}) == every

    def the_tags_of_a_task_are_told_where_they_are_asked_for():
        arn = there["tasks"][0]
        assert task(arn, include=["TAGS"])["tags"] == tags and not task(arn).get("tags")

    def an_override_names_its_container():
        over = {"containerOverrides": [{"name": "other"}]}
        refused(run, 400, "InvalidParameterException", "is not a container in the TaskDefinition", overrides=over)

    def a_task_that_is_stopped_says_so():
        arn = there["tasks"][0]
        ecs.stop_task(cluster="boto-tasks", task=arn, reason="no more")
        told = stopped(arn)
        assert (told["stopCode"], told["stoppedReason"]) == ("UserInitiated", "no more"), told

    def a_definition_that_is_deregistered_runs_no_more():
        ecs.deregister_task_definition(taskDefinition="boto-work:1")
        assert ecs.describe_task_definition(taskDefinition="boto-work:1")["taskDefinition"]["status"] == "INACTIVE"
        refused(run, 400, "ClientException", "TaskDefinition is inactive", taskDefinition="boto-work:1")

    # What a container does is told by its variables in the embedded cloud alone.
    def a_task_leaves_its_lines():
        ecs.register_task_definition(family="boto-work", containerDefinitions=[WORK])
        arn = steered(SECONDS="4", SAYS="one|two", EXIT_CODE="3")
        told = stopped(arn)
        assert (told["stopCode"], told["containers"][0]["exitCode"]) == ("EssentialContainerExited", 3), told
        stream = f"run/work/{arn.rsplit('/')[-1]}"
        lines = logs.get_log_events(logGroupName="/boto/tasks", logStreamName=stream, startFromHead=True)["events"]
        assert [one["message"] for one in lines][1:3] == ["one", "two"], lines

    def a_task_that_cannot_start_never_runs():
        arn = steered(STOP_CODE="TaskFailedToStart")
        assert "RUNNING" not in until("STOPPED", lambda: task(arn)["lastStatus"])
        told = task(arn)
        assert told["stopCode"] == "TaskFailedToStart" and told["stoppedReason"].startswith("CannotPullContainerError"), told
        assert "exitCode" not in told["containers"][0] and "startedAt" not in told, told

    def service():
        [told] = ecs.describe_services(cluster="boto-tasks", services=["boto-web"])["services"]
        return told

    def newest_state():
        told = ecs.describe_services(cluster="boto-tasks", services=["boto-web"])["services"]
        return told[0]["deployments"][0]["rolloutState"] if told else "not there"

    # A service is made by its stack in the embedded cloud alone; its tasks fail as their variables say.
    def a_service_whose_tasks_fail_is_given_up():
        cloud.client("cloudformation").create_stack(StackName="boto-web", DisableRollback=True, TemplateBody="""
            Resources:
              Task:
                Type: AWS::ECS::TaskDefinition
                Properties:
                  Family: boto-web
                  ContainerDefinitions:
                    - { Name: web, Image: "web:1", Environment: [{ Name: SECONDS, Value: "0.5" }, { Name: EXIT_CODE, Value: "3" }] }
              Web:
                Type: AWS::ECS::Service
                Properties:
                  ServiceName: boto-web
                  Cluster: boto-tasks
                  DesiredCount: 2
                  TaskDefinition: !Ref Task
                  DeploymentConfiguration: { DeploymentCircuitBreaker: { Enable: true, Rollback: true } }""")
        until("FAILED", newest_state)
        [newest] = service()["deployments"]
        assert newest["status"] == "PRIMARY" and newest["failedTasks"] >= 3, newest
        assert "circuit breaker" in newest["rolloutStateReason"], newest
        events = service()["events"]
        assert len({one["id"] for one in events}) == len(events) and events[0]["createdAt"] >= events[-1]["createdAt"], events
        assert any("deployment failed: tasks failed to start." in one["message"] for one in events), events

    def tasks_of_a_service_say_why_they_stopped():
        arns = listed(serviceName="boto-web", desiredStatus="STOPPED")
        told = ecs.describe_tasks(cluster="boto-tasks", tasks=arns)["tasks"]
        assert len(told) >= 3 and all(one["group"] == "service:boto-web" for one in told), told
        assert {one["stopCode"] for one in told} == {"EssentialContainerExited"}, told
        assert {one["containers"][0]["exitCode"] for one in told} == {3}, told
        assert {one["startedBy"] for one in told} == {service()["deployments"][0]["id"]}, told

    def a_service_that_is_deleted_can_be_described_for_a_while():
        cloud.client("cloudformation").delete_stack(StackName="boto-web")
        assert until("INACTIVE", lambda: service()["status"])
        assert service()["desiredCount"] == 0 and service()["events"]

    cloud.keeps(
        a_definition_is_told_as_it_was_registered, a_task_needs_its_cluster, tasks_are_run,
        tasks_are_run_once_by_their_token, a_token_is_for_one_call, tasks_are_listed_by_who_started_them, tasks_are_listed_in_pages,
        the_tags_of_a_task_are_told_where_they_are_asked_for, an_override_names_its_container, a_task_that_is_stopped_says_so,
        a_definition_that_is_deregistered_runs_no_more,
    )
    if cloud.is_ours:
        cloud.keeps(
            a_task_leaves_its_lines, a_task_that_cannot_start_never_runs, a_service_whose_tasks_fail_is_given_up,
            tasks_of_a_service_say_why_they_stopped, a_service_that_is_deleted_can_be_described_for_a_while,
        )
