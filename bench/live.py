"""How long until what is uploaded at one server is heard by two hundred listeners at two servers.

Each listener is an event stream, half of them at either server. From the beginning of an upload (a small file, which is
not a picture) until its event has come: so the upload itself is in the figure. With Redis, by which servers wake each
other, and without, where each looks at the database by itself.
"""

import asyncio
import json
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.support import seaweed
from tests.support.cluster import Cluster, running_cluster
from tests.support.pipeline import Pipeline
from tests.support.postgres import Postgres, binaries
from tests.support.redis import Redis
from tests.support.redis import binary as redis_server

LISTENERS = 200
UPLOADS = 20
_PAUSE_S = 0.25
_WITHIN_S = 60

Heard = asyncio.Queue[tuple[str, float]]
"""What a listener heard of: a file's id, or nothing when it has just begun; and when."""


async def _listen(member: Pipeline, heard: Heard) -> None:
    """One event stream, until it is cancelled."""
    reader, writer = await asyncio.open_connection("127.0.0.1", member.server.port)
    try:
        head = f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{member.server.port}\r\nAccept: text/event-stream\r\n"
        writer.write(f"{head}Authorization: {member.http.headers['authorization']}\r\n\r\n".encode())
        status = await reader.readline()
        assert b" 200 " in status, status
        heard.put_nowait(("", time.perf_counter()))
        while line := await reader.readline():
            if line.startswith(b"data:"):
                event = json.loads(line.removeprefix(b"data:"))
                if event.get("type") == "file.ready":
                    heard.put_nowait((event["fileId"], time.perf_counter()))
    finally:
        writer.close()


def main() -> None:
    """Print the figures."""
    found, redis_found = binaries(), redis_server()
    if found is None or redis_found is None or seaweed.binary() is None:
        print("live: PostgreSQL, Redis and SeaweedFS are needed; `make test` installs them.")
        return
    for kind in ("with Redis", "without Redis"):
        with ExitStack() as opened:
            folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
            postgres = opened.enter_context(Postgres(found))
            shared: dict[str, Any] = (
                {} if kind == "without Redis" else {"redis_url": opened.enter_context(Redis(redis_found)).url}
            )
            cluster = opened.enter_context(
                running_cluster(folder, postgres, seaweed.shared(), rate_limit_per_token=0, **shared)
            )
            delays = asyncio.run(_delays(cluster))
            cuts = statistics.quantiles(delays, n=100)
            print(
                f"live, {kind:13}: p50 {cuts[49]:.3f} s, p95 {cuts[94]:.3f} s, last {max(delays):.3f} s"
                f" ({LISTENERS} listeners at 2 servers, {UPLOADS} uploads)",
                flush=True,
            )


async def _delays(cluster: Cluster) -> list[float]:
    """Of every upload to every listener, in seconds."""
    heard: Heard = asyncio.Queue()
    first = cluster.members[0]
    listeners = [asyncio.create_task(_listen(cluster.members[number % 2], heard)) for number in range(LISTENERS)]
    try:
        await _from_all(heard, "")
        delays = []
        for number in range(UPLOADS):
            began = time.perf_counter()
            file_id = await asyncio.to_thread(first.upload, b"not a picture", f"{number}.txt", "text/plain")
            delays += [at - began for at in await _from_all(heard, file_id)]
            await asyncio.sleep(_PAUSE_S)
        return delays
    finally:
        for task in listeners:
            task.cancel()
        await asyncio.gather(*listeners, return_exceptions=True)


async def _from_all(heard: Heard, wanted: str) -> list[float]:
    """When each listener heard of it."""
    async with asyncio.timeout(_WITHIN_S):
        found = [await heard.get() for _ in range(LISTENERS)]
    assert {what for what, _ in found} == {wanted}
    return [at for _, at in found]


if __name__ == "__main__":
    main()
