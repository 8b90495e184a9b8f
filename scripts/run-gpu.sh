#!/bin/sh
# Verifies and measures rsqrt on a GPU machine, from what scripts/pack-gpu.mjs packed; it lies
# beside the archive as run.sh.
#
#   ./run.sh test|bench|all [OPTION...]
#
# test: all bit patterns against the CPU, compute-sanitizer where that is installed, and the suites.
# bench: against torch and bare copies. Options go to scripts/test-gpu.mjs or bench/gpu.mjs; all
# takes none.
#
# Needs the NVIDIA driver and Node, or the Node packed with --node; for ratios to torch a Python
# with torch: python3, or the one that RSQRT_BENCH_PYTHON names. Results go to $OUT, or ./results,
# as they come. Unpacks into $UNPACK_TO, or a temporary folder, which is removed.
set -eu

fail() {
  echo "run.sh: $1" >&2
  exit 2
}

what=${1:-}
case $what in
  test | bench | all) shift ;;
  *) fail "say what to run: test, bench or all; received '$what'" ;;
esac
if [ "$what" = all ] && [ $# -gt 0 ]; then fail "all takes no options; received '$*'"; fi

pack=$(cd "$(dirname "$0")" && pwd)
archive=$(find "$pack" -maxdepth 1 -name 'rsqrt.tar.*' | head -n 1)
[ -n "$archive" ] || fail "rsqrt.tar.xz is missing beside run.sh"

results=${OUT:-./results}
mkdir -p "$results"
results=$(cd "$results" && pwd)
folder=${UNPACK_TO:-}
temporary=
if [ -z "$folder" ]; then
  folder=$(mktemp -d)
  temporary=$folder
fi
mkdir -p "$folder"

finish() {
  if [ -n "$temporary" ]; then rm -rf "$temporary"; fi
}
trap finish EXIT
trap 'exit 130' INT TERM

# Where xz is missing, Python unpacks.
if command -v xz >/dev/null; then
  tar -xf "$archive" -C "$folder"
elif command -v python3 >/dev/null; then
  python3 -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])' "$archive" "$folder"
else
  fail "unpacking needs xz or python3, and neither is there"
fi

node=$(command -v node || true)
if [ -f "$pack/node.xz" ]; then
  node=$folder/node
  if command -v xz >/dev/null; then
    xz -dc "$pack/node.xz" >"$node"
  else
    python3 -c 'import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.argv[1]), open(sys.argv[2], "wb"))' \
      "$pack/node.xz" "$node"
  fi
  chmod +x "$node"
fi
[ -n "$node" ] || fail "there is no Node: install it, or pack it with 'npm run pack:gpu -- --node'"

# Runs a script and keeps what it prints. The exit code goes through a file, as that of a pipe is
# tee's.
run() {
  name=$1
  shift
  code=$folder/$name.code
  { "$node" "$@" 2>&1 || echo $? >"$code"; } | tee "$results/$name.log"
  [ ! -f "$code" ] || status=$(cat "$code")
}

status=0
cd "$folder"
ln -sfn "$results" bench/results # results are there even if the run is stopped
case $what in test | all) run test scripts/test-gpu.mjs --results "$results" "$@" ;; esac
case $what in bench | all) run bench bench/gpu.mjs "$@" ;; esac
exit "$status"
