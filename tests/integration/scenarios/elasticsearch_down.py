#!/usr/bin/python3
"""Elasticsearch is killed under load and stays away: status says so, nothing is lost."""

import sys

import harness
import outage


def scenario(world):
    world.args.setup = "kafka"
    outage.outage(world, "elasticsearch", ("es.", "elasticsearch"))


if __name__ == "__main__":
    sys.exit(harness.main(scenario, "mysql", "kafka", "elasticsearch", options=outage.options))
