"""`POST /api/files`: what can be sent, in either order of parts; every way to fail leaves nothing behind."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.integration.conftest import served_api
from tests.integration.gallery import Gallery, problem
from tests.integration.uploading import FORM, Slow, kept, nothing_happened, part, send, stored, under_way, upload
from tests.support import photos
from tests.support.other_process import OtherProcess
from tests.support.ports import free_port

LIMIT = 3_000_000


@pytest.fixture
def small(gallery: Gallery, other: OtherProcess | None) -> Iterator[Gallery]:
    """The same servers with a limit of LIMIT bytes for one file."""
    limited = {"max_file_bytes": LIMIT, "port": free_port()}
    settings = gallery.api.world.settings.model_copy(update=limited)
    world = replace(gallery.api.world, settings=settings, shared=None)  # which is of the other server's event loop
    with served_api(world, other) as api:
        token = api.token(gallery.ada)[1]
        yield Gallery(api, gallery.ada, gallery.workspace, api.client(token))


def test_an_upload_becomes_a_file(gallery: Gallery) -> None:
    data = bytes(range(256)) * 5000
    answer = upload(gallery, data, "Übersicht.bin", "application/octet-stream")
    assert answer.status_code == 201
    shown = answer.json()
    assert answer.headers["location"] == f"/api/files/{shown['id']}"
    assert gallery.client.get(answer.headers["location"]).json() == shown
    assert (shown["name"], shown["size"], shown["sha256"]) == (
        "Übersicht.bin",
        len(data),
        hashlib.sha256(data).hexdigest(),
    )
    assert (shown["status"], shown["provisioning"]["state"], shown["createdBy"]) == ("ready", "none", gallery.ada.id)
    key, kept = stored(gallery, shown["id"])
    assert key == f"{gallery.workspace.bucket}/{shown['id']}/Ubersicht.bin"
    assert kept == data
    assert gallery.api.world.objects.stat(key).content_type == "application/octet-stream"
    assert [event["type"] for event in gallery.events(shown["id"])] == ["file.ready"]
    assert gallery.queued() == []


@pytest.mark.parametrize("size", [1, 4095, 512 * 1024, 512 * 1024 + 1, 2_000_001])
def test_the_parts_come_in_either_order(gallery: Gallery, size: int) -> None:
    data = (b"\r\n--frontie" * (size // 5 + 1))[:size]  # looks like the boundary again and again
    for pieces in (
        [part("workspaceId", gallery.workspace.id.encode()), part("file", data, '; filename="a.dat"')],
        [part("file", data, '; filename="a.dat"'), part("workspaceId", gallery.workspace.id.encode())],
    ):
        answer = send(gallery, *pieces)
        assert answer.status_code == 201, answer.text
        assert answer.json()["sha256"] == hashlib.sha256(data).hexdigest()
        assert stored(gallery, answer.json()["id"])[1] == data
    assert under_way(gallery) == []


def test_a_body_without_announced_length_is_taken(gallery: Gallery) -> None:
    slow = Slow(gallery)
    for byte in part("workspaceId", gallery.workspace.id.encode()):
        slow.send(bytes([byte]))
    for piece in (part("file", b"", '; filename="drip.txt"')[:-2], b"dr", b"ip"):
        slow.send(piece)
    status, text = slow.end()
    assert status == 201, text
    assert '"size":4' in text


def test_an_image_waits_to_be_provisioned_and_is_known_by_its_bytes(gallery: Gallery) -> None:
    shown = upload(gallery, photos.png(), "holiday.jpg", "text/html").json()
    assert (shown["mime"], shown["name"]) == ("image/png", "holiday.jpg")
    assert (shown["provisioning"]["state"], shown["provisioning"]["attempt"]) == ("pending", 1)
    assert [event["type"] for event in gallery.events(shown["id"])] == ["file.ready", "image.provision_requested"]
    assert gallery.queued() == [f"provision:{shown['id']}:1:1"]
    assert stored(gallery, shown["id"])[0].endswith("/holiday.png")


@pytest.mark.parametrize(("name", "mime"), [("page.jpg", "text/plain"), ("page", "image/png; charset=x")])
def test_what_only_claims_to_be_an_image_is_told_so_by_provisioning(gallery: Gallery, name: str, mime: str) -> None:
    shown = upload(gallery, b"<html><script>alert(1)</script>", name, mime).json()
    assert not shown["mime"].startswith("image/")
    assert shown["provisioning"]["state"] == "pending"


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ('; filename="..\\..\\evil.txt"', "evil.txt"),
        ('; filename="/etc/passwd"', "passwd"),
        ('; filename="say %22hi%22.txt"', 'say "hi".txt'),
        ('; filename="photo\u202egpj.exe"', "photogpj.exe"),
        ('; filename=""', "upload"),
        ("", "upload"),
        ('; filename="' + "n" * 4000 + '.txt"', "n" * 251 + ".txt"),
        ("; filename=\"plain.txt\"; filename*=UTF-8''other.txt", "plain.txt"),
    ],
)
def test_names_are_made_harmless(standing: Gallery, sent: str, name: str) -> None:
    answer = send(standing, part("workspaceId", standing.workspace.id.encode()), part("file", b"x", sent))
    assert (answer.status_code, answer.json()["name"]) == (201, name)


def test_a_broken_form_is_refused_and_leaves_nothing(gallery: Gallery) -> None:
    home, file = part("workspaceId", gallery.workspace.id.encode()), part("file", b"x" * 600_000, '; filename="a"')
    for code, pieces in (
        ("missing_part", [home]),
        ("missing_part", [file]),
        ("missing_part", []),
        ("empty_file", [home, part("file", b"", '; filename="a"')]),
        ("empty_file", [part("file", b""), home]),
        ("invalid_parameter", [home, home, file]),
        ("invalid_parameter", [home, file, file]),
        ("invalid_parameter", [file, part("bucket", b"mine"), home]),
        ("invalid_parameter", [home, file, part("status")]),
        ("invalid_parameter", [home, file.replace(b"form-data", b"attachment")]),
        ("invalid_parameter", [home, file.replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n", 1)]),
        ("invalid_parameter", [home, file.replace(b"\r\n\r\n", b"\r\nX: " + b"y" * 20_000 + b"\r\n\r\n", 1)]),
        ("invalid_parameter", [b"nonsense" * 1000]),
    ):
        assert problem(send(gallery, *pieces)) == (400, code), pieces
        assert nothing_happened(gallery)


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/json",
        "multipart/form-data",
        "multipart/mixed; boundary=frontier",
        "multipart/form-data; boundary=",
    ],
)
def test_only_a_multipart_form_is_an_upload(gallery: Gallery, content_type: str) -> None:
    answer = send(gallery, part("workspaceId", gallery.workspace.id.encode()), part("file"), content_type=content_type)
    assert problem(answer) == (400, "invalid_parameter")
    assert nothing_happened(gallery)


def test_a_body_that_ends_too_early_is_no_file(gallery: Gallery) -> None:
    body = part("workspaceId", gallery.workspace.id.encode()) + part("file", b"x" * 700_000, '; filename="a"')
    headers = {"Content-Type": FORM}
    for end in (-2, -300_000):
        answer = gallery.client.post("/api/files", content=body[:end], headers=headers)
        assert problem(answer) == (400, "invalid_parameter")
    assert nothing_happened(gallery)


@pytest.mark.parametrize("is_file_first", [True, False])
def test_the_limit_is_exact(small: Gallery, is_file_first: bool) -> None:
    for size, status in ((LIMIT - 1, 201), (LIMIT, 201), (LIMIT + 1, 413), (LIMIT * 2, 413)):
        pieces = [part("file", b"x" * size, '; filename="a"'), part("workspaceId", small.workspace.id.encode())]
        answer = send(small, *(pieces if is_file_first else reversed(pieces)))
        assert answer.status_code == status
        if status == 413:
            assert problem(answer) == (413, "file_too_large")
            assert answer.json()["limit"] == LIMIT
            assert answer.json()["actual"] >= size
    assert (len(kept(small)), under_way(small)) == (2, [])


def test_a_file_over_the_limit_is_refused_before_its_bytes_come(small: Gallery) -> None:
    slow = Slow(small, length=5_000_000_000, expect=True)
    status, text = slow.answer()
    assert (status, '"actual": 5000000000' in text) == (413, True)
    assert nothing_happened(small)


def test_a_client_that_reads_only_after_sending_still_gets_the_reason(small: Gallery) -> None:
    answer = upload(small, b"x" * (LIMIT + 9_000_000))
    assert problem(answer) == (413, "file_too_large")
    answer = upload(small, b"x" * 2_000_000, workspace_id="wsp_01m7vpggc6e7a834dncn5fcrp4")
    assert problem(answer) == (404, "not_found")
    assert nothing_happened(small)


def test_an_endless_body_is_cut_off(small: Gallery) -> None:
    slow = Slow(small)
    slow.send(part("workspaceId", small.workspace.id.encode()))
    slow.send(part("file", b"", '; filename="a"')[:-2])
    block = b"x" * 1_000_000
    try:
        for _ in range(200):
            slow.send(block)
    except OSError:
        slow.leave()
    else:
        pytest.fail("the server took 200 MB")
    assert nothing_happened(small)
