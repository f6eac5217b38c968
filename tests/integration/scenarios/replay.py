#!/usr/bin/python3
"""`tailrace replay` makes of the binlog files, without their server, the documents that `run` makes of the server.

Its files are recorded from a shop's whole life. --metadata minimal: the files name no columns, so the names come
from the CREATE TABLEs in them.
"""

import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys

import harness
import setups
from harness import check, process


class Replayed:
    """The example's pipeline over files, in a state folder of its own."""

    def __init__(self, world, setup):
        self._world, self._setup = world, setup
        self.state_dir = world.folder / "replayed"
        self.sinks = {document: ["--sqlite", str(self.state_dir / "documents.db")] for document in setups.DOCUMENTS}

    def run(self, files, *options, code=0, name="replay"):
        world = self._world
        # Neither the server nor its password: only what the files and the pipeline say.
        environment = {key: value for key, value in os.environ.items() if not key.startswith("MYSQL")}
        environment |= {"LISTEN": f"127.0.0.1:{process.free_port()}", "STATE_DIR": str(self.state_dir)}
        command = [world.args.tailrace, "replay", self._setup.file, "--binlog", *files, *options]
        done = subprocess.run([str(part) for part in command], env=environment, capture_output=True, text=True,
                              timeout=240, check=False)
        (world.folder / f"{name}.log").write_text(done.stdout + done.stderr, encoding="utf-8")
        check(done.returncode == code, f"replay ended with {done.returncode}, not {code}\n{done.stderr[-3000:]}")
        return done.stderr

    def documents(self, document):
        return read(self.state_dir / "documents.db", document)


def read(database, document):
    """id -> (version, body without _tailrace and without what `keep` remembers)."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    rows = connection.execute(f'SELECT id, version, deleted, body FROM "{document}"').fetchall()
    connection.close()
    found = {}
    for identifier, version, deleted, text in rows:
        if deleted:
            continue
        body = json.loads(text)
        body.pop("_tailrace")
        body.pop("coupon", None)  # the terms when the order was placed: a first load can only see today's
        found[identifier] = (version, body)
    return found


def record(world, shop, folder):
    """Copies of every binlog that the server has, closed."""
    folder.mkdir(exist_ok=True)
    shop.sql("FLUSH BINARY LOGS", use=False)
    data = pathlib.Path(shop.sql("SELECT @@datadir", use=False)[0][0])
    names = [row[0] for row in shop.sql("SHOW BINARY LOGS", use=False)][:-1]
    for name in names:
        shutil.copyfile(data / name, folder / name)
    world.say(f"{len(names)} binlogs recorded")
    return [folder / name for name in names]


def scenario(world):
    shop = world.shop()
    metadata = world.args.metadata.upper()
    shop.sql(f"SET GLOBAL binlog_row_metadata = {metadata}", use=False)
    shop.sql("FLUSH BINARY LOGS", use=False)
    world.say(shop.load("--schema", "--init", "300,120", "--orders", "600"))
    files = record(world, shop, world.folder / "recorded")
    setup = setups.Setup(world, shop, "embedded")
    replayed = Replayed(world, setup)
    replayed.run(files)
    setup.equal(sinks_of=replayed.sinks)
    first = replayed.documents("order")
    replayed.run(files, name="replay-again")
    check(replayed.documents("order") == first, "the second replay of the same files wrote documents again")

    world.say(shop.load("--orders", "300"))
    files = record(world, shop, world.folder / "recorded")
    replayed.run(files, name="replay-more")
    setup.equal(sinks_of=replayed.sinks)
    check(replayed.documents("order") != first, "the third replay had new files and wrote nothing")

    shop.sql("SET GLOBAL binlog_row_metadata = FULL", use=False)
    setup.until_now()
    for document in setups.DOCUMENTS:
        live, offline = read(setup.state_dir / "documents.db", document), replayed.documents(document)
        check(live.keys() == offline.keys(), f"{document}: a live run has other documents")
        different = [key for key in live if live[key][1] != offline[key][1]]
        check(not different, f"{document}: {len(different)} differ from a live run: {different[:3]}")
        world.say(f"{len(live)} {document} documents as a live run makes them")
    # A state that a server filled is not mixed with files.
    replayed.state_dir = setup.state_dir
    text = replayed.run(files, code=1, name="replay-mixed")
    check("filled from a server" in text, f"the error does not say why: {text[-500:]}")


def options(parser):
    setups.option(parser)
    parser.add_argument("--metadata", choices=["full", "minimal"], default="full")


if __name__ == "__main__":
    sys.exit(harness.main(scenario, "mysql", options=options))
