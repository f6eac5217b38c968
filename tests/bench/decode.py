#!/usr/bin/env python3
"""How fast are binlogs read? tailrace against `mysqlbinlog -v` on the same files in the same run.

  decode.py --json result.json            every file; about 5 minutes with a server to start
  decode.py --only narrow,json --rows 200000 --passes 5
  decode.py --keep                        leaves the server and the files in --dir, for the next run

The files are written by a MySQL server of its own (tests/stack). Each is read by
  mysqlbinlog -v FILE > /dev/null         the peer: rows as text
  tailrace binlog --count FILE            rows counted, no value decoded
  decode_bench --passes 1 FILE            every column of every row decoded into nothing
  tailrace binlog FILE > /dev/null        rows as JSON lines
in turn, --passes times; the best is kept. A ratio compares CPU seconds (user and system), because others may share
the cores. The row counts of the programs must agree. Peak anonymous memory (RssAnon) is read while a program runs.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
STACK = ROOT / "tests/stack/stack"
TARGETS = {"count": 8.0, "decode": 8.0, "json": 3.0}
MOST_ANONYMOUS_MIB = 64
SAMPLE_S = 0.01

NARROW = "id INT PRIMARY KEY, a INT, b BIGINT, c SMALLINT, d VARCHAR(20), e DATETIME, f DECIMAL(10,2), g TINYINT"
NARROW_ROW = "n, n * 7, n * 100003, n % 30000, CONCAT('name ', n), '2026-11-20 12:00:00', n / 100, n % 100"
DOCUMENT = ("JSON_OBJECT('id', n, 'name', CONCAT('customer ', n), 'tags', JSON_ARRAY('a', 'b', n % 10), 'price',"
            " n / 7, 'address', JSON_OBJECT('city', 'Seoul', 'zip', 10000 + n % 80000, 'lines', JSON_ARRAY(1, 2)))")


@dataclasses.dataclass
class Case:
    what: str
    columns: str
    row: str  # over n = 1, 2, 3 …
    rows: int  # per --rows 1000000
    session: str = ""
    own_transactions: bool = False


def wide_columns():
    kinds = ["INT", "BIGINT", "VARCHAR(16)", "DATETIME", "DECIMAL(12,4)"]
    return "id INT PRIMARY KEY, " + ", ".join(f"c{i} {kinds[i % 5]}" for i in range(199))


def wide_row():
    values = ["n", "n * 1000003", "CONCAT('v', n)", "'2026-11-20 12:00:00'", "n / 16"]
    return "n, " + ", ".join(values[i % 5] for i in range(199))


CASES = {
    "narrow": Case("8 narrow columns, one transaction", NARROW, NARROW_ROW, 2_000_000),
    "small": Case("8 narrow columns, a transaction per row", NARROW, NARROW_ROW, 150_000, own_transactions=True),
    "wide": Case("200 columns", wide_columns(), wide_row(), 30_000),
    "json": Case("JSON and DECIMAL", "id INT PRIMARY KEY, j JSON, k JSON, x DECIMAL(30,10), y DECIMAL(18,4),"
                 " z DECIMAL(9,9)", f"n, {DOCUMENT}, {DOCUMENT}, n / 3, -n / 7, 1 / (n + 1)", 150_000),
    "payload": Case("8 narrow columns, compressed", NARROW, NARROW_ROW, 2_000_000,
                    session="SET SESSION binlog_transaction_compression = ON;"),
}


class Server:
    """Writes one binlog file per case; starts only when a file is missing."""

    def __init__(self, folder):
        self._env = {**os.environ, "TAILRACE_STACK_DIR": str(folder / "stack")}
        self._up = False

    def _stack(self, *arguments, **more):
        done = subprocess.run([STACK, *arguments], env=self._env, check=False, text=True, capture_output=True, **more)
        if done.returncode != 0:
            raise SystemExit(f"stack {' '.join(arguments)} failed: {done.stderr}")
        return done

    def sql(self, text):
        return self._stack("client", "mysql", "-N", "--batch", input=text).stdout.split()

    def tool(self, name):
        return self._stack("path", name).stdout.strip()

    def write(self, case, rows, target):
        if not self._up:
            self._stack("up", "mysql", "--option", "mysql:--max-binlog-size=1G", "--option",
                        "mysql:--binlog-row-metadata=FULL", "--option", "mysql:--max-allowed-packet=1G")
            self._up = True
        self.sql("CREATE DATABASE IF NOT EXISTS bench; SET sql_log_bin = 0; DROP TABLE IF EXISTS bench.t;"
                 f"CREATE TABLE bench.t ({case.columns}); DROP PROCEDURE IF EXISTS bench.one_by_one;")
        select = f"SELECT {case.row} FROM numbers"
        numbers = f"WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {rows}) "
        if case.own_transactions:
            self.sql("SET sql_log_bin = 0; USE bench;\nDELIMITER //\n"
                     "CREATE PROCEDURE one_by_one(IN most INT) BEGIN DECLARE n INT DEFAULT 1; WHILE n <= most DO "
                     f"INSERT INTO t VALUES ({case.row}); SET n = n + 1; END WHILE; END //\nDELIMITER ;\n")
            insert = f"CALL one_by_one({rows});"
        else:
            insert = f"INSERT INTO t {numbers}{select};"
        self.sql("FLUSH BINARY LOGS;")
        file, folder = self.sql("SHOW BINARY LOG STATUS;")[0], self.sql("SELECT @@datadir;")[0]
        self.sql(f"USE bench; SET SESSION cte_max_recursion_depth = 1000000000; {case.session} {insert}")
        self.sql("FLUSH BINARY LOGS;")
        shutil.copyfile(pathlib.Path(folder) / file, target)

    def down(self):
        self._stack("down", "--wipe")


@dataclasses.dataclass
class Cost:
    cpu_s: float
    wall_s: float
    anonymous_mib: float


def anonymous_mib(pid):
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) / 1024
    except (FileNotFoundError, ProcessLookupError):
        pass
    return 0.0


def measure(command):
    began = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    peak = 0.0
    while True:
        peak = max(peak, anonymous_mib(child.pid))
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        if pid:
            break
        time.sleep(SAMPLE_S)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"{command[0]} failed: {child.stderr.read().decode()}")
    return Cost(usage.ru_utime + usage.ru_stime, time.monotonic() - began, peak)


def counted(tailrace, file):
    """Row changes in the file, told by --count, and by the lines themselves."""
    text = subprocess.run([tailrace, "binlog", "--count", "--json", file], check=True, capture_output=True).stdout
    rows = sum(line[op] for line in map(json.loads, text.splitlines()) for op in ("insert", "update", "delete"))
    shown = subprocess.run([tailrace, "binlog", "--table", "bench.t", file], check=True, stdout=subprocess.PIPE)
    if (lines := shown.stdout.count(b"\n")) != rows:
        raise SystemExit(f"{file}: --count says {rows} rows, but {lines} lines were printed")
    return rows


def run(args, server):
    results, failed = {}, []
    commands = {
        "mysqlbinlog": [server.tool("mysqlbinlog"), "-v"],
        "count": [str(args.tailrace), "binlog", "--count"],
        "decode": [str(args.decode_bench), "--passes", "1"],
        "json": [str(args.tailrace), "binlog"],
    }
    for name in args.only:
        case = CASES[name]
        rows = max(1, case.rows * args.rows // 1_000_000)
        file = args.dir / f"{name}-{rows}.binlog"
        if not file.exists():
            server.write(case, rows, file)
        if (found := counted(str(args.tailrace), str(file))) != rows:
            raise SystemExit(f"{file} should hold {rows} rows, and tailrace counted {found}")
        best = {}
        for _ in range(args.passes):
            for label, command in commands.items():
                cost = measure([*command, str(file)])
                known = best.get(label, cost)
                best[label] = Cost(min(cost.cpu_s, known.cpu_s), min(cost.wall_s, known.wall_s),
                                   max(cost.anonymous_mib, known.anonymous_mib))
        result = results[name] = {"what": case.what, "rows": rows, "file_mib": round(file.stat().st_size / 2**20, 1)}
        for label, cost in best.items():
            ratio = best["mysqlbinlog"].cpu_s / cost.cpu_s
            result[label] = {"cpu_s": round(cost.cpu_s, 3), "wall_s": round(cost.wall_s, 3),
                             "rows_per_s": round(rows / cost.cpu_s), "ratio": round(ratio, 1),
                             "anonymous_mib": round(cost.anonymous_mib, 1)}
            if label != "mysqlbinlog" and cost.anonymous_mib > MOST_ANONYMOUS_MIB:
                failed.append(f"{name}: {label} took {cost.anonymous_mib:.0f} MiB, the limit is {MOST_ANONYMOUS_MIB}")
            if ratio < TARGETS.get(label, 0):
                failed.append(f"{name}: {label} is {ratio:.1f} × mysqlbinlog -v, the target is {TARGETS[label]} ×")
        print(row(name, result), flush=True)
    return results, failed


HEAD = ["| file | rows | MiB | mysqlbinlog -v, rows/s | count, rows/s | decode, rows/s | JSON, rows/s | anonymous MiB |",
        "|---|---|---|---|---|---|---|---|"]


def row(name, r):
    rates = [f"{r[k]['rows_per_s']:,} ({r[k]['ratio']} ×)" for k in ("count", "decode", "json")]
    memory = " / ".join(str(r[k]["anonymous_mib"]) for k in ("count", "decode", "json"))
    return (f"| {name}: {r['what']} | {r['rows']:,} | {r['file_mib']} | {r['mysqlbinlog']['rows_per_s']:,} |"
            f" {' | '.join(rates)} | {memory} |")


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--dir", type=pathlib.Path, default=ROOT / "build/bench-decode", help="server and files")
    p.add_argument("--tailrace", type=pathlib.Path, default=ROOT / "build/release/app/tailrace")
    p.add_argument("--decode-bench", type=pathlib.Path,
                   default=ROOT / "build/release/tests/unit/capture_binlog/decode_bench")
    p.add_argument("--rows", type=int, default=1_000_000, help="scale; 1000000 is the whole of each file")
    p.add_argument("--passes", type=int, default=3)
    p.add_argument("--only", default=",".join(CASES), help="files, with commas between")
    p.add_argument("--json", type=pathlib.Path, help="write all figures there")
    p.add_argument("--keep", action="store_true", help="leave the server and the files")
    args = p.parse_args()
    args.dir = args.dir.absolute()
    args.only = args.only.split(",")
    if unknown := set(args.only) - set(CASES):
        p.error(f"unknown files {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    for program in (args.tailrace, args.decode_bench):
        if not program.exists():
            p.error(f"{program} is not there; cmake --build --preset release --target tailrace decode_bench")
    return args


def main():
    args = arguments()
    args.dir.mkdir(parents=True, exist_ok=True)
    server = Server(args.dir)
    print("\n".join(HEAD), flush=True)
    try:
        results, failed = run(args, server)
    finally:
        if not args.keep:
            server.down()
    if args.json:
        args.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print("\n".join(failed) if failed else "every ratio is at or above its target")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
