"""The API of a real world on a real HTTP server in this process, once for each kind of engines (`support/engines.py`).

A test that touches no data is marked `embedded`, one about what only the other engines have `production`: then it runs
on these alone.
"""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import httpx
import pytest
from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.types import ASGIApp

from images_app import bootstrap
from images_app.api.app import create_api
from images_app.api.headers import SecurityHeaders
from images_app.bootstrap import World
from images_app.core import counters, sessions, tokens, users, workspaces
from images_app.jobs.queue import DurableQueue
from images_app.models import Membership, Token, User, Workspace
from images_app.settings import load
from images_app.shared import Shared
from tests.support.engines import Embedded, Engines, Production
from tests.support.ports import free_port
from tests.support.postgres import Postgres, binaries
from tests.support.redis import Redis
from tests.support.redis import binary as redis_server

EMAIL = "ada@example.com"
ENGINES = ("embedded", "production")
_TLS = httpx.create_ssl_context()
"""Made once: it takes longer than most requests, and no client here even uses it."""


def pytest_configure(config: pytest.Config) -> None:
    for name in ENGINES:
        config.addinivalue_line("markers", f"{name}: runs on the {name} engines only")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engines" in metafunc.fixturenames:
        only = [name for name in ENGINES if metafunc.definition.get_closest_marker(name)]
        metafunc.parametrize("engines", only or ENGINES, indirect=True, scope="session")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL of this test process."""
    found = binaries()
    if found is None:
        pytest.skip("PostgreSQL is not on this machine: neither in /usr/lib/postgresql nor on the PATH.")
    with Postgres(found) as running:
        yield running


@contextmanager
def running_redis() -> Iterator[Redis]:
    found = redis_server()
    if found is None:
        pytest.skip("Redis is not on this machine: no redis-server on the PATH.")
    with Redis(found) as running:
        yield running


@pytest.fixture
def redis() -> Iterator[Redis]:
    """A Redis of this test's own, to be stopped at will."""
    with running_redis() as running:
        yield running


@pytest.fixture(scope="session")
def lasting_redis() -> Iterator[Redis]:
    """A Redis of this test process."""
    with running_redis() as running:
        yield running


@pytest.fixture(scope="session")
def engines(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Engines:
    """What the worlds of a test are built on."""
    if request.param == "embedded":
        return Embedded(tmp_path_factory.mktemp("embedded"))
    return Production(request.getfixturevalue("postgres"), request.getfixturevalue("lasting_redis"))


@pytest.fixture
def options() -> dict[str, object]:
    """Settings that a test wants otherwise than they are by default, by `parametrize`."""
    return {}


@contextmanager
def made_world(folder: Path, engines: Engines, **options: object) -> Iterator[World]:
    """A world with tables and nobody in it."""
    with engines.place(folder / "data") as place:
        built = bootstrap.build(load(port=free_port(), **place, **options))
        try:
            yield built
        finally:
            built.close()


@pytest.fixture
def world(tmp_path: Path, engines: Engines, options: dict[str, object]) -> Iterator[World]:
    """A world of this test's own."""
    with made_world(tmp_path, engines, **options) as made:
        yield made


def _wait_for_an_answer(port: int, server: threading.Thread) -> None:
    """Until the application answers something: one that is stopped while it starts never ends."""
    while server.is_alive():
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
            return
        except ConnectionRefusedError:
            time.sleep(0.005)
        finally:
            connection.close()
    raise RuntimeError("The server ended at once.")


@contextmanager
def serving(app: ASGIApp, port: int, shared: Shared | None = None) -> Iterator[str]:
    """The address of `app` on a real server of this process; `shared` is of its event loop."""
    loop = asyncio.new_event_loop()
    server = Server(app, address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_enabled=False)
    thread = threading.Thread(target=loop.run_until_complete, args=(server.serve(),))
    thread.start()
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for_an_answer(port, thread)
        yield url
    finally:
        loop.call_soon_threadsafe(server.stop)
        thread.join()
        if shared is not None:
            loop.run_until_complete(shared.close())
        loop.close()


@dataclass(frozen=True)
class Api:
    """The served API and its people."""

    world: World
    url: str
    opened: ExitStack

    def client(self, token: str | None = None, **options: object) -> httpx.Client:
        """A client without credential, or with a bearer token."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        client = httpx.Client(base_url=self.url, headers=headers, timeout=30, verify=_TLS, **options)  # type: ignore[arg-type]
        return self.opened.enter_context(client)

    def user(self, email: str = EMAIL, *, password: str | None = None, is_admin: bool = False) -> User:
        """A new user; hashing a password takes its time, so only on demand."""
        with self.world.database.write() as session:
            return users.create(session, email, password, is_admin=is_admin)

    def workspace(self, owner: User, name: str = "Photos") -> Workspace:
        with self.world.database.write() as session:
            return workspaces.create(session, owner.id, name)

    def member(self, workspace: Workspace, user: User, role: str) -> None:
        with self.world.database.write() as session:
            session.add(Membership(workspace_id=workspace.id, user_id=user.id, role=role))
            counters.add(session, workspace.id, "members", 1)

    def token(self, user: User, **wanted: object) -> tuple[Token, str]:
        with self.world.database.write() as session:
            return tokens.create(session, user, name="test", **wanted)  # type: ignore[arg-type]

    def browser(self, user: User) -> httpx.Client:
        """A client with a session cookie of this user, without the time that checking a password takes."""
        with self.world.database.write() as session:
            secret, _ = sessions.open(session, user)
        client = self.client()
        client.cookies.set("aeontel_session", secret)
        return client


@contextmanager
def served_api(world: World) -> Iterator[Api]:
    """The API of a world, served."""
    app = SecurityHeaders(create_api(world), image_origins=("https://imagedelivery.example",))
    with serving(app, world.settings.port, world.shared) as url, ExitStack() as opened:
        yield Api(world, url, opened)


@pytest.fixture
def api(world: World) -> Iterator[Api]:
    """The API of this test's own world."""
    with served_api(world) as served:
        yield served


@pytest.fixture(scope="module")
def shared_api(tmp_path_factory: pytest.TempPathFactory, engines: Engines) -> Iterator[Api]:
    """One API for a whole module of tests that can live with what the others left, and with nobody working at its
    queue."""
    with made_world(tmp_path_factory.mktemp("shared"), engines) as world:
        assert isinstance(world.queue, DurableQueue)
        world.queue.prepare(1)
        with served_api(world) as served:
            yield served
