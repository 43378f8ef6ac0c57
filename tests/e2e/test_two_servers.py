"""Two servers behind a proxy, on one PostgreSQL, one bucket and one Redis: a browser does not notice which it is at."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from sqlmodel import select

from images_app.core import tokens, workspaces
from images_app.models import User
from tests.e2e.conftest import counted, drop
from tests.e2e.people import enter
from tests.support import photos, seaweed
from tests.support.cluster import Cluster, running_cluster
from tests.support.pipeline import wait_for
from tests.support.postgres import Postgres, binaries
from tests.support.proxy import WEBSOCKET, Proxy
from tests.support.redis import Redis
from tests.support.redis import binary as redis_server
from tests.support.server import ADMIN_EMAIL, ADMIN_PASSWORD, RunningServer


@dataclass(frozen=True)
class Site:
    """What a visitor reaches, and the machines behind it."""

    proxy: Proxy
    cluster: Cluster
    redis: Redis

    @property
    def servers(self) -> tuple[RunningServer, RunningServer]:
        one, other = (member.server for member in self.cluster.members)
        return one, other


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, web_dir: Path) -> Iterator[Site]:
    seaweed.require()
    found, redis_found = binaries(), redis_server()
    if found is None:
        pytest.skip("PostgreSQL is not on this machine: neither in /usr/lib/postgresql nor on the PATH.")
    if redis_found is None:
        pytest.skip("Redis is not on this machine: no redis-server on the PATH.")
    with (
        Postgres(found) as database,
        Redis(redis_found) as redis,
        Proxy() as proxy,
        running_cluster(
            tmp_path_factory.mktemp("site"),
            database,
            seaweed.shared(),
            face=True,
            web_dir=str(web_dir),
            redis_url=redis.url,
            public_url=proxy.url,
            secret_key="the same for all servers of a site",
            rate_limit_per_token=0,
        ) as cluster,
    ):
        proxy.servers = [member.server.port for member in cluster.members]
        yield Site(proxy, cluster, redis)
        for member in cluster.members:
            assert "Traceback" not in member.server.log, member.server.log


@pytest.fixture
def site(running: Site) -> Site:
    """Everything at work, whatever the test before did to it."""
    running.cluster.whole()
    running.proxy.first = None
    return running


@pytest.fixture
def place(site: Site, request: pytest.FixtureRequest) -> str:
    """A workspace of this test's own, owned by the admin."""
    with site.cluster.beside.database.write() as session:
        admin = session.exec(select(User).where(User.email == ADMIN_EMAIL)).one()
        return workspaces.create(session, admin.id, request.node.name[:100]).id


