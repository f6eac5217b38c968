"""Connections, transactions that survive deadlocks, and the ids that one thread owns."""

import contextlib
import datetime
import random

import pymysql

DEADLOCK, LOCK_TIMEOUT = 1213, 1205
TABLES = [
    "users",
    "products",
    "categories",
    "coupons",
    "user_coupons",
    "orders",
    "order_items",
    "payments",
    "shipments",
]


class Undo(Exception):
    """Raised by an action that wants its transaction rolled back."""


def connect(args, database=True, **more):
    connection = pymysql.connect(
        host=args.host,
        port=args.port,
        user=args.user,
        password=args.password,
        database=args.database if database else None,
        charset="utf8mb4",
        autocommit=False,
        init_command="SET time_zone = '+00:00'",
        **more,
    )
    with connection.cursor() as cursor:  # the variable of this has two names; the statement has one
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
    return connection


def next_ids(connection):
    """The first unused id of every table."""
    ids = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT COALESCE(MAX(id), 0) + 1 FROM {table}")
            ids[table] = cursor.fetchone()[0]
    connection.commit()
    return ids


class Shop:
    """What one thread knows and owns: its connection, its random numbers, its orders.

    Thread `lane` of `lanes` owns the orders whose id is `lane` modulo `lanes`, so that threads
    never wait for each other's orders; users, products and coupons belong to everybody.
    """

    def __init__(self, connection, seed, now, first_ids, lane=0, lanes=1):
        self.connection = connection
        self.rng = random.Random(f"{seed}/{lane}")
        self.now = now
        self.lane, self.lanes = lane, lanes
        self._next = {t: i + (lane - i) % lanes for t, i in first_ids.items()}
        self.deleted_orders = []
        self.deleted_products = []
        self.users = self._column("SELECT id FROM users ORDER BY id")
        self.products = self._column("SELECT id FROM products ORDER BY id")
        self.coupons = self._column("SELECT id FROM coupons ORDER BY id")
        self.categories = self._column("SELECT id FROM categories ORDER BY id")
        self.orders = self._column(
            "SELECT id FROM orders WHERE id %% %s = %s ORDER BY id DESC LIMIT 2000", lanes, lane
        )

    def _column(self, sql, *values):
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values)
            rows = [row[0] for row in cursor.fetchall()]
        self.connection.commit()
        return rows

    def new_id(self, table):
        value = self._next[table]
        self._next[table] += self.lanes
        return value

    def skewed(self, ids):
        """A random one; the early ones are popular."""
        return ids[int(len(ids) * self.rng.random() ** 2)]

    def moment(self, days=30.0):
        """A random time in the last `days`, to the millisecond."""
        back = datetime.timedelta(milliseconds=self.rng.randrange(int(days * 86_400_000)))
        return self.now - back

    @contextlib.contextmanager
    def transaction(self):
        """Yields a Sql; commits at the end, rolls back on Undo."""
        cursor = self.connection.cursor()
        try:
            yield Sql(cursor)
            self.connection.commit()
        except Undo:
            self.connection.rollback()
        except BaseException:
            with contextlib.suppress(pymysql.err.Error):  # a lost connection rolls back by itself
                self.connection.rollback()
            raise
        finally:
            cursor.close()


class Sql:
    """Statements of one transaction."""

    def __init__(self, cursor):
        self._cursor = cursor

    def __call__(self, statement, *values):
        return self._cursor.execute(statement, values or None)

    def rows(self, statement, *values):
        self._cursor.execute(statement, values or None)
        return self._cursor.fetchall()

    def row(self, statement, *values):
        found = self.rows(statement, *values)
        return found[0] if found else None

    def insert(self, table, *rows, verb="INSERT", tail=""):
        """Inserts dictionaries that all have the same keys, in one statement."""
        names = list(rows[0])
        one = "(" + ", ".join(["%s"] * len(names)) + ")"
        values = [row[name] for row in rows for name in names]
        self._cursor.execute(
            f"{verb} INTO {table} ({', '.join(names)}) VALUES "
            + ", ".join([one] * len(rows))
            + tail,
            values,
        )
