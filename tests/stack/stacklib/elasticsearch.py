"""Elasticsearch from Maven (the reduced distribution of its integration tests)."""
import json
import os
import pwd
import shutil
import signal
import sys
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

from . import maven, process
from .cache import StackError, cache_dir, ensure_folder, open_to_others
from .server import Server

VERSION = "8.17.0"
ARTIFACT = f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{VERSION}:zip"
UNPRIVILEGED_USER = "nobody"  # the server refuses to run as root


class Elasticsearch(Server):
    kind = "elasticsearch"
    ports = ("port", "transport_port")

    def __init__(self, stack_dir: Path, name: str):
        super().__init__(stack_dir, name)
        # As root the server runs as somebody else, who may not be able to enter our folder.
        self.work = open_to_others(self.dir) if os.getuid() == 0 else self.dir
        self.log = self.work / "server.log"

    def prepare(self) -> None:
        maven.java()
        self.home()

    def home(self) -> Path:
        archive = ensure_folder(
            cache_dir() / f"elasticsearch-{VERSION}-zip",
            lambda folder: maven.download(folder, [ARTIFACT], transitive=False))
        target = cache_dir() / f"elasticsearch-{VERSION}"
        if os.getuid() == 0:
            target = open_to_others(target)
        return ensure_folder(target, lambda folder: _unpack(next(archive.glob("*.zip")), folder))

    def create_data(self) -> None:
        for name in ("config", "data", "logs", "tmp"):
            (self.work / name).mkdir(parents=True, exist_ok=True)
        shutil.copy(self.home() / "config/log4j2.properties", self.work / "config")
        (self.work / "config/jvm.options").write_text(
            "-XX:+UseG1GC\n-XX:-AlwaysPreTouch\n-Djava.io.tmpdir=${ES_TMPDIR}\n")

    def _write_configuration(self) -> None:
        settings = {
            "cluster.name": self.name, "node.name": "node", "discovery.type": "single-node",
            "network.host": "127.0.0.1", "http.port": self.port,
            "transport.port": self.state["transport_port"],
            "path.data": str(self.work / "data"), "path.logs": str(self.work / "logs"),
            "xpack.security.enabled": False,
            "cluster.routing.allocation.disk.threshold_enabled": False,
        }
        settings.update(option.split("=", 1) for option in self.state.get("options", []))
        # Left by a launcher that was killed; the next one would refuse to start.
        (self.work / "config/elasticsearch.keystore.tmp").unlink(missing_ok=True)
        # JSON is YAML.
        (self.work / "config/elasticsearch.yml").write_text(
            "".join(f"{key}: {json.dumps(value)}\n" for key, value in settings.items()))

    def command(self) -> list[str]:
        self._write_configuration()
        command = [str(self.home() / "bin/elasticsearch"), "-d", "-p", str(self._pid_file)]
        if os.getuid() != 0:
            return command
        user = pwd.getpwnam(UNPRIVILEGED_USER)
        for path in [self.work, *self.work.rglob("*")]:
            os.chown(path, user.pw_uid, user.pw_gid)
        return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups",
                *command]

    def command_environment(self) -> dict[str, str]:
        heap = os.environ.get("TAILRACE_ES_HEAP", "1g")
        return {"ES_JAVA_HOME": str(maven.java().parent.parent),
                "ES_PATH_CONF": str(self.work / "config"), "ES_TMPDIR": str(self.work / "tmp"),
                "ES_JAVA_OPTS": f"-Xms{heap} -Xmx{heap}", "HOME": str(self.work)}

    @property
    def _pid_file(self) -> Path:
        return self.work / "tmp/elasticsearch.pid"

    def launch(self) -> int:
        """Its launcher starts the real server, whose pid is the one to keep."""
        self._pid_file.unlink(missing_ok=True)
        command = self.command()
        launcher = process.spawn(command, self.log, self.command_environment(), self.work)
        # Until there is a server, `down` has to end the launcher, which ends what it started.
        self.save(pid=launcher.pid, start_ticks=process.start_ticks(launcher.pid))
        problem = process.wait_for(lambda: launcher.poll() == 0 and self._pid_file.exists(),
                                   self.patient_start_deadline_s,
                                   lambda: launcher.poll() in (None, 0))
        if problem is not None:
            if launcher.poll() is None:
                launcher.terminate()  # it ends the server that it has begun to start
                if not process.wait_gone(launcher.pid, process.start_ticks(launcher.pid), 10):
                    os.killpg(launcher.pid, signal.SIGKILL)  # with the server, which holds its folder
            raise StackError(f"{self.name} did not start; the end of {self.log}:\n"
                             f"{process.log_tail(self.log)}")
        return int(self._pid_file.read_text())

    def answers(self) -> bool:
        """The cluster is healthy enough to index. `GET /` is not there in this distribution."""
        try:
            health = json.loads(self._request("GET", "/_cluster/health?timeout=2s", None))
        except (OSError, ValueError):
            return False
        return health.get("status") in ("green", "yellow")

    def _request(self, method: str, path: str, body: str | None) -> str:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method,
                                         data=None if body is None else body.encode(),
                                         headers={"Content-Type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=5 if body is None else 60) as response:
            return response.read().decode()

    def client(self, arguments: list[str]) -> int:
        if len(arguments) not in (2, 3):
            raise StackError("write: stack client elasticsearch METHOD PATH [BODY]")
        body = arguments[2] if len(arguments) == 3 else None
        try:
            print(self._request(arguments[0], arguments[1], body))
        except urllib.error.HTTPError as error:
            print(error.read().decode(), file=sys.stderr)
            return 1
        except OSError as error:
            raise StackError(f"{self.name}: {error}") from None
        return 0

    def environment(self) -> dict[str, str]:
        name = self.name.upper().replace("-", "_").replace("ELASTICSEARCH", "ES", 1)
        return {name: f"http://127.0.0.1:{self.port}"}


def _unpack(archive: Path, folder: Path) -> None:
    """Puts the archive's only top folder into `folder`, readable by everybody."""
    folder.chmod(0o755)
    with zipfile.ZipFile(archive) as content:
        content.extractall(folder)
    (top,) = (path for path in folder.iterdir() if path.is_dir())
    for path in top.iterdir():
        path.rename(folder / path.name)
    top.rmdir()
    for path in folder.rglob("*"):
        executable = path.is_dir() or path.parent.name == "bin" or "/bin/" in str(path)
        path.chmod(0o755 if executable else 0o644)
