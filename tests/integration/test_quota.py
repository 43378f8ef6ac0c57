"""A full workspace takes nothing more, says so before the bytes move, and counts what is in its trash."""

import socket
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from images_app.models import Workspace
from tests.integration.gallery import Gallery, problem
from tests.support.library import counted

SMALL = pytest.mark.parametrize("options", [{"quota_bytes": 1000, "quota_files": 3}])


def upload(gallery: Gallery, size: int, workspace: Workspace | None = None, **headers: str) -> httpx.Response:
    return gallery.client.post(
        "/api/files",
        data={"workspaceId": (workspace or gallery.workspace).id},
        files={"file": ("notes.txt", b"x" * size, "text/plain")},
        headers=headers,
    )


def stored(gallery: Gallery) -> int:
    return sum(1 for _ in gallery.api.world.objects.list(f"{gallery.workspace.bucket}/"))


@SMALL
def test_a_file_fits_exactly_or_not_at_all(gallery: Gallery) -> None:
    assert upload(gallery, 600).status_code == 201
    refused = upload(gallery, 401)
    assert problem(refused) == (413, "quota_exceeded")
    assert {key: refused.json()[key] for key in ("resource", "limit", "actual")} == {
        "resource": "bytes",
        "limit": 1000,
        "actual": 1001,
    }
    assert upload(gallery, 400).status_code == 201
    assert problem(upload(gallery, 1)) == (413, "quota_exceeded")
    assert stored(gallery) == 2
    assert counted(gallery.api.world, gallery.workspace, ["files", "bytes"]) == {"files": 2, "bytes": 1000}


@SMALL
def test_files_are_counted_too_and_those_in_the_trash_with_them(gallery: Gallery) -> None:
    made = [upload(gallery, 1).json()["id"] for _ in range(3)]
    gallery.client.delete(f"/api/files/{made[0]}")
    refused = upload(gallery, 1)
    assert (problem(refused), refused.json()["resource"]) == ((413, "quota_exceeded"), "files")
    assert gallery.client.post(f"/api/files/{made[0]}/restore").status_code == 200
    elsewhere = gallery.api.workspace(gallery.ada, "Other")
    assert upload(gallery, 1, elsewhere).status_code == 201


@pytest.mark.parametrize("options", [{"quota_bytes": 1_000_000}])
def test_a_large_file_is_refused_before_its_bytes_move(gallery: Gallery) -> None:
    """Only the head and the first part are sent; the answer comes all the same."""
    part = f'--b\r\nContent-Disposition: form-data; name="workspaceId"\r\n\r\n{gallery.workspace.id}\r\n--b\r\n'
    head = (
        "POST /api/files HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
        f"Authorization: {gallery.client.headers['authorization']}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 2000000\r\n\r\n"
    )
    port = gallery.api.world.settings.port
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(head.encode() + part.encode())
        answer = b""
        while b"quota_exceeded" not in answer:
            more = connection.recv(65536)
            assert more, answer
            answer += more
    assert b"HTTP/1.1 413" in answer
    assert stored(gallery) == 0


@SMALL
def test_of_many_at_once_only_those_that_fit_get_in(gallery: Gallery) -> None:
    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(lambda _number: upload(gallery, 100).status_code, range(8)))
    assert sorted(statuses) == [201] * 3 + [413] * 5
    assert counted(gallery.api.world, gallery.workspace, ["files", "bytes"]) == {"files": 3, "bytes": 300}
    assert stored(gallery) == 3


@SMALL
def test_what_was_uploaded_already_is_answered_even_when_full(gallery: Gallery) -> None:
    key = {"Idempotency-Key": "once"}
    first = upload(gallery, 1000, None, **key)
    again = upload(gallery, 1000, None, **key)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    other = upload(gallery, 1000, None, **{"Idempotency-Key": "other"})
    assert problem(other) == (413, "quota_exceeded")


@SMALL
def test_an_admin_gives_a_workspace_more_or_no_limit_at_all(gallery: Gallery) -> None:
    admin = gallery.api.browser(gallery.api.user("root@localhost", is_admin=True))
    address = f"/api/workspaces/{gallery.workspace.id}"
    assert problem(upload(gallery, 1500)) == (413, "quota_exceeded")
    assert admin.patch(address, json={"quotaBytes": 1500}).json()["quota"] == {"bytes": 1500, "files": 3}
    assert upload(gallery, 1500).status_code == 201
    assert admin.patch(address, json={"quotaBytes": 0}).json()["quota"] == {"bytes": None, "files": 3}
    assert upload(gallery, 1500).status_code == 201
    assert gallery.client.get(address).json()["bytes"] == 3000


@SMALL
def test_limits_tell_the_servers_default(gallery: Gallery) -> None:
    limits = gallery.api.client().get("/api/limits").json()
    assert (limits["quotaBytes"], limits["quotaFiles"]) == (1000, 3)
