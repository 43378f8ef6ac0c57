"""The frame around every signed-in page: which workspace, which others, and how much is in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import reflex as rx
from sqlmodel import Session

from images_app.bootstrap import world
from images_app.core import access, counters, pause, quota, workspaces
from images_app.core.access import Viewer
from images_app.core.paging import Window
from images_app.errors import NotFound
from images_app.models import Workspace
from images_app.state.auth import AuthState, needs_session, opens_page


@dataclass(frozen=True)
class Place:
    """A workspace, as the switcher shows it."""

    id: str
    name: str
    role: str


@dataclass(frozen=True)
class Totals:
    """Exact numbers of one workspace."""

    images: int = 0
    files: int = 0
    failed: int = 0
    trash: int = 0
    members: int = 0
    bytes: int = 0
    most_bytes: int | None = None
    most_files: int | None = None
    """How much fits; None: no limit."""


@dataclass(frozen=True)
class Pause:
    """Why nothing is provisioned; empty while it goes on."""

    reason: str = ""
    message: str = ""


class ShellState(AuthState):
    """The sidebar."""

    place: Place = Place("", "", "")
    places: Sequence[Place] = ()
    """For the switcher: the newest hundred."""
    totals: Totals = Totals()
    paused: Pause = Pause()
    is_missing: bool = False
    """There is no such workspace or file, or not for this viewer."""
    is_admin: bool = False
    last_place: str = rx.LocalStorage("", name="aeontel_workspace")
    """The id of the workspace that this browser had open last."""

    @rx.event
    @opens_page
    def go_home(self) -> Any:
        """From `/` to the workspace that was open last, or the first one."""
        with self._looking() as (_, session, viewer):
            self.email = viewer.email
            place = workspaces.arrival(session, viewer, self.last_place)
        self.is_missing = place is None
        return rx.redirect(f"/w/{place}/content", replace=True) if place else None

    @rx.event
    @opens_page
    def enter(self) -> None:
        """Open the workspace of the address."""
        with self._looking() as (_, session, viewer):
            self._enter(session, viewer, self.workspace_id)

    @rx.event
    @opens_page
    def enter_settings(self) -> None:
        """A page of no workspace: around it stays the one that was open."""
        self._enter_settings()

    @rx.event
    @opens_page
    def enter_administration(self) -> None:
        """The same, for admins only."""
        self._enter_settings()
        self.is_missing = not self.is_admin

    @rx.event
    @needs_session
    def count_again(self) -> None:
        """Something happened in the workspace."""
        if self._is_blank:
            return
        with self._looking() as (_, session, viewer):
            self._look_around(session, viewer, self.place.id)
        self._leave_the_lost()

    @rx.event
    @needs_session
    def look_again(self) -> None:
        """What this viewer may do has changed, or what a workspace is called."""
        if self._is_blank:
            return
        with self._looking() as (_, session, viewer):
            self._enter(session, viewer, self.place.id)
        self._leave_the_lost()

    @property
    def _is_blank(self) -> bool:
        """After a reconnect to a server that knows nothing of this tab, what the page asked for meanwhile may come
        before the page is entered anew. To answer it from nothing would take away what is shown, uploads included."""
        return not self.place.id

    def _leave_the_lost(self) -> None:
        """A page of no workspace goes on when the one around it is lost."""
        if self.is_missing and not (self.workspace_id or self.file_id):
            self._enter_settings()

    def _enter_settings(self) -> None:
        with self._looking() as (_, session, viewer):
            around = workspaces.arrival(session, viewer, self.place.id or self.last_place)
            self._enter(session, viewer, around or "")
            self.is_missing = False

    def _enter(self, session: Session, viewer: Viewer, workspace_id: str) -> None:
        seen = workspaces.list_page(session, viewer, Window()).items
        self.email, self.is_admin = viewer.email, viewer.is_admin
        self.places = tuple(Place(s.workspace.id, s.workspace.name, s.role) for s in seen)
        self._look_around(session, viewer, workspace_id)

    def _look_around(self, session: Session, viewer: Viewer, workspace_id: str) -> None:
        found = pause.current(session)
        self.paused = Pause() if found is None else Pause(found.reason, found.message)
        try:
            role = access.role_in(session, viewer, workspace_id)
        except NotFound:
            self.is_missing, self.place, self.totals = True, Place("", "", ""), Totals()
            return
        workspace = session.get_one(Workspace, workspace_id)
        self.is_missing, self.place = False, Place(workspace_id, workspace.name, role)
        self.last_place = workspace_id
        held = counters.total(session, (workspace_id,), "bytes")
        shown = ("images", "files", "files:error", "trash", "members")
        n = [counters.total(session, (workspace_id,), name) for name in shown]
        most = quota.of(workspace, world().quota)
        self.totals = Totals(*n, held, most.bytes, most.files)

    @rx.var
    def may_write(self) -> bool:
        return self.place.role in ("owner", "editor")

    @rx.var
    def may_manage(self) -> bool:
        return self.place.role == "owner"
