"""Projects and builds, asked through boto3. Called by boto3_contract.py and boto3_cloud.py."""
import gzip
import io
import zipfile

from boto3_websites import refused, until

BUILDSPEC = """
version: 0.2
phases:
  install: { runtime-versions: { nodejs: 22 }, commands: [npm ci] }
  build: { commands: ['echo stage ${STAGE}', npm run build] }
artifacts: { files: ['**/*'], base-directory: dist }
"""
PHASES = [
    "SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE", "INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD", "UPLOAD_ARTIFACTS",
    "FINALIZING", "COMPLETED",
]
PROJECT = {
    "name": "boto", "source": {"type": "S3", "location": "boto-builds/source.zip", "buildspec": BUILDSPEC},
    "artifacts": {"type": "S3", "location": "boto-builds", "packaging": "ZIP", "name": "site.zip"},
    "environment": {"type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0", "computeType": "BUILD_GENERAL1_SMALL"},
}
ASKED = {
    "projectName": "boto", "idempotencyToken": "boto-1",
    "artifactsOverride": {"type": "S3", "location": "boto-builds", "path": "shop", "name": "v1.zip", "packaging": "ZIP"},
    "environmentVariablesOverride": [{"name": "STAGE", "value": "live", "type": "PLAINTEXT"}],
    "logsConfigOverride": {
        "cloudWatchLogs": {"status": "ENABLED"}, "s3Logs": {"status": "ENABLED", "location": "boto-builds/lines"},
    },
}
MISSING = (400, "ResourceNotFoundException", "")


def variables(**values):
    return [{"name": name, "value": value, "type": "PLAINTEXT"} for name, value in values.items()]