@pytest.fixture
def visit(site: Site, browser: Browser) -> Iterator[Callable[[str, RunningServer], Page]]:
    """Opens a gallery in a browser of its own, whose connections go to one server as long as that is there."""
    contexts: list[BrowserContext] = []

    def arrive(path: str, server: RunningServer) -> Page:
        contexts.append(browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB"))
        page = contexts[-1].new_page()
        site.proxy.first = server.port
        enter(page, site.proxy.url, path)
        expect(live(page)).to_be_visible()
        expect(page.get_by_text("Drop photos anywhere on this page")).to_be_visible()
        assert site.proxy.went_to(WEBSOCKET)[-1] == server.port
        page.evaluate("window.isSamePage = true")
        return page

    yield arrive
    for context in contexts:
        context.close()


def live(page: Page) -> Locator:
    return page.get_by_role("status").filter(has_text="Live")


def section(page: Page, name: str) -> Locator:
    return page.get_by_role("link", name=re.compile(f"^{name}"))


def open_files(page: Page, name: str) -> None:
    """Go to the list of files, as its server makes it, and find one."""
    section(page, "Files").click()
    page.wait_for_url("**/files")
    expect(page.get_by_role("main").get_by_text(name, exact=True).first).to_be_visible()


def photo(name: str, seed: int = 0, size: tuple[int, int] = (900, 600)) -> tuple[str, str, bytes]:
    return name, "image/jpeg", photos.photo_jpeg(*size, seed=seed)


def files_in(site: Site, place: str) -> list[str]:
    """The names of the files of a workspace, as the database has them."""
    member = next(m for m in site.cluster.members if not m.server.has_ended)
    found = member.http.get("/api/files", params={"workspace_id": place}).json()
    return sorted(file["name"] for file in found["data"])


def test_what_is_dropped_at_one_server_appears_at_the_other(
    site: Site, place: str, visit: Callable[[str, RunningServer], Page]
) -> None:
    one, other = site.servers
    here = visit(f"/w/{place}/content", one)
    there = visit(f"/w/{place}/content", other)
    drop(here, [photo("shared.jpg")])
    expect(counted(here, "1 image")).to_be_visible()
    expect(counted(there, "1 image")).to_be_visible()
    expect(there.get_by_role("gridcell", name="shared.jpg")).to_be_visible()


def test_an_upload_under_way_survives_the_death_of_its_server(
    site: Site, place: str, visit: Callable[[str, RunningServer], Page]
) -> None:
    one, other = site.servers
    page = visit(f"/w/{place}/content", one)
    drop(page, [photo("before.jpg", seed=1)])
    expect(counted(page, "1 image")).to_be_visible()
    held = site.proxy.hold_next_upload(after=50_000)
    drop(page, [photo("under way.jpg", seed=2, size=(1800, 1200))])
    held.wait()
    connected = len(site.proxy.went_to(WEBSOCKET))
    one.kill()
    expect(counted(page, "2 images")).to_be_visible()
    assert files_in(site, place) == ["before.jpg", "under way.jpg"]
    # The kernel may take a connection for a server that is just dying; that one breaks, too.
    wait_for(lambda: site.proxy.went_to(WEBSOCKET)[connected:][-1:] == [other.port])
    expect(live(page)).to_be_visible()
    # The page goes on at the other server: what it asks for is answered, and nothing was loaded anew.
    open_files(page, "under way.jpg")
    assert page.evaluate("window.isSamePage")


def test_servers_are_restarted_in_turn_while_somebody_works(
    site: Site, place: str, visit: Callable[[str, RunningServer], Page]
) -> None:
    page = visit(f"/w/{place}/content", site.servers[0])
    names = []
    for number, server in enumerate(site.servers, 1):
        batch = [photo(f"{number}-{n}.jpg", seed=10 * number + n) for n in range(4)]
        names += [name for name, _, _ in batch]
        drop(page, batch)
        assert server.stop() == 0
        expect(counted(page, f"{4 * number} images")).to_be_visible()
        server.start()
    expect(live(page)).to_be_visible()
    assert files_in(site, place) == sorted(names)
    assert page.evaluate("window.isSamePage")


def test_pages_work_without_redis_and_when_it_is_back(
    site: Site, place: str, visit: Callable[[str, RunningServer], Page]
) -> None:
    one, other = site.servers
    here = visit(f"/w/{place}/content", one)
    there = visit(f"/w/{place}/content", other)
    for number, change in enumerate((site.redis.pause, site.redis.kill, site.redis.start), 1):
        change()
        drop(here, [photo(f"{number}.jpg", seed=number)])
        for page in (here, there):
            expect(counted(page, f"{number} image{'s' * (number > 1)}")).to_be_visible()
        open_files(here, f"{number}.jpg")
        section(here, "Images").click()
        expect(counted(here, f"{number} image{'s' * (number > 1)}")).to_be_visible()
    assert here.evaluate("window.isSamePage")
    assert there.evaluate("window.isSamePage")


def test_redis_has_the_state_of_the_tab_for_a_while_and_no_secret(
    site: Site, place: str, visit: Callable[[str, RunningServer], Page]
) -> None:
    page = visit(f"/w/{place}/content", site.servers[0])
    secret = next(c["value"] for c in page.context.cookies() if c["name"] == "aeontel_session")
    token = page.evaluate("sessionStorage.getItem('token')")
    with site.redis.client() as redis:

        def is_kept() -> bool:
            # A server that was without Redis goes back to it after a while only, with what happens next.
            page.reload()
            expect(live(page)).to_be_visible()
            return any(place.encode() in (redis.get(key) or b"") for key in redis.keys(f"{token}*"))

        wait_for(is_kept)
        for key in redis.keys("*"):
            left, value = redis.pttl(key), redis.dump(key)
            if value is None:
                continue  # its time ran out just now
            assert 0 < left <= 3_600_000, key
            kept = value + key
            assert secret.encode() not in kept
            assert re.search(rb"aeo_[0-9A-Za-z]{36}", kept) is None


def test_what_is_revoked_at_one_server_is_lost_at_the_other(site: Site, place: str) -> None:
    one, other = site.servers
    with site.cluster.beside.database.write() as session:
        admin = session.exec(select(User).where(User.email == ADMIN_EMAIL)).one()
        token, secret = tokens.create(session, admin, name="to be revoked")
    own = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
    with httpx.Client(base_url=one.url, timeout=30) as owner, other.client(secret) as reader:
        assert owner.post("/api/session", json=own).status_code == 200
        headers = {"Accept": "text/event-stream"}
        with reader.stream("GET", "/api/events", params={"workspace_id": place}, headers=headers) as answer:
            lines = answer.iter_lines()
            assert next(lines) == "retry: 2000"
            assert owner.delete(f"/api/tokens/{token.id}").status_code == 200
            assert list(lines) == [""]
        assert reader.get("/api/me").status_code == 401
