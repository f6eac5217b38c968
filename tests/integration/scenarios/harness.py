"""What every scenario has: servers of its own, a fresh shop, the program as processes, a seed, an end.

    def scenario(world): ...
    if __name__ == "__main__":
        sys.exit(harness.main(scenario, "mysql", "kafka"))

A scenario fails by raising. Every process that it started is gone afterwards; the servers stay up for the
next scenario (ctest stops them), its databases are dropped.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time
import traceback
import urllib.error
import urllib.request

import pymysql

ROOT = pathlib.Path(__file__).resolve().parents[3]
SHOP = ROOT / "config/examples/shop"
sys.path.insert(0, str(ROOT / "tests/stack"))

from stacklib import Stack, process  # noqa: E402  (found by the line above)

PATIENCE = float(os.environ.get("TAILRACE_STACK_PATIENCE", "1"))
POLL_S = 0.05


class Failed(Exception):
    """The program did not do what is promised."""


def check(holds, what):
    if not holds:
        raise Failed(what)


def until(condition, seconds, what):
    """The first true value of condition(); fails after that many seconds (times TAILRACE_STACK_PATIENCE)."""
    end = time.monotonic() + seconds * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"not within {seconds:.0f} s: {what}")
        time.sleep(POLL_S)


class World:
    """One run of one scenario."""

    def __init__(self, args):
        self.args = args
        self.seed = random.SystemRandom().randrange(2**31) if args.seed is None else args.seed
        self.rng = random.Random(self.seed)
        self.stack = Stack(args.dir / "stack")
        self.tag = f"{args.scenario[:20].replace('_', '-')}-{self.seed:08x}"  # names what is in the servers
        self.folder = args.dir / self.tag
        self.processes = []
        self.environment = {}  # until servers are up
        self._databases = []
        self._began = time.monotonic()

    def say(self, text):
        print(f"[{time.monotonic() - self._began:6.1f} s] {text}", flush=True)

    def begin(self, servers):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        servers = [self.args.source if server == "mysql" else server for server in servers]
        self.stack.up(*servers)
        self.environment = self._of_source(self.stack.environment())
        self.say(f"{', '.join(servers)} up; logs in {self.folder}")

    def _of_source(self, environment):
        """With --source mariadb that server takes the place of MySQL."""
        if self.args.source == "mysql":
            return environment
        prefix = self.args.source.upper() + "_"
        named = {f"MYSQL_{k.removeprefix(prefix)}": v for k, v in environment.items() if k.startswith(prefix)}
        return {**environment, **named, "SHARD0": f"127.0.0.1:{named['MYSQL_PORT']}"}

    def spawn(self, name, command, **variables):
        """Starts a program whose output goes to NAME.log; it ends with the scenario at the latest."""
        child = Child(self, name, [str(part) for part in command], variables)
        self.processes.append(child)
        return child

    def shop(self, name="shop"):
        database = f"{self.tag}-{name}"
        self._databases.append(database)
        return Shop(self, database)

    def end(self, failed):
        for child in self.processes:
            child.kill()
        if failed:
            programs = [child.log for child in self.processes if isinstance(child, Tailrace)]
            for log in dict.fromkeys(programs[-3:] + [child.log for child in self.processes[-1:]]):
                print(f"--- the end of {log}\n{process.log_tail(log, 15)}")
            return
        for database in self._databases:
            Shop(self, database).sql(f"DROP DATABASE IF EXISTS `{database}`", use=False)
        self._drop_indices()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _drop_indices(self):
        """What is left in Elasticsearch is recovered again after each of its kills: minutes, after giants."""
        server = self.environment.get("ES")
        if not server:
            return
        try:
            with urllib.request.urlopen(f"{server}/{self.tag}*/_alias", timeout=30) as response:
                names = list(json.loads(response.read()))
            for name in names:
                request = urllib.request.Request(f"{server}/{name}", method="DELETE")
                urllib.request.urlopen(request, timeout=30).close()
        except OSError as problem:
            self.say(f"the indices stay: {problem}")


class Child:
    """A process of ours: signals by pid, output in a file."""

    def __init__(self, world, name, command, variables):
        self.log = world.folder / f"{name}.log"
        with open(self.log, "ab") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **world.environment, **variables},
            )
        self.pid = self._process.pid

    @property
    def code(self):
        """Its exit code; None while it runs."""
        return self._process.poll()

    def kill(self):
        """SIGKILL, at once. False if it had ended by itself."""
        alive = self.code is None
        if alive:
            self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        return alive

    def freeze(self, seconds):
        """SIGSTOP, and SIGCONT after a while: to others it is dead, then a zombie."""
        self.send(signal.SIGSTOP)
        time.sleep(seconds)
        self.send(signal.SIGCONT)

    def send(self, number):
        self._process.send_signal(number)

    def stop(self, number=signal.SIGTERM, seconds=60):
        if self.code is None:
            self._process.send_signal(number)
        return self.wait(seconds)

    def wait(self, seconds):
        try:
            return self._process.wait(seconds * PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.log.name}: still running after {seconds:.0f} s") from None

    def text(self):
        return self.log.read_text(encoding="utf-8", errors="replace")

    def peak_rss_mib(self):
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
        raise Failed("the process tells no peak of its memory")


class Tailrace(Child):
    """`tailrace run`."""

    def __init__(self, world, name, arguments, variables):
        self.url = f"http://{variables['LISTEN']}"
        super().__init__(world, name, [str(world.args.tailrace), "run", *arguments], variables)

    def status(self):
        """What /v1/status says; None while nobody answers."""
        try:
            with urllib.request.urlopen(self.url + "/v1/status", timeout=5) as response:
                return json.loads(response.read())
        except (OSError, urllib.error.URLError, ValueError):
            return None

    def word(self):
        return (self.status() or {}).get("status")

    def await_word(self, *words, seconds=60):
        def reached():
            check(self.code is None, f"{self.log.name}: ended with {self.code}\n{process.log_tail(self.log)}")
            return self.word() in words

        until(reached, seconds, f"status {' or '.join(words)}")


class Shop:
    """A database with the example's tables, and its load."""

    def __init__(self, world, database):
        self._world, self.database = world, database

    @property
    def address(self):
        return f"127.0.0.1:{self._world.environment['MYSQL_PORT']}"

    def connect(self, use=True, autocommit=True):
        return pymysql.connect(
            host="127.0.0.1",
            port=int(self._world.environment["MYSQL_PORT"]),
            user=self._world.environment["MYSQL_ROOT_USER"],
            password=self._world.environment["MYSQL_ROOT_PASSWORD"],
            database=self.database if use else None,
            charset="utf8mb4",
            autocommit=autocommit,
        )

    def sql(self, statement, *values, use=True):
        connection = self.connect(use)
        with connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            rows = cursor.fetchall()
        connection.close()
        return rows

    def orders(self):
        return self.sql("SELECT COUNT(*) FROM orders")[0][0]

    def start_load(self, *arguments):
        world = self._world
        command = ["/usr/bin/python3", SHOP / "load.py", "--port", world.environment["MYSQL_PORT"]]
        command += ["--database", self.database, "--seed", str(world.rng.randrange(2**31)), *arguments]
        return world.spawn(f"load-{len(world.processes)}", command)

    def load(self, *arguments, seconds=240):
        child = self.start_load(*arguments)
        code = child.wait(seconds)
        check(code == 0, f"load.py ended with {code}\n{process.log_tail(child.log)}")
        return child.text().splitlines()[-1]


def main(scenario, *servers, options=lambda parser: None):
    """Parses, runs, reports; the exit code."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also below a shell's background job
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    name = pathlib.Path(sys.argv[0]).stem
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--dir", type=pathlib.Path, default=ROOT / "build/release/scenarios")
    parser.add_argument("--tailrace", type=pathlib.Path, default=ROOT / "build/release/app/tailrace")
    parser.add_argument("--source", choices=["mysql", "mariadb", "mysql56"], default="mysql",
                        help="the server that is captured")
    parser.add_argument("--seed", type=int, help="left out: a random one")
    options(parser)
    args = parser.parse_args()
    args.scenario, args.dir = name, args.dir.absolute()
    world = World(args)
    world.say(f"{name}: seed {world.seed}")
    failed = True
    try:
        world.begin(servers)
        scenario(world)
        failed = False
        world.say("passed")
    except Exception as problem:  # everything that a scenario can meet is a failure of it
        text = str(problem) if isinstance(problem, Failed) else traceback.format_exc()
        world.say(f"FAILED (seed {world.seed}): {text}")
    finally:
        world.end(failed)
    return 1 if failed else 0
