"""A real PostgreSQL on a free port, with its data in a temporary folder, and fresh databases in it for little money."""

import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import psycopg

from tests.support.ports import free_port

_USER = "aeontel"
_PASSWORD = "p@ss/wörd%41"
"""Every character of it must survive its way through URLs."""
_WITHIN_S = 60
_GUARD = 'read -r word || { kill -QUIT "$1"; sleep 1; rm -rf "$2"; }'
_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "32MB",
    # What survives the death of processes needs no fsync, and no machine loses power here.
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "timezone": "Asia/Kathmandu",  # times must not depend on it
}


def binaries() -> Path | None:
    """The folder with `initdb` and `postgres`, of the newest version that this machine has; None when it has none."""
    debian = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    found = sorted(debian, key=lambda path: int(re.sub(r"\D", "", path.parts[-3]) or 0))
    on_path = shutil.which("initdb")
    if found:
        return found[-1].parent
    return None if on_path is None else Path(on_path).resolve().parent


class Postgres:
    """One cluster. Enter it to start; `kill()` ends it as a crash does, `start()` starts it again on the same data."""

    def __init__(self, binaries: Path) -> None:
        self.port = free_port()
        self._binaries = binaries
        self._folder = Path(tempfile.mkdtemp(prefix="aeontel-postgres-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)

    @property
    def log(self) -> str:
        """What the server wrote so far, over all starts."""
        return (self._folder / "log").read_text(errors="replace")

    def __enter__(self) -> Self:
        try:
            self._initialise()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        if self._process is not None:
            self.stop()
        shutil.rmtree(self._folder)

    def _initialise(self) -> None:
        """A cluster that sorts text by a language, so that a column which must not be has to say so."""
        secret = self._folder / "password"
        secret.write_text(_PASSWORD)
        owner = _servant()
        if owner is not None:
            for path in (self._folder, secret):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        options = ["--no-sync", "--no-instructions", f"--username={_USER}", f"--pwfile={secret}", "--auth=password"]
        language = ["--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en-US"]
        subprocess.run(
            [self._binaries / "initdb", "-D", self._data, *options, *language],
            check=True,
            stdout=subprocess.DEVNULL,
            **_as(owner),
        )

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def start(self) -> None:
        """Start it, after a crash too, and wait until it takes connections."""
        options = [part for name, value in _OPTIONS.items() for part in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._binaries / "postgres", "-D", self._data, "-p", str(self.port), *options],
                stdout=log,
                stderr=log,
                start_new_session=True,
                **_as(_servant()),
            )
        # Ends the server and its data when this process dies and takes the other end of the pipe with it.
        guard = ["sh", "-c", _GUARD, "sh", str(self._process.pid), self._folder]
        self._guard = subprocess.Popen(guard, stdin=subprocess.PIPE, start_new_session=True)
        deadline = time.monotonic() + _WITHIN_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError(f"PostgreSQL ended at once:\n{self.log}")
            try:
                psycopg.connect(self._dsn("postgres"), connect_timeout=5).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError(f"PostgreSQL took no connection in {_WITHIN_S} s:\n{self.log}")

    def stop(self) -> None:
        """End it properly; whoever is connected is thrown out."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End it without a word, as when its machine dies; it recovers from its log at the next start."""
        self._end(signal.SIGQUIT)

    def restart(self) -> None:
        """Go away and come back, as for an upgrade."""
        self.stop()
        self.start()

    @contextmanager
    def failed_over(self) -> Iterator[None]:
        """In its place stands a standby meanwhile, which can only be read; it is promoted at the end."""
        self.stop()
        (self._data / "standby.signal").touch()
        self.start()
        yield
        self._admin(f"SELECT pg_promote(true, {_WITHIN_S})")

    def _end(self, how: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(how)
        self._process.wait(_WITHIN_S)
        self._process = None
        if self._guard is not None:
            self._guard.communicate(b"stopped\n")

    def create(self, template: str = "template0") -> str:
        """The name of a new database, which is a copy of another one that nobody is connected to."""
        name = f"test_{next(self._numbers)}"
        self._admin(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, name: str) -> None:
        """Delete a database, whoever is connected to it."""
        self._admin(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """The URL of a database that is there for this block."""
        name = self.create(template)
        try:
            yield self.url(name)
        finally:
            self.drop(name)

    def url(self, name: str) -> str:
        """What goes into IMAGES_DATABASE_URL."""
        return f"postgresql://{_USER}:{quote(_PASSWORD, safe='')}@127.0.0.1:{self.port}/{name}"

    def _admin(self, statement: str) -> None:
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _dsn(self, name: str) -> str:
        return self.url(name)


def _servant() -> pwd.struct_passwd | None:
    """As whom the server runs when this is root, whom PostgreSQL refuses; None: as ourselves."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def _as(owner: pwd.struct_passwd | None) -> dict[str, Any]:
    if owner is None:
        return {}
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": [], "cwd": "/"}
