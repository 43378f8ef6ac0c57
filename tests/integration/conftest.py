"""The API of a real world on a real HTTP server in this process, once for each kind of engines (`support/engines.py`).

With the engines of production there is a second server of that world, in another process, and the clients of a test
speak to both in turn.

A test that touches no data is marked `embedded`, one about what only the other engines have `production`: then it runs
on these alone.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import httpx
import pytest

from images_app import bootstrap
from images_app.bootstrap import World
from images_app.core import counters, sessions, tokens, users, workspaces
from images_app.jobs.queue import DurableQueue
from images_app.models import Membership, Token, User, Workspace
from images_app.settings import load
from tests.integration.gallery import Gallery
from tests.support.balanced import Balanced
from tests.support.engines import Embedded, Engines, Production
from tests.support.other_process import OtherProcess
from tests.support.ports import free_port
from tests.support.postgres import Postgres, binaries
from tests.support.redis import Redis
from tests.support.redis import binary as redis_server
from tests.support.server import TLS
from tests.support.serving import serving_api

EMAIL = "ada@example.com"
ENGINES = ("embedded", "production")


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
        built = bootstrap.build(load(port=free_port(), _env_file=None, **place, **options))
        try:
            yield built
        finally:
            built.close()


@pytest.fixture
def world(tmp_path: Path, engines: Engines, options: dict[str, object]) -> Iterator[World]:
    """A world of this test's own."""
    with made_world(tmp_path, engines, **options) as made:
        yield made


_hashed = cache(users.new_password)


@dataclass(frozen=True)
class Api:
    """The served API and its people."""

    world: World
    """Of the server in this process."""
    ports: list[int]
    """Of all servers; that of this process first."""
    opened: ExitStack

    @property
    def url(self) -> str:
        """The address of the server in this process."""
        return f"http://127.0.0.1:{self.ports[0]}"

    def client(self, token: str | None = None, **options: object) -> httpx.Client:
        """A client without credential, or with a bearer token; its requests go to each server in turn."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        way = Balanced(self.ports, verify=TLS)
        client = httpx.Client(base_url=self.url, headers=headers, timeout=30, transport=way, **options)  # type: ignore[arg-type]
        return self.opened.enter_context(client)

    def user(self, email: str = EMAIL, *, password: str | None = None, is_admin: bool = False) -> User:
        """A new user; hashing a password takes its time, so only on demand, and once for each password."""
        with self.world.database.write() as session:
            hashed = None if password is None else _hashed(password)
            return users.create_with_hash(session, email, hashed, is_admin=is_admin)

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
def served_api(world: World, other: OtherProcess | None = None) -> Iterator[Api]:
    """The API of a world, served: by this process, and by the other as well."""
    folder = world.settings.data_dir.with_name("other")
    second = nullcontext() if other is None else other.serving(world, folder)
    with serving_api(world), second as port, ExitStack() as opened:
        yield Api(world, [p for p in (world.settings.port, port) if p], opened)


@pytest.fixture(scope="session")
def other_process() -> Iterator[OtherProcess]:
    """The other server process, for the worlds of this one."""
    with OtherProcess() as running:
        yield running


@pytest.fixture(scope="session")
def other(request: pytest.FixtureRequest, engines: Engines) -> OtherProcess | None:
    """Who serves a test's world besides this process."""
    return request.getfixturevalue("other_process") if isinstance(engines, Production) else None


@pytest.fixture
def api(world: World, other: OtherProcess | None) -> Iterator[Api]:
    """The API of this test's own world."""
    with served_api(world, other) as served:
        yield served


@pytest.fixture(scope="module")
def shared_api(tmp_path_factory: pytest.TempPathFactory, engines: Engines, other: OtherProcess | None) -> Iterator[Api]:
    """One API for a whole module of tests that can live with what the others left, and with nobody working at its
    queue."""
    with made_world(tmp_path_factory.mktemp("shared"), engines) as world:
        assert isinstance(world.queue, DurableQueue)
        world.queue.prepare(1)
        with served_api(world, other) as served:
            yield served


@pytest.fixture
def gallery(api: Api) -> Gallery:
    """Ada's, at the test's own API."""
    return Gallery.of(api)


@pytest.fixture(scope="module")
def standing(shared_api: Api) -> Gallery:
    """Ada's, for all tests of a module that can live with what the others left in it."""
    return Gallery.of(shared_api)


@pytest.fixture(scope="module")
def outsider(standing: Gallery) -> httpx.Client:
    """Somebody without a workspace, beside that one."""
    return standing.outsider()
