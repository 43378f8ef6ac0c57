"""The gallery's own reasoning, in JavaScript: rows, pages, words and shapes. Run by Node's test runner."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import photos

TESTS = sorted((Path(__file__).parent / "gallery").glob("*.test.mjs"))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    written = {
        "60x40.jpg": photos.quadrants(1, width=60, height=40),
        "60x40-turned-once.jpg": photos.quadrants(6, width=60, height=40),
        "60x40-turned-and-mirrored.jpg": photos.quadrants(5, width=60, height=40),
        "60x40-upside-down.jpg": photos.quadrants(3, width=60, height=40),
        "90x70.png": photos.png(90, 70),
        "50x20.webp": photos.webp(50, 20),
        "32x24.gif": photos.gif_of(3, 32, 24),
    }
    for name, data in written.items():
        (folder / name).write_bytes(data)
    return folder


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name.removesuffix(".test.mjs"))
def test_gallery(path: Path, pictures: Path) -> None:
    names = sorted(picture.name for picture in pictures.iterdir())
    done = subprocess.run(
        [Path(sys.executable).with_name("node"), "--test", "--test-reporter=tap", path],
        env={"PICTURES": str(pictures), "PICTURES_LIST": ",".join(names), "NODE_NO_WARNINGS": "1", "TZ": "UTC"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# fail 0" in done.stdout
    assert "# pass 0" not in done.stdout
