#!/usr/bin/python3
"""Every 0.2 to 2 s one of our processes (capture, three workers) gets SIGKILL, or SIGSTOP and later SIGCONT; now
and then, once all are healthy again, the broker, the index or mysqld is killed or restarted. All under a load with
moves, renames, deletes, rollbacks. Then rest: the oracle is equal for every document, and a watcher that read
every poll of the index has seen no version go back and no order torn.

  kill_loop.py --minutes 30 --seed 7 --json
"""

import collections
import json
import re
import signal
import sys
import threading
import time

import harness
import setups
import workers
from harness import check, process, until

WORKERS = 3
SESSION_S = 10  # of the group; a longer stop makes the group give the partitions to others
STOPS_S = [(0.1, 4), (0.1, 4), (0.1, 4), (SESSION_S + 1, SESSION_S + 6)]
SERVERS = ["kafka", "elasticsearch", "mysql"]


def options(parser):
    parser.add_argument("--minutes", type=float, default=2, help="how long processes are killed")
    parser.add_argument("--rate", type=float, default=2, help="orders placed per second")
    parser.add_argument("--json", action="store_true", help="the summary as one JSON line too")


class Victim:
    """A process of ours, and what happened to it."""

    def __init__(self, setup, name, role):
        self._setup, self.name, self._role = setup, name, role
        self._listen = f"127.0.0.1:{process.free_port()}"
        self.counts, self.ends = collections.Counter(), []
        self.awake_at = None  # while it is stopped: when it goes on
        self.start()

    def start(self):
        self.process = self._setup.run(
            "--role",
            self._role,
            name=self.name,
            state_dir=f"{self._setup.state_dir}-{self.name}",
            LISTEN=self._listen,
        )
        self.counts["starts"] += 1

    def look_for_an_end(self, say):
        """It must never end by itself; a supervisor would start it again."""
        if self.process.code is None:
            return
        self.ends.append(f"{self.process.code}: {process.log_tail(self.process.log, 3)}")
        say(f"{self.name} ENDED BY ITSELF with {self.ends[-1]}")
        self.start()

    def kill(self):
        self.process.kill()
        self.awake_at = None
        self.counts["SIGKILL"] += 1
        self.start()

    def stop(self, seconds):
        self.process.send(signal.SIGSTOP)
        self.awake_at = time.monotonic() + seconds
        self.counts["SIGSTOP"] += 1
        self.counts["stops longer than the session"] += seconds > SESSION_S

    def awake(self):
        self.awake_at = None
        self.process.send(signal.SIGCONT)


class Outage(threading.Thread):
    """One server is killed or restarted, while the main thread goes on with our processes."""

    def __init__(self, world, server):
        super().__init__(daemon=True)
        self._world, self.server, self.failure = world, server, None
        self.graceful = world.rng.random() < 0.3
        self._away = world.rng.uniform(0.5, 5)

    def run(self):
        try:
            if self.graceful:
                self._world.stack.restart(self.server)
            else:
                self._world.stack.kill(self.server)
                time.sleep(self._away)
                self._world.stack.start(self.server)
        except Exception as problem:  # told by the main thread
            self.failure = problem


class Loop:
    """The killing: processes all the time, a server once in a while."""

    def __init__(self, world, victims):
        self._world, self._victims = world, victims
        self.outages = collections.Counter()
        self._turns = []

    def run(self, seconds):
        end, every = time.monotonic() + seconds, min(45, seconds / 4)
        while time.monotonic() < end:
            self._shoot(min(end, time.monotonic() + every))
            if time.monotonic() < end:
                self.await_health()
                self._shoot_with_a_server_away()

    def _shoot(self, end, while_alive=None):
        shot = time.monotonic()
        while time.monotonic() < end and (while_alive is None or while_alive.is_alive()):
            self._awake_those_due()
            if time.monotonic() >= shot:
                self._one(self._choose())
                shot = time.monotonic() + self._world.rng.uniform(0.2, 2)
            time.sleep(0.02)

    def _choose(self):
        """One that is stopped mostly sleeps on: else no stop would outlast the session."""
        awake = [victim for victim in self._victims if victim.awake_at is None]
        others = self._victims if self._world.rng.random() < 0.1 else awake
        return self._world.rng.choice(others or self._victims)

    def _one(self, victim):
        victim.look_for_an_end(self._world.say)
        if victim.awake_at is None and self._world.rng.random() < 0.4:
            seconds = self._world.rng.uniform(*self._world.rng.choice(STOPS_S))
            victim.stop(seconds)
            self._world.say(f"{victim.name} SIGSTOP for {seconds:.1f} s")
            return
        asleep = " (stopped)" if victim.awake_at else ""
        victim.kill()
        self._world.say(f"{victim.name} SIGKILL{asleep}")

    def _awake_those_due(self):
        for victim in self._victims:
            if victim.awake_at and time.monotonic() >= victim.awake_at:
                victim.awake()
                self._world.say(f"{victim.name} SIGCONT")

    def _shoot_with_a_server_away(self):
        if not self._turns:
            self._turns = self._world.rng.sample(SERVERS, len(SERVERS))
        outage = Outage(self._world, self._turns.pop())
        how = "restart" if outage.graceful else "SIGKILL"
        self._world.say(f"{outage.server} {how}")
        outage.start()
        self._shoot(time.monotonic() + 300, outage)
        outage.join(300)
        if outage.failure:
            raise outage.failure
        check(not outage.is_alive(), f"{outage.server} did not come back")
        self._world.say(f"{outage.server} is back")
        self.outages[f"{outage.server} {how}"] += 1

    def await_health(self):
        """Nobody is stopped, every process says that it is well, every partition is taken."""
        began = time.monotonic()

        def healthy():
            self._awake_those_due()
            for victim in self._victims:
                victim.look_for_an_end(self._world.say)
            if any(victim.awake_at for victim in self._victims):
                return False
            words = [victim.process.word() for victim in self._victims]
            return set(words) <= {"streaming", "catching_up"} and all(
                sum(counts) == workers.PARTITIONS for counts in self.crew().held().values()
            )

        until(healthy, 180, "all processes are healthy again")
        self._world.say(f"all healthy after {time.monotonic() - began:.1f} s")

    def crew(self, without=()):
        """The projectors of this moment."""
        crew = workers.Workers(self._world, None)
        present = [victim for victim in self._victims[1:] if victim not in without]
        crew.running = {victim.name: victim.process for victim in present}
        return crew


