#!/usr/bin/env python3
"""How long a graph of nodes takes beside its longest chain.

    benches/bench_graph.py [HOLDPOINT] [NODES] [WORKERS]

Deploys a configuration of MACH composer whose nodes need each other, with a stand-in for Terraform that
takes a time of its own for each node. A node can be done no sooner than the chain of nodes that leads to
it: told are the time of all, that of the longest chain, and that of a run in batches by depth, where each
batch waits for the slowest node of the one before it. The work of a node is what it takes to plan and
to apply it; what the program takes around that (generate, init, validate, plan, one process each) is measured
first, on the site and one node alone.
"""

import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

program = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "target/release/holdpoint")
nodes = int(sys.argv[2]) if len(sys.argv) > 2 else 60
workers = int(sys.argv[3]) if len(sys.argv) > 3 else nodes

STAND_IN = """#!/bin/sh
node=$(basename "$PWD")
case "$1" in
  init) mkdir -p .terraform; exit 0 ;;
  plan)
    for word in "$@"; do case "$word" in -out=*) echo plan > "${word#-out=}" ;; esac; done
    exit 2 ;;
  show) echo '{"resource_changes":[{"address":"a.b","mode":"managed","type":"a","change":{"actions":["create"]}}]}' ;;
  state) echo '{"lineage":"one","serial":1}' ;;
  apply) sleep "$(cat "$TIMES/$node" 2>/dev/null || echo 0)" ;;
esac
"""


def deployed(folder, seconds, needs):
    """The time of a deployment of nodes that need others, by their names."""
    bin_, times = folder / "bin", folder / "times"
    bin_.mkdir(parents=True)
    times.mkdir()
    (bin_ / "terraform").write_text(STAND_IN)
    (bin_ / "terraform").chmod(0o755)
    for name, takes in seconds.items():
        (times / name).write_text(str(takes))
    (folder / "holdpoint.yaml").write_text(
        "environments: { dev: { class: development } }\n"
        f"applications: {{ big: {{ mach: {{ config: main.yml, workers: {workers}, env: {{ TIMES: {times} }} }}, environments: [dev] }} }}\n"
    )
    lines = [
        "mach_composer: { version: 1, deployment: { type: site-component } }",
        "global: { environment: dev, cloud: aws, terraform_config: { remote_state: { plugin: local } } }",
        "sites:",
        "  - identifier: shop",
        "    components:",
    ]
    for name in seconds:
        lines.append(f"      - {{ name: {name}, depends_on: [{', '.join(needs[name])}] }}")
    lines.append("components:")
    for name in seconds:
        lines.append(f'  - {{ name: {name}, source: "git::https://git.example.com/{name}.git", version: v1, integrations: [] }}')
    (folder / "main.yml").write_text("\n".join(lines) + "\n")
    env = {"HOME": str(folder), "PATH": f"{bin_}:{os.environ['PATH']}"}
    words = ["--home", str(folder / "home"), "--estate", str(folder / "holdpoint.yaml")]
    subprocess.run([program, "apply", *words], cwd=folder, env=env, check=True, stdout=subprocess.DEVNULL)
    begun = time.perf_counter()
    said = subprocess.run(
        [program, "deploy", "dev/big", "--auto-approve", "--here", "--wait", *words],
        cwd=folder, env=env, capture_output=True, text=True,
    )
    # The engine that `apply` started has done the work, and is not needed any more.
    subprocess.run(["pkill", "-f", str(folder / "home")])
    if said.returncode:
        sys.exit(said.stdout + said.stderr)
    return time.perf_counter() - begun


dice = random.Random(60)
names = [f"n{n}" for n in range(nodes)]
seconds = {name: round(dice.uniform(1, 8), 1) for name in names}
needs = {name: sorted(dice.sample(names[max(0, n - 12) : n], min(n, dice.randint(1, 2)))) if n >= 6 else [] for n, name in enumerate(names)}
with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    around = deployed(folder / "one", {"n0": 0}, {"n0": []})
    end, depth, long = {}, {}, {}
    for one in names:
        end[one] = seconds[one] + max((end[other] for other in needs[one]), default=0)
        depth[one] = 1 + max((depth[other] for other in needs[one]), default=0)
    slowest = max(names, key=lambda one: end[one])
    batches = sum(max(seconds[one] for one in names if depth[one] == level) for level in range(1, max(depth.values()) + 1))
    took = deployed(folder / "all", seconds, needs)
    chain = end[slowest]
    print(f"{nodes} nodes, {max(depth.values())} deep, {workers} workers; site and one node of no work: {around:.1f} s")
    print(f"longest chain {chain:.1f} s of work, {depth[slowest]} nodes; batches by depth {batches:.1f} s; all work {sum(seconds.values()):.0f} s")
    own = chain + around * (depth[slowest] + 1) / 2
    print(f"took {took:.1f} s: {took / chain:.2f} of that work, {took / own:.2f} of the chain with what is around each node of it; {took / batches:.2f} of the batches")
