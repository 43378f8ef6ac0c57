"""The decoder's children: whatever happens to one, the pool answers and goes on."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from images_app.core.media.pool import DecoderPool, read_answer
from images_app.errors import ImageDamaged, ImageTooLarge, MediaError, MediaUnavailable, NotAnImage, SvgRefused
from tests.support import photos

ROOT = Path(__file__).parents[3]
LONG_WORK = photos.flood_png(15_700)
"""246 megapixels: allowed, and some seconds of work."""


@pytest.fixture(scope="module")
def shared() -> Iterator[DecoderPool]:
    pool = DecoderPool(2)
    yield pool
    pool.close()


@pytest.fixture
def own() -> Iterator[Callable[..., DecoderPool]]:
    """Makes pools that a test may ill-treat."""
    made: list[DecoderPool] = []

    def make(*args: int, **options: int) -> DecoderPool:
        made.append(DecoderPool(*args, **options))
        return made[-1]

    yield make
    for pool in made:
        pool.close()


def workers(parent: int) -> list[int]:
    """Process ids of the living decoders that this process has started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, ppid = stat.read_text().rpartition(")")[2].split()[:2]
            command = (stat.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if int(ppid) == parent and state != "Z" and b"core.media.worker" in command:
            found.append(int(stat.parent.name))
    return found


def eventually(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def written(folder: Path, data: bytes, name: str = "source") -> Path:
    (folder / name).write_bytes(data)
    return folder / name


def endless(folder: Path) -> Path:
    """A source whose first byte never comes."""
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


def test_an_answer_from_a_child_is_the_same_as_one_from_here(shared: DecoderPool, tmp_path: Path) -> None:
    source = written(tmp_path, photos.heic(gps=True, seed=4))
    result = shared.prepare(source, tmp_path)
    assert result.derivative == tmp_path / "derivative.jpg"
    assert result.derivative.read_bytes()[:3] == b"\xff\xd8\xff"
    assert (result.info.mime, result.info.width, result.info.height) == ("image/heic", 800, 600)
    assert result.info.exif is not None
    assert result.info.exif["GPSLatitudeRef"] == "N"
    assert result.info.taken_at is not None
    assert result.info.taken_at.isoformat() == "2024-06-02T14:00:00+00:00"


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (photos.pdf(), NotAnImage),
        (photos.corrupt_jpeg(), ImageDamaged),
        (photos.flood_png(), ImageTooLarge),
        (photos.entity_bomb_svg(), SvgRefused),
    ],
)
def test_errors_arrive_as_what_they_are(
    shared: DecoderPool, tmp_path: Path, data: bytes, error: type[MediaError]
) -> None:
    with pytest.raises(error) as caught:
        shared.prepare(written(tmp_path, data), tmp_path)
    assert len(caught.value.detail) > 10


def test_a_source_that_is_gone_may_be_tried_again(shared: DecoderPool, tmp_path: Path) -> None:
    with pytest.raises(MediaUnavailable):
        shared.prepare(tmp_path / "nothing", tmp_path)


def test_a_name_full_of_meaning_is_only_a_name(shared: DecoderPool, tmp_path: Path) -> None:
    source = written(tmp_path, photos.png(20, 10), 'a"\n[n=-1]{"b": 1}.svg')
    assert shared.prepare(source, tmp_path).info.width == 20


def test_many_threads_share_few_children(own: Callable[..., DecoderPool], tmp_path: Path) -> None:
    pool = own(2)
    most = 0

    def job(number: int) -> int:
        nonlocal most
        folder = tmp_path / str(number)
        folder.mkdir()
        width = pool.prepare(written(folder, photos.png(100 + number, 50, seed=number)), folder).info.width
        most = max(most, len(workers(os.getpid())))
        return width

    before = len(workers(os.getpid()))
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(job, range(40))) == [100 + number for number in range(40)]
    assert most <= before + 2


