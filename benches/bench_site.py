#!/usr/bin/env python3
"""A site of many files, published and published again, beside `aws s3 sync`.

    bench_site.py [--files 10000] [--changed 100] [--runs 5] [--json FILE]

Both write into the same embedded cloud, started here on loopback (the program's own: it costs less than the
clients, and both pay for it). A run publishes the site, publishes it unchanged, and publishes it with some
files changed; ours and the peer take turns. Ours is a whole `holdpoint publish --here --wait`: an engine that
starts, plans, records, uploads, deletes and refreshes the distribution. Each command is a line of JSON with
what `procstat.py` tells of it, and how many objects a second had to be written: of the peer in its whole time, of
ours in the step that writes them (`files_s`; the refresh of the distribution after it has no counterpart there).

HOLDPOINT  the program     AWSCLI  the `aws` command; ours alone where it is not set
Needs boto3, for what must be there before: buckets and a hosted zone.
"""
import argparse
import datetime
import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import zipfile

import boto3

import procstat

ESTATE = """
environments:
  bench: {{ class: development, account: "000000000000", aws: {{ region: eu-west-1, endpoint_url: "{endpoint}" }} }}
applications:
  site:
    website:
      domain: example.com
      hosted_zone: {zone}
      buckets: {{ live: bench-live }}
      certificate: arn:aws:acm:us-east-1:000000000000:certificate/00000000-0000-0000-0000-000000000000
    environments: [bench]
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def reachable(port):
    for _ in range(600):
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    sys.exit("the embedded cloud does not answer")


def site(folder, many, seed):
    """Files as a build leaves them: mostly small, some of 200 kB; a name and a size for each."""
    rng = random.Random(seed)
    for n in range(many):
        path = folder / f"part{n % 97:02}" / f"file{n:05}.{rng.choice(['js', 'css', 'html', 'svg', 'json'])}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(rng.randbytes(200_000 if n % 200 == 0 else rng.randrange(400, 8_000)))
    (folder / "index.html").write_text("<h1>site</h1>")


def change(folder, many, seed):
    rng = random.Random(seed)
    for path in rng.sample(sorted(p for p in folder.rglob("*") if p.is_file()), many):
        path.write_bytes(rng.randbytes(3_000))


def archive(folder, to):
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                made.write(path, path.relative_to(folder).as_posix())


def cost(name, command, env):
    told = procstat.measure(command, label=name, env=env)
    if told["rc"] != 0:
        sys.exit(f"{' '.join(command)} ended with {told['rc']}")
    return told


def of_step(program, env, number, step):
    """How long a step of a deployment took, in seconds, to the second."""
    told = json.loads(subprocess.run([program, "show", f"#{number}", "--json"], env=env, capture_output=True, check=True).stdout)
    step = next(one for one in told["steps"] if one["id"] == step)
    ended, began = (datetime.datetime.fromisoformat(step[at]) for at in ("ended_at", "started_at"))
    # Told in whole seconds.
    return max((ended - began).total_seconds(), 0.5)


def main():
    asked = argparse.ArgumentParser()
    asked.add_argument("--files", type=int, default=10_000)
    asked.add_argument("--changed", type=int, default=100)
    asked.add_argument("--runs", type=int, default=5)
    asked.add_argument("--json")
    asked = asked.parse_args()
    program, aws = os.environ["HOLDPOINT"], os.environ.get("AWSCLI")
    work = pathlib.Path(tempfile.mkdtemp(prefix="bench-site-"))
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "HOLDPOINT_"))}
    cloud = subprocess.Popen(
        [program, "sandbox", "--story", "empty", "--listen", f"127.0.0.1:{port}", "--state", str(work / "world")],
        env=plain, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        reachable(port)
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "eu-west-1", "endpoint_url": endpoint}
        s3 = boto3.client("s3", **keys)
        for bucket in ("bench-live", "bench-peer"):
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        zone = boto3.client("route53", **keys).create_hosted_zone(Name="example.com", CallerReference="bench")
        zone = zone["HostedZone"]["Id"].rsplit("/", 1)[1]
        estate = work / "holdpoint.yaml"
        estate.write_text(ESTATE.format(endpoint=endpoint, zone=zone))
        ours = dict(plain, HOLDPOINT_HOME=str(work / "home"), HOLDPOINT_ESTATE=str(estate))
        theirs = dict(plain, AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_REGION="eu-west-1", AWS_ENDPOINT_URL=endpoint)
        subprocess.run([program, "deploy", "bench/site", "--here", "--wait"], env=ours, check=True)
        version = 0
        for run in range(asked.runs):
            folder = work / f"files{run}"
            site(folder, asked.files, run)
            for what in ("new", "unchanged", "changed"):
                if what == "changed":
                    change(folder, asked.changed, run)
                version += 1
                zipped = work / "site.zip"
                archive(folder, zipped)
                size = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
                moved = asked.changed if what == "changed" else asked.files + 1
                commands = [("ours", [program, "publish", "bench/site", str(zipped), "--version", str(version), "--here", "--wait"], ours)]
                if aws:
                    commands.append(("aws s3 sync", [aws, "s3", "sync", "--delete", "--only-show-errors", str(folder), "s3://bench-peer/"], theirs))
                for name, command, env in commands if run % 2 == 0 else reversed(commands):
                    told = cost(name, command, env)
                    line = {"what": what, "files": asked.files + 1, "bytes": size, "run": run,
                            "load1": os.getloadavg()[0], **told}
                    if name == "ours":
                        # The first deployment provisioned the site.
                        line["files_s"] = of_step(program, ours, version + 1, "files")
                    line["objects_per_s"] = round(moved / line.get("files_s", told["wall_s"]))
                    print(json.dumps(line), flush=True)
                    if asked.json:
                        with open(asked.json, "a") as out:
                            out.write(json.dumps(line) + "\n")
            shutil.rmtree(folder)
    finally:
        cloud.terminate()
        cloud.wait()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
