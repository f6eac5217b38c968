"""The two set-ups of the example, under names of their own, and what the oracle says about their documents."""

import json
import subprocess
import sys

import harness
from harness import ROOT, Failed, check, process

ORACLE = ROOT / "tests/integration/oracle"
sys.path.insert(0, str(ORACLE))

import sinks  # noqa: E402  (found by the line above)

DOCUMENTS = {"order": "orders", "customer": "customers"}  # document -> its alias in the example
WHOLE = "items_total=sum(items.line_total)"


def option(parser):
    parser.add_argument("--setup", choices=["embedded", "kafka"], default="embedded")


class Setup:
    """A pipeline file, its state folders, its processes."""

    def __init__(self, world, shop, kind, name="pipeline"):
        self.world, self.shop, self.kind = world, shop, kind
        self.name = f"{world.tag}-{name}"
        self.file = world.folder / f"{name}.yaml"
        self.state_dir = world.folder / f"{name}-state"
        self.sinks = {document: self._example_sink(document) for document in DOCUMENTS}
        source = "pipeline.kafka-elasticsearch.yaml" if kind == "kafka" else "pipeline.yaml"
        self.write((harness.SHOP / source).read_text(encoding="utf-8"))

    @classmethod
    def of(cls, world, shop):
        return cls(world, shop, world.args.setup)

    @property
    def topic(self):
        return f"{self.name}.events"

    def alias(self, document):
        return f"{self.name}-{DOCUMENTS[document]}"

    def _example_sink(self, document):
        if self.kind == "embedded":
            return ["--sqlite", str(self.state_dir / "documents.db")]
        return self.elasticsearch(self.alias(document))

    def elasticsearch(self, alias):
        return ["--es", self.world.environment["ES"], "--index", alias]

    def write(self, text):
        """The example with names of its own, so that scenarios share servers."""
        changes = [
            ("name: shop\n", f"name: {self.name}\n"),
            ("}/shop", "}/" + self.shop.database),
            ("topic: shop.orders.events", f"topic: {self.topic}"),
        ]
        if self.kind == "kafka":
            changes += [(f"alias: {a}", f"alias: {self.alias(d)}") for d, a in DOCUMENTS.items()]
        for old, new in changes:
            check(text.count(old) == 1, f"the example does not hold '{old}' once")
            text = text.replace(old, new)
        self.file.write_text(text, encoding="utf-8")

    def edit(self, old, new):
        text = self.file.read_text(encoding="utf-8")
        check(text.count(old) == 1, f"{self.file} does not hold '{old}' once")
        self.file.write_text(text.replace(old, new), encoding="utf-8")

    def append(self, more):
        with open(self.file, "a", encoding="utf-8") as file:
            file.write(more)

    # --- the program

    def run(self, *arguments, name="tailrace", state_dir=None, **variables):
        """Starts `tailrace run`."""
        variables.setdefault("LISTEN", f"127.0.0.1:{process.free_port()}")
        variables["STATE_DIR"] = str(state_dir or self.state_dir)
        child = harness.Tailrace(self.world, name, [str(self.file), *arguments], variables)
        self.world.processes.append(child)
        return child

    def until_now(self, seconds=150, code=0, name="until-now"):
        """`run --until now`; what it printed."""
        child = self.run("--until", "now", name=name)
        found = child.wait(seconds)
        check(found == code, f"--until now ended with {found}, not {code}\n{process.log_tail(child.log)}")
        return child.text()

    def finish(self, child):
        """At rest: equal, then a graceful end, then still equal."""
        self.equal(within=90)
        code = child.stop()
        check(code == 0, f"SIGTERM ended with {code}\n{process.log_tail(child.log)}")
        self.equal()

    def consume(self, topic):
        """Every committed record of a topic, as kcat shows it: key, payload, headers."""
        done = subprocess.run(
            ["kcat", "-b", self.world.environment["KAFKA"], "-C", "-t", topic, "-o", "beginning", "-e", "-q"]
            + ["-J", "-X", "isolation.level=read_committed"],
            capture_output=True, text=True, timeout=120, check=False,
        )
        check(done.returncode == 0, f"kcat: {done.stderr}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    # --- the oracle

    def oracle(self, document, *arguments, sink=None, name=None):
        address = f"s0={self.shop.address}/{self.shop.database}"
        command = ["/usr/bin/python3", ORACLE / "oracle.py", "--pipeline", self.file, "--mysql", address]
        command += ["--document", document, *(sink or self.sinks[document]), *arguments]
        return self.world.spawn(name or f"oracle-{len(self.world.processes)}", command)

    def report(self, document, within=0, sink=None):
        """The oracle's numbers, equal or not."""
        child = self.oracle(document, "--json", "--within", str(within), sink=sink)
        code = child.wait(within + 120)
        if code not in (0, 4):
            raise Failed(f"the oracle ended with {code}\n{process.log_tail(child.log)}")
        return json.loads(child.text().splitlines()[-1])

    def equal(self, within=0, sinks_of=None):
        """Every document of both types, field by field. Returns how many were compared."""
        compared = {}
        for document, sink in (sinks_of or self.sinks).items():
            report = self.report(document, within * harness.PATIENCE, sink)
            wrong = {kind: report[kind] for kind in ("missing", "extra", "different") if report[kind]}
            check(not wrong, f"{document}: {wrong} of {report['compared']}\n{json.dumps(report['samples'], indent=1)}")
            check(report["compared"] > 0, f"{document}: no document was compared")
            compared[document] = report["compared"]
        self.world.say("equal: " + ", ".join(f"{count} {name}" for name, count in compared.items()))
        return compared

    def versions(self):
        """document -> {id: version}"""
        return {document: dict(self._reader(document).versions()) for document in DOCUMENTS}

    def _reader(self, document):
        sink = self.sinks[document]
        if sink[0] == "--sqlite":
            return sinks.Sqlite(sink[1], document)
        return sinks.Elasticsearch(sink[1], sink[3])

    def watch(self):
        return Watch(self)


class Watch:
    """Looks at the sinks all the time: versions never go down, nothing vanishes, no order is torn."""

    def __init__(self, setup):
        self._world = setup.world
        self._children = [
            setup.oracle("order", "--watch", "--interval", "0.2", "--invariant", WHOLE, name="watch-order"),
            setup.oracle("customer", "--watch", "--interval", "0.4", name="watch-customer"),
        ]

    def end(self):
        for child in self._children:
            code, text = child.stop(), child.text()
            self._world.say(text.splitlines()[0] if text else f"{child.log.name}: nothing")
            check(code == 0, f"{child.log.name} ended with {code}:\n{text}")