def builds(cloud):
    codebuild, logs, s3 = cloud.client("codebuild"), cloud.client("logs"), cloud.client("s3")
    s3.create_bucket(Bucket="boto-builds", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="boto-builds", Key="source.zip", Body=b"zip")
    account, there = cloud.client("sts").get_caller_identity()["Account"], {}
    project = {**PROJECT, "serviceRole": f"arn:aws:iam::{account}:role/build"}
    get = lambda which: codebuild.batch_get_builds(ids=[there[which]])["builds"][0]

    def a_project_is_made_once():
        made = codebuild.create_project(**project)["project"]
        assert made["arn"].endswith(":project/boto")
        refused(codebuild.create_project, 400, "ResourceAlreadyExistsException", "", **project)
        assert "boto" in codebuild.list_projects()["projects"]

    def a_project_is_told_as_it_was_made():
        told = codebuild.batch_get_projects(names=["boto"])["projects"][0]
        assert told["source"] == PROJECT["source"] and told["timeoutInMinutes"] == 60

    def projects_that_are_not_there_are_named():
        found = codebuild.batch_get_projects(names=["boto", "none"])
        assert ([one["name"] for one in found["projects"]], found["projectsNotFound"]) == (["boto"], ["none"])
        refused(codebuild.start_build, *MISSING, projectName="none")

    def a_build_is_told_where_it_is_started():
        build = codebuild.start_build(**ASKED)["build"]
        there["first"] = build["id"]
        assert build["id"].startswith("boto:") and build["arn"].endswith(f":build/{build['id']}") and build["buildNumber"] == 1

    def a_build_takes_time():
        there["slow"] = codebuild.start_build(projectName="boto")["build"]["id"]
        build = get("slow")
        assert (build["buildStatus"], build["buildComplete"]) == ("IN_PROGRESS", False) and build["initiator"]
        codebuild.stop_build(id=there["slow"])

    def a_build_tells_what_it_was_started_with():
        assert get("first")["environment"]["environmentVariables"] == variables(STAGE="live")

    def the_same_token_is_the_same_build():
        assert codebuild.start_build(**ASKED)["build"]["id"] == there["first"]

    def the_same_token_with_something_else_is_refused():
        other = {**ASKED, "environmentVariablesOverride": []}
        refused(codebuild.start_build, 400, "InvalidInputException", "token", **other)

    def a_build_goes_through_its_phases():
        seen = until("COMPLETED", lambda: get("first")["currentPhase"])
        assert [phase for phase in PHASES if phase in seen] == seen and len(seen) > 4, seen

    def a_build_ends():
        until("SUCCEEDED", lambda: get("first")["buildStatus"])
        done = get("first")
        assert done["buildComplete"] is True and done["endTime"] >= done["startTime"]

    def every_phase_of_a_build_is_told_once():
        phases = get("first")["phases"]
        assert [phase["phaseType"] for phase in phases] == PHASES
        assert all(phase["phaseStatus"] == "SUCCEEDED" and phase["durationInSeconds"] >= 0 for phase in phases[:-1])
        assert "endTime" not in phases[-1]

    def the_lines_of_a_build_are_in_its_stream():
        place = get("first")["logs"]
        assert place["groupName"] == "/aws/codebuild/boto" and there["first"] == f"boto:{place['streamName']}" and "https://" in place["deepLink"]
        page = logs.get_log_events(logGroupName=place["groupName"], logStreamName=place["streamName"], startFromHead=True)
        there["lines"] = lines = [event["message"] for event in page["events"]]
        assert lines[0].startswith("[Container] 20") and "stage live\n" in lines
        assert any(line.endswith("Entering phase BUILD\n") for line in lines), lines
        assert any(line.endswith("Phase complete: BUILD State: SUCCEEDED\n") for line in lines)

    def the_lines_of_a_build_are_kept_in_a_bucket():
        place = get("first")["logs"]
        kept = f"lines/{place['streamName']}.gz"
        assert place["s3Logs"]["status"] == "ENABLED" and place["s3LogsArn"] == f"arn:aws:s3:::boto-builds/{kept}"
        text = gzip.decompress(s3.get_object(Bucket="boto-builds", Key=kept)["Body"].read()).decode()
        assert [line.rstrip("\n") for line in there["lines"]] == text.splitlines()

    def a_build_leaves_its_artifact_where_it_was_told():
        assert get("first")["artifacts"]["location"] == "arn:aws:s3:::boto-builds/shop/v1.zip"
        archive = s3.get_object(Bucket="boto-builds", Key="shop/v1.zip")["Body"].read()
        assert "index.html" in zipfile.ZipFile(io.BytesIO(archive)).namelist()

    def a_build_that_is_stopped_says_so():
        there["running"] = codebuild.start_build(projectName="boto", environmentVariablesOverride=variables(SECONDS="600"))["build"]["id"]
        until("BUILD", lambda: get("running")["currentPhase"])
        stopped = codebuild.stop_build(id=there["running"])["build"]
        assert (stopped["buildStatus"], stopped["phases"][-2]["phaseStatus"]) == ("STOPPED", "STOPPED")
        assert (get("running")["buildStatus"], get("running")["buildComplete"]) == ("STOPPED", True)

    def a_build_that_is_over_is_not_stopped():
        codebuild.stop_build(id=there["first"])
        assert get("first")["buildStatus"] == "SUCCEEDED"

    def builds_that_are_not_there_are_named():
        refused(codebuild.stop_build, *MISSING, id="boto:none")
        assert codebuild.batch_get_builds(ids=[there["first"], "boto:none"])["buildsNotFound"] == ["boto:none"]

    def builds_are_listed_the_newest_first():
        listed = codebuild.list_builds_for_project(projectName="boto")["ids"]
        assert listed[-1] == there["first"] and len(listed) > 1, listed
        assert codebuild.list_builds()["ids"] == listed

    def builds_are_listed_the_other_way():
        listed = codebuild.list_builds_for_project(projectName="boto")["ids"]
        assert codebuild.list_builds_for_project(projectName="boto", sortOrder="ASCENDING")["ids"] == listed[::-1]

    def a_project_is_deleted():
        codebuild.delete_project(name="boto")
        assert "boto" not in codebuild.list_projects()["projects"]

    def a_project_that_is_gone_is_deleted():
        codebuild.delete_project(name="boto")

    def a_project_that_is_gone_has_no_builds():
        refused(codebuild.list_builds_for_project, *MISSING, projectName="boto")

    cloud.keeps(
        a_project_is_made_once, a_project_is_told_as_it_was_made, projects_that_are_not_there_are_named, a_build_is_told_where_it_is_started,
        a_build_tells_what_it_was_started_with, the_same_token_is_the_same_build, the_same_token_with_something_else_is_refused,
        a_build_goes_through_its_phases, a_build_ends, every_phase_of_a_build_is_told_once, the_lines_of_a_build_are_in_its_stream,
        the_lines_of_a_build_are_kept_in_a_bucket, a_build_leaves_its_artifact_where_it_was_told, a_build_takes_time,
        a_build_that_is_stopped_says_so, a_build_that_is_over_is_not_stopped, builds_that_are_not_there_are_named,
        builds_are_listed_the_newest_first, builds_are_listed_the_other_way,
    )
    if cloud.is_ours:
        ends_as_it_was_told(codebuild)
    cloud.keeps(a_project_is_deleted, a_project_that_is_gone_is_deleted, a_project_that_is_gone_has_no_builds)


def ends_as_it_was_told(codebuild):
    """What the embedded cloud alone has: a build ends as its variables say."""
    for wish, status, phase in [("BUILD:FAILED", "FAILED", "BUILD"), ("PROVISIONING:FAULT", "FAULT", "PROVISIONING")]:
        failing = codebuild.start_build(projectName="boto", environmentVariablesOverride=variables(ENDS=wish))["build"]["id"]
        get = lambda: codebuild.batch_get_builds(ids=[failing])["builds"][0]
        until(True, lambda: get()["buildComplete"])
        bad = next(one for one in get()["phases"] if one["phaseStatus"] != "SUCCEEDED")
        assert (get()["buildStatus"], bad["phaseType"], bad["phaseStatus"]) == (status, phase, status)
        assert bad["contexts"][0]["statusCode"] and bad["contexts"][0]["message"]
    refused(codebuild.start_build, 400, "UnknownOperationException", "with secondarySourcesOverride", projectName="boto", secondarySourcesOverride=[])
    refused(codebuild.start_build_batch, 400, "UnknownOperationException", "does not answer StartBuildBatch", projectName="boto")
