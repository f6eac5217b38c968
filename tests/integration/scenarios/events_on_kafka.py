#!/usr/bin/python3
"""Any Kafka client reads the events: names, ce_* headers, the order's id as key, in commit order, none twice.

The program is killed again and again meanwhile; the reader is kcat under read_committed.
"""

import collections
import json
import signal
import sys
import time

import harness
import setups
from harness import check

LEGAL = {
    "OrderPlaced": (None, "PLACED"),
    "OrderPaid": ("PLACED", "PAID"),
    "OrderShipped": ("PAID", "SHIPPED"),
    "OrderDelivered": ("SHIPPED", "DELIVERED"),
    "OrderCancelled": (("PLACED", "PAID"), "CANCELLED"),
}
HEADERS = ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_subject"]


def read_events(setup):
    """Every event of the topic, in the order of its partition."""
    events = setup.consume(setup.topic)
    for event in events:
        names, values = event["headers"][::2], event["headers"][1::2]
        event["header"] = dict(zip(names, values))
        check(names[: len(HEADERS)] == HEADERS, f"headers {names}")
        event["data"] = json.loads(event["payload"])
    return events


def token(event):
    """Where its transaction stands: (epoch, seq), and the row in it."""
    _source, epoch, seq, row, *_rule = event["header"]["ce_id"].split(":")
    return int(epoch), int(seq), int(row)


def check_events(world, setup, events):
    ids = collections.Counter(event["header"]["ce_id"] for event in events)
    twice = [name for name, count in ids.items() if count > 1]
    check(not twice, f"{len(twice)} events are there twice, first {twice[:3]}")
    last, states, partitions = {}, {}, {}
    for event in events:
        key, kind = event["key"], event["header"]["ce_type"]
        where = f"order {key}, {kind} {event['header']['ce_id']}"
        check(event["header"]["ce_subject"] == key, f"{where}: subject is not the key")
        check(event["header"]["ce_source"] == f"{setup.name}/s0", f"{where}: source {event['header']}")
        check(partitions.setdefault(key, event["partition"]) == event["partition"], f"{where}: two partitions")
        check(last.get(key, (0, 0, -1)) <= token(event), f"{where}: before {last.get(key)} in commit order")
        last[key] = token(event)
        if kind == "OrderItemsChanged":
            check(all(str(row["after"]["order_id"]) == key for row in event["data"]["rows"]), f"{where}: {event}")
            continue
        check(str(event["data"]["id"]) == key and kind in LEGAL, f"{where}: {event['data']}")
        before, after = LEGAL[kind]
        check(states.get(key) == before or states.get(key) in (before or ()), f"{where}: after {states.get(key)}")
        check(event["data"]["status"] == after, f"{where}: shows {event['data']['status']}")
        states[key] = after
    kinds = collections.Counter(event["header"]["ce_type"] for event in events)
    world.say(f"{len(events)} events: {dict(kinds)}")
    return states


def scenario(world):
    shop = world.shop()
    shop.load("--schema", "--init", "200,80")
    setup = setups.Setup(world, shop, "kafka")
    tailrace = setup.run()
    tailrace.await_word("streaming")
    load = shop.start_load("--seconds", "600", "--rate", "40/s", "--mix", "plain", "--threads", "2")
    for _ in range(world.args.kills):
        time.sleep(world.rng.uniform(0.2, 5))  # the instant
        check(tailrace.kill(), "the program ended by itself")
        tailrace = setup.run()
    load.stop(signal.SIGINT)
    setup.finish(tailrace)

    states = check_events(world, setup, read_events(setup))
    truth = {str(i): status for i, status in shop.sql("SELECT id, status FROM orders")}
    wrong = {key: (states.get(key), status) for key, status in truth.items() if states.get(key) != status}
    check(not wrong and len(states) == len(truth), f"events end elsewhere than rows: {list(wrong.items())[:5]}")
    world.say(f"{world.args.kills} kills; the events of {len(truth)} orders lead to what the rows show")


def options(parser):
    parser.add_argument("--kills", type=int, default=6)


if __name__ == "__main__":
    sys.exit(harness.main(scenario, "mysql", "kafka", "elasticsearch", options=options))
