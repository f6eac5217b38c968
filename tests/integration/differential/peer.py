"""Rows as mysqlbinlog -vv and mariadb-binlog -vv print them, and what they must print for a value that SELECT gave.

The programs know no names, signs, character sets or members; so, by their own rules:
  integers    as if signed, and where that is negative the unsigned number in brackets behind it
  YEAR        1900 + the stored number, also for 0
  FLOAT       6 digits, DOUBLE 20
  DATE        with colons; TIMESTAMP as seconds since 1970
  BIT, SET    as bits; a SET's bytes in stored order; ENUM as its number
  texts       bytes in the column's character set, control characters escaped; MySQL's program escapes quotes and
              backslashes too
  BINARY, UUID, INET   without zero bytes at the end, as they are stored
  COMPRESSED  the stored form: expanded here, before it is compared
  VECTOR      MySQL: each number with 6 digits; MariaDB: its bytes
  JSON        a document that is one string without its quotes, others as SELECT prints them
  GEOMETRY    MariaDB: its bytes. mysqlbinlog 9 says that it does not know the type and leaves out the rest of the event:
              that it still says so is checked, its rows of such tables are not compared.
"""
import calendar
import json
import re
import struct
import subprocess
import time
import zlib


HEAD = re.compile(rb"^### (INSERT INTO|UPDATE|DELETE FROM) `([^`]*)`\.`([^`]*)`$")
FIELD = re.compile(rb"^###   @(\d+)=(.*) /\* .* \*/$", re.S)
OPS = {b"INSERT INTO": "insert", b"UPDATE": "update", b"DELETE FROM": "delete"}
UNKNOWN = b"Don't know how to handle column type=255"
INTEGER_BITS = {"TINYINT": 8, "SMALLINT": 16, "MEDIUMINT": 24, "INT": 32, "BIGINT": 64}


def select_expression(case, column):
    """What has to be asked beside the value itself."""
    if case.members:
        return f"`{column}` | 0"
    if case.kind == "plain":
        return f"CAST(`{column}` AS BINARY({4 if case.sql == 'INET4' else 16}))"
    return f"CAST(`{column}` AS BINARY)" if case.kind in ("text", "unassigned", "mariadb_json") else "NULL"


def rows(command, database):
    """(op, table, before, after) in the order of the file; images are dictionaries of column number -> bytes."""
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} ended with {done.returncode}: {done.stderr.decode(errors='replace')[:500]}")
    found, image, unknown = [], None, set()
    for line in done.stdout.split(b"\n"):
        if not line.startswith(b"### "):
            continue
        head = HEAD.match(line)
        if head:
            ours = head[2].decode() == database
            found.append((OPS[head[1]], head[3].decode(), {}, {}) if ours else None)
        elif line == b"### WHERE":
            image = 2
        elif line == b"### SET":
            image = 3
        elif UNKNOWN in line and found[-1]:
            unknown.add(found[-1][1])
        elif found[-1] is not None:
            field = FIELD.match(line)
            found[-1][image][int(field[1])] = field[2]
    return [row for row in found if row], unknown


def quoted(server, raw):
    out = bytearray(b"'")
    named = {0x0A: b"\\n", 0x0D: b"\\r", 0x09: b"\\t", 0x08: b"\\b", 0x0C: b"\\f", 0x27: b"\\'", 0x5C: b"\\\\"}
    for byte in raw:
        if not server.mariadb and byte in named:
            out += named[byte]
        else:
            out += b"\\x%02x" % byte if byte < 0x20 else bytes([byte])
    return bytes(out + b"'")


def _integer(case, raw, _extra, _server):
    bits = INTEGER_BITS[case.type]
    unsigned = int(raw) % 2 ** bits
    signed = unsigned - 2 ** bits if unsigned >= 2 ** (bits - 1) else unsigned
    return b"%d (%d)" % (signed, unsigned) if signed < 0 else b"%d" % signed


def _year(_case, raw, _extra, _server):
    return b"%d" % (int(raw) or 1900)


def _float(_case, raw, _extra, _server):
    (single,) = struct.unpack("<f", struct.pack("<f", float(raw)))
    return b"%g" % single


def _double(_case, raw, _extra, _server):
    return b"%.20g" % float(raw)


def _decimal(_case, raw, _extra, _server):
    return re.sub(rb"^(-?)0+(?=\d)", rb"\1", raw)


def _bit(case, raw, _extra, _server):
    width = int(re.search(r"\d+", case.sql)[0])
    return b"b'%s'" % f"{int.from_bytes(raw, 'big'):0{width}b}".encode()


def _date(_case, raw, _extra, _server):
    return b"'" + raw.replace(b"-", b":") + b"'"


