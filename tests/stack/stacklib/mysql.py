"""MySQL 9.x (server, client, mysqlbinlog) from Debian unstable, beside the system."""
import os
import shutil
import subprocess
import tempfile
import zlib
from pathlib import Path

from . import private_apt
from .cache import StackError, ensure_folder
from .server import Server

PACKAGES = ["mysql-server-core", "mysql-client-core"]
ROOT_USER, ROOT_PASSWORD = "root", "root"
USER, PASSWORD = "tailrace", "tailrace"
LONGEST_SOCKET_PATH = 100  # sun_path holds 108 bytes

# Not written to the binlog: a fresh server starts with an empty gtid_executed.
ACCOUNTS = f"""\
SET SQL_LOG_BIN = 0;
CREATE USER '{ROOT_USER}'@'%' IDENTIFIED WITH caching_sha2_password BY '{ROOT_PASSWORD}';
GRANT ALL ON *.* TO '{ROOT_USER}'@'%' WITH GRANT OPTION;
ALTER USER 'root'@'localhost' IDENTIFIED WITH caching_sha2_password BY '{ROOT_PASSWORD}';
CREATE USER '{USER}'@'%' IDENTIFIED WITH caching_sha2_password BY '{PASSWORD}';
GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO '{USER}'@'%';
"""


