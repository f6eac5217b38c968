#!/usr/bin/python3
"""The table tests/golden/corpora.txt against mysqlbinlog and mariadb-binlog, on the files themselves.

  corpora_test.py [--corpora ../shared/corpora] [--mariadb-binlog PATH] [--write]

tests/unit/capture/corpora_test.cpp holds what this project reads from every file of the corpora against that table;
here the table is held against others: of every file, the peers that it names read it to the end and show the same
rows per table and operation, and no other peer does. `--write` writes the peers' names into the table. Without the
folder the test says so.

Exit: 0 equal, 1 differences.
"""

import argparse
import collections
import pathlib
import re
import subprocess
import sys

import binlog_verb_test

ROOT = binlog_verb_test.ROOT
TABLE = ROOT / "tests/golden/corpora.txt"
LINE = re.compile(r"  (.+)\.(.+?): insert (\d+) update (\d+) delete (\d+)")
HEAD = """\
# Files of ../shared/corpora: how each ends (`end`, or the error and its offset), and its rows by table and operation up
# to there. Behind the semicolon: who else reads it to its end and shows the same rows (tests/integration/corpora_test.py),
# `mysqlbinlog` of MySQL 9, `mariadb-binlog` of 10.11, or nobody.
"""


def programs(mariadb_binlog):
    """Name in the table -> path."""
    paths = {"mysqlbinlog": None, "mariadb-binlog": mariadb_binlog}
    for name in paths:
        if not paths[name]:
            done = subprocess.run([binlog_verb_test.STACK, "path", name], capture_output=True, text=True, check=True)
            paths[name] = done.stdout.strip()
    return paths


def expectations():
    """file -> [how it ends, rows by (schema, table, operation), peers]"""
    files, name = {}, ""
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        if not line.startswith(" "):
            name, _, rest = line.partition(": ")
            end, _, peers = rest.partition("; ")
            files[name] = [end, collections.Counter(), peers]
            continue
        schema, table, *counts = LINE.fullmatch(line).groups()
        for op, count in zip(("insert", "update", "delete"), counts):
            files[name][1][schema, table, op] += int(count)
    return {name: [end, +rows, peers] for name, (end, rows, peers) in files.items()}


def write(peers):
    lines = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    written = [f"{line.partition('; ')[0]}; {peers[line.partition(': ')[0]]}" if not line.startswith(" ") else line
               for line in lines]
    TABLE.write_text(HEAD + "\n".join(written) + "\n", encoding="utf-8")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--corpora", type=pathlib.Path, default=ROOT.parent / "shared/corpora")
    p.add_argument("--mariadb-binlog", help="left out: the stack's")
    p.add_argument("--write", action="store_true")
    args = p.parse_args()
    if not args.corpora.is_dir():
        print(f"no folder {args.corpora}: files of others were not read")
        return 0
    wrong, found, others = 0, {}, programs(args.mariadb_binlog)
    for name, (end, rows, named) in expectations().items():
        equal = []
        for peer, program in others.items():
            theirs, complaint = binlog_verb_test.counted_by_peer(program, args.corpora / name)
            if complaint and end == "end":
                continue
            if theirs != rows:
                wrong += 1
                print(f"{name}: the table has {dict(rows)}, {peer} {dict(theirs)} {complaint}")
            elif not complaint:
                equal.append(peer)
        found[name] = ", ".join(equal) or "nobody"
        if found[name] != named and not args.write:
            wrong += 1
            print(f"{name}: read by {found[name]}, the table says {named or 'nothing'}")
    if args.write:
        write(found)
    both = collections.Counter(found.values())
    print(f"{len(found)} files; " + "; ".join(f"{count} read by {who}" for who, count in sorted(both.items())))
    return 1 if wrong or not found else 0


if __name__ == "__main__":
    sys.exit(main())
