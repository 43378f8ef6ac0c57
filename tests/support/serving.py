"""The API of a world on a real HTTP server of this process."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection

from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.types import ASGIApp

from images_app.api.app import create_api
from images_app.api.headers import SecurityHeaders
from images_app.bodies import ReadOn
from images_app.bootstrap import World
from images_app.shared import Shared


@contextmanager
def serving(app: ASGIApp, port: int, shared: Shared | None = None) -> Iterator[str]:
    """The address of `app` on a real server of this process; `shared` is of its event loop."""
    loop = asyncio.new_event_loop()
    server = Server(app, address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_enabled=False)
    thread = threading.Thread(target=loop.run_until_complete, args=(server.serve(),))
    thread.start()
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for_an_answer(port, thread)
        yield url
    finally:
        loop.call_soon_threadsafe(server.stop)
        thread.join()
        if shared is not None:
            loop.run_until_complete(shared.close())
        loop.close()


@contextmanager
def serving_api(world: World) -> Iterator[str]:
    """The address of a world's API, on the port of its settings."""
    app = SecurityHeaders(ReadOn(create_api(world)), image_origins=("https://imagedelivery.example",))
    with serving(app, world.settings.port, world.shared) as url:
        yield url


def _wait_for_an_answer(port: int, server: threading.Thread) -> None:
    """Until the application answers something: one that is stopped while it starts never ends."""
    while server.is_alive():
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
            return
        except ConnectionRefusedError:
            time.sleep(0.005)
        finally:
            connection.close()
    raise RuntimeError("The server ended at once.")
