#!/usr/bin/python3
"""MySQL's primary dies under load and a replica takes its place behind the same address.

--replica complete   it had everything, and a transaction of its own: the pipeline, which runs all the time, goes on by
                     GTID without a second first load, and nothing is lost
--replica behind     it never got some transactions that were read already: what they changed is read again, and all
                     documents are the replica's
"""

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


def write_what_is_lost(world, shop):
    """Placed, changed, moved and deleted; renamed and deleted rows that documents look up."""
    shop.load("--orders", "50")
    some = [row[0] for row in shop.sql("SELECT id FROM orders WHERE id <= 600 ORDER BY id")]
    moved, home, gone, emptied = world.rng.sample(some, 4)
    shop.sql("UPDATE orders SET total = total + 1 WHERE id %% 7 = 0 AND id <= %s", max(some))
    shop.sql("UPDATE order_items SET order_id = %s WHERE order_id = %s", home, moved)
    shop.sql("DELETE FROM order_items WHERE order_id = %s", emptied)
    for table in ("order_items", "payments"):
        shop.sql(f"DELETE FROM {table} WHERE order_id = %s", gone)
    shop.sql("DELETE FROM orders WHERE id = %s", gone)
    shop.sql("UPDATE products SET name = CONCAT(name, ' of the dead') ORDER BY id LIMIT 5")
    shop.sql("UPDATE users SET name = CONCAT(name, ' of the dead') ORDER BY id LIMIT 5")


def behind(world, shop, setup, servers, relay, tailrace):
    primary, replica = servers
    catch_up(primary, replica)
    replica.sql("STOP REPLICA")
    kept = executed(primary)
    write_what_is_lost(world, shop)
    lost = primary.sql(f"SELECT GTID_SUBTRACT(@@GLOBAL.gtid_executed, '{kept}')").replace("\\n", "").strip()
    setup.equal(within=60)  # all of it was read
    promote(world, replica, relay)
    setup.equal(within=90)
    named = [line for line in tailrace.text().splitlines() if "capture.transactions_lost" in line]
    check(len(named) == 1 and lost in named[0], f"lost are {lost}; it says: {named}")
    world.say(f"it says: {named[0]}")
    before = shop.orders()
    load = shop.start_load("--seconds", "600", "--rate", "60/s")
    until(lambda: shop.orders() > before + 100, 30, "the load places orders")
    load.stop(signal.SIGINT)
    setup.equal(within=90)
    check(tailrace.text().count("first_load_begun") == 1, f"not one first load\n{process.log_tail(tailrace.log)}")
    setup.finish(tailrace)


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
    kafka = ["kafka", "elasticsearch"] if "kafka" in sys.argv else []
    sys.exit(harness.main(scenario, "mysql", *kafka, options=option))
