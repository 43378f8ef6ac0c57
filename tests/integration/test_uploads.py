"""`POST /api/files`: either order of parts, every way to fail, and nothing left behind by any of them."""

import hashlib
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from sqlmodel import col, delete, select, update

from images_app.api.app import create_api
from images_app.models import File, IdempotencyKey, Membership, Token, User, now
from tests.integration.conftest import Api, serving
from tests.integration.gallery import Gallery, problem
from tests.support import photos
from tests.support.library import counted

LIMIT = 3_000_000
BOUNDARY = "frontier"
FORM = f"multipart/form-data; boundary={BOUNDARY}"


@pytest.fixture
def gallery(api: Api) -> Gallery:
    return Gallery.of(api)


@pytest.fixture
def small(gallery: Gallery) -> Iterator[Gallery]:
    """The same server with a limit of LIMIT bytes for one file."""
    settings = gallery.api.world.settings.model_copy(update={"max_file_bytes": LIMIT})
    world = replace(gallery.api.world, settings=settings)
    with socket.socket() as probe, ExitStack() as opened:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        url = opened.enter_context(serving(create_api(world), port))
        api = Api(world, url, opened)
        token = api.token(gallery.ada)[1]
        yield Gallery(api, gallery.ada, gallery.workspace, api.client(token))


def upload(
    gallery: Gallery,
    data: bytes = b"some bytes",
    name: str = "notes.txt",
    mime: str = "text/plain",
    *,
    client: httpx.Client | None = None,
    workspace_id: str | None = None,
    **headers: str,
) -> httpx.Response:
    return (client or gallery.client).post(
        "/api/files",
        data={"workspaceId": workspace_id or gallery.workspace.id},
        files={"file": (name, data, mime)},
        headers=headers,
    )


def part(name: str, data: bytes = b"x", extra: str = "") -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n'
    return head.encode() + data + b"\r\n"


def send(gallery: Gallery, *pieces: bytes, content_type: str = FORM) -> httpx.Response:
    """A body as it is, closed by its last boundary."""
    body = b"".join(pieces) + f"--{BOUNDARY}--\r\n".encode()
    return gallery.client.post("/api/files", content=body, headers={"Content-Type": content_type})


def stored(gallery: Gallery, file_id: str) -> tuple[str, bytes]:
    """The object of a file: its key, its bytes."""
    with gallery.api.world.database.read() as session:
        key = session.get_one(File, file_id).object_key
    with gallery.api.world.objects.open(key) as file:
        return key, file.read()


def left_behind(gallery: Gallery) -> list[str]:
    """What the store holds: finished objects and those on their way."""
    root = gallery.api.world.settings.data_dir / "objects"
    return [str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()]


def nothing_happened(gallery: Gallery) -> bool:
    for _ in range(100):  # a server notices a client that left a moment later
        if not left_behind(gallery):
            break
        time.sleep(0.05)
    with gallery.api.world.database.read() as session:
        files = session.exec(select(File)).all()
    totals = counted(gallery.api.world, gallery.workspace, ["files", "files:ready", "bytes", "event:file.ready"])
    return not files and not left_behind(gallery) and not any(totals.values())


