"""Endpoints that only read: in one transaction, in one other thread.

Who is asking is looked up in the very transaction that reads the answer, so nothing is shown that the database did not
allow at that moment; and a request costs one connection and one change of threads. Those are what a short answer
costs (`make bench ARGS=images_list`).
"""

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from fastapi import Request, Response
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from images_app.api.deps import identify, is_use_due, note_use
from images_app.api.schemas import Schema
from images_app.bootstrap import World
from images_app.core.access import Viewer

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Look:
    """What a reading endpoint is given."""

    request: Request
    world: World
    session: Session
    viewer: Viewer
    headers: dict[str, str] = field(default_factory=dict)
    """Of the answer; to be added to."""


def readers(world: World) -> ThreadPoolExecutor:
    """The threads that read. SQLite works in the thread that asks, and lets go of the interpreter for every row: more
    than a few threads would mostly hand it to each other. A thread that asks PostgreSQL only waits."""
    return ThreadPoolExecutor(_THREADS[world.database.engine.dialect.name], thread_name_prefix="reader")


_THREADS = {"sqlite": 2, "postgresql": 16}


def reading(
    endpoint: Callable[Concatenate[Look, P], Schema | Response],
) -> Callable[Concatenate[Request, P], Coroutine[Any, Any, Response]]:
    """Make an endpoint of a plain function that is given a Look before its parameters.

    It is answered with 401 before anything else; see `refuse_stranger`.
    """

    @wraps(endpoint)
    async def answer(request: Request, *args: P.args, **kwargs: P.kwargs) -> Response:
        def read() -> Response:
            world: World = request.app.state.world
            with world.database.read() as session:
                viewer = request.state.viewer = identify(request, session)
                look = Look(request, world, session, viewer)
                found = endpoint(look, *args, **kwargs)
            if isinstance(found, Response):
                found.headers.update(look.headers)
                return found
            body = found.model_dump_json(by_alias=True)
            return Response(body, headers=look.headers, media_type="application/json")

        try:
            return await _in_reader(request, read)
        finally:
            viewer: Viewer | None = getattr(request.state, "viewer", None)
            if viewer is not None and is_use_due(viewer):
                # Not in a reader's thread: it may have to wait for a writer, and others shall not wait with it.
                await run_in_threadpool(note_use, request, request.app.state.world, viewer)

    own = inspect.signature(endpoint)
    given = inspect.Parameter("request", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Request)
    shown = own.replace(parameters=[given, *list(own.parameters.values())[1:]])
    vars(answer).update(__signature__=shown, is_reading=True)
    return answer  # type: ignore[return-value]  # mypy does not see what `wraps` keeps


async def refuse_stranger(request: Request) -> None:
    """Before a reading endpoint's client is told what is wrong with the parameters: raises Unauthenticated.

    They are looked at on the way in, where the database cannot be asked.
    """
    if not getattr(request.scope.get("endpoint"), "is_reading", False):
        return

    def look() -> None:
        with request.app.state.world.database.read() as session:
            identify(request, session)

    await _in_reader(request, look)


async def _in_reader(request: Request, act: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(request.app.state.readers, copy_context().run, act)
