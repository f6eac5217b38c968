"""How MySQL itself writes each column type as pipeline.md §2 wants it, and what is left to do in Python."""

import base64
import datetime
import decimal
import functools
import struct
import zoneinfo

INTEGERS = {"tinyint", "smallint", "mediumint", "int", "bigint"}
STRINGS = {"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum"}
BINARIES = {"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"}
GEOMETRIES = {
    "geometry",
    "point",
    "linestring",
    "polygon",
    "multipoint",
    "multilinestring",
    "multipolygon",
    "geomcollection",
    "geometrycollection",
}


class Column:
    """One column: `sql` selects it, `convert` (or None) finishes the value that JSON parsing gave."""

    def __init__(self, name, data_type, column_type, options, time_zone=None):
        self.name = name
        self.type = data_type
        self._quoted = "`" + name.replace("`", "``") + "`"
        self._boolean = name in options.get("booleans", [])
        self.as_number = options.get("decimals") == "number" and data_type == "decimal"
        self._width = column_type
        self._zone = zoneinfo.ZoneInfo(time_zone) if time_zone and data_type == "datetime" else None

    @property
    def sql(self):
        if self.type in INTEGERS or self.type in {"double", "float", "json"}:
            return self._quoted
        if self.as_number:
            return self._quoted
        if self.type in STRINGS or self.type in {"decimal", "date", "time", "set"}:
            return f"CAST({self._quoted} AS CHAR CHARACTER SET utf8mb4)"
        if self.type in {"datetime", "timestamp"}:
            return f"REPLACE(CAST({self._quoted} AS CHAR), ' ', 'T')"
        if self.type in {"year", "bit"}:
            return f"CAST({self._quoted} AS UNSIGNED)"
        if self.type in BINARIES or self.type == "vector":
            return f"REPLACE(TO_BASE64({self._quoted}), '\\n', '')"
        if self.type in GEOMETRIES:
            return f"ST_AsGeoJSON({self._quoted})"
        raise NotImplementedError(f"column {self.name} of type {self.type}")

    @property
    def convert(self):
        if self._boolean or (self.type == "bit" and self._width == "bit(1)"):
            return _boolean
        if self._zone:
            return functools.partial(_zoned, self._zone)
        return {
            "float": _float,
            "set": _set,
            "date": _date,
            "datetime": _date,
            "timestamp": _timestamp,
            "vector": _vector,
        }.get(self.type)


def _boolean(value):
    return None if value is None else value != 0


def _set(value):
    return None if value is None else [part for part in value.split(",") if part]


def _date(value):
    return value if value is None or possible(value[:10]) else None


def _timestamp(value):
    return value + "Z" if _date(value) is not None else None


def _zoned(zone, value):
    """The offset of that zone at that wall time; the earlier one where two fit (fold 0)."""
    if _date(value) is None:
        return None
    moment = datetime.datetime.fromisoformat(value[:19]).replace(tzinfo=zone)
    return value + f"{moment:%z}"[:3] + ":" + f"{moment:%z}"[3:]


@functools.lru_cache(maxsize=100_000)
def possible(day):
    """Zero and impossible dates show as null."""
    try:
        datetime.date.fromisoformat(day)
        return True
    except ValueError:
        return False


@functools.lru_cache(maxsize=100_000)
def shortest_float(single):
    """The shortest decimal that reads back as this 32-bit number."""
    for digits in range(1, 10):
        text = f"{single:.{digits}g}"
        if struct.pack("<f", float(text)) == struct.pack("<f", single):
            break
    return decimal.Decimal(text)


def _float(value):
    return None if value is None else shortest_float(float(value))


def _vector(value):
    if value is None:
        return None
    packed = base64.b64decode(value)
    return [shortest_float(single) for (single,) in struct.iter_unpack("<f", packed)]