class MySql(Server):
    kind = "mysql"
    program_folder = "mysql"
    programs = {"mysqld": "/usr/sbin/mysqld"}  # the others are in /usr/bin
    client_program = "mysql"

    def prepare(self) -> None:
        self.root()
        self.program(self.client_program)

    def root(self) -> Path:
        return private_apt.unpacked(self.program_folder, "sid", PACKAGES)

    def program(self, name: str) -> Path:
        path = self.programs.get(name, f"/usr/bin/{name}")
        if not (self.root() / path.lstrip("/")).exists():
            raise StackError(f"{self.kind} brings no program '{name}'")
        return private_apt.wrapper(self.root(), path)

    @property
    def share(self) -> Path:
        """Messages, character sets and the scripts that make the system tables."""
        folder = self.root() / "usr/share"
        return next(path for path in (folder / "mariadb", folder / "mysql")
                    if (path / "charsets").is_dir())

    @property
    def template(self) -> Path:
        """A data folder as a fresh server has it."""
        return self.root().parent / "data"

    @property
    def data(self) -> Path:
        return self.dir / "data"

    @property
    def socket(self) -> Path:
        path = self.dir / "mysql.sock"
        if len(str(path)) <= LONGEST_SOCKET_PATH:
            return path
        short = f"tailrace-{os.getuid()}-{zlib.crc32(str(path).encode()):08x}.sock"
        return Path(tempfile.gettempdir()) / short

    def server_command(self, data: Path) -> list[str]:
        root = self.root()
        command = [*private_apt.loader_command(root, self.programs["mysqld"]), "--no-defaults",
                   f"--datadir={data}", f"--basedir={root}/usr",
                   f"--lc-messages-dir={self.share}",
                   f"--character-sets-dir={self.share}/charsets",
                   "--secure-file-priv=NULL", "--mysqlx=OFF"]
        return command + self.user_option()

    def user_option(self) -> list[str]:
        # Without --user the server refuses to run as root.
        return ["--user=root"] if os.getuid() == 0 else []

    def create_data(self) -> None:
        """Copies a data folder that is initialized once per version of the server."""
        template = ensure_folder(self.template, self._initialize)
        shutil.rmtree(self.data, ignore_errors=True)
        shutil.copytree(template, self.data)
        (self.data / "auto.cnf").unlink(missing_ok=True)  # a server_uuid of its own
        self.data.chmod(0o750)
        (self.dir / "accounts.sql").write_text(ACCOUNTS, encoding="utf-8")

    def _initialize(self, folder: Path) -> None:
        result = subprocess.run([*self.server_command(folder), "--initialize-insecure",
                                 "--innodb-redo-log-capacity=16M"],
                                stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                check=False)
        if result.returncode != 0:
            raise StackError(f"{self.name}: initializing a data folder failed:\n{result.stderr}")

    def command(self) -> list[str]:
        state = self.state
        command = [*self.server_command(self.data),
                   "--bind-address=127.0.0.1", f"--port={self.port}", f"--socket={self.socket}",
                   f"--pid-file={self.dir}/mysqld.pid",
                   f"--server-id={zlib.crc32(str(self.dir).encode()) % 4000000000 + 1}",
                   "--skip-name-resolve", "--max-connections=200",
                   "--innodb-buffer-pool-size=128M",
                   "--max-allowed-packet=256M", "--table-open-cache=400",
                   # Survives the end of the process; only the end of the machine could lose.
                   "--sync-binlog=0", "--innodb-flush-log-at-trx-commit=2",
                   *self.own_options()]
        if not state.get("initialized"):
            command.append(f"--init-file={self.dir}/accounts.sql")
        return command + state.get("options", [])

    def own_options(self) -> list[str]:
        return ["--innodb-redo-log-capacity=256M", "--gtid-mode=ON", "--enforce-gtid-consistency=ON",
                "--binlog-format=ROW", "--binlog-row-metadata=FULL"]

    def client_command(self, user: str, password: str) -> list[str]:
        # --no-defaults has to come first: a my.cnf of the user must not change the result.
        return [str(self.program(self.client_program)), "--no-defaults", "--host=127.0.0.1",
                f"--port={self.port}", f"--user={user}", f"--password={password}",
                "--default-character-set=utf8mb4"]

    def answers(self) -> bool:
        """The account of the product logs in over TCP and gets an answer."""
        command = [*self.client_command(USER, PASSWORD), "--connect-timeout=2", "-Nse", "SELECT 1"]
        try:
            result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True,
                                    text=True, timeout=5, check=False)
        except subprocess.TimeoutExpired:
            return False
        return result.stdout.strip() == "1"

    def sql(self, statements: str) -> str:
        result = subprocess.run([*self.client_command(ROOT_USER, ROOT_PASSWORD), "-N"],
                                input=statements, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            errors = [line for line in result.stderr.splitlines() if "[Warning]" not in line]
            raise StackError(f"{self.name}: {' '.join(errors)}")
        return result.stdout

    def client(self, arguments: list[str]) -> int:
        command = self.client_command(ROOT_USER, ROOT_PASSWORD)
        password = next(word for word in command if word.startswith("--password="))
        command.remove(password)  # by the environment, so that no warning is printed
        return subprocess.run([*command, *arguments], check=False,
                              env={**os.environ, "MYSQL_PWD": ROOT_PASSWORD}).returncode

    def environment(self) -> dict[str, str]:
        prefix = self.name.upper().replace("-", "_")
        variables = {"HOST": "127.0.0.1", "PORT": str(self.port), "SOCKET": str(self.socket),
                     "USER": USER, "PASSWORD": PASSWORD,
                     "ROOT_USER": ROOT_USER, "ROOT_PASSWORD": ROOT_PASSWORD}
        named = {f"{prefix}_{key}": value for key, value in variables.items()}
        # The example pipelines call their only server SHARD0.
        return {**named, "SHARD0": f"127.0.0.1:{self.port}"} if self.name == "mysql" else named


class MySqlReplica(MySql):
    """Follows the server `mysql` of the same stack by GTID."""

    def follow(self, source: MySql) -> None:
        if self.sql("SHOW REPLICA STATUS"):
            return
        self.sql(f"CHANGE REPLICATION SOURCE TO SOURCE_HOST='127.0.0.1', "
                 f"SOURCE_PORT={source.port}, SOURCE_USER='{ROOT_USER}', "
                 f"SOURCE_PASSWORD='{ROOT_PASSWORD}', SOURCE_AUTO_POSITION=1, "
                 "GET_SOURCE_PUBLIC_KEY=1; START REPLICA;")
