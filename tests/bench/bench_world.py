"""Servers, pipelines and measured runs of the program, for pipeline_bench.py.

Threading: none; every run is waited for.
"""

import dataclasses
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request

import pymysql

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHOP = ROOT / "config/examples/shop"
sys.path.insert(0, str(ROOT / "tests/stack"))

from stacklib import Stack, process  # noqa: E402  (found by the line above)

TICKS = os.sysconf("SC_CLK_TCK")
RUN_DEADLINE_S = 900


@dataclasses.dataclass
class Cost:
    """What one run of the program took."""

    wall_s: float
    user_s: float
    system_s: float
    rss_mib: float
    servers_cpu_s: dict  # by server, in the same time
    load: float  # the system's load average (1 min) at the end

    @property
    def cpu_s(self):
        return self.user_s + self.system_s


@dataclasses.dataclass
class Pipeline:
    name: str
    file: pathlib.Path
    state: pathlib.Path


class World:
    def __init__(self, folder, binary, profile):
        self.folder = folder
        self.profile = profile
        self.stack = Stack(folder / "stack")
        self.binary = folder / "tailrace"
        shutil.rmtree(folder / "state", ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy2(binary, self.binary)  # a build meanwhile disturbs nobody
        self.environment = {}

    def begin(self, *servers):
        self.stack.down(wipe=True)
        self.stack.up(*(servers or ("mysql", "kafka", "elasticsearch")))
        self.environment = {**os.environ, **self.stack.environment(), "LISTEN": f"127.0.0.1:{process.free_port()}"}

    def end(self):
        self.stack.down(wipe=True)
        shutil.rmtree(self.folder / "state", ignore_errors=True)

    def load(self, *arguments):
        """load.py of the shop; its last line."""
        command = ["/usr/bin/python3", SHOP / "load.py", "--port", self.environment["MYSQL_PORT"], *arguments]
        command = [str(part) for part in command]
        done = subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True)
        return done.stdout.splitlines()[-1]

    def sql(self, statement, *values, database=None):
        """As root; its rows. One transaction."""
        connection = self.connect(database)
        with connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            rows = cursor.fetchall()
        connection.close()
        return rows

    def connect(self, database=None):
        known = self.environment
        return pymysql.connect(
            host="127.0.0.1", port=int(known["MYSQL_PORT"]), user=known["MYSQL_ROOT_USER"],
            password=known["MYSQL_ROOT_PASSWORD"], database=database, charset="utf8mb4", autocommit=True,
        )

    def pipeline(self, name, kind, sinks, events=True):
        """A file like the example's, with other names and sinks. `kind`: kafka or embedded."""
        example = "pipeline.kafka-elasticsearch.yaml" if kind == "kafka" else "pipeline.yaml"
        text = (SHOP / example).read_text(encoding="utf-8")
        text = re.split(r"^(?:sinks|serve):", text, maxsplit=1, flags=re.MULTILINE)[0]
        text = re.sub(r"^name: .*$", f"name: {name}", text, flags=re.MULTILINE)
        if not events:
            text = re.sub(r"^events:.*?^(?=documents:)", "", text, flags=re.MULTILINE | re.DOTALL)
        text = text.replace("topic: shop.orders.events", f"topic: {name}.orders.events")
        if sinks:
            text += "sinks:\n" + "".join(f"  {sink}\n" for sink in sinks)
        return self.written(name, text)

    def written(self, name, text):
        """A pipeline file of its own: `text`, and where it listens and keeps its state."""
        state = self.folder / "state" / name
        text += f'serve: {{ listen: "${{LISTEN}}" }}\nstate: {{ dir: "{state}" }}\n'
        file = self.folder / f"{name}.yaml"
        file.write_text(text, encoding="utf-8")
        return Pipeline(name, file, state)

    def run(self, pipeline, role, label):
        """`run --until now`, to its end. Raises if it fails."""
        log = self.folder / f"{label}.log"
        command = [*self._profiler(label), self.binary, "run", pipeline.file, "--role", role]
        command += ["--until", "now", "--quiet"]
        before, began = self.servers_cpu(), time.monotonic()
        with open("/dev/null", "wb") as nothing, open(log, "wb") as errors:
            child = subprocess.Popen(command, stdout=nothing, stderr=errors, env=self.environment)
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() - began > RUN_DEADLINE_S:
                child.kill()
            time.sleep(0.005)
        wall = time.monotonic() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise RuntimeError(f"{label}: exit code {child.returncode}\n{process.log_tail(log)}")
        after = self.servers_cpu()
        servers = {name: round(after[name] - before[name], 2) for name in after}
        return Cost(wall, usage.ru_utime, usage.ru_stime, usage.ru_maxrss / 1024, servers, os.getloadavg()[0])

    def live(self, pipeline, label, role="all"):
        """`run` without an end, from when it answers; stop it with stop()."""
        command = [self.binary, "run", pipeline.file, "--role", role]
        with open(self.folder / f"{label}.log", "wb") as log:
            child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log, env=self.environment)
        end = time.monotonic() + 60
        while not self.metrics() and time.monotonic() < end:
            time.sleep(0.1)
        return child

    def word(self):
        """The pipeline's status in one word; None while nobody answers."""
        try:
            with urllib.request.urlopen(f"http://{self.environment['LISTEN']}/v1/status", timeout=5) as answer:
                return json.loads(answer.read())["status"]
        except OSError:
            return None

    def stop(self, child):
        child.send_signal(signal.SIGTERM)
        try:
            return child.wait(60)
        except subprocess.TimeoutExpired:
            child.kill()
            return child.wait()

    def metrics(self):
        """/metrics by series, without the pipeline's label; {} while nobody answers."""
        try:
            with urllib.request.urlopen(f"http://{self.environment['LISTEN']}/metrics", timeout=2) as answer:
                text = answer.read().decode()
        except OSError:
            return {}
        found = {}
        for line in text.splitlines():
            if line and not line.startswith("#"):
                series, _, value = line.rpartition(" ")
                found[re.sub(r'pipeline="[^"]*",?', "", series).replace("{}", "")] = float(value)
        return found

    def elasticsearch(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.environment["ES"] + path, data, {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.loads(answer.read())

    def kafka_bytes(self, pipeline):
        """Bytes of the pipeline's topics on the broker's disk, by kind of topic."""
        sizes = {}
        for segment in (self.folder / "stack/kafka").rglob("*.log"):
            topic = segment.parent.name.rpartition("-")[0]
            if topic.startswith(pipeline.name + "."):
                kind = topic.rpartition(".")[2]
                sizes[kind] = sizes.get(kind, 0) + segment.stat().st_size
        return sizes

    def servers_cpu(self):
        used = {}
        for name in self.stack.names():
            stat = pathlib.Path(f"/proc/{self.stack.server(name).state['pid']}/stat").read_text()
            fields = stat[stat.rindex(")") + 2 :].split()
            used[name] = (int(fields[11]) + int(fields[12])) / TICKS
        return used

    def _profiler(self, label):
        if not self.profile:
            return []
        return ["perf", "record", "-q", "-F", "997", "-g", "-o", self.folder / f"{label}.perf", "--"]


def memory_mib(child, *names):
    """Of a process's memory: VmRSS, VmHWM, RssAnon … in MiB; zeros when it has ended."""
    try:
        text = pathlib.Path(f"/proc/{child.pid}/status").read_text(encoding="ascii")
    except OSError:
        return [0 for _ in names]
    found = dict(re.findall(r"^(\w+):\s+(\d+) kB", text, flags=re.MULTILINE))
    return [int(found.get(name, 0)) / 1024 for name in names]


def histogram_difference(after, before, family):
    """[(upper bound, count)] of what was observed in between, of all series of a family that are a document's."""
    counts = {}
    for series, value in after.items():
        match = re.match(family + r'_bucket\{.*le="([^"]+)"\}', series)
        if match:
            bound = float("inf") if match[1] == "+Inf" else float(match[1])
            counts[bound] = counts.get(bound, 0) + value - before.get(series, 0)
    bounds = sorted(counts)
    return [(b, counts[b] - (counts[bounds[i - 1]] if i else 0)) for i, b in enumerate(bounds)]


def quantile(buckets, q):
    """Interpolated within the bucket; None without observations."""
    total = sum(count for _, count in buckets)
    below, lower = 0, 0.0
    for bound, count in buckets:
        if count and below + count >= q * total:
            return lower if bound == float("inf") else lower + (bound - lower) * (q * total - below) / count
        below, lower = below + count, bound
    return None
