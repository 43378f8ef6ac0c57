"""What every list of the API has in common: its parameters, its `pageInfo`, its `Link` header.

A list's parameters are one model, which is checked at once; each as a parameter of its own would cost more.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query, Request
from pydantic import BaseModel, Field

from images_app.api.conditional import note_list
from images_app.api.schemas import PageInfo
from images_app.core.paging import MAX_LIMIT, Page, Window

_KEPT = ("limit", "ids", "workspace_id", "status", "trash", "include", "type", "file_id", "audit")
"""Parameters that a link to another page repeats; whatever else the client sent is not echoed."""


class ListQuery(BaseModel):
    """Which page is asked for."""

    limit: int = Field(default=MAX_LIMIT, ge=1, le=MAX_LIMIT, description="Most items in the answer.")
    after: str | None = Field(default=None, description="Cursor: answer what follows it in the list.")
    before: str | None = Field(default=None, description="Cursor: answer what precedes it in the list.")

    @property
    def window(self) -> Window:
        return Window(self.limit, self.after, self.before)


PageQuery = Annotated[ListQuery, Query()]
Ids = Annotated[list[str] | None, Field(description="Only these, separated by commas: 1 to 100 ids.")]
WorkspaceId = Annotated[str | None, Field(description="Only this workspace.")]


def parts(texts: Sequence[str] | None) -> list[str] | None:
    """What a parameter names that takes several things with commas between them, and may be there several times."""
    return None if texts is None else [part.strip() for text in texts for part in text.split(",")]


def page_info(page: Page[Any]) -> PageInfo:
    """Where a page lies in its list."""
    return PageInfo(
        total=page.total,
        has_next_page=page.has_next,
        has_previous_page=page.has_previous,
        start_cursor=page.start_cursor,
        end_cursor=page.end_cursor,
    )


def links(request: Request, page: Page[Any]) -> Mapping[str, str]:
    """The `Link` header (RFC 8288) to the neighbouring pages, relative to this one; nothing when there are none."""
    note_list(request)
    kept = [(name, value) for name, value in request.query_params.multi_items() if name in _KEPT]
    found = []
    if page.has_next and page.end_cursor is not None:
        found.append(_link(request, [*kept, ("after", page.end_cursor)], "next"))
    if page.has_previous and page.start_cursor is not None:
        found.append(_link(request, [*kept, ("before", page.start_cursor)], "prev"))
    return {"Link": ", ".join(found)} if found else {}


def _link(request: Request, query: list[tuple[str, str]], rel: str) -> str:
    return f'<{request.scope["path"]}?{urlencode(query)}>; rel="{rel}"'
