#!/usr/bin/python3
"""Every column type on every server: SELECT, first load, binlog and the servers' own binlog programs agree.

  differential_test.py --up --dir /tmp/stack --rows build/release/tests/integration/differential/differential_rows

For MySQL 9 and 5.6, MariaDB 10.11 and 11.8, for every row image and every binlog_row_metadata that the server has,
and once more with a compressed binlog, and with JSON logged as differences, where it has that:
tables of every type with edge values (type_cases.py) are filled, changed and emptied. Each value is compared, byte for
byte, between
  SELECT   the text protocol, mapped by the rules of the reference as expected.py writes them,
  snapshot what a first load yields,
  binlog   what the row events yield, with the schema of information_schema, and where the metadata is FULL also with
           nothing but the file,
  peer     what mysqlbinlog -vv (MySQL) or mariadb-binlog -vv (MariaDB) prints for the same file (peer.py).
Then every character set of the server with every character it has (charset_cases.py), and the page
docs/reference/types.md must name exactly the types that were compared. TAILRACE_LONG=1 takes every character above
U+FFFF instead of a sample, and every setting of MariaDB's metadata instead of none and FULL.

Exit: 0 equal, 1 differences or fewer cells than there must be.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import sys
import time
import traceback

import charset_cases
import expected
import peer
import reference
import servers
import tables
import type_cases
from tally import Tally

sys.dont_write_bytecode = True


# What a run has at least, by server: a change that leaves out cases must lower it on purpose.
LEAST_CELLS = {"mysql": 37000, "mysql56": 15500, "mariadb": 41500, "mariadb118": 48500}


class Combination:
    """One row image and one setting of the metadata on one server."""

    def __init__(self, server, image, metadata, cases, tally, options, extra=""):
        """`extra`: "compressed", or "partial" for JSON logged as differences."""
        self.server, self.image, self.metadata = server, image, metadata
        self.compressed, self.partial = extra == "compressed", extra == "partial"
        self.label = f"{image} {extra}".strip()
        self.tally, self.options = tally, options
        self.has_peer = all(case.group != type_cases.OLD_FRACTION for case in cases) and not options.no_peer
        self.has_peer = self.has_peer and not self.partial  # it prints the differences
        self.database = f"diff_{image}_{metadata or 'none'}".lower()
        self.tables = tables.tables_of([case for case in cases if metadata == "FULL" or not case.named])
        self.where = f"{server.name} {self.label} {metadata or 'no metadata'}"

    def run(self):
        self._prepare()
        file = self.server.new_binlog()
        for table in self.tables:
            for sql in table.inserts():
                self.server.run(sql)
        first = self._selected()
        self._compare_snapshot(first)
        for table in self.tables:
            for sql in table.partial_updates() if self.partial else table.updates():
                self.server.run(sql)
        second = self._selected()
        for table in self.tables:
            self.server.run(f"DELETE FROM {table.name}")
        self.server.new_binlog()
        self._check_kind_of_events(file)
        names = [table.name for table in self.tables]
        lines = self.server.capture_rows(self.options.rows, self.database, "binlog", file, *names)
        events = [json.loads(line) for line in lines]
        self._compare_binlog("binlog", events, first, second)
        if self.metadata == "FULL":
            self._compare_alone(file, first, second)
        if self.has_peer:
            peer.compare(self, self.server.peer_command(file), events, (first, second))
        self.server.run(f"DROP DATABASE {self.database}")

    def _check_kind_of_events(self, file):
        """That the setting took hold: a file with far fewer bytes than the values have, events of differences."""
        if self.partial:
            kinds = {row[2] for row in self.server.rows(f"SHOW BINLOG EVENTS IN '{file.name}'")}
            if b"Update_rows_partial" not in kinds:
                self.tally.fail(self.where, f"no partial update was logged: {kinds}")
        if self.compressed and file.stat().st_size > 2 << 20:
            self.tally.fail(self.where, f"{file.name} has {file.stat().st_size} bytes: is it compressed?")

    def _compare_alone(self, file, first, second):
        """With nothing but the file, which does not tell the digits of MariaDB's old temporal types."""
        names = [table.name for table in self.tables if table.group != type_cases.OLD_FRACTION]
        if not names:
            return
        lines = self.server.capture_rows(self.options.rows, self.database, "binlog-alone", file, *names)
        self._compare_binlog("binlog alone", [json.loads(line) for line in lines], first, second, names)

    def _prepare(self):
        server = self.server
        server.run(f"DROP DATABASE IF EXISTS {self.database}")
        server.run(f"CREATE DATABASE {self.database} CHARACTER SET utf8mb4")
        server.run(f"USE {self.database}")
        server.run(f"SET SESSION binlog_row_image = '{self.image}'")
        if self.metadata:
            server.run(f"SET GLOBAL binlog_row_metadata = '{self.metadata}'")
        server.compress(self.compressed)
        if server.mysql8:
            server.run(f"SET SESSION binlog_row_value_options = '{'PARTIAL_JSON' if self.partial else ''}'")
        for table in self.tables:
            old = table.group in ("old_temporal", type_cases.OLD_FRACTION)
            if old:
                server.run("SET GLOBAL mysql56_temporal_format = OFF")
            server.run(table.create())
            if table.group == "numbers" and server.mysql8:
                # Its hidden column must not move the others.
                server.run(f"ALTER TABLE {table.name} ADD INDEX ((`int` + 1)), ADD INDEX ((`year` + 1))")
            if old:
                server.run("SET GLOBAL mysql56_temporal_format = ON")

    def _selected(self):
        """By table and id: name -> (raw field, JSON text)."""
        found = {}
        for table in self.tables:
            fields = ["id"] + [expected.select_expression(c.case, c.name) for c in table.columns]
            fields += [peer.select_expression(c.case, c.name) for c in table.columns]
            rows = {}
            count = len(table.columns)
            for row in self.server.rows(f"SELECT {', '.join(fields)} FROM {table.name}"):
                rows[int(row[0])] = {
                    column.name: (row[1 + i], expected.literal(column.case, row[1 + i]), row[1 + count + i])
                    for i, column in enumerate(table.columns)}
            if len(rows) != table.rows:
                self.tally.fail(self.where, f"{table.name}: {len(rows)} rows, {table.rows} were written")
            found[table.name] = rows
        return found

    def _compare_snapshot(self, selected):
        names = [table.name for table in self.tables]
        lines = self.server.capture_rows(self.options.rows, self.database, "snapshot", *names)
        seen = collections.Counter()
        for line in map(json.loads, lines):
            seen[line["t"]] += 1
            self._compare_image("snapshot", line["t"], line["after"], selected[line["t"]][int(line["after"]["id"])], True)
        for table in self.tables:
            if seen[table.name] != table.rows:
                self.tally.fail(self.where, f"snapshot: {table.name}: {seen[table.name]} of {table.rows} rows")

    def _compare_image(self, what, table, image, row, whole):
        known = self.table(table).by_name
        for name, text in image.items():
            if name == "id":
                continue
            column = known[name]
            if what == "binlog alone" and column.case.kind in ("plain", "mariadb_json") or \
                    what == "binlog alone" and self.server.mariadb and column.case.kind == "vector":
                continue  # the file alone does not tell these types: docs/reference/binlog.md
            self.tally.compare((self.server.name, self.label, self.metadata, what), column, row[name], text)
        if whole and len(image) != len(known) + 1:
            self.tally.fail(self.where, f"{what}: {table}: {len(image)} of {len(known) + 1} columns")

    def table(self, name):
        return next(table for table in self.tables if table.name == name)

    def _compare_binlog(self, what, events, first, second, names=None):
        seen = collections.Counter()
        for event in events:
            table, op = event["t"], event["op"]
            seen[table, op] += 1
            before, after = event.get("before"), event.get("after")
            key = int((after if op == "insert" else before)["id"])
            if before is not None:
                self._compare_image(what, table, before, (first if op == "update" else second)[table][key], False)
            if after is not None:
                self._compare_image(what, table, after, (first if op == "insert" else second)[table][key], False)
            self._check_presence(what, event, first[table][key], second[table][key])
        for table in self.tables:
            if names is not None and table.name not in names:
                continue
            changed = sum(first[table.name][key] != second[table.name][key] for key in first[table.name])
            for op, count in (("insert", table.rows), ("update", changed), ("delete", table.rows)):
                if seen[table.name, op] != count:
                    self.tally.fail(self.where, f"{what}: {table.name}: {seen[table.name, op]} of {count} {op}s")

    def _check_presence(self, what, event, first, second):
        """Absent is a third state beside NULL: an image must hold what its kind promises, and no more."""
        table = self.table(event["t"])
        every = {"id"} | set(table.by_name)
        blobs = {c.name for c in table.columns if c.blob_like}
        assigned = {c.name for c in table.columns if c.updated or self.partial}
        changed = {name for name in assigned if first[name][0] != second[name][0]}
        least, most = {"before": every, "after": every}, {"before": every, "after": every}
        if self.image == "MINIMAL":
            least["before"] = most["before"] = {"id"}
        if self.image == "NOBLOB":
            least["before"] = every - blobs
        if event["op"] == "update" and self.image in ("MINIMAL", "FULL_NODUP"):
            least["after"], most["after"] = changed, assigned
        if event["op"] == "update" and self.image == "NOBLOB":
            least["after"] = (every - blobs) | changed
        for image in ("before", "after"):
            if image in event and not least[image] <= set(event[image]) <= most[image]:
                odd = (least[image] - set(event[image])) | (set(event[image]) - most[image])
                self.tally.fail(self.where, f"{what}: {event['op']} of {table.name}: {image} lacks or should lack {odd}")


