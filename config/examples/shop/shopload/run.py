"""Mixes of actions, and the threads that perform them."""

import collections
import threading
import time

import pymysql

from . import edges, life
from .database import DEADLOCK, LOCK_TIMEOUT, Shop, connect

CLIENT_GONE = {2006, 2013, 1053, 1927}

PLAIN = {life.place: 30, life.pay: 26, life.ship: 20, life.deliver: 16, life.cancel: 3}
CATALOG = {
    life.rename_product: 3,
    life.reprice_product: 2,
    life.rename_category: 0.5,
    life.rename_user: 2,
    life.new_user: 2,
    life.issue_coupon: 4,
    life.use_coupon: 3,
    life.change_coupon: 0.5,
}
EDGES = {
    edges.move_item: 4,
    edges.rekey_item: 1,
    edges.rekey_order: 1,
    edges.delete_order: 2,
    edges.bring_back_order: 2,
    edges.delete_and_bring_back: 1,
    edges.orphan_items: 1,
    edges.delete_product: 0.5,
    edges.bring_back_product: 0.5,
    edges.swap_products: 1,
    edges.replace_rows: 1,
    edges.upsert_items: 2,
    edges.multi_table_update: 1,
    edges.second_shipment: 1,
    edges.illegal_jump: 0.5,
    edges.part_rollback: 1,
    edges.whole_rollback: 1,
    edges.sweep_orders: 0.5,
}

MIXES = {
    "place": {life.place: 1},  # for latency measurements
    "plain": PLAIN,  # orders only, every one legal
    "shop": {**PLAIN, life.change_items: 6, **CATALOG, **EDGES},  # everything
    "edges": {
        life.place: 10,
        life.pay: 5,
        life.ship: 4,
        life.deliver: 2,
        life.change_items: 6,
        **CATALOG,
        **{action: weight * 5 for action, weight in EDGES.items()},
    },
}


class Load:
    """Runs a mix until its number of orders is placed or its time is over."""

    def __init__(self, args, seed, now, first_ids):
        self.args, self.seed, self.now, self.first_ids = args, seed, now, first_ids
        self.counts = collections.Counter()
        self.failure = None
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def run(self):
        lanes = self.args.threads
        threads = [threading.Thread(target=self._guard, args=(lane,)) for lane in range(lanes)]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        except KeyboardInterrupt:
            self._stop.set()
            for thread in threads:
                thread.join()
        if self.failure:
            raise self.failure
        return self.counts

    def _guard(self, lane):
        try:
            self._lane(lane)
        except Exception as failure:  # kept for run(), which raises it in the main thread
            self.failure = failure
            self._stop.set()

    def _lane(self, lane):
        shop = Shop(
            connect(self.args), self.seed, self.now, self.first_ids, lane, self.args.threads
        )
        if not (shop.users and shop.products and shop.coupons):
            raise SystemExit("the shop is empty: run load.py --init USERS,PRODUCTS first")
        mix = MIXES[self.args.mix]
        actions, weights = list(mix), list(mix.values())
        lanes = self.args.threads
        orders = (
            None
            if self.args.orders is None
            else self.args.orders // lanes + (lane < self.args.orders % lanes)
        )
        pace = Pace(self.args.rate and self.args.rate / lanes * sum(weights) / mix[life.place])
        end = time.monotonic() + self.args.seconds if self.args.seconds else None
        while not self._stop.is_set() and orders != 0 and (end is None or time.monotonic() < end):
            pace.wait()
            action = shop.rng.choices(actions, weights)[0]
            if action is life.place and orders is not None:
                orders -= 1
            self._perform(shop, action)
        shop.connection.close()

    def _perform(self, shop, action):
        name = action.__name__
        try:
            action(shop)
        except pymysql.err.OperationalError as error:
            code = error.args[0]
            if code in (DEADLOCK, LOCK_TIMEOUT):
                name = "gave way to another transaction"
            elif code in CLIENT_GONE and self.args.ride_out:
                name = "connection lost"
                shop.connection = self._reconnect()
            else:
                raise
        with self._lock:
            self.counts[name] += 1

    def _reconnect(self):
        """The server is being restarted: the tests do that."""
        deadline = time.monotonic() + self.args.ride_out
        while True:
            try:
                return connect(self.args)
            except pymysql.err.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)


class Pace:
    """Spreads actions evenly over time; catches up after a stall."""

    def __init__(self, per_second):
        self._step = 1 / per_second if per_second else 0
        self._next = time.monotonic()

    def wait(self):
        if self._step:
            self._next += self._step
            delay = self._next - time.monotonic()
            if delay > 0:
                time.sleep(delay)
