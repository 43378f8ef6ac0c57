"""SIGKILL at any moment loses nothing that was answered, and leaves nothing half."""

import os
import random
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from tests.support import photos
from tests.support.emulator import RunningEmulator
from tests.support.pipeline import wait_for
from tests.support.pixels import decoded

HEAVY = "w=12000,h=8000,fit=squeeze,f=webp"
"""Seconds of work for one child."""


def test_what_was_answered_survives_sigkill(tmp_path):
    answered: dict[str, bytes] = {}
    emulator = RunningEmulator(tmp_path)
    ends = threading.Event()

    def upload(seed: int) -> None:
        chance = random.Random(seed)
        while True:
            data = photos.quadrants(width=chance.randrange(20, 900), height=chance.randrange(20, 900))
            try:
                answer = emulator.upload(data)
            except httpx.TransportError:
                return
            if answer.status_code != 200 and ends.is_set():
                return  # the kill came to its pixel child first, and the server had time to say so
            answered[answer.json()["result"]["id"]] = data

    with emulator:
        for round in range(3):
            with ThreadPoolExecutor(3) as threads:
                goal = len(answered) + 10
                working = [threads.submit(upload, round * 10 + n) for n in range(3)]
                while len(answered) < goal and not any(each.done() for each in working):
                    time.sleep(0.01)
                ends.set()
                emulator.kill()
            for each in working:
                each.result()
            assert len(answered) >= goal
            ends.clear()
            emulator.start()
        listed = emulator.http.get(f"{emulator.account}/v2?per_page=10000").json()["result"]["images"]
        assert set(answered) <= {image["id"] for image in listed}
        for image in listed:
            blob = emulator.http.get(f"{emulator.account}/v1/{image['id']}/blob").content
            assert blob == answered.get(image["id"], blob)
            assert decoded(emulator.deliver(image["id"], "w=10")).width == 10


def test_settings_and_variants_survive_and_old_orphans_are_swept(tmp_path):
    emulator = RunningEmulator(tmp_path)
    with emulator:
        image_id = emulator.uploaded(photos.quadrants())
        key = emulator.http.put(f"{emulator.account}/v1/keys/second").json()["result"]["keys"][1]
        emulator.http.patch(f"{emulator.account}/v1/config", json={"flexible_variants": False})
        emulator.deliver(image_id, "public")
        emulator.kill()
        young, old, draft = (tmp_path / "blobs" / "aa" / "aa01", tmp_path / "blobs/aa/aa02", tmp_path / "incoming/x")
        for path in (young, old, draft):
            path.write_bytes(b"left behind")
        for path in (old, draft):
            os.utime(path, (0, 0))
        emulator.start()
        assert (young.exists(), old.exists(), draft.exists()) == (True, False, False)
        assert emulator.http.get(f"{emulator.account}/v1/keys").json()["result"]["keys"][1] == key
        assert emulator.deliver(image_id, "w=5").headers["cf-images"] == "err=9429"
        assert emulator.deliver(image_id, "public").headers["cf-images"] == "internal=ok/h"


def test_a_killed_pixel_child_costs_one_answer_at_most(tmp_path):
    with RunningEmulator(tmp_path, pixel_processes=1) as emulator:
        image_id = emulator.uploaded(photos.photo_jpeg(4000, 3000))
        answers: list[httpx.Response] = []
        heavy = threading.Thread(target=lambda: answers.append(emulator.deliver(image_id, "blur=100,f=webp")))
        (child,) = emulator.pixel_children()
        with at_work(child):
            heavy.start()
        os.kill(child, signal.SIGKILL)
        heavy.join()
        assert answers[0].status_code == 200 or answers[0].headers["cf-images"] == "err=9523"
        assert decoded(emulator.deliver(image_id, "w=50")).size == (50, 38)
        assert len(emulator.pixel_children()) == 1


def test_a_job_over_its_time_is_answered_with_an_error(tmp_path):
    with RunningEmulator(tmp_path) as patient:
        image_id = patient.uploaded(photos.quadrants(width=3000, height=3000))
    with RunningEmulator(tmp_path, pixel_processes=1, pixel_seconds=1) as emulator:
        answer = emulator.deliver(image_id, HEAVY)
        assert (answer.status_code, answer.headers["cf-images"]) == (500, "err=9523")

        def small() -> httpx.Response | None:
            # On a busy machine even this may take too long.
            answer = emulator.deliver(image_id, "w=50")
            return answer if answer.status_code == 200 else None

        assert decoded(wait_for(small)).size == (50, 50)


def test_many_sizes_leave_a_bounded_cache(tmp_path):
    cap = 50_000
    with RunningEmulator(tmp_path, pixel_cache_bytes=cap) as emulator:
        image_id = emulator.uploaded(photos.photo_jpeg(320, 240))
        for width in range(100, 160):
            assert emulator.deliver(image_id, f"w={width}").status_code == 200
        kept = [path.stat().st_size for path in (tmp_path / "cache").rglob("*") if path.is_file()]
        assert 0 < sum(kept) <= cap


@contextmanager
def at_work(child: int) -> Iterator[None]:
    """Waits at its end until the process has computed for a tenth of a second since its beginning (proc(5))."""

    def ticks() -> int:
        fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    before = ticks()
    yield
    limit = time.monotonic() + 60
    while ticks() < before + os.sysconf("SC_CLK_TCK") // 10:
        assert time.monotonic() < limit, "the job did not reach the child"
        time.sleep(0.01)


def test_a_client_that_goes_away_frees_its_work(tmp_path):
    with RunningEmulator(tmp_path, pixel_processes=1) as emulator:
        image_id = emulator.uploaded(photos.quadrants(width=3000, height=2000))
        (before,) = emulator.pixel_children()
        with socket.create_connection(("127.0.0.1", emulator.port)) as client, at_work(before):
            path = f"{emulator.delivery}/{image_id}/{HEAVY}".removeprefix(emulator.url)
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        assert decoded(emulator.deliver(image_id, "w=50")).size == (50, 33)
        wait_for(lambda: before not in emulator.pixel_children())
        wait_for(lambda: not list((tmp_path / "cache").rglob("*.draft")))


def test_pixel_children_end_with_a_server_that_is_killed_alone(tmp_path):
    """In the middle of a job, too."""
    with RunningEmulator(tmp_path, pixel_processes=1) as emulator:
        image_id = emulator.uploaded(photos.quadrants(width=3000, height=2000))
        (child,) = emulator.pixel_children()

        def ask() -> None:
            with suppress(httpx.TransportError):
                httpx.get(f"{emulator.delivery}/{image_id}/{HEAVY}", timeout=30)

        asking = threading.Thread(target=ask)
        with at_work(child):
            asking.start()
        assert emulator.pixel_children() == [child]
        emulator.kill(children=False)
        asking.join()
        wait_for(lambda: b"pixels.worker" not in command_line(child))


def command_line(pid: int) -> bytes:
    """Empty when it lives no more, whether or not somebody has buried it."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
