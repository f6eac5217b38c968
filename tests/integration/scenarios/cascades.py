#!/usr/bin/python3
"""Foreign keys with ON DELETE CASCADE and SET NULL, on servers that keep what they do out of the binlog.

Start refuses and prints the lines to paste. With them, orders are deleted, replaced, inserted again under the same
id and loaded anew with foreign_key_checks = 0 under load, rows move between orders, and the program is killed:
documents equal the tables. On a server that logs the cascades the same lines change nothing. A declaration that
the server's keys do not bear out is refused.
"""

import json
import random
import re
import sqlite3
import sys
import threading
import time

import pymysql

import harness
import setups
from harness import check, process, until

SCHEMA = [
    "CREATE TABLE orders (id BIGINT PRIMARY KEY, note INT NOT NULL)",
    "CREATE TABLE items (id BIGINT PRIMARY KEY, order_id BIGINT NOT NULL, qty INT NOT NULL, price DECIMAL(10,2) NOT NULL,"
    " CONSTRAINT items_order FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE)",
    "CREATE TABLE payments (id BIGINT PRIMARY KEY, order_id BIGINT NULL, amount DECIMAL(10,2) NOT NULL,"
    " CONSTRAINT payments_order FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE SET NULL)",
]
PIPELINE = """tailrace: 1
name: {name}
source:
  mysql: {{ user: tailrace, password: {{ env: MYSQL_PASSWORD }}, shards: {{ s0: "${{SHARD0}}/{database}" }} }}
{tables}documents:
  order:
    root: orders
    id: "{{id}}"
    children:
      items: {{ table: items, on: order_id }}
      payments: {{ table: payments, on: order_id }}
    compute:
      item_count: count(items)
      revenue: sum(items.qty * items.price)
sinks: {{ local: {{ sqlite: {{ path: documents.db }}, document: order }} }}
serve: {{ listen: "${{LISTEN}}" }}
state: {{ dir: "${{STATE_DIR}}" }}
"""
HIDES = {"mariadb": True, "mysql56": True, "mysql": False}  # MySQL from 9.6 on logs them
ORDERS = 60


class Load(threading.Thread):
    """Random transactions until it is told to stop; a quarter of them are rolled back."""

    def __init__(self, shop, seed):
        super().__init__(daemon=True)
        self._shop, self._rng = shop, random.Random(seed)
        self._next = seed % 7 * 10**9 + 1000
        self.done, self.problem = 0, None
        self._stop_asked = threading.Event()

    def stop(self):
        self._stop_asked.set()
        self.join(30)
        check(not self.is_alive() and self.problem is None, f"the load ended with {self.problem}")

    def run(self):
        connection = self._shop.connect(autocommit=False)
        acts = [self.place, self.grow, self.grow, self.move, self.delete, self.replace, self.swap, self.reload]
        try:
            while not self._stop_asked.is_set():
                self.transaction(connection, self._rng.choice(acts))
        except Exception as problem:  # told by stop()
            self.problem = problem

    def transaction(self, connection, act):
        with connection.cursor() as sql:
            try:
                act(sql.execute)
                if self._rng.random() < 0.25:
                    connection.rollback()
                else:
                    connection.commit()
                    self.done += 1
            except (pymysql.err.IntegrityError, pymysql.err.OperationalError) as problem:
                if problem.args[0] not in (1062, 1452, 1213, 1205, 1020):
                    raise
                connection.rollback()
            sql.execute("SET foreign_key_checks = 1")

    def order(self):
        return self._rng.randrange(1, ORDERS)

    def note(self):
        return self._rng.randrange(10**6)

    def rows(self, sql, order, count):
        for _ in range(count):
            self._next += 1
            price = self._rng.randrange(1, 10**6)
            sql("INSERT INTO items VALUES (%s, %s, %s, %s)", (self._next, order, price % 9 + 1, price / 100))
            sql("INSERT INTO payments VALUES (%s, %s, %s)", (self._next, order, price / 100))

    def place(self, sql):
        order = self.order()
        sql("INSERT INTO orders VALUES (%s, %s)", (order, self.note()))
        self.rows(sql, order, self._rng.randrange(4))

    def grow(self, sql):
        order = self.order()
        self.rows(sql, order, 1)
        sql("UPDATE items SET qty = qty + 1 WHERE order_id = %s", (order,))
        sql("UPDATE orders SET note = note + 1 WHERE id = %s", (order,))

    def move(self, sql):
        for table in ("items", "payments"):
            sql(f"UPDATE {table} SET order_id = %s WHERE order_id = %s LIMIT 1", (self.order(), self.order()))
        sql("UPDATE payments SET order_id = %s WHERE order_id IS NULL LIMIT 1", (self.order(),))

    def delete(self, sql):
        sql("DELETE FROM orders WHERE id IN (%s, %s)", (self.order(), self.order()))

    def replace(self, sql):
        order = self.order()
        sql("REPLACE INTO orders VALUES (%s, %s)", (order, self.note()))
        self.rows(sql, order, self._rng.randrange(2))

    def swap(self, sql):
        order = self.order()
        self.rows(sql, order, 1)
        sql("DELETE FROM orders WHERE id = %s", (order,))
        sql("INSERT INTO orders VALUES (%s, %s)", (order, self.note()))
        self.rows(sql, order, 1)

    def reload(self, sql):
        """As a dump does: what hangs on the order stays."""
        order = self.order()
        sql("SELECT id FROM orders WHERE id = %s FOR UPDATE", (order,))
        sql("SET foreign_key_checks = 0")
        if sql("DELETE FROM orders WHERE id = %s", (order,)):
            sql("INSERT INTO orders VALUES (%s, %s)", (order, self.note()))


