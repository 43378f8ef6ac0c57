"""The face and the server behind it, as one Reflex app."""

import reflex as rx
from starlette.types import ASGIApp

from images_app.bootstrap import world
from images_app.components.broken import broken
from images_app.components.frame import missing
from images_app.pages import content, file, files, home, login, trash
from images_app.server import Server
from images_app.state.files import FilesState, FileState
from images_app.state.gallery import GalleryState
from images_app.state.shell import ShellState


def _with_server(face: ASGIApp) -> ASGIApp:
    """Put the API, the local Cloudflare and the jobs around the face. Runs when serving, not when building."""
    server = Server(world())
    app.register_lifespan_task(server.lifespan)
    return server.compose(face)


app = rx.App(
    stylesheets=["/tokens.css", "/base.css", "/controls.css", "/shell.css", "/files.css"],
    reset_style=False,
    html_lang="en",
    toaster=None,
    app_wraps={(55, "Broken"): lambda _stateful: broken()},
    api_transformer=_with_server,
)
app.add_page(home.page, route="/", title="Aeontel Images", on_load=ShellState.go_home)
app.add_page(login.page, route="/login", title="Sign in · Aeontel Images")
app.add_page(
    content.page,
    route="/w/[workspace_id]/content",
    title="Images · Aeontel Images",
    on_load=[ShellState.enter, GalleryState.open],
)
app.add_page(
    files.page,
    route="/w/[workspace_id]/files",
    title="Files · Aeontel Images",
    on_load=[ShellState.enter, FilesState.open_all],
)
app.add_page(
    trash.page,
    route="/w/[workspace_id]/trash",
    title="Trash · Aeontel Images",
    on_load=[ShellState.enter, FilesState.open_trash],
)
app.add_page(file.page, route="/files/[file_id]", title="File · Aeontel Images", on_load=FileState.open)
app.add_page(missing(), route="404", title="Not found · Aeontel Images")
