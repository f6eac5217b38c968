#!/usr/bin/python3
"""Runs the cookbook (config/examples/shop/cookbook) on real documents, and compares every answer with MySQL's.

  cookbook_test.py --mysql HOST:PORT/DB --es http://localhost:9200 [--orders orders] [--customers customers]
  cookbook_test.py --mysql HOST:PORT/DB --sqlite documents.db

The pipeline must be at rest. Exit: 0 equal, 4 differences, 3 something cannot be reached.
"""

import argparse
import decimal
import json
import os
import pathlib
import sqlite3
import sys
import urllib.parse
import urllib.request

import pymysql

ROOT = pathlib.Path(__file__).resolve().parents[2]
COOKBOOK = ROOT / "config/examples/shop/cookbook"
PAGE = ROOT / "docs/cookbook.md"


# --- answers of Elasticsearch as rows, in the columns of the SQL beside them ---------------------


def popular_products(answer):
    for bucket in answer["aggregations"]["items"]["products"]["buckets"]:
        names = bucket["name"]["buckets"]
        yield bucket["key"], names[0]["key"] if names else None, bucket["quantity"][
            "value"
        ], bucket["revenue"]["value"]


def orders_of_a_user(answer):
    for hit in answer["hits"]["hits"]:
        yield tuple(hit["_source"][name] for name in ("id", "status", "total", "placed_at"))


def finished_within_days(answer):
    for bucket in answer["aggregations"]["per_day"]["buckets"]:
        yield bucket["key_as_string"], bucket["doc_count"], bucket["hours"]["value"]


def unused_coupons(answer):
    for hit in answer["hits"]["hits"]:
        for held in hit["inner_hits"]["coupons"]["hits"]["hits"]:
            coupon = held["_source"]["coupon"]
            yield hit["_source"]["id"], hit["_source"]["name"], held["_source"][
                "id"
            ], coupon and coupon["code"]


def revenue_by_category_and_day(answer):
    for day in answer["aggregations"]["days"]["buckets"]:
        for category in day["items"]["categories"]["buckets"]:
            yield day["key_as_string"], category["key"], category["revenue"]["value"]


def stuck_orders(answer):
    for hit in answer["hits"]["hits"]:
        yield tuple(hit["_source"][name] for name in ("id", "status", "status_at"))


RECIPES = {
    "popular_products": (popular_products, "orders"),
    "orders_of_a_user": (orders_of_a_user, "orders"),
    "finished_within_days": (finished_within_days, "orders"),
    "unused_coupons": (unused_coupons, "customers"),
    "revenue_by_category_and_day": (revenue_by_category_and_day, "orders"),
    "stuck_orders": (stuck_orders, "orders"),
}


# --- the three who answer ------------------------------------------------------------------------


class Mysql:
    def __init__(self, args):
        address, _, database = args.mysql.partition("/")
        host, _, port = address.rpartition(":")
        self._connection = pymysql.connect(
            host=host,
            port=int(port),
            user=args.user,
            password=args.password,
            database=database,
            charset="utf8mb4",
            init_command="SET time_zone = '+00:00'",
        )

    def rows(self, name):
        with self._connection.cursor() as cursor:
            cursor.execute((COOKBOOK / f"{name}.mysql.sql").read_text(encoding="utf-8"))
            return cursor.fetchall()


class Sqlite:
    def __init__(self, path):
        self._connection = sqlite3.connect(f"file:{urllib.parse.quote(path)}?mode=ro", uri=True)

    def rows(self, name):
        return self._connection.execute(
            (COOKBOOK / f"{name}.sqlite.sql").read_text(encoding="utf-8")
        ).fetchall()


class Elasticsearch:
    def __init__(self, args):
        self._url = args.es.rstrip("/")
        self._aliases = {"orders": args.orders, "customers": args.customers}

    def rows(self, name):
        extract, index = RECIPES[name]
        alias = self._aliases[index]
        self._post(f"/{alias}/_refresh", b"")
        return list(
            extract(self._post(f"/{alias}/_search", (COOKBOOK / f"{name}.json").read_bytes()))
        )

    def _post(self, path, body):
        request = urllib.request.Request(
            self._url + path, body, {"Content-Type": "application/json"}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.loads(response.read())


# --- comparing -----------------------------------------------------------------------------------


def same(ours, theirs):
    """Sums and averages are doubles in the index: equal to the cent."""
    numbers = (int, float, decimal.Decimal)
    if isinstance(ours, numbers) and isinstance(theirs, numbers):
        return abs(float(ours) - float(theirs)) < 0.006
    return ours == theirs


def differences(ours, theirs):
    if len(ours) != len(theirs):
        yield f"{len(ours)} rows, MySQL has {len(theirs)}"
    for number, (our, their) in enumerate(zip(ours, theirs)):
        if len(our) != len(their) or not all(map(same, our, their)):
            yield f"row {number}: {our}, MySQL has {their}"


def page_problems():
    """The page shows the very files that run."""
    page = PAGE.read_text(encoding="utf-8")
    for name in RECIPES:
        for suffix in (".json", ".sqlite.sql"):
            if (COOKBOOK / (name + suffix)).read_text(encoding="utf-8") not in page:
                yield f"docs/cookbook.md does not show {name}{suffix} as it is"
    unknown = {path.stem for path in COOKBOOK.glob("*.json")} - set(RECIPES)
    if unknown:
        yield f"not tested: {', '.join(sorted(unknown))}"


def arguments():
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("--mysql", required=True, metavar="HOST:PORT/DB")
    p.add_argument("--user", default=os.environ.get("MYSQL_ROOT_USER", "root"))
    p.add_argument("--password", default=os.environ.get("MYSQL_ROOT_PASSWORD", ""))
    p.add_argument("--es", metavar="URL")
    p.add_argument("--orders", default="orders", help="alias of the orders")
    p.add_argument("--customers", default="customers", help="alias of the customers")
    p.add_argument("--sqlite", metavar="FILE")
    args = p.parse_args()
    if not (args.es or args.sqlite):
        p.error("give --es, --sqlite or both")
    return args


def main():
    args = arguments()
    problems = list(page_problems())
    try:
        mysql = Mysql(args)
        stores = [("elasticsearch", Elasticsearch(args))] if args.es else []
        stores += [("sqlite", Sqlite(args.sqlite))] if args.sqlite else []
        for name in RECIPES:
            truth = mysql.rows(name)
            print(f"{name}: {len(truth)} rows")
            if not truth:
                problems.append(f"{name}: an empty answer proves nothing; load more")
            for store, reader in stores:
                problems += [
                    f"{name} on {store}: {text}"
                    for text in list(differences(reader.rows(name), truth))[:3]
                ]
    except (OSError, pymysql.err.Error, sqlite3.Error) as error:
        detail = error.read().decode()[:500] if hasattr(error, "read") else ""
        print(f"cookbook: {error} {detail}", file=sys.stderr)
        return 3
    print("\n".join(problems) if problems else "all answers equal MySQL's")
    return 4 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
