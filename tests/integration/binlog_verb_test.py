#!/usr/bin/python3
"""tailrace binlog against the server that wrote the file, and against mysqlbinlog.

  stack exec -- binlog_verb_test.py --tailrace build/release/app/tailrace [--corpora ../shared/corpora]
      [--mariadb-binlog "$(stack path mariadb-binlog)"]

1. The statements of the golden cases run on MySQL; the JSON lines of its binlog, folded by key, must give the rows
   that SELECT shows, cell by cell (pipeline.md's value rules as tests/integration/oracle writes them in SQL).
2. Of that file and of every file of the corpora: the rows per table and operation are those that mysqlbinlog -v shows.
   Without the corpora the test says so. mysqlbinlog 9 no longer reads rows of version 1; mariadb-binlog does.

Exit: 0 equal, 1 differences.
"""

import argparse
import collections
import decimal
import json
import pathlib
import re
import struct
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
STACK = ROOT / "tests/stack/stack"
CASES = ROOT / "tests/golden/cases"
DATABASE = "binlog_verb"
SESSION = f"SET time_zone='+00:00', sql_mode=''; USE {DATABASE};\n"
sys.path[:0] = [str(ROOT / "tests/integration/oracle"), str(ROOT / "tests/golden")]

import columns  # noqa: E402  (found by the line above)
import make_golden  # noqa: E402


def sql(text):
    command = [str(STACK), "client", "mysql", "-N", "--batch", "--raw"]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{done.stderr.decode()}\nin: {text[:2000]}")
    return done.stdout.decode().split("\n")[:-1]


class Column(columns.Column):
    """The oracle's, but a date that no calendar has is its text here, not null."""

    @property
    def convert(self):
        if self.type in {"date", "datetime", "timestamp"}:
            return _moment_of_timestamp if self.type == "timestamp" else _moment
        if self.type == "decimal":
            return _without_zerofill
        return _floats if self.type in columns.GEOMETRIES | {"double"} else super().convert


def _moment(value):
    # Python knows no year 0, MySQL does.
    possible = value is None or columns.possible(re.sub("^0000", "0001", value[:10]))
    return value if possible else value.replace("T", " ")


def _moment_of_timestamp(value):
    moment = _moment(value)
    return moment if moment is None or " " in moment else moment + "Z"


def _without_zerofill(value):
    return value if value is None else re.sub(r"^0+(?=\d)", "", value)


