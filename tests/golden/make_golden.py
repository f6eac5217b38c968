#!/usr/bin/env python3
"""Makes the golden binlog files of this folder with a real MySQL server.

    tests/stack/stack up --dir DIR mysql
    tests/golden/make_golden.py DIR [CASE…]

With the argument lines, the files of lines/ (binlog only): what `tailrace binlog` prints for them, and
for others here, stands in lines/CASE.jsonl; tests/unit/app/binlog_verb_test.cpp writes those anew when
TAILRACE_WRITE_GOLDEN is set, to be read before they are committed.

With the argument mariadb, the files of mariadb/ from a running MariaDB instead (binlog only: what
they must contain stands in the test).

Each case in cases/ is a list of SQL statements. Every statement is run by itself; what SELECT shows
of every table before and after it gives the changes that the binlog must contain. Written are
CASE.binlog (the server's file) and CASE.changes.json:
    [{"op": "insert|update|remove", "table": "db.t", "before": {column: field}, "after": {…}}]
A field is the text of the text protocol (utf8mb4, UTC), {"hex": …} for binary columns, or null.
"""
import json
import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
STACK = HERE.parent / "stack" / "stack"
DATABASE = "golden"
PREAMBLE = (f"SET time_zone='+00:00', sql_mode='', character_set_results=utf8mb4; "
            f"USE {DATABASE};\n")
FLOATS = ("float", "double")
BINARY = ("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "bit", "geometry",
          "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon",
          "geomcollection", "vector")


class Server:
    def __init__(self, folder: str, kind: str = "mysql"):
        self.env = {**os.environ, "TAILRACE_STACK_DIR": folder}
        self.kind = kind

    def run(self, sql: str) -> list[list[str]]:
        command = [str(STACK), "client", self.kind, "-N", "--batch", "--binary-as-hex"]
        # Bytes: text mode would change a carriage return inside a field.
        result = subprocess.run(command, input=sql.encode(), capture_output=True, env=self.env,
                                check=False)
        if result.returncode != 0:
            raise SystemExit(f"{result.stderr.decode()}\nin: {sql[:2000]}")
        return [line.split("\t") for line in result.stdout.decode().split("\n")[:-1]]

    def path(self, file: str) -> Path:
        return Path(self.run("SELECT @@datadir;")[0][0]) / file


def unescaped(field: str) -> str:
    return re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t", "0": "\0"}.get(m[1], m[1]), field,
                  flags=re.S)


class Table:
    """One table as SELECT shows it."""

    def __init__(self, server: Server, name: str):
        self.server, self.name = server, name
        self.columns = server.run(
            f"SELECT COLUMN_NAME, DATA_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA="
            f"'{DATABASE}' AND TABLE_NAME='{name}' ORDER BY ORDINAL_POSITION;")

    def expression(self, column: str, kind: str) -> str:
        return f"`{column}` * 1e0" if kind in FLOATS else f"`{column}`"

    def rows(self) -> dict[str, dict]:
        """By the text of the first column, which is the key, in its order."""
        fields = ", ".join(f"{self.expression(c, t)}, `{c}` IS NULL" for c, t in self.columns)
        rows = {}
        for line in self.server.run(PREAMBLE + f"SELECT {fields} FROM `{self.name}` ORDER BY 1;"):
            row = {column: self.field(kind, line[2 * i], line[2 * i + 1])
                   for i, (column, kind) in enumerate(self.columns)}
            rows[line[0]] = row
        return rows

    @staticmethod
    def field(kind: str, text: str, is_null: str):
        if is_null == "1":
            return None
        if kind in BINARY:
            return {"hex": text[2:] if text.startswith("0x") else text.encode().hex()}
        return unescaped(text)


def tables(server: Server) -> dict[str, dict]:
    names = server.run("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA="
                       f"'{DATABASE}' AND TABLE_TYPE='BASE TABLE' ORDER BY 1;")
    return {name: Table(server, name).rows() for (name,) in names}


