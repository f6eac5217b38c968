#!/usr/bin/python3
"""One transaction of 200,000 rows passes with at most 400 MiB of memory, and every document is right."""

import sys

import harness
import setups
from harness import check

LIMIT_MIB = 400


def scenario(world):
    shop = world.shop()
    shop.load("--schema", "--init", "300,120", "--bulk-orders", "5000")
    setup = setups.Setup.of(world, shop)
    tailrace = setup.run()
    tailrace.await_word("streaming")
    setup.equal(within=60)
    before = tailrace.peak_rss_mib()
    watch = setup.watch()
    world.say(shop.load("--giant", "200000"))
    world.say(shop.load("--orders", "50"))
    setup.equal(within=150)
    watch.end()
    peak = tailrace.peak_rss_mib()
    world.say(f"peak RSS {peak:.0f} MiB; {before:.0f} MiB before that transaction")
    check(peak <= LIMIT_MIB, f"peak RSS {peak:.0f} MiB, more than {LIMIT_MIB}")
    setup.finish(tailrace)


if __name__ == "__main__":
    servers = ["mysql", "kafka", "elasticsearch"] if "kafka" in sys.argv else ["mysql"]
    sys.exit(harness.main(scenario, *servers, options=setups.option))
