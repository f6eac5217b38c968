#!/usr/bin/python3
"""How fast is the whole pipeline? Real servers, the shop example, a backlog, then what it costs per row change.

  pipeline_bench.py --json result.json                   everything, 1,050,000 row changes; about 10 minutes
  pipeline_bench.py --rows 140000 --only capture,null    a smaller backlog, and two steps
  pipeline_bench.py --only null --profile                leaves LABEL.perf in --dir, for `perf report`

Steps: capture (binlog -> Kafka), null and elasticsearch (changes on Kafka -> documents), sqlite and
embedded-null (the whole pipeline on the embedded log), latency (commit -> document acknowledged). Each
pipeline has done its first load before the backlog is made. CPU time of the program is the primary figure:
the servers share the cores, so a wall rate says as much about them. docs/benchmarks.md has the results.
"""

import argparse
import json
import os
import pathlib
import platform
import sys
import time

import raw_bulk
from bench_world import ROOT, World, histogram_difference, quantile

ROWS_PER_ORDER = 14  # of load.py --bulk-orders
SETTLE_S = 2
STEPS = ["capture", "null", "elasticsearch", "sqlite", "embedded-null", "latency"]
NULL = ["orders: { stdout: {}, document: order }", "customers: { stdout: {}, document: customer }"]
LATENCY = "tailrace_commit_to_document_seconds"
TARGET_CAPTURE, TARGET_PROJECT, TARGET_P99_MS = 400_000, 250_000, 100


def elasticsearch_sinks(name):
    return [
        f'{kind}s: {{ elasticsearch: {{ urls: ["${{ES}}"] }}, document: {kind}, alias: {name}-{kind}s,'
        f" mapping: {{ overrides: {{ {nested}: {{ type: nested }} }} }} }}"
        for kind, nested in (("order", "items"), ("customer", "coupons"))
    ]


