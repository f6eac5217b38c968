#!/usr/bin/python3
"""MySQL is killed under load and comes back after a while: status says so, nothing is lost."""

import sys

import harness
import outage


def scenario(world):
    outage.outage(world, "mysql", ("source.", "mysql"))


if __name__ == "__main__":
    servers = ["mysql", "kafka", "elasticsearch"] if "kafka" in sys.argv else ["mysql"]
    sys.exit(harness.main(scenario, *servers, options=outage.options))
