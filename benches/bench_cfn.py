#!/usr/bin/env python3
"""Deploy N tiny CloudFormation stacks in a DAG, with each tool a user would
pick, against one local moto, and report wall, CPU, memory and API calls.

    bench_cfn.py --stacks 20 --width 10 --stack-seconds 0 --peer sceptre ...

The DAG has layers of --width stacks; a stack needs two stacks of the layer
before (its own column and the next). Every stack is one SSM parameter.
--stack-seconds makes a stack take that long at the provider (see mock_aws.py).

Peers: floor (keep-alive client that knows the answer: the least any tool
could do), awscli-loop (one `aws cloudformation deploy` after another),
awscli-xargs (a layer at a time, --width processes), sceptre, cdk, and ours.

Tools are found through the environment: HOLDPOINT, AWSCLI, SCEPTRE, CDK,
CDK_LIB (node_modules with aws-cdk-lib); MOTO_PYTHON runs mock_aws.py.
Results: one JSON line per run on stdout, and appended to --json.
"""
import argparse
import http.client
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from procstat import measure  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
TEMPLATE = """AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Name: {Type: String}
Resources:
  P:
    Type: AWS::SSM::Parameter
    Properties: {Type: String, Name: !Sub "/bench/${Name}", Value: v}
Outputs:
  Out: {Value: !Ref P}
"""


def dag(n, width):
    """[(name, [names it needs])], layer by layer."""
    out = []
    for i in range(n):
        layer, col = divmod(i, width)
        needs = []
        if layer:
            base = (layer - 1) * width
            needs = sorted({f"s{base + col:03d}", f"s{base + (col + 1) % width:03d}"})
        out.append((f"s{i:03d}", needs))
    return out


def env_for(port):
    e = dict(os.environ)
    e.update(AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing",
             AWS_DEFAULT_REGION="us-east-1", AWS_REGION="us-east-1",
             AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}", AWS_PAGER="",
             AWS_EC2_METADATA_DISABLED="true", CI="1",
             AWS_SDK_LOAD_CONFIG="0", CDK_DISABLE_VERSION_CHECK="1",
             CDK_DISABLE_CLI_TELEMETRY="true", PYTHONWARNINGS="ignore")
    return e


# -- one project per peer ---------------------------------------------------
def make_awscli(d, nodes, width, jobs):
    (d / "t.yaml").write_text(TEMPLATE)
    aws = os.environ.get("AWSCLI", "aws")
    one = (f"{aws} cloudformation deploy --template-file {d}/t.yaml --stack-name @ "
           "--parameter-overrides Name=@")
    lines = ["set -e"]
    for k in range(0, len(nodes), width):
        names = " ".join(n for n, _ in nodes[k:k + width])
        lines.append(f"printf '%s\\n' {names} | xargs -P {jobs} -I@ {one}")
    (d / "run.sh").write_text("\n".join(lines) + "\n")
    return ["bash", str(d / "run.sh")]


def make_sceptre(d, nodes):
    (d / "config/dev").mkdir(parents=True)
    (d / "templates").mkdir()
    (d / "templates/t.yaml").write_text(TEMPLATE)
    (d / "config/config.yaml").write_text("project_code: bench\nregion: us-east-1\n")
    for name, needs in nodes:
        text = f"template: {{path: t.yaml, type: file}}\nparameters: {{Name: {name}}}\n"
        if needs:
            text += "dependencies:\n" + "".join(f"  - dev/{x}.yaml\n" for x in needs)
        (d / f"config/dev/{name}.yaml").write_text(text)
    return [os.environ.get("SCEPTRE", "sceptre"), "--dir", str(d), "launch", "-y", "dev"]


def make_cdk(d, nodes, width):
    # direct: moto finds a change set by its name alone, and cdk gives every
    # stack the same one, so by change sets it would make one stack a layer.
    libs = os.environ.get("CDK_LIB", "node_modules")
    os.symlink(os.path.abspath(libs), d / "node_modules")
    js = ["const {App,Stack,LegacyStackSynthesizer}=require('aws-cdk-lib');",
          "const ssm=require('aws-cdk-lib/aws-ssm');",
          "const app=new App({analyticsReporting:false});const s={};"]
    for name, needs in nodes:
        js.append(f"s.{name}=new Stack(app,'{name}',{{synthesizer:new LegacyStackSynthesizer()}});"
                  f"new ssm.CfnParameter(s.{name},'P',{{type:'String',name:'/bench/{name}',value:'v'}});")
        for x in needs:
            js.append(f"s.{name}.addDependency(s.{x});")
    (d / "app.js").write_text("\n".join(js))
    (d / "cdk.json").write_text(json.dumps({"app": "node app.js"}))
    cdk = os.environ.get("CDK", "cdk")
    return ["bash", "-c", f"cd {d} && {cdk} deploy --all --concurrency {width} "
            "--require-approval never --no-notices --progress events --method=direct"]


