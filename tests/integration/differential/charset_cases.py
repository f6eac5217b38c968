"""Every character set of a server, with every character it has, found by asking the server itself.

Two ways in: characters that the server can convert from utf8mb4 and back, and codes that it converts to utf8mb4 but
that no character is converted to. Both become values of CHAR, VARCHAR and TEXT columns.
"""
import collections

from type_cases import Case

CHUNK = 250         # characters of a value
ASKED_AT_ONCE = 4096
SUPPLEMENTARY_STEP = 61  # of the characters above U+FFFF one in so many is tried, all of them in the long run
FOUR_BYTES = ("utf8mb4", "utf16", "utf16le", "utf32", "gb18030")
WIDE = ("ucs2", "utf16", "utf16le", "utf32")
LEADS_OF_PAIRS = range(0x80, 0x100)


def _code_points(charset, long):
    yield from range(0, 0xD800)
    yield from range(0xE000, 0x10000)
    if charset in FOUR_BYTES:
        yield from range(0x10000, 0x110000, 1 if long else SUPPLEMENTARY_STEP)


def _hex(charset, raw):
    return f"_{charset} x'{raw.hex()}'"


def characters(server, charset, long=False):
    """Those that survive the way from utf8mb4 to `charset` and back."""
    points, kept = list(_code_points(charset, long)), []
    for begin in range(0, len(points), ASKED_AT_ONCE):
        text = "".join(map(chr, points[begin:begin + ASKED_AT_ONCE]))
        asked = _hex("utf8mb4", text.encode("utf-8"))
        answer = server.rows(f"SELECT CONVERT(CONVERT({asked} USING {charset}) USING utf8mb4)")[0][0].decode("utf-8")
        if len(answer) != len(text):
            raise SystemExit(f"{server.name}: {charset}: {len(text)} characters came back as {len(answer)}")
        kept += [there for there, back in zip(text, answer) if there == back]
    return kept


def _candidates(charset):
    one = [bytes([a]) for a in range(256)]
    if charset in ("ucs2", "utf16", "utf16le"):
        return []  # every code is a character of the first list
    pairs = [bytes([a, b]) for a in LEADS_OF_PAIRS for b in range(0x30, 0x100)]
    triples = [bytes([0x8F, a, b]) for a in range(0xA1, 0xFF) for b in range(0xA1, 0xFF)]
    fours = [bytes([a, b, c, d]) for a in (0x81, 0x82, 0x83, 0x84) for b in range(0x30, 0x3A)
             for c in range(0x81, 0xFF) for d in range(0x30, 0x3A)]
    return {"ujis": one + pairs + triples, "eucjpms": one + pairs + triples, "gb18030": one + pairs + fours}.get(
        charset, one + pairs)


def codes(server, charset, width):
    """Further codes of `charset` with what the server converts each to: those that it converts nothing to."""
    if charset.startswith("utf") or charset == "ucs2":
        return {}
    wanted = [code for code in _candidates(charset) if len(code) <= width]
    server.run("TRUNCATE TABLE codes")
    for begin in range(0, len(wanted), 20000):
        server.run("INSERT INTO codes VALUES " + ",".join(f"(x'{c.hex()}')" for c in wanted[begin:begin + 20000]))
    found = {}
    there = f"CONVERT(code USING {charset})"
    for code, kept, text, count, back in server.rows(
            f"SELECT HEX(code), HEX({there}), HEX(CONVERT({there} USING utf8mb4)), CHAR_LENGTH({there}), "
            f"HEX(CONVERT(CONVERT({there} USING utf8mb4) USING {charset})) FROM codes"):
        # MySQL drops what follows a byte that cannot begin a character.
        whole = kept == code and count == b"1"
        if whole and text not in (None, b"", b"3F") and back != code:
            found[bytes.fromhex(code.decode())] = bytes.fromhex(text.decode()).decode("utf-8")
    return found


