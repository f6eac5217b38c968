#!/usr/bin/python3
"""How much memory does one transaction over very many orders take?

  giant.py --json giant.json                           1,000,000 orders of one item: 2,000,000 rows
  giant.py --orders 200000 --sink null                 smaller; documents go to /dev/null

Real MySQL, the shop example, the embedded log, so capture and projector are one process. Memory is sampled
every 50 ms: before the transaction (idle), until it is committed, and until its last document is written.
RSS counts the pages of files that are mapped too; anonymous is what the process itself asked for.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import threading
import time

from bench_world import ROOT, SHOP, World, memory_mib

TARGET_MIB = 256
SAMPLE_S = 0.05
DEADLINE_S = 1200
QUIET_S = 3
SINKS = {
    "null": ["orders: { stdout: {}, document: order }", "customers: { stdout: {}, document: customer }"],
    "sqlite": [],
}


class Memory:
    """Samples a process while inside; the peaks."""

    def __init__(self, child):
        self._child = child
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self.rss = self.anonymous = 0

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _sample(self):
        while not self._stop.wait(SAMPLE_S):
            rss, anonymous = memory_mib(self._child, "VmRSS", "RssAnon")
            self.rss, self.anonymous = max(self.rss, rss), max(self.anonymous, anonymous)


class Giant:
    def __init__(self, args, world):
        self._args, self._world = args, world
        self._began = time.monotonic()
        self.results = {"orders": args.orders, "rows": 2 * args.orders, "sink": args.sink}

    def say(self, text):
        print(f"[{time.monotonic() - self._began:6.1f} s] {text}", flush=True)

    def perform(self):
        world = self._world
        world.begin("mysql")
        world.load("--schema", "--init", "2000,500", "--seed", 7)
        pipeline = world.pipeline("giant", "embedded", SINKS[self._args.sink], events=False)
        world.run(pipeline, "all", "giant-first")
        child = world.live(pipeline, "giant-live")
        try:
            world.load("--bulk-orders", self._args.warm, "--threads", 2, "--seed", 1)
            self._until_written(self._args.warm)
            idle, idle_anonymous = memory_mib(child, "VmRSS", "RssAnon")
            self.results |= {"idle_rss_mib": round(idle), "idle_anonymous_mib": round(idle_anonymous)}
            self.say(f"idle, {self._args.warm:,} orders seen: RSS {idle:.0f} MiB, anonymous {idle_anonymous:.0f} MiB")
            self._transaction(child)
        finally:
            world.stop(child)
        over = self.results["peak_rss_mib"] - round(idle)
        self.results["over_idle_mib"] = over
        self.say(f"peak {self.results['peak_rss_mib']} MiB, {over} MiB over idle; target {TARGET_MIB}: "
                 + ("reached" if self.results["peak_rss_mib"] <= TARGET_MIB else "missed"))

    def _transaction(self, child):
        before, began = self._documents(), time.monotonic()
        command = ["/usr/bin/python3", SHOP / "load.py", "--port", self._world.environment["MYSQL_PORT"]]
        command += ["--giant", 2 * self._args.orders, "--giant-kind", "insert", "--seed", 2]
        with Memory(child) as memory:
            command = [str(part) for part in command]
            subprocess.run(command, env=self._world.environment, stdout=subprocess.DEVNULL, check=True)
            committed = time.monotonic()
            self.say(f"committed after {committed - began:.0f} s")
            last = self._until_written(before + self._args.orders)
        self.results |= {
            "peak_rss_mib": round(memory.rss), "peak_anonymous_mib": round(memory.anonymous),
            "commit_to_last_document_s": round(last - committed, 1),
            "load_average": round(os.getloadavg()[0], 1),
        }

    def _documents(self):
        found = self._world.metrics()
        return found.get('tailrace_documents_total{sink="orders"}', 0) or sum(
            value for name, value in found.items() if name.startswith("tailrace_documents_total")
        )

    def _until_written(self, count):
        """Until so many documents are written, and for QUIET_S no more; when the last was."""
        end = time.monotonic() + DEADLINE_S
        seen, since = 0, time.monotonic()
        while seen < count or time.monotonic() - since < QUIET_S:
            now, written = time.monotonic(), self._documents()
            if written != seen:
                seen, since = written, now
            if now > end:
                raise RuntimeError(f"{seen:.0f} of {count:.0f} documents are written")
            time.sleep(0.2)
        return since


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--orders", type=int, default=1_000_000, help="of the one transaction")
    p.add_argument("--warm", type=int, default=10_000, help="orders before it, in small transactions")
    p.add_argument("--sink", choices=SINKS, default="null")
    p.add_argument("--dir", type=pathlib.Path, default=ROOT / "build/bench", help="servers, files, logs")
    p.add_argument("--tailrace", type=pathlib.Path, default=ROOT / "build/release/app/tailrace")
    p.add_argument("--json", type=pathlib.Path, help="write all figures there")
    p.add_argument("--keep", action="store_true", help="leave servers and state")
    return p.parse_args()


def main():
    args = arguments()
    world = World(args.dir.absolute(), args.tailrace, profile=False)
    giant = Giant(args, world)
    try:
        giant.perform()
    finally:
        if not args.keep:
            world.end()
        if args.json:
            args.json.write_text(json.dumps({"date": time.strftime("%Y-%m-%d"), **giant.results}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
