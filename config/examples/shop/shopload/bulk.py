"""Much data fast: a backlog for benchmarks, and one giant transaction.

Statements go out as text, hundreds in one packet, because the parser of the server is then the only limit.
"""

import contextlib
import random
import threading

from pymysql.constants import CLIENT

from .database import connect

ORDERS_PER_PACKET = 100
ITEMS_PER_ORDER = 5
ROWS_PER_ORDER = (
    14  # 1 order + 5 items + 1 payment inserted, then 1 order + 5 items + 1 payment updated
)
STATUSES = ["PAID", "PAID", "SHIPPED"]


ORDER_COLUMNS = "id, order_no, user_id, status, status_at, items_total, total, note, placed_at"
ITEM_COLUMNS = "id, order_id, line_no, product_id, quantity, unit_price, line_total"
TWO_TRANSACTIONS = f"""BEGIN;
INSERT INTO orders ({ORDER_COLUMNS}) VALUES ({{order}}, 'B-{{order:09d}}', {{user}}, 'PLACED',
  {{placed}}, {{total}}, {{total}}, '대량 주문 📦 {{order}}', {{placed}});
INSERT INTO order_items ({ITEM_COLUMNS}) VALUES {{items}};
INSERT INTO payments (id, order_id, method, state, amount)
  VALUES ({{payment}}, {{order}}, 'CARD', 'PENDING', {{total}});
COMMIT; BEGIN;
UPDATE orders SET status = '{{status}}', paid_at = placed_at WHERE id = {{order}};
UPDATE order_items SET gift_message = '포장 🎁' WHERE id BETWEEN {{first_item}} AND {{last_item}};
UPDATE payments SET state = 'PAID', paid_at = '{{paid}}' WHERE id = {{payment}};
COMMIT"""


class Backlog:
    """Makes args.bulk_orders orders: one transaction inserts each with its rows, one pays it."""

    def __init__(self, args, shop, seed, first_ids):
        self._args, self._shop, self._seed, self._ids = args, shop, seed, first_ids
        self._failures = []

    def make(self):
        """Returns the number of row changes."""
        lanes, orders = self._args.threads, self._args.bulk_orders
        bounds = [orders * lane // lanes for lane in range(lanes + 1)]
        threads = [
            threading.Thread(target=self._guard, args=(lane, range(*bounds[lane : lane + 2])))
            for lane in range(lanes)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._failures:
            raise self._failures[0]
        return orders * ROWS_PER_ORDER

    def _guard(self, lane, numbers):
        try:
            self._lane(random.Random(f"{self._seed}/bulk/{lane}"), numbers)
        except Exception as failure:  # raised again by make(), in the caller's thread
            self._failures.append(failure)

    def _lane(self, rng, numbers):
        connection = connect(self._args, client_flag=CLIENT.MULTI_STATEMENTS)
        for start in range(0, len(numbers), ORDERS_PER_PACKET):
            packet = numbers[start : start + ORDERS_PER_PACKET]
            _send(connection, ";".join(self._order(rng, number) for number in packet))
        connection.close()

    def _order(self, rng, number):
        """The text of both transactions of one order."""
        order, first_item = (
            self._ids["orders"] + number,
            self._ids["order_items"] + number * ITEMS_PER_ORDER,
        )
        items, total = self._items(rng, order, first_item)
        placed = (
            f"'{self._shop.now:%Y-%m-%d %H:%M}:{rng.randrange(60):02d}.{rng.randrange(1000):03d}'"
        )
        return TWO_TRANSACTIONS.format(
            order=order,
            payment=self._ids["payments"] + number,
            first_item=first_item,
            last_item=first_item + ITEMS_PER_ORDER - 1,
            items=items,
            total=money(total),
            user=rng.choice(self._shop.users),
            status=STATUSES[rng.randrange(3)],
            placed=f"{placed} - INTERVAL {rng.randrange(43200)} MINUTE",
            paid=f"{self._shop.now:%Y-%m-%d %H:%M:%S}",
        )

    def _items(self, rng, order, first_item):
        """(rows as text, their sum in cents)."""
        rows, total = [], 0
        for line in range(ITEMS_PER_ORDER):
            cents, quantity = rng.randrange(100, 20000), 1 + rng.randrange(4)
            total += cents * quantity
            product = self._shop.products[int(len(self._shop.products) * rng.random() ** 2)]
            rows.append(
                f"({first_item + line}, {order}, {line + 1}, {product}, {quantity},"
                f" {money(cents)}, {money(cents * quantity)})"
            )
        return ",".join(rows), total


def money(cents):
    return f"{cents // 100}.{cents % 100:02d}"


def _send(connection, text):
    with connection.cursor() as cursor:
        cursor.execute(text)
        while cursor.nextset():
            pass


def giant(args, shop, seed, first_ids):
    """One transaction of exactly args.giant row changes. Returns what it did, in words."""
    connection = connect(args)
    wanted, kind = args.giant, args.giant_kind
    with connection.cursor() as cursor:
        changed = 0
        if kind == "orders":
            changed = cursor.execute(
                "UPDATE orders SET note = CONCAT('giant ', %s, ' 🐘 ', id) ORDER BY id LIMIT %s",
                (seed, wanted),
            )
        elif kind == "items":
            changed = cursor.execute(
                "UPDATE order_items SET gift_message = CONCAT('giant ', %s, ' 🐘 ', id)"
                " ORDER BY id LIMIT %s",
                (seed, wanted),
            )
        for statement in _inserts(
            random.Random(f"{seed}/giant"), shop, first_ids, wanted - changed
        ):
            cursor.execute(statement)
    connection.commit()
    connection.close()
    return f"updated {changed} {kind if changed else 'rows'}, inserted {wanted - changed} rows"


def _inserts(rng, shop, ids, rows):
    """Orders of one item each, 1,000 per statement; an odd row is an order without items."""
    columns = "id, order_no, user_id, status, status_at, items_total, total, placed_at"
    count = rows - rows // 2
    for start in range(0, count, 1000):
        orders, items = [], []
        for number in range(start, min(start + 1000, count)):
            order, item, total = ids["orders"] + number, ids["order_items"] + number, "0.00"
            if number < rows // 2:
                total = money(rng.randrange(100, 9000))
                items.append(
                    f"({item}, {order}, 1, {rng.choice(shop.products)}, 1, {total}, {total})"
                )
            orders.append(
                f"({order}, 'G-{order:09d}', {rng.choice(shop.users)}, 'PLACED',"
                f" NOW(3), {total}, {total}, NOW(3))"
            )
        yield f"INSERT INTO orders ({columns}) VALUES {','.join(orders)}"
        if items:
            yield f"INSERT INTO order_items ({ITEM_COLUMNS}) VALUES {','.join(items)}"


@contextlib.contextmanager
def fast_commit(args):
    """The server does not sync at each commit meanwhile; needs an administrator. For making a backlog only."""
    if not args.fast_commit:
        yield
        return
    connection = connect(args)
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@GLOBAL.sync_binlog, @@GLOBAL.innodb_flush_log_at_trx_commit")
        before = cursor.fetchone()
        cursor.execute("SET GLOBAL sync_binlog = 0, GLOBAL innodb_flush_log_at_trx_commit = 2")
        try:
            yield
        finally:
            connection.ping()
            cursor.execute(
                "SET GLOBAL sync_binlog = %s, GLOBAL innodb_flush_log_at_trx_commit = %s", before
            )
            connection.close()
