#!/usr/bin/python3
"""The cookbook's questions on documents that the program itself built, in both stores: MySQL's own answers."""

import sys

import harness
import setups
from harness import ROOT, check


def scenario(world):
    shop = world.shop()
    shop.load("--schema", "--init", "300,120", "--orders", "1500")
    embedded, kafka = (setups.Setup(world, shop, kind, name=kind) for kind in ("embedded", "kafka"))
    embedded.until_now(name="embedded")
    kafka.until_now(name="kafka")
    command = ["/usr/bin/python3", ROOT / "tests/integration/cookbook_test.py"]
    command += ["--mysql", f"{shop.address}/{shop.database}", "--es", world.environment["ES"]]
    command += ["--orders", kafka.alias("order"), "--customers", kafka.alias("customer")]
    command += ["--sqlite", embedded.state_dir / "documents.db"]
    answers = world.spawn("cookbook", command)
    code = answers.wait(120)
    check(code == 0, f"the cookbook ended with {code}:\n{answers.text()}")
    world.say(answers.text().replace("\n", "; "))


if __name__ == "__main__":
    sys.exit(harness.main(scenario, "mysql", "kafka", "elasticsearch"))
