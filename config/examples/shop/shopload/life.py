"""The ordinary life of an order, and of the things it refers to. One function = one transaction."""

import datetime
import json

from . import catalog, text

FAR_AWAY_PRICE = "9.90"  # of a product that is gone: the item still points at it


# --- parts -------------------------------------------------------------------------------------


def new_items(shop, sql, order_id, count, first_line=1):
    """Rows of order_items at the products' current prices."""
    rng = shop.rng
    rows = []
    for line in range(first_line, first_line + count):
        product_id = shop.skewed(shop.products)
        found = sql.row("SELECT price FROM products WHERE id = %s", product_id)
        price = found[0] if found else FAR_AWAY_PRICE
        quantity = rng.choice([1, 1, 1, 2, 3, 10])
        rows.append(
            {
                "id": shop.new_id("order_items"),
                "order_id": order_id,
                "line_no": line,
                "product_id": product_id,
                "quantity": quantity,
                "unit_price": price,
                "line_total": f"{quantity * float(price):.2f}",
                "gift_message": rng.choice(text.GIFTS),
            }
        )
    return rows


def add_up(shop, sql, order_id):
    """Keeps items_total and total true; in the same transaction as the items."""
    sql(
        "UPDATE orders SET items_total = COALESCE((SELECT SUM(line_total) FROM order_items"
        " WHERE order_id = %s), 0), total = items_total - discount, updated_at = %s WHERE id = %s",
        order_id,
        shop.moment(1),
        order_id,
    )


def new_order(shop, order_id, status="PLACED", user_id=None):
    rng, placed = shop.rng, shop.moment()
    return {
        "id": order_id,
        "order_no": f"{placed:%Y%m%d}-{order_id:08d}",
        "user_id": user_id or shop.skewed(shop.users),
        "coupon_id": rng.choice([None, None, rng.choice(shop.coupons)]),
        "status": status,
        "status_at": placed,
        "items_total": 0,
        "discount": rng.choice(["0.00", "0.00", "1.50"]),
        "total": 0,
        "is_gift": rng.random() < 0.1,
        "note": rng.choice(text.NOTES),
        "delivery": rng.choice([None, delivery(rng)]),
        "placed_at": placed,
        "updated_at": placed,
    }


def delivery(rng):
    return json.dumps(
        {
            "city": rng.choice(text.CITIES),
            "zip": f"{rng.randrange(100000):05d}",
            "floor": rng.choice([None, -1, 3, 12]),
            "geo": [rng.randrange(3300, 3900) / 100, 127.5],
            "door": {"code": rng.choice(["*1234#", None]), "safe": True},
        },
        ensure_ascii=False,
    )


def payment(shop, order_id, amount):
    return {
        "id": shop.new_id("payments"),
        "order_id": order_id,
        "method": shop.rng.choice(text.METHODS),
        "state": "PENDING",
        "amount": amount,
        "receipt": None,
        "paid_at": None,
        "created_at": shop.moment(30) + datetime.timedelta(microseconds=shop.rng.randrange(1000)),
    }


def pick(shop, sql, *statuses):
    """A live order of this thread in one of the statuses, locked; or None. Looks at a few only."""
    for _ in range(6 if shop.orders else 0):
        order_id = shop.rng.choice(shop.orders[-400:])
        row = sql.row(
            "SELECT id, status, placed_at, total, user_id FROM orders WHERE id = %s FOR UPDATE",
            order_id,
        )
        if row and (not statuses or row[1] in statuses):
            return row
    return None


def later(shop, moment, hours):
    return min(moment + datetime.timedelta(hours=hours), shop.now)


# --- the life of an order ----------------------------------------------------------------------


