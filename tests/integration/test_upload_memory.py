"""The real server's memory while a large file arrives."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support import seaweed
from tests.support.server import RunningServer

MB = 1024 * 1024
FILE_MB = {"disk": 500, "s3": 150}
MOST_GROWTH_MB = 20
"""A bucket gets the file in parts of 8 MiB, one of which is in memory."""
BOUNDARY = "frontier"


def resident_mb(pid: int) -> float:
    """Resident memory of a process and its descendants, in MiB (proc(5): VmRSS is in KiB)."""
    total = 0.0
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):  # a child that has ended meanwhile
        return 0.0
    for line in status.splitlines():
        if line.startswith("VmRSS:"):
            total = int(line.split()[1]) / 1024
    return total + sum(resident_mb(int(child)) for child in children)


class Watch:
    """The most memory that a process used while it was watched."""

    def __init__(self, pid: int) -> None:
        self.most = resident_mb(pid)
        self._pid = pid
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def _look(self) -> None:
        while not self._end.wait(0.02):
            self.most = max(self.most, resident_mb(self._pid))

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()


def body(workspace_id: str, megabytes: int, *, is_file_first: bool) -> Iterator[bytes]:
    """A form with a file of that size, made while it is sent."""
    head = f"--{BOUNDARY}\r\nContent-Disposition: form-data; name="
    home = f'{head}"workspaceId"\r\n\r\n{workspace_id}\r\n'.encode()
    if not is_file_first:
        yield home
    yield f'{head}"file"; filename="large.bin"\r\n\r\n'.encode()
    block = bytes(range(256)) * 4096
    for _ in range(megabytes):
        yield block
    yield b"\r\n"
    if is_file_first:
        yield home
    yield f"--{BOUNDARY}--\r\n".encode()


@pytest.fixture(params=["disk", "s3"])
def storage(request: pytest.FixtureRequest) -> Iterator[dict[str, object]]:
    """Settings of where the file goes."""
    if request.param == "disk":
        yield {}
        return
    with seaweed.shared().settings() as bucket:
        yield bucket


@pytest.mark.parametrize("is_file_first", [False, True])
def test_a_large_file_passes_through_without_staying_in_memory(
    tmp_path: Path, storage: dict[str, object], is_file_first: bool
) -> None:
    with RunningServer(tmp_path / "data", **storage) as server, server.client() as client:
        megabytes = FILE_MB[str(storage.get("storage", "disk"))]
        workspace_id = client.get("/api/me").json()["workspaces"][0]["id"]
        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}

        def upload(megabytes: int) -> httpx.Response:
            content = body(workspace_id, megabytes, is_file_first=is_file_first)
            return client.post("/api/files", content=content, headers=headers, timeout=120)

        assert upload(20).status_code == 201  # what is imported and pooled once is not the file's
        time.sleep(1)
        before = resident_mb(server.pid)
        with Watch(server.pid) as watch:
            answer = upload(megabytes)
        assert (answer.status_code, answer.json()["size"]) == (201, megabytes * MB)
        assert watch.most - before < MOST_GROWTH_MB
