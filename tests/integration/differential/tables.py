"""The generated tables: one per group of cases, every case as a column that may be NULL and one that may not.

Row i has value i of each case, from the start again where a case has fewer; the nullable column has NULL as one more
value. Every second case is updated to its next value, so that each row has changed and unchanged columns.
"""
import dataclasses

BLOB_LIKE = ("TEXT", "BLOB", "JSON", "GEOMETRY", "VECTOR", "POINT", "LINESTRING", "POLYGON", "MULTI", "LONGTEXT",
             "TINYTEXT", "MEDIUMTEXT", "TINYBLOB", "MEDIUMBLOB", "LONGBLOB", "GEOMETRYCOLLECTION")
CHUNK = 1 << 20  # bytes of one INSERT


@dataclasses.dataclass
class Column:
    case: object
    name: str
    not_null: bool
    updated: bool

    @property
    def values(self):
        return self.case.values if self.not_null else [*self.case.values, "NULL"]

    def value(self, row):
        return self.values[row % len(self.values)]

    @property
    def blob_like(self):
        return self.case.sql.startswith(BLOB_LIKE)

    @property
    def definition(self):
        # A TIMESTAMP without a word is NOT NULL on servers of old.
        base, check, condition = self.case.sql.partition(" CHECK ")
        return f"`{self.name}` {base} {'NOT NULL' if self.not_null else 'NULL'}{check}{condition}"


class Table:
    def __init__(self, group, cases):
        self.name = "t_" + group
        self.group = group
        self.columns = []
        for at, case in enumerate(cases):
            updated = at % 2 == 0
            self.columns.append(Column(case, case.name, False, updated))
            if case.not_null:
                self.columns.append(Column(case, case.name + "__n", True, updated))
        self.rows = max(len(column.values) for column in self.columns)
        self.by_name = {column.name: column for column in self.columns}

    def create(self):
        inner = ", ".join(column.definition for column in self.columns)
        return f"CREATE TABLE {self.name} (id INT NOT NULL PRIMARY KEY, {inner}) CHARACTER SET utf8mb4"

    def inserts(self):
        names = ", ".join(["id"] + [f"`{column.name}`" for column in self.columns])
        for row in range(self.rows):
            yield f"INSERT INTO {self.name} ({names}) VALUES ({row}, {', '.join(c.value(row) for c in self.columns)})"

    def updates(self):
        for row in range(self.rows):
            changes = ", ".join(f"`{c.name}` = {c.value(row + 1)}" for c in self.columns if c.updated)
            yield f"UPDATE {self.name} SET {changes} WHERE id = {row}"

    def partial_updates(self):
        """Changes inside documents, which MySQL logs as differences with PARTIAL_JSON."""
        changes = ("JSON_SET(`{0}`, '$.added', JSON_ARRAY(id, 'x'), '$[2]', 1.5)",
                   "JSON_REMOVE(JSON_REPLACE(`{0}`, '$.a', 'long enough to move', '$[0]', NULL), '$[1]', '$.z')")
        for row in range(self.rows):
            values = ", ".join(f"`{c.name}` = {changes[i % 2].format(c.name)}" for i, c in enumerate(self.columns))
            yield f"UPDATE {self.name} SET {values} WHERE id = {row}"


def tables_of(cases):
    groups = {}
    for case in cases:
        groups.setdefault(case.group, []).append(case)
    return [Table(group, members) for group, members in groups.items()]