def unassigned(server, charset):
    """Well-formed codes that are no character, of those that codes() tried: SELECT shows ? for each."""
    if charset.startswith("utf") or charset == "ucs2":
        return []
    there = f"CONVERT(code USING {charset})"
    rows = server.rows(f"SELECT HEX(code) FROM codes WHERE HEX({there}) = HEX(code) AND CHAR_LENGTH({there}) = 1 "
                       f"AND HEX(CONVERT({there} USING utf8mb4)) = '3F' AND code <> '?'")
    found = [bytes.fromhex(row[0].decode()) for row in rows]
    if any(len(code) > 1 for code in found):
        found = [code for code in found if len(code) > 1]  # a lone lead byte is not well-formed
    return found[:: max(1, len(found) // 100)]


def _chunks(items):
    return [items[begin:begin + CHUNK] for begin in range(0, len(items), CHUNK)]


class Charsets:
    """What a server offers, asked once."""

    def __init__(self, server, long=False):
        self.server = server
        widths = {row[0].decode(): int(row[3]) for row in server.rows("SHOW CHARACTER SET")}
        self.characters = {name: characters(server, name, long) for name in server.charsets()}
        for sql in ("SET SESSION sql_log_bin = 0", "CREATE DATABASE IF NOT EXISTS diff_codes", "USE diff_codes",
                    "CREATE TABLE IF NOT EXISTS codes (code VARBINARY(4)) ENGINE=MyISAM"):
            server.run(sql)
        self.codes, self.unassigned = {}, {}
        for name in server.charsets():
            self.codes[name] = codes(server, name, widths[name])
            self.unassigned[name] = unassigned(server, name)
        server.run("DROP DATABASE diff_codes")
        server.run("SET SESSION sql_log_bin = 1")

    def samples(self, charset):
        """A few characters, most of them not ASCII; none that information_schema shows as ? in a member."""
        every = [c for c in self.characters[charset] if c.isprintable() and c not in ",'\\?" and ord(c) < 0x10000]
        others = [c for c in every if ord(c) > 127]
        return "".join((others or every)[:: max(1, len(others or every) // 7)][:8]) or "a"

    def every_character(self):
        """Cases with all characters and all codes, a group per character set."""
        for charset, found in self.characters.items():
            values = [_hex("utf8mb4", "".join(chunk).encode("utf-8")) for chunk in _chunks(found)]
            values += [_hex(charset, b"".join(chunk)) for chunk in _chunks(list(self.codes[charset]))]
            for name, sql, kind in (("char", f"CHAR({CHUNK})", "CHAR"), ("varchar", f"VARCHAR({CHUNK})", "VARCHAR"),
                                    ("text", "TEXT", "TEXT")):
                yield Case(f"{charset}_{name}", f"{sql} CHARACTER SET {charset}", values, "text", kind,
                           not_null=False, group="every_" + charset)
            if self.unassigned[charset]:
                lost = _hex(charset, b"|".join(self.unassigned[charset]))
                yield Case(charset + "_lost", f"TEXT CHARACTER SET {charset}", [lost], "unassigned", "TEXT",
                           not_null=False, group="every_" + charset)

    def counts(self):
        return (len(self.characters), sum(map(len, self.characters.values())), sum(map(len, self.codes.values())),
                sum(map(len, self.unassigned.values())))

    def of_each(self):
        """Cases with a few characters of each set, for every row image."""
        for charset in self.characters:
            text = self.samples(charset)
            values = [f"'{text}'", "''", f"'a{text[0]}'"]
            members = (text[:3], text[3:6] or "b", "a")
            listed = ",".join(f"'{member}'" for member in members)
            backwards = ",".join(f"'{member}'" for member in reversed(members))
            # MySQL 5.6 mixes up equal lists of members in one table where a set has wide characters.
            group = "charsets_members" + ("_" + charset if charset in WIDE else "")
            for name, sql, kind in (("char", "CHAR(20)", "CHAR"), ("varchar", "VARCHAR(20)", "VARCHAR"),
                                    ("text", "TINYTEXT", "TEXT")):
                yield Case(f"cs_{charset}_{name}", f"{sql} CHARACTER SET {charset}", values, "text", kind,
                           not_null=name == "varchar", group="charsets_" + name)
            yield Case(f"cs_{charset}_enum", f"ENUM({listed}) CHARACTER SET {charset}", ["1", "2", "3", "0"], "text",
                       "ENUM", not_null=False, members=members, group=group)
            yield Case(f"cs_{charset}_set", f"SET({backwards}) CHARACTER SET {charset}", ["1", "6", "7", "0"],
                       "set", "SET", not_null=False, members=members[::-1], group=group)

    def of_each_collation(self):
        """A column for every collation: its number in TABLE_MAP must lead to the right character set."""
        if self.server.mariadb:
            sql = ("SELECT FULL_COLLATION_NAME, CHARACTER_SET_NAME FROM "
                   "information_schema.COLLATION_CHARACTER_SET_APPLICABILITY ORDER BY ID")
        else:
            sql = "SELECT COLLATION_NAME, CHARACTER_SET_NAME FROM information_schema.COLLATIONS ORDER BY ID"
        count = collections.Counter()
        for name, charset in self.server.rows(sql):
            collation, charset = name.decode(), charset.decode() if charset else ""
            if charset in self.characters:
                count["all"] += 1
                yield Case("co_" + collation, f"VARCHAR(8) CHARACTER SET {charset} COLLATE {collation}",
                           [f"'{self.samples(charset)}'"], "text", "VARCHAR", not_null=False,
                           group=f"collations_{count['all'] // 200}")
