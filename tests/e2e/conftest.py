"""The whole server with its face, and a real browser in front of it."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Route, WebSocketRoute, expect

from tests.e2e.people import enter
from tests.support.chromium import chromium
from tests.support.server import ADMIN_EMAIL, RunningServer

_EXPECTED_WITHIN_MS = 30_000


@pytest.fixture(scope="session")
def web_dir(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The front end of all servers and processes of this run: whoever needs it first builds it."""
    own = tmp_path_factory.getbasetemp()
    return (own if worker_id == "master" else own.parent) / "web"


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory, web_dir: Path) -> Iterator[RunningServer]:
    """One server for the browser tests of a process. Each test has its own workspace.

    Not for the whole session, because Playwright keeps an event loop running that other tests would meet.
    """
    with RunningServer(tmp_path_factory.mktemp("face") / "data", face=True, web_dir=web_dir) as running:
        yield running
        assert "Traceback" not in running.log, running.log


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=_EXPECTED_WITHIN_MS)
    with chromium() as running:
        yield running


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser of its own, with nothing remembered. Whatever a page throws or logs as an error fails the test."""
    faults: list[str] = []

    def note(message: ConsoleMessage) -> None:
        # The browser itself logs refused requests and a lost network; tests of those look at what the page makes of it.
        of_the_network = ("Failed to load resource", "net::ERR_INTERNET_DISCONNECTED")
        if message.type == "error" and not any(text in message.text for text in of_the_network):
            faults.append(message.text)

    opened = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    opened.grant_permissions(["clipboard-read", "clipboard-write"])
    opened.on("console", note)
    opened.on("weberror", lambda error: faults.append(str(error.error)))
    yield opened
    opened.close()
    assert faults == []


@pytest.fixture
def workspace(server: RunningServer, request: pytest.FixtureRequest) -> str:
    """A workspace of this test's own, owned by the admin."""
    from sqlmodel import select

    from images_app.core import workspaces
    from images_app.database import Database
    from images_app.models import User

    database = Database(f"sqlite:///{server.data_dir}/aeontel.db")
    try:
        with database.write() as session:
            admin = session.exec(select(User).where(User.email == ADMIN_EMAIL)).one()
            return workspaces.create(session, admin.id, request.node.name[:100]).id
    finally:
        database.close()


@pytest.fixture
def sign_in(server: RunningServer) -> Callable[[Page, str], None]:
    """Be signed in, and at a path."""
    return lambda page, path: enter(page, server.url, path)


@pytest.fixture
def gallery(context: BrowserContext, workspace: str, sign_in: Callable[[Page, str], None]) -> Page:
    """A page that shows the gallery of the test's workspace."""
    page = context.new_page()
    sign_in(page, f"/w/{workspace}/content")
    expect(page.get_by_text("Drop photos anywhere on this page")).to_be_visible()
    return page


def counted(page: Page, text: str) -> Locator:
    """The total beside the page's title, such as "18 images"."""
    return page.get_by_role("main").get_by_text(text, exact=True).first


def drop(page: Page, files: list[tuple[str, str, bytes]]) -> None:
    """Drop files (name, type, bytes) on the page as from the desktop."""
    import base64

    payload = [{"name": name, "type": kind, "data": base64.b64encode(data).decode()} for name, kind, data in files]
    transfer = page.evaluate_handle(
        """async (files) => {
            const transfer = new DataTransfer();
            for (const { name, type, data } of files) {
                const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
                transfer.items.add(new File([bytes], name, { type }));
            }
            return transfer;
        }""",
        payload,
    )
    for kind in ("dragenter", "dragover", "drop"):
        page.dispatch_event("body", kind, {"dataTransfer": transfer})


class LateSocket:
    """What the server says over a page's websocket, held back while `is_late`. Made before the page is opened."""

    def __init__(self, page: Page) -> None:
        self.is_late = False
        self.held: list[tuple[WebSocketRoute, str | bytes]] = []
        page.route_web_socket(re.compile("/_event"), self._through)

    def _through(self, socket: WebSocketRoute) -> None:
        def hand_over(message: str | bytes) -> None:
            if self.is_late:
                self.held.append((socket, message))
            else:
                socket.send(message)

        socket.connect_to_server().on_message(hand_over)

    def let_go(self) -> None:
        """Hand over what was held, in its order, and hold nothing more."""
        self.is_late = False
        for socket, message in self.held:
            socket.send(message)


class Held:
    """What a page asks for does not get through, until it is let go; from then on everything does."""

    def __init__(self, page: Page, pattern: str) -> None:
        self._routes: list[Route] = []
        self._is_over = False
        page.route(pattern, self._meet)

    def _meet(self, route: Route) -> None:
        if self._is_over:
            route.continue_()
        else:
            self._routes.append(route)

    def let_go(self) -> None:
        self._is_over = True
        for route in self._routes:
            route.continue_()


def copied(page: Page, text: str) -> None:
    """Wait until this is what would be pasted: a press of a button only begins to put it there."""
    page.wait_for_function("async (text) => (await navigator.clipboard.readText()) === text", arg=text)


def folder_of(directory: Path, files: list[tuple[str, str, bytes]]) -> list[Path]:
    """The same files on disk, to pick."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, _, data in files:
        (directory / name).write_bytes(data)
    return [directory / name for name, _, _ in files]