def place(shop):
    """An order, its items and its payment: one transaction."""
    order_id = shop.new_id("orders")
    with shop.transaction() as sql:
        order = new_order(shop, order_id)
        items = new_items(
            shop,
            sql,
            order_id,
            (
                shop.rng.choice([1, 1, 2, 2, 3, 4, 30])
                if shop.rng.random() < 0.2
                else shop.rng.randrange(1, 5)
            ),
        )
        total = sum(round(float(row["line_total"]) * 100) for row in items)
        order["items_total"] = f"{total / 100:.2f}"
        order["total"] = f"{(total - round(float(order['discount']) * 100)) / 100:.2f}"
        sql.insert("orders", order)
        sql.insert("order_items", *items)
        sql.insert("payments", payment(shop, order_id, order["total"]))
    shop.orders.append(order_id)


def pay(shop):
    with shop.transaction() as sql:
        order = pick(shop, sql, "PLACED")
        if not order:
            return
        paid = later(shop, order[2], shop.rng.uniform(0, 5))
        failed = shop.rng.random() < 0.1
        sql(
            "UPDATE payments SET state = %s, paid_at = %s, receipt = %s WHERE order_id = %s AND state = 'PENDING'",
            "FAILED" if failed else "PAID",
            None if failed else paid,
            shop.rng.choice([None, b"\x00\xff" + shop.rng.randbytes(12)]),
            order[0],
        )
        if failed:
            sql.insert("payments", payment(shop, order[0], order[3]))
            return
        sql(
            "UPDATE orders SET status = 'PAID', status_at = %s, paid_at = %s, updated_at = %s WHERE id = %s",
            paid,
            paid,
            paid,
            order[0],
        )


def ship(shop):
    with shop.transaction() as sql:
        order = pick(shop, sql, "PAID")
        if not order:
            return
        shipped = later(shop, order[2], shop.rng.uniform(6, 40))
        sql(
            "UPDATE orders SET status = 'SHIPPED', status_at = %s, updated_at = %s WHERE id = %s",
            shipped,
            shipped,
            order[0],
        )
        sql.insert(
            "shipments",
            {
                "id": shop.new_id("shipments"),
                "order_id": order[0],
                "carrier": shop.rng.choice(text.CARRIERS),
                "tracking_no": shop.rng.choice([None, f"TR{order[0]:010d}"]),
                "state": "IN_TRANSIT",
                "weight_g": shop.rng.choice([None, shop.rng.randrange(100, 30000), 2**32 - 1]),
                "pickup_at": shop.rng.choice([None, "09:30:00", "18:05:59", "-01:00:00"]),
                "eta": (shipped + datetime.timedelta(days=2)).date(),
                "shipped_at": shipped,
                "delivered_at": None,
            },
        )


