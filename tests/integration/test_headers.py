"""Security headers on everything, and policies that let exactly the page's own scripts run."""

import base64
import gzip
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from images_app.api.headers import SecurityHeaders
from tests.integration.conftest import Api
from tests.support.ports import free_port
from tests.support.serving import serving

pytestmark = pytest.mark.embedded
ONE, TWO = "window.a = 1 < 2 && '&amp;'", '\n  import "/assets/entry-3f9aD_x1.js";\n'
PAGE = f"""<!doctype html><html><head><script>{ONE}</script><script src="/assets/x.js"></script></head>
<body onload="evil()"><script type="module">{TWO}</script><SCRIPT>{ONE}</SCRIPT><p>é</p></body></html>"""


def source(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


async def streamed(_request: Request) -> Response:
    async def pieces() -> Iterator[bytes]:  # type: ignore[misc]
        data = PAGE.encode()
        for start in range(0, len(data), 7):
            yield data[start : start + 7]

    return StreamingResponse(pieces(), media_type="text/html")


async def packed(_request: Request) -> Response:
    return Response(gzip.compress(PAGE.encode()), media_type="text/html", headers={"Content-Encoding": "gzip"})


async def unknown_packing(_request: Request) -> Response:
    return Response(b"?" * 50, media_type="text/html", headers={"Content-Encoding": "br"})


async def own_policy(_request: Request) -> Response:
    headers = {"Content-Security-Policy": "default-src 'none'; sandbox", "Cache-Control": "private"}
    return HTMLResponse(PAGE, headers=headers)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[httpx.Client]:
    """A site of every kind of answer behind the middleware."""
    (tmp_path / "index.html").write_text(PAGE)
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "entry-3f9aD_x1.js").write_text("1")
    (tmp_path / "assets" / "plain.js").write_text("2")
    app = Starlette(
        routes=[
            Route("/streamed", streamed),
            Route("/packed", packed),
            Route("/unknown", unknown_packing),
            Route("/own", own_policy),
            Route("/text", lambda _request: PlainTextResponse("hello")),
            Mount("/", StaticFiles(directory=tmp_path, html=True)),
        ]
    )
    safe = SecurityHeaders(app, image_origins=("https://imagedelivery.net", "https://imagedelivery.net"))
    with serving(safe, free_port()) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield client


def policy(answer: httpx.Response) -> dict[str, list[str]]:
    parts = (part.split() for part in answer.headers["content-security-policy"].split(";"))
    return {name: sources for name, *sources in parts}


@pytest.mark.parametrize("path", ["/", "/streamed", "/packed"])
def test_a_page_may_run_its_own_scripts_and_no_other(site: httpx.Client, path: str) -> None:
    answer = site.get(path)
    assert answer.text == PAGE
    found = policy(answer)
    assert found["script-src"] == ["'self'", source(ONE), source(TWO)]
    assert found["default-src"] == found["base-uri"] == found["frame-ancestors"] == ["'none'"]
    assert found["form-action"] == ["'self'"]
    assert found["img-src"] == ["'self'", "data:", "blob:", "https://imagedelivery.net"]
    assert f"ws://{site.base_url.netloc.decode()}" in found["connect-src"]
    assert "unsafe-eval" not in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-cache"


def test_a_page_that_cannot_be_unpacked_may_run_no_inline_script(site: httpx.Client) -> None:
    with site.stream("GET", "/unknown") as answer:
        assert policy(answer)["script-src"] == ["'self'"]


def test_a_policy_that_is_there_already_is_kept(site: httpx.Client) -> None:
    answer = site.get("/own")
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["cache-control"] == "private"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/", "/text", "/own", "/assets/plain.js", "/missing"])
def test_the_plain_headers_are_on_everything(site: httpx.Client, path: str) -> None:
    headers = site.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]


def test_only_assets_with_a_hash_in_their_name_are_kept_for_ever(site: httpx.Client) -> None:
    hashed = site.get("/assets/entry-3f9aD_x1.js")
    assert hashed.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "immutable" not in site.get("/assets/plain.js").headers.get("cache-control", "")
    assert "immutable" not in site.get("/assets/missing-3f9aD_x1.js").headers.get("cache-control", "")


def test_not_modified_brings_no_policy_that_would_replace_the_stored_one(site: httpx.Client) -> None:
    first = site.get("/")
    again = site.get("/", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert "content-security-policy" not in again.headers


@pytest.mark.parametrize("host", ["evil.example; script-src *", "a b", "x,y", "é", "'unsafe-inline'"])
def test_a_forged_host_cannot_write_into_the_policy(site: httpx.Client, host: str) -> None:
    found = policy(site.get("/", headers={"Host": host.encode()}))
    assert found["connect-src"] == ["'self'"]
    assert found["script-src"][0] == "'self'"
    assert "*" not in found["script-src"]


def test_json_of_the_api_can_neither_load_anything_nor_be_framed(api: Api) -> None:
    for path in ("/api/limits", "/api/me"):
        headers = api.client().get(path).headers
        assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert headers["x-content-type-options"] == "nosniff"


def test_the_docs_page_loads_nothing_from_elsewhere(api: Api) -> None:
    page = api.client().get("/api/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert policy(page)["script-src"] == ["'self'"]
    addresses = re.findall(r'(?:src|href)="(?!data:)([^"]+)"', page.text)
    assert addresses
    for address in addresses:
        assert address.startswith("/api/")
        part = api.client().get(address)
        assert part.status_code == 200
        assert len(part.content) > 100
    assert api.client().get("/api/docs/other.js").status_code == 404
