"""Two servers on one PostgreSQL: killed, cut off, restarted in turn; nothing is lost and nothing doubled."""

import re
from collections.abc import Iterator

import pytest

from tests.support import seaweed
from tests.support.cluster import Cluster, Member, running_cluster
from tests.support.gate import CREATE, Hold
from tests.support.pipeline import wait_for
from tests.support.postgres import Postgres

REQUESTED = ["file.ready", "image.provision_requested"]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> Iterator[Cluster]:
    seaweed.require()
    with running_cluster(tmp_path_factory.mktemp("cluster"), postgres, seaweed.shared()) as cluster:
        yield cluster


@pytest.fixture
def cluster(running: Cluster) -> Cluster:
    """Both servers at work, whatever the test before did to them."""
    running.gate.forget()
    running.whole()
    return running


def worker_of(cluster: Cluster, file_id: str) -> str:
    return str(cluster.workflow(file_id).executor_id)


def by_slot(cluster: Cluster, name: str) -> tuple[Member, Member]:
    """The server that works under this name, and the other."""
    first, second = cluster.members
    is_first = re.findall(r"working as (server-\d+)", first.server.log)[-1] == name
    return (first, second) if is_first else (second, first)


def assert_one_image_each(cluster: Cluster, member: Member, files: list[str]) -> None:
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
