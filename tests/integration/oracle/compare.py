"""Differences between an expected and an actual document, field by field."""

import decimal
import multiprocessing

from expected import Kept, Shape

NUMBERS = (int, float, decimal.Decimal)
SHOWN = 5


def differences(expected, actual, path="", ordered=True):
    """Yields (path, message). Strict about types: true is not 1, "1" is not 1."""
    if path and isinstance(expected, (dict, list)) and repr(expected) == repr(actual):
        return  # Python writes types and order too; the slow way is for what differs, or seems to.
    if isinstance(expected, Kept):
        yield from _kept(expected, actual, path, ordered)
    elif isinstance(expected, dict) and isinstance(actual, dict):
        yield from _objects(expected, actual, path, ordered)
    elif isinstance(expected, list) and isinstance(actual, list):
        if len(expected) != len(actual):
            yield path, f"expected {len(expected)} elements, found {len(actual)}"
        for place, pair in enumerate(zip(expected, actual)):
            yield from differences(*pair, f"{path}[{place}]", ordered)
    elif not same_scalar(expected, actual):
        yield path, f"expected {brief(expected)}, found {brief(actual)}"


def same_scalar(expected, actual):
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    if isinstance(expected, NUMBERS) and isinstance(actual, NUMBERS):
        return same_number(expected, actual)
    return type(expected) is type(actual) and expected == actual


def same_number(expected, actual):
    """By value, exact. Two texts of one double are the same number even if their 17th digits differ."""
    if expected == actual:
        return True
    if isinstance(expected, int) and isinstance(actual, int):
        return False
    digits = max(len(decimal.Decimal(number).as_tuple().digits) for number in (expected, actual))
    return digits <= 17 and float(expected) == float(actual)


def _objects(expected, actual, path, ordered):
    for name, value in expected.items():
        below = f"{path}.{name}" if path else name
        if name not in actual:
            yield below, "missing"
        else:
            yield from differences(value, actual[name], below, ordered)
    extra = [
        name for name in actual if name not in expected and not (path == "" and name == "_tailrace")
    ]
    for name in extra:
        yield f"{path}.{name}" if path else name, f"extra, holds {brief(actual[name])}"
    if ordered and not extra and isinstance(expected, Shape):
        names = [name for name in actual if not (path == "" and name == "_tailrace")]
        if names != list(expected) and set(names) == set(expected):
            yield path or "(document)", f"fields in another order: {', '.join(names)}"


def _kept(expected, actual, path, ordered):
    if actual is None:
        if expected.present:
            yield path, "null although the row of this keep lookup is there"
    elif not isinstance(actual, dict):
        yield path, f"expected an object or null, found {brief(actual)}"
    else:
        stand_in = Shape(
            (name, expected.known.get(name, actual.get(name))) for name in expected.names
        )
        yield from differences(stand_in, actual, path, ordered)
        for name in expected.names:
            if name not in actual:
                yield f"{path}.{name}", "missing"


def brief(value):
    text = repr(value) if not isinstance(value, decimal.Decimal) else str(value)
    return text if len(text) <= 120 else text[:117] + "…"


class Report:
    """Counts, and the first few of each kind of trouble."""

    def __init__(self):
        self.compared = self.stubs = self.missing = self.extra = self.different = 0
        self.samples = {"missing": [], "extra": [], "different": []}

    def add(self, kind, text):
        setattr(self, kind, getattr(self, kind) + 1)
        if len(self.samples[kind]) < SHOWN:
            self.samples[kind].append(text)

    def merge(self, other):
        for name in ("compared", "stubs", "missing", "extra", "different"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for kind, samples in self.samples.items():
            samples += other.samples[kind][: SHOWN - len(samples)]

    @property
    def equal(self):
        return not (self.missing or self.extra or self.different)

    def as_json(self):
        return {
            "compared": self.compared,
            "stubs": self.stubs,
            "missing": self.missing,
            "extra": self.extra,
            "different": self.different,
            "samples": self.samples,
        }

    def lines(self):
        yield (
            f"compared {self.compared}, missing {self.missing}, extra {self.extra}, "
            f"different {self.different} (stubs {self.stubs})"
        )
        for kind, samples in self.samples.items():
            for sample in samples:
                yield f"  {kind}: {sample}"


def compare(expected, sink, ordered=True, workers=1):
    """Every stored document against the expected ones; `workers` processes share the work."""
    _job.update(expected=expected, sink=sink, ordered=ordered, workers=workers)
    if workers == 1:
        shares = [_share(0)]
    else:
        with multiprocessing.get_context("fork").Pool(workers) as pool:
            shares = pool.map(_share, range(workers))
    report, seen = Report(), set()
    for share, found in shares:
        report.merge(share)
        for doc_id in seen.intersection(found):
            report.add("different", f"{doc_id}: stored twice")
        seen.update(found)
    for doc_id in expected:
        if doc_id not in seen:
            report.add("missing", doc_id)
    return report


_job = {}  # what forked workers inherit


def _share(part):
    """One worker's part of the stored documents: (report, ids seen)."""
    expected, report, seen = _job["expected"], Report(), set()
    for document in _job["sink"].documents(part, _job["workers"]):
        problems = list(document.problems())
        if document.deleted:
            report.stubs += 1
        elif document.id not in expected:
            report.add("extra", document.id)
        else:
            if document.id in seen:
                problems.append(("_id", "stored twice"))
            seen.add(document.id)
            report.compared += 1
            shard, body = expected.body(document.id)
            problems += differences(body, document.body, ordered=_job["ordered"])
            problems += document.source_problems(shard)
        if problems:
            report.add(
                "different", f"{document.id}: " + "; ".join(f"{p}: {m}" for p, m in problems[:5])
            )
    return report, seen
