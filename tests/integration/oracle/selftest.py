#!/usr/bin/python3
"""Does the oracle find mistakes, and does it agree with a join written by hand in SQL?

selftest.py [--host H --port P --user U --password W]    needs a MySQL and makes two databases there, drops them
"""

import argparse
import copy
import decimal
import json
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import unittest

import pymysql

import compare
import compute
import expected
import planted
import sinks
import source
import spec
import watch

HERE = pathlib.Path(__file__).resolve().parent
SHOP = HERE.parents[2] / "config/examples/shop"
DATABASE, TYPES_DATABASE = "oracle_selftest", "oracle_selftest_types"
SEED = os.environ.get("SEED", "20261120")
SERVER = None

META = {
    "version": 7,
    "committed_at": "2026-11-20T03:00:00.123456Z",
    "source": {"s0": {"gtid": None, "seq": 1}},
}


def connect(database=None):
    return pymysql.connect(
        host=SERVER.host,
        port=SERVER.port,
        user=SERVER.user,
        password=SERVER.password,
        database=database,
        charset="utf8mb4",
        autocommit=True,
        init_command="SET time_zone = '+00:00', group_concat_max_len = 100000000",
    )


def open_shard(pipeline, database):
    return source.Shard(
        "s0", f"{SERVER.host}:{SERVER.port}/{database}", SERVER.user, SERVER.password, pipeline
    )


def plain(value):
    """JSON without Decimal; numbers keep their value."""
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


class Store:
    """A SQLite file like the sink's."""

    def __init__(self, folder, document):
        self.path = pathlib.Path(folder) / "documents.db"
        self._connection = sqlite3.connect(self.path)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute(
            f'CREATE TABLE IF NOT EXISTS "{document}"'
            " (id TEXT PRIMARY KEY, version INTEGER, deleted INTEGER, body TEXT)"
        )
        self._document = document

    def fill(self, rows):
        self._connection.execute(f'DELETE FROM "{self._document}"')
        self._connection.executemany(
            f'INSERT INTO "{self._document}" VALUES (?, ?, ?, ?)',
            [(i, v, d, json.dumps(b, ensure_ascii=False)) for i, v, d, b in rows],
        )
        self._connection.commit()

    def sink(self):
        return sinks.Sqlite(self.path, self._document)

    def close(self):
        self._connection.close()


class FormulaCase(unittest.TestCase):
    """Computed fields, by hand."""

    def over(self, text, rows, **kinds):
        formula = compute.parse(text)
        return formula.over([dict(zip(formula.columns, row)) for row in rows], kinds)

    def test_sums_are_exact_and_skip_nulls(self):
        rows = [("0.10", 3), ("9999999999999999.99", 2), (None, 1), ("5.00", None)]
        kinds = {"price": "decimal", "qty": "int"}
        self.assertEqual(self.over("sum(i.qty * i.price)", rows, **kinds), "20000000000000000.28")
        self.assertEqual(self.over("sum(i.qty - 1)", [(3,), (None,)], qty="int"), 2)
        self.assertEqual(self.over("sum(i.qty * 0.5)", [(3,)], qty="int"), "1.5")
        self.assertEqual(self.over("sum(i.w)", [(0.1,)] * 10, w="double"), 1)

    def test_no_rows_are_null_and_count_none(self):
        self.assertIsNone(self.over("sum(i.qty)", [(None,)], qty="int"))
        self.assertIsNone(self.over("max(i.at)", [], at="datetime"))
        self.assertEqual(self.over("count(i)", [(), ()]), 2)

    def test_extremes_are_by_value(self):
        rows = [("9.50",), ("10.00",), (None,)]
        self.assertEqual(self.over("max(i.price)", rows, price="decimal"), "10.00")


