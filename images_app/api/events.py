"""What happened: the log as a list, and live.

The live form is Server-Sent Events (WHATWG HTML, section 9.2). Every message is unnamed, so that `onmessage` gets them
all; its `data` is the event as the list shows it, its `id` the event's `seq`. A stream without `Last-Event-ID` or
`after` begins now. It asks for its events again whenever something was committed, by whichever server, each time with
the credential's present rights, and ends when those are gone; of a credential that merely ran out, with the next
heartbeat. When rights change, one message named `rights`, which `onmessage` does not get, says what they are now.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any, cast

import orjson
from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from images_app.api.deps import identify
from images_app.api.lists import ListQuery, WorkspaceId, links, page_info, parts
from images_app.api.reading import Look, ReadingRoute, reading
from images_app.api.schemas import PageInfo, Schema, Timestamp, fails
from images_app.bootstrap import World
from images_app.core import access, events
from images_app.core.events import Filter
from images_app.errors import AeontelError, FieldError, InvalidParameter
from images_app.models import Event, EventType

router = APIRouter(prefix="/events", tags=["events"], route_class=ReadingRoute)

_HEARTBEAT_S = 15.0
_GATHER_S = 0.05
"""After a commit others tend to follow at once: one look then serves them all."""
_STREAM = {
    "Cache-Control": "no-cache",
    "X-Accel-Buffering": "no",  # nginx would otherwise hold messages back
}


class EventShown(Schema):
    """Something that happened."""

    id: str
    seq: int
    type: EventType
    created_at: Timestamp
    workspace_id: str | None = Field(description="Null for what happened to an account.")
    file_id: str | None
    image_id: str | None
    actor_id: str | None
    data: dict[str, Any]


class EventList(Schema):
    """Oldest first."""

    data: list[EventShown]
    page_info: PageInfo


def shown(event: Event) -> EventShown:
    """An event as the API shows it."""
    return EventShown.model_validate(event, from_attributes=True, extra="ignore")


class EventsQuery(ListQuery):
    """Which events are asked for."""

    workspace_id: WorkspaceId = None
    type: list[str] | None = Field(
        default=None, description=f"Only events of these types, with commas: {', '.join(events.TYPES)}."
    )
    file_id: str | None = Field(default=None, description="Only events of this file.")
    audit: bool = Field(
        default=False,
        description="Also who changed members and workspaces (for owners) and accounts (for admins).",
    )


@router.get(
    "",
    response_model=EventList,
    responses=fails(400, 401, 403, 404)
    | {200: {"description": "One page, or the live stream.", "content": {"text/event-stream": {}}}},
)
@reading
def list_events(
    look: Look,
    query: Annotated[EventsQuery, Query()],
    last_event_id: Annotated[str | None, Header(description="Where a stream goes on.")] = None,
) -> EventList | Response:
    """List what happened, oldest first by `seq`. With `Accept: text/event-stream`: live."""
    request, session, viewer = look.request, look.session, look.viewer
    which = Filter(query.workspace_id, _types(query.type), query.file_id, query.audit)
    if "text/event-stream" in request.headers.get("accept", "").lower():
        seq = events.start(session, viewer, which, last_event_id or query.after)
        live = _stream(request, look.world, which, seq, access.rights(session, viewer))
        return StreamingResponse(live, headers=_STREAM, media_type="text/event-stream")
    page = events.list_page(session, viewer, which, query.window)
    look.headers.update(links(request, page))
    return EventList(data=[shown(event) for event in page.items], page_info=page_info(page))


def _types(given: list[str] | None) -> tuple[EventType, ...] | None:
    names = parts(given)
    if names is None:
        return None
    wanted = dict.fromkeys(names)
    if unknown := [text for text in wanted if text not in events.TYPES]:
        detail = f"There is no event type {unknown[0][:80]!r}."
        raise InvalidParameter(detail, (FieldError("type", detail),))
    return cast("tuple[EventType, ...]", tuple(wanted))


Rights = tuple[tuple[str, str], ...] | None


class Streams:
    """The live streams of one server. Each would go on for ever, and the server waits for every answer to finish."""

    def __init__(self) -> None:
        self.has_ended = False
        self.bells: set[asyncio.Event] = set()

    def end(self) -> None:
        """Let every stream end now, and new ones at once. In the thread of the event loop."""
        self.has_ended = True
        for bell in self.bells:
            bell.set()


async def _stream(request: Request, world: World, which: Filter, seq: int, known: Rights) -> AsyncIterator[bytes]:
    """Messages after `seq` until the client leaves, may not see them any more, or the server ends; `known` is what the
    client may reach as it knows."""
    streams: Streams = request.app.state.streams
    loop = asyncio.get_running_loop()
    bell = asyncio.Event()

    def ring() -> None:
        # From whichever thread committed; at the end of the server its loop may be closed already.
        if not loop.is_closed():
            loop.call_soon_threadsafe(bell.set)

    unhook = world.wakeups.listen(ring)
    streams.bells.add(bell)
    try:
        yield b"retry: 2000\n\n"
        spoke_at = loop.time()
        while not streams.has_ended:
            bell.clear()
            try:
                rights, found = await run_in_threadpool(_look, request, world, which, seq)
            except AeontelError:
                return
            if rights != known:
                known = rights
                yield _rights_message(rights)
            if found:
                seq = found[-1].seq or seq
                yield b"".join(_message(event) for event in found)
            elif loop.time() - spoke_at >= _HEARTBEAT_S:
                yield b":\n\n"
            else:
                await _wait(loop, bell, spoke_at + _HEARTBEAT_S)
                continue
            spoke_at = loop.time()
    finally:
        streams.bells.discard(bell)
        unhook()


async def _wait(loop: asyncio.AbstractEventLoop, bell: asyncio.Event, until: float) -> None:
    """For a commit. By a timer and not by cancelling: the server's own tasks cannot be cancelled."""
    timer = loop.call_at(until, bell.set)
    try:
        await bell.wait()
    finally:
        timer.cancel()
    await asyncio.sleep(_GATHER_S)


def _look(request: Request, world: World, which: Filter, seq: int) -> tuple[Rights, Sequence[Event]]:
    with world.database.read() as session:
        viewer = identify(request, session)
        return access.rights(session, viewer), events.since(session, viewer, which, seq)


def _rights_message(rights: Rights) -> bytes:
    """As in `GET /api/me`; null for an admin, who reaches every workspace."""
    reached = None if rights is None else [{"id": workspace_id, "role": role} for workspace_id, role in rights]
    return b"event: rights\ndata: %s\n\n" % orjson.dumps({"workspaces": reached})


def _message(event: Event) -> bytes:
    return b"id: %d\ndata: %s\n\n" % (event.seq or 0, orjson.dumps(shown(event).model_dump(by_alias=True)))
