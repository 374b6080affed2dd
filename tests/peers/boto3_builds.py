"""Projects and builds, asked through boto3. Called by boto3_contract.py."""
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
    "serviceRole": "arn:aws:iam::000000000000:role/build",
}


def variables(**values):
    return [{"name": name, "value": value, "type": "PLAINTEXT"} for name, value in values.items()]


def builds(client):
    codebuild, logs, s3 = client("codebuild"), client("logs"), client("s3")
    s3.create_bucket(Bucket="boto-builds", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="boto-builds", Key="source.zip", Body=b"zip")
    made = codebuild.create_project(**PROJECT)["project"]
    assert made["arn"].endswith(":project/boto") and made["source"] == PROJECT["source"] and made["timeoutInMinutes"] == 60
    refused(codebuild.create_project, 400, "ResourceAlreadyExistsException", "already exists", **PROJECT)
    assert "boto" in codebuild.list_projects()["projects"]
    found = codebuild.batch_get_projects(names=["boto", "none"])
    assert ([one["name"] for one in found["projects"]], found["projectsNotFound"]) == (["boto"], ["none"])

    missing = (400, "ResourceNotFoundException", "cannot be found")
    refused(codebuild.start_build, *missing, projectName="none")
    artifacts = {"type": "S3", "location": "boto-builds", "path": "shop", "name": "v1.zip", "packaging": "ZIP"}
    asked = {
        "projectName": "boto", "idempotencyToken": "boto-1", "artifactsOverride": artifacts,
        "environmentVariablesOverride": variables(STAGE="live"),
        "logsConfigOverride": {
            "cloudWatchLogs": {"status": "ENABLED"}, "s3Logs": {"status": "ENABLED", "location": "boto-builds/lines"},
        },
    }
    build = codebuild.start_build(**asked)["build"]
    identifier = build["id"]
    assert identifier.startswith("boto:") and build["arn"].endswith(f":build/{identifier}") and build["buildNumber"] == 1
    assert (build["buildStatus"], build["buildComplete"]) == ("IN_PROGRESS", False) and build["initiator"]
    assert build["environment"]["environmentVariables"] == variables(STAGE="live")
    assert codebuild.start_build(**asked)["build"]["id"] == identifier, "the same token is the same build"
    other = {**asked, "environmentVariablesOverride": []}
    refused(codebuild.start_build, 400, "InvalidInputException", "token", **other)

    get = lambda: codebuild.batch_get_builds(ids=[identifier])["builds"][0]
    seen = until("COMPLETED", lambda: get()["currentPhase"])
    assert [phase for phase in PHASES if phase in seen] == seen and len(seen) > 4, seen
    done = get()
    assert (done["buildStatus"], done["buildComplete"]) == ("SUCCEEDED", True) and done["endTime"] > done["startTime"]
    assert [phase["phaseType"] for phase in done["phases"]] == PHASES
    assert all(phase["phaseStatus"] == "SUCCEEDED" and phase["durationInSeconds"] >= 0 for phase in done["phases"][:-1])
    assert "endTime" not in done["phases"][-1]
    place = done["logs"]
    assert place["groupName"] == "/aws/codebuild/boto" and identifier == f"boto:{place['streamName']}" and "https://" in place["deepLink"]
    page = logs.get_log_events(logGroupName=place["groupName"], logStreamName=place["streamName"], startFromHead=True)
    lines = [event["message"] for event in page["events"]]
    assert lines[0].startswith("[Container] 20") and "stage live\n" in lines
    assert any(line.endswith("Entering phase BUILD\n") for line in lines), lines
    assert any(line.endswith("Phase complete: BUILD State: SUCCEEDED\n") for line in lines)
    kept = f"lines/{place['streamName']}.gz"
    assert place["s3Logs"]["status"] == "ENABLED" and place["s3LogsArn"] == f"arn:aws:s3:::boto-builds/{kept}"
    text = gzip.decompress(s3.get_object(Bucket="boto-builds", Key=kept)["Body"].read()).decode()
    assert [line.rstrip("\n") for line in lines] == text.splitlines()
    archive = s3.get_object(Bucket="boto-builds", Key="shop/v1.zip")["Body"].read()
    assert "index.html" in zipfile.ZipFile(io.BytesIO(archive)).namelist()
    assert done["artifacts"]["location"] == "arn:aws:s3:::boto-builds/shop/v1.zip"

    for wish, status, phase in [("BUILD:FAILED", "FAILED", "BUILD"), ("PROVISIONING:FAULT", "FAULT", "PROVISIONING")]:
        failing = codebuild.start_build(projectName="boto", environmentVariablesOverride=variables(ENDS=wish))["build"]["id"]
        get = lambda: codebuild.batch_get_builds(ids=[failing])["builds"][0]
        until(True, lambda: get()["buildComplete"])
        bad = next(one for one in get()["phases"] if one["phaseStatus"] != "SUCCEEDED")
        assert (get()["buildStatus"], bad["phaseType"], bad["phaseStatus"]) == (status, phase, status)
        assert bad["contexts"][0]["statusCode"] and bad["contexts"][0]["message"]

    running = codebuild.start_build(projectName="boto", environmentVariablesOverride=variables(SECONDS="600"))["build"]["id"]
    get = lambda: codebuild.batch_get_builds(ids=[running])["builds"][0]
    until("BUILD", lambda: get()["currentPhase"])
    stopped = codebuild.stop_build(id=running)["build"]
    assert (stopped["buildStatus"], stopped["phases"][-2]["phaseStatus"]) == ("STOPPED", "STOPPED")
    assert (get()["buildStatus"], get()["buildComplete"]) == ("STOPPED", True)
    refused(codebuild.stop_build, 400, "ResourceNotFoundException", "boto:none", id="boto:none")

    listed = codebuild.list_builds_for_project(projectName="boto")["ids"]
    assert (listed[0], listed[-1], len(listed)) == (running, identifier, 4)
    assert codebuild.list_builds_for_project(projectName="boto", sortOrder="ASCENDING")["ids"] == listed[::-1]
    assert codebuild.list_builds()["ids"] == listed
    assert codebuild.batch_get_builds(ids=[running, "boto:none"])["buildsNotFound"] == ["boto:none"]
    refused(codebuild.start_build, 400, "UnknownOperationException", "with secondarySourcesOverride", projectName="boto", secondarySourcesOverride=[])
    refused(codebuild.start_build_batch, 400, "UnknownOperationException", "does not answer StartBuildBatch", projectName="boto")
    codebuild.delete_project(name="boto")
    codebuild.delete_project(name="boto")
    refused(codebuild.list_builds_for_project, *missing, projectName="boto")
