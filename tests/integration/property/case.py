"""One case: tables, pipeline, transactions, kills. Made from a seed, kept as JSON, made smaller."""

import copy
import json
import random

import yaml

import pipelines
import workload

KAFKA_SHARE = 0.3


def make(seed, setup=None):
    """`setup`: embedded, kafka, or left out: drawn."""
    rng = random.Random(seed)
    drawn = "kafka" if rng.random() < KAFKA_SHARE else "embedded"
    schema = pipelines.Schema(rng).draw()
    load = workload.Workload(rng, schema)
    transactions = load.draw()
    count = len(transactions)
    return {
        "seed": seed,
        "setup": setup or drawn,
        "tables": [table.sql() for table in schema.tables.values()],
        "pipeline": {"tables": schema.options(), "documents": schema.documents},
        "partitions": rng.randint(2, 5),  # a projector without one never says streaming
        "filling": load.filling(),
        # Numbers of transactions: when the program starts, when its first load must be over.
        "start": rng.choice([0, 0, rng.randrange(count // 4)]),
        "streaming": rng.randrange(count // 4, count // 2),
        "kills": sorted(rng.sample(range(count // 8, count), rng.randint(1, 4))),
        "transactions": transactions,
    }


def pipeline_file(case, name, database, elasticsearch):
    """The YAML of a case."""
    made = {
        "tailrace": 1,
        "name": name,
        "source": {
            "mysql": {
                "user": "${MYSQL_USER:-tailrace}",
                "password": {"env": "MYSQL_PASSWORD"},
                "shards": {"s0": "${SHARD0}/" + database},
            }
        },
        "tables": case["pipeline"]["tables"],
        "documents": case["pipeline"]["documents"],
        "serve": {"listen": "${LISTEN}"},
        "state": {"dir": "${STATE_DIR}"},
    }
    if case["setup"] == "kafka":
        kafka = {"brokers": "${KAFKA}", "partitions": case["partitions"], "replicas": 1}
        made["stream"] = {"kafka": kafka}
        made["sinks"] = {
            document: {
                "elasticsearch": {"urls": ["${ES}"]},
                "document": document,
                "alias": elasticsearch(document),
            }
            for document in case["pipeline"]["documents"]
        }
    return yaml.safe_dump(made, sort_keys=False, allow_unicode=True)


def smaller(case):
    """Cases with less in them, the greatest step first. What is left out is nobody's neighbour."""
    count = len(case["transactions"])
    for keep in (slice(count // 2, count), slice(0, count // 2), slice(0, 3 * count // 4)):
        if count >= 4:
            yield _with(case, transactions=case["transactions"][keep])
    if len(case["kills"]) > 1:
        yield _with(case, kills=case["kills"][:1])
    for document in list(case["pipeline"]["documents"]):
        yield from _without_a_node(case, document)


def _with(case, **changes):
    made = {**copy.deepcopy(case), **changes}
    count = len(made["transactions"])
    made["kills"] = [kill for kill in made["kills"] if kill < count] or [count // 2]
    made["start"] = min(made["start"], count // 4)
    made["streaming"] = min(made["streaming"], count // 2)
    return made


def _without_a_node(case, document):
    """Without one child or lookup; without a whole document if there is another."""
    if len(case["pipeline"]["documents"]) > 1:
        made = copy.deepcopy(case)
        del made["pipeline"]["documents"][document]
        yield made
    for path in list(_nodes(case["pipeline"]["documents"][document])):
        made = copy.deepcopy(case)
        node = made["pipeline"]["documents"][document]
        for kind, name in path[:-1]:
            node = node[kind][name]
        gone = path[-1][1]
        del node[path[-1][0]][gone]
        if node.get("flatten") == gone:
            del node["flatten"]
        if "compute" in node:
            kept = {n: t for n, t in node["compute"].items() if not n.startswith(f"{gone}_")}
            node["compute"] = kept
        yield made


def _nodes(node):
    for kind in ("lookups", "children"):
        for name, below in node.get(kind, {}).items():
            yield [(kind, name)]
            yield from ([(kind, name), *rest] for rest in _nodes(below))


def save(case, path):
    path.write_text(json.dumps(case, ensure_ascii=False, indent=1), encoding="utf-8")


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))
