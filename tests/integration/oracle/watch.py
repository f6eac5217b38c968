"""Polls a sink while things are killed: versions never go down, nothing vanishes, nothing is torn."""

import decimal
import http.client
import signal
import sqlite3
import time

import compare


class Invariant:
    """`items_total=sum(items.line_total)`: a field of the document is the sum of a field of its children."""

    def __init__(self, text):
        self.text = text
        self._total, _, rest = text.partition("=")
        self._child, _, self._field = rest.removeprefix("sum(").removesuffix(")").partition(".")

    def broken(self, body):
        """What is wrong, or None. A document without these fields is as broken as can be."""
        try:
            return self._broken(body)
        except (LookupError, TypeError, ArithmeticError) as error:
            return f"{self.text} cannot be computed: {error!r}"

    def _broken(self, body):
        total = sum(decimal.Decimal(item[self._field]) for item in body[self._child])
        if decimal.Decimal(body[self._total]) == total:
            return None
        return f"{self._total} is {body[self._total]}, but {self.text.partition('=')[2]} is {total}"


class Watcher:
    def __init__(self, sink, invariants):
        self._sink, self._invariants = sink, invariants
        self._versions = {}
        self.polls = self.failed_polls = self.violations = self.rises = 0
        self.samples = []
        self._stop = False

    def run(self, interval, seconds):
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._request_stop)
        end = time.monotonic() + seconds if seconds else None
        while not self._stop and (end is None or time.monotonic() < end):
            self.poll()
            time.sleep(interval)
        self.poll()
        return self.violations == 0

    def _request_stop(self, _number, _frame):
        self._stop = True

    def poll(self):
        """One look. A sink that does not answer is what the kill tests do to it: counted, not a violation."""
        try:
            seen = dict(self._look())
        except (OSError, http.client.HTTPException, sqlite3.Error):
            self.failed_polls += 1
            return
        self.polls += 1
        for doc_id in self._versions.keys() - seen.keys():
            self._violation(f"{doc_id}: version {self._versions[doc_id]} vanished")
        for doc_id, version in seen.items():
            before = self._versions.get(doc_id, -1)
            if version < before:
                self._violation(f"{doc_id}: version went from {before} down to {version}")
            self.rises += version > before
        self._versions = seen

    def _look(self):
        if not self._invariants:
            yield from self._sink.versions()
            return
        for document in self._sink.documents():
            yield document.id, document.version
            if document.deleted or document.version == self._versions.get(document.id):
                continue
            for invariant in self._invariants:
                broken = invariant.broken(document.body)
                if broken:
                    self._violation(f"{document.id}: {broken} (version {document.version})")

    def _violation(self, text):
        self.violations += 1
        if len(self.samples) < compare.SHOWN:
            self.samples.append(text)

    def lines(self):
        yield (
            f"watched {len(self._versions)} documents, {self.polls} polls ({self.failed_polls} failed), "
            f"{self.rises} new versions, {self.violations} violations"
        )
        for sample in self.samples:
            yield f"  {sample}"