def changes(table: str, before: dict, after: dict) -> list[dict]:
    found = []
    for key in [*before, *(key for key in after if key not in before)]:
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        op = "insert" if old is None else "remove" if new is None else "update"
        change = {"op": op, "table": f"{DATABASE}.{table}"}
        if old is not None:
            change["before"] = old
        if new is not None:
            change["after"] = new
        found.append(change)
    return found


def statements(path: Path) -> list[str]:
    """Separated by lines that end in a semicolon; lines with -- are comments."""
    text = "".join(line for line in path.read_text(encoding="utf-8").splitlines(True)
                   if not line.startswith("--"))
    return [part.strip() for part in re.split(r";[ \t]*\n", text) if part.strip()]


def make(server: Server, case: Path) -> None:
    server.run(f"SET sql_log_bin=0; DROP DATABASE IF EXISTS {DATABASE}; CREATE DATABASE {DATABASE};"
               " FLUSH BINARY LOGS;")
    file = server.run("SHOW BINARY LOG STATUS;")[0][0]
    session, found = "", []
    state = tables(server)
    for statement in statements(case):
        if statement.upper().startswith("SET SESSION"):
            session += statement + ";\n"
            continue
        server.run(PREAMBLE + session + statement + ";")
        now = tables(server)
        for name in now:
            if re.match(r"INSERT|REPLACE|UPDATE|DELETE|BEGIN", statement, re.I):
                found += changes(name, state.get(name, {}), now[name])
        state = now
    server.run("FLUSH BINARY LOGS;")
    (HERE / f"{case.stem}.binlog").write_bytes(server.path(file).read_bytes())
    with open(HERE / f"{case.stem}.changes.json", "w", encoding="utf-8") as out:
        out.write("[\n" + ",\n".join(json.dumps(c, ensure_ascii=False) for c in found) + "\n]\n")
    print(f"{case.stem}: {len(found)} changes")


def make_mariadb(server: Server, wanted: list[str]) -> None:
    for case in sorted((HERE / "mariadb").glob("*.sql")):
        if wanted and case.stem not in wanted:
            continue
        server.run(f"SET GLOBAL log_bin_compress_min_len=10, log_bin_compress={case.stem == 'compressed'};")
        server.run(f"SET sql_log_bin=0; DROP DATABASE IF EXISTS {DATABASE}; "
                   f"CREATE DATABASE {DATABASE}; FLUSH BINARY LOGS;")
        file = server.run("SHOW MASTER STATUS;")[0][0]
        for statement in statements(case):
            server.run(PREAMBLE + statement + ";")
        server.run("FLUSH BINARY LOGS;")
        case.with_suffix(".binlog").write_bytes(server.path(file).read_bytes())


def make_lines(server: Server) -> None:
    before = server.run("SELECT @@GLOBAL.binlog_row_metadata;")[0][0]
    for case in sorted((HERE / "lines").glob("*.sql")):
        metadata = "MINIMAL" if case.stem == "minimal" else "FULL"
        server.run(f"SET sql_log_bin=0; DROP DATABASE IF EXISTS {DATABASE}; CREATE DATABASE {DATABASE}; "
                   f"SET GLOBAL binlog_row_metadata={metadata}; FLUSH BINARY LOGS;")
        file = server.run("SHOW BINARY LOG STATUS;")[0][0]
        server.run(PREAMBLE + ";\n".join(statements(case)) + ";")
        server.run("FLUSH BINARY LOGS;")
        case.with_suffix(".binlog").write_bytes(server.path(file).read_bytes())
    server.run(f"SET GLOBAL binlog_row_metadata={before};")


def main() -> None:
    if sys.argv[2:] == ["lines"]:
        make_lines(Server(os.path.abspath(sys.argv[1])))
        return
    if sys.argv[2:3] == ["mariadb"]:
        make_mariadb(Server(os.path.abspath(sys.argv[1]), "mariadb"), sys.argv[3:])
        return
    server = Server(os.path.abspath(sys.argv[1]))
    wanted = sys.argv[2:]
    for case in sorted((HERE / "cases").glob("*.sql")):
        if not wanted or case.stem in wanted:
            make(server, case)


if __name__ == "__main__":
    main()
