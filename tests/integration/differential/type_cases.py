"""Every column type with its edge values: data for the differential test.

A case has a name, the SQL type, values as SQL literals, and `kind`: which rule of the reference maps it
(expected.py). `type` is its line in docs/reference/types.md.
"""
import dataclasses
from typing import Callable


# MariaDB's own format of old: neither its mariadb-binlog nor anything without the schema can read it.
OLD_FRACTION = "old_fraction"


@dataclasses.dataclass
class Case:
    name: str
    sql: str                  # of the column, with its character set
    values: list[str]
    kind: str
    type: str                 # as docs/reference/types.md names it
    fraction: int = 0
    not_null: bool = True     # a second column that is NOT NULL is made, too
    members: tuple = ()
    where: Callable = lambda server: True
    group: str = ""
    named: bool = False       # only where the metadata has the members: information_schema shows some as ?


def _integers():
    for name, bits in (("tinyint", 8), ("smallint", 16), ("mediumint", 24), ("int", 32), ("bigint", 64)):
        top = 2 ** bits
        signed = [-top // 2, top // 2 - 1, 0, -1, 1, 42]
        unsigned = [0, top - 1, top // 2, top // 2 - 1, 1]
        yield Case(name, name.upper(), [str(v) for v in signed], "integer", name.upper())
        yield Case(name + "_u", f"{name.upper()} UNSIGNED", [str(v) for v in unsigned], "integer", name.upper())
    yield Case("tinyint1", "TINYINT(1)", ["0", "1", "-128", "127"], "integer", "TINYINT")
    yield Case("int_z", "INT(8) UNSIGNED ZEROFILL", ["0", "42", "4294967295"], "integer", "INT")
    yield Case("year", "YEAR", ["0", "1901", "1970", "2026", "2155"], "year", "YEAR")


def _approximate():
    floats = ["0", "-0e0", "3.402823466e38", "-3.402823466e38", "1.17549435e-38", "1e-45", "0.1", "16777216",
              "1.5", "3.14159274", "1e-7", "1e10", "123456.789", "9.99999e22", "-2.5e-3"]
    doubles = ["0", "-0e0", "1.7976931348623157e308", "-1.7976931348623157e308", "2.2250738585072014e-308", "5e-324",
               "0.1", "1e22", "1e23", "123456789.125", "9007199254740993", "1e-5", "1e15", "1e16", "3"]
    yield Case("float", "FLOAT", floats, "float", "FLOAT")
    yield Case("float_md", "FLOAT(9,3)", ["0", "1.5", "123456.789", "-123456.789", "0.0005"], "float", "FLOAT")
    yield Case("float_z", "FLOAT(9,3) ZEROFILL", ["0", "1.5", "123456.789"], "float", "FLOAT")
    yield Case("float_u", "FLOAT UNSIGNED", ["0", "0.1", "3.402823466e38"], "float", "FLOAT")
    yield Case("double", "DOUBLE", doubles, "double", "DOUBLE")
    yield Case("double_md", "DOUBLE(15,4)", ["0", "0.1", "-12345678901.2346"], "double", "DOUBLE")
    yield Case("double_u", "DOUBLE UNSIGNED ZEROFILL", ["0", "0.1", "1e300"], "double", "DOUBLE")


def _decimals():
    for precision, scale in ((1, 0), (2, 1), (3, 0), (4, 2), (5, 5), (6, 3), (7, 0), (8, 4), (9, 0), (9, 9), (10, 9),
                             (12, 2), (19, 1), (20, 6), (27, 18), (38, 10), (65, 0), (65, 30)):
        nines = "9" * precision
        top = nines[: precision - scale] + ("." + nines[precision - scale:] if scale else "")
        top = "0" + top if top.startswith(".") else top
        least = "0." + "0" * (scale - 1) + "1" if scale else "1"
        yield Case(f"decimal_{precision}_{scale}", f"DECIMAL({precision},{scale})",
                   ["0", top, "-" + top, least, "-" + least, "-0"], "decimal", "DECIMAL")
    yield Case("decimal_u", "DECIMAL(12,2) UNSIGNED", ["0", "0.01", "9999999999.99"], "decimal", "DECIMAL")
    yield Case("decimal_z", "DECIMAL(12,2) ZEROFILL", ["0", "12.5", "9999999999.99"], "decimal", "DECIMAL")
    wide = "0." + "0" * 37 + "1"
    yield Case("decimal_38_38", "DECIMAL(38,38)", ["0", wide, "-" + wide], "decimal", "DECIMAL",
               where=lambda server: server.mariadb)


def _bits():
    for width in (1, 2, 7, 8, 9, 16, 17, 24, 25, 33, 63, 64):
        ones, mixed = "1" * width, ("10" * width)[:width]
        yield Case(f"bit_{width}", f"BIT({width})", ["b'0'", "b'1'", f"b'{ones}'", f"b'{mixed}'"],
                   "bit1" if width == 1 else "bit", "BIT(1)" if width == 1 else "BIT(n)")


def _fraction(digits, text="123456789"):
    return "." + text[:digits] if digits else ""


def _temporal(prefix="", group="temporal", where=lambda server: True, fractions=range(7)):
    yield Case(prefix + "date", "DATE",
               ["'0000-00-00'", "'2000-00-05'", "'2024-00-15'", "'2024-02-00'", "'0000-01-01'", "'0001-01-01'",
                "'1000-01-01'", "'2024-02-29'", "'2026-11-20'", "'9999-12-31'", "'2023-02-30'", "'2024-04-31'", "'0000-02-29'", "'1900-02-29'"],
               "date", "DATE", group=group, where=where)
    for f in fractions:
        nines, some, one = _fraction(f, "999999"), _fraction(f), _fraction(f, "000001")
        times = ["'00:00:00'", f"'-838:59:58{nines}'", f"'838:59:58{nines}'", "'838:59:59'", "'-838:59:59'",
                 f"'-00:00:00{nines}'", f"'-00:00:01{one}'", f"'12:34:56{some}'", f"'-12:34:56{some}'",
                 f"'-100:00:00{one}'", "'100:00:00'"]
        moments = ["'0000-00-00 00:00:00'", f"'9999-12-31 23:59:59{nines}'", f"'1000-01-01 00:00:00{one}'",
                   f"'2026-11-20 12:00:00{some}'", f"'2024-00-15 01:02:03{some}'", "'2024-02-00 00:00:00'",
                   f"'0000-01-01 00:00:00{some}'", f"'0001-01-01 23:59:59{nines}'", f"'2023-02-30 10:00:00{some}'"]
        stamps = ["'0000-00-00 00:00:00'", "'1970-01-01 00:00:01'", f"'2038-01-19 03:14:07{nines}'",
                  f"'2026-11-20 03:00:00{some}'", f"'2000-02-29 23:59:59{nines}'", f"'1970-01-01 00:00:01{one}'"]
        brackets = f"({f})" if f else ""
        yield Case(f"{prefix}time{f}", f"TIME{brackets}", times, "time", "TIME(f)", f, group=group, where=where)
        yield Case(f"{prefix}datetime{f}", f"DATETIME{brackets}", moments, "datetime", "DATETIME(f)", f, group=group,
                   where=where)
        yield Case(f"{prefix}timestamp{f}", f"TIMESTAMP{brackets}", stamps, "timestamp", "TIMESTAMP(f)", f,
                   group=group, where=where)
    if not prefix:
        late = ["'2038-01-19 03:14:08'", "'2106-02-07 06:28:15.999999'", "'2099-12-31 23:59:59.5'"]
        yield Case("timestamp_late", "TIMESTAMP(6)", late, "timestamp", "TIMESTAMP(f)", 6, group=group,
                   where=lambda server: server.mariadb and server.at_least(11, 5))


def _strings():
    texts = ["''", "'a'", "'  lead'", "'quote '' back \\\\ slash'", "'line\\nfeed\\ttab'", "'nul\\0inside'",
             "'한국어 주문 🍗'", "'ÿ\u0080\u007f'", "'{\"a\": 1}'", "'ａ'", "'a b '", "'\u2028\ufeff'", "'NULL'", "'1e999'"]
    for n, prefix in ((10, ""), (64, ""), (255, "")):
        yield Case(f"char_{n}", f"CHAR({n})", texts + ([f"REPEAT('🍗', {n})"] if n > 10 else []), "text", "CHAR",
                   group=f"char{n}")
    for n in (20, 63, 64, 255, 300):
        yield Case(f"varchar_{n}", f"VARCHAR({n})", texts + ["'trail  '", f"REPEAT('한', {n})", f"REPEAT('x', {n})"],
                   "text", "VARCHAR", group="varchar")
    for name, size in (("TINYTEXT", 255), ("TEXT", 65535), ("MEDIUMTEXT", 70000), ("LONGTEXT", 70000)):
        yield Case(name.lower(), name, texts + ["'trail  '", f"REPEAT('x', {size})", f"REPEAT('🍗', {size // 4})"],
                   "text", "TEXT", group="text")


def _binaries():
    every = "x'" + bytes(range(256)).hex() + "'"
    short = ["''", "x'00'", "x'0000'", "x'ff'", "x'0100'", "x'00ff00'", "'abc'", "'tail  '"]
    for n in (1, 8, 255):
        yield Case(f"binary_{n}", f"BINARY({n})", [f"LEFT({v}, {n})" for v in short + [every]], "bytes", "BINARY",
                   group="binary")
    for n in (10, 255, 256, 300):
        yield Case(f"varbinary_{n}", f"VARBINARY({n})", [f"LEFT({v}, {n})" for v in short + [every]], "bytes",
                   "VARBINARY", group="binary")
    for name, size in (("TINYBLOB", 255), ("BLOB", 65535), ("MEDIUMBLOB", 70000), ("LONGBLOB", 70000)):
        yield Case(name.lower(), name, short + [f"LEFT({every}, 255)", f"REPEAT(x'00', {size})",
                                                f"REPEAT(x'ff', {size})"], "bytes", "BLOB", group="blob")


def _quoted(member):
    return "'" + member.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n") + "'"


def _members():
    plain = ("a", "b'c", "한글", "x,y", "back\\slash", 'say "x"', "two\nlines", "a unsigned b", ")")
    many = tuple(f"m{i}" for i in range(300))
    yield Case("enum", f"ENUM({','.join(map(_quoted, plain))})", [*map(_quoted, plain), "0", "1", "9"], "text", "ENUM",
               members=plain, group="members")
    yield Case("enum_300", f"ENUM({','.join(map(_quoted, many))})",
               ["'m0'", "'m254'", "'m255'", "'m256'", "'m299'", "0"], "text", "ENUM", members=many, group="members")
    latin = ("ß", "é")
    yield Case("enum_latin1", f"ENUM({','.join(map(_quoted, latin))}) CHARACTER SET latin1", ["1", "2", "0"], "text",
               "ENUM", members=latin, group="members")
    for count in (1, 3, 8, 9, 16, 17, 24, 25, 32, 33, 63, 64):
        names = tuple("m" + chr(0xAC00 + i) if i % 2 else f'q"{i}' for i in range(count))
        top = 2 ** count - 1
        yield Case(f"set_{count}", f"SET({','.join(map(_quoted, names))})",
                   ["''", "1", str(top), str(top // 3), str((top + 1) // 2)], "set", "SET", members=names,
                   group="members")
    emoji = ("🍕", "?", "a🍗?", "𠀀")
    yield Case("enum_emoji", f"ENUM({','.join(map(_quoted, emoji))})", ["1", "2", "3", "4", "0"], "text", "ENUM",
               members=emoji, group="members_named", named=True)
    yield Case("set_emoji", f"SET({','.join(map(_quoted, emoji))})", ["1", "2", "5", "15", "0"], "set", "SET",
               members=emoji, group="members_named", named=True)
    yield Case("set_latin1", f"SET({','.join(map(_quoted, latin))}) CHARACTER SET latin1", ["0", "1", "2", "3"], "set",
               "SET", members=latin, group="members")


def _spatial():
    shapes = {"POINT": ["POINT(1 2)", "POINT(127.0 37.5)", "POINT(-0.1 1e-7)"],
              "LINESTRING": ["LINESTRING(0 0, 1.5 2.5, 3 4)"],
              "POLYGON": ["POLYGON((0 0,10 0,10 10,0 10,0 0),(1 1,2 1,2 2,1 2,1 1))"],
              "MULTIPOINT": ["MULTIPOINT(1 1, 2 2)"], "MULTILINESTRING": ["MULTILINESTRING((0 0,1 1),(2 2,3 3))"],
              "MULTIPOLYGON": ["MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((5 5,6 5,6 6,5 5)))"],
              "GEOMETRYCOLLECTION": ["GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(0 0,1 1))"]}
    for name, texts in shapes.items():
        yield Case("g_" + name.lower(), name, [f"ST_GeomFromText('{text}')" for text in texts], "geometry",
                   "GEOMETRY", group="spatial")
    every = [f"ST_GeomFromText('{text}')" for texts in shapes.values() for text in texts]
    nested = "ST_GeomFromText('GEOMETRYCOLLECTION(GEOMETRYCOLLECTION(POINT(1 2)),POINT(3 4))')"
    yield Case("geometry", "GEOMETRY", every, "geometry", "GEOMETRY", group="spatial")
    yield Case("g_nested", "GEOMETRY", [nested], "geometry", "GEOMETRY", group="spatial",
               where=lambda server: server.mysql8)
    yield Case("g_empty", "GEOMETRY", ["ST_GeomFromText('GEOMETRYCOLLECTION EMPTY')"], "geometry", "GEOMETRY",
               group="spatial", where=lambda server: server.mysql8)
    yield Case("g_4326", "POINT SRID 4326", ["ST_GeomFromText('POINT(37.5 127.0)', 4326)"], "geometry", "GEOMETRY",
               group="spatial", where=lambda server: server.mysql8)


def _json():
    deep = "CONCAT(REPEAT('[', 99), '1', REPEAT(']', 99))"
    large = "CONCAT('[', REPEAT('12345678,', 20000), '1]')"
    wide = "CONCAT('{', REPEAT('\"k\":[1.5,null,\"x\"],', 1), '\"z\":\"', REPEAT('한', 30000), '\"}')"
    texts = ["null", "true", "false", "0", "-1", "32767", "32768", "-32769", "2147483647", "2147483648",
             "4294967296", "9223372036854775807", "18446744073709551615", "1.0", "1.5", "1e0", "-0.0", "1e308",
             "0.1", "123456789.125", '""', '"str"', '"한🍗"', '"q\\\\"b"', '"\\\\u0001\\\\n\\\\u001f"', "[]", "{}", "[1, 1.0, 1e0]",
             '{"": 1, "bb": 2, "a": {"c": [true, null]}}', '{"dup": 1, "dup": 2}', '[[[[]]], [{}]]', '{"long key with blanks": " a  b "}']
    values = ["'" + text + "'" for text in texts] + [deep, large, wide]
    # Types that only a function makes.
    made = ["JSON_ARRAY(CAST('2026-01-02 03:04:05.6' AS DATETIME(1)), CAST('-12:00:00.5' AS TIME(6)), CAST('2026-01-02' AS DATE))",
            "JSON_OBJECT('d', CAST(1.50 AS DECIMAL(5,2)), 'n', CAST(-99999999999999999999.123456 AS DECIMAL(30,6)))",
            "JSON_ARRAY(CAST(x'00ff10' AS BINARY), b'101', x'deadbeef')",
            "JSON_ARRAY(CAST('0000-00-00 00:00:00' AS DATETIME), CAST('838:59:59' AS TIME))",
            "JSON_ARRAY(ST_GeomFromText('POINT(1 2)'), CAST(2026 AS YEAR), CAST(5 AS UNSIGNED), CAST(-5 AS SIGNED))",
            "JSON_ARRAY(CAST(0 AS DECIMAL(65,30)), CAST(1e-30 AS DECIMAL(65,30)))"]
    yield Case("json", "JSON", values + made, "json", "JSON", group="json", where=lambda server: server.mysql8)
    own = ["'" + text + "'" for text in texts] + [large, "'{\"a\" :  [1 ,2] }'", "'\\t[ 1 ]\\n'"]
    yield Case("json", "JSON", own, "mariadb_json", "MariaDB: JSON", group="json", where=lambda server: server.mariadb)
    yield Case("json_check", "LONGTEXT CHECK (json_valid(`json_check`))", own, "mariadb_json", "MariaDB: JSON", not_null=False,
               group="json", where=lambda server: server.mariadb)
    # Only a column in UTF-8 is taken for JSON.
    yield Case("json_latin1", "LONGTEXT CHARACTER SET latin1 CHECK (json_valid(`json_latin1`))",
               ["'{\"é\": [1 ,2]}'", "'\"ß\"'"], "text", "TEXT", not_null=False, group="json",
               where=lambda server: server.mariadb)


def _others():
    mysql_vectors = ["TO_VECTOR('[1, -2.5, 3e-3]')", "TO_VECTOR('[0, 0, 0]')", "TO_VECTOR('[3.4e38, 2e-38, -0.0]')"]
    mariadb_vectors = [v.replace("TO_VECTOR", "VEC_FromText").replace("3.4e38", "1e18") for v in mysql_vectors]
    yield Case("vector", "VECTOR(3)", mysql_vectors, "vector", "VECTOR", group="others", where=lambda server: server.mysql8)
    yield Case("vector_1", "VECTOR(1)", ["TO_VECTOR('[0.1]')"], "vector", "VECTOR", group="others",
               where=lambda server: server.mysql8)
    yield Case("vector", "VECTOR(3)", mariadb_vectors, "vector", "VECTOR", group="others",
               where=lambda server: server.mariadb and server.at_least(11, 7))
    yield Case("uuid", "UUID", ["'00112233-4455-6677-8899-aabbccddee00'", "'00000000-0000-0000-0000-000000000000'",
                                "'ffffffff-ffff-ffff-ffff-ffffffffffff'", "'f47ac10b-58cc-1372-8567-0e02b2c3d479'"],
               "plain", "MariaDB: UUID", group="others", where=lambda server: server.mariadb)
    yield Case("inet4", "INET4", ["'0.0.0.0'", "'255.255.255.255'", "'10.0.0.1'", "'10.0.0.0'"], "plain", "MariaDB: INET4",
               group="others", where=lambda server: server.mariadb)
    yield Case("inet6", "INET6", ["'::'", "'1::'", "'::1'", "'::1.2.3.4'", "'::ffff:1.2.3.4'", "'64:ff9b::1.2.3.4'",
                                  "'fe80::1:0:0:1'", "'1:2:3:4:5:6:7:8'", "'1:0:0:4:0:0:0:8'", "'0:1::2:0:0:3'",
                                  "'1:2:3:4:5:6:7:0'", "'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'"],
               "plain", "MariaDB: INET6", group="others", where=lambda server: server.mariadb)
    texts = ["''", "'short'", "REPEAT('압축 ', 300)", "REPEAT('x', 1000)", "' '"]
    for name, sql in (("varchar_c", "VARCHAR(2000) COMPRESSED"), ("text_c", "TEXT COMPRESSED")):
        yield Case(name, sql, texts, "text", "MariaDB: VARCHAR COMPRESSED", group="others",
                   where=lambda server: server.mariadb)
    yield Case("varbinary_c", "VARBINARY(2000) COMPRESSED", ["''", "x'00'", "REPEAT(x'00ff', 500)"], "bytes",
               "MariaDB: VARBINARY COMPRESSED", group="others", where=lambda server: server.mariadb)
    yield Case("blob_c", "BLOB COMPRESSED", ["''", "x'00'", "REPEAT(x'00ff', 500)"], "bytes", "MariaDB: VARBINARY COMPRESSED",
               group="others", where=lambda server: server.mariadb)
    yield Case("uca1400", "VARCHAR(40) COLLATE utf8mb4_uca1400_ai_ci", ["'ünï 🍗'", "''"], "text", "VARCHAR",
               group="others", where=lambda server: server.mariadb)


def _with_group(cases, group):
    for case in cases:
        case.group = case.group or group
        yield case


def cases_for(server):
    """The cases that this server can have."""
    old = lambda s: s.mariadb  # noqa: E731  (its formats before MySQL 5.6: MariaDB still makes such tables)
    every = [*_with_group(_integers(), "numbers"), *_with_group(_approximate(), "floats"),
             *_with_group(_decimals(), "decimals"), *_with_group(_bits(), "bits"), *_temporal(), *_strings(),
             *_binaries(), *_members(), *_spatial(), *_json(), *_others(),
             *_temporal("old_", "old_temporal", old, fractions=(0,)),
             *_temporal("old_", OLD_FRACTION, old, fractions=range(1, 7))]
    return [case for case in every if case.where(server)]
