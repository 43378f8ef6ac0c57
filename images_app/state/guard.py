"""What a tab is handed when it connects."""

from typing import Any

from anyio import to_thread
from reflex.middleware import Middleware

from images_app.core import access
from images_app.errors import Unauthenticated
from images_app.state.activity import ActivityState
from images_app.state.auth import AuthState
from images_app.state.files import FilesState
from images_app.state.gallery import GalleryState
from images_app.state.shell import ShellState

_HANDING_OVER = (".hydrate", ".hydrate_and_load")


class Guard(Middleware):
    """A connecting tab is given everything its state holds, before any handler of ours runs. So whatever was loaded
    for somebody is forgotten first, unless the same person is still signed in and still a member of all it is about."""

    async def preprocess(self, app: Any, state: Any, event: Any) -> None:
        """Look who connects; never an answer of its own."""
        if event.name.endswith(_HANDING_OVER):
            auth, held = await state.get_state(AuthState), await _held_workspaces(state)
            await to_thread.run_sync(forget_for_others, auth, held)


async def _held_workspaces(state: Any) -> set[str]:
    """The workspaces that the tab's states hold something of."""
    shell = await state.get_state(ShellState)
    held = {shell.place.id, *(place.id for place in shell.places)}
    for pages in (GalleryState, FilesState, ActivityState):
        # A list is named after its workspace, then by what else tells it from others.
        held.add((await state.get_state(pages)).page.of.partition(" ")[0])
    return held - {""}


def forget_for_others(auth: AuthState, held: set[str]) -> None:
    """Reset every state of a signed-in page unless its owner is the one who looks, and may still see what it holds."""
    if not auth.email:
        return
    try:
        with auth._looking() as (_, session, viewer):
            reach = access.workspaces(session, viewer)
            keeps = viewer.email == auth.email and (reach is None or held <= set(reach))
    except Unauthenticated:
        keeps = False
    if not keeps:
        auth.reset()
