"""MariaDB of the system's own suite, unpacked beside the system (no service is installed)."""
import subprocess
from pathlib import Path

from . import private_apt
from .cache import StackError
from .mysql import PASSWORD, ROOT_PASSWORD, ROOT_USER, USER, MySql

ACCOUNTS = f"""\
SET SQL_LOG_BIN = 0;
DROP USER IF EXISTS 'root'@'127.0.0.1', 'root'@'::1', ''@'localhost';
CREATE USER '{ROOT_USER}'@'%' IDENTIFIED BY '{ROOT_PASSWORD}';
GRANT ALL ON *.* TO '{ROOT_USER}'@'%' WITH GRANT OPTION;
CREATE USER '{USER}'@'%' IDENTIFIED BY '{PASSWORD}';
GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT, BINLOG MONITOR ON *.* TO '{USER}'@'%';
"""
SCRIPTS = ("mysql_system_tables.sql", "mysql_performance_tables.sql",
           "mysql_system_tables_data.sql", "maria_add_gis_sp_bootstrap.sql")


class MariaDb(MySql):
    kind = "mariadb"
    programs = {"mysqld": "/usr/sbin/mariadbd", "mariadbd": "/usr/sbin/mariadbd"}
    client_program = "mariadb"

    @property
    def program_folder(self) -> str:
        return f"mariadb-{private_apt.system_suite()}"

    def root(self) -> Path:
        return private_apt.unpacked(self.program_folder, private_apt.system_suite(),
                                    ["mariadb-server-core", "mariadb-client-core"])

    def server_command(self, data: Path) -> list[str]:
        return [word for word in super().server_command(data)
                if not word.startswith(("--mysqlx", "--secure-file-priv"))]

    def create_data(self) -> None:
        super().create_data()
        (self.dir / "accounts.sql").write_text(ACCOUNTS, encoding="utf-8")

    def _initialize(self, folder: Path) -> None:
        share = self.root() / "usr/share/mysql"
        (folder / "mysql").mkdir()
        statements = "USE mysql;\n" + "\n".join(
            (share / script).read_text(encoding="utf-8") for script in SCRIPTS)
        result = subprocess.run([*self.server_command(folder), "--bootstrap",
                                 "--default-storage-engine=Aria"], input=statements,
                                capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise StackError(f"{self.name}: initializing a data folder failed:\n{result.stderr}")

    def own_options(self) -> list[str]:
        return ["--innodb-log-file-size=128M", "--log-bin=binlog", "--log-basename=server",
                "--binlog-format=ROW", "--binlog-row-metadata=FULL",
                "--character-set-server=utf8mb4"]
