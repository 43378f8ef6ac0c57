"""Who looks at a page. Asked of the database with every event, because a session can end at any moment.

Handlers run in threads: Reflex would run them in the event loop, where a database that does not answer would stop the
whole server. The lock of the tab's state is held meanwhile.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from typing import Any
from urllib.parse import quote

import reflex as rx
from anyio import to_thread
from sqlmodel import Session

from images_app.bootstrap import World, world
from images_app.core import sessions
from images_app.core.access import Viewer
from images_app.errors import Unauthenticated
from images_app.state.connection import session_cookie


class AuthState(rx.State):
    """The parent of every state of a signed-in page."""

    email: str = ""
    session_ended: bool = False
    """True asks to sign in again, over the page as it is."""

    @contextmanager
    def _looking(self) -> Iterator[tuple[World, Session, Viewer]]:
        """One snapshot of the database, and who is looking. Raises Unauthenticated."""
        here = world()
        with here.database.read() as session:
            yield here, session, sessions.viewer_of(session, session_cookie(self.router.headers.cookie))


def opens_page(handler: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """For `on_load`: without a session the visitor is sent to sign in, and comes back here."""

    @wraps(handler)
    async def guarded(self: AuthState) -> Any:
        try:
            answer = await to_thread.run_sync(handler, self)
        except Unauthenticated:
            if self.email:  # was signed in on this very page: a reload would throw away what is on it
                self.session_ended = True
                return None
            url = self.router.url
            here = url.path + (f"?{url.query}" if url.query else "")
            return rx.redirect("/login" if here == "/" else f"/login?next={quote(here, safe='/')}", replace=True)
        self.session_ended = False
        return answer

    return guarded


def needs_session(handler: Callable[..., Any]) -> Callable[..., Any]:
    """For every other event: without a session the page stays and asks to sign in again."""

    @wraps(handler)
    async def guarded(self: AuthState, *args: Any, **kwargs: Any) -> Any:
        try:
            return await to_thread.run_sync(partial(handler, self, *args, **kwargs))
        except Unauthenticated:
            self.session_ended = True
            return None

    return guarded
