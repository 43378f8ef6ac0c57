"""The face and the server behind it, as one Reflex app."""

import logging
from functools import partial
from typing import Any

import reflex as rx

from images_app.bootstrap import world
from images_app.components.broken import broken
from images_app.components.frame import missing
from images_app.pages import (
    account,
    activity,
    content,
    file,
    files,
    home,
    login,
    members,
    password,
    people,
    tokens,
    trash,
    workspace,
)
from images_app.server import Server
from images_app.state.activity import ActivityState
from images_app.state.carried import carried_states
from images_app.state.connection import bare
from images_app.state.files import FilesState, FileState
from images_app.state.gallery import GalleryState
from images_app.state.guard import Guard
from images_app.state.shell import ShellState

_log = logging.getLogger(__name__)

_FOLDERS = ("/login", "/password", "/settings/tokens", "/settings/account", "/settings/people")
"""Pages whose address names no thing."""


def _with_server(face: Any) -> Any:
    """Put the API, the local Cloudflare and the jobs around the face. Runs when serving, not when building."""
    server = Server(world())
    app.register_lifespan_task(server.lifespan)
    if server.world.shared is not None:
        app._state_manager = carried_states(server.world.shared)

    async def pages(scope: Any, receive: Any, send: Any) -> None:
        # The export keeps such a page as login/index.html, which would be answered by a redirect to /login/.
        path = scope.get("path")
        await face({**bare(scope), "path": f"{path}/"} if path in _FOLDERS else bare(scope), receive, send)

    return server.compose(pages)


def _log_fault(exception: Exception) -> None:
    """A handler of ours failed. Nothing is sent to the page: Reflex would send a script, which the page's policy
    refuses, and the component that asked says by itself that no answer came."""
    _log.error("an event of the face failed", exc_info=exception)


def _log_browser_fault(exception: Exception) -> None:
    """What a page reports of itself. Anybody can send this, so it is kept short and on one line."""
    _log.warning("a page failed: %.1000r", str(exception)[:1000])


app = rx.App(
    stylesheets=["/tokens.css", "/base.css", "/controls.css", "/shell.css", "/files.css", "/people.css"],
    reset_style=False,
    html_lang="en",
    head_components=[rx.el.link(rel="icon", href="/favicon.svg", type="image/svg+xml")],
    toaster=None,
    app_wraps={(55, "Broken"): lambda _stateful: broken()},
    backend_exception_handler=_log_fault,
    frontend_exception_handler=_log_browser_fault,
    api_transformer=_with_server,
)
app.add_middleware(Guard(), index=0)

_add_page = partial(app.add_page, image="/favicon.svg")
_add_page(home.page, route="/", title="Aeontel Images", on_load=ShellState.go_home)
_add_page(login.page, route="/login", title="Sign in · Aeontel Images")
_add_page(
    content.page,
    route="/w/[workspace_id]/content",
    title="Images · Aeontel Images",
    on_load=[ShellState.enter, GalleryState.open],
)
_add_page(
    files.page,
    route="/w/[workspace_id]/files",
    title="Files · Aeontel Images",
    on_load=[ShellState.enter, FilesState.open_all],
)
_add_page(
    trash.page,
    route="/w/[workspace_id]/trash",
    title="Trash · Aeontel Images",
    on_load=[ShellState.enter, FilesState.open_trash],
)
_add_page(
    members.page,
    route="/w/[workspace_id]/members",
    title="Members · Aeontel Images",
    on_load=ShellState.enter,
)
_add_page(
    activity.page,
    route="/w/[workspace_id]/activity",
    title="Activity · Aeontel Images",
    on_load=[ShellState.enter, ActivityState.open],
)
_add_page(
    workspace.page,
    route="/w/[workspace_id]/settings",
    title="Settings · Aeontel Images",
    on_load=ShellState.enter,
)
_add_page(file.page, route="/files/[file_id]", title="File · Aeontel Images", on_load=FileState.open)
_settings = partial(_add_page, on_load=ShellState.enter_settings)
_settings(tokens.page, route="/settings/tokens", title="API tokens · Aeontel Images")
_settings(account.page, route="/settings/account", title="Your account · Aeontel Images")
_add_page(
    people.page,
    route="/settings/people",
    title="People · Aeontel Images",
    on_load=ShellState.enter_administration,
)
_add_page(password.page, route="/password", title="Set a password · Aeontel Images")
_add_page(missing(), route="404", title="Not found · Aeontel Images")
