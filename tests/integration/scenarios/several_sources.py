#!/usr/bin/python3
"""Orders in two databases under load, the program killed again and again; then rest: oracle equal.

--kind shards: the same ids on both, documents {shard}-{id}. --kind moves: one document for an order wherever it
is, while orders move between the databases, the old row deleted last or first. --kind split: payments live in a
database of their own, and come before their orders, too. --second mariadb: the other database is a MariaDB, which
goes away for a while; what happens on the first one arrives all the same.
"""

import pathlib
import random
import sqlite3
import sys
import threading
import time

import harness
import setups
from harness import check, process, until

TABLES = """
CREATE TABLE customers (id BIGINT PRIMARY KEY, name VARCHAR(80) NOT NULL);
CREATE TABLE orders (id BIGINT PRIMARY KEY, customer_id BIGINT NULL, items_total DECIMAL(14, 2) NOT NULL, note VARCHAR(80));
CREATE TABLE items (id BIGINT PRIMARY KEY, order_id BIGINT NOT NULL, amount DECIMAL(14, 2) NOT NULL, KEY (order_id));
CREATE TABLE payments (id BIGINT PRIMARY KEY, order_id BIGINT NOT NULL, amount DECIMAL(14, 2) NOT NULL, KEY (order_id))
"""
ORDERS, CUSTOMERS = 250, 20


def options(parser):
    setups.option(parser)
    parser.add_argument("--kind", choices=["shards", "moves", "split"], default="shards")
    parser.add_argument("--second", choices=["mysql", "mariadb"], default="mysql", help="the other database's server")
    parser.add_argument("--kills", type=int, default=10)


def pipeline(world, name, a, b):
    """The file: who holds what, and how ids tell shards apart."""
    login = "user: tailrace, password: { env: MYSQL_PASSWORD }"
    if world.args.kind == "split":
        where = f"""sources:
  shop: {{ mysql: {{ {login}, shards: {{ a: "{a}" }} }} }}
  pay: {{ mysql: {{ {login}, shards: {{ b: "{b}" }} }} }}
tables:
  customers: {{ source: shop }}
  orders: {{ source: shop }}
  items: {{ source: shop }}
  payments: {{ source: pay }}"""
    else:
        where = f'source: {{ mysql: {{ {login}, shards: {{ a: "{a}", b: "{b}" }} }} }}'
    identity = {
        "shards": 'id: "{shard}-{id}"',
        "moves": 'id: "{id}"\n    unique_across_shards: true',
        "split": 'id: "{id}"',
    }[world.args.kind]
    stream = 'stream: { kafka: { brokers: "${KAFKA}", partitions: 4 } }' if world.args.setup == "kafka" else ""
    return f"""tailrace: 1
name: {name}
{where}
{stream}
documents:
  order:
    root: orders
    {identity}
    lookups: {{ customer: {{ table: customers, on: customer_id, when_changed: refresh }} }}
    children:
      items: {{ table: items, on: order_id, fields: [id, amount] }}
      payments: {{ table: payments, on: order_id, fields: [id, amount] }}
serve: {{ listen: "${{LISTEN}}" }}
state: {{ dir: "${{STATE_DIR}}" }}
"""


class Several(setups.Setup):
    """A pipeline over two databases, documents in SQLite; the oracle reads the addresses from the file."""

    def __init__(self, world, a, b):
        self.world, self.kind = world, world.args.setup
        self.name = f"{world.tag}-pipeline"
        self.file = world.folder / "pipeline.yaml"
        self.state_dir = world.folder / "state"
        self.documents = self.state_dir / "documents.db"
        self.sinks = {"order": ["--sqlite", str(self.documents)]}
        self.file.write_text(pipeline(world, self.name, a.address, b.address), encoding="utf-8")

    def oracle(self, document, *arguments, sink=None, name=None):
        command = ["/usr/bin/python3", setups.ORACLE / "oracle.py", "--pipeline", self.file]
        command += ["--document", document, *(sink or self.sinks[document]), *arguments]
        variables = {"LISTEN": "", "STATE_DIR": str(self.state_dir)}
        return self.world.spawn(name or f"oracle-{len(self.world.processes)}", command, **variables)

    def version(self, doc_id):
        """Of the stored document; 0: there is none."""
        if not pathlib.Path(self.documents).exists():
            return 0
        with sqlite3.connect(f"file:{self.documents}?mode=ro", uri=True, timeout=10) as database:
            row = database.execute('SELECT version FROM "order" WHERE id = ?', (doc_id,)).fetchone()
        return row[0] if row else 0


