"""The file lists (all, failed, trash) and the page of one file."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

import reflex as rx
from sqlmodel import Session

from images_app import ids
from images_app.bootstrap import World
from images_app.core import files, images, users
from images_app.core.access import Viewer
from images_app.core.paging import Page, Window
from images_app.errors import AeontelError, NotFound, Unauthenticated
from images_app.models import File
from images_app.state.auth import AuthState, needs_session, opens_page
from images_app.state.shell import ShellState
from images_app.state.views import Happening, ListPage, Row

_PAGE = 60
_HISTORY = 100
Show = Literal["all", "failed", "trash"]


class FilesState(AuthState):
    """Holds only the newest page and the rows that changed last; the list owns what it has shown."""

    show: str = "all"
    page: ListPage = ListPage()
    changed: Sequence[Row] = ()
    trash_days: int = 30

    @rx.event
    @opens_page
    def open_all(self) -> None:
        self._open("failed" if self.router.url.query_parameters.get("show") == "failed" else "all")

    @rx.event
    @opens_page
    def open_trash(self) -> None:
        self._open("trash")

    @rx.event
    @needs_session
    def load_page(self, generation: int, cursor: str) -> None:
        """The page after `cursor`; the answer names the list that it belongs to."""
        self._load(cursor if isinstance(cursor, str) else "")

    @rx.event
    @needs_session
    def look_again(self, file_ids: list[str]) -> None:
        """The present rows of these files, as far as they still belong to this list."""
        wanted = tuple(file_id for file_id in file_ids[:_PAGE] if isinstance(file_id, str))
        if not wanted:
            return
        with self._looking() as (here, session, viewer):
            which = files.Filter(self.workspace_id, is_trashed=self.show == "trash", ids=wanted)
            self.changed = _rows(here, session, viewer, files.list_page(session, viewer, which, Window(_PAGE)))

    def _open(self, show: Show) -> None:
        self.show, self.changed = show, ()
        self._load("")

    def _load(self, cursor: str) -> None:
        this, serial = f"{self.workspace_id} {self.show}", self.page.serial + 1
        which = files.Filter(
            self.workspace_id, status="error" if self.show == "failed" else None, is_trashed=self.show == "trash"
        )
        try:
            with self._looking() as (here, session, viewer):
                self.trash_days = here.settings.trash_days
                found = files.list_page(session, viewer, which, Window(_PAGE, after=cursor or None))
                rows = _rows(here, session, viewer, found)
        except Unauthenticated:
            raise
        except AeontelError as error:
            self.page = ListPage(this, cursor, error=error.code, serial=serial)
            return
        more = found.end_cursor if found.has_next else None
        self.page = ListPage(this, cursor, rows, more, found.total, serial=serial)


class FileState(ShellState):
    """One file and what happened to it."""

    row: Row | None = None
    history: Sequence[Happening] = ()

    @rx.event
    @opens_page
    def open(self) -> None:
        """Open the file of the address, and its workspace around it."""
        if self.row is not None and self.row.id != self.file_id:
            self.row, self.history = None, ()
        self._load()

    @rx.event
    @needs_session
    def look_again(self) -> None:
        """Something happened to it."""
        self._load()

    def _load(self) -> None:
        with self._looking() as (here, session, viewer):
            try:
                file = files.get(session, viewer, self.file_id)
            except NotFound:
                self.email, self.is_missing, self.row, self.history = viewer.email, True, None, ()
                return
            self._enter(session, viewer, file.workspace_id)
            log = files.history(session, viewer, file.id, Window(_HISTORY)).items
            people = users.emails(session, {file.created_by, *(e.actor_id for e in log if e.actor_id)})
            image = images.list_page(session, viewer, Window(1), images.NAMED, ids=(ids.image_of(file.id),)).items
            self.row = Row.of(file, people, image[0] if image else None, here)
            self.history = tuple(Happening.of(e, people.get(e.actor_id or "", "")) for e in reversed(log))


def _rows(here: World, session: Session, viewer: Viewer, found: Page[File]) -> tuple[Row, ...]:
    """The files of a page, with their people and pictures."""
    people = users.emails(session, {who for file in found.items for who in (file.created_by, file.trashed_by) if who})
    done = [ids.image_of(file.id) for file in found.items if file.provisioning_state == "done"]
    shown = images.list_page(session, viewer, Window(), images.NAMED, ids=done).items if done else ()
    image_of = {row.file_id: row for row in shown}
    keep = timedelta(days=here.settings.trash_days)

    def row(file: File) -> Row:
        gone = None if file.trashed_at is None else file.trashed_at + keep
        return Row.of(file, people, image_of.get(file.id), here, deleted_at=gone)

    return tuple(row(file) for file in found.items)
