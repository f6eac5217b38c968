#!/usr/bin/python3
"""The watcher of an index finds each wrong that is planted, and nothing where all is right. No servers."""

import sys
import unittest

import watch
import watch_index


class Index:
    """Holds documents as the real one would tell them; each write gets the next _seq_no."""

    def __init__(self):
        self.hits, self.term, self.written, self.sure = {}, 1, -1, None

    def write(self, doc_id, version, items, total=None, seq=None, deleted=False):
        self.written += 1
        meta = {"version": version, "source": {"s0": {"seq": version if seq is None else seq}}}
        body = {"items": [{"line_total": item} for item in items]}
        body |= {"items_total": str(sum(map(float, items))) if total is None else total}
        if deleted:
            body, meta["deleted"] = {}, True
        self.hits[doc_id] = {
            "_id": doc_id,
            "_version": version,
            "_seq_no": self.written,
            "_primary_term": self.term,
            "_source": {**body, "_tailrace": meta},
        }

    def acknowledged(self):
        return self.written if self.sure is None else self.sure

    def refresh(self):
        pass

    def count(self):
        return len(self.hits)

    def written_after(self, seq_no):
        found = sorted(self.hits.values(), key=lambda hit: hit["_seq_no"])
        return [hit for hit in found if hit["_seq_no"] > seq_no]

    def by_id(self, ids):
        return [self.hits[doc_id] for doc_id in ids if doc_id in self.hits]


class Watching(unittest.TestCase):
    def setUp(self):
        self.index = Index()
        invariant = watch.Invariant("items_total=sum(items.line_total)")
        self.watcher = watch_index.Watcher(self.index, [invariant])
        self.index.write("1", 5, ["1.00", "2.00"])
        self.index.write("2", 5, ["1.00"])
        self.watcher.poll()

    def finds(self, *kinds):
        self.watcher.poll()
        found = [kind for kind in watch_index.WRONGS if self.watcher.counts[kind]]
        self.assertEqual(found, list(kinds), self.watcher.samples)
        self.assertEqual(self.watcher.good, not kinds)

    def restart_index(self):
        """Its next answer is an error; then it has a new primary term."""
        answer, self.index.refresh = self.index.refresh, lambda: self.fail_once(answer)
        self.watcher.poll()
        self.index.term += 1

    def fail_once(self, answer):
        self.index.refresh = answer
        raise OSError("away")

    def test_nothing_where_all_is_right(self):
        self.index.write("1", 6, ["3.00"])
        self.index.write("2", 9, [], deleted=True)
        self.finds()
        self.assertEqual((self.watcher.counts["versions"], self.watcher.counts["stubs"]), (4, 1))

    def test_a_torn_document(self):
        self.index.write("1", 6, ["3.00"], total="4.00")
        self.finds("torn")

    def test_a_version_that_goes_back(self):
        self.index.write("1", 4, ["3.00"])
        self.finds("back")

    def test_a_newer_version_with_older_content(self):
        self.index.write("1", 6, ["3.00"], seq=3)
        self.finds("older")

    def test_two_contents_of_one_version(self):
        self.index.write("1", 5, ["9.00"])
        self.finds("ambiguous")

    def test_a_document_that_vanishes_while_the_index_is_away(self):
        self.restart_index()
        del self.index.hits["2"]
        self.finds("vanished")

    def test_what_the_index_lost_before_it_acknowledged_it_is_not_the_programs_fault(self):
        before = dict(self.index.hits)
        self.index.sure = self.index.written
        self.index.write("1", 6, ["3.00"])
        self.watcher.poll()
        self.restart_index()
        self.index.hits = before
        self.index.write("1", 5, ["1.00", "2.00"])
        self.finds()
        self.assertEqual(self.watcher.counts["unacknowledged"], 1)

    def test_what_the_index_had_acknowledged_may_not_go_back(self):
        self.index.write("1", 6, ["3.00"])
        self.watcher.poll()
        self.restart_index()
        self.index.write("1", 5, ["1.00", "2.00"])
        self.finds("back")


if __name__ == "__main__":
    sys.exit(unittest.main())
