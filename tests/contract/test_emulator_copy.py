"""Copy from URL: what it takes, what it waits for, and that it reaches nothing but the bases it was given."""

import threading

import pytest

from tests.support import photos
from tests.support.emulator import Origin, Page, RunningEmulator

JPEG = photos.quadrants()


def copy(emulator: RunningEmulator, url: str, **fields: str):
    return emulator.http.post(
        f"{emulator.account}/v1", files={"url": (None, url), **{k: (None, v) for k, v in fields.items()}}
    )


def refused(answer, code: int, text: str = "") -> None:
    error = answer.json()["errors"][0]
    assert error["code"] == code, answer.text
    assert text in error["message"]


def test_the_copy_keeps_name_and_bytes(emulator, origin):
    origin.pages["/objects/dir/my%20photo.jpg"] = Page(JPEG, "image/jpeg; charset=binary")
    image = copy(emulator, f"{origin.url}/objects/dir/my%20photo.jpg?token=a%2Fb", creator="me").json()["result"]
    assert (image["filename"], image["creator"]) == ("my photo.jpg", "me")
    assert "/objects/dir/my%20photo.jpg?token=a%2Fb" in origin.seen
    assert emulator.http.get(f"{emulator.account}/v1/{image['id']}/blob").content == JPEG


def test_credentials_in_the_url_become_basic_authentication(emulator, origin):
    origin.pages["/objects/basic.jpg"] = Page(JPEG)
    url = origin.url.replace("http://", "http://me:p%40ss@")
    assert copy(emulator, f"{url}/objects/basic.jpg").status_code == 200
    assert origin.headers["/objects/basic.jpg"]["Authorization"] == "Basic bWU6cEBzcw=="


@pytest.mark.parametrize(
    ("page", "code", "text"),
    [
        (Page(b"", status=404), 5454, "404"),
        (Page(b"", status=500), 5454, "500"),
        (Page(JPEG, status=206), 5454, "206"),
        (Page(b"<html>", "text/html"), 5455, "content-type"),
        (Page(JPEG, "application/octet-stream"), 5455, "content-type"),
        (Page(JPEG, headers={"Content-Encoding": "gzip"}), 5454, "content encoding"),
        (Page(photos.corrupt_jpeg()), 9422, "damaged"),
        (Page(b""), 5400, "no bytes"),
        (Page(b"\xff\xd8\xff", headers={"Content-Length": str(10 * 1024 * 1024 + 1)}), 5413, "10 MB"),
        (Page(JPEG, headers={"Content-Length": str(len(JPEG) + 100)}), 5454, "could not be read"),
    ],
)
def test_what_the_origin_does_wrong_is_said(emulator, origin, page, code, text):
    origin.pages["/objects/wrong"] = page
    refused(copy(emulator, f"{origin.url}/objects/wrong?token=secret"), code, text)
    assert "secret" not in copy(emulator, f"{origin.url}/objects/wrong?token=secret").text


def test_redirects_are_followed_within_the_base_and_only_so_far(emulator, origin):
    origin.pages["/objects/there.jpg"] = Page(JPEG)
    for n in range(5):
        target = f"/objects/hop{n - 1}" if n else "there.jpg"
        origin.pages[f"/objects/hop{n}"] = Page(status=302, headers={"Location": target})
    assert copy(emulator, f"{origin.url}/objects/hop2").status_code == 200
    refused(copy(emulator, f"{origin.url}/objects/hop3"), 5454, "too many redirects")


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:{other}/objects/x",
        "http://localhost:{port}/objects/x",
        "http://127.0.0.2:{port}/objects/x",
        "http://2130706433:{port}/objects/x",
        "http://0x7f000001:{port}/objects/x",
        "http://127.1:{port}/objects/x",
        "http://0.0.0.0:{port}/objects/x",
        "http://[::1]:{port}/objects/x",
        "http://[::ffff:127.0.0.1]:{port}/objects/x",
        "http://127.0.0.1.:{port}/objects/x",
        "http://127.0.0.1:{port}@localhost:{other}/objects/x",
        "http://localhost:{other}#@127.0.0.1:{port}/objects/x",
        "http://localhost:{other}\\@127.0.0.1:{port}/objects/x",
        "http://127.0.0.1:{port}/other/x",
        "http://127.0.0.1:{port}/objectsx",
        "http://127.0.0.1:{port}/objects/../other/x",
        "http://127.0.0.1:{port}/objects/%2e%2e/other/x",
        "http://127.0.0.1:{port}/objects/..%2fother/x",
        "http://127.0.0.1:{port}//objects/x",
        "https://127.0.0.1:{port}/objects/x",
        "ftp://127.0.0.1:{port}/objects/x",
        "file:///etc/passwd",
        "//127.0.0.1:{port}/objects/x",
        "/objects/x",
        "http://127.0.0.1:{port}/objects/x\r\nX-Injected: 1",
        "http://127.0.0.1:99999/objects/x",
        "http://" + "a" * 9000,
        "",
    ],
)
def test_nothing_else_is_ever_reached(emulator, origin, target):
    """Directly, and through a redirect from an allowed place."""
    with Origin() as other:
        for server in (origin, other):
            for path in ("/objects/x", "/other/x", "/objectsx", "/objects/../other/x", "/objects/%2e%2e/other/x"):
                server.pages[path] = Page(JPEG)
        url = target.format(port=origin.port, other=other.port)
        before = len(origin.seen)
        refused(copy(emulator, url), 5454)
        assert origin.seen[before:] == []
        if url and "\r" not in url and not url.startswith("/objects"):
            origin.pages["/objects/away"] = Page(status=307, headers={"Location": url})
            answer = copy(emulator, f"{origin.url}/objects/away")
            if not url.startswith("//"):  # relative to the scheme: the allowed place itself
                refused(answer, 5454)
                assert origin.seen[before:] == ["/objects/away"]
        assert other.seen == []


def test_without_bases_nothing_is_fetched(tmp_path, origin):
    with RunningEmulator(tmp_path) as alone:
        refused(copy(alone, f"{origin.url}/objects/x"), 5454, "may not be fetched")


def test_an_origin_that_never_answers(tmp_path, origin):
    release = threading.Event()
    origin.pages["/objects/silent"] = Page(JPEG, wait=lambda: release.wait(60))
    with RunningEmulator(tmp_path, fetch_bases=(origin.url,), fetch_answer_seconds=0.2) as hasty:
        refused(copy(hasty, f"{origin.url}/objects/silent"), 5454, "did not answer")
        release.set()
        assert not list((hasty.data_dir / "incoming").iterdir())


def test_an_origin_that_is_not_there(emulator, nobody):
    refused(copy(emulator, f"{nobody}/x"), 5454, "could not be read")
    assert not list((emulator.data_dir / "incoming").iterdir())
