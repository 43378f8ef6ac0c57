"""The React package as its users have it: the packed file in a fresh Vite app, the example, whose types compile and
which a real browser shows from an origin of its own."""

import re
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.test_accessibility import axe as axe
from tests.e2e.test_accessibility import violations
from tests.support import photos, react
from tests.support.pipeline import wait_for
from tests.support.ports import free_port
from tests.support.server import ROOT, RunningServer

PAGE = 24
PICTURES = PAGE + 3


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, built anew with the packed file."""
    folder = tmp_path_factory.mktemp("example")
    packed = react.pack(folder)
    app = folder / "app"
    shutil.copytree(react.FOLDER / "example", app, ignore=shutil.ignore_patterns("node_modules", "dist"))
    (app / "src" / "Documented.tsx").write_text(_documented())
    react.run("npm", "install", "--no-audit", "--no-fund", "--prefer-offline", str(packed), folder=app)
    react.run("npm", "run", "build", folder=app)  # which begins with `tsc --noEmit`
    return app / "dist"


def _documented() -> str:
    """The examples of the docs, to be compiled with the rest: a whole module, and what stands inside of a component."""
    whole, *parts = re.findall(r"```tsx\n(.+?)```", (ROOT / "docs" / "react.md").read_text(), re.DOTALL)
    given = """
