#!/usr/bin/env python3
"""The rules a machine can check: who includes whom, sizes, vendor headers, words."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILE_LINES, FUNCTION_LINES, LINE_LENGTH = 400, 70, 100
STAGES = ("capture", "transform", "stream", "sinks")
PORTS = {
    "capture/change_source.hpp", "capture/root_reader.hpp", "stream/event_log.hpp",
    "sinks/document_sink.hpp", "sinks/retry_policy.hpp",
}
VENDOR = {
    "mysql": ("capture/mysql/",), "mariadb": ("capture/mysql/",),
    "librdkafka": ("stream/kafka/",), "rocksdb": ("transform/state/", "stream/embedded/"),
    "sqlite3": ("sinks/sqlite/",), "curl": ("sinks/elasticsearch/",),
    "yaml-cpp": ("config/",), "httplib": ("app/",), "CLI": ("app/",),
}
BANNED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def tracked(patterns):
    out = subprocess.run(["git", "-C", str(ROOT), "ls-files", "--", *patterns],
                         check=True, capture_output=True, text=True).stdout
    return [pathlib.Path(line) for line in out.splitlines() if (ROOT / line).exists()]


def allowed_include(source, target):
    """May a file of ours at `source` include `target` (both below the root)?"""
    top, other = source.split("/")[0], target.split("/")[0]
    if top in ("app", "tests") or other in ("core", top):
        return other != "app" or top in ("app", "tests")
    if top == "core":
        return False
    if top == "config":
        return other in STAGES
    if top == "engine":
        return other == "transform" or target in PORTS
    return False  # a stage includes core and itself only


def check_includes(path, text, problems):
    for number, line in enumerate(text.splitlines(), 1):
        ours = re.match(r'#include "([^"]+)"', line)
        if ours and not allowed_include(str(path), ours.group(1)):
            problems.append(f"{path}:{number}: must not include {ours.group(1)} (ARCHITECTURE.md)")
        vendor = re.match(r"#include <([^/>.]+)", line)
        if vendor and vendor.group(1) in VENDOR and not str(path).startswith(
                VENDOR[vendor.group(1)] + ("tests/",)):
            problems.append(f"{path}:{number}: <{vendor.group(1)}…> belongs to {VENDOR[vendor.group(1)]}")


def check_sizes(path, text, problems):
    lines = text.splitlines()
    if len(lines) > FILE_LINES:
        problems.append(f"{path}: {len(lines)} lines; which second thing does it do?")
    began = None
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_LENGTH:
            problems.append(f"{path}:{number}: {len(line)} characters")
        if began is None and re.match(r"^\S.*\)( const| noexcept| override)*( ->.*)? \{$", line) \
                and not line.startswith(("namespace", "struct", "class")):
            began = number
        if line == "}" and began is not None:
            if number - began > FUNCTION_LINES:
                problems.append(f"{path}:{began}: function of {number - began} lines")
            began = None


def main():
    problems = []
    for path in tracked(["*.cpp", "*.hpp"]):
        text = (ROOT / path).read_text(encoding="utf-8")
        check_includes(path, text, problems)
        check_sizes(path, text, problems)
        if path.suffix == ".hpp":
            if "#pragma once" not in text:
                problems.append(f"{path}: no #pragma once")
            if not text.startswith("//"):
                problems.append(f"{path}: a header opens with what it is")
        for number, line in enumerate(text.splitlines(), 1):
            if BANNED.search(line):
                problems.append(f"{path}:{number}: unfinished by its own words")
    for path in tracked(["*.py", "*.sh", "*.cmake", "*CMakeLists.txt"]):
        if len((ROOT / path).read_text(encoding="utf-8").splitlines()) > FILE_LINES:
            problems.append(f"{path}: over {FILE_LINES} lines")
    print("\n".join(problems))
    print(f"{len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
