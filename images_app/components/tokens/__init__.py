"""API tokens: the list of one's own, and making one."""

from typing import Any

import reflex as rx

from images_app.components import gallery  # noqa: F401 (the API, the words and the toasts come from there)
from images_app.components.lib import LUCIDE, RADIX_DIALOG
from images_app.state.shell import ShellState

rx.asset("scopes.js", shared=True)
_LIST = rx.asset("Tokens.jsx", shared=True)
_CREATE = rx.asset("CreateToken.jsx", shared=True)


class Tokens(rx.Component):
    """The list, read over REST: a secret never passes through the state."""

    library = _LIST.importable_path
    tag = "Tokens"
    lib_dependencies: list[str] = [LUCIDE, RADIX_DIALOG]

    places: rx.Var[Any]


class CreateToken(rx.Component):
    """The button and its dialogs."""

    library = _CREATE.importable_path
    tag = "CreateToken"
    lib_dependencies: list[str] = [LUCIDE, RADIX_DIALOG]

    places: rx.Var[Any]
    compact: rx.Var[bool]


def tokens() -> rx.Component:
    """Not before it is known who asks: the API would refuse, and the page would ask to sign in before it has left."""
    return rx.cond(ShellState.email, Tokens.create(places=ShellState.places))


def create_token(*, compact: bool = False) -> rx.Component:
    return CreateToken.create(places=ShellState.places, compact=compact)
