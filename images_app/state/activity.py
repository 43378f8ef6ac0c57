"""Who did what in a workspace, for its owners."""

from typing import Literal, get_args

import reflex as rx
from sqlmodel import Session, col, select

from images_app.core import access, events, users
from images_app.core.paging import Page, Window
from images_app.errors import AeontelError, Forbidden, Unauthenticated
from images_app.models import Event, EventType, File
from images_app.state.auth import AuthState, needs_session, opens_page
from images_app.state.views import Deed, ListPage

_PAGE = 50
_NEWEST = str(2**63 - 1)
"""Before the largest `seq` there can be."""

Kind = Literal["all", "files", "gallery", "people", "tools"]
_FILES: tuple[EventType, ...] = ("file.ready", "file.deleted", "file.restored", "file.purged")
_GALLERY: tuple[EventType, ...] = ("image.created", "image.deleted", "image.provision_failed")
_PEOPLE: tuple[EventType, ...] = (
    "member.added",
    "member.role_changed",
    "member.removed",
    "workspace.created",
    "workspace.changed",
)
_TYPES: dict[str, tuple[EventType, ...]] = {
    "all": (*_FILES, *_GALLERY, *_PEOPLE),
    "files": _FILES,
    "gallery": (*_GALLERY, "image.provision_requested", "image.provision_retrying"),
    "people": _PEOPLE,
    "tools": ("mcp.called",),
}
"""What the pipeline does between is only among the gallery's, and what language models call only among the tools': of
both there are many."""


class ActivityState(AuthState):
    """Holds only the newest page; the list owns what it has shown."""

    kind: str = "all"
    page: ListPage = ListPage()

    @rx.event
    @opens_page
    def open(self) -> None:
        """The newest page of the kind in the address."""
        wanted = self.router.url.query_parameters.get("kind", "all")
        self.kind = wanted if wanted in get_args(Kind) else "all"
        self._load("")

    @rx.event
    @needs_session
    def load_page(self, cursor: str) -> None:
        """What happened before `cursor`; "" for the newest, also when something has just happened."""
        self._load(cursor if isinstance(cursor, str) else "")

    def _load(self, cursor: str) -> None:
        this, serial = f"{self.workspace_id} {self.kind}", self.page.serial + 1
        which = events.Filter(self.workspace_id, types=_TYPES[self.kind])
        try:
            with self._looking() as (_, session, viewer):
                if access.role_in(session, viewer, self.workspace_id) != "owner":
                    raise Forbidden("Only owners see who did what.")
                found = events.list_page(session, viewer, which, Window(_PAGE, before=cursor or _NEWEST))
                items = _deeds(session, found)
        except Unauthenticated:
            raise
        except AeontelError as error:
            self.page = ListPage(this, cursor, error=error.code, serial=serial)
            return
        older = found.start_cursor if found.has_previous else None
        self.page = ListPage(this, cursor, items, older, found.total, serial=serial)


def _deeds(session: Session, found: Page[Event]) -> tuple[Deed, ...]:
    """The events of a page, newest first, with the people and the files in them by name."""
    people = users.emails(session, {event.actor_id for event in found.items if event.actor_id})
    wanted = {event.file_id for event in found.items if event.file_id}
    files = {file.id: file for file in session.exec(select(File).where(col(File.id).in_(wanted))).all()}
    return tuple(
        Deed.of(e, people.get(e.actor_id or "", ""), files.get(e.file_id or "")) for e in reversed(found.items)
    )
