#!/usr/bin/python3
"""A product is renamed that very many orders show: how long until every document has the new name?

  rename.py --orders 1000000 --json rename.json        both logs; about 40 minutes on two cores
  rename.py --orders 100000 --log embedded             smaller, one log; some 3 minutes

Real MySQL and Elasticsearch, and Kafka or the embedded log. All orders have one product. For each log: the
first load; the rename with nothing beside it, twice (Elasticsearch compiles its code during the first one; the
second counts); then, at half the rate that was found, the rename while other orders arrive (--rate). Beside it
the same documents as plain _bulk requests (curl, 4 connections, 1,000 documents a request): into an empty
index, and over themselves, which is what a rename does. The latency of an order that arrives is from the
return of its commit to the moment when a GET of its document finds it.
"""

import argparse
import json
import os
import pathlib
import sys
import threading
import time

import raw_bulk
import svg_plot
from bench_world import ROOT, World, memory_mib

DATABASE = "renames"
TABLES = [
    f"CREATE DATABASE {DATABASE} DEFAULT CHARACTER SET utf8mb4",
    f"CREATE TABLE {DATABASE}.products (id BIGINT PRIMARY KEY, name VARCHAR(200) NOT NULL, price DECIMAL(12,2) NOT NULL)",
    f"CREATE TABLE {DATABASE}.orders (id BIGINT PRIMARY KEY, order_no VARCHAR(32) NOT NULL, product_id BIGINT NOT NULL,"
    " quantity INT NOT NULL, total DECIMAL(14,2) NOT NULL, status ENUM('PLACED','PAID') NOT NULL,"
    " note VARCHAR(200) NULL, placed_at DATETIME(3) NOT NULL)",
    f"INSERT INTO {DATABASE}.products VALUES (1, 'Kettle', 19.90), (2, 'Toaster', 29.90)",
]
FILL = (
    f"INSERT INTO {DATABASE}.orders WITH RECURSIVE n (id) AS (SELECT %s UNION ALL SELECT id + 1 FROM n WHERE id < %s)"
    " SELECT id, CONCAT('R-', id), 1, 1 + id %% 3, 19.90, 'PLACED', 'please ring twice', NOW(3) FROM n"
)
FILLED_AT_ONCE = 50_000
ARRIVING_FROM = 100_000_000  # ids of the orders that arrive
PIPELINE = """tailrace: 1
name: {name}
source: {{ mysql: {{ user: tailrace, password: {{ env: MYSQL_PASSWORD }}, shards: {{ s0: "${{SHARD0}}/renames" }} }} }}
{stream}documents:
  order:
    root: orders
    id: "{{id}}"
    lookups:
      product: {{ table: products, on: product_id, when_changed: {followed} }}
sinks:
  orders: {{ elasticsearch: {{ urls: ["${{ES}}"] }}, document: order, alias: {name} }}
"""
KAFKA = 'stream: { kafka: { brokers: "${KAFKA}", partitions: 8, replicas: 1 } }\n'
TARGETS = {"embedded": 1.3, "kafka": 1.6}
LOOK_EVERY_S, SAMPLE_EVERY = 0.02, 4  # the GETs; one of so many orders is looked for
RENAME_DEADLINE_S = 1800
BEFORE_S = 5  # and behind: arrivals without the rename, for the plot


def percentile(values, q):
    values = sorted(values)
    return values[min(int(q * len(values)), len(values) - 1)] if values else None


