"""One local Cloudflare Images and one origin for all contract tests of a run."""

from collections.abc import Iterator

import pytest

from tests.support.emulator import Origin, RunningEmulator


@pytest.fixture(scope="session")
def origin() -> Iterator[Origin]:
    """Serves pages that the emulator may pull from below `/objects`."""
    with Origin() as running:
        yield running


@pytest.fixture(scope="session")
def emulator(origin: Origin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """Keeps what tests put into it: they tell their images apart by id, creator or metadata."""
    with RunningEmulator(tmp_path_factory.mktemp("cloudflare"), fetch_bases=(f"{origin.url}/objects/",)) as running:
        yield running
