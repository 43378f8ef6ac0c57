"""For all contract tests of a run: one local Cloudflare Images, one origin, and one S3 server."""

import socket
from collections.abc import Iterator

import pytest

from images_app.storage.s3 import S3ObjectStore
from tests.support import photos, seaweed
from tests.support.emulator import Origin, RunningEmulator
from tests.support.front import Front
from tests.support.seaweed import Weed


@pytest.fixture(scope="session")
def origin() -> Iterator[Origin]:
    """Serves pages that the emulator may pull from below `/objects`."""
    with Origin() as running:
        yield running


@pytest.fixture(scope="session")
def nobody() -> Iterator[str]:
    """An address where nobody listens, nor can begin to; the emulator may pull from it, too."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


@pytest.fixture(scope="session")
def emulator(origin: Origin, nobody: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """Keeps what tests put into it: they tell their images apart by id, creator or metadata."""
    bases = (f"{origin.url}/objects/", f"{nobody}/")
    with RunningEmulator(tmp_path_factory.mktemp("cloudflare"), fetch_bases=bases) as running:
        yield running


@pytest.fixture
def weed() -> Weed:
    """A real S3 server, shared by all tests."""
    return seaweed.shared()


@pytest.fixture
def front(weed: Weed) -> Iterator[Front]:
    """Stands before that server, and can do to answers what networks do."""
    with Front(weed.endpoint) as running:
        yield running


@pytest.fixture
def store(weed: Weed, front: Front) -> Iterator[S3ObjectStore]:
    """An empty bucket behind the front."""
    with weed.store(endpoint=front.url) as made:
        yield made


@pytest.fixture(scope="session")
def quadrants(emulator: RunningEmulator) -> str:
    """The id of a picture of four colours, 1080 by 720."""
    return emulator.uploaded(photos.quadrants(width=1080, height=720))
