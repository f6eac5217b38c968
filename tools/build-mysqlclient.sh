#!/usr/bin/env bash
# Builds Oracle's client library, which Debian 12 does not have, from the sources that the crate
# mysqlclient-src carries. For trying capture/mysql/backend_mysqlclient.cpp; some minutes on one core.
#
#   tools/build-mysqlclient.sh DIR      outside the repository
#   cmake --preset release -B build/mysqlclient -DTAILRACE_MYSQLCLIENT=DIR
#
# DIR gets include/ and lib/libmysqlclient.a. Needs cargo, which fetches the crate, besides what
# tools/install-packages.sh build installs.
set -euo pipefail

version=0.2.2 # the client of MySQL 9.5.0

die() {
  echo "build-mysqlclient.sh: $*" >&2
  exit 1
}

[[ $# -eq 1 ]] || { sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 2; }
command -v cargo >/dev/null || die "cargo is not there: install Rust's cargo, which fetches the sources"
mkdir -p "$1"
target=$(cd "$1" && pwd)
if [[ -e $target/lib/libmysqlclient.a ]]; then
  echo "$target/lib/libmysqlclient.a is there"
  exit 0
fi

# A crate of its own, only so that cargo fetches the other.
crate=$target/crate
rm -rf "$crate"
mkdir -p "$crate/src"
touch "$crate/src/lib.rs"
printf '[package]\nname = "sources"\nversion = "0.0.0"\n[dependencies]\nmysqlclient-src = "=%s"\n' \
  "$version" >"$crate/Cargo.toml"
cargo fetch --quiet --manifest-path "$crate/Cargo.toml" || die "fetching the crate mysqlclient-src failed"
sources=$(cargo metadata --offline --format-version 1 --manifest-path "$crate/Cargo.toml" | python3 -c '
import json, os, sys
print(next(os.path.dirname(p["manifest_path"]) for p in json.load(sys.stdin)["packages"]
           if p["name"] == "mysqlclient-src"))')

build=$target/build
log=$target/build.log
echo "Building $sources; the log is $log"
cmake -S "$sources/source" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DWITHOUT_SERVER=ON \
  -DWITH_EDITLINE=bundled -DWITH_ZLIB=system -DWITH_ZSTD=system -DWITH_UNIT_TESTS=OFF \
  >"$log" 2>&1 || { tail -n 20 "$log" >&2; die "configuring failed"; }
cmake --build "$build" --target mysqlclient GenError >>"$log" 2>&1 ||
  { tail -n 20 "$log" >&2; die "building failed"; }

mkdir -p "$target/include" "$target/lib"
cp -r "$sources/source/include/." "$target/include/"
cp -r "$build/include/." "$target/include/"
cp "$build/archive_output_directory/libmysqlclient.a" "$target/lib/"
rm -rf "$build" "$crate"
echo "Built $target/lib/libmysqlclient.a"
