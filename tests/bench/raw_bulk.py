"""The limit beside which the Elasticsearch sink is shown: the same documents, already rendered, sent by curl."""

import json
import subprocess
import time
import urllib.error

DOCUMENTS_PER_REQUEST = 1000  # as the sink does
CONNECTIONS = 4


def _write_requests(world, index, folder):
    """The documents of an index as _bulk requests; (files by connection, documents, bytes)."""
    lanes, documents, size, after = [[] for _ in range(CONNECTIONS)], 0, 0, None
    world.elasticsearch("POST", f"/{index}/_refresh")
    while True:
        query = {"size": DOCUMENTS_PER_REQUEST, "version": True, "sort": [{"id": "asc"}]}
        if after is not None:
            query["search_after"] = after
        hits = world.elasticsearch("POST", f"/{index}/_search", query)["hits"]["hits"]
        if not hits:
            return lanes, documents, size
        lines = []
        for hit in hits:
            action = {"_id": hit["_id"], "version": hit["_version"], "version_type": "external"}
            lines.append(json.dumps({"index": action}))
            lines.append(json.dumps(hit["_source"], ensure_ascii=False, separators=(",", ":")))
        number = documents // DOCUMENTS_PER_REQUEST
        file = folder / f"bulk-{number}.ndjson"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        lanes[number % CONNECTIONS].append(file)
        documents, size, after = documents + len(hits), size + file.stat().st_size, hits[-1]["sort"]


def _fresh_index(world, like, name):
    """An index with the settings and the mapping of another."""
    (known,) = world.elasticsearch("GET", f"/{like}").values()
    kept = ("number_of_shards", "number_of_replicas", "refresh_interval", "analysis", "mapping", "codec")
    settings = {key: value for key, value in known["settings"]["index"].items() if key in kept}
    try:
        world.elasticsearch("DELETE", f"/{name}")
    except urllib.error.HTTPError as absent:
        if absent.code != 404:
            raise
    world.elasticsearch("PUT", f"/{name}", {"settings": settings, "mappings": known["mappings"]})


def replay(world, index):
    """Sends the documents of `index` to a fresh one, with CONNECTIONS connections; what it took."""
    folder = world.folder / "bulk"
    folder.mkdir(exist_ok=True)
    lanes, documents, size = _write_requests(world, index, folder)
    target = f"{index}-raw"
    _fresh_index(world, index, target)
    url = f"{world.environment['ES']}/{target}/_bulk?filter_path=errors"
    before, began, senders = world.servers_cpu(), time.monotonic(), []
    for number, files in enumerate(lanes):
        config = folder / f"lane-{number}.conf"
        config.write_text(
            "\nnext\n".join(
                f'url = "{url}"\nheader = "Content-Type: application/x-ndjson"\nheader = "Expect:"\n'
                f'data-binary = "@{file}"\nsilent'
                for file in files
            )
        )
        senders.append(subprocess.Popen(["curl", "-K", config], stdout=subprocess.PIPE, text=True))
    answers = "".join(sender.communicate()[0] for sender in senders)
    wall = time.monotonic() - began
    cpu = world.servers_cpu()["elasticsearch"] - before["elasticsearch"]
    if answers.count('"errors":false') != sum(map(len, lanes)):
        raise RuntimeError(f"raw _bulk: {answers[:500]}")
    world.elasticsearch("POST", f"/{target}/_refresh")
    landed = world.elasticsearch("GET", f"/{target}/_count")["count"]
    if landed != documents:
        raise RuntimeError(f"raw _bulk: {landed} of {documents} documents landed")
    world.elasticsearch("DELETE", f"/{target}")
    return {"documents": documents, "bytes": size, "wall_s": wall, "elasticsearch_cpu_s": cpu}