def make_ours(d, nodes):
    """Our estate: one development environment, an application a stack, its needs as depends_on."""
    (d / "t.yaml").write_text(TEMPLATE)
    text = ("environments:\n  bench: { class: development, aws: { region: us-east-1, "
            f"endpoint_url: \"{os.environ['BENCH_ENDPOINT']}\" }} }}\napplications:\n")
    for name, needs in nodes:
        after = f", depends_on: [{', '.join(needs)}]" if needs else ""
        text += (f"  {name}: {{ service: {{ template: t.yaml, stack_name: {name}, "
                 f"parameters: {{ Name: {name} }} }}, environments: [bench]{after} }}\n")
    (d / "holdpoint.yaml").write_text(text)
    return [os.environ.get("HOLDPOINT", "holdpoint"), "--estate", str(d / "holdpoint.yaml"),
            "--home", str(d / "home"), "deploy", "--all", "bench", "--here", "--wait"]


# -- the floor --------------------------------------------------------------
def floor(port, nodes, width):
    """Create, then ask each 50 ms until complete; all that is ready runs."""
    local = threading.local()

    def call(**form):
        if not hasattr(local, "c"):
            local.c = http.client.HTTPConnection("127.0.0.1", port)
        body = urllib.parse.urlencode({"Version": "2010-05-15", **form})
        local.c.request("POST", "/", body, {
            "Content-Type": "application/x-www-form-urlencoded", "Host": f"127.0.0.1:{port}",
            "Authorization": "AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/"
            "cloudformation/aws4_request, SignedHeaders=host, Signature=x"})
        r = local.c.getresponse()
        data = r.read()
        assert r.status == 200, data[:300]
        return data

    def one(name):
        call(Action="CreateStack", StackName=name, TemplateBody=TEMPLATE,
             **{"Parameters.member.1.ParameterKey": "Name",
                "Parameters.member.1.ParameterValue": name})
        while b"CREATE_COMPLETE" not in call(Action="DescribeStacks", StackName=name):
            time.sleep(0.05)
        return name

    t0, c0 = time.perf_counter(), time.process_time()
    waits = {n: set(needs) for n, needs in nodes}
    from concurrent.futures import FIRST_COMPLETED, wait
    with ThreadPoolExecutor(width) as pool:
        running = set()
        while waits or running:
            for n in [n for n, w in waits.items() if not w]:
                del waits[n]
                running.add(pool.submit(one, n))
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for f in done:
                for w in waits.values():
                    w.discard(f.result())
    return {"label": "floor", "rc": 0, "wall_s": round(time.perf_counter() - t0, 3),
            "cpu_s": round(time.process_time() - c0, 3)}


def fetch(port, path, method="GET"):
    req = urllib.request.Request(f"http://127.0.0.1:{port}/__bench/{path}", method=method)
    return json.load(urllib.request.urlopen(req, timeout=60))


def main():
    ap = argparse.ArgumentParser(description="See the head of this file.")
    ap.add_argument("--stacks", type=int, default=20)
    ap.add_argument("--width", type=int, default=10)
    ap.add_argument("--stack-seconds", type=float, default=0)
    ap.add_argument("--latency-ms", type=float, default=0)
    ap.add_argument("--port", type=int, default=5600)
    ap.add_argument("--timeout", type=float, default=900)
    ap.add_argument("--peer", action="append", required=True)
    ap.add_argument("--runs", type=int, default=1, help="each peer in turn, this often")
    ap.add_argument("--json")
    ap.add_argument("--loud", action="store_true")
    a = ap.parse_args()
    nodes = dag(a.stacks, a.width)
    server = subprocess.Popen(
        [os.environ.get("MOTO_PYTHON", sys.executable), str(HERE / "mock_aws.py"),
         "--port", str(a.port), "--stack-seconds", str(a.stack_seconds),
         "--latency-ms", str(a.latency_ms)], stdout=subprocess.PIPE, text=True)
    server.stdout.readline()
    try:
        # moto loads a service on its first use: do that before the clock.
        floor(a.port, dag(2, 2), 2)
        for peer in a.peer * a.runs:
            fetch(a.port, "reset", "POST")
            d = pathlib.Path(tempfile.mkdtemp(prefix=f"bench-{peer}-"))
            env = env_for(a.port)
            if peer == "floor":
                r = floor(a.port, nodes, a.width)
            else:
                if peer == "awscli-loop":
                    cmd = make_awscli(d, nodes, a.width, 1)
                elif peer == "awscli-xargs":
                    cmd = make_awscli(d, nodes, a.width, a.width)
                elif peer == "sceptre":
                    cmd = make_sceptre(d, nodes)
                elif peer == "cdk":
                    cmd = make_cdk(d, nodes, a.width)
                elif peer == "ours":
                    os.environ["BENCH_ENDPOINT"] = f"http://127.0.0.1:{a.port}"
                    cmd = make_ours(d, nodes)
                else:
                    ap.error(f"no such peer: {peer}")
                r = measure(cmd, peer, a.timeout, env=env, quiet=not a.loud, cwd=d)
            c = fetch(a.port, "counts")
            made = json.loads(urllib.request.urlopen(
                f"http://127.0.0.1:{a.port}/__bench/stacks").read()).get("stacks")
            r.update(peer=peer, stacks=a.stacks, width=a.width,
                     stack_seconds=a.stack_seconds, latency_ms=a.latency_ms,
                     made=made, calls=c["total"], by_action=c["by_action"],
                     peak_in_flight=c["peak_in_flight"], server_busy_s=c["server_busy_s"],
                     load1=round(os.getloadavg()[0], 1))
            line = json.dumps(r)
            print(line, flush=True)
            if a.json:
                with open(a.json, "a") as f:
                    f.write(line + "\n")
            shutil.rmtree(d, ignore_errors=True)
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
