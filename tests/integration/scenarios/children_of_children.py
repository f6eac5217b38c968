#!/usr/bin/python3
"""Orders with shipments, their parcels, and the parcels' scans, which carry no order id, under load with kills.

Shipments move between orders, parcels between shipments, either is deleted and comes back, all in one transaction
with the order's own sum of weights: a reader never sees an order whose sum is not that of its parcels. What capture
remembers of them on its machine is deleted once. At rest: oracle equal, on three levels.
"""

import json
import pathlib
import random
import shutil
import sqlite3
import sys
import threading
import time
import urllib.error
import urllib.request

import harness
import pymysql
import setups
from harness import check, until

ORDERS, SHIPMENTS, PARCELS, SCANS = 300, 500, 1500, 3000

TABLES = (
    "CREATE TABLE orders (id INT PRIMARY KEY, note VARCHAR(40), weight BIGINT NOT NULL)",
    "CREATE TABLE shipments (id INT PRIMARY KEY, order_id INT, carrier VARCHAR(20), KEY (order_id))",
    "CREATE TABLE parcels (id INT PRIMARY KEY, shipment_id INT, weight INT NOT NULL, depot_id INT, KEY (shipment_id))",
    "CREATE TABLE scans (id INT PRIMARY KEY, parcel_id INT, place VARCHAR(20), KEY (parcel_id))",
    "CREATE TABLE depots (id INT PRIMARY KEY, name VARCHAR(20))",
)

PIPELINE = """tailrace: 1
name: {name}
source:
  mysql:
    user: "${{MYSQL_USER:-tailrace}}"
    password: {{ env: MYSQL_PASSWORD }}
    shards: {{ s0: "${{SHARD0}}/{database}" }}
{stream}documents:
  order:
    root: orders
    id: "{{id}}"
    children:
      shipments:
        table: shipments
        on: order_id
        children:
          parcels:
            table: parcels
            on: shipment_id
            sort: -weight
            lookups:
              depot: {{ table: depots, on: depot_id, fields: [name], when_changed: refresh }}
            children:
              scans: {{ table: scans, on: parcel_id, fields: [id, place] }}
              last_scan: {{ table: scans, on: parcel_id, sort: -id, one: true, fields: [id] }}
{sinks}serve: {{ listen: "${{LISTEN}}" }}
state: {{ dir: "${{STATE_DIR}}" }}
"""
STREAM = 'stream: { kafka: { brokers: "${KAFKA}", partitions: 4, replicas: 1 } }\n'
SINKS = 'sinks:\n  orders: {{ elasticsearch: {{ urls: ["${{ES}}"] }}, document: order, alias: {alias} }}\n'

WEIGHTS = (
    "UPDATE orders SET weight = (SELECT COALESCE(SUM(p.weight), 0) FROM shipments s JOIN parcels p "
    "ON p.shipment_id = s.id WHERE s.order_id = orders.id)"
)


class Nested(setups.Setup):
    """One document type with three levels below its root, instead of the example's two."""

    def __init__(self, world, shop, kind):
        super().__init__(world, shop, kind)
        self.sinks = {"order": self.sinks["order"]}

    def write(self, text):
        kafka = self.kind == "kafka"
        sinks = SINKS.format(alias=self.alias("order")) if kafka else ""
        self.file.write_text(
            PIPELINE.format(
                name=self.name, database=self.shop.database, stream=STREAM if kafka else "", sinks=sinks
            ),
            encoding="utf-8",
        )

    def documents(self):
        """Every order as a reader sees it now; none while there is no sink yet."""
        if self.kind == "embedded":
            path = pathlib.Path(self.state_dir) / "documents.db"
            if not path.exists():
                return []
            try:
                with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10) as database:
                    rows = database.execute('SELECT body FROM "order" WHERE deleted = 0').fetchall()
            except sqlite3.OperationalError as problem:
                if "no such table" in str(problem):
                    return []
                raise
            return [json.loads(body) for (body,) in rows]
        address = f"{self.world.environment['ES']}/{self.alias('order')}/_search?size=1000"
        try:
            with urllib.request.urlopen(address, timeout=20) as response:
                return [hit["_source"] for hit in json.loads(response.read())["hits"]["hits"]]
        except urllib.error.HTTPError:
            return []


