"""The four servers of the differential test: connections, settings, binlog files, programs."""
import os
import re
import subprocess
import sys
from pathlib import Path

import pymysql

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/stack"))
from stacklib import Stack  # noqa: E402

NAMES = ("mysql", "mysql56", "mariadb", "mariadb118")


class Server:
    """One server of the stack, as root. Threading: one thread each."""

    def __init__(self, stack, name):
        self.name = name
        self.server = stack.server(name)
        self.prefix = name.upper()
        self.variables = stack.environment()
        self.connection = pymysql.connect(
            host=self.variables[f"{self.prefix}_HOST"], port=int(self.variables[f"{self.prefix}_PORT"]),
            user=self.variables[f"{self.prefix}_ROOT_USER"], password=self.variables[f"{self.prefix}_ROOT_PASSWORD"],
            charset="utf8mb4", use_unicode=False, conv={}, autocommit=True, max_allowed_packet=1 << 28)
        text = self.scalar("SELECT VERSION()")
        self.mariadb = "MariaDB" in text
        self.version = tuple(map(int, re.match(r"(\d+)\.(\d+)", text).groups()))
        self.text = text.split("-")[0]
        self.mysql8 = not self.mariadb and self.version >= (8, 0)
        # Any text may be a value: no strict mode, dates as they are written.
        self.run("SET SESSION sql_mode='ALLOW_INVALID_DATES', time_zone='+00:00'")
        self.run("SET NAMES utf8mb4")

    def at_least(self, *version):
        return self.version >= version

    def at_most(self, *version):
        return self.version <= version

    def rows(self, sql):
        with self.connection.cursor() as cursor:
            try:
                cursor.execute(sql.encode("utf-8"))
            except pymysql.MySQLError as error:
                raise SystemExit(f"{self.name}: {error.args}\nin: {sql[:300]}") from None
            return cursor.fetchall() or ()

    def run(self, sql):
        self.rows(sql)

    def scalar(self, sql):
        value = self.rows(sql)[0][0]
        return value.decode() if value is not None else None

    def charsets(self):
        """Names in the server's order, without binary."""
        return [row[0].decode() for row in self.rows("SHOW CHARACTER SET") if row[0] != b"binary"]

    @property
    def images(self):
        return ("FULL", "MINIMAL", "NOBLOB") + (("FULL_NODUP",) if self.mariadb and self.at_least(11, 8) else ())

    def metadata(self, long):
        """Settings of binlog_row_metadata; None: the server has no such setting, and logs none."""
        if self.mariadb:
            return ("NO_LOG", "MINIMAL", "FULL") if long else ("NO_LOG", "FULL")
        return ("MINIMAL", "FULL") if self.mysql8 else (None,)

    @property
    def compresses(self):
        return self.mariadb or self.mysql8

    def compress(self, wanted):
        """The events of the rest of this session, by the flavour's own way."""
        if self.mysql8:
            self.run(f"SET SESSION binlog_transaction_compression = {'ON' if wanted else 'OFF'}")
        elif self.mariadb:
            self.run(f"SET GLOBAL log_bin_compress = {'ON' if wanted else 'OFF'}, GLOBAL log_bin_compress_min_len = 10")

    def new_binlog(self):
        """Closes the binlog; the path of the next one."""
        self.run("FLUSH BINARY LOGS")
        status = "SHOW BINARY LOG STATUS" if self.mysql8 else "SHOW MASTER STATUS"
        return self.server.data / self.rows(status)[0][0].decode()

    def peer_command(self, file):
        """mysqlbinlog of this server's flavour, showing every row with its types."""
        program = "mariadb-binlog" if self.mariadb else "mysqlbinlog"
        holder = self.server if self.mariadb else Stack(self.server.dir.parent).server("mysql")
        return [str(holder.program(program)), "-vv", "--base64-output=decode-rows", str(file)]

    def capture_rows(self, program, database, *words):
        """What capture reads: lines of rows_program."""
        environment = {**os.environ, **self.variables, "TAILRACE_TEST_SERVER": self.prefix}
        done = subprocess.run([program, database, *map(str, words)], capture_output=True, env=environment, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{self.name}: rows_program {database} {' '.join(map(str, words[:2]))}: "
                             f"{done.stderr.decode(errors='replace')}")
        return done.stdout.decode("utf-8").split("\n")[:-1]
