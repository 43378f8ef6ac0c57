"""Endpoints that only read: in one transaction, in one other thread, with nothing in between.

Who is asking is looked up in the very transaction that reads the answer, so nothing is shown that the database did not
allow at that moment, and a request takes one connection and one change of threads. FastAPI describes these endpoints,
and writes nothing of them: its own way to call one costs more than the page of a list (`make bench ARGS=images_list`).
"""

import inspect
from collections.abc import Callable, Mapping
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, Concatenate, ParamSpec, TypeVar, get_args, get_origin

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.params import Header, Query
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from images_app.api.deps import identify, is_use_due, note_use
from images_app.api.readers import Readers
from images_app.api.schemas import Schema
from images_app.bootstrap import World
from images_app.core.access import Viewer

P = ParamSpec("P")
Answer = TypeVar("Answer", Schema, Response, Schema | Response)


@dataclass(frozen=True, slots=True)
class Look:
    """What a reading endpoint is given."""

    request: Request
    world: World
    session: Session
    viewer: Viewer
    headers: dict[str, str] = field(default_factory=dict)
    """Of the answer; to be added to."""


def reading(endpoint: Callable[Concatenate[Look, P], Answer]) -> Callable[P, Answer]:
    """Mark an endpoint that takes a Look and then its parameters: text from the path, one model of the query, headers.

    Its route must be a ReadingRoute. A stranger is answered with 401 whatever the parameters are.
    """
    signature = inspect.signature(endpoint)
    parameters = list(signature.parameters.values())[1:]
    vars(endpoint).update(
        reads=_Parameters.of(parameters),
        __signature__=signature.replace(parameters=parameters),  # for the document
    )
    return endpoint  # type: ignore[return-value]


class ReadingRoute(APIRoute):
    """A route that answers by itself when its endpoint is marked `reading`."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        parameters: _Parameters | None = getattr(self.endpoint, "reads", None)
        if parameters is None or scope["method"] != "GET":
            await super().handle(scope, receive, send)
            return
        request = Request(scope, receive, send)
        world: World = request.app.state.world
        readers: Readers = request.app.state.readers
        try:
            read = partial(_read, self.endpoint, parameters, request, world)
            run = copy_context().run  # with its context: what is logged there belongs to this request, too
            answer = await readers.run(partial(run, read))
        finally:
            viewer: Viewer | None = scope["state"].get("viewer")
            if viewer is not None and is_use_due(viewer):
                # Not in a reader's thread: it may have to wait for a writer, and others shall not wait with it.
                await run_in_threadpool(note_use, request, world, viewer)
        await answer(scope, receive, send)


def _read(endpoint: Callable[..., Any], parameters: "_Parameters", request: Request, world: World) -> Response:
    with world.database.read() as session:
        viewer = request.scope["state"]["viewer"] = identify(request, session)
        look = Look(request, world, session, viewer)
        found = endpoint(look, **parameters.values(request))
    if isinstance(found, Response):
        found.headers.update(look.headers)
        return found
    return Response(found.model_dump_json(by_alias=True), headers=look.headers, media_type="application/json")


@dataclass(frozen=True)
class _Parameters:
    """Where an endpoint's parameters come from."""

    path: tuple[str, ...]
    headers: Mapping[str, str]
    query: str | None
    model: type[BaseModel]
    lists: frozenset[str]
    """Fields of the model that may be there several times."""

    @classmethod
    def of(cls, parameters: list[inspect.Parameter]) -> "_Parameters":
        marks = {p.name: get_args(p.annotation)[1] for p in parameters if get_origin(p.annotation) is Annotated}
        query = next((name for name, mark in marks.items() if isinstance(mark, Query)), None)
        model = next((get_args(p.annotation)[0] for p in parameters if p.name == query), BaseModel)
        lists = (name for name, info in model.model_fields.items() if _is_list(info.annotation))
        return cls(
            tuple(p.name for p in parameters if p.name not in marks),
            {name: name.replace("_", "-") for name, mark in marks.items() if isinstance(mark, Header)},
            query,
            model,
            frozenset(lists),
        )

    def values(self, request: Request) -> dict[str, Any]:
        """The arguments in a request. Raises RequestValidationError."""
        found: dict[str, Any] = {name: request.path_params[name] for name in self.path}
        for name, header in self.headers.items():
            found[name] = request.headers.get(header)
        if self.query is not None:
            given = request.query_params
            texts = {name: given.getlist(name) if name in self.lists else text for name, text in given.items()}
            try:
                found[self.query] = self.model.model_validate(texts)
            except ValidationError as error:
                faults = error.errors(include_url=False)
                raise RequestValidationError([{**fault, "loc": ("query", *fault["loc"])} for fault in faults]) from None
        return found


def _is_list(annotation: Any) -> bool:
    return any(get_origin(kind) is list for kind in (annotation, *get_args(annotation)))