class Load(threading.Thread):
    """Transactions that move, delete and bring back rows on every level."""

    def __init__(self, shop, seed):
        super().__init__(daemon=True)
        self._shop, self._rng, self._stop_now = shop, random.Random(seed), threading.Event()
        self.done, self.problem = 0, None

    def run(self):
        connection = self._shop.connect(autocommit=False)
        while not self._stop_now.is_set():
            try:
                with connection.cursor() as cursor:
                    self._transaction(cursor)
                if self._rng.random() < 0.05:
                    connection.rollback()
                else:
                    connection.commit()
                self.done += 1
            except pymysql.err.Error as problem:
                self.problem = problem
                return

    def end(self):
        self._stop_now.set()
        self.join()
        if self.problem:
            raise harness.Failed(f"the load ended: {self.problem}")

    def _transaction(self, cursor):
        touched = set()
        for _ in range(self._rng.randint(1, 5)):
            change = self._rng.choice([self._shipment, self._shipment, self._parcel, self._parcel, self._scan, self._other])
            change(cursor, touched)
        if touched:
            keys = ", ".join(str(key) for key in sorted(touched))
            cursor.execute(f"{WEIGHTS} WHERE id IN ({keys})")

    def _orders_of(self, cursor, touched, where, key):
        cursor.execute(
            f"SELECT DISTINCT s.order_id FROM shipments s LEFT JOIN parcels p ON p.shipment_id = s.id WHERE {where} = %s "
            "AND s.order_id IS NOT NULL", key)
        touched.update(order for (order,) in cursor.fetchall())

    def _shipment(self, cursor, touched):
        key, order = self._rng.randint(1, SHIPMENTS), self._rng.randint(1, ORDERS + 5)
        self._orders_of(cursor, touched, "s.id", key)
        kind = self._rng.random()
        if kind < 0.2:  # its parcels stay
            cursor.execute("DELETE FROM shipments WHERE id = %s", key)
        elif kind < 0.8:
            cursor.execute("INSERT INTO shipments VALUES (%s, %s, %s) ON DUPLICATE KEY UPDATE order_id = %s",
                           (key, order, f"carrier {order}", order))
            touched.add(order)
        else:
            cursor.execute("UPDATE shipments SET carrier = %s WHERE id = %s", (f"carrier {self._rng.random():.6f}", key))

    def _parcel(self, cursor, touched):
        key, shipment = self._rng.randint(1, PARCELS), self._rng.randint(1, SHIPMENTS)
        self._orders_of(cursor, touched, "p.id", key)
        kind = self._rng.random()
        if kind < 0.2:  # its scans stay
            cursor.execute("DELETE FROM parcels WHERE id = %s", key)
            return
        weight = self._rng.randint(1, 1000)
        if kind < 0.7:
            cursor.execute(
                "INSERT INTO parcels VALUES (%s, %s, %s, %s) ON DUPLICATE KEY UPDATE shipment_id = %s, weight = %s",
                (key, shipment, weight, self._rng.randint(1, 9), shipment, weight))
        else:
            cursor.execute("UPDATE parcels SET weight = %s WHERE id = %s", (weight, key))
        self._orders_of(cursor, touched, "p.id", key)

    def _scan(self, cursor, _touched):
        key, parcel = self._rng.randint(1, SCANS), self._rng.randint(1, PARCELS)
        if self._rng.random() < 0.2:
            cursor.execute("DELETE FROM scans WHERE id = %s", key)
            return
        cursor.execute("INSERT INTO scans VALUES (%s, %s, %s) ON DUPLICATE KEY UPDATE parcel_id = %s",
                       (key, parcel, f"place {self._rng.randint(1, 99)}", parcel))

    def _other(self, cursor, touched):
        key = self._rng.randint(1, ORDERS)
        kind = self._rng.random()
        if kind < 0.3:
            cursor.execute("DELETE FROM orders WHERE id = %s", key)
        elif kind < 0.7:
            cursor.execute("INSERT INTO orders VALUES (%s, %s, 0) ON DUPLICATE KEY UPDATE note = VALUES(note)",
                           (key, f"note {self._rng.random():.6f}"))
            touched.add(key)
        else:
            cursor.execute("UPDATE depots SET name = %s WHERE id = %s", (f"depot {self._rng.random():.6f}", key % 9 + 1))


