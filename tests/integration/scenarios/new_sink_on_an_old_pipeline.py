#!/usr/bin/python3
"""A sink is added to a pipeline that has run for a while: it gets every document, and `status` says so."""

import sys
import time

import harness
import setups
from harness import check, until


def scenario(world):
    shop = world.shop()
    shop.load("--schema", "--init", "300,120", "--bulk-orders", "4000")
    setup = setups.Setup.of(world, shop)
    tailrace = setup.run()
    tailrace.await_word("streaming")
    setup.finish(tailrace)

    added = add_sinks(setup)
    tailrace = setup.run(name="tailrace-with-archive")
    until(tailrace.word, 30, "status answers")
    load = shop.start_load("--orders", "200", "--rate", "100/s")
    said = {}
    while load.code is None:
        said.update(dict.fromkeys(mentions(tailrace)))
        time.sleep(harness.POLL_S)
    check(load.code == 0, f"the load ended with {load.code}")
    setup.equal(within=90, sinks_of=added)
    setup.finish(tailrace)
    world.say(f"status: {list(said)}")
    check(said, "status never said that archive_order and archive_customer are new")


def add_sinks(setup):
    """A second place for either document; the example's own stay."""
    added, lines = {}, []
    for document in setups.DOCUMENTS:
        path = setup.world.folder / f"archive-{document}.db"
        added[document] = ["--sqlite", str(path)]
        lines.append(f'  archive_{document}: {{ sqlite: {{ path: "{path}" }}, document: {document} }}')
        if setup.kind == "embedded":
            lines.append(f"  first_{document}: {{ sqlite: {{ path: documents.db }}, document: {document} }}")
    if setup.kind == "embedded":
        setup.append("\nsinks:\n" + "\n".join(lines) + "\n")
    else:
        setup.edit("sinks:\n", "sinks:\n" + "\n".join(lines) + "\n")
    return added


def mentions(tailrace):
    """What status says about the sinks that have to be filled, beyond that they are there."""
    check(tailrace.code is None, f"the program ended with {tailrace.code}: {tailrace.text()[-2000:]}")
    status = tailrace.status() or {"components": [], "facts": {}}
    lines = [
        f"{c['name']} {c['status']} {c['code']} {c['message']}"
        for c in status["components"]
        if c["status"] not in ("streaming", "starting") or c["message"]
    ]
    lines += [f"{name}: {value}" for name, value in status["facts"].items()]
    return [line for line in lines if "archive_" in line]


if __name__ == "__main__":
    servers = ["mysql", "kafka", "elasticsearch"] if "kafka" in sys.argv else ["mysql"]
    sys.exit(harness.main(scenario, *servers, options=setups.option))
