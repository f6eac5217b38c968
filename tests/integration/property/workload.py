"""Random transactions over a random schema, as SQL text: each can run without the others, so that a case shrinks.

A transaction is {"statements": [...], "end": "COMMIT" or "ROLLBACK"}. A statement that meets a duplicate key fails
alone. Nothing here knows what is in the tables.
"""

import kinds

TRANSACTIONS = (30, 80)


class Workload:
    def __init__(self, rng, schema):
        self._rng, self._tables = rng, list(schema.tables.values())
        self._by_name, self._pointers = schema.tables, schema.pointers
        self._actions = [
            (6, self._insert),
            (2, self._insert_many),
            (2, self._upsert),
            (1, self._replace),
            (6, self._update),
            (3, self._repoint),
            (1, self._rekey),
            (1, self._rekey_with_followers),
            (2, self._delete),
            (1, self._delete_followers),
            (1, self._delete_and_bring_back),
            (1, self._update_all),
            (1, self._update_joined),
            (1, self._swap_codes),
            (1, self._savepoint),
            (1, self._many_to_one),
        ]

    def filling(self):
        """Rows to begin with: one transaction."""
        statements = [self._insert_rows(t, self._rng.randint(2, 8)) for t in self._tables]
        return {"statements": statements, "end": "COMMIT"}

    def draw(self):
        return [self._transaction() for _ in range(self._rng.randint(*TRANSACTIONS))]

    def _transaction(self):
        statements = []
        for _ in range(self._rng.choice([1, 1, 1, 2, 3, 5, 12])):
            statements += self._action()
        end = "ROLLBACK" if self._rng.random() < 0.08 else "COMMIT"
        return {"statements": statements, "end": end}

    def _action(self):
        weights, actions = zip(*self._actions)
        made = self._rng.choices(actions, weights)[0](self._rng.choice(self._tables))
        return made if isinstance(made, list) else [made]

    # --- pieces of SQL

    def _literal(self, table, name):
        kind, role, domain = table.columns[name]
        nullable = name not in table.key
        if nullable and self._rng.random() < (0.15 if role == "plain" else 0.1):
            return "NULL"
        if role == "plain":
            return kinds.VALUES[kind][1](self._rng)
        return kinds.member(kind, self._rng.randrange(domain))

    def _row(self, table):
        return "(" + ", ".join(self._literal(table, name) for name in table.columns) + ")"

    def _where(self, table):
        return " AND ".join(f"{name} = {self._literal(table, name)}" for name in table.key)

    def _set(self, table, names):
        return ", ".join(f"{name} = {self._literal(table, name)}" for name in names)

    def _some(self, names):
        return self._rng.sample(names, self._rng.randint(1, len(names)))

    def _insert_rows(self, table, count, verb="INSERT IGNORE"):
        rows = ", ".join(self._row(table) for _ in range(count))
        return f"{verb} INTO {table.name} VALUES {rows}"

    # --- actions on one table

    def _insert(self, table):
        return self._insert_rows(table, 1, "INSERT")

    def _insert_many(self, table):
        count = self._rng.choice([2, 5, 12, 12, 200])
        return self._insert_rows(table, count, self._rng.choice(["INSERT", "INSERT IGNORE"]))

    def _replace(self, table):
        return self._insert_rows(table, self._rng.randint(1, 3), "REPLACE")

    def _upsert(self, table):
        changes = self._set(table, self._some(table.of_role("plain")))
        return self._insert_rows(table, 2, "INSERT") + " ON DUPLICATE KEY UPDATE " + changes

    def _update(self, table):
        changes = self._set(table, self._some(table.of_role("plain")))
        return f"UPDATE {table.name} SET {changes} WHERE {self._where(table)}"

    def _repoint(self, table):
        """A child moves, or another row is looked up; sometimes there and back."""
        names = table.of_role("fk")
        if not names:
            return self._update(table)
        where, steps = self._where(table), self._rng.choice([1, 1, 1, 2, 3])
        change = lambda: f"UPDATE {table.name} SET {self._set(table, self._some(names))} WHERE {where}"
        return [change() for _ in range(steps)]

    def _rekey(self, table):
        changes = self._set(table, self._some(table.key))
        return f"UPDATE {table.name} SET {changes} WHERE {self._where(table)}"

    def _delete(self, table):
        return f"DELETE FROM {table.name} WHERE {self._where(table)}"

    def _delete_and_bring_back(self, table):
        where = self._where(table)
        return [f"DELETE FROM {table.name} WHERE {where}", self._insert_rows(table, 2)]

    def _update_all(self, table):
        name = self._rng.choice(table.of_role("plain"))
        return f"UPDATE {table.name} SET {name} = {self._literal(table, name)}"

    def _swap_codes(self, table):
        """A unique column that others point at changes hands."""
        if not table.code:
            return self._update(table)
        one, other = self._where(table), self._where(table)
        code = self._literal(table, table.code)
        change = f"UPDATE {table.name} SET {table.code} = "
        return [f"{change}NULL WHERE {one}", f"{change}{code} WHERE {other}",
                f"{change}{self._literal(table, table.code)} WHERE {one}"]

    def _savepoint(self, table):
        kept, undone = self._update(table), self._action_without_savepoint(table)
        return [kept, "SAVEPOINT here", *undone, "ROLLBACK TO here"]

    def _action_without_savepoint(self, table):
        return [self._insert_rows(table, 3), self._delete(table)]

    # --- actions on two tables

    def _pair(self):
        table, columns, target = self._rng.choice(self._pointers)
        return self._by_name[table], columns, self._by_name[target]

    def _rekey_with_followers(self, _table):
        """The key of a row changes, and those that point at it follow."""
        if not self._pointers:
            return []
        table, columns, target = self._pair()
        old = [self._literal(target, name) for name in target.key]
        new = [self._literal(target, name) for name in target.key]
        at = lambda names, values, glue: glue.join(f"{n} = {v}" for n, v in zip(names, values))
        return [
            f"UPDATE {t} SET {at(names, new, ', ')} WHERE {at(names, old, ' AND ')}"
            for t, names in ((target.name, target.key), (table.name, columns))
        ]

    def _delete_followers(self, _table):
        if not self._pointers:
            return []
        table, columns, target = self._pair()
        values = [self._literal(target, name) for name in target.key]
        where = lambda names: " AND ".join(f"{n} = {v}" for n, v in zip(names, values))
        made = [f"DELETE FROM {table.name} WHERE {where(columns)}"]
        made += [f"DELETE FROM {target.name} WHERE {where(target.key)}"]
        self._rng.shuffle(made)
        return made

    def _many_to_one(self, _table):
        """Every row of a table points at the same row."""
        if not self._pointers:
            return []
        table, columns, target = self._pair()
        if table.key[0] in columns:
            return []
        values = [self._literal(target, name) for name in target.key]
        changes = ", ".join(f"{n} = {v}" for n, v in zip(columns, values))
        return f"UPDATE {table.name} SET {changes}"

    def _update_joined(self, table):
        """One statement, rows of two tables."""
        if not self._pointers:
            return self._update(table)
        table, columns, target = self._pair()
        if table is target:
            return self._update(table)
        on = " AND ".join(f"a.{one} = b.{other}" for one, other in zip(columns, target.key))
        changes = []
        for alias, side in (("a", table), ("b", target)):
            name = self._rng.choice(side.of_role("plain"))
            changes.append(f"{alias}.{name} = {self._literal(side, name)}")
        return f"UPDATE {table.name} a JOIN {target.name} b ON {on} SET {', '.join(changes)}"
