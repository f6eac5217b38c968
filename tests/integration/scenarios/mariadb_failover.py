#!/usr/bin/python3
"""MariaDB's primary dies, the pipeline goes on from its replica by GTID: no second first load, nothing lost."""

import signal
import sys
import time

import harness
import setups
from harness import check, process, until

REPLICA = "mariadb-replica"


def follow(world):
    """A fresh replica of the primary as it is now."""
    world.stack.down(REPLICA, wipe=True)
    world.stack.up(REPLICA, options={REPLICA: ["--log-slave-updates", "--gtid-strict-mode=ON"]})
    primary, replica = world.stack.server("mariadb"), world.stack.server(REPLICA)
    position = primary.sql("SELECT @@GLOBAL.gtid_binlog_pos").strip()
    replica.sql(
        f"SET GLOBAL gtid_slave_pos = '{position}'; CHANGE MASTER TO MASTER_HOST = '127.0.0.1', "
        f"MASTER_PORT = {primary.port}, MASTER_USER = 'root', MASTER_PASSWORD = 'root', "
        "MASTER_USE_GTID = slave_pos; START SLAVE;"
    )
    return primary, replica


def promote(world, primary, replica):
    """The replica has everything when the primary dies: no test of replication."""
    position = primary.sql("SELECT @@GLOBAL.gtid_binlog_pos").strip()
    reached = replica.sql(f"SELECT MASTER_GTID_WAIT('{position}', 60)").strip()
    check(reached == "0", f"the replica did not reach {position}: {replica.sql('SHOW ALL SLAVES STATUS')}")
    world.stack.kill("mariadb")
    replica.sql("STOP SLAVE; RESET SLAVE ALL;")
    world.environment.update(MYSQL_PORT=str(replica.port), SHARD0=f"127.0.0.1:{replica.port}")


def scenario(world):
    primary, replica = follow(world)
    shop = world.shop()
    shop.load("--schema", "--init", "300,120", "--orders", "600")
    setup = setups.Setup.of(world, shop)
    tailrace = setup.run(name="tailrace-of-primary")
    setup.equal(within=60)
    watch = setup.watch()
    load = shop.start_load("--seconds", "600", "--rate", "60/s")
    time.sleep(3)
    load.stop(signal.SIGINT)
    tailrace.kill()  # with work before it
    promote(world, primary, replica)
    world.say("the replica is the primary")
    tailrace = setup.run(name="tailrace-of-replica")
    before = shop.orders()
    load = shop.start_load("--seconds", "600", "--rate", "60/s")
    until(lambda: shop.orders() > before + 100, 30, "the load places orders")
    load.stop(signal.SIGINT)
    setup.equal(within=90)
    watch.end()
    log = tailrace.text()
    check("first_load_begun" not in log, f"the first load was repeated\n{process.log_tail(tailrace.log)}")
    check("source.connected" in log, f"the log does not tell the source\n{process.log_tail(tailrace.log)}")
    setup.finish(tailrace)
    world.stack.start("mariadb")
    primary.sql(f"DROP DATABASE `{shop.database}`")


if __name__ == "__main__":
    sys.argv += ["--source", "mariadb"]
    sys.exit(harness.main(scenario, "mysql", options=setups.option))