def run_server(stack, name, tally, options):
    server = servers.Server(stack, name)
    settings = server.metadata(options.long)
    try:
        charsets = charset_cases.Charsets(server, options.long)
        cases = [*type_cases.cases_for(server), *charsets.of_each()]
        alone = [case for case in cases if case.group == type_cases.OLD_FRACTION]
        others = [case for case in cases if case.group != type_cases.OLD_FRACTION]
        for metadata in settings:
            for image in server.images:
                for chosen in filter(None, (others, alone)):
                    Combination(server, image, metadata, chosen, tally, options).run()
        if server.compresses:
            Combination(server, "FULL", settings[-1], others, tally, options, "compressed").run()
        if server.mysql8:
            documents = [case for case in cases if case.kind == "json"]
            Combination(server, "FULL", settings[-1], documents, tally, options, "partial").run()
        every = [*charsets.every_character(), *charsets.of_each_collation()]
        for metadata in dict.fromkeys((settings[0], settings[-1])):
            Combination(server, "FULL", metadata, every, tally, options).run()
        tally.note("{:<11} {}: {} character sets, {} characters, {} further codes, {} that are none".format(
            server.name, server.text, *charsets.counts()))
    finally:
        if settings != (None,):
            server.run("SET GLOBAL binlog_row_metadata = 'FULL'")
    return server.text


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rows", required=True, help="the program differential_rows")
    p.add_argument("--dir", help="of the stack; else that of its environment")
    p.add_argument("--up", action="store_true", help="start the servers below --dir, and remove them at the end")
    p.add_argument("--server", action="append", choices=servers.NAMES, help="only these; no limits are checked then")
    p.add_argument("--no-peer", action="store_true")
    options = p.parse_args()
    options.long = os.environ.get("TAILRACE_LONG") == "1"
    stack, tally, began = servers.Stack(options.dir), Tally(), time.monotonic()
    chosen = options.server or servers.NAMES
    try:
        if options.up:
            stack.up(*chosen)
        with concurrent.futures.ThreadPoolExecutor(len(chosen)) as pool:
            jobs = {name: pool.submit(run_server, stack, name, tally, options) for name in chosen}
    finally:
        if options.up:
            stack.down(*chosen, wipe=True)
    for name, job in jobs.items():
        if job.exception() is not None:
            error = job.exception()
            tally.fail(name, str(error) if isinstance(error, SystemExit)
                       else "".join(traceback.format_exception(error)))
    if not options.server:
        for problem in reference.problems(tally.types):
            tally.fail("reference", problem)
        tally.expect(LEAST_CELLS)
    tally.report(time.monotonic() - began)
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
