"""What a tab is handed when it connects."""

from typing import Any

from reflex.middleware import Middleware

from images_app.errors import Unauthenticated
from images_app.state.auth import AuthState

_HANDING_OVER = (".hydrate", ".hydrate_and_load")


class Guard(Middleware):
    """A connecting tab is given everything its state holds, before any handler of ours runs. So whatever was loaded
    for somebody is forgotten first, unless the same person is still signed in."""

    async def preprocess(self, app: Any, state: Any, event: Any) -> None:
        """Look who connects; never an answer of its own."""
        if event.name.endswith(_HANDING_OVER):
            forget_for_others(await state.get_state(AuthState))


def forget_for_others(auth: AuthState) -> None:
    """Reset every state of a signed-in page unless its owner is the one who looks."""
    if not auth.email:
        return
    try:
        with auth._looking() as (_, _, viewer):
            is_same = viewer.email == auth.email
    except Unauthenticated:
        is_same = False
    if not is_same:
        auth.reset()
