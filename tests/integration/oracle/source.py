"""Reads the tables of one shard from MySQL, all in one consistent snapshot.

MySQL writes each row as one JSON array; this end only groups the rows by the key that joins them.
"""

import collections
import decimal
import json

import pymysql
import pymysql.cursors

import columns

COLUMNS = """
SELECT column_name, data_type, column_type FROM information_schema.columns
 WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position"""
KEYS = """
SELECT column_name FROM information_schema.key_column_usage
 WHERE table_schema = %s AND table_name = %s AND constraint_name = 'PRIMARY' ORDER BY ordinal_position"""

_scan = json.JSONDecoder(parse_float=decimal.Decimal).scan_once
# MariaDB's JSON is LONGTEXT with this check.
MARIADB_JSON = """
SELECT constraint_name FROM information_schema.check_constraints
 WHERE constraint_schema = %s AND table_name = %s AND level = 'Column'
   AND check_clause = CONCAT('json_valid(`', constraint_name, '`)')"""


def parse(text):
    """JSON as MySQL writes it, nothing around it: the scanner alone is faster than the decoder."""
    return _scan(text, 0)[0]


class Table:
    """Columns in table order and the primary key."""

    def __init__(self, name, described, key):
        self.name = name
        self.columns = {column.name: column for column in described}
        self.key = key


class Shard:
    """A connection to one shard. `user` and `password` must be able to SELECT."""

    def __init__(self, name, address, user, password, pipeline):
        host_port, _, self.database = address.partition("/")
        host, _, port = host_port.rpartition(":")
        self.name = name
        self._pipeline = pipeline
        self._tables = {}
        self._connection = pymysql.connect(
            host=host,
            port=int(port),
            user=user,
            password=password,
            database=self.database,
            charset="utf8mb4",
            init_command="SET time_zone = '+00:00', group_concat_max_len = 1073741824",
        )
        with self._connection.cursor() as cursor:
            cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")

    def close(self):
        self._connection.close()

    def table(self, name):
        if name not in self._tables:
            self._tables[name] = self._describe(name)
        return self._tables[name]

    def _describe(self, name):
        options = self._pipeline.tables.get(name, {})
        with self._connection.cursor() as cursor:
            json_names = set()
            if "MariaDB" in self._connection.get_server_info():
                cursor.execute(MARIADB_JSON, (self.database, name))
                json_names = {row[0] for row in cursor.fetchall()}
            cursor.execute(COLUMNS, (self.database, name))
            found = [
                columns.Column(
                    column,
                    "json" if column in json_names else data_type,
                    column_type,
                    options,
                    self._pipeline.time_zone,
                )
                for column, data_type, column_type in cursor.fetchall()
            ]
            cursor.execute(KEYS, (self.database, name))
            key = [row[0] for row in cursor.fetchall()]
        if not found:
            raise LookupError(f"no table {self.database}.{name} on {self.name}")
        excluded = set(options.get("exclude", []))
        return Table(name, [c for c in found if c.name not in excluded or c.name in key], key)

    def rows(self, table, key, shown):
        """Yields (key tuple, JSON text of the `shown` columns) of every row."""
        sql = f"SELECT JSON_ARRAY({_list(table, key)}), JSON_ARRAY({_list(table, shown)}) FROM `{table.name}`"
        with self._connection.cursor(pymysql.cursors.SSCursor) as cursor:
            cursor.execute(sql)
            while True:
                batch = cursor.fetchmany(5000)
                if not batch:
                    return
                for key_text, row_text in batch:
                    yield tuple(parse(key_text)), row_text


def _list(table, names):
    missing = [name for name in names if name not in table.columns]
    if missing:
        raise LookupError(f"table {table.name} has no column {', '.join(missing)}")
    return ", ".join(table.columns[name].sql for name in names)


def unique(rows):
    return dict(rows)


def grouped(rows):
    groups = collections.defaultdict(list)
    for key, text in rows:
        groups[key].append(text)
    return groups
