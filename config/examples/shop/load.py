#!/usr/bin/python3
"""Traffic for the shop example (Debian: apt install python3-pymysql).

  load.py --schema --init 2000,500                    create the tables, 2,000 users and 500 products
  load.py --orders 5000                               5,000 orders with everything that happens to them
  load.py --seconds 60 --rate 200/s --threads 4       200 new orders a second, for a minute
  load.py --orders 1000 --mix edges --seed 7          mostly what goes wrong in real databases
  load.py --bulk-orders 75000 --threads 4 --fast-commit     a backlog of 1,050,000 row changes
  load.py --giant 200000                              one transaction of 200,000 rows
  load.py --check                                     do the totals add up? (exit 4 if not)

The seed is printed first. The same seed, --now and start content give the same rows, if --threads is 1
and the load ends by --orders.
"""

import argparse
import datetime
import os
import pathlib
import sys
import time

from shopload import bulk, catalog, run
from shopload.database import Shop, connect, next_ids

WRONG_TOTALS = """
SELECT COUNT(*) FROM orders o
  LEFT JOIN (SELECT order_id, SUM(line_total) AS s FROM order_items GROUP BY order_id) i ON i.order_id = o.id
 WHERE o.items_total <> COALESCE(i.s, 0) OR o.total <> o.items_total - o.discount"""


def rate(text):
    return float(text.removesuffix("/s"))


def moment(text):
    return datetime.datetime.fromisoformat(text)


def arguments():
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("--host", default=os.environ.get("MYSQL_HOST", "127.0.0.1"))
    p.add_argument("--port", type=int, default=int(os.environ.get("MYSQL_PORT", "3306")))
    p.add_argument("--user", default=os.environ.get("MYSQL_ROOT_USER", "root"))
    p.add_argument("--password", default=os.environ.get("MYSQL_ROOT_PASSWORD", ""))
    p.add_argument("--database", default="shop")
    p.add_argument("--seed", type=int, help="left out: a random one")
    p.add_argument(
        "--now",
        type=moment,
        help="what the orders take for the present, UTC; left out: this minute",
    )
    p.add_argument(
        "--schema",
        action="store_true",
        help="create the database and its tables from schema.sql first",
    )
    p.add_argument(
        "--init", metavar="USERS,PRODUCTS", help="add users and products (and categories, coupons)"
    )
    p.add_argument(
        "--orders", type=int, metavar="N", help="place N orders, with all that goes on beside"
    )
    p.add_argument("--seconds", type=float, metavar="S", help="go on for S seconds")
    p.add_argument(
        "--rate", type=rate, metavar="R/s", help="orders placed per second; left out: no limit"
    )
    p.add_argument("--mix", choices=sorted(run.MIXES), default="shop")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument(
        "--ride-out",
        type=float,
        default=0,
        metavar="S",
        help="survive a server restart of up to S seconds",
    )
    p.add_argument(
        "--bulk-orders",
        type=int,
        metavar="N",
        help=f"a backlog: {bulk.ROWS_PER_ORDER} row changes per order",
    )
    p.add_argument(
        "--fast-commit",
        action="store_true",
        help="with --bulk-orders: no sync per commit meanwhile",
    )
    p.add_argument(
        "--giant", type=int, metavar="ROWS", help="one transaction of exactly so many row changes"
    )
    p.add_argument(
        "--giant-kind",
        choices=["items", "orders", "insert"],
        default="items",
        help="update items or orders, missing ones are inserted; or insert all",
    )
    p.add_argument("--check", action="store_true", help="check that totals add up")
    return p.parse_args()


def create(args):
    sql = (pathlib.Path(__file__).parent / "schema.sql").read_text(encoding="utf-8")
    lines = [line for line in sql.splitlines() if not line.startswith("--")]
    connection = connect(args, database=False)
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE DATABASE IF NOT EXISTS `{args.database}` DEFAULT CHARACTER SET utf8mb4"
        )
        cursor.execute(f"USE `{args.database}`")
        for statement in "\n".join(lines).split(";\n"):
            if statement.strip():
                cursor.execute(statement)
    connection.close()


def check(args):
    connection = connect(args)
    with connection.cursor() as cursor:
        cursor.execute(WRONG_TOTALS)
        wrong = cursor.fetchone()[0]
    connection.close()
    print(f"check: {wrong} orders whose totals do not add up")
    return 4 if wrong else 0


class Steps:
    """Every part that was asked for, in the order schema, init, bulk, giant, orders, check."""

    def __init__(self, args, seed, now):
        self._args, self._seed, self._now = args, seed, now
        self._start = time.monotonic()

    def perform(self):
        args = self._args
        if args.schema:
            create(args)
            self._report("schema created")
        self._connection = connect(args)
        if args.init:
            self._init()
        if args.bulk_orders:
            self._bulk()
        if args.giant:
            self._giant()
        if args.orders is not None or args.seconds:
            self._load()
        self._connection.close()
        return check(args) if args.check else 0

    def _report(self, what):
        print(f"{what} ({time.monotonic() - self._start:.1f} s)", flush=True)

    def _shop(self):
        return Shop(self._connection, self._seed, self._now, next_ids(self._connection))

    def _init(self):
        users, products = (int(part) for part in self._args.init.split(","))
        self._report(f"init: {catalog.fill(self._shop(), users, products)} rows")

    def _bulk(self):
        ids, orders = next_ids(self._connection), self._args.bulk_orders
        with bulk.fast_commit(self._args):
            rows = bulk.Backlog(self._args, self._shop(), self._seed, ids).make()
        self._report(f"bulk: {orders} orders, {2 * orders} transactions, {rows} row changes")

    def _giant(self):
        ids = next_ids(self._connection)
        self._report("giant: " + bulk.giant(self._args, self._shop(), self._seed, ids))

    def _load(self):
        counts = run.Load(self._args, self._seed, self._now, next_ids(self._connection)).run()
        listed = ", ".join(f"{name} {count}" for name, count in counts.most_common())
        self._report(f"load: {listed}")


def main():
    args = arguments()
    seed = int.from_bytes(os.urandom(4), "big") if args.seed is None else args.seed
    now = args.now or datetime.datetime.now(datetime.timezone.utc).replace(
        second=0, microsecond=0, tzinfo=None
    )
    print(f"seed {seed}, now {now.isoformat()}", flush=True)
    return Steps(args, seed, now).perform()


if __name__ == "__main__":
    sys.exit(main())
