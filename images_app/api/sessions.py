"""Where the caller is signed in. Not for tokens."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from images_app.api.deps import ViewerDep, WorldDep, session_cookie
from images_app.api.lists import PageQuery, links, page_info
from images_app.api.reading import Look, ReadingRoute, reading
from images_app.api.schemas import PageInfo, Schema, Success, Timestamp, fails
from images_app.core import sessions

router = APIRouter(prefix="/sessions", tags=["session"], route_class=ReadingRoute)


class SessionShown(Schema):
    """A sign-in in some browser."""

    id: str
    user_agent: str = Field(description="What that browser calls itself: text from a stranger.")
    created_at: Timestamp
    last_used_at: Timestamp
    expires_at: Timestamp
    is_current: bool = Field(description="The one that asks.")


class SessionList(Schema):
    """Newest first."""

    data: list[SessionShown]
    page_info: PageInfo


@router.get("", responses=fails(400, 401, 403))
@reading
def list_sessions(look: Look, query: PageQuery) -> SessionList:
    """List where you are signed in."""
    page = sessions.list_page(look.session, look.viewer, query.window)
    look.headers.update(links(look.request, page))
    data = [
        SessionShown(
            id=row.id,
            user_agent=row.user_agent,
            created_at=row.created_at,
            last_used_at=row.last_used_at,
            expires_at=row.expires_at,
            is_current=row.id == look.viewer.credential_id,
        )
        for row in page.items
    ]
    return SessionList(data=data, page_info=page_info(page))


@router.delete("", status_code=204, responses=fails(400, 401, 403))
def sign_out_everywhere(
    request: Request,
    response: Response,
    world: WorldDep,
    viewer: ViewerDep,
    others: Annotated[bool, Query(description="Stay signed in here.")] = False,
) -> None:
    """Sign out in every browser, at once."""
    with world.database.write() as session:
        sessions.end_all(session, viewer, others=others)
    if not others:
        response.headers["Set-Cookie"] = session_cookie(request, world, "")


@router.delete("/{id}", responses=fails(401, 403, 404))
def end_session(id: str, world: WorldDep, viewer: ViewerDep) -> Success:
    """Sign out in one browser, at once."""
    with world.database.write() as session:
        sessions.end_one(session, viewer, id)
    return Success()
