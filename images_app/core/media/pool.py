"""Child processes that decode, so that a bad picture can cost no more than its own job.

Parent and child exchange lines of JSON over pipes and nothing that could carry code; what comes back is checked
like any stranger's input. The children start when they are first needed and are fresh interpreters, never forks:
the parent has threads and open connections.

Memory: at most ``processes x memory`` (2 x 3 GiB of address space by default). An ordinary 12-megapixel photograph
takes some 60 MB; the largest that is decoded at once, 100 megapixels, up to 8 bytes a pixel.
"""

import base64
import json
import os
import select
import subprocess
import sys
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from images_app.core.media import limits
from images_app.core.media.base import MediaInfo, Prepared
from images_app.errors import ImageDamaged, ImageTooLarge, MediaError, MediaUnavailable, NotAnImage, SvgRefused

_ROOT = Path(__file__).parents[3]
_ENVIRONMENT = {
    "PYTHONUTF8": "1",
    "VIPS_BLOCK_UNTRUSTED": "1",
    "VIPS_WARNING": "1",  # 1 means silence
    "VIPS_DISC_THRESHOLD": "100g",  # pixels stay in memory, whose limit we know, and never go to a temporary file
}
_ANSWER = 128 * 1024
"""The longest answer, in bytes: 16 KB of EXIF, escaped, and a few fields."""
_JOBS_PER_CHILD = 500
_ERRORS: dict[str, type[MediaError | MediaUnavailable]] = {
    kind.code: kind for kind in (NotAnImage, ImageDamaged, ImageTooLarge, SvgRefused, MediaUnavailable)
}


class DecoderPool:
    """Implements `Media` with at most `processes` children; more callers than that wait for their turn.

    `seconds` bounds one job (by the clock here, in processor time in the child), `memory` a child's address space
    in bytes.
    """

    def __init__(self, processes: int, *, seconds: int = 60, memory: int = 3 * 1024**3) -> None:
        self._processes = processes
        self._seconds = seconds
        self._memory = memory
        self._turn = threading.Condition()
        self._working = 0
        self._idle: list[_Child] = []
        self._children: set[_Child] = set()
        self._is_closed = False

    def prepare(self, source: Path, folder: Path) -> Prepared:
        """See `Media.prepare`. A child that dies, hangs or talks nonsense is replaced: MediaUnavailable."""
        job = json.dumps({"source": str(source.absolute()), "folder": str(folder.absolute())}).encode()
        child = self._take()
        is_sound = False
        try:
            answer = child.ask(job, self._seconds)
            is_sound = child.jobs < _JOBS_PER_CHILD
        finally:
            self._give_back(child, is_sound=is_sound)
        return read_answer(answer, folder)

    def close(self) -> None:
        """End the children, also those at work; their callers and whoever comes later get MediaUnavailable."""
        with self._turn:
            self._is_closed = True
            for child in self._children:
                child.kill()
            self._turn.notify_all()
            self._turn.wait_for(lambda: self._working == 0)
            for child in self._children:
                child.end()
            self._children.clear()
            self._idle.clear()

    def _take(self) -> "_Child":
        """A living child that is this caller's alone until it is given back."""
        with self._turn:
            self._turn.wait_for(lambda: self._is_closed or self._working < self._processes)
            if self._is_closed:
                raise MediaUnavailable("The decoder is closed.")
            while self._idle:
                child = self._idle.pop()
                if child.is_alive:
                    self._working += 1
                    return child
                self._children.discard(child)
                child.end()
            try:
                child = _Child(self._memory, self._seconds)
            except OSError as error:
                raise MediaUnavailable(f"The decoder cannot be started: {error.strerror}.") from error
            self._working += 1
            self._children.add(child)
            return child

    def _give_back(self, child: "_Child", *, is_sound: bool) -> None:
        if not is_sound:
            child.end()
        with self._turn:
            self._working -= 1
            if is_sound:
                self._idle.append(child)
            else:
                self._children.discard(child)
            self._turn.notify_all()


class _Child:
    """One child process and the two ends of its pipes. Used by one thread at a time, but for `kill`."""

    def __init__(self, memory: int, seconds: int) -> None:
        # No secrets from our environment, no terminal: Ctrl-C is for the parent to answer.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "images_app.core.media.worker", str(memory), str(seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            cwd=_ROOT,
            env=_ENVIRONMENT,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to_child, self._from_child = self._process.stdin, self._process.stdout
        self.jobs = 0

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, job: bytes, seconds: float) -> bytes:
        """The answer to one job, as it came. Raises MediaUnavailable; the child must not be used again then."""
        self.jobs += 1
        deadline = time.monotonic() + seconds
        try:
            self._to_child.write(job + b"\n")
        except OSError:
            raise MediaUnavailable("The decoder had ended.") from None
        answer = b""
        ready = select.poll()
        ready.register(self._from_child, select.POLLIN | select.POLLHUP)
        while not answer.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not ready.poll(left * 1000):
                raise MediaUnavailable(f"The decoder did not finish within {seconds} seconds.")
            piece = os.read(self._from_child.fileno(), _ANSWER)
            if not piece:
                raise MediaUnavailable("The decoder died at its work, for want of time or memory or by a fault.")
            answer += piece
            if len(answer) > _ANSWER:
                raise MediaUnavailable("The decoder's answer is too long.")
        return answer

    def kill(self) -> None:
        """Make it die; whoever waits for its answer finds out by himself."""
        self._process.kill()

    def end(self) -> None:
        """Kill it and return what it used."""
        self._process.kill()
        self._process.wait()
        self._to_child.close()
        self._from_child.close()


def read_answer(answer: bytes, folder: Path) -> Prepared:
    """The child's answer, believed only in the shape and bounds that an honest one has.

    Raises the MediaError that it reports, or MediaUnavailable.
    """
    try:
        told = json.loads(answer)
        if "error" in told:
            raise _ERRORS[told["error"]](str(told["detail"])[:500])
        return _prepared(told["prepared"], folder)
    except (ValueError, LookupError, TypeError, OSError, RecursionError):
        raise MediaUnavailable("The decoder's answer makes no sense.") from None


def _prepared(told: dict[str, Any], folder: Path) -> Prepared:
    mime, width, height, exif = told["mime"], told["width"], told["height"], told["exif"]
    taken_at, thumbhash, derivative = told["taken_at"], told["thumbhash"], told["derivative"]
    if mime not in limits.READ or not all(type(n) is int and 0 < n <= limits.DECODE_SIDE for n in (width, height)):
        raise ValueError("no picture")
    if exif is not None and (type(exif) is not dict or len(json.dumps(exif, ensure_ascii=False)) > limits.EXIF_BYTES):
        raise ValueError("no EXIF")
    if thumbhash is not None and not 5 <= len(base64.b64decode(thumbhash, validate=True)) <= 32:
        raise ValueError("no thumbhash")
    moment = None if taken_at is None else datetime.fromisoformat(taken_at)
    if moment is not None and moment.tzinfo is None:
        raise ValueError("no moment")
    path = None
    if derivative is not None:
        path = folder / f"derivative{limits.DERIVATIVES[derivative]}"
        if path.is_symlink() or not 0 < path.stat().st_size <= limits.MAX_BYTES:
            raise ValueError("no derivative")
    return Prepared(MediaInfo(mime, width, height, exif, moment, thumbhash), path, derivative)