class Watch(threading.Thread):
    """Reads all documents all the time."""

    def __init__(self, setup):
        super().__init__(daemon=True)
        self._setup, self._stop_now = setup, threading.Event()
        self.looked, self.nested, self.torn, self.problem = 0, 0, None, None

    def run(self):
        while not self._stop_now.wait(0.2):
            try:
                documents = self._setup.documents()
            except Exception as problem:  # told at the end
                self.problem = problem
                return
            for order in documents:
                parcels = [parcel for shipment in order["shipments"] for parcel in shipment["parcels"]]
                self.looked += 1
                self.nested += len(parcels)
                if order["weight"] != sum(parcel["weight"] for parcel in parcels):
                    self.torn = order

    def end(self, world):
        self._stop_now.set()
        self.join()
        world.say(f"{self.looked} documents looked at, {self.nested} parcels in them")
        check(self.problem is None, f"the watch ended: {self.problem!r}")
        check(self.torn is None, f"torn: {json.dumps(self.torn)}")
        check(self.nested > 0, "no parcel was ever shown")


def options(parser):
    setups.option(parser)
    parser.add_argument("--kills", type=int, default=12)


def fill(world, shop):
    shop.sql(f"CREATE DATABASE `{shop.database}`", use=False)
    for table in TABLES:
        shop.sql(table)
    rng = random.Random(world.rng.randrange(2**31))

    def insert(table, rows):
        marks = ", ".join(["%s"] * len(rows[0]))
        connection = shop.connect()
        with connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
        connection.close()

    insert("depots", [(key, f"depot {key}") for key in range(1, 10)])
    insert("orders", [(key, f"note {key}", 0) for key in range(1, ORDERS + 1)])
    insert("shipments", [(key, rng.randint(1, ORDERS + 5), "carrier") for key in range(1, SHIPMENTS - 50)])
    parcels = [(key, rng.randint(1, SHIPMENTS), rng.randint(1, 1000), rng.randint(1, 10)) for key in range(1, PARCELS)]
    insert("parcels", parcels)
    insert("scans", [(key, rng.randint(1, PARCELS), f"place {key}") for key in range(1, SCANS)])
    shop.sql(WEIGHTS)


def everything_moves(shop):
    """One transaction: every shipment goes to another order, the parcels and scans with it."""
    connection = shop.connect(autocommit=False)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE shipments SET order_id = {ORDERS + 1} - order_id")
        cursor.execute(WEIGHTS)
    connection.commit()
    connection.close()


def scenario(world):
    shop = world.shop()
    fill(world, shop)
    setup = Nested.of(world, shop)
    watch = Watch(setup)
    watch.start()
    load = Load(shop, world.rng.randrange(2**31))
    load.start()
    tailrace = setup.run()
    for number in range(world.args.kills):
        if number % 3:
            until(lambda: tailrace.word() not in (None, "starting"), 60, "the program is up again")
        time.sleep(world.rng.uniform(0, 2))  # the instant
        check(tailrace.kill(), f"the program had ended by itself with {tailrace.code}")
        if number == world.args.kills // 2:
            shutil.rmtree(setup.state_dir / "state" / "s0-placement")
        tailrace = setup.run()
    load.end()
    world.say(f"{world.args.kills} kills during {load.done} transactions")
    setup.equal(within=120)
    everything_moves(shop)
    setup.equal(within=60)
    watch.end(world)
    setup.finish(tailrace)


if __name__ == "__main__":
    servers = ["mysql"] if "kafka" not in sys.argv else ["mysql", "kafka", "elasticsearch"]
    sys.exit(harness.main(scenario, *servers, options=options))
