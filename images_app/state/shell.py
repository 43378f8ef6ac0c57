"""The frame around every signed-in page: which workspace, which others, and how much is in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import reflex as rx
from sqlmodel import Session

from images_app.core import workspaces
from images_app.core.access import Viewer
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
    totals: Totals = Totals()
    is_missing: bool = False
    """There is no such workspace or file, or not for this viewer."""

    @rx.event
    @opens_page
    def go_home(self) -> Any:
        """From `/` to the newest workspace."""
        with self._looking() as (_, session, viewer):
            self.email = viewer.email
            seen = workspaces.list_seen(session, viewer)
        if seen:
            return rx.redirect(f"/w/{seen[0].workspace.id}/content", replace=True)
        self.is_missing = True
        return None

    @rx.event
    @opens_page
    def enter(self) -> None:
        """Open the workspace of the address."""
        with self._looking() as (_, session, viewer):
            self._look_around(session, viewer, self.workspace_id)

    @rx.event
    @needs_session
    def count_again(self) -> None:
        """Something happened in the workspace."""
        with self._looking() as (_, session, viewer):
            self._look_around(session, viewer, self.place.id)

    def _look_around(self, session: Session, viewer: Viewer, workspace_id: str) -> None:
        seen = workspaces.list_seen(session, viewer)
        self.email = viewer.email
        self.places = tuple(Place(s.workspace.id, s.workspace.name, s.role) for s in seen)
        here = next((s for s in seen if s.workspace.id == workspace_id), None)
        self.is_missing = here is None
        if here is None:
            self.place, self.totals = Place("", "", ""), Totals()
            return
        self.place = Place(here.workspace.id, here.workspace.name, here.role)
        n = here.totals
        self.totals = Totals(n.get("images", 0), n.get("files", 0), n.get("files:error", 0), n.get("trash", 0))

    @rx.var
    def may_write(self) -> bool:
        return self.place.role in ("owner", "editor")