class Eyes:
    """A watcher for each type of document."""

    def __init__(self, setup):
        self._children = {}
        for document in setups.DOCUMENTS:
            command = ["/usr/bin/python3", setups.ORACLE / "watch_index.py"]
            command += ["--es", setup.world.environment["ES"], "--alias", setup.alias(document)]
            if document == "order":
                command += ["--invariant", setups.WHOLE]
            self._children[document] = setup.world.spawn(f"watch-{document}", command)

    def end(self):
        """Document type -> what its watcher saw."""
        reports = {}
        for document, child in self._children.items():
            child.stop()
            check(child.code in (0, 4), f"{child.log} ended with {child.code}: {child.text()}")
            reports[document] = json.loads(child.text().splitlines()[-1])
        return reports


def pauses(world, loop, victims):
    """With nothing else going on: seconds from a change of the crew until every partition is taken again."""
    one, other = victims[-2:]

    def took(kind, change, without=()):
        began = time.monotonic()
        change()
        loop.crew(without).await_shared(120)
        found[kind] = time.monotonic() - began
        world.say(f"{kind}: every partition is taken again after {found[kind]:.1f} s")

    found = {}
    took("killed and started again", one.kill)
    took("left", lambda: one.process.send(signal.SIGTERM), {one})
    check(one.process.wait(60) == 0, f"SIGTERM ended {one.name} with {one.process.code}")
    took("joined", one.start)
    took("killed for good", other.process.kill, {other})
    took("joined after that", other.start)
    return found


def transactions(load):
    """How many the load performed, from its last line: load: place 12, pay 3 …"""
    last = load.text().splitlines()[-1]
    return sum(int(count) for count in re.findall(r" (\d+)(?:,| \()", last))


def scenario(world):
    shop = world.shop()
    shop.load("--schema", "--init", "300,400", "--bulk-orders", "1000")
    setup = setups.Setup(world, shop, "kafka")
    victims = [Victim(setup, "capture", "capture")]
    victims += [Victim(setup, f"worker-{number}", "project") for number in range(WORKERS)]
    eyes, loop = Eyes(setup), Loop(world, victims)
    load = shop.start_load(
        *("--seconds", "9000", "--rate", f"{world.args.rate}/s", "--threads", "2"),
        *("--mix", "edges", "--ride-out", "300"),
    )
    loop.run(world.args.minutes * 60)
    check(load.code is None, f"the load ended with {load.code}: {load.text()}")
    load.stop(signal.SIGINT)
    loop.await_health()
    took = pauses(world, loop, victims)
    compared = setup.equal(within=240)
    seen = eyes.end()
    summary = summarize(world, loop, victims) | {
        "transactions of the load": transactions(load),
        "compared": compared,
        "different": 0,  # else equal() had failed
        "watched": seen,
        "pauses": {kind: round(seconds, 1) for kind, seconds in took.items()},
    }
    tell(world, summary)
    for victim in victims:
        check(not victim.ends, f"{victim.name} ended by itself: {victim.ends}")
        check(victim.process.stop() == 0, f"SIGTERM ended {victim.name} with {victim.process.code}")
    for document, report in seen.items():
        check(not report["samples"], f"{document}: {json.dumps(report['samples'], indent=1)}")
        check(report["versions"] > report["documents"] > 0, f"{document}: the watcher saw too little")
    setup.equal()


def summarize(world, loop, victims):
    return {
        "seed": world.seed,
        "minutes": world.args.minutes,
        "processes": {victim.name: dict(victim.counts) for victim in victims},
        "ended by themselves": sum(len(victim.ends) for victim in victims),
        "servers": dict(loop.outages),
    }


def tell(world, summary):
    world.say("summary")
    for name, value in summary.items():
        lines = value.items() if isinstance(value, dict) else [("", value)]
        for inner, one in lines:
            print(f"    {f'{name} {inner}'.strip()}: {one}", flush=True)
    if world.args.json:
        print(json.dumps(summary, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    sys.exit(harness.main(scenario, "mysql", "kafka", "elasticsearch", options=options))
