"""A random schema of two to five tables, and a random pipeline over it. Everything comes from one seed.

A case is plain data (a dictionary that JSON can hold), so that it can be kept, shrunk and run again.
"""

import re

import kinds

COLUMNS_OF_A_TABLE = (1, 6)
ADDABLE = {"int", "small", "money", "exact"}


class Table:
    """Columns by name: (kind, role, domain). Roles: key, fk, code (unique, another key), plain."""

    def __init__(self, name):
        self.name, self.columns, self.key, self.code = name, {}, [], None

    def add(self, name, kind, role, domain=0):
        self.columns[name] = (kind, role, domain)
        return name

    def of_role(self, *roles):
        return [name for name, (_, role, _) in self.columns.items() if role in roles]

    def sql(self):
        lines = [self._column(name) for name in self.columns]
        lines.append(f"PRIMARY KEY ({', '.join(self.key)})")
        if self.code:
            lines.append(f"UNIQUE KEY ({self.code})")
        return f"CREATE TABLE {self.name} (\n  " + ",\n  ".join(lines) + "\n) CHARSET utf8mb4"

    def _column(self, name):
        kind, role, _ = self.columns[name]
        sql_type = (kinds.VALUES if role == "plain" else kinds.KEYS)[kind][0]
        return f"{name} {sql_type} {'NOT NULL' if name in self.key else 'NULL'}"


