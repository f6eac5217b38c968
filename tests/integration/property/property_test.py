#!/usr/bin/python3
"""Random pipelines: documents are the join of the tables, whatever the schema, the file, the load and the kills.

  property_test.py                          a few seeds
  property_test.py --seeds 200 --first 1000
  property_test.py --case FOLDER/case.json  one that was kept

Each seed draws two to five tables, a pipeline over them and some dozens of transactions (inserts, updates, changed
keys, moves, deletes, rollbacks, statements over two tables). The program runs meanwhile, embedded or on Kafka and
Elasticsearch (three processes), and is killed at random moments. Then the oracle, which knows only the final
tables and the file, compares every document. A seed that fails is made smaller and keeps its files.
"""

import argparse
import contextlib
import json
import os
import pathlib
import random
import signal
import sys
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "scenarios"))

import pymysql  # noqa: E402

import case as cases  # noqa: E402
import harness  # noqa: E402  (found by the line above)
import setups  # noqa: E402
from harness import ROOT, Failed, check, process  # noqa: E402

DUPLICATE = 1062
SMALLER = 12  # attempts to make a failing case smaller
SERVERS = {"embedded": ["mysql"], "kafka": ["mysql", "kafka", "elasticsearch"]}


class Pipeline(setups.Setup):
    """The pipeline of a case instead of the example's."""

    def __init__(self, world, shop, case):
        self.world, self.shop, self.kind = world, shop, case["setup"]
        self.name = f"{world.tag}-p"
        self.file = world.folder / "pipeline.yaml"
        self.state_dir = world.folder / "state"
        text = cases.pipeline_file(case, self.name, shop.database, self.alias)
        self.file.write_text(text, encoding="utf-8")
        self.sinks = {document: self._sink(document) for document in case["pipeline"]["documents"]}

    def alias(self, document):
        return f"{self.name}-{document}"

    def _sink(self, document):
        if self.kind == "embedded":
            return ["--sqlite", str(self.state_dir / "documents.db")]
        return self.elasticsearch(self.alias(document))

    def documents_are_equal(self, within):
        """How many were compared. There may be none."""
        compared = 0
        for document in self.sinks:
            report = self.report(document, within * harness.PATIENCE)
            wrong = {kind: report[kind] for kind in ("missing", "extra", "different")}
            samples = json.dumps(report["samples"], indent=1, ensure_ascii=False)
            check(not any(wrong.values()), f"{document}: {wrong}\n{samples}")
            compared += report["compared"]
        return compared


    def watchers(self):
        """Of versions, while everything goes on: none goes down, no document vanishes."""
        return [
            self.oracle(document, "--watch", "--interval", "0.1", name=f"watch-{document}")
            for document in self.sinks
        ]


class Program:
    """One process, or capture and two projectors."""

    def __init__(self, setup, rng):
        self._setup, self._rng = setup, rng
        names = ["tailrace"] if setup.kind == "embedded" else ["capture", "project-0", "project-1"]
        self._running = {name: self._start(name) for name in names}
        self.kills = 0

    def _start(self, name):
        if name == "tailrace":
            return self._setup.run()
        folder = f"{self._setup.state_dir}-{name}"
        return self._setup.run("--role", name.partition("-")[0], name=name, state_dir=folder)

    def kill_one(self):
        """At a moment of its own."""
        time.sleep(self._rng.uniform(0, 0.4))
        name = self._rng.choice(list(self._running))
        child = self._running[name]
        check(child.kill(), f"{name} had ended by itself with {child.code}\n{process.log_tail(child.log)}")
        self._running[name] = self._start(name)
        self.kills += 1

    def await_streaming(self):
        """The first load is over."""
        for child in self._running.values():
            child.await_word("streaming", "catching_up", seconds=90)

    def end(self):
        for name, child in self._running.items():
            code = child.stop()
            check(code == 0, f"SIGTERM ended {name} with {code}\n{process.log_tail(child.log)}")


class Load:
    """Performs transactions as they stand."""

    def __init__(self, shop):
        self._connection = shop.connect(autocommit=False)
        with self._connection.cursor() as cursor:
            cursor.execute("SET time_zone = '+00:00'")
        self.statements = 0

    def perform(self, transaction):
        with self._connection.cursor() as cursor:
            for statement in transaction["statements"]:
                try:
                    cursor.execute(statement)
                    self.statements += 1
                except pymysql.err.IntegrityError as error:
                    if error.args[0] != DUPLICATE:
                        raise
            cursor.execute(transaction["end"])


