#!/usr/bin/python3
"""Tables change under a running pipeline: added columns are followed, an online schema change swaps a table in, a
dropped column keeps its field, a renamed one pauses capture until the file says how to go on. With a server that
logs no column names too."""

import json
import signal
import sqlite3
import sys
import urllib.request

import harness
import setups
from harness import check, process, until

FOLLOW = "    on_schema_change: { other: follow }\n"


def options(parser):
    setups.option(parser)
    parser.add_argument("--metadata", choices=["FULL", "MINIMAL"], default="FULL", help="binlog_row_metadata")


def document(setup, number):
    """One order as the sink has it."""
    if setup.kind == "embedded":
        with sqlite3.connect(f"file:{setup.state_dir}/documents.db?mode=ro", uri=True) as database:
            return json.loads(database.execute('SELECT body FROM "order" WHERE id = ?', (str(number),)).fetchone()[0])
    address = f"{setup.world.environment['ES']}/{setup.alias('order')}/_doc/{number}"
    with urllib.request.urlopen(address, timeout=10) as response:
        return json.loads(response.read())["_source"]


def under_load(world, shop, statements):
    """The statements while orders are placed and changed."""
    load = shop.start_load("--seconds", "600", "--rate", "80/s")
    before = shop.orders()
    until(lambda: shop.orders() > before + 30, 30, "the load places orders")
    for statement in statements:
        shop.sql(statement)
    until(lambda: shop.orders() > before + 150, 60, "the load goes on")
    load.stop(signal.SIGINT)


def swap(shop):
    """What gh-ost does, at rest: a shadow table, its rows, one atomic RENAME."""
    database = shop.database
    for statement in (
        "SET SESSION foreign_key_checks = 0",
        "CREATE TABLE _order_items_gho LIKE order_items",
        "ALTER TABLE _order_items_gho ADD COLUMN weight_g INT UNSIGNED",
    ):
        shop.sql(statement)
    columns = ", ".join(f"`{name}`" for (name,) in shop.sql(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = 'order_items' "
        "AND extra NOT LIKE '%%GENERATED%%' ORDER BY ordinal_position", database))
    shop.sql(f"INSERT INTO _order_items_gho ({columns}) SELECT {columns} FROM order_items")
    shop.sql(f"rename /* gh-ost */ table `{database}`.`order_items` to `{database}`.`_order_items_del`, "
             f"`{database}`.`_order_items_gho` to `{database}`.`order_items`")
    shop.sql("UPDATE order_items SET weight_g = id * 10 + 4000000000")


def scenario(world):
    shop = world.shop()
    variable = "SET GLOBAL binlog_row_metadata = '%s'"
    shop.load("--schema", "--init", "200,80", "--orders", "300")
    nothing = "NO_LOG" if world.args.source == "mariadb" else "MINIMAL"
    shop.sql(variable % (nothing if world.args.metadata == "MINIMAL" else "FULL"))
    try:
        story(world, shop)
    finally:
        shop.sql(variable % "FULL")


def story(world, shop):
    setup = setups.Setup.of(world, shop)
    tailrace = setup.run()
    setup.equal(within=60)

    under_load(world, shop, [
        "ALTER TABLE orders ADD COLUMN channel VARCHAR(20) CHARACTER SET latin1 DEFAULT 'web'",
        "ALTER TABLE users ADD COLUMN nobody_shows_it INT FIRST",
    ])
    shop.sql("UPDATE orders SET channel = CONCAT('caf\u00e9 ', id % 7)")
    shop.sql("UPDATE users SET nobody_shows_it = 1")
    setup.equal(within=60)
    world.say("an added column is followed")

    under_load(world, shop, ["TRUNCATE TABLE payments"])
    setup.equal(within=60)
    check(shop.sql("SELECT COUNT(*) FROM payments")[0][0] < 300, "payments are new ones")
    shop.sql("SET SESSION foreign_key_checks = 0")
    shop.sql("TRUNCATE TABLE categories")
    setup.equal(within=60)
    world.say("rows of truncated tables are gone, later ones are there")

    swap(shop)
    setup.equal(within=60)
    world.say("an online schema change is followed")

    tailrace.kill()
    shop.sql("ALTER TABLE orders ADD COLUMN gone_soon INT DEFAULT 0, MODIFY channel VARCHAR(30)")
    shop.sql("UPDATE orders SET gone_soon = id")
    tailrace = setup.run()
    setup.equal(within=60)
    newest = shop.sql("SELECT MAX(id) FROM orders")[0][0]
    shop.sql("ALTER TABLE orders DROP COLUMN gone_soon")
    shop.sql("UPDATE orders SET channel = 'last' WHERE id = %s", newest)
    until(lambda: document(setup, newest)["channel"] == "last", 30, "the change behind the dropped column")
    check(document(setup, newest)["gone_soon"] is None, "the field stays, without a value")
    check(document(setup, newest - 1)["gone_soon"] == newest - 1, "who did not change keeps the value")
    world.say("a dropped column keeps its field")

    shop.sql("ALTER TABLE orders RENAME COLUMN channel TO way")
    shop.sql("UPDATE orders SET way = 'renamed' WHERE id = %s", newest)
    code = tailrace.wait(60)
    check(code == 1, f"ended with {code}")
    log = process.log_tail(tailrace.log, 8)
    check("changed the name, type or key of channel" in log and "other: follow" in log, f"no cure in:\n{log}")
    setup.edit("    password: { env: MYSQL_PASSWORD }\n", "    password: { env: MYSQL_PASSWORD }\n" + FOLLOW)
    tailrace = setup.run()
    until(lambda: document(setup, newest).get("way") == "renamed", 60, "the new name")
    check(document(setup, newest)["channel"] is None, "the old one is empty")
    world.say("a renamed column pauses capture until the file says how to go on")

    shop.sql("ALTER TABLE orders ADD COLUMN gone_soon INT, ADD COLUMN channel INT")
    shop.sql("UPDATE orders SET gone_soon = 1, way = 'x', channel = 2")
    until(lambda: document(setup, newest)["gone_soon"] == 1, 60, "they are back")
    check(tailrace.code is None, "it runs")
    check(tailrace.stop() == 0, process.log_tail(tailrace.log))


if __name__ == "__main__":
    servers = ["mysql", "kafka", "elasticsearch"] if "kafka" in sys.argv else ["mysql"]
    sys.exit(harness.main(scenario, *servers, options=options))
