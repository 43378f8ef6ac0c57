"""`aeontel` as somebody types it on a machine of their own: a home directory, pipes, or a terminal."""

import fcntl
import os
import pty
import re
import signal
import subprocess
import sys
import termios
from dataclasses import dataclass, field
from pathlib import Path

_WITHIN_S = 120


@dataclass
class Shell:
    """A user's home. Its environment has nothing of the server's."""

    home: Path
    environment: dict[str, str] = field(default_factory=dict)
    program: tuple[str, ...] = (str(Path(sys.executable).with_name("aeontel")),)

    def environ(self, more: dict[str, str]) -> dict[str, str]:
        """What a command finds around it."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("IMAGES_", "AEONTEL_", "XDG_"))}
        return {**clean, "HOME": str(self.home), "COLUMNS": "100", **self.environment, **more}

    def run(self, *arguments: str, stdin: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        """With pipes. `more` is environment."""
        return subprocess.run(
            [*self.program, *arguments],
            env=self.environ(more),
            cwd=self.home,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=_WITHIN_S,
        )

    def lines(self, *arguments: str, stdin: str = "", **more: str) -> list[str]:
        """What a command that succeeds prints, line by line."""
        done = self.run(*arguments, stdin=stdin, **more)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    def start(self, *arguments: str, **more: str) -> "subprocess.Popen[str]":
        """A command that goes on; its stdout is a pipe."""
        return subprocess.Popen(
            [*self.program, *arguments],
            env=self.environ(more),
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_heed_ctrl_c,
        )

    def terminal(self, *arguments: str, typed: str = "") -> tuple[int, str]:
        """In a terminal: the exit code, and all that it shows. `typed` is typed at the first prompt: what came before
        it would be thrown away."""
        typing = Typing(self, *arguments)
        if typed:
            typing.until(": ", is_last=True)
            typing.type(typed)
        return typing.end()


class Typing:
    """A command in a terminal of its own, with somebody at the keys."""

    def __init__(self, shell: Shell, *arguments: str, **more: str) -> None:
        self._master, slave = pty.openpty()
        self._process = subprocess.Popen(
            [*shell.program, *arguments],
            env=shell.environ({"TERM": "xterm", **more}),
            cwd=shell.home,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=_own_terminal,
        )
        os.close(slave)
        self._shown = b""

    def until(self, text: str, *, is_last: bool = False) -> None:
        """Wait for it to be shown, or with `is_last` to be the last that is shown. No longer than the command lasts."""
        wanted = re.compile(re.escape(text.encode()) + (rb"\Z" if is_last else b""))
        while not wanted.search(self._shown) and (block := _read(self._master)):
            self._shown += block

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def press_ctrl_c(self) -> tuple[int, str]:
        """How it ends then."""
        self.type("\x03")
        return self.end()

    def end(self) -> tuple[int, str]:
        """The exit code, and all that was shown."""
        try:
            while block := _read(self._master):
                self._shown += block
            return self._process.wait(_WITHIN_S), self._shown.decode()
        finally:
            os.close(self._master)


def _heed_ctrl_c() -> None:
    """As what a shell starts does; tests that run in the background ignore it, and so would their children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _own_terminal() -> None:
    """Keys such as Ctrl-C go to whom a terminal belongs."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    _heed_ctrl_c()


def _read(master: int) -> bytes:
    """The next of what a terminal shows; nothing when everybody has left it, which Linux calls an error."""
    try:
        return os.read(master, 65536)
    except OSError:
        return b""
