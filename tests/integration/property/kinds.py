"""Columns of the random schemas: SQL types and literals of their values.

Keys are drawn from small domains, so that rows meet: `member(kind, number)` is the value with that number.
"""

import datetime
import json

DAY = datetime.date(2024, 2, 26)
WORDS = ["a", "b-", "%", "c d", "é", "-", "Z", "주문", "🙂", "a%2D", "0", "null"]

KEYS = {
    "bigint": ("BIGINT", lambda n: str(n * 7 - 3)),
    "unsigned": ("INT UNSIGNED", lambda n: str(n)),
    "word": ("VARCHAR(20) COLLATE utf8mb4_bin", lambda n: quoted(WORDS[n % len(WORDS)])),
    "day": ("DATE", lambda n: quoted(str(DAY + datetime.timedelta(days=n)))),
    "cents": ("DECIMAL(8, 2)", lambda n: f"{n}.{n % 4}0"),
    "wide": ("BIGINT UNSIGNED", lambda n: str(2**64 - 1 - n)),
}


def member(kind, number):
    return KEYS[kind][1](number)


def quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def _text(rng, longest):
    letters = "abc XYZ'\"\\%_-\n\t€한🙂é"
    return quoted("".join(rng.choice(letters) for _ in range(rng.randint(0, longest))))


def _moment(rng, digits):
    second = datetime.datetime(1971, 1, 1) + datetime.timedelta(seconds=rng.randrange(2 * 10**9))
    fraction = f".{rng.randrange(10**digits):0{digits}d}" if digits else ""
    return quoted(f"{second}{fraction}")


def _decimal(rng, digits, scale):
    number = rng.choice([0, 1, -1, rng.randrange(10**digits), -rng.randrange(10**digits)])
    sign = "-" if number < 0 else ""
    return f"{sign}{abs(number) // 10**scale}.{abs(number) % 10**scale:0{scale}d}"


def _json(rng):
    value = {"n": rng.randrange(100), "t": rng.choice(WORDS), "l": [1, None, True, {"x": 0.5}]}
    value = rng.choice([value, {}, [], "text", 7, value["l"]])
    return quoted(json.dumps(value, ensure_ascii=False))


# kind -> (SQL type, literal of a random value). Those in SORTABLE may stand in `sort`.
VALUES = {
    "int": ("INT", lambda rng: str(rng.choice([0, -1, 7, rng.randrange(-(2**31), 2**31)]))),
    "small": ("SMALLINT UNSIGNED", lambda rng: str(rng.randrange(4))),
    "huge": ("BIGINT UNSIGNED", lambda rng: str(rng.choice([0, 2**64 - 1, rng.randrange(2**63)]))),
    "money": ("DECIMAL(12, 2)", lambda rng: _decimal(rng, 12, 2)),
    "exact": ("DECIMAL(30, 10)", lambda rng: _decimal(rng, 30, 10)),
    "double": ("DOUBLE", lambda rng: repr(rng.choice([0.0, 3.0, rng.uniform(-1e6, 1e6), 1e300]))),
    "float": ("FLOAT", lambda rng: str(rng.choice([0, 0.5, -2.25, 1234.5, 3]))),
    "text": ("VARCHAR(60)", lambda rng: _text(rng, 12)),
    "long": ("TEXT", lambda rng: _text(rng, 300)),
    "fixed": ("CHAR(5)", lambda rng: quoted(rng.choice(["", "ab", "ABCDE", "é"]))),
    "moment": ("DATETIME", lambda rng: _moment(rng, 0)),
    "fine": ("DATETIME(6)", lambda rng: _moment(rng, 6)),
    "stamp": ("TIMESTAMP(3)", lambda rng: _moment(rng, 3)),
    "date": ("DATE", lambda rng: quoted(str(DAY + datetime.timedelta(days=rng.randrange(9))))),
    "time": ("TIME(2)", lambda rng: quoted(rng.choice(["-838:59:59.00", "00:00:00.01", "12:30:00"]))),
    "year": ("YEAR", lambda rng: str(rng.randrange(1901, 2156))),
    "enum": ("ENUM('NEW', 'old', 'é')", lambda rng: quoted(rng.choice(["NEW", "old", "é"]))),
    "set": ("SET('a', 'b', 'c')", lambda rng: quoted(rng.choice(["", "a", "a,c", "a,b,c"]))),
    "bit": ("BIT(1)", lambda rng: rng.choice(["b'0'", "b'1'"])),
    "bits": ("BIT(12)", lambda rng: str(rng.randrange(4096))),
    "flag": ("TINYINT(1)", lambda rng: rng.choice(["0", "1"])),
    "json": ("JSON", _json),
    "bytes": ("VARBINARY(16)", lambda rng: "x'" + rng.randbytes(rng.randrange(9)).hex() + "'"),
}
SORTABLE = {"int", "small", "huge", "money", "exact", "text", "moment", "fine", "date", "enum"}