def deliver(shop):
    with shop.transaction() as sql:
        order = pick(shop, sql, "SHIPPED")
        if not order:
            return
        done = later(shop, order[2], shop.rng.uniform(24, 170))
        hours = int((done - order[2]).total_seconds() // 3600)
        sql(
            "UPDATE shipments SET state = 'DELIVERED', delivered_at = %s WHERE order_id = %s",
            done,
            order[0],
        )
        sql(
            "UPDATE orders SET status = 'DELIVERED', status_at = %s, finished_at = %s, hours_to_finish = %s,"
            " updated_at = %s WHERE id = %s",
            done,
            done,
            hours,
            done,
            order[0],
        )


def cancel(shop):
    with shop.transaction() as sql:
        order = pick(shop, sql, "PLACED", "PAID")
        if not order:
            return
        moment = later(shop, order[2], shop.rng.uniform(0, 20))
        sql(
            "UPDATE orders SET status = 'CANCELLED', status_at = %s, updated_at = %s WHERE id = %s",
            moment,
            moment,
            order[0],
        )
        sql(
            "UPDATE payments SET state = 'REFUNDED' WHERE order_id = %s AND state = 'PAID'",
            order[0],
        )


def change_items(shop):
    """Quantity and product changed, a line added, a line removed; several rows, one transaction."""
    with shop.transaction() as sql:
        order = pick(shop, sql, "PLACED")
        if not order:
            return
        lines = sql.rows(
            "SELECT id, line_no FROM order_items WHERE order_id = %s ORDER BY id", order[0]
        )
        for item_id, _ in lines[:2]:
            sql(
                "UPDATE order_items SET quantity = %s, line_total = quantity * unit_price WHERE id = %s",
                shop.rng.randrange(1, 9),
                item_id,
            )
        if lines and shop.rng.random() < 0.4:
            sql(
                "UPDATE order_items SET product_id = %s WHERE id = %s",
                shop.skewed(shop.products),
                lines[0][0],
            )
        if len(lines) > 1 and shop.rng.random() < 0.5:
            sql("DELETE FROM order_items WHERE id = %s", lines[-1][0])
        if shop.rng.random() < 0.6:
            last = max((line for _, line in lines), default=0)
            sql.insert("order_items", *new_items(shop, sql, order[0], 1, last + 1))
        add_up(shop, sql, order[0])


# --- what orders refer to ----------------------------------------------------------------------


def rename_product(shop):
    with shop.transaction() as sql:
        sql(
            "UPDATE products SET name = %s, rating = %s, attributes = %s WHERE id = %s",
            text.product(shop.rng),
            shop.rng.randrange(0, 51) / 10,
            catalog.attributes(shop.rng),
            shop.skewed(shop.products),
        )


def reprice_product(shop):
    with shop.transaction() as sql:
        sql(
            "UPDATE products SET price = price + 1.10, category_id = %s WHERE id = %s",
            shop.rng.choice(shop.categories),
            shop.skewed(shop.products),
        )


def rename_category(shop):
    with shop.transaction() as sql:
        sql(
            "UPDATE categories SET name = %s WHERE id = %s",
            f"{shop.rng.choice(text.CATEGORIES)} {shop.rng.randrange(100)}",
            shop.rng.choice(shop.categories),
        )


def rename_user(shop):
    with shop.transaction() as sql:
        sql(
            "UPDATE users SET name = %s, tier = %s, points = %s WHERE id = %s",
            text.person(shop.rng),
            shop.rng.choice(text.TIERS),
            shop.rng.randrange(10**6),
            shop.skewed(shop.users),
        )


def new_user(shop):
    with shop.transaction() as sql:
        row = catalog.user(shop)
        sql.insert("users", row)
    shop.users.append(row["id"])


def issue_coupon(shop):
    """One of each per user: a second one renews the first."""
    with shop.transaction() as sql:
        sql.insert(
            "user_coupons",
            catalog.user_coupon(shop),
            tail=" ON DUPLICATE KEY UPDATE state = 'ISSUED', issued_at = VALUES(issued_at),"
            " used_at = NULL, order_id = NULL",
        )


def use_coupon(shop):
    with shop.transaction() as sql:
        order = pick(shop, sql, "PLACED", "PAID")
        held = order and sql.row(
            "SELECT id, coupon_id FROM user_coupons WHERE user_id = %s AND state = 'ISSUED'"
            " ORDER BY id LIMIT 1",
            order[4],
        )
        if not held:
            return
        sql(
            "UPDATE user_coupons SET state = 'USED', used_at = %s, order_id = %s WHERE id = %s",
            later(shop, order[2], 1),
            order[0],
            held[0],
        )
        sql(
            "UPDATE orders SET coupon_id = %s, discount = '2.50', total = items_total - discount WHERE id = %s",
            held[1],
            order[0],
        )


def change_coupon(shop):
    """New terms; orders keep the ones they saw, customers see the new ones."""
    with shop.transaction() as sql:
        sql(
            "UPDATE coupons SET percent = %s, title = CONCAT('새 ', LEFT(title, 80)) WHERE id = %s",
            f"{shop.rng.randrange(50, 3000) / 100:.2f}",
            shop.rng.choice(shop.coupons),
        )
