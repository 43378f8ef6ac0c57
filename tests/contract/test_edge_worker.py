"""The Worker in front of the real Cloudflare (`deploy/worker`), run by Node: it shows what the local delivery shows, to
the same visitors, and Cloudflare never learns of a token."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from images_app.cloudflare.delivery import CloudflareSignature, Delivery, Picture, TokenSignature
from tests.contract import test_delivery_access as access
from tests.contract.test_delivery_access import DENIED, KEY, KID, OTHER_SECRET, SECRET, SHOWN, Ground
from tests.support import photos
from tests.support.emulator import ACCOUNT_HASH, Origin, Page, RunningEmulator

ROOT = Path(__file__).parents[2]
NODE = Path(sys.executable).with_name("node")
BINDINGS = {
    "ACCOUNT_HASH": ACCOUNT_HASH,
    "SIGNING_KEY": KEY,
    "TOKEN_KEYS": json.dumps({KID: SECRET, "old": OTHER_SECRET}),
}
NORMALISED = {"dots"}
"""An address that browsers and Workers make plain before anybody looks: the plain one is signed, so it is shown."""


@dataclass(frozen=True)
class Edge:
    """A running Worker."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, target: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        """The answer to exactly this target."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, target, headers={"Accept": "*/*"} | headers)
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()


@contextmanager
def running(base: str, **bindings: str) -> Iterator[Edge]:
    """The Worker with these bindings besides the usual ones."""
    script, worker = ROOT / "tests/support/edge_worker.mjs", ROOT / "deploy/worker/worker.js"
    given = json.dumps(BINDINGS | {"DELIVERY_BASE": base} | bindings)
    process = subprocess.Popen(
        [NODE, script, worker, given], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    )
    assert process.stdout is not None
    try:
        yield Edge(int(process.stdout.readline()))
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # the command of the pip package is the parent of Node itself
        process.wait()
        process.stdout.close()


class BehindTheEdge(Ground):
    """The same pictures, seen through the Worker; the delivery itself knows no tokens."""

    edge: Edge

    def get(self, target: str) -> tuple[int, dict[str, str], bytes]:
        return self.edge.ask(target)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BehindTheEdge]:
    with (
        RunningEmulator(tmp_path_factory.mktemp("edge"), signing_key=KEY) as emulator,
        running(f"{emulator.url}/imagedelivery") as edge,
    ):
        options = {"fit": "scale-down", "width": 50, "height": 50, "metadata": "none"}
        for name, never in (("grid", False), ("open", True)):
            body = {"id": name, "options": options, "neverRequireSignedURLs": never}
            emulator.http.post(f"{emulator.account}/v1/variants", json=body).raise_for_status()
        image, other = (emulator.uploaded(photos.quadrants(), requireSignedURLs="true") for _ in range(2))
        made = BehindTheEdge(emulator, image, other, emulator.uploaded(photos.quadrants()))
        object.__setattr__(made, "edge", edge)
        yield made


@pytest.fixture
def upstream() -> Iterator[Origin]:
    """A Cloudflare that tells what it was asked, with a picture under every path of `path`."""
    with Origin() as origin:
        origin.pages[path()] = Page(b"picture", "image/webp", headers={"ETag": '"1"', "Set-Cookie": "a=b"})
        yield origin


def path(image: str = "img-1", variant: str = "public") -> str:
    return Picture(ACCOUNT_HASH, image, variant).path


def token(image: str = "img-1", variant: str = "public", *, lasts: int = 600) -> str:
    """A URL's path with a token as the product makes it."""
    picture = Picture(ACCOUNT_HASH, image, variant)
    query = TokenSignature(SECRET, key_id=KID).query(picture, int(time.time()) + lasts)
    return f"{picture.path}?{query}"


@pytest.mark.parametrize(
    ("table", "name"), [(table, name) for table in ("WITHOUT", "SIGNED", "TOKENS") for name in getattr(access, table)]
)
def test_every_case_of_the_local_delivery_has_the_same_end(ground: BehindTheEdge, table: str, name: str) -> None:
    target, verdict = getattr(access, table)[name]
    expected = verdict == SHOWN or name in NORMALISED
    assert (ground.verdict(target(ground)) == SHOWN) == expected


def test_what_the_product_mints_is_shown_until_it_expires(ground: BehindTheEdge) -> None:
    links = Delivery(ground.edge.url, lambda: ACCOUNT_HASH, signature=TokenSignature(SECRET, key_id=KID))
    for variant in ("public", "grid", "open"):
        url = links.url(ground.image, variant, private=True)
        status, headers, _ = ground.get(url.removeprefix(ground.edge.url))
        assert (status, headers["vary"]) == (200, "Accept")
        kind, _, age = headers["cache-control"].partition(", max-age=")
        assert kind == "private"
        assert 1795 <= int(age) <= 3600
    expired = links.url(ground.image, "grid", private=True, now=time.time() - 3600)
    assert ground.verdict(expired.removeprefix(ground.edge.url)) == DENIED


def test_images_from_before_the_worker_are_still_shown(ground: BehindTheEdge) -> None:
    links = Delivery(ground.edge.url, lambda: ACCOUNT_HASH, signature=CloudflareSignature(KEY))
    for url in (links.url(ground.public), links.url(ground.image, private=True)):
        assert ground.verdict(url.removeprefix(ground.edge.url)) == SHOWN


@pytest.mark.parametrize("image", ["a/b c.jpg", "50%", "é?#", "it's (1)!*"])
def test_any_id_is_found_and_signed_as_it_stands_in_the_address(upstream: Origin, image: str) -> None:
    with running(upstream.url) as edge:
        edge.ask(token(image))
        parts = urlsplit(upstream.seen[0])
        expires = int(parse_qs(parts.query)["exp"][0])
        assert parts.path.split("/")[1] == ACCOUNT_HASH
        plain = Picture(ACCOUNT_HASH, image, "public")
        assert Picture(*_names(parts.path)) == plain
        mac = parse_qs(parts.query)["sig"][0]
        assert mac == access.sign(parts.path, f"exp={expires}", KEY)


def _names(raw: str) -> tuple[str, str, str]:
    account_hash, *image, variant = (unquote(part) for part in raw[1:].split("/"))
    return account_hash, "/".join(image), variant


def test_cloudflare_learns_neither_tokens_nor_cookies_and_visitors_only_what_they_need(upstream: Origin) -> None:
    with running(upstream.url) as edge:
        status, headers, body = edge.ask(
            token(), Cookie="aeontel_session=x", Authorization="Bearer x", Referer="http://here/"
        )
    assert (status, body) == (200, b"picture")
    assert "set-cookie" not in headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert headers["etag"] == '"1"'
    seen = upstream.headers[upstream.seen[0]]
    assert not {"cookie", "authorization", "referer"} & {name.lower() for name in seen}
    assert "token" not in upstream.seen[0]


def test_a_picture_is_fetched_once_for_all_tokens_and_for_nobody_without(upstream: Origin) -> None:
    with running(upstream.url) as edge:
        for lasts in (600, 700, 800):
            status, headers, body = edge.ask(token(lasts=lasts))
            assert (status, body) == (200, b"picture")
            assert lasts - 60 <= int(headers["cache-control"].removeprefix("private, max-age=")) <= lasts
        assert len(upstream.seen) == 1
        edge.ask(token(), Accept="image/avif,image/webp,*/*")
        assert len(upstream.seen) == 2
        for refused in (token(lasts=-1), token("img-2").replace("img-2/", "img-1/")):
            assert edge.ask(refused)[0] == 403
        assert len(upstream.seen) == 2
        edge.ask(path())
        edge.ask(token(), Range="bytes=0-1")
        assert len(upstream.seen) == 4


