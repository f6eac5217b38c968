#!/usr/bin/python3
"""Rows that changed without a trace in the binlog (sql_log_bin = 0), put right by `tailrace snapshot start` under load.

Deleted items, deleted orders, new orders, changed rows: the oracle sees all of them, and is equal after their roots were
read again. Then the program is killed while it reads every order again: the rest is read by whoever is started next.
"""

import json
import sys
import time

import harness
import setups
from harness import check, until


def silently(shop, *statements):
    connection = shop.connect()
    with connection.cursor() as cursor:
        cursor.execute("SET sql_log_bin = 0")
        for statement, values in statements:
            cursor.execute(statement, values)
    connection.close()


def spoil(shop, rng):
    """Changes that no log tells of; ids of the orders and customers that are concerned."""
    orders = [row[0] for row in shop.sql("SELECT id FROM orders")]
    picked = rng.sample(orders, 40)
    for order in picked[:10]:
        silently(shop, ("DELETE FROM order_items WHERE order_id = %s LIMIT 1", [order]))
    children = [row[0] for row in shop.sql(
        "SELECT table_name FROM information_schema.columns WHERE table_schema = %s AND column_name = 'order_id'",
        shop.database)]
    for order in picked[10:20]:
        silently(shop, *[(f"DELETE FROM {table} WHERE order_id = %s", [order]) for table in children],
                 ("DELETE FROM orders WHERE id = %s", [order]))
    for order in picked[20:30]:
        silently(shop, ("UPDATE orders SET status = 'cancelled' WHERE id = %s", [order]))
    users = [row[0] for row in shop.sql("SELECT id FROM users ORDER BY RAND() LIMIT 5")]
    for user in users:
        silently(shop, ("UPDATE users SET points = points + 1000 WHERE id = %s", [user]))
    return picked, users


def ask(setup, *arguments):
    command = [setup.world.args.tailrace, "snapshot", *arguments, "--pipeline", setup.file]
    child = setup.world.spawn(f"snapshot-{len(setup.world.processes)}", command, STATE_DIR=str(setup.state_dir))
    code = child.wait(120)
    check(code == 0, f"snapshot {arguments[0]} ended with {code}: {child.text()}")
    return child.text()


def waiting(setup):
    return json.loads(ask(setup, "list", "--json"))["snapshots"]


def read_again(setup, document, ids):
    text = ask(setup, "start", "--document", document, "--ids", ",".join(map(str, ids)), "--wait")
    check(f"{len(set(ids))} roots were read again" in text, text)


def scenario(world):
    shop = world.shop()
    shop.load("--schema", "--init", "200,80", "--orders", "800")
    setup = setups.Setup.of(world, shop)
    tailrace = setup.run()
    setup.equal(within=90)
    load = shop.start_load("--seconds", "600", "--rate", "60/s")
    orders, users = spoil(shop, world.rng)
    read_again(setup, "order", [*orders, 987_654_321])  # of one there never was
    read_again(setup, "customer", users)
    placed = shop.orders()
    until(lambda: shop.orders() > placed + 10, 60, "the load goes on")

    # Everything, with kills in between.
    spoil(shop, world.rng)
    everybody = shop.sql("SELECT id FROM orders UNION SELECT entity FROM (SELECT MAX(id) AS entity FROM orders) AS m")
    known = setup.versions()["order"]
    ids = world.folder / "ids.txt"
    ids.write_text("\n".join({str(row[0]) for row in everybody} | set(known)), encoding="utf-8")
    ask(setup, "start", "--document", "order", "--ids-from", ids)
    for kill in range(3):
        time.sleep(world.rng.uniform(0, 0.3))  # the instant
        tailrace.kill()
        tailrace = setup.run(name=f"tailrace-{kill}")
        tailrace.await_word("streaming", "catching_up", seconds=90)
    until(lambda: not waiting(setup), 90, "every order was read again")
    all_users = [row[0] for row in shop.sql("SELECT id FROM users")]
    read_again(setup, "customer", all_users)
    load.stop(harness.signal.SIGINT)
    setup.finish(tailrace)


if __name__ == "__main__":
    kafka = ["kafka", "elasticsearch"] if "kafka" in sys.argv else []
    sys.exit(harness.main(scenario, "mysql", *kafka, options=setups.option))
