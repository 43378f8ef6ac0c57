"""Images provisioned per second by one, two and four servers on PostgreSQL, against a Cloudflare that takes its time.

The parts are real: PostgreSQL, an S3 server for the originals, and the local Cloudflare behind a gate in which every
upload waits 50 ms. The uploads are accepted first, while the gate is closed; the time is from its opening until the
gallery has them all. Servers, S3, Cloudflare and this process share the cores of one machine.
"""

import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.support import seaweed
from tests.support.cluster import Cluster, running_cluster
from tests.support.gate import CREATE, Answer, Forward
from tests.support.photos import photo_jpeg
from tests.support.pipeline import wait_for
from tests.support.postgres import Postgres, binaries

SERVERS = (1, 2, 4)
FILES = 300
LATENCY_S = 0.05
_UPLOADS_AT_ONCE = 8
_WITHIN_S = 300


def main() -> None:
    """Print the figures."""
    found = binaries()
    if found is None or seaweed.binary() is None:
        print("provisioning: PostgreSQL and SeaweedFS are needed; `make test` installs them.")
        return
    rates = []
    with Postgres(found) as postgres, tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for servers in SERVERS:
            place = Path(folder) / str(servers)
            weed = seaweed.shared()
            with running_cluster(place, postgres, weed, servers=servers, rate_limit_per_token=0) as cluster:
                rates.append(FILES / _seconds(cluster))
            times = rates[-1] / rates[0]
            name = "1 server " if servers == 1 else f"{servers} servers"
            print(f"provisioning: {name} {rates[-1]:6.1f} images/s, {times:.2f} times one", flush=True)
    print(f"  a Cloudflare of {LATENCY_S * 1000:.0f} ms; {FILES} pictures each time")


def _seconds(cluster: Cluster) -> float:
    """From the opening of the gate until every file is in the gallery."""
    opened = threading.Event()

    def late(forward: Forward) -> Answer:
        opened.wait(_WITHIN_S)
        time.sleep(LATENCY_S)
        return forward()

    cluster.gate.next(CREATE, *[late] * FILES * 4)
    members, first = cluster.members, cluster.members[0]
    pictures = [photo_jpeg(320, 240, seed=number) for number in range(FILES)]
    with ThreadPoolExecutor(_UPLOADS_AT_ONCE) as pool:
        turns = (members[number % len(members)] for number in range(FILES))
        list(pool.map(lambda member, data: member.upload(data), turns, pictures))
    began = time.perf_counter()
    opened.set()
    gallery = f"/api/images?limit=1&workspace_id={first.workspace_id}"
    wait_for(lambda: first.http.get(gallery).json()["pageInfo"]["total"] == FILES, within=_WITHIN_S)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
