"""A hundred thousand files that wait for their images at the start, as after a long time without Cloudflare."""

import base64
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from images_app import ids
from tests.support.engines import Engines
from tests.support.gate import CREATE, Answer, Forward
from tests.support.pipeline import Pipeline, pipeline_on, wait_for

pytestmark = pytest.mark.embedded
MANY = 100_000
AT_A_TIME = 8
"""The default of IMAGES_PROVISION_CONCURRENCY."""
MOST_RESIDENT = 400 * 1024 * 1024
"""Bytes of the largest process; a server at rest has about half of it."""


class Dam:
    """Holds every request back until it breaks, and knows how many it ever held at once."""

    def __init__(self) -> None:
        self.held = 0
        self.most = 0
        self._lock = threading.Lock()
        self._broken = threading.Event()

    def __call__(self, forward: Forward) -> Answer:
        with self._lock:
            self.held += 1
            self.most = max(self.most, self.held)
        assert self._broken.wait(120)
        with self._lock:
            self.held -= 1
        return forward()

    def break_(self) -> None:
        self._broken.set()


def plant(database: Path, file_id: str) -> None:
    """Many more of this file, each with its first attempt enqueued as `DurableQueue.provision` does it."""
    with sqlite3.connect(database) as db:
        db.row_factory = sqlite3.Row
        file = dict(db.execute("SELECT * FROM file WHERE id = ?", (file_id,)).fetchone())
        flow = f"provision:{file_id}:1:1"
        status, given = (
            dict(db.execute(f"SELECT * FROM {table} WHERE workflow_uuid = ?", (flow,)).fetchone())  # noqa: S608
            for table in ("workflow_status", "workflow_input")
        )
        file |= {"provisioning_state": "pending", "is_tried": 0}
        status |= {"status": "ENQUEUED", "executor_id": None, "output": None, "completed_at": None}
        status |= {"started_at_epoch_ms": None, "recovery_attempts": 0}
        others = [ids.new("fil") for _ in range(MANY)]
        _copy(db, "file", file, ({"id": other} for other in others))
        _copy(db, "workflow_status", status, ({"workflow_uuid": flow.replace(file_id, other)} for other in others))
        told = base64.b64decode(given["inputs"])  # a pickle, in which an id of the same length takes its place
        _copy(
            db,
            "workflow_input",
            given,
            (
                {
                    "workflow_uuid": flow.replace(file_id, other),
                    "inputs": base64.b64encode(told.replace(file_id.encode(), other.encode())).decode(),
                }
                for other in others
            ),
        )
    db.close()


def _copy(db: sqlite3.Connection, table: str, row: dict[str, object], changes: Iterator[dict[str, str]]) -> None:
    columns, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
    db.executemany(
        f"INSERT INTO {table} ({columns}) VALUES ({marks})",  # noqa: S608
        ({**row, **change} for change in changes),
    )


def resident(pipeline: Pipeline) -> int:
    """Bytes of the largest process of the server, at its worst."""
    largest = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if pipeline.server.pid != int((folder / "stat").read_text().rpartition(")")[2].split()[3]):
                continue
            status = (folder / "status").read_text()
        except OSError:
            continue  # ended meanwhile
        if "VmHWM" in status:
            largest = max(largest, int(status.split("VmHWM:")[1].split()[0]) * 1024)
    return largest


def test_a_hundred_thousand_waiting_files_do_not_stampede(engines: Engines, tmp_path: Path) -> None:
    with pipeline_on(engines, tmp_path / "data") as pipeline:
        first = pipeline.upload()
        pipeline.wait_for_state(first, "done")
        pipeline.server.kill()
        plant(pipeline.server.data_dir / "aeontel.db", first)
        dam = Dam()
        pipeline.gate.next(CREATE, *[dam] * MANY)
        pipeline.server.start()
        wait_for(lambda: dam.held == AT_A_TIME)
        assert pipeline.http.get("/api/files").status_code == 200
        last = pipeline.upload()
        assert pipeline.state(last) == "pending"
        dam.break_()
        wait_for(lambda: len(pipeline.images()) > 3 * AT_A_TIME)
        assert dam.most == AT_A_TIME
        assert 0 < resident(pipeline) < MOST_RESIDENT
        pipeline.server.kill()