import { useDeleteImage, useRetrieveImage, useUploadFile, type Image } from "@aeontel/react";
declare const id: string, workspaceId: string, image: Image, file: File;
"""
    components = [f"export function Part{number}() {{\n{part}}}\n" for number, part in enumerate(parts)]
    assert len(components) == 4
    return given + whole + "".join(components)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def site(built: Path) -> Iterator[str]:
    """The port at which the example is served; its origin is known to the server as that of 127.0.0.1 alone."""
    with ThreadingHTTPServer(("127.0.0.1", free_port()), partial(_Quiet, directory=str(built))) as files:
        threading.Thread(target=files.serve_forever, daemon=True).start()
        yield str(files.server_port)
        files.shutdown()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, site: str) -> Iterator[RunningServer]:
    data_dir = tmp_path_factory.mktemp("react") / "data"
    with RunningServer(data_dir, cors_origins=f"http://127.0.0.1:{site}") as running:
        yield running
        assert "Traceback" not in running.log, running.log


@pytest.fixture(scope="module")
def api(server: RunningServer) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def _upload(api: httpx.Client, seed: int) -> None:
    workspace = api.get("/api/me").json()["workspaces"][0]["id"]
    part = {"file": (f"p{seed:03}.jpg", photos.photo_jpeg(320, 240, seed=seed), "image/jpeg")}
    assert api.post("/api/files", data={"workspaceId": workspace}, files=part).status_code == 201


def _total(api: httpx.Client) -> int:
    found: int = api.get("/api/images?limit=1").json()["pageInfo"]["total"]
    return found


@pytest.fixture
def filled(api: httpx.Client) -> int:
    """How many images there are: more than one page of the example."""
    for seed in range(_total(api), PICTURES):
        _upload(api, 1000 + seed)
    wait_for(lambda: _total(api) >= PICTURES)
    return _total(api)


def _enter(page: Page, site: str, url: str, token: str, host: str = "127.0.0.1") -> None:
    page.goto(f"http://{host}:{site}/")
    page.get_by_label("Server").fill(url)
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Open").click()


def test_a_gallery_from_a_token_that_is_live(
    page: Page, site: str, server: RunningServer, api: httpx.Client, filled: int, tmp_path: Path
) -> None:
    page.set_viewport_size({"width": 500, "height": 500})  # less than a page of images high
    _enter(page, site, server.url, server.token())
    tiles = page.get_by_role("main").get_by_role("img")
    expect(page.get_by_text(f"{filled} images")).to_be_visible()
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    expect(tiles).to_have_count(PAGE)

    page.mouse.wheel(0, 20_000)
    expect(tiles).to_have_count(filled)
    tiles.last.scroll_into_view_if_needed()
    page.wait_for_function("() => [...document.images].at(-1).naturalWidth > 0")

    _upload(api, 2000)
    expect(page.get_by_text(f"{filled + 1} images")).to_be_visible()
    expect(tiles.first).to_have_attribute("alt", "p2000.jpg")

    own = tmp_path / "mine.jpg"
    own.write_bytes(photos.photo_jpeg(320, 240, seed=3000))
    page.get_by_label("Files").set_input_files(own)
    expect(page.get_by_text(f"{filled + 2} images")).to_be_visible()
    expect(tiles.first).to_have_attribute("alt", "mine.jpg")
    expect(page.get_by_role("list", name="Uploads")).to_have_count(0)

    page.get_by_role("button", name="Remove mine.jpg").click()
    expect(page.get_by_text(f"{filled + 1} images")).to_be_visible()
    wait_for(lambda: _total(api) == filled + 1)
    expect(page.get_by_role("img", name="mine.jpg")).to_have_count(0)


def test_an_upload_shows_how_far_it_is_and_can_be_cancelled(
    page: Page, site: str, server: RunningServer, api: httpx.Client, tmp_path: Path
) -> None:
    _enter(page, site, server.url, server.token())
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    before = api.get("/api/files?limit=1").json()["pageInfo"]["total"]
    # Slow enough to be seen on any machine.
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 1_000_000}
    network.send("Network.emulateNetworkConditions", slow)
    large = tmp_path / "large.bin"
    large.write_bytes(bytes(30_000_000))
    page.get_by_label("Files").set_input_files(large)
    bar = page.get_by_role("progressbar", name="Upload of large.bin")
    page.wait_for_function("() => document.querySelector('progress')?.value > 0")
    expect(bar).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(bar).to_have_count(0)
    assert api.get("/api/files?limit=1").json()["pageInfo"]["total"] == before


def test_what_may_not_be_removed_is_back_and_it_says_why(
    page: Page, site: str, server: RunningServer, filled: int
) -> None:
    _enter(page, site, server.url, server.token("read,write"))
    expect(page.get_by_text(f"{filled} images")).to_be_visible()
    name = page.get_by_role("main").get_by_role("img").first.get_attribute("alt")
    page.get_by_role("button", name=f"Remove {name}").click()
    expect(page.get_by_role("alert")).to_contain_text(f"{name} is back: This token does not have the scope 'delete'.")
    expect(page.get_by_role("img", name=name)).to_be_visible()
    expect(page.get_by_text(f"{filled} images")).to_be_visible()


def test_a_wrong_token_is_named_and_the_right_one_is_nowhere_kept(page: Page, site: str, server: RunningServer) -> None:
    _enter(page, site, server.url, "aeo_wrong")
    expect(page.get_by_role("heading", name="The server does not know this token")).to_be_visible()
    page.get_by_role("button", name="Leave").click()
    page.get_by_label("Server").fill(server.url)
    page.get_by_label("Token").fill(server.token())
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    assert page.evaluate("() => [localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
    page.reload()
    expect(page.get_by_label("Token")).to_have_value("")


def test_it_can_be_used_by_everybody(page: Page, site: str, server: RunningServer, filled: int, axe: str) -> None:
    page.goto(f"http://127.0.0.1:{site}/")
    assert violations(page, axe) == []
    _enter(page, site, server.url, server.token())
    expect(page.get_by_text(f"{filled} images")).to_be_visible()
    assert violations(page, axe) == []


def test_a_page_of_an_origin_that_is_not_named_gets_nothing(browser: Browser, site: str, server: RunningServer) -> None:
    page = browser.new_page()
    _enter(page, site, server.url, server.token(), host="localhost")
    expect(page.get_by_role("alert")).to_contain_text("The server did not answer")
    page.close()
