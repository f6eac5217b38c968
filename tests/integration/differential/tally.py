"""Counts comparisons and differences. Threading: any thread."""
import collections
import threading

SHOWN = 40
SHOWN_OF_ONE = 2  # differences of one type on one side of one server


class Tally:
    def __init__(self):
        self.lock = threading.Lock()
        self.comparisons = collections.Counter()  # by server and side
        self.cells = set()                        # (type, value, image, server)
        self.types = collections.defaultdict(set)  # server -> types of the reference
        self.differences = collections.Counter()
        self.failures = []
        self.notes = []

    def note(self, text):
        with self.lock:
            self.notes.append(text)

    def compare(self, where, column, wanted, found):
        """`wanted`: (raw field, JSON text, …); `where`: server, image, metadata, side."""
        server, image, metadata, side = where
        raw, text = wanted[0], wanted[1]
        with self.lock:
            self.comparisons[server, side] += 1
            self.cells.add((column.case.name, column.not_null, hash(raw), image, metadata, server))
            self.types[server].add(column.case.type)
            if text == found:
                return
            self.differences[server, side, column.case.name] += 1
            if self.differences[server, side, column.case.name] > SHOWN_OF_ONE:
                return
            at = next((i for i, pair in enumerate(zip(text, found)) if pair[0] != pair[1]), min(len(text), len(found)))
            begin = max(0, at - 30)
            self.failures.append(f"{server} {side} {column.case.name}: {image} {metadata} {column.case.sql[:60]}: at "
                                 f"{at} wanted …{text[begin:at + 50]!r}, found …{found[begin:at + 50]!r}")

    def fail(self, where, text):
        with self.lock:
            self.failures.append(f"{where}: {text}")

    def expect(self, least):
        """`least`: server -> how many cells it must have had on each side."""
        count = self.by_server()
        for server, wanted in least.items():
            if count[server] < wanted:
                self.fail(server, f"only {count[server]} cells were compared, there must be {wanted}")
            for side in ("snapshot", "binlog", "peer"):
                if self.comparisons[server, side] < wanted:
                    self.fail(server, f"only {self.comparisons[server, side]} comparisons of {side}, there must be {wanted}")

    def by_server(self):
        return collections.Counter(cell[-1] for cell in self.cells)

    @property
    def failed(self):
        return bool(self.failures)

    def report(self, seconds):
        for failure in self.failures[:SHOWN]:
            print(failure)
        for key, count in sorted(self.differences.items()):
            print(f"  {' '.join(key)}: {count} different")
        for text in sorted(self.notes):
            print(text)
        for (server, side), count in sorted(self.comparisons.items()):
            print(f"{server:<11} {side:<13} {count:>9} comparisons")
        print("cells by server:", dict(sorted(self.by_server().items())))
        print(f"{len(self.cells)} cells (type, value, image, server), {sum(self.comparisons.values())} comparisons, "
              f"{sum(self.differences.values())} different, {len(self.failures)} failures, {seconds:.0f} s")
