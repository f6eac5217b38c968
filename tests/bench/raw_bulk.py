"""The limit beside which the Elasticsearch sink is shown: the same documents, already rendered, sent by curl."""

import json
import shutil
import subprocess
import time
import urllib.error

DOCUMENTS_PER_REQUEST = 1000  # as the sink does
CONNECTIONS = 4


def _write_requests(world, index, folder, version_type):
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
            action = {"_id": hit["_id"], "version": hit["_version"], "version_type": version_type}
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


def _send(world, folder, target, lanes):
    """All requests, with CONNECTIONS connections; seconds of time, and of CPU of the server."""
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
    if answers.count('"errors":false') != sum(map(len, lanes)):
        raise RuntimeError(f"raw _bulk: {answers[:500]}")
    return wall, world.servers_cpu()["elasticsearch"] - before["elasticsearch"]


def replay(world, index, again=False):
    """Sends the documents of `index` to a fresh one; what it took. `again`: then once more, over themselves."""
    folder = world.folder / "bulk"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    lanes, documents, size = _write_requests(world, index, folder, "external_gte" if again else "external")
    target = f"{index}-raw"
    _fresh_index(world, index, target)
    wall, cpu = _send(world, folder, target, lanes)
    found = {"documents": documents, "bytes": size, "wall_s": wall, "elasticsearch_cpu_s": cpu}
    if again:
        found["again_wall_s"], found["again_elasticsearch_cpu_s"] = _send(world, folder, target, lanes)
    world.elasticsearch("POST", f"/{target}/_refresh")
    landed = world.elasticsearch("GET", f"/{target}/_count")["count"]
    if landed != documents:
        raise RuntimeError(f"raw _bulk: {landed} of {documents} documents landed")
    world.elasticsearch("DELETE", f"/{target}")
    shutil.rmtree(folder)
    return found
