"""How every command serves: the port, the word that it answers, and everything until Ctrl-C, in this one process."""

import gc
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from images_app.cli.fault import fail

if TYPE_CHECKING:
    from starlette.types import ASGIApp

_STOP_WITHIN_S = 5
_MADE_BETWEEN_LOOKS = 10_000
_WAITING_CONNECTIONS = 1024


def require_free_port(host: str, port: int, advice: str) -> None:
    """Fail in one line, with `advice`, when the port cannot be listened on."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            fail(f"Port {port} on {host} cannot be used: {error.strerror}. Choose another one: {advice}")


def announce(host: str, port: int, text: str) -> None:
    """Print `text` as soon as the server answers; returns at once."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (comparing, not binding)
    threading.Thread(target=_announce, args=(reachable, port, text), daemon=True).start()


def _announce(host: str, port: int, text: str) -> None:
    while not _answers(host, port):
        time.sleep(0.05)
    typer.echo(text)


def _answers(host: str, port: int) -> bool:
    from http.client import HTTPConnection, HTTPException

    connection = HTTPConnection(host, port, timeout=2)
    try:
        connection.request("HEAD", "/api/health/live")
        connection.getresponse()
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
    return True


@contextmanager
def built_to_stay() -> Iterator[None]:
    """Around all that is loaded and built once. Nearly nothing of it is garbage, so looking for some, again and again
    while it grows, would take a third of the start; and later of every look, and of the end.

    After it garbage is looked for when ten thousand new objects are there, not seven hundred: a page of a list is some
    hundreds, all of which go by themselves when it is written.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(_MADE_BETWEEN_LOOKS)
        gc.enable()


def serve(app: "ASGIApp", host: str, port: int) -> None:
    """Until SIGINT or SIGTERM. One process, which loads everything once: a supervisor beside it would have nothing to
    supervise, as whatever manages services starts a server again."""
    import asyncio

    from granian.errors import FatalError  # heavy, and only for this, as asyncio

    connections = _room_for_connections()
    try:
        asyncio.run(_serve(app, host, port, connections))
    except FatalError:
        fail("The server could not start.")  # granian has said why


async def _serve(app: "ASGIApp", host: str, port: int, connections: int) -> None:
    import asyncio

    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server.embed import Server

    server = Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        log_level=LogLevels.error,
        backlog=_WAITING_CONNECTIONS,
        # Counts open connections, and those that idle, too: at the limit nobody gets in any more.
        backpressure=connections,
    )

    def stop() -> None:
        threading.Thread(target=_end_at_last, daemon=True).start()
        server.stop()  # type: ignore[no-untyped-call]

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    await server.serve()


def _end_at_last() -> None:
    """End the process when it does not end by itself, for an answer that somebody takes very slowly."""
    time.sleep(_STOP_WITHIN_S)
    os._exit(0)


_MOST_CONNECTIONS = 10_000


def _room_for_connections() -> int:
    """How many connections the server may hold open: half of the files that the process may open, after it has asked
    for all that it is allowed. A browser holds several, one of them for as long as a page is open."""
    import resource  # not on Windows, where the commands that speak to a server work, too

    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * _MOST_CONNECTIONS if most == resource.RLIM_INFINITY else min(most, 2 * _MOST_CONNECTIONS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    return min(_MOST_CONNECTIONS, wanted // 2)
