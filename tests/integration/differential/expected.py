"""The value rules of the reference (docs/reference/types.md) from what SELECT prints, written a second time.

`literal(case, raw)` is the JSON text of a field that the server sent in the text protocol; raw: bytes, or None for
NULL. Nothing here is shared with the program under test. Session: time_zone '+00:00', character set utf8mb4.
FLOAT and DOUBLE are selected as `c * 1e0`, because SELECT rounds a FLOAT to 6 digits and FLOAT(M,D) to D: the product
is the same number as a DOUBLE, which the server prints with as many digits as tell it from every other.
"""
import base64
import calendar
import json
import re
import struct


def select_expression(case, column):
    return f"`{column}` * 1e0" if case.kind in ("float", "double") else f"`{column}`"


def literal(case, raw):
    return "null" if raw is None else RULES[case.kind](case, raw)


def string(text):
    return json.dumps(text, ensure_ascii=False)


def _integer(_case, raw):
    return str(int(raw))


def _text(_case, raw):
    return string(raw.decode("utf-8"))


def _unassigned(_case, raw):
    # The server shows ? for what is no character, the reference says U+FFFD.
    return string(raw.decode("utf-8").replace("?", "\ufffd"))


def _decimal(_case, raw):
    # ZEROFILL pads with zeros, which are not part of the number.
    return string(re.sub(r"^(-?)0+(?=\d)", r"\1", raw.decode()))


def _shortest(number, reads_back):
    """Digits and exponent of the shortest decimal that reads back as `number` > 0."""
    for precision in range(1, 18):
        text = f"{number:.{precision - 1}e}"
        if reads_back(float(text)):
            mantissa, _, exponent = text.partition("e")
            return mantissa.replace(".", "").rstrip("0") or "0", int(exponent)
    raise AssertionError(number)


def number(value, reads_back):
    """As std::to_chars writes it: the shorter of plain and scientific, plain where they are equally long."""
    sign = "-" if struct.pack(">d", value)[0] & 0x80 else ""
    value = abs(value)
    if value == 0:
        return sign + "0"
    digits, exponent = _shortest(value, reads_back)
    scientific = digits[0] + ("." + digits[1:] if len(digits) > 1 else "") + f"e{exponent:+03d}"
    if exponent >= len(digits) - 1:
        plain = str(int(value))
    elif exponent >= 0:
        plain = digits[: exponent + 1] + "." + digits[exponent + 1:]
    else:
        plain = "0." + "0" * (-exponent - 1) + digits
    return sign + (plain if len(plain) <= len(scientific) else scientific)


def _single(value):
    try:
        return struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return float("inf")


def double(value):
    return number(value, lambda other: other == abs(value))


def single(value):
    value = _single(value)
    return number(value, lambda other: _single(other) == abs(value))


def _bit(_case, raw):
    return str(int.from_bytes(raw, "big"))


def _bit1(_case, raw):
    return "true" if raw[-1] else "false"


def possible(date):
    year, month, day = int(date[:4]), int(date[5:7]), int(date[8:10])
    if not 1 <= month <= 12 or day < 1:
        return False
    # The server's calendar has a year 0, which is no leap year; Python's has none.
    return day <= calendar.monthrange(year or 1, month)[1]


def _date(_case, raw):
    text = raw.decode()
    return string(text) if possible(text) else "impossible " + string(text)


def _moment(_case, raw, suffix=""):
    text = raw.decode()
    if not possible(text):
        return "impossible " + string(text)
    return string(text.replace(" ", "T") + suffix)


def _set(_case, raw):
    text = raw.decode("utf-8")
    return "[" + ",".join(map(string, text.split(","))) + "]" if text else "[]"


def without_blanks(text):
    """JSON text without blanks outside strings; nothing else is touched."""
    parts = re.findall(r'"(?:[^"\\]|\\.)*"|[^"\s]+|\s+', text)
    return "".join(part for part in parts if not part.isspace())


def _json(_case, raw):
    return without_blanks(raw.decode("utf-8"))


def _mariadb_json(_case, raw):
    text = raw.decode("utf-8")
    try:
        json.loads(text)
    except ValueError:
        return string(text)
    return without_blanks(text)


class _Wkb:
    """Well-known binary, little-endian, as the server stores it."""
    NAMES = {1: "Point", 2: "LineString", 3: "Polygon", 4: "MultiPoint", 5: "MultiLineString", 6: "MultiPolygon",
             7: "GeometryCollection"}

    def __init__(self, raw):
        self.raw, self.at = raw, 0

    def take(self, form):
        values = struct.unpack_from("<" + form, self.raw, self.at)
        self.at += struct.calcsize("<" + form)
        return values

    def point(self):
        return "[" + ",".join(double(x) for x in self.take("dd")) + "]"

    def items(self, one):
        (count,) = self.take("I")
        return "[" + ",".join(one() for _ in range(count)) + "]"

    def coordinates(self):
        order, kind = self.take("BI")
        assert order == 1
        points = lambda: self.items(self.point)  # noqa: E731
        body = {1: self.point, 2: points, 3: lambda: self.items(points),
                4: lambda: self.items(lambda: self.coordinates()[1]), 5: lambda: self.items(lambda: self.coordinates()[1]),
                6: lambda: self.items(lambda: self.coordinates()[1]), 7: lambda: self.items(self.geometry)}[kind]()
        return kind, body

    def geometry(self):
        kind, body = self.coordinates()
        field = "geometries" if kind == 7 else "coordinates"
        return f'{{"type":"{self.NAMES[kind]}","{field}":{body}}}'


def _geometry(_case, raw):
    reader = _Wkb(raw[4:])  # a spatial reference system comes first
    text = reader.geometry()
    assert reader.at == len(reader.raw)
    return text


def _vector(_case, raw):
    return "[" + ",".join(single(x) for (x,) in struct.iter_unpack("<f", raw)) + "]"


RULES = {
    "integer": _integer, "year": _integer, "decimal": _decimal, "text": _text, "plain": _text,
    "unassigned": _unassigned,
    "float": lambda _case, raw: single(float(raw)), "double": lambda _case, raw: double(float(raw)),
    "bit": _bit, "bit1": _bit1, "date": _date, "datetime": _moment,
    "timestamp": lambda case, raw: _moment(case, raw, "Z"), "time": _text,
    "bytes": lambda _case, raw: string(base64.b64encode(raw).decode()), "set": _set, "json": _json,
    "mariadb_json": _mariadb_json, "geometry": _geometry, "vector": _vector,
}
