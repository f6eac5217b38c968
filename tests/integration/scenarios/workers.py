#!/usr/bin/python3
"""Several projectors share the partitions under load: 1, 2, 4 of them, some killed, stopped for a while or ended
gracefully, then 1 again. At rest the oracle is equal; meanwhile versions never go down and no order is torn. Tells how
long the partitions that moved were read by nobody.
"""

import datetime
import json
import signal
import sys
import time

import harness
import setups
from harness import check, until

DOCUMENTS = ("order", "customer")
PARTITIONS = 8  # of the example
FROZEN_S = 13  # longer than a session (10 s): the group gives the partitions to others


def options(parser):
    parser.add_argument("--disturbances", type=int, default=4)


class Workers:
    """The projectors that run, each with a state folder of its own."""

    def __init__(self, world, setup):
        self._world, self._setup = world, setup
        self.running, self._logs = {}, set()

    def start(self, number):
        self.running[number] = self._setup.run(
            "--role", "project", name=f"worker-{number}", state_dir=f"{self._setup.state_dir}-{number}"
        )
        self._logs.add(self.running[number].log)

    def end(self, number):
        code = self.running.pop(number).stop()
        check(code == 0, f"worker {number}: SIGTERM ended with {code}")

    def held(self):
        """document -> how many partitions each worker has taken."""
        statuses = [worker.status() or {"gauges": {}} for worker in self.running.values()]
        return {d: [int(s["gauges"].get(f'tailrace_partitions{{document="{d}"}}', 0)) for s in statuses] for d in DOCUMENTS}

    def await_shared(self, seconds=60):
        """Every partition is taken, and every worker has its part."""
        began = time.monotonic()

        def shared():
            for number, worker in self.running.items():
                check(worker.code is None, f"worker {number} ended with {worker.code}")
            return all(sum(counts) == PARTITIONS and min(counts) > 0 for counts in self.held().values())

        until(shared, seconds, f"{len(self.running)} workers share the partitions: {self.held()}")
        return time.monotonic() - began

    def pause(self, since, left=None):
        """Seconds from the moment when the first of the partitions that move is given back until the last one is read
        by its new owner: no partition waited longer. `since`: time of the change; `left`: when a worker was told to end."""
        took = 0
        for document in DOCUMENTS:
            events = [
                (entry["event"], datetime.datetime.fromisoformat(entry["time"].replace("Z", "+00:00")).timestamp())
                for log in self._logs
                for entry in map(json.loads, log.read_text(encoding="utf-8").splitlines())
                if entry.get("document") == document
            ]
            gone = [at for event, at in events if event == "projector.partitions_left" and at > since]
            taken = [at for event, at in events if event == "projector.partition_taken" and at > since]
            check(taken and (left or gone), f"{document}: the logs do not tell how partitions moved")
            took = max(took, max(taken) - (left or min(gone)))
        return took


def disturb(world, workers, kind):
    number = world.rng.choice(list(workers.running))
    worker = workers.running[number]
    if kind == "kill":
        check(worker.kill(), f"worker {number} had ended by itself with {worker.code}")
        workers.start(number)
    elif kind == "freeze":
        worker.freeze(FROZEN_S)
    else:
        workers.end(number)
        workers.start(number)
    world.say(f"{kind} worker {number}: shared again after {workers.await_shared():.1f} s")


def scenario(world):
    shop = world.shop()
    shop.load("--schema", "--init", "300,120", "--bulk-orders", "1500")
    setup = setups.Setup(world, shop, "kafka")
    capture = setup.run("--role", "capture", name="capture", state_dir=f"{setup.state_dir}-capture")
    workers = Workers(world, setup)
    workers.start(0)
    workers.start(1)  # at once, on a fresh pipeline: both must find the same log
    workers.await_shared()
    workers.end(1)
    setup.equal(within=90)
    watch = setup.watch()
    load = shop.start_load("--seconds", "900", "--rate", "40/s", "--threads", "2", "--mix", "shop")
    for wanted in (2, 4):
        for number in range(wanted):
            if number not in workers.running:
                began = time.time()
                workers.start(number)
                took = workers.await_shared()
                world.say(f"worker {number} joined: shared after {took:.1f} s, pause {workers.pause(began):.2f} s")
    for turn in range(world.args.disturbances):
        time.sleep(world.rng.uniform(0, 2))  # the instant
        disturb(world, workers, ("kill", "freeze", "restart")[turn % 3])
    for number in (0, 2, 3):
        began = time.time()
        workers.end(number)
        took = workers.await_shared()
        world.say(f"worker {number} left: shared after {took:.1f} s, pause {workers.pause(began, left=began):.2f} s")
    check(load.code is None, f"the load ended with {load.code}: {load.text()}")
    load.stop(signal.SIGINT)
    setup.equal(within=120)
    watch.end()
    workers.end(1)
    check(capture.stop() == 0, f"SIGTERM ended capture with {capture.code}")
    setup.equal()


if __name__ == "__main__":
    sys.exit(harness.main(scenario, "mysql", "kafka", "elasticsearch", options=options))
