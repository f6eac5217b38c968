#!/usr/bin/python3
"""tailrace binlog reading from a server, and naming columns from --schema.

  stack exec -- binlog_server_test.py --tailrace build/release/app/tailrace [--server mariadb]

1. What a server sends gives the lines that its files give, from any position, and no line more than it had.
2. With binlog_row_metadata=MINIMAL (of MariaDB: NO_LOG) the rows of the golden cases are those of SELECT, cell by
   cell, named by --schema mysql://… and by --schema with what mysqldump writes.
3. Errors of the server come with a cure, and the exit code says whose fault it is.
4. --follow tells a change when it is committed; a lost connection says where to go on, and that is where.

Exit: 0 all of it holds, 1 something does not.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

import binlog_verb_test as verb

STACK, DATABASE = verb.STACK, "binlog_server"
PATIENCE = float(os.environ.get("TAILRACE_STACK_PATIENCE", "1"))


class Server:
    def __init__(self, args):
        self.kind, self.tailrace = args.server, args.tailrace
        prefix = args.server.upper()
        self.port, self.user = os.environ[f"{prefix}_PORT"], os.environ[f"{prefix}_USER"]
        self.password = os.environ[f"{prefix}_PASSWORD"]
        self.url = f"{args.server}://{self.user}@127.0.0.1:{self.port}"

    def sql(self, text):
        command = [str(STACK), "client", self.kind, "-N", "--batch", "--raw"]
        done = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{done.stderr.decode()}\nin: {text[:2000]}")
        return done.stdout.decode().split("\n")[:-1]

    def end(self):
        status = "SHOW BINARY LOG STATUS;" if self.kind == "mysql" else "SHOW MASTER STATUS;"
        return self.sql(status)[0].split("\t")[:2]

    def fresh_file(self):
        self.sql("FLUSH BINARY LOGS;")
        return self.end()[0]

    def binlog(self, *arguments, code=0, password=None):
        done = self.start(*arguments, password=password)
        out, err = done.communicate(timeout=120 * PATIENCE)
        if done.returncode != code:
            raise SystemExit(f"binlog {' '.join(arguments)} ended with {done.returncode}, not {code}: {err}")
        return out.splitlines(), err

    def start(self, *arguments, password=None):
        environment = {**os.environ, "MYSQL_PWD": self.password if password is None else password}
        return subprocess.Popen([self.tailrace, "binlog", *arguments], env=environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def check(holds, what):
    if not holds:
        raise SystemExit(f"FAILED: {what}")


def without_sequence(lines):
    return [re.sub(r'"tx_seq":\d+,', "", line) for line in lines]


def same_lines_as_files(server):
    name = server.fresh_file()
    server.sql(f"USE {DATABASE}; CREATE TABLE t (id INT UNSIGNED PRIMARY KEY, x MEDIUMTEXT);"
               "INSERT INTO t VALUES (1, 'a'), (4000000000, 'ü'); UPDATE t SET x = 'b'; FLUSH BINARY LOGS;"
               "BEGIN; DELETE FROM t WHERE id = 1; INSERT INTO t VALUES (2, REPEAT('long ', 50000)); COMMIT;")
    data = pathlib.Path(server.sql("SELECT @@datadir;")[0])
    files = [str(data / name), str(data / server.end()[0])]
    from_files, _ = server.binlog("--database", DATABASE, *files)
    check(len(from_files) == 7, f"{len(from_files)} lines of the files")
    for options in ([], ["--quiet"]):
        live, _ = server.binlog(*options, "--start-position", f"{name}:4", f"{server.url}/{DATABASE}")
        check(without_sequence(live) == without_sequence(from_files), f"live lines differ:\n{live}\n{from_files}")
    everything, _ = server.binlog(f"{server.url}/{DATABASE}")
    check(without_sequence(everything)[-7:] == without_sequence(from_files), "from the oldest file")
    counted, _ = server.binlog("--count", "--json", "--start-position", name, f"{server.url}/{DATABASE}")
    check(json.loads(counted[0]) == {"schema": DATABASE, "table": "t", "insert": 3, "update": 2, "delete": 1}, counted)
    # Up to and from each change: nothing twice, nothing left out.
    for line in map(json.loads, from_files):
        at = f"{line['source']['file']}:{line['source']['pos']}"
        before, _ = server.binlog("--start-position", name, "--stop-position", at, f"{server.url}/{DATABASE}")
        expected = [one for one in map(json.loads, from_files)
                    if (one["source"]["file"], one["source"]["pos"]) < (line["source"]["file"], line["source"]["pos"])]
        check(len(before) == len(expected), f"--stop-position {at}: {len(before)} lines, not {len(expected)}")
    gtid = json.loads(from_files[3])["source"]["gtid"]
    if gtid:
        done = re.sub(r":(\d+)$", r":1-\1", gtid) if server.kind == "mysql" else gtid
        behind, _ = server.binlog("--start-position", f"gtid:{done}", f"{server.url}/{DATABASE}")
        last = max(i for i, line in enumerate(from_files) if json.loads(line)["source"]["gtid"] == gtid)
        tail = from_files[last + 1 :]
        check(without_sequence(behind) == without_sequence(tail), f"behind {done}: {behind}")
    print(f"{len(from_files)} lines are the same from files and from the server, from and to every position")


def schemas(server, folder):
    """What --schema is given: the server, and a dump."""
    dump = pathlib.Path(folder) / "schema.sql"
    program = subprocess.run([str(STACK), "path", "mysqldump"], check=True, capture_output=True, text=True).stdout.strip()
    command = [program, "--no-data", "--skip-column-statistics", "-h127.0.0.1", f"-P{server.port}", "-uroot", "-proot",
               "--databases", verb.DATABASE]
    with open(dump, "wb") as out:
        subprocess.run(command, stdout=out, stderr=subprocess.DEVNULL, check=True)
    return [f"{server.url}/{verb.DATABASE}", server.url, str(dump)]


def named_by_schema(server):
    cells = 0
    with tempfile.TemporaryDirectory() as folder:
        for case in sorted(verb.CASES.glob("*.sql")):
            verb.write_file(case)
            tables = verb.sql("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_TYPE='BASE TABLE' AND "
                              f"TABLE_SCHEMA='{verb.DATABASE}';")
            known = {table: verb.selected(table) for table in tables}
            server.sql("SET GLOBAL binlog_row_metadata = MINIMAL;")
            name = server.fresh_file()
            server.sql(f"SET foreign_key_checks = 0; USE {verb.DATABASE};"
                       + "".join(f"DELETE FROM `{table}`;" for table in tables))
            server.sql("SET GLOBAL binlog_row_metadata = FULL;")
            doubtful = {tuple(line.split("\t")) for line in verb.sql(
                "SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS WHERE COLUMN_TYPE LIKE '%?%' "
                f"AND DATA_TYPE IN ('enum', 'set') AND TABLE_SCHEMA='{verb.DATABASE}';")}
            for schema in schemas(server, folder):
                lines, err = server.binlog("--schema", schema, "--start-position", name, f"{server.url}/{verb.DATABASE}")
                check("c1" not in err, f"{case.stem} with {schema}: {err}")
                cells += compare(case.stem, known, map(verb.parse, lines), doubtful)
    verb.sql(f"SET sql_log_bin=0; DROP DATABASE IF EXISTS {verb.DATABASE};")
    check(cells > 1000, f"{cells} cells are too few to mean anything")
    print(f"{cells} cells that --schema named are those of SELECT")


def compare(case, known, lines, doubtful):
    """`doubtful`: columns whose members the server itself shows with ? for characters beyond U+FFFF."""
    cells = 0
    left = {table: dict(rows) for table, (_, _, rows) in known.items()}
    for line in lines:
        table = line["source"]["table"]
        described, key, _ = known[table]
        check(line["op"] == "delete" and line["key"] is not None, f"{case}.{table}: {line['op']} of {line['key']}")
        row = left[table].pop(tuple(line["key"][name] for name in key))
        for column in described:
            cells += 1
            told = line["before"].get(column.name, "absent")
            if (table, column.name) in doubtful:
                check(told is None or isinstance(told, int), f"{case}.{table} {column.name}: {told!r} may be wrong")
                continue
            check(verb.same(column.type, told, row[column.name]),
                  f"{case}.{table} {line['key']} {column.name}: binlog {told!r}, SELECT {row[column.name]!r}")
    check(not any(left.values()), f"{case}: rows without a line: {left}")
    return cells


def errors_have_cures(server):
    name, size = server.end()
    cases = [
        ("mysql-bin.999999:4", 3, "SHOW BINARY LOGS lists"),
        (f"{name}:{int(size) + 5000}", 3, "is not in this server's binlog"),
        (f"{name}:{2**32 + 4}", 3, "not in this server's binlog" if server.kind == "mysql" else "above 4 GiB"),
        (f"{name}:5", 1, "must be where an event begins"),
    ]
    for position, code, text in cases:
        lines, err = server.binlog("--start-position", position, server.url, code=code)
        check(not lines and text in err, f"--start-position {position}: {err}")
    _, err = server.binlog(server.url, code=3, password="wrong")
    check("check the user and MYSQL_PWD" in err and "wrong" not in err, err)
    _, err = server.binlog(f"{server.kind}://{server.user}:{server.password}@127.0.0.1:{server.port}/{DATABASE}")
    check("the password is on the command line" in err and f":{server.password}@" not in err, err)
    if server.kind == "mysql":
        server.binlog(f"{server.url}/{DATABASE}?tls=required")
        _, err = server.binlog(f"{server.url}/{DATABASE}?tls=verify_identity", code=3)
        check("?tls=" in err, err)
    print("errors of the server have cures")


class Follower:
    """`tailrace binlog --follow`; its lines as they come."""

    def __init__(self, server, position):
        self._child = server.start("--follow", "--start-position", position, f"{server.url}/{DATABASE}")
        self.lines = []
        self._reader = threading.Thread(target=lambda: self.lines.extend(self._read()))
        self._reader.start()

    def _read(self):
        for line in self._child.stdout:
            self.lines.append(json.loads(line))
        return []

    def until(self, count):
        end = time.monotonic() + 30 * PATIENCE
        while len(self.lines) < count:
            check(time.monotonic() < end, f"{len(self.lines)} of {count} lines arrived")
            check(self._child.poll() is None, f"it ended: {self._child.stderr.read() if self._child.poll() else ''}")
            time.sleep(0.02)

    def wait(self):
        code = self._child.wait(30 * PATIENCE)
        self._reader.join()
        return code, self._child.stderr.read()


def follows(server):
    name = server.fresh_file()
    follower = Follower(server, f"{name}:4")
    server.sql(f"INSERT INTO {DATABASE}.t VALUES (11, 'x');")
    follower.until(1)
    server.sql(f"FLUSH BINARY LOGS; INSERT INTO {DATABASE}.t VALUES (12, 'y');")
    follower.until(2)
    dump = "SELECT id FROM information_schema.PROCESSLIST WHERE command LIKE 'Binlog Dump%' AND user = "
    for connection in server.sql(dump + f"'{server.user}';"):
        server.sql(f"KILL {connection};")
    code, err = follower.wait()
    place = re.search(r"go on with --start-position (\S+)", err)
    check(code == 3 and place, f"ended with {code}: {err}")
    server.sql(f"INSERT INTO {DATABASE}.t VALUES (13, 'z');")
    lines, _ = server.binlog("--start-position", place[1], f"{server.url}/{DATABASE}")
    keys = [line["key"]["id"] for line in [*follower.lines, *map(json.loads, lines)]]
    check(keys == [11, 12, 13], f"followed {keys}")
    print("followed across files and a lost connection")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--tailrace", required=True)
    p.add_argument("--server", choices=["mysql", "mariadb"], default="mysql")
    server = Server(p.parse_args())
    server.sql(f"DROP DATABASE IF EXISTS {DATABASE}; CREATE DATABASE {DATABASE};")
    same_lines_as_files(server)
    if server.kind == "mysql":  # the golden cases are MySQL's
        named_by_schema(server)
    errors_have_cures(server)
    follows(server)
    server.sql(f"DROP DATABASE {DATABASE};")
    return 0


if __name__ == "__main__":
    sys.exit(main())
