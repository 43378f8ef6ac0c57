"""What `production` means in these tests: two processes, asked in turn."""

from pathlib import Path

import pytest

from tests.integration.conftest import Api
from tests.integration.gallery import Gallery

pytestmark = pytest.mark.production


def listener(port: int) -> int:
    """The process that listens on a port of this machine."""
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    (inode,) = [row[9] for row in rows if row[1] == f"0100007F:{port:04X}" and row[3] == "0A"]
    for held in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if str(held.readlink()) == f"socket:[{inode}]":
                return int(held.parts[2])
        except OSError:  # closed meanwhile, or another user's
            continue
    raise AssertionError(f"nobody holds socket {inode}")


def test_requests_of_one_client_go_to_both_in_turn(api: Api) -> None:
    client = api.client()
    answers = [client.get("/api/health/live") for _ in range(4)]
    asked = [answer.extensions["network_stream"].get_extra_info("server_addr")[1] for answer in answers]
    assert asked == [*api.ports, *api.ports]
    assert len({listener(port) for port in api.ports}) == 2


def test_what_one_was_told_the_other_knows_at_once(api: Api) -> None:
    gallery = Gallery.of(api)
    for number in range(6):
        file = {"file": (f"{number}.txt", f"file {number}".encode(), "text/plain")}
        made = gallery.client.post("/api/files", data={"workspaceId": gallery.workspace.id}, files=file).json()
        assert gallery.client.get(f"/api/files/{made['id']}").json() == made
        gallery.client.get("/api/me")  # so that the next upload goes to the other one
        assert gallery.client.get("/api/files").json()["data"][0] == made