def test_refusals_of_cloudflare_are_not_kept_and_the_cache_can_be_off(upstream: Origin) -> None:
    with running(upstream.url) as edge:
        for _ in range(2):
            status, headers, _ = edge.ask(token("gone"))
            assert (status, headers["cache-control"]) == (404, "no-store")
        assert len(upstream.seen) == 2
    with running(upstream.url, CACHE_SECONDS="0") as edge:
        for _ in range(2):
            assert edge.ask(token())[0] == 200
        assert len(upstream.seen) == 4


def test_an_svg_is_never_opened_as_a_page(upstream: Origin) -> None:
    upstream.pages[path("vector")] = Page(b"<svg/>", "image/svg+xml")
    with running(upstream.url) as edge:
        for target in (token("vector"), path("vector")):
            assert edge.ask(target)[1]["content-disposition"] == "attachment"


@pytest.mark.parametrize(
    ("target", "method", "status"),
    [
        (token(), "POST", 405),
        (token(), "DELETE", 405),
        ("/", "GET", 404),
        (f"/{ACCOUNT_HASH}", "GET", 404),
        (f"/{ACCOUNT_HASH}/img-1", "GET", 404),
        (f"/{ACCOUNT_HASH}/%ff/public", "GET", 400),
        (path().replace(ACCOUNT_HASH, "somebody-else"), "GET", 403),
        (token().replace(ACCOUNT_HASH, "somebody-else"), "GET", 403),
        ("/cdn-cgi/trace", "GET", 404),
        ("/cdn-cgi/image/width=80/x.jpg", "GET", 403),
    ],
)
def test_nothing_else_is_let_through(upstream: Origin, target: str, method: str, status: int) -> None:
    with running(upstream.url) as edge:
        answered, headers, _ = edge.ask(target, method)
    assert (answered, headers["cache-control"]) == (status, "no-store")
    assert upstream.seen == []


def test_a_redirect_of_cloudflare_is_not_followed_or_passed_on(upstream: Origin) -> None:
    upstream.pages[path("moved")] = Page(b"", "text/plain", 302, {"Location": f"{upstream.url}{path()}"})
    with running(upstream.url) as edge:
        status, headers, _ = edge.ask(token("moved"))
    assert (status, "location" in headers, len(upstream.seen)) == (502, False, 1)


@pytest.mark.parametrize(
    "bindings",
    [{"SIGNING_KEY": ""}, {"TOKEN_KEYS": ""}, {"TOKEN_KEYS": "no json"}, {"ACCOUNT_HASH": ""}],
)
def test_without_its_secrets_it_shows_nothing_and_says_nothing(upstream: Origin, bindings: dict[str, str]) -> None:
    with running(upstream.url, **bindings) as edge:
        status, headers, body = edge.ask(token())
    assert (status, headers["cache-control"], body) == (500, "no-store", b"ERROR 9523: Internal error\n")
    assert upstream.seen == []


@pytest.mark.parametrize(
    ("kid", "text"),
    [
        ("__proto__", "[object Object]"),
        ("constructor", "function Object() { [native code] }"),
        ("toString", "function toString() { [native code] }"),
    ],
)
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_a_key_is_one_of_the_bindings_and_nothing_that_every_object_has(upstream: Origin, kid: str, text: str) -> None:
    query = TokenSignature(text, key_id=kid).query(Picture(ACCOUNT_HASH, "img-1", "public"), int(time.time()) + 600)
    with running(upstream.url) as edge:
        assert edge.ask(f"{path()}?{query}")[0] == 403


def test_cloudflare_that_is_away_is_a_fault_that_is_not_kept() -> None:
    with running("http://127.0.0.1:9") as edge:
        assert edge.ask(token())[0] == 500