class Arrivals:
    """Orders that arrive at a steady rate, and when the document of each of a sample is there."""

    def __init__(self, world, alias, rate, first_id):
        self._world, self._alias, self._rate, self._next = world, alias, rate, first_id
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._wanted = {}  # id -> when it was committed
        self.seen = []  # (committed, latency in seconds)
        self.failures = []
        self.count = 0
        self._threads = [threading.Thread(target=self._guarded, args=(work,)) for work in (self._place, self._look)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()
        if self.failures:
            raise self.failures[0]

    def _guarded(self, work):
        try:
            work()
        except Exception as failure:  # raised again by the main thread
            self.failures.append(failure)
            self._stop.set()

    def _place(self):
        connection = self._world.connect(DATABASE)
        due = time.monotonic()
        with connection.cursor() as cursor:
            while not self._stop.is_set():
                row = (self._next, f"A-{self._next}")
                cursor.execute("INSERT INTO orders VALUES (%s, %s, 2, 1, 29.90, 'PLACED', NULL, NOW(3))", row)
                if self.count % SAMPLE_EVERY == 0:
                    with self._lock:
                        self._wanted[self._next] = time.monotonic()
                self._next, self.count, due = self._next + 1, self.count + 1, due + 1 / self._rate
                time.sleep(max(0, due - time.monotonic()))
        connection.close()

    def _look(self):
        """Until every order of the sample was found."""
        while not self._stop.is_set() or self._wanted:
            with self._lock:
                wanted = dict(self._wanted)
            if wanted:
                docs = [{"_id": str(id), "_source": False} for id in wanted]
                answer = self._world.elasticsearch("POST", f"/{self._alias}/_mget", {"docs": docs})
                now = time.monotonic()
                for doc in answer["docs"]:
                    if doc.get("found"):
                        began = wanted[int(doc["_id"])]
                        self.seen.append((began, now - began))
                        with self._lock:
                            del self._wanted[int(doc["_id"])]
                if self._stop.is_set() and wanted and now - max(wanted.values()) > 120:
                    raise RuntimeError(f"{len(wanted)} orders have no document after two minutes")
            time.sleep(LOOK_EVERY_S)

    def latency(self):
        values = [latency for _, latency in self.seen]
        found = {f"p{round(q * 100)}_ms": round(1000 * (percentile(values, q) or 0), 1) for q in (0.5, 0.99)}
        return {"orders": self.count, "looked_for": len(values), **found}


class Rename:
    def __init__(self, args, world):
        self._args, self._world = args, world
        self._began = time.monotonic()
        self._names = 0
        self._first_id = ARRIVING_FROM
        self.results = {"orders": args.orders}

    def say(self, text):
        print(f"[{time.monotonic() - self._began:6.1f} s] {text}", flush=True)

    def perform(self):
        kafka = ["kafka"] if "kafka" in self._args.log else []
        self._world.begin("mysql", "elasticsearch", *kafka)
        for statement in TABLES:
            self._world.sql(statement)
        for first in range(1, self._args.orders + 1, FILLED_AT_ONCE):
            last = min(first + FILLED_AT_ONCE - 1, self._args.orders)
            self._fill(first, last)
        self.say(f"{self._args.orders:,} orders of one product are in MySQL")
        for log in self._args.log:
            self.results[log] = {}
            self._measure(log, self.results[log])

    def _fill(self, first, last):
        connection = self._world.connect(DATABASE)
        with connection.cursor() as cursor:
            cursor.execute("SET cte_max_recursion_depth = 1000000")
            cursor.execute(FILL, (first, last))
        connection.close()

    def _pipeline(self, log, followed):
        name = f"rename-{log}"
        stream = KAFKA if log == "kafka" else ""
        return self._world.written(name, PIPELINE.format(name=name, stream=stream, followed=followed))

    def _measure(self, log, found):
        pipeline = self._pipeline(log, "refresh")
        cost = self._world.run(pipeline, "all", f"{log}-first")
        found["first_load_s"] = round(cost.wall_s, 1)
        self.say(f"{log}: first load {cost.wall_s:.0f} s")
        if "raw" not in self.results:
            self._raw_bulk(pipeline)
        with self._live(pipeline) as child:
            found["first"] = self._rename(pipeline, child)
            self.say(f"{log}, first: {without_points(found['first'])}")
            alone = found["alone"] = self._rename(pipeline, child)
            self.say(f"{log}, alone: {without_points(alone)}")
        rate = max(round(self._args.orders / alone["wall_s"] / 2), 1)
        found["half_rate"] = rate
        with self._live(self._pipeline(log, f"{{ refresh: {rate}/s }}")) as child:
            self._beside_arrivals(pipeline, child, found)
        self._plot(log, found)

    def _raw_bulk(self, pipeline):
        (index,) = self._world.elasticsearch("GET", f"/_alias/{pipeline.name}")
        self.results["raw"] = raw_bulk.replay(self._world, index, again=True)
        self.say(f"raw _bulk: {self.results['raw']}")

    def _beside_arrivals(self, pipeline, child, found):
        with self._arrivals(pipeline) as arrivals:
            time.sleep(3)  # the first ones find nothing warm
        with self._arrivals(pipeline) as arrivals:
            time.sleep(self._args.seconds)
        found["idle_latency"] = arrivals.latency()
        self.say(f"{pipeline.name}, arrivals alone: {found['idle_latency']}")
        with self._arrivals(pipeline) as arrivals:
            time.sleep(BEFORE_S)
            found["beside"] = self._rename(pipeline, child, arrivals)
            time.sleep(BEFORE_S)
        began = found["beside"].pop("began")
        end = began + found["beside"]["wall_s"]
        during = [latency for at, latency in arrivals.seen if began <= at <= end]
        found["rename_latency"] = {f"p{round(q * 100)}_ms": round(1000 * (percentile(during, q) or 0), 1) for q in (0.5, 0.99)}
        found["rename_latency"]["looked_for"] = len(during)
        found["latency_points"] = [(round(at - began, 2), round(latency, 3)) for at, latency in arrivals.seen]
        self.say(f"{pipeline.name}, beside arrivals: {without_points(found['beside'])}, {found['rename_latency']}")

    def _arrivals(self, pipeline):
        self._first_id += 1_000_000
        return Arrivals(self._world, pipeline.name, self._args.rate, self._first_id)

    def _live(self, pipeline):
        return Live(self._world, pipeline)

    def _written(self, pipeline):
        stats = self._world.elasticsearch("GET", f"/{pipeline.name}/_stats/indexing")
        return stats["_all"]["primaries"]["indexing"]["index_total"]

    def _renamed(self, pipeline, name):
        self._world.elasticsearch("POST", f"/{pipeline.name}/_refresh")
        query = {"query": {"term": {"product.name": name}}}
        return self._world.elasticsearch("POST", f"/{pipeline.name}/_count", query)["count"]

    def _rename(self, pipeline, child, arrivals=None):
        """Renames the product and waits for the last document; what it took, and what remained when."""
        self._names += 1
        name, orders = f"Kettle {self._names}", self._args.orders
        written, servers = self._written(pipeline), self._world.servers_cpu()
        arrived = arrivals.count if arrivals else 0
        used, (idle_mib,) = process_cpu(child), memory_mib(child, "VmRSS")
        self._world.sql("UPDATE products SET name = %s WHERE id = 1", name, database=DATABASE)
        began, remaining, peak_mib = time.monotonic(), [(0.0, orders)], idle_mib
        while True:
            now = time.monotonic()
            done = self._written(pipeline) - written - ((arrivals.count - arrived) if arrivals else 0)
            remaining.append((round(now - began, 2), max(orders - done, 0)))
            peak_mib = max(peak_mib, *memory_mib(child, "VmRSS"))
            if done >= orders * 0.999 and self._renamed(pipeline, name) == orders:
                break
            if now - began > RENAME_DEADLINE_S:
                raise RuntimeError(f"{self._renamed(pipeline, name)} of {orders} orders have the new name")
            time.sleep(0.1)
        after = self._world.servers_cpu()
        return {
            "began": began, "wall_s": round(now - began, 2), "documents_per_s": round(orders / (now - began)),
            "writes": self._written(pipeline) - written - ((arrivals.count - arrived) if arrivals else 0),
            "cpu_s": round(process_cpu(child) - used, 2), "idle_rss_mib": round(idle_mib), "peak_rss_mib": round(peak_mib),
            "servers_cpu_s": {server: round(after[server] - servers[server], 1) for server in after},
            "load_average": round(os.getloadavg()[0], 1), "remaining": remaining,
        }

    def _plot(self, log, found):
        by_second = {}
        for at, latency in found["latency_points"]:
            by_second.setdefault(int(at + BEFORE_S), []).append(latency)
        seconds = sorted(by_second.items())
        remaining = [(at + BEFORE_S, left) for at, left in found["beside"]["remaining"]]
        lines = [
            svg_plot.Series("slowest arrival of each second", [(at, max(some)) for at, some in seconds]),
            svg_plot.Series("documents still to be renamed", remaining[:: len(remaining) // 300 + 1], right=True),
            svg_plot.Series("median arrival", [(at, percentile(some, 0.5)) for at, some in seconds]),
        ]
        axes = [svg_plot.Axis(f"seconds; the rename is committed at {BEFORE_S}"), svg_plot.Axis("latency in seconds"), svg_plot.Axis("documents")]
        title = f"A product of {self._args.orders:,} orders is renamed: {log}, {found['half_rate']:,} documents/s"
        svg_plot.draw(self._args.plots / f"rename-{log}.svg", title, axes, lines)


class Live:
    """`run`, while inside."""

    def __init__(self, world, pipeline):
        self._world, self._pipeline = world, pipeline

    def __enter__(self):
        self._child = self._world.live(self._pipeline, f"{self._pipeline.name}-live")
        end = time.monotonic() + 120
        while self._world.word() != "streaming":
            if time.monotonic() > end or self._child.poll() is not None:
                raise RuntimeError(f"{self._pipeline.name} does not come to streaming: {self._world.word()}")
            time.sleep(0.1)
        return self._child

    def __exit__(self, *_):
        self._world.stop(self._child)


def process_cpu(child):
    stat = pathlib.Path(f"/proc/{child.pid}/stat").read_text(encoding="ascii")
    fields = stat[stat.rindex(")") + 2 :].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def without_points(found):
    return {name: value for name, value in found.items() if not isinstance(value, list)}


def verdicts(results):
    """How far each figure is from its target."""
    for log, target in TARGETS.items():
        if "alone" not in results.get(log, {}):
            continue
        seconds, raw = results[log]["alone"]["wall_s"], results["raw"]
        ratios = [seconds / raw[name] for name in ("wall_s", "again_wall_s")]
        yield f"{log}: {ratios[0]:.2f} × a replay into an empty index, {ratios[1]:.2f} × one over the documents; target {target}"
        if "rename_latency" in results[log]:
            idle, busy = (results[log][name]["p99_ms"] for name in ("idle_latency", "rename_latency"))
            yield f"{log}: foreground p99 {busy} ms beside the rename, {idle} ms alone: {busy / idle:.2f} ×; target 2"


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--orders", type=int, default=1_000_000)
    p.add_argument("--log", default="embedded,kafka", help="with a comma between")
    p.add_argument("--rate", type=float, default=200, help="orders that arrive, per second")
    p.add_argument("--seconds", type=float, default=20, help="of arrivals alone")
    p.add_argument("--dir", type=pathlib.Path, default=ROOT / "build/bench", help="servers, files, logs")
    p.add_argument("--tailrace", type=pathlib.Path, default=ROOT / "build/release/app/tailrace")
    p.add_argument("--plots", type=pathlib.Path, default=ROOT / "docs/plots")
    p.add_argument("--json", type=pathlib.Path, help="write all figures there")
    p.add_argument("--profile", action="store_true", help="perf record of the first loads")
    p.add_argument("--keep", action="store_true", help="leave servers and state")
    args = p.parse_args()
    args.log = args.log.split(",")
    return args


def main():
    args = arguments()
    world = World(args.dir.absolute(), args.tailrace, args.profile)
    rename = Rename(args, world)
    try:
        rename.perform()
    finally:
        if not args.keep:
            world.end()
        if args.json:
            whole = {"date": time.strftime("%Y-%m-%d"), **rename.results}
            args.json.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    print("\n".join(verdicts(rename.results)))


if __name__ == "__main__":
    sys.exit(main())
