#!/usr/bin/python3
"""`run --until now` makes every document and exits 0; a second one changes nothing and exits 0."""

import sys

import harness
import setups
from harness import check


def scenario(world):
    shop = world.shop()
    world.say(shop.load("--schema", "--init", "300,120", "--orders", "600"))
    setup = setups.Setup.of(world, shop)
    setup.until_now()
    setup.equal()
    first = setup.versions()
    setup.until_now()
    check(setup.versions() == first, "the second run wrote documents again")
    world.say(shop.load("--orders", "300"))
    setup.until_now()
    setup.equal()
    check(setup.versions() != first, "the third run had changes and wrote none")


if __name__ == "__main__":
    servers = ["mysql", "kafka", "elasticsearch"] if "kafka" in sys.argv else ["mysql"]
    sys.exit(harness.main(scenario, *servers, options=setups.option))
