#!/usr/bin/python3
"""What is wrong is said at once, with its place or its cure: a file with six mistakes, a wrong password, a server
whose binlog lacks names."""

import os
import re
import subprocess
import sys

import harness
import setups
from harness import Failed, check

MISTAKES = """\
tailrace: 1
name: shop
sorce: {}
source:
  mysql:
    user: tailrace
    password: { env: MYSQL_PASSWORD }
    shards:
      s0: "127.0.0.1:99999/shop"
documents:
  order:
    root: orders
    lookups:
      customer: { table: users, on: user_id, when_changed: refrsh }
    children:
      items: { table: order_items, on: order_id, limit: many }
sinks:
  orders: { sqlite: { path: x.db }, document: ordr }
"""
# line:column, and a word of the message and of its hint
PLACES = {
    "3:1": ("sorce", "its keys"),
    "9:22": ("99999", "65535"),
    "11:3": ("'id'", "add id"),
    "14:60": ("refrsh", "'refresh'"),
    "16:57": ("many", "digits"),
    "18:47": ("ordr", "'order'"),
}
CURE = "SET PERSIST binlog_row_image"


def six_mistakes(world):
    file = world.folder / "mistakes.yaml"
    file.write_text(MISTAKES, encoding="utf-8")
    done = subprocess.run(
        [world.args.tailrace, "validate", "--no-color", file],
        capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, **world.environment},
    )
    text = done.stdout + done.stderr
    check(done.returncode == 2, f"validate ended with {done.returncode}: {text}")
    blocks = re.split(r"^(?=\S+\.yaml:\d+:\d+: )", text, flags=re.MULTILINE)[1:]
    found = {":".join(block[len(str(file)) + 1 :].split(":")[:2]): block for block in blocks}
    check(len(blocks) == 6 and set(found) == set(PLACES), f"not the six places: {text}")
    for place, (message, hint) in PLACES.items():
        block = found[place]
        check(message in block and hint in block and "^" in block, f"{place}: {block}")
    world.say("six mistakes, six places")


def refused(setup, name, *words, **variables):
    """Exit 3 with one error, in at most a few lines, that holds these words."""
    child = setup.run(name=name, **variables)
    try:
        code = child.wait(30)
    except Failed:
        raise Failed(f"{name}: not refused, status {child.status()}") from None
    text = child.text()
    errors = [line for line in text.splitlines() if line.startswith("tailrace: ")]
    check(code == 3, f"{name}: ended with {code}: {text}")
    check(len(errors) == 1, f"{name}: one error, not {len(errors)}: {text}")
    said = text[text.index("tailrace: ") :]
    check(all(word in said for word in words), f"{name}: {said} does not hold {words}")
    check("secret-of-the-test" not in text, f"{name}: the password is shown")
    world_line = " / ".join(said.splitlines())
    setup.world.say(f"{name}: {world_line}")


def scenario(world):
    six_mistakes(world)
    shop = world.shop()
    shop.load("--schema", "--init", "30,20", "--orders", "40")
    setup = setups.Setup(world, shop, "embedded")
    refused(setup, "wrong-password", "tailrace", MYSQL_PASSWORD="secret-of-the-test")
    before = shop.sql("SELECT @@GLOBAL.binlog_row_image")[0][0]
    shop.sql("SET GLOBAL binlog_row_image = 'MINIMAL'")
    try:
        refused(setup, "minimal-image", "binlog_row_image", CURE)
    finally:
        shop.sql(f"SET GLOBAL binlog_row_image = '{before}'")
    setup.until_now()
    setup.equal()


if __name__ == "__main__":
    sys.exit(harness.main(scenario, "mysql"))