class Slow:
    """An upload by hand, piece by piece; over when its answer has been read, or by leaving."""

    def __init__(self, gallery: Gallery, *, length: int | None = None, token: str = "", expect: bool = False) -> None:
        host, port = gallery.api.url.removeprefix("http://").split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=20)
        authorization = f"Bearer {token}" if token else gallery.client.headers["authorization"]
        lines = [
            "POST /api/files HTTP/1.1",
            f"Host: {host}:{port}",
            f"Authorization: {authorization}",
            f"Content-Type: {FORM}",
            "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}",
            *(["Expect: 100-continue"] if expect else []),
        ]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())

    def send(self, data: bytes) -> None:
        """One chunk of a body of no announced length."""
        self.socket.sendall(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def end(self) -> tuple[int, str]:
        """The status and text of the answer."""
        self.send(f"\r\n--{BOUNDARY}--\r\n".encode())
        self.socket.sendall(b"0\r\n\r\n")
        return self.answer()

    def answer(self) -> tuple[int, str]:
        text = b""
        while b"\r\n\r\n" not in text or b"}" not in text:
            more = self.socket.recv(65536)
            if not more:
                break
            text += more
        self.leave()
        return int(text.split()[1]), text.decode()

    def leave(self) -> None:
        self.socket.close()


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
    assert not [path for path in left_behind(gallery) if path.startswith("incoming")]


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
def test_names_are_made_harmless(gallery: Gallery, sent: str, name: str) -> None:
    answer = send(gallery, part("workspaceId", gallery.workspace.id.encode()), part("file", b"x", sent))
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
    assert len([path for path in left_behind(small) if path.startswith("data")]) == 2
    assert not [path for path in left_behind(small) if path.startswith("incoming")]


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


def test_who_may_not_write_is_stopped_before_the_bytes_arrive(gallery: Gallery) -> None:
    eve = gallery.api.token(gallery.api.user("eve@example.com"))[1]
    reader = gallery.api.token(gallery.ada, scopes=["read", "delete"])[1]
    viewer = gallery.as_member("viewer").headers["authorization"].removeprefix("Bearer ")
    for token, status in ((eve, 404), (viewer, 403), (reader, 403), ("nonsense", 401)):
        slow = Slow(gallery, token=token)
        slow.send(part("workspaceId", gallery.workspace.id.encode()) + part("file", b"", '; filename="a"')[:-2])
        slow.send(b"x" * 1000)
        got, text = slow.answer()  # though the body has not ended
        assert got == status, text
        answer = upload(gallery, client=gallery.api.client(token))
        assert problem(answer)[0] == status
    assert nothing_happened(gallery)


@pytest.mark.parametrize("workspace_id", ["", "nonsense", "wsp_01m7vpggc6e7a834dncn5fcrp4", "é", "x" * 5000])
def test_an_unknown_workspace_is_not_found(gallery: Gallery, workspace_id: str) -> None:
    for pieces in (
        [part("workspaceId", workspace_id.encode()), part("file", b"x" * 600_000)],
        [part("file", b"x" * 600_000), part("workspaceId", workspace_id.encode())],
    ):
        assert problem(send(gallery, *pieces)) == (404, "not_found")
    assert nothing_happened(gallery)


def test_an_editor_uploads_and_a_bound_token_only_where_it_is_bound(gallery: Gallery) -> None:
    assert upload(gallery, client=gallery.as_member("editor")).status_code == 201
    other = gallery.api.workspace(gallery.ada, "Other")
    bound = gallery.api.client(gallery.api.token(gallery.ada, workspace_ids=[other.id])[1])
    assert problem(upload(gallery, client=bound)) == (404, "not_found")
    assert upload(gallery, client=bound, workspace_id=other.id).status_code == 201


@pytest.mark.parametrize("is_file_first", [True, False])
@pytest.mark.parametrize("sent", [0, 100, 2_000_000])
def test_a_client_that_leaves_leaves_nothing(gallery: Gallery, is_file_first: bool, sent: int) -> None:
    slow = Slow(gallery)
    if not is_file_first:
        slow.send(part("workspaceId", gallery.workspace.id.encode()))
    slow.send(part("file", b"", '; filename="a"')[:-2])
    if sent:
        slow.send(b"x" * sent)
    if sent > 1_000_000 and not is_file_first:
        while not left_behind(gallery):
            time.sleep(0.01)
    slow.leave()
    assert nothing_happened(gallery)


def lose_membership(gallery: Gallery, user: User) -> None:
    with gallery.api.world.database.write() as session:
        session.exec(delete(Membership).where(col(Membership.user_id) == user.id))


def lose_role(gallery: Gallery, user: User) -> None:
    with gallery.api.world.database.write() as session:
        session.exec(update(Membership).where(col(Membership.user_id) == user.id).values(role="viewer"))


def lose_token(gallery: Gallery, user: User) -> None:
    with gallery.api.world.database.write() as session:
        session.exec(delete(Token).where(col(Token.user_id) == user.id))


@pytest.mark.parametrize(("lose", "status"), [(lose_membership, 404), (lose_role, 403), (lose_token, 401)])
def test_rights_that_end_while_the_bytes_arrive_end_the_upload(
    gallery: Gallery, lose: Callable[[Gallery, User], None], status: int
) -> None:
    bob = gallery.api.user("bob@example.com")
    gallery.api.member(gallery.workspace, bob, "editor")
    slow = Slow(gallery, token=gallery.api.token(bob)[1])
    slow.send(part("workspaceId", gallery.workspace.id.encode()))
    slow.send(part("file", b"x" * 700_000, '; filename="a"')[:-2])
    while not left_behind(gallery):
        time.sleep(0.01)
    lose(gallery, bob)
    got, text = slow.end()
    assert got == status, text
    assert nothing_happened(gallery)


def test_an_upload_whose_transaction_fails_leaves_no_object(gallery: Gallery) -> None:
    with gallery.api.world.database.write() as session:
        session.connection().exec_driver_sql("ALTER TABLE counter RENAME TO counter_away")
    assert problem(upload(gallery, b"x" * 600_000)) == (500, "internal_error")
    with gallery.api.world.database.write() as session:
        session.connection().exec_driver_sql("ALTER TABLE counter_away RENAME TO counter")
    assert nothing_happened(gallery)


def test_the_same_key_with_the_same_file_is_one_file(gallery: Gallery) -> None:
    key = {"Idempotency-Key": "3f0c 1b"}
    first = upload(gallery, **key)
    again = upload(gallery, **key)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]
    assert counted(gallery.api.world, gallery.workspace, ["files", "event:file.ready"]) == {
        "files": 1,
        "event:file.ready": 1,
    }
    assert len([path for path in left_behind(gallery) if not path.startswith("types")]) == 1


