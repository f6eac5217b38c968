#!/usr/bin/python3
"""kill -9 again and again during the first load while its rows are deleted: no deleted row stays a document."""

import sys
import threading

import harness
import setups
from harness import check, until


class Deleter(threading.Thread):
    """Deletes whole orders, single items and users at random places of the key range, until told to stop."""

    def __init__(self, shop, rng):
        super().__init__()
        self._connection, self._rng = shop.connect(autocommit=False), rng
        self._orders = [row[0] for row in shop.sql("SELECT id FROM orders")]
        self._users = [row[0] for row in shop.sql("SELECT id FROM users")]
        self._stop_asked = threading.Event()
        self.deleted, self.failure = 0, None

    def run(self):
        try:
            with self._connection.cursor() as cursor:
                while not self._stop_asked.wait(0.004):
                    self._remove_one(cursor)
        except Exception as failure:  # shown by end(), in the scenario's thread
            self.failure = failure

    def _remove_one(self, cursor):
        victim = self._orders.pop(self._rng.randrange(len(self._orders)))
        cursor.execute("DELETE FROM orders WHERE id = %s", (victim,))
        if self._rng.random() < 0.8:  # else its items stay behind
            for table in ("order_items", "payments"):
                cursor.execute(f"DELETE FROM {table} WHERE order_id = %s", (victim,))
        if self._rng.random() < 0.1:
            user = self._users.pop(self._rng.randrange(len(self._users)))
            cursor.execute("DELETE FROM users WHERE id = %s", (user,))
        self._connection.commit()
        self.deleted += 1

    def end(self):
        self._stop_asked.set()
        self.join()
        self._connection.close()
        if self.failure:
            raise self.failure


def options(parser):
    setups.option(parser)
    parser.add_argument("--orders", type=int, default=25000)
    parser.add_argument("--kills", type=int, default=12)


def scenario(world):
    shop = world.shop()
    world.say(shop.load("--schema", "--init", "3000,300", "--bulk-orders", str(world.args.orders), "--fast-commit"))
    setup = setups.Setup.of(world, shop)
    deleter = Deleter(shop, world.rng)
    deleter.start()
    kills = 0
    while kills < world.args.kills:
        tailrace = setup.run()
        words = until(lambda: told(tailrace), 60, "the first load begins")
        if words == "over":
            tailrace.kill()
            break
        deleter.join(world.rng.uniform(0, 0.25))  # the instant, while rows go on being deleted
        kills += told(tailrace) == "snapshotting"
        check(tailrace.kill(), "the program ended by itself")
    world.say(f"{kills} kills in the first load, {deleter.deleted} orders deleted")
    tailrace = setup.run()
    tailrace.await_word("streaming", "catching_up", seconds=120)
    deleter.end()
    check(kills >= min(3, world.args.kills), f"only {kills} kills met the first load; give it more --orders")
    setup.finish(tailrace)


def told(tailrace):
    """snapshotting, over, or nothing yet; about capture's first load."""
    check(tailrace.code is None, f"the program ended with {tailrace.code}")
    words = {c["name"]: c["status"] for c in (tailrace.status() or {"components": []})["components"]}
    capture = words.get("capture")
    if capture in (None, "starting", "degraded"):
        return None
    return "snapshotting" if capture == "snapshotting" else "over"


if __name__ == "__main__":
    servers = ["mysql", "kafka", "elasticsearch"] if "kafka" in sys.argv else ["mysql"]
    sys.exit(harness.main(scenario, *servers, options=options))
