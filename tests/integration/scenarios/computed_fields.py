#!/usr/bin/python3
"""Documents with links flattened to what they point at, capped lists and computed fields, under load: oracle equal.

Targets of links come and go, items move, lists grow over their cap and shrink below it. The column types of what is
computed are the server's: Elasticsearch must have a mapping that takes every value.
"""

import json
import signal
import sys
import urllib.request

import harness
import setups
from harness import check, until

BILL = """  bill:
    root: orders
    id: "{id}"
    fields: [id, status, items_total]
    children:
      items: { table: order_items, on: order_id, sort: -line_no, fields: [id, line_total], cap: { rows: 2, flag: items_capped } }
      payments: { table: payments, on: order_id, hidden: true }
      shipments: { table: shipments, on: order_id, fields: [id], limit: 1 }
    compute:
      item_count: count(items)
      pieces: sum(items.quantity)
      revenue: sum(items.quantity * items.unit_price)
      with_tax: sum((items.line_total + 0) * 1.10)
      dearest: max(items.unit_price)
      last_paid_at: max(payments.paid_at)
      first_method: min(payments.method)
      grams: sum(shipments.weight_g)
  wallet:
    root: users
    id: "{id}"
    fields: [id, tier]
    children:
      coupons:
        table: user_coupons
        on: user_id
        sort: -issued_at
        flatten: coupon
        cap: { rows: 3, flag: more_coupons }
        lookups:
          coupon: { table: coupons, on: coupon_id, fields: [code, title, percent], when_changed: refresh }
      orders: { table: orders, on: user_id, hidden: true }
    compute:
      issued: count(coupons)
      last_used_at: max(coupons.used_at)
      spent: sum(orders.total - orders.discount)
"""
BILL_SINKS = """  bills:
    elasticsearch: { urls: ["${ES:-http://localhost:9200}"] }
    document: bill
    alias: %s
  wallets:
    elasticsearch: { urls: ["${ES:-http://localhost:9200}"] }
    document: wallet
    alias: %s
"""
TYPES = {
    "items_capped": "boolean", "item_count": "long", "pieces": "long", "revenue": "double", "with_tax": "double",
    "dearest": "double", "last_paid_at": "date", "first_method": "keyword", "grams": "long",
}  # fmt: skip


def with_more_documents(world, setup):
    """The example with two more document types; document -> its sink."""
    setup.edit("  customer:\n    root: users\n", BILL + "  customer:\n    root: users\n")
    if setup.kind == "embedded":
        return {name: ["--sqlite", str(setup.state_dir / "documents.db")] for name in ("bill", "wallet")}
    aliases = {name: f"{setup.name}-{name}s" for name in ("bill", "wallet")}
    setup.edit("sinks:\n", "sinks:\n" + BILL_SINKS % (aliases["bill"], aliases["wallet"]))
    return {name: setup.elasticsearch(alias) for name, alias in aliases.items()}


def check_mapping(setup, sink):
    with urllib.request.urlopen(f"{sink[1]}/{sink[3]}/_mapping", timeout=30) as response:
        [index] = json.loads(response.read()).values()
    found = {name: field.get("type") for name, field in index["mappings"]["properties"].items()}
    wrong = {name: found.get(name) for name, kind in TYPES.items() if found.get(name) != kind}
    check(not wrong, f"mapped as {wrong}")


def shake(shop, rng):
    """Targets of links leave and come back; one order gets more rows than its cap and loses them again."""
    coupons = shop.sql("SELECT id, code, title, percent, min_total, valid_until FROM coupons")
    for row in rng.sample(coupons, min(4, len(coupons))):
        shop.sql("DELETE FROM coupons WHERE id = %s", row[0])
        if rng.random() < 0.7:
            shop.sql("INSERT INTO coupons VALUES (%s, %s, %s, %s, %s, %s)", *row)
    order, line = shop.sql("SELECT order_id, MAX(line_no) FROM order_items GROUP BY order_id ORDER BY RAND() LIMIT 1")[0]
    first = 9_000_000_000 + rng.randrange(10**9) * 10
    for n in range(5):
        shop.sql("INSERT INTO order_items VALUES (%s, %s, %s, 1, %s, '99999999.99', '99999999.99', NULL)",
                 first + n, order, line + 1 + n, n + 1)
    if rng.random() < 0.5:
        shop.sql("DELETE FROM order_items WHERE id BETWEEN %s AND %s", first, first + 4)


def scenario(world):
    shop = world.shop()
    shop.load("--schema", "--init", "200,80", "--orders", "300")
    setup = setups.Setup.of(world, shop)
    more = with_more_documents(world, setup)
    tailrace = setup.run()
    setup.equal(within=90, sinks_of=more)
    if setup.kind == "kafka":
        check_mapping(setup, more["bill"])
    placed = shop.orders()
    load = shop.start_load("--seconds", "600", "--rate", "60/s")
    until(lambda: shop.orders() > placed, 60, "the load begins")  # it has chosen its ids: below those of shake()
    for _ in range(25):
        shake(shop, world.rng)
    placed = shop.orders()
    until(lambda: shop.orders() > placed + 20, 60, "the load goes on")
    tailrace.kill()
    tailrace = setup.run(name="tailrace-again")
    until(lambda: shop.orders() > placed + 60, 60, "the load goes on")
    load.stop(signal.SIGINT)
    setup.equal(within=120, sinks_of={**setup.sinks, **more})
    check(tailrace.stop() == 0, f"SIGTERM ended with {tailrace.code}")
    setup.equal(sinks_of=more)


if __name__ == "__main__":
    servers = ["mysql", "kafka", "elasticsearch"] if "kafka" in sys.argv else ["mysql"]
    sys.exit(harness.main(scenario, *servers, options=setups.option))
