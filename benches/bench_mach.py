#!/usr/bin/env python3
"""What it takes to make the Terraform of many sites, and to find that nothing changed.

    benches/bench_mach.py [HOLDPOINT] [SITES] [COMPONENTS]

Writes an estate with one configuration of MACH composer, renders it twice, and tells the time of
each and how many files were written.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

program = sys.argv[1] if len(sys.argv) > 1 else "target/release/holdpoint"
sites = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
components = int(sys.argv[3]) if len(sys.argv) > 3 else 9


def written(folder):
    """When each file below a folder was written."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*.tf")}


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    (folder / "holdpoint.yaml").write_text(
        "environments: { dev: { class: development } }\n"
        "applications: { big: { mach: { config: main.yml }, environments: [dev] } }\n"
    )
    lines = [
        "mach_composer: { version: 1, deployment: { type: site-component } }",
        "global:",
        "  environment: dev",
        "  cloud: aws",
        "  terraform_config: { remote_state: { plugin: local, path: /states } }",
        "sites:",
    ]
    for site in range(sites):
        lines += [f"  - identifier: site-{site}", "    components:"]
        for one in range(components):
            queue = f', queue: "${{component.c{one - 1}.queue}}"' if one else ""
            lines.append(f'      - {{ name: c{one}, variables: {{ site: "{site}"{queue} }}, secrets: {{ token: t{one} }} }}')
    lines.append("components:")
    for one in range(components):
        lines.append(f"  - {{ name: c{one}, source: ./modules/c, version: v{one}, integrations: [] }}")
    (folder / "main.yml").write_text("\n".join(lines) + "\n")
    module = folder / "modules" / "c"
    module.mkdir(parents=True)
    (module / "main.tf").write_text('output "queue" { value = 1 }\n')
    out = folder / "out"
    env = {"HOME": name, "PATH": os.environ["PATH"]}
    before = {}
    for turn in ("first", "second"):
        begun = time.perf_counter()
        subprocess.run(
            [os.path.abspath(program), "render", "dev/big", "--out", str(out), "--estate", "holdpoint.yaml"],
            cwd=folder, env=env, check=True, stdout=subprocess.DEVNULL,
        )
        took = time.perf_counter() - begun
        after = written(out)
        new = sum(before.get(path) != at for path, at in after.items())
        print(f"{turn}: {took:.2f} s, {len(after)} files, {new} of them written")
        before = after
