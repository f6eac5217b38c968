"""What each document must be: the join of the tables, by the shapes of pipeline.md §1."""

import functools
import re

import compute
import source


class Kept:
    """A `keep` lookup: SQL does not tell what it showed first, so only its shape is known.

    It is null, or an object with these fields and this key; never null while the row is there.
    """

    def __init__(self, names, known, present):
        self.names, self.known, self.present = names, known, present


class Shape(dict):
    """An object whose fields have an order; an object inside a JSON column has none."""


class Places:
    """Which shards the rows under a row of some shard come from; one view per node and shard."""

    def __init__(self, shards, pipeline=None, unique=False):
        self._shards, self._pipeline, self._unique = shards, pipeline, unique
        self._views = {}

    def view(self, shard, node, parent_table=None, computed=()):
        key = (id(node), shard.name)
        if key not in self._views:
            self._views[key] = View(shard, node, parent_table, self, computed)
        return self._views[key]

    def homes(self, table):
        return self._pipeline.homes(table, self._shards) if self._pipeline else self._shards

    def of_lookup(self, shard, table):
        """A row points at rows of its own shard, or into the only shard of another source."""
        homes = self.homes(table)
        if shard in homes:
            return shard
        if len(homes) != 1:
            raise LookupError(f"which shard holds {table}? {[home.name for home in homes]}")
        return homes[0]

    def of_child(self, shard, node, parent):
        """Rows of every shard hang on a root that all shards share, or that is in another source."""
        homes = self.homes(node.table)
        own = shard in homes and not (self._unique and parent.kind == "root")
        return [shard] if own else homes


class View:
    """The rows of one node, ready to be shown under their parent."""

    def __init__(self, shard, node, parent_table=None, places=None, computed=()):
        self.node = node
        places = places or Places([shard])
        table = shard.table(node.table)
        self._table = table
        self._fields = node.fields or [(name, name) for name in table.columns]
        self.lookups = [
            places.view(places.of_lookup(shard, child.table), child, table)
            for child in node.lookups
        ]
        self.children = [
            [
                places.view(home, child, table, compute.columns_of(node.compute, child.name))
                for home in places.of_child(shard, child, node)
            ]
            for child in node.children
        ]
        held = [name for view in self.lookups for name in view.node.on]
        sort = [name for name, _ in node.sort]
        self._names = list(
            dict.fromkeys([c for _, c in self._fields] + held + sort + table.key + list(computed))
        )
        self._place = {name: place for place, name in enumerate(self._names)}
        self._finish = [
            (place, table.columns[name].convert)
            for name, place in self._place.items()
            if table.columns[name].convert
        ]
        self._shown = [(shown, self._place[name]) for shown, name in self._fields]
        self._order = sort_steps(node.sort, table, self._place)
        self._load(shard, parent_table)

    def _load(self, shard, parent_table):
        node, table = self.node, self._table
        if node.kind == "child":
            if node.matches and node.matches != parent_table.key:
                raise LookupError(
                    f"{node.path}: children match the primary key of {parent_table.name}"
                )
            self.rows = source.grouped(shard.rows(table, node.on, self._names))
        else:
            key = (node.matches or table.key) if node.kind == "lookup" else table.key
            self._key = key
            self.rows = source.unique(shard.rows(table, key, self._names))
            self._cached = functools.lru_cache(maxsize=200_000)(self._show_key)

    def values(self, text):
        row = source.parse(text)
        for place, convert in self._finish:
            row[place] = convert(row[place])
        return row

    def show(self, row):
        """The object of one row: its fields, then its lookups, then its children."""
        shown = Shape((name, row[place]) for name, place in self._shown)
        for view in self.lookups:
            shown[view.node.name] = view.pointed_at(self._pick(row, view.node.on))
        for views in self.children:
            add_children(shown, views, self._pick(row, self._table.key))
        for name, formula in self.node.compute.items():
            views = next(v for v in self.children if v[0].node.name == formula.child)
            shown[name] = computed(formula, views, self._pick(row, self._table.key))
        return shown

    def _pick(self, row, names):
        return tuple(row[self._place[name]] for name in names)

    def pointed_at(self, key):
        """A lookup's value for this foreign key."""
        if self.node.keep:
            known = {
                shown: key[self._key.index(name)]
                for shown, name in self._fields
                if name in self._key
            }
            names = [name for name, _ in self._fields] + [view.node.name for view in self.lookups]
            return None if None in key else Kept(names, known, key in self.rows)
        return None if None in key else self._cached(key)

    def _show_key(self, key):
        text = self.rows.get(key)
        return None if text is None else self.show(self.values(text))

    def children_of(self, key):
        """(row, view) of the rows that hang on a parent with this primary key."""
        return [(self.values(text), self) for text in self.rows.get(key, ())]

    def is_shown(self, row):
        """Of a flattened child, only rows whose target is there."""
        if not self.node.flatten:
            return True
        [target] = [view for view in self.lookups if view.node.name == self.node.flatten]
        return target.pointed_at(self._pick(row, target.node.on)) is not None