def _as_is(_case, raw, _extra, _server):
    return b"'" + raw + b"'"


def _timestamp(_case, raw, _extra, _server):
    text, dot, fraction = raw.decode().partition(".")
    seconds = 0 if text.startswith("0000") else calendar.timegm(time.strptime(text, "%Y-%m-%d %H:%M:%S"))
    return f"{seconds}{dot}{fraction}".encode()


def _text(case, _raw, extra, server):
    return b"%d" % int(extra) if case.members else quoted(server, extra)


def _set(case, _raw, extra, _server):
    count = len(case.members)
    size = next(n for n in (1, 2, 3, 4, 8) if count <= 8 * n)
    return b"b'" + "".join(f"{byte:08b}" for byte in int(extra).to_bytes(size, "little")).encode() + b"'"


def _bytes(case, raw, _extra, server):
    return quoted(server, raw.rstrip(b"\0") if case.sql.startswith("BINARY") else raw)


def _plain(_case, _raw, extra, server):
    return quoted(server, extra.rstrip(b"\0"))


def _vector(_case, raw, _extra, server):
    if server.mariadb:
        return quoted(server, raw)
    return b"[" + b",".join(b"%.5e" % x for (x,) in struct.iter_unpack("<f", raw)) + b"]"


def _json(_case, raw, _extra, server):
    return quoted(server, json.loads(raw).encode("utf-8") if raw.startswith(b'"') else raw)


TEXTS = {
    "integer": _integer, "year": _year, "float": _float, "double": _double, "decimal": _decimal, "bit": _bit,
    "bit1": _bit, "date": _date, "datetime": _as_is, "timestamp": _timestamp, "time": _as_is, "text": _text,
    "mariadb_json": _text, "unassigned": _text, "set": _set, "bytes": _bytes, "plain": _plain, "vector": _vector,
    "json": _json,
    "geometry": lambda _case, raw, _extra, server: quoted(server, raw),
}


def _unquoted(text):
    return re.sub(rb"\\x([01][0-9a-f])", lambda match: bytes([int(match[1], 16)]), text[1:-1])


def expanded(stored):
    """A COMPRESSED column's value: 0 and the bytes, or 8N, N bytes of length, and a raw deflate stream."""
    if not stored:
        return b""
    if stored[0] == 0:
        return stored[1:]
    return zlib.decompress(stored[1 + (stored[0] & 7):], wbits=-15)


def text_of(column, wanted, server):
    """What the program must print for the value that SELECT gave."""
    raw, _, extra = wanted
    return b"NULL" if raw is None else TEXTS[column.case.kind](column.case, raw, extra, server)


def _compare_image(where, tally, server, table, image, row):
    for number, found in image.items():
        if number == 1:
            continue
        column = table.columns[number - 2]
        wanted = row[column.name]
        text = text_of(column, wanted, server)
        if "COMPRESSED" in column.case.sql and found != b"NULL":
            plain = wanted[2] if column.case.kind == "text" else wanted[0]
            text, found = (plain, expanded(_unquoted(found)))
        if column.case.kind == "float":
            found = found.rstrip()  # padded to 20 characters
        tally.compare(where, column, (wanted[0], text), found)


def compare(combination, command, events, selected):
    """`events`: ours of the same file, which say which columns an image has; `selected`: first and second SELECT."""
    server, tally = combination.server, combination.tally
    shown, unknown = rows(command, combination.database)
    spatial = {"t_spatial"} & {table.name for table in combination.tables} if not server.mariadb else set()
    if unknown != spatial:
        tally.fail(combination.where, f"peer: does not know types of {unknown}, expected of {spatial}")
    shown = [row for row in shown if row[1] not in spatial]
    events = [event for event in events if event["t"] not in spatial]
    if [(event["op"], event["t"]) for event in events] != [row[:2] for row in shown]:
        tally.fail(combination.where, f"peer: shows {len(shown)} rows or another order, ours are {len(events)}")
        return
    where = (server.name, combination.label, combination.metadata, "peer")
    for event, (op, name, before, after) in zip(events, shown):
        table = combination.table(name)
        key = int((event["after"] if op == "insert" else event["before"])["id"])
        first, second = selected[0][name][key], selected[1][name][key]
        _compare_image(where, tally, server, table, before, first if op == "update" else second)
        _compare_image(where, tally, server, table, after, first if op == "insert" else second)
        for image, ours in ((before, event.get("before", {})), (after, event.get("after", {}))):
            numbers = {1 if column == "id" else 2 + table.columns.index(table.by_name[column]) for column in ours}
            if set(image) != numbers:
                tally.fail(combination.where, f"peer: {op} of {name} {key}: shows columns {sorted(set(image) ^ numbers)} "
                           "and we do not, or the reverse")
