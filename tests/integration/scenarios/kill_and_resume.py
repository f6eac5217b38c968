#!/usr/bin/python3
"""kill -9 of the program at random instants under load, from its first load on; then rest: oracle equal.

Meanwhile versions in the sink never go down, no document vanishes, no order is torn. --setup roles runs capture
and projector as two processes, and kills either.
"""

import signal
import sys
import time

import harness
import setups
from harness import check, until


def options(parser):
    parser.add_argument("--setup", choices=["embedded", "kafka", "roles"], default="embedded")
    parser.add_argument("--kills", type=int, default=20)


class Role:
    """One of the processes, replaced by a new one after every kill."""

    def __init__(self, setup, role):
        self._setup, self._role = setup, role
        state = "" if role == "all" else f"-{role}"
        self._state_dir = f"{setup.state_dir}{state}"
        self.start()

    def start(self):
        self.process = self._setup.run(
            "--role", self._role, name=f"tailrace-{self._role}", state_dir=self._state_dir
        )

    def await_up(self):
        until(lambda: self.process.word() not in (None, "starting"), 60, f"role {self._role} is up again")

    def kill(self):
        alive = self.process.kill()
        check(alive, f"role {self._role} had ended by itself with {self.process.code}")
        self.start()


def scenario(world):
    shop, kafka = world.shop(), world.args.setup != "embedded"
    shop.load("--schema", "--init", "300,120", "--bulk-orders", "1500")
    setup = setups.Setup(world, shop, "kafka" if kafka else "embedded")
    roles = [Role(setup, role) for role in (["capture", "project"] if world.args.setup == "roles" else ["all"])]
    watch = setup.watch()
    load = shop.start_load("--seconds", "600", "--rate", "40/s", "--threads", "2", "--mix", "shop")
    words = []
    for number in range(world.args.kills):
        role = world.rng.choice(roles)
        if number % 3:  # else it may as well be killed while it starts
            role.await_up()
        time.sleep(world.rng.uniform(0, 2))  # the instant
        words.append(role.process.word() or "no answer")
        role.kill()
    check(load.code is None, f"the load ended with {load.code}: {load.text()}")
    world.say(f"{world.args.kills} kills, while: " + ", ".join(f"{w} {words.count(w)}" for w in sorted(set(words))))
    load.stop(signal.SIGINT)
    setup.equal(within=120)
    watch.end()
    for role in roles:
        check(role.process.stop() == 0, f"SIGTERM ended with {role.process.code}")
    setup.equal()


if __name__ == "__main__":
    servers = ["mysql"] if {"kafka", "roles"}.isdisjoint(sys.argv) else ["mysql", "kafka", "elasticsearch"]
    sys.exit(harness.main(scenario, *servers, options=options))
