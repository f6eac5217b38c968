#!/usr/bin/python3
"""Are the documents of a sink the join of the tables? (Debian: apt install python3-pymysql python3-yaml)

  oracle.py --pipeline P.yaml --document order --sqlite documents.db
  oracle.py --pipeline P.yaml --document order --es http://localhost:9200 --index orders
  oracle.py … --within 30                    look again until equal, for at most 30 s
  oracle.py … --watch --seconds 60           versions never go down, nothing vanishes
  oracle.py … --watch --invariant 'items_total=sum(items.line_total)'     and nothing is torn

Reads the shape of the documents from the pipeline file, columns and keys from the server, and the rows from
MySQL in one snapshot: independent of tailrace. Shards come from the file; --mysql overrides them. Of `keep`
lookups only null-or-object, field names and key are compared: final SQL does not tell what they first showed.
Exit: 0 equal, 4 differences, 2 wrong use, 3 something cannot be reached.
"""

import argparse
import contextlib
import gc
import http.client
import json
import os
import pathlib
import sqlite3
import sys
import time

import pymysql

import compare
import expected
import sinks
import source
import spec
import watch

SHOP = pathlib.Path(__file__).resolve().parents[3] / "config/examples/shop/pipeline.yaml"
FEW = 5000  # documents that are not worth a process
OK, USAGE, ENVIRONMENT, DIFFERENT = 0, 2, 3, 4
UNREACHABLE = (OSError, http.client.HTTPException, pymysql.err.Error, sqlite3.Error)


def arguments(argv=None):
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("--pipeline", default=SHOP, help="left out: the shop example")
    p.add_argument("--document", required=True)
    p.add_argument(
        "--mysql", action="append", metavar="[SHARD=]HOST:PORT/DB", help="repeat for several shards"
    )
    p.add_argument("--user", default=os.environ.get("MYSQL_ROOT_USER", "root"))
    p.add_argument("--password", default=os.environ.get("MYSQL_ROOT_PASSWORD", ""))
    where = p.add_mutually_exclusive_group(required=True)
    where.add_argument("--sqlite", metavar="FILE")
    where.add_argument("--es", metavar="URL")
    p.add_argument("--index", help="Elasticsearch alias; left out: the document's name")
    p.add_argument("--any-order", action="store_true", help="do not compare the order of fields")
    p.add_argument("--within", type=float, default=0, metavar="S")
    p.add_argument("--json", action="store_true")
    p.add_argument("--workers", type=int, default=min(4, os.cpu_count()), metavar="N")
    p.add_argument("--watch", action="store_true")
    p.add_argument("--interval", type=float, default=0.5, metavar="S")
    p.add_argument("--seconds", type=float, metavar="S", help="left out: until SIGTERM")
    p.add_argument("--invariant", action="append", default=[], type=watch.Invariant)
    return p.parse_args(argv)


def open_sink(args):
    if args.sqlite:
        return sinks.Sqlite(args.sqlite, args.document)
    return sinks.Elasticsearch(args.es, args.index or args.document)


def addresses(args, pipeline):
    """shard -> host:port/database"""
    chosen = {}
    for name, text in zip(pipeline.shards, args.mysql or []):
        given, equals, address = text.rpartition("=")
        chosen[given if equals else name] = address
    return chosen or pipeline.shards


def compare_once(args, pipeline):
    """Reads MySQL and then the sink, once."""
    document = pipeline.documents[args.document]
    with contextlib.ExitStack() as stack:
        shards = []
        for name, address in addresses(args, pipeline).items():
            shards.append(source.Shard(name, address, args.user, args.password, pipeline))
            stack.callback(shards[-1].close)
        wanted = expected.Expected(shards, document, pipeline)
    sink = open_sink(args)
    workers = args.workers if len(wanted) >= FEW else 1
    report = compare.compare(wanted, sink, not args.any_order, workers)
    for problem in sink.alias_problems(report.compared + report.extra):
        report.add("different", problem)
    return report


def run_compare(args, pipeline):
    start = time.monotonic()
    while True:
        gc.collect()
        last = time.monotonic() - start >= args.within
        try:
            report = compare_once(args, pipeline)
            if report.equal or last:
                break
        except UNREACHABLE:
            if last:
                raise
        time.sleep(0.5)
    kept = [node.path for node in pipeline.documents[args.document].root.walk() if node.keep]
    if args.json:
        print(
            json.dumps(
                {"document": args.document, **report.as_json(), "keep": kept}, ensure_ascii=False
            )
        )
    else:
        print(f"{args.document}: " + "\n".join(report.lines()))
        print(
            f"  {time.monotonic() - start:.1f} s"
            + (f"; keep, by shape only: {', '.join(kept)}" if kept else "")
        )
    return OK if report.equal else DIFFERENT


def run_watch(args):
    watcher = watch.Watcher(open_sink(args), args.invariant)
    good = watcher.run(args.interval, args.seconds)
    print(f"{args.document}: " + "\n".join(watcher.lines()))
    if not watcher.polls:
        return ENVIRONMENT
    return OK if good else DIFFERENT


def main(argv=None):
    args = arguments(argv)
    try:
        if args.watch:
            return run_watch(args)
        pipeline = spec.load(args.pipeline)
        if args.document not in pipeline.documents:
            raise spec.Refused(
                f"no document {args.document}; there are {', '.join(pipeline.documents)}"
            )
        gc.disable()  # millions of small objects, no cycles: collecting takes a third of the time
        return run_compare(args, pipeline)
    except (spec.Refused, NotImplementedError, LookupError) as error:
        print(f"oracle: cannot compare: {error}", file=sys.stderr)
        return USAGE
    except UNREACHABLE as error:
        print(f"oracle: {error}", file=sys.stderr)
        return ENVIRONMENT


if __name__ == "__main__":
    sys.exit(main())