def expected(shop):
    """The documents by plain SQL: MySQL 5.6 has none of the functions that the oracle needs."""
    connection = shop.connect(autocommit=False)
    with connection.cursor() as cursor:
        cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")
        cursor.execute("SELECT id, note FROM orders")
        orders = {str(i): {"id": i, "note": note, "items": [], "payments": []} for i, note in cursor.fetchall()}
        cursor.execute("SELECT id, order_id, qty, CAST(price AS CHAR) FROM items ORDER BY id")
        for i, order, qty, price in cursor.fetchall():
            orders[str(order)]["items"].append({"id": i, "order_id": order, "qty": qty, "price": price})
        cursor.execute("SELECT id, order_id, CAST(amount AS CHAR) FROM payments WHERE order_id IS NOT NULL ORDER BY id")
        for i, order, amount in cursor.fetchall():
            orders[str(order)]["payments"].append({"id": i, "order_id": order, "amount": amount})
        cursor.execute("SELECT o.id, COUNT(i.id), CAST(SUM(i.qty * i.price) AS CHAR) FROM orders o"
                       " LEFT JOIN items i ON i.order_id = o.id GROUP BY o.id")
        for order, count, revenue in cursor.fetchall():
            orders[str(order)].update(item_count=count, revenue=revenue)
    connection.close()
    return orders


def shown(setup):
    with sqlite3.connect(f"file:{setup.state_dir}/documents.db?mode=ro", uri=True) as database:
        rows = database.execute('SELECT id, body FROM "order" WHERE NOT deleted').fetchall()
    return {i: {k: v for k, v in json.loads(body).items() if k != "_tailrace"} for i, body in rows}


def equal(setup):
    def same():
        return shown(setup) == expected(setup.shop)

    try:
        until(same, 60, "documents equal the tables")
    except harness.Failed:
        found, wanted = shown(setup), expected(setup.shop)
        wrong = {i for i in found.keys() | wanted.keys() if found.get(i) != wanted.get(i)}
        some = [(found.get(i), wanted.get(i)) for i in sorted(wrong)[:3]]
        raise harness.Failed(f"{len(wrong)} documents differ, for example {json.dumps(some, indent=1)}") from None
    setup.world.say(f"equal: {len(shown(setup))} orders")


