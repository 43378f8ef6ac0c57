"""Two servers on one PostgreSQL: killed, cut off, restarted in turn; nothing is lost and nothing doubled."""

import re
import signal
from collections.abc import Iterator

import pytest

from tests.support import seaweed
from tests.support.cluster import Cluster, running_cluster
from tests.support.gate import CREATE, Hold
from tests.support.pipeline import Pipeline, wait_for
from tests.support.postgres import Postgres, binaries

RATE = 10.0
"""Calls to Cloudflare a second, of both servers together."""
LATE_S = 2.0
"""By so much a call may be sent after its turn has come, on a machine that is busy with other tests."""
REQUESTED = ["file.ready", "image.provision_requested"]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    seaweed.require()
    found = binaries()
    if found is None:
        pytest.skip("PostgreSQL is not on this machine: neither in /usr/lib/postgresql nor on the PATH.")
    with (
        Postgres(found) as database,
        running_cluster(tmp_path_factory.mktemp("cluster"), database, seaweed.shared(), provision_rate=RATE) as cluster,
    ):
        yield cluster


@pytest.fixture
def cluster(running: Cluster) -> Cluster:
    """Both servers at work, whatever the test before did to them."""
    running.gate.forget()
    running.whole()
    return running


def worker_of(cluster: Cluster, file_id: str) -> str:
    return str(cluster.workflow(file_id).executor_id)


def by_slot(cluster: Cluster, name: str) -> tuple[Pipeline, Pipeline]:
    """The server that works under this name, and the other."""
    first, second = cluster.members
    is_first = re.findall(r"working as (server-\d+)", first.server.log)[-1] == name
    return (first, second) if is_first else (second, first)


def assert_one_image_each(cluster: Cluster, member: Pipeline, files: list[str]) -> None:
    for file_id in files:
        member.wait_for_state(file_id, "done")
    wait_for(lambda: not cluster.client.list_workflows(status=["ENQUEUED", "PENDING"]))
    for file_id in files:
        assert [image["id"] for image in member.remote(file_id)] == [member.image(file_id)["cfImageId"]]
        types = member.event_types(file_id)
        assert types[:2] == REQUESTED
        assert types.count("image.created") == 1
        assert set(types[2:]) <= {"image.provision_retrying", "image.created"}


@pytest.mark.parametrize("after", [False, True], ids=["before the copy", "after the copy before the commit"])
def test_what_a_killed_server_was_at_is_finished_by_the_other(cluster: Cluster, after: bool) -> None:
    hold = Hold(after=after)
    cluster.gate.next(CREATE, hold)
    file_id = cluster.members[0].upload()
    hold.wait()
    worker = worker_of(cluster, file_id)
    victim, heir = by_slot(cluster, worker)
    victim.server.kill()
    hold.drop()
    assert_one_image_each(cluster, heir, [file_id])
    assert worker_of(cluster, file_id) != worker


def test_a_frozen_server_that_wakes_up_finds_its_work_done_by_another(cluster: Cluster) -> None:
    hold = Hold(after=True)
    cluster.gate.next(CREATE, hold)
    file_id = cluster.members[0].upload()
    hold.wait()
    worker = worker_of(cluster, file_id)
    frozen, awake = by_slot(cluster, worker)
    frozen.server.freeze()
    cluster.cut(int(worker.removeprefix("server-")))  # which the database does by itself after half a minute of silence
    awake.wait_for_state(file_id, "done")
    hold.release()
    frozen.server.thaw()
    frozen.server.wait_for_log("the slot is lost")
    wait_for(lambda: cluster.slots() == 2)
    assert_one_image_each(cluster, frozen, [file_id, frozen.upload(), awake.upload()])


def test_servers_that_lose_their_slots_take_others_and_go_on(cluster: Cluster) -> None:
    hold = Hold(after=True)
    cluster.gate.next(CREATE, hold)
    creates = cluster.gate.count(CREATE)
    file_id = cluster.members[0].upload()
    hold.wait()
    for number in (1, 2):
        cluster.cut(number)
    assert_one_image_each(cluster, cluster.members[0], [file_id])
    hold.drop()
    assert cluster.gate.count(CREATE) == creates + 1, "the image was found and adopted"


def test_the_database_is_restarted_in_the_middle(cluster: Cluster) -> None:
    hold = Hold(after=False)
    cluster.gate.next(CREATE, hold)
    files = [member.upload() for member in cluster.members for _ in range(4)]
    hold.wait()
    cluster.postgres.kill()
    hold.release()
    cluster.postgres.start()
    assert_one_image_each(cluster, cluster.members[1], files)


def test_a_failover_to_a_standby_that_can_only_be_read_for_a_while_loses_nothing(cluster: Cluster) -> None:
    hold = Hold(after=True)
    cluster.gate.next(CREATE, hold)
    files = [member.upload() for member in cluster.members for _ in range(4)]
    hold.wait()
    with cluster.postgres.failed_over():
        hold.release()
        for member in cluster.members:
            wait_for(lambda member=member: member.http.get("/api/files").status_code == 200)  # type: ignore[misc]
    assert_one_image_each(cluster, cluster.members[1], files)


def test_a_rolling_restart_loses_nothing(cluster: Cluster) -> None:
    files: list[str] = []
    for leaving, staying in (cluster.members, reversed(cluster.members)):
        hold = Hold(after=False)
        cluster.gate.next(CREATE, hold)
        files += [member.upload() for member in cluster.members for _ in range(4)]
        hold.wait()
        assert leaving.server.stop(signal.SIGTERM) == 0
        hold.drop()
        files.append(staying.upload())
        assert_one_image_each(cluster, staying, files)
        leaving.server.start()
    assert_one_image_each(cluster, cluster.members[0], files)


def test_both_servers_together_keep_the_pace(cluster: Cluster) -> None:
    before = len(cluster.gate.moments)
    files = [member.upload() for _ in range(30) for member in cluster.members]
    assert_one_image_each(cluster, cluster.members[0], files)
    calls = sorted(
        moment
        for line, moment in list(zip(cluster.gate.seen, cluster.gate.moments, strict=False))[before:]
        if not line.endswith("/v1/stats")
    )
    assert len(calls) >= len(files)
    for n, since in enumerate(calls):
        for m, until in enumerate(calls[n:]):
            assert m <= RATE * (until - since + LATE_S) + 1, f"{m + 1} calls within {until - since:.2f} s"
    workers = {worker_of(cluster, file_id) for file_id in files}
    assert workers == {"server-1", "server-2"}