class Database(harness.Shop):
    """One of the two, on one server or the other."""

    def __init__(self, world, database, server):
        super().__init__(world, database)
        prefix = server.upper() + "_"
        self._host = {k.removeprefix(prefix): v for k, v in world.environment.items() if k.startswith(prefix)}

    @property
    def address(self):
        return f"127.0.0.1:{self._host['PORT']}/{self.database}"

    def connect(self, use=True, autocommit=True):
        return harness.pymysql.connect(
            host="127.0.0.1",
            port=int(self._host["PORT"]),
            user=self._host["ROOT_USER"],
            password=self._host["ROOT_PASSWORD"],
            database=self.database if use else None,
            charset="utf8mb4",
            autocommit=autocommit,
        )

    def create(self):
        self.sql(f"CREATE DATABASE `{self.database}`", use=False)
        for statement in TABLES.split(";"):
            self.sql(statement)

    def drop(self):
        self.sql(f"DROP DATABASE IF EXISTS `{self.database}`", use=False)


class Traffic(threading.Thread):
    """Transactions on both databases until stopped; the only writer, so it knows where each order is."""

    def __init__(self, databases, kind, seed):
        super().__init__(daemon=True)
        self._databases, self._kind = databases, kind
        self._rng = random.Random(seed)
        self._next = 1
        self._home = {}  # moves: order -> index of its database
        self._stop_asked = threading.Event()
        self._idle = set()  # databases that are away
        self._lock = threading.Lock()
        self.problem, self.moved, self.transactions = None, 0, 0

    def run(self):
        try:
            self._connections = [database.connect(autocommit=False) for database in self._databases]
            while not self._stop_asked.is_set():
                with self._lock:
                    self._one()
                time.sleep(0.004)
        except Exception as problem:  # told by whoever waits for it
            self.problem = problem

    def end(self):
        self._stop_asked.set()
        self.join(60)
        check(not self.is_alive(), "the load does not end")
        check(self.problem is None, f"the load failed: {self.problem!r}")

    def leave_out(self, index):
        """This database is not written to from now on."""
        with self._lock:
            self._idle.add(index)

    def take_back(self, index):
        with self._lock:
            self._connections[index] = self._databases[index].connect(autocommit=False)
            self._idle.discard(index)

    def fill(self):
        for index, database in enumerate(self._databases):
            connection = database.connect(autocommit=False)
            cursor = connection.cursor()
            for customer in range(1, CUSTOMERS + 1):
                cursor.execute("INSERT INTO customers VALUES (%s, %s)", (customer, f"{index} {customer}"))
            connection.commit()
            connection.close()
        self._connections = [database.connect(autocommit=False) for database in self._databases]
        for _ in range(600):
            self._one()

    def _one(self):
        index = self._rng.choice([i for i in range(2) if i not in self._idle])
        self.transactions += 1
        if self._kind == "split" and index == 1:
            return self._pay(1)
        if self._rng.random() < 0.1:
            return self._rename(index)
        order = self._rng.randint(1, ORDERS)
        if self._kind == "moves":
            home = self._home.get(order, index)
            if home in self._idle:
                return None
            if order in self._home and not self._idle and self._rng.random() < 0.25:
                return self._move(order, home)
            index = home
        if self._kind != "split" and self._rng.random() < 0.2:
            return self._pay(index)
        return self._change(index, order)

    def _execute(self, index, *statements):
        """One transaction."""
        cursor = self._connections[index].cursor()
        for statement, values in statements:
            cursor.execute(statement, values)
        self._connections[index].commit()

    def _fresh(self):
        self._next += 1
        return self._next

    def _rename(self, index):
        customer = self._rng.randint(1, CUSTOMERS)
        if self._rng.random() < 0.1:
            return self._execute(index, ("DELETE FROM customers WHERE id = %s", (customer,)))
        name = f"{index} {self._fresh()}"
        return self._execute(index, ("REPLACE INTO customers VALUES (%s, %s)", (customer, name)))

    def _pay(self, index):
        order = self._rng.randint(1, ORDERS)
        if self._kind == "moves" and self._home.get(order) != index:
            return
        self._execute(index, ("INSERT INTO payments VALUES (%s, %s, %s)", (self._fresh(), order, self._fresh())))

    def _change(self, index, order):
        if self._rng.random() < 0.12:
            self._home.pop(order, None)
            return self._execute(index, *self._without(order))
        self._home[order] = index
        statements = [
            ("INSERT INTO orders VALUES (%s, %s, 0, NULL) ON DUPLICATE KEY UPDATE note = %s",
             (order, self._rng.choice([None, self._rng.randint(1, CUSTOMERS + 2)]), f"note {self._fresh()}")),
        ]
        for _ in range(self._rng.randint(0, 2)):
            statements.append(("INSERT INTO items VALUES (%s, %s, %s)", (self._fresh(), order, self._rng.randint(1, 99))))
        if self._rng.random() < 0.3:
            statements.append(("DELETE FROM items WHERE order_id = %s LIMIT 1", (order,)))
        statements.append(self._total(order))
        return self._execute(index, *statements)

    @staticmethod
    def _total(order):
        return (
            "UPDATE orders SET items_total = (SELECT COALESCE(SUM(amount), 0) FROM items WHERE order_id = %s) WHERE id = %s",
            (order, order),
        )

    @staticmethod
    def _without(order):
        return [
            (f"DELETE FROM {table} WHERE {column} = %s", (order,))
            for table, column in (("items", "order_id"), ("payments", "order_id"), ("orders", "id"))
        ]

    def _move(self, order, home):
        """Insert there and delete here, in either order: two transactions on two servers."""
        cursor = self._connections[home].cursor()
        copies = []
        for table, column in (("orders", "id"), ("items", "order_id"), ("payments", "order_id")):
            cursor.execute(f"SELECT * FROM {table} WHERE {column} = %s", (order,))
            for row in cursor.fetchall():
                places = ", ".join(["%s"] * len(row))
                copies.append((f"INSERT INTO {table} VALUES ({places})", row))
        self._connections[home].commit()
        steps = [(1 - home, copies), (home, self._without(order))]
        for index, statements in steps if self._rng.random() < 0.5 else reversed(steps):
            self._execute(index, *statements)
        self._home[order] = 1 - home
        self.moved += 1


