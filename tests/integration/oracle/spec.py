"""The documents of a pipeline file, as trees of nodes: root, lookups, children.

An independent reader of pipeline.md §1. What it cannot compute it refuses, so that a green
comparison never hides a part that nobody looked at.
"""

import dataclasses
import os
import re

import yaml

import compute

NODE_KEYS = {
    "root": {"root", "id", "fields", "lookups", "children", "compute", "unique_across_shards"},
    "lookup": {"table", "on", "fields", "lookups", "when_changed"},
    "child": {
        "table",
        "on",
        "fields",
        "lookups",
        "children",
        "sort",
        "limit",
        "one",
        "cap",
        "flatten",
        "hidden",
    },
}
TABLE_KEYS = {"exclude", "booleans", "decimals", "source", "cascade"}


class Refused(Exception):
    """The pipeline holds something that this oracle does not compute."""


@dataclasses.dataclass
class Node:
    """One table in one place of a document."""

    kind: str  # root, lookup or child
    name: str  # the field that shows it; the document's name for the root
    path: str  # for messages: items.product
    table: str
    on: list = dataclasses.field(default_factory=list)  # columns of the side that holds the key
    matches: list = None  # columns of the other side; None: its primary key
    fields: list = None  # [(shown, column)]; None: every column
    lookups: list = dataclasses.field(default_factory=list)
    children: list = dataclasses.field(default_factory=list)
    sort: list = dataclasses.field(default_factory=list)  # [(column, descending)]
    limit: int = None
    cap: tuple = None  # (rows, flag)
    one: bool = False
    flatten: str = None
    hidden: bool = False
    keep: bool = False
    compute: dict = dataclasses.field(default_factory=dict)  # name -> expression; of the root

    def walk(self):
        yield self
        for node in self.lookups + self.children:
            yield from node.walk()


@dataclasses.dataclass
class Document:
    name: str
    id_template: str
    root: Node
    unique: bool = False  # across shards: rows of one id are one document


@dataclasses.dataclass
class Pipeline:
    shards: dict  # name -> "host:port/database"
    time_zone: str
    tables: dict  # name -> {exclude, booleans, decimals}
    documents: dict
    groups: dict = dataclasses.field(default_factory=dict)  # shard -> its source

    def group_of(self, table):
        """The source that holds a table; None where there is only one."""
        return self.tables.get(table, {}).get("source")

    def homes(self, table, shards):
        """Those of `shards` that hold a table."""
        group = self.group_of(table)
        return [shard for shard in shards if group is None or self.groups[shard.name] == group]


def load(path):
    with open(path, encoding="utf-8") as file:
        raw = substitute(yaml.load(file, Loader=yaml.BaseLoader))
    sources = {n: s["mysql"] for n, s in raw.get("sources", {"": raw.get("source")}).items()}
    zones = {mysql.get("time_zone") for mysql in sources.values()}
    if len(zones) > 1:
        raise Refused("sources with different time zones")
    tables = {t: table(t, o or {}) for t, o in (raw.get("tables") or {}).items()}
    several = {name for name, mysql in sources.items() if len(mysql["shards"]) > 1}

    def is_sharded(root):
        return tables.get(root, {}).get("source", "") in several

    return Pipeline(
        shards={s: a for mysql in sources.values() for s, a in mysql["shards"].items()},
        time_zone=zones.pop(),
        tables=tables,
        documents={n: document(n, d, is_sharded(d["root"])) for n, d in raw["documents"].items()},
        groups={s: name for name, mysql in sources.items() for s in mysql["shards"]},
    )


def substitute(value):
    """${NAME}, ${NAME:-default}, ${NAME:?why}, $$; inside scalars only."""
    if isinstance(value, dict):
        return {key: substitute(item) for key, item in value.items()}
    if isinstance(value, list):
        return [substitute(item) for item in value]
    return re.sub(r"\$\$|\$\{(\w+)(?:(:-|:\?)([^}]*))?\}", _variable, value)


def _variable(match):
    if match[0] == "$$":
        return "$"
    name, operator, rest = match.groups()
    if name in os.environ:
        return os.environ[name]
    if operator == ":-":
        return rest
    if operator == ":?":
        raise Refused(f"environment variable {name} is not set: {rest}")
    return ""  # a variable of a part that the oracle does not read


def table(name, options):
    masks = options.pop("mask", {})
    if masks:
        raise Refused(f"tables.{name}.mask")
    _known(f"tables.{name}", options, TABLE_KEYS)
    return options


def document(name, raw, several_shards):
    root = node("root", name, raw, "")
    unique = raw.get("unique_across_shards") == "true"
    template = raw.get("id") or ""
    if several_shards and not unique and "{shard}" not in template:
        raise Refused(f"documents.{name}.id without {{shard}}, but several shards")
    return Document(name, template, root, unique)


def node(kind, name, raw, path):
    _known(f"{path or name}", raw, NODE_KEYS[kind])
    made = Node(kind, name, path or name, raw["root" if kind == "root" else "table"])
    made.on, made.matches = join(raw.get("on"))
    made.fields = (
        [pair for entry in raw["fields"] for pair in field(entry)] if "fields" in raw else None
    )
    made.lookups = [
        node("lookup", n, r, _below(path, n)) for n, r in raw.get("lookups", {}).items()
    ]
    made.children = [
        node("child", n, r, _below(path, n)) for n, r in raw.get("children", {}).items()
    ]
    sort = raw.get("sort", [])
    made.sort = [
        (c.lstrip("-"), c.startswith("-")) for c in (sort if isinstance(sort, list) else [sort])
    ]
    made.limit = int(raw["limit"]) if "limit" in raw else None
    made.cap = (int(raw["cap"]["rows"]), raw["cap"]["flag"]) if "cap" in raw else None
    made.one, made.hidden = raw.get("one") == "true", raw.get("hidden") == "true"
    made.flatten, made.keep = raw.get("flatten"), raw.get("when_changed") == "keep"
    made.compute = {name: compute.parse(text) for name, text in raw.get("compute", {}).items()}
    if made.flatten and any(look.keep for look in made.lookups):
        raise Refused(f"{made.path}: flatten of a keep lookup, of which only the shape is known")
    return made


def join(on):
    """(columns of the side that holds the key, columns of the other side or None for its primary key)."""
    if on is None:
        return [], None
    if isinstance(on, dict):
        return list(on), list(on.values())
    return (on if isinstance(on, list) else [on]), None


def field(entry):
    return [(entry, entry)] if isinstance(entry, str) else list(entry.items())


def _below(path, name):
    return f"{path}.{name}" if path else name


def _known(where, raw, keys):
    unknown = set(raw) - keys
    if unknown:
        raise Refused(f"{where}: {', '.join(sorted(unknown))}")