def test_the_same_key_with_anything_else_is_a_conflict(gallery: Gallery) -> None:
    other = gallery.api.workspace(gallery.ada, "Other")
    key = {"Idempotency-Key": "key"}
    first = upload(gallery, **key).json()
    for answer in (
        upload(gallery, b"other bytes", **key),
        upload(gallery, name="other.txt", **key),
        upload(gallery, workspace_id=other.id, **key),
    ):
        assert problem(answer) == (422, "idempotency_conflict")
    assert upload(gallery, **key).json() == first
    assert len([path for path in left_behind(gallery) if not path.startswith("types")]) == 1
    editor = gallery.as_member("editor")
    assert upload(gallery, client=editor, **key).status_code == 201, "a key belongs to one user"


def test_a_key_is_kept_for_a_day(gallery: Gallery) -> None:
    key = {"Idempotency-Key": "key"}
    first = upload(gallery, **key).json()
    with gallery.api.world.database.write() as session:
        session.exec(update(IdempotencyKey).values(created_at=now() - timedelta(hours=23)))
    assert upload(gallery, **key).json() == first
    with gallery.api.world.database.write() as session:
        session.exec(update(IdempotencyKey).values(created_at=now() - timedelta(hours=25)))
    fresh = upload(gallery, b"other bytes", **key)
    assert (fresh.status_code, fresh.json()["id"] != first["id"]) == (201, True)
    assert upload(gallery, b"other bytes", **key).json() == fresh.json()


def test_simultaneous_uploads_with_one_key_make_one_file(gallery: Gallery) -> None:
    data = b"x" * 600_000
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: upload(gallery, data, **{"Idempotency-Key": "key"}), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len([path for path in left_behind(gallery) if not path.startswith("types")]) == 1


@pytest.mark.parametrize("key", ["", "k" * 256, "tab\there"])
def test_a_key_that_cannot_be_one_is_refused(gallery: Gallery, key: str) -> None:
    assert problem(upload(gallery, **{"Idempotency-Key": key})) == (400, "invalid_parameter")
    assert nothing_happened(gallery)


def test_many_uploads_at_once_all_arrive(gallery: Gallery) -> None:
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda n: upload(gallery, b"%d" % n * 50_000, f"{n}.txt"), range(48)))
    assert {answer.status_code for answer in answers} == {201}
    totals = counted(gallery.api.world, gallery.workspace, ["files", "bytes", "event:file.ready"])
    assert totals == {"files": 48, "bytes": sum(answer.json()["size"] for answer in answers), "event:file.ready": 48}
    seqs = [event["seq"] for event in gallery.client.get("/api/events").json()["data"]]
    assert seqs == list(range(seqs[0], seqs[0] + 48))