class ShopCase(unittest.TestCase):
    """The shop after a load of every edge case."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        subprocess.run(
            [
                sys.executable,
                str(SHOP / "load.py"),
                "--host",
                SERVER.host,
                "--port",
                str(SERVER.port),
                "--user",
                SERVER.user,
                "--password",
                SERVER.password,
                "--database",
                DATABASE,
                "--seed",
                SEED,
                "--schema",
                "--init",
                "100,60",
                "--orders",
                "300",
                "--mix",
                "edges",
                "--check",
            ],
            check=True,
        )
        cls.pipeline = spec.load(SHOP / "pipeline.yaml")
        cls.shard = open_shard(cls.pipeline, DATABASE)
        cls.orders = expected.Expected([cls.shard], cls.pipeline.documents["order"])
        cls.store = Store(cls.folder.name, "order")

    @classmethod
    def tearDownClass(cls):
        cls.shard.close()
        cls.store.close()
        cls.folder.cleanup()
        with connect() as connection:
            connection.cursor().execute(f"DROP DATABASE {DATABASE}")

    def right_rows(self):
        """What a right sink would hold."""
        rows = []
        for doc_id in self.orders:
            body = dict(self.orders.body(doc_id)[1])
            kept = body["coupon"]
            if kept is not None:
                value = {"code": "WAS", "title": "was", "percent": "1.00"}
                body["coupon"] = {"id": kept.known["id"], **value} if kept.present else None
            rows.append([doc_id, 7, 0, plain({**body, "_tailrace": META})])
        return copy.deepcopy(rows)

    def report(self, rows, workers=1):
        self.store.fill(rows)
        return compare.compare(self.orders, self.store.sink(), workers=workers)

    def test_right_documents_are_equal(self):
        rows = self.right_rows()
        rows.append(["deleted", 9, 1, {"_tailrace": {**META, "version": 9, "deleted": True}}])
        report = self.report(rows)
        self.assertTrue(report.equal, list(report.lines()))
        self.assertEqual((report.compared, report.stubs), (len(self.orders), 1))

    def test_workers_share_the_work(self):
        rows = self.right_rows()
        rows[3][3]["total"] = "-1.00"
        report = self.report(rows[1:] + [["other", 7, 0, {"_tailrace": META}]], workers=3)
        self.assertEqual(
            (report.compared, report.missing, report.extra, report.different),
            (len(self.orders) - 1, 1, 1, 1),
        )

    def test_missing_document(self):
        report = self.report(self.right_rows()[1:])
        self.assertEqual((report.missing, report.extra, report.different), (1, 0, 0))

    def test_every_planted_mistake_is_found_and_nothing_else(self):
        right = self.right_rows()
        for name, (plant, kind, needs) in planted.MISTAKES.items():
            with self.subTest(name):
                rows = copy.deepcopy(right)
                row = next(row for row in rows if needs(row[3]))
                plant(row[3], row)
                report = self.report(rows)
                self.assertEqual(getattr(report, kind), 1, list(report.lines()))
                others = (
                    {"different", "extra", "missing"}
                    - {kind}
                    - ({"missing"} if kind == "extra" else set())
                )
                self.assertTrue(
                    all(getattr(report, other) == 0 for other in others), list(report.lines())
                )

    def test_the_join_agrees_with_one_written_by_hand_in_sql(self):
        with connect(DATABASE) as connection, connection.cursor() as cursor:
            cursor.execute((HERE / "order_by_hand.sql").read_text(encoding="utf-8"))
            rows = cursor.fetchall()
        self.assertEqual(len(rows), len(self.orders))
        for doc_id, text in rows:
            by_hand = source.parse(text)
            found = list(
                compare.differences(self.orders.body(str(doc_id))[1], by_hand, ordered=False)
            )
            self.assertEqual(found, [], doc_id)

    def test_command_prints_and_exits_0_then_4(self):
        self.store.fill(self.right_rows())
        self.assertEqual(self.run_oracle().returncode, 0)
        self.store.fill(self.right_rows()[2:])
        result = self.run_oracle()
        self.assertEqual(result.returncode, 4)
        self.assertIn("missing 2", result.stdout)

    def run_oracle(self):
        return subprocess.run(
            [
                sys.executable,
                str(HERE / "oracle.py"),
                "--document",
                "order",
                "--sqlite",
                str(self.store.path),
                "--mysql",
                f"{SERVER.host}:{SERVER.port}/{DATABASE}",
                "--user",
                SERVER.user,
                "--password",
                SERVER.password,
            ],
            capture_output=True,
            text=True,
            check=False,
        )

    def test_watcher_sees_a_version_go_down_a_loss_and_a_torn_document(self):
        rows = self.right_rows()
        watcher = watch.Watcher(
            self.store.sink(), [watch.Invariant("items_total=sum(items.line_total)")]
        )
        self.store.fill(rows)
        watcher.poll()
        self.assertEqual(watcher.violations, 0, watcher.samples)
        rows[0][1] = 6
        rows[1][1], rows[1][3]["items_total"] = 8, "0.01"
        self.store.fill(rows[:-1])
        watcher.poll()
        self.assertEqual(watcher.violations, 3, watcher.samples)


class TypesCase(unittest.TestCase):
    """One value of each column type, expected by hand from pipeline.md §2."""

    @classmethod
    def setUpClass(cls):
        with connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {TYPES_DATABASE}")
            cursor.execute(f"USE {TYPES_DATABASE}")
            cursor.execute("SET sql_mode = 'ALLOW_INVALID_DATES'")
            for statement in (HERE / "types.sql").read_text(encoding="utf-8").split(";\n"):
                if statement.strip():
                    cursor.execute(statement)

    @classmethod
    def tearDownClass(cls):
        with connect() as connection:
            connection.cursor().execute(f"DROP DATABASE {TYPES_DATABASE}")

    def test_values(self):
        pipeline = spec.load(HERE / "types.yaml")
        shard = open_shard(pipeline, TYPES_DATABASE)
        wanted = json.loads(
            (HERE / "types.json").read_text(encoding="utf-8"), parse_float=decimal.Decimal
        )
        found = {}
        for name, document in pipeline.documents.items():
            documents = expected.Expected([shard], document)
            found.update({f"{name}/{doc_id}": documents.body(doc_id)[1] for doc_id in documents})
        shard.close()
        self.assertEqual(sorted(found), sorted(wanted))
        for doc_id, body in wanted.items():
            self.assertEqual(list(compare.differences(body, found[doc_id])), [], doc_id)


class RefusalCase(unittest.TestCase):
    def test_what_it_cannot_compute_it_refuses(self):
        for raw in (
            {"root": "orders", "compute": {}},
            {"root": "orders", "children": {"i": {"table": "t", "per": "x"}}},
        ):
            with self.assertRaises(spec.Refused):
                spec.document("order", raw, False)
        with self.assertRaises(spec.Refused):
            spec.table("users", {"mask": {"email": "hash"}})


def main():
    global SERVER
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("--host", default=os.environ.get("MYSQL_HOST", "127.0.0.1"))
    p.add_argument("--port", type=int, default=int(os.environ.get("MYSQL_PORT", "3306")))
    p.add_argument("--user", default=os.environ.get("MYSQL_ROOT_USER", "root"))
    p.add_argument("--password", default=os.environ.get("MYSQL_ROOT_PASSWORD", ""))
    SERVER, rest = p.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