class Bench:
    def __init__(self, args, world):
        self._args, self._world = args, world
        self._began = time.monotonic()
        self._orders = args.rows // ROWS_PER_ORDER
        self.rows = self._orders * ROWS_PER_ORDER
        self.results = {}
        self._idle = {}  # by label: what a run costs that finds nothing to do

    def say(self, text):
        print(f"[{time.monotonic() - self._began:6.1f} s] {text}", flush=True)

    def perform(self):
        steps = self._args.only
        self._world.begin()
        self.say("servers up: " + ", ".join(self._world.stack.names()))
        self._world.load("--schema", "--init", "2000,500", "--seed", self._args.seed)
        self._open_pipelines(steps)
        self.say(self._world.load("--bulk-orders", self._orders, "--fast-commit", "--threads", 2, "--seed", 1))
        self._capture()
        if "null" in steps:
            self._project("kafka-null", "changes → documents, null sink")
        if "elasticsearch" in steps:
            self._project("kafka-es", "changes → documents, Elasticsearch")
            self._raw_bulk()
        if "sqlite" in steps:
            self._whole("sqlite", "binlog → documents, embedded log, SQLite")
        if "embedded-null" in steps:
            self._whole("embedded-null", "binlog → documents, embedded log, null sink")
        if "latency" in steps:
            self._latency("kafka-es", "Kafka, Elasticsearch")
            self._latency("sqlite", "embedded log, SQLite")

    def _open_pipelines(self, steps):
        """The first load of every pipeline, and what it costs to start for nothing."""
        wanted = {
            "kafka": ("kafka", NULL, {"capture"}),
            "kafka-null": ("kafka", NULL, {"null"}),
            "kafka-es": ("kafka", elasticsearch_sinks("bench"), {"elasticsearch", "latency"}),
            "sqlite": ("embedded", [], {"sqlite", "latency"}),
            "embedded-null": ("embedded", NULL, {"embedded-null"}),
        }
        self._pipelines = {}
        for name, (log, sinks, used_by) in wanted.items():
            if not used_by & set(steps):
                continue
            pipeline = self._pipelines[name] = self._world.pipeline(f"bench-{name}", log, sinks, events=name != "kafka")
            self._world.run(pipeline, "capture" if name == "kafka" else "all", f"{name}-first")
            for role in ["all"] if log == "embedded" else ["capture"] if name == "kafka" else ["capture", "project"]:
                if role == "project":
                    self._settle(name)
                self._idle[name, role] = self._world.run(pipeline, role, f"{name}-{role}-idle").wall_s
        self.say(f"{len(self._pipelines)} pipelines have done their first load")

    def _record(self, label, cost, idle_s, **more):
        """A result of self.rows row changes. `idle_s`: the wall time of a run without work."""
        self.results[label] = {
            "rows": self.rows,
            "rows_per_s": round(self.rows / cost.wall_s),
            "cpu_us_per_row": round(cost.cpu_s * 1e6 / self.rows, 2),
            "user_s": round(cost.user_s, 2),
            "system_s": round(cost.system_s, 2),
            "wall_s": round(cost.wall_s, 2),
            "start_s": round(idle_s, 2),
            "rss_mib": round(cost.rss_mib),
            "servers_cpu_s": cost.servers_cpu_s,
            "load_average": round(cost.load, 1),
            **more,
        }
        self.say(f"{label}: {self.results[label]}")

    def _capture(self):
        """Every pipeline on Kafka reads the same backlog, so that there are several measurements."""
        for name in [n for n in self._pipelines if n.startswith("kafka")]:
            pipeline = self._pipelines[name]
            before = self._world.kafka_bytes(pipeline)
            cost = self._world.run(pipeline, "capture", f"{name}-capture")
            after = self._world.kafka_bytes(pipeline)
            written = {kind: size - before.get(kind, 0) for kind, size in after.items()}
            more = {"log_bytes_per_row": round(sum(written.values()) / self.rows, 1), "log_bytes": written}
            label = f"binlog → Kafka, {'changes only' if name == 'kafka' else f'changes and events ({name})'}"
            self._record(label, cost, self._idle[name, "capture"], **more)
            self._settle(name)

    def _settle(self, name):
        """A capture that waits says how far the log is complete; a projector with --until now ends by that."""
        child = self._world.live(self._pipelines[name], f"{name}-settle", "capture")
        time.sleep(SETTLE_S)
        self._world.stop(child)

    def _project(self, name, label):
        before = self._indexed(name)
        cost = self._world.run(self._pipelines[name], "project", f"{name}-project")
        more = {"documents": self._orders}
        writes = self._indexed(name) - before if name == "kafka-es" else None
        if writes is not None:
            more["document_writes"] = writes
            more["writes_per_s"] = round(writes / cost.wall_s)
        self._record(label, cost, self._idle[name, "project"], **more)

    def _indexed(self, name):
        if name != "kafka-es":
            return 0
        stats = self._world.elasticsearch("GET", "/bench-orders/_stats/indexing")
        return stats["_all"]["primaries"]["indexing"]["index_total"]

    def _raw_bulk(self):
        (index,) = self._world.elasticsearch("GET", "/_alias/bench-orders")
        raw = raw_bulk.replay(self._world, index)
        raw["documents_per_s"] = round(raw["documents"] / raw["wall_s"])
        self.results["raw _bulk of the same documents"] = raw
        self.say(f"raw _bulk: {raw}")

    def _whole(self, name, label):
        cost = self._world.run(self._pipelines[name], "all", f"{name}-whole")
        self._record(label, cost, self._idle[name, "all"], documents=self._orders)

    def _latency(self, name, label):
        """Live, at 200 orders a second; from the program's own histogram."""
        pipeline, world = self._pipelines[name], self._world
        world.run(pipeline, "all", f"{name}-before-latency")
        child = world.live(pipeline, f"{name}-latency")
        try:
            warm = ["--seconds", 5, "--mix", "plain", "--rate", 200]
            world.load(*warm, "--seed", 2)
            time.sleep(2)
            before = world.metrics()
            line = world.load("--seconds", self._args.seconds, "--mix", "plain", "--rate", 200, "--seed", 3)
            time.sleep(2)
            after = world.metrics()
        finally:
            world.stop(child)
        buckets = histogram_difference(after, before, LATENCY)
        quantiles = {f"p{round(q * 100)}_ms": round((quantile(buckets, q) or 0) * 1000, 1) for q in (0.5, 0.99)}
        writes = round(sum(count for _, count in buckets))
        result = {**quantiles, "writes": writes, "load": line, "load_average": round(os.getloadavg()[0], 1)}
        self.results[f"commit → document acknowledged, {label}"] = {**result, "buckets": buckets[:-1]}
        self.say(f"latency, {label}: {result}")


