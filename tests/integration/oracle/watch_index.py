#!/usr/bin/python3
"""Looks at every change of an Elasticsearch index while everything around it is killed.

  watch_index.py --es http://localhost:9200 --alias orders --invariant 'items_total=sum(items.line_total)'

Each poll reads what was written since the last one (by `_seq_no`, after a refresh), and reads the documents that
changed last once more by `_id`, which sees what no refresh has shown yet. Until SIGTERM; prints a line of
JSON at the end, and now and then before. Exit: 0 nothing wrong, 4 something was, 3 the index never answered.

Wrong is: a version lower than one seen before (back), the same version with another content (ambiguous), a higher
version with less of the source in it (older), a document that is gone (vanished), a broken invariant (torn).
Memory: some 200 bytes for each document. What the index loses by itself when it is killed, because it had not yet
acknowledged it, is counted as `unacknowledged`, and is no wrong of the program.
"""

import argparse
import collections
import http.client
import json
import signal
import sys
import time
import urllib.error
import urllib.request

import sinks
import watch

PAGE = 1000
TELL_S = 30
AGAIN = 50  # documents read by _id in each poll
WRONGS = ("torn", "back", "older", "ambiguous", "vanished")


class Index:
    """The physical index behind the alias: stubs included. Threading: one."""

    def __init__(self, url, alias):
        self._url, self._alias, self._name = url.rstrip("/"), alias, None

    def _call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self._url + path, data, {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            return sinks.parse(response.read().decode())

    @property
    def name(self):
        if self._name is None:
            names = list(self._call("GET", f"/_alias/{self._alias}"))
            if len(names) != 1:
                raise OSError(f"{len(names)} indices behind {self._alias}")
            self._name = names[0]
        return self._name

    def acknowledged(self):
        """Up to which _seq_no the index would still have everything if it were killed now."""
        shards = self._call("GET", f"/{self.name}/_stats?level=shards&filter_path=**.seq_no")
        copies = shards["indices"][self.name]["shards"]
        if list(copies) != ["0"]:
            raise OSError(f"one shard is expected, not {len(copies)}")
        return copies["0"][0]["seq_no"]["global_checkpoint"]

    def refresh(self):
        self._call("POST", f"/{self.name}/_refresh")

    def count(self):
        return self._call("GET", f"/{self.name}/_count")["count"]

    def written_after(self, seq_no):
        """The documents written last after this place, in pages."""
        while True:
            query = {
                "size": PAGE,
                "query": {"range": {"_seq_no": {"gt": seq_no}}},
                "sort": [{"_seq_no": "asc"}],
                "version": True,
                "seq_no_primary_term": True,
            }
            hits = self._call("POST", f"/{self.name}/_search", query)["hits"]["hits"]
            yield from hits
            if len(hits) < PAGE:
                return
            seq_no = hits[-1]["_seq_no"]

    def by_id(self, ids):
        found = self._call("POST", f"/{self.name}/_mget", {"ids": ids}) if ids else {"docs": []}
        return [document for document in found["docs"] if document.get("found")]


class Known:
    """The newest that was seen of one document."""

    __slots__ = ("version", "place", "content", "seqs")

    def __init__(self, hit):
        body = dict(hit["_source"])
        meta = body.pop("_tailrace", None) or {}
        self.version = hit["_version"]
        self.place = (hit["_primary_term"], hit["_seq_no"])
        self.content = hash(json.dumps([body, meta.get("deleted")], default=str))
        self.seqs = {name: one.get("seq") for name, one in (meta.get("source") or {}).items()}

    def lacks(self, before):
        """Does it hold less of some source than an earlier version did?"""
        return any((self.seqs.get(name) or 0) < (seq or 0) for name, seq in before.seqs.items())


class Watcher:
    def __init__(self, index, invariants):
        self._index, self._invariants = index, invariants
        self._known, self._last = {}, collections.deque(maxlen=AGAIN)
        self._after, self._sure = -1, -1
        self.counts = dict.fromkeys(("polls", "failed_polls", "versions", "reads", "stubs"), 0)
        self.counts.update(dict.fromkeys(("unacknowledged", *WRONGS), 0))
        self.samples = []
        self._stop = False

    def run(self, interval):
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._request_stop)
        told = time.monotonic()
        while not self._stop:
            self.poll()
            time.sleep(interval)
            if time.monotonic() - told > TELL_S:
                self.tell()
                told = time.monotonic()
        self.poll()
        self.tell()

    def tell(self):
        """A line of JSON; the last one counts."""
        print(json.dumps(self.report(), ensure_ascii=False), flush=True)

    def _request_stop(self, _number, _frame):
        self._stop = True

    def poll(self):
        """One look. An index that does not answer is what the kill loop does to it."""
        try:
            self._look()
            self.counts["polls"] += 1
        except (OSError, http.client.HTTPException, ValueError, KeyError):
            self.counts["failed_polls"] += 1
            self._after = -1  # it may have lost its last writes: all is read again

    def _look(self):
        for hit in self._index.by_id(list(self._last)):
            self._see(hit)
        sure, whole = self._index.acknowledged(), self._after < 0
        self._index.refresh()
        for hit in self._index.written_after(self._after):
            self._see(hit)
            self._last.append(hit["_id"])
            self._after = max(self._after, hit["_seq_no"])
        self._sure = sure
        if whole:
            self._look_for_vanished()

    def _look_for_vanished(self):
        """Documents are never removed, only made stubs."""
        missing = len(self._known) - self._index.count()
        if missing > 0:
            self._wrong("vanished", f"{missing} of {len(self._known)} documents")

    def _see(self, hit):
        found, before = Known(hit), self._known.get(hit["_id"])
        self.counts["reads"] += 1
        if before is None or found.version > before.version:
            self.counts["versions"] += 1
            self._examine(hit, found, before)
        elif found.version < before.version:
            if not self._dropped(before, found):
                what = f"version {before.version} was there, now {found.version}"
                self._wrong("back", f"{hit['_id']}: {what}")
        elif found.content != before.content:
            self._wrong("ambiguous", f"{hit['_id']}: version {found.version} has two contents")
        self._known[hit["_id"]] = found

    def _dropped(self, before, found):
        """Lost by the index in a crash, before it had acknowledged it."""
        lost = before.place[0] < found.place[0] and before.place[1] > self._sure
        self.counts["unacknowledged"] += lost
        return lost

    def _examine(self, hit, found, before):
        if before and found.lacks(before):
            self._wrong("older", f"{hit['_id']}: {before.seqs} was in it, now {found.seqs}")
        if (hit["_source"].get("_tailrace") or {}).get("deleted"):
            self.counts["stubs"] += 1
            return
        for invariant in self._invariants:
            broken = invariant.broken(hit["_source"])
            if broken:
                self._wrong("torn", f"{hit['_id']}: {broken} (version {found.version})")

    def _wrong(self, kind, text):
        self.counts[kind] += 1
        if len(self.samples) < 20:
            self.samples.append(f"{kind}: {text}")

    def report(self):
        return {"documents": len(self._known), **self.counts, "samples": self.samples}

    @property
    def good(self):
        return not any(self.counts[kind] for kind in WRONGS)


def main():
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("--es", required=True, metavar="URL")
    p.add_argument("--alias", required=True)
    p.add_argument("--interval", type=float, default=0.1, metavar="S")
    p.add_argument("--invariant", action="append", default=[], type=watch.Invariant)
    args = p.parse_args()
    watcher = Watcher(Index(args.es, args.alias), args.invariant)
    watcher.run(args.interval)
    if not watcher.counts["polls"]:
        return 3
    return 0 if watcher.good else 4


if __name__ == "__main__":
    sys.exit(main())
