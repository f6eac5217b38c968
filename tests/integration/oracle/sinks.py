"""Reads what the sinks hold, stubs included, without tailrace."""

import decimal
import json
import sqlite3
import urllib.error
import urllib.parse
import urllib.request
import zlib

parse = json.JSONDecoder(parse_float=decimal.Decimal).decode


class Stored:
    """One stored document: id, version as the store knows it, deleted, body."""

    def __init__(self, doc_id, version, deleted, body):
        self.id, self.version, self.body = doc_id, version, body
        self._marked = deleted
        self._meta = body.get("_tailrace") if isinstance(body, dict) else None

    @property
    def deleted(self):
        if self._marked is not None:
            return self._marked
        return bool(self._meta) and self._meta.get("deleted") is True

    def problems(self):
        """Of _tailrace itself; all that is asked of a stub."""
        if not isinstance(self._meta, dict):
            yield "_tailrace", "missing"
            return
        if str(self._meta.get("version")) != str(self.version):
            yield "_tailrace.version", f"{self._meta.get('version')}, but the store has {self.version}"
        if self.deleted != (self._meta.get("deleted") is True):
            yield "_tailrace.deleted", "does not agree with the store"

    def source_problems(self, shard):
        source = (self._meta or {}).get("source")
        return (
            []
            if isinstance(source, dict) and shard in source
            else [(f"_tailrace.source.{shard}", "missing")]
        )


class Sqlite:
    """A table per document type: (id, version, deleted, body)."""

    def __init__(self, path, document):
        self._path, self._table = path, '"' + document.replace('"', '""') + '"'

    def _query(self, columns):
        uri = "file:" + urllib.parse.quote(str(self._path)) + "?mode=ro"
        connection = sqlite3.connect(uri, uri=True, timeout=30)
        try:
            yield from connection.execute(f"SELECT {columns} FROM {self._table}")
        finally:
            connection.close()

    def documents(self, part=0, parts=1):
        for doc_id, version, deleted, body in self._query("id, version, deleted, body"):
            if zlib.crc32(doc_id.encode()) % parts == part:
                yield Stored(doc_id, version, bool(deleted), parse(body))

    def versions(self):
        yield from self._query("id, version")

    def alias_problems(self, _live):
        return []


class Elasticsearch:
    """The indices behind a read alias, by scroll, after a refresh."""

    PAGE = 2000

    def __init__(self, url, alias):
        self._url, self._alias = url.rstrip("/"), alias

    def _call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self._url + path, data, {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=120) as response:
            return parse(response.read().decode())

    def _indices(self):
        try:
            return ",".join(sorted(self._call("GET", f"/_alias/{self._alias}")))
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return self._alias  # an index, not an alias; or nothing, and the next call says so
            raise

    def _hits(self, body):
        indices = self._indices()
        self._call("POST", f"/{indices}/_refresh")
        page = self._call(
            "POST",
            f"/{indices}/_search?scroll=2m",
            {"size": self.PAGE, "sort": ["_doc"], "version": True, **body},
        )
        while page["hits"]["hits"]:
            yield from page["hits"]["hits"]
            page = self._call(
                "POST", "/_search/scroll", {"scroll": "2m", "scroll_id": page["_scroll_id"]}
            )
        self._call("DELETE", "/_search/scroll", {"scroll_id": page["_scroll_id"]})

    def documents(self, part=0, parts=1):
        for hit in self._hits({"slice": {"id": part, "max": parts}} if parts > 1 else {}):
            yield Stored(hit["_id"], hit["_version"], None, hit["_source"])

    def versions(self):
        for hit in self._hits({"_source": False}):
            yield hit["_id"], hit["_version"]

    def alias_problems(self, live):
        """Readers of the alias must see the live documents and no stub."""
        count = self._call("GET", f"/{self._alias}/_count")["count"]
        return (
            []
            if count == live
            else [f"the alias {self._alias} shows {count} documents, {live} are live"]
        )