def test_children_start_when_they_are_needed_and_know_no_secrets(
    own: Callable[..., DecoderPool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAGES_CLOUDFLARE_API_TOKEN", "secret")
    before = set(workers(os.getpid()))
    pool = own(2)
    assert set(workers(os.getpid())) == before
    pool.prepare(written(tmp_path, photos.png(20, 10)), tmp_path)
    (child,) = set(workers(os.getpid())) - before
    assert b"secret" not in Path(f"/proc/{child}/environ").read_bytes()


def test_a_child_killed_at_its_work_is_replaced(own: Callable[..., DecoderPool], tmp_path: Path) -> None:
    before = set(workers(os.getpid()))
    pool = own(1)
    source = written(tmp_path, LONG_WORK)
    with ThreadPoolExecutor(1) as thread:
        job = thread.submit(pool.prepare, source, tmp_path)
        eventually(lambda: set(workers(os.getpid())) - before)
        (child,) = set(workers(os.getpid())) - before
        os.kill(child, signal.SIGKILL)
        with pytest.raises(MediaUnavailable):
            job.result()
    assert pool.prepare(written(tmp_path, photos.png(20, 10)), tmp_path).info.width == 20
    assert child not in workers(os.getpid())


def test_a_child_that_died_while_idle_is_not_noticed(own: Callable[..., DecoderPool], tmp_path: Path) -> None:
    pool, source = own(1), written(tmp_path, photos.png(20, 10))
    before = set(workers(os.getpid()))
    pool.prepare(source, tmp_path)
    (child,) = set(workers(os.getpid())) - before
    os.kill(child, signal.SIGKILL)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)  # dead for its parent, too, who has not asked yet
    assert pool.prepare(source, tmp_path).info.width == 20


def test_a_job_without_end_is_ended(own: Callable[..., DecoderPool], tmp_path: Path) -> None:
    pool = own(1, seconds=1)
    with pytest.raises(MediaUnavailable, match="1 seconds"):
        pool.prepare(endless(tmp_path), tmp_path)

    def works() -> bool:
        # On a busy machine a new child may not even have begun after a second.
        with suppress(MediaUnavailable):
            return pool.prepare(written(tmp_path, photos.png(20, 10)), tmp_path).info.width == 20
        return False

    eventually(works)


def test_a_job_without_memory_fails_alone(own: Callable[..., DecoderPool], tmp_path: Path) -> None:
    pool = own(1, memory=400 * 1024**2)
    whole = photos.encode(photos.scene(9000, 9000).convert("1"), "BMP")
    with pytest.raises(MediaUnavailable):
        pool.prepare(written(tmp_path, whole), tmp_path)
    assert pool.prepare(written(tmp_path, photos.png(20, 10)), tmp_path).info.width == 20


def test_closing_ends_the_children_and_the_waiting(own: Callable[..., DecoderPool], tmp_path: Path) -> None:
    before = set(workers(os.getpid()))
    pool, source = own(1), endless(tmp_path)
    with ThreadPoolExecutor(3) as threads:
        jobs = [threads.submit(pool.prepare, source, tmp_path) for _ in range(3)]
        eventually(lambda: set(workers(os.getpid())) - before)
        pool.close()
        for job in jobs:
            with pytest.raises(MediaUnavailable):
                job.result()
    assert set(workers(os.getpid())) <= before
    with pytest.raises(MediaUnavailable, match="closed"):
        pool.prepare(source, tmp_path)
    pool.close()


@pytest.mark.parametrize("is_busy", [True, False])
def test_no_child_outlives_a_parent_that_was_killed(tmp_path: Path, is_busy: bool) -> None:
    program = (
        "import sys; from pathlib import Path; from images_app.core.media.pool import DecoderPool\n"
        "pool = DecoderPool(1); pool.prepare(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "Path(sys.argv[2], 'done').touch(); sys.stdin.read()"
    )
    source = written(tmp_path, LONG_WORK if is_busy else photos.png(20, 10))
    command = [sys.executable, "-c", program, str(source), str(tmp_path)]
    parent = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE)
    try:
        eventually(lambda: workers(parent.pid) and (is_busy or (tmp_path / "done").exists()))
        (child,) = workers(parent.pid)
    finally:
        parent.kill()
        parent.communicate()
    eventually(lambda: b"core.media.worker" not in _command(child))
    assert not (tmp_path / "derivative.jpg").exists()


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_a_thread_that_ends_does_not_end_the_child_it_started(own: Callable[..., DecoderPool], tmp_path: Path) -> None:
    pool, source = own(1), written(tmp_path, photos.png(20, 10))
    before = set(workers(os.getpid()))
    thread = threading.Thread(target=pool.prepare, args=(source, tmp_path))
    thread.start()
    thread.join()
    child = set(workers(os.getpid())) - before
    pool.prepare(source, tmp_path)
    assert set(workers(os.getpid())) - before == child != set()


HONEST = {
    "mime": "image/png", "width": 20, "height": 10, "exif": {"Make": "A"}, "taken_at": "2024-01-01T00:00:00+00:00",
    "thumbhash": "X/gVJYh3iHd/h4h2h2h4eH/suQdc", "derivative": None,
}  # fmt: skip


def test_an_honest_answer_is_believed(tmp_path: Path) -> None:
    assert read_answer(json.dumps({"prepared": HONEST}).encode(), tmp_path).info.width == 20


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\xff\n",
        b"[]\n",
        b"null\n",
        b"[" * 100_000,
        b'{"error": "forbidden", "detail": "x"}\n',
        b'{"error": ["not_an_image"], "detail": "x"}\n',
        b'{"error": "not_an_image"}\n',
        *(
            json.dumps({"prepared": {**HONEST, **lie}}).encode()
            for lie in (
                {"mime": "text/html"},
                {"mime": ["image/png"]},
                {"width": 0},
                {"width": True},
                {"width": 1e3},
                {"height": 10**9},
                {"exif": []},
                {"exif": {"Make": "x" * 20_000}},
                {"taken_at": "soon"},
                {"taken_at": "2024-01-01T00:00:00"},
                {"taken_at": 5},
                {"thumbhash": "<script>"},
                {"thumbhash": "AAAA" * 30},
                {"derivative": "text/html"},
                {"derivative": "image/jpeg"},
                {"derivative": "../../etc/passwd"},
            )
        ),
    ],
)
def test_a_child_that_lies_is_not_believed(tmp_path: Path, answer: bytes) -> None:
    with pytest.raises(MediaUnavailable, match="no sense"):
        read_answer(answer, tmp_path)


def test_a_derivative_that_points_elsewhere_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "derivative.jpg").symlink_to(tmp_path / "secret")
    with pytest.raises(MediaUnavailable):
        read_answer(json.dumps({"prepared": {**HONEST, "derivative": "image/jpeg"}}).encode(), tmp_path)
