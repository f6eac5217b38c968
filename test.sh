#!/usr/bin/env bash
# Builds and runs the tests.
#
#   ./test.sh              everything: Release with real servers, ASan+UBSan without them, and the
#                          fuzz targets (clang) for 20 seconds each
#   ./test.sh --unit       only the fast ones (labels unit, golden, fuzz, style); no servers
#   ./test.sh -R REGEX     only tests whose name matches
set -euo pipefail
cd "$(dirname "$0")"

unit=no regex=''
while [[ $# -gt 0 ]]; do
  case "$1" in
    --unit) unit=yes ;;
    -R) regex="${2:?-R needs a regular expression}"; shift ;;
    -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
    *) echo "test.sh: unknown option '$1' (see --help)" >&2; exit 2 ;;
  esac
  shift
done

fast_labels='^(unit|golden|fuzz|style)$'
jobs=$(nproc)
failed=()
results=build/test-results
mkdir -p "$results"

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }

# build PRESET TARGET...: configures and builds; one failure ends everything.
build() {
  local preset="$1"
  shift
  say "Building $preset"
  cmake --preset "$preset" >"$results/$preset.configure.log" 2>&1 ||
    { cat "$results/$preset.configure.log" >&2; echo "test.sh: configuring $preset failed" >&2; exit 1; }
  cmake --build --preset "$preset" "$@" || { echo "test.sh: building $preset failed" >&2; exit 1; }
}

# check PRESET CTEST-OPTION...: runs tests and goes on when some fail.
check() {
  local preset="$1"
  shift
  local options=(--output-on-failure --parallel "$jobs" --output-junit "$PWD/$results/$preset.xml")
  # A name that only one of the builds knows is no failure of the other.
  if [[ -n $regex ]]; then options+=(-R "$regex" --no-tests=ignore); else options+=(--no-tests=error); fi
  say "Testing $preset"
  ctest --test-dir "build/$preset" "${options[@]}" "$@" 2>&1 | tee "$results/$preset.log" || failed+=("$preset")
}

say "Packages"
tools/install-packages.sh test
echo "All there."

# Servers of the tests are started and stopped by ctest (tests/CMakeLists.txt); this is the safety net.
export TAILRACE_STACK_DIR="$PWD/build/release/stack"
# A busy machine starts servers slowly.
export TAILRACE_STACK_PATIENCE="${TAILRACE_STACK_PATIENCE:-2}"
trap 'tests/stack/stack down >/dev/null || true' EXIT

if [[ $unit == yes ]]; then
  build release --target fast_tests
  check release -L "$fast_labels"
else
  build release
  check release
fi
build dev --target fast_tests
check dev -L "$fast_labels"
if [[ $unit == no ]]; then
  build fuzz --target fuzz_targets
  check fuzz -L '^fuzz$'
fi

say "Summary"
for log in "$results"/{release,dev,fuzz}.log; do
  [[ -e $log ]] || continue
  preset=$(basename "$log" .log)
  grep -E 'tests passed|No tests were found' "$log" | sed "s/^/$preset: /" || true
  sed -n '/^The following tests FAILED/,/^Errors while/p' "$log" | sed '/^Errors while/d'
done
if [[ ${#failed[@]} -gt 0 ]]; then
  echo "test.sh: failed in ${failed[*]}"
  exit 1
fi
echo "test.sh: all tests passed"
