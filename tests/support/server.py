"""The real server as a subprocess, on a free port and a data directory of its own."""

import os
import signal
import subprocess
import sys
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import TracebackType

import httpx
from sqlmodel import select

from images_app.core import tokens
from images_app.database import Database
from images_app.models import User
from tests.support.ports import free_port
from tests.support.processes import wait_for_end, wait_for_stop

ROOT = Path(__file__).resolve().parents[2]
ADMIN_EMAIL = "admin@example.com"
ADMIN_PASSWORD = "correct horse battery staple"
TLS = httpx.create_ssl_context()
"""Made once: it takes longer than most requests, and no client here even uses it."""
_START_WITHIN_S = 180
_STOP_WITHIN_S = 60
_SHOWN = 6000
"""Characters of a log, its end."""


class EndedAtOnce(RuntimeError):
    """A server ended instead of answering; the text has what it printed."""


class RunningServer:
    """API, local Cloudflare and jobs in real processes; with `face=True` everything that `make run` starts.

    Enter it to start; `kill()` ends it with SIGKILL at once, `start()` starts it again on the same data.
    """

    def __init__(self, data_dir: Path, *, face: bool = False, **settings: object) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._face = face
        self._settings: dict[str, str] = {}
        self.use(**settings)
        self._process: subprocess.Popen[bytes] | None = None

    def use(self, **settings: object) -> None:
        """Other settings from the next start on, and for commands at once."""
        self._settings |= {f"IMAGES_{k.upper()}": str(v) for k, v in settings.items()}

    @property
    def environment(self) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("IMAGES_", "AEONTEL_"))}
        return {
            **clean,
            "PORT": str(self.port),
            "IMAGES_DATA_DIR": str(self.data_dir),
            "IMAGES_ADMIN_EMAIL": ADMIN_EMAIL,
            "IMAGES_ADMIN_PASSWORD": ADMIN_PASSWORD,
            **self._settings,
        }

    @property
    def log(self) -> str:
        """What the server printed so far, over all starts."""
        return self._log_path.read_text(errors="replace")

    @property
    def _log_path(self) -> Path:
        return self.data_dir / "server.log"

    @property
    def pid(self) -> int:
        """The server; what decodes pictures are its children."""
        assert self._process is not None
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone, by itself or killed."""
        return self._process is None or self._process.poll() is not None

    def aeontel(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the server's machine against this data directory."""
        return subprocess.run(
            [Path(sys.executable).with_name("aeontel"), *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def start(self) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        command = ["serve"] if self._face else ["serve", "--headless"]
        with self._log_path.open("ab") as log:
            begins = log.tell()
            self._process = subprocess.Popen(
                [Path(sys.executable).with_name("aeontel"), *command],
                env=self.environment,
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_WITHIN_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                said = self._log_path.read_bytes()[begins:].decode(errors="replace")
                raise EndedAtOnce(f"The server ended at once:\n{said[-_SHOWN:]}")
            if self._answers():
                return
            time.sleep(0.05)
        self.kill()
        raise RuntimeError(f"The server did not answer in {_START_WITHIN_S} s:\n{self.log[-_SHOWN:]}")

    def _answers(self) -> bool:
        # Not by httpx: each such call makes a TLS context, which takes longer than all else here.
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/api/health/live")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def kill(self) -> None:
        """SIGKILL to every process of the server, as when the machine loses power."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self.wait_until_gone()

    def freeze(self) -> None:
        """Every process of the server stands still, as when its machine is suspended, until `thaw`."""
        os.killpg(self.pid, signal.SIGSTOP)
        wait_for_stop(self.pid)

    def thaw(self) -> None:
        """Go on in the middle of whatever it was."""
        os.killpg(self.pid, signal.SIGCONT)

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """Ctrl-C, or what a service manager sends; the exit code."""
        assert self._process is not None
        if self._process.poll() is None:
            os.killpg(self._process.pid, how)
            try:
                self._process.wait(_STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                self.kill()
        return self._process.returncode

    def wait_for_log(self, text: str) -> str:
        """Everything printed so far, once `text` is in it."""
        deadline = time.monotonic() + _START_WITHIN_S
        while text not in self.log:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{text!r} was never printed:\n{self.log}")
            time.sleep(0.05)
        return self.log

    def wait_until_gone(self) -> None:
        """Until no process of the server is left."""
        assert self._process is not None
        self._process.wait()
        wait_for_end(self._process.pid, _STOP_WITHIN_S)

    def __enter__(self) -> "RunningServer":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def token(self, scopes: str = "read,write,delete", email: str = ADMIN_EMAIL) -> str:
        """A new bearer token. Not by the command, which takes a second of a core: many tests need one."""
        place = self.environment.get("IMAGES_DATABASE_URL") or f"sqlite:///{self.data_dir.absolute()}/aeontel.db"
        database = Database(place)
        try:
            with database.write() as session:
                user = session.exec(select(User).where(User.email == email)).one()
                return tokens.create(session, user, name="test", scopes=scopes.split(","))[1]
        finally:
            database.close()

    def client(self, token: str | None = None, transport: httpx.BaseTransport | None = None) -> httpx.Client:
        """A client that is signed in with a bearer token."""
        headers = {"Authorization": f"Bearer {token or self.token()}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, transport=transport, verify=TLS)
