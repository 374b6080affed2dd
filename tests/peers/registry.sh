#!/usr/bin/env bash
# registry.sh FOLDER PORT: a registry of images on loopback, which keeps what it has in FOLDER and knows one person (parts, hunter2push).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cat >"$1/registry.yml" <<EOF
version: 0.1
log: { level: warn }
storage: { filesystem: { rootdirectory: $1/images }, delete: { enabled: true } }
http: { addr: 127.0.0.1:$2 }
auth: { htpasswd: { realm: parts, path: $here/registry.htpasswd } }
EOF
exec docker-registry serve "$1/registry.yml"