class Schema:
    """Draws tables and the documents over them."""

    def __init__(self, rng):
        self._rng, self.tables, self._nodes = rng, {}, 0
        self.documents, self.pointers = {}, []  # pointers: (table, columns, table pointed at)

    def draw(self):
        rng = self._rng
        root = self._table()
        document = {"root": root.name, "id": "", **self._fields(root)}
        document["id"] = self._id(root)
        self.documents["doc0"] = document
        places = [(root, document)]  # where a lookup may be added
        parents = [(root, document)]  # where a child may be added
        for _ in range(rng.randint(1, 4)):
            if rng.random() < 0.5:
                parents.append(self._child(*rng.choice(parents)))
                places.append(parents[-1])
            else:
                places.append(self._lookup(*rng.choice(places)))
        if rng.random() < 0.3:
            self._second_use(places)
        self._dress(document)
        if rng.random() < 0.5:
            self._compute(document)
        if rng.random() < 0.3:
            self._second_document()
        return self

    # --- tables

    def _table(self, key=None):
        """`key`: columns to begin its primary key with, as (kind, domain)."""
        rng = self._rng
        table = self.tables.setdefault(f"t{len(self.tables)}", Table(f"t{len(self.tables)}"))
        parts = rng.choice([1, 1, 1, 2, 3]) if key is None else 0
        for part in range(parts):
            kind = rng.choice([*kinds.KEYS, "bigint", "bigint"])
            table.key.append(table.add(f"k{part}", kind, "key", 10 if parts == 1 else 3))
        for part, (kind, domain) in enumerate(key or []):
            table.key.append(table.add(f"k{part}", kind, "key", domain))
        for number in range(rng.randint(*COLUMNS_OF_A_TABLE)):
            table.add(f"c{number}", rng.choice(list(kinds.VALUES)), "plain")
        return table

    def _kinds_of_key(self, table):
        return [(table.columns[name][0], table.columns[name][2]) for name in table.key]

    def _point(self, table, target, prefix):
        """Columns in `table` that hold a key of `target`."""
        names = []
        for kind, domain in self._kinds_of_key(target):
            names.append(table.add(f"{prefix}_{len(names)}", kind, "fk", domain + 1))
        self.pointers.append((table.name, names, target.name))
        return names

    # --- nodes

    def _node_name(self):
        self._nodes += 1
        return f"n{self._nodes}"

    def _child(self, parent, above):
        """A table whose rows point at the root, or at rows of another child; sometimes that is the begin of their
        primary key."""
        rng, name = self._rng, self._node_name()
        if rng.random() < 0.3:
            table = self._table([*self._kinds_of_key(parent), ("unsigned", 4)])
            on = table.key[:-1]
            self.pointers.append((table.name, on, parent.name))
        else:
            table = self._table()
            on = self._point(table, parent, "up")
        node = {"table": table.name, "on": on if len(on) > 1 else on[0], **self._fields(table)}
        node |= self._sort(table)
        if rng.random() < 0.2:
            node["one"] = True
        elif rng.random() < 0.2:
            node["limit"] = rng.randint(1, 3)
        elif rng.random() < 0.2:
            node["cap"] = {"rows": rng.randint(1, 3), "flag": f"{name}_cut"}
        above.setdefault("children", {})[name] = node
        return table, node

    def _dress(self, document):
        """Some children are links, shown as what they point at; some are not shown at all."""
        for child in document.get("children", {}).values():
            self._dress(child)
            lookups = child.get("lookups", {})
            if "children" in child:
                continue
            if len(lookups) == 1 and self._rng.random() < 0.4:
                [(name, target)] = lookups.items()
                if target["when_changed"] != "keep":
                    child["flatten"] = name
                    child.pop("fields", None)
            elif self._rng.random() < 0.1 and not {"one", "cap", "limit"} & set(child):
                child["hidden"] = True

    def _compute(self, document):
        """Fields worked out over children of the root."""
        rng, made = self._rng, {}
        for name, child in document.get("children", {}).items():
            table = self.tables[child["table"]]
            kinds_of = {n: kind for n, (kind, _, _) in table.columns.items()}
            plain = [n for n in table.of_role("plain") if kinds_of[n] in kinds.SORTABLE]
            added = [n for n in table.of_role("plain") if kinds_of[n] in ADDABLE]
            made[f"{name}_count"] = f"count({name})"
            if plain:
                column = rng.choice(plain)
                made[f"{name}_{column}_far"] = f"{rng.choice(['min', 'max'])}({name}.{column})"
            if added:
                one, other = rng.choice(added), rng.choice(added)
                both = f"{name}.{one} * 0.5 - {name}.{other}"
                made[f"{name}_sum"] = f"sum({rng.choice([f'{name}.{one}', both])})"
        if made:
            document["compute"] = made

    def _sort(self, table):
        names = [n for n in table.columns if table.columns[n][0] in kinds.SORTABLE]
        if not names or self._rng.random() < 0.4:
            return {}
        chosen = self._rng.sample(names, self._rng.randint(1, min(2, len(names))))
        return {"sort": [self._rng.choice(["", "-"]) + name for name in chosen]}

    def _lookup(self, table, node):
        """A table of its own that this node points at: by its key or by a unique column."""
        rng, target, name = self._rng, self._table(), self._node_name()
        if rng.random() < 0.2:
            target.code = target.add("code", rng.choice(["bigint", "word"]), "code", 10)
            column = table.add(f"{name}_c", target.columns["code"][0], "fk", 11)
            on = {column: "code"}
        else:
            on = self._point(table, target, name)
            on = on if len(on) > 1 else on[0]
        self._add_lookup(node, name, target, on)
        return target, node["lookups"][name]

    def _add_lookup(self, node, name, target, on):
        changed = self._rng.choice(["refresh", "refresh", "refresh", "keep", {"refresh": "500/s"}])
        lookup = {"table": target.name, "on": on, "when_changed": changed, **self._fields(target)}
        node.setdefault("lookups", {})[name] = lookup

    def _second_use(self, places):
        """A table that is looked up already, or the root itself, at another place."""
        table, node = self._rng.choice(places)
        targets = [self.tables[l["table"]] for _, n in places for l in n.get("lookups", {}).values()]
        if targets:
            target = self._rng.choice(targets)
            on = self._point(table, target, "again")
            self._add_lookup(node, "again", target, on if len(on) > 1 else on[0])

    def _second_document(self):
        """Another root: what is pointed at, with those that point at it as its children."""
        table, on, target = self._rng.choice(self.pointers or [(None, None, None)])
        if target is None:
            return
        root, child = self.tables[target], self.tables[table]
        node = {"table": table, "on": on if len(on) > 1 else on[0], **self._fields(child)}
        document = {"root": target, "id": self._id(root), **self._fields(root)}
        document["children"] = {"rows": node | self._sort(child)}
        self.documents["doc1"] = document

    def _fields(self, table):
        """A subset, some renamed; or all of them."""
        if self._rng.random() < 0.5:
            return {}
        names = self._rng.sample(list(table.columns), self._rng.randint(1, len(table.columns)))
        return {"fields": [{f"r_{n}": n} if self._rng.random() < 0.2 else n for n in names]}

    def _id(self, table):
        prefix = self._rng.choice(["", "", "d:"]) if len(table.key) > 1 else ""
        return prefix + "-".join("{" + name + "}" for name in table.key)

    def options(self):
        """`tables`: columns that are excluded, booleans, decimals as numbers."""
        rng, used, found = self._rng, _used(self.documents), {}
        for table in self.tables.values():
            made = {}
            flags = [n for n, (kind, _, _) in table.columns.items() if kind == "flag"]
            hidden = [n for n in table.of_role("plain") if (table.name, n) not in used]
            if flags and rng.random() < 0.5:
                made["booleans"] = flags
            if rng.random() < 0.2 and not any("compute" in d for d in self.documents.values()):
                made["decimals"] = "number"  # the oracle computes with texts
            hidden = [n for n in hidden if n not in made.get("booleans", [])]
            if hidden and rng.random() < 0.3:
                made["exclude"] = [rng.choice(hidden)]
            if made:
                found[table.name] = made
        return found


def _used(documents):
    """(table, column) that some node names."""
    found = set()

    def walk(node):
        table = node.get("root") or node["table"]
        for entry in node.get("fields", []):
            found.add((table, entry if isinstance(entry, str) else next(iter(entry.values()))))
        found.update((table, name.lstrip("-")) for name in node.get("sort", []))
        for one in [*node.get("lookups", {}).values(), *node.get("children", {}).values()]:
            walk(one)

    for document in documents.values():
        walk(document)
        for text in document.get("compute", {}).values():
            for child, column in re.findall(r"(\w+)\.(\w+)", text):
                if child in document["children"]:
                    found.add((document["children"][child]["table"], column))
    return found
