#!/usr/bin/python3
"""state.dir is deleted, the documents are kept, rows are deleted meanwhile: the next run puts all of it right.

--setup embedded: the log is in state.dir, so it is gone too; documents in a SQLite file outside, or in
Elasticsearch with --sink elasticsearch. --setup kafka: only what a worker keeps locally is gone.
"""

import shutil
import sys

import harness
import setups
from harness import check


def options(parser):
    setups.option(parser)
    parser.add_argument("--sink", choices=["sqlite", "elasticsearch"], default="sqlite")


def keep_documents_outside(setup):
    """Gives the embedded pipeline sinks that do not live in its state.dir."""
    world, lines = setup.world, ["", "sinks:"]
    for document in setups.DOCUMENTS:
        if world.args.sink == "sqlite":
            path = world.folder / f"{document}.db"
            target, setup.sinks[document] = f'sqlite: {{ path: "{path}" }}', ["--sqlite", str(path)]
        else:
            target = f'elasticsearch: {{ urls: ["{world.environment["ES"]}"] }}, alias: {setup.alias(document)}'
            setup.sinks[document] = setup.elasticsearch(setup.alias(document))
        lines.append(f"  kept_{document}: {{ {target}, document: {document} }}")
    setup.append("\n".join(lines) + "\n")


def delete_some(shop):
    """Orders with their items, orders without, users; returns ids whose documents must go."""
    orders = [row[0] for row in shop.sql("SELECT id FROM orders ORDER BY RAND(7) LIMIT 40")]
    users = [row[0] for row in shop.sql("SELECT id FROM users ORDER BY RAND(7) LIMIT 20")]
    shop.sql(f"DELETE FROM orders WHERE id IN ({', '.join(map(str, orders))})")
    shop.sql(f"DELETE FROM order_items WHERE order_id IN ({', '.join(map(str, orders[:25]))})")
    shop.sql(f"DELETE FROM users WHERE id IN ({', '.join(map(str, users))})")
    return orders, users


def scenario(world):
    shop = world.shop()
    shop.load("--schema", "--init", "300,120", "--orders", "500")
    setup = setups.Setup.of(world, shop)
    if world.args.setup == "embedded":
        keep_documents_outside(setup)
    tailrace = setup.run()
    tailrace.await_word("streaming")
    shop.load("--orders", "200")
    setup.finish(tailrace)
    before = setup.versions()

    shutil.rmtree(setup.state_dir)
    orders, users = delete_some(shop)
    shop.load("--orders", "100")
    watch = setup.watch()
    tailrace = setup.run(name="tailrace-again")
    setup.equal(within=90)
    shop.load("--orders", "100")
    setup.equal(within=60)
    watch.end()
    setup.finish(tailrace)
    after = setup.versions()
    lowered = [i for d, seen in before.items() for i, v in seen.items() if after[d].get(i, v) < v]
    check(not lowered, f"versions went down: {lowered[:5]}")
    world.say(f"{len(orders)} orders and {len(users)} users deleted meanwhile are gone")


if __name__ == "__main__":
    servers = ["mysql"] + ["kafka"] * ("kafka" in sys.argv)
    servers += ["elasticsearch"] * bool({"kafka", "elasticsearch"} & set(sys.argv))
    sys.exit(harness.main(scenario, *servers, options=options))
