"""The Content gallery: one page of pictures at a time."""

import reflex as rx

from images_app.core import images
from images_app.core.paging import Window
from images_app.errors import AeontelError, Unauthenticated
from images_app.state.auth import AuthState, needs_session, opens_page
from images_app.state.views import Item, ListPage

_PAGE = 60
"""Some three screens of pictures; a page weighs about 35 KB however many images there are."""


class GalleryState(AuthState):
    """Holds only the newest page; the grid owns what it has shown."""

    page: ListPage = ListPage()

    @rx.event
    @opens_page
    def open(self) -> None:
        """The first page; also after the connection was lost, when the grid adds what is new to what it has."""
        self._load("")

    @rx.event
    @needs_session
    def load_page(self, generation: int, cursor: str) -> None:
        """The page after `cursor`, whose answer names the list it belongs to: a grid that still shows another
        workspace (`generation`) starts anew with it."""
        self._load(cursor if isinstance(cursor, str) else "")

    def _load(self, cursor: str) -> None:
        here, serial = self.workspace_id, self.page.serial + 1
        try:
            with self._looking() as (world, session, viewer):
                window = Window(_PAGE, after=cursor or None)
                found = images.list_page(session, viewer, window, images.NAMED, workspace_id=here)
                items = tuple(Item.of(row, world) for row in found.items)
        except Unauthenticated:
            raise
        except AeontelError as error:
            self.page = ListPage(here, cursor, error=error.code, serial=serial)
            return
        more = found.end_cursor if found.has_next else None
        self.page = ListPage(here, cursor, items, more, found.total, serial=serial)