def change_arrives(world, setup, tailrace, database, doc_id):
    """A change on a shard that is up is shown while the other one is away."""
    before = setup.version(doc_id)
    database.sql("INSERT INTO orders VALUES (900001, NULL, 0, %s) ON DUPLICATE KEY UPDATE note = %s", "x", f"{before}")
    until(lambda: setup.version(doc_id) > before, 30, f"{doc_id} is shown while the other database is away")
    words = {c["name"]: c["status"] for c in tailrace.status()["components"]}
    check(words.get("capture b") == "degraded", f"capture b is not degraded: {words}")
    check(words.get("capture a") in ("streaming", "catching_up"), f"capture a waits for capture b: {words}")
    world.say(f"{doc_id} was shown while the other database was away: {words}")


def outage(world, setup, tailrace, traffic, databases):
    traffic.leave_out(1)
    world.stack.kill(world.args.second)
    until(lambda: "degraded" == component(tailrace, "capture b"), 60, "capture b is degraded")
    doc_id = "a-900001" if world.args.kind == "shards" else "900001"
    for _ in range(2):
        change_arrives(world, setup, tailrace, databases[0], doc_id)
    world.stack.start(world.args.second)
    until(lambda: component(tailrace, "capture b") in ("streaming", "catching_up"), 90, "capture b goes on")
    traffic.take_back(1)


def component(tailrace, name):
    status = tailrace.status() or {"components": []}
    return next((c["status"] for c in status["components"] if c["name"] == name), None)


def scenario(world):
    databases = [
        Database(world, f"{world.tag}-a", "mysql"),
        Database(world, f"{world.tag}-b", world.args.second),
    ]
    for database in databases:
        database.create()
    traffic = Traffic(databases, world.args.kind, world.rng.randrange(2**31))
    traffic.fill()
    setup = Several(world, *databases)
    tailrace = setup.run()
    invariant = [] if world.args.kind == "moves" else ["--invariant", "items_total=sum(items.amount)"]
    until(lambda: pathlib.Path(setup.documents).exists(), 60, "the sink is there")
    watch = setup.oracle("order", "--watch", "--interval", "0.2", *invariant, name="watch-order")
    traffic.start()
    words = []
    for number in range(world.args.kills):
        if number % 3:
            until(lambda: tailrace.word() not in (None, "starting"), 60, "the program is up again")
        time.sleep(world.rng.uniform(0, 2))  # the instant
        words.append(tailrace.word() or "no answer")
        check(tailrace.kill(), f"the program had ended by itself\n{process.log_tail(tailrace.log)}")
        tailrace = setup.run()
    world.say(f"{world.args.kills} kills, while: " + ", ".join(f"{w} {words.count(w)}" for w in sorted(set(words))))
    tailrace.await_word("streaming", "catching_up", seconds=90)
    if world.args.second != "mysql":
        outage(world, setup, tailrace, traffic, databases)
    traffic.end()
    world.say(f"{traffic.transactions} transactions, {traffic.moved} orders moved")
    if world.args.kind == "moves":
        check(traffic.moved > 20, "hardly an order was moved")
    setup.equal(within=90)
    code, text = watch.stop(), watch.text()
    world.say(text.splitlines()[0] if text else "the watch said nothing")
    check(code == 0, f"the watch ended with {code}:\n{text}")
    check(tailrace.stop() == 0, f"SIGTERM ended with {tailrace.code}\n{process.log_tail(tailrace.log)}")
    databases[1].sql("UPDATE payments SET amount = amount + 1")
    databases[0].sql("UPDATE customers SET name = CONCAT(name, '!')")
    setup.until_now()
    setup.equal()
    for database in databases:
        database.drop()


if __name__ == "__main__":
    servers = ["mysql"] + ["mariadb"] * ("mariadb" in sys.argv) + ["kafka"] * ("kafka" in sys.argv)
    sys.exit(harness.main(scenario, *servers, options=options))
