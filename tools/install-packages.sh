#!/usr/bin/env bash
# Installs the Debian packages that a level needs; fast when they are all there.
#
#   tools/install-packages.sh LEVEL...
#     build        compile the program and its tests
#     demo         build, and what demo.sh runs
#     demo-kafka   demo, and what Kafka and Elasticsearch run on
#     test         everything that test.sh runs
set -euo pipefail

BUILD=(
  g++ cmake ninja-build ccache mold pkg-config
  libfmt-dev libspdlog-dev libcli11-dev libyaml-cpp-dev rapidjson-dev librdkafka-dev
  libcurl4-openssl-dev librocksdb-dev libjemalloc-dev libsqlite3-dev libzstd-dev libssl-dev
  zlib1g-dev libre2-dev libxxhash-dev libdeflate-dev libexpected-dev prometheus-cpp-dev
  libcpp-httplib-dev libmariadb-dev
  libgtest-dev libgmock-dev libbenchmark-dev
)
DEMO=(python3 python3-pymysql python3-cryptography util-linux)
JAVA=(openjdk-17-jre-headless maven kcat)
TEST=(sqlite3 curl python3-yaml clang-format-14 clang-16 libclang-rt-16-dev valgrind)

die() {
  echo "install-packages.sh: $*" >&2
  exit 1
}

packages=()
for level in "$@"; do
  case "$level" in
    build) packages+=("${BUILD[@]}") ;;
    demo) packages+=("${BUILD[@]}" "${DEMO[@]}") ;;
    demo-kafka) packages+=("${BUILD[@]}" "${DEMO[@]}" "${JAVA[@]}") ;;
    test) packages+=("${BUILD[@]}" "${DEMO[@]}" "${JAVA[@]}" "${TEST[@]}") ;;
    *) die "unknown level '$level': write build, demo, demo-kafka or test" ;;
  esac
done
[[ ${#packages[@]} -gt 0 ]] || die "write a level: build, demo, demo-kafka or test"

command -v dpkg-query >/dev/null ||
  die "this needs Debian's package tools; elsewhere install the same libraries by hand: ${packages[*]}"

installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${packages[@]}" 2>/dev/null || true)
missing=()
for package in "${packages[@]}"; do
  grep -qx "installed $package" <<<"$installed" || missing+=("$package")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

as_root=()
if [[ $(id -u) -ne 0 ]]; then
  command -v sudo >/dev/null || die "run as root: apt-get install ${missing[*]}"
  as_root=(sudo)
fi

apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
    -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 "$@"
}

echo "Installing ${#missing[@]} Debian packages: ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! apt update >"$log" 2>&1; then
  tail -n 5 "$log" >&2
  die "apt-get update failed: check the network and the apt sources, then try again"
fi
if ! apt install --no-install-recommends "${missing[@]}" >"$log" 2>&1; then
  grep '^E:' "$log" >&2 || tail -n 15 "$log" >&2
  die "installing packages failed: check the network and the apt sources (Debian 12 is needed), then try again"
fi