def add_children(shown, views, key):
    """A child's rows under a parent with this primary key, of all the shards that have some."""
    node = views[0].node
    rows = [pair for view in views for pair in view.children_of(key)]
    for place, kind, descending in reversed(views[0]._order):
        rows.sort(key=lambda pair, p=place, k=kind: k(pair[0][p]), reverse=descending)
    rows = [(row, view) for row, view in rows if view.is_shown(row)]
    if node.cap and not node.hidden:
        shown[node.cap[1]] = len(rows) > node.cap[0]
    rows = rows[: min(node.limit or len(rows), node.cap[0] if node.cap else len(rows))]
    if node.hidden:
        return
    objects = [view.show(row) for row, view in rows]
    if node.flatten:
        objects = [item[node.flatten] for item in objects]
    shown[node.name] = (objects[0] if objects else None) if node.one else objects


def computed(formula, views, key):
    """A computed field over all rows of this child under a parent with this primary key."""
    columns = views[0]._table.columns
    if any(columns[name].as_number for name in formula.columns):
        raise NotImplementedError("computed over decimals that are numbers")
    kinds = {name: columns[name].type for name in formula.columns}
    rows = [pair for view in views for pair in view.children_of(key)]
    picked = [{n: row[view._place[n]] for n in formula.columns} for row, view in rows]
    return formula.over(picked, kinds)


def sort_steps(sort, table, place):
    """[(place, key function, descending)]: the sort columns, then the primary key."""
    steps = [(name, descending) for name, descending in sort] + [
        (name, False) for name in table.key
    ]
    return [
        (place[name], key_kind(table.columns[name].type), descending) for name, descending in steps
    ]


def key_kind(column_type):
    return _decimal_key if column_type == "decimal" else _key


def _key(value):
    """NULL first, numbers by value, strings by UTF-8 bytes."""
    if value is None:
        return (0, 0)
    return (1, value.encode() if isinstance(value, str) else value)


def _decimal_key(value):
    return (0, 0) if value is None else (1, source.decimal.Decimal(value))


def document_id(template, shard, row):
    """{column} and {shard} filled in; in a composite id separators inside values are encoded."""
    parts = re.split(r"\{(\w+)\}", template)
    separators = set("".join(parts[0::2])) | {"%"} if len(parts) > 3 else set()
    text = parts[0]
    for name, literal in zip(parts[1::2], parts[2::2]):
        value = shard if name == "shard" else row[name]
        value = str(value).lower() if isinstance(value, bool) else str(value)
        text += "".join(f"%{ord(c):02X}" if c in separators else c for c in value) + literal
    return text


class Expected:
    """All documents of one type. Iterates over ids; body(id) builds one."""

    def __init__(self, shards, document, pipeline=None):
        self._homes = {}
        self._texts = {}
        places = Places(shards, pipeline, document.unique)
        for shard in places.homes(document.root.table):
            view = places.view(shard, document.root)
            key_names = shard.table(document.root.table).key
            template = document.id_template or default_id(shards, key_names)
            for key, text in view.rows.items():
                doc_id = document_id(template, shard.name, dict(zip(key_names, key)))
                if doc_id in self._texts:
                    raise LookupError(f"document {doc_id} is on two shards: which of them wins?")
                self._homes[doc_id] = (shard.name, view)
                self._texts[doc_id] = text

    def __len__(self):
        return len(self._texts)

    def __iter__(self):
        return iter(self._texts)

    def __contains__(self, doc_id):
        return doc_id in self._texts

    def body(self, doc_id):
        """(shard that holds the root, document without _tailrace)."""
        shard, view = self._homes[doc_id]
        return shard, view.show(view.values(self._texts[doc_id]))


def default_id(shards, key_names):
    names = (["shard"] if len(shards) > 1 else []) + key_names
    return "-".join("{" + name + "}" for name in names)
