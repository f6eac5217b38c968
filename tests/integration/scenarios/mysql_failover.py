#!/usr/bin/python3
"""MySQL's primary dies under load and a replica takes its place behind the same address.

--replica complete   it had everything, and a transaction of its own: the pipeline, which runs all the time, goes on by
                     GTID without a second first load, and nothing is lost
--replica behind     it never got some transactions that were read already: the pipeline stops and names them
"""

import re
import signal
import sys

import harness
import setups
from harness import check, process, until
from relay import Relay

REPLICA = "mysql-heir"  # not mysql-replica, which would first replicate what all other scenarios wrote


def option(parser):
    setups.option(parser)
    parser.add_argument("--replica", choices=["complete", "behind"], default="complete")


def follow(world):
    """A fresh replica of the primary as it is now."""
    world.stack.down(REPLICA, wipe=True)
    world.stack.up(REPLICA)
    primary, replica = world.stack.server("mysql"), world.stack.server(REPLICA)
    replica.sql(
        f"RESET BINARY LOGS AND GTIDS; SET GLOBAL gtid_purged = '{executed(primary)}'; "
        f"CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = {primary.port}, "
        "SOURCE_USER = 'root', SOURCE_PASSWORD = 'root', SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1; "
        "START REPLICA;"
    )
    return primary, replica


def executed(server):
    return server.sql("SELECT @@GLOBAL.gtid_executed").replace("\\n", "").strip()


def catch_up(primary, replica):
    wanted = executed(primary)
    reached = replica.sql(f"SELECT WAIT_FOR_EXECUTED_GTID_SET('{wanted}', 60)").strip()
    check(reached == "0", f"the replica did not reach {wanted}: {replica.sql('SHOW REPLICA STATUS')}")


def promote(world, replica, relay):
    world.stack.kill("mysql")
    replica.sql("STOP REPLICA; RESET REPLICA ALL;")
    world.environment["MYSQL_PORT"] = str(replica.port)
    relay.point_to(replica.port)
    world.say("the replica is the primary")


def complete(world, shop, setup, servers, relay, tailrace):
    primary, replica = servers
    watch = setup.watch()
    load = shop.start_load("--seconds", "600", "--rate", "60/s")
    before = shop.orders()
    until(lambda: shop.orders() > before + 100, 60, "the load places orders")
    primary.sql("SET GLOBAL super_read_only = ON")  # amid the load, which cannot go on
    load.kill()
    catch_up(primary, replica)
    own = f"UPDATE `{shop.database}`.products SET name = CONCAT(name, ' of the heir') ORDER BY id LIMIT 3"
    replica.sql(own)
    promote(world, replica, relay)
    before = shop.orders()
    load = shop.start_load("--seconds", "600", "--rate", "60/s")
    until(lambda: shop.orders() > before + 100, 60, "the load places orders")
    load.stop(signal.SIGINT)
    setup.equal(within=90)
    watch.end()
    log = tailrace.text()
    tail = process.log_tail(tailrace.log)
    check(log.count("first_load_begun") == 1, f"not one first load\n{tail}")
    check("source.connection_lost" in log, f"the log does not tell of the lost connection\n{tail}")
    check(log.count("source.connected") >= 2, f"the log does not tell of the new source\n{tail}")
    setup.finish(tailrace)


def behind(world, shop, setup, servers, relay, tailrace):
    primary, replica = servers
    catch_up(primary, replica)
    replica.sql("STOP REPLICA")
    kept = executed(primary)
    shop.load("--orders", "50")
    lost = primary.sql(f"SELECT GTID_SUBTRACT(@@GLOBAL.gtid_executed, '{kept}')").replace("\\n", "").strip()
    setup.equal(within=60)  # all of it was read
    promote(world, replica, relay)
    code = tailrace.wait(60)
    last = tailrace.text().splitlines()[-1]
    check(code == 1, f"ended with {code}, not 1: {last}")
    check("source.diverged" in tailrace.text(), f"not source.diverged: {last}")
    named = re.search(r"[0-9a-f]{8}-[0-9a-f-]{27}:[0-9:-]+", last)
    check(named and named[0] == lost, f"lost are {lost}; it says: {last}")
    world.say(f"it says: {last}")


def scenario(world):
    primary, replica = follow(world)
    relay = Relay(primary.port)
    world.environment["SHARD0"] = f"127.0.0.1:{relay.port}"
    shop = world.shop()
    try:
        shop.load("--schema", "--init", "300,120", "--orders", "600")
        setup = setups.Setup.of(world, shop)
        tailrace = setup.run()
        setup.equal(within=60)
        story = complete if world.args.replica == "complete" else behind
        story(world, shop, setup, (primary, replica), relay, tailrace)
    finally:
        relay.close()
        if not primary.running:
            world.stack.start("mysql")
        primary.sql("SET GLOBAL super_read_only = OFF")
    primary.sql(f"DROP DATABASE `{shop.database}`")


if __name__ == "__main__":
    sys.exit(harness.main(scenario, "mysql", options=option))
