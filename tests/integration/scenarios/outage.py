"""A server is killed under load, stays away for a while and comes back with its data."""

import os
import signal
import time

import setups
from harness import check, until

DOWN_S = 60 if os.environ.get("TAILRACE_LONG") == "1" else 20


def options(parser):
    setups.option(parser)
    parser.add_argument("--when", choices=["running", "starting"], default="running", help="when it is killed")
    parser.add_argument("--down", type=float, default=DOWN_S, metavar="S", help="60 with TAILRACE_LONG=1")


def outage(world, server, words):
    """`words`: one of them must be said by a component that is degraded meanwhile."""
    shop = world.shop()
    shop.load("--schema", "--init", "300,120", "--orders", "300")
    setup = setups.Setup.of(world, shop)
    tailrace = setup.run()
    until(tailrace.word, 30, "status answers")
    if world.args.when == "running":
        setup.equal(within=60)
    watch = setup.watch()
    before = shop.orders()
    load = shop.start_load("--seconds", "900", "--rate", "40/s", "--ride-out", "200")
    if world.args.when == "running":
        until(lambda: shop.orders() > before + 10, 30, "the load places orders")
    server = world.args.source if server == "mysql" else server
    world.stack.kill(server)
    world.say(f"{server} killed")
    said = listen(tailrace, world.args.down)
    for after, text in said:
        world.say(f"status, {after:.1f} s after the kill: {text}")
    world.stack.start(server)
    world.say(f"{server} is back")
    tailrace.await_word("streaming", "catching_up", seconds=90)
    world.say(f"status: {tailrace.word()}")
    check(load.code is None, f"the load ended with {load.code}: {load.text()}")
    load.stop(signal.SIGINT)
    setup.equal(within=120)
    watch.end()
    setup.finish(tailrace)
    check(said, "status never said degraded meanwhile")
    check(any(word in text.lower() for word in words for _, text in said), f"status does not name the cause: {said}")
    check(said[-1][1], "status no longer said degraded at the end of the outage")


def complaint(tailrace):
    """The degraded component with its code and message."""
    status = tailrace.status()
    if not status or status["status"] != "degraded":
        return None
    return "; ".join(
        f"{c['name']}: {c['code']} {c['message']}" for c in status["components"] if c["status"] == "degraded"
    )


def listen(tailrace, seconds):
    """What status says while the server is away: (seconds after the kill, degraded components or nothing)."""
    began, said = time.monotonic(), []
    while time.monotonic() < began + seconds:
        check(tailrace.code is None, f"the program ended with {tailrace.code}")
        text = complaint(tailrace)
        if text and not said or said and text != said[-1][1]:
            said.append((time.monotonic() - began, text))
        time.sleep(0.1)
    return said
