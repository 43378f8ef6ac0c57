"""What every command that serves does around its start."""

import socket
import threading
import time
from http.client import HTTPConnection, HTTPException

import typer

from images_app.cli.fault import fail


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
    connection = HTTPConnection(host, port, timeout=2)
    try:
        connection.request("HEAD", "/api/health/live")
        connection.getresponse()
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
    return True


def never_fork() -> None:
    """Start the worker afresh. In a fork, a lock that some thread of this process holds at that moment (of an import,
    of a logger) would be held for ever, and the server would never answer."""
    import multiprocessing

    multiprocessing.set_start_method("spawn", force=True)


_MOST_CONNECTIONS = 10_000


def room_for_connections() -> int:
    """How many connections the server may hold open: half of the files that the process may open, after it has asked
    for all that it is allowed. A browser holds several, one of them for as long as a page is open."""
    import resource  # not on Windows, where the commands that speak to a server work, too

    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * _MOST_CONNECTIONS if most == resource.RLIM_INFINITY else min(most, 2 * _MOST_CONNECTIONS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    return min(_MOST_CONNECTIONS, wanted // 2)
