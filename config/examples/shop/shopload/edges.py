"""What goes wrong in real databases, on purpose. One function = one transaction, unless it says so."""

from . import catalog, life
from .database import Undo


def move_item(shop):
    """An item changes its order; sometimes it changes itself as well, sometimes it comes back."""
    with shop.transaction() as sql:
        one, other = life.pick(shop, sql), life.pick(shop, sql)
        item = one and sql.row(
            "SELECT id FROM order_items WHERE order_id = %s ORDER BY id LIMIT 1", one[0]
        )
        if not item or not other or one[0] == other[0]:
            return
        path = shop.rng.choice(
            [[other[0]], [other[0]], [other[0], one[0]], [other[0], one[0], other[0]]]
        )
        for order_id in path:
            sql("UPDATE order_items SET order_id = %s WHERE id = %s", order_id, item[0])
            if shop.rng.random() < 0.3:
                sql(
                    "UPDATE order_items SET quantity = quantity + 1, line_total = quantity * unit_price"
                    " WHERE id = %s",
                    item[0],
                )
        life.add_up(shop, sql, one[0])
        life.add_up(shop, sql, other[0])


def rekey_item(shop):
    """The primary key of an item changes."""
    with shop.transaction() as sql:
        order = life.pick(shop, sql)
        if order:
            item = sql.row(
                "SELECT id FROM order_items WHERE order_id = %s ORDER BY id LIMIT 1", order[0]
            )
            if item:
                sql(
                    "UPDATE order_items SET id = %s WHERE id = %s",
                    shop.new_id("order_items"),
                    item[0],
                )


def rekey_order(shop):
    """The primary key of an order changes; its rows follow in the same transaction, or most of them."""
    with shop.transaction() as sql:
        order = life.pick(shop, sql)
        if not order:
            return
        new = shop.new_id("orders")
        sql("UPDATE orders SET id = %s WHERE id = %s", new, order[0])
        for table in ("order_items", "payments", "shipments"):
            if table == "order_items" or shop.rng.random() < 0.8:
                sql(f"UPDATE {table} SET order_id = %s WHERE order_id = %s", new, order[0])
    shop.orders[shop.orders.index(order[0])] = new
    shop.deleted_orders.append(order[0])


def delete_order(shop):
    """With its rows in any order, or leaving orphans behind."""
    with shop.transaction() as sql:
        order = life.pick(shop, sql)
        if not order:
            return
        tables = ["orders", "order_items", "payments", "shipments"]
        if shop.rng.random() < 0.4:
            tables = ["orders"]
        shop.rng.shuffle(tables)
        for table in tables:
            column = "id" if table == "orders" else "order_id"
            sql(f"DELETE FROM {table} WHERE {column} = %s", order[0])
    shop.orders.remove(order[0])
    shop.deleted_orders.append(order[0])


def bring_back_order(shop):
    """The same id again, with the items that were left behind and perhaps new ones."""
    if not shop.deleted_orders:
        return
    order_id = shop.deleted_orders.pop(shop.rng.randrange(len(shop.deleted_orders)))
    with shop.transaction() as sql:
        status = shop.rng.choice(["PLACED", "PLACED", "PLACED", "PAID"])
        sql.insert("orders", life.new_order(shop, order_id, status))
        if shop.rng.random() < 0.7:
            sql.insert("order_items", *life.new_items(shop, sql, order_id, 2, 100))
        life.add_up(shop, sql, order_id)
    shop.orders.append(order_id)


def delete_and_bring_back(shop):
    """Deleted and inserted again with the same id inside one transaction."""
    with shop.transaction() as sql:
        order = life.pick(shop, sql)
        if not order:
            return
        sql("DELETE FROM orders WHERE id = %s", order[0])
        sql.insert("orders", life.new_order(shop, order[0]))
        life.add_up(shop, sql, order[0])


def orphan_items(shop):
    """Items of an order that comes later, in a transaction of its own; so two transactions."""
    order_id = shop.new_id("orders")
    with shop.transaction() as sql:
        sql.insert("order_items", *life.new_items(shop, sql, order_id, 2))
    with shop.transaction() as sql:
        sql.insert("orders", life.new_order(shop, order_id))
        life.add_up(shop, sql, order_id)
    shop.orders.append(order_id)


def delete_product(shop):
    """Items point at nothing from now on."""
    if len(shop.products) < 10:
        return
    product_id = shop.rng.choice(shop.products)
    with shop.transaction() as sql:
        sql("DELETE FROM products WHERE id = %s", product_id)
    shop.deleted_products.append(product_id)


def bring_back_product(shop):
    if not shop.deleted_products:
        return
    product_id = shop.deleted_products.pop()
    with shop.transaction() as sql:
        sql.insert("products", catalog.product(shop, product_id), verb="INSERT IGNORE")