def write(setup, tables):
    setup.file.write_text(PIPELINE.format(name=setup.name, database=setup.shop.database, tables=tables), encoding="utf-8")


def refused(setup, name):
    """What a start that ends with 3 says."""
    child = setup.run(name=name)
    code = child.wait(40)
    check(code == 3, f"{name}: ended with {code}\n{process.log_tail(child.log)}")
    return child.text()


def check_refusals(world, setup, hides):
    if hides:
        write(setup, "")
        text = refused(setup, "undeclared").replace("\\n", "\n")
        lines = set(re.findall(r"^  \w+: \{ cascade: \{.*\} \}", text, re.MULTILINE))  # also in the log
        check(len(lines) == 2, f"not two lines to paste:\n{text}")
        pasted = "tables:\n" + "".join(line + "\n" for line in sorted(lines))
    else:
        pasted = ("tables:\n  items: { cascade: { on: order_id, references: orders, delete: cascade } }\n"
                  "  payments: { cascade: { on: order_id, references: orders, delete: set_null } }\n")
    write(setup, pasted.replace("delete: cascade", "delete: set_null"))
    check("says ON DELETE CASCADE" in refused(setup, "another-rule"), "a declaration of another rule is not refused")
    shop = setup.shop
    shop.sql("ALTER TABLE payments DROP FOREIGN KEY payments_order")
    write(setup, pasted)
    check("has no foreign key (order_id)" in refused(setup, "no-key"), "a declaration without a key is not refused")
    shop.sql("ALTER TABLE payments ADD CONSTRAINT payments_order FOREIGN KEY (order_id) REFERENCES orders (id)"
             " ON DELETE SET NULL")
    if hides:
        shop.sql("ALTER TABLE items ADD CONSTRAINT again FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE"
                 " ON UPDATE CASCADE")
        check("ON UPDATE CASCADE changes rows" in refused(setup, "on-update"), "ON UPDATE CASCADE is not refused")
        shop.sql("ALTER TABLE items DROP FOREIGN KEY again")
    world.say("refused: " + (f"undeclared keys, with the lines {sorted(lines)}; " if hides else "") + "what does not fit")


def scenario(world):
    shop = world.shop()
    shop.sql(f"CREATE DATABASE `{shop.database}`", use=False)
    for statement in SCHEMA:
        shop.sql(statement)
    shop.sql("INSERT INTO orders SELECT 1, 1 UNION SELECT 2, 2")
    shop.sql("INSERT INTO items VALUES (1, 1, 1, 1.50), (2, 2, 2, 2.50)")
    setup = setups.Setup(world, shop, "embedded")
    check_refusals(world, setup, HIDES[world.args.source])
    loads = [Load(shop, world.rng.randrange(2**31) * 7 + n) for n in range(2)]
    for load in loads:
        load.start()
    tailrace = setup.run()
    for number in range(4):
        until(lambda: sum(load.done for load in loads) > 150 * (number + 1), 60, "the load goes on")
        time.sleep(world.rng.uniform(0, 1))  # the instant
        tailrace.kill()
        tailrace = setup.run(name=f"tailrace-{number}")
    until(lambda: sum(load.done for load in loads) > 900, 60, "the load goes on")
    for load in loads:
        load.stop()
    world.say(f"{sum(load.done for load in loads)} transactions")
    equal(setup)
    # What the next order of an id shows tells whether its state was rid of the rows of the one before.
    for order in range(1, ORDERS):
        shop.sql("DELETE FROM orders WHERE id = %s", order)
        shop.sql("INSERT INTO orders VALUES (%s, 0)", order)
    equal(setup)
    if world.args.source != "mysql56":
        setup.equal(sinks_of={"order": ["--sqlite", str(setup.state_dir / "documents.db")]})
    check(tailrace.stop() == 0, f"SIGTERM ended with {tailrace.code}")


if __name__ == "__main__":
    sys.exit(harness.main(scenario, "mysql"))
