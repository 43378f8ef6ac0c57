"""What a file is called by somebody hostile: in the list, in the object store, in the header of its download. How the
pages show such a name: `tests/e2e/test_names.py`."""

import re
import unicodedata
from urllib.parse import unquote

import httpx
import pytest

from tests.integration.gallery import Gallery, problem
from tests.integration.uploading import part, send, stored, upload

KEY = re.compile(r"ws-[a-z0-9]{26}/fil_[a-z0-9]{26}/[A-Za-z0-9_-][A-Za-z0-9._-]*")
DISPOSITION = re.compile(
    r"attachment; filename=\"[^\x00-\x1f\x7f-\uffff\"\\%]*\"; filename\*=UTF-8''(?P<exact>[A-Za-z0-9%._~-]+)"
)
HTML = b"<html><script>alert(1)</script>"


def named(standing: Gallery, raw: bytes | str) -> httpx.Response:
    """The answer to an upload with this file name as it is, between its quotes."""
    name = raw.encode() if isinstance(raw, str) else raw
    file = part("file", b"x", '; filename="@"').replace(b"@", name, 1)
    return send(standing, part("workspaceId", standing.workspace.id.encode()), file)


def download(standing: Gallery, file_id: str) -> httpx.Response:
    there = standing.client.get(f"/api/files/{file_id}/content", params={"download": 1}).headers["location"]
    return standing.api.client().get(there.replace("http://localhost:", "http://127.0.0.1:"))


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\\\..\\\\boot.ini", "boot.ini"),
        ("/etc/passwd", "passwd"),
        ("C:\\\\Windows\\\\system.ini", "system.ini"),
        ("file:///etc/passwd", "passwd"),
        ("..", "upload"),
        ("../", "upload"),
        (".htaccess", ".htaccess"),
        ("%2e%2e%2fpasswd", "%2e%2e%2fpasswd"),
        ("CON", "CON"),
        ("nul.txt", "nul.txt"),
        ("photo.jpg.", "photo.jpg."),
        ("photo.jpg   ", "photo.jpg"),
        ("a\0b.txt", "ab.txt"),
        ("a\tb.txt", "ab.txt"),
        ("a\x1bb\x9fc.txt", "abc.txt"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("\u2067x\u2069.txt", "x.txt"),
        ("line\u2028break.txt", "linebreak.txt"),
        ("\U0001f469\u200d\U0001f467 🏔️.txt", "\U0001f469\u200d\U0001f467 🏔️.txt"),
        ("été.txt", "été.txt"),
        (unicodedata.normalize("NFD", "été.txt"), "été.txt"),
        (b"\xff\xfe.txt", "\ufffd\ufffd.txt"),
        ("n" * 251 + ".txt", "n" * 251 + ".txt"),
        ("n" * 252 + ".txt", "n" * 251 + ".txt"),
        ("é" * 128 + ".txt", "é" * 125 + ".txt"),
        ("n" * 4096 + ".txt", "n" * 251 + ".txt"),
        ("say %22hi%22; filename=x.txt", 'say "hi"; filename=x.txt'),
        ("x%0d%0aSet-Cookie: a=b.txt", "x%0d%0aSet-Cookie: a=b.txt"),
        ("<img src=x onerror=alert(1)>.txt", "<img src=x onerror=alert(1)>.txt"),
        ("=cmd|' !A0.csv", "=cmd|' !A0.csv"),
        ("{{7*7}}${7*7}`id`.txt", "{{7*7}}${7*7}`id`.txt"),
        ("'; DROP TABLE file; --", "'; DROP TABLE file; --"),
    ],
)
def test_a_hostile_name_is_kept_harmless_everywhere(standing: Gallery, sent: bytes | str, shown: str) -> None:
    answer = named(standing, sent)
    assert (answer.status_code, answer.json()["name"]) == (201, shown)
    file_id = answer.json()["id"]
    assert standing.client.get("/api/files", params={"ids": file_id}).json()["data"][0]["name"] == shown
    assert KEY.fullmatch(stored(standing, file_id)[0])

    got = download(standing, file_id)
    assert (got.status_code, got.content) == (200, b"x")
    header = DISPOSITION.fullmatch(got.headers["content-disposition"])
    assert header is not None, got.headers["content-disposition"]
    assert unquote(header["exact"]) == shown
    assert "set-cookie" not in got.headers


@pytest.mark.parametrize("sent", [b"a\r\nX-Evil: 1", b"a\r\n\r\nbody", b"a\nb", b'a"; name="workspaceId', b"a\\"])
def test_a_name_that_breaks_out_of_its_header_makes_no_part_or_header_of_its_own(
    standing: Gallery, sent: bytes
) -> None:
    answer = named(standing, sent)
    if answer.status_code == 201:
        name = answer.json()["name"]
        assert not set(name) & set("\r\n\0")
        assert "x-evil" not in download(standing, answer.json()["id"]).headers
    else:
        assert problem(answer)[0] == 400