def swap_products(shop):
    """P1 -> P2 -> P1 in three transactions."""
    with shop.transaction() as sql:
        order = life.pick(shop, sql)
        item = order and sql.row(
            "SELECT id, product_id FROM order_items WHERE order_id = %s ORDER BY id LIMIT 1",
            order[0],
        )
    if item:
        for product_id in (
            shop.skewed(shop.products),
            item[1],
            shop.skewed(shop.products),
            item[1],
        ):
            with shop.transaction() as sql:
                sql("UPDATE order_items SET product_id = %s WHERE id = %s", product_id, item[0])


def replace_rows(shop):
    """REPLACE over the primary key, and over a second unique key (another row goes away)."""
    with shop.transaction() as sql:
        sql.insert("user_coupons", catalog.user_coupon(shop), verb="REPLACE")
        order = life.pick(shop, sql)
        old = order and sql.row(
            "SELECT id, carrier FROM shipments WHERE order_id = %s ORDER BY id LIMIT 1", order[0]
        )
        if old:
            sql.insert(
                "shipments",
                {"id": old[0], "order_id": order[0], "carrier": old[1] + "+", "state": "READY"},
                verb="REPLACE",
            )


def upsert_items(shop):
    """INSERT … ON DUPLICATE KEY UPDATE: one row exists, one does not."""
    with shop.transaction() as sql:
        order = life.pick(shop, sql, "PLACED", "PAID")
        if not order:
            return
        rows = life.new_items(shop, sql, order[0], 2, 50)
        old = sql.row(
            "SELECT id FROM order_items WHERE order_id = %s ORDER BY id DESC LIMIT 1", order[0]
        )
        if old:
            rows[0]["id"] = old[0]
        sql.insert(
            "order_items",
            *rows,
            tail=" ON DUPLICATE KEY UPDATE quantity = order_items.quantity + 1,"
            " line_total = order_items.quantity * order_items.unit_price",
        )
        life.add_up(shop, sql, order[0])


def multi_table_update(shop):
    """One statement that writes rows of three tables."""
    with shop.transaction() as sql:
        order = life.pick(shop, sql)
        if order:
            sql(
                "UPDATE orders o JOIN order_items i ON i.order_id = o.id JOIN payments p ON p.order_id = o.id"
                " SET o.note = CONCAT('multi ', o.id), i.gift_message = '다중 🎁', p.method = 'CARD'"
                " WHERE o.id = %s",
                order[0],
            )


def second_shipment(shop):
    """`one: true` with two rows, and with none again."""
    with shop.transaction() as sql:
        order = life.pick(shop, sql, "SHIPPED", "DELIVERED")
        if not order:
            return
        if shop.rng.random() < 0.3:
            sql("DELETE FROM shipments WHERE order_id = %s", order[0])
        else:
            sql.insert(
                "shipments",
                {
                    "id": shop.new_id("shipments"),
                    "order_id": order[0],
                    "carrier": "둘째",
                    "state": "READY",
                },
            )


def illegal_jump(shop):
    """A transition the state machine does not know."""
    with shop.transaction() as sql:
        order = life.pick(shop, sql, "DELIVERED", "CANCELLED")
        if order:
            sql(
                "UPDATE orders SET status = 'PLACED', finished_at = NULL, hours_to_finish = NULL WHERE id = %s",
                order[0],
            )


def part_rollback(shop):
    """What happened after the savepoint never happened."""
    with shop.transaction() as sql:
        order = life.pick(shop, sql)
        if not order:
            return
        sql("UPDATE orders SET note = '저장점 앞' WHERE id = %s", order[0])
        sql("SAVEPOINT here")
        sql("UPDATE orders SET note = 'NEVER' WHERE id = %s", order[0])
        sql("DELETE FROM order_items WHERE order_id = %s", order[0])
        sql("ROLLBACK TO SAVEPOINT here")
        sql("UPDATE payments SET method = 'BANK' WHERE order_id = %s", order[0])


def whole_rollback(shop):
    with shop.transaction() as sql:
        order = life.pick(shop, sql)
        if order:
            sql("UPDATE orders SET note = 'NEVER', total = -1 WHERE id = %s", order[0])
            sql("DELETE FROM order_items WHERE order_id = %s", order[0])
        raise Undo


def sweep_orders(shop):
    """Many orders in one transaction."""
    with shop.transaction() as sql:
        ids = shop.orders[-40:]
        if ids:
            marks = ", ".join(["%s"] * len(ids))
            sql(f"UPDATE orders SET is_gift = NOT is_gift WHERE id IN ({marks})", *ids)
            sql(f"UPDATE payments SET amount = amount + 0.01 WHERE order_id IN ({marks})", *ids)
