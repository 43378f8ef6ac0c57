"""The React hooks against the real server: `packages/react/tests`, run by vitest, and what npm would publish."""

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import npm, photos, react
from tests.support.pipeline import wait_for
from tests.support.server import ROOT, RunningServer

PAGE = "http://localhost:5173"
"""The origin of the tests' page, as in `vitest.config.ts`."""
PHOTOS = 40
FILLED = 7


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("react") / "data", cors_origins=PAGE) as running:
        yield running
        assert "Traceback" not in running.log, running.log


@pytest.fixture(scope="module", autouse=True)
def _installed() -> None:
    npm.install(react.FOLDER)


def test_the_hooks_work_with_the_real_server(server: RunningServer, tmp_path: Path) -> None:
    for seed in range(PHOTOS):
        (tmp_path / f"{seed}.jpg").write_bytes(photos.photo_jpeg(320, 240, seed=seed))
    report = tmp_path / "report.json"
    token = server.token()
    react.run(
        *("npx", "vitest", "run", "--reporter=default", "--reporter=json", f"--outputFile.json={report}"),
        AEONTEL_URL=server.url,
        AEONTEL_TOKEN=token,
        AEONTEL_TOKEN_NO_DELETE=server.token("read,write"),
        AEONTEL_WORKSPACE=_filled(server, token),
        AEONTEL_PHOTOS=str(tmp_path),
    )
    found = json.loads(report.read_text())
    assert found["success"]
    assert found["numPassedTests"] == found["numTotalTests"] > 20


def _filled(server: RunningServer, token: str) -> str:
    """A workspace with a few images."""
    with server.client(token) as client:
        place: str = client.post("/api/workspaces", json={"name": "filled"}).json()["id"]
        for seed in range(FILLED):
            part = {"file": (f"{seed}.jpg", photos.photo_jpeg(320, 240, seed=1000 + seed), "image/jpeg")}
            assert client.post("/api/files", data={"workspaceId": place}, files=part).status_code == 201
        images = f"/api/images?workspace_id={place}"
        wait_for(lambda: client.get(images).json()["pageInfo"]["total"] == FILLED)
    return place


def test_the_types_are_those_of_our_api(tmp_path: Path) -> None:
    """When this fails: `make types`, and see what the hooks make of it."""
    document = react.run("python", str(react.FOLDER / "openapi.py"), folder=ROOT).stdout
    (tmp_path / "openapi.json").write_text(document)
    made = tmp_path / "openapi.ts"
    react.run("npx", "openapi-typescript", str(tmp_path / "openapi.json"), "--alphabetize", "-o", str(made))
    assert made.read_text() == (react.FOLDER / "src" / "client" / "openapi.ts").read_text()


def test_the_types_of_hooks_and_tests_hold() -> None:
    react.run("npx", "tsc", "--noEmit")


def test_what_is_published_is_small_and_only_ours(tmp_path: Path) -> None:
    with tarfile.open(react.pack(tmp_path)) as packed:
        names = {name.removeprefix("package/") for name in packed.getnames()}
    assert {"package.json", "README.md", "dist/index.js", "dist/index.d.ts", "dist/useListImages.d.ts"} <= names
    assert not [name for name in names if not name.startswith("dist/") and name not in {"package.json", "README.md"}]
    sizes = react.sizes()
    assert sizes["everything"] < 8_000  # gzipped
    assert all(size < sizes["everything"] for name, size in sizes.items() if name != "everything")


def test_the_lock_files_name_versions_but_no_registry() -> None:
    for folder in (react.FOLDER, react.FOLDER / "example"):
        lock = json.loads((folder / "package-lock.json").read_text())
        assert not [name for name, entry in lock["packages"].items() if "://" in entry.get("resolved", "")]
