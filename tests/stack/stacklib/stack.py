"""A set of servers below one folder."""
import os
import shutil
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .cache import StackError, open_to_others
from .elasticsearch import Elasticsearch
from .kafka import Kafka
from .mariadb import MariaDb, MariaDb118
from .mysql import MySql, MySqlReplica
from .mysql56 import MySql56
from .server import Server

KINDS = {"mysql": MySql, "mysql56": MySql56, "mariadb": MariaDb, "mariadb118": MariaDb118,
         "kafka": Kafka, "elasticsearch": Elasticsearch}


def default_dir() -> Path:
    return Path(os.environ.get("TAILRACE_STACK_DIR") or "build/stack")


class Stack:
    """Names are a kind, or a kind and a suffix for a further one: mysql, mysql-s1.

    `mysql-replica` replicates from `mysql`. Threading: calls on different servers may
    come from different threads or processes; each server is locked while it changes.
    """

    def __init__(self, directory: str | Path | None = None):
        self.dir = Path(directory or default_dir()).absolute()

    def server(self, name: str) -> Server:
        if name == "mysql-replica":
            return MySqlReplica(self.dir, name)
        kind = KINDS.get(name.split("-")[0])
        if kind is None:
            raise StackError(f"unknown server '{name}'; there are {', '.join(KINDS)}, "
                             "mysql-replica, and KIND-SUFFIX for a further one")
        return kind(self.dir, name)

    def names(self) -> list[str]:
        return sorted(path.parent.name for path in self.dir.glob("*/state.json"))

    def up(self, *names: str, options: dict[str, list[str]] | None = None) -> dict:
        """Starts what does not run yet, in parallel: name -> seconds (None: was up).

        `options` are further command line arguments by server name; they are kept for
        later starts.
        """
        servers = [self.server(name) for name in dict.fromkeys(names)]
        with ThreadPoolExecutor(max_workers=max(1, len(servers))) as pool:
            jobs = [(server, pool.submit(server.up, (options or {}).get(server.name)))
                    for server in servers]
        failed = [job.exception() for _, job in jobs if job.exception() is not None]
        for problem in failed:
            if not isinstance(problem, StackError):
                raise problem
        for server, job in jobs:
            if isinstance(server, MySqlReplica) and job.exception() is None:
                server.follow(self.server("mysql"))
        if failed:
            raise StackError("\n".join(str(problem) for problem in failed))
        return {server.name: job.result() for server, job in jobs}

    def down(self, *names: str, wipe: bool = False) -> list[str]:
        """Stops the named servers (all without names). Data stays unless `wipe`."""
        chosen = list(names) or self.names()
        servers = [self.server(name) for name in chosen]
        with ThreadPoolExecutor(max_workers=max(1, len(servers))) as pool:
            stopped = list(pool.map(lambda server: server.stop(), servers))
        if wipe:
            for server in servers:
                shutil.rmtree(server.dir, ignore_errors=True)
                shutil.rmtree(open_to_others(server.dir), ignore_errors=True)
        return [name for name, was_running in zip(chosen, stopped) if was_running]

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        self.server(name).kill(number)

    def start(self, name: str) -> float:
        return self.server(name).start()

    def restart(self, name: str) -> float:
        self.server(name).stop()
        return self.start(name)

    def status(self) -> list[dict]:
        return [self.server(name).status() for name in self.names()]

    def environment(self) -> dict[str, str]:
        """Variables of every server that was brought up, running or not."""
        variables = {"TAILRACE_STACK_DIR": str(self.dir)}
        for name in self.names():
            server = self.server(name)
            if "port" in server.state:
                variables.update(server.environment())
        return variables
