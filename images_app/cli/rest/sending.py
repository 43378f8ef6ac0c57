"""Many files into a workspace, several at a time, each once.

How it is decided that a file is there already, so that it is skipped:
1. The journal knows its path with this modification time and size: then its content is that of last time.
2. Otherwise it is read, and the journal knows its SHA-256 and size, under whatever name.
The journal alone is never believed: the server must still have the file with that id, in this workspace, outside the
trash, with the same size and SHA-256. What other machines uploaded is not known here.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from images_app.cli.rest.journal import Journal, Local, Sent

if TYPE_CHECKING:
    from images_app.client import Client
    from images_app.client.results import File

_ASKED_AT_ONCE = 100
_BLOCK = 1024 * 1024


@dataclass(frozen=True)
class Done:
    """A file that the server has; `is_new` when it came just now."""

    local: Local
    file: "File"
    is_new: bool


@dataclass(frozen=True)
class Failed:
    """A file that could not be sent, and why."""

    local: Local
    error: Exception


@dataclass
class Sender:
    """Sends files to one workspace. `watch` gives what is told how much of a file has been sent."""

    client: "Client"
    workspace_id: str
    journal: Journal
    again: bool
    watch: Callable[[Local], Callable[[int], None]]
    _claims: dict[tuple[str, int], threading.Lock] = field(default_factory=dict)
    _claiming: threading.Lock = field(default_factory=threading.Lock)

    def send(self, files: Sequence[Local], parallel: int) -> Iterator[Done | Failed]:
        """Every file's end, as it comes. What is already there comes first, a hundred at a time."""
        missing: list[Local] = []
        for start in range(0, len(files), _ASKED_AT_ONCE):
            some = files[start : start + _ASKED_AT_ONCE]
            there = self._there(some)
            yield from there.values()
            missing += [local for local in some if local not in there]
        yield from self._send_all(missing, parallel)

    def _there(self, some: Sequence[Local]) -> dict[Local, Done]:
        if self.again:
            return {}
        sent = {local: found for local in some if (found := self.journal.sent(local)) is not None}
        known = self._ask(list(sent.values()))
        return {local: Done(local, known[each.file_id], False) for local, each in sent.items() if each.file_id in known}

    def _ask(self, sent: Sequence[Sent]) -> dict[str, "File"]:
        """Those of these files that the server still has as they were."""
        wanted = {each.file_id: each for each in sent}
        if not wanted:
            return {}
        page = self.client.files.page(ids=list(wanted), workspace_id=self.workspace_id)
        return {file.id: file for file in page if file.sha256 == wanted[file.id].sha256}

    def _send_all(self, files: Sequence[Local], parallel: int) -> Iterator[Done | Failed]:
        """A few more than can be sent are begun, so that thousands wait in a list and not as threads' work."""
        pool = ThreadPoolExecutor(parallel, thread_name_prefix="upload")
        waiting = iter(files)
        running: set[Future[Done | Failed]] = set()
        try:
            while True:
                while len(running) < 2 * parallel and (local := next(waiting, None)) is not None:
                    running.add(pool.submit(self._send_one, local))
                if not running:
                    return
                ended, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in ended)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _send_one(self, local: Local) -> Done | Failed:
        from images_app.client import ClientError

        try:
            sha256 = _hash(local)
            # Two copies of one picture: the second waits for the first, and is then found to be there.
            with self._claim(sha256, local.size):
                return self._send_content(local, sha256)
        except (ClientError, OSError) as error:
            return Failed(local, error)

    def _send_content(self, local: Local, sha256: str) -> Done:
        if not self.again and (same := self.journal.same(sha256, local.size)) is not None:
            known = self._ask([same])
            if same.file_id in known:
                self.journal.end(local, sha256, same.file_id)
                return Done(local, known[same.file_id], False)
        key = self.journal.begin(local, sha256, anew=self.again)
        if isinstance(key, Sent):
            known = self._ask([key])
            if key.file_id in known:
                return Done(local, known[key.file_id], False)
            key = self._new_key(local, sha256)
        file = self._upload(local, key)
        if file.sha256 == sha256 and not self._ask([Sent(file.id, sha256)]):
            # An earlier upload with this key, which somebody has deleted meanwhile.
            file = self._upload(local, self._new_key(local, sha256))
        if file.sha256 == sha256:  # else it was written to between the reading and the sending
            self.journal.end(local, sha256, file.id)
        return Done(local, file, True)

    def _new_key(self, local: Local, sha256: str) -> str:
        key = self.journal.begin(local, sha256, anew=True)
        assert isinstance(key, str)
        return key

    def _upload(self, local: Local, key: str) -> "File":
        return self.client.files.upload(
            local.path, workspace_id=self.workspace_id, idempotency_key=key, progress=self.watch(local)
        )

    def _claim(self, sha256: str, size: int) -> threading.Lock:
        with self._claiming:
            return self._claims.setdefault((sha256, size), threading.Lock())


def _hash(local: Local) -> str:
    """Raises OSError, also when the file is not what it was when it was found."""
    found = hashlib.sha256()
    with local.path.open("rb") as file:
        while block := file.read(_BLOCK):
            found.update(block)
    return found.hexdigest()
