"""MariaDB of the system's own suite, and 11.8 of trixie, unpacked beside the system (no service
is installed)."""
import subprocess
from pathlib import Path

from . import private_apt
from .cache import StackError, ensure_folder
from .mysql import PASSWORD, ROOT_PASSWORD, ROOT_USER, USER, MySql

ACCOUNTS = f"""\
SET SQL_LOG_BIN = 0;
DELETE FROM mysql.global_priv WHERE User = '' OR (User = 'root' AND Host <> 'localhost');
FLUSH PRIVILEGES;
CREATE USER '{ROOT_USER}'@'%' IDENTIFIED BY '{ROOT_PASSWORD}';
GRANT ALL ON *.* TO '{ROOT_USER}'@'%' WITH GRANT OPTION;
CREATE USER '{USER}'@'%' IDENTIFIED BY '{PASSWORD}';
GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT, BINLOG MONITOR ON *.* TO '{USER}'@'%';
"""
# Each begins with the name of the folder that they lie in: mysql, mariadb from 11 on.
SCRIPTS = ("{}_system_tables.sql", "{}_performance_tables.sql", "{}_system_tables_data.sql",
           "maria_add_gis_sp_bootstrap.sql")


class MariaDb(MySql):
    kind = "mariadb"
    programs = {"mysqld": "/usr/sbin/mariadbd", "mariadbd": "/usr/sbin/mariadbd"}
    client_program = "mariadb"

    @property
    def suite(self) -> str:
        return private_apt.system_suite()

    @property
    def program_folder(self) -> str:
        return f"mariadb-{self.suite}"

    def root(self) -> Path:
        return private_apt.unpacked(self.program_folder, self.suite,
                                    ["mariadb-server-core", "mariadb-client-core"])

    def program(self, name: str) -> Path:
        path = f"/usr/bin/{name}"
        if name in self.programs or (self.root() / path.lstrip("/")).exists():
            return super().program(name)
        # mariadb-binlog and its like; the package would need all of Perl.
        tools = ensure_folder(self.root().parent / "tools", lambda folder: private_apt.fetch_alone(
            folder, self.suite, "mariadb-client"))
        if not (tools / path.lstrip("/")).exists():
            raise StackError(f"{self.kind} brings no program '{name}'")
        return private_apt.wrapper(self.root(), path, tools)

    def server_command(self, data: Path) -> list[str]:
        return [word for word in super().server_command(data)
                if not word.startswith(("--mysqlx", "--secure-file-priv"))]

    def create_data(self) -> None:
        super().create_data()
        (self.dir / "accounts.sql").write_text(ACCOUNTS, encoding="utf-8")

    def _initialize(self, folder: Path) -> None:
        share = self.share
        (folder / "mysql").mkdir()
        statements = "USE mysql;\n" + "\n".join(
            (share / script.format(share.name)).read_text(encoding="utf-8") for script in SCRIPTS)
        result = subprocess.run([*self.server_command(folder), "--bootstrap",
                                 "--default-storage-engine=Aria"], input=statements,
                                capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise StackError(f"{self.name}: initializing a data folder failed:\n{result.stderr}")

    def own_options(self) -> list[str]:
        return ["--innodb-log-file-size=128M", "--log-bin=binlog", "--log-basename=server",
                "--binlog-format=ROW", "--binlog-row-metadata=FULL",
                "--character-set-server=utf8mb4"]


class MariaDb118(MariaDb):
    kind = "mariadb118"

    @property
    def suite(self) -> str:
        return "trixie"

    def client_command(self, user: str, password: str) -> list[str]:
        # Its client would warn of a certificate that it cannot check.
        return [*super().client_command(user, password), "--skip-ssl-verify-server-cert"]