def table(results, rows):
    """The results as a page shows them."""
    lines = [
        f"Backlog: {rows:,} row changes, 7 per transaction.",
        "",
        "| step | CPU µs/row | rows/s | of it starting, s | writes/s | peak RSS MiB | load |",
        "|---|---|---|---|---|---|---|",
    ]
    for label, r in results.items():
        if "cpu_us_per_row" in r:
            writes = f"{r['writes_per_s']:,}" if "writes_per_s" in r else ""
            lines.append(
                f"| {label} | {r['cpu_us_per_row']:.2f} | {r['rows_per_s']:,} | {r['start_s']} of {r['wall_s']} |"
                f" {writes} | {r['rss_mib']} | {r['load_average']} |"
            )
        elif "documents_per_s" in r:
            lines.append(f"| {label} | | | | {r['documents_per_s']:,} | | |")
    lines += ["", "| latency at 200 orders/s | p50 ms | p99 ms | document writes | load |", "|---|---|---|---|---|"]
    for label, r in results.items():
        if "p99_ms" in r:
            lines.append(f"| {label} | {r['p50_ms']} | {r['p99_ms']} | {r['writes']:,} | {r['load_average']} |")
    return "\n".join(lines)


def distances(results):
    """How far each figure is from its target."""
    capture = [r["rows_per_s"] for label, r in results.items() if label.startswith("binlog → Kafka, changes only")]
    if capture:
        yield f"binlog → Kafka, changes only: {capture[0] / TARGET_CAPTURE:.2f} × {TARGET_CAPTURE:,} rows/s"
    null = results.get("changes → documents, null sink")
    if null:
        yield f"projector: {null['rows_per_s'] / TARGET_PROJECT:.2f} × {TARGET_PROJECT:,} rows/s"
    raw, sent = (results.get(k) for k in ("raw _bulk of the same documents", "changes → documents, Elasticsearch"))
    if raw and sent:
        yield f"Elasticsearch: {sent['writes_per_s'] / raw['documents_per_s']:.2f} × the raw _bulk rate (writes/s)"
    for label, r in results.items():
        if "p99_ms" in r:
            yield f"{label}: p99 {r['p99_ms'] / TARGET_P99_MS:.2f} × {TARGET_P99_MS} ms"


def machine():
    model = next((x.split(":")[1].strip() for x in open("/proc/cpuinfo") if x.startswith("model name")), "unknown")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {"cores": os.cpu_count(), "cpu": model, "memory_gib": round(memory), "kernel": platform.release()}


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rows", type=int, default=1_050_000, help="row changes of the backlog")
    p.add_argument("--dir", type=pathlib.Path, default=ROOT / "build/bench", help="servers, files, logs")
    p.add_argument("--tailrace", type=pathlib.Path, default=ROOT / "build/release/app/tailrace")
    p.add_argument("--json", type=pathlib.Path, help="write all figures there")
    p.add_argument("--only", default=",".join(STEPS), help="steps, with commas between; left out: all")
    p.add_argument("--seconds", type=int, default=30, help="of the latency step")
    p.add_argument("--seed", type=int, default=7)
    p.add_argument("--profile", action="store_true", help="perf record of every run; it costs a few per cent")
    p.add_argument("--keep", action="store_true", help="leave servers and state")
    args = p.parse_args()
    args.only = args.only.split(",")
    if unknown := set(args.only) - set(STEPS):
        p.error(f"unknown steps {', '.join(sorted(unknown))}; there are {', '.join(STEPS)}")
    return args


def main():
    args = arguments()
    world = World(args.dir.absolute(), args.tailrace, args.profile)
    bench = Bench(args, world)
    try:
        bench.perform()
    finally:
        if not args.keep:
            world.end()
        if args.json:
            whole = {"machine": machine(), "date": time.strftime("%Y-%m-%d"), "results": bench.results}
            args.json.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print("\n" + table(bench.results, bench.rows) + "\n")
    print("\n".join(distances(bench.results)))


if __name__ == "__main__":
    sys.exit(main())