def create(world, case):
    """A fresh database with the tables of the case and some rows."""
    shop = world.shop()
    shop.sql(f"DROP DATABASE IF EXISTS `{shop.database}`", use=False)
    shop.sql(f"CREATE DATABASE `{shop.database}` CHARACTER SET utf8mb4", use=False)
    for statement in case["tables"]:
        shop.sql(statement)
    load = Load(shop)
    load.perform(case["filling"])
    return shop, load


def run(world, case):
    """Fails by raising; else what it did."""
    world.begin(SERVERS[case["setup"]])
    cases.save(case, world.folder / "case.json")
    shop, load = create(world, case)
    setup, program = Pipeline(world, shop, case), None
    rng = random.Random(case["seed"])
    for number, transaction in enumerate(case["transactions"]):
        if number == case["start"]:
            program, watchers = Program(setup, rng), setup.watchers()
        if number == case["streaming"]:
            program.await_streaming()
        load.perform(transaction)
        time.sleep(rng.choice([0, 0, 0.02, 0.2]))  # of the load
        if number in case["kills"] and program:
            program.kill_one()
    compared = setup.documents_are_equal(within=60)
    program.end()
    setup.documents_are_equal(within=0)
    for child in watchers:
        code = child.stop()
        check(code == 0, f"{child.log.name} ended with {code}: {child.text()}")
    return {"compared": compared, "kills": program.kills, "statements": load.statements}


def attempt(args, case, say=True):
    """One run in a world of its own: (what it did, None) or (None, why it failed)."""
    args.attempt += 1  # names of its own: what a failure leaves on the servers stays away from the next
    args.seed, args.scenario = case["seed"], f"property-{os.getpid() % 10**5}-{args.attempt}"
    failure = done = None
    with contextlib.ExitStack() as quiet:
        if not say:
            quiet.enter_context(contextlib.redirect_stdout(None))
        world = harness.World(args)
        try:
            done = run(world, case)
        except Exception as problem:  # everything that a case can meet is a failure of it
            failure = str(problem) if isinstance(problem, Failed) else traceback.format_exc()
        finally:
            world.end(done is None)
    return done, failure


def shrink(args, case):
    """A case with less in it that still fails; at most so many attempts."""
    left = SMALLER
    while left:
        for candidate in cases.smaller(case):
            if not left:
                break
            left -= 1
            print(f"  trying {describe(candidate)}", flush=True)
            if attempt(args, candidate, say=False)[1]:
                case = candidate
                break
        else:
            break
    return case


def describe(case):
    documents = case["pipeline"]["documents"]
    return (
        f"{case['setup']}, {len(case['tables'])} tables, {len(documents)} documents,"
        f" {len(case['transactions'])} transactions, {len(case['kills'])} kills"
    )


def arguments():
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("--dir", type=pathlib.Path, default=ROOT / "build/release/property")
    p.add_argument("--tailrace", type=pathlib.Path, default=ROOT / "build/release/app/tailrace")
    p.add_argument("--source", choices=["mysql"], default="mysql", help=argparse.SUPPRESS)
    p.add_argument("--seeds", type=int, default=6, metavar="N")
    p.add_argument("--first", type=int, metavar="S", help="left out: random")
    p.add_argument("--setup", choices=["embedded", "kafka"], help="left out: drawn")
    p.add_argument("--case", type=pathlib.Path, help="run this one")
    args = p.parse_args()
    args.dir, args.attempt = args.dir.absolute(), 0
    return args


def chosen(args):
    if args.case:
        return [cases.load(args.case)]
    first = random.SystemRandom().randrange(2**31) if args.first is None else args.first
    return [cases.make(seed, args.setup) for seed in range(first, first + args.seeds)]


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    args = arguments()
    failed, compared = [], 0
    for case in chosen(args):
        began = time.monotonic()
        print(f"seed {case['seed']}: {describe(case)}", flush=True)
        done, failure = attempt(args, case)
        took = f"{time.monotonic() - began:.1f} s"
        if done:
            compared += done["compared"]
            print(f"  equal after {took}: {done}", flush=True)
            continue
        failed.append(case["seed"])
        print(f"  FAILED after {took}: {failure}", flush=True)
        path = args.dir / f"failed-{case['seed']}.json"
        cases.save(shrink(args, case), path)
        print(f"  seed {case['seed']} failed; property_test.py --case {path}", flush=True)
    print(f"{compared} documents compared; failed seeds: {failed or 'none'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
