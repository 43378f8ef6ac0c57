"""The local Cloudflare Images on a disk without room for one more byte: what is there is delivered, what is new is
refused in good order, and nothing has to be restarted when there is room again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.emulator import RunningEmulator
from tests.support.full import SmallDisk, small_disk
from tests.support.photos import flicker, quadrants
from tests.support.pixels import decoded

FULL = (503, 5503)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk") as made:
        yield made


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def crowded(disk: SmallDisk, log: Path) -> Iterator[RunningEmulator]:
    """Keeps everything on that disk."""
    with RunningEmulator(disk.folder / "cloudflare", log=log) as running:
        yield running


def kept(emulator: RunningEmulator) -> list[Path]:
    """Results, finished and not."""
    return [path for path in (emulator.data_dir / "cache").rglob("*") if path.is_file()]


def test_a_picture_is_delivered_although_its_result_cannot_be_kept(
    disk: SmallDisk, crowded: RunningEmulator, log: Path
) -> None:
    photo = crowded.uploaded(quadrants(width=300, height=200))
    drawing = crowded.uploaded(SVG, type="image/svg+xml")
    disk.fill()
    for _ in range(2):
        small = crowded.deliver(photo, "w=150,f=baseline-jpeg")
        assert decoded(small).size == (150, 100)
        assert small.headers["cf-images"] == "internal=ok/m"
    said = log.read_text().splitlines()
    assert [line.partition(":")[0] for line in said] == ["a picture is delivered without being kept"] * 2
    assert "No space left on device" in said[0]
    for tail in ("w=120,f=webp", "w=120,f=avif", "w=120,f=jpeg"):
        assert decoded(crowded.deliver(photo, tail)).size == (120, 80), tail
    assert crowded.deliver(drawing, "public").status_code == 200
    assert kept(crowded) == []

    disk.free()
    for seen in ("m", "h"):
        assert crowded.deliver(photo, "w=150,f=baseline-jpeg").headers["cf-images"] == f"internal=ok/{seen}"
    assert len(kept(crowded)) == 1


def test_what_would_be_copied_into_the_cache_is_delivered_too(disk: SmallDisk, crowded: RunningEmulator) -> None:
    animation = flicker(2500, 2100, frames=10)  # too many pixels to be made anew
    image = crowded.uploaded(animation, type="image/gif")
    disk.fill()
    assert crowded.deliver(image, "public").content == animation
    assert kept(crowded) == []


@pytest.mark.parametrize("size", [(40, 30), (3000, 2000)], ids=["small", "many blocks"])
def test_an_upload_is_refused_in_the_envelope_and_leaves_nothing(
    disk: SmallDisk, crowded: RunningEmulator, log: Path, size: tuple[int, int]
) -> None:
    photo = quadrants(width=size[0], height=size[1])
    draft = crowded.http.post(f"{crowded.account}/v2/direct_upload", files={"metadata": (None, "{}")}).json()["result"]
    disk.fill()
    answer = crowded.upload(photo)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == FULL
    assert answer.json()["success"] is False
    said = log.read_text().splitlines()
    assert [line.partition(":")[0] for line in said] == ["the local Cloudflare Images has no room"]
    direct = crowded.http.post(draft["uploadURL"], files={"file": ("a.jpg", photo, "image/jpeg")})
    assert (direct.status_code, direct.json()["errors"][0]["code"]) == FULL
    assert direct.headers["access-control-allow-origin"] == "*"
    assert list((crowded.data_dir / "incoming").iterdir()) == []
    disk.free()
    crowded.uploaded(photo)
    assert crowded.http.post(draft["uploadURL"], files={"file": ("a.jpg", photo, "image/jpeg")}).status_code == 200


def test_rows_that_found_no_room_are_refused_and_every_thread_can_write_again(
    disk: SmallDisk, crowded: RunningEmulator
) -> None:
    """A commit that fails leaves its transaction open: unless that is ended, the thread's connection is lost."""
    image = crowded.uploaded(quadrants(width=40, height=30))
    place = f"{crowded.account}/v1/{image}"
    disk.fill(but=100_000)
    answers = []
    for number in range(400):  # the log of the database takes some before it finds no room
        answer = crowded.http.patch(place, json={"metadata": {"n": number, "text": "x" * 900}})
        answers.append(answer.status_code)
        if answers[-20:] == [503] * 20:
            break
    assert set(answers) == {200, 503}
    assert answer.json()["errors"][0]["code"] == 5503
    last = answers.count(200) - 1
    assert crowded.http.get(place).json()["result"]["meta"] == {"n": last, "text": "x" * 900}
    disk.free()
    for number in range(30):  # more than there are threads
        assert crowded.http.patch(place, json={"metadata": {"n": number}}).status_code == 200
