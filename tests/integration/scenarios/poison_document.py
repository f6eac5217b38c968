#!/usr/bin/python3
"""Documents that the index can never take are set aside and counted, all others go on; the next change cures them."""

import json
import sys

import harness
import setups
from harness import check

OVERRIDE = "{ items: { type: nested }"


def scenario(world):
    shop = world.shop()
    shop.load("--schema", "--init", "200,80", "--orders", "300")
    shop.sql("UPDATE orders SET note = NULL")
    shop.sql("UPDATE orders SET note = 'no number' WHERE id % 17 = 0")
    poisoned = shop.sql("SELECT COUNT(*) FROM orders WHERE note IS NOT NULL")[0][0]
    check(poisoned > 5, f"only {poisoned} orders to set aside")
    setup = setups.Setup(world, shop, "kafka")
    setup.edit(OVERRIDE, OVERRIDE + ", note: { type: long }")
    text = setup.until_now(code=1)
    last = text.splitlines()[-1]
    world.say(last)
    check(last.startswith(f"tailrace: {poisoned} documents "), f"{poisoned} dead letters are not counted: {last}")
    report = setup.report("order")
    found = {kind: report[kind] for kind in ("missing", "extra", "different")}
    check(found == {"missing": poisoned, "extra": 0, "different": 0}, f"{found}, {poisoned} are poison")
    check(report["compared"] > 200, f"only {report['compared']} others went on")
    check(setup.report("customer")["missing"] == 0, "the other document type suffered")

    announced = [json.loads(record["payload"]) for record in setup.consume(f"{setup.name}.dead")]
    wanted = {str(key) for (key,) in shop.sql("SELECT id FROM orders WHERE note IS NOT NULL")}
    check({letter["id"] for letter in announced} == wanted, f"{len(announced)} are announced, {len(wanted)} wanted")
    check(all(letter["stage"] == "sink" and "note" in letter["reason"] for letter in announced), str(announced[:2]))

    text = setup.until_now(code=1)
    check(text.splitlines()[-1] == last, f"a second run forgot them: {text.splitlines()[-1]}")
    shop.sql("UPDATE orders SET note = '42' WHERE note IS NOT NULL")
    setup.until_now()
    setup.equal()


if __name__ == "__main__":
    sys.exit(harness.main(scenario, "mysql", "kafka", "elasticsearch"))
