#!/usr/bin/python3
"""Two captures of one pipeline: on Kafka the older one is fenced and says why; one state.dir has one process."""

import sys

import harness
import setups
from harness import check


def same_state_dir(setup):
    """The second process is refused, the first goes on."""
    first = setup.run()
    first.await_word("streaming")
    names = {component["name"] for component in first.status()["components"]}
    wanted = {"projector order", "projector customer"}
    check(wanted <= names, f"streaming is said before the projectors are there: {sorted(names)}")
    second = setup.run(name="second")
    check(second.wait(30) == 3, f"the second process on one state.dir ended with {second.code}")
    text = second.text()
    check(str(setup.state_dir) in text and "in use by process" in text, f"not said why: {text}")
    check(len(text.splitlines()) <= 2, f"one error, not a page: {text}")
    check(first.code is None and first.word() == "streaming", "the first process suffered")
    return first


def scenario(world):
    shop = world.shop()
    shop.load("--schema", "--init", "300,120", "--orders", "300")
    setup = setups.Setup.of(world, shop)
    first = same_state_dir(setup)
    if world.args.setup == "kafka":
        load = shop.start_load("--orders", "600", "--rate", "60/s")
        watch = setup.watch()
        second = setup.run("--role", "capture", name="capture-2", state_dir=world.folder / "capture-2")
        check(first.wait(60) == 1, f"the older capture ended with {first.code}")
        last = first.text().splitlines()[-1]
        check("fenced" in last or "another" in last, f"the older capture does not say why: {last}")
        world.say(f"the older one: {last}")
        projector = setup.run("--role", "project", name="project-2", state_dir=world.folder / "project-2")
        check(load.wait(60) == 0, f"the load ended with {load.code}")
        setup.equal(within=90)
        watch.end()
        check(second.stop() == 0, f"SIGTERM of the newer capture ended with {second.code}")
        first = projector
    setup.finish(first)


if __name__ == "__main__":
    servers = ["mysql", "kafka", "elasticsearch"] if "kafka" in sys.argv else ["mysql"]
    sys.exit(harness.main(scenario, *servers, options=setups.option))
