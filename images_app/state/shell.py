"""The frame around every signed-in page: which workspace, which others, and how much is in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import reflex as rx
from sqlmodel import Session

from images_app.core import access, counters, workspaces
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


class ShellState(AuthState):
    """The sidebar."""

    place: Place = Place("", "", "")
    places: Sequence[Place] = ()
    """For the switcher: the newest hundred."""
    totals: Totals = Totals()
    is_missing: bool = False
    """There is no such workspace or file, or not for this viewer."""

    @rx.event
    @opens_page
    def go_home(self) -> Any:
        """From `/` to the newest workspace."""
        with self._looking() as (_, session, viewer):
            self.email = viewer.email
            newest = workspaces.list_page(session, viewer, Window(1)).items
        self.is_missing = not newest
        return rx.redirect(f"/w/{newest[0].workspace.id}/content", replace=True) if newest else None

    @rx.event
    @opens_page
    def enter(self) -> None:
        """Open the workspace of the address."""
        with self._looking() as (_, session, viewer):
            self._enter(session, viewer, self.workspace_id)

    @rx.event
    @needs_session
    def count_again(self) -> None:
        """Something happened in the workspace."""
        with self._looking() as (_, session, viewer):
            self._look_around(session, viewer, self.place.id)

    def _enter(self, session: Session, viewer: Viewer, workspace_id: str) -> None:
        seen = workspaces.list_page(session, viewer, Window()).items
        self.email = viewer.email
        self.places = tuple(Place(s.workspace.id, s.workspace.name, s.role) for s in seen)
        self._look_around(session, viewer, workspace_id)

    def _look_around(self, session: Session, viewer: Viewer, workspace_id: str) -> None:
        try:
            role = access.role_in(session, viewer, workspace_id)
        except NotFound:
            self.is_missing, self.place, self.totals = True, Place("", "", ""), Totals()
            return
        workspace = session.get_one(Workspace, workspace_id)
        self.is_missing, self.place = False, Place(workspace_id, workspace.name, role)
        n = [counters.total(session, (workspace_id,), name) for name in ("images", "files", "files:error", "trash")]
        self.totals = Totals(*n)

    @rx.var
    def may_write(self) -> bool:
        return self.place.role in ("owner", "editor")
