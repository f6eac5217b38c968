#!/usr/bin/env python3
"""How many instructions does reading take? A gate that the noise of a machine does not touch.

  instructions.py                 compares with tests/bench/instructions.json, exit 1 beyond ±2 %
  instructions.py --write         makes this state the baseline of this compiler, C library and processor

The corpus is made from the golden files, each repeated, so it is the same everywhere. Each file is read under
callgrind by `tailrace binlog --count`, by decode_bench and by `tailrace binlog`. Instructions compare only under the
same compiler, C library and vector instructions: without a baseline for these the check says so and ends with 77,
which ctest shows as skipped; so it does without valgrind.
"""

import argparse
import json
import pathlib
import platform
import re
import shutil
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests/golden"
BASELINE = pathlib.Path(__file__).with_suffix(".json")
SKIPPED = 77
TOLERANCE = 0.02
FEATURES = ["sse4_2", "avx", "avx2", "bmi1", "bmi2", "avx512f", "avx512bw", "avx512vl", "pclmulqdq", "vpclmulqdq"]
# How often each file's events are repeated.
CORPUS = {"types.binlog": 200, "json.binlog": 20, "charsets.binlog": 100, "images.binlog": 600, "payload.binlog": 300}
HEADER = 19
FORMAT_DESCRIPTION, STOP, ROTATE = 15, 3, 4


def events(data):
    at = 4
    while at + HEADER <= len(data):
        size = struct.unpack_from("<I", data, at + 9)[0]
        yield data[at + 4], data[at : at + size]
        at += size


def repeated(data, times):
    """The file with its events so many times; end positions, which nobody reads, stay as they are."""
    head, body = b"", b""
    for kind, event in events(data):
        if kind == FORMAT_DESCRIPTION:
            head += event
        elif kind not in (STOP, ROTATE):
            body += event
    return data[:4] + head + body * times


def corpus(folder):
    files = {}
    for name, times in CORPUS.items():
        files[name] = folder / name
        files[name].write_bytes(repeated((GOLDEN / name).read_bytes(), times))
    return files


def first_line(command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0].strip()


def key(compiler):
    flags = set()
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="ascii").splitlines():
        if line.startswith("flags"):
            flags = set(line.split(":")[1].split())
            break
    features = "+".join(one for one in FEATURES if one in flags)
    version = first_line([compiler, "--version"]).split(" ", 1)[1]  # without the name it was called by
    return f"{version}; {' '.join(platform.libc_ver())}; {platform.machine()}; {features}"


def instructions(command):
    with tempfile.TemporaryDirectory() as folder:
        run = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", *map(str, command)]
        done = subprocess.run(run, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    counted = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not counted:
        raise SystemExit(f"{' '.join(run)} failed:\n{done.stderr[-2000:]}")
    return int(counted[1])


def measure(args):
    """Without what starting the program takes: tens of millions, for its libraries."""
    programs = {
        "count": [args.tailrace, "binlog", "--quiet", "--count"],
        "decode": [args.decode_bench, "--passes", "1"],
        "json": [args.tailrace, "binlog", "--quiet"],
    }
    counts = {}
    with tempfile.TemporaryDirectory() as folder:
        nothing = pathlib.Path(folder) / "nothing"
        nothing.write_bytes(repeated((GOLDEN / "types.binlog").read_bytes(), 0))
        start = {what: instructions([*command, nothing]) for what, command in programs.items()}
        for name, file in corpus(pathlib.Path(folder)).items():
            for what, command in programs.items():
                counts[f"{what} {name}"] = instructions([*command, file]) - start[what]
    return counts


def compare(known, found):
    wrong = 0
    for name in sorted(known.keys() | found.keys()):
        was, now = known.get(name, 0), found.get(name, 0)
        change = (now - was) / was if was else 1.0
        verdict = "" if abs(change) <= TOLERANCE else "  TOO MANY" if change > 0 else "  fewer: write the baseline"
        wrong += bool(verdict)
        print(f"{name:<26} {now:>13,}  {change:+7.2%}{verdict}")
    return wrong


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--tailrace", type=pathlib.Path, default=ROOT / "build/release/app/tailrace")
    p.add_argument("--decode-bench", type=pathlib.Path,
                   default=ROOT / "build/release/tests/unit/capture_binlog/decode_bench")
    p.add_argument("--compiler", default="c++", help="that built them")
    p.add_argument("--write", action="store_true", help="make this the baseline")
    return p.parse_args()


def main():
    args = arguments()
    if not shutil.which("valgrind"):
        print("valgrind is not installed (Debian: apt install valgrind): nothing was counted")
        return SKIPPED
    missing = [str(one) for one in (args.tailrace, args.decode_bench) if not one.exists()]
    if missing:
        print(f"not built: {', '.join(missing)}: nothing was counted")
        return SKIPPED
    known = json.loads(BASELINE.read_text(encoding="utf-8")) if BASELINE.exists() else {}
    this = key(args.compiler)
    if this not in known and not args.write:
        print(f"no baseline for {this}: nothing was compared; there is one for:")
        print("\n".join(known))
        return SKIPPED
    found = measure(args)
    if args.write:
        known[this] = found
        BASELINE.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        print(f"baseline written for {this}")
        return 0
    wrong = compare(known[this], found)
    print(f"{wrong} of {len(found)} beyond ±{TOLERANCE:.0%}" if wrong else f"{len(found)} counts within ±{TOLERANCE:.0%}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
