"""API tokens: the list of one's own, and making one."""

from typing import Any

import reflex as rx

from images_app.components import gallery  # noqa: F401 (the API, the words and the toasts come from there)
from images_app.components.lib import Island, jsx, share
from images_app.state.shell import ShellState

share("scopes.js")


class Tokens(Island):
    """The list, read over REST: a secret never passes through the state."""

    library = jsx("Tokens.jsx")
    tag = "Tokens"

    places: rx.Var[Any]


class CreateToken(Island):
    """The button and its dialogs."""

    library = jsx("CreateToken.jsx")
    tag = "CreateToken"

    places: rx.Var[Any]
    compact: rx.Var[bool]


def tokens() -> rx.Component:
    """Not before it is known who asks: the API would refuse, and the page would ask to sign in before it has left."""
    return rx.cond(ShellState.email, Tokens.create(places=ShellState.places))


def create_token(*, compact: bool = False) -> rx.Component:
    return CreateToken.create(places=ShellState.places, compact=compact)
