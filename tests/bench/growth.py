#!/usr/bin/python3
"""Does a row cost more where there is more state? Runs projector_bench in series, and draws docs/plots.

  growth.py --json growth.json                 everything, about 15 minutes; 10 M orders take some 8 GB in --dir
  growth.py --sizes 100000,300000,1000000      less state
  growth.py --only items                       one series: orders or items

orders: one state that grows; at each size 100,000 orders, evenly spread over all, are changed in an order
that is not that of their keys. items: orders of 1 to 1,000 items, each one group. For each series the slope
of log(CPU per row) over log(size), by least squares: 0 where a row costs the same at any size. The target is
that the same work grows at most as size^1.05, so a row at most as size^0.05.
"""

import argparse
import json
import math
import os
import pathlib
import subprocess
import sys
import time

import svg_plot

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = 0.05


def run(args, *options):
    """One run of projector_bench; its results."""
    command = [args.bench, "--json", "--dir", args.dir, *options]
    found = []
    with subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        for line in child.stdout:
            found.append({**json.loads(line), "load_average": round(os.getloadavg()[0], 1)})
            print(found[-1], flush=True)
    if child.returncode:
        raise RuntimeError(f"{command} ended with {child.returncode}")
    return found


def slope(results, size):
    """Of log(CPU per row) over log(size), by least squares."""
    xs = [math.log(one[size]) for one in results]
    ys = [math.log(one["cpu_us_per_row"]) for one in results]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys)) / sum((a - x) ** 2 for a in xs)


def by_orders(args):
    found = run(args, "--sizes", args.sizes, "--items", args.items, "--rounds", 2, "--working-set", args.working_set)
    changes = [one for one in found if one["work"] == "change"]
    lines = [
        svg_plot.Series("rows/s", [(one["orders"], one["rows_per_s"]) for one in changes]),
        svg_plot.Series("CPU µs/row", [(one["orders"], one["cpu_us_per_row"]) for one in changes], right=True),
    ]
    axes = [svg_plot.Axis("orders in state", log=True), svg_plot.Axis("rows/s"), svg_plot.Axis("CPU µs per row")]
    svg_plot.draw(args.plots / "growth-orders.svg", f"{args.working_set:,} orders changed, by orders in state", axes, lines)
    return {"results": found, "slope": round(slope(changes, "orders"), 3)}


def by_items(args):
    found = []
    for items in (1, 3, 10, 30, 100, 300, 1000):
        found += run(args, "--sizes", max(args.rows // (items + 2), 1), "--rounds", 0, "--items", items)
    lines = [svg_plot.Series("CPU µs/row", [(one["items"], one["cpu_us_per_row"]) for one in found])]
    axes = [svg_plot.Axis("items per order", log=True), svg_plot.Axis("CPU µs per row")]
    svg_plot.draw(args.plots / "growth-items.svg", "Orders placed, each in one group", axes, lines)
    return {"results": found, "slope": round(slope(found, "items"), 3)}


SERIES = {"orders": by_orders, "items": by_items}


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--bench", type=pathlib.Path, default=ROOT / "build/release/tests/bench/projector_bench")
    p.add_argument("--dir", type=pathlib.Path, default=ROOT / "build/bench/growth", help="the state; removed at the end")
    p.add_argument("--sizes", default="100000,300000,1000000,3000000,10000000", help="orders in state")
    p.add_argument("--items", type=int, default=1, help="per order, while orders grow")
    p.add_argument("--working-set", type=int, default=100_000, help="orders that are changed at each size")
    p.add_argument("--rows", type=int, default=1_000_000, help="of each run of the series of items")
    p.add_argument("--only", choices=SERIES, help="one series")
    p.add_argument("--plots", type=pathlib.Path, default=ROOT / "docs/plots")
    p.add_argument("--json", type=pathlib.Path, help="write all figures there")
    return p.parse_args()


def main():
    args = arguments()
    found = {"date": time.strftime("%Y-%m-%d")}
    for name, series in SERIES.items():
        if args.only in (None, name):
            found[name] = series(args)
            steep = found[name]["slope"]
            print(f"{name}: slope {steep:+.3f}, at most {TARGET}: {'reached' if steep <= TARGET else 'missed'}")
    if args.json:
        args.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