def _floats(value):
    """Numbers by value: 1 and 1.0 are the same point."""
    if isinstance(value, dict):
        return {name: _floats(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_floats(one) for one in value]
    return float(value) if isinstance(value, (int, decimal.Decimal)) else value


def parse(text):
    return json.loads(text, parse_float=decimal.Decimal)


def selected(table):
    """Rows by primary key, as MySQL shows them."""
    where = f"WHERE TABLE_SCHEMA='{DATABASE}' AND TABLE_NAME='{table}'"
    described = [line.split("\t") for line in sql(
        f"SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE FROM information_schema.COLUMNS {where} ORDER BY ORDINAL_POSITION;")]
    key = sql(f"SELECT COLUMN_NAME FROM information_schema.KEY_COLUMN_USAGE {where} AND CONSTRAINT_NAME='PRIMARY'"
              " ORDER BY ORDINAL_POSITION;")
    found = [Column(name, kind, width, {}) for name, kind, width in described]
    rows = {}
    # Each in an array of its own; a document stays text, it may be as deep as MySQL allows.
    fields = [f"CAST(JSON_ARRAY({one.sql}) AS CHAR)" if one.type != "json" else
              f"CONCAT('[', IFNULL(CAST({one.sql} AS CHAR), 'null'), ']')" for one in found]
    for line in sql(SESSION + f"SELECT CONCAT('[', CONCAT_WS(',', {', '.join(fields)}), ']') FROM `{table}`;"):
        values = [one.convert(value) if one.convert else value for one, (value,) in zip(found, parse(line))]
        row = dict(zip((one.name for one in found), values))
        rows[tuple(row[name] for name in key)] = row
    return found, key, rows


class Lines:
    """The tables as the lines leave them."""

    def __init__(self, tailrace, file):
        self.tables = collections.defaultdict(dict)
        self.counts = collections.Counter()
        shown = subprocess.run([tailrace, "binlog", file], check=True, stdout=subprocess.PIPE)
        for line in shown.stdout.decode().splitlines():
            self._apply(parse(line))

    def _apply(self, line):
        source, op = line["source"], line["op"]
        if op in ("ddl", "truncate"):
            return
        self.counts[source["schema"], source["table"], op] += 1
        if source["schema"] != DATABASE:
            return
        rows = self.tables[source["table"]]
        key = tuple(line["key"].values())
        old = rows.pop(key, {})
        if op != "delete":
            new = {**old, **line.get("before", {}), **line["after"]}
            rows[tuple(new[name] for name in line["key"])] = new


def same(kind, ours, theirs):
    if kind in columns.GEOMETRIES | {"double"}:
        return _floats(ours) == _floats(theirs)
    if kind in {"float", "vector"} and ours is not None:
        single = [struct.pack("<f", float(x)) for x in (ours if kind == "vector" else [ours])]
        return single == [struct.pack("<f", float(x)) for x in (theirs if kind == "vector" else [theirs])]
    return ours == theirs and isinstance(ours, bool) == isinstance(theirs, bool)


def compare(case, lines):
    cells, different = 0, 0
    names = sql(f"SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA='{DATABASE}' AND TABLE_TYPE='BASE TABLE';")
    for table in names:
        described, _, rows = selected(table)
        ours = lines.tables.get(table, {})
        if ours.keys() != rows.keys():
            print(f"{case}.{table}: the lines have keys {sorted(ours)}, SELECT has {sorted(rows)}")
            different += 1
            continue
        for key, row in rows.items():
            for column in described:
                cells += 1
                told = ours[key].get(column.name, "absent")
                if not same(column.type, told, row[column.name]):
                    different += 1
                    print(f"{case}.{table} {key} {column.name}: binlog {told!r}, SELECT {row[column.name]!r}")
    return cells, different


def write_file(case):
    """Runs the case's statements; the binlog that has them."""
    sql(f"SET sql_log_bin=0; DROP DATABASE IF EXISTS {DATABASE}; CREATE DATABASE {DATABASE}; FLUSH BINARY LOGS;")
    name = sql("SHOW BINARY LOG STATUS;")[0].split("\t")[0]
    sql(SESSION + "SET sql_log_bin=1;\n" + ";\n".join(make_golden.statements(case)) + ";\nFLUSH BINARY LOGS;")
    return pathlib.Path(sql("SELECT @@datadir;")[0]) / name


def counted(tailrace, file):
    done = subprocess.run([tailrace, "binlog", "--quiet", "--count", "--json", file], capture_output=True, check=False)
    counts = collections.Counter()
    for line in map(json.loads, done.stdout.decode().splitlines()):
        for op in ("insert", "update", "delete"):
            counts[line["schema"], line["table"], op] += line[op]
    return +counts, done.stderr.decode().strip()


NAMED = re.compile(rb"^### (INSERT INTO|UPDATE|DELETE FROM) `((?:[^`]|``)*)`\.`((?:[^`]|``)*)`$", re.M)
OPS = {b"INSERT INTO": "insert", b"UPDATE": "update", b"DELETE FROM": "delete"}


def counted_by_peer(program, file):
    done = subprocess.run([program, "-v", "--base64-output=decode-rows", file], capture_output=True, check=False)
    counts = collections.Counter()
    for op, schema, table in NAMED.findall(done.stdout):
        counts[schema.decode(), table.decode(), OPS[op]] += 1
    unknown = re.search(rb"Don't know how to handle column type=\d+", done.stdout)  # the rest of the event is left out
    if unknown:
        return counts, unknown[0].decode()
    return counts, done.stderr.decode().strip() if done.returncode else ""


def compare_counts(tailrace, programs, file):
    """1 if they differ, but for a file that only tailrace reads to its end."""
    ours, complaint = counted(tailrace, file)
    for program in programs:
        theirs, their_complaint = counted_by_peer(program, file)
        if not their_complaint:
            break
    equal, alone = ours == theirs, bool(their_complaint) and not complaint
    verdict = "equal" if equal else "no peer can read it" if alone else "DIFFERENT"
    print(f"{file.name:<52} {sum(ours.values()):>6} rows  {verdict}  {(complaint or their_complaint)[:150]}")
    if not equal and not alone:
        print(f"  tailrace {dict(ours)} {complaint}\n  peer {dict(theirs)} {their_complaint}")
    return 0 if equal or alone else 1


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--tailrace", required=True)
    p.add_argument("--corpora", type=pathlib.Path, default=ROOT.parent / "shared/corpora")
    p.add_argument("--mariadb-binlog", help="asked too where mysqlbinlog fails")
    args = p.parse_args()
    path = subprocess.run([str(STACK), "path", "mysqlbinlog"], check=True, capture_output=True).stdout.decode().strip()
    programs = [path] + ([args.mariadb_binlog] if args.mariadb_binlog else [])
    cells, different = 0, 0
    for case in sorted(CASES.glob("*.sql")):
        file = write_file(case)
        lines = Lines(args.tailrace, file)
        found, wrong = compare(case.stem, lines)
        cells, different = cells + found, different + wrong
        different += compare_counts(args.tailrace, programs, file)
        if counted(args.tailrace, file)[0] != lines.counts:
            print(f"{case.stem}: --count and the lines disagree")
            different += 1
    print(f"{cells} cells compared with SELECT, {different} differences")
    if cells < 1000:
        print("too few to mean anything")
        different += 1
    if args.corpora.is_dir():
        for file in sorted(one for one in args.corpora.iterdir() if one.suffix != ".md"):
            different += compare_counts(args.tailrace, programs, file)
    else:
        print(f"no folder {args.corpora}: files of others were not read")
    sql(f"SET sql_log_bin=0; DROP DATABASE IF EXISTS {DATABASE};")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