def test_twins_in_two_normal_forms_are_two_files_of_one_name(standing: Gallery) -> None:
    composed, decomposed = (unicodedata.normalize(form, "Österreich é.txt") for form in ("NFC", "NFD"))
    assert composed != decomposed
    one, other = (named(standing, name).json() for name in (composed, decomposed))
    assert one["name"] == other["name"] == composed
    assert one["id"] != other["id"]
    key = {"Idempotency-Key": "twins"}
    first, again = (upload(standing, name=name, **key) for name in (composed, decomposed))
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"]), "the same file, called the same"


@pytest.mark.parametrize(
    "declared",
    [
        *("text/html", "TEXT/HTML", "text/html\t", "\ttext/html", "text/html;charset=utf-8", "text/html\t;\tx=y"),
        *("text/html;image/png", "text/plain, text/html", "application/xhtml+xml", "image/svg+xml; charset=utf-8"),
        *("image/png\t; x=y", 'image/png; x="text/html"', "image/png;" + "x" * 5000, "*/*", "é/é", "/", ";", "text/"),
        *("text/javascript;\tversion=1", "multipart/form-data; boundary=frontier", "message/http", "text/plain\x0b"),
    ],
)
def test_html_is_never_sent_as_what_a_browser_would_run(standing: Gallery, declared: str) -> None:
    file = part("file", HTML, '; filename="page"').replace(
        b"\r\n\r\n", f"\r\nContent-Type: {declared}\r\n\r\n".encode(), 1
    )
    answer = send(standing, part("workspaceId", standing.workspace.id.encode()), file)
    if answer.status_code == 400:
        assert problem(answer) == (400, "invalid_parameter")
        return
    mime = answer.json()["mime"]
    assert mime in ("text/plain", "application/octet-stream") or declared in ("multipart/form-data", "message/http")
    for params in ({}, {"download": 1}):
        there = standing.client.get(f"/api/files/{answer.json()['id']}/content", params=params).headers["location"]
        address = there.replace("http://localhost:", "http://127.0.0.1:")
        got = standing.api.client().get(address)
        assert got.content == HTML
        assert got.headers["content-type"].partition(";")[0] == mime
        assert got.headers["content-disposition"].startswith("attachment;")
        if address.startswith(standing.api.url):  # a bucket has an origin of its own
            assert got.headers["content-security-policy"] == "default-src 'none'; sandbox"
            assert got.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "name",
    ["a\0b", "a\r\nb", "a\x85b", "a\u2028b", "photo\u202egpj", "\u2066x", "x" * 121, "\u3000", "<b>\x1b"],
)
def test_a_name_that_cannot_be_shown_on_one_line_is_refused(standing: Gallery, name: str) -> None:
    browser = standing.api.browser(standing.ada)
    for path in ("/api/workspaces", "/api/tokens"):
        answer = browser.post(path, json={"name": name})
        assert problem(answer) == (400, "invalid_parameter")
        assert answer.json()["errors"][0]["pointer"] == "/name"


@pytest.mark.parametrize(
    "name", ["<img src=x onerror=alert(1)>", "=1+1", "'; --", "Été 🏔️", "%0d%0a", "{{7*7}}", "..", "CON"]
)
def test_a_name_that_only_looks_dangerous_is_kept_as_it_is(standing: Gallery, name: str) -> None:
    browser = standing.api.browser(standing.ada)
    for path in ("/api/workspaces", "/api/tokens"):
        answer = browser.post(path, json={"name": name})
        assert (answer.status_code, answer.json()["name"]) == (201, name)
        assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "email",
    [
        *("a\r\nBcc: victim@example.com", "a@b\0.example", "<img/src=x/onerror=alert(1)>@example.com"),
        *("a,victim@example.com", "a;b@example.com", '"a"@example.com', "a<b@example.com", "a@exam\u202eple.com"),
        *("a@b@c", "@", "a@", "@b", "a b@example.com", "a\u00a0b@example.com", "(a)@example.com", "x" * 400 + "@b"),
    ],
)
def test_an_address_that_could_be_more_than_one_is_refused(standing: Gallery, email: str) -> None:
    answer = standing.client.post(
        f"/api/workspaces/{standing.workspace.id}/members", json={"email": email, "role": "viewer"}
    )
    assert problem(answer) == (400, "invalid_parameter")
    assert answer.json()["errors"][0]["pointer"] == "/email"
