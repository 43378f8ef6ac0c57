"""Requests that nobody should send: each gets the answer it deserves, and nothing else happens."""

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from images_app import ids
from images_app.storage.base import ServesPresigned
from tests.integration.gallery import Gallery, problem
from tests.integration.uploading import upload
from tests.support.library import counted

TOTALS = ["files", "files:ready", "trash", "images", "event:image.deleted", "event:file.deleted"]


@pytest.mark.parametrize(
    ("paths", "left"),
    [
        (["/api/images/{image}"], [1, 1, 0, 0, 1, 0]),
        (["/api/images/{file}"], [0, 0, 1, 0, 1, 1]),
        (["/api/files/{file}"], [0, 0, 1, 0, 1, 1]),
        (["/api/images/{file}", "/api/files/{file}"], [0, 0, 1, 0, 1, 1]),
    ],
)
def test_of_twenty_who_delete_at_once_one_does_it(gallery: Gallery, paths: list[str], left: list[int]) -> None:
    file = gallery.image()
    asked = [path.format(file=file.id, image=ids.image_of(file.id)) for path in paths] * (20 // len(paths))
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(gallery.client.delete, asked))
    assert sorted(answer.status_code for answer in answers) == [200, *[404] * 19]
    assert list(counted(gallery.api.world, gallery.workspace, TOTALS).values()) == left
    assert [job for job in gallery.queued() if job.startswith("delete:")] == [f"delete:cf-{file.id}:1"]


def test_of_removing_and_trashing_at_once_none_is_lost(gallery: Gallery) -> None:
    """The image goes once, whoever was first; the file ends in the trash, since that was asked for as well."""
    files = [gallery.image() for _ in range(10)]
    asked = [f"/api/{kind}" for file in files for kind in (f"images/{ids.image_of(file.id)}", f"files/{file.id}")]
    with ThreadPoolExecutor(8) as threads:
        answers = dict(zip(asked, threads.map(gallery.client.delete, asked), strict=True))
    for file in files:
        assert answers[f"/api/files/{file.id}"].status_code == 200
        assert answers[f"/api/images/{ids.image_of(file.id)}"].status_code in (200, 404)
    assert list(counted(gallery.api.world, gallery.workspace, TOTALS).values()) == [0, 0, 10, 0, 10, 10]


def test_what_claims_to_be_another_method_is_what_it_is(gallery: Gallery) -> None:
    path = f"/api/files/{gallery.image().id}"
    names = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method")
    disguised = dict.fromkeys(names, "DELETE")
    assert gallery.client.get(path, headers=disguised, params={"_method": "DELETE"}).status_code == 200
    assert gallery.client.head(path, headers=disguised).status_code == 200
    for address in (path, "/api/images"):
        answer = gallery.client.post(address, headers=disguised, data={"_method": "DELETE"})
        assert problem(answer) == (405, "method_not_allowed")
    assert gallery.client.get(path).json()["status"] == "ready"


@pytest.mark.parametrize("body", [b"{", b'{"limit": 1}', b"\xff" * 100_000])
@pytest.mark.parametrize("path", ["/api/images", "/api/files", "/api/me", "/api/images/{file}"])
def test_a_body_of_a_get_changes_nothing(standing: Gallery, path: str, body: bytes) -> None:
    address = path.format(file=standing.image().id)
    plain = standing.client.get(address)
    answer = standing.client.request("GET", address, content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()) == (200, plain.json())
    chunked = standing.client.request("GET", address, content=iter([body]))
    assert (chunked.status_code, chunked.json()) == (200, plain.json())


@pytest.mark.parametrize(
    ("target", "headers", "status"),
    [
        ("/api/me", ["X-Big: " + "x" * 1_048_576], b"431"),
        ("/api/me", [f"X-{n}: 1" for n in range(1000)], b"431"),
        ("/api/images?" + "&".join(f"a{n}={n}" for n in range(10_000)), [], b"414"),
        ("/api/images?" + "&".join(["ids=img_01m7vpggc6e7a834dncn5fcrp4"] * 10_000), [], b"414"),
        ("/api/images?" + "&".join(["a"] * 10_000), [], b"200"),
        ("/api/" + "x" * 60_000, [], b"404"),
        ("/api/me", ["Content-Length: 5", "Content-Length: 6"], b"400"),
        ("/api/me", ["X: a\0b"], b"400"),
    ],
    ids=["large header", "many headers", "many parameters", "many ids", "unknown", "long path", "two lengths", "nul"],
)
def test_what_is_too_large_or_malformed_is_refused_by_the_server_itself(
    standing: Gallery, target: str, headers: list[str], status: bytes
) -> None:
    host, port = standing.api.url.removeprefix("http://").split(":")
    credential = standing.client.headers["authorization"]
    lines = [f"GET {target} HTTP/1.1", "Host: here", f"Authorization: {credential}", "Connection: close", *headers]
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        # The server may have answered and hung up before everything is sent.
        with suppress(ConnectionError):
            connection.sendall("\r\n".join([*lines, "", ""]).encode())
        with suppress(ConnectionError):
            assert connection.recv(4096).split()[1] == status
    assert standing.client.get("/api/me").status_code == 200


def test_who_asks_for_html_is_told_of_a_failure_in_json(gallery: Gallery) -> None:
    html = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1"}
    key = {"Idempotency-Key": "once"}
    file, viewer = gallery.image(), gallery.as_member("viewer")
    are_ours = isinstance(gallery.api.world.objects, ServesPresigned)  # objects in a bucket have no address here
    upload(gallery, **key)
    for expected, answer in (
        (400, gallery.client.get("/api/images?limit=0", headers=html)),
        (401, gallery.api.client().get("/api/images", headers=html)),
        (403, viewer.delete(f"/api/files/{file.id}", headers=html)),
        (404, gallery.client.get("/api/nothing", headers=html)),
        (403 if are_ours else 404, gallery.client.get("/objects/nothing", headers=html)),
        (405, gallery.client.post("/api/images", headers=html)),
        (409, gallery.client.post(f"/api/files/{file.id}/retry", headers=html)),
        (412, gallery.client.delete(f"/api/files/{file.id}", headers=html | {"If-Match": '"stale"'})),
        (413, gallery.client.post("/api/workspaces", content=b" " * 2_000_000, headers=html)),
        (422, upload(gallery, b"other", **key, **html)),
    ):
        assert problem(answer)[0] == expected
