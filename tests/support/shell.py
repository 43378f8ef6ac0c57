"""`aeontel` as somebody types it on a machine of their own: a home directory, pipes, or a terminal."""

import os
import pty
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

_WITHIN_S = 120


@dataclass
class Shell:
    """A user's home. Its environment has nothing of the server's."""

    home: Path
    environment: dict[str, str] = field(default_factory=dict)
    program: tuple[str, ...] = (str(Path(sys.executable).with_name("aeontel")),)

    def _environment(self, more: dict[str, str]) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("IMAGES_", "AEONTEL_", "XDG_"))}
        return {**clean, "HOME": str(self.home), "COLUMNS": "100", **self.environment, **more}

    def run(self, *arguments: str, stdin: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        """With pipes. `more` is environment."""
        return subprocess.run(
            [*self.program, *arguments],
            env=self._environment(more),
            cwd=self.home,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=_WITHIN_S,
        )

    def lines(self, *arguments: str, stdin: str = "") -> list[str]:
        """What a command that succeeds prints, line by line."""
        done = self.run(*arguments, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    def start(self, *arguments: str, **more: str) -> "subprocess.Popen[str]":
        """A command that goes on; its stdout is a pipe."""
        return subprocess.Popen(
            [*self.program, *arguments],
            env=self._environment(more),
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def terminal(self, *arguments: str, typed: str = "") -> tuple[int, str]:
        """In a terminal: the exit code, and all that it shows. `typed` is typed at the first prompt: what came before
        it would be thrown away."""
        master, slave = pty.openpty()
        try:
            process = subprocess.Popen(
                [*self.program, *arguments],
                env=self._environment({"TERM": "xterm"}),
                cwd=self.home,
                stdin=slave,
                stdout=slave,
                stderr=slave,
                start_new_session=True,
            )
            os.close(slave)
            shown = b""
            while block := _read(master):
                shown += block
                if typed and shown.endswith(b": "):
                    os.write(master, typed.encode())
                    typed = ""
            return process.wait(_WITHIN_S), shown.decode()
        finally:
            os.close(master)


def _read(master: int) -> bytes:
    """The next of what a terminal shows; nothing when everybody has left it, which Linux calls an error."""
    try:
        return os.read(master, 65536)
    except OSError:
        return b""
