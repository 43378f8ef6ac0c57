"""The local Cloudflare Images as the command of its own: `aeontel cloudflare serve`."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.support import photos
from tests.support.http import anybody
from tests.support.ports import free_port

_AEONTEL = str(Path(sys.executable).with_name("aeontel"))
_JPEG = photos.quadrants()


class Alone:
    """One running `aeontel cloudflare serve`, by the credentials that it printed."""

    def __init__(self, process: subprocess.Popen[str], shown: dict[str, str]) -> None:
        self.process = process
        self.shown = shown
        self.images = f"{shown['apiBase']}/accounts/{shown['accountId']}/images"
        self.headers = {"Authorization": f"Bearer {shown['apiToken']}"}

    def upload(self, data: bytes = _JPEG) -> str:
        """The id of a new image."""
        answer = anybody.post(f"{self.images}/v1", headers=self.headers, files={"file": ("a.jpg", data, "image/jpeg")})
        return str(answer.json()["result"]["id"])

    def ids(self) -> set[str]:
        """Of every image there is."""
        listed = anybody.get(f"{self.images}/v2?per_page=10000", headers=self.headers).json()["result"]["images"]
        return {image["id"] for image in listed}

    def deliver(self, image_id: str, tail: str) -> httpx.Response:
        """GET a variant."""
        return anybody.get(f"{self.shown['deliveryBase']}/{self.shown['accountHash']}/{image_id}/{tail}")


@contextmanager
def serving(data: Path, *more: str) -> Iterator[Alone]:
    """Run it on this directory for the block; `more` arguments."""
    arguments = [_AEONTEL, "cloudflare", "serve", "--data", str(data), "--port", str(free_port()), "--json", *more]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert process.stdout is not None
        yield Alone(process, json.loads(process.stdout.readline()))
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `aeontel cloudflare` with these arguments."""
    return subprocess.run([_AEONTEL, "cloudflare", *arguments], capture_output=True, text=True, timeout=60)
