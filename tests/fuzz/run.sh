#!/usr/bin/env bash
# Runs one fuzz target and keeps what it finds.
#
#   run.sh BUILD TARGET SECONDS [OPTION…]
#
# BUILD is the folder of the programs (build/fuzz/tests/fuzz). Inputs: BUILD/seeds, made from the golden files, and
# regressions/ beside this script; what is new goes to BUILD/corpus/TARGET. An input that breaks the target is left in
# BUILD/findings/TARGET: fix it, then put it into regressions/TARGET. Limits: 256 MB of memory, ten seconds for an input.
set -euo pipefail

build="${1:?the folder of the programs}" target="${2:?a target}" seconds="${3:?seconds}"
shift 3
here=$(cd "$(dirname "$0")" && pwd)
corpus="$build/corpus/$target"
findings="$build/findings/$target"
mkdir -p "$corpus" "$findings"

inputs=("$corpus" "$build/seeds/$target")
if [[ -d $here/regressions/$target ]]; then inputs+=("$here/regressions/$target"); fi
options=(-max_total_time="$seconds" -rss_limit_mb=256 -timeout=10 -max_len=16384 -print_final_stats=1)
if [[ -e $build/seeds/$target.dict ]]; then options+=(-dict="$build/seeds/$target.dict"); fi

# Freed memory that ASan holds back counts as memory here.
export ASAN_OPTIONS="quarantine_size_mb=16:${ASAN_OPTIONS:-}"
export UBSAN_OPTIONS="print_stacktrace=1:${UBSAN_OPTIONS:-}"
"$build/${target}_fuzz" "${options[@]}" -artifact_prefix="$findings/" "$@" "${inputs[@]}" || {
  status=$?
  echo "run.sh: $target found something; its input is in $findings" >&2
  exit "$status"
}
